//! The station YAML, checked.
//!
//! Two families of types: what is written in the file, with the place of every word, stays private; what is handed out
//! ([`Config`], [`Station`], [`Show`]) is complete and right, so that nothing above needs to check again.

mod crontab;
mod show;
mod station;
mod template;

pub use crontab::Crontab;
pub use show::{Keep, Mp3, Show, TagTemplates};
pub use station::{Address, Find, Hls, Icecast, Rtmp, SourceConfig, Station, Step};
pub use template::{Template, TemplateError, Values};

use std::path::PathBuf;
use std::sync::Arc;

use chrono_tz::Tz;

use crate::model::{ShowId, StationId};

/// A whole configuration, checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// The file it was read from.
    pub file: PathBuf,
    /// The zone of shows and stations that name none.
    pub timezone: Tz,
    /// Where recordings go, absolute.
    pub output: PathBuf,
    /// Where tape and catalogue live, absolute.
    pub state: PathBuf,
    /// Free bytes below which no new airing is begun.
    pub min_free: u64,
    /// The stations, in the order of the file.
    pub stations: Vec<Arc<Station>>,
    /// The shows, in the order of the file.
    pub shows: Vec<Arc<Show>>,
}

impl Config {
    /// The station with this id.
    pub fn station(&self, id: &StationId) -> Option<&Arc<Station>> {
        self.stations.iter().find(|station| station.id == *id)
    }

    /// The show with this id.
    pub fn show(&self, id: &ShowId) -> Option<&Arc<Show>> {
        self.shows.iter().find(|show| show.id == *id)
    }
}
