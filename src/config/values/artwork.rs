//! The picture of a station or a show.

use std::path::PathBuf;

use url::Url;

/// The picture of a station or a show: PNG or JPEG.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Artwork {
    /// A file, absolute.
    File(PathBuf),
    /// An address from which it is fetched.
    Url(Url),
}

impl Artwork {
    /// The largest picture that is used, in bytes: podcast apps fetch it over and over.
    pub const LARGEST: u64 = 2 << 20;
}
