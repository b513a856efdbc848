//! The whole configuration.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::folders::{self, Unwritable};
use super::{
    ById, DeadAirRule, Encoding, Encodings, GapPolicy, Grabs, HlsRule, Id3, ObjectStore, Show, Station, Target,
    Template, Web,
};
use crate::base::text::composed;
use crate::base::zone::Zone;
use crate::model::{ShowId, StationId};

/// A whole configuration, checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// The file that it was read from.
    pub file: PathBuf,
    /// The files beside it whose stations and shows are here as well, in the order of their names.
    pub sides: Vec<PathBuf>,
    /// Sentences about what is right and perhaps not meant, each beginning with its line.
    pub warnings: Vec<String>,
    /// What it changed for the service that read it again, a sentence each; empty otherwise.
    pub changes: Vec<String>,
    /// The zone of shows and stations that do not name one.
    pub timezone: Zone,
    /// Where recordings go, absolute.
    pub output: PathBuf,
    /// Where tape and catalogue live, absolute.
    pub state: PathBuf,
    /// The names of recordings if the show does not say otherwise.
    pub name: Template,
    /// The encodings if the show or its station does not say otherwise.
    pub encodings: Encodings,
    /// The version of the tags if the show does not say otherwise.
    pub id3: Id3,
    /// The page.
    pub web: Web,
    /// Where recordings are copied to; `None` if nowhere.
    pub store: Option<Arc<ObjectStore>>,
    /// To whom is told what happens.
    pub notify: Vec<Arc<Target>>,
    /// Downloads that are asked for over the page or the interface.
    pub grab: Grabs,
    /// What stands in the file in the place of a gap if the show does not say otherwise.
    pub gaps: GapPolicy,
    /// What counts as dead air if the show does not say otherwise; `None` if nothing does.
    pub dead_air: Option<DeadAirRule>,
    /// How long clips are kept after they were made; `None` if for good.
    pub keep_clips: Option<Duration>,
    /// How many bytes the recordings of all shows may take; beyond that the oldest go. `None` if there is no bound.
    pub keep_size: Option<u64>,
    /// How recordings are handed out as HLS; `None` if they are not.
    pub hls: Option<HlsRule>,
    /// The free bytes below which no new airing begins.
    pub min_free: u64,
    /// The stations, in the order of the file.
    pub stations: ById<Station>,
    /// The shows, in the order of the file.
    pub shows: ById<Show>,
    /// Stations that are not in the file: each is there for the recordings that somebody asked for.
    pub ad_hoc: BTreeMap<StationId, Arc<Station>>,
}

impl Config {
    /// Returns the folders that this user may not write to. Blocks on the disk.
    pub fn unwritable(&self) -> Vec<Unwritable> {
        [&self.output, &self.state].into_iter().filter_map(|folder| folders::unwritable(folder)).collect()
    }

    /// Returns the station with this id, in whichever Unicode normal form it is written: one of the file, or one that
    /// somebody asked for.
    pub fn station(&self, id: &StationId) -> Option<&Arc<Station>> {
        find(&self.stations, id.as_str()).or_else(|| self.ad_hoc.get(id))
    }

    /// Returns how the sound of `station` is encoded if its show does not say otherwise.
    pub fn encoding_of(&self, station: &Station) -> Encoding {
        self.encodings.of(station.encoding.unwrap_or(self.encodings.kind))
    }

    /// Returns the name of the station with this id, or the id itself if the file has no such station.
    pub fn station_name<'a>(&'a self, id: &'a StationId) -> &'a str {
        self.station(id).map_or(id.as_str(), |station| &station.name)
    }

    /// Returns the show with this id, in whichever Unicode normal form it is written.
    pub fn show(&self, id: &ShowId) -> Option<&Arc<Show>> {
        find(&self.shows, id.as_str())
    }
}

/// Finds `id` as it is, or in normal form C, in which the ids of the file are.
fn find<'a, T>(values: &'a ById<T>, id: &str) -> Option<&'a Arc<T>> {
    values.by_id(id).or_else(|| values.by_id(&composed(id)))
}
