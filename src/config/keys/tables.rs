//! Every key of the file, except those of a station: its name, what it is for, what it takes. The texts are shown by
//! editors.

use super::encodings::{AAC, MP3, OPUS};
use super::handed_out::{GRAB, HLS_OF_RECORDINGS};
use super::kept::{KEEP, KEEP_CLIPS};
use super::kind::{Key, Kind, Table, key};
use super::notify::TARGET;
use super::station::{HTTP, STATION};
use crate::config::values::template::{ALBUM, ARTIST, GENRE, NAME, TITLE};

/// The default of `listen`.
pub const LISTEN: &str = "127.0.0.1:8080";
/// What switches the page off.
const NO_PAGE: &str = "web: { listen: off }";
/// The default of `min_free`.
pub const MIN_FREE: &str = "1 GiB";

/// The default of `whole_up_to`.
pub const WHOLE_UP_TO: &str = "100 MB";

/// The key `dead_air`, of the whole file and of a show.
const DEAD_AIR_KEY: Key = key(
    "dead_air",
    Kind::SectionOrNo(&DEAD_AIR),
    "dead_air: { longer_than: 1m }",
    "When silence that the station sends counts as dead air; `false`: never.",
)
.off("dead_air: false");

/// The key `stations`, of the file and of those beside it. The file must have it if there are none.
const STATIONS_KEY: Key =
    key("stations", Kind::Named(&STATION), "stations:", "The stations, each under an id of your choice.");
/// The key `shows`, of the file and of those beside it.
const SHOWS_KEY: Key = key("shows", Kind::Each(&SHOW), "shows:", "What to record, and when.");

/// The whole file.
pub static FILE: Table = Table {
    name: "file",
    doc: "The stations and shows that aircheck records.",
    keys: &[
        key(
            "timezone",
            Kind::Zone,
            "timezone: Asia/Seoul",
            "The time zone of the crons; the machine's where it is left out.",
        ),
        key(
            "output",
            Kind::Folder,
            "output: recordings",
            "The folder of the recordings, relative to this file or absolute.",
        )
        .default("recordings"),
        key(
            "state",
            Kind::Folder,
            "state: /var/lib/aircheck",
            "The folder of the tape and the catalogue; by default $STATE_DIRECTORY, else $XDG_STATE_HOME/aircheck, else ~/.local/state/aircheck.",
        ),
        key("min_free", Kind::Size, "min_free: 1 GiB", "With less free space than this no new airing is begun.")
            .default(MIN_FREE),
        key(
            "name",
            Kind::Template,
            "name: \"{{ station }}/{{ show }}\"",
            "The names of the recordings below the output folder, without extension; `/` makes folders.",
        )
        .default(NAME),
        key(
            "encoding",
            Kind::Word(&["mp3", "aac", "opus", "original"]),
            "encoding: original",
            "What becomes of the sound: it is encoded as `mp3`, `aac` or `opus`, or stays as the station sends it (`original`).",
        )
        .default("mp3"),
        key("mp3", Kind::Section(&MP3), "mp3: { bitrate: 128k }", "How MP3 is encoded."),
        key("aac", Kind::Section(&AAC), "aac: { bitrate: 128k }", "How AAC is encoded."),
        key("opus", Kind::Section(&OPUS), "opus: { bitrate: 96k }", "How Opus is encoded."),
        key(
            "web",
            Kind::Section(&WEB),
            "web: { listen: 127.0.0.1:8080 }",
            "The page with the recordings, and the feeds.",
        )
        .off(NO_PAGE),
        key(
            "store",
            Kind::Section(&STORE),
            "store: { bucket: my-radio }",
            "An S3-compatible object store to which recordings are copied.",
        ),
        key("notify", Kind::Each(&TARGET), "notify:", "To whom is told what happens, and how."),
        key(
            "gaps",
            Kind::Word(&["skip", "silence"]),
            "gaps: silence",
            "What stands where something is missing: nothing (`skip`), or `silence`, so that the file keeps the clock.",
        )
        .default("skip"),
        DEAD_AIR_KEY,
        key(
            "keep",
            Kind::Section(&KEEP_CLIPS),
            "keep: { clips: 90d }",
            "How long clips are kept, and how much the recordings of all shows may take; the rest is said at each show.",
        ),
        key(
            "grab",
            Kind::Section(&GRAB),
            "grab: { largest: 20 GiB }",
            "What may be downloaded for those who ask over the page or the interface.",
        ),
        key(
            "hls",
            Kind::RatesOr(&HLS_OF_RECORDINGS),
            "hls: [320k, 128k, 64k]",
            "The bit rates in which recordings are also handed out as HLS; they are not where it is left out.",
        ),
        key(
            "id3",
            Kind::Word(&["2.4", "2.3"]),
            "id3: 2.3",
            "The version of the ID3 tags; `2.3` for cars and Windows, which cannot read all of `2.4`.",
        )
        .default("2.4"),
        STATIONS_KEY,
        SHOWS_KEY,
    ],
    one_of: &[],
};

/// A file beside the file, in `stations.d`.
pub static SIDE: Table = Table {
    name: "file",
    doc: "Further stations and shows that aircheck records.",
    keys: &[STATIONS_KEY, SHOWS_KEY],
    one_of: &[],
};

/// The page.
pub static WEB: Table = Table {
    name: "web",
    doc: "The page with the recordings, and the feeds.",
    keys: &[
        key("listen", Kind::Text, "listen: 127.0.0.1:8080", "Address and port, or `off`.").default(LISTEN).off(NO_PAGE),
        key(
            "base_url",
            Kind::Url(HTTP),
            "base_url: https://radio.example.org/",
            "The address by which podcast apps reach it; by default the one they asked.",
        ),
        key(
            "password",
            Kind::Text,
            "password: \"$argon2id$…\"",
            "Asked for by the page: the hash that `aircheck passwd` prints, `env:NAME` or `file:PATH`.",
        ),
        key(
            "trusted_proxies",
            Kind::Words,
            "trusted_proxies: [172.18.0.0/16]",
            "Web servers in front of it on other machines or in containers, which are believed for whom they ask: addresses or networks.",
        ),
        key(
            "auth",
            Kind::Word(&["none"]),
            "auth: none",
            "Lets everybody in who can reach the page; otherwise it has a password where other machines reach it.",
        ),
        key(
            "origins",
            Kind::Words,
            "origins: [https://player.example.org]",
            "Pages elsewhere whose scripts may play what is here: playlists, segments and sound; by default none.",
        ),
        key(
            "edit",
            Kind::Bool,
            "edit: true",
            "Whether this file can be edited over the page; by default if the page has a password.",
        ),
        key(
            "ad_hoc",
            Kind::Bool,
            "ad_hoc: true",
            "Whether whoever may use the interface can have a station recorded that is not in this file.",
        )
        .default("false"),
        key(
            "local_sources",
            Kind::Words,
            "local_sources: [192.168.1.0/24]",
            "Addresses and networks near this machine from which something may be fetched for whoever asks; by default none.",
        ),
    ],
    one_of: &[],
};

/// The object store.
pub static STORE: Table = Table {
    name: "store",
    doc: "An S3-compatible object store to which recordings are copied.",
    keys: &[
        key("bucket", Kind::Text, "bucket: my-radio", "The bucket; it must be there.").required(),
        key(
            "endpoint",
            Kind::Url(HTTP),
            "endpoint: https://s3.example.org/",
            "The address of the store, without the bucket; by default that of Amazon S3 in the region.",
        ),
        key("region", Kind::Text, "region: eu-central-1", "The region of the bucket.").default("us-east-1"),
        key("prefix", Kind::Text, "prefix: archive/", "How the names of all copies begin."),
        key(
            "access_key",
            Kind::Text,
            "access_key: env:AWS_ACCESS_KEY_ID",
            "The name of the key, `env:NAME` or `file:PATH`; without keys, those that this machine has in its cloud.",
        ),
        key("secret_key", Kind::Text, "secret_key: file:store.key", "The secret key, `env:NAME` or `file:PATH`."),
        key(
            "name",
            Kind::Template,
            "name: \"{{ station }}/{{ start | date('%Y/%m/%d %H%M') }} {{ show }}\"",
            "The names of the copies, without prefix and extension; by default those of the files.",
        ),
        key(
            "tape_name",
            Kind::Template,
            "tape_name: \"tape/{{ station_id }}/{{ start | date('%Y-%m-%d') }}\"",
            "The folders of what is copied of tapes, without prefix; by default as in the example.",
        ),
        key(
            "what",
            Kind::Words,
            "what: [recordings, clips]",
            "What is copied: `recordings`, `clips`; of the stations that are always on tape also `reels` and daily `accounts`.",
        )
        .default("[\"recordings\"]"),
        key(
            "local",
            Kind::WordOr(&["keep"], &LOCAL),
            "local: { days: 7 }",
            "How long the file stays in the output folder after the store has the same; `keep`: for as long as the recording.",
        )
        .default("keep"),
        key(
            "whole_up_to",
            Kind::Size,
            "whole_up_to: 100 MB",
            "The largest file that is sent in one go; of a larger one only missing parts are sent after a break.",
        )
        .default(WHOLE_UP_TO),
    ],
    one_of: &[],
};

/// How long files stay that were copied.
pub static LOCAL: Table = Table {
    name: "local",
    doc: "How long the files of copied recordings stay in the output folder.",
    keys: &[key("days", Kind::Integer(0, 36_500), "days: 7", "So many days after the store has the same.").required()],
    one_of: &[],
};

/// A show.
pub static SHOW: Table = Table {
    name: "show",
    doc: "What to record, when, and what to make of it.",
    keys: &[
        key(
            "id",
            Kind::Id,
            "id: evening-news",
            "Its id; by default made from the title. Keep it when you change the title.",
        ),
        key("title", Kind::Text, "title: Evening News", "The title for people.").required(),
        key("station", Kind::StationId, "station: kbs-1fm", "The id of its station.").required(),
        key(
            "cron",
            Kind::Cron,
            "cron: \"0 14 * * *\"",
            "When it starts: minute, hour, day of the month, month, day of the week.",
        )
        .required(),
        key("length", Kind::Duration, "length: 1h30m", "How long it is on the air.").required(),
        key("early", Kind::Duration, "early: 30s", "How much to record before it.").default("0s"),
        key("late", Kind::Duration, "late: 1m", "How much to record after it.").default("0s"),
        key("timezone", Kind::Zone, "timezone: Asia/Seoul", "The time zone of its cron; by default its station's."),
        key("tags", Kind::Section(&TAGS), "tags: { genre: Classical }", "The ID3 tags."),
        key(
            "name",
            Kind::Template,
            "name: \"{{ station }}/{{ show }}\"",
            "The names of its recordings; by default those of the file.",
        ),
        key(
            "encoding",
            Kind::Word(&["mp3", "aac", "opus", "original"]),
            "encoding: original",
            "What becomes of its sound; by default as its station says, else as the file says.",
        ),
        key(
            "mp3",
            Kind::Section(&MP3),
            "mp3: { bitrate: 192k }",
            "How it is encoded as MP3, where that differs from the file's `mp3`.",
        ),
        key(
            "aac",
            Kind::Section(&AAC),
            "aac: { bitrate: 192k }",
            "How it is encoded as AAC, where that differs from the file's `aac`.",
        ),
        key(
            "opus",
            Kind::Section(&OPUS),
            "opus: { bitrate: 64k }",
            "How it is encoded as Opus, where that differs from the file's `opus`.",
        ),
        key(
            "gaps",
            Kind::Word(&["skip", "silence"]),
            "gaps: silence",
            "What stands where something is missing: nothing (`skip`), or `silence`, so that the file keeps the clock; by default as the file says.",
        ),
        DEAD_AIR_KEY,
        key(
            "id3",
            Kind::Word(&["2.4", "2.3"]),
            "id3: 2.3",
            "The version of its ID3 tags; `2.3` for cars and Windows, which cannot read all of `2.4`; by default as the file says.",
        ),
        key(
            "artwork",
            Kind::Picture,
            "artwork: show.png",
            "A picture, PNG or JPEG: a file, relative to this one, or a URL; by default that of its station.",
        ),
        key("keep", Kind::Section(&KEEP), "keep: { last: 30 }", "Which recordings to keep; all where it is left out."),
    ],
    one_of: &[],
};

/// The tags of a show.
pub static TAGS: Table = Table {
    name: "tags",
    doc: "The ID3 tags.",
    keys: &[
        key("title", Kind::Template, "title: \"{{ show }}\"", "TIT2, the title.").default(TITLE),
        key("artist", Kind::Template, "artist: \"{{ station }}\"", "TPE1, the artist.").default(ARTIST),
        key("genre", Kind::Template, "genre: Classical", "TCON, the genre.").default(GENRE),
        key("album", Kind::Template, "album: \"{{ show }}\"", "TALB, the album.").default(ALBUM),
    ],
    one_of: &[],
};

/// Dead air.
pub static DEAD_AIR: Table = Table {
    name: "dead_air",
    doc: "When silence that the station sends counts as dead air.",
    keys: &[
        key("below", Kind::Level, "below: -60 dB", "No sample is louder than this, relative to full scale.")
            .default("-60 dB"),
        key("longer_than", Kind::Duration, "longer_than: 30s", "It lasts at least so long.").default("30s"),
    ],
    one_of: &[],
};
