//! What the object store should have of tapes, for `aircheck fsck`.

use std::collections::HashSet;
use std::path::Path;

use super::name::{is_of_tape, of_reel};
use crate::base::blocking::blocking;
use crate::capture::deck::present_folder_of;
use crate::config::{Config, CopiedKind};
use crate::copies::SendError;
use crate::copies::fsck::{Expected, TapeObjects};
use crate::library::catalogue::{Catalogue, LeftReel};
use crate::library::remote::Remote;
use crate::tape::{Seals, TapeError};

/// How many reels that were left are told.
const MOST_LEFT: u32 = 1_000;

/// Why the tapes cannot be compared.
#[derive(Debug, thiserror::Error)]
pub enum TapeCheckError {
    /// The catalogue cannot be read.
    #[error(transparent)]
    Send(#[from] SendError),
    /// A tape cannot be read.
    #[error(transparent)]
    Tape(#[from] TapeError),
}

/// Returns what the store should have of the reels that are on the tapes in the folder `tapes`.
///
/// # Errors
/// The catalogue or a tape cannot be read.
pub async fn expected(
    config: &Config,
    catalogue: &Catalogue,
    remote: &Remote,
    tapes: &Path,
) -> Result<TapeObjects, TapeCheckError> {
    let (rule, place) = (remote.rule(), remote.rule().place());
    let until = catalogue.tape_copied(place.clone(), CopiedKind::Reels.word()).await.map_err(SendError::from)?;
    let left = catalogue.reels_left(place.clone(), MOST_LEFT).await.map_err(SendError::from)?;
    let mut objects = TapeObjects { is_of_tape, ..TapeObjects::default() };
    for LeftReel { station, reel, trouble } in &left {
        objects.left.push((format!("{station}/{reel}"), trouble.clone()));
    }
    let left: HashSet<_> = left.into_iter().map(|left| (left.station, left.reel)).collect();
    for station in &config.stations {
        let Some(word) = until.get(&station.id).cloned() else { continue };
        let folder = present_folder_of(tapes, &station.id, config);
        let copied = blocking(move || Ok::<_, TapeError>(copied(&Seals::read(&folder)?, &word))).await?;
        for (name, bytes) in copied {
            let reel = (station.id.clone(), name);
            if left.contains(&reel) {
                continue;
            }
            let (_, name) = reel;
            let names = of_reel(rule, station, &name);
            let expect = |bytes| Expected { bytes, reel: format!("{}/{name}", station.id) };
            objects.must.insert(names.sound, expect(Some(bytes)));
            objects.must.insert(names.index, expect(None));
            objects.must.insert(names.seal, expect(None));
        }
    }
    Ok(objects)
}

/// Returns the reels up to the seal with this word that are still on tape, with their sizes.
fn copied(seals: &Seals, word: &str) -> Vec<(String, u64)> {
    let mut copied = Vec::new();
    for line in seals.after(None) {
        let is_last = line.word == word;
        if !line.is_deleted {
            copied.push((line.seal.name, line.seal.bytes));
        }
        if is_last {
            return copied;
        }
    }
    // The seal is not there any more: nothing is known of what was copied.
    Vec::new()
}
