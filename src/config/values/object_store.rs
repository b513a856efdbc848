//! The object store to which recordings are copied.

use std::fmt;

use url::Url;

use super::Template;

/// An S3-compatible object store, and what is copied there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectStore {
    /// The bucket.
    pub bucket: String,
    /// The address of the store, without the bucket.
    pub endpoint: Url,
    /// The region that requests are signed for.
    pub region: String,
    /// How the names of all copies begin; empty, or with a `/` at its end.
    pub prefix: String,
    /// Who asks.
    pub keys: Keys,
    /// The names of the copies, without prefix and extension; `None` if they have the names of the files.
    pub name: Option<Template>,
    /// The folder of what is copied of a tape, without prefix; `None` if it has the usual one.
    pub tape_name: Option<Template>,
    /// What is copied.
    pub what: Vec<CopiedKind>,
    /// How long the files of the output folder stay after they were copied, in days; `None` if they stay.
    pub local_days: Option<u32>,
    /// The largest file that is sent in one go, in bytes; a larger one is sent in parts.
    pub whole_up_to: u64,
}

/// With which keys requests are signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Keys {
    /// With those of the file.
    Given {
        /// The name of the key.
        access: String,
        /// The key.
        secret: Secret,
    },
    /// With those that this machine has in its cloud.
    Instance,
}

/// A text that no log and no message shows.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// A kind of what can be copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CopiedKind {
    /// Recordings of shows, and those that were asked for by hand.
    Recordings,
    /// Clips.
    Clips,
    /// Reels that have ended of the stations that are always on tape, with their indexes and seals.
    Reels,
    /// What was on tape of each day of those stations.
    Accounts,
}

impl CopiedKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Recordings, Self::Clips, Self::Reels, Self::Accounts];

    /// Returns its word in the file and in the catalogue.
    pub fn word(self) -> &'static str {
        match self {
            Self::Recordings => "recordings",
            Self::Clips => "clips",
            Self::Reels => "reels",
            Self::Accounts => "accounts",
        }
    }

    /// Whether it is on the list of recordings.
    pub fn is_listed(self) -> bool {
        matches!(self, Self::Recordings | Self::Clips)
    }
}

impl ObjectStore {
    /// Returns where the copies are, for people and for the catalogue: the address with the bucket.
    pub fn place(&self) -> String {
        format!("{}/{}", self.endpoint.as_str().trim_end_matches('/'), self.bucket)
    }
}
