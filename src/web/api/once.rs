//! Requests that are carried out once: one with an `Idempotency-Key` that comes again gets the answer that it got before
//! (draft-ietf-httpapi-idempotency-key-header).
//!
//! - The same key with the same request gets the same answer, for a day; with another request it is refused with 422; while
//!   the first is still being carried out, with 409.
//! - Keys belong to whoever asks: a session, a user name, or else an address.
//! - Only answers of success are kept. What was refused has changed nothing, and may be sent again with the same key.
//! - A request with a key is carried out even if its client does not wait for the answer, which is why it has one.

use axum::body::{Body, HttpBody as _, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_TYPE, LOCATION, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use utoipa::openapi::path::{ParameterBuilder, ParameterIn};
use utoipa::openapi::{ObjectBuilder, OpenApi as Document, Required, Type};

use crate::base::hash::sha256;
use crate::language::Sentence;
use crate::library::catalogue::{Answer, Known, RequestKey};
use crate::web::Site;
use crate::web::answer::Problem;
use crate::web::auth::asker;

/// The header.
const KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// The most characters of a key.
const LONGEST_KEY: usize = 200;
/// The largest body of a request, in bytes: a guard has refused larger ones.
const LARGEST_REQUEST: usize = 64 * 1024;
/// The largest answer that is kept, in bytes.
const LARGEST_ANSWER: usize = 64 * 1024;
/// When a client may ask again while its request is being carried out, in seconds.
const SOON: &str = "1";

/// Carries out a request for a change that has a key, unless its answer is known. Passes on any other request.
pub async fn once(State(site): State<Site>, request: Request, next: Next) -> Response {
    let is_change = request.method() == Method::POST && request.uri().path().starts_with("/api/");
    let Some(written) = request.headers().get(KEY).filter(|_| is_change) else { return next.run(request).await };
    let Some(key) = key(written) else {
        let words =
            format!("the header Idempotency-Key must be a text of 1 to {LONGEST_KEY} characters, such as \"8e03978e\"");
        return Problem::technical(StatusCode::BAD_REQUEST, words).into_response();
    };
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, LARGEST_REQUEST).await else {
        return Problem::technical(StatusCode::PAYLOAD_TOO_LARGE, "the body is too large").into_response();
    };
    let address = parts.uri.path_and_query().map_or("", |address| address.as_str());
    let content = sha256(&[address.as_bytes(), b"\n", &body]);
    let of = RequestKey { asker: asker::of(&site.config().web, &parts.extensions, &parts.headers), key };
    // Within one run of the service, so that what a dead process has begun is carried out again.
    let run = site.started.timestamp_micros();
    let refused = |status, key, written: &RequestKey| {
        Problem::new(status, Sentence::new(key).with("key", format_args!("{:?}", written.key))).into_response()
    };
    match site.catalogue.begin_request(of.clone(), content, run, site.now()).await {
        Ok(Known::New) => carry_out(site, of, Request::from_parts(parts, Body::from(body)), next).await,
        Ok(Known::Answered(answer)) => response_of(answer),
        Ok(Known::Other) => refused(StatusCode::UNPROCESSABLE_ENTITY, "problem_key_other", &of),
        Ok(Known::Running) => {
            let mut running = refused(StatusCode::CONFLICT, "problem_key_running", &of);
            running.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static(SOON));
            running
        }
        Err(error) => Problem::from(error).into_response(),
    }
}

async fn carry_out(site: Site, of: RequestKey, request: Request, next: Next) -> Response {
    let (desk, named) = (site.clone(), of.clone());
    let carried_out = site.environment.spawn(async move {
        let response = next.run(request).await;
        kept(&desk, named, response).await
    });
    if let Ok(response) = carried_out.await {
        return response;
    }
    // It panicked: another attempt may do better.
    let _ = site.catalogue.unanswered(of).await;
    Problem::technical(StatusCode::INTERNAL_SERVER_ERROR, "the request could not be carried out").into_response()
}

/// Keeps the answer if it says that something was done. Returns it.
async fn kept(site: &Site, of: RequestKey, response: Response) -> Response {
    let is_small = response.body().size_hint().upper().is_some_and(|size| size <= LARGEST_ANSWER as u64);
    let (parts, body) = response.into_parts();
    let (written, response) = if parts.status.is_success() && is_small {
        let body = to_bytes(body, LARGEST_ANSWER).await.unwrap_or_default();
        let text =
            |name| parts.headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok()).map(str::to_owned);
        let (kind, location) = (text(CONTENT_TYPE), text(LOCATION));
        let answer = Answer { status: parts.status.as_u16(), kind, location, body: body.to_vec() };
        (site.catalogue.answered(of, answer).await, Response::from_parts(parts, Body::from(body)))
    } else {
        (site.catalogue.unanswered(of).await, Response::from_parts(parts, body))
    };
    if let Err(error) = written {
        tracing::warn!(%error, "the answer to a request with a key could not be kept");
    }
    response
}

fn response_of(answer: Answer) -> Response {
    let mut headers = HeaderMap::new();
    for (name, value) in [(CONTENT_TYPE, answer.kind), (LOCATION, answer.location)] {
        if let Some(value) = value.and_then(|value| HeaderValue::try_from(value).ok()) {
            headers.insert(name, value);
        }
    }
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    (status, headers, answer.body).into_response()
}

/// Returns the key: a string of RFC 8941, or the same without quotes. `None` if it is none.
fn key(written: &HeaderValue) -> Option<String> {
    let text = written.to_str().ok()?.trim();
    let inside = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let key = inside.map_or_else(|| text.to_owned(), |inside| inside.replace("\\\"", "\"").replace("\\\\", "\\"));
    (1..=LONGEST_KEY).contains(&key.len()).then_some(key)
}

/// Describes the header for every address that changes something.
pub(super) fn describe(document: &mut Document) {
    for item in document.paths.paths.values_mut() {
        let Some(operation) = &mut item.post else { continue };
        let text = ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).max_length(Some(LONGEST_KEY));
        let parameter = ParameterBuilder::new()
            .name("Idempotency-Key")
            .parameter_in(ParameterIn::Header)
            .required(Required::False)
            .description(Some(
                "A key of the client's choice, new for each request: if the request comes again within a day, it gets the \
                 same answer and nothing is done. With another request the key is refused (422), and while the first is \
                 carried out (409).",
            ))
            .schema(Some(text));
        operation.parameters.get_or_insert_default().push(parameter.build().into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_written_with_or_without_quotes() {
        let key = |text: &str| key(&HeaderValue::from_str(text).unwrap());
        assert_eq!(key("\"8e03978e-40d5\"").as_deref(), Some("8e03978e-40d5"));
        assert_eq!(key(" 8e03978e-40d5 ").as_deref(), Some("8e03978e-40d5"));
        assert_eq!(key(r#""a\"b\\c""#).as_deref(), Some(r#"a"b\c"#));
        for none in ["", "\"\"", &"x".repeat(201)] {
            assert_eq!(key(none), None, "{none}");
        }
    }
}
