//! The runs of what is kept: what sound each has, how it is coded, and its packets.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{ChildStdin, ChildStdout};

use crate::base::blocking::blocking;
use crate::base::clock::SharedClock;
use crate::base::process::{Invocation, Running};
use crate::encode::error::EncodeError;
use crate::encode::feed::frames_of;
use crate::encode::packets::{Framing, OtherCoding, Splitter};
use crate::encode::written::{Coding, Packet};
use crate::model::{Codec, Container};
use crate::tape::{Reel, Run, Sound, Step};

/// The longest that an ffmpeg may neither take nor give anything.
const HANGS_AFTER: Duration = Duration::from_secs(20);
/// Bits per second and channel of a stretch that is encoded to fit between what is kept.
const BITRATE: u32 = 80_000;

/// A run with its sound.
#[derive(Debug)]
pub(super) struct SoundOfRun {
    /// Where it belongs.
    pub run: Run,
    /// Its sound, in order.
    pub sounds: Vec<Sound>,
    /// How long that plays.
    pub length: Duration,
}

/// Returns the runs of a walk.
pub(super) fn runs(steps: &[Step]) -> Vec<SoundOfRun> {
    let mut runs: Vec<SoundOfRun> = Vec::new();
    for step in steps {
        match (step, runs.last_mut()) {
            (Step::Run(run), _) => {
                runs.push(SoundOfRun { run: run.clone(), sounds: Vec::new(), length: Duration::ZERO });
            }
            (Step::Feed { sound, duration }, Some(last)) => {
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
    reel: Arc<Reel>,
    sounds: std::vec::IntoIter<Sound>,
    splitter: Splitter,
    process: Option<Process>,
    /// Whether the initialisation section was read.
    begun: bool,
    clock: SharedClock,
}

/// An ffmpeg that takes a run apart.
#[derive(Debug)]
struct Process {
    running: Running,
    input: Option<ChildStdin>,
    output: Option<ChildStdout>,
    pending: Vec<u8>,
    at: usize,
    buffer: Vec<u8>,
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
        let framing = match codec {
            Codec::Aac => Framing::Adts,
            Codec::Mp3 => Framing::Mp3,
            Codec::Opus | Codec::Vorbis => Framing::Ogg,
        };
        let is_bare = matches!(reel.container, Container::Adts | Container::Mp3 | Container::Ogg);
        let process = match way {
            Way::Kept if is_bare => None,
            Way::Kept => Some(Process::start(reel, &["-c:a".into(), "copy".into()], framing, clock)?),
            Way::Anew(coding) => Some(Process::start(reel, &encoding(coding), framing, clock)?),
        };
        let (reel, sounds, splitter) = (Arc::clone(reel), sounds.into_iter(), Splitter::new(framing));
        Ok(Self { reel, sounds, splitter, process, begun: false, clock: clock.clone() })
    }

    /// How the packets are coded. `None` before the first.
    pub(super) fn coding(&self) -> Option<&Coding> {
        self.splitter.coding()
    }

    /// Returns the next packet. `None` at the end.
    pub(super) async fn next(&mut self) -> Result<Result<Option<Packet>, OtherCoding>, EncodeError> {
        loop {
            match self.splitter.next() {
                Ok(None) => {}
                found => return Ok(found),
            }
            if self.process.is_some() {
                if !self.exchange().await? {
                    return Ok(Ok(None));
                }
            } else {
                match self.bytes().await? {
                    Some(bytes) => self.splitter.push(&bytes),
                    None => return Ok(Ok(None)),
                }
            }
        }
    }

    /// The next bytes of the run. `None` at the end.
    async fn bytes(&mut self) -> Result<Option<Vec<u8>>, EncodeError> {
        if !std::mem::replace(&mut self.begun, true) {
            let reel = Arc::clone(&self.reel);
            return Ok(Some(blocking(move || reel.read_init()).await?));
        }
        let Some(sound) = self.sounds.next() else { return Ok(None) };
        let container = self.reel.container;
        let bytes = blocking(move || sound.read()).await?;
        let from = bytes.len() - frames_of(&bytes, container).len();
        Ok(Some(bytes.get(from..).unwrap_or_default().to_vec()))
    }

    /// Gives the process bytes and takes some of it. False at its end.
    async fn exchange(&mut self) -> Result<bool, EncodeError> {
        let is_out = self.process.as_ref().is_some_and(|it| it.input.is_some() && it.at == it.pending.len());
        if is_out {
            let next = loop {
                match self.bytes().await? {
                    Some(bytes) if bytes.is_empty() => {}
                    next => break next,
                }
            };
            if let Some(process) = &mut self.process {
                match next {
                    Some(bytes) => (process.pending, process.at) = (bytes, 0),
                    None => process.input = None,
                }
            }
        }
        let Some(process) = &mut self.process else { return Ok(false) };
        let step = self.clock.timeout(HANGS_AFTER, process.step());
        let hangs = || EncodeError::DecoderHangs { seconds: HANGS_AFTER.as_secs() };
        match step.await.map_err(|_| hangs())?.map_err(EncodeError::Decoder)? {
            Some(0) => Ok(false),
            Some(read) => {
                self.splitter.push(process.buffer.get(..read).unwrap_or_default());
                Ok(true)
            }
            None => Ok(true),
        }
    }

    /// What the process said last. Empty if there is none.
    pub(super) fn last_words(&self) -> String {
        self.process.as_ref().map(|process| process.running.last_words()).unwrap_or_default()
    }
}

impl Process {
    fn start(reel: &Reel, way: &[String], framing: Framing, clock: &SharedClock) -> Result<Self, EncodeError> {
        let format: &[&str] = match framing {
            Framing::Adts => &["-f", "adts"],
            Framing::Mp3 => &["-write_xing", "0", "-id3v2_version", "0", "-f", "mp3"],
            Framing::Ogg => &["-f", "ogg"],
        };
        let ffmpeg = Invocation::new("ffmpeg")
            .args(["-hide_banner", "-nostats", "-loglevel", "error", "-protocol_whitelist", "pipe"])
            .args(["-f", reel.container.demuxer(), "-i", "pipe:0", "-map", "0:a:0", "-vn", "-sn", "-dn"])
            .args(["-map_metadata", "-1"])
            .args(way)
            .args(format)
            .args(["-flush_packets", "1", "pipe:1"])
            .with_stdin()
            .with_stdout();
        let mut running = ffmpeg.in_background().spawn(clock)?;
        let (input, output) = (running.take_stdin(), running.take_stdout());
        Ok(Self { running, input, output, pending: Vec::new(), at: 0, buffer: vec![0; 64 << 10] })
    }

    /// Writes something, or reads something into the buffer and returns how much: 0 at the end.
    async fn step(&mut self) -> io::Result<Option<usize>> {
        let Some(output) = self.output.as_mut() else { return Ok(Some(0)) };
        let pending = self.pending.get(self.at..).unwrap_or_default();
        let Some(input) = self.input.as_mut().filter(|_| !pending.is_empty()) else {
            return output.read(&mut self.buffer).await.map(Some);
        };
        tokio::select! {
            written = input.write(pending) => {
                match written {
                    Ok(written) => self.at += written,
                    // It has ended, which its output says as well.
                    Err(error) if error.kind() == io::ErrorKind::BrokenPipe => self.input = None,
                    Err(error) => return Err(error),
                }
                Ok(None)
            }
            read = output.read(&mut self.buffer) => read.map(Some),
        }
    }
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
