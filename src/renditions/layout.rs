//! How the sound of a recording is divided: into frames of AAC, segments of frames, and parts of segments.
//!
//! A frame of AAC-LC has [`FRAME`] samples (ISO/IEC 14496-3, 4.5.2.1). A decoder makes the samples of a frame of that
//! frame and the one before it, so the encoder puts one frame before the sound: frame 0 decodes to what comes before the
//! first sample, and frame `n` to the samples from `(n − 1) × 1024` on. A player drops what frame 0 decodes to, because
//! the initialisation section says so.
//!
//! A segment has a fixed number of whole frames; the first has frame 0 besides, and the last has what is left. So where
//! each segment begins follows from the length of the recording alone: the playlist is known before anything is encoded,
//! and is the same in all renditions.
//!
//! A part is some minutes of segments that are encoded in one go.

use std::ops::Range;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How many samples a frame has, per channel.
pub(super) const FRAME: u64 = 1_024;
/// How long a part is, as far as whole segments allow, in seconds. Whoever listens from the middle of a recording waits for
/// the beginning of a part, and what is kept and deleted are parts.
const PART: u64 = 600;

/// How the sound of one recording is divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layout {
    /// Samples per second.
    pub rate: u32,
    /// 1 or 2.
    pub channels: u8,
    /// How many samples there are, per channel.
    samples: u64,
    /// How many frames a segment has.
    frames: u64,
}

impl Layout {
    /// Divides sound that plays for `length` into segments of at most `segment`.
    pub fn new(rate: u32, channels: u8, length: Duration, segment: Duration) -> Self {
        let samples = |length: Duration| {
            let exact = length.as_nanos() * u128::from(rate);
            u64::try_from((exact + 500_000_000) / 1_000_000_000).unwrap_or(u64::MAX)
        };
        Self { rate, channels, samples: samples(length), frames: (samples(segment) / FRAME).max(1) }
    }

    /// Returns how many frames there are, without frame 0.
    fn all_frames(&self) -> u64 {
        self.samples.div_ceil(FRAME)
    }

    /// Returns how many segments there are. None if there is no sound.
    pub fn segments(&self) -> u32 {
        u32::try_from(self.all_frames().div_ceil(self.frames)).unwrap_or(u32::MAX)
    }

    /// Returns the frames of a segment.
    pub(super) fn frames_of(&self, segment: u32) -> Range<u64> {
        let first = u64::from(segment) * self.frames;
        let end = (first + self.frames).min(self.all_frames()) + 1;
        if segment == 0 { 0..end } else { first + 1..end }
    }

    /// Returns how many samples of sound a segment has, frame 0 not counted.
    fn samples_of(&self, segment: u32) -> u64 {
        let first = u64::from(segment) * self.frames;
        (first + self.frames).min(self.all_frames()).saturating_sub(first) * FRAME
    }

    /// Returns how long a segment plays, in seconds.
    pub fn seconds_of(&self, segment: u32) -> f64 {
        self.samples_of(segment) as f64 / f64::from(self.rate)
    }

    /// Returns how long the longest segment is, in whole seconds as players count them (RFC 8216 section 4.3.3.1).
    pub(super) fn target(&self) -> u64 {
        let (longest, rate) = (self.samples_of(0), u64::from(self.rate));
        ((longest + rate / 2) / rate).max(1)
    }

    /// Returns how many segments a part has; the last may have fewer.
    fn segments_of_a_part(&self) -> u32 {
        let fit = PART * u64::from(self.rate) / FRAME / self.frames;
        u32::try_from(fit.max(1)).unwrap_or(1)
    }

    /// Returns how many parts there are.
    pub fn parts(&self) -> u32 {
        self.segments().div_ceil(self.segments_of_a_part())
    }

    /// Returns the part to which a segment belongs.
    pub fn part_of(&self, segment: u32) -> u32 {
        segment / self.segments_of_a_part()
    }

    /// Returns the segments of a part.
    pub fn segments_of(&self, part: u32) -> Range<u32> {
        let many = self.segments_of_a_part();
        let first = part.saturating_mul(many).min(self.segments());
        first..first.saturating_add(many).min(self.segments())
    }

    /// Returns how many bytes some segments take at most with so many `bits` per second.
    pub(super) fn most_bytes(&self, segments: Range<u32>, bits: u32) -> u64 {
        let samples = u64::from(segments.end.saturating_sub(segments.start)) * self.frames * FRAME;
        // A tenth for what is around the frames, and for an encoder that takes more than it was told.
        samples / u64::from(self.rate.max(1)) * u64::from(bits) / 8 * 11 / 10 + 64 * 1024
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(rate: u32, seconds: f64, segment: u64) -> Layout {
        Layout::new(rate, 2, Duration::from_secs_f64(seconds), Duration::from_secs(segment))
    }

    #[test]
    fn every_frame_is_in_one_segment_and_every_segment_in_one_part() {
        for (rate, seconds, segment) in [
            (48_000, 10_800.0, 10),
            (44_100, 3_599.87, 10),
            (32_000, 7.3, 10),
            (48_000, 9.984, 10),
            (44_100, 650.0, 2),
            (48_000, 0.001, 60),
        ] {
            let layout = layout(rate, seconds, segment);
            let frames: Vec<_> = (0..layout.segments()).flat_map(|segment| layout.frames_of(segment)).collect();
            assert_eq!(frames, (0..=layout.samples.div_ceil(1024)).collect::<Vec<_>>(), "{layout:?}");
            let played: f64 = (0..layout.segments()).map(|segment| layout.seconds_of(segment)).sum();
            assert!((0.0..1024.0 / f64::from(rate)).contains(&(played - seconds + 1e-6)), "{layout:?}: {played}");
            let in_parts: Vec<_> = (0..layout.parts()).flat_map(|part| layout.segments_of(part)).collect();
            assert_eq!(in_parts, (0..layout.segments()).collect::<Vec<_>>());
            for segment in in_parts {
                assert!(layout.segments_of(layout.part_of(segment)).contains(&segment));
                assert!(layout.seconds_of(segment).round() <= layout.target() as f64, "{segment} of {layout:?}");
            }
        }
    }

    #[test]
    fn a_segment_is_no_longer_than_it_was_told_to_be() {
        let three_hours = layout(48_000, 10_800.0, 10);
        assert_eq!((three_hours.segments(), three_hours.parts(), three_hours.target()), (1_082, 19, 10));
        assert_eq!(format!("{:.6}", three_hours.seconds_of(0)), "9.984000");
        assert_eq!((three_hours.frames_of(0), three_hours.frames_of(1)), (0..469, 469..937));
        assert_eq!(layout(48_000, 3.0, 10).target(), 3);
        assert_eq!((layout(48_000, 0.0, 10).segments(), layout(48_000, 0.0, 10).parts()), (0, 0));
    }
}
