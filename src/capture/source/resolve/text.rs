//! Bytes to text and text to URL: charsets, escapes, what counts as an address.

use std::borrow::Cow;
use std::sync::LazyLock;

use encoding_rs::{Encoding, UTF_8};
use regex::{Captures, Regex};
use url::Url;

use crate::base::redact;

/// How much of a page is searched for its charset; HTML allows 1,024 bytes, comments push it further in practice.
const CHARSET_WINDOW: usize = 4096;
/// How often escapes are taken off a URL: JSON in a JavaScript string in a JSON document has three layers.
const LAYERS: usize = 4;
/// How much of a text a message quotes, in characters.
const QUOTED: usize = 120;
/// Schemes of addresses that can be played or fetched.
const SCHEMES: [&str; 8] = ["http", "https", "rtmp", "rtmps", "rtmpe", "rtmpt", "rtmpte", "rtmpts"];

/// A pattern of our own.
#[expect(clippy::expect_used, reason = "called with constants only, each of which a test uses")]
pub(super) fn constant(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a valid constant pattern")
}

/// Decodes a body by its byte order mark, its `Content-Type`, its own `<meta charset>` or XML declaration, else as
/// UTF-8. Invalid bytes become U+FFFD.
pub(super) fn decode(bytes: &[u8], content_type: &str) -> String {
    static CHARSET: LazyLock<Regex> = LazyLock::new(|| constant(r#"charset\s*=\s*["']?([\w.:-]+)"#));
    let encoding = CHARSET
        .captures(content_type)
        .and_then(|found| Encoding::for_label(found[1].as_bytes()))
        .or_else(|| declared(bytes))
        .unwrap_or(UTF_8);
    // `decode` lets a byte order mark overrule the label, and removes it.
    encoding.decode(bytes).0.into_owned()
}

fn declared(bytes: &[u8]) -> Option<&'static Encoding> {
    static META: LazyLock<Regex> = LazyLock::new(|| constant(r#"(?is)<meta[^>]*\bcharset\s*=\s*["']?\s*([\w.:-]+)"#));
    static XML: LazyLock<Regex> = LazyLock::new(|| constant(r#"(?is)^\s*<\?xml[^>]*\bencoding\s*=\s*["']([\w.:-]+)"#));
    let head = String::from_utf8_lossy(bytes.get(..CHARSET_WINDOW).unwrap_or(bytes));
    let label = [&META, &XML].into_iter().find_map(|pattern| Some(pattern.captures(&head)?[1].to_owned()))?;
    let encoding = Encoding::for_label(label.as_bytes())?;
    // A page whose declaration can be read as ASCII is not UTF-16, whatever it says.
    Some(if encoding.is_ascii_compatible() { encoding } else { UTF_8 })
}

/// `text` without one layer of JavaScript or JSON string escapes (ECMA-404, ECMA-262 12.9.4).
pub(super) fn unescape(text: &str) -> Cow<'_, str> {
    static ESCAPE: LazyLock<Regex> = LazyLock::new(|| {
        let (high, low) = ("[Dd][89ABab][0-9A-Fa-f]{2}", "[Dd][C-Fc-f][0-9A-Fa-f]{2}");
        let (unit, byte) = ("[0-9A-Fa-f]{4}", "[0-9A-Fa-f]{2}");
        constant(&format!(
            r#"\\(?:u(?<high>{high})\\u(?<low>{low})|u(?<unit>{unit})|x(?<byte>{byte})|(?<letter>[\\/"'nrtbf]))"#
        ))
    });
    ESCAPE.replace_all(text, |found: &Captures<'_>| {
        // A lone half of a surrogate pair stays as it was written.
        escaped_character(found).map_or_else(|| found[0].to_owned(), String::from)
    })
}

fn escaped_character(found: &Captures<'_>) -> Option<char> {
    let code = |group| found.name(group).and_then(|hex| u32::from_str_radix(hex.as_str(), 16).ok());
    if let (Some(high), Some(low)) = (code("high"), code("low")) {
        return char::from_u32(0x1_0000 + ((high & 0x3FF) << 10 | low & 0x3FF));
    }
    match found.name("letter").and_then(|letter| letter.as_str().chars().next()) {
        Some('n') => Some('\n'),
        Some('r') => Some('\r'),
        Some('t') => Some('\t'),
        Some('b') => Some('\u{8}'),
        Some('f') => Some('\u{c}'),
        Some(itself) => Some(itself),
        None => code("unit").or_else(|| code("byte")).and_then(char::from_u32),
    }
}

/// `found` without any escaping, and without what a pattern matched by mistake at its ends.
fn clear(found: &str) -> String {
    static AMPERSAND: LazyLock<Regex> = LazyLock::new(|| constant("(?i)&(?:amp|#0*38|#x0*26);"));
    let mut text = found.trim().to_owned();
    for _ in 0..LAYERS {
        let next = unescape(&text).into_owned();
        if next == text {
            break;
        }
        text = next;
    }
    let text = AMPERSAND.replace_all(&text, "&");
    text.trim_matches(|c: char| c.is_whitespace() || c.is_control() || matches!(c, '\\' | '"' | '\'')).to_owned()
}

/// The address that `found` is, if it is one: a URL that can be played or fetched, or a path relative to `base`, the
/// page on which it was found.
pub(super) fn address(found: &str, base: Option<&Url>) -> Option<Url> {
    let text = short(found)?;
    if text.contains(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | '{' | '}')) {
        return None;
    }
    resolved(&text, base.filter(|_| is_path(&text)))
}

/// The address of `found`, an entry of the list at `base`. Unlike a word on a page, an entry without a scheme is always
/// a relative path: `stream`, `live/radio`.
pub(super) fn listed_address(found: &str, base: Option<&Url>) -> Option<Url> {
    let text = short(found)?;
    if text.contains(|c: char| c.is_control() || matches!(c, '<' | '>' | '"' | '{' | '}')) {
        return None;
    }
    resolved(&text, base)
}

/// `found` without any escaping; `None` if it is empty or longer than any server accepts, so that no whole page is
/// cleaned.
fn short(found: &str) -> Option<String> {
    Some(found).filter(|found| found.len() <= 16_384).map(clear).filter(|text| !text.is_empty())
}

fn resolved(text: &str, base: Option<&Url>) -> Option<Url> {
    let url = match Url::parse(text) {
        Ok(url) => url,
        Err(url::ParseError::RelativeUrlWithoutBase) => base?.join(text).ok()?,
        Err(_) => return None,
    };
    (SCHEMES.contains(&url.scheme()) && url.has_host()).then_some(url)
}

/// Whether a word without a scheme is meant as a path: `null` and `N/A` are not.
fn is_path(word: &str) -> bool {
    ["/", "./", "../", "?"].iter().any(|start| word.starts_with(start)) || word.contains(['.', '?'])
}

/// How `text` begins, on one line and without secrets, for a message.
pub(super) fn beginning(text: &str) -> String {
    let start: String = text.chars().take(QUOTED * 16).collect();
    // So redaction recognises the keys of a query that is written in a script.
    let start = start.replace("\\u0026", "&");
    let start = start.split_whitespace().collect::<Vec<_>>().join(" ");
    shortened(&redact::text(&start), QUOTED)
}

/// `text` on one line, without space around it, in at most `longest` characters.
pub(super) fn line(text: &str, longest: usize) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    let line: String = words.take(longest).collect::<Vec<_>>().join(" ").chars().take(longest).collect();
    line.trim_end().to_owned()
}

/// `text`, or its first `length` characters and an ellipsis.
pub(super) fn shortened(text: &str, length: usize) -> String {
    match text.char_indices().nth(length) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or(text)),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(found: &str) -> Option<String> {
        address(found, None).map(String::from)
    }

    #[test]
    fn a_page_in_euc_kr_is_read_by_header_or_by_its_own_words() {
        let (body, _, _) = encoding_rs::EUC_KR.encode("<html><head><title>명연주 명음반</title>");
        assert!(decode(&body, "text/html; charset=euc-kr").contains("명연주 명음반"));
        assert!(decode(&body, "text/html; charset=\"ks_c_5601-1987\"").contains("명연주 명음반"));
        for declaration in [
            r#"<meta charset="euc-kr">"#,
            r#"<META http-equiv="Content-Type" content="text/html; charset=EUC-KR">"#,
            r#"<?xml version="1.0" encoding="euc-kr"?>"#,
        ] {
            let page = [declaration.as_bytes(), &body].concat();
            assert!(decode(&page, "text/html").contains("명연주 명음반"), "{declaration}");
        }
    }

    #[test]
    fn a_charset_that_cannot_be_is_not_believed() {
        assert!(decode("<meta charset=utf-16>명".as_bytes(), "").contains('명'));
        assert!(decode("<meta charset=klingon>명".as_bytes(), "text/html; charset=klingon").contains('명'));
        assert_eq!(decode(b"\xEF\xBB\xBF#EXTM3U", "audio/x-mpegurl; charset=iso-8859-1"), "#EXTM3U");
        assert_eq!(decode(b"a\xFFb", ""), "a\u{FFFD}b");
    }

    #[test]
    fn one_layer_of_escapes_goes_at_a_time() {
        assert_eq!(
            unescape(r#"{\"t\":\"say \\\"hi\\\"\",\"u\":\"http:\/\/a\"}"#),
            r#"{"t":"say \"hi\"","u":"http://a"}"#
        );
        assert_eq!(unescape(r"\uBA85\u0026\x26\ud83d\ude00"), "명&&😀");
        assert_eq!(unescape(r"\ud83d \q \u12"), r"\ud83d \q \u12");
    }

    #[test]
    fn addresses_come_out_of_every_wrapping_in_clear() {
        let wanted = Some("http://1fm.example.kr/a.m3u8?Expires=1&Policy=b~c-d__&x=1".to_owned());
        for found in [
            r"http://1fm.example.kr/a.m3u8?Expires=1&Policy=b~c-d__&x=1",
            r"http:\/\/1fm.example.kr\/a.m3u8?Expires=1\u0026Policy=b~c-d__\u0026x=1",
            r"http:\\\/\\\/1fm.example.kr\\\/a.m3u8?Expires=1\\u0026Policy=b~c-d__&x=1\",
            "  http://1fm.example.kr/a.m3u8?Expires=1&amp;Policy=b~c-d__&#38;x=1\r\n",
            r#"\"http:\/\/1fm.example.kr\/a.m3u8?Expires=1&Policy=b~c-d__&x=1\""#,
        ] {
            assert_eq!(plain(found), wanted, "{found}");
        }
        assert_eq!(
            plain("rtmp://new_tradio.ebs.co.kr/tradio/x"),
            Some("rtmp://new_tradio.ebs.co.kr/tradio/x".to_owned())
        );
    }

    #[test]
    fn a_text_that_is_no_address_gives_none() {
        for other in
            ["", "null", "N/A", "javascript:alert(1)", "file:///etc/passwd", "<html>", "a b.m3u8", "http://", "🎵"]
        {
            assert_eq!(plain(other), None, "{other}");
            assert_eq!(address(other, Some(&Url::parse("http://h/p").unwrap())), None, "{other}");
        }
    }

    #[test]
    fn a_path_is_taken_from_the_page_it_was_found_on() {
        let page = Url::parse("https://radio.example/player/index.html?x=1").unwrap();
        let on_page = |found| address(found, Some(&page)).map(String::from);
        assert_eq!(on_page("live/a.m3u8?t=1"), Some("https://radio.example/player/live/a.m3u8?t=1".to_owned()));
        assert_eq!(on_page(r"\/hls\/a.m3u8"), Some("https://radio.example/hls/a.m3u8".to_owned()));
        assert_eq!(on_page("//cdn.example/a"), Some("https://cdn.example/a".to_owned()));
    }

    #[test]
    fn whatever_stands_in_a_list_is_taken_from_where_that_is() {
        let list = Url::parse("https://radio.example/lists/all.m3u").unwrap();
        let in_list = |found| listed_address(found, Some(&list)).map(String::from);
        for (found, url) in [
            ("stream", "https://radio.example/lists/stream"),
            ("stream.aac", "https://radio.example/lists/stream.aac"),
            ("live/radio", "https://radio.example/lists/live/radio"),
            ("My Radio.mp3", "https://radio.example/lists/My%20Radio.mp3"),
            ("rtmp://h/live/radio live=1", "rtmp://h/live/radio%20live=1"),
        ] {
            assert_eq!(in_list(found).as_deref(), Some(url));
            assert_eq!(listed_address(found, None).is_some(), found.contains("://"), "{found}");
        }
        assert_eq!(in_list("mms://h/radio"), None);
        assert_eq!(in_list("<b>none</b>"), None);
    }

    #[test]
    fn a_title_is_on_one_line_and_not_endless() {
        assert_eq!(line("  명연주\n\t 명음반 \u{7}", 100), "명연주 명음반");
        assert_eq!(line("a bc d", 4), "a bc");
        assert_eq!(line("a bc d", 5), "a bc", "no space at the end");
        assert_eq!(line(" \n ", 5), "");
    }

    #[test]
    fn a_quotation_is_short_and_without_secrets() {
        let page = format!(
            "<html>\n  <p>명연주 http:\\/\\/h\\/a.m3u8?Expires=1577734872\\u0026token=secret99 {}",
            "가".repeat(500)
        );
        let quoted = beginning(&page);
        assert!(quoted.starts_with("<html> <p>명연주 http:"), "{quoted}");
        assert!(!quoted.contains("1577734872") && !quoted.contains("secret99"), "{quoted}");
        assert_eq!(quoted.chars().count(), QUOTED + 1);
    }
}
