//! In which language somebody is answered who asks with a browser.

use axum::http::HeaderMap;
use axum::http::header::ACCEPT_LANGUAGE;

use crate::language::Language;

/// The language that the browser likes best among ours.
pub(super) fn of(headers: &HeaderMap) -> &'static Language {
    Language::liked(headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default())
}
