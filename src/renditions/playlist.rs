//! The playlists (RFC 8216): one of the renditions, and one of the segments of each.

use std::fmt::Write as _;

use super::layout::Layout;

/// The version of the protocol: the least with fragmented MP4 (section 7), as Apple's authoring rules name it.
const VERSION: u32 = 7;
/// AAC-LC (RFC 6381 section 3.3).
const CODECS: &str = "mp4a.40.2";

/// How many bits per second a rendition takes with all that is around its sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rates {
    /// In the segment that takes most.
    pub peak: u64,
    /// Over the whole length.
    pub average: u64,
}

impl Rates {
    /// Returns what segments of these `sizes` in bytes take; `layout` says how long each plays. What is so short that it only
    /// fills up the segment before it counts with that (section 4.3.4.2).
    pub fn measured(layout: &Layout, sizes: &[u32]) -> Self {
        let seconds = |number: usize| u32::try_from(number).map_or(0.0, |number| layout.seconds_of(number));
        let half = layout.target() as f64 / 2.0;
        let mut peak: f64 = 0.0;
        let mut before = (0.0, 0.0);
        let mut all = (0.0, 0.0);
        for (number, size) in sizes.iter().enumerate() {
            let mut one = (f64::from(*size) * 8.0, seconds(number));
            all = (all.0 + one.0, all.1 + one.1);
            if one.1 < half {
                one = (one.0 + before.0, one.1 + before.1);
            }
            before = one;
            peak = peak.max(one.0 / one.1.max(0.001));
        }
        Self { peak: bits(peak), average: bits(all.0 / all.1.max(0.001)) }
    }

    /// Returns what an encoder that was told so many `bits` per second takes on average, and what no segment of it takes, before
    /// it is known. Of sound that changes all the time it takes up to a sixth more for some seconds.
    pub(super) fn expected(layout: &Layout, bits: u32) -> Self {
        // The size of each frame, and what is around those of a segment.
        let around = u64::from(layout.rate) * 32 / 1_024 + 1_100 / layout.target().max(1);
        let bits = u64::from(bits);
        Self { peak: bits + bits / 5 + around, average: bits + around }
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "never negative, and far below 2^53")]
fn bits(bits: f64) -> u64 {
    bits.ceil() as u64
}

/// Returns the name of the rendition with so many `bits` per second in addresses: `128k`.
pub fn name_of(bits: u32) -> String {
    format!("{}k", bits / 1_000)
}

/// Writes the master playlist of renditions with so many bits per second, each beside what it takes. `query` follows every
/// address.
pub fn master(renditions: &[(u32, Rates)], query: &str) -> String {
    let mut text = format!("#EXTM3U\n#EXT-X-VERSION:{VERSION}\n#EXT-X-INDEPENDENT-SEGMENTS\n");
    for (bits, Rates { peak, average }) in renditions {
        let (kilo, name) = (bits / 1_000, name_of(*bits));
        let _ = write!(
            text,
            "#EXT-X-STREAM-INF:BANDWIDTH={peak},AVERAGE-BANDWIDTH={average},CODECS=\"{CODECS}\",NAME=\"{kilo} kbit/s\"\n\
             {name}.m3u8{query}\n"
        );
    }
    text
}

/// Writes the playlist of a rendition whose segments are in `folder`, relative to it. `query` follows every address.
pub fn media(layout: &Layout, folder: &str, query: &str) -> String {
    let mut text = format!(
        "#EXTM3U\n#EXT-X-VERSION:{VERSION}\n#EXT-X-TARGETDURATION:{}\n#EXT-X-MEDIA-SEQUENCE:0\n\
         #EXT-X-PLAYLIST-TYPE:VOD\n#EXT-X-INDEPENDENT-SEGMENTS\n#EXT-X-MAP:URI=\"{folder}/{INIT}{query}\"\n",
        layout.target()
    );
    for number in 0..layout.segments() {
        let (seconds, name) = (layout.seconds_of(number), segment_name(number));
        let _ = write!(text, "#EXTINF:{seconds:.6},\n{folder}/{name}{query}\n");
    }
    text.push_str("#EXT-X-ENDLIST\n");
    text
}

/// The name of the initialisation section.
pub const INIT: &str = "init.mp4";

/// Returns the name of a segment.
pub fn segment_name(number: u32) -> String {
    format!("{number}.m4s")
}

/// Returns the number of the segment with this name. A segment has one name.
pub fn segment_number(name: &str) -> Option<u32> {
    let number = name.strip_suffix(".m4s")?.parse().ok()?;
    (segment_name(number) == name).then_some(number)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn layout(seconds: f64) -> Layout {
        Layout::new(48_000, 2, Duration::from_secs_f64(seconds), Duration::from_secs(10))
    }

    #[test]
    fn the_playlist_of_a_rendition_is_whole_before_anything_is_encoded() {
        let wanted = "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:10\n#EXT-X-MEDIA-SEQUENCE:0\n\
            #EXT-X-PLAYLIST-TYPE:VOD\n#EXT-X-INDEPENDENT-SEGMENTS\n#EXT-X-MAP:URI=\"64k/v/init.mp4?token=x\"\n\
            #EXTINF:9.984000,\n64k/v/0.m4s?token=x\n#EXTINF:9.984000,\n64k/v/1.m4s?token=x\n\
            #EXTINF:5.034667,\n64k/v/2.m4s?token=x\n#EXT-X-ENDLIST\n";
        assert_eq!(media(&layout(25.0), "64k/v", "?token=x"), wanted);
    }

    #[test]
    fn the_master_playlist_names_what_each_rendition_takes() {
        let rates = Rates { peak: 71_000, average: 66_000 };
        let text = master(&[(320_000, Rates { peak: 350_000, average: 322_000 }), (64_000, rates)], "");
        let wanted = "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-INDEPENDENT-SEGMENTS\n\
            #EXT-X-STREAM-INF:BANDWIDTH=350000,AVERAGE-BANDWIDTH=322000,CODECS=\"mp4a.40.2\",NAME=\"320 kbit/s\"\n\
            320k.m3u8\n\
            #EXT-X-STREAM-INF:BANDWIDTH=71000,AVERAGE-BANDWIDTH=66000,CODECS=\"mp4a.40.2\",NAME=\"64 kbit/s\"\n64k.m3u8\n";
        assert_eq!(text, wanted);
    }

    #[test]
    fn the_peak_is_that_of_the_largest_segment_and_a_short_rest_counts_with_the_one_before() {
        let rates = Rates::measured(&layout(25.0), &[124_800, 249_600, 62_934]);
        assert_eq!(rates.peak, 200_000);
        assert_eq!(rates.average, 139_932);
        // 36 ms of sound with what is around every segment.
        let short = Rates::measured(&layout(20.0), &[124_800, 124_800, 1_000]);
        assert_eq!(short.peak, 100_373);
        assert_eq!(Rates::measured(&layout(25.0), &[]), Rates { peak: 0, average: 0 });
    }

    #[test]
    fn a_segment_has_one_name() {
        assert_eq!((segment_number("0.m4s"), segment_number("107.m4s")), (Some(0), Some(107)));
        for none in ["", ".m4s", "-1.m4s", "+1.m4s", "01.m4s", "1.ts", "init.mp4", "99999999999.m4s", "../1.m4s"] {
            assert_eq!(segment_number(none), None, "{none}");
        }
    }
}
