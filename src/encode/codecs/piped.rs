//! The encoding ffmpeg of a codec whose file is written here: interleaved 32-bit float samples in, packets out.
//!
//! What an encoder puts before the first sample and behind the last is left out by the file, so that it plays as long as
//! the sound is, to the sample.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{ChildStdin, ChildStdout};

use super::ffmpeg::{GRACE, HANGS_AFTER, failed, samples_of};
use crate::base::clock::SharedClock;
use crate::base::process::{Invocation, Running};
use crate::config::Encoding;
use crate::encode::error::EncodeError;
use crate::encode::frames::frames;
use crate::encode::packets::{Framing, Splitter};
use crate::encode::written::PacketFile;
use crate::model::Codec;

/// How many samples ffmpeg's encoder of AAC puts before the first.
const AAC_PRIMING: u64 = 1_024;

/// An encoder that runs.
#[derive(Debug)]
pub struct PipedEncoder {
    process: Running,
    input: Option<ChildStdin>,
    output: Option<ChildStdout>,
    splitter: Splitter,
    /// `None` before the first packet.
    file: Option<PacketFile>,
    path: PathBuf,
    /// The longest that the file plays, in samples; and the room for tags.
    longest: u64,
    room: u32,
    /// How many bytes of samples were taken.
    taken: u64,
    frame: u64,
}

/// Returns an ffmpeg that encodes the samples on its stdin with the codec of `settings`, and gives packets on its stdout.
fn encoder(settings: Encoding) -> Invocation {
    let rate = settings.bitrate.to_string();
    let encoder = samples_of(settings);
    let encoder = match settings.codec {
        Codec::Opus => encoder.args(["-c:a", "libopus", "-application", "audio", "-f", "ogg"]),
        _ => encoder.args(["-c:a", "aac", "-f", "adts"]),
    };
    encoder.args(["-b:a".to_owned(), rate]).args(["-flush_packets", "1", "pipe:1"]).with_stdout()
}

impl PipedEncoder {
    /// Starts an encoder of a file at `path` that plays for `length` at most, with `room` bytes for tags.
    pub(super) fn start(
        path: &Path,
        settings: Encoding,
        length: Duration,
        room: u32,
        clock: &SharedClock,
    ) -> Result<Self, EncodeError> {
        let mut process = encoder(settings).ahead_in_background().spawn(clock)?;
        let framing = if settings.codec == Codec::Opus { Framing::Ogg } else { Framing::Adts };
        Ok(Self {
            input: process.take_stdin(),
            output: process.take_stdout(),
            process,
            splitter: Splitter::new(framing),
            file: None,
            path: path.to_owned(),
            longest: frames(length, settings.sample_rate),
            room,
            taken: 0,
            frame: u64::from(settings.channels.max(1)) * 4,
        })
    }

    /// Encodes more samples.
    pub(super) async fn write(&mut self, samples: &[u8]) -> Result<(), EncodeError> {
        let Some(mut input) = self.input.take() else { return Err(self.failed().await) };
        self.taken += samples.len() as u64;
        let mut came = Vec::new();
        let writing = async {
            let Some(output) = self.output.as_mut() else { return input.write_all(samples).await };
            let writing = input.write_all(samples);
            tokio::pin!(writing);
            let mut buffer = vec![0; 16 << 10];
            loop {
                // It takes nothing more while nobody reads what it gives.
                tokio::select! {
                    written = &mut writing => return written,
                    read = output.read(&mut buffer) => match read? {
                        0 => return (&mut writing).await,
                        read => came.extend_from_slice(buffer.get(..read).unwrap_or_default()),
                    }
                }
            }
        };
        let written = self.process.pulse().within(HANGS_AFTER, writing).await;
        self.input = Some(input);
        match written {
            Ok(Ok(())) => self.take(&came).await,
            Ok(Err(_)) => Err(self.failed().await),
            Err(_) => Err(self.hangs().await),
        }
    }

    /// Writes the packets in `bytes` into the file.
    async fn take(&mut self, bytes: &[u8]) -> Result<(), EncodeError> {
        self.splitter.push(bytes);
        // An encoder does not change what it makes.
        while let Ok(Some(packet)) = self.splitter.next() {
            if self.file.is_none()
                && let Some(coding) = self.splitter.coding()
            {
                let before = if coding.codec() == Codec::Opus { self.splitter.before() } else { AAC_PRIMING };
                let file = PacketFile::create(&self.path, coding, (before, self.longest), self.room).await?;
                self.file = Some(file);
            }
            if let Some(file) = &mut self.file {
                file.push(&packet).await?;
            }
        }
        Ok(())
    }

    /// Ends the file.
    pub(super) async fn finish(mut self) -> Result<(), EncodeError> {
        drop(self.input.take());
        if let Some(mut output) = self.output.take() {
            let mut buffer = vec![0; 64 << 10];
            loop {
                match self.process.pulse().within(HANGS_AFTER, output.read(&mut buffer)).await {
                    Ok(Ok(0)) => break,
                    Ok(Ok(read)) => {
                        let came = buffer.get(..read).unwrap_or_default().to_vec();
                        self.take(&came).await?;
                    }
                    Ok(Err(_)) => return Err(self.failed().await),
                    Err(_) => return Err(self.hangs().await),
                }
            }
        }
        let pulse = self.process.pulse();
        match pulse.within(HANGS_AFTER, self.process.wait()).await {
            Ok(Ok(status)) if status.success() => {}
            Ok(_) => return Err(self.failed().await),
            Err(_) => return Err(self.hangs().await),
        }
        let length = self.taken / self.frame;
        match self.file.take() {
            Some(file) => file.finish(length).await,
            None if length == 0 => Ok(()),
            None => Err(self.failed().await),
        }
    }

    /// Abandons the file. The encoder is gone when this returns.
    pub(super) async fn abandon(mut self) {
        self.process.stop(Duration::ZERO).await;
    }

    async fn failed(&mut self) -> EncodeError {
        failed(&mut self.process, &self.path, GRACE).await
    }

    async fn hangs(&mut self) -> EncodeError {
        self.process.stop(Duration::ZERO).await;
        EncodeError::EncoderHangs { path: self.path.clone(), seconds: HANGS_AFTER.as_secs() }
    }
}
