//! Airings that nobody was there to record.

use tracing::{error, warn};

use super::{Recorder, causes};
use crate::airings::programme::Planned;
use crate::library::catalogue::Finished;

/// So many have a line of their own in the log.
const NAMED: usize = 20;

impl Recorder {
    /// Writes down that these were not recorded because nobody was there to do it. Those that were claimed, before or
    /// meanwhile, stay as they are.
    pub async fn missed(&self, missed: Vec<Planned>) {
        let missed = missed.into_iter().map(|Planned { airing, title, .. }| {
            let outcome = self.nothing(&airing, causes::not_running());
            Finished { airing, title, outcome }
        });
        match self.catalogue.write_off(missed.collect()).await {
            Ok(noted) => {
                for id in noted.iter().take(NAMED) {
                    warn!(airing = %id, "missed: aircheck was not running");
                }
                if let Some(more) = noted.len().checked_sub(NAMED).filter(|more| *more > 0) {
                    warn!(more, "missed: aircheck was not running");
                }
            }
            Err(error) => error!(%error, "what was missed could not be written down"),
        }
    }
}
