//! What on a page looks like a stream, and the steps that lead to it: players of HTML, JSON, addresses in scripts.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;
use url::Url;

use super::steps::{FoundStep, led_to};
use crate::capture::source::resolve::html;
use crate::capture::source::resolve::text::{self, constant};

/// The most addresses of a page that are looked at.
const MOST_ADDRESSES: usize = 400;
/// The most candidates that are tried.
pub(super) const MOST_TRIED: usize = 12;
/// The longest name, in characters.
pub(super) const LONGEST_NAME: usize = 80;
/// The most bytes of what a selector finds.
const MOST_BYTES: usize = 1 << 20;
/// How many bytes before an address may say what it is called.
const BEFORE: usize = 80;

/// What was found on a page.
#[derive(Debug, Default)]
pub(super) struct Page {
    /// What the page is called.
    pub name: Option<String>,
    /// What may be a stream.
    pub candidates: Vec<Candidate>,
    /// Frames and scripts, which may say more.
    pub further: Vec<Url>,
}

/// Something that may be a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Candidate {
    /// Its address as it is now.
    pub url: Url,
    /// The steps from the page to it.
    pub steps: Vec<FoundStep>,
    /// How likely it is a stream; the lowest is the likeliest.
    pub rank: u8,
}

/// Elements that play, and the attribute in which they say what.
const PLAYERS: [(&str, &str); 9] = [
    ("audio source", "src"),
    ("audio", "src"),
    ("video source", "src"),
    ("video", "src"),
    ("meta[property=\"og:audio\"]", "content"),
    ("meta[name=\"twitter:player:stream\"]", "content"),
    ("[data-stream]", "data-stream"),
    ("[data-stream-url]", "data-stream-url"),
    ("[data-src]", "data-src"),
];

/// Links to lists and streams.
const LINKS: [&str; 5] =
    ["a[href*=\".m3u8\"]", "a[href*=\".pls\"]", "a[href*=\".m3u\"]", "a[href^=\"rtmp\"]", "a[href*=\".xspf\"]"];

/// Searches the text of a page that was fetched from `base`. Blocks.
pub(super) fn search(page: &str, base: &Url) -> Page {
    if let Ok(document) = serde_json::from_str::<Value>(page.trim_start_matches('\u{feff}')) {
        let mut candidates = Vec::new();
        in_json(&document, "$", base, &mut candidates);
        return Page { name: None, candidates, further: Vec::new() };
    }
    let select =
        |css: &str, attribute: Option<&str>| html::select(page, css, attribute, MOST_BYTES).unwrap_or_default();
    let mut candidates = Vec::new();
    let links = LINKS.map(|css| (css, "href"));
    for (index, (css, attribute)) in PLAYERS.into_iter().chain(links).enumerate() {
        let found = select(css, Some(attribute));
        // A step hands on all that it selects, and the first that suits counts.
        let Some(url) = found.iter().find_map(|found| text::address(found, Some(base))) else { continue };
        let is_player = index < 6;
        let Some(rank) = rank(&url).or(is_player.then_some(3)) else { continue };
        let steps = vec![FoundStep::Select { css: css.to_owned(), attribute: Some(attribute) }];
        candidates.push(Candidate { url, steps, rank });
    }
    candidates.extend(in_words(page, base));
    let name = [("meta[property=\"og:site_name\"]", Some("content")), ("title", None)]
        .into_iter()
        .find_map(|(css, attribute)| select(css, attribute).into_iter().next())
        .map(|name| text::line(&name, LONGEST_NAME))
        .filter(|name| !name.is_empty());
    let frames = select("iframe[src]", Some("src"));
    let scripts = select("script[src]", Some("src")).into_iter().filter(|script| !is_library(script));
    let further = frames.into_iter().chain(scripts).filter_map(|found| text::address(&found, Some(base)));
    let mut further: Vec<Url> = further.filter(|url| matches!(url.scheme(), "http" | "https")).collect();
    further.dedup();
    Page { name, candidates, further }
}

/// Scripts in which no station says where its stream is.
fn is_library(script: &str) -> bool {
    const LIBRARIES: [&str; 14] = [
        "jquery",
        "bootstrap",
        "googletag",
        "google-analytics",
        "gtag",
        "analytics",
        "recaptcha",
        "polyfill",
        "react",
        "modernizr",
        "hls.min",
        "hls.js",
        "facebook",
        "adsbygoogle",
    ];
    let script = script.to_lowercase();
    LIBRARIES.iter().any(|library| script.contains(library))
}

/// How likely an address is that of a stream; `None` if nothing in it says so.
fn rank(url: &Url) -> Option<u8> {
    let (scheme, path) = (url.scheme(), url.path().to_lowercase());
    let ends = |ends: &[&str]| ends.iter().any(|end| path.ends_with(end));
    if path.contains(".m3u8") {
        Some(0)
    } else if scheme.starts_with("rtmp") {
        Some(1)
    } else if ends(&[".pls", ".m3u", ".xspf", ".asx"]) {
        Some(2)
    } else if ends(&[
        ".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp", ".css", ".js", ".ico", ".woff2", ".html", ".pdf",
    ]) {
        None
    } else if ends(&[".aac", ".aacp", ".mp3", ".ogg", ".opus", ".flac", "/;"]) {
        Some(3)
    } else {
        let words = ["stream", "icecast", "shoutcast", "listen", "live"];
        let is_odd_port = url.port().is_some_and(|port| port >= 8000);
        (is_odd_port || words.iter().any(|word| path.contains(word))).then_some(4)
    }
}

/// The addresses in the words of a page, each with the name that stands before it.
fn in_words(page: &str, base: &Url) -> Vec<Candidate> {
    static ADDRESS: LazyLock<Regex> = LazyLock::new(|| {
        constant(r#"(?i)(?:(?:https?|rtmp[a-z]{0,2}):(?:\\*/){2}|(?:\\*/)+[\w%./\\-]*\.m3u8)[^\s"'<>`|]*"#)
    });
    let mut addresses: Vec<(u8, usize, usize, Url)> = Vec::new();
    for found in ADDRESS.find_iter(page).take(MOST_ADDRESSES) {
        let written = found.as_str().trim_end_matches(['\\', ',', ';', ')']);
        let Some(url) = text::address(written, Some(base)) else { continue };
        let Some(rank) = rank(&url) else { continue };
        if addresses.iter().all(|(.., known)| *known != url) {
            addresses.push((rank, found.start(), found.start() + written.len(), url));
        }
    }
    // To find steps, the page is read again for each; only the best are tried later.
    addresses.sort_by_key(|(rank, ..)| *rank);
    let candidate = |(rank, from, to, url): (u8, usize, usize, Url)| {
        let leads = |steps: &Vec<FoundStep>| led_to(steps, page, base).as_ref() == Some(&url);
        let steps = patterns(page, from, to, &url).into_iter().find(leads)?;
        Some(Candidate { url, steps, rank })
    };
    addresses.into_iter().take(MOST_TRIED).filter_map(candidate).collect()
}

/// Steps that may lead to the address in `page[from..to]`, the best first.
fn patterns(page: &str, from: usize, to: usize, url: &Url) -> Vec<Vec<FoundStep>> {
    static NAMED: LazyLock<Regex> = LazyLock::new(|| constant(r#"([A-Za-z_$][\w$-]*\\*["']?\s*[:=]\s*)(\\*["'])$"#));
    let script = || FoundStep::Select { css: "script".to_owned(), attribute: None };
    let mut ways = Vec::new();
    let begin = (from.saturating_sub(BEFORE)..=from).find(|at| page.is_char_boundary(*at)).unwrap_or(from);
    let before = page.get(begin..from).unwrap_or_default();
    if let Some(found) = NAMED.captures(before) {
        let quote = &found[2];
        let is_closed = page.get(to..).is_some_and(|after| after.starts_with(quote));
        if is_closed {
            let pattern = format!("{}{}(.*?){}", loose(&found[1]), regex::escape(quote), regex::escape(quote));
            ways.push(vec![script(), FoundStep::Match(pattern.clone())]);
            ways.push(vec![FoundStep::Match(pattern)]);
        }
    }
    let host = url.host_str().map(regex::escape).unwrap_or_default();
    let end = [".m3u8", ".pls", ".m3u", ".mp3", ".aac"].into_iter().find(|end| url.path().contains(end));
    let end = end.map_or_else(String::new, |end| format!("{}[^\"'\\s<>]*", regex::escape(end)));
    let generic = format!("{}:[^\"'\\s<>]*?{host}[^\"'\\s<>]*{}", url.scheme(), if end.is_empty() { "" } else { &end });
    ways.push(vec![script(), FoundStep::Match(generic.clone())]);
    ways.push(vec![FoundStep::Match(generic)]);
    ways
}

/// A pattern for `words`, whatever spaces stand in it.
fn loose(words: &str) -> String {
    let parts: Vec<String> = words.split_whitespace().map(regex::escape).collect();
    let end = if words.ends_with(char::is_whitespace) { r"\s*" } else { "" };
    parts.join(r"\s*") + end
}

/// The addresses in a JSON document, each with its path (RFC 9535).
fn in_json(value: &Value, path: &str, base: &Url, candidates: &mut Vec<Candidate>) {
    if candidates.len() >= MOST_ADDRESSES {
        return;
    }
    match value {
        Value::String(found) => {
            let url = text::address(found, Some(base)).filter(|url| rank(url).is_some());
            if let Some((url, rank)) = url.and_then(|url| rank(&url).map(|rank| (url, rank))) {
                candidates.push(Candidate { url, steps: vec![FoundStep::Json(path.to_owned())], rank });
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                in_json(item, &format!("{path}[{index}]"), base, candidates);
            }
        }
        Value::Object(keys) => {
            for (key, value) in keys {
                let is_word = key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
                    && !key.starts_with(|c: char| c.is_ascii_digit())
                    && !key.is_empty();
                let path = if is_word {
                    format!("{path}.{key}")
                } else {
                    format!("{path}['{}']", key.replace('\\', "\\\\").replace('\'', "\\'"))
                };
                in_json(value, &path, base, candidates);
            }
        }
        _ => {}
    }
}

/// What a PLS or an extended M3U calls its first entry.
pub(super) fn name_in_list(list: &str) -> Option<String> {
    static TITLE: LazyLock<Regex> =
        LazyLock::new(|| constant(r"(?im)^[ \t]*(?:Title1[ \t]*=|#EXTINF:[^,\n]*,)[ \t]*(\S.*?)\s*$"));
    let name = text::line(&TITLE.captures(list)?[1], LONGEST_NAME);
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base() -> Url {
        "https://onair.example/index.html?ch=24".parse().unwrap()
    }

    fn best(page: &str) -> Candidate {
        let mut candidates = search(page, &base()).candidates;
        candidates.sort_by_key(|candidate| candidate.rank);
        candidates.into_iter().next().unwrap_or_else(|| panic!("nothing in {page}"))
    }

    fn steps(page: &str) -> Vec<FoundStep> {
        best(page).steps
    }

    #[test]
    fn json_in_a_script_of_a_player_page_is_found_by_its_name() {
        let page = include_str!("../../../../../tests/fixtures/kbs-page.html");
        let found = best(page);
        assert!(found.url.as_str().starts_with("http://1fm.gscdn.kbs.co.kr/1fm_192_1.m3u8?Expires="), "{}", found.url);
        let script = FoundStep::Select { css: "script".to_owned(), attribute: None };
        assert_eq!(found.steps, [script, FoundStep::Match(r#"service_url\\":\\"(.*?)\\""#.to_owned())]);
        let page = search(page, &base());
        assert_eq!(page.name.as_deref(), Some("KBS onair"));
        assert!(page.further.is_empty(), "jQuery says nothing about a station");
    }

    #[test]
    fn players_of_html_are_found_by_their_elements() {
        let select = |css: &str, attribute| FoundStep::Select { css: css.to_owned(), attribute: Some(attribute) };
        let page = "<audio controls><source src='/live/stream.mp3' type='audio/mpeg'></audio>";
        assert_eq!(best(page).url.as_str(), "https://onair.example/live/stream.mp3");
        assert_eq!(steps(page), [select("audio source", "src")]);
        assert_eq!(steps("<a href='listen.pls'>hear</a>"), [select("a[href*=\".pls\"]", "href")]);
        assert_eq!(steps("<div data-stream='https://h.example:8000/'>"), [select("[data-stream]", "data-stream")]);
    }

    #[test]
    fn an_address_in_a_script_without_a_name_is_found_by_its_host() {
        let page = "<script>new Player(\n'https://cdn.example/a/live.m3u8?x=1', 2); img('https://img.example/live.png')</script>";
        let script = FoundStep::Select { css: "script".to_owned(), attribute: None };
        let pattern = r#"https:[^"'\s<>]*?cdn\.example[^"'\s<>]*\.m3u8[^"'\s<>]*"#.to_owned();
        assert_eq!(steps(page), [script, FoundStep::Match(pattern)]);
        assert_eq!(
            best("<script>var src = \"/hls/a.m3u8\";</script>").url.as_str(),
            "https://onair.example/hls/a.m3u8"
        );
        let code = search("x={file:\"https://h.example/live.m3u8\"}", &base());
        assert_eq!(code.candidates[0].steps, [FoundStep::Match("file:\"(.*?)\"".to_owned())]);
    }

    #[test]
    fn an_interface_is_found_by_the_path_in_its_json() {
        let page =
            r#"{"onair":{"source":[{"media url":"https://h.example/a.m3u8?t=1"},{"img":"https://h.example/a.png"}]}}"#;
        assert_eq!(steps(page), [FoundStep::Json("$.onair.source[0]['media url']".to_owned())]);
    }

    #[test]
    fn a_list_says_what_its_stream_is_called() {
        assert_eq!(name_in_list("[playlist]\r\nFile1=http://h/\r\nTitle1=Radio: X \r\n").as_deref(), Some("Radio: X"));
        assert_eq!(name_in_list("#EXTM3U\n#EXTINF:-1,명연주\nhttp://h/").as_deref(), Some("명연주"));
        assert_eq!(name_in_list("http://h/"), None);
    }

    #[test]
    fn a_page_without_a_stream_has_no_candidates() {
        for page in ["", "<html><p>hello https://h.example/news</p>", "{\"a\": 1}", "plain words", "<script>'https://"]
        {
            assert_eq!(search(page, &base()).candidates, [], "{page}");
        }
    }
}
