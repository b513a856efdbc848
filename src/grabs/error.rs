//! Why nothing can be grabbed, or why it ended before everything was tried.

use std::path::PathBuf;

use thiserror::Error;

use super::folder::FolderError;
use super::wrong::Wrong;
use crate::base::http::HttpError;
use crate::capture::source::hls::{FetchError, LoadError};
use crate::capture::source::resolve::ResolveError;
use crate::library::store::StoreError;
use crate::model::{AsCause, CauseKind};

/// Why nothing can be grabbed, or why it ended before everything was tried.
#[derive(Debug, Error)]
pub enum GrabError {
    /// What was asked for cannot be meant.
    #[error(transparent)]
    Wrong(#[from] Wrong),
    /// Nothing is where it was asked for.
    #[error("{0}")]
    Absent(String),
    /// It has no end.
    #[error(
        "{url} is live: its playlist has no end (EXT-X-ENDLIST), and a grab would never be done. To record it, write \
             it into your stations.yaml as a station, `hls: \"{url}\"`, and run `aircheck record STATION --for 1h`"
    )]
    Live {
        /// Its address, redacted.
        url: String,
    },
    /// The list cannot be had.
    #[error(transparent)]
    List(#[from] LoadError),
    /// A page names no list.
    #[error("{url} is a page, and no address of a playlist (.m3u8) was found in it: {source}")]
    Page {
        /// Its address, redacted.
        url: String,
        /// What was tried.
        source: ResolveError,
    },
    /// The steps find no address.
    #[error("the steps of `find` lead to no address: {source}")]
    Steps {
        /// Which of them, and why.
        source: ResolveError,
    },
    /// A list without segments.
    #[error("the playlist at {url} names no segments: there is nothing in it")]
    Nothing {
        /// Its address, redacted.
        url: String,
    },
    /// The HTTP client cannot be made, or a request failed.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// Nobody can tell where numbered segments begin or end.
    #[error("it cannot be found out which segments there are: {source}; say it with `--from` and `--count`")]
    Probing {
        /// What failed.
        source: FetchError,
    },
    /// Nothing came for long.
    #[error("nothing more came for {minutes} minutes: {cause}; run it again, and it goes on")]
    Away {
        /// How many.
        minutes: u64,
        /// Why.
        cause: String,
    },
    /// The address is not good any more.
    #[error("the server refuses one segment after another: {cause}; run it again with a new address, and it goes on")]
    Refused {
        /// Why.
        cause: String,
    },
    /// It is larger than allowed.
    #[error("it is larger than is allowed (`grab: {{ largest: … }}` or `--largest`)")]
    TooLarge,
    /// There is too little room for it and for what else needs some.
    #[error("{0}")]
    Room(String),
    /// Its folder cannot be used.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The file cannot be made of what came.
    #[error("{file} cannot be made of the segments: {reason}; a name that ends with .mkv takes every codec", file = .file.display())]
    Packing {
        /// The file.
        file: PathBuf,
        /// What ffmpeg says.
        reason: String,
    },
    /// It cannot get its name.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Not one segment came.
    #[error("none of the segments came: {0}")]
    Empty(String),
}

impl GrabError {
    /// Whether what was asked for is at fault, and no other try can help.
    pub fn is_wrong(&self) -> bool {
        matches!(self, Self::Wrong(_) | Self::Absent(_) | Self::Live { .. })
    }
}

impl AsCause for GrabError {
    fn cause_kind(&self) -> CauseKind {
        match self {
            Self::Http(error) => error.cause_kind(),
            Self::List(error) => error.cause_kind(),
            Self::Probing { source } => source.cause_kind(),
            Self::Page { source, .. } | Self::Steps { source } => source.cause_kind(),
            Self::Wrong(_) | Self::Absent(_) | Self::Live { .. } | Self::Nothing { .. } => CauseKind::Playlist,
            Self::Away { .. } => CauseKind::Connection,
            Self::Refused { .. } => CauseKind::Refused,
            Self::Room(_) => CauseKind::DiskFull,
            Self::Folder(error) if error.is_disk_full() => CauseKind::DiskFull,
            Self::Store(error) if error.is_disk_full() => CauseKind::DiskFull,
            Self::Empty(_) => CauseKind::Segment,
            Self::TooLarge | Self::Folder(_) | Self::Packing { .. } | Self::Store(_) => CauseKind::Internal,
        }
    }
}
