//! What the folder of a grab holds, and what its index says of it.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use twox_hash::XxHash3_64;

use crate::library::store::is_full;
use crate::model::Container;

/// Why the folder of a grab cannot be used.
#[derive(Debug, Error)]
pub enum FolderError {
    /// The disk refuses.
    #[error("{} cannot be {doing}: {source}", path.display())]
    File {
        /// What was tried: `read`, `written`.
        doing: &'static str,
        /// Which file or folder.
        path: PathBuf,
        /// The reason of the system.
        source: io::Error,
    },
    /// Another process uses it.
    #[error("another aircheck is downloading into {}: wait for it, or stop it", .0.display())]
    InUse(PathBuf),
    /// It belongs to another address.
    #[error(
        "{} holds what has come of another download, {of}: choose another name for the file, or remove that folder",
        path.display()
    )]
    Other {
        /// The folder.
        path: PathBuf,
        /// Whose it is.
        of: String,
    },
    /// The thread that writes is gone.
    #[error("what came could not be written: the thread that writes is gone")]
    Broken,
    /// It was written by a later release.
    #[error("{} was written by a newer aircheck: remove it, or go on with that", .0.display())]
    Newer(PathBuf),
}

impl FolderError {
    /// A copy of a failed write, for another segment that was in it: an error of the system cannot be cloned.
    pub(super) fn again(&self) -> Self {
        match self {
            Self::File { doing, path, source } => {
                let again = source.raw_os_error().map_or_else(|| source.kind().into(), io::Error::from_raw_os_error);
                Self::File { doing, path: path.clone(), source: again }
            }
            _ => Self::Broken,
        }
    }

    /// Whether there is no room on the disk.
    pub fn is_disk_full(&self) -> bool {
        matches!(self, Self::File { source, .. } if is_full(source))
    }
}

/// Some bytes of a file of the folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Place {
    /// The first.
    pub at: u64,
    /// How many.
    pub bytes: u64,
}

/// A segment: the number of its track, and its own.
pub type SegmentId = (u8, u64);

/// A segment that has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// The hash of its name in its list.
    pub name: u64,
    /// The hash of its bytes.
    pub hash: u64,
    /// Where it lies, in which kind of file.
    pub place: Place,
    /// The extension of that file.
    pub kind: Kind,
    /// How long it plays, if that is known.
    pub plays: Option<Duration>,
    /// How much of its end is missing; a part that nobody can tell if it is [`Duration::MAX`].
    pub lacks: Duration,
    /// The number of its initialisation section.
    pub init: Option<usize>,
    /// Whether its bytes say when it plays, so that no other segment has the same.
    pub is_timed: bool,
}

/// The extension of a file of the folder: that of a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Kind(pub &'static str);

/// An initialisation section.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Init {
    /// The track that it belongs to.
    pub track: u8,
    /// The extension of its file, as of the segments.
    pub kind: Kind,
    /// Where it lies. No bytes: it is not there.
    pub place: Place,
    /// The hash of its bytes.
    pub hash: u64,
}

/// What is to be kept of a segment that has come.
#[derive(Debug, Clone)]
pub struct Kept {
    /// Which.
    pub id: SegmentId,
    /// Its name in its list.
    pub name: u64,
    /// Its bytes, decrypted.
    pub bytes: Bytes,
    /// Their [`hash`].
    pub hash: u64,
    /// Their extension.
    pub kind: Kind,
    /// Its initialisation section.
    pub init: Option<Bytes>,
    /// As in [`Entry`].
    pub plays: Option<Duration>,
    /// As in [`Entry`].
    pub lacks: Duration,
    /// As in [`Entry`].
    pub is_timed: bool,
}

/// The name of the file of a track and a kind.
pub fn file_name(track: u8, kind: Kind) -> String {
    format!("{track}.{}", kind.0)
}

/// Makes an error of one of the system.
pub fn failed(doing: &'static str, path: &Path) -> impl Fn(io::Error) -> FolderError + use<> {
    let path = path.to_owned();
    move |source| FolderError::File { doing, path: path.clone(), source }
}

/// The kind with this extension, if it is one that is written here.
pub(super) fn known(extension: &str) -> Option<Kind> {
    Container::ALL.into_iter().map(Container::live_extension).find(|known| *known == extension).map(Kind)
}

/// A line of the index.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Line {
    Grab { version: u32, of: String },
    Init { track: u8, kind: String, place: Place, hash: u64 },
    Segment(SegmentLine),
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct SegmentLine {
    pub track: u8,
    pub number: u64,
    pub name: u64,
    pub kind: String,
    pub place: Place,
    pub hash: u64,
    pub plays_ms: Option<u64>,
    pub lacks_ms: Option<u64>,
    pub init: Option<usize>,
    pub is_timed: bool,
}

/// The hash by which bytes are known again: XXH3, because SHA-256 takes a fifth of all that a download costs.
pub fn hash(bytes: &[u8]) -> u64 {
    XxHash3_64::oneshot(bytes)
}
