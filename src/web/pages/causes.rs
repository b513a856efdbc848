//! Why something is missing, in the language of whoever reads.
//!
//! The words of a cause are English, and say more than its kind. So who reads English reads them alone; everybody else a
//! sentence about the kind, and the words behind it where they say more.

use std::collections::BTreeMap;

use serde::Serialize;

use super::super::language::Language;
use crate::base::redact;
use crate::model::{Cause, CauseKind};

/// The language of the words.
const WORDS: &str = "en";

/// A cause, for a template.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub(super) struct Said {
    /// For everybody.
    pub said: String,
    /// In English, for whoever wants to know it exactly; empty where that says nothing more.
    pub words: String,
}

/// The sentence about a kind of cause, for a script.
#[derive(Debug, Serialize)]
struct Sentence<'a> {
    said: &'a str,
    /// Whether the words say more.
    more: bool,
}

/// What is said of `cause`.
pub(super) fn said(cause: &Cause, language: &Language) -> Said {
    let words = redact::text(&cause.words);
    if language.tag == WORDS && !words.is_empty() {
        return Said { said: words, words: String::new() };
    }
    let more = if cause.kind.says_all() { String::new() } else { words };
    Said { said: sentence(cause.kind, language).to_owned(), words: more }
}

/// All sentences as JSON, for causes that a script is told later; nothing where the words are enough.
pub(super) fn sentences(language: &Language) -> Option<String> {
    if language.tag == WORDS {
        return None;
    }
    let of = |kind: CauseKind| (kind.name(), Sentence { said: sentence(kind, language), more: !kind.says_all() });
    serde_json::to_string(&CauseKind::ALL.map(of).into_iter().collect::<BTreeMap<_, _>>()).ok()
}

fn sentence(kind: CauseKind, language: &Language) -> &str {
    language.messages.get(&format!("cause_{}", kind.name())).map(String::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderMap;
    use axum::http::header::ACCEPT_LANGUAGE;

    use super::*;
    use crate::web::language;

    fn language(tag: &str) -> &'static Language {
        language::of(&HeaderMap::from_iter([(ACCEPT_LANGUAGE, tag.parse().unwrap())]))
    }

    #[test]
    fn every_kind_has_a_sentence_of_its_own_in_every_language_and_no_other_has() {
        for language in language::all() {
            let sentences: Vec<_> = CauseKind::ALL.iter().map(|kind| sentence(*kind, language)).collect();
            assert!(sentences.iter().all(|said| !said.is_empty()), "{}: {sentences:?}", language.tag);
            let different: std::collections::BTreeSet<_> = sentences.iter().collect();
            assert_eq!(different.len(), CauseKind::ALL.len(), "{}", language.tag);
            let keys = language.messages.keys().filter(|key| key.starts_with("cause_"));
            assert_eq!(keys.count(), CauseKind::ALL.len(), "{}", language.tag);
        }
    }

    #[test]
    fn nobody_is_told_the_same_twice() {
        let refused = Cause::new(CauseKind::Refused, "http://h.example/x?token=geheim answered 403 Forbidden");
        let told = said(&refused, language("ko"));
        assert_eq!(told.said, "방송국 서버가 요청을 거부했습니다");
        assert_eq!(told.words, "http://h.example/x?token=… answered 403 Forbidden");
        assert_eq!(said(&refused, language("en")), Said { said: told.words, words: String::new() });
        let ours = Cause::new(CauseKind::NotRunning, "aircheck was not running");
        assert_eq!(said(&ours, language("ko")).words, "");
        assert_eq!(said(&Cause::new(CauseKind::Other, ""), language("en")).said, "something else went wrong");
    }
}
