//! Transcripts: files that somebody, or their program, puts beside a recording under the same name.
//!
//! aircheck reads them and never writes, moves or removes one. One that is older than the recording beside it was made of
//! another recording, which had the same name before.

/// How a transcript is written.
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
    /// All of them, the one that players show best first.
    pub const ALL: [Self; 3] = [Self::Vtt, Self::Srt, Self::Text];

    /// The ending of its name.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Vtt => "vtt",
            Self::Srt => "srt",
            Self::Text => "txt",
        }
    }

    /// Its type, as the podcast namespace names it for `podcast:transcript`.
    pub fn mime(self) -> &'static str {
        match self {
            Self::Vtt => "text/vtt",
            Self::Srt => "application/x-subrip",
            Self::Text => "text/plain",
        }
    }

    /// The kind whose names end in `extension`.
    pub fn of(extension: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.extension() == extension)
    }
}
