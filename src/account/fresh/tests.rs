use chrono::{DateTime, TimeDelta, Utc};

use super::*;
use crate::account::testing::tone;
use crate::account::{Loudness, loudest};
use crate::model::{Container, Format, MediaEvent, Span};

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::seconds(seconds)
}

/// Puts half a minute on `tape`, which ends at a second.
async fn add_tone(tape: &Tape, ends: i64) {
    for chunk in tone(at(ends)).await {
        tape.write(MediaEvent::Chunk(chunk), at(ends)).unwrap();
    }
}

/// Computes what is not known of the reel, and waits for it.
async fn compute(fresh: &FreshLevels, tape: &Tape, reel: &Path) {
    let before = fresh.of(reel);
    fresh.compute(tape, reel);
    fresh.compute(tape, reel);
    let is_same = |one: &Part, other: &Part| Arc::ptr_eq(&one.levels, &other.levels);
    loop {
        let now = fresh.of(reel);
        if now.len() != before.len() || !now.iter().zip(&before).all(|(one, other)| is_same(one, other)) {
            return;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn the_reel_that_is_written_has_levels_as_soon_as_somebody_looks() {
    let folder = tempfile::tempdir().unwrap();
    let tape = Tape::open(folder.path(), Duration::ZERO, at(-60)).unwrap();
    let format = Format { container: Container::Adts, detail: "aac".to_owned(), init: None };
    tape.write(MediaEvent::Format(format), at(-60)).unwrap();
    add_tone(&tape, 30).await;
    let fresh = FreshLevels::in_parts(Duration::from_secs(20), Environment::system());
    let picture = |to| loudest(&tape, Span::new(at(0), at(to)), usize::try_from(to).unwrap(), &fresh);
    let [(reel, _)] = &tape.reels()[..] else { panic!("one reel") };
    let Loudness { peaks, unknown, .. } = picture(30);
    assert_eq!((peaks, &unknown[..]), (vec![None; 30], std::slice::from_ref(reel)));

    compute(&fresh, &tape, reel).await;
    let is_tone = |peaks: &[Option<u8>]| {
        let loud = |peaks: &[Option<u8>]| peaks.iter().all(|peak| peak.is_some_and(|peak| peak > 100));
        let quiet = peaks[10..17].iter().all(|peak| peak.is_some_and(|peak| peak < 2));
        loud(&peaks[1..8]) && quiet && loud(&peaks[20..29])
    };
    let Loudness { peaks, unknown, .. } = picture(30);
    assert!(is_tone(&peaks) && unknown.is_empty(), "{peaks:?} {unknown:?}");

    // What comes later is known later, and what is known as a part is not decoded again.
    let first = fresh.of(reel);
    add_tone(&tape, 60).await;
    let Loudness { peaks, unknown, .. } = picture(60);
    assert!(is_tone(&peaks) && peaks[32..].iter().all(Option::is_none) && unknown == [reel.clone()], "{peaks:?}");
    compute(&fresh, &tape, reel).await;
    let Loudness { peaks, unknown, .. } = picture(60);
    assert!(is_tone(&peaks[..30]) && is_tone(&peaks[30..]) && unknown.is_empty(), "{peaks:?}");
    let parts = fresh.of(reel);
    assert!(parts.len() == 2 && Arc::ptr_eq(&parts[0].levels, &first[0].levels), "{parts:?}");
    // The same once it has ended, and a file tells all.
    tape.end_reel(None, at(60)).unwrap();
    let again = FreshLevels::new(Environment::system());
    compute(&again, &tape, reel).await;
    assert!(again.of(reel)[0].levels.length > Duration::from_secs(59));
    crate::account::levels::write(reel, &crate::model::Levels::default()).unwrap();
    assert_eq!(picture(60).peaks, [None; 60]);
}
