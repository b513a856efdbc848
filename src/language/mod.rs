//! The languages in which aircheck speaks to people, with one file of messages each, in `messages/`.
//!
//! A message is a text with names in braces for its values: `{seconds} s of sound`. A message has the same names in all
//! languages; their order and every word around them belong to the language. To add a language, add a file and put its
//! tag into the list.

mod sentence;

use std::collections::BTreeMap;
use std::sync::LazyLock;

pub use sentence::Sentence;

/// The messages of one language, by their keys.
pub type Messages = BTreeMap<String, String>;

/// A language.
#[derive(Debug)]
pub struct Language {
    /// Its tag (RFC 5646), for `lang` and `Content-Language`.
    pub tag: &'static str,
    /// Its messages.
    pub messages: Messages,
}

macro_rules! languages {
    ($($tag:literal),+) => {
        vec![$(Language {
            tag: $tag,
            // The tests read every file.
            messages: serde_json::from_str(include_str!(concat!("messages/", $tag, ".json"))).unwrap_or_default(),
        }),+]
    };
}

/// The first is for those who understand none of them, for programs and for the log.
static LANGUAGES: LazyLock<Vec<Language>> = LazyLock::new(|| languages!["en", "ko"]);

impl Language {
    /// Returns the language of the log and the command line.
    pub fn english() -> &'static Self {
        &LANGUAGES[0]
    }

    /// Returns all languages.
    #[cfg(test)]
    pub fn all() -> &'static [Self] {
        &LANGUAGES
    }

    /// Returns the preferred language of ours, by the value of `Accept-Language` (RFC 9110 section 12.5.4).
    pub fn liked(accepted: &str) -> &'static Self {
        let mut ranges: Vec<(&str, f32)> = accepted
            .split(',')
            .map(|range| {
                let (tag, quality) = range.split_once(';').unwrap_or((range, "q=1"));
                (
                    tag.trim(),
                    quality.trim().to_ascii_lowercase().strip_prefix("q=").and_then(|q| q.parse().ok()).unwrap_or(0.0),
                )
            })
            .collect();
        // The sort is stable, so the first of equal ones is preferred.
        ranges.sort_by(|(_, a), (_, b)| b.total_cmp(a));
        let ours = |tag: &str| {
            LANGUAGES.iter().find(|ours| tag.split('-').next().is_some_and(|t| t.eq_ignore_ascii_case(ours.tag)))
        };
        ranges.iter().filter(|(_, quality)| *quality > 0.0).find_map(|(tag, _)| ours(tag)).unwrap_or(Self::english())
    }

    /// Returns the message under `key` with its names filled in. A name that has no value stays as it is written.
    pub fn say(&self, key: &str, values: &[(&str, &str)]) -> String {
        let value = |name: &str| values.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
        let mut said = String::new();
        let mut rest = self.messages.get(key).map_or(key, String::as_str);
        while let Some((before, inside)) = rest.split_once('{') {
            said.push_str(before);
            let named = inside.split_once('}').and_then(|(name, after)| Some((value(name)?, after)));
            if let Some((value, after)) = named {
                said.push_str(value);
                rest = after;
            } else {
                said.push('{');
                rest = inside;
            }
        }
        said + rest
    }

    /// Returns the word at `index` of the message under `key` that is a list of words, such as `weekdays`.
    pub fn word(&self, key: &str, index: usize) -> &str {
        self.messages.get(key).and_then(|words| words.split(' ').nth(index)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use regex::Regex;

    use super::*;

    #[test]
    fn the_browser_chooses_the_language_and_english_is_for_the_rest() {
        let liked = |accepted| Language::liked(accepted).tag;
        assert_eq!(liked("ko-KR,ko;q=0.9,en-US;q=0.8"), "ko");
        assert_eq!(liked("fr, en;q=0.3, ko;q=0.7"), "ko");
        assert_eq!(liked("ko;q=0, fr"), "en");
        assert_eq!(liked(""), "en");
    }

    #[test]
    fn names_are_filled_in_once_and_other_braces_stay() {
        let messages = [("key", "{a} and {b}: `web: { {c} }`")].map(|(key, text)| (key.to_owned(), text.to_owned()));
        let language = Language { tag: "xx", messages: messages.into() };
        assert_eq!(language.say("key", &[("b", "{a}"), ("a", "명")]), "명 and {a}: `web: { {c} }`");
        assert_eq!(language.say("no_key", &[]), "no_key");
    }

    #[test]
    fn every_language_has_every_message() {
        let keys = |language: &Language| language.messages.keys().cloned().collect::<Vec<_>>();
        assert!(!keys(Language::english()).is_empty());
        for language in LANGUAGES.iter() {
            assert_eq!(keys(language), keys(Language::english()), "{}", language.tag);
        }
    }

    #[test]
    fn a_message_has_the_same_names_in_every_language() {
        let names = |text: &str| -> BTreeSet<String> {
            let name = Regex::new(r"\{\w+\}").unwrap();
            name.find_iter(text).map(|found| found.as_str().to_owned()).collect()
        };
        for language in LANGUAGES.iter() {
            for (key, text) in &language.messages {
                assert_eq!(names(text), names(&Language::english().messages[key]), "{key} of {}", language.tag);
            }
        }
    }

    #[test]
    fn every_sentence_has_a_message() {
        let mut asked = BTreeSet::new();
        collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut asked);
        assert!(!asked.is_empty());
        asked.retain(|key| !Language::english().messages.contains_key(key));
        assert_eq!(asked, BTreeSet::new());
    }

    /// The keys of the sentences in the sources below `folder`.
    fn collect(folder: &Path, keys: &mut BTreeSet<String>) {
        let key = Regex::new(r#"Sentence::new\(\s*"(\w+)""#).unwrap();
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                collect(&path, keys);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
                keys.extend(key.captures_iter(code).map(|found| found[1].to_owned()));
            }
        }
    }
}
