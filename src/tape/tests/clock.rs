//! Tapes that are written while the clock is set.

use super::*;

#[test]
fn after_the_clock_was_set_back_a_cut_has_new_sound_and_not_the_old() {
    let folder = tempfile::tempdir().unwrap();
    let tape = Tape::open(folder.path(), Duration::ZERO, at(0)).unwrap();
    tape.write(format("a"), at(4)).unwrap();
    for number in 1..=10_u8 {
        tape.write(chunk(number, i64::from(number) * 4), at(i64::from(number) * 4)).unwrap();
    }
    let (before, encoded) = (cut(&tape, 14, 32), tape.for_one_cut());
    encoded.hold_clock();
    tape.clock_was_set(at(12));
    for number in 11..=15_u8 {
        let arrived = 12 + (i64::from(number) - 10) * 4;
        tape.write(chunk(number, arrived), at(arrived)).unwrap();
    }
    assert_eq!(cut(&encoded, 14, 32), before, "what is being encoded stays as it was");
    assert_eq!(cut(&tape, 14, 32), (vec![11, 12, 13, 14, 15], 0));
    // A microsecond of rounding must not ask for the entry after.
    assert_eq!(cut(&tape, 6, 11), (vec![2, 3], 0), "what ended before is as it was");
}

/// What was fetched before the clock was set and is written after it lies on the old line of time, with the dates that were
/// believed then.
#[test]
fn what_was_under_way_when_the_clock_was_set_belongs_to_the_time_before() {
    let dated = |number: u8, arrived: i64, date: Option<i64>| {
        let MediaEvent::Chunk(chunk) = chunk(number, arrived) else { unreachable!() };
        MediaEvent::Chunk(Chunk { programme_time: date.map(at), follows: true, ..chunk })
    };
    for hour in [-3_600, 3_600] {
        let folder = tempfile::tempdir().unwrap();
        let tape = Tape::open(folder.path(), Duration::ZERO, at(0)).unwrap();
        tape.write(format("aac"), at(0)).unwrap();
        for number in 1..4 {
            let arrived = i64::from(number) * 4;
            tape.write(dated(number, arrived, Some(arrived - 4)), at(arrived)).unwrap();
        }
        let set = hour + 17;
        tape.clock_was_set(at(set));
        tape.write(dated(4, 16, Some(12)), at(set)).unwrap();
        // By the new clock the dates of the station are wrong, and are not handed on.
        for number in 5..9_u8 {
            let arrived = hour + i64::from(number) * 4;
            tape.write(dated(number, arrived, None), at(arrived)).unwrap();
        }
        assert_eq!(cut(&tape, hour + 16, hour + 32), (vec![5, 6, 7, 8], 0), "{hour}");
        let to_come = Span::new(at(hour + 40), at(hour + 48));
        assert!(!reaches(&tape.blocking_view(&to_come), to_come), "{hour}");
        if hour > 0 {
            assert_eq!(cut(&tape, 0, 16), (vec![1, 2, 3, 4], 0));
        }
    }
}

#[test]
fn after_the_clock_was_set_ahead_new_sound_has_the_new_time() {
    let folder = tempfile::tempdir().unwrap();
    let tape = Tape::open(folder.path(), Duration::ZERO, at(0)).unwrap();
    tape.write(format("a"), at(4)).unwrap();
    tape.write(chunk(1, 4), at(4)).unwrap();
    tape.clock_was_set(at(3_600));
    for number in 2..=4_u8 {
        let arrived = 3_600 + i64::from(number) * 4;
        tape.write(chunk(number, arrived), at(arrived)).unwrap();
    }
    assert_eq!(cut(&tape, 3_604, 3_616), (vec![2, 3, 4], 0));
}
