//! Sources: one live connection to a station.
//!
//! A source turns a station's stream into [`MediaEvent`]s in programme order, and goes on until it is stopped. Nothing
//! is given up: trouble is reported as [`MediaEvent::Trouble`], and retried.
//!
//! Whatever a station is reached by, it is a [`Source`]: it is needed from an instant on, hands on events, and says how it
//! is by [`Health`].
//!
//! The answer decides what an address stands for: an HLS playlist under `icecast:` is recorded as one, and an endless
//! stream under `hls:` as that. Each of the two sources ends with `WrongKind` if it finds the other, and `run` goes
//! on with that one.

mod cause;
mod health;
pub mod hls;
pub mod icecast;
pub mod media;
pub mod policy;
mod reconnect;
pub mod resolve;
pub mod rtmp;
#[cfg(test)]
mod testing;
mod wrong_kind;

use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

pub use self::health::Health;
use self::policy::Backoff;
use self::wrong_kind::WrongKind;
use crate::base::environment::Environment;
use crate::config::{Hls, Icecast, SourceConfig, Station};
use crate::model::MediaEvent;

/// Events that may wait before the source has to wait.
const QUEUE: usize = 16;

/// The events of a station, and its health.
#[derive(Debug)]
pub struct Source<'a> {
    events: mpsc::Receiver<MediaEvent>,
    health: &'a watch::Sender<Health>,
}

impl<'a> Source<'a> {
    /// Opens the source of `station`, which is needed from as far back as `since` if the station still offers that. It
    /// hands on events while the returned future runs: until `stop` is cancelled or the source is dropped. `health` says
    /// from now on how this source is.
    pub fn open(
        station: &'a Station,
        since: DateTime<Utc>,
        environment: &'a Environment,
        health: &'a watch::Sender<Health>,
        stop: CancellationToken,
    ) -> (Self, impl Future<Output = ()>) {
        let (sender, events) = mpsc::channel(QUEUE);
        health.send_replace(Health::default());
        (Self { events, health }, run(station, since, environment, sender, stop))
    }

    /// The next event; `None` if the source has ended. An event is never lost if this is not waited for to its end.
    pub async fn next(&mut self) -> Option<MediaEvent> {
        let event = self.events.recv().await?;
        self.health.send_modify(|health| health.observe(&event));
        Some(event)
    }
}

/// Captures `station` into `events` until `stop` is cancelled or nobody receives the events any more.
///
/// Each kind of source is on the heap: else every station would take the memory of the largest of them.
async fn run(
    station: &Station,
    since: DateTime<Utc>,
    environment: &Environment,
    events: mpsc::Sender<MediaEvent>,
    stop: CancellationToken,
) {
    let environment = &environment.asking(station.id.as_str());
    match &station.source {
        SourceConfig::Rtmp(rtmp) => Box::pin(rtmp::run(rtmp, environment, events, stop)).await,
        SourceConfig::Hls(hls) => {
            let Hls { address, headers, accept_invalid, reach, .. } = hls.clone();
            let icecast = Icecast { address, headers, accept_invalid, reach };
            let mut capture = Capture { hls, icecast: &icecast, is_hls: true, since };
            capture.run(environment, events, stop).await;
        }
        SourceConfig::Icecast(icecast) => {
            let Icecast { address, headers, accept_invalid, reach } = icecast.clone();
            let hls = Hls { address, headers, max_bitrate: None, language: None, accept_invalid, reach };
            let mut capture = Capture { hls: &hls, icecast, is_hls: false, since };
            capture.run(environment, events, stop).await;
        }
    }
}

/// A capture over HTTP, whose address may stand for HLS or for an endless stream.
struct Capture<'a> {
    hls: &'a Hls,
    icecast: &'a Icecast,
    /// Whether the address is taken for HLS.
    is_hls: bool,
    since: DateTime<Utc>,
}

impl Capture<'_> {
    async fn run(&mut self, environment: &Environment, events: mpsc::Sender<MediaEvent>, stop: CancellationToken) {
        let mut backoff = Backoff::new(policy::CONNECTION);
        let mut wait = Duration::ZERO;
        loop {
            let wrong_kind = if self.is_hls {
                Box::pin(hls::run(self.hls, self.since, environment, events.clone(), stop.clone())).await
            } else {
                Box::pin(icecast::run(self.icecast, environment, events.clone(), stop.clone())).await
            };
            let Some(WrongKind { cause, heard }) = wrong_kind else { return };
            let at = environment.clock.now();
            if heard {
                // Earlier sound is on tape already.
                self.since = at;
            }
            self.is_hls = !self.is_hls;
            let told = events.send(MediaEvent::Trouble { at, cause }).await;
            let waited = stop.run_until_cancelled(environment.clock.sleep(wait)).await;
            if told.is_err() || waited.is_none() {
                return;
            }
            // An address that changes its kind again and again is not requested in a loop.
            wait = backoff.wait();
        }
    }
}
