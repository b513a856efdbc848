//! Recordings that can be played: their file is in the folder now, whatever the list says.

use axum::response::Response;

use crate::library::catalogue::{Filter, Recording};
use crate::library::store::Present;
use crate::library::transcript::TranscriptKind;
use crate::model::ShowId;
use crate::web::Site;
use crate::web::answer::{away, broken};

/// A recording with a file.
#[derive(Debug)]
pub(super) struct Episode {
    pub recording: Recording,
    /// The size of the file, as it is now.
    pub bytes: u64,
    /// What somebody has put beside it.
    pub transcripts: Vec<TranscriptKind>,
}

/// Some of them, newest first.
#[derive(Debug)]
pub(super) struct Listed {
    pub episodes: Vec<Episode>,
    /// Whether there are older ones.
    pub more: bool,
}

/// `count` recordings after the newest `skip`, of one show or all. Where nobody can say what is in the output folder, that is
/// the answer: who subscribes would otherwise take it that all recordings were deleted.
pub(super) async fn list(site: &Site, show: Option<&ShowId>, skip: u32, count: u32) -> Result<Listed, Response> {
    let limit = Some(count.saturating_add(1));
    let filter = Filter { show: show.cloned(), playable: true, limit, skip, ..Filter::default() };
    let mut listed = site.catalogue.list(&filter).await.map_err(|error| broken(&error))?;
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    let more = listed.len() > count;
    listed.truncate(count);
    let files = listed.iter().filter_map(|recording| recording.file.clone()).collect();
    let mut present = site.store.present(files).await.map_err(|error| away(&error))?;
    let episode = |recording: Recording| {
        let Present { bytes, transcripts } = present.remove(recording.file.as_ref()?)?;
        Some(Episode { recording, bytes, transcripts })
    };
    Ok(Listed { episodes: listed.into_iter().filter_map(episode).collect(), more })
}
