//! The bytes of a run: as they are on the tape, or as an ffmpeg makes them.

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
use crate::tape::{Reel, Sound};

/// The longest that an ffmpeg may neither take nor give anything.
const HANGS_AFTER: Duration = Duration::from_secs(20);

/// Reads a run.
#[derive(Debug)]
pub(super) struct RunBytes {
    reel: Arc<Reel>,
    sounds: std::vec::IntoIter<Sound>,
    process: Option<Process>,
    /// Whether the initialisation section was read.
    begun: bool,
}

/// An ffmpeg that makes something of a run.
#[derive(Debug)]
struct Process {
    running: Running,
    input: Option<ChildStdin>,
    output: Option<ChildStdout>,
    pending: Vec<u8>,
    at: usize,
    buffer: Vec<u8>,
}

impl RunBytes {
    /// `sounds` as they are, which are on reels like `reel`, sound by sound.
    pub(super) fn plain(reel: &Arc<Reel>, sounds: Vec<Sound>) -> Self {
        let (reel, sounds) = (Arc::clone(reel), sounds.into_iter());
        Self { reel, sounds, process: None, begun: false }
    }

    /// What an ffmpeg makes of `sounds`, as `output` tells it.
    pub(super) fn made(
        reel: &Arc<Reel>,
        sounds: Vec<Sound>,
        output: &[String],
        clock: &SharedClock,
    ) -> Result<Self, EncodeError> {
        let process = Some(Process::start(reel, output, clock)?);
        Ok(Self { process, ..Self::plain(reel, sounds) })
    }

    /// Returns the next bytes. `None` at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<u8>>, EncodeError> {
        if self.process.is_none() { self.read().await } else { self.exchange().await }
    }

    /// Reads on.
    async fn read(&mut self) -> Result<Option<Vec<u8>>, EncodeError> {
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

    /// Gives the process bytes and takes some of it. `None` at its end.
    async fn exchange(&mut self) -> Result<Option<Vec<u8>>, EncodeError> {
        loop {
            let is_out = self.process.as_ref().is_some_and(|it| it.input.is_some() && it.at == it.pending.len());
            if is_out {
                let next = loop {
                    match self.read().await? {
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
            let Some(process) = &mut self.process else { return Ok(None) };
            let step = process.running.pulse().within(HANGS_AFTER, process.step()).await;
            let hangs = || EncodeError::DecoderHangs { seconds: HANGS_AFTER.as_secs() };
            match step.map_err(|_| hangs())?.map_err(EncodeError::Decoder)? {
                Some(0) => return Ok(None),
                Some(read) => return Ok(process.buffer.get(..read).map(<[u8]>::to_vec)),
                None => {}
            }
        }
    }

    /// What the process said last. Empty if there is none.
    pub(super) fn last_words(&self) -> String {
        self.process.as_ref().map(|process| process.running.last_words()).unwrap_or_default()
    }
}

impl Process {
    fn start(reel: &Reel, output: &[String], clock: &SharedClock) -> Result<Self, EncodeError> {
        let ffmpeg = Invocation::new("ffmpeg")
            .args(["-hide_banner", "-nostats", "-loglevel", "error", "-protocol_whitelist", "pipe"])
            .args(["-f", reel.container.demuxer(), "-i", "pipe:0", "-map", "0:a:0", "-vn", "-sn", "-dn"])
            .args(["-map_metadata", "-1"])
            .args(output)
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
