//! The table on a simulated clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::DateTime;
use tokio::sync::mpsc;

use super::*;
use crate::base::clock::Clock;
use crate::base::clock::simulated::SimulatedClock;

/// Something that fails at every try, except once if it is set to.
struct Failing {
    clock: Arc<SimulatedClock>,
    tries: mpsc::UnboundedReceiver<Duration>,
    works: Arc<AtomicBool>,
}

impl Failing {
    fn by(retry: Retry) -> Self {
        let clock = SimulatedClock::at(DateTime::UNIX_EPOCH);
        let (told, tries) = mpsc::unbounded_channel();
        let works = Arc::new(AtomicBool::new(false));
        let (its_clock, its_works) = (Arc::clone(&clock), Arc::clone(&works));
        tokio::spawn(async move {
            let mut backoff = Backoff::new(retry);
            while told.send(its_clock.monotonic()).is_ok() {
                if its_works.swap(false, Ordering::Relaxed) {
                    backoff.reset();
                }
                its_clock.sleep(backoff.wait()).await;
            }
        });
        Self { clock, tries, works }
    }

    /// When it was tried in the next `passing` time.
    async fn tries(&mut self, passing: Duration) -> Vec<Duration> {
        self.clock.advance(passing).await;
        std::iter::from_fn(|| self.tries.try_recv().ok()).collect()
    }
}

/// The waits between tries, in milliseconds.
fn waits(tries: &[Duration]) -> Vec<u128> {
    tries.windows(2).map(|pair| pair[1].saturating_sub(pair[0]).as_millis()).collect()
}

fn assert_about(waits: &[u128], expected: &[u128]) {
    for (wait, expected) in waits.iter().zip(expected) {
        assert!((expected * 4 / 5..=expected * 6 / 5 + 1).contains(wait), "{wait} is not about {expected}: {waits:?}");
    }
    assert!(waits.len() >= expected.len(), "{waits:?}");
}

#[tokio::test]
async fn a_connection_is_tried_for_ever_at_first_often_then_every_ten_seconds() {
    let mut failing = Failing::by(CONNECTION);
    let tries = failing.tries(Duration::from_mins(1)).await;
    assert_about(&waits(&tries), &[250, 500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000]);
    let night = failing.tries(Duration::from_hours(8)).await;
    // 8 h in steps of 8 s to 12 s.
    assert!((2_400..=3_601).contains(&night.len()), "{}", night.len());
    // It works for a moment: the next failure is a new one.
    failing.works.store(true, Ordering::Relaxed);
    let after = failing.tries(Duration::from_mins(1)).await;
    assert_about(&waits(&after), &[250, 500, 1_000, 2_000, 4_000]);
}

#[test]
fn a_stream_that_has_just_played_is_asked_at_least_once_a_second() {
    let mut backoff = Backoff::new(CONNECTION);
    let row: Vec<u128> = (0..12).map(|_| backoff.wait_as(LATELY).as_millis()).collect();
    assert!(row.iter().all(|wait| *wait <= 900), "{row:?}");
    // It is silent for good: the other row goes on from here.
    assert!(backoff.wait() >= Duration::from_secs(8));
}

#[tokio::test]
async fn a_segment_is_tried_every_two_seconds_for_as_long_as_it_is_offered() {
    let tries = Failing::by(SEGMENT).tries(Duration::from_secs(30)).await;
    assert_about(&waits(&tries), &[250, 500, 1_000, 2_000, 2_000, 2_000, 2_000, 2_000]);
    assert!(!SEGMENT.gives_up(u32::MAX));
    assert!(!SHORT.gives_up(4) && SHORT.gives_up(5));
}

#[tokio::test]
async fn a_playlist_is_tried_at_least_once_in_the_length_of_a_segment() {
    for (target, longest) in [(None, 2_000), (Some(0), 1_000), (Some(2), 2_000), (Some(4), 4_000), (Some(60), 5_000)] {
        let mut failing = Failing::by(PLAYLIST.at_most(target.map(Duration::from_secs)));
        failing.tries(Duration::from_secs(30)).await;
        let tries = failing.tries(Duration::from_mins(2)).await;
        assert_about(&waits(&tries), &vec![longest; 20]);
    }
}

#[tokio::test]
async fn two_recorders_do_not_come_back_together() {
    let one = Failing::by(CONNECTION).tries(Duration::from_mins(5)).await;
    let other = Failing::by(CONNECTION).tries(Duration::from_mins(5)).await;
    assert_ne!(one.get(1..), other.get(1..));
}

#[test]
fn answers_that_mean_lost_rights_resolve_the_address_at_once() {
    let status = |code| StatusCode::from_u16(code).unwrap();
    let lose = |retry: Retry| (100..600).filter(|code| retry.lost_rights(status(*code))).collect::<Vec<_>>();
    assert_eq!(lose(PLAYLIST), [400, 401, 403, 404, 410]);
    assert_eq!(lose(SEGMENT), [401, 403, 410]);
    assert_eq!((lose(SHORT), lose(ADDRESS)), (vec![], vec![]));
    let gives_up: Vec<u32> = (0..=12).filter(|failures| PLAYLIST.gives_up_address(*failures)).collect();
    assert_eq!(gives_up, [4, 8, 12]);
    assert!(!(0..100).any(|failures| SEGMENT.gives_up_address(failures)));
}
