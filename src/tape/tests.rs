//! Tapes that are written, killed, reopened and forgotten.

use super::*;
use crate::model::{Chunk, Container, DatesNews, Format};
use crate::tape::folder::{remove_empty, sound_files};
use crate::tape::{Step, Walker};

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(1_000_000 + seconds)
}

fn format(detail: &str) -> MediaEvent {
    MediaEvent::Format(Format { container: Container::Adts, detail: detail.to_owned(), init: None })
}

fn chunk(number: u8, arrived: i64) -> MediaEvent {
    MediaEvent::Chunk(Chunk::new(
        vec![number; 100],
        // Three quarters of a frame more than the index can say.
        Duration::from_nanos(4_000_000_750),
        at(arrived),
    ))
}

/// The first byte of everything that a cut decodes, and how many seconds are missing.
fn cut(tape: &Tape, start: i64, end: i64) -> (Vec<u8>, u64) {
    let span = Span::new(at(start), at(end));
    let view = tape.blocking_view(&span);
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
fn a_reopened_tape_goes_on_without_a_seam_if_the_window_reaches_back() {
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
    while walker.step(&tape.blocking_view(&span), true) != Step::End {}
    assert_eq!(walker.into_gaps()[0].cause, Cause::new(CauseKind::NotRunning, "aircheck was not running"));
}

#[test]
fn what_came_while_the_clock_was_wrong_is_moved_to_when_it_came() {
    let folder = tempfile::tempdir().unwrap();
    for wrong in [-7200, 7200] {
        let tape = Tape::open(folder.path(), Duration::ZERO, at(100)).unwrap();
        tape.write(format("a"), at(100)).unwrap();
        tape.write(chunk(1, 100), at(100)).unwrap();
        tape.end_reel(None, at(100)).unwrap();
        let tape = Tape::open(folder.path(), Duration::ZERO, at(200 + wrong)).unwrap();
        tape.write(format("a"), at(200 + wrong)).unwrap();
        tape.write(chunk(2, 200 + wrong), at(200 + wrong)).unwrap();
        tape.clock_was_wrong(TimeDelta::seconds(-wrong), at(203));
        // What was seen by the wrong clock and is written by the right one, and what comes then.
        tape.write(chunk(3, 204 + wrong), at(206)).unwrap();
        tape.write(chunk(4, 208), at(208)).unwrap();
        let reopened = Tape::open(folder.path(), Duration::ZERO, at(300)).unwrap();
        for tape in [tape, reopened] {
            assert_eq!(cut(&tape, 96, 100), (vec![1], 0), "{wrong}: what was there before stays");
            assert_eq!(cut(&tape, 196, 208), (vec![2, 3, 4], 0), "{wrong}");
            assert_eq!(cut(&tape, 196 + wrong, 200 + wrong), (vec![], 4), "{wrong}");
        }
        for file in sound_files(folder.path()).unwrap() {
            remove_empty(&file);
        }
    }
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

#[test]
fn an_advertisement_that_is_on_the_air_again_after_a_restart_is_new() {
    let folder = tempfile::tempdir().unwrap();
    let tape = Tape::open(folder.path(), Duration::ZERO, at(0)).unwrap();
    tape.write(format("a"), at(4)).unwrap();
    for (number, arrived) in [(1, 4), (8, 8), (9, 12), (2, 16)] {
        tape.write(chunk(number, arrived), at(arrived)).unwrap();
    }
    let tape = Tape::open(folder.path(), Duration::ZERO, at(17)).unwrap();
    tape.write(format("a"), at(20)).unwrap();
    for (number, arrived) in [(8, 20), (9, 24), (3, 28)] {
        tape.write(chunk(number, arrived), at(arrived)).unwrap();
    }
    assert_eq!(cut(&tape, 0, 28), (vec![1, 8, 9, 2, 8, 9, 3], 0));
    let second = |seconds: u64| Duration::from_nanos(seconds * 4_000_000_750 / 4);
    let tally = tape.tally();
    assert_eq!((tally.taped, tally.repeated, tally.taken), (second(12), Duration::ZERO, second(12)));
    // What the window still offers is known, and what is not proven to be that goes on tape in the end.
    tape.write(again(3, 28), at(28)).unwrap();
    tape.end_reel(None, at(29)).unwrap();
    assert_eq!(cut(&tape, 0, 28), (vec![1, 8, 9, 2, 8, 9, 3], 0));
    tape.write(again(2, 32), at(32)).unwrap();
    tape.end_reel(None, at(33)).unwrap();
    assert_eq!(cut(&tape, 0, 32), (vec![1, 8, 9, 2, 8, 9, 3, 2], 0));
}

#[test]
fn a_spot_behind_what_was_lost_is_new_where_nothing_leads_up_to_it() {
    for (window, heard) in [(vec![2, 3], vec![1, 2, 2, 3]), (vec![1, 2, 3], vec![1, 2, 3])] {
        let folder = tempfile::tempdir().unwrap();
        let tape = Tape::open(folder.path(), Duration::ZERO, at(0)).unwrap();
        for event in [format("a"), chunk(1, 4), chunk(2, 8), lost(12, false)] {
            tape.write(event, at(12)).unwrap();
        }
        tape.write(again(window[0], 20), at(20)).unwrap();
        for number in &window[1..] {
            tape.write(chunk(*number, 20), at(20)).unwrap();
        }
        assert_eq!(cut(&tape, 0, 20).0, heard);
    }
}

#[test]
fn a_spot_of_several_chunks_after_a_loss_is_new_if_its_numbers_go_on() {
    let written = |numbers: [u64; 2]| {
        let folder = tempfile::tempdir().unwrap();
        let numbered = |event: MediaEvent, sequence: u64| match event {
            MediaEvent::Chunk(chunk) => MediaEvent::Chunk(Chunk { sequence: Some(sequence), ..chunk }),
            other => other,
        };
        let tape = Tape::open(folder.path(), Duration::ZERO, at(0)).unwrap();
        let spot = [numbered(chunk(8, 4), 10), numbered(chunk(9, 8), 11)];
        for event in [format("a")].into_iter().chain(spot).chain([lost(12, false), lost(16, false)]) {
            tape.write(event, at(16)).unwrap();
        }
        let tape = Tape::open(folder.path(), Duration::ZERO, at(17)).unwrap();
        let window = [numbered(again(8, 20), numbers[0]), numbered(chunk(9, 20), numbers[1])];
        for event in [format("a")].into_iter().chain(window).chain([numbered(chunk(3, 24), numbers[1] + 1)]) {
            tape.write(event, at(24)).unwrap();
        }
        tape.tally().repeated.as_secs() / 4
    };
    assert_eq!(written([12, 13]), 0, "what was lost, on the air once more");
    assert_eq!(written([10, 11]), 2, "the window reaches back");
    assert_eq!(written([900_010, 900_011]), 2, "it reaches back under numbers of another count");
}

#[test]
fn what_the_source_knows_to_be_new_is_not_compared() {
    let folder = tempfile::tempdir().unwrap();
    let tape = Tape::open(folder.path(), Duration::ZERO, at(0)).unwrap();
    tape.write(format("a"), at(4)).unwrap();
    tape.write(chunk(1, 4), at(4)).unwrap();
    tape.write(chunk(2, 8), at(8)).unwrap();
    tape.write(MediaEvent::NewSound, at(12)).unwrap();
    tape.write(again(2, 16), at(16)).unwrap();
    assert_eq!(cut(&tape, 0, 16), (vec![1, 2, 2], 4));
}

#[test]
fn what_a_window_offers_again_is_known_behind_a_segment_of_it_that_is_lost() {
    for first_is_lost in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let tape = Tape::open(folder.path(), Duration::ZERO, at(0)).unwrap();
        tape.write(format("a"), at(4)).unwrap();
        for number in 1..=4_u8 {
            tape.write(chunk(number, i64::from(number) * 4), at(i64::from(number) * 4)).unwrap();
        }
        // The connection is a new one; its window still has 2, 3 and 4.
        let window = if first_is_lost {
            [lost(20, true), chunk(3, 20), chunk(4, 20), chunk(5, 20)]
        } else {
            [again(3, 20), chunk(4, 20), lost(20, false), chunk(6, 24)]
        };
        for event in window {
            tape.write(event, at(20)).unwrap();
        }
        let heard = if first_is_lost { (vec![1, 2, 3, 4, 5], 0) } else { (vec![1, 2, 3, 4, 6], 4) };
        assert_eq!(cut(&tape, 0, if first_is_lost { 20 } else { 24 }), heard);
    }
}

fn dated(number: u8, arrived: i64, date: i64) -> MediaEvent {
    match chunk(number, arrived) {
        MediaEvent::Chunk(chunk) => MediaEvent::Chunk(Chunk { programme_time: Some(at(date)), ..chunk }),
        other => other,
    }
}

#[test]
fn a_spot_that_comes_again_under_a_date_that_stands_still_is_new() {
    let folder = tempfile::tempdir().unwrap();
    let tape = Tape::open(folder.path(), Duration::ZERO, at(0)).unwrap();
    for event in [format("a"), dated(1, 4, 0), dated(9, 8, 4)] {
        tape.write(event, at(8)).unwrap();
    }
    let tape = Tape::open(folder.path(), Duration::ZERO, at(9)).unwrap();
    for event in [format("a"), dated(9, 12, 4), dated(2, 12, 4), dated(9, 16, 4), dated(3, 20, 4)] {
        tape.write(event, at(20)).unwrap();
    }
    let one = Duration::from_nanos(4_000_000_750);
    assert_eq!((tape.tally().taped, tape.tally().repeated), (one * 3, one));
}

#[test]
fn a_spot_that_comes_again_while_the_clock_is_set_back_is_new() {
    let folder = tempfile::tempdir().unwrap();
    let tape = Tape::open(folder.path(), Duration::ZERO, at(0)).unwrap();
    tape.write(format("a"), at(4)).unwrap();
    for (number, date) in [(1, 0), (9, 4), (2, 8)] {
        tape.write(dated(number, date + 4, date), at(date + 4)).unwrap();
    }
    let tape = Tape::open(folder.path(), Duration::ZERO, at(17)).unwrap();
    tape.write(format("a"), at(20)).unwrap();
    // The window reaches back; behind it the clock is set back by 8 s.
    for (number, date) in [(9, 4), (2, 8), (9, 4), (3, 8)] {
        tape.write(dated(number, 20, date), at(20)).unwrap();
    }
    let second = Duration::from_nanos(4_000_000_750);
    assert_eq!((tape.tally().taped, tape.tally().repeated), (second * 2, second * 2));
}

#[test]
fn dates_that_are_withdrawn_are_withdrawn_on_the_disk_as_well() {
    let folder = tempfile::tempdir().unwrap();
    let tape = Tape::open(folder.path(), Duration::ZERO, at(0)).unwrap();
    tape.write(format("a"), at(4)).unwrap();
    for number in 1..=3_u8 {
        let MediaEvent::Chunk(chunk) = chunk(number, i64::from(number) * 4) else { panic!("no chunk") };
        let dated = Chunk { programme_time: Some(at(i64::from(number) * 4 - 104)), ..chunk };
        tape.write(MediaEvent::Chunk(dated), at(i64::from(number) * 4)).unwrap();
    }
    assert_eq!(cut(&tape, 0, 12).1, 12, "they say that it was on the air long ago");
    tape.write(MediaEvent::Dates { at: at(12), news: DatesNews::Withdrawn }, at(12)).unwrap();
    for tape in [tape, Tape::read(folder.path(), Duration::ZERO).unwrap()] {
        assert_eq!(cut(&tape, 0, 12), (vec![1, 2, 3], 0));
    }
}

/// Twenty-four hours of 2 s segments: every hour an advertisement, another one, and the first again, between marks; and at 15:00
/// a clock that is set back by 30 s.
#[test]
fn a_day_with_advertisements_every_hour_and_a_clock_that_is_set_is_whole() {
    const DAY: i64 = 86_400;
    // In memory, if the machine has such a folder: it is synchronised thousands of times.
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap();
    let tape = Tape::open(folder.path(), Duration::ZERO, at(0)).unwrap();
    tape.write(format("a"), at(0)).unwrap();
    let spot = |second: i64| Some(second % 3600 / 30).filter(|spot| (20..23).contains(spot));
    for second in (0..DAY).step_by(2) {
        let sound = spot(second).map_or(1_000_000 + second, |spot| 100 * (spot % 2) + second % 30);
        let set_back = if second < 15 * 3600 { 0 } else { 30 };
        let discontinuity = second == 0 || spot(second) != spot(second - 2);
        let chunk = Chunk {
            programme_time: Some(at(second - set_back)),
            discontinuity,
            follows: second > 0,
            ..Chunk::new(format!("{sound:08}"), Duration::from_secs(2), at(second + 2))
        };
        tape.write(MediaEvent::Chunk(chunk), at(second + 2)).unwrap();
    }
    let span = Span::new(at(0), at(DAY));
    let view = tape.blocking_view(&span);
    let mut walker = Walker::new(span);
    let mut heard = Duration::ZERO;
    let mut step = walker.step(&view, true);
    while step != Step::End {
        if let Step::Feed { duration, .. } = step {
            heard += duration;
        }
        step = walker.step(&view, true);
    }
    let missing: Duration = walker.into_gaps().iter().map(|gap| gap.length).sum();
    assert_eq!((heard, missing), (Duration::from_hours(24), Duration::ZERO));
    assert_eq!(tape.tally().repeated, Duration::ZERO);
}

/// The first chunk of a new capture.
fn again(number: u8, arrived: i64) -> MediaEvent {
    let MediaEvent::Chunk(first) = chunk(number, arrived) else { panic!("no chunk") };
    MediaEvent::Chunk(Chunk { discontinuity: true, follows: false, ..first })
}

/// A segment that is lost, perhaps the first one of a new capture.
fn lost(arrived: i64, begins: bool) -> MediaEvent {
    MediaEvent::Gap {
        duration: Duration::from_secs(4),
        arrived: at(arrived),
        programme_time: None,
        discontinuity: begins,
        follows: !begins,
        cause: Cause::default(),
    }
}

/// SplitMix64.
fn random(state: &mut u64, below: usize) -> usize {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    usize::try_from((mixed ^ (mixed >> 31)) % below as u64).unwrap()
}

#[test]
fn a_reel_torn_anywhere_keeps_every_whole_entry_and_the_tape_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let tape = Tape::open(folder.path(), Duration::ZERO, at(0)).unwrap();
    tape.write(format("a"), at(4)).unwrap();
    for number in 1..=6_u8 {
        tape.write(chunk(number, i64::from(number) * 4), at(i64::from(number) * 4)).unwrap();
    }
    let sound = sound_files(folder.path()).unwrap().remove(0);
    let (bytes, index) = (fs::read(&sound).unwrap(), fs::read(sound.with_extension("m3u8")).unwrap());
    let mut state = 0x5EED;
    let every_index = (0..=index.len()).map(|length| (length, bytes.len()));
    // Bytes and index torn independently, as by a disk that keeps no order.
    let both = std::iter::repeat_with(|| (random(&mut state, index.len() + 1), random(&mut state, bytes.len() + 1)));
    for (index_length, sound_length) in every_index.chain(both.take(400)) {
        let torn = tempfile::tempdir().unwrap();
        let path = torn.path().join(sound.file_name().unwrap());
        fs::write(&path, &bytes[..sound_length]).unwrap();
        fs::write(path.with_extension("m3u8"), &index[..index_length]).unwrap();
        let lines = index[..index_length].split_inclusive(|byte| *byte == b'\n');
        let named = lines.filter(|line| line.ends_with(b".aac\n")).count();
        let whole = u8::try_from(named.min(sound_length / 100)).unwrap();

        let tape = Tape::open(torn.path(), Duration::ZERO, at(60)).unwrap();
        let expected: Vec<_> = (1..=whole).collect();
        assert_eq!(cut(&tape, 0, 24).0, expected, "index torn at {index_length}, sound at {sound_length}");
        // What the window still offers joins on to it without a seam, and nothing is there twice.
        tape.write(format("a"), at(60)).unwrap();
        for number in whole.max(1)..=8 {
            tape.write(chunk(number, 32), at(32)).unwrap();
        }
        assert_eq!(cut(&tape, 0, 32), ((1..=8).collect(), 0), "index torn at {index_length}, sound at {sound_length}");
    }
}

#[test]
fn a_reel_on_which_nothing_came_is_gone_when_the_tape_is_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("20261120T030004000Z.aac"), "torn before its first entry").unwrap();
    fs::write(folder.path().join("20261120T030004000Z.m3u8"), "#EXTM3U\n#EXT-X-VERS").unwrap();
    Tape::read(folder.path(), Duration::ZERO).unwrap();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "who only reads leaves everything as it is");
    Tape::open(folder.path(), Duration::ZERO, at(0)).unwrap();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

mod clock;
mod held;
mod seals;
mod titles;
mod weeks;
