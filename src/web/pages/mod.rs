//! The pages, one file each, with their templates, the values for these ([`shown`]), scripts and styles.

mod clip_new;
mod clips;
mod edit;
mod files;
mod form;
mod grabs;
mod holds;
mod listing;
mod messages;
mod on_air;
mod past;
mod played;
mod recordings;
mod render;
mod schedule;
mod share;
mod shared;
mod show;
mod shown;
mod sign_in;
mod station;
mod stations;
mod subscriptions;

use axum::Router;
use axum::routing::{MethodRouter, any, get, post};

use crate::web::Site;

/// Returns the router of the pages.
pub(super) fn router() -> Router<Site> {
    Router::new()
        .route("/", get(recordings::page))
        .route("/on-air", get(on_air::page))
        .route("/schedule", get(schedule::page))
        .route("/stations", get(stations::page))
        .route("/stations/{station}", get(station::page))
        .route("/clips", get(clips::page))
        .route("/clips/new", get(clip_new::page).post(clip_new::make))
        .route("/clips/feed/renew", post(clips::renew))
        .route("/clips/{clip}/withdraw", post(clips::withdraw))
        .route("/configuration", get(edit::page).post(edit::submit))
        .route("/grabs", get(grabs::page).post(grabs::make))
        .route("/grabs/{grab}/retry", post(grabs::retry))
        .route("/grabs/{grab}/remove", post(grabs::remove))
        .route("/stations/{station}/holds", post(holds::hold))
        .route("/stations/{station}/holds/{number}/release", post(holds::release))
        .route("/subscribe", get(subscriptions::page))
        .route("/feed/renew", post(subscriptions::renew))
        .route("/calendar/renew", post(subscriptions::renew_calendar))
        .route("/shows/{show}", get(show::page))
        .route("/shows/{show}/feed/renew", post(show::renew))
        .route("/share/{recording}", get(share::page).post(share::make))
        .route("/share/{recording}/withdraw", post(share::withdraw))
        .route("/s/{token}", get(shared::page))
        .route("/sign-in", get(sign_in::page).post(sign_in::sign_in))
        .route("/sign-out", post(sign_in::sign_out))
        .route("/static/{file}", get(files::get))
}

/// Returns the handler of every other address.
pub(super) fn fallback() -> MethodRouter<Site> {
    any(shared::elsewhere)
}
