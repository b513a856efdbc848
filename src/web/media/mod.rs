//! Sound and pictures: recordings with their transcripts and waveforms, listening live, and artwork.

mod artwork;
mod live;
mod recordings;
mod waveform;

use axum::Router;
use axum::routing::get;

use crate::web::Site;

/// Returns the router of all sound and pictures.
pub(super) fn router() -> Router<Site> {
    Router::new()
        .merge(recordings::router())
        .merge(live::router())
        .merge(artwork::router())
        .route("/waveforms/{file}", get(waveform::picture))
}
