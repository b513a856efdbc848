//! A show: what to record, when, and what to make of it.

use std::time::Duration;

use crate::base::zone::Zone;

use super::{Artwork, Crontab, DeadAirRule, Encoding, GapPolicy, Id3, Template};
use crate::model::{ShowId, StationId};

/// A show.
#[derive(Debug, Clone)]
pub struct Show {
    /// `id` in the YAML, or the slug of the title.
    pub id: ShowId,
    /// Its title for people.
    pub title: String,
    /// The station that it airs on, which the file has.
    pub station: StationId,
    /// When it starts, in [`Show::timezone`].
    pub cron: Crontab,
    /// The zone of the cron, resolved: the show's, else its station's, else the file's, else the machine's.
    pub timezone: Zone,
    /// How long it is on the air; more than zero.
    pub length: Duration,
    /// How much to record before it.
    pub early: Duration,
    /// How much to record after it.
    pub late: Duration,
    /// The ID3 tags.
    pub tags: TagTemplates,
    /// The name of the file below the output folder, `/` between folders, without extension.
    pub file: Template,
    /// The encoding.
    pub encoding: Encoding,
    /// The version of the tags.
    pub id3: Id3,
    /// What stands in the file in the place of a gap.
    pub gaps: GapPolicy,
    /// What counts as dead air; `None` if nothing does.
    pub dead_air: Option<DeadAirRule>,
    /// Its picture. `None` if it has that of its station.
    pub artwork: Option<Artwork>,
    /// How many recordings to keep.
    pub keep: Keep,
}

/// Templates of the ID3 tags.
#[derive(Debug, Clone)]
pub struct TagTemplates {
    /// TIT2.
    pub title: Template,
    /// TPE1.
    pub artist: Template,
    /// TCON.
    pub genre: Template,
    /// TALB.
    pub album: Template,
}

/// Which recordings to keep. What none of `last`, `days` and `until_heard` keeps is deleted; without them everything is
/// kept, as far as `size` allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Keep {
    /// This many of the newest that have a file.
    pub last: Option<u32>,
    /// Those younger than this many days.
    pub days: Option<u32>,
    /// Whether those that nobody has marked as heard are kept.
    pub until_heard: bool,
    /// How many bytes the recordings that are kept may take; beyond that the oldest go.
    pub size: Option<u64>,
}
