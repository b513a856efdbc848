//! A stretch of tape as one MP3, for those who cannot play the sound as it came. It is sent as fast as it is taken, and
//! follows the tape.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use axum::response::{IntoResponse, Response};
use futures::stream;
use tokio_util::sync::CancellationToken;
use tracing::debug;

use crate::config::Encoding;
use crate::encode;
use crate::model::Span;
use crate::tape::Tape;
use crate::web::Site;

/// The longest that a client may listen, and the longest stretch.
pub(super) const LONGEST: Duration = Duration::from_hours(24);
/// How often it is checked whether more can come.
pub(super) const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Returns the MP3 of `cut`. It ends before the cut does if nothing more of that comes once `over` is done.
pub(super) fn answer(site: &Site, tape: Tape, cut: Span, over: impl Future<Output = ()> + Send + 'static) -> Response {
    let Ok(slot) = Arc::clone(&site.listeners).try_acquire_owned() else {
        let words = "too many people listen to an MP3 at the moment; try again later, or in Chromium or Safari";
        return (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "30")], words).into_response();
    };
    let (listener, parts) = encode::queue();
    let sealed = CancellationToken::new();
    let ended = sealed.clone();
    let watch = async move {
        over.await;
        ended.cancel();
        std::future::pending::<()>().await;
    };
    let (stop, clock) = (site.environment.stop.clone(), Arc::clone(&site.environment.clock));
    site.environment.spawn(async move {
        let _slot = slot;
        tokio::select! {
            done = encode::listen(tape, cut, Encoding::default(), sealed, listener, &clock) => {
                if let Err(error) = done {
                    debug!(%error, "the MP3 of a listener broke off");
                }
            }
            () = watch => {}
            () = stop.cancelled() => {}
        }
    });
    let body = stream::unfold(parts, |mut parts| async {
        parts.recv().await.map(|part: Bytes| (Ok::<_, std::convert::Infallible>(part), parts))
    });
    let head = [(CONTENT_TYPE, "audio/mpeg"), (CACHE_CONTROL, "no-store")];
    (head, Body::from_stream(body)).into_response()
}
