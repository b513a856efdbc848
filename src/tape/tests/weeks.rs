//! What a tape of weeks costs, counted; and reels that have ended and must be changed all the same.

use super::*;
use crate::model::{Chunk, Container, DatesNews, Format};
use crate::tape::{Step, Walker};

pub(super) const HOUR: i64 = 3600;

pub(super) fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(1_000_000 + seconds)
}

/// A minute of sound that arrived at `second`, and says so.
pub(super) fn minute(second: i64) -> Chunk {
    Chunk::new(format!("{second:08}"), Duration::from_secs(60), at(second))
}

pub(super) fn write(tape: &Tape, chunk: Chunk) {
    let arrived = chunk.arrived;
    tape.write(MediaEvent::Chunk(chunk), arrived).unwrap();
}

/// The tape in `folder`, opened for a capture that begins at `second`.
pub(super) fn opened(folder: &Path, second: i64) -> Tape {
    let tape = Tape::open(folder, Duration::ZERO, at(second)).unwrap();
    let format = Format { container: Container::Adts, detail: "aac".to_owned(), init: None };
    tape.write(MediaEvent::Format(format), at(second)).unwrap();
    tape
}

/// A tape of so many `hours` in reels of an hour, the last of which is being written.
pub(super) fn tape(folder: &Path, hours: i64, dated: bool) -> Tape {
    let tape = opened(folder, 0);
    for chunk in (1..=hours * 60).map(|number| minute(number * 60)) {
        let programme_time = dated.then(|| chunk.arrived - TimeDelta::minutes(1));
        write(&tape, Chunk { programme_time, ..chunk });
    }
    tape
}

/// The minutes that a cut decodes, by when they arrived, and how many seconds are missing.
pub(super) fn heard(tape: &Tape, from: i64, to: i64) -> (Vec<i64>, u64) {
    let span = Span::new(at(from), at(to));
    let view = tape.blocking_view(&span);
    let mut walker = Walker::new(span);
    let mut heard = Vec::new();
    loop {
        match walker.step(&view, true) {
            Step::Feed { sound, .. } => heard.push(String::from_utf8(sound.read().unwrap()).unwrap().parse().unwrap()),
            Step::Run(_) => {}
            Step::Wait | Step::End => break,
        }
    }
    let missing: Duration = walker.into_gaps().iter().map(|gap| gap.length).sum();
    (heard, missing.as_secs())
}

pub(super) fn minutes(from: i64, to: i64) -> Vec<i64> {
    (from / 60 + 1..=to / 60).map(|number| number * 60).collect()
}

/// The indexes of `folder`, the oldest first.
pub(super) fn indexes(folder: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let mut indexes: Vec<_> = files.filter(|path| path.extension().is_some_and(|it| it == "m3u8")).collect();
    indexes.sort();
    indexes
}

#[test]
fn of_a_long_tape_only_the_hours_that_are_looked_at_are_in_memory() {
    let folder = tempfile::tempdir().unwrap();
    let written = tape(folder.path(), 50, true);
    assert_eq!(heard(&written, 0, 50 * HOUR), (minutes(0, 50 * HOUR), 0), "none is lost by being dropped");
    written.end_reel(None, at(50 * HOUR)).unwrap();
    assert_eq!(written.in_memory(), (0, 50), "and afterwards nobody needs them");
    let tape = Tape::open(folder.path(), Duration::ZERO, at(50 * HOUR)).unwrap();
    assert_eq!(tape.in_memory(), (1, 50), "the newest");
    assert_eq!(tape.heard(), Some(at(50 * HOUR)));
    assert!(tape.rate().is_some_and(|(format, bits)| format == "aac" && (bits - 64.0 / 60.0).abs() < 0.01));
    assert_eq!(heard(&tape, 10 * HOUR + 30, 11 * HOUR), (minutes(10 * HOUR, 11 * HOUR), 0));
    assert!(
        tape.in_memory().0 <= 6,
        "that hour, those around it that place it, and the newest: {:?}",
        tape.in_memory()
    );
    heard(&tape, 0, 50 * HOUR);
    assert!(tape.in_memory().0 <= 8, "a long cut is not kept: {:?}", tape.in_memory());
    tape.forget_before(at(40 * HOUR + 1)).unwrap();
    assert_eq!(tape.in_memory(), (0, 10));
    assert_eq!(heard(&tape, 39 * HOUR, 41 * HOUR), (minutes(40 * HOUR, 41 * HOUR), 3600));
}

#[test]
fn an_hour_that_nobody_looks_at_any_more_is_not_kept_in_memory() {
    let folder = tempfile::tempdir().unwrap();
    let written = tape(folder.path(), 5, true);
    written.end_reel(None, at(5 * HOUR)).unwrap();
    let tape = opened(folder.path(), 5 * HOUR);
    assert_eq!(tape.in_memory(), (1, 5), "what comes is compared with the newest");
    write(&tape, minute(5 * HOUR + 60));
    assert_eq!(tape.in_memory(), (0, 5), "it was new, and so is all that follows");
    heard(&tape, HOUR + 30, 2 * HOUR);
    let looked_at = tape.in_memory().0;
    assert!(looked_at > 0);
    tape.drop_unused();
    assert_eq!(tape.in_memory().0, looked_at, "somebody looks at it");
    heard(&tape, HOUR + 30, 2 * HOUR);
    tape.drop_unused();
    assert_eq!(tape.in_memory().0, looked_at, "and again");
    tape.drop_unused();
    assert_eq!(tape.in_memory(), (0, 5));
    assert_eq!(heard(&tape, HOUR + 30, 2 * HOUR), (minutes(HOUR, 2 * HOUR), 0));
}

#[test]
fn a_reader_never_waits_for_a_writer() {
    let folder = tempfile::tempdir().unwrap();
    let tape = tape(folder.path(), 2, true);
    // As while the disk hangs.
    let _writes = tape.writer();
    assert_eq!(heard(&tape, 0, 2 * HOUR), (minutes(0, 2 * HOUR), 0));
    tape.clock_was_set(at(2 * HOUR));
    tape.set_delay(Duration::from_secs(1));
    assert_eq!((tape.heard(), tape.trouble()), (Some(at(2 * HOUR)), None));
    assert_eq!((tape.tally().taped, tape.rate().is_some()), (Duration::from_hours(2), true));
}

#[test]
fn a_clock_that_was_wrong_for_hours_is_set_right_in_reels_that_have_ended() {
    let folder = tempfile::tempdir().unwrap();
    let before = tape(folder.path(), 1, false);
    before.end_reel(None, at(HOUR)).unwrap();
    let tape = opened(folder.path(), HOUR);
    (61..=240).for_each(|number| write(&tape, minute(number * 60)));
    tape.clock_was_wrong(TimeDelta::hours(10), at(14 * HOUR));
    tape.end_reel(None, at(14 * HOUR)).unwrap();
    for tape in [tape, Tape::read(folder.path(), Duration::ZERO).unwrap()] {
        assert_eq!(heard(&tape, 0, HOUR), (minutes(0, HOUR), 0), "what was there before stays");
        assert_eq!(heard(&tape, 11 * HOUR, 14 * HOUR), (minutes(HOUR, 4 * HOUR), 0));
        assert_eq!(heard(&tape, 2 * HOUR, 3 * HOUR), (vec![], 3600));
    }
}

#[test]
fn withdrawn_dates_are_withdrawn_in_ended_reels_as_well() {
    let folder = tempfile::tempdir().unwrap();
    let tape = opened(folder.path(), 0);
    // Two hours late, by its dates.
    for number in 1..=150 {
        let chunk = minute(number * 60);
        let programme_time = Some(chunk.arrived - TimeDelta::hours(2));
        write(&tape, Chunk { programme_time, discontinuity: number == 1, follows: number > 1, ..chunk });
    }
    tape.write(MediaEvent::Dates { at: at(150 * 60), news: DatesNews::Withdrawn }, at(150 * 60)).unwrap();
    tape.end_reel(None, at(150 * 60)).unwrap();
    for tape in [tape, Tape::read(folder.path(), Duration::ZERO).unwrap()] {
        assert_eq!(heard(&tape, 0, 150 * 60), (minutes(0, 150 * 60), 0));
    }
}

#[test]
fn what_is_lost_while_no_reel_is_written_is_on_the_next_one() {
    let folder = tempfile::tempdir().unwrap();
    let written = tape(folder.path(), 1, false);
    written.end_reel(None, at(HOUR)).unwrap();
    let (duration, arrived, cause) = (Duration::from_secs(60), at(HOUR + 60), Cause::new(CauseKind::Refused, "404"));
    let lost = MediaEvent::Gap { duration, arrived, programme_time: None, discontinuity: false, follows: true, cause };
    written.write(lost, arrived).unwrap();
    write(&written, minute(HOUR + 120));
    let read = Tape::read(folder.path(), Duration::ZERO).unwrap();
    for tape in [&written, &read] {
        assert_eq!(heard(tape, HOUR, HOUR + 120), (vec![HOUR + 120], 60));
        let view = tape.blocking_view(&Span::new(at(HOUR), at(HOUR + 120)));
        assert_eq!(
            view.lost().map(|(length, cause)| (length, cause.words.clone())),
            Some((duration, "404".to_owned()))
        );
    }
}

#[test]
fn an_index_that_is_gone_or_cut_is_a_hole_and_moves_nothing_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let written = tape(folder.path(), 4, true);
    written.end_reel(None, at(4 * HOUR)).unwrap();
    let indexes = indexes(folder.path());
    fs::remove_file(&indexes[1]).unwrap();
    let third = fs::read_to_string(&indexes[2]).unwrap();
    fs::write(&indexes[2], &third[..third.len() / 2]).unwrap();
    let (heard, missing) = heard(&written, 0, 4 * HOUR);
    assert_eq!(heard[..60], minutes(0, HOUR));
    assert_eq!(heard[heard.len() - 60..], minutes(3 * HOUR, 4 * HOUR));
    assert_eq!(heard.len() as u64 * 60 + missing, 4 * 3600, "each minute is there or told to be missing");
}

#[test]
fn what_was_computed_of_a_reel_is_no_reel_and_goes_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let tape = tape(folder.path(), 3, false);
    let ended = tape.ended_since(0);
    assert_eq!(ended.len(), 2, "the third is being written");
    assert_eq!(ended[1].sound().length, Duration::from_hours(1));
    let since = tape.ended_since(ended[0].end());
    assert_eq!((since.len(), since[0].path()), (1, ended[1].path()));
    for reel in &ended {
        fs::write(reel.path().with_extension(LEVELS), "loud").unwrap();
    }
    let read = Tape::read(folder.path(), Duration::ZERO).unwrap();
    assert_eq!(read.ended_since(0).len(), 3);
    tape.forget_before(at(HOUR + 1)).unwrap();
    let left = |reel: &EndedReel| ["aac", "m3u8", LEVELS].map(|name| reel.path().with_extension(name).exists());
    assert_eq!((left(&ended[0]), left(&ended[1])), ([false; 3], [true; 3]));
}

#[test]
fn a_sound_is_found_on_its_reel_by_reading_that_index_alone() {
    let folder = tempfile::tempdir().unwrap();
    let written = tape(folder.path(), 10, true);
    let tape = Tape::read(folder.path(), Duration::ZERO).unwrap();
    assert_eq!(tape.in_memory(), (1, 10), "the newest");
    let reels = tape.reels();
    assert_eq!(reels.len(), 10);
    assert_eq!(reels[3].1, Span::new(at(3 * HOUR + 60), at(4 * HOUR)));
    let fourth = |file: &Path| Some(file.as_os_str()) == reels[3].0.file_name();
    let sounds = tape.sounds_on(fourth);
    assert_eq!(tape.in_memory(), (2, 10));
    let told = |sound: &Sound| String::from_utf8(sound.read().unwrap()).unwrap().parse().unwrap();
    assert_eq!(sounds.iter().map(told).collect::<Vec<i64>>(), minutes(3 * HOUR, 4 * HOUR));
    assert_eq!(tape.sounds_on(|_| false), []);
    // The tape that is being written has the same reels, and the last of them has not ended.
    assert_eq!(written.reels(), reels);
    assert_eq!(written.sounds_on(|file| Some(file.as_os_str()) == reels[9].0.file_name()).len(), 60);
    tape.forget_before(at(5 * HOUR + 1)).unwrap();
    assert_eq!((tape.reels().len(), tape.sounds_on(fourth)), (5, vec![]));
}

#[test]
fn a_promise_to_keep_the_tape_holds_for_who_opens_it_later() {
    let folder = tempfile::tempdir().unwrap();
    let written = tape(folder.path(), 1, false);
    assert_eq!((written.promised(), Tape::promise_of(folder.path())), (Duration::ZERO, Duration::ZERO));
    for days in [42, 28] {
        let keep = Duration::from_hours(24 * days);
        written.promise(keep).unwrap();
        let read = Tape::read(folder.path(), Duration::ZERO).unwrap();
        assert_eq!((written.promised(), read.promised(), Tape::promise_of(folder.path())), (keep, keep, keep));
    }
}

#[test]
fn a_tape_knows_when_its_reels_came_also_the_one_that_is_being_written() {
    let folder = tempfile::tempdir().unwrap();
    let tape = tape(folder.path(), 5, true);
    let came = |tape: &Tape| tape.reels().into_iter().map(|(_, came)| came).collect::<Vec<_>>();
    let spans = came(&tape);
    assert_eq!((spans[0].start, spans[spans.len() - 1].end), (at(60), at(5 * HOUR)));
    assert!(spans.windows(2).all(|two| two[1].start - two[0].end == TimeDelta::minutes(1)), "{spans:?}");
    tape.forget_before(at(2 * HOUR)).unwrap();
    let left = came(&tape);
    assert!(left.len() < spans.len() && spans.ends_with(&left), "{left:?}");
    assert!(came(&Tape::read(&folder.path().join("none"), Duration::ZERO).unwrap()).is_empty());
}
