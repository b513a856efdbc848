//! The keys `encoding`, `mp3`, `aac`, `opus` and `id3`, at the top of the file, in a station or in a show.

use crate::config::keys::Section;
use crate::config::values::{Complaint, Encoding, Encodings, Id3, nearest, units};
use crate::config::yaml::Problems;
use crate::model::{Codec, EncodingKind};

/// Reads how to encode, key by key over `default`; `kind` holds if the key `encoding` is not written.
pub fn encodings(section: &Section<'_>, default: Encodings, kind: EncodingKind, problems: &mut Problems) -> Encodings {
    Encodings {
        kind: self::kind(section, problems).unwrap_or(kind),
        mp3: mp3(section, default.mp3, problems),
        aac: aac(section, default.aac, problems),
        opus: opus(section, default.opus, problems),
    }
}

/// Reads `encoding`. `None` if it is not written.
pub fn kind(section: &Section<'_>, problems: &mut Problems) -> Option<EncodingKind> {
    section.read("encoding", problems, |text| {
        EncodingKind::of(text.trim()).ok_or_else(|| {
            let words = EncodingKind::ALL.map(EncodingKind::word);
            let complaint = Complaint::new(format!("`encoding` cannot be `{}`", text.trim()));
            complaint
                .suggest(nearest(text.trim(), words).map(str::to_owned))
                .hint("write `mp3`, `aac`, `opus`, or `original`, which keeps what the station sends")
        })
    })
}

/// Reads `mp3`, key by key over `default`.
fn mp3(section: &Section<'_>, default: Encoding, problems: &mut Problems) -> Encoding {
    let Some(keys) = section.section("mp3", problems) else { return default };
    let number = |value: u32| u16::try_from(value).unwrap_or(default.channels);
    Encoding {
        codec: Codec::Mp3,
        bitrate: keys.read("bitrate", problems, bitrate).unwrap_or(default.bitrate),
        channels: keys.integer("channels", problems).map_or(default.channels, number),
        sample_rate: keys.integer("sample_rate", problems).unwrap_or(default.sample_rate),
        quality: keys
            .integer("quality", problems)
            .and_then(|quality| u8::try_from(quality).ok())
            .unwrap_or(default.quality),
        original: false,
    }
}

/// Reads `aac`, key by key over `default`.
fn aac(section: &Section<'_>, default: Encoding, problems: &mut Problems) -> Encoding {
    let Some(keys) = section.section("aac", problems) else { return default };
    let number = |value: u32| u16::try_from(value).unwrap_or(default.channels);
    Encoding {
        bitrate: keys.read("bitrate", problems, |text| within(text, "AAC")).unwrap_or(default.bitrate),
        channels: keys.integer("channels", problems).map_or(default.channels, number),
        sample_rate: keys.integer("sample_rate", problems).unwrap_or(default.sample_rate),
        ..default
    }
}

/// Reads `opus`, key by key over `default`.
fn opus(section: &Section<'_>, default: Encoding, problems: &mut Problems) -> Encoding {
    let Some(keys) = section.section("opus", problems) else { return default };
    let number = |value: u32| u16::try_from(value).unwrap_or(default.channels);
    Encoding {
        bitrate: keys.read("bitrate", problems, |text| within(text, "Opus")).unwrap_or(default.bitrate),
        channels: keys.integer("channels", problems).map_or(default.channels, number),
        ..default
    }
}

/// What the encoders of AAC and Opus take, in bits per second, for one channel or two.
const RATES: std::ops::RangeInclusive<u64> = 16_000..=320_000;

fn within(text: &str, codec: &str) -> Result<u32, Complaint> {
    let rate = units::rate(text)?;
    let fits = u32::try_from(rate).ok().filter(|_| RATES.contains(&rate));
    fits.ok_or_else(|| {
        let near = rate.clamp(*RATES.start(), *RATES.end()) / 1_000;
        Complaint::new(format!("{codec} is not encoded at `{text}`")).suggest([format!("{near}k")])
    })
}

/// Reads `id3`; `default` holds if the key is not written.
pub fn id3(section: &Section<'_>, default: Id3, problems: &mut Problems) -> Id3 {
    let id3 = section.read("id3", problems, |text| match text.trim() {
        "2.4" => Ok(Id3::V24),
        "2.3" => Ok(Id3::V23),
        other => Err(Complaint::new(format!("`id3` cannot be `{other}`")).hint("write `2.4` or `2.3`")),
    });
    id3.unwrap_or(default)
}

/// The bit rates of MPEG-1 layer III (ISO/IEC 11172-3, table of `bitrate_index`), in kbit/s.
const BITRATES: [u32; 14] = [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];

fn bitrate(text: &str) -> Result<u32, Complaint> {
    let rate = units::rate(text)?;
    let exact = BITRATES.iter().map(|kilo| kilo * 1_000).find(|bits| u64::from(*bits) == rate);
    exact.ok_or_else(|| {
        let near = BITRATES.iter().min_by_key(|kilo| (u64::from(**kilo) * 1_000).abs_diff(rate));
        Complaint::new(format!("MP3 has no bit rate of `{text}`")).suggest([format!("{}k", near.unwrap_or(&128))])
    })
}
