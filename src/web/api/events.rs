//! What happens, as it happens.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::stream;
use serde::Deserialize;
use serde_json::json;
use utoipa::IntoParams;

use super::extract::Query;
use crate::language::Sentence;
use crate::web::answer::Problem;
use crate::web::site::events::{Events, Happened, Hearing, MOST};

/// A sign of life for web servers in between, which end what is quiet.
const ALIVE: Duration = Duration::from_secs(15);
/// What a browser sends that comes back by itself.
const LAST: HeaderName = HeaderName::from_static("last-event-id");
/// nginx hands on at once what says this.
const UNBUFFERED: (HeaderName, &str) = (HeaderName::from_static("x-accel-buffering"), "no");

/// From where on.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Asked {
    /// The `id` of the last event that was heard: what has changed since is told first. `Last-Event-ID` says the same.
    since: Option<String>,
}

/// What happens, as server-sent events, until the daemon stops.
///
/// `changed`: `{\"resources\": [...]}`, of `recordings`, `airings`, `stations` and `configuration`, whose lists are not as
/// they were. `on-air`: a list of the airings being recorded, at the beginning and then once a second while that
/// changes: `id`, `show`, `title`, `station`, `until`, and in seconds what is `on_tape` and what is `missing`, and
/// `trouble` in words and `trouble_kind` in one word where no sound comes at the moment, and `levels`, the loudest sample
/// of each tenth of a second of what came last, in dBFS. Every event has an `id` by which to go on later. Somebody slow gets the newest of what there is.
#[utoipa::path(
    get, path = "/events", operation_id = "events", tag = "events", params(Asked),
    responses((status = 200, body = String, content_type = "text/event-stream"), Problem)
)]
pub(super) async fn listen(
    State(events): State<Events>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Result<Response, Response> {
    let last = headers.get(LAST).and_then(|last| last.to_str().ok());
    let Some(hearing) = events.listen(last.or(asked.since.as_deref())) else {
        let many = Sentence::new("problem_listeners").with("most", MOST);
        let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, many);
        return Err(([(RETRY_AFTER, "10")], problem).into_response());
    };
    let told = stream::unfold(hearing, |mut hearing| async {
        let happened = hearing.next().await?;
        Some((Ok::<_, Infallible>(event(&happened, &hearing)), hearing))
    });
    let headers = [(CACHE_CONTROL, "no-store"), UNBUFFERED];
    Ok((headers, Sse::new(told).keep_alive(KeepAlive::new().interval(ALIVE))).into_response())
}

fn event(happened: &Happened, hearing: &Hearing) -> Event {
    let (name, data) = match happened {
        Happened::Changed(topics) => {
            let resources: Vec<_> = topics.iter().map(|topic| topic.word()).collect();
            ("changed", json!({ "resources": resources }))
        }
        Happened::OnAir(now) => ("on-air", json!(**now)),
    };
    // JSON has no line breaks of its own, so that it is one line of data.
    Event::default().event(name).id(hearing.mark()).data(data.to_string())
}
