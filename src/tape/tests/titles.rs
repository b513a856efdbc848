//! Titles on tape.

use super::*;

fn title(seconds: i64, text: &str) -> MediaEvent {
    // Three quarters of a microsecond more than the index can say.
    MediaEvent::Title { at: at(seconds) + TimeDelta::nanoseconds(750), text: text.to_owned() }
}

/// All titles on tape, in the order in which they came.
fn titles(tape: &Tape) -> Vec<(DateTime<Utc>, String)> {
    let view = tape.blocking_view(&Span::new(at(0), at(60)));
    view.titles().map(|title| (title.at, title.text.clone())).collect()
}

#[test]
fn titles_are_kept_once_each_and_a_reel_begins_with_the_one_of_its_time() {
    let folder = tempfile::tempdir().unwrap();
    let tape = Tape::open(folder.path(), Duration::ZERO, at(0)).unwrap();
    tape.write(title(3, "아침 음악"), at(3)).unwrap();
    tape.write(format("a"), at(4)).unwrap();
    tape.write(chunk(1, 4), at(4)).unwrap();
    tape.write(title(5, "아침 음악"), at(5)).unwrap();
    tape.write(title(6, "two\nlines"), at(6)).unwrap();
    // A new reel.
    tape.write(format("b"), at(8)).unwrap();
    tape.write(chunk(2, 8), at(8)).unwrap();
    let (first, second) = ((at(3), "아침 음악".to_owned()), (at(6), "two lines".to_owned()));
    let all = [first, second.clone(), second];
    assert_eq!(titles(&tape), all);
    // Killed here.
    let again = Tape::open(folder.path(), Duration::ZERO, at(20)).unwrap();
    assert_eq!(titles(&again), all);
}

#[test]
fn titles_of_a_window_that_is_read_again_are_on_tape_once() {
    let folder = tempfile::tempdir().unwrap();
    let tape = Tape::open(folder.path(), Duration::ZERO, at(0)).unwrap();
    tape.write(format("a"), at(4)).unwrap();
    for (event, now) in [(title(1, "A"), 4), (chunk(1, 4), 4), (title(6, "B"), 8), (chunk(2, 8), 8)] {
        tape.write(event, at(now)).unwrap();
    }
    // The capture begins anew, and another piece begins.
    for (event, now) in [(title(1, "A"), 12), (title(6, "B"), 12), (title(10, "C"), 12), (chunk(3, 12), 12)] {
        tape.write(event, at(now)).unwrap();
    }
    let on_tape = |titles: &[(i64, &str)]| -> Vec<_> {
        titles.iter().map(|(seconds, text)| (at(*seconds), (*text).to_owned())).collect()
    };
    assert_eq!(titles(&tape), on_tape(&[(1, "A"), (6, "B"), (10, "C")]));
    // Killed here. Then the window is read again, and the first piece is on the air again.
    let tape = Tape::open(folder.path(), Duration::ZERO, at(20)).unwrap();
    tape.write(format("a"), at(20)).unwrap();
    for (event, now) in [(title(6, "B"), 20), (title(10, "C"), 20), (chunk(4, 24), 24), (title(25, "A"), 28)] {
        tape.write(event, at(now)).unwrap();
    }
    tape.write(chunk(5, 28), at(28)).unwrap();
    let all = on_tape(&[(1, "A"), (6, "B"), (10, "C"), (10, "C"), (25, "A")]);
    assert_eq!(titles(&tape), all, "the second reel begins with what plays");
    let again = Tape::open(folder.path(), Duration::ZERO, at(40)).unwrap();
    assert_eq!(titles(&again), all);
}

#[test]
fn a_title_counts_from_the_sound_on_with_which_it_came_unless_the_station_stamps_its_sound() {
    let stamped = |number: u8, on_air: i64| {
        let MediaEvent::Chunk(chunk) = chunk(number, on_air + 14) else { unreachable!() };
        MediaEvent::Chunk(Chunk { programme_time: Some(at(on_air)), ..chunk })
    };
    let on_air = |events: Vec<(MediaEvent, i64)>| -> Vec<i64> {
        let folder = tempfile::tempdir().unwrap();
        // The stream arrives ten seconds late.
        let tape = Tape::open(folder.path(), Duration::from_secs(10), at(0)).unwrap();
        tape.write(format("a"), at(0)).unwrap();
        for (event, now) in events {
            tape.write(event, at(now)).unwrap();
        }
        let view = tape.blocking_view(&Span::new(at(0), at(60)));
        // Durations are rounded.
        view.titles_on_air().map(|title| (title.at - at(0) + TimeDelta::milliseconds(1)).num_seconds()).collect()
    };
    let unstamped =
        [(title(14, "A"), 14), (chunk(1, 14), 14), (chunk(2, 18), 18), (title(22, "B"), 22), (chunk(3, 22), 22)];
    assert_eq!(on_air(unstamped.to_vec()), [0, 8]);
    let stamped =
        [(title(0, "A"), 14), (stamped(1, 0), 14), (stamped(2, 4), 18), (title(9, "B"), 22), (stamped(3, 8), 22)];
    assert_eq!(on_air(stamped.to_vec()), [0, 9]);
}
