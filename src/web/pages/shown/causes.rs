//! Causes and notes, in the language of the reader.
//!
//! The words of a cause are English, and say more than its kind. So a reader of English gets the words alone; others
//! get a sentence about the kind, followed by the words if they say more.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::base::redact;
use crate::language::Language;
use crate::model::{Cause, CauseKind, Note};

/// A cause, for a template.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Said {
    /// The sentence in the language of the reader.
    pub said: String,
    /// The exact words in English; empty if they say nothing more.
    pub words: String,
}

/// The sentence about a kind of cause, for a script.
#[derive(Debug, Serialize)]
struct Explained<'a> {
    said: &'a str,
    /// Whether the words of a cause say more.
    more: bool,
}

/// Returns the texts for `cause`.
pub fn said(cause: &Cause, language: &Language) -> Said {
    let words = redact::text(&cause.words);
    if is_english(language) && !words.is_empty() {
        return Said { said: words, words: String::new() };
    }
    let more = if cause.kind.says_all() { String::new() } else { words };
    Said { said: sentence(cause.kind, language).to_owned(), words: more }
}

/// Returns the texts for `note`.
pub fn say_note(note: &Note, language: &Language) -> Said {
    Said { said: note.kind.said(language), words: redact::text(&note.reason) }
}

/// Returns all sentences as JSON, for causes that a script gets later. `None` if the words are enough.
pub fn sentences(language: &Language) -> Option<String> {
    if is_english(language) {
        return None;
    }
    let of = |kind: CauseKind| (kind.name(), Explained { said: sentence(kind, language), more: !kind.says_all() });
    serde_json::to_string(&CauseKind::ALL.map(of).into_iter().collect::<BTreeMap<_, _>>()).ok()
}

fn is_english(language: &Language) -> bool {
    language.tag == Language::english().tag
}

fn sentence(kind: CauseKind, language: &Language) -> &str {
    language.messages.get(&format!("cause_{}", kind.name())).map(String::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_sentence_of_its_own_in_every_language_and_no_other_has() {
        for language in Language::all() {
            let sentences: Vec<_> = CauseKind::ALL.iter().map(|kind| sentence(*kind, language)).collect();
            assert!(sentences.iter().all(|said| !said.is_empty()), "{}: {sentences:?}", language.tag);
            let different: std::collections::BTreeSet<_> = sentences.iter().collect();
            assert_eq!(different.len(), CauseKind::ALL.len(), "{}", language.tag);
            let keys = language.messages.keys().filter(|key| key.starts_with("cause_"));
            assert_eq!(keys.count(), CauseKind::ALL.len(), "{}", language.tag);
        }
    }

    #[test]
    fn no_text_says_the_same_thing_twice() {
        let refused = Cause::new(CauseKind::Refused, "http://h.example/x?token=geheim answered 403 Forbidden");
        let texts = said(&refused, Language::liked("ko"));
        assert_eq!(texts.said, "방송국 서버가 요청을 거부했습니다");
        assert_eq!(texts.words, "http://h.example/x?token=… answered 403 Forbidden");
        assert_eq!(said(&refused, Language::english()), Said { said: texts.words, words: String::new() });
        let ours = Cause::new(CauseKind::NotRunning, "aircheck was not running");
        assert_eq!(said(&ours, Language::liked("ko")).words, "");
        assert_eq!(said(&Cause::new(CauseKind::Other, ""), Language::english()).said, "something else went wrong");
    }
}
