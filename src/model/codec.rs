//! The codecs of recordings, and what each is to files, players and browsers. One table for all.

use std::path::Path;

/// The codec of a recording, in the container that its files have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Codec {
    /// MPEG-1 and MPEG-2 layer III (ISO/IEC 11172-3), with ID3v2 tags.
    #[default]
    Mp3,
    /// AAC (ISO/IEC 14496-3) in MP4 (ISO/IEC 14496-14), with the tags of iTunes.
    Aac,
    /// Opus in Ogg (RFC 7845), with Vorbis comments.
    Opus,
    /// Vorbis in Ogg (Vorbis I, A), with Vorbis comments.
    Vorbis,
}

impl Codec {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Mp3, Self::Aac, Self::Opus, Self::Vorbis];

    /// What people call it.
    pub fn name_for_people(self) -> &'static str {
        match self {
            Self::Mp3 => "MP3",
            Self::Aac => "AAC",
            Self::Opus => "Opus",
            Self::Vorbis => "Vorbis",
        }
    }

    /// The extension of its files, without a dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Mp3 => "mp3",
            Self::Aac => "m4a",
            Self::Opus => "opus",
            Self::Vorbis => "ogg",
        }
    }

    /// The media type of its files (RFC 3003 for MP3, RFC 4337 for MP4, RFC 5334 and RFC 7845 for Ogg).
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Mp3 => "audio/mpeg",
            Self::Aac => "audio/mp4",
            Self::Opus | Self::Vorbis => "audio/ogg",
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
