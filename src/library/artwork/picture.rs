//! A picture, ready to be sent or embedded.

use bytes::Bytes;

use crate::base::image::ImageKind;

/// A picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// The format.
    pub kind: ImageKind,
    /// The content of the file.
    pub bytes: Bytes,
}

/// The use of a picture, which decides how large it is drawn. A picture that the YAML names is not scaled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Size {
    /// In feeds for podcast apps.
    Feed,
    /// In recordings.
    Cover,
    /// On the page.
    Small,
}

impl Size {
    /// Returns width and height.
    pub fn pixels(self) -> u16 {
        match self {
            // The least that Apple accepts.
            Self::Feed => 1400,
            Self::Cover => 600,
            Self::Small => 300,
        }
    }
}
