//! The picture of a station or a show.

use std::path::PathBuf;

use url::Url;

/// The picture of a station or a show: PNG or JPEG.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Artwork {
    /// A file, absolute.
    File(PathBuf),
    /// To be fetched.
    Url(Url),
}

impl Artwork {
    /// A larger picture is not used, in bytes: apps fetch it over and over.
    pub const LARGEST: u64 = 2 << 20;
}
