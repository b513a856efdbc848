//! Accounts of tapes that are written here, with levels that are made up.

use std::path::Path;

use super::*;
use crate::model::{Cause, Chunk, Container, Format, MediaEvent, Stretch};

const HOUR: i64 = 3600;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::seconds(seconds)
}

fn opened(folder: &Path, second: i64) -> Tape {
    let tape = Tape::open(folder, Duration::ZERO, at(second)).unwrap();
    let format = Format { container: Container::Adts, detail: "aac".to_owned(), init: None };
    tape.write(MediaEvent::Format(format), at(second)).unwrap();
    tape
}

/// Puts minutes on tape that were on the air from `from` to `to`, the first after a break.
fn put(tape: &Tape, from: i64, to: i64) {
    for second in (from..to).step_by(60) {
        let chunk = Chunk::new(second.to_string(), Duration::from_secs(60), at(second + 60));
        let chunk = Chunk { discontinuity: second == from, follows: second != from, ..chunk };
        tape.write(MediaEvent::Chunk(Chunk { programme_time: Some(at(second)), ..chunk }), at(second + 60)).unwrap();
    }
}

fn cause(kind: CauseKind) -> Cause {
    Cause::new(kind, kind.name())
}

fn of(tape: &Tape, from: i64, to: i64, now: i64) -> Option<Account> {
    let rule = DeadAirRule { below: -60.0, longer_than: Duration::from_secs(30) };
    account(tape, Span::new(at(from), at(to)), Some(rule), at(now))
}

/// What is missing: from when, for how many seconds, and why.
fn missing(account: &Account) -> Vec<(i64, u64, CauseKind)> {
    let told = |gap: &Gap| ((gap.start - at(0)).num_seconds(), gap.length.as_secs(), gap.cause.kind);
    account.holes.iter().map(told).collect()
}

#[test]
fn a_day_tells_what_is_missing_and_when_aircheck_was_not_running() {
    let folder = tempfile::tempdir().unwrap();
    let tape = opened(folder.path(), 0);
    put(&tape, 0, 5 * HOUR);
    // Killed, and started again ten minutes later; then stopped for an hour.
    let tape = opened(folder.path(), 5 * HOUR + 600);
    put(&tape, 5 * HOUR + 600, 10 * HOUR);
    tape.end_reel(Some(cause(CauseKind::NotRunning)), at(10 * HOUR)).unwrap();
    let tape = opened(folder.path(), 11 * HOUR);
    put(&tape, 11 * HOUR, 12 * HOUR);
    // The station does not answer for two minutes.
    let trouble = MediaEvent::Trouble { at: at(12 * HOUR), cause: cause(CauseKind::Refused) };
    tape.write(trouble, at(12 * HOUR)).unwrap();
    put(&tape, 12 * HOUR + 120, 30 * HOUR);
    for tape in [tape, Tape::read(folder.path(), Duration::ZERO).unwrap()] {
        let account = of(&tape, 0, 24 * HOUR, 30 * HOUR).unwrap();
        let holes = [
            (5 * HOUR, 600, CauseKind::NotRunning),
            (10 * HOUR, 3600, CauseKind::NotRunning),
            (12 * HOUR, 120, CauseKind::Refused),
        ];
        assert_eq!(missing(&account), holes);
        assert_eq!(account.restarts, [at(5 * HOUR), at(10 * HOUR)]);
        assert_eq!((account.wanted.as_secs(), account.on_tape.as_secs()), (24 * 3600, 24 * 3600 - 4320));
        assert_eq!(account.millipercent(), 95_000);
        assert_eq!(of(&tape, 24 * HOUR, 30 * HOUR, 30 * HOUR).unwrap().millipercent(), 100_000);
    }
}

#[test]
fn what_was_not_to_be_on_tape_is_not_missing() {
    let folder = tempfile::tempdir().unwrap();
    // From 2 to 6, and again from 20 on.
    let tape = opened(folder.path(), 2 * HOUR);
    put(&tape, 2 * HOUR, 6 * HOUR);
    tape.end_reel(Some(cause(CauseKind::NotTaped)), at(6 * HOUR)).unwrap();
    put(&tape, 20 * HOUR, 26 * HOUR);
    let account = of(&tape, 0, 24 * HOUR, 30 * HOUR).unwrap();
    assert_eq!((missing(&account), account.span.start), (vec![], at(2 * HOUR)), "it begins with the tape");
    assert_eq!((account.wanted, account.on_tape), (Duration::from_hours(8), Duration::from_hours(8)));
    assert_eq!(of(&tape, -24 * HOUR, 0, 30 * HOUR), None);
    assert_eq!(of(&tape, 8 * HOUR, 12 * HOUR, 30 * HOUR).map(|it| it.wanted), Some(Duration::ZERO));
}

#[test]
fn what_is_still_to_come_is_not_missing_and_what_no_longer_comes_is() {
    let folder = tempfile::tempdir().unwrap();
    let tape = opened(folder.path(), 0);
    put(&tape, 0, 10 * HOUR);
    let account = of(&tape, 0, 24 * HOUR, 10 * HOUR + 90).unwrap();
    assert_eq!((missing(&account), account.span.end), (vec![], at(10 * HOUR)));
    let account = of(&tape, 0, 24 * HOUR, 10 * HOUR + 600).unwrap();
    assert_eq!(missing(&account), [(10 * HOUR, 600, CauseKind::NotRunning)]);
    assert_eq!(of(&tape, 24 * HOUR, 48 * HOUR, 11 * HOUR), None, "tomorrow");
}

#[test]
fn dead_air_and_what_cannot_be_decoded_are_told_at_the_time_at_which_they_were_on_the_air() {
    let folder = tempfile::tempdir().unwrap();
    let tape = opened(folder.path(), 0);
    // Ten minutes are missing in the first reel, after half an hour.
    put(&tape, 0, 1800);
    put(&tape, 2400, 3 * HOUR);
    tape.end_reel(None, at(3 * HOUR)).unwrap();
    let stretch = |at: u64, length: u64| Stretch { at: Duration::from_secs(at), length: Duration::from_secs(length) };
    let names = tape.reels_near(&Span::new(at(0), at(3 * HOUR)));
    let first: u64 = 3600 - 600;
    for (name, silent, undecoded) in [
        // Over the gap; and at the end of one reel, going on in the next.
        (&names[0], vec![stretch(1780, 40), stretch(first - 20, 20)], vec![]),
        (&names[1], vec![stretch(0, 15), stretch(300, 29)], vec![(stretch(600, 4), cause(CauseKind::Decoding))]),
    ] {
        let levels = Levels { silent, undecoded, ..Levels::default() };
        levels::write(&folder.path().join(name), &levels).unwrap();
    }
    let account = of(&tape, 0, 3 * HOUR, 4 * HOUR).unwrap();
    let begun = 3600;
    let dead: Vec<_> =
        account.dead_air.iter().map(|dead| ((dead.start - at(0)).num_seconds(), dead.length.as_secs())).collect();
    assert_eq!(dead, [(begun - 20, 35)], "what is interrupted or short is none");
    let holes = [(1800, 600, CauseKind::Nothing), (begun + 600, 4, CauseKind::Decoding)];
    assert_eq!(missing(&account), holes);
    assert_eq!(account.on_tape.as_secs(), 3 * 3600 - 604);
}
