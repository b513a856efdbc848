//! A picture, ready to be sent or embedded.

use bytes::Bytes;

use crate::base::image::ImageKind;

/// A picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// What it is.
    pub kind: ImageKind,
    /// The file.
    pub bytes: Bytes,
}

/// What a picture is for: how large it is drawn. One that was given is as large as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Size {
    /// For podcast apps.
    Feed,
    /// For recordings.
    Cover,
    /// For the page.
    Small,
}

impl Size {
    /// Width and height.
    pub fn pixels(self) -> u16 {
        match self {
            // The least that Apple takes.
            Self::Feed => 1400,
            Self::Cover => 600,
            Self::Small => 300,
        }
    }
}
