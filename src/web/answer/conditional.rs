//! Conditional answers: a client that asks again gets the content only if it has changed (RFC 9110, section 13).
//!
//! The `headers` crate (0.4) is not used: its `If-Range` accepts a date later than the one that was sent, it panics at
//! dates before 1970, and its debug builds panic at a tag with a space, which any client may send.

use std::hash::{DefaultHasher, Hash, Hasher};

use axum::body::Bytes;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE,
    LAST_MODIFIED,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Datelike as _, SubsecRound, Utc};

/// `Cache-Control`: the client may store the answer, and asks each time whether it has changed.
pub const ASK_AGAIN: &str = "private, no-cache";

/// The content of an answer.
#[derive(Debug)]
pub struct Sent {
    /// `Content-Type`
    pub kind: &'static str,
    /// The whole body.
    pub body: Bytes,
    /// When the content last changed, if that is known.
    pub modified: Option<DateTime<Utc>>,
    /// `Cache-Control`
    pub cache_control: &'static str,
}

/// Returns `sent`, or 304 if the client has it already by the headers of its request.
pub fn answer(asked: &HeaderMap, sent: Sent) -> Response {
    let Sent { kind, body, modified, cache_control } = sent;
    let tag = tag(&body);
    let modified = modified.map(|at| at.trunc_subsecs(0));
    let unchanged = client_has(asked, &tag, modified);
    let mut response = if unchanged { StatusCode::NOT_MODIFIED.into_response() } else { body.into_response() };
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(cache_control));
    if unchanged {
        headers.remove(CONTENT_TYPE);
    } else {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    }
    for (name, value) in [(ETAG, HeaderValue::try_from(tag).ok()), (LAST_MODIFIED, modified.and_then(dated))] {
        if let Some(value) = value {
            headers.insert(name, value);
        }
    }
    response
}

/// Returns an instant as an HTTP date (section 5.6.7). `None` if its year does not have four digits.
pub fn dated(at: DateTime<Utc>) -> Option<HeaderValue> {
    let date = (0..=9_999).contains(&at.year()).then(|| at.format("%a, %d %b %Y %H:%M:%S GMT").to_string())?;
    HeaderValue::try_from(date).ok()
}

/// Returns the status to send in place of the content with this strong tag. `None` if the content is to be sent. Checks the
/// conditions in the order of section 13.2.2.
pub fn instead(asked: &HeaderMap, tag: &str, modified: Option<DateTime<Utc>>) -> Option<StatusCode> {
    let modified = modified.map(|at| at.trunc_subsecs(0));
    let is_other = if asked.contains_key(IF_MATCH) {
        !if_match_holds(asked, tag)
    } else {
        told_date(asked, IF_UNMODIFIED_SINCE).zip(modified).is_some_and(|(since, modified)| modified > since)
    };
    if is_other {
        return Some(StatusCode::PRECONDITION_FAILED);
    }
    client_has(asked, tag, modified).then_some(StatusCode::NOT_MODIFIED)
}

/// Returns a weak tag: a web server in front may compress the body.
fn tag(body: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    body.hash(&mut hasher);
    format!("W/\"{:016x}\"", hasher.finish())
}

/// Returns whether the client has the current content. A date counts only if the client sends no tag (section 13.2.2).
pub fn client_has(asked: &HeaderMap, tag: &str, modified: Option<DateTime<Utc>>) -> bool {
    let mut tags = asked.get_all(IF_NONE_MATCH).iter().peekable();
    if tags.peek().is_some() {
        let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
        let mine = opaque(tag);
        return tags
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .any(|known| known.trim() == "*" || opaque(known) == mine);
    }
    told_date(asked, IF_MODIFIED_SINCE).zip(modified).is_some_and(|(since, modified)| modified <= since)
}

/// Returns whether `If-Match` names this tag (section 13.1.1).
fn if_match_holds(asked: &HeaderMap, tag: &str) -> bool {
    let tags = asked.get_all(IF_MATCH).iter().filter_map(|value| value.to_str().ok());
    tags.flat_map(|value| value.split(',')).map(str::trim).any(|wanted| wanted == "*" || wanted == tag)
}

/// Returns whether a part of the content with this strong tag fits the part that the client has already (`If-Range`,
/// section 13.1.5). A date fits only if it is exactly the one that was sent.
pub fn if_range_holds(asked: &HeaderMap, tag: &str, modified: Option<DateTime<Utc>>) -> bool {
    let Some(known) = asked.get(IF_RANGE) else { return true };
    let Ok(known) = known.to_str() else { return false };
    let is_told = |known: DateTime<Utc>| modified.is_some_and(|modified| known == modified.trunc_subsecs(0));
    known.trim() == tag || date(known).is_some_and(is_told)
}

/// The date that is sent under this name, if it is one.
fn told_date(asked: &HeaderMap, name: HeaderName) -> Option<DateTime<Utc>> {
    date(asked.get(name)?.to_str().ok()?)
}

/// Parses an instant in any of the three forms of HTTP (section 5.6.7).
fn date(text: &str) -> Option<DateTime<Utc>> {
    httpdate::parse_http_date(text.trim()).ok().map(DateTime::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(asked: &[(HeaderName, &str)], modified: &str) -> Response {
        let asked = asked.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect();
        let (body, modified) = (Bytes::from_static(b"x"), Some(modified.parse().unwrap()));
        answer(&asked, Sent { kind: "text/plain", body, modified, cache_control: ASK_AGAIN })
    }

    fn status(asked: &[(HeaderName, &str)]) -> StatusCode {
        answered(asked, "2026-11-20T05:00:00.700Z").status()
    }

    #[test]
    fn a_part_is_sent_only_for_the_same_content() {
        let modified = Some("2026-11-20T05:00:00.700Z".parse().unwrap());
        let if_range_holds = |known: &str| {
            let asked = HeaderMap::from_iter([(IF_RANGE, known.parse().unwrap())]);
            super::if_range_holds(&asked, "\"mine\"", modified)
        };
        assert!(super::if_range_holds(&HeaderMap::new(), "\"mine\"", modified));
        assert!(if_range_holds("\"mine\"") && if_range_holds("Fri, 20 Nov 2026 05:00:00 GMT"));
        for other in [
            "\"other\"",
            "W/\"mine\"",
            "mine",
            "*",
            "",
            "Fri, 20 Nov 2026 05:00:01 GMT",
            "Fri, 20 Nov 2026 04:59:59 GMT",
        ] {
            assert!(!if_range_holds(other), "{other}");
        }
    }

    #[test]
    fn unchanged_content_is_not_sent_again_and_a_tag_outweighs_a_date() {
        let mine = tag(b"x");
        let (strong, same) = (mine.trim_start_matches("W/").to_owned(), "Fri, 20 Nov 2026 05:00:00 GMT");
        assert_eq!(status(&[]), StatusCode::OK);
        for known in [mine.clone(), strong, format!("\"other\", {mine}"), "*".to_owned()] {
            assert_eq!(status(&[(IF_NONE_MATCH, &known)]), StatusCode::NOT_MODIFIED, "{known}");
        }
        assert_eq!(status(&[(IF_NONE_MATCH, "\"other\"")]), StatusCode::OK);
        assert_eq!(status(&[(IF_MODIFIED_SINCE, same)]), StatusCode::NOT_MODIFIED);
        for same in ["Friday, 20-Nov-26 05:00:00 GMT", "Fri Nov 20 05:00:00 2026"] {
            assert_eq!(status(&[(IF_MODIFIED_SINCE, same)]), StatusCode::NOT_MODIFIED, "{same}");
        }
        assert_eq!(status(&[(IF_MODIFIED_SINCE, "Fri, 20 Nov 2026 04:59:59 GMT")]), StatusCode::OK);
        assert_eq!(status(&[(IF_MODIFIED_SINCE, same), (IF_NONE_MATCH, "\"other\"")]), StatusCode::OK);
        assert_eq!(status(&[(IF_MODIFIED_SINCE, "yesterday")]), StatusCode::OK);
    }

    #[test]
    fn malformed_and_foreign_tags_never_match() {
        let mine = tag(b"x");
        for other in ["\"a b\"", "\"a, b\"", "\"", "W/", "W/\"", ",", ""] {
            assert_eq!(status(&[(IF_NONE_MATCH, other)]), StatusCode::OK, "{other}");
            assert_eq!(status(&[(IF_NONE_MATCH, &format!("{other}, {mine}"))]), StatusCode::NOT_MODIFIED, "{other}");
        }
    }

    #[test]
    fn what_changed_before_1970_is_sent_with_its_date() {
        let sent = answered(&[(IF_MODIFIED_SINCE, "Fri, 20 Nov 2026 05:00:00 GMT")], "1969-07-20T20:17:40Z");
        assert_eq!(sent.status(), StatusCode::NOT_MODIFIED);
        assert_eq!(sent.headers()[LAST_MODIFIED], "Sun, 20 Jul 1969 20:17:40 GMT");
    }
}
