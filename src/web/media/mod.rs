//! Sound and pictures: recordings with their transcripts and waveforms, as files and as HLS, also by links to share, listening live and to tapes,
//! and artwork.

mod artwork;
mod elsewhere;
mod grabs;
pub(super) mod growing;
mod hls;
mod levels;
mod live;
mod mp3;
mod playlist;
mod recordings;
mod samples;
mod segment;
mod shared;
mod tape;
mod waveform;

use axum::Router;
use axum::routing::get;

use crate::web::Site;

/// Returns the router of all sound and pictures.
pub(super) fn router() -> Router<Site> {
    Router::new()
        .merge(recordings::router())
        .merge(hls::router())
        .merge(live::router())
        .merge(tape::router())
        .route("/live/{station}/levels", get(levels::levels))
        .merge(samples::router())
        .merge(artwork::router())
        .route("/grabs/{grab}/{file}", get(grabs::file))
        .route("/waveforms/{file}", get(waveform::picture))
        .route("/s/{token}/{file}", get(shared::part))
}
