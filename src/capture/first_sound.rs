//! The first sound of a station that is being connected to: where a recording begins that was asked for at once.
//!
//! A station whose window or burst reaches back still has the second in which somebody asked. Of any other station nobody
//! could have had what was on the air during the connecting: the recording begins with the first sound, and what is lost
//! after that is a gap as ever. Connecting has a limit: what takes longer than [`CONNECTING`] is missing, and says so.

use chrono::{DateTime, TimeDelta, Utc};

use crate::base::clock::{Clock, sleep_until};
use crate::model::Span;
use crate::tape::Tape;

/// The longest that connecting may take: as long as a connection may be silent before it is taken for dead.
pub const CONNECTING: TimeDelta = TimeDelta::seconds(10);

/// What comes at once, a window or a burst, has come when something arrives this much later.
const AT_ONCE: TimeDelta = TimeDelta::milliseconds(500);
/// Arrivals of sound that comes as it is played vary by this much.
const JITTER: TimeDelta = TimeDelta::milliseconds(100);

/// When a recording begins that was `asked` for while nothing of its station was on tape: then, where what the station
/// offers reaches back that far, else with the first of it, provided that comes by `until`.
pub async fn first_sound(tape: &Tape, asked: DateTime<Utc>, until: DateTime<Utc>, clock: &dyn Clock) -> DateTime<Utc> {
    let mut grown = tape.grown();
    let near = Span::new(asked, until);
    let deadline = sleep_until(clock, until);
    tokio::pin!(deadline);
    // The first that is known, and the arrival that settles it. Without stamps everything that comes at once places it
    // more tightly, so it is waited for until it does not move any more.
    let mut known: Option<(DateTime<Utc>, DateTime<Utc>)> = None;
    loop {
        let mut settled = false;
        if let Some((first, newest)) = tape.view(&near).await.offered_since(asked) {
            let settles = match known {
                Some((before, settles)) if first > before - JITTER => settles,
                _ => newest + AT_ONCE,
            };
            known = Some((first, settles));
            settled = first <= asked || newest >= settles;
        }
        if !settled {
            tokio::select! {
                _ = grown.changed() => continue,
                () = &mut deadline => {}
            }
        }
        return known.map(|(first, _)| first).filter(|first| *first <= until).unwrap_or(asked);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures::FutureExt as _;

    use super::*;
    use crate::base::clock::simulated::SimulatedClock;
    use crate::model::{Cause, CauseKind, Chunk, Container, Format, MediaEvent};

    fn at(seconds: f64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::from_std(Duration::from_secs_f64(1_000_000.0 + seconds)).unwrap()
    }

    /// A tape, of a station with so much delay, on which nothing is yet.
    fn tape(folder: &std::path::Path, delay: u64) -> Tape {
        let tape = Tape::open(folder, Duration::from_secs(delay), at(0.0)).unwrap();
        let format = Format { container: Container::Adts, detail: "a".to_owned(), init: None };
        tape.write(MediaEvent::Format(format), at(0.0)).unwrap();
        tape
    }

    /// Puts `seconds` of sound on `tape` that `arrived` then.
    fn hear(tape: &Tape, seconds: f64, arrived: f64, stamp: Option<f64>) {
        let chunk = Chunk {
            programme_time: stamp.map(at),
            ..Chunk::new(format!("{arrived} {seconds} {stamp:?}"), Duration::from_secs_f64(seconds), at(arrived))
        };
        tape.write(MediaEvent::Chunk(chunk), at(arrived)).unwrap();
    }

    /// Where a recording begins that is asked for at 100 s, of a station of which `pieces` come: their lengths, arrivals
    /// and stamps.
    async fn begins(delay: u64, pieces: &[(f64, f64, Option<f64>)]) -> DateTime<Utc> {
        let folder = tempfile::tempdir().unwrap();
        let tape = tape(folder.path(), delay);
        let clock = SimulatedClock::at(at(100.3));
        let begins = first_sound(&tape, at(100.0), at(100.3) + CONNECTING, clock.as_ref());
        tokio::pin!(begins);
        for (seconds, arrived, stamp) in pieces {
            if let Some(begins) = begins.as_mut().now_or_never() {
                return begins;
            }
            hear(&tape, *seconds, *arrived, *stamp);
        }
        if let Some(begins) = begins.as_mut().now_or_never() {
            return begins;
        }
        let waited = clock.advance(Duration::from_secs(10));
        let (begins, ()) = tokio::join!(begins, waited);
        begins
    }

    #[tokio::test]
    async fn without_a_window_it_is_the_first_sound() {
        assert_eq!(begins(0, &[(1.0, 101.9, None), (1.0, 102.9, None)]).await, at(100.9));
        assert_eq!(begins(0, &[(1.0, 101.9, None)]).await, at(100.9), "also where nothing follows");
        assert_eq!(
            begins(0, &[(1.0, 101.9, None), (1.0, 101.91, None), (1.0, 102.8, None)]).await,
            at(100.0),
            "a burst"
        );
        let live_edge = [(2.0, 103.0, Some(100.8)), (2.0, 105.0, Some(102.8))];
        assert_eq!(begins(0, &live_edge).await, at(100.8), "a playlist of one segment");
    }

    #[tokio::test]
    async fn with_a_window_or_a_delay_it_is_the_second_in_which_it_was_asked_for() {
        let window = [(2.0, 101.0, Some(97.0)), (2.0, 101.0, Some(99.0))];
        assert_eq!(begins(0, &window).await, at(100.0));
        // Without stamps the first segment of a window seems to be the newest, until the others have come.
        let unstamped = [(2.0, 103.0, None), (2.0, 103.0, None), (2.0, 105.0, None)];
        assert_eq!(begins(0, &unstamped).await, at(100.0));
        // What comes now was on the air before.
        assert_eq!(begins(15, &[(1.0, 101.9, None)]).await, at(100.0));
    }

    #[tokio::test]
    async fn what_the_station_offered_and_could_not_be_had_is_not_connecting() {
        let folder = tempfile::tempdir().unwrap();
        let tape = tape(folder.path(), 0);
        let (duration, programme_time) = (Duration::from_secs(2), Some(at(99.0)));
        let cause = Cause::new(CauseKind::Segment, "404");
        let lost = MediaEvent::Gap {
            duration,
            arrived: at(101.0),
            programme_time,
            discontinuity: true,
            follows: false,
            cause,
        };
        tape.write(lost, at(101.0)).unwrap();
        hear(&tape, 2.0, 101.0, Some(101.0));
        let clock = SimulatedClock::at(at(101.0));
        assert_eq!(first_sound(&tape, at(100.0), at(110.0), clock.as_ref()).await, at(100.0));
    }

    #[tokio::test]
    async fn a_station_that_says_nothing_for_too_long_is_missing_from_the_second_in_which_it_was_asked_for() {
        assert_eq!(begins(0, &[]).await, at(100.0));
        assert_eq!(begins(0, &[(1.0, 112.0, None), (1.0, 113.0, None)]).await, at(100.0));
    }

    #[tokio::test]
    async fn sound_of_long_before_is_not_the_first() {
        let folder = tempfile::tempdir().unwrap();
        let tape = tape(folder.path(), 0);
        hear(&tape, 1.0, 60.0, None);
        tape.clock_was_set(at(101.0));
        hear(&tape, 1.0, 101.9, None);
        hear(&tape, 1.0, 102.9, None);
        let clock = SimulatedClock::at(at(110.0));
        assert_eq!(first_sound(&tape, at(100.0), at(110.0), clock.as_ref()).await, at(100.9));
    }
}
