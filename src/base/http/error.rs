//! What went wrong with a request, in words for people.

use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::{Response, StatusCode};
use thiserror::Error;
use url::Url;

use super::guard::out_of_reach;
use super::limits::READ_TIMEOUT;
use super::reasons::{innermost, is_malformed};
use super::{retry_after, tls};
use crate::base::redact;

/// What went wrong with a request, in words that may be shown: URLs are redacted.
#[derive(Debug, Error)]
pub enum HttpError {
    /// The client could not be made.
    #[error("no HTTPS client could be made: {0}; is the package ca-certificates installed?")]
    Client(String),
    /// A header from the configuration is not one.
    #[error("the header {name:?} or its value cannot be sent over HTTP")]
    Header {
        /// Its name.
        name: String,
    },
    /// The server answered, but not with 2xx.
    #[error("{url} answered {status}")]
    Status {
        /// Whose answer, redacted.
        url: String,
        /// The answer.
        status: StatusCode,
    },
    /// The server is busy, and says for how long it wants not to be asked.
    #[error("{url} answered {status}, and asks to be left alone for {} s", wait.as_secs())]
    Busy {
        /// Whose answer, redacted.
        url: String,
        /// The answer.
        status: StatusCode,
        /// For how long. It may say anything: whoever waits bounds it.
        wait: Duration,
    },
    /// Nothing, or nothing more, arrived in time.
    #[error("{url} {what} {} s", limit.as_secs_f32())]
    TimedOut {
        /// Who, redacted.
        url: String,
        /// What it did not do `for` or `within` the limit.
        what: &'static str,
        /// The limit that was applied.
        limit: Duration,
    },
    /// No connection.
    #[error("{url} cannot be reached: {reason}")]
    Unreachable {
        /// Who, redacted.
        url: String,
        /// The innermost reason.
        reason: String,
    },
    /// It leads to an address that may not be connected to for whoever asks.
    #[error("{url} is not fetched: {reason}")]
    OutOfReach {
        /// Who, redacted.
        url: String,
        /// Which address it is.
        reason: String,
    },
    /// There is a connection, but no TLS that both sides accept.
    #[error("{url} cannot be asked over TLS: {reason}")]
    Tls {
        /// Who, redacted.
        url: String,
        /// What is wrong with it, and what to do.
        reason: String,
    },
    /// The server was reached, and its answer is no HTTP.
    #[error("{url} answered, but not as HTTP: {reason}")]
    Malformed {
        /// Who, redacted.
        url: String,
        /// What is wrong with the answer.
        reason: String,
    },
    /// Redirects without an end.
    #[error("{url} redirects more than {most} times")]
    RedirectLoop {
        /// Who, redacted.
        url: String,
        /// How many are followed.
        most: usize,
    },
    /// The body is larger than the cap.
    #[error("{url} sent more than {cap} bytes")]
    TooLarge {
        /// Who, redacted.
        url: String,
        /// The cap in bytes.
        cap: usize,
    },
    /// The connection broke in the middle of the body, or the body is not what its headers say.
    #[error("{url} broke off: {reason}")]
    Broken {
        /// Who, redacted.
        url: String,
        /// The innermost reason.
        reason: String,
    },
    /// The body is compressed and cannot be decompressed.
    #[error("{url} sent an answer that is compressed {reason}")]
    Compressed {
        /// Who, redacted.
        url: String,
        /// How.
        reason: String,
    },
}

impl HttpError {
    /// Sorts a reqwest error. By itself, reqwest calls a timed-out read a decoding error.
    pub fn from_reqwest(error: &reqwest::Error, url: &Url) -> Self {
        let tls = tls::trouble(error);
        let refused = out_of_reach(error);
        let url = redact::url(url);
        let reason = innermost(error);
        if let Some(reason) = refused {
            Self::OutOfReach { url, reason }
        } else if let Some(reason) = tls {
            Self::Tls { url, reason }
        } else if is_malformed(error) {
            Self::Malformed { url, reason }
        } else if error.is_connect() || error.is_request() && !error.is_timeout() {
            Self::Unreachable { url, reason }
        } else if error.is_timeout() {
            Self::silent(url, READ_TIMEOUT)
        } else {
            Self::Broken { url, reason }
        }
    }

    /// The server answered a request for `url`, but not with 2xx. `now` counts if it is busy and does not say what time it is.
    pub fn answered(response: &Response, url: &Url, now: DateTime<Utc>) -> Self {
        let (url, status) = (redact::url(url), response.status());
        match retry_after::wait(status, response.headers(), now) {
            Some(wait) => Self::Busy { url, status, wait },
            None => Self::Status { url, status },
        }
    }

    /// Nothing came from `url` (redacted) for as long as `limit`.
    pub fn silent(url: String, limit: Duration) -> Self {
        Self::TimedOut { url, what: "sent nothing for", limit }
    }

    /// The status, if the server answered with one.
    pub fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Status { status, .. } | Self::Busy { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// For how long the server wants not to be asked, if it says so.
    pub fn wait(&self) -> Option<Duration> {
        match self {
            Self::Busy { wait, .. } => Some(*wait),
            _ => None,
        }
    }
}
