//! Making a clip that was checked.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use thiserror::Error;

use super::check::Checked;
use super::known_gaps;
use super::objects::StoredSound;
use super::sources::{Origin, Sources};
use super::stored::text_of;
use crate::airings::order::Order;
use crate::base::blocking::blocking;
use crate::base::clock::SharedClock;
use crate::base::duration::delta;
use crate::config::{Config, GapPolicy, Show, Station, TitleRule};
use crate::copies::only_there::{self, FetchError};
use crate::encode::{ClipSource, FileSound, FileSoundError};
use crate::library::archive::{self, ArchiveError};
use crate::library::artwork::Pictures;
use crate::library::catalogue::{Catalogue, CatalogueError, Recording};
use crate::library::store::StoreError;
use crate::model::{
    Airing, AiringId, AsCause, CauseKind, Finished, ObjectName, Piece, Span, StationId, Track, Verdict,
};
use crate::production::{ClipPiece, Draft, Label, ProductionError};
use crate::tape::Tape;

/// Why a clip could not be made.
#[derive(Debug, Error)]
pub enum MakeError {
    /// It cannot be encoded or tagged.
    #[error(transparent)]
    Production(#[from] ProductionError),
    /// The file of a recording cannot be read.
    #[error(transparent)]
    File(#[from] FileSoundError),
    /// Only the object store has a recording, and it cannot be fetched.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// A file of the object store cannot be cut.
    #[error("{object} cannot be cut: a file in the store has to be MP3, AAC in MP4, or Opus or Vorbis in Ogg")]
    Object {
        /// The file.
        object: ObjectName,
    },
    /// The catalogue cannot be read or written.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    /// The output folder cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It cannot be put into the library.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// A clip has its id.
    #[error("there is a clip {id} already")]
    Taken {
        /// The id.
        id: AiringId,
    },
    /// A piece has no tape.
    #[error("nothing of {station} is on tape")]
    NoTape {
        /// The station's name.
        station: String,
    },
}

impl AsCause for MakeError {
    fn cause_kind(&self) -> CauseKind {
        match self {
            Self::Production(ProductionError::Encode(error)) => error.cause_kind(),
            Self::NoTape { .. } => CauseKind::NotTaped,
            _ => CauseKind::Internal,
        }
    }
}

/// A clip that was made.
#[derive(Debug)]
pub struct Made {
    /// What was counted and measured, and the verdict.
    pub draft: Draft,
    /// The time line of the clip, which begins with its first piece.
    pub cut: Span,
    /// The file: in the library, relative to the output folder. `None` if there is no sound.
    pub file: Option<PathBuf>,
}

/// Returns an id for a clip that is made at `now`.
///
/// # Errors
/// The catalogue cannot be read.
pub async fn free_id(catalogue: &Catalogue, now: DateTime<Utc>) -> Result<AiringId, CatalogueError> {
    let mut start = now;
    loop {
        let id = AiringId::derive(&Config::clips(), start);
        if catalogue.clip(&id).await?.is_none() && catalogue.get(&id).await?.is_none() {
            return Ok(id);
        }
        // Several are made in one second.
        start += TimeDelta::seconds(1);
    }
}

/// Makes a clip and puts it into the library under `id`.
///
/// # Errors
/// It cannot be made or put there. Nothing stays of it then, except for a hidden file that the next start removes.
pub async fn into_library(
    id: &AiringId,
    checked: &Checked,
    sources: &Sources,
    catalogue: &Catalogue,
    pictures: &Pictures,
    clock: &SharedClock,
) -> Result<Made, MakeError> {
    let order = order_of(id, checked, &sources.config);
    let temporary = sources.store.temporary(id).await?;
    let made = shelved(&order, checked, sources, catalogue, pictures, &temporary, clock).await;
    if made.as_ref().is_ok_and(|made| made.file.is_some()) {
        return made;
    }
    // Nobody should find a file that is no clip.
    let _ = tokio::fs::remove_file(&temporary).await;
    made
}

async fn shelved(
    order: &Order,
    checked: &Checked,
    sources: &Sources,
    catalogue: &Catalogue,
    pictures: &Pictures,
    temporary: &Path,
    clock: &SharedClock,
) -> Result<Made, MakeError> {
    let (airing, cut) = (&order.airing, order.airing.cut());
    let mut draft = encoded(order, checked, sources, pictures, temporary, clock).await?;
    let pieces = text_of(&checked.clip);
    let finished = |outcome| Finished { airing: airing.clone(), title: order.show.title.clone(), outcome };
    if draft.verdict == Verdict::Failed {
        let nothing = finished(draft.outcome(Vec::new(), clock.now()));
        if !catalogue.finish_clip(nothing, pieces).await? {
            return Err(MakeError::Taken { id: airing.id.clone() });
        }
        return Ok(Made { draft, cut, file: None });
    }
    let Label { name, notes } = draft.label(order).await?;
    let outcome = finished(draft.outcome(notes, clock.now()));
    let named = (name.as_str(), draft.encoded.codec);
    let file = archive::shelve_clip(catalogue, &sources.store, outcome, pieces, temporary, named).await?;
    let file = file.ok_or_else(|| MakeError::Taken { id: airing.id.clone() })?;
    Ok(Made { draft, cut, file: Some(file) })
}

/// Makes a clip into the file `target`, which is overwritten, and tags it. It does not come on the list.
///
/// # Errors
/// It cannot be made.
pub async fn into_file(
    checked: &Checked,
    sources: &Sources,
    pictures: &Pictures,
    target: &Path,
    clock: &SharedClock,
) -> Result<Made, MakeError> {
    let start = clock.now();
    let order = order_of(&AiringId::derive(&Config::clips(), start), checked, &sources.config);
    let mut draft = encoded(&order, checked, sources, pictures, target, clock).await?;
    let file = if draft.verdict == Verdict::Failed {
        None
    } else {
        draft.label(&order).await?;
        Some(target.to_owned())
    };
    Ok(Made { draft, cut: order.airing.cut(), file })
}

async fn encoded(
    order: &Order,
    checked: &Checked,
    sources: &Sources,
    pictures: &Pictures,
    target: &Path,
    clock: &SharedClock,
) -> Result<Draft, MakeError> {
    let mut pieces = Vec::new();
    for (piece, origin) in checked.clip.pieces.iter().zip(&checked.origins) {
        pieces.push(match (piece, origin) {
            (Piece::Tape { span, .. }, Origin::Tape(station, tape)) => {
                of_tape(sources, station, tape.as_ref(), *span).await?
            }
            (Piece::Recording { from, to, .. }, Origin::Recording(recording)) => {
                of_recording(sources, recording, (*from, *to), clock).await?
            }
            (Piece::Object { object, from, to }, Origin::Object(stored)) => {
                of_object(sources, object, stored, (*from, *to)).await?
            }
            // They are made together, one for each piece.
            _ => continue,
        });
    }
    let covers = checked.clip.covers.clone();
    Ok(Draft::of_clip(order, pieces, covers, pictures, target, clock).await?)
}

async fn of_tape(
    sources: &Sources,
    station: &Arc<Station>,
    tape: Option<&Tape>,
    span: Span,
) -> Result<ClipPiece, MakeError> {
    let tape = match tape {
        Some(tape) => Some(tape.clone()),
        // There was none when it was asked for.
        None => sources.tape(station).await.map_err(|error| ProductionError::Encode(error.into()))?,
    };
    let tape = tape.ok_or_else(|| MakeError::NoTape { station: station.name.clone() })?;
    Ok(ClipPiece {
        length: span.length().to_std().unwrap_or_default(),
        source: ClipSource::Tape { tape, span },
        missing: Vec::new(),
        tracks: Vec::new(),
        titles: station.titles.clone(),
    })
}

async fn of_recording(
    sources: &Sources,
    recording: &Recording,
    (from, to): (Duration, Duration),
    clock: &SharedClock,
) -> Result<ClipPiece, MakeError> {
    let Sources { config, catalogue, store, .. } = sources;
    let file = only_there::sound_of(recording, config, catalogue.as_ref(), store, clock).await?;
    let sound = blocking(move || FileSound::open(&file, from, to)).await?;
    let tracks = match &sources.catalogue {
        Some(catalogue) => catalogue.tracks(&recording.id).await?,
        None => Vec::new(),
    };
    let within = |track: Track| {
        let (at, end) = (track.at.max(from), (track.at + track.length).min(to));
        let (early, late) = (at.saturating_sub(track.at), (track.at + track.length).saturating_sub(end));
        let on_air = Span::new(track.on_air.start + delta(early), track.on_air.end - delta(late));
        (at < end).then(|| Track { on_air, at: at.saturating_sub(from), length: end.saturating_sub(at), ..track })
    };
    Ok(ClipPiece {
        length: to.saturating_sub(from),
        source: ClipSource::File { sound },
        missing: known_gaps::missing(recording, from, to),
        tracks: tracks.into_iter().filter_map(within).collect(),
        titles: TitleRule::default(),
    })
}

async fn of_object(
    sources: &Sources,
    object: &ObjectName,
    stored: &StoredSound,
    (from, to): (Duration, Duration),
) -> Result<ClipPiece, MakeError> {
    let file = stored.fetched(&sources.config.state).await?;
    let sound = match blocking(move || FileSound::open(&file, from, to)).await {
        Err(FileSoundError::NoSound { .. }) => return Err(MakeError::Object { object: object.clone() }),
        opened => opened?,
    };
    Ok(ClipPiece {
        length: to.saturating_sub(from),
        source: ClipSource::File { sound },
        missing: Vec::new(),
        tracks: Vec::new(),
        titles: TitleRule::default(),
    })
}

/// Returns the order for a clip: as a recording of the show of clips, on the air when its first piece was.
fn order_of(id: &AiringId, checked: &Checked, config: &Arc<Config>) -> Order {
    let clip = &checked.clip;
    let (start, station) = match (clip.pieces.first(), checked.origins.first()) {
        (Some(Piece::Tape { span, .. }), Some(Origin::Tape(station, _))) => (span.start, Arc::clone(station)),
        (Some(Piece::Recording { from, .. }), Some(Origin::Recording(recording))) => {
            let known = config.station(&recording.station).map(Arc::clone);
            let gone = || Arc::new(Station::unreachable(&recording.station, recording.timezone));
            (known_gaps::on_air(recording, *from), known.unwrap_or_else(gone))
        }
        // Nobody knows when it was on the air: the clip is of the time at which it was asked for.
        (Some(Piece::Object { object, .. }), _) => {
            let asked = id.parts().map_or(DateTime::UNIX_EPOCH, |(_, start)| start);
            (asked, Arc::new(Station::unreachable(&StationId::new(object.bucket.as_str()), config.timezone)))
        }
        // A clip has a piece.
        _ => (DateTime::UNIX_EPOCH, Arc::new(Station::unreachable(&StationId::new(""), config.timezone))),
    };
    let show = config.stand_in(&Config::clips(), &clip.title, &station);
    let airing = Airing {
        id: id.clone(),
        show: show.id.clone(),
        station: station.id.clone(),
        on_air: Span::new(start, start + delta(clip.length())),
        early: TimeDelta::zero(),
        late: TimeDelta::zero(),
        timezone: station.timezone,
    };
    // What is missing is silence, so that no piece and no cover slips.
    let encoding = clip.encoding.map_or(show.encoding, |kind| config.encodings.of(kind));
    let show = Arc::new(Show { gaps: GapPolicy::Silence, encoding, ..Show::clone(&show) });
    Order { airing, show, station, config: Arc::clone(config), only_tape: true }
}

/// Whether the output folder or a disk is at fault, which may be mended.
pub(super) fn may_pass(error: &MakeError) -> bool {
    match error {
        MakeError::Store(_) | MakeError::Archive(_) | MakeError::Catalogue(_) | MakeError::Fetch(_) => true,
        MakeError::Production(ProductionError::Encode(error)) => !error.is_of_ffmpeg(),
        _ => false,
    }
}
