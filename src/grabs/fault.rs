//! Why a try to fetch a segment brought nothing that counts, and how it is tried again.

use std::time::Duration;

use reqwest::StatusCode;

use super::got::Got;
use crate::base::http::HttpError;
use crate::capture::source::hls::FetchError;
use crate::capture::source::policy;
use crate::model::{AsCause as _, Cause, CauseKind};

/// What is said of a segment whose end is missing.
pub const CUT_SHORT: &str = "it came cut short";

/// Why a try brought nothing that counts.
#[derive(Debug)]
pub enum Fault {
    /// Nothing came, or nothing that is sound.
    Fetch(FetchError),
    /// It is the same as another.
    Repeated(String),
    /// Its end is missing: so much of it.
    Short(Box<Got>, Duration),
}

impl Fault {
    /// Whether the server is there, and what it has will hardly change.
    pub fn stays(&self) -> bool {
        match self {
            Self::Repeated(_) | Self::Short(..) => true,
            Self::Fetch(error) => {
                let is_unfit =
                    matches!(error.cause_kind(), CauseKind::Unusable | CauseKind::Segment | CauseKind::Encrypted);
                let is_final = is_out_of_reach(error) || matches!(error, FetchError::Empty(_));
                is_absent(error) || self.is_refused() || is_unfit || is_final
            }
        }
    }

    /// Why, for people and programs.
    pub fn cause(&self) -> Cause {
        match self {
            Self::Fetch(error) => error.as_cause(),
            Self::Repeated(other) => {
                Cause::new(CauseKind::Unusable, format!("the server sends segment {other} for it once more"))
            }
            Self::Short(..) => Cause::new(CauseKind::Segment, CUT_SHORT),
        }
    }

    /// How it is tried again. `None` if it is not.
    pub fn retry(&self) -> Option<policy::Retry> {
        match self {
            Self::Repeated(_) => Some(policy::ABSENT),
            Self::Short(..) => Some(policy::SHORT),
            Self::Fetch(FetchError::Encrypted(_)) => None,
            Self::Fetch(error) if is_out_of_reach(error) => None,
            Self::Fetch(error) if is_absent(error) || self.is_refused() => Some(policy::ABSENT),
            Self::Fetch(_) if self.stays() => Some(policy::UNFIT),
            Self::Fetch(_) => Some(policy::GRABBED),
        }
    }

    /// Whether another address may be good: this one is refused, or gone.
    pub fn is_expired(&self) -> bool {
        self.status().is_some_and(|status| policy::GRABBED.lost_rights(status))
    }

    /// Whether the address is not good any more. One that is gone may be gone alone.
    pub fn is_refused(&self) -> bool {
        self.is_expired() && self.status() != Some(StatusCode::GONE)
    }

    /// For how long the server wants not to be asked, at most as long as it is given.
    pub fn wait(&self) -> Duration {
        let Self::Fetch(error) = self else { return Duration::ZERO };
        error.http().map(policy::asked).unwrap_or_default()
    }

    fn status(&self) -> Option<StatusCode> {
        let Self::Fetch(error) = self else { return None };
        error.http()?.status()
    }
}

/// Whether the address may not be asked, which does not pass.
fn is_out_of_reach(error: &FetchError) -> bool {
    error.http().is_some_and(|error| matches!(error, HttpError::OutOfReach { .. }))
}

fn is_absent(error: &FetchError) -> bool {
    let absent = [StatusCode::NOT_FOUND, StatusCode::GONE, StatusCode::RANGE_NOT_SATISFIABLE];
    error.http().and_then(HttpError::status).is_some_and(|status| absent.contains(&status))
}
