//! The types that the catalogue returns: claimed airings and recordings.

use std::path::PathBuf;
use std::time::Duration;

use crate::base::zone::Zone;
use chrono::{DateTime, Utc};

use crate::model::{Airing, AiringId, Codec, DeadAir, Gap, Loudness, Note, Outcome, ShowId, Span, StationId, Verdict};

/// An airing that is claimed but not finished: it is being recorded, or was being recorded when the process died.
#[derive(Debug, Clone, PartialEq)]
pub struct ClaimedAiring {
    /// The airing as it was claimed; the YAML may differ now.
    pub airing: Airing,
    /// The title of the show when the airing was claimed.
    pub title: String,
    /// The time of the claim.
    pub claimed_at: DateTime<Utc>,
    /// The number of attempts; 1 after the claim.
    pub attempts: u32,
    /// The prepared outcome. `None` unless the process died between naming the file and finishing the airing.
    pub prepared: Option<Outcome>,
}

/// A row of the catalogue.
#[derive(Debug, Clone, PartialEq)]
pub struct Recording {
    /// The airing.
    pub id: AiringId,
    /// The show.
    pub show: ShowId,
    /// The station.
    pub station: StationId,
    /// The title of the show when the airing was claimed.
    pub title: String,
    /// The time zone of the show.
    pub timezone: Zone,
    /// When the show was on the air by its schedule.
    pub on_air: Span,
    /// The cut: the time on the air with its padding.
    pub cut: Span,
    /// The verdict. `None` while the airing is being recorded.
    pub verdict: Option<Verdict>,
    /// The decoded sound in the file, in seconds.
    pub seconds: f64,
    /// How long the file plays, silence in place of gaps included. `None` in recordings of releases that did not write
    /// it.
    pub length: Option<Duration>,
    /// What is missing, in order.
    pub gaps: Vec<Gap>,
    /// Dead air, in order.
    pub dead_air: Vec<DeadAir>,
    /// The notes.
    pub notes: Vec<Note>,
    /// The loudness. `None` if nothing can be heard, and in recordings of releases that did not measure it.
    pub loudness: Option<Loudness>,
    /// The file, relative to the output folder. `None` if there never was one, if it was deleted or is in the bin, or
    /// if it was moved away and another recording has got its name.
    pub file: Option<PathBuf>,
    /// The size of the file.
    pub bytes: Option<u64>,
    /// The time of the claim.
    pub claimed_at: DateTime<Utc>,
    /// When the airing was finished. `None` while it is being recorded.
    pub finished_at: Option<DateTime<Utc>>,
    /// When the file was deleted, by retention or for good by a person. `None` if it was not.
    pub deleted_at: Option<DateTime<Utc>>,
    /// The state of the recording in the bin. `None` if it is not there.
    pub binned: Option<Binned>,
}

/// A recording in the bin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binned {
    /// When a person deleted it.
    pub at: DateTime<Utc>,
    /// How far its file is on the way.
    pub stage: Stage,
    /// The name that its file had, or will have when it is brought back, relative to the output folder. `None` if there
    /// never was a file.
    pub file: Option<PathBuf>,
    /// The size of the file.
    pub bytes: Option<u64>,
}

/// How far a file is on its way into the bin or out of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The file goes into the bin: it has its name still, or is in the bin already.
    Going,
    /// The file is in the bin.
    There,
    /// The file comes back: it is in the bin still, or has its name already.
    Coming,
}

impl Stage {
    /// Every stage.
    pub(super) const ALL: [Self; 3] = [Self::Going, Self::There, Self::Coming];

    /// Returns the name of the stage in the table.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Going => "going",
            Self::There => "there",
            Self::Coming => "coming",
        }
    }
}

impl Recording {
    /// Returns the airing that was recorded.
    pub fn airing(&self) -> Airing {
        Airing {
            id: self.id.clone(),
            show: self.show.clone(),
            station: self.station.clone(),
            on_air: self.on_air,
            early: self.on_air.start - self.cut.start,
            late: self.cut.end - self.on_air.end,
            timezone: self.timezone,
        }
    }

    /// Returns the codec of the file; the default codec if there is no file.
    pub fn codec(&self) -> Codec {
        self.file.as_deref().and_then(Codec::of_file).unwrap_or_default()
    }

    /// Returns how long the file plays; the length of its sound in recordings of releases that did not write that.
    pub fn plays_for(&self) -> Duration {
        self.length.unwrap_or_else(|| Duration::try_from_secs_f64(self.seconds).unwrap_or_default())
    }
}
