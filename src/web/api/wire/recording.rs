//! Recordings, without what only the interface knows of them.

use std::path::PathBuf;

use serde::Serialize;
use utoipa::ToSchema;

use super::cause::CauseKind;
use crate::library::catalogue;
use crate::model;

/// A recording as scripts see it: the objects of `list --json`. Times are RFC 3339, on air by the show's clock.
#[derive(Debug, Serialize, ToSchema)]
pub struct Report {
    /// The airing's id.
    id: String,
    /// The show's id.
    show: String,
    /// The show's title when it was claimed.
    title: String,
    /// The station's id.
    station: String,
    /// On the air from.
    #[schema(format = DateTime)]
    start: String,
    /// On the air until.
    #[schema(format = DateTime)]
    end: String,
    /// The word of the verdict; null while it is being recorded, or cannot be finished for want of room.
    #[schema(value_type = Option<String>, example = "complete")]
    verdict: Option<&'static str>,
    /// Decoded sound in the file.
    seconds: f64,
    /// What is missing.
    missing: Vec<Missing>,
    /// What is dead air.
    silent: Vec<Silent>,
    /// What else is to be said of it, such as that it has the default name.
    notes: Vec<Note>,
    /// Integrated loudness in LUFS; null where it is not known.
    loudness: Option<f64>,
    /// The file: absolute, and relative to the output folder for who asks over the network.
    #[schema(value_type = Option<String>)]
    file: Option<PathBuf>,
    /// Its size.
    bytes: Option<u64>,
}

/// A gap as scripts see it.
#[derive(Debug, Serialize, ToSchema)]
struct Missing {
    /// Where the sound stops.
    #[schema(format = DateTime)]
    start: String,
    /// How much is missing.
    seconds: f64,
    /// Why, in words.
    cause: String,
    /// Why, in one word out of few.
    kind: CauseKind,
}

/// Dead air as scripts see it.
#[derive(Debug, Serialize, ToSchema)]
struct Silent {
    /// Where it begins.
    #[schema(format = DateTime)]
    start: String,
    /// How long it lasts.
    seconds: f64,
}

/// A note about a recording: something is not as the configuration says, and why.
#[derive(Debug, Serialize, ToSchema)]
struct Note {
    /// What is to be said, in one word out of few.
    kind: NoteKind,
    /// Why, in English, for a person.
    reason: String,
}

/// What a note says: which text of a recording is the default one, because the template of the configuration failed.
///
/// The names are in catalogues and in what programs read: one that has been released is never changed.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::enum_variant_names, reason = "programs read these names")]
enum NoteKind {
    DefaultName,
    DefaultTitle,
    DefaultArtist,
    DefaultAlbum,
    DefaultGenre,
}

impl From<catalogue::Report> for Report {
    fn from(recording: catalogue::Report) -> Self {
        let catalogue::Report {
            id,
            show,
            title,
            station,
            start,
            end,
            verdict,
            seconds,
            missing,
            silent,
            notes,
            loudness,
            file,
            bytes,
        } = recording;
        let missing = missing.into_iter().map(Missing::from).collect();
        let silent = silent.into_iter().map(Silent::from).collect();
        let notes = notes.into_iter().map(Note::from).collect();
        Self { id, show, title, station, start, end, verdict, seconds, missing, silent, notes, loudness, file, bytes }
    }
}

impl From<catalogue::Missing> for Missing {
    fn from(catalogue::Missing { start, seconds, cause, kind }: catalogue::Missing) -> Self {
        Self { start, seconds, cause, kind: kind.into() }
    }
}

impl From<catalogue::Silent> for Silent {
    fn from(catalogue::Silent { start, seconds }: catalogue::Silent) -> Self {
        Self { start, seconds }
    }
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
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recording_is_the_object_of_list_json() {
        let start = "2026-11-20T12:00:00+09:00".to_owned();
        let kinds = [
            model::NoteKind::DefaultName,
            model::NoteKind::DefaultTitle,
            model::NoteKind::DefaultArtist,
            model::NoteKind::DefaultAlbum,
            model::NoteKind::DefaultGenre,
        ];
        let missing = model::CauseKind::ALL.map(|kind| catalogue::Missing {
            start: start.clone(),
            seconds: 1.5,
            cause: "403".to_owned(),
            kind,
        });
        let recording = catalogue::Report {
            id: "x@20261120T0300Z".to_owned(),
            show: "x".to_owned(),
            title: "명연주 명음반".to_owned(),
            station: "kbs".to_owned(),
            start: start.clone(),
            end: start.clone(),
            verdict: Some("partial"),
            seconds: 7190.25,
            missing: missing.into(),
            silent: vec![catalogue::Silent { start, seconds: 60.0 }],
            notes: kinds.map(|kind| model::Note { kind, reason: "because".to_owned() }).into(),
            loudness: Some(-23.0),
            file: Some("x/명.mp3".into()),
            bytes: Some(1),
        };
        let printed = serde_json::to_string(&recording).unwrap();
        assert_eq!(serde_json::to_string(&Report::from(recording)).unwrap(), printed);
    }
}
