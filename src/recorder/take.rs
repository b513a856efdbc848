//! Taking a cut: waiting for it to come on tape, and encoding it while it does.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::error::RecorderError;
use crate::base::clock::{Clock, sleep_until};
use crate::base::environment::Environment;
use crate::encode::{self, Job};
use crate::model::Span;
use crate::tape::Tape;

pub use crate::encode::Encoded as Taken;

/// Encoding begins this share of the cut's length before its end: LAME is a hundred and more times faster than the air.
const LEAD_SHARE: i32 = 40;
/// Streams lag behind the air by up to half a minute; a tape that does not grow any more is given up after this.
const QUIET: Duration = Duration::from_secs(30);
/// However much still arrives, a cut ends this long after it should have been on tape.
const LATEST: TimeDelta = TimeDelta::seconds(150);

/// The two ways in which a take can be ended from outside.
#[derive(Debug, Clone)]
pub struct Ending {
    /// The process stops: nothing is published, the tape stays, and the take is repeated at the next start.
    pub abandon: CancellationToken,
    /// A person has heard enough: what is on tape by now is published.
    pub early: CancellationToken,
}

/// Takes `job` from `tape`: encodes it so that it is ready soon after its end is on tape. The take ends when the tape
/// covers it, when nothing more can be hoped for, or as `ending` says.
pub async fn take(
    tape: &Tape,
    job: &Job,
    delay: Duration,
    environment: &Environment,
    encoders: &Semaphore,
    ending: &Ending,
) -> Result<Taken, RecorderError> {
    let clock = environment.clock.as_ref();
    let lead = job.cut.length() / LEAD_SHARE;
    let due = job.cut.end + TimeDelta::from_std(delay).unwrap_or_default();
    tokio::select! {
        () = sleep_until(clock, job.cut.end - lead) => {}
        () = ending.early.cancelled() => {}
        () = ending.abandon.cancelled() => return Err(RecorderError::Stopping),
    }
    let sealed = CancellationToken::new();
    let encode = async {
        // Closed never: the semaphore lives as long as the recorder.
        let _permit = encoders.acquire().await.map_err(|_| RecorderError::Stopping)?;
        Ok(encode::encode(job, tape, sealed.clone()).await?)
    };
    let seal = async {
        tokio::select! {
            () = until_nothing_more_comes(tape, &job.cut, due, clock) => {}
            () = ending.early.cancelled() => {}
        }
        sealed.cancel();
        std::future::pending::<()>().await;
    };
    tokio::select! {
        taken = encode => taken,
        () = seal => Err(RecorderError::Stopping),
        () = ending.abandon.cancelled() => Err(RecorderError::Stopping),
    }
}

/// Waits until nothing more of `cut` can be hoped for: it is past its due time and the tape has been quiet for a while,
/// or it is long past.
async fn until_nothing_more_comes(tape: &Tape, cut: &Span, due: DateTime<Utc>, clock: &dyn Clock) {
    sleep_until(clock, due).await;
    let mut grown = tape.grown();
    while clock.now() < due + LATEST {
        if tape.view(cut).end().is_some_and(|end| end >= cut.end) {
            return;
        }
        tokio::select! {
            changed = grown.changed() => if changed.is_err() { return },
            () = clock.sleep(QUIET) => return,
        }
    }
}
