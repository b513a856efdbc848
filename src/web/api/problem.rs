//! Errors as programs read them: problem details (RFC 9457), the same for every answer below `/api`.

use std::collections::BTreeMap;

use axum::Json;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::openapi::{Content, Ref, RefOr, ResponseBuilder};
use utoipa::{IntoResponses, ToSchema};

use crate::library::catalogue::CatalogueError;

/// Its kind (RFC 9457 section 3).
const KIND: &str = "application/problem+json";

/// What went wrong, of the kind `application/problem+json` (RFC 9457).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Problem {
    /// The status in words.
    #[schema(value_type = String, example = "Not Found")]
    title: &'static str,
    /// The status of the answer.
    #[schema(minimum = 400, maximum = 599, example = 404)]
    status: u16,
    /// One sentence for a person.
    #[schema(example = "there is no recording x@20261120T0300Z")]
    detail: String,
}

impl Problem {
    /// A problem of any status; `detail` is one sentence for a person, without paths and secrets.
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        let title = status.canonical_reason().unwrap_or("Error");
        Self { title, status: status.as_u16(), detail: detail.into() }
    }

    /// The request is not understood.
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    /// What the address names is not there.
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }
}

impl From<CatalogueError> for Problem {
    /// Said to the log in full, to the program without paths.
    fn from(error: CatalogueError) -> Self {
        tracing::error!(%error, "the interface could not use the catalogue");
        let detail = "the list of recordings cannot be used at the moment; the log says why";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, detail)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(self)).into_response();
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(KIND));
        response
    }
}

/// The answers that any address may give, for its description.
impl IntoResponses for Problem {
    fn responses() -> BTreeMap<String, RefOr<utoipa::openapi::Response>> {
        let answer = |description| {
            let content = Content::new(Some(Ref::from_schema_name(Self::name())));
            ResponseBuilder::new().description(description).content(KIND, content).build().into()
        };
        let refused = ("4XX".to_owned(), answer("It cannot be done; `detail` says why"));
        let broken = ("5XX".to_owned(), answer("Something here is broken; the log says more"));
        [refused, broken].into()
    }
}
