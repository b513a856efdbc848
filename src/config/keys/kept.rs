//! The keys that say which recordings are kept: of a show, of a station, of the whole file. The texts are shown by editors.

use super::kind::{Kind, Table, key};

/// Retention.
pub static KEEP: Table = Table {
    name: "keep",
    doc: "Which recordings to keep; what none of `last`, `days` and `until` keeps is deleted, and of the rest the oldest that `size` has no room for.",
    keys: &[
        key("last", Kind::Integer(1, 1_000_000), "last: 30", "The newest so many that have a file."),
        key("days", Kind::Integer(1, 36_500), "days: 90", "Those younger than so many days."),
        key(
            "until",
            Kind::Word(&["heard"]),
            "until: heard",
            "Those that nobody has heard on the page, or marked as heard; they go a day after that.",
        ),
        key("size", Kind::Size, "size: 20 GiB", "How much they may take together; beyond that the oldest go."),
    ],
    one_of: &[],
};

/// Retention of what belongs to no show of the file.
pub static KEEP_CLIPS: Table = Table {
    name: "keep_clips",
    doc: "What is kept besides what each show says.",
    keys: &[
        key(
            "clips",
            Kind::Duration,
            "clips: 90d",
            "How long a clip is kept after it was made; for good where it is left out.",
        ),
        key(
            "size",
            Kind::Size,
            "size: 200 GiB",
            "How much the recordings of all shows may take together; beyond that the oldest go.",
        ),
    ],
    one_of: &[],
};

/// Retention of what a station has recorded.
pub static KEEP_STATION: Table = Table {
    name: "keep_station",
    doc: "What is kept of the station, besides what each show says.",
    keys: &[key(
        "size",
        Kind::Size,
        "size: 50 GiB",
        "How much the recordings of its shows may take together; beyond that the oldest go.",
    )],
    one_of: &[],
};
