//! Cutting an airing again from its tape, after its verdict.
//!
//! Tape is kept for [`TAPE_KEPT`](crate::housekeeping::TAPE_KEPT) after it was needed, so an airing that failed, or is partial because
//! something stood in the way of its encoding, can be had better later. The service may run meanwhile: reels are only
//! read, and the row in the catalogue is changed only if nobody else has changed it. In steps, with what a crash leaves:
//!
//! 1. the cut is encoded into a hidden temporary file of this process: removed at the next start of the service after it ended;
//! 2. it gets a name of its own, as nothing is ever overwritten: a recording that the list does not know;
//! 3. the row gets the new outcome in place of the old one: an old file that the list does not know;
//! 4. the old file, if there was one, is removed: done. Had it been moved away, the recording may have got its name.
//!
//! Nothing happens where the tape holds no more than the recording. One whose file is gone holds nothing: it is made again.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use thiserror::Error;

use super::error::RecorderError;
use crate::airings::order::Order;
use crate::base::blocking::blocking;
use crate::base::clock::SharedClock;
use crate::capture::deck::present_folder_of;
use crate::config::Config;
use crate::library::archive::{self, ArchiveError};
use crate::library::artwork::Pictures;
use crate::library::catalogue::{Catalogue, Filter, Recording};
use crate::library::store::{self, Store, StoreError};
use crate::model::{AiringId, Outcome, StationId, Verdict};
use crate::production::{Draft, Label};
use crate::tape::{self, Tape, TapeError};

/// An airing of which the tape holds more than its recording does.
#[derive(Debug, Clone, PartialEq)]
pub struct Recoverable {
    /// What there is.
    pub recording: Recording,
    /// How much of the airing is on tape, in seconds.
    pub on_tape: f64,
    /// Whether its file is gone: moved away or deleted, by whomever.
    pub gone: bool,
}

/// An airing that was cut again.
#[derive(Debug, Clone, PartialEq)]
pub struct Recut {
    /// Its row as it is now.
    pub recording: Recording,
    /// Whether the file that it had was gone.
    pub gone: bool,
}

/// Why an airing cannot be cut again.
#[derive(Debug, Error)]
pub enum RecutError {
    /// Nobody knows it.
    #[error("there is no airing `{id}`; `aircheck recover` lists those that can be cut again")]
    Unknown {
        /// What was asked for.
        id: AiringId,
    },
    /// The service is at it.
    #[error("{id} is still being recorded; the service finishes it by itself")]
    Unfinished {
        /// The airing.
        id: AiringId,
    },
    /// There is nothing to be had better.
    #[error("{id} is complete; there is nothing to recover")]
    Complete {
        /// The airing.
        id: AiringId,
    },
    /// Retention or a person has deleted it.
    #[error("{id} was deleted; it is not brought back by being cut again")]
    Deleted {
        /// The airing.
        id: AiringId,
    },
    /// The YAML does not say any more how to name it.
    #[error(
        "the show `{show}` or the station `{station}` of this airing is no longer in the YAML; put it back to recover"
    )]
    Removed {
        /// The show.
        show: String,
        /// The station.
        station: StationId,
    },
    /// The tape has no more.
    #[error("the tape of {id} holds no more than its recording: {on_tape:.1} s")]
    NoMore {
        /// The airing.
        id: AiringId,
        /// What could be cut from it, in seconds.
        on_tape: f64,
    },
    /// The tape has nothing.
    #[error("the file of {id} is gone, and nothing of it is on tape any more")]
    Lost {
        /// The airing.
        id: AiringId,
    },
    /// Retention, or another recovery, came first.
    #[error("{id} was changed by somebody else meanwhile; nothing was done")]
    Changed {
        /// The airing.
        id: AiringId,
    },
    /// With files, tape, encoding or list.
    #[error(transparent)]
    Recorder(#[from] RecorderError),
}

/// The airings that [`recut`] would improve, newest first.
pub async fn recoverable(
    catalogue: &Catalogue,
    store: &Store,
    config: &Arc<Config>,
) -> Result<Vec<Recoverable>, RecutError> {
    let recordings = catalogue.list(&Filter::default()).await.map_err(RecorderError::from)?;
    // In a folder that is away nothing is gone.
    let gone = gone(store, &recordings).await.unwrap_or_default();
    let mut tapes: HashMap<StationId, Tape> = HashMap::new();
    let mut found = Vec::new();
    for recording in recordings.into_iter().filter(|it| it.finished_at.is_some()) {
        let gone = gone.contains(&recording.id);
        if recording.verdict == Some(Verdict::Complete) && !gone {
            continue;
        }
        let known = tapes.get(&recording.station).cloned();
        let tape = if let Some(tape) = known {
            tape
        } else {
            let tape = tape_of(config, &recording.station).await.map_err(RecorderError::from)?;
            tapes.entry(recording.station.clone()).or_insert(tape).clone()
        };
        let (on_tape, _) = tape::progress(&tape.view(&recording.cut).await, recording.cut);
        let on_tape = on_tape.as_secs_f64();
        if on_tape > there(&recording, gone) + Verdict::TOLERANCE_SECONDS {
            found.push(Recoverable { recording, on_tape, gone });
        }
    }
    Ok(found)
}

/// Which of `recordings` have lost the file that they had. Fails where the output folder does not say.
async fn gone(store: &Store, recordings: &[Recording]) -> Result<HashSet<AiringId>, StoreError> {
    let had_one = |it: &&Recording| it.verdict.is_some_and(|verdict| verdict != Verdict::Failed);
    let files = recordings.iter().filter_map(|it| it.file.clone()).collect();
    let gone = store.gone(files).await?;
    // Without a name, another has it by now.
    let is_gone = |it: &&Recording| it.file.as_ref().is_none_or(|file| gone.contains(file));
    Ok(recordings.iter().filter(had_one).filter(is_gone).map(|it| it.id.clone()).collect())
}

/// How much of the airing there is, in seconds.
fn there(recording: &Recording, gone: bool) -> f64 {
    if gone { 0.0 } else { recording.seconds }
}

/// Cuts the airing again, gives the recording a name of its own and puts it in place of the old outcome. Returns the row
/// as it is then. `store` is a command's ([`Store::of_command`]): the service may be at the same airing.
pub async fn recut(
    catalogue: &Catalogue,
    store: &Store,
    config: &Arc<Config>,
    id: &AiringId,
    clock: &SharedClock,
) -> Result<Recut, RecutError> {
    let now = clock.now();
    let get = async || catalogue.get(id).await.map_err(RecorderError::from);
    let old = get().await?.ok_or_else(|| RecutError::Unknown { id: id.clone() })?;
    let gone = !gone(store, std::slice::from_ref(&old)).await.map_err(RecorderError::from)?.is_empty();
    let order = order_of(config, &old, gone)?;
    let tape = tape_of(config, &old.station).await.map_err(RecorderError::from)?;
    let temporary = store.temporary(id).await.map_err(RecorderError::from)?;
    let shelved = encoded(&order, &tape, (&old, gone), (catalogue, store), &temporary, clock).await;
    if shelved.is_err() {
        // The next start of the service removes what stays.
        let _ = tokio::fs::remove_file(&temporary).await;
    }
    let outcome = Outcome { at: now, ..shelved? };
    let replaced = catalogue.replace(id, &old, &outcome).await.map_err(RecorderError::from);
    if !matches!(replaced, Ok(true)) {
        remove(catalogue, store, id, outcome.file.as_deref()).await?;
        return Err(replaced.err().map_or_else(|| RecutError::Changed { id: id.clone() }, RecutError::from));
    }
    if old.file != outcome.file {
        remove(catalogue, store, id, old.file.as_deref()).await?;
    }
    let recording = get().await?.ok_or_else(|| RecutError::Unknown { id: id.clone() })?;
    Ok(Recut { recording, gone })
}

/// Encodes the cut and shelves it, if it is better than what there is.
async fn encoded(
    order: &Order,
    tape: &Tape,
    (old, gone): (&Recording, bool),
    (catalogue, store): (&Catalogue, &Store),
    temporary: &Path,
    clock: &SharedClock,
) -> Result<Outcome, RecutError> {
    let pictures = Pictures::new(&order.config.state);
    let draft = Draft::of_tape(order, old.cut, tape, &pictures, temporary, clock).await;
    let mut draft = draft.map_err(RecorderError::from)?;
    let on_tape = draft.encoded.seconds;
    if on_tape <= there(old, gone) + Verdict::TOLERANCE_SECONDS {
        let id = old.id.clone();
        return Err(if gone { RecutError::Lost { id } } else { RecutError::NoMore { id, on_tape } });
    }
    let Label { name, notes } = draft.label(order).await.map_err(RecorderError::from)?;
    let bytes = store::size(temporary).await.map_err(RecorderError::from)?;
    let named = archive::name(catalogue, store, &old.id, temporary, (&name, order.show.encoding.codec)).await;
    let file = named.map_err(RecorderError::from)?;
    Ok(Outcome { file: Some(file), bytes: Some(bytes), ..draft.outcome(notes, old.cut.end) })
}

fn order_of(config: &Arc<Config>, old: &Recording, gone: bool) -> Result<Order, RecutError> {
    let id = old.id.clone();
    if old.finished_at.is_none() {
        return Err(RecutError::Unfinished { id });
    }
    if old.deleted_at.is_some() || old.binned.is_some() {
        return Err(RecutError::Deleted { id });
    }
    if old.verdict == Some(Verdict::Complete) && !gone {
        return Err(RecutError::Complete { id });
    }
    let removed = || RecutError::Removed { show: old.title.clone(), station: old.station.clone() };
    Order::begun(config, &old.airing(), &old.title).ok_or_else(removed)
}

async fn tape_of(config: &Arc<Config>, station: &StationId) -> Result<Tape, TapeError> {
    let delay = config.station(station).map(|station| station.delay).unwrap_or_default();
    let (tapes, station, config) = (config.state.join("tape"), station.clone(), Arc::clone(config));
    blocking(move || Tape::read(&present_folder_of(&tapes, &station, &config), delay)).await
}

/// Removes a file that was this airing's, unless it was moved away and its name is another's by now.
async fn remove(catalogue: &Catalogue, store: &Store, id: &AiringId, file: Option<&Path>) -> Result<(), RecorderError> {
    let Some(file) = file else { return Ok(()) };
    if catalogue.is_anothers(id, file).await? {
        return Ok(());
    }
    Ok(store.remove(file).await.map_err(ArchiveError::from)?)
}
