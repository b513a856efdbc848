//! (in progress)

mod address;
mod attributes;
mod crypt;
mod normalise;
mod playlist;
mod timeline;
mod variants;

use chrono::{DateTime, Utc};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::base::environment::Environment;
use crate::config::Hls;
use crate::model::MediaEvent;

/// Captures until `stop`.
pub async fn run(
    _source: &Hls,
    _since: DateTime<Utc>,
    _environment: &Environment,
    _events: mpsc::Sender<MediaEvent>,
    stop: CancellationToken,
) {
    stop.cancelled().await;
}
