//! Shows and stations as people call them: by their id, else by their title or name.

use std::fmt;

use crate::base::text::composed;

/// Returns the ids of those of `known` (id and name) that are called `text`: the one with this id, else all with this name,
/// in upper or lower case.
pub(super) fn ids<'a>(text: &str, known: impl Iterator<Item = (&'a str, &'a str)> + Clone) -> Vec<String> {
    let text = &*composed(text);
    if known.clone().any(|(id, _)| id == text) {
        return vec![text.to_owned()];
    }
    let name = text.trim().to_lowercase();
    let mut ids: Vec<_> =
        known.filter(|(_, other)| other.to_lowercase() == name).map(|(id, _)| id.to_owned()).collect();
    ids.sort();
    ids.dedup();
    ids
}

/// Why a show or a station is not found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unknown {
    /// `show` or `station`.
    noun: &'static str,
    asked: String,
    known: Vec<String>,
}

/// The most ids that are listed.
const MAX_LISTED: usize = 30;

impl Unknown {
    /// No `noun` is called `asked`; the ids of those that exist are `known`.
    pub(super) fn new(noun: &'static str, asked: &str, known: impl IntoIterator<Item = String>) -> Self {
        let mut known: Vec<_> = known.into_iter().collect();
        known.sort();
        known.dedup();
        Self { noun, asked: asked.to_owned(), known }
    }
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { noun, asked, known } = self;
        write!(f, "there is no {noun} `{asked}`; there ")?;
        if known.is_empty() {
            return write!(f, "are none yet");
        }
        let more = if known.len() > MAX_LISTED { ", …" } else { "" };
        let listed: Vec<_> = known.iter().take(MAX_LISTED).map(String::as_str).collect();
        write!(f, "are: {}{more}", listed.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_comes_before_a_name_and_a_name_may_be_that_of_several() {
        let known = [("news", "뉴스"), ("뉴스", "Other"), ("a", "Jazz"), ("b", "JAZZ"), ("b", "jazz")];
        assert_eq!(ids("뉴스", known.into_iter()), ["뉴스"]);
        assert_eq!(ids("other", known.into_iter()), ["뉴스"]);
        assert_eq!(ids(" Jazz", known.into_iter()), ["a", "b"]);
        assert_eq!(ids("News", known.into_iter()), [""; 0]);
    }
}
