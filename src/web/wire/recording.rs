//! The JSON of recordings, without what only the interface adds.

use std::path::PathBuf;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::cause::CauseKind;
use crate::base::zone::Zone;
use crate::library::catalogue::Recording;
use crate::library::store::Store;
use crate::model::{self, DeadAir, Gap, Verdict};

/// A recording: the objects of `list --json`. Times are RFC 3339, by the show's clock.
#[derive(Debug, Serialize, ToSchema)]
pub struct Report {
    /// The airing's id.
    pub id: String,
    /// The show's id.
    pub show: String,
    /// The show's title when it was claimed.
    pub title: String,
    /// The station's id.
    pub station: String,
    /// When it went on the air.
    #[schema(format = DateTime)]
    pub start: String,
    /// Until when it was on the air.
    #[schema(format = DateTime)]
    pub end: String,
    /// The verdict, in one word; null while it is being recorded, or cannot be finished because the disk is full.
    #[schema(value_type = Option<String>, example = "complete")]
    pub verdict: Option<&'static str>,
    /// Decoded sound in the file, in seconds.
    pub seconds: f64,
    /// The gaps.
    pub missing: Vec<Missing>,
    /// The dead air.
    pub silent: Vec<Silent>,
    /// Notes, such as that it has the default name.
    pub notes: Vec<Note>,
    /// Integrated loudness in LUFS; null if it is unknown.
    pub loudness: Option<f64>,
    /// The file: absolute for commands, relative to the output folder over the network.
    #[schema(value_type = Option<String>)]
    pub file: Option<PathBuf>,
    /// The size of the file, in bytes.
    pub bytes: Option<u64>,
}

/// A gap.
#[derive(Debug, Serialize, ToSchema)]
pub struct Missing {
    /// When the sound stops.
    #[schema(format = DateTime)]
    pub start: String,
    /// How much is missing.
    pub seconds: f64,
    /// Why, in words.
    pub cause: String,
    /// Why, in one word.
    pub kind: CauseKind,
}

/// Dead air.
#[derive(Debug, Serialize, ToSchema)]
pub struct Silent {
    /// When it begins.
    #[schema(format = DateTime)]
    pub start: String,
    /// How long it lasts.
    pub seconds: f64,
}

/// A note about a recording: something is not as the configuration says, and why.
#[derive(Debug, Serialize, ToSchema)]
pub struct Note {
    /// What the note says, in one word.
    pub kind: NoteKind,
    /// Why, in English, for a person.
    pub reason: String,
}

/// What a note says: which text of a recording is the default one, because the template of the configuration failed; or how
/// its sound was kept.
///
/// Catalogues and programs use these names, so a released name never changes.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NoteKind {
    /// The name of its file.
    DefaultName,
    /// Its title.
    DefaultTitle,
    /// Its artist.
    DefaultArtist,
    /// Its album.
    DefaultAlbum,
    /// Its genre.
    DefaultGenre,
    /// Its sound is as the station sent it; the reason says where it begins and ends.
    Original,
    /// A part of such sound is encoded anew.
    PartlyEncoded,
    /// Its sound was to be kept as the station sent it, and is encoded.
    NotOriginal,
    /// It was put on the list from the tags of its file, because the list had lost it.
    Adopted,
}

impl Report {
    /// Returns the recording, and where its file is in `store`.
    pub fn in_store(recording: &Recording, store: &Store) -> Self {
        Self { file: recording.file.as_deref().map(|file| store.shown(file)), ..Self::of(recording) }
    }

    /// Returns the recording, with its file as the list names it.
    pub fn of(recording: &Recording) -> Self {
        let zone = recording.timezone;
        let local = |at: DateTime<Utc>| at.with_timezone(&zone).to_rfc3339_opts(SecondsFormat::AutoSi, true);
        Self {
            id: recording.id.to_string(),
            show: recording.show.to_string(),
            title: recording.title.clone(),
            station: recording.station.to_string(),
            start: local(recording.on_air.start),
            end: local(recording.on_air.end),
            verdict: recording.verdict.as_ref().filter(|_| recording.finished_at.is_some()).map(Verdict::word),
            seconds: recording.seconds,
            missing: recording.gaps.iter().map(|gap| Missing::of(gap, zone)).collect(),
            silent: recording.dead_air.iter().map(|dead| Silent::of(dead, zone)).collect(),
            notes: recording.notes.iter().cloned().map(Note::from).collect(),
            loudness: recording.loudness.map(|loudness| loudness.integrated),
            file: recording.file.clone(),
            bytes: recording.bytes,
        }
    }
}

impl Missing {
    /// Returns the gap, by the clock of `zone`.
    pub fn of(gap: &Gap, zone: Zone) -> Self {
        let (cause, kind) = (gap.cause.words.clone(), gap.cause.kind.into());
        Self { start: stamp(gap.start, zone), seconds: gap.length.as_secs_f64(), cause, kind }
    }
}

impl Silent {
    /// Returns the dead air, by the clock of `zone`.
    pub fn of(dead: &DeadAir, zone: Zone) -> Self {
        Self { start: stamp(dead.start, zone), seconds: dead.length.as_secs_f64() }
    }
}

/// Formats an instant with its milliseconds, by the clock of `zone`.
pub fn stamp(at: DateTime<Utc>, zone: Zone) -> String {
    at.with_timezone(&zone).to_rfc3339_opts(SecondsFormat::Millis, true)
}

impl From<model::Note> for Note {
    fn from(model::Note { kind, reason }: model::Note) -> Self {
        Self { kind: kind.into(), reason }
    }
}

impl From<model::NoteKind> for NoteKind {
    fn from(kind: model::NoteKind) -> Self {
        match kind {
            model::NoteKind::DefaultName => Self::DefaultName,
            model::NoteKind::DefaultTitle => Self::DefaultTitle,
            model::NoteKind::DefaultArtist => Self::DefaultArtist,
            model::NoteKind::DefaultAlbum => Self::DefaultAlbum,
            model::NoteKind::DefaultGenre => Self::DefaultGenre,
            model::NoteKind::Original => Self::Original,
            model::NoteKind::PartlyEncoded => Self::PartlyEncoded,
            model::NoteKind::NotOriginal => Self::NotOriginal,
            model::NoteKind::Adopted => Self::Adopted,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::{AiringId, Cause, Loudness, NoteKind, ShowId, Span, StationId};

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn a_report_has_every_gap_and_times_by_the_clock_of_the_show() {
        let gap = |start: &str, seconds: f64, kind, words: &str| Gap {
            start: at(start),
            length: Duration::from_secs_f64(seconds),
            cause: Cause::new(kind, words),
        };
        let on_air = Span::new(at("2026-11-20T05:00:00Z"), at("2026-11-20T07:00:00Z"));
        let recording = Recording {
            id: AiringId::derive(&ShowId::new("명연주"), on_air.start),
            show: ShowId::new("명연주"),
            station: StationId::new("kbs-1fm"),
            title: "명연주 명음반".to_owned(),
            timezone: "Asia/Seoul".parse().unwrap(),
            on_air,
            cut: on_air,
            verdict: Some(Verdict::Partial(98.7)),
            seconds: 7_196.25,
            length: None,
            gaps: vec![
                gap("2026-11-20T05:10:00.250Z", 3.75, model::CauseKind::Refused, "403"),
                gap("2026-11-20T06:10:00Z", 40.0, model::CauseKind::Connection, "끊김"),
            ],
            dead_air: vec![DeadAir { start: at("2026-11-20T05:30:00.500Z"), length: Duration::from_secs_f64(31.5) }],
            notes: vec![model::Note { kind: NoteKind::DefaultTitle, reason: "왜 \"?\"".to_owned() }],
            loudness: Some(Loudness { integrated: -16.5, range: 3.0, peak: 0.5 }),
            file: Some("KBS 1FM/명연주 명음반/2026-11-20 1400 명연주 명음반.mp3".into()),
            bytes: Some(115_140_000),
            claimed_at: on_air.start,
            finished_at: Some(on_air.end),
            deleted_at: None,
            binned: None,
        };
        assert_eq!(
            serde_json::to_value(Report::in_store(&recording, &Store::new("/recordings"))).unwrap(),
            serde_json::json!({
                "id": "명연주@20261120T0500Z",
                "show": "명연주",
                "title": "명연주 명음반",
                "station": "kbs-1fm",
                "start": "2026-11-20T14:00:00+09:00",
                "end": "2026-11-20T16:00:00+09:00",
                "verdict": "partial",
                "seconds": 7196.25,
                "missing": [
                    {"start": "2026-11-20T14:10:00.250+09:00", "seconds": 3.75, "cause": "403", "kind": "refused"},
                    {"start": "2026-11-20T15:10:00.000+09:00", "seconds": 40.0, "cause": "끊김", "kind": "connection"},
                ],
                "silent": [{"start": "2026-11-20T14:30:00.500+09:00", "seconds": 31.5}],
                "notes": [{"kind": "default_title", "reason": "왜 \"?\""}],
                "loudness": -16.5,
                "file": "/recordings/KBS 1FM/명연주 명음반/2026-11-20 1400 명연주 명음반.mp3",
                "bytes": 115_140_000,
            })
        );
    }

    #[test]
    fn kinds_have_the_names_that_the_catalogue_has() {
        let note = |kind| model::Note { kind, reason: "because".to_owned() };
        for kind in [
            NoteKind::DefaultName,
            NoteKind::DefaultTitle,
            NoteKind::DefaultArtist,
            NoteKind::DefaultAlbum,
            NoteKind::DefaultGenre,
            NoteKind::Adopted,
        ] {
            assert_eq!(
                serde_json::to_value(Note::from(note(kind))).unwrap(),
                serde_json::to_value(note(kind)).unwrap()
            );
        }
        for kind in model::CauseKind::ALL {
            assert_eq!(serde_json::to_value(CauseKind::from(kind)).unwrap(), kind.name());
        }
    }
}
