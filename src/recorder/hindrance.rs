//! What keeps an airing from being finished that is no fault of its own and passes: the disk is full, a folder cannot be
//! written to, ffmpeg cannot be run.
//!
//! Told from the errors of the system and by trying, never from what ffmpeg says.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use super::error::RecorderError;
use super::{Recorder, room};
use crate::base::clock::SharedClock;
use crate::base::process::Invocation;
use crate::encode::EncodeError;
use crate::library::archive::ArchiveError;
use crate::library::shelf::{self, ShelfError};
use crate::model::{Cause, CauseKind};

/// So many bytes must go into the folder of the tapes for it, and the list beside it, to be written.
const SOME: u64 = 256 * 1024;
/// The longest that ffmpeg may take to say its version.
const ANSWERS_WITHIN: Duration = Duration::from_secs(20);

/// What a folder is called.
const OUTPUT: &str = "output";

/// What keeps an airing from being finished.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Hindrance {
    /// There is no room, by blocks, inodes or a quota; in the words of the error.
    Full(String),
    /// A folder cannot be written to.
    Folder {
        /// Which: `output` or `tape`.
        what: &'static str,
        /// The folder.
        folder: PathBuf,
        /// The words of the error.
        words: String,
    },
    /// ffmpeg cannot be run; in the words of the error.
    Encoder(String),
}

impl Hindrance {
    /// What it is as a cause.
    pub(super) fn cause(&self) -> Cause {
        let kind = match self {
            Self::Full(_) => CauseKind::DiskFull,
            Self::Folder { .. } | Self::Encoder(_) => CauseKind::Internal,
        };
        Cause::new(kind, self.to_string())
    }

    /// Whether it may lie with the output folder.
    pub(super) fn is_of_output(&self) -> bool {
        matches!(self, Self::Full(_) | Self::Folder { what: OUTPUT, .. })
    }

    /// Whether it is what `other` is, in whatever words.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }
}

impl fmt::Display for Hindrance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full(words) => write!(f, "the disk is full: {words}"),
            Self::Folder { what, folder, words } => {
                write!(f, "the {what} folder {} cannot be written to: {words}", folder.display())
            }
            Self::Encoder(words) => write!(f, "ffmpeg cannot be run: {words}"),
        }
    }
}

impl Recorder {
    /// What was behind `error`, where that passes: nothing where another attempt may as well fail. The MP3 has about `size`
    /// bytes.
    pub(super) async fn hindrance(&self, error: &RecorderError, size: u64) -> Option<Hindrance> {
        use RecorderError as E;
        let words = error.to_string();
        match error {
            E::NoRoom { .. } | E::Panicked | E::Stopping | E::TakenBack => None,
            _ if error.is_disk_full() || room::is_short(self.shelf.output(), size).await => {
                Some(Hindrance::Full(words))
            }
            E::Encode(EncodeError::Start(_)) => Some(Hindrance::Encoder(words)),
            E::Encode(EncodeError::Target { .. }) => {
                // The folder may say better why.
                Some(self.of_folders(size).await.unwrap_or_else(|| self.of_output(words)))
            }
            E::Encode(error) if error.is_of_ffmpeg() => match runs(&self.environment.clock).await {
                Err(words) => Some(Hindrance::Encoder(words)),
                Ok(()) => self.of_folders(size).await,
            },
            E::Tag(_) | E::Shelf(_) | E::Archive(ArchiveError::Shelf(_)) => self.of_folders(size).await,
            E::Encode(_) | E::Tape(_) | E::Catalogue(_) | E::Archive(_) => self.of_tapes().await,
        }
    }

    /// Whether what is like `hindrance` is still in the way.
    pub(super) async fn is_hindered(&self, hindrance: &Hindrance, size: u64) -> bool {
        match hindrance {
            Hindrance::Encoder(_) => runs(&self.environment.clock).await.is_err(),
            _ => {
                room::is_short(self.shelf.output(), size).await
                    || self.of_folders(size).await.is_some()
                    || self.of_tapes().await.is_some()
            }
        }
    }

    async fn of_folders(&self, size: u64) -> Option<Hindrance> {
        self.of_shelf(&self.shelf.probe(size).await.err()?)
    }

    /// What an error of the output folder means.
    pub(super) fn of_shelf(&self, error: &ShelfError) -> Option<Hindrance> {
        match error {
            ShelfError::Stopping => None,
            error if error.is_disk_full() => Some(Hindrance::Full(error.to_string())),
            // The folder is named already.
            ShelfError::File { source, .. } => Some(self.of_output(source.to_string())),
            error => Some(self.of_output(error.to_string())),
        }
    }

    async fn of_tapes(&self) -> Option<Hindrance> {
        let folder = self.decks.folder();
        match shelf::probe(folder, SOME).await {
            Ok(()) | Err(ShelfError::Stopping) => None,
            Err(error) if error.is_disk_full() => Some(Hindrance::Full(error.to_string())),
            Err(error) => Some(Hindrance::Folder { what: "tape", folder: folder.to_owned(), words: error.to_string() }),
        }
    }

    fn of_output(&self, words: String) -> Hindrance {
        Hindrance::Folder { what: OUTPUT, folder: self.shelf.output().to_owned(), words }
    }
}

/// Whether ffmpeg can be run at all: in the middle of an upgrade it is not there, or its libraries are not.
async fn runs(clock: &SharedClock) -> Result<(), String> {
    let mut ffmpeg = Invocation::new("ffmpeg").args(["-version"]).spawn(clock).map_err(|error| error.to_string())?;
    match ffmpeg.wait_within(ANSWERS_WITHIN).await {
        Ok(Ok(status)) if status.success() => Ok(()),
        Ok(Ok(status)) => Err(format!("`ffmpeg -version` ends with {status}: {}", ffmpeg.last_words())),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("`ffmpeg -version` does not end".to_owned()),
    }
}
