//! What the catalogue hands out: airings that are claimed, recordings that are done.

use std::path::PathBuf;
use std::time::Duration;

use crate::base::zone::Zone;
use chrono::{DateTime, Utc};

use crate::model::{Airing, AiringId, Codec, DeadAir, Gap, Loudness, Note, Outcome, ShowId, Span, StationId, Verdict};

/// An airing that is claimed but not finished: it is being recorded, or was when the process died.
#[derive(Debug, Clone, PartialEq)]
pub struct ClaimedAiring {
    /// The airing as it was claimed, whatever the YAML says now.
    pub airing: Airing,
    /// The show's title when it was claimed.
    pub title: String,
    /// When it was claimed.
    pub claimed_at: DateTime<Utc>,
    /// How often its recording was begun; 1 after the claim.
    pub attempts: u32,
    /// The outcome, where the process died between naming the file and finishing the airing.
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
    /// The show's title when it was claimed.
    pub title: String,
    /// The zone of the show.
    pub timezone: Zone,
    /// When the show was on the air by its schedule.
    pub on_air: Span,
    /// What was to be recorded: on air, with padding.
    pub cut: Span,
    /// The judgement; none while it is being recorded.
    pub verdict: Option<Verdict>,
    /// Decoded sound in the file, in seconds.
    pub seconds: f64,
    /// How long the file plays, silence in the place of gaps included; none where it was not written down.
    pub length: Option<Duration>,
    /// What is missing, in order.
    pub gaps: Vec<Gap>,
    /// What is silent, in order.
    pub dead_air: Vec<DeadAir>,
    /// What else is to be said of it.
    pub notes: Vec<Note>,
    /// How loud it is; none where there is nothing to be heard, and in recordings of releases that did not measure it.
    pub loudness: Option<Loudness>,
    /// The file, relative to the output folder; none where there never was one, it has been deleted or is in the bin, or
    /// it was moved away and another recording has its name by now.
    pub file: Option<PathBuf>,
    /// Its size.
    pub bytes: Option<u64>,
    /// When it was claimed.
    pub claimed_at: DateTime<Utc>,
    /// When it was finished; none while it is being recorded.
    pub finished_at: Option<DateTime<Utc>>,
    /// When the file was deleted, by retention or for good by a person.
    pub deleted_at: Option<DateTime<Utc>>,
    /// That a person has deleted it, and it can be brought back.
    pub binned: Option<Binned>,
}

/// A recording in the bin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binned {
    /// When it was deleted.
    pub at: DateTime<Utc>,
    /// Where its file is.
    pub stage: Stage,
    /// What its file was called, or is to be called again, relative to the output folder; none where there never was one.
    pub file: Option<PathBuf>,
    /// Its size.
    pub bytes: Option<u64>,
}

/// How far a file is on the way into the bin or out of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Still in its place, or in the bin already.
    Going,
    /// In the bin.
    There,
    /// Still in the bin, or in its place already.
    Coming,
}

impl Stage {
    /// Every stage.
    pub(super) const ALL: [Self; 3] = [Self::Going, Self::There, Self::Coming];

    /// How the tables name it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Going => "going",
            Self::There => "there",
            Self::Coming => "coming",
        }
    }
}

impl Recording {
    /// The airing that was recorded.
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

    /// The codec of its file; the default one if there is no file.
    pub fn codec(&self) -> Codec {
        self.file.as_deref().and_then(Codec::of_file).unwrap_or_default()
    }

    /// How long the file plays; for recordings of releases that did not write it down, the sound in it.
    pub fn plays_for(&self) -> Duration {
        self.length.unwrap_or_else(|| Duration::try_from_secs_f64(self.seconds).unwrap_or_default())
    }
}
