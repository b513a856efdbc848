//! What writes the tape of a running deck. Whatever the disk does, nothing is left out.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, info, warn};

use super::refusal::Refusal;
use crate::base::blocking::Lane;
use crate::base::environment::Environment;
use crate::model::{AsCause as _, MediaEvent, StationId};
use crate::tape::Tape;

/// The wait before a chunk is written again.
const PAUSE: Duration = Duration::from_secs(1);

/// What writes a tape.
#[derive(Debug)]
pub(super) struct DeckWriter {
    pub(super) tape: Tape,
    pub(super) lane: Lane,
    pub(super) environment: Environment,
}

impl DeckWriter {
    /// Does `work`, which blocks, with the current time.
    pub(super) async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Tape, DateTime<Utc>) -> T + Send + 'static,
    ) -> T {
        let (tape, clock) = (self.tape.clone(), self.environment.clock.clone());
        // The time at which it is written, not at which it begins to wait for that: the clock may be set meanwhile.
        self.lane.run(move || work(&tape, clock.now())).await
    }

    /// Puts one event on tape. Retries until `stop` if the disk refuses it, which `refusal` remembers.
    pub(super) async fn write(
        &self,
        station: &StationId,
        event: MediaEvent,
        refusal: &mut Option<Refusal>,
        stop: &CancellationToken,
    ) {
        let event = Refusal::explain(refusal, event);
        log(station, &event);
        loop {
            let event = event.clone();
            let Err(error) = self.work(move |tape, now| tape.write(event, now)).await else {
                if Refusal::end(refusal, self.environment.clock.now()) {
                    info!(%station, "on tape again");
                }
                return;
            };
            if !error.is_refused() {
                error!(%station, %error, "sound could not be written on tape");
                return;
            }
            if Refusal::begin(refusal, self.environment.clock.now(), || error.as_cause()) {
                if error.is_disk_full() {
                    error!(%station, %error, "the disk is full: nothing can be put on tape until there is room");
                } else {
                    error!(%station, %error, "nothing can be put on tape; retrying");
                }
            }
            if stop.run_until_cancelled(self.environment.clock.sleep(PAUSE)).await.is_none() {
                return;
            }
        }
    }
}

fn log(station: &StationId, event: &MediaEvent) {
    match event {
        MediaEvent::Format(format) => info!(%station, format = %format.detail, "on tape"),
        MediaEvent::Chunk(chunk) => debug!(%station, ?chunk, "chunk"),
        // The trouble was logged before.
        MediaEvent::Gap { duration, .. } if duration.is_zero() => {}
        MediaEvent::Gap { duration, cause, .. } => {
            warn!(%station, seconds = duration.as_secs_f64(), cause = cause.words, "sound is lost");
        }
        MediaEvent::Trouble { cause, .. } => warn!(%station, cause = cause.words, "no sound at the moment; retrying"),
        MediaEvent::Repeat { duration } => debug!(%station, ?duration, "repeated sound is left out"),
        MediaEvent::NewSound => debug!(%station, "media time breaks, and new sound comes"),
        MediaEvent::Dates { news, .. } => info!(%station, "{news}"),
        MediaEvent::Title { text, .. } => debug!(%station, text, "title"),
    }
}
