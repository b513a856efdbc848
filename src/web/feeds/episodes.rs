//! Episodes: recordings whose file exists now, whatever the catalogue says, or of which the object store has a copy.

use axum::response::Response;

use crate::library::catalogue::{CopyEntry, CopyState, Filter, Recording};
use crate::library::store::Present;
use crate::library::transcript::TranscriptKind;
use crate::model::ShowId;
use crate::web::Site;
use crate::web::answer::{away, broken};

/// A recording with a file.
#[derive(Debug)]
pub(super) struct Episode {
    pub recording: Recording,
    /// The current size of the file.
    pub bytes: u64,
    /// The transcripts beside the file.
    pub transcripts: Vec<TranscriptKind>,
}

/// Some episodes, newest first.
#[derive(Debug)]
pub(super) struct Listed {
    pub episodes: Vec<Episode>,
    /// Whether there are older recordings.
    pub more: bool,
}

/// Returns `count` recordings after the newest `skip`, of one show or all. Fails with an answer if the output folder is
/// away: a podcast app would otherwise believe that all recordings were deleted.
pub(super) async fn list(site: &Site, show: Option<&ShowId>, skip: u32, count: u32) -> Result<Listed, Response> {
    let limit = Some(count.saturating_add(1));
    let filter = Filter { show: show.cloned(), playable: true, limit, skip, ..Filter::default() };
    let mut listed = site.catalogue.list(&filter).await.map_err(|error| broken(&error))?;
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    let more = listed.len() > count;
    listed.truncate(count);
    let files = listed.iter().filter_map(|recording| recording.file.clone()).collect();
    let mut present = site.store.present(files).await.map_err(|error| away(&error))?;
    let is_absent = |recording: &&Recording| recording.file.as_ref().is_some_and(|file| !present.contains_key(file));
    let absent: Vec<_> = listed.iter().filter(is_absent).map(|recording| recording.id.clone()).collect();
    let place = site.store_place();
    let mut copies = site.catalogue.copies(absent).await.map_err(|error| broken(&error))?;
    let episode = |recording: Recording| {
        if let Some(Present { bytes, transcripts }) = present.remove(recording.file.as_ref()?) {
            return Some(Episode { recording, bytes, transcripts });
        }
        // Only the object store has it.
        let is_there = |copy: &CopyEntry| copy.state == CopyState::Done && copy.place.is_some() && copy.place == place;
        let copy = copies.remove(&recording.id).filter(is_there)?;
        Some(Episode { bytes: copy.bytes?, recording, transcripts: Vec::new() })
    };
    Ok(Listed { episodes: listed.into_iter().filter_map(episode).collect(), more })
}
