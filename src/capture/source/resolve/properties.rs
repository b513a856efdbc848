//! What holds for every page, as checks that panic if it does not.
#![expect(clippy::missing_panics_doc, reason = "to panic is all they do")]

use arbitrary::{Result, Unstructured};
use chrono::{DateTime, TimeDelta};
use regex::Regex;
use url::Url;

use super::jsonpath::{self, Picked};
use super::playlist_file::{self, Content};
use super::{error::Given, expiry, html, steps, text};
use crate::base::redact;
use crate::config::{Find, Step};

const SELECTORS: [(&str, Option<&str>); 6] = [
    ("script", None),
    ("source", Some("src")),
    ("div > p:first-child", None),
    ("*", None),
    ("*", Some("href")),
    ("a[href*=live]", Some("HREF")),
];
const PATHS: [&str; 5] =
    ["$", "$..*", "$.channel_item[?@.media_type == 'radio'].service_url", "$[*]['url','u']", "$..[?length(@.a) > 1]"];
/// What a step may hand on here.
const MOST: usize = 4096;

/// Any page is searched in bounded time for a bounded amount of text, and every address that is found is one. The first
/// byte says what it is searched for, the second which content type its server gives.
pub fn page(bytes: &[u8]) {
    let [kind, charset, body @ ..] = bytes else { return };
    let content_type = ["", "text/html; charset=euc-kr", "text/plain; charset=utf-16le", "text/html; charset=\"x\""];
    let document = text::decode(body, content_type.get(usize::from(*charset)).copied().unwrap_or_default());

    let at = usize::from(*kind);
    let mut found = Vec::new();
    if let Some((css, attribute)) = SELECTORS.get(at % SELECTORS.len()) {
        found.extend(html::select(&document, css, *attribute, MOST).unwrap_or_default());
    }
    if let Some(path) = PATHS.get(at % PATHS.len())
        && let Picked::Texts(texts) = jsonpath::pick(&document, path, MOST)
    {
        assert!(!texts.is_empty());
        found.extend(texts);
    }
    assert!(found.iter().map(String::len).sum::<usize>() <= 2 * MOST);
    assert!(found.iter().all(|text| !text.trim().is_empty()));

    let plain = text::unescape(&document);
    assert!(plain.len() <= document.len(), "taking escapes off makes it longer");
    if let Content::Entries(entries) = playlist_file::read(&document) {
        assert!(!entries.is_empty() && entries.len() <= document.len());
        found.extend(entries);
    }
    let base = Url::parse("https://radio.example/player/?x=1").ok();
    let now = DateTime::UNIX_EPOCH + TimeDelta::days(20_000);
    found.extend(document.lines().take(20).map(str::to_owned));
    for found in &found {
        let Some(url) = text::listed_address(found, base.as_ref()) else { continue };
        assert!(url.has_host() && (url.scheme().starts_with("http") || url.scheme().starts_with("rtmp")), "{url}");
        // Escapes in many layers come off layer by layer, and a host may hide a quote in one.
        let clear = !url.as_str().contains(['\\', '&', '"', '<', '>', '{', '}']);
        assert!(!clear || text::address(url.as_str(), None).as_ref() == Some(&url), "{found:?} becomes {url}");
        let _ = (expiry::read(&url, now), redact::url(&url));
    }
    let _ = Given::of(&found).to_string();
    let words = redact::text(&document);
    assert!(words.len() <= document.len() * 2, "redaction makes it longer");
}

const PATTERNS: [&str; 8] = [
    r#"service_url\\":\\"(.*?)\\""#,
    r#""(?:url|src)"\s*:\s*"([^"]*)""#,
    r#"https?://[^\s"'<>]+\.m3u8[^\s"'<>]*"#,
    r"(?s)\{.*\}",
    r"(?i)file:\s*'(?P<address>[^']+)'",
    r"(?m)^(.*)$",
    r"(\w+)+$",
    r"()",
];

/// Any page can go through up to four steps: each hands on text that was in what it was given, or an error says what it
/// was given. The first byte says how many, the next ones which.
pub fn steps(bytes: &[u8]) {
    let mut choices = Unstructured::new(bytes);
    let Ok(chosen) = chosen_steps(&mut choices) else { return };
    let mut texts = vec![String::from_utf8_lossy(choices.take_rest()).into_owned()];
    for (number, (kind, which)) in (1..).zip(chosen) {
        let find = Find { number, step: step(kind, usize::from(which)) };
        let given: usize = texts.iter().map(String::len).sum();
        texts = match steps::search(&find, &texts) {
            Ok(texts) => texts,
            Err(error) => {
                let words = error.to_string();
                assert!(words.contains(&format!("step {number}")) && words.len() < 2_000, "{words}");
                return;
            }
        };
        assert!(!texts.is_empty() && texts.iter().all(|text| !text.trim().is_empty()), "{texts:?}");
        let found: usize = texts.iter().map(String::len).sum();
        // A pattern takes parts that do not overlap; elements and values contain each other.
        assert!(!matches!(find.step, Step::Match { .. }) || found <= given, "{found} bytes out of {given}");
    }
}

/// Up to four steps, each by its kind and a number.
fn chosen_steps(choices: &mut Unstructured<'_>) -> Result<Vec<(u8, u8)>> {
    (0..=choices.int_in_range(0..=3_u8)?).map(|_| Ok((choices.arbitrary()?, choices.arbitrary()?))).collect()
}

#[expect(clippy::expect_used, reason = "constants, each of which a test uses")]
fn step(kind: u8, which: usize) -> Step {
    match kind % 3 {
        0 => {
            let (css, attribute) = SELECTORS[which % SELECTORS.len()];
            Step::Select { css: css.to_owned(), attribute: attribute.map(str::to_owned) }
        }
        1 => Step::Json { path: PATHS[which % PATHS.len()].to_owned() },
        _ => Step::Match { pattern: Regex::new(PATTERNS[which % PATTERNS.len()]).expect("a valid pattern") },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::corpus;

    #[test]
    fn every_page_is_searched_without_harm() {
        corpus::check("page", 300, page);
    }

    #[test]
    fn every_page_goes_through_steps_without_harm() {
        corpus::check("steps", 300, steps);
    }
}
