//! A job: something that takes time, as people and programs follow it. It goes from state to state, and every transition
//! is kept.

use chrono::{DateTime, Utc};

use super::Cause;

/// What kind of work a job is. Together with its id it says which.
///
/// The names are in catalogues and in what programs read: a name that was released is never changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum JobKind {
    /// An airing becomes a recording; the id is that of the airing.
    Recording,
    /// A clip is cut; the id is that of the clip.
    Clip,
    /// Something that is there to be downloaded is downloaded.
    Grab,
    /// A file is copied to an object store.
    Copy,
}

impl JobKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Recording, Self::Clip, Self::Grab, Self::Copy];

    /// Returns the name.
    pub fn word(self) -> &'static str {
        match self {
            Self::Recording => "recording",
            Self::Clip => "clip",
            Self::Grab => "grab",
            Self::Copy => "copy",
        }
    }

    /// Returns the kind with this name. `None` if there is none.
    pub fn by_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// The state of a job.
///
/// ```text
///             ┌──────────────────── waiting ◀──┐ something has to pass first
///             ▼                                │
///  queued ─▶ capturing ─▶ encoding ─▶ copying ─┴─▶ done, failed, cancelled ─▶ queued (again)
/// ```
///
/// A job leaves out what it does not need, and may go back: a recording that gets a later end is captured again. It ends
/// in `done`, `failed` or `cancelled`, and begins again at `queued` if it is asked for again.
///
/// The names are in catalogues and in what programs read: a name that was released is never changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum JobState {
    /// It is asked for, and nothing of it is done yet.
    Queued,
    /// Something is in its way that may pass, such as a full disk; the reason says what. It goes on by itself.
    Waiting,
    /// Its sound is coming: from a station, or from where it is downloaded.
    Capturing,
    /// Its sound is there, and becomes a file.
    Encoding,
    /// Its file is being copied to where it is to be.
    Copying,
    /// It is finished, and what it was to make is there.
    Done,
    /// It is finished, and there is nothing; the reason says why.
    Failed,
    /// Somebody has called it off before anything came of it.
    Cancelled,
}

impl JobState {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Queued,
        Self::Waiting,
        Self::Capturing,
        Self::Encoding,
        Self::Copying,
        Self::Done,
        Self::Failed,
        Self::Cancelled,
    ];

    /// Returns the name.
    pub fn word(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Waiting => "waiting",
            Self::Capturing => "capturing",
            Self::Encoding => "encoding",
            Self::Copying => "copying",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Returns the state with this name. `None` if there is none.
    pub fn by_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }

    /// Whether the job is over.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Done | Self::Failed | Self::Cancelled)
    }

    /// Whether a job of this state may come into the state `next`: one that is over ends otherwise, or begins again.
    pub fn may_become(self, next: Self) -> bool {
        !self.is_final() || next.is_final() || next == Self::Queued
    }
}

/// Names a job.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId {
    /// What kind of work it is.
    pub kind: JobKind,
    /// Its id among those of its kind.
    pub id: String,
}

impl JobId {
    /// Returns the name of a job.
    pub fn new(kind: JobKind, id: impl Into<String>) -> Self {
        Self { kind, id: id.into() }
    }
}

/// A job comes into a state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transition {
    /// Which job.
    pub job: JobId,
    /// The state that it is in from then on.
    pub state: JobState,
    /// When.
    pub at: DateTime<Utc>,
    /// Why. `None` if that is as it should be.
    pub reason: Option<Cause>,
}

impl Transition {
    /// Returns that `job` comes into `state` at `at`, as it should.
    pub fn new(job: JobId, state: JobState, at: DateTime<Utc>) -> Self {
        Self { job, state, at, reason: None }
    }

    /// Returns the transition with its reason.
    #[must_use]
    pub fn because(self, reason: Cause) -> Self {
        Self { reason: Some(reason), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_and_state_has_one_name() {
        for kind in JobKind::ALL {
            assert_eq!(JobKind::by_word(kind.word()), Some(kind));
        }
        for (number, state) in JobState::ALL.into_iter().enumerate() {
            assert_eq!((state as usize, JobState::by_word(state.word())), (number, Some(state)));
        }
        assert_eq!((JobKind::by_word("Clip"), JobState::by_word("")), (None, None));
    }

    #[test]
    fn what_is_over_begins_again_with_the_queue_or_ends_otherwise() {
        use JobState::{Cancelled, Capturing, Done, Encoding, Failed, Queued, Waiting};
        for (from, to, may) in [
            (Queued, Encoding, true),
            (Encoding, Capturing, true),
            (Capturing, Failed, true),
            (Failed, Done, true),
            (Cancelled, Queued, true),
            (Done, Encoding, false),
            (Failed, Waiting, false),
        ] {
            assert_eq!(from.may_become(to), may, "{from:?} → {to:?}");
        }
    }
}
