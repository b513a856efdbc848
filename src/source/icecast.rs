//! (to be written)

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::base::environment::Environment;
use crate::config::Icecast;
use crate::model::MediaEvent;

/// Captures until `stop`.
pub async fn run(
    _source: &Icecast,
    _environment: &Environment,
    _events: mpsc::Sender<MediaEvent>,
    stop: CancellationToken,
) {
    stop.cancelled().await;
}
