//! Cutting an airing again from its tape, after its verdict.
//!
//! Tape stays for [`TAPE_KEPT`](crate::housekeeping::TAPE_KEPT), so an airing that failed, or is partial because its
//! encoding failed, can be cut again later. The service may run meanwhile: reels are only read, and the row in the
//! catalogue is changed only if nobody else has changed it. The steps, and what a crash after each leaves:
//!
//! 1. the cut is encoded into a hidden temporary file of this process; the next start of the service removes it;
//! 2. the file gets a new name, because nothing is ever overwritten: a recording that is not on the list;
//! 3. the row gets the new outcome in place of the old one: an old file that is not on the list;
//! 4. the old file, if there was one, is removed: done. If a person has moved it away, another recording may have its
//!    name.
//!
//! If the tape holds no more than the recording, nothing happens. A recording whose file is gone holds nothing, so it
//! is made again.

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
use crate::library::store::{self, Store};
use crate::model::{AiringId, Outcome, StationId, Verdict};
use crate::production::{Draft, Label};
use crate::tape::{self, Tape, TapeError};

/// An airing of which the tape holds more than its recording does.
#[derive(Debug, Clone, PartialEq)]
pub struct Recoverable {
    /// The row of the airing.
    pub recording: Recording,
    /// How much of the airing is on tape, in seconds.
    pub on_tape: f64,
    /// Whether the file was moved away or deleted.
    pub gone: bool,
}

/// An airing that was cut again.
#[derive(Debug, Clone, PartialEq)]
pub struct Recut {
    /// The new row.
    pub recording: Recording,
    /// Whether the old file was gone.
    pub gone: bool,
}

/// Why an airing cannot be cut again.
#[derive(Debug, Error)]
pub enum RecutError {
    /// There is no such airing.
    #[error("there is no airing `{id}`; `aircheck recover` lists those that can be cut again")]
    Unknown {
        /// The id that was asked for.
        id: AiringId,
    },
    /// The service still records the airing.
    #[error("{id} is still being recorded; the service finishes it by itself")]
    Unfinished {
        /// The airing.
        id: AiringId,
    },
    /// It is a clip, which is made of pieces.
    #[error("{id} is a clip and cannot be cut again; make it anew with `aircheck clip`")]
    Clip {
        /// The clip.
        id: AiringId,
    },
    /// The recording is complete.
    #[error("{id} is complete; there is nothing to recover")]
    Complete {
        /// The airing.
        id: AiringId,
    },
    /// Housekeeping or a person has deleted the recording.
    #[error("{id} was deleted; it is not brought back by being cut again")]
    Deleted {
        /// The airing.
        id: AiringId,
    },
    /// The configuration no longer says how to name the recording.
    #[error(
        "the show `{show}` or the station `{station}` of this airing is no longer in the YAML; put it back to recover"
    )]
    Removed {
        /// The show.
        show: String,
        /// The station.
        station: StationId,
    },
    /// The tape holds no more than the recording.
    #[error("the tape of {id} holds no more than its recording: {on_tape:.1} s")]
    NoMore {
        /// The airing.
        id: AiringId,
        /// How much the tape holds, in seconds.
        on_tape: f64,
    },
    /// The file is gone, and the tape holds nothing.
    #[error("the file of {id} is gone, and nothing of it is on tape any more")]
    Lost {
        /// The airing.
        id: AiringId,
    },
    /// Housekeeping or another recovery has changed the row meanwhile.
    #[error("{id} was changed by somebody else meanwhile; nothing was done")]
    Changed {
        /// The airing.
        id: AiringId,
    },
    /// Files, tape, encoding or catalogue failed.
    #[error(transparent)]
    Recorder(#[from] RecorderError),
}

/// Returns the airings that [`recut`] would improve, newest first.
pub async fn recoverable(
    catalogue: &Catalogue,
    store: &Store,
    config: &Arc<Config>,
) -> Result<Vec<Recoverable>, RecutError> {
    let recordings = catalogue.list(&Filter::default()).await.map_err(RecorderError::from)?;
    // If the folder is away, no file counts as gone.
    let gone = gone(catalogue, store, &recordings).await.unwrap_or_default();
    let mut tapes: HashMap<StationId, Tape> = HashMap::new();
    let mut found = Vec::new();
    for recording in recordings.into_iter().filter(|it| it.finished_at.is_some() && it.show != Config::clips()) {
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
        if on_tape > seconds_in_file(&recording, gone) + Verdict::TOLERANCE_SECONDS {
            found.push(Recoverable { recording, on_tape, gone });
        }
    }
    Ok(found)
}

/// Returns which of `recordings` have lost their file, and have no copy in the object store. Fails if the output folder does
/// not answer.
async fn gone(
    catalogue: &Catalogue,
    store: &Store,
    recordings: &[Recording],
) -> Result<HashSet<AiringId>, ArchiveError> {
    let had_one = |recording: &&Recording| recording.verdict.is_some_and(|verdict| verdict != Verdict::Failed);
    let files = recordings.iter().filter_map(|recording| recording.file.clone()).collect();
    let gone = store.gone(files).await?;
    // A row without a name lost it to another recording.
    let is_gone = |recording: &&Recording| recording.file.as_ref().is_none_or(|file| gone.contains(file));
    let bereft: Vec<&Recording> = recordings.iter().filter(had_one).filter(is_gone).collect();
    let named = bereft.iter().filter(|recording| recording.file.is_some());
    let copied = catalogue.which_are_copied(named.map(|recording| recording.id.clone()).collect()).await?;
    Ok(bereft.into_iter().map(|recording| recording.id.clone()).filter(|id| !copied.contains(id)).collect())
}

/// Returns how much of the airing its recording holds, in seconds.
fn seconds_in_file(recording: &Recording, gone: bool) -> f64 {
    if gone { 0.0 } else { recording.seconds }
}

/// Cuts the airing again, gives the file a new name and replaces the old outcome. Returns the new row. `store` must be
/// that of a command ([`Store::of_command`]), because the service may work on the same airing.
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
    let gone = !gone(catalogue, store, std::slice::from_ref(&old)).await.map_err(RecorderError::from)?.is_empty();
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
        // If the old file is gone, the service may have taken the new one for it.
        if get().await?.is_none_or(|now| now.file != outcome.file) {
            remove(catalogue, store, id, outcome.file.as_deref()).await?;
        }
        return Err(replaced.err().map_or_else(|| RecutError::Changed { id: id.clone() }, RecutError::from));
    }
    if old.file != outcome.file {
        remove(catalogue, store, id, old.file.as_deref()).await?;
    }
    let recording = get().await?.ok_or_else(|| RecutError::Unknown { id: id.clone() })?;
    Ok(Recut { recording, gone })
}

/// Encodes the cut and shelves the file, if it holds more than the recording does.
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
    if on_tape <= seconds_in_file(old, gone) + Verdict::TOLERANCE_SECONDS {
        let id = old.id.clone();
        return Err(if gone { RecutError::Lost { id } } else { RecutError::NoMore { id, on_tape } });
    }
    let Label { name, notes } = draft.label(order).await.map_err(RecorderError::from)?;
    let bytes = store::size(temporary).await.map_err(RecorderError::from)?;
    let named = archive::name_recut(catalogue, store, &old.id, temporary, (&name, draft.encoded.codec)).await;
    let file = named.map_err(RecorderError::from)?;
    Ok(Outcome { file: Some(file), bytes: Some(bytes), ..draft.outcome(notes, old.cut.end) })
}

fn order_of(config: &Arc<Config>, old: &Recording, gone: bool) -> Result<Order, RecutError> {
    let id = old.id.clone();
    if old.show == Config::clips() {
        return Err(RecutError::Clip { id });
    }
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

/// Removes a file of this airing, unless another recording has its name by now.
async fn remove(catalogue: &Catalogue, store: &Store, id: &AiringId, file: Option<&Path>) -> Result<(), RecorderError> {
    let Some(file) = file else { return Ok(()) };
    if catalogue.belongs_to_another(id, file).await? {
        return Ok(());
    }
    Ok(store.remove(file).await.map_err(ArchiveError::from)?)
}
