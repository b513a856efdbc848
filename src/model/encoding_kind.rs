//! What becomes of the sound of a station.

/// What becomes of the sound of a station: the words of the key `encoding`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EncodingKind {
    /// It is encoded as MP3.
    #[default]
    Mp3,
    /// It is encoded as AAC.
    Aac,
    /// It is encoded as Opus.
    Opus,
    /// It stays as the station sent it.
    Original,
}

impl EncodingKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Mp3, Self::Aac, Self::Opus, Self::Original];

    /// Returns the word of the configuration.
    pub fn word(self) -> &'static str {
        match self {
            Self::Mp3 => "mp3",
            Self::Aac => "aac",
            Self::Opus => "opus",
            Self::Original => "original",
        }
    }

    /// Returns what `word` says.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}
