//! What kind of station it is.

use std::time::Duration;

use chrono::TimeDelta;

use super::mix::Mix;
use super::programme::Container;

/// The properties of a station that do not change while it runs.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a property of its own")]
pub struct Setup {
    /// How its sound is packed.
    pub container: Container,
    /// The length of a segment.
    pub segment: Duration,
    /// Segments in the playlist.
    pub window: usize,
    /// How much later than its end a segment is offered.
    pub lag: Duration,
    /// Where the playlist says when a segment was on the air.
    pub programme_time: ProgrammeTime,
    /// How far the clock is ahead by which it says so.
    pub clock_error: TimeDelta,
    /// AES-128, not with `byte_ranges`.
    pub encryption: Option<Encryption>,
    /// All segments in one file, named by byte ranges.
    pub byte_ranges: bool,
    /// How playlists are compressed.
    pub gzip: Gzip,
    /// Playlists and segments have moved.
    pub redirects: Redirects,
    /// Bandwidths in a master playlist; without any there is none.
    pub variants: Vec<u64>,
    /// What else a master playlist says of each variant.
    pub variant_says: &'static str,
    /// How redundant they are.
    pub redundant: Redundant,
    /// The attributes of renditions of their sound, which have lists of their own: `r0`, `r1`, …
    pub renditions: Vec<&'static str>,
    /// Playlists are written in variables (`EXT-X-DEFINE`); with one variant, and segments of the first session.
    pub defines: bool,
    /// Whether playlists say how long segments play; else they say -1, and a target duration of 10 s.
    pub says_lengths: bool,
    /// Playlist URLs are signed and expire.
    pub token: Option<Token>,
    /// The page sets a cookie without which there is no playlist, segment or key.
    pub cookies: bool,
    /// For how long that cookie is good, where it is not for ever.
    pub cookie_lifetime: Option<Duration>,
    /// Segments are named by their number alone, so that an encoder that begins anew uses old names again.
    pub same_names: bool,
    /// Segments have one path, and their names in the query.
    pub by_query: Option<ByQuery>,
    /// A header and its value that every request must have.
    pub header: Option<(&'static str, &'static str)>,
    /// The number of the first segment of the programme.
    pub first_sequence: u64,
    /// What a listener to the endless body gets at once.
    pub burst: Duration,
    /// The format changes as it goes; `container` and `segment` then do not count.
    pub mix: Option<Mix>,
    /// What segment `n` of the programme is sent as; not with `encryption` or `byte_ranges`.
    pub sent_as: Option<SentAs>,
    /// The status line of what succeeds, where it is not that of HTTP; empty where there is no head at all.
    pub status_line: Option<&'static str>,
    /// Lines in the head of every answer, as they stand.
    pub odd_lines: &'static [&'static str],
    /// How long an endless body takes to its head.
    pub head_after: Duration,
    /// Where titles stand in an endless body.
    pub titles: Titles,
}

impl Setup {
    /// A plain station: segments of 2 s, five of them in the window, offered as soon as they end, no extras.
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
        }
    }
}

/// From the number of a segment and its bytes to what is sent.
pub type SentAs = fn(u64, &[u8]) -> Vec<u8>;

/// How playlists are compressed with gzip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gzip {
    /// Not at all.
    No,
    /// Where the client allows it, and their heads say so.
    Yes,
    /// Not at all, and their heads say that they are.
    OnlySaid,
    /// Whatever the client allows, and their heads do not say so.
    Unsaid,
}

/// Where titles stand in an endless body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Titles {
    /// Where they were asked for, at the distance that the head says.
    AsSaid,
    /// Nowhere, whatever the head says.
    Missing,
    /// With so many bytes of sound between them, whatever the head says; each is written out again.
    Every(usize),
    /// The same, and the head says nothing.
    Unsaid(usize),
    /// With so many bytes of sound between them, never a text in them, and the head says nothing.
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

/// What else stands in a query that names a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ByQuery {
    /// Nothing.
    Plain,
    /// A token, another one with every reload.
    Token,
    /// A token, another one with every reload and for every segment.
    TokenEach,
}

/// How segments are encrypted.
#[derive(Debug, Clone, Copy)]
pub struct Encryption {
    /// The IV stands in the playlist; else it is the sequence number.
    pub explicit_iv: bool,
    /// Segments with the same key.
    pub rotate_every: u64,
    /// By what.
    pub method: Method,
    /// Whether all segments have a padding (PKCS#7); else those whose length needs one.
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
    /// Where they are said to be.
    No,
    /// Elsewhere on this server (302).
    SameHost,
    /// On a server with another name (302), where cookies do not go.
    OtherHost,
}

/// How playlist URLs expire.
#[derive(Debug, Clone, Copy)]
pub struct Token {
    /// For how long one is good.
    pub lifetime: Duration,
    /// Whether and how the URL says so.
    pub written: Written,
    /// What an expired one gets.
    pub status: u16,
}

/// How a URL says when it expires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// Not at all.
    Opaque,
    /// `Expires`, as in a canned policy of `CloudFront`.
    Expires,
    /// Base64 of JSON, as in a custom `Policy` of `CloudFront`.
    Policy,
    /// The `exp` of a JSON Web Token.
    Jwt,
}
