//! The setup of a station.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::mix::Mix;
use super::programme::Container;

/// The properties of a station that do not change while it runs.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a property of its own")]
pub struct Setup {
    /// The container of its sound.
    pub container: Container,
    /// The length of a segment.
    pub segment: Duration,
    /// How many segments the playlist has.
    pub window: usize,
    /// How long after its end a segment is offered.
    pub lag: Duration,
    /// Which segments have dates in the playlist.
    pub programme_time: ProgrammeTime,
    /// How far the clock of the dates is ahead.
    pub clock_error: TimeDelta,
    /// AES-128, not with `byte_ranges`.
    pub encryption: Option<Encryption>,
    /// All segments in one file, named by byte ranges.
    pub byte_ranges: bool,
    /// How playlists are compressed.
    pub gzip: Gzip,
    /// Where playlists and segments have moved.
    pub redirects: Redirects,
    /// The bandwidths in the master playlist; without any there is no master playlist.
    pub variants: Vec<u64>,
    /// Further attributes of each variant in the master playlist.
    pub variant_says: &'static str,
    /// How redundant the variants are.
    pub redundant: Redundant,
    /// The attributes of audio renditions, which have their own playlists: `r0`, `r1`, …
    pub renditions: Vec<&'static str>,
    /// Whether playlists use variables (`EXT-X-DEFINE`); with one variant, and segments of the first session.
    pub defines: bool,
    /// Whether playlists have the lengths of segments; otherwise -1, and a target duration of 10 s.
    pub says_lengths: bool,
    /// How playlist URLs are signed and expire.
    pub token: Option<Token>,
    /// Whether the page sets a cookie that playlists, segments and keys require.
    pub cookies: bool,
    /// How long that cookie is valid; `None` means for ever.
    pub cookie_lifetime: Option<Duration>,
    /// Whether segments are named by their number alone, so that a restarted encoder uses old names again.
    pub same_names: bool,
    /// Whether segments have one path, with their names in the query.
    pub by_query: Option<ByQuery>,
    /// A header and its value that every request must have.
    pub header: Option<(&'static str, &'static str)>,
    /// The number of the first segment of the programme.
    pub first_sequence: u64,
    /// How much a listener to the endless body gets at once.
    pub burst: Duration,
    /// How the format changes; then `container` and `segment` do not count.
    pub mix: Option<Mix>,
    /// Changes segment `n` of the programme before it is sent; not with `encryption` or `byte_ranges`.
    pub sent_as: Option<SentAs>,
    /// The status line of successful answers, if it is not that of HTTP; empty for no head at all.
    pub status_line: Option<&'static str>,
    /// Raw lines in the head of every answer.
    pub odd_lines: &'static [&'static str],
    /// How long the head of an endless body takes.
    pub head_after: Duration,
    /// Where titles stand in an endless body.
    pub titles: Titles,
    /// What the titles say at a time; by default they count tens of seconds.
    pub says: Option<Says>,
    /// What is to be had at an address of the station that says what plays; empty for nothing.
    pub now: Option<Says>,
}

impl Setup {
    /// Returns a plain station: segments of 2 s, five in the window, offered as soon as they end, no extras.
    pub fn of(container: Container) -> Self {
        Self {
            container,
            segment: Duration::from_secs(2),
            window: 5,
            lag: Duration::ZERO,
            programme_time: ProgrammeTime::No,
            clock_error: TimeDelta::zero(),
            encryption: None,
            byte_ranges: false,
            gzip: Gzip::No,
            redirects: Redirects::No,
            variants: Vec::new(),
            variant_says: ",CODECS=\"mp4a.40.2\"",
            redundant: Redundant::No,
            renditions: Vec::new(),
            defines: false,
            says_lengths: true,
            token: None,
            cookies: false,
            cookie_lifetime: None,
            same_names: false,
            by_query: None,
            header: None,
            first_sequence: 1_000,
            burst: Duration::from_secs(3),
            mix: None,
            sent_as: None,
            status_line: None,
            odd_lines: &[],
            head_after: Duration::ZERO,
            titles: Titles::AsSaid,
            says: None,
            now: None,
        }
    }
}

/// A function from a time to the title of what plays then.
pub type Says = fn(DateTime<Utc>) -> &'static str;

/// A function from the number and the bytes of a segment to what is sent.
pub type SentAs = fn(u64, &[u8]) -> Vec<u8>;

/// How playlists are compressed with gzip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gzip {
    /// Not compressed.
    No,
    /// If the client accepts it, with a true Content-Encoding.
    Yes,
    /// Not compressed, but with a Content-Encoding.
    OnlySaid,
    /// Always, without a Content-Encoding.
    Unsaid,
}

/// Where titles stand in an endless body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Titles {
    /// If the client asks for them, at the distance that the head gives.
    AsSaid,
    /// No titles, although the head announces them.
    Missing,
    /// With this many bytes of sound between them, whatever the head says; unchanged titles are repeated.
    Every(usize),
    /// With this many bytes of sound between them, and no announcement in the head; unchanged titles are repeated.
    Unsaid(usize),
    /// Empty blocks with this many bytes of sound between them, and no announcement in the head.
    Untold(usize),
}

/// Where `EXT-X-PROGRAM-DATE-TIME` stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProgrammeTime {
    /// Nowhere.
    No,
    /// Before the first segment of the playlist.
    First,
    /// Before every segment.
    Every,
}

/// What else the query of a segment has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ByQuery {
    /// Nothing.
    Plain,
    /// A token, which changes with every reload.
    Token,
    /// A token, which changes with every reload and for every segment.
    TokenEach,
}

/// How segments are encrypted.
#[derive(Debug, Clone, Copy)]
pub struct Encryption {
    /// Whether the playlist has the IV; otherwise it is the sequence number.
    pub explicit_iv: bool,
    /// How many segments share a key.
    pub rotate_every: u64,
    /// The cipher.
    pub method: Method,
    /// Whether all segments are padded (PKCS#7); otherwise only those whose length needs it.
    pub padded: bool,
    /// How the key is written.
    pub key: KeyForm,
}

impl Encryption {
    /// As RFC 8216 has it.
    pub fn usual(explicit_iv: bool, rotate_every: u64) -> Self {
        Self { explicit_iv, rotate_every, method: Method::Aes128, padded: true, key: KeyForm::Bytes }
    }
}

/// A way to encrypt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    Aes128,
    Aes256,
    Aes256Ctr,
    /// Frame by frame.
    Samples,
}

/// How a key is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyForm {
    /// A file of its bytes.
    Bytes,
    /// With a line end after them.
    Line,
    /// A file of its hexadecimal digits, with a line end.
    Digits,
    /// In the playlist itself, as a `data:` URL.
    Data,
}

/// How redundant the variants are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Redundant {
    /// Each is listed once.
    No,
    /// Each is listed twice: first on a host that is down, then here.
    HostDown,
    /// They have one path, and differ in the query.
    ByQuery,
}

/// Where playlists and segments are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Redirects {
    /// At their addresses.
    No,
    /// Elsewhere on this server (302).
    SameHost,
    /// On a server with another name (302), where cookies do not go.
    OtherHost,
}

/// How playlist URLs expire.
#[derive(Debug, Clone, Copy)]
pub struct Token {
    /// How long a URL is valid.
    pub lifetime: Duration,
    /// How the URL gives its expiry, if it does.
    pub written: Written,
    /// The answer to an expired URL.
    pub status: u16,
}

/// How a URL says when it expires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// The URL does not give it.
    Opaque,
    /// `Expires`, as in a canned policy of `CloudFront`.
    Expires,
    /// Base64 of JSON, as in a custom `Policy` of `CloudFront`.
    Policy,
    /// The `exp` of a JSON Web Token.
    Jwt,
}
