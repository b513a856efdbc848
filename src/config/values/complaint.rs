//! What is wrong with a value, and what was probably meant.

use std::collections::HashSet;

/// Why a value is not what it should be. The reader of the file adds line and column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// Values that may have been meant. Those that the parser takes are proposed instead of the hint, by
    /// [`parse_or_suggest`].
    pub suggestions: Vec<String>,
}

/// The most suggestions that are proposed at once.
const MAX_SUGGESTIONS: usize = 3;

/// Parses `text`. If that fails, parses the suggestions as well, so that nothing is proposed that would be refused next.
pub fn parse_or_suggest<T>(text: &str, parse: impl Fn(&str) -> Result<T, Complaint>) -> Result<T, Complaint> {
    parse(text).map_err(|complaint| {
        let mut seen = HashSet::new();
        let once = complaint.suggestions.iter().map(String::as_str).filter(|text| seen.insert(*text));
        let right: Vec<&str> = once.filter(|text| parse(text).is_ok()).take(MAX_SUGGESTIONS).collect();
        if right.is_empty() {
            complaint
        } else {
            Complaint { hint: Some(format!("write {}", any_of(right))), ..complaint }
        }
    })
}

impl Complaint {
    /// A complaint that says what is wrong, and nothing else yet.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None, suggestions: Vec::new() }
    }

    /// Adds values that may have been meant.
    pub fn suggest(mut self, texts: impl IntoIterator<Item = String>) -> Self {
        self.suggestions.extend(texts);
        self
    }

    /// Says what to do about it.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// Returns the candidate that is nearest to `word`, if it differs in at most a third of the letters.
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

/// Lists `words` as alternatives, each in backticks: `` `a`, `b` or `c` ``.
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
