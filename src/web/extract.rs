//! Extractors for what programs ask. They refuse with a problem; those of axum refuse in plain text.

use axum::Json;
use axum::extract::{FromRequest, FromRequestParts, OptionalFromRequest, Request, path, rejection};
use axum::http::StatusCode;
use axum::http::request::Parts;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::web::answer::Problem;

/// The most objects in one answer.
const MOST: u32 = 500;

/// The query of the address.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let query = axum::extract::Query::from_request_parts(parts, state).await;
        query
            .map(|axum::extract::Query(query)| Self(query))
            .map_err(|error| Problem::technical(StatusCode::BAD_REQUEST, error.body_text()))
    }
}

/// The variable parts of the path.
#[derive(Debug)]
pub struct Path<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = axum::extract::Path::from_request_parts(parts, state).await;
        path.map(|axum::extract::Path(path)| Self(path)).map_err(|error: rejection::PathRejection| match error {
            rejection::PathRejection::FailedToDeserializePathParams(error)
                if !matches!(error.kind(), path::ErrorKind::InvalidUtf8InPathParam { .. }) =>
            {
                Problem::technical(StatusCode::NOT_FOUND, error.body_text())
            }
            error => Problem::technical(StatusCode::BAD_REQUEST, error.body_text()),
        })
    }
}

/// The body, as JSON.
#[derive(Debug)]
pub struct Body<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let body = <Json<Value> as FromRequest<S>>::from_request(request, state).await;
        body.map_err(|error| Problem::technical(error.status(), error.body_text()))
            .and_then(|Json(body)| Self::read(body))
    }
}

impl<S: Send + Sync, T: DeserializeOwned> OptionalFromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Option<Self>, Problem> {
        let body = <Json<Value> as OptionalFromRequest<S>>::from_request(request, state).await;
        let body = body.map_err(|error| Problem::technical(error.status(), error.body_text()))?;
        // `null` means no body.
        body.map(|Json(body)| body).filter(|body| !body.is_null()).map(Self::read).transpose()
    }
}

impl<T: DeserializeOwned> Body<T> {
    fn read(body: Value) -> Result<Self, Problem> {
        let wrong = |words: String| Problem::technical(StatusCode::UNPROCESSABLE_ENTITY, words);
        // serde would read an array as the fields of an object, in the order of our sources.
        if body.is_array() {
            return Err(wrong("the body must be a JSON object, and it is an array".to_owned()));
        }
        T::deserialize(body).map(Self).map_err(|error| wrong(format!("the body is not as it should be: {error}")))
    }
}

/// An instant, written in RFC 3339.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
pub struct Instant(pub DateTime<Utc>);

impl TryFrom<String> for Instant {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let wrong = |_| format!("{text:?} is not a time like 2026-11-20T05:00:00Z or 2026-11-20T14:00:00%2B09:00");
        // In a query a plus is a space, and who types an address writes a plus.
        let plus = text.rsplit_once(' ').filter(|(_, offset)| offset.len() == "09:00".len());
        let meant = plus.map(|(time, offset)| format!("{time}+{offset}"));
        DateTime::parse_from_rfc3339(meant.as_ref().unwrap_or(&text))
            .map(|at| Self(at.with_timezone(&Utc)))
            .map_err(wrong)
    }
}

/// A number from 1 to [`MOST`].
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
pub struct Count(u32);

impl Count {
    /// Returns the default of a parameter.
    pub const fn usual(count: u32) -> Self {
        Self(count)
    }

    /// Returns the number.
    pub fn get(self) -> u32 {
        self.0
    }
}

impl TryFrom<String> for Count {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let within = text.parse().ok().filter(|count| (1..=MOST).contains(count));
        within.map(Self).ok_or_else(|| format!("{text:?} is not a number from 1 to {MOST}"))
    }
}
