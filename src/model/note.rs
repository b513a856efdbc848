//! A note about a recording that concerns neither its sound nor what is missing.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::language::{Language, Sentence};

/// A note about a recording: something is not as the configuration says, and why; or how its sound was kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// The kind, for programs.
    pub kind: NoteKind,
    /// Why, in English, for a person.
    pub reason: String,
}

/// What a note says: which text of a recording is the default one, because the template of the configuration failed; or how
/// its sound was kept.
///
/// The names are in catalogues and in what programs read: one that has been released is never changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoteKind {
    /// The name of its file.
    DefaultName,
    /// The title in its tags.
    DefaultTitle,
    /// The artist in its tags.
    DefaultArtist,
    /// The album in its tags.
    DefaultAlbum,
    /// The genre in its tags.
    DefaultGenre,
    /// Its sound is as the station sent it.
    Original,
    /// A part of such sound is encoded anew.
    PartlyEncoded,
    /// Its sound was to be kept, and is encoded.
    NotOriginal,
    /// It was put on the list from the tags of its file.
    Adopted,
}

impl NoteKind {
    /// What it says, without the reason.
    pub fn said(self, language: &Language) -> String {
        let sentence = match self {
            Self::DefaultName => Sentence::new("note_default_name"),
            Self::DefaultTitle => Sentence::new("note_default_title"),
            Self::DefaultArtist => Sentence::new("note_default_artist"),
            Self::DefaultAlbum => Sentence::new("note_default_album"),
            Self::DefaultGenre => Sentence::new("note_default_genre"),
            Self::Original => Sentence::new("note_original"),
            Self::PartlyEncoded => Sentence::new("note_partly_encoded"),
            Self::NotOriginal => Sentence::new("note_not_original"),
            Self::Adopted => Sentence::new("note_adopted"),
        };
        sentence.say(language)
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind.said(Language::english()), self.reason)
    }
}
