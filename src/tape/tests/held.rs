//! Reels that are deleted between others that stay, and why a tape ends.

use super::weeks::{HOUR, at, heard, indexes, minute, minutes, opened, tape, write};
use super::*;
use crate::tape::{Step, Walker};

/// What is missing of a cut, by its kind, in seconds.
fn missing(tape: &Tape, from: i64, to: i64) -> Vec<(CauseKind, u64)> {
    let span = Span::new(at(from), at(to));
    let view = tape.blocking_view(&span);
    let mut walker = Walker::new(span);
    while walker.step(&view, true) != Step::End {}
    walker.into_gaps().iter().map(|gap| (gap.cause.kind, gap.length.as_secs())).collect()
}

#[test]
fn what_is_held_stays_with_what_places_it_and_the_rest_goes() {
    for (dated, reopened) in [(true, false), (true, true), (false, false), (false, true)] {
        let folder = tempfile::tempdir().unwrap();
        let mut tape = tape(folder.path(), 12, dated);
        tape.end_reel(None, at(12 * HOUR)).unwrap();
        let held = Span::new(at(3 * HOUR + 600), at(3 * HOUR + 1200));
        holds::add(folder.path(), held, "complaint 114", at(12 * HOUR)).unwrap();
        // The hours from two to five stay, and the last two.
        assert_eq!(tape.forget_before(at(10 * HOUR + 1)).unwrap(), 7 * 480);
        assert_eq!(indexes(folder.path()).len(), 5);
        assert_eq!(tape.forget_before(at(10 * HOUR + 1)).unwrap(), 0, "nothing is deleted twice");
        let came = tape.may_go(DateTime::<Utc>::MAX_UTC).unwrap().into_iter().map(|reel| reel.end);
        assert_eq!(came.collect::<Vec<_>>(), [at(11 * HOUR), at(12 * HOUR)], "the rest is held");
        if reopened {
            tape = Tape::open(folder.path(), Duration::ZERO, at(12 * HOUR)).unwrap();
        }
        let case = format!("dated {dated}, reopened {reopened}");
        assert_eq!(heard(&tape, 3 * HOUR + 30, 4 * HOUR), (minutes(3 * HOUR, 4 * HOUR), 0), "{case}");
        assert_eq!(heard(&tape, 11 * HOUR + 30, 12 * HOUR), (minutes(11 * HOUR, 12 * HOUR), 0), "{case}");
        assert_eq!(missing(&tape, 4 * HOUR, 12 * HOUR), [(CauseKind::Deleted, 5 * 3600)], "{case}");
        tape.forget_before(at(11 * HOUR + 1)).unwrap();
        assert_eq!(missing(&tape, 4 * HOUR, 12 * HOUR), [(CauseKind::Deleted, 6 * 3600)], "{case}");
        let before = fs::read_to_string(&indexes(folder.path())[2]).unwrap();
        assert_eq!(before.matches("[deleted]").count(), 1, "{case}: it is said once: {before}");
    }
}

#[test]
fn released_tape_goes_with_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    let tape = tape(folder.path(), 6, true);
    tape.end_reel(None, at(6 * HOUR)).unwrap();
    let hold = holds::add(folder.path(), Span::new(at(HOUR + 600), at(HOUR + 1200)), "x", at(6 * HOUR)).unwrap();
    tape.forget_before(at(5 * HOUR + 1)).unwrap();
    assert_eq!(indexes(folder.path()).len(), 4);
    holds::release(folder.path(), hold.id, at(6 * HOUR)).unwrap();
    tape.forget_before(at(5 * HOUR + 1)).unwrap();
    assert_eq!((indexes(folder.path()).len(), tape.in_memory().1), (1, 1));
    assert_eq!(heard(&tape, 4 * HOUR, 6 * HOUR), (minutes(5 * HOUR, 6 * HOUR), 3600));
}

#[test]
fn a_reel_that_somebody_has_removed_is_a_hole_and_moves_nothing_after_it() {
    let folder = tempfile::tempdir().unwrap();
    tape(folder.path(), 4, false).end_reel(None, at(4 * HOUR)).unwrap();
    let index = indexes(folder.path()).remove(1);
    fs::remove_file(index.with_extension("aac")).unwrap();
    fs::remove_file(index).unwrap();
    let tape = Tape::open(folder.path(), Duration::ZERO, at(4 * HOUR)).unwrap();
    let (heard, missing) = heard(&tape, 0, 4 * HOUR);
    assert_eq!(heard, [minutes(0, HOUR), minutes(2 * HOUR, 4 * HOUR)].concat());
    assert_eq!(missing, 3600);
}

#[test]
fn a_tape_says_why_it_ends_also_if_the_process_was_killed() {
    for (why, kind) in [
        (Some(Cause::new(CauseKind::NotTaped, "not wanted")), CauseKind::NotTaped),
        (Some(Cause::new(CauseKind::NotRunning, "stopped")), CauseKind::NotRunning),
        (None, CauseKind::NotRunning),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let before = opened(folder.path(), 0);
        (1..=10).for_each(|number| write(&before, minute(number * 60)));
        if why.is_some() {
            before.end_reel(why, at(610)).unwrap();
            assert_eq!(before.trouble(), None, "to end is no trouble of the station");
        }
        // Twice: the first restart notes it.
        drop(Tape::open(folder.path(), Duration::ZERO, at(1200)).unwrap());
        let after = opened(folder.path(), 1800);
        (31..=40).for_each(|number| write(&after, Chunk { discontinuity: number == 31, ..minute(number * 60) }));
        after.end_reel(None, at(2400)).unwrap();
        for tape in [after, Tape::read(folder.path(), Duration::ZERO).unwrap()] {
            assert_eq!(missing(&tape, 0, 2400), [(kind, 1200)]);
        }
        assert_eq!(fs::read_to_string(&indexes(folder.path())[0]).unwrap().matches("#aircheck trouble").count(), 1);
    }
}

#[test]
fn nothing_is_deleted_while_nobody_knows_what_is_held() {
    let folder = tempfile::tempdir().unwrap();
    let tape = tape(folder.path(), 4, true);
    fs::write(folder.path().join("holds"), "damaged\n").unwrap();
    assert!(tape.forget_before(at(4 * HOUR)).is_err());
    assert_eq!(indexes(folder.path()).len(), 4);
}
