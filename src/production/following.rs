//! Encoding a cut while it comes on tape.
//!
//! If a cut is not whole on tape when it should be, these rules say how long the encoding waits:
//! - once the tape reaches beyond the end of the cut, nothing more can come: a tape is written in programme order;
//! - a station that is down may come back with a window that still holds the end, so the encoding waits for [`LATEST`],
//!   counted from when the cut was due or, after a restart, from when the encoding began;
//! - if nothing at all of a station is on tape, the encoding gives it up after `QUIET`.

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

/// The encoding begins this fraction of the cut's length before its end: LAME encodes a hundred times faster than real
/// time, or more.
const LEAD_SHARE: i32 = 40;
/// How long after its end a cut waits for a station of which nothing is on tape.
const QUIET: TimeDelta = TimeDelta::seconds(30);
/// How long a cut waits at most after it should have been on tape, however much still arrives.
pub const LATEST: TimeDelta = TimeDelta::seconds(150);

/// Limits how many encodings run at a time; each is two ffmpegs, and a third while the next decoder starts.
///
/// An encoding that starts before the end of its cut mostly waits for the tape, at times for minutes. An encoding whose
/// cut is on tape only computes. Each kind has its own slots, so no encoding waits for another one's station, and there
/// are never more than two encodings per slot.
#[derive(Debug)]
pub struct EncodingSlots {
    ahead: Semaphore,
    ready: Semaphore,
    speed: Mutex<Option<f64>>,
}

impl EncodingSlots {
    /// Returns this many slots of each kind.
    pub fn new(slots: usize) -> Self {
        Self { ahead: Semaphore::new(slots), ready: Semaphore::new(slots), speed: Mutex::default() }
    }

    /// Returns how many times faster than real time the last recording was encoded whose speed is known.
    pub fn speed(&self) -> Option<f64> {
        *self.speed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends an encoding from outside, and says when the encoding needs its station no longer.
#[derive(Debug, Clone)]
pub struct Ending {
    /// Cancelled if the process stops: nothing is published, the tape stays, and the next start encodes it again.
    pub abandon: CancellationToken,
    /// Cancelled to publish what is on tape by now.
    pub early: CancellationToken,
    /// Cancelled by the encoding as soon as it needs nothing more from the station; what is left to do only computes.
    pub taped: CancellationToken,
}

impl Ending {
    /// Returns the ending of an encoding that is given up when `abandon` is cancelled.
    pub fn new(abandon: CancellationToken) -> Self {
        Self { abandon, early: CancellationToken::new(), taped: CancellationToken::new() }
    }
}

/// Waits until it is time to encode `cut`, or `ending` is cancelled.
pub async fn until_near_its_end(cut: &Span, environment: &Environment, ending: &Ending) -> Result<(), ProductionError> {
    tokio::select! {
        () = sleep_until(environment.clock.as_ref(), cut.end - cut.length() / LEAD_SHARE) => Ok(()),
        () = ending.early.cancelled() => Ok(()),
        () = ending.abandon.cancelled() => Err(ProductionError::Stopping),
    }
}

/// Encodes `job` from `tape`, so that the file is ready soon after the end of the cut is on tape. It ends when the tape
/// covers the cut, when nothing more can come, or when `ending` says so.
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
            // The semaphore is never closed: it lives as long as the recorder.
            slots.ready.acquire().await.map_err(|_| ProductionError::Stopping)?
        };
        // On the heap: the future is large, and most of an airing is over before it begins.
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

/// Waits until nothing more of `cut` can come, by the rules of this module.
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

    use super::*;
    use crate::base::clock::simulated::SimulatedClock;
    use crate::config::{DeadAirRule, Encoding, GapPolicy};
    use crate::model::{Chunk, Container, Format, MediaEvent};

    const SECOND: Duration = Duration::from_secs(1);

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
    }

    /// Encodes a cut of twenty seconds, from `begun` on. Ten seconds are on tape if the station was `heard`. Nothing
    /// more comes, and the encoding waits until `given_up`, to the second.
    async fn encoded(heard: bool, begun: i64, given_up: DateTime<Utc>) -> Encoded {
        let folder = tempfile::tempdir().unwrap();
        let clock = SimulatedClock::at(at(begun));
        let environment = Environment::on(Arc::clone(&clock) as _);
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
        // The encoding takes real time, while this clock stands still.
        tokio::join!(encoding, clock.advance(SECOND)).0.unwrap()
    }

    #[tokio::test]
    async fn an_encoding_waits_for_a_station_that_went_down_and_then_publishes_what_there_is() {
        // An encoding that begins long after the end, as after a restart, gives the station a chance to come back, too.
        for begun in [0, 400] {
            let encoded = encoded(true, begun, at(20.max(begun)) + LATEST).await;
            assert_eq!(encoded.gaps.last().map(|gap| gap.start + gap.length), Some(at(20)), "{encoded:?}");
        }
    }

    #[tokio::test]
    async fn a_station_that_was_never_heard_is_given_up_sooner() {
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
