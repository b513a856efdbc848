//! Feeds, to which apps subscribe: podcasts and playlists of the recordings, and the calendar of the coming airings.

mod calendar;
mod episodes;
mod playlist;
mod podcast;
mod text;

use axum::Router;
use axum::routing::get;

use crate::web::Site;

/// Returns the router of all feeds.
pub(super) fn router() -> Router<Site> {
    Router::new().merge(podcast::router()).merge(playlist::router()).route("/schedule.ics", get(calendar::coming))
}
