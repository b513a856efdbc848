//! The variants of a master playlist, in the order in which they should be played: the best sound within the configured
//! limit, without the picture if possible, in the language that was asked for, in a codec that ffmpeg decodes.
//!
//! The path of a variant identifies it among the others of its master; if several have the same path, the host does as
//! well, and then the parts of their queries that not all have. So a variant that has failed is known again under
//! renewed tokens, and redundant variants (the same list on another host, or different only in the query) are several.

use std::collections::HashSet;

use m3u8_rs::{AlternativeMedia, AlternativeMediaType, MasterPlaylist};
use url::Url;

use super::address::{absolute, segment_key};
use super::variables::Variables;
use crate::base::http::ExtraHeaders;
use crate::capture::source::resolve::Entry;

/// The characteristic of a rendition that describes the picture to the blind.
const DESCRIPTION: &str = "public.accessibility.describes-video";
/// Codecs (RFC 6381) that a usual ffmpeg does not decode: AC-4, MPEG-H 3D Audio, xHE-AAC (only from release 7.1 on),
/// DTS:X and IAMF (from 7.0 on, and without its codecs). They are not refused, only chosen last.
const UNDECODABLE: [&str; 8] = ["ac-4", "mha1", "mha2", "mhm1", "mhm2", "mp4a.40.42", "dtsx", "iamf"];
/// Codecs of sound that ffmpeg decodes.
const DECODABLE: [&str; 12] =
    ["mp4a", "ac-3", "ec-3", "opus", "flac", "alac", "mp3", "vorbis", "dtsc", "dtse", "dtsh", "dtsl"];
const VIDEO: [&str; 12] = ["avc", "hvc", "hev", "dvh", "dva", "dav1", "vvc", "vp0", "vp8", "vp9", "av01", "mp4v"];

/// Which variant the user wants of a station that offers several.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wish<'a> {
    /// The highest bandwidth, in bits per second.
    pub max_bitrate: Option<u64>,
    /// The language, as the station writes it (RFC 5646).
    pub language: Option<&'a str>,
}

/// A list that can be played.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// Its address, and the headers to send for it.
    pub entry: Entry,
    /// What distinguishes it from the others, whatever its tokens.
    pub name: String,
}

/// The variants of a master playlist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Master {
    variants: Vec<Variant>,
    /// What its variables stood for.
    pub variables: Variables,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Variant {
    bandwidth: u64,
    video: bool,
    decodable: bool,
    /// Its own playlist; `None` if a master names only renditions.
    url: Option<Url>,
    /// The headers to send with the requests for it.
    headers: ExtraHeaders,
    /// The renditions of its sound.
    renditions: Vec<Rendition>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Rendition {
    default: bool,
    autoselect: bool,
    describes: bool,
    language: String,
    /// Its playlist; `None` if it is in that of the variant.
    url: Option<Url>,
}

/// A variant as it would be played.
struct Played<'a> {
    variant: &'a Variant,
    url: Url,
    /// Whether its sound has a list of its own.
    alone: bool,
    asked: bool,
}

impl Master {
    /// Checks what the parser found; variants without a usable address are left out.
    pub(super) fn new(raw: &MasterPlaylist, base: &Url, variables: Variables) -> Self {
        let sounds = || raw.alternatives.iter().filter(|media| media.media_type == AlternativeMediaType::Audio);
        let group = |id: &str| -> Vec<Rendition> {
            sounds().filter(|media| media.group_id == id).map(|media| Rendition::new(media, base)).collect()
        };
        let variants = raw.variants.iter().filter(|variant| !variant.is_i_frame && !variant.uri.is_empty());
        let variants = variants.filter_map(|variant| {
            let codecs = variant.codecs.as_deref().unwrap_or_default();
            Some(Variant {
                bandwidth: variant.bandwidth,
                video: variant.resolution.is_some() || names(codecs, &VIDEO),
                decodable: is_decodable(codecs),
                url: Some(absolute(base, &variant.uri)?),
                headers: ExtraHeaders::default(),
                renditions: variant.audio.as_deref().map(group).unwrap_or_default(),
            })
        });
        let mut variants: Vec<Variant> = variants.collect();
        if variants.is_empty() {
            let mut seen = HashSet::new();
            let groups = sounds().map(|media| media.group_id.as_str()).filter(|id| seen.insert(*id));
            variants = groups.map(|id| Variant { renditions: group(id), ..Variant::at(None) }).collect();
        }
        Self { variants, variables }
    }

    /// A master of lists of equal worth, the preferred one first.
    pub fn of_equals(lists: impl IntoIterator<Item: Into<Entry>>) -> Self {
        let variant = |Entry { url, headers }: Entry| Variant { headers, ..Variant::at(Some(url)) };
        let variants = lists.into_iter().map(|list| variant(list.into())).collect();
        Self { variants, variables: Variables::default() }
    }

    /// As named by a list that wants `headers` to be sent.
    #[must_use]
    pub fn under(mut self, headers: &ExtraHeaders) -> Self {
        for variant in self.variants.iter_mut().filter(|variant| variant.headers.is_empty()) {
            variant.headers = headers.clone();
        }
        self
    }

    /// The list with the picture that should be had, and that of its sound if it has one of its own: what is within the
    /// limit before what is not, a picture before none, then the highest bandwidth, or the lowest if all are above the
    /// limit. `None` if there is no list.
    pub fn pictured(&self, wish: Wish<'_>) -> Option<(Entry, Option<Entry>)> {
        let listed = self.variants.iter().filter_map(|variant| Some((variant, variant.url.as_ref()?)));
        // Of equals the first counts.
        let best = listed.rev().max_by_key(|(variant, _)| {
            let within = wish.max_bitrate.is_none_or(|limit| variant.bandwidth <= limit);
            let rank = if within { variant.bandwidth } else { u64::MAX - variant.bandwidth };
            (within, variant.video, variant.decodable, rank)
        });
        let (variant, url) = best?;
        let entry = |url: &Url| Entry { url: url.clone(), headers: variant.headers.clone() };
        let sound = Rendition::choose(&variant.renditions, wish.language).and_then(|chosen| chosen.url.as_ref());
        Some((entry(url), sound.filter(|sound| *sound != url).map(entry)))
    }

    /// The lists that can be played, the best first: what can be decoded before what cannot; what is within the limit
    /// before what is not; sound without picture before sound with it; the highest bandwidth, or the lowest if all are
    /// above the limit. Of equals the first counts, because the station lists its preference first. Another language
    /// than the one that was asked for never counts if there is something in that.
    pub fn ranked(&self, wish: Wish<'_>) -> Vec<Choice> {
        let mut played: Vec<Played<'_>> =
            self.variants.iter().filter_map(|variant| variant.played(wish.language)).collect();
        if played.iter().any(|played| played.asked) {
            played.retain(|played| played.asked);
        }
        played.sort_by_key(|Played { variant, alone, .. }| {
            let within = wish.max_bitrate.is_none_or(|limit| variant.bandwidth <= limit);
            let rank = if within {
                (!variant.video || *alone, variant.bandwidth)
            } else {
                (false, u64::MAX - variant.bandwidth)
            };
            std::cmp::Reverse((variant.decodable, within, rank))
        });
        let mut seen = HashSet::new();
        let entries =
            played.into_iter().map(|Played { variant, url, .. }| Entry { url, headers: variant.headers.clone() });
        named(entries.filter(|entry| seen.insert(entry.url.clone())).collect())
    }
}

impl Variant {
    /// A variant of which only the address is known.
    fn at(url: Option<Url>) -> Self {
        Self {
            bandwidth: 0,
            video: false,
            decodable: true,
            url,
            headers: ExtraHeaders::default(),
            renditions: Vec::new(),
        }
    }

    /// How it would be played; `None` if it has no list.
    fn played(&self, language: Option<&str>) -> Option<Played<'_>> {
        let chosen = Rendition::choose(&self.renditions, language);
        let asked = chosen.zip(language).is_some_and(|(chosen, language)| chosen.speaks(language));
        let rendition = chosen.and_then(|chosen| chosen.url.clone());
        let alone = rendition.is_some();
        Some(Played { variant: self, url: rendition.or_else(|| self.url.clone())?, alone, asked })
    }
}

impl Rendition {
    fn new(media: &AlternativeMedia, base: &Url) -> Self {
        let is = |what: &str| what.trim().eq_ignore_ascii_case(DESCRIPTION);
        Self {
            default: media.default,
            autoselect: media.autoselect,
            describes: media.characteristics.as_deref().is_some_and(|all| all.split(',').any(is)),
            language: media.language.clone().unwrap_or_default(),
            url: media.uri.as_deref().and_then(|address| absolute(base, address)),
        }
    }

    /// Chooses the rendition to play (RFC 8216 section 4.3.4.1): in the language that was asked for, else the default
    /// one; of equals the first.
    fn choose<'a>(group: &'a [Self], language: Option<&str>) -> Option<&'a Self> {
        let heard = group.iter().filter(|rendition| !rendition.describes);
        heard.rev().max_by_key(|rendition| {
            let asked = language.is_some_and(|language| rendition.speaks(language));
            (asked, rendition.default, rendition.autoselect)
        })
    }

    /// Whether it is in `language`: `ko` asks for `ko-KR` as well.
    fn speaks(&self, language: &str) -> bool {
        let mut own = self.language.split('-').map(str::trim);
        !self.language.is_empty()
            && language.split('-').all(|asked| own.next().is_some_and(|own| own.eq_ignore_ascii_case(asked.trim())))
    }
}

/// The lists, with what distinguishes them.
fn named(entries: Vec<Entry>) -> Vec<Choice> {
    let lists: Vec<&Url> = entries.iter().map(|entry| &entry.url).collect();
    let host = |url: &Url| url.origin().ascii_serialization();
    let parts = |url: &Url| -> Vec<String> { url.query().unwrap_or_default().split('&').map(str::to_owned).collect() };
    let name = |url: &Url| {
        let same_path: Vec<&Url> =
            lists.iter().copied().filter(|other| segment_key(other) == segment_key(url)).collect();
        if same_path.len() < 2 {
            return segment_key(url).to_owned();
        }
        let name = host(url) + segment_key(url);
        let same_host: Vec<&&Url> = same_path.iter().filter(|other| host(other) == host(url)).collect();
        if same_host.len() < 2 {
            return name;
        }
        let common = |part: &String| same_host.iter().all(|other| parts(other).contains(part));
        let own: Vec<String> = parts(url).into_iter().filter(|part| !common(part)).collect();
        format!("{name}?{}", own.join("&"))
    };
    let mut names: Vec<String> = lists.iter().copied().map(name).collect();
    if names.iter().collect::<HashSet<_>>().len() < names.len() {
        names = lists.iter().map(ToString::to_string).collect();
    }
    entries.into_iter().zip(names).map(|(entry, name)| Choice { entry, name }).collect()
}

fn names(codecs: &str, some: &[&str]) -> bool {
    codecs.split(',').any(|codec| is_one_of(codec, some))
}

fn is_one_of(codec: &str, some: &[&str]) -> bool {
    let codec = codec.trim();
    some.iter().any(|known| codec.get(..known.len()).is_some_and(|start| start.eq_ignore_ascii_case(known)))
}

/// Whether sound in `codecs` can be decoded, as far as they say.
fn is_decodable(codecs: &str) -> bool {
    let (bad, good): (Vec<_>, Vec<_>) = codecs.split(',').partition(|codec| is_one_of(codec, &UNDECODABLE));
    bad.is_empty() || good.iter().any(|codec| is_one_of(codec, &DECODABLE))
}

#[cfg(test)]
mod tests {
    use super::super::playlist::Playlist;
    use super::*;

    fn ranked(text: &str, wish: Wish<'_>) -> Vec<Choice> {
        let base = Url::parse("http://h/m.m3u8").unwrap();
        let Playlist::Master(master) = Playlist::read(format!("#EXTM3U\n{text}").as_bytes(), &base).unwrap() else {
            panic!("no master");
        };
        master.ranked(wish)
    }

    fn order(text: &str, wish: Wish<'_>) -> Vec<String> {
        ranked(text, wish).into_iter().map(|choice| choice.entry.url.path().to_owned()).collect()
    }

    fn limit(max_bitrate: u64) -> Wish<'static> {
        Wish { max_bitrate: Some(max_bitrate), ..Wish::default() }
    }

    fn language(language: &str) -> Wish<'_> {
        Wish { language: Some(language), ..Wish::default() }
    }

    const AUDIO: &str = "#EXT-X-STREAM-INF:BANDWIDTH=64000,CODECS=\"mp4a.40.5\"\nlow\n#EXT-X-STREAM-INF:BANDWIDTH=192000\nhigh\n\
                         #EXT-X-STREAM-INF:BANDWIDTH=128000\nmid\n";

    #[test]
    fn the_best_within_the_limit() {
        assert_eq!(order(AUDIO, Wish::default()), ["/high", "/mid", "/low"]);
        assert_eq!(order(AUDIO, limit(150_000)), ["/mid", "/low", "/high"]);
        assert_eq!(order(AUDIO, limit(1)), ["/low", "/mid", "/high"]);
        assert_eq!(order("#EXT-X-STREAM-INF:BANDWIDTH=1\nftp://x/y\n", Wish::default()), [""; 0]);
    }

    #[test]
    fn who_wants_the_picture_gets_the_best_with_a_sound_of_its_own() {
        let pictured = |text: &str, wish| {
            let base = Url::parse("http://h/m.m3u8").unwrap();
            let Playlist::Master(master) = Playlist::read(format!("#EXTM3U\n{text}").as_bytes(), &base).unwrap() else {
                panic!("no master");
            };
            let path = |entry: Entry| entry.url.path().to_owned();
            master.pictured(wish).map(|(picture, sound)| (path(picture), sound.map(path)))
        };
        let two = "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"x\",URI=\"sound\"\n\
                   #EXT-X-STREAM-INF:BANDWIDTH=900000,RESOLUTION=640x360,AUDIO=\"a\"\nsmall\n\
                   #EXT-X-STREAM-INF:BANDWIDTH=2000000,RESOLUTION=1280x720\nlarge\n\
                   #EXT-X-STREAM-INF:BANDWIDTH=64000,CODECS=\"mp4a.40.2\"\naudio\n";
        let some = |picture: &str, sound: Option<&str>| Some((picture.to_owned(), sound.map(str::to_owned)));
        assert_eq!(pictured(two, Wish::default()), some("/large", None));
        assert_eq!(pictured(two, limit(1_000_000)), some("/small", Some("/sound")));
        assert_eq!(pictured(two, limit(100_000)), some("/audio", None), "what is within the limit comes first");
        assert_eq!(pictured(AUDIO, limit(1)), some("/low", None));
        assert_eq!(pictured("#EXT-X-STREAM-INF:BANDWIDTH=1\nftp://x/y\n", Wish::default()), None);
    }

    #[test]
    fn sound_alone_where_it_can_be_had() {
        let both =
            "#EXT-X-STREAM-INF:BANDWIDTH=900000,RESOLUTION=640x360\nmuxed\n#EXT-X-STREAM-INF:BANDWIDTH=64000\naudio\n";
        assert_eq!(order(both, Wish::default()), ["/audio", "/muxed"]);
    }

    /// A master with one variant with these attributes, whose sound has these renditions.
    fn group(variant: &str, renditions: &[&str]) -> String {
        let media = |attributes| format!("#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"x\",{attributes}\n");
        let media: String = renditions.iter().map(media).collect();
        format!("{media}#EXT-X-STREAM-INF:BANDWIDTH=900000,AUDIO=\"a\"{variant}\nmuxed\n")
    }

    #[test]
    fn the_rendition_is_played_whatever_the_variant_says_of_its_codecs() {
        for variant in ["", ",RESOLUTION=640x360", ",CODECS=\"avc1.4d,mp4a.40.2\"", ",CODECS=\"mp4a.40.2\""] {
            let played = |renditions: &[&str]| order(&group(variant, renditions), Wish::default());
            assert_eq!(played(&["URI=\"second\"", "DEFAULT=YES,URI=\"first\""]), ["/first"], "{variant}");
            assert_eq!(played(&["DEFAULT=YES", "URI=\"second\""]), ["/muxed"], "{variant}");
            assert_eq!(played(&[]), ["/muxed"], "{variant}");
        }
    }

    #[test]
    fn among_renditions_the_default_then_one_that_may_be_selected_then_the_first() {
        let played = |renditions: &[&str]| order(&group("", renditions), Wish::default()).concat();
        assert_eq!(played(&["URI=\"1\"", "URI=\"2\""]), "/1");
        assert_eq!(played(&["URI=\"1\"", "AUTOSELECT=YES,URI=\"2\"", "AUTOSELECT=YES,URI=\"3\""]), "/2");
        let both = ["AUTOSELECT=YES,URI=\"1\"", "DEFAULT=YES,AUTOSELECT=YES,URI=\"2\""];
        assert_eq!(played(&both), "/2");
    }

    #[test]
    fn a_description_for_the_blind_is_never_played() {
        let described = "CHARACTERISTICS=\"public.easy-to-read,public.accessibility.describes-video\"";
        let played = |wish| {
            let description = format!("DEFAULT=YES,LANGUAGE=\"en\",{described},URI=\"description\"");
            order(&group("", &[&description, "LANGUAGE=\"en\",URI=\"programme\""]), wish)
        };
        assert_eq!(played(Wish::default()), ["/programme"]);
        assert_eq!(played(language("en")), ["/programme"]);
        assert_eq!(order(&group("", &[&format!("{described},URI=\"description\"")]), Wish::default()), ["/muxed"]);
    }

    #[test]
    fn the_language_that_was_asked_for() {
        let all =
            ["DEFAULT=YES,LANGUAGE=\"en\",URI=\"en\"", "LANGUAGE=\"ko-KR\",URI=\"ko\"", "LANGUAGE=\"kok\",URI=\"kok\""];
        let played = |asked| order(&group("", &all), language(asked)).concat();
        assert_eq!((played("ko"), played("KO-kr"), played("kok")), ("/ko".into(), "/ko".into(), "/kok".into()));
        // If there is none, what the station prefers.
        assert_eq!((played("fr"), played("ko-KP")), ("/en".into(), "/en".into()));
        // A better variant in another language does not count either.
        let groups = "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"e\",NAME=\"x\",LANGUAGE=\"en\",URI=\"en\"\n\
                      #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"k\",NAME=\"x\",LANGUAGE=\"ko\",URI=\"ko\"\n\
                      #EXT-X-STREAM-INF:BANDWIDTH=9,AUDIO=\"e\"\n1\n#EXT-X-STREAM-INF:BANDWIDTH=1,AUDIO=\"k\"\n2\n";
        assert_eq!(order(groups, language("ko")), ["/ko"]);
        assert_eq!(order(groups, Wish::default()), ["/en", "/ko"]);
    }

    #[test]
    fn a_codec_that_ffmpeg_cannot_decode_comes_last() {
        let list = "#EXT-X-STREAM-INF:BANDWIDTH=9,CODECS=\"ac-4.02.01\"\nac4\n#EXT-X-STREAM-INF:BANDWIDTH=8,CODECS=\"mhm1.0x0D\"\nmpegh\n\
                    #EXT-X-STREAM-INF:BANDWIDTH=7,CODECS=\"mp4a.40.42\"\nusac\n#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS=\"mp4a.40.2\"\naac\n\
                    #EXT-X-STREAM-INF:BANDWIDTH=2,CODECS=\"avc1.4d,ac-4,mp4a.40.2\"\nboth\n";
        assert_eq!(order(list, Wish::default()), ["/aac", "/both", "/ac4", "/mpegh", "/usac"]);
    }

    #[test]
    fn renditions_without_variants_are_played() {
        let list = "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"x\",URI=\"1\"\n\
                    #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"y\",DEFAULT=YES,URI=\"2\"\n";
        assert_eq!(order(list, Wish::default()), ["/2"]);
    }

    #[test]
    fn redundant_variants_differ_and_are_known_again_under_other_tokens() {
        let names = |lists: &[&str]| {
            let text: String = lists.iter().map(|url| format!("#EXT-X-STREAM-INF:BANDWIDTH=1\n{url}\n")).collect();
            ranked(&text, Wish::default()).into_iter().map(|choice| choice.name).collect::<Vec<_>>()
        };
        assert_eq!(names(&["a?t=1", "b?t=2"]), names(&["//other/a?t=3", "//other/b?t=4"]));
        assert_eq!(names(&["//one/a?t=1", "//two/a?t=1"]), names(&["//one/a?t=2", "//two/a?t=2"]));
        assert_eq!(names(&["a?q=hi&t=1", "a?q=lo&t=1"]), names(&["a?q=hi&t=2", "a?q=lo&t=2"]));
        for lists in [["//one/a", "//two/a"], ["//h:1/a", "//h:2/a"], ["a?q=hi", "a?q=lo"]] {
            let names = names(&lists);
            assert!(names.len() == 2 && names[0] != names[1], "{names:?}");
        }
        // Several variants may share the list of their sound.
        assert_eq!(names(&["a", "a"]), ["/a"]);
    }
}
