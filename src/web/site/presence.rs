//! Presence: which recordings on the list have their file. That asks the disk for each file, so the sum is remembered
//! for a while.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::Mutex;

use crate::library::catalogue::{Catalogue, CatalogueError, CopyState, Recording};
use crate::library::store::Store;
use crate::model::AiringId;

/// How long a sum is used: monitoring asks every few seconds, and a network share with twenty thousand files is slow.
const MAX_AGE: Duration = Duration::from_secs(60);

/// A sum over recordings on the list.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Sum {
    pub recordings: u32,
    /// Their sound, in seconds.
    pub seconds: f64,
}

/// The recordings with a file, those that only the object store has, and those whose file was moved or deleted.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Sums {
    pub there: Sum,
    pub store: Sum,
    pub gone: Sum,
}

/// Holds the last sums, and when they were computed.
#[derive(Debug, Default)]
pub struct Presence(Mutex<Option<(Duration, Sums)>>);

impl Presence {
    /// Returns the sums, at most [`MAX_AGE`] old. `None` if the output folder does not answer. `place`: where the object store
    /// is; `now` is monotonic.
    pub async fn sums(
        &self,
        catalogue: &Catalogue,
        store: &Store,
        place: Option<String>,
        now: Duration,
    ) -> Result<Option<Sums>, CatalogueError> {
        // One caller asks the disk at a time; the others use its answer.
        let mut known = self.0.lock().await;
        if let Some((asked, sums)) = *known
            && now < asked + MAX_AGE
        {
            return Ok(Some(sums));
        }
        let files = catalogue.files().await?;
        let names: Vec<PathBuf> = files.iter().map(|(file, _)| file.clone()).collect();
        let Ok(gone) = store.gone(names).await else { return Ok(None) };
        let copied = match place {
            Some(place) if !gone.is_empty() => catalogue.copied_files(place).await?,
            _ => HashMap::new(),
        };
        let mut sums = Sums::default();
        for (file, seconds) in files {
            let sum = match (gone.contains(&file), copied.contains_key(&file)) {
                (false, _) => &mut sums.there,
                (true, true) => &mut sums.store,
                (true, false) => &mut sums.gone,
            };
            sum.recordings += 1;
            sum.seconds += seconds;
        }
        *known = Some((now, sums));
        Ok(Some(sums))
    }
}

/// Returns those of `recordings` whose file was moved or deleted, and of which the object store at `place` has no copy.
pub async fn gone(
    catalogue: &Catalogue,
    store: &Store,
    place: Option<&str>,
    recordings: &[Recording],
) -> HashSet<AiringId> {
    let filed = recordings.iter().filter_map(|recording| Some((recording.file.clone()?, recording.id.clone())));
    let (files, ids): (Vec<_>, Vec<_>) = filed.unzip();
    // If the folder does not answer, no file counts as gone.
    let gone = store.gone(files.clone()).await.unwrap_or_default();
    let gone: Vec<_> = files.iter().zip(ids).filter(|(file, _)| gone.contains(*file)).map(|(_, id)| id).collect();
    if gone.is_empty() {
        return HashSet::new();
    }
    let copies = catalogue.copies(gone.clone()).await.unwrap_or_default();
    let is_copied = |id: &AiringId| {
        let done = copies.get(id).filter(|copy| copy.state == CopyState::Done);
        done.is_some_and(|copy| place.is_some() && copy.place.as_deref() == place)
    };
    gone.into_iter().filter(|id| !is_copied(id)).collect()
}
