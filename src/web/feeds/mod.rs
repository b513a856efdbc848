//! What apps subscribe to: podcasts of the recordings, playlists of them, and the calendar of the coming airings.

mod calendar;
mod episodes;
mod playlist;
mod podcast;
mod text;

use axum::Router;
use axum::routing::get;

use crate::web::Site;

/// The addresses of all of them.
pub(super) fn router() -> Router<Site> {
    Router::new().merge(podcast::router()).merge(playlist::router()).route("/schedule.ics", get(calendar::coming))
}
