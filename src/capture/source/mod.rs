//! Where the sound comes from: one live connection to a station.
//!
//! A source turns a station's stream into [`MediaEvent`]s in programme order and goes on until it is told to stop:
//! nothing is given up, trouble is told as [`MediaEvent::Trouble`] and retried.
//!
//! What an address stands for is decided by what it answers: an HLS playlist under `icecast:` is recorded as one, and an
//! endless stream under `hls:` as that. Each of the two sources says so when it finds the other, and [`run`] goes on with
//! that one.

mod cause;
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
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use self::policy::Backoff;
use self::wrong_kind::WrongKind;
use crate::base::environment::Environment;
use crate::config::{Hls, Icecast, SourceConfig, Station};
use crate::model::MediaEvent;

/// Captures `station` into `events` until `stop` is cancelled or nobody listens any more. Starts as far back as
/// `since`, where the station still offers it.
///
/// Each kind of source is on the heap: else a station would take the memory of the largest of them.
pub async fn run(
    station: &Station,
    since: DateTime<Utc>,
    environment: &Environment,
    events: mpsc::Sender<MediaEvent>,
    stop: CancellationToken,
) {
    match &station.source {
        SourceConfig::Rtmp(rtmp) => Box::pin(rtmp::run(rtmp, environment, events, stop)).await,
        SourceConfig::Hls(hls) => {
            let Hls { address, headers, accept_invalid, .. } = hls.clone();
            let icecast = Icecast { address, headers, accept_invalid };
            let mut capture = Capture { hls, icecast: &icecast, is_hls: true, since };
            capture.run(environment, events, stop).await;
        }
        SourceConfig::Icecast(icecast) => {
            let Icecast { address, headers, accept_invalid } = icecast.clone();
            let hls = Hls { address, headers, max_bitrate: None, language: None, accept_invalid };
            let mut capture = Capture { hls: &hls, icecast, is_hls: false, since };
            capture.run(environment, events, stop).await;
        }
    }
}

/// An address that is asked over HTTP, as both that it may stand for.
struct Capture<'a> {
    hls: &'a Hls,
    icecast: &'a Icecast,
    /// What it is taken for.
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
                // What was on the air before is on tape.
                self.since = at;
            }
            self.is_hls = !self.is_hls;
            let told = events.send(MediaEvent::Trouble { at, cause }).await;
            let waited = stop.run_until_cancelled(environment.clock.sleep(wait)).await;
            if told.is_err() || waited.is_none() {
                return;
            }
            // One that turns again and again is not asked in a loop.
            wait = backoff.wait();
        }
    }
}
