//! The steps of a `find`: from a page of a station to the address of its stream, or to what it plays.

use regex::Regex;
use url::Url;

/// One step of a `find`, with its number for messages.
#[derive(Debug, Clone, PartialEq)]
pub struct Find {
    /// 1 for the first step.
    pub number: usize,
    /// What it does.
    pub step: Step,
}

/// What a step does with the text of the step before.
#[derive(Debug, Clone)]
pub enum Step {
    /// Fetches a page.
    Get {
        /// The page. `None` if it is the URL that the step before found.
        url: Option<Url>,
        /// Headers of this request, besides the station's own.
        headers: Vec<(String, String)>,
    },
    /// Picks HTML elements by a CSS selector.
    Select {
        /// The selector, valid.
        css: String,
        /// The attribute to take. `None` for the text.
        attribute: Option<String>,
    },
    /// Picks values of a JSON document by JSONPath (RFC 9535).
    Json {
        /// The path, valid.
        path: String,
    },
    /// Matches a regular expression: its first group, or all of it if it has no group.
    Match {
        /// The expression.
        pattern: Regex,
    },
    /// Runs a command of the user's own, with the text on its stdin; what it prints is the result.
    Run {
        /// Program and arguments; no shell.
        command: Vec<String>,
    },
}

/// Expressions are equal if they are written alike.
impl PartialEq for Step {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Get { url, headers }, Self::Get { url: url_too, headers: headers_too }) => {
                (url, headers) == (url_too, headers_too)
            }
            (Self::Select { css, attribute }, Self::Select { css: css_too, attribute: attribute_too }) => {
                (css, attribute) == (css_too, attribute_too)
            }
            (Self::Json { path }, Self::Json { path: other }) => path == other,
            (Self::Match { pattern }, Self::Match { pattern: other }) => pattern.as_str() == other.as_str(),
            (Self::Run { command }, Self::Run { command: other }) => command == other,
            _ => false,
        }
    }
}
