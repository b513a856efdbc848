//! A cut of the tape for players, also while it still grows: which sound plays after which.
//!
//! Pure. What is missing is left out, as from the recording. There is a seam where something is missing and where the
//! format changes.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::{Step, Walker};
use crate::base::duration::delta;
use crate::model::Span;
use crate::tape::index::entry::Sound;
use crate::tape::view::View;

/// A stretch of sound, whole as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Where it is.
    pub sound: Sound,
    /// How long it plays.
    pub duration: Duration,
    /// How much plays before it.
    pub at: Duration,
    /// Its position in the cut. That is later than `at` if something is missing before it. The first sound may begin
    /// before the cut does.
    pub in_cut: Duration,
    /// When its first sample was on the air, as recordings have it.
    pub on_air: DateTime<Utc>,
    /// Whether its media time does not continue that of the one before, or its format is different.
    pub seam: bool,
}

/// Lists the sound of `cut` in `view`, from the stretch that holds the beginning of the cut.
pub fn listing(view: &View, cut: Span) -> Vec<Listed> {
    Lister::new(cut).more(view).0
}

/// Lists the sound of a cut that grows. What was listed once stays as it is.
#[derive(Debug)]
pub struct Lister {
    cut: Span,
    walker: Walker,
    /// Whether anything was listed.
    begun: bool,
    /// What is known of the next sound: whether there is a seam before it, how much of it is before `in_cut`, how much
    /// plays before it, and its position.
    seam: bool,
    skip: Duration,
    at: Duration,
    in_cut: Duration,
}

impl Lister {
    /// A list of `cut` that is still empty.
    pub fn new(cut: Span) -> Self {
        let [skip, at, in_cut] = [Duration::ZERO; 3];
        Self { cut, walker: Walker::new(cut), begun: false, seam: false, skip, at, in_cut }
    }

    /// What of the cut is still to be listed, for the next view.
    pub fn rest(&self) -> Span {
        Span::new(self.walker.cursor, self.cut.end)
    }

    /// Returns what `view` has since the last call, and whether that is the end of the cut.
    pub fn more(&mut self, view: &View) -> (Vec<Listed>, bool) {
        let mut more = Vec::new();
        loop {
            match self.walker.step(view, false) {
                Step::Run(run) => (self.seam, self.skip, self.in_cut) = (self.begun, run.skip, run.at),
                // This sound only warms up a decoder.
                Step::Feed { duration, .. } if duration <= self.skip => self.skip -= duration,
                Step::Feed { sound, duration } => more.push(self.listed(sound, duration)),
                Step::Wait => return (more, false),
                Step::End => return (more, true),
            }
        }
    }

    fn listed(&mut self, sound: Sound, duration: Duration) -> Listed {
        let Self { seam, skip, at, in_cut, .. } = *self;
        let on_air = self.cut.start + delta(in_cut) - delta(skip);
        (self.begun, self.seam, self.skip) = (true, false, Duration::ZERO);
        (self.at, self.in_cut) = (at + duration, (in_cut + duration).saturating_sub(skip));
        Listed { sound, duration, at, in_cut: in_cut.saturating_sub(skip), on_air, seam }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use chrono::TimeDelta;

    use super::*;
    use crate::model::{Chunk, Container, Format, MediaEvent};
    use crate::tape::Tape;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
    }

    /// A tape with chunks of two seconds that were on the air at these seconds, with a break of unknown length before
    /// each that does not follow the one before.
    fn tape(folder: &std::path::Path, on_air: &[i64]) -> Tape {
        let tape = Tape::open(folder, Duration::ZERO, at(0)).unwrap();
        let format = Format { container: Container::Adts, detail: String::new(), init: None };
        tape.write(MediaEvent::Format(format), at(0)).unwrap();
        let mut next = None;
        for second in on_air {
            let discontinuity = next.replace(second + 2) != Some(*second);
            let bytes = Bytes::from(format!("second {second}"));
            let (arrived, programme_time) = (at(second + 2), Some(at(*second)));
            let duration = Duration::from_secs(2);
            let chunk = Chunk {
                programme_time,
                discontinuity,
                follows: !discontinuity,
                ..Chunk::new(bytes, duration, arrived)
            };
            tape.write(MediaEvent::Chunk(chunk), arrived).unwrap();
        }
        tape
    }

    /// The listing of the cut: each sound, what plays before it, and whether there is a seam.
    fn listed(on_air: &[i64], from: i64, to: i64) -> Vec<(String, u64, bool)> {
        let folder = tempfile::tempdir().unwrap();
        let cut = Span::new(at(from), at(to));
        let told = |listed: Listed| {
            (String::from_utf8(listed.sound.read().unwrap()).unwrap(), listed.at.as_secs(), listed.seam)
        };
        listing(&tape(folder.path(), on_air).blocking_view(&cut), cut).into_iter().map(told).collect()
    }

    fn told(sounds: &[(i64, u64, bool)]) -> Vec<(String, u64, bool)> {
        sounds.iter().map(|(second, at, seam)| (format!("second {second}"), *at, *seam)).collect()
    }

    #[test]
    fn a_listing_begins_with_the_sound_that_holds_the_beginning() {
        let whole = told(&[(104, 0, false), (106, 2, false), (108, 4, false)]);
        assert_eq!(listed(&[100, 102, 104, 106, 108], 104, 110), whole);
        assert_eq!(listed(&[100, 102, 104, 106, 108], 105, 110), whole);
        assert_eq!(listed(&[100, 102, 104, 106, 108], 102, 105), told(&[(102, 0, false), (104, 2, false)]));
    }

    #[test]
    fn missing_sound_is_left_out_and_leaves_a_seam() {
        let with_a_hole = told(&[(100, 0, false), (102, 2, false), (110, 4, true), (112, 6, false)]);
        assert_eq!(listed(&[100, 102, 110, 112], 100, 120), with_a_hole);
        assert_eq!(listed(&[], 100, 120), []);
    }

    #[test]
    fn a_list_that_grows_is_that_of_the_whole_and_needs_only_the_newest_hour_to_go_on() {
        let folder = tempfile::tempdir().unwrap();
        // Four hours of minutes; from two sources, with a hole, and a minute that is there twice.
        let tape = Tape::open(folder.path(), Duration::ZERO, at(0)).unwrap();
        let format = Format { container: Container::Adts, detail: String::new(), init: None };
        tape.write(MediaEvent::Format(format), at(0)).unwrap();
        let cut = Span::new(at(90), at(15_000));
        let mut lister = Lister::new(cut);
        let mut listed = Vec::new();
        for minute in (0..240).filter(|minute| !(100..105).contains(minute)) {
            let breaks = [0, 39, 105, 190].contains(&minute);
            let begins = minute * 60 - if minute >= 190 { 60 } else { 0 };
            let arrived = at(begins + 61);
            let chunk = Chunk::new(format!("minute {minute}"), Duration::from_secs(60), arrived);
            let programme_time = (minute < 105).then(|| at(begins));
            let chunk = Chunk { programme_time, discontinuity: breaks, follows: !breaks, ..chunk };
            tape.write(MediaEvent::Chunk(chunk), arrived).unwrap();
            let (more, ended) = lister.more(&tape.blocking_view(&lister.rest()));
            assert!(!ended);
            listed.extend(more);
            let near = lister.rest().start;
            assert!(minute == 0 || (near - at(begins + 60)).abs() < TimeDelta::minutes(6), "{near} at {minute}");
        }
        let whole = listing(&tape.blocking_view(&cut), cut);
        assert_eq!((listed.len(), listed.iter().filter(|it| it.seam).count()), (whole.len(), 1));
        assert_eq!(listed, whole);
    }

    #[test]
    fn every_sound_knows_its_position_in_the_cut() {
        let folder = tempfile::tempdir().unwrap();
        let cut = Span::new(at(101), at(120));
        let listed = listing(&tape(folder.path(), &[98, 100, 102, 110, 112]).blocking_view(&cut), cut);
        let places: Vec<_> = listed.iter().map(|one| (one.at.as_secs(), one.in_cut.as_secs(), one.on_air)).collect();
        let whole = [(0, 0, at(100)), (2, 1, at(102)), (4, 9, at(110)), (6, 11, at(112))];
        assert_eq!(places, whole, "the first begins before the cut");
    }
}
