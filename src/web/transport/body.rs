//! Reads the body of a request before a handler gets it: the body must be small and arrive soon.

use std::time::Duration;

use axum::body::{Body, HttpBody as _};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_LENGTH;
use axum::middleware::Next;
use axum::response::Response;
use bytes::{Bytes, BytesMut};
use futures::StreamExt as _;

use crate::base::clock::SharedClock;
use crate::language::Sentence;
use crate::web::answer::refused;

/// The largest body, in bytes.
const LARGEST: usize = 64 * 1024;
/// The largest body with a file of the configuration in it, in bytes: one of thousands of stations and shows.
const LARGEST_FILE: usize = 2 * 1024 * 1024;
/// The beginnings of the addresses that get such a body.
const FILES: [&str; 2] = ["/configuration", "/api/v1/configuration/"];
/// How long a body may take to arrive.
const WITHIN: Duration = Duration::from_secs(10);

/// Reads the body, and passes the request on with it.
pub async fn read_first(State(clock): State<SharedClock>, request: Request, next: Next) -> Response {
    if request.body().is_end_stream() {
        return next.run(request).await;
    }
    let largest = largest(request.uri().path());
    let declared = request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if declared.is_some_and(|declared| declared > largest) {
        return too_large(request.uri().path(), largest);
    }
    let (parts, body) = request.into_parts();
    let read = tokio::select! {
        read = whole(body, largest) => read,
        () = clock.sleep(WITHIN) => {
            return refused(parts.uri.path(), StatusCode::REQUEST_TIMEOUT, Sentence::new("problem_too_slow"));
        }
    };
    match read {
        Ok(Some(body)) => next.run(Request::from_parts(parts, Body::from(body))).await,
        Ok(None) => too_large(parts.uri.path(), largest),
        Err(_) => refused(parts.uri.path(), StatusCode::BAD_REQUEST, Sentence::new("problem_broken_body")),
    }
}

/// Returns the whole body. `None` if it is too large.
async fn whole(body: Body, largest: usize) -> Result<Option<Bytes>, axum::Error> {
    let mut whole = BytesMut::new();
    let mut body = body.into_data_stream();
    while let Some(part) = body.next().await.transpose()? {
        if whole.len() + part.len() > largest {
            return Ok(None);
        }
        whole.extend_from_slice(&part);
    }
    Ok(Some(whole.freeze()))
}

fn largest(path: &str) -> usize {
    if FILES.iter().any(|begins| path.starts_with(begins)) { LARGEST_FILE } else { LARGEST }
}

fn too_large(path: &str, largest: usize) -> Response {
    let sentence = Sentence::new("problem_too_large").with("kib", largest / 1024);
    refused(path, StatusCode::PAYLOAD_TOO_LARGE, sentence)
}
