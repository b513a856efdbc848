//! The file that packets are put into, each where it belongs.

use std::time::Duration;

use super::job::OriginalJob;
use super::place::{Place, Placing};
use super::run::{SoundOfRun, Way};
use crate::base::layer3;
use crate::config::GapPolicy;
use crate::encode::error::EncodeError;
use crate::encode::frames::{frames, frames_to_duration, slack};
use crate::encode::written::{Coding, Packet, PacketFile};
use crate::model::Codec;

/// A decoder of Opus needs so many samples before it sounds as it should (RFC 7845, section 4.6).
const OPUS_PREROLL: u64 = 3_840;
/// How many frames of MP3 go first: those before a frame have bits of it.
const MP3_PREROLL: usize = 3;

/// A file in the making.
#[derive(Debug)]
pub(super) struct Assembly<'a> {
    job: &'a OriginalJob,
    coding: Coding,
    /// `None` before the first packet.
    file: Option<PacketFile>,
    /// How many samples of what was asked for are not in the file, because they are missing.
    removed: u64,
    placing: Option<Placing>,
    /// How many bytes right before the next frame of MP3 may have bits of it.
    reservoir: usize,
    last: Option<Packet>,
    /// How much later than asked the file begins, in samples.
    begins: i64,
}

/// A file that was made.
#[derive(Debug, Clone, Copy)]
pub(super) struct Assembled {
    /// How long it plays.
    pub length: Duration,
    /// How much later than asked it begins and ends, in milliseconds.
    pub begins: i64,
    pub ends: i64,
}

impl<'a> Assembly<'a> {
    pub(super) fn new(job: &'a OriginalJob, coding: Coding) -> Self {
        Self { job, coding, file: None, removed: 0, placing: None, reservoir: 0, last: None, begins: 0 }
    }

    fn frames(&self, length: Duration) -> u64 {
        frames(length, self.coding.rate())
    }

    fn played(&self) -> u64 {
        self.file.as_ref().map_or(0, PacketFile::played)
    }

    /// Begins a run of a piece that is from `at` to `end`. Its first packet begins `lead` samples later than it.
    pub(super) async fn begin_run(
        &mut self,
        run: &SoundOfRun,
        (at, end): (Duration, Duration),
        way: Way<'_>,
        lead: i64,
    ) -> Result<(), EncodeError> {
        if self.job.gaps == GapPolicy::Skip {
            self.removed += self.frames(run.run.missing);
        }
        self.fill(self.frames(at + run.run.at)).await?;
        let wanted = self.frames(at + run.run.at).saturating_sub(self.removed);
        let ahead = signed(self.played()) - signed(wanted);
        let ahead = if ahead > signed(slack(self.coding.rate())) { 0 } else { ahead };
        let start = signed(self.frames(run.run.skip)) + ahead + way.delay() - lead;
        let end = self.frames(end).saturating_sub(self.removed);
        let end = match way {
            Way::Kept => end,
            // Encoders add to what they get, in front and behind.
            Way::Anew(_) => end.min(wanted + self.frames(run.length.saturating_sub(run.run.skip))),
        };
        self.placing = Some(Placing::new(start, end));
        self.reservoir = 0;
        Ok(())
    }

    /// Takes the next packet of the run. Returns whether more are wanted.
    pub(super) async fn take(&mut self, packet: &Packet) -> Result<bool, EncodeError> {
        let played = self.played();
        let Some(placing) = &mut self.placing else { return Ok(false) };
        match placing.next(packet, played) {
            Place::Before => return Ok(true),
            Place::Behind => return Ok(false),
            Place::Next => {}
            Place::First(off) => {
                let before: Vec<Packet> = placing.before().iter().cloned().collect();
                if self.file.is_none() {
                    self.begins = off;
                    self.create(&before, packet).await?;
                }
            }
        }
        if self.coding.codec() == Codec::Mp3 {
            let has_its_bits = layer3::reaches_back(&packet.bytes) <= self.reservoir;
            self.reservoir += layer3::main_data(&packet.bytes);
            if !has_its_bits {
                // What stands before it is of another stream, and a decoder would make noise of it.
                let silent = Packet { bytes: layer3::muted(packet.bytes.clone()), ..packet.clone() };
                self.push(&silent).await?;
                return Ok(true);
            }
        }
        self.push(packet).await?;
        self.last = Some(packet.clone());
        Ok(true)
    }

    async fn push(&mut self, packet: &Packet) -> Result<(), EncodeError> {
        if let Some(file) = &mut self.file {
            file.push(packet).await?;
        }
        Ok(())
    }

    /// Makes the file, with packets before the first one that is played, so that it is decoded as it should be.
    async fn create(&mut self, passed: &[Packet], first: &Packet) -> Result<(), EncodeError> {
        let most = match self.coding.codec() {
            // Also of HE-AAC, whose header may stand further back: players that do not read edit lists play what is before.
            Codec::Aac | Codec::Vorbis => 1,
            Codec::Mp3 => MP3_PREROLL,
            Codec::Opus => usize::MAX,
        };
        let mut enough = 0;
        let wanted = passed.iter().rev().take(most).take_while(|packet| {
            let takes = most != usize::MAX || enough < OPUS_PREROLL;
            enough += packet.samples;
            takes
        });
        let mut before: Vec<Packet> = wanted.cloned().collect();
        before.reverse();
        if before.is_empty() {
            let silence = self.coding.silence(Some(first));
            let number = if self.coding.codec() == Codec::Opus { OPUS_PREROLL / silence.samples.max(1) } else { 1 };
            before = (0..number).map(|_| silence.clone()).collect();
        }
        // The first packet of Vorbis plays nothing.
        let is_vorbis = self.coding.codec() == Codec::Vorbis;
        let samples = if is_vorbis { 0 } else { before.iter().map(|packet| packet.samples).sum() };
        let longest = self.frames(self.job.length);
        let file = PacketFile::create(&self.job.target, &self.coding, (samples, longest), self.job.room).await?;
        self.file = Some(file);
        for packet in &before {
            self.reservoir += layer3::main_data(&packet.bytes);
            self.push(packet).await?;
        }
        Ok(())
    }

    /// Puts silence up to the position `at` of what was asked for, where it is wanted or a decoder swallowed as much.
    async fn fill(&mut self, at: u64) -> Result<(), EncodeError> {
        let hole = at.saturating_sub(self.removed).saturating_sub(self.played());
        if hole == 0 {
            return Ok(());
        }
        if self.job.gaps == GapPolicy::Skip && hole > 2 * slack(self.coding.rate()) {
            self.removed += hole;
            return Ok(());
        }
        let silence = self.coding.silence(self.last.as_ref());
        let unit = silence.samples.max(1);
        let number = (hole + unit / 2) / unit;
        if number > 0 && self.file.is_none() {
            self.create(&[], &silence).await?;
        }
        for _ in 0..number {
            self.push(&silence).await?;
        }
        Ok(())
    }

    /// Ends the file. The last `missing` of what was asked for is missing. `None` if there is no packet.
    pub(super) async fn finish(mut self, missing: Duration) -> Result<Option<Assembled>, EncodeError> {
        if self.file.is_none() {
            return Ok(None);
        }
        if self.job.gaps == GapPolicy::Skip {
            self.removed += self.frames(missing);
        }
        let whole = self.frames(self.job.length);
        self.fill(whole).await?;
        let (rate, played) = (self.coding.rate(), self.played());
        let ends = signed(played) - signed(whole.saturating_sub(self.removed));
        let milliseconds = |samples: i64| {
            let thousand = samples * 1_000;
            (thousand + thousand.signum() * i64::from(rate) / 2) / i64::from(rate)
        };
        let (begins, ends) = (milliseconds(self.begins), milliseconds(ends));
        if let Some(file) = self.file.take() {
            file.finish(played).await?;
        }
        Ok(Some(Assembled { length: frames_to_duration(played, rate), begins, ends }))
    }
}

fn signed(samples: u64) -> i64 {
    i64::try_from(samples).unwrap_or(i64::MAX)
}
