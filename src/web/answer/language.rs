//! The language of an answer.
//!
//! A handler answers without knowing the reader's language. [`choose`] picks the words on the way out; it is the
//! outermost layer, outside the guards. Pages and answers say in which language they are, and by `Vary` that other
//! readers get another one (RFC 9110 section 12.5.5), for caches.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{ACCEPT_LANGUAGE, CONTENT_LANGUAGE, CONTENT_LENGTH, CONTENT_TYPE, VARY};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::language::{Language, Sentence};

/// Returns the one of our languages that the browser prefers.
pub fn of(headers: &HeaderMap) -> &'static Language {
    Language::liked(headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default())
}

/// The text of an answer, in each language.
#[derive(Clone)]
struct Words(Arc<dyn Fn(&Language) -> String + Send + Sync>);

/// Returns an answer of media type `kind` that says `words` in the language of the client.
pub fn answer(
    status: StatusCode,
    kind: &'static str,
    words: impl Fn(&Language) -> String + Send + Sync + 'static,
) -> Response {
    let english = words(Language::english());
    let mut response = (status, [(CONTENT_TYPE, kind)], english).into_response();
    response.extensions_mut().insert(Words(Arc::new(words)));
    response
}

/// Returns a line of text for a person, who reads it in place of a page.
pub fn line(status: StatusCode, sentence: Sentence) -> Response {
    answer(status, "text/plain; charset=utf-8", move |language| sentence.say(language) + "\n")
}

/// Says an answer in the language that the request asks for.
pub async fn choose(request: Request, next: Next) -> Response {
    let (language, is_head) = (of(request.headers()), request.method() == Method::HEAD);
    let mut response = next.run(request).await;
    let Some(Words(words)) = response.extensions_mut().remove() else { return response };
    let text = words(language);
    response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(text.len()));
    label(response.headers_mut(), language);
    *response.body_mut() = if is_head { Body::empty() } else { Body::from(text) };
    response
}

/// Adds the headers that say in which language an answer is, and on what that depends.
pub fn label(headers: &mut HeaderMap, language: &Language) {
    headers.insert(CONTENT_LANGUAGE, HeaderValue::from_static(language.tag));
    headers.append(VARY, HeaderValue::from_static("Accept-Language"));
}
