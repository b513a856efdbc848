//! Why something is missing: a kind for programs and translators, and words for a person.

use std::fmt;

use serde::Serialize;

/// Why sound is missing, or does not come at the moment.
///
/// The kind is decided where the failure is noticed, and never read out of the words.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cause {
    /// The kind, for programs.
    pub kind: CauseKind,
    /// The words, in English, for a person, without secrets: with the addresses and numbers of this one time.
    pub words: String,
}

impl Cause {
    /// The cause of what happened, or did not, while aircheck was not there.
    pub fn not_running() -> Self {
        Self::new(CauseKind::NotRunning, "aircheck was not running")
    }

    /// A cause of this kind, in these words.
    pub fn new(kind: CauseKind, words: impl Into<String>) -> Self {
        Self { kind, words: words.into() }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}

/// The kind of a cause.
///
/// The names are on tapes, in catalogues, in what programs read and in people's dashboards: a name that was released is
/// never changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CauseKind {
    /// aircheck was not running.
    NotRunning,
    /// aircheck began to record after the show did.
    BeganLate,
    /// The station was not to be on tape then.
    NotTaped,
    /// It was on tape, and was deleted because it was old or the disk had too little space.
    Deleted,
    /// The recording was stopped before the sound had come.
    Stopped,
    /// The show or its station was removed from the YAML.
    Removed,
    /// aircheck or the machine it runs on had a fault: a program that is not installed, a file that cannot be written.
    Internal,
    /// There was no room on the disk.
    DiskFull,
    /// The sound came and could not be decoded.
    Decoding,
    /// The station refused the request.
    Refused,
    /// The address of its stream could not be found.
    Address,
    /// The station could not be reached, or the connection broke.
    Connection,
    /// The connection stood, and no sound came, or not in time.
    Stalled,
    /// No sound came, and nobody knows why.
    Nothing,
    /// The station itself had no sound to send, and said so.
    OffAir,
    /// What the station sent could not be read as sound.
    Unusable,
    /// What the station sent could not be decrypted.
    Encrypted,
    /// The station's playlist could not be read, or names nothing to play.
    Playlist,
    /// A part of the sound was no longer on offer, or came cut short.
    Segment,
    /// Something else, or a cause from before there were kinds.
    #[default]
    Other,
}

impl CauseKind {
    /// All of them.
    pub const ALL: [Self; 20] = [
        Self::NotRunning,
        Self::BeganLate,
        Self::NotTaped,
        Self::Deleted,
        Self::Stopped,
        Self::Removed,
        Self::Internal,
        Self::DiskFull,
        Self::Decoding,
        Self::Refused,
        Self::Address,
        Self::Connection,
        Self::Stalled,
        Self::Nothing,
        Self::OffAir,
        Self::Unusable,
        Self::Encrypted,
        Self::Playlist,
        Self::Segment,
        Self::Other,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::NotRunning => "not_running",
            Self::BeganLate => "began_late",
            Self::NotTaped => "not_taped",
            Self::Deleted => "deleted",
            Self::Stopped => "stopped",
            Self::Removed => "removed",
            Self::Internal => "internal",
            Self::DiskFull => "disk_full",
            Self::Decoding => "decoding",
            Self::Refused => "refused",
            Self::Address => "address",
            Self::Connection => "connection",
            Self::Stalled => "stalled",
            Self::Nothing => "nothing",
            Self::OffAir => "off_air",
            Self::Unusable => "unusable",
            Self::Encrypted => "encrypted",
            Self::Playlist => "playlist",
            Self::Segment => "segment",
            Self::Other => "other",
        }
    }

    /// Returns the kind with this name. `None` if there is none.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Whether it is no failure of the station: aircheck was not there, or could not keep what the station sent.
    pub fn is_ours(self) -> bool {
        matches!(
            self,
            Self::NotRunning
                | Self::BeganLate
                | Self::NotTaped
                | Self::Deleted
                | Self::Stopped
                | Self::Removed
                | Self::Internal
                | Self::DiskFull
        )
    }

    /// Whether all causes of this kind have the same words, so that the kind alone says everything.
    pub fn says_all(self) -> bool {
        matches!(
            self,
            Self::NotRunning
                | Self::BeganLate
                | Self::NotTaped
                | Self::Deleted
                | Self::Stopped
                | Self::Removed
                | Self::Nothing
        )
    }
}

/// An error that can be the cause of missing sound.
pub trait AsCause: fmt::Display {
    /// The kind of the cause.
    fn cause_kind(&self) -> CauseKind;

    /// The cause, in the words of the error.
    fn as_cause(&self) -> Cause {
        Cause::new(self.cause_kind(), self.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_among_all_and_has_one_name_for_programs_tapes_and_people() {
        assert_eq!(CauseKind::ALL.len(), CauseKind::Other as usize + 1, "Other is the last");
        for (number, kind) in CauseKind::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, number);
            assert_eq!(CauseKind::by_name(kind.name()), Some(kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
        }
        assert_eq!(CauseKind::by_name("Refused"), None);
    }
}
