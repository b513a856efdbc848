//! Pictures, recognised by their first bytes. Nothing here decodes them.

/// What kind of picture it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ImageKind {
    /// Portable Network Graphics.
    Png,
    /// JPEG.
    Jpeg,
}

impl ImageKind {
    /// How many bytes from the beginning show the kind.
    pub const TELLING: usize = 8;

    /// The kind of a picture that begins with `bytes`; `None` if it is no picture or of another kind.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        // The signature of PNG (W3C PNG, section 5.2); the start of an image and of its next marker (ITU-T T.81, B.1.1).
        match bytes {
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n', ..] => Some(Self::Png),
            [0xFF, 0xD8, 0xFF, ..] => Some(Self::Jpeg),
            _ => None,
        }
    }

    /// Its media type.
    pub fn mime(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
        }
    }

    /// Its file extension.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Jpeg => "jpg",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_what_it_begins_with_whatever_it_is_called() {
        assert_eq!(ImageKind::of(b"\x89PNG\r\n\x1a\nrest"), Some(ImageKind::Png));
        assert_eq!(ImageKind::of(b"\xff\xd8\xff\xe0rest"), Some(ImageKind::Jpeg));
        for other in [&b"GIF89a"[..], b"RIFF\0\0\0\0WEBP", b"<html>", b"\x89PN", b""] {
            assert_eq!(ImageKind::of(other), None, "{other:?}");
        }
    }
}
