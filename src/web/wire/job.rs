//! The JSON of jobs and of their transitions.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::cause::CauseKind;
use crate::base::redact;
use crate::library::catalogue::NumberedTransition;
use crate::model;

/// What kind of work a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum JobKind {
    /// An airing becomes a recording.
    Recording,
    /// A clip is cut.
    Clip,
    /// Something is downloaded.
    Grab,
    /// A file is copied to an object store.
    Copy,
}

/// The state of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum JobState {
    /// It is asked for, and nothing of it is done yet.
    Queued,
    /// Something is in its way that may pass; the reason says what.
    Waiting,
    /// Its sound is coming.
    Capturing,
    /// Its sound is there, and becomes a file.
    Encoding,
    /// Its file is being copied to where it is to be.
    Copying,
    /// It is finished.
    Done,
    /// It is finished, and there is nothing; the reason says why.
    Failed,
    /// Somebody has called it off.
    Cancelled,
}

/// A job has come into a state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Transition {
    /// Its number, which is greater than that of every earlier transition.
    #[schema(example = 1204)]
    pub number: i64,
    /// What kind of work the job is.
    pub kind: JobKind,
    /// The id of the job among those of its kind.
    #[schema(example = "news@20261120T0300Z")]
    pub id: String,
    /// The state.
    pub state: JobState,
    /// When it came into that state.
    #[schema(format = DateTime)]
    pub at: String,
    /// Why, in words; null if that is as it should be.
    pub reason: Option<String>,
    /// Why, in one word.
    pub reason_kind: Option<CauseKind>,
}

impl Transition {
    /// Returns a transition as programs read it.
    pub fn of(NumberedTransition { number, transition }: NumberedTransition) -> Self {
        let model::Transition { job, state, at, reason } = transition;
        Self {
            number,
            kind: job.kind.into(),
            id: job.id,
            state: state.into(),
            at: instant(at),
            reason_kind: reason.as_ref().map(|reason| reason.kind.into()),
            reason: reason.map(|reason| redact::text(&reason.words)),
        }
    }
}

/// Writes an instant that belongs to no clock of a show or station.
pub fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// Converts between the words of the interface and those of the model.
macro_rules! same_words {
    ($ours:ident, $($word:ident),*) => {
        impl From<$ours> for model::$ours {
            fn from(word: $ours) -> Self {
                match word { $($ours::$word => Self::$word),* }
            }
        }

        impl From<model::$ours> for $ours {
            fn from(word: model::$ours) -> Self {
                match word { $(model::$ours::$word => Self::$word),* }
            }
        }
    };
}

same_words!(JobKind, Recording, Clip, Grab, Copy);
same_words!(JobState, Queued, Waiting, Capturing, Encoding, Copying, Done, Failed, Cancelled);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_read_the_words_that_the_catalogue_has() {
        for kind in model::JobKind::ALL {
            assert_eq!(serde_json::to_value(JobKind::from(kind)).unwrap(), kind.word());
            assert_eq!(model::JobKind::from(JobKind::from(kind)), kind);
        }
        for state in model::JobState::ALL {
            assert_eq!(serde_json::to_value(JobState::from(state)).unwrap(), state.word());
            assert_eq!(model::JobState::from(JobState::from(state)), state);
        }
    }
}
