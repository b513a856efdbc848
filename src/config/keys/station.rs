//! The keys of a station: their names, what they are for, what they take. The texts are shown by editors.

use super::kept::KEEP_STATION;
use super::kind::{Kind, Table, key};

/// The schemes of addresses that are fetched over HTTP.
pub const HTTP: &[&str] = &["http", "https"];
/// The schemes of addresses that rtmpdump takes.
pub const RTMP: &[&str] = &["rtmp", "rtmps", "rtmpe", "rtmpt", "rtmpte", "rtmpts"];

/// A station.
pub static STATION: Table = Table {
    name: "station",
    doc: "A broadcaster and how to reach its sound.",
    keys: &[
        key("name", Kind::Text, "name: KBS 1FM", "The station's name for people; by default its id."),
        key("timezone", Kind::Zone, "timezone: Asia/Seoul", "The time zone of this station's shows."),
        key(
            "delay",
            Kind::Duration,
            "delay: 15s",
            "How much later than on the air its stream arrives, where the stream does not say.",
        )
        .default("0s"),
        key(
            "titles",
            Kind::Section(&TITLES),
            "titles: { leave_out: '^KBS' }",
            "What to make of what the station says that it plays.",
        ),
        key(
            "encoding",
            Kind::Word(&["mp3", "aac", "opus", "original"]),
            "encoding: original",
            "What becomes of the sound of its shows; by default as the file says.",
        ),
        key(
            "artwork",
            Kind::Picture,
            "artwork: logo.png",
            "A picture, PNG or JPEG: a file, relative to this one, or a URL; for the shows that have none. By default one is drawn.",
        ),
        key(
            "hls",
            Kind::UrlOr(HTTP, &HLS),
            "hls: https://…/playlist.m3u8",
            "HTTP Live Streaming: the URL of a playlist (.m3u8).",
        ),
        key("rtmp", Kind::UrlOr(RTMP, &RTMP_SOURCE), "rtmp: rtmp://…", "RTMP, recorded through rtmpdump."),
        key(
            "icecast",
            Kind::UrlOr(HTTP, &ICECAST),
            "icecast: https://…",
            "Icecast or SHOUTcast: the URL of a stream, or of a list that names it (PLS, M3U, XSPF, ASX).",
        ),
        key(
            "tls",
            Kind::Section(&TLS),
            "tls: { accept_invalid: true }",
            "How far the servers of its page and its stream are believed.",
        ),
        key(
            "tape",
            Kind::DurationOr(&TAPE),
            "tape: 42d",
            "Keeps the station on tape all the time, and its tape for so long. By default it is taped for its shows.",
        ),
        key(
            "keep",
            Kind::Section(&KEEP_STATION),
            "keep: { size: 50 GiB }",
            "How much the recordings of its shows may take; without a bound where it is left out.",
        ),
    ],
    one_of: &["hls", "rtmp", "icecast"],
};

/// What a station says that it plays.
pub static TITLES: Table = Table {
    name: "titles",
    doc: "What to make of what the station says that it plays.",
    keys: &[
        key(
            "delay",
            Kind::Offset,
            "delay: 5s",
            "How much later a title comes than the sound that it is about; `-5s` if it comes 5 seconds before that sound.",
        )
        .default("0s"),
        key(
            "leave_out",
            Kind::Patterns,
            "leave_out: '^(Werbung|KBS)'",
            "Titles that are no tracks, such as adverts and the name of the station: a regular expression or a list of them.",
        ),
        key(
            "find",
            Kind::Each(&STEP),
            "find:",
            "Steps that find what plays, such as a page of the station; the titles that come with the sound do not count then.",
        ),
        key("every", Kind::Duration, "every: 20s", "With `find`: how often to ask, from `5s` to `10m`.").default("20s"),
    ],
    one_of: &[],
};

/// The tape of a station that is always taped.
pub static TAPE: Table = Table {
    name: "tape",
    doc: "The tape of a station that is taped all the time.",
    keys: &[
        key("keep", Kind::Duration, "keep: 42d", "How long the tape is kept, at least 24h.").required(),
        key(
            "hours",
            Kind::Hours,
            "hours: \"6-23\"",
            "The hours at which the station is taped without a show, by its clock; by default all.",
        ),
    ],
    one_of: &[],
};

/// TLS of a station.
pub static TLS: Table = Table {
    name: "tls",
    doc: "How far the servers of the station's page and stream are believed.",
    keys: &[key(
        "accept_invalid",
        Kind::Bool,
        "accept_invalid: true",
        "Whether it is recorded although a certificate is self-signed, has expired or is for another name.",
    )
    .default("false")],
    one_of: &[],
};

const HEADERS_DOC: &str = "HTTP headers, such as Referer. A value can be `env:NAME` or `file:PATH`.";
const FIND_DOC: &str = "Steps that find the URL, each working on what the one before found.";

/// An HLS source.
pub static HLS: Table = Table {
    name: "hls",
    doc: "Where the HLS playlist is.",
    keys: &[
        key(
            "url",
            Kind::Url(HTTP),
            "url: https://…/playlist.m3u8",
            "The URL of the playlist, `env:NAME` or `file:PATH`.",
        ),
        key("find", Kind::Each(&STEP), "find:", FIND_DOC),
        key("headers", Kind::Headers, "headers: { Referer: \"https://…\" }", HEADERS_DOC),
        key("max_bitrate", Kind::Rate, "max_bitrate: 192k", "The best variant up to this bit rate is recorded."),
        key(
            "language",
            Kind::Text,
            "language: ko",
            "The language to record where the playlist offers several, as its `LANGUAGE` says; else its default.",
        ),
    ],
    one_of: &["url", "find"],
};

/// An Icecast source.
pub static ICECAST: Table = Table {
    name: "icecast",
    doc: "Where the Icecast or SHOUTcast stream is.",
    keys: &[
        key("url", Kind::Url(HTTP), "url: https://…", "The URL of the stream, `env:NAME` or `file:PATH`."),
        key("find", Kind::Each(&STEP), "find:", FIND_DOC),
        key("headers", Kind::Headers, "headers: { Referer: \"https://…\" }", HEADERS_DOC),
    ],
    one_of: &["url", "find"],
};

/// An RTMP source.
pub static RTMP_SOURCE: Table = Table {
    name: "rtmp",
    doc: "Where the RTMP stream is, and what rtmpdump is told.",
    keys: &[
        key("url", Kind::Url(RTMP), "url: rtmp://…", "The URL of the stream, `env:NAME` or `file:PATH`."),
        key("find", Kind::Each(&STEP), "find:", FIND_DOC),
        key("headers", Kind::Headers, "headers: { Referer: \"https://…\" }", HEADERS_DOC),
        key("app", Kind::Text, "app: live", "rtmpdump's --app."),
        key("playpath", Kind::Text, "playpath: stream1", "rtmpdump's --playpath."),
        key("swf", Kind::Text, "swf: https://…/player.swf", "rtmpdump's --swfVfy."),
        key("page", Kind::Text, "page: https://…", "rtmpdump's --pageUrl."),
        key("live", Kind::Bool, "live: true", "rtmpdump's --live.").default("true"),
        key("args", Kind::Words, "args: [--conn, \"S:x\"]", "Further arguments for rtmpdump."),
    ],
    one_of: &["url", "find"],
};

/// A step of a `find`.
pub static STEP: Table = Table {
    name: "step",
    doc: "One step from a page to the URL of the stream, or to what plays.",
    keys: &[
        key(
            "get",
            Kind::Url(HTTP),
            "get: https://…",
            "Fetches a page; left empty, the URL that the step before found.",
        ),
        key(
            "headers",
            Kind::Headers,
            "headers: { Referer: \"https://…\" }",
            "HTTP headers of this `get`; for the URL of a stream, besides the station's own.",
        ),
        key("select", Kind::Selector, "select: script", "Picks HTML elements by a CSS selector."),
        key("attr", Kind::Text, "attr: src", "With `select`: this attribute instead of the text."),
        key("json", Kind::JsonPath, "json: $.stream.url", "Picks values of a JSON document by a JSONPath."),
        key(
            "match",
            Kind::Pattern,
            "match: '\"url\":\"(.*?)\"'",
            "Matches a regular expression: its first group, or all of it.",
        ),
        key(
            "run",
            Kind::Words,
            "run: [yt-dlp, -g]",
            "Runs a program of yours, the text on its input; what it prints is handed on.",
        ),
    ],
    one_of: &["get", "select", "json", "match", "run"],
};
