//! The file that is being made: every sample goes to its position in the cut.

use std::time::Duration;

use chrono::TimeDelta;

use super::codecs::Encoder;
use super::error::EncodeError;
use super::frames::{frames, frames_to_duration, slack};
use super::job::{Encoded, Job};
use super::meter::Meter;
use crate::base::clock::SharedClock;
use crate::config::GapPolicy;
use crate::model::{Cause, Gap, Span};

/// The file and what is known of it. Its position only goes forward: past decoded samples and past what is skipped.
pub(super) struct Output {
    encoder: Encoder,
    meter: Meter,
    cut: Span,
    gaps: GapPolicy,
    sample_rate: u32,
    frame: usize,
    /// Sample frames in the whole cut.
    total: u64,
    /// The position of the next sample in the cut.
    position: u64,
    /// Sample frames that came from a decoder. Silence for what codecs swallow counts only beside them.
    decoded: u64,
    undecoded: Vec<Gap>,
    /// Sample frames from `position` on that the gaps report as missing.
    missing: u64,
}

impl Output {
    /// Begins the file of `job`.
    pub(super) fn start(job: &Job, clock: &SharedClock) -> Result<Self, EncodeError> {
        let sample_rate = job.encoding.sample_rate;
        Ok(Self {
            encoder: Encoder::start(job, clock)?,
            meter: Meter::new(job.encoding, job.dead_air, job.cut.start),
            cut: job.cut,
            gaps: job.gaps,
            sample_rate,
            frame: usize::from(job.encoding.channels.max(1)) * 4,
            total: frames(job.cut.length().to_std().unwrap_or_default(), sample_rate),
            position: 0,
            decoded: 0,
            undecoded: Vec::new(),
            missing: 0,
        })
    }

    /// The position of the next sample in the cut.
    pub(super) fn position(&self) -> u64 {
        self.position
    }

    /// How many sample frames are left until the end of the cut.
    pub(super) fn left(&self) -> u64 {
        self.total.saturating_sub(self.position)
    }

    /// The next `missing` of the cut is missing, as the gaps report.
    pub(super) fn expect_missing(&mut self, missing: Duration) {
        self.missing = self.missing.saturating_add(frames(missing, self.sample_rate));
    }

    /// Moves to `position`. Missing sound that the gaps report is left out, or becomes silence if the file keeps the
    /// clock. A few frames more are what a codec swallows at a seam; they always become silence, because no gap reports
    /// them. Returns how many frames of the next sound to drop because the sound before has reached a little beyond
    /// `position`. So no seam moves what comes after it, however many there are.
    pub(super) async fn go_to(&mut self, position: u64) -> Result<u64, EncodeError> {
        let slack = slack(self.sample_rate);
        let position = position.min(self.total);
        let missing = std::mem::take(&mut self.missing);
        let hole = position.saturating_sub(self.position);
        if hole == 0 {
            return Ok(Some(self.position.saturating_sub(position)).filter(|surplus| *surplus <= slack).unwrap_or(0));
        }
        // Frames that the codec swallowed, and positions that differ by rounding.
        let swallowed = Some(hole.saturating_sub(missing)).filter(|frames| *frames <= 2 * slack).unwrap_or(0);
        if swallowed > 0 {
            self.write(self.silence(swallowed)).await?;
        }
        if self.gaps == GapPolicy::Silence {
            let mut left = hole - swallowed;
            while left > 0 {
                let now = left.min(u64::from(self.sample_rate));
                self.encoder.write(&self.silence(now)).await?;
                self.meter.count_silence(now);
                left -= now;
            }
        }
        self.position = position;
        Ok(0)
    }

    fn silence(&self, frames: u64) -> Vec<u8> {
        vec![0; usize::try_from(frames).unwrap_or_default() * self.frame]
    }

    /// Writes whole sample frames that were decoded. Returns how many they are.
    pub(super) async fn write_decoded(&mut self, samples: Vec<u8>) -> Result<u64, EncodeError> {
        let frames = self.write(samples).await?;
        self.decoded += frames;
        Ok(frames)
    }

    async fn write(&mut self, mut samples: Vec<u8>) -> Result<u64, EncodeError> {
        let frames = self.meter.measure(self.position, &mut samples);
        self.encoder.write(&samples).await?;
        self.position += frames;
        Ok(frames)
    }

    /// Adds a gap: the next `lost` frames could not be decoded, because of `why`.
    pub(super) fn push_lost(&mut self, lost: u64, why: &Cause) {
        let start = self.cut.start + self.delta(self.position);
        let length = frames_to_duration(lost, self.sample_rate);
        self.undecoded.push(Gap { start, length, cause: why.clone() });
        self.missing = self.missing.saturating_add(lost);
    }

    fn delta(&self, frames: u64) -> TimeDelta {
        TimeDelta::from_std(frames_to_duration(frames, self.sample_rate)).unwrap_or_default()
    }

    /// Ends the file. `gaps` are the gaps of the tape.
    pub(super) async fn finish(mut self, mut gaps: Vec<Gap>) -> Result<Encoded, EncodeError> {
        if self.decoded > 0 {
            let at_the_end = |gap: &&Gap| (self.cut.end - gap.start).to_std().is_ok_and(|left| left <= gap.length);
            self.expect_missing(gaps.last().filter(at_the_end).map_or(Duration::ZERO, |gap| gap.length));
            self.go_to(self.total).await?;
        }
        self.encoder.finish().await?;
        gaps.append(&mut self.undecoded);
        gaps.sort_by_key(|gap| gap.start);
        let seconds = |frames: u64| frames as f64 / f64::from(self.sample_rate.max(1));
        Ok(Encoded {
            seconds: if self.decoded > 0 { seconds(self.meter.heard()) } else { 0.0 },
            length: Duration::try_from_secs_f64(seconds(self.meter.written())).unwrap_or_default(),
            peak: self.meter.peak(),
            gaps,
            measured: self.meter.finish(),
            speed: None,
        })
    }

    /// Abandons the file. Nothing writes it any more when this returns.
    pub(super) async fn abandon(self) {
        self.encoder.abandon().await;
    }
}
