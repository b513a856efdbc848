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
    /// Playlists are compressed where the client allows it.
    pub gzip: bool,
    /// Playlists and segments have moved.
    pub redirects: Redirects,
    /// Bandwidths in a master playlist; without any there is none.
    pub variants: Vec<u64>,
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
    /// The endless body begins with `ICY 200 OK`.
    pub icy_status: bool,
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
            gzip: false,
            redirects: Redirects::No,
            variants: Vec::new(),
            token: None,
            cookies: false,
            cookie_lifetime: None,
            same_names: false,
            by_query: None,
            header: None,
            first_sequence: 1_000,
            burst: Duration::from_secs(3),
            mix: None,
            icy_status: false,
        }
    }
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
