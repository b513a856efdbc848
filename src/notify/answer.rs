//! What the other side answered, and what follows from it.

use std::time::Duration;

use reqwest::StatusCode;

/// What became of a try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The target has taken the message, with its words.
    Taken(String),
    /// The target has taken the message, and it does not reach all that it is for.
    Partly(String),
    /// It is to be tried again, after a pause if the target asks for one.
    Later {
        /// Why.
        why: String,
        /// The least pause.
        after: Option<Duration>,
    },
    /// The target does not take this message, and would not take it later.
    Refused(String),
    /// The target does not want to be told anything any more.
    Gone(String),
}

impl Answer {
    /// Returns an answer that is to be tried again.
    pub(super) fn later(why: impl Into<String>) -> Self {
        Self::Later { why: why.into(), after: None }
    }

    /// Returns what follows from a status and the words of an answer over HTTP.
    pub(super) fn of(status: StatusCode, words: &str, after: Option<Duration>) -> Self {
        let said =
            if words.is_empty() { format!("it answered {status}") } else { format!("it answered {status}: {words}") };
        match status {
            status if status.is_success() => Self::Taken(said),
            StatusCode::GONE => Self::Gone(said),
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS => {
                Self::Later { why: said, after }
            }
            status if status.is_client_error() => Self::Refused(said),
            _ => Self::Later { why: said, after },
        }
    }

    /// Whether the target has taken the message, for all that it is for.
    pub fn is_taken(&self) -> bool {
        matches!(self, Self::Taken(_))
    }

    /// Returns what was answered, in words.
    pub fn words(&self) -> &str {
        match self {
            Self::Taken(words)
            | Self::Partly(words)
            | Self::Refused(words)
            | Self::Gone(words)
            | Self::Later { why: words, .. } => words,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_a_message_is_not_tried_again_and_everything_else_is() {
        let of = |code: u16| Answer::of(StatusCode::from_u16(code).unwrap(), "no", Some(Duration::from_secs(9)));
        for code in [200, 202, 204] {
            assert!(of(code).is_taken(), "{code}");
        }
        for code in [400, 401, 403, 404, 413, 422] {
            assert!(matches!(of(code), Answer::Refused(_)), "{code}");
        }
        for code in [302, 408, 425, 429, 500, 503] {
            assert!(matches!(of(code), Answer::Later { after: Some(_), .. }), "{code}");
        }
        assert_eq!(of(410), Answer::Gone("it answered 410 Gone: no".to_owned()));
        assert_eq!(Answer::of(StatusCode::OK, "", None).words(), "it answered 200 OK");
    }
}
