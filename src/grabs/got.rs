//! A segment as it came, with what is computed of its bytes once.

use std::time::Duration;

use super::folder::{Kept, Kind, hash};
use super::plan::Track;
use crate::capture::source::hls::{Segment, Sound};
use crate::model::Container;

/// The place of a segment in a plan.
#[derive(Debug, Clone, Copy)]
pub struct Spot<'a> {
    /// Its list.
    pub list: &'a Track,
    /// The number of that among the tracks.
    pub track: u8,
    /// Its place in it.
    pub at: usize,
}

impl Spot<'_> {
    /// The numbers of its track and of its place in that.
    pub fn place(&self) -> (u8, usize) {
        (self.track, self.at)
    }

    /// The segment. `None` if there is none.
    pub fn segment(&self) -> Option<Segment> {
        self.list.segment(self.at)
    }
}

/// A segment as it came.
#[derive(Debug)]
pub struct Got {
    /// Its sound, decrypted.
    pub sound: Sound,
    /// The hash of its bytes.
    pub hash: u64,
    /// Whether its bytes say when it plays: no two segments have the same, not even of silence.
    pub is_timed: bool,
}

impl Got {
    /// What came.
    pub fn of(sound: Sound) -> Self {
        let is_timed =
            matches!(sound.container, Container::MpegTs | Container::Fmp4) || sound.bytes.starts_with(b"ID3");
        Self { hash: hash(&sound.bytes), is_timed, sound }
    }

    /// What is kept of it as the segment at `spot`; it lacks so much of its end.
    pub fn kept(self, spot: Spot<'_>, lacks: Duration) -> Kept {
        let Self { sound: Sound { bytes, container, probe, init, .. }, hash, is_timed } = self;
        Kept {
            id: (spot.track, spot.list.number(spot.at)),
            name: spot.list.name(spot.at),
            bytes,
            hash,
            kind: Kind(container.live_extension()),
            init,
            plays: probe.duration,
            lacks,
            is_timed,
        }
    }
}
