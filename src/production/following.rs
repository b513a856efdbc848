//! Encoding a cut while it comes on tape.
//!
//! The rules for how long a cut is waited for that is not whole on tape when it should be:
//! - as soon as the tape reaches beyond its end, nothing more can come: a tape is written in programme order;
//! - a station that is down may come back with a window that still holds the end, so it is given [`LATEST`], counted from
//!   when the cut was due or, after a restart, from when the encoding began;
//! - a station of which nothing at all is on tape is given up after `QUIET`.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::error::ProductionError;
use crate::base::clock::{Clock, sleep_until};
use crate::base::environment::Environment;
use crate::encode::{Encoded, Job};
use crate::model::Span;
use crate::tape::{self, Tape};

/// Encoding begins this share of the cut's length before its end: LAME is a hundred and more times faster than the air.
const LEAD_SHARE: i32 = 40;
/// A station that has never been heard and stays quiet for so long after the end is given up.
const QUIET: TimeDelta = TimeDelta::seconds(30);
/// However much still arrives, a cut ends this long after it should have been on tape.
pub const LATEST: TimeDelta = TimeDelta::seconds(150);

/// The slots for encodings, each of which is two ffmpegs.
///
/// An encoding that starts before the end of its cut mostly waits for the tape, for minutes at times. It therefore has a
/// slot of another kind than one whose cut is on tape, which only computes. So no encoding waits for another's station, and
/// there are never more than two encodings per slot.
#[derive(Debug)]
pub struct EncodingSlots {
    ahead: Semaphore,
    ready: Semaphore,
    speed: Mutex<Option<f64>>,
}

impl EncodingSlots {
    /// This many slots of each kind.
    pub fn new(slots: usize) -> Self {
        Self { ahead: Semaphore::new(slots), ready: Semaphore::new(slots), speed: Mutex::default() }
    }

    /// How many times faster than it plays the last recording was encoded whose speed is known.
    pub fn speed(&self) -> Option<f64> {
        *self.speed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How an encoding can be ended from outside, and its word that it needs the station no longer.
#[derive(Debug, Clone)]
pub struct Ending {
    /// The process stops: nothing is published, the tape stays, and the next start encodes it again.
    pub abandon: CancellationToken,
    /// A person has heard enough: what is on tape by now is published.
    pub early: CancellationToken,
    /// Cancelled by the encoding as soon as it waits for nothing more of its cut; what is left to do only computes.
    pub taped: CancellationToken,
}

impl Ending {
    /// Of an encoding that is given up when `abandon` is cancelled.
    pub fn new(abandon: CancellationToken) -> Self {
        Self { abandon, early: CancellationToken::new(), taped: CancellationToken::new() }
    }
}

/// Waits until it is time to encode `cut`.
pub async fn until_near_its_end(cut: &Span, environment: &Environment, ending: &Ending) -> Result<(), ProductionError> {
    tokio::select! {
        () = sleep_until(environment.clock.as_ref(), cut.end - cut.length() / LEAD_SHARE) => Ok(()),
        () = ending.early.cancelled() => Ok(()),
        () = ending.abandon.cancelled() => Err(ProductionError::Stopping),
    }
}

/// Encodes `job` from `tape` so that it is ready soon after its end is on tape. It ends when the tape covers the cut, when
/// nothing more can be hoped for, or as `ending` says.
pub async fn encode(
    job: &Job,
    tape: &Tape,
    delay: Duration,
    environment: &Environment,
    slots: &EncodingSlots,
    ending: &Ending,
) -> Result<Encoded, ProductionError> {
    let clock = environment.clock.as_ref();
    let begun = clock.now();
    let due = job.cut.end + TimeDelta::from_std(delay).unwrap_or_default();
    let sealed = &ending.taped;
    let encoding = async {
        let _slot = if let Ok(slot) = slots.ahead.try_acquire() {
            slot
        } else {
            sealed.cancelled().await;
            // Closed never: it lives as long as the recorder.
            slots.ready.acquire().await.map_err(|_| ProductionError::Stopping)?
        };
        // On the heap: it is large, and most of an airing is over before it begins.
        let encoded = Box::pin(crate::encode::encode(job, tape, sealed.clone(), &environment.clock)).await?;
        if encoded.speed.is_some() {
            *slots.speed.lock().unwrap_or_else(PoisonError::into_inner) = encoded.speed;
        }
        Ok(encoded)
    };
    let seal = async {
        tokio::select! {
            () = until_nothing_more_comes(tape, &job.cut, due, begun, clock) => {}
            () = ending.early.cancelled() => {}
        }
        sealed.cancel();
        std::future::pending::<()>().await;
    };
    tokio::select! {
        encoded = encoding => encoded,
        () = seal => Err(ProductionError::Stopping),
        () = ending.abandon.cancelled() => Err(ProductionError::Stopping),
    }
}

/// Waits until nothing more of `cut` can be hoped for, as the module says.
async fn until_nothing_more_comes(
    tape: &Tape,
    cut: &Span,
    due: DateTime<Utc>,
    begun: DateTime<Utc>,
    clock: &dyn Clock,
) {
    sleep_until(clock, due).await;
    let mut grown = tape.grown();
    loop {
        let view = tape.view(cut).await;
        let patience = if view.start().is_some() { LATEST } else { QUIET };
        let left = (due.max(begun) + patience - clock.now()).to_std().unwrap_or_default();
        if left.is_zero() || tape::reaches(&view, *cut) {
            return;
        }
        tokio::select! {
            changed = grown.changed() => if changed.is_err() { return },
            () = clock.sleep(left) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::Arc;

    use bytes::Bytes;
    use tokio_util::task::TaskTracker;

    use super::*;
    use crate::base::clock::simulated::SimulatedClock;
    use crate::config::{DeadAirRule, Encoding, GapPolicy};
    use crate::model::{Chunk, Container, Format, MediaEvent};

    const SECOND: Duration = Duration::from_secs(1);

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
    }

    /// Encodes a cut of twenty seconds, of which ten are on tape if it was `heard`, from `begun` on. Nothing more comes, and it
    /// is waited for until `given_up`, to the second.
    async fn encoded(heard: bool, begun: i64, given_up: DateTime<Utc>) -> Encoded {
        let folder = tempfile::tempdir().unwrap();
        let clock = SimulatedClock::at(at(begun));
        let environment =
            Environment { clock: Arc::clone(&clock) as _, tasks: TaskTracker::new(), stop: CancellationToken::new() };
        let tape = Tape::open(&folder.path().join("tape"), Duration::ZERO, clock.now()).unwrap();
        if heard {
            let format = Format { container: Container::Adts, detail: String::new(), init: None };
            tape.write(MediaEvent::Format(format), at(10)).unwrap();
            let bytes = Bytes::from_static(b"no sound, but ten seconds of it");
            let (duration, arrived) = (Duration::from_secs(10), at(10));
            let chunk = Chunk::new(bytes, duration, arrived);
            tape.write(MediaEvent::Chunk(chunk), at(10)).unwrap();
        }
        let job = Job {
            cut: Span::new(at(0), at(20)),
            encoding: Encoding::default(),
            gaps: GapPolicy::default(),
            dead_air: Some(DeadAirRule::default()),
            target: folder.path().join("a.mp3"),
            cover_space: 0,
        };
        let ending = Ending::new(environment.stop.clone());
        let slots = EncodingSlots::new(1);
        let mut encoding = pin!(encode(&job, &tape, Duration::ZERO, &environment, &slots, &ending));
        let before = (given_up - clock.now() - TimeDelta::seconds(1)).to_std().unwrap();
        tokio::select! {
            biased;
            _ = &mut encoding => panic!("given up at {}", clock.now()),
            () = clock.advance(before) => {}
        }
        // Encoding takes what it takes, while this clock stands still.
        tokio::join!(encoding, clock.advance(SECOND)).0.unwrap()
    }

    #[tokio::test]
    async fn a_station_that_went_down_is_waited_for_and_then_what_there_is_is_published() {
        // Also an encoding that begins long after the end, as after a restart, gives the station a chance to come back.
        for begun in [0, 400] {
            let encoded = encoded(true, begun, at(20.max(begun)) + LATEST).await;
            assert_eq!(encoded.gaps.last().map(|gap| gap.start + gap.length), Some(at(20)), "{encoded:?}");
        }
    }

    #[tokio::test]
    async fn a_station_of_which_nothing_ever_came_is_given_up_sooner() {
        let encoded = encoded(false, 0, at(20) + QUIET).await;
        assert_eq!((encoded.seconds, encoded.gaps.len()), (0.0, 1));
    }

    #[tokio::test]
    async fn a_station_that_is_first_heard_within_half_a_minute_after_the_end_is_not_given_up() {
        let folder = tempfile::tempdir().unwrap();
        let clock = SimulatedClock::at(at(0));
        let tape = Tape::open(folder.path(), Duration::ZERO, clock.now()).unwrap();
        let cut = Span::new(at(0), at(20));
        let mut waiting = pin!(until_nothing_more_comes(&tape, &cut, at(20), at(0), clock.as_ref()));
        tokio::select! {
            biased;
            () = &mut waiting => panic!("given up at {}", clock.now()),
            () = clock.advance(Duration::from_millis(49_999)) => {}
        }
        tokio::join!(waiting, clock.advance(SECOND));
    }
}
