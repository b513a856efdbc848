//! Problems: errors for programs as problem details (RFC 9457), for every answer below `/api`.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::openapi::{Content, Ref, RefOr, ResponseBuilder};
use utoipa::{IntoResponses, ToSchema};

use super::language;
use crate::language::{Language, Sentence};
use crate::library::catalogue::CatalogueError;

/// The media type (RFC 9457 section 3).
const KIND: &str = "application/problem+json";
/// The prefix of message keys that are codes.
const CODES: &str = "problem_";

/// Says why a request fails. A person reads it in their own language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    status: StatusCode,
    detail: Detail,
}

/// What went wrong, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Detail {
    /// A message for a person, in their language.
    Sentence(Sentence),
    /// A message for a programmer, in English.
    Technical(String),
}

/// What went wrong, of the kind `application/problem+json` (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct Written {
    /// The status in words.
    #[schema(value_type = String, example = "Not Found")]
    title: &'static str,
    /// The status of the answer.
    #[schema(minimum = 400, maximum = 599, example = 404)]
    status: u16,
    /// The problem in one word for programs; absent if only the program can be at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false, example = "no_recording")]
    code: Option<&'static str>,
    /// One sentence for a person, in the language that `Accept-Language` asks for, or in English.
    #[schema(example = "there is no recording x@20261120T0300Z")]
    pub detail: String,
}

impl Problem {
    /// Returns a problem of any status; `sentence` is for a person, without paths and secrets.
    pub fn new(status: StatusCode, sentence: Sentence) -> Self {
        Self { status, detail: Detail::Sentence(sentence) }
    }

    /// Returns a problem: what the address names does not exist.
    pub fn not_found(sentence: Sentence) -> Self {
        Self::new(StatusCode::NOT_FOUND, sentence)
    }

    /// Returns a problem that no button or form of the page leads to, with a sentence for a programmer.
    pub fn technical(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: Detail::Technical(detail.into()) }
    }

    /// Returns the status of the answer.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Says what is wrong, in `language` if it is for a person.
    pub fn said(&self, language: &Language) -> String {
        match &self.detail {
            Detail::Sentence(sentence) => sentence.say(language),
            Detail::Technical(detail) => detail.clone(),
        }
    }

    /// Returns the problem as it is sent to somebody who speaks `language`.
    pub fn written(&self, language: &Language) -> Written {
        let code = match &self.detail {
            Detail::Sentence(sentence) => Some(code(sentence)),
            Detail::Technical(_) => None,
        };
        let title = self.status.canonical_reason().unwrap_or("Error");
        Written { title, status: self.status.as_u16(), code, detail: self.said(language) }
    }
}

/// Returns the key of the sentence's message, without the prefix of all problems.
fn code(sentence: &Sentence) -> &'static str {
    sentence.key().strip_prefix(CODES).unwrap_or(sentence.key())
}

impl From<CatalogueError> for Problem {
    /// Logs the error in full, and tells the program without paths.
    fn from(error: CatalogueError) -> Self {
        tracing::error!(%error, "the interface could not use the catalogue");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, Sentence::new("problem_catalogue"))
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, is_technical) = (self.status, matches!(self.detail, Detail::Technical(_)));
        // Serialising a struct of numbers and texts cannot fail.
        let json = move |language: &Language| serde_json::to_string(&self.written(language)).unwrap_or_default();
        if is_technical {
            return (status, [(CONTENT_TYPE, KIND)], json(Language::english())).into_response();
        }
        language::answer(status, KIND, json)
    }
}

/// Describes the answers that any address may give.
impl IntoResponses for Problem {
    fn responses() -> BTreeMap<String, RefOr<utoipa::openapi::Response>> {
        let answer = |description| {
            let content = Content::new(Some(Ref::from_schema_name(Written::name())));
            ResponseBuilder::new().description(description).content(KIND, content).build().into()
        };
        let refused = ("4XX".to_owned(), answer("It cannot be done; `detail` says why"));
        let broken = ("5XX".to_owned(), answer("Something here is broken; the log says more"));
        [refused, broken].into()
    }
}
