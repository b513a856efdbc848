//! Headers that a list wants to be sent with the requests for one of its entries.

use std::collections::HashSet;
use std::sync::Arc;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

/// Headers that only we set: how the connection is used, what of the body is wanted, and how it is packed.
const OURS: [&str; 17] = [
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "range",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
];
/// What Kodi takes for options of its own in the same list (`CCurlFile::ParseAndCorrectUrl`).
const OPTIONS: [&str; 13] = [
    "acceptencoding",
    "active-remote",
    "auth",
    "connection-timeout",
    "customrequest",
    "encoding",
    "failonerror",
    "noshout",
    "postdata",
    "redirect-limit",
    "seekable",
    "sslcipherlist",
    "verifypeer",
];
/// No list may ask for more headers than this, or for longer ones (in bytes).
const MOST: (usize, usize) = (32, 4096);

/// Headers of a list. They are shared, so that each segment may carry them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExtraHeaders(Option<Arc<HeaderMap>>);

impl ExtraHeaders {
    /// Collects these names and values, without those that must not be sent.
    pub fn of<'a>(headers: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let wanted = headers.into_iter().filter_map(|(name, value)| {
            let name = HeaderName::try_from(name.trim()).ok()?;
            let mut value = HeaderValue::try_from(value.trim()).ok()?;
            // It may be a token, which must not appear in a log.
            value.set_sensitive(true);
            let sent = !OURS.contains(&name.as_str()) && !OPTIONS.contains(&name.as_str());
            (sent && value.len() <= MOST.1).then_some((name, value))
        });
        let headers: HeaderMap = wanted.take(MOST.0).collect();
        Self(if headers.is_empty() { None } else { Some(Arc::new(headers)) })
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// The headers that are not among the user's `own`.
    pub(super) fn beside(&self, own: &HashSet<HeaderName>) -> HeaderMap {
        let extra = self.0.iter().flat_map(|headers| headers.iter());
        extra.filter(|(name, _)| !own.contains(*name)).map(|(name, value)| (name.clone(), value.clone())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_a_header_and_not_ours_is_sent_and_the_users_own_wins() {
        let extra = ExtraHeaders::of([
            ("User-Agent", "Kodi/19"),
            ("X-Own", "no"),
            ("Host", "evil"),
            ("content-length", "9"),
            ("Range", "bytes=0-"),
            ("verifypeer", "false"),
            ("a b", "c"),
            ("X-Torn", "a\r\nHost: evil"),
        ]);
        let sent = extra.beside(&HashSet::from([HeaderName::from_static("x-own")]));
        assert_eq!(sent.into_iter().map(|(name, _)| name.unwrap().to_string()).collect::<Vec<_>>(), ["user-agent"]);
        assert!(!format!("{extra:?}").contains("Kodi"));
        assert!(ExtraHeaders::of([("Host", "evil")]).is_empty());
    }
}
