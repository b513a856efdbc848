//! Which of a master playlist's variants to play: the best sound within the configured limit, without the picture where
//! that can be had.

use std::collections::HashMap;

use m3u8_rs::{AlternativeMediaType, MasterPlaylist};
use url::Url;

use super::address::{absolute, place};

/// Failures in a row after which a variant is passed over while another works: one may be a token that has run out.
const TOLERATED: u32 = 2;

/// The variants of a master playlist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Master {
    variants: Vec<Variant>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Variant {
    bandwidth: u64,
    video: bool,
    /// Its own playlist, and that of its sound alone.
    url: Url,
    audio: Option<Url>,
}

impl Variant {
    fn sound(&self) -> &Url {
        self.audio.as_ref().filter(|_| self.video).unwrap_or(&self.url)
    }
}

impl Master {
    /// Checks what the parser found; variants without a usable address are left out.
    pub(super) fn new(raw: &MasterPlaylist, base: &Url) -> Self {
        let join = |address: &str| absolute(base, address);
        let rendition = |group: &Option<String>| {
            let in_group = raw.alternatives.iter().filter(|media| {
                media.media_type == AlternativeMediaType::Audio && Some(&media.group_id) == group.as_ref()
            });
            // RFC 8216 section 4.3.4.1: DEFAULT is the one to play when nobody chooses.
            in_group.max_by_key(|media| (media.default, media.autoselect)).and_then(|media| join(media.uri.as_deref()?))
        };
        let variants = raw.variants.iter().filter(|variant| !variant.is_i_frame && !variant.uri.is_empty());
        let variants = variants.filter_map(|variant| {
            Some(Variant {
                bandwidth: variant.bandwidth,
                video: variant.resolution.is_some() || variant.codecs.as_deref().is_some_and(has_video),
                url: join(&variant.uri)?,
                audio: rendition(&variant.audio),
            })
        });
        Self { variants: variants.collect() }
    }

    /// The playlist to play: the highest bandwidth within `limit` (in bits per second), sound without picture before
    /// sound with it; the lowest bandwidth where all are above. Those in `failures` are the last resort.
    pub fn choose(&self, limit: Option<u64>, failures: &Failures) -> Option<Url> {
        let within = |variant: &&Variant| limit.is_none_or(|limit| variant.bandwidth <= limit);
        let good: Vec<&Variant> = self.variants.iter().filter(|variant| !failures.many(variant.sound())).collect();
        let usable = if good.is_empty() { self.variants.iter().collect() } else { good };
        // The first of equals, as the station lists its preference first.
        let best = |variants: Vec<&Variant>| {
            variants
                .into_iter()
                .rev()
                .max_by_key(|variant| (!variant.video || variant.audio.is_some(), variant.bandwidth))
                .cloned()
        };
        let chosen = best(usable.iter().copied().filter(|variant| within(variant)).collect())
            .or_else(|| usable.into_iter().min_by_key(|variant| variant.bandwidth).cloned())?;
        Some(chosen.sound().clone())
    }
}

/// How often the playlists of variants failed in a row, by path, so that a variant that has gone is passed over.
#[derive(Debug, Default)]
pub struct Failures(HashMap<String, u32>);

impl Failures {
    /// Counts a failure of the playlist at `url`.
    pub fn count(&mut self, url: &Url) {
        if self.0.len() > 100 {
            self.0.clear();
        }
        let count = self.0.entry(place(url).to_owned()).or_default();
        *count = count.saturating_add(1);
    }

    /// Forgets those of the playlist at `url`, which works.
    pub fn forgive(&mut self, url: &Url) {
        self.0.remove(place(url));
    }

    fn many(&self, url: &Url) -> bool {
        self.0.get(place(url)).is_some_and(|count| *count >= TOLERATED)
    }
}

fn has_video(codecs: &str) -> bool {
    const VIDEO: [&str; 9] = ["avc", "hvc", "hev", "dvh", "vp0", "vp8", "vp9", "av01", "mp4v"];
    codecs.split(',').any(|codec| VIDEO.iter().any(|video| codec.trim().starts_with(video)))
}

#[cfg(test)]
mod tests {
    use super::super::playlist::Playlist;
    use super::*;

    fn choose(text: &str, limit: Option<u64>, failures: &Failures) -> String {
        let base = Url::parse("http://h/m.m3u8").unwrap();
        let Playlist::Master(master) = Playlist::read(format!("#EXTM3U\n{text}").as_bytes(), &base).unwrap() else {
            panic!("no master");
        };
        master.choose(limit, failures).map_or_else(String::new, |url| url.path().to_owned())
    }

    const AUDIO: &str = "#EXT-X-STREAM-INF:BANDWIDTH=64000,CODECS=\"mp4a.40.5\"\nlow\n#EXT-X-STREAM-INF:BANDWIDTH=192000\nhigh\n\
                         #EXT-X-STREAM-INF:BANDWIDTH=128000\nmid\n";

    #[test]
    fn the_best_within_the_limit() {
        let none = Failures::default();
        assert_eq!(choose(AUDIO, None, &none), "/high");
        assert_eq!(choose(AUDIO, Some(150_000), &none), "/mid");
        assert_eq!(choose(AUDIO, Some(1), &none), "/low");
        assert_eq!(choose("#EXT-X-STREAM-INF:BANDWIDTH=1\nftp://x/y\n", None, &none), "");
    }

    #[test]
    fn sound_alone_where_it_can_be_had() {
        let none = Failures::default();
        let video = "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"x\",URI=\"second\"\n\
                     #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"y\",DEFAULT=YES,URI=\"first\"\n\
                     #EXT-X-STREAM-INF:BANDWIDTH=900000,CODECS=\"avc1.4d,mp4a.40.2\",AUDIO=\"a\"\nmuxed\n";
        assert_eq!(choose(video, None, &none), "/first");
        let both =
            "#EXT-X-STREAM-INF:BANDWIDTH=900000,RESOLUTION=640x360\nmuxed\n#EXT-X-STREAM-INF:BANDWIDTH=64000\naudio\n";
        assert_eq!(choose(both, None, &none), "/audio");
    }

    #[test]
    fn a_variant_that_is_gone_is_passed_over_until_it_works_again() {
        let mut failures = Failures::default();
        let high = Url::parse("http://other/high?token=2").unwrap();
        failures.count(&high);
        assert_eq!(choose(AUDIO, None, &failures), "/high");
        failures.count(&high);
        assert_eq!(choose(AUDIO, None, &failures), "/mid");
        failures.forgive(&high);
        assert_eq!(choose(AUDIO, None, &failures), "/high");
    }
}
