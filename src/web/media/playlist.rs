//! The sound of a stretch of tape as a playlist (RFC 8216), with the sound as it came.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use chrono::SecondsFormat;

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
        let Self { listed, skipped, folder, course } = self;
        let target = listed.iter().map(|listed| listed.duration.as_secs_f64().ceil()).fold(1.0, f64::max);
        let kind = if *course == Course::Whole { "VOD" } else { "EVENT" };
        let mut text = format!(
            "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:{target}\n#EXT-X-MEDIA-SEQUENCE:{skipped}\n\
             #EXT-X-PLAYLIST-TYPE:{kind}\n#EXT-X-START:TIME-OFFSET=0\n"
        );
        let mut map: Option<&Arc<Reel>> = None;
        for Listed { sound, duration, at, on_air, seam, .. } in listed.iter().skip(*skipped) {
            if *seam {
                text.push_str("#EXT-X-DISCONTINUITY\n");
            }
            if sound.reel.init > 0 && map.is_none_or(|map| **map != *sound.reel) {
                let _ = writeln!(text, "#EXT-X-MAP:URI=\"{folder}/{}\"", init_name_of(&sound.reel));
                map = Some(&sound.reel);
            }
            let on_air = on_air.to_rfc3339_opts(SecondsFormat::Millis, true);
            let (seconds, name) = (duration.as_secs_f64(), name_of(sound, *at));
            let _ = write!(text, "#EXT-X-PROGRAM-DATE-TIME:{on_air}\n#EXTINF:{seconds:.6},\n{folder}/{name}\n");
        }
        if *course != Course::Grows {
            text.push_str("#EXT-X-ENDLIST\n");
        }
        text
    }
}

/// Returns the answer to a player that asks for the playlist of this `text`.
pub(super) fn answer(text: String) -> Response {
    ([(CONTENT_TYPE, "application/vnd.apple.mpegurl"), (CACHE_CONTROL, "no-store")], text).into_response()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use chrono::{DateTime, TimeDelta};

    use super::*;
    use crate::model::Container;
    use crate::tape::Sound;

    fn listed(container: Container, offset: u64, at: u64, on_air: i64, seam: bool) -> Listed {
        let init = if container == Container::Fmp4 { 7 } else { 0 };
        let path = format!("/tape/s/reel.{}", container.extension()).into();
        let reel = Arc::new(Reel { path, container, detail: String::new(), init });
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
}
