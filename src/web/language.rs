//! The languages of the page: one file of messages each, in `messages/`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use axum::http::HeaderMap;
use axum::http::header::ACCEPT_LANGUAGE;

/// The messages of one language, by their keys.
pub(super) type Messages = BTreeMap<String, String>;

/// A language.
#[derive(Debug)]
pub(super) struct Language {
    /// Its tag (RFC 5646), for `lang`.
    pub tag: &'static str,
    /// Its messages.
    pub messages: Messages,
}

/// The first is spoken to whoever understands none.
static LANGUAGES: LazyLock<Vec<Language>> = LazyLock::new(|| {
    let read = |tag, text| Language { tag, messages: serde_json::from_str(text).unwrap_or_default() };
    vec![read("en", include_str!("messages/en.json")), read("ko", include_str!("messages/ko.json"))]
});

/// All of them.
#[cfg(test)]
pub(super) fn all() -> &'static [Language] {
    &LANGUAGES
}

/// The language that the browser likes best among ours (RFC 9110 section 12.5.4).
pub(super) fn of(headers: &HeaderMap) -> &'static Language {
    let wanted = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut ranges: Vec<(&str, f32)> = wanted
        .split(',')
        .map(|range| {
            let (tag, quality) = range.split_once(';').unwrap_or((range, "q=1"));
            (tag.trim(), quality.trim().strip_prefix("q=").and_then(|q| q.parse().ok()).unwrap_or(0.0))
        })
        .collect();
    // Stable, so that of equal ones the first is liked best.
    ranges.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    let ours = |tag: &str| {
        LANGUAGES.iter().find(|ours| tag.split('-').next().is_some_and(|t| t.eq_ignore_ascii_case(ours.tag)))
    };
    ranges.iter().filter(|(_, quality)| *quality > 0.0).find_map(|(tag, _)| ours(tag)).unwrap_or(&LANGUAGES[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_browser_chooses_and_english_is_for_the_rest() {
        let asked = |value: &str| of(&HeaderMap::from_iter([(ACCEPT_LANGUAGE, value.parse().unwrap())])).tag;
        assert_eq!(asked("ko-KR,ko;q=0.9,en-US;q=0.8"), "ko");
        assert_eq!(asked("fr, en;q=0.3, ko;q=0.7"), "ko");
        assert_eq!(asked("ko;q=0, fr"), "en");
        assert_eq!(of(&HeaderMap::new()).tag, "en");
    }

    #[test]
    fn every_language_has_every_message() {
        let keys = |language: &Language| language.messages.keys().cloned().collect::<Vec<_>>();
        assert!(!keys(&LANGUAGES[0]).is_empty());
        for language in LANGUAGES.iter() {
            assert_eq!(keys(language), keys(&LANGUAGES[0]), "{}", language.tag);
        }
    }
}
