//! Steps that were found, as they are written into the file.

use regex::Regex;
use url::Url;

use crate::capture::source::resolve::steps::search;
use crate::capture::source::resolve::text;
use crate::config::{Find, Step};

/// A step of a `find` that leads to a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FoundStep {
    /// `get`; empty if it fetches what the step before found.
    Get(Option<Url>),
    /// `select`, with `attr` if there is one.
    Select {
        /// The CSS selector.
        css: String,
        /// The attribute.
        attribute: Option<&'static str>,
    },
    /// `json`.
    Json(String),
    /// `match`.
    Match(String),
}

/// Returns `steps` as they are walked. `None` if a pattern is none.
pub(super) fn numbered(steps: &[FoundStep]) -> Option<Vec<Find>> {
    let step = |(index, step): (usize, &FoundStep)| {
        let step = match step {
            FoundStep::Get(url) => Step::Get { url: url.clone(), headers: Vec::new() },
            FoundStep::Select { css, attribute } => {
                Step::Select { css: css.clone(), attribute: attribute.map(str::to_owned) }
            }
            FoundStep::Json(path) => Step::Json { path: path.clone() },
            FoundStep::Match(pattern) => Step::Match { pattern: Regex::new(pattern).ok()? },
        };
        Some(Find { number: index + 1, step })
    };
    steps.iter().enumerate().map(step).collect()
}

/// Returns the address to which `steps` lead in `page`, which has been fetched from `base`. Blocks.
pub(super) fn led_to(steps: &[FoundStep], page: &str, base: &Url) -> Option<Url> {
    let mut texts = vec![page.to_owned()];
    for find in numbered(steps)? {
        texts = search(&find, &texts).ok()?;
    }
    texts.iter().find_map(|found| text::address(found, Some(base)))
}
