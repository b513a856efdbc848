//! The whole configuration.

use std::path::PathBuf;
use std::sync::Arc;

use super::folders::{self, Unwritable};
use super::{DeadAirRule, GapPolicy, Id3, Mp3, Show, Station, Template, Web};
use crate::base::text::composed;
use crate::base::zone::Zone;
use crate::model::{ShowId, StationId};

/// A whole configuration, checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// The file it was read from.
    pub file: PathBuf,
    /// What is right and perhaps not meant: sentences that begin with the line.
    pub warnings: Vec<String>,
    /// The zone of shows and stations that name none.
    pub timezone: Zone,
    /// Where recordings go, absolute.
    pub output: PathBuf,
    /// Where tape and catalogue live, absolute.
    pub state: PathBuf,
    /// The names of recordings where a show does not say otherwise.
    pub name: Template,
    /// The encoding where a show does not say otherwise.
    pub mp3: Mp3,
    /// The version of the tags if the show does not say otherwise.
    pub id3: Id3,
    /// The page.
    pub web: Web,
    /// What stands in the file in the place of a gap if the show does not say otherwise.
    pub gaps: GapPolicy,
    /// What counts as dead air if the show does not say otherwise; `None` if nothing does.
    pub dead_air: Option<DeadAirRule>,
    /// Free bytes below which no new airing is begun.
    pub min_free: u64,
    /// The stations, in the order of the file.
    pub stations: Vec<Arc<Station>>,
    /// The shows, in the order of the file.
    pub shows: Vec<Arc<Show>>,
}

impl Config {
    /// The folders that this user may not write to. Blocks on the disk.
    pub fn unwritable(&self) -> Vec<Unwritable> {
        [&self.output, &self.state].into_iter().filter_map(|folder| folders::unwritable(folder)).collect()
    }

    /// The station with this id, in whichever normal form that is written.
    pub fn station(&self, id: &StationId) -> Option<&Arc<Station>> {
        let by = |id: &str| self.stations.iter().find(|station| station.id.as_str() == id);
        by(id.as_str()).or_else(|| by(&composed(id.as_str())))
    }

    /// The name of the station with this id; the id itself where the file no longer has that station.
    pub fn station_name<'a>(&'a self, id: &'a StationId) -> &'a str {
        self.station(id).map_or(id.as_str(), |station| &station.name)
    }

    /// The show with this id, in whichever normal form that is written.
    pub fn show(&self, id: &ShowId) -> Option<&Arc<Show>> {
        let by = |id: &str| self.shows.iter().find(|show| show.id.as_str() == id);
        by(id.as_str()).or_else(|| by(&composed(id.as_str())))
    }
}
