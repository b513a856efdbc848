//! The pages, one file each, and the templates they are made from.

mod causes;
mod dates;
mod listing;
mod marks;
mod nothing;
mod on_air;
mod recordings;
mod render;
mod schedule;
mod show;
mod sign_in;
mod slots;
mod stations;
mod subscribe;
mod subscriptions;
mod view;
mod waveform;

use axum::Router;
use axum::routing::{MethodRouter, any, get, post};

use super::Site;

/// The addresses of the pages.
pub(super) fn router() -> Router<Site> {
    Router::new()
        .route("/", get(recordings::page))
        .route("/on-air", get(on_air::page))
        .route("/schedule", get(schedule::page))
        .route("/stations", get(stations::page))
        .route("/subscribe", get(subscriptions::page))
        .route("/feed/renew", post(subscriptions::renew))
        .route("/calendar/renew", post(subscriptions::renew_calendar))
        .route("/shows/{show}", get(show::page))
        .route("/shows/{show}/feed/renew", post(show::renew))
        .route("/sign-in", get(sign_in::page).post(sign_in::sign_in))
        .route("/sign-out", post(sign_in::sign_out))
        .route("/waveforms/{file}", get(waveform::picture))
}

/// The page for every other address.
pub(super) fn fallback() -> MethodRouter<Site> {
    any(nothing::nothing_here)
}
