//! The keys `mp3` and `id3`, at the top of the file or in a show.

use crate::config::keys::Section;
use crate::config::values::{Complaint, Encoding, Id3, units};
use crate::config::yaml::Problems;
use crate::model::Codec;

/// Reads `mp3`, key by key over `default`.
pub fn mp3(section: &Section<'_>, default: Encoding, problems: &mut Problems) -> Encoding {
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
    }
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
