//! The file being made: every sample that goes into it, at its place in the cut.

use std::time::Duration;

use chrono::TimeDelta;

use super::error::EncodeError;
use super::job::{Encoded, Job};
use super::measure::Meter;
use super::mp3::Mp3Encoder;
use super::place::{frames, frames_to_duration, slack};
use crate::base::clock::SharedClock;
use crate::config::Gaps;
use crate::model::{Cause, Gap, Span};

/// The file, and what is known of it. Its place goes forward only: by what is heard, by what is skipped.
pub(super) struct Output {
    mp3: Mp3Encoder,
    meter: Meter,
    cut: Span,
    gaps: Gaps,
    sample_rate: u32,
    frame: usize,
    /// Sample frames in the whole cut.
    total: u64,
    /// The place in the cut of the next sample.
    place: u64,
    /// Sample frames that came from a decoder. What is put in for what codecs swallow counts only beside them.
    decoded: u64,
    undecoded: Vec<Gap>,
    /// Sample frames from `place` on that the ledger tells of.
    told: u64,
}

impl Output {
    /// Begins the file of `job`.
    pub(super) fn start(job: &Job, clock: &SharedClock) -> Result<Self, EncodeError> {
        let sample_rate = job.mp3.sample_rate;
        Ok(Self {
            mp3: Mp3Encoder::start(&job.target, job.mp3, job.cover_space, clock)?,
            meter: Meter::new(job.mp3, job.treatment.dead_air, job.cut.start),
            cut: job.cut,
            gaps: job.treatment.gaps,
            sample_rate,
            frame: usize::from(job.mp3.channels.max(1)) * 4,
            total: frames(job.cut.length().to_std().unwrap_or_default(), sample_rate),
            place: 0,
            decoded: 0,
            undecoded: Vec::new(),
            told: 0,
        })
    }

    /// The place in the cut of the next sample.
    pub(super) fn place(&self) -> u64 {
        self.place
    }

    /// Sample frames until the end of the cut.
    pub(super) fn left(&self) -> u64 {
        self.total.saturating_sub(self.place)
    }

    /// Notes that so much of what comes next is missing, as the ledger tells.
    pub(super) fn note_missing(&mut self, missing: Duration) {
        self.told = self.told.saturating_add(frames(missing, self.sample_rate));
    }

    /// Goes on at `place`. What is missing before it by the ledger is left out, or silence where the file keeps the clock; a
    /// little more is what codecs swallow at a seam, and silence always, so that the file has what the ledger does not
    /// tell. Where the sound of before has reached a little beyond `place`, that much is to be
    /// dropped from what follows: so no seam moves what comes after it, however many there are.
    pub(super) async fn go_to(&mut self, place: u64) -> Result<u64, EncodeError> {
        let slack = slack(self.sample_rate);
        let place = place.min(self.total);
        let told = std::mem::take(&mut self.told);
        let hole = place.saturating_sub(self.place);
        if hole == 0 {
            return Ok(Some(self.place.saturating_sub(place)).filter(|surplus| *surplus <= slack).unwrap_or(0));
        }
        // Of the codec, and of places that differ by their rounding.
        let swallowed = Some(hole.saturating_sub(told)).filter(|frames| *frames <= 2 * slack).unwrap_or(0);
        if swallowed > 0 {
            self.put(self.silence(swallowed)).await?;
        }
        if self.gaps == Gaps::Silence {
            let mut left = hole - swallowed;
            while left > 0 {
                let now = left.min(u64::from(self.sample_rate));
                self.mp3.write(&self.silence(now)).await?;
                self.meter.fill(now);
                left -= now;
            }
        }
        self.place = place;
        Ok(0)
    }

    fn silence(&self, frames: u64) -> Vec<u8> {
        vec![0; usize::try_from(frames).unwrap_or_default() * self.frame]
    }

    /// Puts whole sample frames that were decoded into the file; returns how many they are.
    pub(super) async fn hear(&mut self, samples: Vec<u8>) -> Result<u64, EncodeError> {
        let frames = self.put(samples).await?;
        self.decoded += frames;
        Ok(frames)
    }

    async fn put(&mut self, mut samples: Vec<u8>) -> Result<u64, EncodeError> {
        let frames = self.meter.hear(self.place, &mut samples);
        self.mp3.write(&samples).await?;
        self.place += frames;
        Ok(frames)
    }

    /// Notes that `lost` frames from the next place on could not be decoded, and why.
    pub(super) fn note_lost(&mut self, lost: u64, why: &Cause) {
        let start = self.cut.start + self.delta(self.place);
        let length = frames_to_duration(lost, self.sample_rate);
        self.undecoded.push(Gap { start, length, cause: why.clone() });
        self.told = self.told.saturating_add(lost);
    }

    fn delta(&self, frames: u64) -> TimeDelta {
        TimeDelta::from_std(frames_to_duration(frames, self.sample_rate)).unwrap_or_default()
    }

    /// Ends the file; `gaps` is what was not on tape.
    pub(super) async fn finish(mut self, mut gaps: Vec<Gap>) -> Result<Encoded, EncodeError> {
        if self.decoded > 0 {
            let at_the_end = |gap: &&Gap| (self.cut.end - gap.start).to_std().is_ok_and(|left| left <= gap.length);
            self.note_missing(gaps.last().filter(at_the_end).map_or(Duration::ZERO, |gap| gap.length));
            self.go_to(self.total).await?;
        }
        self.mp3.finish().await?;
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

    /// Gives the file up; nothing writes it any more when this returns.
    pub(super) async fn abandon(self) {
        self.mp3.abandon().await;
    }
}
