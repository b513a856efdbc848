//! What can go wrong between a recording and its renditions.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::base::process::ProcessError;
use crate::copies::SendError;
use crate::library::store::StoreError;

/// A rendition, or a segment of one, cannot be had.
#[derive(Debug, Error)]
pub enum RenditionError {
    /// ffmpeg or ffprobe could not be started.
    #[error(transparent)]
    Start(#[from] ProcessError),
    /// The recording could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Only the object store has it, and that cannot be asked.
    #[error(transparent)]
    Copy(#[from] SendError),
    /// It is no sound that ffmpeg knows.
    #[error("{} cannot be read as sound: {words}", path.display())]
    NoSound {
        /// The recording.
        path: PathBuf,
        /// What ffprobe says.
        words: String,
    },
    /// ffmpeg ended before the sound of the recording did.
    #[error("{} could not be encoded: ffmpeg {words}", path.display())]
    Encoder {
        /// The recording.
        path: PathBuf,
        /// How it ended.
        words: String,
    },
    /// ffmpeg gave nothing for a long time.
    #[error("{} could not be encoded: nothing came from ffmpeg for {seconds} s", path.display())]
    Hangs {
        /// The recording.
        path: PathBuf,
        /// How long it was waited for.
        seconds: u64,
    },
    /// What was encoded could not be written or read.
    #[error("{} cannot be used: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// There is too little space for it.
    #[error("{} has too little space for renditions; delete something or lower `min_free`", path.display())]
    NoRoom {
        /// The folder of the renditions.
        path: PathBuf,
    },
    /// Too many wait to be encoded.
    #[error("{most} parts of recordings are waiting to be encoded already")]
    Busy {
        /// How many may wait.
        most: usize,
    },
    /// It takes too long.
    #[error("it was not encoded within {seconds} s")]
    Late {
        /// How long it was waited for.
        seconds: u64,
    },
    /// The process stops, or the recording was deleted meanwhile.
    #[error("it was given up")]
    GivenUp,
}

impl RenditionError {
    /// Returns whether it is worth asking again soon.
    pub fn passes(&self) -> bool {
        matches!(self, Self::Busy { .. } | Self::Late { .. } | Self::GivenUp)
    }
}
