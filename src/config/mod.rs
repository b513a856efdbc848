//! The station YAML, checked.
//!
//! Two families of types: what is written in the file, with the place of every word, stays private; what is handed out
//! ([`Config`], [`Station`], [`Show`]) is complete and right, so that nothing above needs to check again.

mod artwork;
mod checks;
mod cron_fields;
mod cron_meant;
mod cron_words;
mod crontab;
mod document;
mod folders;
mod keys;
mod kind;
mod lookalike;
mod meant;
mod once;
mod position;
mod problem;
#[cfg(any(test, feature = "fuzzing"))]
pub mod properties;
mod read;
mod read_show;
mod read_station;
mod read_treatment;
mod schema;
mod secret;
mod section;
mod show;
mod slug;
mod station;
mod syntax;
mod template;
#[cfg(test)]
mod tests;
mod trial;
mod units;
mod unseen;
mod web;

pub use artwork::Artwork;
pub use cron_fields::CrontabError;
pub use crontab::Crontab;
pub use folders::Unwritable;
pub use problem::{ConfigErrors, Problem};
pub use show::{DeadAirRule, Gaps, Id3, Keep, Mp3, Show, TagTemplates, Treatment};
pub use station::{Address, Find, Hls, Icecast, Rtmp, SourceConfig, Station, Step};
pub use template::{Purpose, Template, TemplateError, Values};
pub use web::{Auth, Web};

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::base::blocking::within;
use crate::base::text::composed;
use crate::base::zone::Zone;
use crate::model::{ShowId, StationId};
use folders::Look;

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
    /// The page.
    pub web: Web,
    /// What becomes of what is missing or silent, where a show does not say otherwise.
    pub treatment: Treatment,
    /// Free bytes below which no new airing is begun.
    pub min_free: u64,
    /// The stations, in the order of the file.
    pub stations: Vec<Arc<Station>>,
    /// The shows, in the order of the file.
    pub shows: Vec<Arc<Show>>,
}

/// How long the folders of the file may take to answer the service.
const PATIENCE: Duration = Duration::from_secs(5);

impl Config {
    /// Reads the file at `path` and checks it whole, with the folders it names: this user must be able to write to them.
    /// Blocks on the disk.
    ///
    /// # Errors
    /// Every mistake of the file at once.
    pub fn load(path: &Path) -> Result<Self, ConfigErrors> {
        read::load(path, Look::Writable)
    }

    /// Reads and checks the file at `path`, whoever asks: [`Self::unwritable`] says what only this user may not do. Blocks
    /// on the disk.
    ///
    /// # Errors
    /// Every mistake of the file at once.
    pub fn check(path: &Path) -> Result<Self, ConfigErrors> {
        read::load(path, Look::Possible)
    }

    /// As [`Self::check`], for the service: folders that do not answer, as on a share that hangs, are not looked at. Blocks on
    /// the disk.
    ///
    /// # Errors
    /// Every mistake of the file at once.
    pub fn serve(path: &Path) -> Result<Self, ConfigErrors> {
        let file = path.to_owned();
        within(PATIENCE, move || Self::check(&file)).unwrap_or_else(|| Self::look(path))
    }

    /// Reads and checks the file at `path`, but not the folders that it names: for commands that do not need them. Blocks on
    /// the disk.
    ///
    /// # Errors
    /// Every mistake of the file at once.
    pub fn look(path: &Path) -> Result<Self, ConfigErrors> {
        read::load(path, Look::Away)
    }

    /// The folders that this user may not write to. Blocks on the disk.
    pub fn unwritable(&self) -> Vec<Unwritable> {
        [&self.output, &self.state].into_iter().filter_map(|folder| folders::unwritable(folder)).collect()
    }

    /// Checks `text` as if it stood in the file `path`: relative folders and secrets are looked up beside it, but
    /// whether recordings can be written is not looked at.
    ///
    /// # Errors
    /// Every mistake of the text at once.
    pub fn parse(text: &str, path: &Path) -> Result<Self, ConfigErrors> {
        read::read(text, path, Look::Away)
    }

    /// The JSON Schema of the file (draft 2020-12).
    pub fn schema() -> serde_json::Value {
        schema::schema()
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

/// The longest that an airing can be.
pub const LONGEST: std::time::Duration = units::LONGEST;

/// A duration as it is written in the file and on the command line, such as `15s` or `1h30m`; otherwise a sentence that
/// says how to write it.
pub fn parse_duration(text: &str) -> Result<std::time::Duration, String> {
    problem::fed_back(text, units::duration).map_err(|complaint| match complaint.hint {
        Some(hint) => format!("{}: {hint}", complaint.message),
        None => complaint.message,
    })
}
