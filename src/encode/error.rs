//! What can go wrong between tape and MP3.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::base::process::ProcessError;
use crate::model::{AsCause, CauseKind};
use crate::tape::TapeError;

/// A cut could not be encoded.
#[derive(Debug, Error)]
pub enum EncodeError {
    /// ffmpeg could not be started.
    #[error(transparent)]
    Start(#[from] ProcessError),
    /// The tape could not be read.
    #[error(transparent)]
    Tape(#[from] TapeError),
    /// The recording that a clip is made of could not be read.
    #[error("the recording {path} cannot be read: {source}", path = path.display())]
    Recording {
        /// The file.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// The decoder's pipe broke in a way that is not its end.
    #[error("the decoder ffmpeg cannot be read: {0}")]
    Decoder(io::Error),
    /// The decoder took sound and gave nothing back.
    #[error("the decoder ffmpeg hangs: nothing came from it for {seconds} s")]
    DecoderHangs {
        /// How long it was waited for.
        seconds: u64,
    },
    /// The encoder ended before the sound did, or with an error.
    #[error("{path} could not be encoded: ffmpeg {words}", path = path.display())]
    Encoder {
        /// The file that was being written.
        path: PathBuf,
        /// How it ended.
        words: String,
    },
    /// The file takes no more bytes, whichever encoder writes it.
    #[error("{} cannot be written: {source}", path.display())]
    Target {
        /// The file that was being written.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// The encoder took nothing more.
    #[error("{path} could not be encoded: ffmpeg hangs, it took nothing for {seconds} s", path = path.display())]
    EncoderHangs {
        /// The file that was being written.
        path: PathBuf,
        /// How long it was waited for.
        seconds: u64,
    },
}

impl EncodeError {
    /// Whether another decoder may do better.
    pub(super) fn is_of_decoder(&self) -> bool {
        matches!(self, Self::Decoder(_) | Self::DecoderHangs { .. })
    }

    /// Whether it is the error of an ffmpeg that had been started.
    pub fn is_of_ffmpeg(&self) -> bool {
        self.is_of_decoder() || self.is_of_encoder()
    }

    /// Whether another encoder may do better.
    pub(super) fn is_of_encoder(&self) -> bool {
        matches!(self, Self::Encoder { .. } | Self::EncoderHangs { .. })
    }
}

impl AsCause for EncodeError {
    fn cause_kind(&self) -> CauseKind {
        match self {
            Self::Tape(error) => error.cause_kind(),
            Self::Decoder(_) | Self::DecoderHangs { .. } => CauseKind::Decoding,
            Self::Start(_)
            | Self::Recording { .. }
            | Self::Target { .. }
            | Self::Encoder { .. }
            | Self::EncoderHangs { .. } => CauseKind::Internal,
        }
    }
}
