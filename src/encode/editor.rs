//! The editor of a clip: changes samples on their way into the file.
//!
//! Every piece fades in and out at its ends, and so does the sound beside a cover: a sample that jumps is heard as a
//! click. Inside a cover no sample is changed but all are replaced, so that nothing of them can be found again.

use std::ops::Range;
use std::time::Duration;

use super::frames::frames;
use crate::config::Encoding;
use crate::model::{Cover, Covering};

/// How long a fade takes.
const FADE: Duration = Duration::from_millis(5);
/// The pitch of the tone (Hz).
const PITCH: f64 = 1_000.0;
/// How loud it is: −20 dBFS, 1.0 being full scale.
const LOUDNESS: f64 = 0.1;

/// Changes interleaved 32-bit float samples.
#[derive(Debug)]
pub(super) struct Editor {
    sample_rate: u32,
    channels: usize,
    /// The length of a fade in sample frames.
    fade: u64,
    /// In order; none reaches into another, and none is empty.
    covers: Vec<Covered>,
    /// The piece that the next samples are of.
    piece: Range<u64>,
}

/// A cover, in sample frames.
#[derive(Debug)]
struct Covered {
    from: u64,
    to: u64,
    with: Covering,
}

impl Editor {
    /// An editor for sound like `samples`. The `covers` are in order.
    pub(super) fn new(samples: Encoding, covers: &[Cover]) -> Self {
        let position = |at: Duration| frames(at, samples.sample_rate);
        let mut reached = 0;
        let covers = covers.iter().filter_map(|cover| {
            let (at, end) = (cover.stretch.at, cover.stretch.at.saturating_add(cover.stretch.length));
            let covered = Covered { from: position(at).max(reached), to: position(end), with: cover.with };
            reached = reached.max(covered.to);
            (covered.from < covered.to).then_some(covered)
        });
        Self {
            sample_rate: samples.sample_rate.max(1),
            channels: usize::from(samples.channels.max(1)),
            fade: frames(FADE, samples.sample_rate).max(1),
            covers: covers.collect(),
            piece: 0..0,
        }
    }

    /// The next samples are of the piece that has these positions.
    pub(super) fn begin_piece(&mut self, piece: Range<u64>) {
        self.piece = piece;
    }

    /// Changes whole sample frames, the first of which is at `position`.
    pub(super) fn edit(&self, position: u64, bytes: &mut [u8]) {
        let frame = self.channels * size_of::<f32>();
        let end = position + (bytes.len() / frame) as u64;
        let mut next = self.covers.partition_point(|cover| cover.to <= position);
        if !self.changes(position..end, next) {
            return;
        }
        for (at, frame) in (position..).zip(bytes.chunks_exact_mut(frame)) {
            while self.covers.get(next).is_some_and(|cover| cover.to <= at) {
                next += 1;
            }
            let sound = self.sound_at(at, next);
            for four in frame.as_chunks_mut::<4>().0 {
                let sample = match sound {
                    Sound::Other(sample) => sample,
                    Sound::Fainter(by) => f32::from_le_bytes(*four) * by,
                };
                *four = sample.to_le_bytes();
            }
        }
    }

    /// What becomes of the samples at this position; `next` is the first cover that ends behind it.
    fn sound_at(&self, at: u64, next: usize) -> Sound {
        let cover = self.covers.get(next);
        if let Some(cover) = cover.filter(|cover| cover.from <= at) {
            return Sound::Other(self.heard_in(cover, at));
        }
        let before = next.checked_sub(1).and_then(|before| self.covers.get(before));
        let room = [
            at.saturating_sub(self.piece.start),
            self.piece.end.saturating_sub(at + 1),
            before.map_or(u64::MAX, |cover| at - cover.to),
            cover.map_or(u64::MAX, |cover| cover.from - at - 1),
        ];
        Sound::Fainter(self.fading(room.into_iter().min().unwrap_or(u64::MAX)))
    }

    /// Whether there is anything to do at these positions; `next` is the first cover that ends behind their beginning.
    fn changes(&self, positions: Range<u64>, next: usize) -> bool {
        let is_near = |edge: u64| edge.saturating_add(self.fade) > positions.start && edge < positions.end + self.fade;
        let before = next.checked_sub(1).and_then(|before| self.covers.get(before));
        is_near(self.piece.start)
            || is_near(self.piece.end)
            || before.is_some_and(|cover| is_near(cover.to))
            || self.covers.get(next).is_some_and(|cover| cover.from < positions.end + self.fade)
    }

    /// How loud sound still is that has so many frames beside it until it must be silent.
    fn fading(&self, room: u64) -> f32 {
        if room >= self.fade {
            return 1.0;
        }
        #[expect(clippy::cast_possible_truncation, reason = "between 0 and 1")]
        let share = ((room as f64 + 0.5) / self.fade as f64) as f32;
        share
    }

    /// The sample that is heard in `cover` at this position.
    fn heard_in(&self, cover: &Covered, at: u64) -> f32 {
        if cover.with == Covering::Silence {
            return 0.0;
        }
        let passed = at - cover.from;
        // A second has whole cycles: the sine of a large number would be less exact.
        let seconds = (passed % u64::from(self.sample_rate)) as f64 / f64::from(self.sample_rate);
        let loudness = LOUDNESS * f64::from(self.fading(passed.min(cover.to - at - 1)));
        #[expect(clippy::cast_possible_truncation, reason = "sound")]
        let sample = (loudness * (std::f64::consts::TAU * PITCH * seconds).sin()) as f32;
        sample
    }
}

/// What becomes of a sample.
#[derive(Debug, Clone, Copy)]
enum Sound {
    /// It is replaced.
    Other(f32),
    /// It is made fainter by this factor.
    Fainter(f32),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Stretch;

    const RATE: u32 = 48_000;
    /// The length of a fade.
    const FRAMES: usize = 240;

    fn cover(at: u64, length: u64, with: Covering) -> Cover {
        Cover { stretch: Stretch { at: Duration::from_millis(at), length: Duration::from_millis(length) }, with }
    }

    /// Edits two channels that are 0.5 and −0.5 all the time, of pieces with these ends, in parts of this many frames.
    /// Returns both channels.
    fn edited(covers: &[Cover], ends: &[usize], part: usize) -> [Vec<f32>; 2] {
        let mut editor = Editor::new(Encoding { sample_rate: RATE, ..Encoding::default() }, covers);
        let (mut bytes, mut at) = (Vec::new(), 0);
        for end in ends {
            editor.begin_piece(at as u64..*end as u64);
            while at < *end {
                let frames = part.min(end - at);
                let mut sound: Vec<u8> = [0.5_f32, -0.5].map(f32::to_le_bytes).concat().repeat(frames);
                editor.edit(at as u64, &mut sound);
                bytes.extend(sound);
                at += frames;
            }
        }
        let samples: Vec<f32> = bytes.as_chunks::<4>().0.iter().map(|four| f32::from_le_bytes(*four)).collect();
        [0, 1].map(|channel| samples.iter().skip(channel).step_by(2).copied().collect())
    }

    fn largest_step(samples: &[f32]) -> f32 {
        samples.windows(2).map(|two| (two[1] - two[0]).abs()).fold(0.0, f32::max)
    }

    #[test]
    fn a_piece_fades_at_both_ends_and_is_the_same_between() {
        let [left, right] = edited(&[], &[1_000, 3_000], 64);
        assert_eq!(left.len(), 3_000);
        for (at, sample) in left.iter().enumerate() {
            let (from, to) = if at < 1_000 { (0, 1_000) } else { (1_000, 3_000) };
            let is_whole = at - from >= FRAMES && to - at > FRAMES;
            assert_eq!((*sample - 0.5).abs() < 1e-9, is_whole, "{sample} at {at}");
        }
        assert!(left[0] < 0.002 && left[999] < 0.002 && left[1_000] < 0.002 && left[2_999] < 0.002);
        assert!(largest_step(&left) < 0.003, "nothing clicks: {}", largest_step(&left));
        assert!(left.iter().zip(&right).all(|(left, right)| left + right == 0.0));
    }

    #[test]
    fn a_piece_that_is_shorter_than_two_fades_gets_as_loud_as_it_can() {
        let [left, _] = edited(&[], &[100, 101, 1_000], 1_000);
        assert!(left[50] > 0.09 && left[50] < 0.11, "{}", left[50]);
        assert!(left[100] < 0.002, "{}", left[100]);
        assert!(largest_step(&left) < 0.003);
    }

    #[test]
    fn in_a_cover_is_a_tone_or_silence_and_nothing_of_what_was_there() {
        let covers =
            [cover(100, 200, Covering::Tone), cover(400, 50, Covering::Silence), cover(450, 20, Covering::Tone)];
        let whole = edited(&covers, &[48_000], 48_000);
        for part in [1, 7, 4_801] {
            assert_eq!(edited(&covers, &[48_000], part), whole, "in parts of {part}");
        }
        let [left, right] = &whole;
        // The tone is the same in both channels; the sound is not.
        assert_eq!(left[4_800..14_400], right[4_800..14_400]);
        let tone = &left[4_800 + FRAMES..14_400 - FRAMES];
        for (at, sample) in tone.iter().enumerate() {
            let sine = 0.1 * (std::f64::consts::TAU * 1_000.0 * (at + FRAMES) as f64 / 48_000.0).sin();
            assert!((f64::from(*sample) - sine).abs() < 1e-6, "{sample} at {at}");
        }
        assert!(left[19_200..21_600].iter().all(|sample| *sample == 0.0));
        assert_eq!(left[21_600..22_560], right[21_600..22_560]);
        // Beside a cover the sound fades, and further away it is what it was.
        assert!(left[4_799] < 0.002 && left[14_400] < 0.002 && left[19_199] < 0.002 && left[22_560] < 0.002);
        for range in [FRAMES..4_800 - FRAMES, 14_400 + FRAMES..19_200 - FRAMES, 22_560 + FRAMES..48_000 - FRAMES] {
            assert!(left[range.clone()].iter().all(|sample| (*sample - 0.5).abs() < 1e-9), "{range:?}");
        }
        // The tone itself has steps of up to 0.013.
        assert!(largest_step(left) < 0.015, "{}", largest_step(left));
    }

    #[test]
    fn a_cover_over_a_joint_is_one_tone() {
        let covers = [cover(10, 20, Covering::Tone)];
        let [with_joint, _] = edited(&covers, &[960, 4_800], 100);
        let [without, _] = edited(&covers, &[4_800], 100);
        assert_eq!(with_joint, without);
    }
}
