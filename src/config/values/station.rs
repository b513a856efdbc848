//! A station and how to reach its sound.

use std::time::Duration;

use crate::base::http::Reach;
use crate::base::zone::Zone;
use url::Url;

use super::{AlwaysTaped, Artwork, Find, TitleRule};
use crate::model::{EncodingKind, StationId};

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
    /// What becomes of the sound of its shows. `None` if the file says it.
    pub encoding: Option<EncodingKind>,
    /// Its picture. `None` if one is drawn.
    pub artwork: Option<Artwork>,
    /// Its rule if it is always on tape. `None` if it is taped for its shows only.
    pub tape: Option<AlwaysTaped>,
    /// How many bytes the recordings of its shows may take; beyond that the oldest go. `None` if there is no bound.
    pub keep_size: Option<u64>,
    /// How to reach it.
    pub source: SourceConfig,
}

impl Station {
    /// Makes a station without an address, in the place of one that the file no longer has: there may be tape of it.
    pub fn unreachable(id: &StationId, timezone: Zone) -> Self {
        let nowhere = Icecast {
            address: Address::Find(Vec::new()),
            headers: Vec::new(),
            accept_invalid: false,
            reach: Reach::Anywhere,
        };
        Self {
            id: id.clone(),
            name: id.to_string(),
            timezone,
            delay: Duration::ZERO,
            titles: TitleRule::default(),
            encoding: None,
            artwork: None,
            tape: None,
            keep_size: None,
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

    /// Returns whether a server is believed although its certificate is not valid.
    pub fn accepts_invalid(&self) -> bool {
        match self {
            Self::Hls(hls) => hls.accept_invalid,
            Self::Rtmp(rtmp) => rtmp.accept_invalid,
            Self::Icecast(icecast) => icecast.accept_invalid,
        }
    }

    /// Returns the source; only what is in `reach` is connected to for it.
    #[must_use]
    pub fn within(mut self, reach: Reach) -> Self {
        match &mut self {
            Self::Hls(hls) => hls.reach = reach,
            Self::Rtmp(rtmp) => rtmp.reach = reach,
            Self::Icecast(icecast) => icecast.reach = reach,
        }
        self
    }

    /// Returns which addresses may be connected to for it.
    pub fn reach(&self) -> &Reach {
        match self {
            Self::Hls(hls) => &hls.reach,
            Self::Rtmp(rtmp) => &rtmp.reach,
            Self::Icecast(icecast) => &icecast.reach,
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
    /// Which addresses may be connected to for it.
    pub reach: Reach,
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
    /// Which addresses may be connected to for it.
    pub reach: Reach,
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
    /// Which addresses may be connected to for it.
    pub reach: Reach,
}

/// Where something is: known, or found anew for every capture.
#[derive(Debug, Clone, PartialEq)]
pub enum Address {
    /// A URL from the file.
    Url(Url),
    /// Steps, each of which works on what the step before found.
    Find(Vec<Find>),
}
