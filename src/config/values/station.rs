//! A station and how to reach its sound.

use std::time::Duration;

use crate::base::zone::Zone;
use regex::Regex;
use url::Url;

use super::{AlwaysTaped, Artwork, TitleRule};
use crate::model::StationId;

/// A broadcaster.
#[derive(Debug, Clone)]
pub struct Station {
    /// Its key in the YAML.
    pub id: StationId,
    /// Its name for people.
    pub name: String,
    /// Its zone: its own, else the file's, else the machine's.
    pub timezone: Zone,
    /// How much later than on the air its stream arrives, if the stream does not say.
    pub delay: Duration,
    /// What to make of what it says that it plays.
    pub titles: TitleRule,
    /// Its picture. `None` if one is drawn.
    pub artwork: Option<Artwork>,
    /// Its rule if it is always on tape. `None` if it is taped for its shows only.
    pub tape: Option<AlwaysTaped>,
    /// How to reach it.
    pub source: SourceConfig,
}

impl Station {
    /// Makes a station without an address, in the place of one that the file no longer has: there may be tape of it.
    pub fn unreachable(id: &StationId, timezone: Zone) -> Self {
        let nowhere = Icecast { address: Address::Find(Vec::new()), headers: Vec::new(), accept_invalid: false };
        Self {
            id: id.clone(),
            name: id.to_string(),
            timezone,
            delay: Duration::ZERO,
            titles: TitleRule::default(),
            artwork: None,
            tape: None,
            source: SourceConfig::Icecast(nowhere),
        }
    }
}

/// How to reach a station's sound.
#[derive(Debug, Clone, PartialEq)]
pub enum SourceConfig {
    /// HTTP Live Streaming (RFC 8216).
    Hls(Hls),
    /// RTMP, through rtmpdump.
    Rtmp(Rtmp),
    /// Icecast or SHOUTcast: one endless HTTP body.
    Icecast(Icecast),
}

impl SourceConfig {
    /// Returns its key in the YAML.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Hls(_) => "hls",
            Self::Rtmp(_) => "rtmp",
            Self::Icecast(_) => "icecast",
        }
    }

    /// Returns where it is.
    pub fn address(&self) -> &Address {
        match self {
            Self::Hls(hls) => &hls.address,
            Self::Rtmp(rtmp) => &rtmp.address,
            Self::Icecast(icecast) => &icecast.address,
        }
    }
}

/// An HLS source.
#[derive(Debug, Clone, PartialEq)]
pub struct Hls {
    /// Where the playlist is.
    pub address: Address,
    /// Headers of every request: page, playlists, keys, segments.
    pub headers: Vec<(String, String)>,
    /// The highest bandwidth to choose among variants, in bits per second.
    pub max_bitrate: Option<u64>,
    /// The language to choose among renditions, as the station writes it (RFC 5646).
    pub language: Option<String>,
    /// Whether a server is recorded although its certificate is not valid.
    pub accept_invalid: bool,
}

/// An RTMP source; the fields are rtmpdump's flags.
#[derive(Debug, Clone, PartialEq)]
pub struct Rtmp {
    /// The RTMP URL.
    pub address: Address,
    /// Headers of the requests that find the address.
    pub headers: Vec<(String, String)>,
    /// `--app`.
    pub app: Option<String>,
    /// `--playpath`.
    pub playpath: Option<String>,
    /// `--swfVfy`.
    pub swf: Option<String>,
    /// `--pageUrl`.
    pub page: Option<String>,
    /// `--live`; true unless switched off.
    pub live: bool,
    /// Further arguments, passed on as they are.
    pub args: Vec<String>,
    /// Whether a page is read although its certificate is not valid.
    pub accept_invalid: bool,
}

/// An Icecast or SHOUTcast source.
#[derive(Debug, Clone, PartialEq)]
pub struct Icecast {
    /// The URL of the stream, or of a PLS, M3U or XSPF that names it.
    pub address: Address,
    /// Headers of every request.
    pub headers: Vec<(String, String)>,
    /// Whether a server is recorded although its certificate is not valid.
    pub accept_invalid: bool,
}

/// Where something is: known, or found anew for every capture.
#[derive(Debug, Clone, PartialEq)]
pub enum Address {
    /// A URL from the file.
    Url(Url),
    /// Steps, each of which works on what the step before found.
    Find(Vec<Find>),
}

/// One step of a `find`, with its number for messages.
#[derive(Debug, Clone, PartialEq)]
pub struct Find {
    /// 1 for the first step.
    pub number: usize,
    /// What it does.
    pub step: Step,
}

/// What a step does with the text of the step before.
#[derive(Debug, Clone)]
pub enum Step {
    /// Fetches a page.
    Get {
        /// The page. `None` if it is the URL that the step before found.
        url: Option<Url>,
        /// Headers of this request, besides the station's own.
        headers: Vec<(String, String)>,
    },
    /// Picks HTML elements by a CSS selector.
    Select {
        /// The selector, valid.
        css: String,
        /// The attribute to take. `None` for the text.
        attribute: Option<String>,
    },
    /// Picks values of a JSON document by JSONPath (RFC 9535).
    Json {
        /// The path, valid.
        path: String,
    },
    /// Matches a regular expression: its first group, or all of it if it has no group.
    Match {
        /// The expression.
        pattern: Regex,
    },
    /// Runs a command of the user's own, with the text on its stdin; what it prints is the result.
    Run {
        /// Program and arguments; no shell.
        command: Vec<String>,
    },
}

/// Expressions are equal if they are written alike.
impl PartialEq for Step {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Get { url, headers }, Self::Get { url: url_too, headers: headers_too }) => {
                (url, headers) == (url_too, headers_too)
            }
            (Self::Select { css, attribute }, Self::Select { css: css_too, attribute: attribute_too }) => {
                (css, attribute) == (css_too, attribute_too)
            }
            (Self::Json { path }, Self::Json { path: other }) => path == other,
            (Self::Match { pattern }, Self::Match { pattern: other }) => pattern.as_str() == other.as_str(),
            (Self::Run { command }, Self::Run { command: other }) => command == other,
            _ => false,
        }
    }
}
