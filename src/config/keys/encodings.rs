//! How recordings are encoded.

use super::kind::{Kind, Table, key};

/// Encoding.
pub static MP3: Table = Table {
    name: "mp3",
    doc: "How to encode.",
    keys: &[
        key("bitrate", Kind::Rate, "bitrate: 128k", "Bits per second.").default("128k"),
        key("channels", Kind::Choice(&[1, 2]), "channels: 2", "1 for mono, 2 for stereo.").default("2"),
        key("sample_rate", Kind::Choice(&[32_000, 44_100, 48_000]), "sample_rate: 48000", "Samples per second.")
            .default("48000"),
        key("quality", Kind::Integer(0, 9), "quality: 5", "LAME's quality: 0 is the slowest and best, 9 the fastest.")
            .default("5"),
    ],
    one_of: &[],
};

/// Encoding as AAC.
pub static AAC: Table = Table {
    name: "aac",
    doc: "How to encode as AAC.",
    keys: &[
        key("bitrate", Kind::Rate, "bitrate: 128k", "Bits per second, from 16k to 320k.").default("128k"),
        key("channels", Kind::Choice(&[1, 2]), "channels: 2", "1 for mono, 2 for stereo.").default("2"),
        key("sample_rate", Kind::Choice(&[32_000, 44_100, 48_000]), "sample_rate: 48000", "Samples per second.")
            .default("48000"),
    ],
    one_of: &[],
};

/// Encoding as Opus.
pub static OPUS: Table = Table {
    name: "opus",
    doc: "How to encode as Opus.",
    keys: &[
        key("bitrate", Kind::Rate, "bitrate: 96k", "Bits per second, from 16k to 320k.").default("96k"),
        key("channels", Kind::Choice(&[1, 2]), "channels: 2", "1 for mono, 2 for stereo.").default("2"),
    ],
    one_of: &[],
};
