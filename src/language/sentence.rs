//! A message before it is known in which language it is said.

use std::fmt;

use super::Language;

/// The key of a message, and the values for its names. Displays in English, for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sentence {
    /// What stands before it, the same in every language.
    mark: String,
    key: &'static str,
    values: Vec<(&'static str, String)>,
}

impl Sentence {
    /// Makes a sentence of the message under `key`.
    pub fn new(key: &'static str) -> Self {
        Self { mark: String::new(), key, values: Vec::new() }
    }

    /// Puts `value` in the place of `{name}`.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.values.push((name, value.to_string()));
        self
    }

    /// Puts `mark` before it, such as the number of what it is about.
    #[must_use]
    pub fn marked(self, mark: impl fmt::Display) -> Self {
        Self { mark: mark.to_string(), ..self }
    }

    /// Returns the key of its message.
    pub fn key(&self) -> &'static str {
        self.key
    }

    /// Says the sentence in `language`.
    pub fn say(&self, language: &Language) -> String {
        let values: Vec<(&str, &str)> = self.values.iter().map(|(name, value)| (*name, value.as_str())).collect();
        self.mark.clone() + &language.say(self.key, &values)
    }
}

impl fmt::Display for Sentence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.say(Language::english()))
    }
}
