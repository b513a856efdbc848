//! What the other side answered, and what follows from it.

use std::time::Duration;

use reqwest::StatusCode;

/// The pause after a server said that it had too much of us, and not when it will take more: ntfy lets one message through
/// every few seconds.
const AFTER_TOO_MUCH: Duration = Duration::from_secs(60);

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
            // The message itself is wrong. An address or a token that is, a person may mend in time.
            StatusCode::BAD_REQUEST
            | StatusCode::METHOD_NOT_ALLOWED
            | StatusCode::PAYLOAD_TOO_LARGE
            | StatusCode::UNSUPPORTED_MEDIA_TYPE
            | StatusCode::UNPROCESSABLE_ENTITY => Self::Refused(said),
            StatusCode::TOO_MANY_REQUESTS => Self::Later { why: said, after: after.or(Some(AFTER_TOO_MUCH)) },
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
        for code in [400, 405, 413, 415, 422] {
            assert!(matches!(of(code), Answer::Refused(_)), "{code}");
        }
        for code in [302, 401, 403, 404, 408, 425, 429, 500, 503] {
            assert!(matches!(of(code), Answer::Later { after: Some(_), .. }), "{code}");
        }
        let too_much = Answer::of(StatusCode::TOO_MANY_REQUESTS, "", None);
        assert!(matches!(too_much, Answer::Later { after: Some(AFTER_TOO_MUCH), .. }), "{too_much:?}");
        assert_eq!(of(410), Answer::Gone("it answered 410 Gone: no".to_owned()));
        assert_eq!(Answer::of(StatusCode::OK, "", None).words(), "it answered 200 OK");
    }
}
