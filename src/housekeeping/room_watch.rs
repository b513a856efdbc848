//! Makes room for what is always on tape: that fills a disk although no airing begins, which makes room for itself.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tracing::error;

use super::Housekeeping;
use crate::base::environment::Environment;
use crate::config::Config;

/// How often the free space is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// The wait after nothing more could be deleted.
const PAUSE: Duration = Duration::from_secs(10 * 60);

/// Deletes what may be deleted whenever there is less than `min_free`, while a station of `config` is always on tape,
/// until the process stops.
pub async fn make_room_for_tape(
    housekeeping: Housekeeping,
    mut config: watch::Receiver<Arc<Config>>,
    environment: Environment,
) {
    let Environment { clock, stop, .. } = environment;
    let watching = async {
        let mut told = false;
        loop {
            let current = Arc::clone(&config.borrow_and_update());
            if current.stations.iter().all(|station| station.tape.is_none()) {
                if config.changed().await.is_err() {
                    return;
                }
                continue;
            }
            let pause = match housekeeping.make_room(&current).await {
                Ok(()) => {
                    told = false;
                    LOOK_EVERY
                }
                Err(error) => {
                    if !std::mem::replace(&mut told, true) {
                        error!(%error, "there is too little space for what is always on tape");
                    }
                    PAUSE
                }
            };
            tokio::select! {
                changed = config.changed() => if changed.is_err() { return },
                () = clock.sleep(pause) => {}
            }
        }
    };
    stop.run_until_cancelled(watching).await.unwrap_or_default();
}
