//! HTTP Live Streaming (RFC 8216): a live playlist becomes media events in programme order.
//!
//! Two halves run side by side and meet at a queue. One reloads the playlist and orders what is new (`reload`,
//! `timeline`); the other fetches several segments at once and commits them in order (`obtain`, `commit`). Between them
//! stands what the station offers at this moment, at which addresses (`offer`).
//!
//! `load` requests a playlist, which passes through `normalise` (text made safe, `variables` filled in) and `playlist`
//! (checked types). `variants` ranks what a station offers, `failover` says which variant to play as they come and go,
//! and `variant_probe` finds out whether one works again. `fetch` (with `request`, `crypt` and `data_url`) makes sure
//! that what is committed is sound. `pace` says when to reload and how long to wait for an answer. How often anything
//! is retried stands in [`policy`](super::policy), with the other sources.
//!
//! What is not live is no capture: `src/grabs/` fetches it with the parts that are named here.
//!
//! Invariants: a segment is committed once or reported as one gap, in order; nothing is given up before `stop`; after
//! `stop` everything ends within `GRACE`. Memory is bounded whatever the station sends.

mod address;
mod attributes;
mod buffered;
mod claims;
mod commit;
mod crypt;
mod data_url;
mod duplicates;
mod failover;
mod fetch;
mod history;
mod load;
mod normalise;
mod obtain;
mod offer;
mod own_clock;
mod pace;
mod playlist;
#[cfg(any(test, feature = "fuzzing"))]
pub mod properties;
mod reload;
mod request;
mod timeline;
mod variables;
mod variant_probe;
mod variants;

use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

pub use self::address::ByteRange;
pub use self::claims::Claims;
pub use self::fetch::{EncryptedBytes, Fetcher, Sound};
pub use self::load::{Asking, LoadError, load};
pub use self::normalise::MAX_SEGMENTS;
pub use self::playlist::{Map, MediaPlaylist, Playlist, PlaylistError, Segment};
pub use self::request::{FetchError, beginning};
pub use self::variables::Variables;
pub use self::variants::{Master, Wish};

use self::obtain::{End, Obtainer};
use self::offer::Offer;
use self::reload::Reloader;
use self::timeline::Timeline;
use crate::base::environment::Environment;
use crate::base::http::{self, Manner};
use crate::capture::source::wrong_kind::WrongKind;
use crate::config::Hls;
use crate::model::{AsCause, MediaEvent};

/// How long a segment that is on its way may still take after `stop`.
const GRACE: Duration = Duration::from_secs(1);

/// Captures `source` into `events` until `stop` is cancelled or nobody receives the events any more. Returns `Some` if
/// the address stands for an endless stream.
///
/// Starts with the segment that plays at `since` (and the one before, for safety) as far as the first window reaches
/// back. The dates of the list count if they are within two minutes of our clock; else the segments are counted back
/// from now.
pub(super) async fn run(
    source: &Hls,
    since: DateTime<Utc>,
    environment: &Environment,
    events: mpsc::Sender<MediaEvent>,
    stop: CancellationToken,
) -> Option<WrongKind> {
    let (headers, accept_invalid, reach) = (&source.headers, source.accept_invalid, &source.reach);
    let manner =
        Manner { headers, accept_invalid, reach, witnesses: Some(&environment.witnesses), ..Manner::default() };
    let client = match http::client(manner, &environment.clock) {
        Ok(client) => client,
        Err(error) => {
            let trouble = MediaEvent::Trouble { at: environment.clock.now(), cause: error.as_cause() };
            let _ = events.send(trouble).await;
            stop.cancelled().await;
            return None;
        }
    };
    let end = End { stop: stop.child_token(), late: CancellationToken::new() };
    let offer = Offer::new();
    let (queued, queue) = mpsc::channel(normalise::MAX_SEGMENTS);
    let reloader = Reloader {
        source,
        environment,
        client: client.clone(),
        offer: &offer,
        events: &events,
        stop: end.stop.clone(),
        timeline: Timeline::new(since),
    };
    let obtainer = Obtainer::new(
        Fetcher::new(client, environment.clock.clone()),
        &offer,
        &events,
        environment.clock.clone(),
        end.clone(),
    );
    let reloading = async {
        let wrong_kind = reloader.run(queued).await;
        // Segments that are on their way are part of another stream.
        end.stop.cancel();
        wrong_kind
    };
    let committing = async {
        // An error means that nobody receives the events: the other half need not go on either.
        let _ = commit::run(&obtainer, queue, &events).await;
        end.stop.cancel();
    };
    let lateness = async {
        end.stop.cancelled().await;
        environment.clock.sleep(GRACE).await;
        end.late.cancel();
    };
    // On the heap, because it is large and every caller up to the deck's task would carry it.
    let mut capture = Box::pin(async { tokio::join!(reloading, committing).0 });
    tokio::select! {
        wrong_kind = &mut capture => wrong_kind,
        () = lateness => capture.await,
    }
}

#[cfg(test)]
pub(crate) mod tests;
