//! The sound that comes out: every sample goes to its position, is edited there if it is of a clip, is measured, and is
//! written to the file that is being made, if there is one.
//!
//! Decoders know positions in the piece that they decode. A cut and a reel are one piece, from the beginning to the end.

use std::path::Path;
use std::time::Duration;

use super::codecs::Encoder;
use super::editor::Editor;
use super::error::EncodeError;
use super::frames::{CODEC_SLACK, frames, frames_to_duration, slack};
use super::job::{ClipJob, Encoded, Job};
use super::meter::Meter;
use crate::base::clock::SharedClock;
use crate::base::duration::delta;
use crate::config::{DeadAirRule, Encoding, GapPolicy};
use crate::model::{Cause, CauseKind, Codec, Gap, Levels, Span, Stretch};

/// The file, if there is one, and what is known of the sound. Its position only goes forward: past decoded samples and
/// past what is skipped.
pub(super) struct Output {
    /// `None` if the sound is only measured.
    encoder: Option<Encoder>,
    /// `None` if every sample stays what it is.
    editor: Option<Editor>,
    meter: Meter,
    gaps: GapPolicy,
    sample_rate: u32,
    frame: usize,
    /// Sample frames in the whole cut, reel or clip.
    total: u64,
    piece: Piece,
    /// The position of the next sample.
    position: u64,
    /// Sample frames that came from a decoder. Silence for what codecs swallow counts only beside them.
    decoded: u64,
    undecoded: Vec<(Stretch, Cause)>,
    /// Sample frames from `position` on that the gaps report as missing.
    missing: u64,
}

/// The piece that comes out now, by positions in the whole.
#[derive(Debug, Clone, Copy)]
struct Piece {
    begin: u64,
    /// Where its sound ends at the latest.
    sound_end: u64,
    end: u64,
    /// What [`Output::decoded`] and [`Meter::heard`] were at its beginning, and how many stretches could not be decoded.
    decoded: u64,
    heard: u64,
    undecoded: usize,
}

impl Output {
    /// Begins the file of `job`.
    pub(super) fn start(job: &Job, clock: &SharedClock) -> Result<Self, EncodeError> {
        let length = job.cut.length().to_std().unwrap_or_default();
        let encoder = Self::encoder(job.encoding, &job.target, length, job.cover_space, clock)?;
        let meter = Meter::of_recording(job.encoding, job.dead_air);
        Ok(Self { encoder, gaps: job.gaps, ..Self::measuring_by(meter, job.encoding, length) })
    }

    /// Begins the file of a clip that plays for `length`. Its pieces are still to be begun.
    pub(super) fn start_clip(job: &ClipJob, length: Duration, clock: &SharedClock) -> Result<Self, EncodeError> {
        let encoder = Self::encoder(job.encoding, &job.target, length, job.cover_space, clock)?;
        let editor = Some(Editor::new(job.encoding, &job.covers));
        let meter = Meter::of_recording(job.encoding, job.dead_air);
        Ok(Self { encoder, editor, ..Self::measuring_by(meter, job.encoding, length) })
    }

    /// Starts the encoder. `None` if the sound is kept as it was sent: then it is only measured.
    fn encoder(
        encoding: Encoding,
        target: &Path,
        length: Duration,
        cover_space: u32,
        clock: &SharedClock,
    ) -> Result<Option<Encoder>, EncodeError> {
        if encoding.original {
            return Ok(None);
        }
        Encoder::start(target, encoding, length, cover_space, clock).map(Some)
    }

    /// Keeps the samples of a piece that plays for `length`, which is still to be begun, and writes no file.
    pub(super) fn keeping(samples: Encoding, length: Duration) -> Self {
        let encoder = Some(Encoder::Samples(Vec::new()));
        Self { encoder, ..Self::measuring_by(Meter::of_recording(samples, None), samples, length) }
    }

    /// Returns the samples that were kept.
    pub(super) fn into_samples(self) -> Vec<u8> {
        match self.encoder {
            Some(Encoder::Samples(samples)) => samples,
            _ => Vec::new(),
        }
    }

    /// Measures a reel whose sound plays for `length`, and writes no file.
    pub(super) fn measuring(samples: Encoding, rule: Option<DeadAirRule>, length: Duration) -> Self {
        Self::measuring_by(Meter::of_reel(samples, rule), samples, length)
    }

    fn measuring_by(meter: Meter, samples: Encoding, length: Duration) -> Self {
        let total = frames(length, samples.sample_rate);
        Self {
            encoder: None,
            editor: None,
            meter,
            // What is measured keeps its position.
            gaps: GapPolicy::Silence,
            sample_rate: samples.sample_rate,
            frame: usize::from(samples.channels.max(1)) * 4,
            total,
            piece: Piece { begin: 0, sound_end: total, end: total, decoded: 0, heard: 0, undecoded: 0 },
            position: 0,
            decoded: 0,
            undecoded: Vec::new(),
            missing: 0,
        }
    }

    /// The position of the next sample.
    pub(super) fn position(&self) -> u64 {
        self.position
    }

    /// How many sample frames of the piece can still come.
    pub(super) fn left(&self) -> u64 {
        self.piece.sound_end.saturating_sub(self.position)
    }

    /// Begins the next piece where the one before has ended. It goes on until `end`, and its sound until `sound_end` at
    /// the latest.
    pub(super) fn begin_piece(&mut self, sound_end: u64, end: u64) {
        let begin = self.position;
        let (decoded, heard, undecoded) = (self.decoded, self.meter.heard(), self.undecoded.len());
        self.piece = Piece { begin, sound_end: sound_end.min(end), end, decoded, heard, undecoded };
        if let Some(editor) = &mut self.editor {
            editor.begin_piece(begin..self.piece.sound_end);
        }
    }

    /// Ends the piece, the last `missing` of which is missing, as the gaps say. Returns how many seconds of it were
    /// decoded.
    pub(super) async fn end_piece(&mut self, missing: Duration) -> Result<f64, EncodeError> {
        let Piece { begin, end, decoded, heard, undecoded, .. } = self.piece;
        self.piece.sound_end = end;
        let came = self.decoded > decoded;
        self.expect_missing(missing);
        let left = end.saturating_sub(self.position);
        if !came && left > 0 {
            if self.missing == 0 && self.undecoded.len() == undecoded {
                // Shorter than what a codec may swallow, or than a hole must be to be called one.
                self.push_lost(left, &Cause::new(CauseKind::Other, "so short a piece gave no sound"));
            }
            self.missing = left;
        }
        self.go_to(end - begin).await?;
        Ok(if came { self.seconds(self.meter.heard() - heard) } else { 0.0 })
    }

    fn seconds(&self, frames: u64) -> f64 {
        frames as f64 / f64::from(self.sample_rate.max(1))
    }

    /// The next `missing` is missing, as the gaps report.
    pub(super) fn expect_missing(&mut self, missing: Duration) {
        self.missing = self.missing.saturating_add(frames(missing, self.sample_rate));
    }

    /// Moves to `position` in the piece. Missing sound that the gaps report is left out, or becomes silence if the file
    /// keeps the clock. A few frames more are what a codec swallows at a seam; they always become silence, because no gap
    /// reports them. Returns how many frames of the next sound to drop because the sound before has reached a little
    /// beyond `position`. So no seam moves what comes after it, however many there are.
    pub(super) async fn go_to(&mut self, position: u64) -> Result<u64, EncodeError> {
        let slack = slack(self.sample_rate);
        let position = self.piece.begin.saturating_add(position).min(self.piece.sound_end);
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
                if let Some(encoder) = self.encoder.as_mut() {
                    encoder.write(&vec![0; usize::try_from(now).unwrap_or_default() * self.frame]).await?;
                }
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
        if let Some(editor) = &self.editor {
            editor.edit(self.position, &mut samples);
        }
        let frames = self.meter.measure(self.position, &mut samples);
        if let Some(encoder) = self.encoder.as_mut() {
            encoder.write(&samples).await?;
        }
        self.position += frames;
        Ok(frames)
    }

    /// The next `lost` frames could not be decoded, because of `why`.
    pub(super) fn push_lost(&mut self, lost: u64, why: &Cause) {
        let [at, length] = [self.position, lost].map(|frames| frames_to_duration(frames, self.sample_rate));
        self.undecoded.push((Stretch { at, length }, why.clone()));
        self.missing = self.missing.saturating_add(lost);
    }

    /// Ends the file, which holds `cut`. `gaps` are the gaps of the tape, or of all pieces.
    pub(super) async fn finish(mut self, cut: Span, mut gaps: Vec<Gap>) -> Result<Encoded, EncodeError> {
        if self.decoded > 0 {
            let at_the_end = |gap: &&Gap| (cut.end - gap.start).to_std().is_ok_and(|left| left <= gap.length);
            self.expect_missing(gaps.last().filter(at_the_end).map_or(Duration::ZERO, |gap| gap.length));
            self.go_to(self.total).await?;
        }
        let (heard, written) = (self.seconds(self.meter.heard()), self.seconds(self.meter.written()));
        if let Some(encoder) = self.encoder {
            encoder.finish().await?;
        }
        let gap =
            |(lost, cause): (Stretch, Cause)| Gap { start: cut.start + delta(lost.at), length: lost.length, cause };
        gaps.extend(self.undecoded.into_iter().map(gap));
        gaps.sort_by_key(|gap| gap.start);
        Ok(Encoded {
            seconds: if self.decoded > 0 { heard } else { 0.0 },
            length: Duration::try_from_secs_f64(written).unwrap_or_default(),
            peak: self.meter.peak(),
            gaps,
            measured: self.meter.finish(cut.start),
            speed: None,
            codec: Codec::default(),
            notes: Vec::new(),
        })
    }

    /// Ends a reel that was measured.
    pub(super) async fn into_levels(mut self) -> Result<Levels, EncodeError> {
        self.go_to(self.total).await?;
        Ok(self.meter.into_levels(frames_to_duration(self.total, self.sample_rate), joined(self.undecoded)))
    }

    /// Abandons the file. Nothing writes it any more when this returns.
    pub(super) async fn abandon(self) {
        if let Some(encoder) = self.encoder {
            encoder.abandon().await;
        }
    }
}

/// Joins stretches that lie side by side, if their causes are of one kind: a reel without any sound that can be decoded
/// has a thousand of them.
fn joined(stretches: Vec<(Stretch, Cause)>) -> Vec<(Stretch, Cause)> {
    let mut joined: Vec<(Stretch, Cause)> = Vec::new();
    for (stretch, cause) in stretches {
        match joined.last_mut() {
            Some((before, why)) if why.kind == cause.kind && stretch.at <= before.at + before.length + CODEC_SLACK => {
                before.length = (stretch.at + stretch.length).saturating_sub(before.at);
            }
            _ => joined.push((stretch, cause)),
        }
    }
    joined
}
