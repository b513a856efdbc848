//! Takes secrets out of what people read: logs, messages, the catalogue.
//!
//! Stream URLs carry credentials in the query (CloudFront signatures, tokens), and sometimes in the user part or in
//! path parameters. A `data:` URL is all secret, because lists hold keys in it. The host and path stay readable, the
//! values are removed.

use std::sync::LazyLock;

use regex::{Captures, Regex};
use url::Url;

/// `url` without the values of its query, its password and its fragment.
pub fn url(url: &Url) -> String {
    text(url.as_str())
}

/// `text` with every URL in it redacted as [`url()`] does, and every run that looks like a token shortened.
pub fn text(text: &str) -> String {
    #[expect(clippy::expect_used, reason = "the patterns are constants, tested below")]
    static USER: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"(?i)\b([a-z][a-z0-9+.-]*://)[^/@\s]*@").expect("a valid constant pattern"));
    #[expect(clippy::expect_used, reason = "the patterns are constants, tested below")]
    static VALUE: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r#"([?&;][\w.%~-]+=)[^&\s"'<>\\;]{5,}"#).expect("a valid constant pattern"));
    #[expect(clippy::expect_used, reason = "the patterns are constants, tested below")]
    static TOKEN: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"\b[A-Za-z0-9_~-]{40,}(\.[A-Za-z0-9_~-]+)*").expect("a valid constant pattern"));
    #[expect(clippy::expect_used, reason = "the patterns are constants, tested below")]
    static INLINE: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r#"(?i)\b(data:)[^\s"'<>]+"#).expect("a valid constant pattern"));
    let text = INLINE.replace_all(text, "${1}…");
    let text = USER.replace_all(&text, "${1}…@");
    let text = VALUE.replace_all(&text, "${1}…");
    TOKEN.replace_all(&text, |found: &Captures<'_>| format!("{}…", &found[0][..4])).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_passwords_and_tokens_go_and_the_rest_stays() {
        assert_eq!(
            text("GET http://1fm.example.kr/1fm_192_1.m3u8?Expires=1577734872&Policy=eyJTd&Key-Pair-Id=APKAI gave 403"),
            "GET http://1fm.example.kr/1fm_192_1.m3u8?Expires=…&Policy=…&Key-Pair-Id=… gave 403"
        );
        assert_eq!(text("rtmp://user:secret@host/app"), "rtmp://…@host/app");
        assert_eq!(text("http://h/index.html?type=live&ch=24"), "http://h/index.html?type=live&ch=24");
        assert_eq!(text("the key at data:;base64,c2VjcmV0 is short"), "the key at data:… is short");
        assert_eq!(text("\"data:,secret\" and data: other"), "\"data:…\" and data: other");
        let jwt = format!("http://h/{}.{}.sig/x.m3u8", "a".repeat(44), "b".repeat(50));
        assert_eq!(text(&jwt), "http://h/aaaa…/x.m3u8");
    }
}
