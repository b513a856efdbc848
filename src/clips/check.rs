//! From what a person asks for to a clip, or to what is wrong with it. Nothing is changed.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::covers::covers;
use super::error::{ClipError, WrongPiece};
use super::objects::{self, NoObject, StoredSound};
use super::request::{AskedPiece, At, ClipRequest};
use super::sources::{Origin, Sources};
use crate::account;
use crate::airings::by_hand::title_line;
use crate::base::blocking::blocking;
use crate::base::duration::delta;
use crate::base::readable::clock;
use crate::config::parse_moment;
use crate::language::Sentence;
use crate::model::{AiringId, Clip, ObjectName, Piece, Span, StationId};

/// The most pieces of a clip.
pub const MOST_PIECES: usize = 200;
/// The most covers of a clip.
const MOST_COVERS: usize = 200;
/// The longest clip.
const LONGEST: Duration = Duration::from_hours(24);
/// How far from now a piece of tape may end.
const FARTHEST: TimeDelta = TimeDelta::hours(24);
/// A piece may end this much behind the end of a recording, whose length people read in whole seconds or milliseconds.
const ROUNDED: Duration = Duration::from_millis(1);

/// A clip that can be made, with what it is cut from.
#[derive(Debug, Clone)]
pub struct Checked {
    /// The clip.
    pub clip: Clip,
    /// What each of its pieces is cut from.
    pub origins: Vec<Origin>,
}

/// Returns the clip that `request` asks for at the instant `now`.
///
/// # Errors
/// What is wrong with it, and what to write.
pub async fn check(request: &ClipRequest, sources: &Sources, now: DateTime<Utc>) -> Result<Checked, ClipError> {
    let wrong = |sentence| Err(ClipError::Wrong(sentence));
    let (pieces, number_of_covers) = (request.pieces.len(), request.covers.len());
    if pieces == 0 {
        return wrong(Sentence::new("problem_clip_no_piece"));
    }
    if pieces > MOST_PIECES {
        return wrong(Sentence::new("problem_clip_pieces").with("most", MOST_PIECES).with("count", pieces));
    }
    if number_of_covers > MOST_COVERS {
        return wrong(Sentence::new("problem_clip_covers").with("most", MOST_COVERS).with("count", number_of_covers));
    }
    let mut checked = Vec::new();
    for (index, asked) in request.pieces.iter().enumerate() {
        let piece = match asked {
            AskedPiece::Tape { station, from, to } => of_tape(sources, station, (from, to), now).await,
            AskedPiece::Recording { recording, from, to } => of_recording(sources, recording, (*from, *to)).await,
            AskedPiece::Object { object, from, to } => of_object(sources, object, (*from, *to)).await,
        };
        checked.push(piece.map_err(|refused| refused.of_piece(index, pieces))?);
    }
    let (pieces, origins): (Vec<_>, Vec<_>) = checked.into_iter().unzip();
    let length: Duration = pieces.iter().map(Piece::length).sum();
    if length > LONGEST {
        let hours = LONGEST.as_secs() / 3_600;
        return wrong(
            Sentence::new("problem_clip_long").with("hours", hours).with("length", clock(length.as_secs_f64())),
        );
    }
    let covers = covers(&request.covers, &pieces, &origins, now).map_err(ClipError::Wrong)?;
    let title = match &request.title {
        Some(title) => title_line(title).map_err(ClipError::Wrong)?,
        None => usual_title(&pieces, &origins),
    };
    let encoding = request.encoding;
    Ok(Checked { clip: Clip { title, pieces, covers, encoding }, origins })
}

/// Checks a clip again that was checked before, perhaps by another process: what it is cut from may have changed.
///
/// # Errors
/// Something that it is cut from is gone.
pub async fn check_again(clip: &Clip, sources: &Sources) -> Result<Checked, ClipError> {
    let mut origins = Vec::new();
    for (index, piece) in clip.pieces.iter().enumerate() {
        let origin = match piece {
            Piece::Tape { station, .. } => station_of(sources, station).await,
            Piece::Recording { recording, .. } => recording_of(sources, recording).await,
            Piece::Object { object, .. } => {
                object_of(sources, object).await.map(|found| Origin::Object(Box::new(found)))
            }
        };
        origins.push(origin.map_err(|refused| refused.of_piece(index, clip.pieces.len()))?);
    }
    Ok(Checked { clip: clip.clone(), origins })
}

/// Why a piece is refused, before its number is known.
enum Refused {
    Piece(WrongPiece),
    Ours(ClipError),
}

impl Refused {
    fn wrong(sentence: Sentence) -> Self {
        Self::Piece(WrongPiece::Wrong(sentence))
    }

    fn unknown(sentence: Sentence) -> Self {
        Self::Piece(WrongPiece::Unknown(sentence))
    }

    /// Returns the error of the piece at `index` of so many `pieces`.
    fn of_piece(self, index: usize, pieces: usize) -> ClipError {
        match self {
            Self::Piece(wrong) => ClipError::Piece { number: if pieces == 1 { 0 } else { index + 1 }, wrong },
            Self::Ours(error) => error,
        }
    }
}

async fn station_of(sources: &Sources, id: &StationId) -> Result<Origin, Refused> {
    let unknown = || Refused::unknown(Sentence::new("problem_no_station").with("station", id));
    let station = sources.config.station(id).ok_or_else(unknown)?;
    let tape = sources.tape(station).await.map_err(|error| Refused::Ours(error.into()))?;
    Ok(Origin::Tape(Arc::clone(station), tape))
}

async fn of_tape(
    sources: &Sources,
    station: &str,
    (from, to): (&At, &At),
    now: DateTime<Utc>,
) -> Result<(Piece, Origin), Refused> {
    let origin = station_of(sources, &StationId::new(station)).await?;
    let Origin::Tape(station, tape) = &origin else {
        return Err(Refused::unknown(Sentence::new("problem_no_station").with("station", station)));
    };
    let zone = station.timezone;
    let moment = |key, at: &At, begins: DateTime<Utc>| match at {
        At::Written(text) => {
            parse_moment(text, zone, now).map_err(|error| Refused::Piece(WrongPiece::Moment { key, error }))
        }
        At::Instant(instant) => Ok(*instant),
        At::After(length) => begins
            .checked_add_signed(delta(*length))
            .ok_or_else(|| Refused::wrong(Sentence::new("problem_clip_far").with("hours", FARTHEST.num_hours()))),
    };
    let start = moment("from", from, now)?;
    let end = moment("to", to, start)?;
    let said = |at: DateTime<Utc>| at.with_timezone(&zone).format("%Y-%m-%d %H:%M:%S%.f %Z").to_string();
    if end <= start {
        let backwards = Sentence::new("problem_clip_backwards");
        return Err(Refused::wrong(backwards.with("from", said(start)).with("to", said(end))));
    }
    if start >= now {
        return Err(Refused::wrong(Sentence::new("problem_clip_future").with("from", said(start))));
    }
    if end - now > FARTHEST {
        return Err(Refused::wrong(Sentence::new("problem_clip_far").with("hours", FARTHEST.num_hours())));
    }
    let span = Span::new(start, end);
    let looked_at = tape.clone();
    let (is_lost, extent) = blocking(move || {
        let Some(tape) = looked_at else { return (is_past(&span, now), None) };
        (account::is_lost(&tape, &span, now), tape.extent())
    })
    .await;
    if is_lost {
        let sentence = match extent {
            None => Sentence::new("problem_no_tape"),
            Some(extent) => {
                Sentence::new("problem_not_on_tape").with("from", said(extent.start)).with("to", said(extent.end))
            }
        };
        return Err(Refused::wrong(sentence.with("station", &station.name)));
    }
    Ok((Piece::Tape { station: station.id.clone(), span }, origin))
}

/// Whether nothing of `span` can come any more of a station without tape.
fn is_past(span: &Span, now: DateTime<Utc>) -> bool {
    span.end + account::LATE < now
}

async fn recording_of(sources: &Sources, id: &AiringId) -> Result<Origin, Refused> {
    let found = sources.recording(id).await.map_err(|error| Refused::Ours(error.into()))?;
    let said = |key| Sentence::new(key).with("recording", id);
    let found = found.ok_or_else(|| Refused::unknown(said("problem_no_recording")))?;
    if found.finished_at.is_none() {
        return Err(Refused::wrong(said("problem_clip_unfinished").with("station", &found.station)));
    }
    if found.file.is_none() || found.binned.is_some() || found.deleted_at.is_some() {
        return Err(Refused::wrong(said("problem_clip_no_file")));
    }
    Ok(Origin::Recording(Box::new(found)))
}

async fn of_recording(
    sources: &Sources,
    id: &str,
    (from, to): (Option<Duration>, Option<Duration>),
) -> Result<(Piece, Origin), Refused> {
    let origin = recording_of(sources, &AiringId::new(id)).await?;
    let Origin::Recording(recording) = &origin else {
        return Err(Refused::unknown(Sentence::new("problem_no_recording").with("recording", id)));
    };
    let length = recording.plays_for();
    let (from, to) = (from.unwrap_or_default(), to.unwrap_or(length));
    let said = |at: Duration| clock(at.as_secs_f64());
    if to <= from {
        return Err(Refused::wrong(
            Sentence::new("problem_clip_backwards").with("from", said(from)).with("to", said(to)),
        ));
    }
    if to > length + ROUNDED {
        let beyond = Sentence::new("problem_clip_beyond").with("recording", id);
        return Err(Refused::wrong(beyond.with("to", said(to)).with("length", said(length))));
    }
    Ok((Piece::Recording { recording: recording.id.clone(), from, to }, origin))
}

async fn object_of(sources: &Sources, object: &ObjectName) -> Result<StoredSound, Refused> {
    objects::find(&sources.config, &sources.clock, object).await.map_err(|none| match none {
        NoObject::Unknown(sentence) => Refused::unknown(sentence),
        NoObject::Wrong(sentence) => Refused::wrong(sentence),
        NoObject::Remote(error) => Refused::Ours(error.into()),
    })
}

async fn of_object(
    sources: &Sources,
    text: &str,
    (from, to): (Option<Duration>, Option<Duration>),
) -> Result<(Piece, Origin), Refused> {
    let nameless = || Refused::wrong(Sentence::new("problem_clip_object_name").with("object", text));
    let object = ObjectName::parse(text).ok_or_else(nameless)?;
    let found = object_of(sources, &object).await?;
    let from = from.unwrap_or_default();
    let to = match to {
        Some(to) => to,
        None => found
            .length()
            .await
            .map_err(|error| Refused::Ours(error.into()))?
            .ok_or_else(|| Refused::wrong(Sentence::new("problem_clip_object_length").with("object", &object)))?,
    };
    if to <= from {
        let said = |at: Duration| clock(at.as_secs_f64());
        return Err(Refused::wrong(
            Sentence::new("problem_clip_backwards").with("from", said(from)).with("to", said(to)),
        ));
    }
    Ok((Piece::Object { object, from, to }, Origin::Object(Box::new(found))))
}

/// Returns what a clip is called by what it is cut from.
fn usual_title(pieces: &[Piece], origins: &[Origin]) -> String {
    match (pieces.first(), origins.first()) {
        (Some(Piece::Tape { span, .. }), Some(Origin::Tape(station, _))) => {
            let local = span.start.with_timezone(&station.timezone);
            format!("{} {}", station.name, local.format("%Y-%m-%d %H:%M:%S"))
        }
        (_, Some(Origin::Recording(recording))) => recording.title.clone(),
        (Some(Piece::Object { object, .. }), _) => title_line(object.stem()).unwrap_or_else(|_| object.bucket.clone()),
        _ => String::new(),
    }
}
