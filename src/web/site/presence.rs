//! What of the list is in the folder: asked of the disk, for every file. So how much of it all is there is not asked at
//! every question.

use std::collections::HashSet;
use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::Mutex;

use crate::library::catalogue::{Catalogue, CatalogueError, Recording};
use crate::library::store::Store;
use crate::model::AiringId;

/// An answer counts for so long: who watches asks every few seconds, and a network share with twenty thousand files is slow.
const KEPT: Duration = Duration::from_secs(60);

/// Recordings that are on the list.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Sum {
    pub recordings: u32,
    /// Of sound in them.
    pub seconds: f64,
}

/// Those whose file is there, and those whose file somebody has moved or deleted.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Sums {
    pub there: Sum,
    pub gone: Sum,
}

/// The last answer, and when it was given.
#[derive(Debug, Default)]
pub struct Presence(Mutex<Option<(Duration, Sums)>>);

impl Presence {
    /// The sums, at most a minute old; `None` if nobody can say what is in the folder. `now` is monotonic.
    pub async fn sums(
        &self,
        catalogue: &Catalogue,
        store: &Store,
        now: Duration,
    ) -> Result<Option<Sums>, CatalogueError> {
        // One asks at a time; the others have its answer.
        let mut known = self.0.lock().await;
        if let Some((asked, sums)) = *known
            && now < asked + KEPT
        {
            return Ok(Some(sums));
        }
        let files = catalogue.files().await?;
        let names: Vec<PathBuf> = files.iter().map(|(file, _)| file.clone()).collect();
        let Ok(gone) = store.gone(names).await else { return Ok(None) };
        let mut sums = Sums::default();
        for (file, seconds) in files {
            let sum = if gone.contains(&file) { &mut sums.gone } else { &mut sums.there };
            sum.recordings += 1;
            sum.seconds += seconds;
        }
        *known = Some((now, sums));
        Ok(Some(sums))
    }
}

/// Those of `recordings` whose file is not there any more: somebody has moved or deleted it.
pub async fn gone(store: &Store, recordings: &[Recording]) -> HashSet<AiringId> {
    let filed = recordings.iter().filter_map(|recording| Some((recording.file.clone()?, recording.id.clone())));
    let (files, ids): (Vec<_>, Vec<_>) = filed.unzip();
    // What does not answer is not gone.
    let gone = store.gone(files.clone()).await.unwrap_or_default();
    files.iter().zip(ids).filter(|(file, _)| gone.contains(*file)).map(|(_, id)| id).collect()
}
