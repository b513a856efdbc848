//! Airings that nobody recorded because aircheck was not running.

use tracing::{error, warn};

use super::Airings;
use crate::base::blocking::blocking;
use crate::model::{Cause, Finished, Outcome, Planned, Span};

/// How many missed airings get a log line each.
const NAMED: usize = 20;

impl Airings {
    /// Finishes as missed each airing that began and ended in `window`, while this process did not look at the
    /// programme, and that nobody has claimed. Nobody else claims them, because none can begin any more. There may be
    /// thousands.
    pub async fn write_off(self, window: Span) {
        let programme = self.programme();
        let missed = blocking(move || {
            let mut missed = programme.airings(window);
            missed.retain(|Planned { airing, skipped, .. }| {
                !skipped && airing.cut().end <= window.end && airing.cut().start >= window.start
            });
            missed
        });
        let now = self.now();
        let finished = missed.await.into_iter().map(|Planned { airing, title, .. }| {
            let outcome = Outcome::nothing(&airing, Cause::not_running(), now);
            Finished { airing, title, outcome }
        });
        match self.shared.catalogue.write_off(finished.collect()).await {
            Ok(written_off) => {
                for id in written_off.iter().take(NAMED) {
                    warn!(airing = %id, "missed: aircheck was not running");
                }
                if let Some(more) = written_off.len().checked_sub(NAMED).filter(|more| *more > 0) {
                    warn!(more, "missed: aircheck was not running");
                }
            }
            Err(error) => error!(%error, "the missed airings could not be written to the list"),
        }
    }
}
