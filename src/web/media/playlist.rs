//! The sound of a stretch of tape as a playlist (RFC 8216), with the sound as it came.

use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use axum::http::HeaderMap;
use axum::http::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, VARY};
use axum::response::{IntoResponse, Response};
use chrono::SecondsFormat;
use flate2::Compression;
use flate2::write::GzEncoder;

use super::segment::{init_name_of, name_of};
use crate::tape::{Listed, Reel};

/// How a playlist goes on (section 4.3.3.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Course {
    /// It grows.
    Grows,
    /// It grew, and has come to its end.
    Ended,
    /// All of it was there from the beginning.
    Whole,
}

/// A playlist.
#[derive(Debug)]
pub(super) struct Playlist<'a> {
    /// Its segments.
    pub listed: &'a [Listed],
    /// How many of the first segments are left out.
    pub skipped: usize,
    /// The folder of the segments, relative to the playlist.
    pub folder: &'a str,
    pub course: Course,
}

impl Playlist<'_> {
    /// Writes it. Players that get it begin at its beginning, also while it grows.
    pub(super) fn text(&self) -> String {
        let Self { listed, skipped, folder, course } = *self;
        let target = listed.iter().map(target_of).max().unwrap_or(1);
        let mut text = head(7, target, skipped, course);
        let mut map = None;
        for listed in listed.iter().skip(skipped) {
            add(&mut text, listed, folder, &mut map);
        }
        if course != Course::Grows {
            text.push_str(END);
        }
        text
    }
}

/// The line that says that nothing will be added.
pub(super) const END: &str = "#EXT-X-ENDLIST\n";

/// The least target duration with which a segment may be listed, in seconds (section 4.3.3.1).
pub(super) fn target_of(listed: &Listed) -> u64 {
    let whole = listed.duration.as_secs();
    (whole + u64::from(listed.duration > Duration::from_secs(whole))).max(1)
}

/// The first lines of a playlist whose first segment has the number `first`.
pub(super) fn head(version: u8, target: u64, first: usize, course: Course) -> String {
    let kind = if course == Course::Whole { "VOD" } else { "EVENT" };
    format!(
        "#EXTM3U\n#EXT-X-VERSION:{version}\n#EXT-X-TARGETDURATION:{target}\n#EXT-X-MEDIA-SEQUENCE:{first}\n\
         #EXT-X-PLAYLIST-TYPE:{kind}\n#EXT-X-START:TIME-OFFSET=0\n"
    )
}

/// The line about the initialisation section of a reel in `folder`; empty if it has none.
pub(super) fn map_line(reel: &Reel, folder: &str) -> String {
    if reel.init > 0 { format!("#EXT-X-MAP:URI=\"{folder}/{}\"\n", init_name_of(reel)) } else { String::new() }
}

/// Adds a segment in `folder` to `text`. `map` is the reel whose initialisation section counts.
pub(super) fn add(text: &mut String, listed: &Listed, folder: &str, map: &mut Option<Arc<Reel>>) {
    let Listed { sound, duration, at, on_air, seam, .. } = listed;
    if *seam {
        text.push_str("#EXT-X-DISCONTINUITY\n");
    }
    if sound.reel.init > 0 && map.as_ref().is_none_or(|map| *map != sound.reel) {
        text.push_str(&map_line(&sound.reel, folder));
        *map = Some(Arc::clone(&sound.reel));
    }
    let on_air = on_air.to_rfc3339_opts(SecondsFormat::Millis, true);
    let (seconds, name) = (duration.as_secs_f64(), name_of(sound, *at));
    let _ = write!(text, "#EXT-X-PROGRAM-DATE-TIME:{on_air}\n#EXTINF:{seconds:.6},\n{folder}/{name}\n");
}

/// The media type of a playlist.
pub(super) const KIND: &str = "application/vnd.apple.mpegurl";
/// A playlist of fewer bytes is not compressed.
const LEAST_PACKED: usize = 8 * 1024;

/// A playlist as it is sent.
#[derive(Debug)]
pub(super) enum Sent {
    Plain(String),
    /// Compressed by gzip.
    Packed(Vec<u8>),
}

impl Sent {
    /// Compresses `text` if the client `takes_gzip` and it is long: a playlist shrinks to a tenth. Takes some time.
    pub(super) fn of(text: String, takes_gzip: bool) -> Self {
        if !takes_gzip || text.len() < LEAST_PACKED {
            return Self::Plain(text);
        }
        let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
        let packed = packer.write_all(text.as_bytes()).and_then(|()| packer.finish());
        // Nothing can fail in memory.
        packed.map_or(Self::Plain(text), Self::Packed)
    }
}

/// Whether a client takes a body that is compressed by gzip (RFC 9110 section 12.5.3).
pub(super) fn takes_gzip(asked: &HeaderMap) -> bool {
    let codings = asked.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    codings.flat_map(|value| value.split(',')).any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let is_none = weight.trim().strip_prefix("q=").and_then(|weight| weight.parse::<f32>().ok()) == Some(0.0);
        name.trim().eq_ignore_ascii_case("gzip") && !is_none
    })
}

/// Returns the answer to a player that asks for the playlist of this `text`.
pub(super) fn answer(text: String) -> Response {
    answer_sent(Sent::Plain(text))
}

/// Returns the answer with this playlist. A browser is not to store it: one that grows has changed whenever it is asked for
/// again, so that no condition of a request would spare it.
pub(super) fn answer_sent(sent: Sent) -> Response {
    let head = [(CONTENT_TYPE, KIND), (CACHE_CONTROL, "no-store"), (VARY, "Accept-Encoding")];
    match sent {
        Sent::Plain(text) => (head, text).into_response(),
        Sent::Packed(bytes) => (head, [(CONTENT_ENCODING, "gzip")], bytes).into_response(),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use chrono::{DateTime, TimeDelta};

    use super::*;
    use crate::model::Container;
    use crate::tape::Sound;

    fn listed(container: Container, offset: u64, at: u64, on_air: i64, seam: bool) -> Listed {
        let init = if container == Container::Fmp4 { 7 } else { 0 };
        let path = format!("/tape/s/reel.{}", container.extension()).into();
        let reel = Arc::new(Reel { path, container, detail: String::new(), init, head: None });
        Listed {
            sound: Sound { reel, offset, length: 100 },
            duration: Duration::from_millis(2_500),
            at: Duration::from_millis(at),
            in_cut: Duration::ZERO,
            on_air: DateTime::UNIX_EPOCH + TimeDelta::milliseconds(on_air),
            seam,
        }
    }

    fn text(listed: &[Listed], skipped: usize, course: Course) -> String {
        Playlist { listed, skipped, folder: "tape", course }.text()
    }

    #[test]
    fn every_segment_says_when_it_was_on_the_air_and_a_hole_and_another_format_are_marked() {
        let sounds = [
            listed(Container::Adts, 0, 0, 1_000, false),
            listed(Container::Adts, 100, 2_500, 3_500, false),
            // A minute is missing.
            listed(Container::Adts, 200, 5_000, 66_000, true),
            listed(Container::Fmp4, 7, 7_500, 68_500, true),
            listed(Container::Fmp4, 107, 10_000, 71_000, false),
            listed(Container::MpegTs, 0, 12_500, 73_500, true),
        ];
        let wanted = "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:3\n#EXT-X-MEDIA-SEQUENCE:0\n\
            #EXT-X-PLAYLIST-TYPE:EVENT\n#EXT-X-START:TIME-OFFSET=0\n\
            #EXT-X-PROGRAM-DATE-TIME:1970-01-01T00:00:01.000Z\n#EXTINF:2.500000,\ntape/reel-0-0.aac\n\
            #EXT-X-PROGRAM-DATE-TIME:1970-01-01T00:00:03.500Z\n#EXTINF:2.500000,\ntape/reel-100-2500.aac\n\
            #EXT-X-DISCONTINUITY\n\
            #EXT-X-PROGRAM-DATE-TIME:1970-01-01T00:01:06.000Z\n#EXTINF:2.500000,\ntape/reel-200-5000.aac\n\
            #EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI=\"tape/reel-init.mp4\"\n\
            #EXT-X-PROGRAM-DATE-TIME:1970-01-01T00:01:08.500Z\n#EXTINF:2.500000,\ntape/reel-7.mp4\n\
            #EXT-X-PROGRAM-DATE-TIME:1970-01-01T00:01:11.000Z\n#EXTINF:2.500000,\ntape/reel-107.mp4\n\
            #EXT-X-DISCONTINUITY\n\
            #EXT-X-PROGRAM-DATE-TIME:1970-01-01T00:01:13.500Z\n#EXTINF:2.500000,\ntape/reel-0.ts\n";
        assert_eq!(text(&sounds, 0, Course::Grows), wanted);
        let rest = text(&sounds, 4, Course::Grows);
        assert!(rest.contains("#EXT-X-MEDIA-SEQUENCE:4\n"), "{rest}");
        let first = rest.lines().skip(6).collect::<Vec<_>>();
        assert_eq!(first[0], "#EXT-X-MAP:URI=\"tape/reel-init.mp4\"", "whatever begins needs its head: {rest}");
    }

    #[test]
    fn a_playlist_that_grows_has_no_end_and_one_that_is_whole_is_no_event() {
        let sounds = [listed(Container::Adts, 0, 0, 0, false)];
        for (course, kind, ends) in
            [(Course::Grows, "EVENT", false), (Course::Ended, "EVENT", true), (Course::Whole, "VOD", true)]
        {
            let text = text(&sounds, 0, course);
            assert!(text.contains(&format!("#EXT-X-PLAYLIST-TYPE:{kind}\n")), "{text}");
            assert_eq!(text.ends_with("\n#EXT-X-ENDLIST\n"), ends, "{text}");
        }
    }

    #[test]
    fn a_long_playlist_is_compressed_for_those_who_take_that() {
        let takes = |value: &'static str| {
            takes_gzip(&[(ACCEPT_ENCODING, HeaderValue::from_static(value))].into_iter().collect())
        };
        assert!(takes("gzip") && takes("br, GZIP;q=0.5") && takes("deflate , gzip"));
        assert!(!takes("") && !takes("br") && !takes("gzip;q=0") && !takes("gzip; q=0.0") && !takes("x-gzip2"));
        assert!(!takes_gzip(&HeaderMap::new()));
        let long = "#EXTINF:2.000000,\n".repeat(40_000);
        assert!(matches!(Sent::of(long.clone(), true), Sent::Packed(bytes) if bytes.len() < long.len() / 10));
        assert!(
            matches!(Sent::of(long, false), Sent::Plain(_))
                && matches!(Sent::of(text(&[], 0, Course::Grows), true), Sent::Plain(_))
        );
    }
}
