//! Transcripts: texts that people or their programs put beside a recording under the same name.
//!
//! aircheck reads them, and never writes, moves or removes one. A transcript that is older than the recording beside it
//! belongs to another recording, which had the same name before.

/// The format of a transcript.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TranscriptKind {
    /// [WebVTT](https://www.w3.org/TR/webvtt1/).
    Vtt,
    /// SubRip.
    Srt,
    /// Plain text, without times.
    Text,
}

impl TranscriptKind {
    /// All kinds; the kind that players show best comes first.
    pub const ALL: [Self; 3] = [Self::Vtt, Self::Srt, Self::Text];

    /// Returns the extension of the file.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Vtt => "vtt",
            Self::Srt => "srt",
            Self::Text => "txt",
        }
    }

    /// Returns the media type that the podcast namespace has for `podcast:transcript`.
    pub fn mime(self) -> &'static str {
        match self {
            Self::Vtt => "text/vtt",
            Self::Srt => "application/x-subrip",
            Self::Text => "text/plain",
        }
    }

    /// Returns the kind with this `extension`. `None` if there is none.
    pub fn of(extension: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.extension() == extension)
    }
}
