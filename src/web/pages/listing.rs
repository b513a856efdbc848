//! One page of recordings, and where the next begins.

use chrono::{DateTime, Utc};

use crate::library::catalogue::{Catalogue, CatalogueError, Filter, Recording};

/// How many recordings a page has.
const ON_A_PAGE: usize = 50;
/// How many recordings are read for one page at most.
const MOST: u32 = 500;

/// One page of recordings.
#[derive(Debug)]
pub(super) struct Listing {
    pub recordings: Vec<Recording>,
    /// The next page has recordings on the air before this. `None` if there are no more.
    pub older: Option<DateTime<Utc>>,
}

/// Returns the newest recordings that match `filter`.
pub(super) async fn listing(catalogue: &Catalogue, filter: Filter) -> Result<Listing, CatalogueError> {
    let some = u32::try_from(ON_A_PAGE + 1).unwrap_or(MOST);
    let mut recordings = catalogue.list(&Filter { limit: Some(some), ..filter.clone() }).await?;
    let mut cut = page_end(&recordings, some);
    if cut == Some(0) {
        recordings = catalogue.list(&Filter { limit: Some(MOST), ..filter }).await?;
        cut = page_end(&recordings, MOST).map(|end| if end == 0 { recordings.len() } else { end });
    }
    if let Some(end) = cut {
        recordings.truncate(end);
    }
    let older = cut.and_then(|_| recordings.last().map(|oldest| oldest.on_air.start));
    Ok(Listing { recordings, older })
}

/// Returns how many of `recordings`, newest first, are on this page. `None` if there are fewer than were asked for, and
/// so no further page. A page ends at a time, so recordings that began at the same moment stay on one page.
fn page_end(recordings: &[Recording], asked: u32) -> Option<usize> {
    let full = recordings.len() >= usize::try_from(asked).unwrap_or(usize::MAX);
    let last = recordings.last().filter(|_| full)?.on_air.start;
    Some(recordings.iter().take_while(|recording| recording.on_air.start > last).count())
}
