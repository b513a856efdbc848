//! A track: what a station said that it played, as far as a recording has it.

use std::time::Duration;

use super::Span;

/// What stands between artist and title in most of what stations say.
const BETWEEN: &str = " - ";

/// A track of a recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Track {
    /// From when to when it was on the air, as far as the recording has it.
    pub on_air: Span,
    /// Where in the file it begins.
    pub at: Duration,
    /// How long it plays in the file.
    pub length: Duration,
    /// The station's words: hostile text on one line.
    pub text: String,
}

impl Track {
    /// The longest text, in characters; the rest is cut off.
    pub const LONGEST_TEXT: usize = 400;

    /// Returns artist and title. The whole text is the title unless it has ` - ` in it exactly once: with several, nobody
    /// knows which of them stands between the two.
    pub fn artist_and_title(&self) -> (Option<&str>, &str) {
        match self.text.split_once(BETWEEN) {
            Some((artist, title))
                if !title.contains(BETWEEN) && !artist.trim().is_empty() && !title.trim().is_empty() =>
            {
                (Some(artist.trim()), title.trim())
            }
            _ => (None, &self.text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_artist_and_title_only_if_that_is_beyond_doubt() {
        let parts = |text: &str| {
            let on_air = Span::new(chrono::DateTime::UNIX_EPOCH, chrono::DateTime::UNIX_EPOCH);
            let track = Track { on_air, at: Duration::ZERO, length: Duration::ZERO, text: text.to_owned() };
            let (artist, title) = track.artist_and_title();
            (artist.unwrap_or_default().to_owned(), title.to_owned())
        };
        let pair = |artist: &str, title: &str| (artist.to_owned(), title.to_owned());
        assert_eq!(parts("Clara Schumann - Romanze"), pair("Clara Schumann", "Romanze"));
        assert_eq!(parts("a-ha -  Take On Me"), pair("a-ha", "Take On Me"));
        for whole in ["명연주 명음반", "A-ha", "A - B - C", " - B", "A - ", ""] {
            assert_eq!(parts(whole), pair("", whole));
        }
    }
}
