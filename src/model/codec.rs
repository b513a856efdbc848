//! The codecs that recordings are encoded with, and what each is to files, players and browsers. One table for all.

use std::path::Path;

/// The codec of a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Codec {
    /// MPEG-1 layer III (ISO/IEC 11172-3), by LAME, with ID3v2 tags.
    #[default]
    Mp3,
}

impl Codec {
    /// All of them.
    pub const ALL: [Self; 1] = [Self::Mp3];

    /// The extension of its files, without a dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Mp3 => "mp3",
        }
    }

    /// The media type of its files (RFC 3003 for MP3).
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Mp3 => "audio/mpeg",
        }
    }

    /// The codec of a file, by its extension in whatever case.
    pub fn of_file(file: &Path) -> Option<Self> {
        let extension = file.extension()?;
        Self::ALL.into_iter().find(|codec| extension.eq_ignore_ascii_case(codec.extension()))
    }

    /// What `name` is called without the extension of its codec, and that codec. `None` if it has none. Addresses are
    /// compared as they are written.
    pub fn split(name: &str) -> Option<(&str, Self)> {
        let (stem, extension) = name.rsplit_once('.')?;
        Some((stem, Self::ALL.into_iter().find(|codec| codec.extension() == extension)?))
    }

    /// `stem` with the extension of the codec.
    pub fn name(self, stem: impl std::fmt::Display) -> String {
        format!("{stem}.{}", self.extension())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_parted_into_what_was_joined() {
        for codec in Codec::ALL {
            assert_eq!(Codec::split(&codec.name("news@1.5")), Some(("news@1.5", codec)));
            assert_eq!(Codec::of_file(Path::new(&codec.name("a/b"))), Some(codec));
        }
        assert_eq!(Codec::of_file(Path::new("뉴스.MP3")), Some(Codec::Mp3));
        assert_eq!((Codec::split("news"), Codec::split("news.MP3"), Codec::split("news.mp3.part")), (None, None, None));
    }
}
