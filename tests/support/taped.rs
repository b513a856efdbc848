//! A tape that is written without a station: minutes of bytes that are no sound, each at the time at which it was on the
//! air.

use std::time::Duration;

use aircheck::model::{Chunk, Container, Format, MediaEvent};
use aircheck::tape::Tape;
use chrono::{DateTime, TimeDelta, Utc};

use super::aircheck::Aircheck;

/// Opens the tape of a station for a capture that begins at `at`. No service may run that writes it.
pub fn open(aircheck: &Aircheck, station: &str, at: DateTime<Utc>) -> Tape {
    let folder = aircheck.path("state/tape").join(station);
    let tape = Tape::open(&folder, Duration::ZERO, at).expect("a tape");
    let format = Format { container: Container::Adts, detail: "aac".to_owned(), init: None };
    tape.write(MediaEvent::Format(format), at).expect("written");
    tape
}

/// Puts so many minutes on the tape, the first of which was on the air from `start` on, after a break.
pub fn put(tape: &Tape, start: DateTime<Utc>, minutes: i64) {
    for minute in 0..minutes {
        let on_air = start + TimeDelta::minutes(minute);
        let arrived = on_air + TimeDelta::minutes(1);
        let chunk = Chunk::new(vec![0; 100], Duration::from_mins(1), arrived);
        let chunk = Chunk { programme_time: Some(on_air), discontinuity: minute == 0, follows: minute > 0, ..chunk };
        tape.write(MediaEvent::Chunk(chunk), arrived).expect("written");
    }
}
