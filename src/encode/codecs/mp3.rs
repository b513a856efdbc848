//! The encoding ffmpeg: interleaved 32-bit float samples in, an MP3 file out (LAME).
//!
//! It writes to a file, not to a pipe, so that it can go back and fill in the Xing/LAME header from which players read
//! the exact length. It reserves [`RESERVED_FOR_TAGS`] bytes of ID3v2 padding at the beginning, into which the tags are
//! written afterwards without moving the sound.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::process::ChildStdin;

use super::ffmpeg::{GRACE, HANGS_AFTER, failed, samples_of};
use crate::base::clock::SharedClock;
use crate::base::process::{Invocation, Running};
use crate::config::Encoding;
use crate::encode::error::EncodeError;

/// Bytes of ID3v2 padding that ffmpeg reserves, besides those for a picture.
pub const RESERVED_FOR_TAGS: u32 = 65_536;

/// Returns an ffmpeg that encodes the samples on its stdin. The layout of the MP3 and where it goes are still to be added.
pub fn lame(settings: Encoding) -> Invocation {
    samples_of(settings).args(["-c:a", "libmp3lame"]).args(["-b:a".to_owned(), settings.bitrate.to_string()])
}

/// An encoder that runs.
#[derive(Debug)]
pub struct Mp3Encoder {
    process: Running,
    input: Option<ChildStdin>,
    path: PathBuf,
}

impl Mp3Encoder {
    /// Starts an encoder that writes `path` and reserves `cover_space` bytes for a picture in its tags.
    pub(super) fn start(
        path: &Path,
        settings: Encoding,
        cover_space: u32,
        clock: &SharedClock,
    ) -> Result<Self, EncodeError> {
        let mut process = lame(settings)
            .args(["-compression_level".to_owned(), settings.quality.to_string()])
            .args(["-id3v2_version", "4", "-write_xing", "1", "-flush_packets", "1", "-metadata_header_padding"])
            .args([RESERVED_FOR_TAGS.saturating_add(cover_space).to_string()])
            .args(["-f", "mp3", "-y"])
            // A path that begins with `-` or looks like a protocol stays a path.
            .args([format!("file:{}", path.display())])
            .ahead_in_background()
            .with_wide_stdin()
            .spawn(clock)?;
        Ok(Self { input: process.take_stdin(), process, path: path.to_owned() })
    }

    /// Encodes more samples.
    pub(super) async fn write(&mut self, samples: &[u8]) -> Result<(), EncodeError> {
        let Some(input) = self.input.as_mut() else { return Err(self.failed().await) };
        match self.process.pulse().within(HANGS_AFTER, input.write_all(samples)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(self.failed().await),
            Err(_) => Err(self.hangs().await),
        }
    }

    /// Ends the file.
    pub(super) async fn finish(mut self) -> Result<(), EncodeError> {
        drop(self.input.take());
        let pulse = self.process.pulse();
        match pulse.within(HANGS_AFTER, self.process.wait()).await {
            Ok(Ok(status)) if status.success() => Ok(()),
            Ok(_) => Err(self.failed().await),
            Err(_) => Err(self.hangs().await),
        }
    }

    async fn failed(&mut self) -> EncodeError {
        failed(&mut self.process, &self.path, GRACE).await
    }

    /// Abandons the file. The encoder is gone when this returns.
    pub(super) async fn abandon(mut self) {
        self.process.stop(Duration::ZERO).await;
    }

    async fn hangs(&mut self) -> EncodeError {
        self.process.stop(Duration::ZERO).await;
        EncodeError::EncoderHangs { path: self.path.clone(), seconds: HANGS_AFTER.as_secs() }
    }
}
