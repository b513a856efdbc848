//! A message before it is known in which language it is said.

use std::fmt;

use super::Language;

/// The key of a message, and the values for its names. Displays in English, for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sentence {
    /// What stands before it, the same in every language.
    mark: String,
    key: &'static str,
    values: Vec<(&'static str, Value)>,
}

/// What stands in the place of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Value {
    /// The same text in every language.
    Text(String),
    /// A reason: a message that explains it, and English words that say more.
    Reason { key: String, words: String },
}

impl Value {
    fn say(&self, language: &Language) -> String {
        let (key, words) = match self {
            Self::Text(text) => return text.clone(),
            Self::Reason { key, words } => (key, words.as_str()),
        };
        let explained = language.messages.get(key).map_or("", String::as_str);
        let is_english = language.tag == Language::english().tag;
        match (explained, words) {
            ("", words) => words.to_owned(),
            (explained, "") => explained.to_owned(),
            // A reader of English needs no explanation before them.
            (_, words) if is_english => words.to_owned(),
            (explained, words) => format!("{explained}: {words}"),
        }
    }
}

impl Sentence {
    /// Makes a sentence of the message under `key`.
    pub fn new(key: &'static str) -> Self {
        Self { mark: String::new(), key, values: Vec::new() }
    }

    /// Puts `value` in the place of `{name}`.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.values.push((name, Value::Text(value.to_string())));
        self
    }

    /// Puts a reason in the place of `{name}`: the English `words`, after what the message under `key` explains to those who
    /// read another language. Whichever of the two is empty is left out.
    #[must_use]
    pub fn with_reason(mut self, name: &'static str, key: impl Into<String>, words: impl Into<String>) -> Self {
        self.values.push((name, Value::Reason { key: key.into(), words: words.into() }));
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
        let said: Vec<_> = self.values.iter().map(|(name, value)| (*name, value.say(language))).collect();
        let values: Vec<(&str, &str)> = said.iter().map(|(name, value)| (*name, value.as_str())).collect();
        self.mark.clone() + &language.say(self.key, &values)
    }
}

impl fmt::Display for Sentence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.say(Language::english()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_explained_to_those_who_read_no_english() {
        let korean = Language::liked("ko");
        let why = |key: &str, words: &str| Sentence::new("told_words").with_reason("words", key, words);
        let refused = why("cause_refused", "it answered 403");
        assert_eq!(refused.to_string(), "it answered 403");
        assert_eq!(refused.say(korean), "방송국 서버가 요청을 거부했습니다: it answered 403");
        assert_eq!(why("cause_refused", "").say(korean), "방송국 서버가 요청을 거부했습니다");
        assert_eq!(why("", "line 3: no such key").say(korean), "line 3: no such key");
    }
}
