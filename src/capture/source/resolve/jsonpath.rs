//! JSON by JSONPath (RFC 9535): text in, texts out. JSONP is unwrapped.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;
use serde_json_path::JsonPath;

use super::text::constant;

/// What a path found in a text.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Picked {
    /// The values: strings as they are, everything else as JSON; at least one. `null` and empty strings do not count.
    Texts(Vec<String>),
    /// It is JSON, but the path leads nowhere.
    Nothing,
    /// It is not JSON.
    NotJson,
}

/// Picks the values at `path` from `document`, at most `most` bytes of them.
pub(super) fn pick(document: &str, path: &str, most: usize) -> Picked {
    let Some(value) = parse(document) else { return Picked::NotJson };
    let Ok(path) = JsonPath::parse(path) else { return Picked::Nothing };
    let mut left = most;
    let texts: Vec<String> = path
        .query(&value)
        .into_iter()
        .filter_map(|value| match value {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        })
        .filter(|text| !text.trim().is_empty())
        .take_while(|text| {
            let fits = text.len() <= left;
            left = left.saturating_sub(text.len());
            fits
        })
        .collect();
    if texts.is_empty() { Picked::Nothing } else { Picked::Texts(texts) }
}

/// `document` as JSON, even if it is wrapped in a call: `callback({…});`, `({…})`, with a comment before it (some
/// servers put it there against content sniffing), with a check of the callback before it (Express), or after a prefix
/// that prevents it from being run as a script.
fn parse(document: &str) -> Option<Value> {
    static CALL: LazyLock<Regex> = LazyLock::new(|| {
        constant(
            r#"(?s)^(?:/\*.*?\*/)?\s*(?:typeof\s+[\w$.\[\]"']+\s*===?\s*['"]function['"]\s*&&\s*)?[\w$.\[\]"']*\s*\((.*)\)\s*;?$"#,
        )
    });
    let text = document.trim_start_matches('\u{feff}').trim();
    let guards = [")]}',", ")]}'", "for(;;);", "for (;;);", "while(1);", "while (1);", "{}&&"];
    let text = guards.iter().find_map(|guard| text.strip_prefix(guard)).unwrap_or(text).trim_start();
    serde_json::from_str(text).ok().or_else(|| {
        let inside = CALL.captures(text)?.get(1)?;
        serde_json::from_str(inside.as_str().trim()).ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(document: &str, path: &str) -> Picked {
        pick(document, path, 1 << 20)
    }

    fn texts<const N: usize>(texts: [&str; N]) -> Picked {
        Picked::Texts(texts.map(str::to_owned).into())
    }

    #[test]
    fn filters_choose_and_all_that_match_are_handed_on() {
        let channels = r#"{"channel_item":[{"media_type":"tv","service_url":"http://t"},
            {"media_type":"radio","service_url":"http:\/\/r1"},{"media_type":"radio","service_url":"http://r2"}]}"#;
        let path = "$.channel_item[?@.media_type == 'radio'].service_url";
        assert_eq!(one(channels, path), texts(["http://r1", "http://r2"]));
        assert_eq!(one(channels, "$.channel_item[0]"), texts([r#"{"media_type":"tv","service_url":"http://t"}"#]));
        assert_eq!(one(channels, "$.nowhere"), Picked::Nothing);
    }

    #[test]
    fn jsonp_is_unwrapped() {
        for call in [
            r#"X({"u":"a(b)"})"#,
            r#"  /**/ typeof_cb.x_1 ( {"u":"a(b)"} ) ; "#,
            r#"({"u":"a(b)"})"#,
            r#"/**/ typeof cb === 'function' && cb({"u":"a(b)"});"#,
            ")]}'\n{\"u\":\"a(b)\"}",
            r#"for(;;);{"u":"a(b)"}"#,
            "\u{feff}{\"u\":\"a(b)\"}",
        ] {
            assert_eq!(one(call, "$.u"), texts(["a(b)"]), "{call}");
        }
    }

    #[test]
    fn null_and_empty_strings_are_nothing_and_pages_are_not_json() {
        assert_eq!(one(r#"[null, "", " "]"#, "$[*]"), Picked::Nothing);
        assert_eq!(one("<html>", "$"), Picked::NotJson);
        assert_eq!(one(&"[".repeat(100_000), "$"), Picked::NotJson);
    }

    #[test]
    fn a_path_that_finds_everything_stays_within_the_cap() {
        let nested = format!("{}\"{}\"{}", "[".repeat(100), "x".repeat(1000), "]".repeat(100));
        let Picked::Texts(found) = pick(&nested, "$..*", 10_000) else { panic!("nothing found") };
        assert!(found.iter().map(String::len).sum::<usize>() <= 10_000);
    }
}
