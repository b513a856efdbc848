//! What a grab becomes: the container of its file, and whether its streams are copied or its sound is encoded.

use std::path::Path;

/// The kind of file that a grab becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Picture and sound, as they are.
    Mp4,
    /// The sound, as it is.
    M4a,
    /// Picture and sound, as they are; takes every codec.
    Mkv,
    /// Picture and sound, as they are.
    Ts,
    /// AAC frames with ADTS headers, as they are.
    Aac,
    /// The sound, encoded.
    Mp3,
    /// The sound, encoded.
    Opus,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 7] = [Self::Mp4, Self::M4a, Self::Mkv, Self::Ts, Self::Aac, Self::Mp3, Self::Opus];

    /// Their names, for people.
    pub fn names() -> String {
        Self::ALL.map(Self::extension).join(", ")
    }

    /// The media type of its files.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Mp4 => "video/mp4",
            Self::M4a => "audio/mp4",
            Self::Mkv => "video/x-matroska",
            Self::Ts => "video/mp2t",
            Self::Aac => "audio/aac",
            Self::Mp3 => "audio/mpeg",
            Self::Opus => "audio/ogg",
        }
    }

    /// What plays its files in a browser: `video` or `audio`; empty if nothing does.
    pub fn player(self) -> &'static str {
        match self {
            Self::Mp4 => "video",
            Self::M4a | Self::Aac | Self::Mp3 | Self::Opus => "audio",
            Self::Mkv | Self::Ts => "",
        }
    }

    /// The extension of its files, without the dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Mp4 => "mp4",
            Self::M4a => "m4a",
            Self::Mkv => "mkv",
            Self::Ts => "ts",
            Self::Aac => "aac",
            Self::Mp3 => "mp3",
            Self::Opus => "opus",
        }
    }

    /// The format that the name of `file` asks for.
    pub fn of_file(file: &Path) -> Option<Self> {
        let extension = file.extension()?.to_str()?;
        Self::ALL.into_iter().find(|format| extension.eq_ignore_ascii_case(format.extension()))
    }

    /// Whether the picture is wanted, too.
    pub fn has_picture(self) -> bool {
        matches!(self, Self::Mp4 | Self::Mkv | Self::Ts)
    }

    /// The encoder of ffmpeg that it needs, if it needs one.
    pub fn encoder(self) -> Option<&'static str> {
        match self {
            Self::Mp3 => Some("libmp3lame"),
            Self::Opus => Some("libopus"),
            _ => None,
        }
    }

    /// The arguments of ffmpeg between input and output.
    pub(super) fn arguments(self) -> Vec<&'static str> {
        // An attached picture is no stream of pictures (`V`).
        let mut all = if self.has_picture() { vec!["-map", "0:V?", "-map", "0:a?"] } else { vec!["-map", "0:a:0"] };
        all.extend(match self {
            Self::Mp3 => &["-c:a", "libmp3lame", "-b:a", "192k", "-id3v2_version", "4", "-write_xing", "1"][..],
            Self::Opus => &["-c:a", "libopus", "-b:a", "128k"],
            _ => &["-c", "copy"],
        });
        all.extend(match self {
            // What is needed to play comes first, so that a player can begin before it has all.
            Self::Mp4 => &["-movflags", "+faststart", "-f", "mp4"][..],
            Self::M4a => &["-movflags", "+faststart", "-f", "ipod"],
            Self::Mkv => &["-f", "matroska"],
            Self::Ts => &["-f", "mpegts"],
            Self::Aac => &["-f", "adts"],
            Self::Mp3 => &["-f", "mp3"],
            Self::Opus => &["-f", "opus"],
        });
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_file_says_what_is_to_be_made() {
        for format in Format::ALL {
            assert_eq!(Format::of_file(Path::new(&format!("a.b.{}", format.extension()))), Some(format));
        }
        assert_eq!(Format::of_file(Path::new("영화.MP4")), Some(Format::Mp4));
        for other in ["film", "film.", "film.avi", ".mp4", "mp4"] {
            assert_eq!(Format::of_file(Path::new(other)), None, "{other}");
        }
    }
}
