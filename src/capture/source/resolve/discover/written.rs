//! A way as the file writes it.

use super::{FoundStep, Place, Way};
use crate::config::edit::{Quotes, Written};

impl Way {
    /// Returns the keys of a station that is called `name` and is reached so, by requests with these headers.
    pub fn keys(&self, name: &str, headers: &[(String, String)]) -> Vec<(String, Written)> {
        let mut inner = match &self.place {
            Place::At(url) if headers.is_empty() => {
                return vec![key("name", Written::text(name)), key(self.key, Written::text(url.as_str()))];
            }
            Place::At(url) => vec![key("url", Written::text(url.as_str()))],
            Place::Found(steps) => vec![key("find", Written::List(steps.iter().map(step).collect()))],
        };
        if !headers.is_empty() {
            let headers = headers.iter().map(|(name, value)| key(name, Written::text(value))).collect();
            inner.push(key("headers", Written::Map(headers)));
        }
        vec![key("name", Written::text(name)), key(self.key, Written::Map(inner))]
    }
}

fn step(step: &FoundStep) -> Vec<(String, Written)> {
    match step {
        FoundStep::Get(None) => vec![key("get", Written::Nothing)],
        FoundStep::Get(Some(url)) => vec![key("get", Written::text(url.as_str()))],
        FoundStep::Select { css, attribute } => {
            let attribute = attribute.map(|attribute| key("attr", Written::text(attribute)));
            std::iter::once(key("select", Written::text(css))).chain(attribute).collect()
        }
        FoundStep::Json(path) => vec![key("json", Written::text(path))],
        FoundStep::Match(pattern) => vec![key("match", Written::Text(pattern.clone(), Quotes::Single))],
    }
}

fn key(name: &str, value: Written) -> (String, Written) {
    (name.to_owned(), value)
}
