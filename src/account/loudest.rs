//! How loud a stretch of tape is, for a picture of it: the loudest sample of each of its parts, and what is not on tape.
//!
//! Of up to two days it is placed to the second, by when each entry was on the air. Of more, by the stretches without a hole
//! that are kept with the levels of each reel: weeks then cost one small file for each hour, and no index. There a reel is
//! placed by itself: where only arrivals tell, by one reload of the playlist. The reel that is being written, one that
//! was not surveyed yet, and one whose levels are of an older release, are placed by when they came.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;

use super::fresh::{FreshLevels, Part};
use super::on_air::{reels, view_of};
use super::{day, levels};
use crate::base::duration::delta;
use crate::model::{Levels, Span, Stretch};
use crate::tape::{SoundRun, Tape};

/// The longest stretch that is placed to the second.
const EXACT: TimeDelta = TimeDelta::days(2);
/// How far beside the stretch reels may have come that are in it.
const AROUND: TimeDelta = TimeDelta::hours(1);
/// What has no levels yet, and is no longer than this, is not worth decoding: sound comes all the time.
const UNKNOWN: TimeDelta = TimeDelta::seconds(10);
/// Two parts touch if less than this share of a part lies between: sums of times are not exact.
const ROUNDING: f64 = 1e-6;

/// Sound that is known by arrivals alone leaves no hole if it is no further apart than this.
const UNCERTAIN: TimeDelta = TimeDelta::seconds(10);
/// What stamps tell leaves none if it is no further apart than this, as in a cut.
const CERTAIN: TimeDelta = TimeDelta::milliseconds(350);

/// A picture of a stretch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loudness {
    /// The loudest sample of each part, linear, 255 being full scale. `None` where no levels are known: nothing is on tape,
    /// it cannot be decoded, or its reel has not ended or waits to be surveyed.
    pub peaks: Vec<Option<u8>>,
    /// Where nothing is on tape between its beginning and its end, in order. Holes with less than half a part of sound
    /// between them are one.
    pub missing: Vec<Span>,
    /// The reels of which more than ten seconds of the stretch has no levels yet, the newest first. Only of a stretch that
    /// is placed to the second.
    pub unknown: Vec<PathBuf>,
}

/// How loud each of `points` parts of `span` is. Reels without a file of levels have those of `fresh`. Blocks.
pub fn loudest(tape: &Tape, span: Span, points: usize, fresh: &FreshLevels) -> Loudness {
    let mut picture = Picture::new(span, points);
    if span.length() <= EXACT {
        let view = view_of(tape, span);
        let mut unknown = Vec::new();
        for reel in reels(&view) {
            let file = levels::read(&reel.path).map(|levels| Part { at: Duration::ZERO, levels: Arc::new(levels) });
            let parts = file.map_or_else(|| fresh.of(&reel.path), |part| vec![part]);
            let mut lacks = TimeDelta::zero();
            for (position, on_air) in reel.entries() {
                let plays = on_air.length().to_std().unwrap_or_default();
                let part = parts.iter().rfind(|part| part.at <= position && position < part.end());
                let from = part.map_or(Duration::ZERO, |part| position.saturating_sub(part.at));
                picture.add(part.map(|part| part.levels.as_ref()), from, plays, on_air, true);
                if part.is_none() {
                    lacks += (on_air.end.min(span.end) - on_air.start.max(span.start)).max(TimeDelta::zero());
                }
            }
            if lacks > UNKNOWN {
                unknown.insert(0, reel.path);
            }
        }
        let holes = picture.reach(tape).map(|reach| day::holes(&view, reach)).unwrap_or_default();
        let holes = holes.iter().map(|gap| Span::new(gap.start, gap.start + delta(gap.length)));
        return Loudness { unknown, ..picture.finish(holes.collect()) };
    }
    let delay = tape.delay();
    let near = Span::new(span.start - AROUND, span.end + AROUND + delay);
    for (path, came) in tape.reels() {
        if came.end < near.start || came.start > near.end {
            continue;
        }
        let Some((levels, placed)) = levels::read_placed(&path) else {
            picture.add(None, Duration::ZERO, Duration::ZERO, came, false);
            continue;
        };
        let Some(placed) = placed else {
            // What a station offers from before arrives at once.
            let on_air = Span::new(came.start.min(came.end - delta(levels.length)), came.end);
            picture.add(Some(&levels), Duration::ZERO, levels.length, on_air, false);
            continue;
        };
        let placed = if placed.is_current(&path) { placed } else { tape.placed(&path) };
        for SoundRun { at, length, start, stamped } in placed.runs {
            let start = if stamped { start } else { start - delay };
            picture.add(Some(&levels), at, length, Span::new(start, start + delta(length)), stamped);
        }
    }
    let holes = picture.reach(tape).map(|reach| picture.holes(reach)).unwrap_or_default();
    picture.finish(holes)
}

struct Picture {
    span: Span,
    points: Vec<Option<u8>>,
    /// Points in a second.
    per_second: f64,
    /// When its sound was on the air, and whether that is certain.
    sound: Vec<(Span, bool)>,
}

impl Picture {
    fn new(span: Span, points: usize) -> Self {
        let per_second = points as f64 / span.length().as_seconds_f64().max(1e-3);
        Self { span, points: vec![None; points], per_second, sound: Vec::new() }
    }

    /// Adds the sound that plays for so long from `position` on in `levels`, if those are known, and was on the air at
    /// `on_air`, which may be `certain`.
    fn add(&mut self, levels: Option<&Levels>, position: Duration, plays: Duration, on_air: Span, certain: bool) {
        self.sound.push((on_air, certain));
        let Some(levels) = levels else { return };
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

    /// What of the stretch was to be on tape, as far as it reaches.
    fn reach(&self, tape: &Tape) -> Option<Span> {
        let first = self.sound.iter().map(|(sound, _)| sound.start).min();
        let last = self.sound.iter().map(|(sound, _)| sound.end).max();
        let (since, heard) = tape.since().zip(tape.heard())?;
        // What came first may have been on the air before.
        let start = if since <= self.span.start { self.span.start } else { first?.max(self.span.start) };
        let end = if heard >= self.span.end { self.span.end } else { last?.min(self.span.end) };
        (start < end).then(|| Span::new(start, end))
    }

    /// The holes between its sounds within `reach`.
    fn holes(&mut self, reach: Span) -> Vec<Span> {
        self.sound.sort_by_key(|(sound, _)| sound.start);
        let (mut until, mut was_certain, mut holes) = (reach.start, true, Vec::new());
        for (sound, certain) in self.sound.iter().copied().chain([(Span::new(reach.end, reach.end), true)]) {
            let least = if certain && was_certain { CERTAIN } else { UNCERTAIN };
            let start = sound.start.min(reach.end);
            if start - until > least {
                holes.push(Span::new(until, start));
            }
            if sound.end > until {
                (until, was_certain) = (sound.end, certain);
            }
        }
        holes
    }

    /// The picture, in which `holes` are missing.
    fn finish(self, holes: Vec<Span>) -> Loudness {
        let between = delta(Duration::try_from_secs_f64(0.5 / self.per_second).unwrap_or_default());
        let mut missing: Vec<Span> = Vec::new();
        for hole in holes {
            match missing.last_mut().filter(|last| hole.start - last.end < between) {
                Some(last) => last.end = hole.end,
                None => missing.push(hole),
            }
        }
        Loudness { peaks: self.points, missing, unknown: Vec::new() }
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
    use crate::base::environment::Environment;
    use crate::model::{Cause, Chunk, Container, Format, MediaEvent};

    const HOUR: i64 = 3600;

    /// A picture of what files tell.
    fn look(tape: &Tape, span: Span, points: usize) -> Loudness {
        loudest(tape, span, points, &FreshLevels::new(Environment::system()))
    }

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
        look(&Tape::read(folder, Duration::ZERO).unwrap(), Span::new(at(from), at(to)), points).peaks
    }

    /// What is missing, in minutes.
    fn missing(picture: &Loudness) -> Vec<(i64, i64)> {
        picture.missing.iter().map(|it| ((it.start - at(0)).num_minutes(), (it.end - at(0)).num_minutes())).collect()
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
    fn a_hole_is_told_at_every_zoom_and_weeks_need_no_index() {
        let folder = tempfile::tempdir().unwrap();
        hour(folder.path(), 0, 0..0);
        hour(folder.path(), HOUR, 20..30);
        hour(folder.path(), 24 * HOUR, 40..41);
        let holes = [(80, 90), (120, 24 * 60), (24 * 60 + 40, 24 * 60 + 41)];
        let whole = Span::new(at(-HOUR), at(26 * HOUR));
        let few = Span::new(at(-24 * HOUR), at(48 * HOUR));
        let tape = Tape::read(folder.path(), Duration::ZERO).unwrap();
        assert_eq!(missing(&look(&tape, whole, 2700)), holes);
        for (path, _) in tape.reels() {
            let (levels, _) = levels::read_placed(&path).unwrap();
            levels::write_placed(&path, &levels, &tape.placed(&path)).unwrap();
            // Another index of the same length.
            let index = path.with_extension("m3u8");
            let length = std::fs::metadata(&index).unwrap().len();
            std::fs::write(index, vec![b'\n'; usize::try_from(length).unwrap()]).unwrap();
        }
        let picture = look(&tape, few, 72 * 60);
        assert_eq!(missing(&picture), holes);
        let known: Vec<_> = (0..).zip(&picture.peaks).filter_map(|(minute, loud)| Some((minute, (*loud)?))).collect();
        let begins = 24 * 60;
        assert_eq!(known[..2], [(begins + 1, 101), (begins + 2, 102)], "the first minute cannot be decoded");
        assert!(known.contains(&(begins + 60 + 30, 120)) && known.contains(&(2 * begins + 41, 140)), "{known:?}");
        assert!(!known.iter().any(|(minute, _)| (begins + 80..begins + 90).contains(minute)), "{known:?}");
        // From so far away that a minute is no point of its own, what is near is one.
        assert_eq!(missing(&look(&tape, few, 60)), [(80, 24 * 60), (24 * 60 + 40, 24 * 60 + 41)]);
        let later = look(&tape, Span::new(at(30 * HOUR), at(90 * HOUR)), 10);
        assert_eq!(
            later,
            Loudness { peaks: vec![None; 10], missing: vec![], unknown: vec![] },
            "what is still to come"
        );
    }

    #[test]
    fn levels_of_an_older_release_are_placed_by_when_their_reels_came() {
        let folder = tempfile::tempdir().unwrap();
        hour(folder.path(), 0, 0..0);
        hour(folder.path(), 24 * HOUR, 0..0);
        let tape = Tape::read(folder.path(), Duration::ZERO).unwrap();
        for (path, _) in tape.reels() {
            std::fs::remove_file(path.with_extension("m3u8")).unwrap();
        }
        let picture = look(&tape, Span::new(at(-24 * HOUR), at(48 * HOUR)), 72);
        let known: Vec<_> = (0..).zip(picture.peaks).filter_map(|(hour, loud)| Some((hour, loud?))).collect();
        assert_eq!(known, [(24, 159), (48, 159)]);
    }

    #[test]
    fn sound_without_stamps_is_placed_with_the_delay_of_its_station() {
        let folder = tempfile::tempdir().unwrap();
        let delay = Duration::from_mins(2);
        let tape = Tape::open(folder.path(), delay, at(0)).unwrap();
        let format = Format { container: Container::Adts, detail: "aac".to_owned(), init: None };
        tape.write(MediaEvent::Format(format), at(0)).unwrap();
        for minute in 0..10 {
            let arrived = at((minute + 1) * 60);
            let chunk = Chunk::new(minute.to_string(), Duration::from_secs(60), arrived);
            let chunk = Chunk { discontinuity: minute == 0, follows: minute > 0, ..chunk };
            tape.write(MediaEvent::Chunk(chunk), arrived).unwrap();
        }
        tape.end_reel(None, at(600)).unwrap();
        let (path, _) = tape.reels().pop().unwrap();
        let levels = Levels { length: Duration::from_secs(600), peaks: vec![9; 600], ..Levels::default() };
        levels::write_placed(&path, &levels, &tape.placed(&path)).unwrap();
        for (hours, points) in [(24, 24 * 60), (72, 72 * 60)] {
            let picture = look(&tape, Span::new(at(-HOUR), at((hours - 1) * HOUR)), points);
            let known: Vec<_> = (-60..).zip(picture.peaks).filter(|(_, loud)| loud.is_some()).map(|it| it.0).collect();
            assert_eq!(known, (-2..8).collect::<Vec<_>>(), "{hours} hours");
        }
    }
}
