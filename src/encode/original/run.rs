//! The runs of what is kept: what sound each has, how it is coded, and its packets.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use super::bytes::RunBytes;
use crate::base::clock::SharedClock;
use crate::encode::error::EncodeError;
use crate::encode::frames::frames;
use crate::encode::packets::{Framing, OtherCoding, Splitter};
use crate::encode::written::{Coding, Packet};
use crate::model::{Codec, Container};
use crate::tape::{Reel, Run, Sound, Step};

/// Bits per second and channel of a stretch that is encoded to fit between what is kept.
const BITRATE: u32 = 80_000;

/// A run with its sound.
#[derive(Debug)]
pub(super) struct SoundOfRun {
    /// Where it belongs.
    pub run: Run,
    /// Its sound, in order.
    pub sounds: Vec<Sound>,
    /// How long that plays, and the first of it.
    pub length: Duration,
    pub first: Duration,
}

/// Returns the runs of a walk.
pub(super) fn runs(steps: &[Step]) -> Vec<SoundOfRun> {
    let mut runs: Vec<SoundOfRun> = Vec::new();
    for step in steps {
        match (step, runs.last_mut()) {
            (Step::Run(run), _) => {
                let (length, first) = (Duration::ZERO, Duration::ZERO);
                runs.push(SoundOfRun { run: run.clone(), sounds: Vec::new(), length, first });
            }
            (Step::Feed { sound, duration }, Some(last)) => {
                if last.sounds.is_empty() {
                    last.first = *duration;
                }
                last.sounds.push(sound.clone());
                last.length += *duration;
            }
            _ => {}
        }
    }
    runs.retain(|run| !run.sounds.is_empty());
    runs
}

/// The codec on a reel. `None` if no file is written of it.
pub(super) fn codec_of(reel: &Reel) -> Option<Codec> {
    match (reel.detail.split(' ').next().unwrap_or_default(), reel.container) {
        ("aac", _) | ("", Container::Adts) => Some(Codec::Aac),
        ("mp3", _) | ("", Container::Mp3) => Some(Codec::Mp3),
        ("opus", _) => Some(Codec::Opus),
        ("vorbis", _) => Some(Codec::Vorbis),
        _ => None,
    }
}

/// Whether the sound of two reels is coded alike, as far as their formats tell.
pub(super) fn are_alike(one: &Reel, other: &Reel) -> bool {
    codec_of(one) == codec_of(other) && one.detail == other.detail
}

/// How packets are had of a run.
#[derive(Debug, Clone, Copy)]
pub(super) enum Way<'a> {
    /// As they were sent.
    Kept,
    /// Encoded anew, as the packets of a file are coded.
    Anew(&'a Coding),
}

impl Way<'_> {
    /// How many samples of its packets come before the first of the run.
    pub(super) fn delay(self) -> i64 {
        match self {
            Self::Kept => 0,
            // What ffmpeg's encoder, LAME with a decoder, and libopus put there.
            Self::Anew(coding) => match coding.codec() {
                Codec::Aac => 1_024,
                Codec::Mp3 => 1_105,
                Codec::Opus | Codec::Vorbis => 312,
            },
        }
    }
}

/// Reads the packets of a run.
#[derive(Debug)]
pub(super) struct RunReader {
    bytes: RunBytes,
    splitter: Splitter,
    /// Packets that were read ahead.
    ready: VecDeque<Packet>,
}

impl RunReader {
    /// A reader at the beginning of `sounds`, which are on reels like `reel`.
    pub(super) fn start(
        reel: &Arc<Reel>,
        sounds: Vec<Sound>,
        way: Way<'_>,
        clock: &SharedClock,
    ) -> Result<Self, EncodeError> {
        let codec = match way {
            Way::Kept => codec_of(reel).unwrap_or_default(),
            Way::Anew(coding) => coding.codec(),
        };
        let (framing, format): (_, &[&str]) = match codec {
            Codec::Aac => (Framing::Adts, &["-f", "adts"]),
            Codec::Mp3 => (Framing::Mp3, &["-write_xing", "0", "-id3v2_version", "0", "-f", "mp3"]),
            Codec::Opus | Codec::Vorbis => (Framing::Ogg, &["-f", "ogg"]),
        };
        let is_bare = matches!(reel.container, Container::Adts | Container::Mp3 | Container::Ogg);
        let bytes = match way {
            Way::Kept if is_bare => RunBytes::plain(reel, sounds),
            Way::Kept => RunBytes::made(reel, sounds, &words(&[&["-c:a", "copy"], format]), clock)?,
            Way::Anew(coding) => RunBytes::made(reel, sounds, &[encoding(coding), words(&[format])].concat(), clock)?,
        };
        Ok(Self { bytes, splitter: Splitter::new(framing), ready: VecDeque::new() })
    }

    /// How the packets are coded. `None` before the first.
    pub(super) fn coding(&self) -> Option<&Coding> {
        self.splitter.coding()
    }

    /// Returns the next packet. `None` at the end.
    pub(super) async fn next(&mut self) -> Result<Result<Option<Packet>, OtherCoding>, EncodeError> {
        if let Some(packet) = self.ready.pop_front() {
            return Ok(Ok(Some(packet)));
        }
        loop {
            match self.splitter.next() {
                Ok(None) => {}
                found => return Ok(found),
            }
            match self.bytes.next().await? {
                Some(bytes) => self.splitter.push(&bytes),
                None => return Ok(Ok(None)),
            }
        }
    }

    /// How many samples later than the run its first packet begins, if `first` is how long its first sound plays. Pages of
    /// Ogg may begin with the rest of a packet that nobody has, or play less than is in their packets.
    pub(super) async fn lead(&mut self, first: Duration) -> Result<Result<i64, OtherCoding>, EncodeError> {
        // The initialisation section, and the first sound.
        for _ in 0..2 {
            let Some(bytes) = self.bytes.next().await? else { break };
            self.splitter.push(&bytes);
            loop {
                match self.splitter.next() {
                    Ok(Some(packet)) => self.ready.push_back(packet),
                    Ok(None) => break,
                    Err(other) => return Ok(Err(other)),
                }
            }
        }
        let Some(coding) = self.splitter.coding() else { return Ok(Ok(0)) };
        let samples: u64 = self.ready.iter().map(|packet| packet.samples).sum();
        let signed = |samples: u64| i64::try_from(samples).unwrap_or(i64::MAX);
        Ok(Ok(signed(frames(first, coding.rate())) - signed(samples)))
    }

    /// What the process said last. Empty if there is none.
    pub(super) fn last_words(&self) -> String {
        self.bytes.last_words()
    }
}

/// Returns arguments as they are given to a program.
fn words(parts: &[&[&str]]) -> Vec<String> {
    parts.concat().into_iter().map(str::to_owned).collect()
}

/// What makes an ffmpeg encode as the packets of a file are coded.
fn encoding(coding: &Coding) -> Vec<String> {
    let channels = coding.channels();
    let bitrate = match coding {
        Coding::Mp3 { frame, .. } => frame.bitrate,
        _ => BITRATE * u32::from(channels.max(1)),
    };
    let encoder: &[&str] = match coding.codec() {
        Codec::Aac => &["aac"],
        // Its frames stand by themselves.
        Codec::Mp3 => &["libmp3lame", "-reservoir", "0"],
        Codec::Opus | Codec::Vorbis => &["libopus", "-application", "audio"],
    };
    let resampled = format!("aresample={},asetpts=N/SR/TB", coding.rate());
    let mut args = vec!["-af".to_owned(), resampled, "-ac".to_owned(), channels.to_string(), "-c:a".to_owned()];
    args.extend(encoder.iter().map(|word| (*word).to_owned()));
    args.extend(["-b:a".to_owned(), bitrate.to_string()]);
    args
}
