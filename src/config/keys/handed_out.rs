//! What is fetched for others and handed out to them.

use super::kind::{Kind, Table, key};

/// Downloads.
pub static GRAB: Table = Table {
    name: "grab",
    doc: "What may be downloaded for those who ask over the page or the interface.",
    keys: &[
        key("parallel", Kind::Integer(1, 100), "parallel: 20", "How many segments are fetched at a time.")
            .default("20"),
        key("largest", Kind::Size, "largest: 20 GiB", "The most bytes of one download.").default("20 GiB"),
    ],
    one_of: &[],
};

/// Recordings as HLS.
pub static HLS_OF_RECORDINGS: Table = Table {
    name: "hls_of_recordings",
    doc: "How recordings are handed out as HLS.",
    keys: &[
        key(
            "renditions",
            Kind::Rates,
            "renditions: [320k, 128k, 64k]",
            "Their bit rates, from 16k to 320k; players begin with the first.",
        )
        .default("[\"320k\", \"128k\", \"64k\"]"),
        key("segment", Kind::Duration, "segment: 10s", "How long a segment is, from 2s to 60s.").default("10s"),
        key(
            "ahead",
            Kind::Bool,
            "ahead: true",
            "Whether they are made as soon as a recording is finished; otherwise when somebody asks for them first.",
        )
        .default("false"),
        key(
            "cache",
            Kind::Size,
            "cache: 5 GiB",
            "How much of them is kept in the state folder; what was not asked for longest goes first.",
        )
        .default("5 GiB"),
    ],
    one_of: &[],
};
