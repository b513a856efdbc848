//! Why a value is not what it should be.

use std::collections::HashSet;

/// Why a single value is not what it should be; the reader adds the place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// What the whole value may have been meant to be. Of these only what the reader takes is proposed, in place of the
    /// hint; see [`parse_or_suggest`].
    pub suggestions: Vec<String>,
}

/// So many of what may have been meant are proposed.
const MOST_SUGGESTIONS: usize = 3;

/// Reads `text` by `parse`. Where that fails, what may have been meant is read as well, so that nothing is proposed that
/// would be refused next.
pub fn parse_or_suggest<T>(text: &str, parse: impl Fn(&str) -> Result<T, Complaint>) -> Result<T, Complaint> {
    parse(text).map_err(|complaint| {
        let mut seen = HashSet::new();
        let once = complaint.suggestions.iter().map(String::as_str).filter(|text| seen.insert(*text));
        let right: Vec<&str> = once.filter(|text| parse(text).is_ok()).take(MOST_SUGGESTIONS).collect();
        if right.is_empty() {
            complaint
        } else {
            Complaint { hint: Some(format!("write {}", any_of(right))), ..complaint }
        }
    })
}

impl Complaint {
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None, suggestions: Vec::new() }
    }

    /// Adds what the whole value may have been meant to be.
    pub fn suggest(mut self, texts: impl IntoIterator<Item = String>) -> Self {
        self.suggestions.extend(texts);
        self
    }

    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// The candidate that `word` was probably meant to be.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let allowed = (word.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&word, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// `a`, `b` or `c`, each in backticks.
pub fn any_of<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let quoted: Vec<String> = words.into_iter().map(|word| format!("`{word}`")).collect();
    match quoted.split_last() {
        None => String::new(),
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_are_found_and_far_ones_are_not() {
        assert_eq!(nearest("lenght", ["late", "length"]), Some("length"));
        assert_eq!(nearest("xyz", ["late", "length"]), None);
    }
}
