//! What a grab fetches: tracks of segments, in order.

use std::time::Duration;

use url::Url;

use super::pattern::Pattern;
use crate::base::hash::fnv1a;
use crate::base::http::ExtraHeaders;
use crate::capture::source::hls::{Map, MediaPlaylist, Segment};

/// The length of a segment of which nothing is known.
const SOME_LENGTH: Duration = Duration::from_secs(4);

/// What is to be fetched.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The tracks: one, or picture and sound.
    pub tracks: Vec<Track>,
}

/// Segments that follow each other.
#[derive(Debug, Clone, PartialEq)]
pub enum Track {
    /// Those that a playlist names.
    Listed(Vec<Segment>),
    /// Those that are numbered.
    Numbered(Numbered),
}

/// Numbered segments.
#[derive(Debug, Clone, PartialEq)]
pub struct Numbered {
    /// Their addresses.
    pub pattern: Pattern,
    /// The first number.
    pub first: u64,
    /// How many.
    pub count: u64,
    /// Whether the last may be absent.
    pub last_may_lack: bool,
    /// How long one of them plays, if that was said.
    pub length: Option<Duration>,
    /// Their initialisation section, without which fragments of an MP4 are nothing.
    pub init: Option<Url>,
}

impl Plan {
    /// How many segments there are in all.
    pub fn size(&self) -> usize {
        self.tracks.iter().map(Track::len).sum()
    }

    /// Whether `other` has the same segments, perhaps at other addresses.
    pub fn is_same_as(&self, other: &Self) -> bool {
        let names = |plan: &Self| -> Vec<Vec<(u64, u64)>> {
            let names = |track: &Track| (0..track.len()).map(|at| (track.number(at), track.name(at))).collect();
            plan.tracks.iter().map(names).collect()
        };
        names(self) == names(other)
    }
}

impl Track {
    /// The track of a playlist that has ended. Segments that it lists twice by mistake play once.
    pub fn of_list(list: MediaPlaylist) -> Self {
        Self::Listed(list.segments.into_iter().filter(|segment| !segment.repeat).collect())
    }

    /// How many segments it has.
    pub fn len(&self) -> usize {
        match self {
            Self::Listed(segments) => segments.len(),
            Self::Numbered(numbered) => usize::try_from(numbered.count).unwrap_or(usize::MAX),
        }
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number of the segment at this place.
    pub fn number(&self, at: usize) -> u64 {
        match self {
            Self::Listed(segments) => segments.get(at).map_or(0, |segment| segment.sequence),
            Self::Numbered(numbered) => numbered.first.saturating_add(at as u64),
        }
    }

    /// The hash of the name of the segment at this place: it stays when hosts and tokens change.
    pub fn name(&self, at: usize) -> u64 {
        match self {
            Self::Listed(segments) => segments.get(at).map_or(0, |segment| match segment.byte_range {
                Some(range) => fnv1a(&format!("{} {}+{}", segment.segment_key, range.offset, range.length)),
                None => fnv1a(&segment.segment_key),
            }),
            Self::Numbered(numbered) => fnv1a(&numbered.pattern.name(self.number(at))),
        }
    }

    /// The name of the segment at this place for people.
    pub fn called(&self, at: usize) -> String {
        match self {
            Self::Listed(_) => self.number(at).to_string(),
            Self::Numbered(numbered) => numbered.pattern.name(self.number(at)),
        }
    }

    /// The segment at this place. `None` if there is none.
    pub fn segment(&self, at: usize) -> Option<Segment> {
        match self {
            Self::Listed(segments) => segments.get(at).cloned(),
            Self::Numbered(numbered) if (at as u64) < numbered.count => {
                let number = self.number(at);
                let url = numbered.pattern.address(number)?;
                let map = numbered.init.clone().map(|url| Map { url, byte_range: None });
                Some(Segment { map, ..numbered_segment(url, number, numbered.length) })
            }
            Self::Numbered(_) => None,
        }
    }

    /// Whether the list itself says that there is nothing at this place.
    pub fn is_gap(&self, at: usize) -> bool {
        matches!(self, Self::Listed(segments) if segments.get(at).is_some_and(|segment| segment.gap))
    }

    /// Whether media time starts anew with the segment at this place.
    pub fn is_discontinuous(&self, at: usize) -> bool {
        matches!(self, Self::Listed(segments) if segments.get(at).is_some_and(|segment| segment.discontinuity))
    }

    /// Whether the segment at this place may be absent.
    pub fn may_lack(&self, at: usize) -> bool {
        matches!(self, Self::Numbered(numbered) if numbered.last_may_lack && at + 1 == self.len())
    }

    /// How long the segment at this place plays as far as its list or a person says, or else `typical`.
    pub fn length(&self, at: usize, typical: Option<Duration>) -> Duration {
        let said = match self {
            Self::Listed(segments) => segments.get(at).map(|segment| segment.claimed.unwrap_or(segment.duration)),
            Self::Numbered(numbered) => numbered.length,
        };
        said.or(typical).unwrap_or(SOME_LENGTH)
    }
}

/// The segment at `url`.
fn numbered_segment(url: Url, number: u64, length: Option<Duration>) -> Segment {
    Segment {
        sequence: number,
        segment_key: url.path().to_owned(),
        url,
        duration: length.unwrap_or(SOME_LENGTH),
        claimed: None,
        byte_range: None,
        headers: ExtraHeaders::default(),
        key: None,
        map: None,
        programme_time: None,
        discontinuity: false,
        gap: false,
        repeat: false,
    }
}
