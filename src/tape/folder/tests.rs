//! Tapes that are written, killed, reopened and forgotten.

use bytes::Bytes;

use super::*;
use crate::tape::{Step, Walker};

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(1_000_000 + seconds)
}

fn format(detail: &str) -> MediaEvent {
    MediaEvent::Format(Format { container: Container::Adts, detail: detail.to_owned(), init: None })
}

fn chunk(number: u8, arrived: i64) -> MediaEvent {
    MediaEvent::Chunk(Chunk {
        bytes: Bytes::from(vec![number; 100]),
        // Three quarters of a frame more than the index can say.
        duration: Duration::from_nanos(4_000_000_750),
        arrived: at(arrived),
        programme_time: None,
        discontinuity: false,
    })
}

/// The first byte of everything that a cut decodes, and how many seconds are missing.
fn cut(tape: &Tape, start: i64, end: i64) -> (Vec<u8>, u64) {
    let span = Span::new(at(start), at(end));
    let view = tape.view(&span);
    let mut walker = Walker::new(span);
    let mut heard = Vec::new();
    loop {
        match walker.step(&view, true) {
            Step::Feed { sound, .. } => {
                heard.push(fs::read(&sound.reel.path).unwrap()[usize::try_from(sound.offset).unwrap()]);
            }
            Step::Run(_) => {}
            Step::Wait | Step::End => break,
        }
    }
    let missing: Duration = walker.into_gaps().iter().map(|gap| gap.length).sum();
    (heard, (missing + Duration::from_millis(500)).as_secs())
}

#[test]
fn a_reopened_tape_holds_what_was_written_and_goes_on_without_a_seam_when_the_window_reaches_back() {
    let folder = tempfile::tempdir().unwrap();
    let tape = Tape::open(folder.path(), Duration::ZERO, at(0)).unwrap();
    tape.write(format("a"), at(4)).unwrap();
    for number in 1..=3_u8 {
        tape.write(chunk(number, i64::from(number) * 4), at(i64::from(number) * 4)).unwrap();
    }
    // Killed here: the reel was never ended. The window still offers 2 and 3, and 4 that was missed.
    let tape = Tape::open(folder.path(), Duration::ZERO, at(17)).unwrap();
    tape.write(format("a"), at(17)).unwrap();
    for number in 2..=5_u8 {
        tape.write(chunk(number, 20), at(20)).unwrap();
    }
    assert_eq!(cut(&tape, 0, 20), (vec![1, 2, 3, 4, 5], 0));
}

#[test]
fn what_was_missed_while_down_is_a_gap_that_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let tape = Tape::open(folder.path(), Duration::ZERO, at(0)).unwrap();
    tape.write(format("a"), at(4)).unwrap();
    tape.write(chunk(1, 4), at(4)).unwrap();
    let tape = Tape::open(folder.path(), Duration::ZERO, at(60)).unwrap();
    tape.write(format("a"), at(64)).unwrap();
    tape.write(chunk(2, 64), at(64)).unwrap();
    assert_eq!(cut(&tape, 0, 64), (vec![1, 2], 56));
    let span = Span::new(at(0), at(64));
    let mut walker = Walker::new(span);
    while walker.step(&tape.view(&span), true) != Step::End {}
    assert_eq!(walker.into_gaps()[0].cause, "aircheck was not running");
}

#[test]
fn a_format_change_begins_a_new_reel_and_old_reels_can_go() {
    let folder = tempfile::tempdir().unwrap();
    let tape = Tape::open(folder.path(), Duration::ZERO, at(0)).unwrap();
    for (number, detail) in [(1, "a"), (2, "b"), (3, "b")] {
        tape.write(format(detail), at(i64::from(number) * 4)).unwrap();
        tape.write(chunk(number, i64::from(number) * 4), at(i64::from(number) * 4)).unwrap();
    }
    assert_eq!(sound_files(folder.path()).unwrap().len(), 2);
    assert_eq!(tape.forget_before(at(8)).unwrap(), 100);
    assert_eq!(sound_files(folder.path()).unwrap().len(), 1);
    assert_eq!(cut(&tape, 0, 12), (vec![2, 3], 4));
}

#[test]
fn equal_silence_is_not_taken_for_a_repeat() {
    let folder = tempfile::tempdir().unwrap();
    let tape = Tape::open(folder.path(), Duration::ZERO, at(0)).unwrap();
    tape.write(format("a"), at(4)).unwrap();
    for arrived in [4, 8, 12] {
        tape.write(chunk(0, arrived), at(arrived)).unwrap();
    }
    let tape = Tape::open(folder.path(), Duration::ZERO, at(13)).unwrap();
    tape.write(format("a"), at(16)).unwrap();
    tape.write(chunk(0, 16), at(16)).unwrap();
    assert_eq!(cut(&tape, 0, 16).1, 0);
}
