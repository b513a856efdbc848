//! Events, as they happen.

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

use crate::language::Sentence;
use crate::web::answer::Problem;
use crate::web::extract::Query;
use crate::web::site::events::{EventListener, Events, Happened, MOST};
use crate::web::wire::Transition;

/// How often a sign of life is sent, because web servers in front end quiet connections.
const ALIVE: Duration = Duration::from_secs(15);
/// The header that a browser sends when it reconnects by itself.
const LAST: HeaderName = HeaderName::from_static("last-event-id");
/// Makes nginx pass events on at once.
const UNBUFFERED: (HeaderName, &str) = (HeaderName::from_static("x-accel-buffering"), "no");

/// Which events are sent.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Params {
    /// The `id` of the last event that the client got: what has changed since then comes first. `Last-Event-ID` means the same.
    since: Option<String>,
}

/// Sends what happens, as server-sent events, until the daemon stops.
///
/// `changed`: `{\"resources\": [...]}` names the lists that have changed: `recordings`, `airings`, `stations`,
/// `configuration`. `on-air` lists the airings that are being recorded, at the beginning and then once a second if that
/// changes. Each has `id`, `show`, `title`, `station` and `until`; `on_tape` and `missing` in seconds; `trouble` in words
/// and `trouble_kind` in one word if no sound comes at the moment; and `levels`, the loudest sample of each tenth of a
/// second of the newest sound, in dBFS. `grabs` lists the downloads that are made, once a second if that changes: `id`,
/// `stage` (`finding`, `fetching`, `packing`), `segments`, `there`, `missing`, `bytes`, `rate` in bytes per second, and `left`
/// in seconds or null. `job` is a transition of a job: its `kind`, `id`, `state`, `at`, `reason` and
/// `number`. Every event has an `id` from which a client can go on later: it gets every `job` since then, also of before a
/// restart, and of the rest the newest state only, as a slow client does.
#[utoipa::path(
    get, path = "/events", operation_id = "events", tag = "events", params(Params),
    responses((status = 200, body = String, content_type = "text/event-stream"), Problem)
)]
pub(super) async fn listen(
    State(events): State<Events>,
    Query(asked): Query<Params>,
    headers: HeaderMap,
) -> Result<Response, Response> {
    let last = headers.get(LAST).and_then(|last| last.to_str().ok());
    let Some(listener) = events.listen(last.or(asked.since.as_deref())) else {
        let many = Sentence::new("problem_listeners").with("most", MOST);
        let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, many);
        return Err(([(RETRY_AFTER, "10")], problem).into_response());
    };
    let happened = stream::unfold(listener, |mut listener| async {
        let happened = listener.next().await?;
        Some((Ok::<_, Infallible>(event(&happened, &listener)), listener))
    });
    let headers = [(CACHE_CONTROL, "no-store"), UNBUFFERED];
    Ok((headers, Sse::new(happened).keep_alive(KeepAlive::new().interval(ALIVE))).into_response())
}

fn event(happened: &Happened, listener: &EventListener) -> Event {
    let (name, data) = match happened {
        Happened::Changed(topics) => {
            let resources: Vec<_> = topics.iter().map(|topic| topic.word()).collect();
            ("changed", json!({ "resources": resources }))
        }
        Happened::OnAir(now) => ("on-air", json!(**now)),
        Happened::Grabs(going) => ("grabs", json!(**going)),
        Happened::Job(transition) => ("job", json!(Transition::of(transition.clone()))),
    };
    // JSON has no raw line breaks, so it is one line of data.
    Event::default().event(name).id(listener.mark()).data(data.to_string())
}
