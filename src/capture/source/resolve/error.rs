//! Why no stream was found, in words for the person who wrote the YAML.

use std::fmt;

use reqwest::StatusCode;
use thiserror::Error;
use url::Url;

use super::command::CommandError;
use super::text::{beginning, shortened};
use crate::base::http::HttpError;
use crate::base::redact;
use crate::config::{Find, Step};
use crate::model::{AsCause, CauseKind};

/// How much of a step's own words a message repeats, in characters.
const STEP_QUOTED: usize = 100;

/// Why no URL was found. The words hold no secret: URLs and quotations are redacted.
#[derive(Debug, Error)]
pub enum ResolveError {
    /// The page of a step could not be fetched.
    #[error("{step}: {source}")]
    Fetch {
        /// Which step.
        step: StepName,
        /// What went wrong.
        source: HttpError,
    },
    /// A step found nothing in what it was given.
    #[error("{step} found nothing in {given}")]
    NothingFound {
        /// Which step.
        step: StepName,
        /// What it looked at.
        given: Given,
    },
    /// A `json` step was given something that is no JSON.
    #[error("{step} needs JSON but was given {given}")]
    NotJson {
        /// Which step.
        step: StepName,
        /// What it looked at.
        given: Given,
    },
    /// A `get` without a URL of its own was given no URL.
    #[error("{step} has no URL of its own and found none to fetch in {given}")]
    NothingToGet {
        /// Which step.
        step: StepName,
        /// What it looked at.
        given: Given,
    },
    /// A step's selector or path is invalid; the configuration should have said so.
    #[error("{step} cannot be understood")]
    BadStep {
        /// Which step.
        step: StepName,
    },
    /// A command gave nothing.
    #[error("{step}: {source}")]
    Command {
        /// Which step.
        step: StepName,
        /// Why.
        source: CommandError,
    },
    /// The last step handed on neither a URL nor a playlist.
    #[error("the steps found no URL of a stream: after {step} there is {given}")]
    NoAddress {
        /// The last step.
        step: StepName,
        /// What it handed on.
        given: Given,
    },
    /// There are no steps.
    #[error("`find` has no steps: begin with `- get: URL`")]
    NoSteps,
    /// A PLS, M3U, XSPF or ASX could not be fetched.
    #[error("the playlist file {source}")]
    FetchList {
        /// What went wrong.
        source: HttpError,
    },
    /// A PLS, M3U, XSPF or ASX names no stream.
    #[error("the playlist file {url} names no stream; it is {given}")]
    EmptyList {
        /// Which, redacted.
        url: String,
        /// What it is.
        given: Given,
    },
    /// The address leads to something that belongs under another key of a station.
    #[error("{url} is {is}: that stands under `{key}:` at a station")]
    OtherKind {
        /// Which, redacted.
        url: String,
        /// What it is.
        is: &'static str,
        /// The key.
        key: &'static str,
    },
    /// Playlist files that name each other.
    #[error("the playlist file {url} leads back to itself or through more than {most} others")]
    Endless {
        /// The list at which the chain was given up, redacted.
        url: String,
        /// How many are followed.
        most: usize,
    },
}

impl ResolveError {
    /// The HTTP status, if a server refused with one.
    pub fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Fetch { source, .. } | Self::FetchList { source } => source.status(),
            _ => None,
        }
    }

    /// Whether the last of `steps` found nothing in what it could read: so stations say that they play nothing.
    pub fn found_nothing(&self, steps: &[Find]) -> bool {
        let is_last = |step: &StepName| steps.last().is_some_and(|last| StepName::of(last) == *step);
        match self {
            Self::NothingFound { step, .. } | Self::Command { step, source: CommandError::Silent } => is_last(step),
            _ => false,
        }
    }

    /// Returns what went wrong, without what is quoted of pages, which is other text each time.
    pub fn gist(&self) -> String {
        match self {
            Self::NothingFound { step, .. } => format!("{step} found nothing"),
            Self::NotJson { step, .. } => format!("{step} needs JSON"),
            Self::NothingToGet { step, .. } => format!("{step} found no URL"),
            other => other.to_string(),
        }
    }

    pub(super) fn empty_list(url: &Url, body: &str) -> Self {
        Self::EmptyList { url: redact::url(url), given: Given::one(body) }
    }
}

impl AsCause for ResolveError {
    fn cause_kind(&self) -> CauseKind {
        match self {
            // The network may be at fault, and the steps may be right.
            Self::Fetch { source, .. } | Self::FetchList { source } => match source.cause_kind() {
                kind @ (CauseKind::Connection | CauseKind::Stalled) => kind,
                _ => CauseKind::Address,
            },
            _ => CauseKind::Address,
        }
    }
}

/// A step by number and by its words in the YAML: ``step 2 (`select: script`)``.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepName {
    number: usize,
    words: String,
}

impl StepName {
    pub(super) fn of(find: &Find) -> Self {
        let words = match &find.step {
            Step::Get { url: Some(url), .. } => format!("get: {}", redact::url(url)),
            Step::Get { url: None, .. } => "get".to_owned(),
            Step::Select { css, attribute: None } => format!("select: {css}"),
            Step::Select { css, attribute: Some(name) } => format!("select: {css}, attr: {name}"),
            Step::Json { path } => format!("json: {path}"),
            Step::Match { pattern } => format!("match: {pattern}"),
            Step::Run { command } => redact::text(&format!("run: {}", command.join(" "))),
        };
        Self { number: find.number, words: shortened(&words, STEP_QUOTED) }
    }
}

impl fmt::Display for StepName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "step {} (`{}`)", self.number, self.words)
    }
}

/// What a step was given: how many texts, and how the first one begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    count: usize,
    beginning: String,
}

impl Given {
    pub(super) fn of(texts: &[String]) -> Self {
        Self { count: texts.len(), beginning: texts.first().map(|text| beginning(text)).unwrap_or_default() }
    }

    pub(super) fn one(text: &str) -> Self {
        Self { count: 1, beginning: beginning(text) }
    }
}

impl fmt::Display for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.count, self.beginning.as_str()) {
            (0, _) => f.write_str("nothing"),
            (1, "") => f.write_str("an empty text"),
            (1, start) => write!(f, "a text that begins: {start}"),
            (count, start) => write!(f, "{count} texts, the first of which begins: {start}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_that_is_away_is_not_called_a_wrong_address() {
        let (url, reason) = ("http://h.example/".to_owned(), "no route to host".to_owned());
        let away = HttpError::Unreachable { url: url.clone(), reason };
        assert_eq!(ResolveError::FetchList { source: away }.cause_kind(), CauseKind::Connection);
        let moved = HttpError::Status { url, status: StatusCode::NOT_FOUND };
        assert_eq!(ResolveError::FetchList { source: moved }.cause_kind(), CauseKind::Address);
        assert_eq!(ResolveError::NoSteps.cause_kind(), CauseKind::Address);
    }
}
