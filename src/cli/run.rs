//! `aircheck run`: runs the service in the foreground.

use super::exit::{DONE, FAILED};
use super::runtime::block_on;
use super::{check, logging};
use crate::base::allocator;
use crate::base::environment::Environment;
use crate::base::reaper;
use crate::config::Config;
use crate::daemon;

/// Runs until a signal stops it.
pub(super) fn run(config: Config) -> anyhow::Result<u8> {
    // Before the runtime has threads.
    allocator::limit();
    logging::begin("info");
    // Reported at the start, not in the middle of a show. Only what keeps everything from being recorded ends the service:
    // the other shows must not suffer.
    let (obstacles, vital) = check::obstacles(&config);
    for obstacle in obstacles {
        eprintln!("aircheck: {obstacle}");
    }
    for warning in &config.warnings {
        eprintln!("aircheck: {}: {warning}", config.file.display());
    }
    if vital {
        return Ok(FAILED);
    }
    block_on(async {
        let environment = Environment::system();
        let stop = environment.stop.clone();
        environment.spawn(async {
            if let Err(error) = reaper::reap(stop).await {
                tracing::warn!(%error, "what commands leave running is not waited for");
            }
        });
        daemon::run(config, environment).await
    })??;
    Ok(DONE)
}
