//! The health check of the service.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chrono::TimeDelta;

use crate::base::readable;
use crate::library::catalogue::Filter;
use crate::library::store::free_space;
use crate::web::Site;
use crate::web::answer::broken;

/// How long the store may be away before that is unhealthy: copies wait, and nothing is lost meanwhile.
const TROUBLED: TimeDelta = TimeDelta::hours(1);

/// Returns whether the service is healthy: its catalogue and its disks answer, there is space for the next recording,
/// and nothing keeps an airing from being finished, or for long from being copied to the store. Below `min_free`, or if the output folder is away, monitoring
/// learns it here before the next show is lost. The folders are those that the service uses, whatever the configuration
/// says by now.
pub(super) async fn get(State(site): State<Site>) -> Response {
    if let Err(error) = site.catalogue.list(&Filter { limit: Some(1), ..Filter::default() }).await {
        return broken(&error);
    }
    let config = site.config();
    if let Some(trouble) = site.recorder.output_trouble().await {
        return (StatusCode::SERVICE_UNAVAILABLE, format!("{trouble}\n")).into_response();
    }
    if let Some(words) = short("recordings", site.store.free_space().await.ok(), config.min_free) {
        return (StatusCode::SERVICE_UNAVAILABLE, words).into_response();
    }
    if let Some(words) = short("tape", free_space(site.decks.folder()).await.ok(), config.min_free) {
        return (StatusCode::SERVICE_UNAVAILABLE, words).into_response();
    }
    if let Some(trouble) = site.catalogue.damage().first() {
        return (StatusCode::SERVICE_UNAVAILABLE, format!("{trouble}\n")).into_response();
    }
    let held = site.airings.running().into_iter().find_map(|current| Some((current.airing.id, current.held?)));
    if let Some((id, held)) = held {
        let words = format!("{id} is on tape and waits to be finished: {}\n", held.words);
        return (StatusCode::SERVICE_UNAVAILABLE, words).into_response();
    }
    let lately = site.now() - TROUBLED;
    if let Some(trouble) = site.copies.trouble().filter(|trouble| trouble.since < lately) {
        let since = trouble.since.format("%Y-%m-%d %H:%M UTC");
        let words = format!("recordings cannot be copied to the store since {since}: {}\n", trouble.words);
        return (StatusCode::SERVICE_UNAVAILABLE, words).into_response();
    }
    "ok\n".into_response()
}

/// What to say of too little room for `name`, or of room that cannot be measured. `None` if there is enough.
fn short(name: &str, free: Option<u64>, wanted: u64) -> Option<String> {
    let Some(free) = free else { return Some(format!("the room for {name} cannot be measured\n")) };
    (free < wanted).then(|| {
        let (free, wanted) = (readable::bytes(free), readable::bytes(wanted));
        format!(
            "only {free} are free for {name}, less than min_free ({wanted}): nothing new is recorded until there is room\n"
        )
    })
}
