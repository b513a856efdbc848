//! How loud a stretch of tape is, for a picture of it: the loudest sample of each of its parts.
//!
//! Of up to two days it is placed to the second, by when each entry was on the air. Of more, by when each reel began and
//! ended, which is known without its index: weeks then cost one small file for each hour. There a hole within a reel is
//! not seen; it is narrower than a few points.

use std::time::Duration;

use chrono::TimeDelta;

use super::levels;
use super::on_air::{reels, view_of};
use crate::base::duration::delta;
use crate::model::{Levels, Span, Stretch};
use crate::tape::Tape;

/// The longest stretch that is placed to the second.
const EXACT: TimeDelta = TimeDelta::days(2);
/// Two parts touch if less than this share of a part lies between: sums of times are not exact.
const ROUNDING: f64 = 1e-6;

/// The loudest sample of each of `points` parts of `span`, linear, 255 being full scale. `None` where no levels are known:
/// nothing is on tape, it cannot be decoded, or its reel has not ended or waits to be surveyed. Blocks.
pub fn loudest(tape: &Tape, span: Span, points: usize) -> Vec<Option<u8>> {
    let mut picture = Picture::new(span, points);
    if span.length() <= EXACT {
        for reel in reels(&view_of(tape, span)) {
            let Some(levels) = levels::read(&reel.path) else { continue };
            for (position, on_air) in reel.entries() {
                picture.add(&levels, position, on_air.length().to_std().unwrap_or_default(), on_air);
            }
        }
        return picture.points;
    }
    for (path, came) in tape.reels() {
        if came.end < span.start || came.start > span.end {
            continue;
        }
        let Some(levels) = levels::read(&path) else { continue };
        // What a station offers from before arrives at once.
        let on_air = Span::new(came.start.min(came.end - delta(levels.length)), came.end);
        picture.add(&levels, Duration::ZERO, levels.length, on_air);
    }
    picture.points
}

struct Picture {
    span: Span,
    points: Vec<Option<u8>>,
    /// Points in a second.
    per_second: f64,
}

impl Picture {
    fn new(span: Span, points: usize) -> Self {
        let per_second = points as f64 / span.length().as_seconds_f64().max(1e-3);
        Self { span, points: vec![None; points], per_second }
    }

    /// Adds the sound that plays for so long from `position` on in `levels`, and was on the air at `on_air`.
    fn add(&mut self, levels: &Levels, position: Duration, plays: Duration, on_air: Span) {
        let (from, to) = (position.as_secs_f64(), (position + plays).as_secs_f64());
        let begins = (on_air.start - self.span.start).as_seconds_f64();
        let stretched = on_air.length().as_seconds_f64() / plays.as_secs_f64().max(1e-3);
        let first = usize::try_from(position.as_secs()).unwrap_or(usize::MAX);
        for (second, peak) in
            levels.peaks.iter().enumerate().skip(first).take_while(|(second, _)| (*second as f64) < to)
        {
            let (start, end) = ((second as f64).max(from), (second as f64 + 1.0).min(to));
            let is_lost =
                |lost: &Stretch| lost.at.as_secs_f64() <= start && (lost.at + lost.length).as_secs_f64() >= end;
            if !levels.undecoded.iter().any(|(lost, _)| is_lost(lost)) {
                self.mark(begins + (start - from) * stretched, begins + (end - from) * stretched, *peak);
            }
        }
    }

    /// Marks the points from one second of the picture to another.
    fn mark(&mut self, from: f64, to: f64, peak: u8) {
        let first = (from * self.per_second + ROUNDING).max(0.0).floor();
        let behind = (to * self.per_second - ROUNDING).ceil();
        // Numbers out of range become the nearest that are in it.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "casts of floats saturate")]
        let (first, behind) = (first as usize, (behind.max(0.0) as usize).min(self.points.len()));
        for point in self.points.get_mut(first..behind).unwrap_or_default() {
            *point = (*point).max(Some(peak));
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};

    use super::*;
    use crate::model::{Cause, Chunk, Container, Format, MediaEvent};

    const HOUR: i64 = 3600;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::seconds(seconds)
    }

    /// Puts an hour on tape from `from` on, of which the minutes `missing` are not there. Each second is as loud as the
    /// number of its minute in the sound of the reel says.
    fn hour(folder: &std::path::Path, from: i64, missing: std::ops::Range<i64>) {
        let tape = Tape::open(folder, Duration::ZERO, at(from)).unwrap();
        let format = Format { container: Container::Adts, detail: "aac".to_owned(), init: None };
        tape.write(MediaEvent::Format(format), at(from)).unwrap();
        for minute in (0..60).filter(|minute| !missing.contains(minute)) {
            let start = from + minute * 60;
            let breaks = minute == 0 || minute == missing.end;
            let chunk = Chunk::new(start.to_string(), Duration::from_secs(60), at(start + 60));
            let chunk = Chunk { programme_time: Some(at(start)), discontinuity: breaks, follows: !breaks, ..chunk };
            tape.write(MediaEvent::Chunk(chunk), at(start + 60)).unwrap();
        }
        tape.end_reel(None, at(from + HOUR)).unwrap();
        let path = tape.reels().pop().unwrap().0;
        let minutes = 60 - (missing.end - missing.start);
        let seconds = usize::try_from(minutes * 60).unwrap();
        let peaks = (0..seconds).map(|second| 100 + u8::try_from(second / 60).unwrap()).collect();
        let undecoded = (Stretch { at: Duration::ZERO, length: Duration::from_secs(60) }, Cause::default());
        let length = Duration::from_secs(seconds as u64);
        levels::write(&path, &Levels { length, peaks, undecoded: vec![undecoded], ..Levels::default() }).unwrap();
    }

    fn of(folder: &std::path::Path, from: i64, to: i64, points: usize) -> Vec<Option<u8>> {
        loudest(&Tape::read(folder, Duration::ZERO).unwrap(), Span::new(at(from), at(to)), points)
    }

    #[test]
    fn each_part_is_as_loud_as_its_loudest_second_and_what_is_missing_is_not_known() {
        let folder = tempfile::tempdir().unwrap();
        hour(folder.path(), 0, 20..30);
        let minutes = of(folder.path(), 0, HOUR, 60);
        let wanted = |minute: u8| match minute {
            0 | 20..30 => None,
            1..20 => Some(100 + minute),
            _ => Some(90 + minute),
        };
        assert_eq!(minutes, (0..60).map(wanted).collect::<Vec<_>>());
        assert_eq!(of(folder.path(), 0, HOUR, 4), [Some(114), Some(119), Some(134), Some(149)]);
        assert_eq!(of(folder.path(), 90, 93, 10), [Some(101); 10], "a second has several points");
        assert_eq!(of(folder.path(), 2 * HOUR, 3 * HOUR, 2), [None; 2]);
    }

    #[test]
    fn a_picture_of_weeks_places_each_reel_by_when_it_came() {
        let folder = tempfile::tempdir().unwrap();
        hour(folder.path(), 0, 0..0);
        hour(folder.path(), 24 * HOUR, 0..0);
        let tape = Tape::read(folder.path(), Duration::ZERO).unwrap();
        // It needs no index.
        for (path, _) in tape.reels() {
            std::fs::remove_file(path.with_extension("m3u8")).unwrap();
        }
        let hours = loudest(&tape, Span::new(at(-24 * HOUR), at(48 * HOUR)), 72);
        let known: Vec<_> = (0..).zip(hours).filter_map(|(hour, loud)| Some((hour, loud?))).collect();
        assert_eq!(known, [(24, 159), (48, 159)]);
    }
}
