//! Where the sound comes from: one live connection to a station.
//!
//! A source turns a station's stream into [`MediaEvent`]s in programme order and goes on until it is told to stop:
//! nothing is given up, trouble is told as [`MediaEvent::Trouble`] and retried.

mod cause;
mod endless;
pub mod hls;
pub mod icecast;
#[cfg(test)]
mod listening;
pub mod media;
pub mod policy;
pub mod resolve;
pub mod rtmp;

use chrono::{DateTime, Utc};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::base::environment::Environment;
use crate::config::{SourceConfig, Station};
use crate::model::MediaEvent;

/// Captures `station` into `events` until `stop` is cancelled or nobody listens any more. Starts as far back as
/// `since`, where the station still offers it.
pub async fn run(
    station: &Station,
    since: DateTime<Utc>,
    environment: &Environment,
    events: mpsc::Sender<MediaEvent>,
    stop: CancellationToken,
) {
    match &station.source {
        SourceConfig::Hls(hls) => hls::run(hls, since, environment, events, stop).await,
        SourceConfig::Rtmp(rtmp) => rtmp::run(rtmp, environment, events, stop).await,
        SourceConfig::Icecast(icecast) => icecast::run(icecast, environment, events, stop).await,
    }
}
