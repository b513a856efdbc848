//! One page of recordings, where the next begins, and what else is known of them.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, Utc};

use super::shown::rows::Details;
use crate::library::catalogue::{Catalogue, CatalogueError, Filter, Recording};
use crate::web::Site;
use crate::web::site::presence;

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

/// Returns the newest recordings that match `filter`, and what else rows say of them.
pub(super) async fn detailed(site: &Site, filter: Filter) -> Result<(Listing, Details), CatalogueError> {
    let listed = listing(&site.catalogue, filter).await?;
    let details = details(site, &listed.recordings).await?;
    Ok((listed, details))
}

/// Returns from when to when it is `day` anywhere: it is another stretch of time in each zone.
pub(super) fn around(day: NaiveDate) -> (DateTime<Utc>, DateTime<Utc>) {
    let midnight = |day: NaiveDate| day.and_time(NaiveTime::MIN).and_utc();
    // Zones go from 12 hours behind UTC to 14 before it.
    let since = midnight(day) - TimeDelta::hours(14);
    (since, midnight(day.checked_add_days(Days::new(1)).unwrap_or(day)) + TimeDelta::hours(12))
}

/// Returns what else rows say of `recordings`. Asks the disk for their files.
pub(super) async fn details(site: &Site, recordings: &[Recording]) -> Result<Details, CatalogueError> {
    let ids = recordings.iter().map(|recording| recording.id.clone()).collect();
    let marks = site.catalogue.marks(recordings.iter().map(|recording| recording.id.clone()).collect()).await?;
    let tracked = site.catalogue.with_tracks(ids).await?;
    let copies = site.copied(recordings).await?;
    Ok(Details {
        gone: presence::gone(&site.catalogue, &site.store, site.store_place().as_deref(), recordings).await,
        tracked,
        copies,
        marks,
    })
}

/// Returns how many of `recordings`, newest first, are on this page. `None` if there are fewer than were asked for, and
/// so no further page. A page ends at a time, so recordings that began at the same moment stay on one page.
fn page_end(recordings: &[Recording], asked: u32) -> Option<usize> {
    let full = recordings.len() >= usize::try_from(asked).unwrap_or(usize::MAX);
    let last = recordings.last().filter(|_| full)?.on_air.start;
    Some(recordings.iter().take_while(|recording| recording.on_air.start > last).count())
}
