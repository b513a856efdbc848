//! What is written of a new show or station if only what it must have is known.

use super::addition::Addition;
use super::entry::{Quotes, Written};
use crate::config::values::{Config, slug};
use crate::model::{ShowId, StationId};

/// A show that is to be added.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewShow {
    /// The id of its station.
    pub station: String,
    /// When it begins.
    pub cron: String,
    /// How long it is on the air.
    pub length: String,
    /// Its title; by default the name of its station.
    pub title: Option<String>,
    /// Its id; by default one that no show has is made from its title.
    pub id: Option<String>,
    /// How much is recorded before it.
    pub early: Option<String>,
    /// How much is recorded after it.
    pub late: Option<String>,
}

impl NewShow {
    /// Returns what is to be written, in a file that says `known` as far as it can be read.
    pub fn addition(&self, known: Option<&Config>) -> Addition {
        let station = &self.station;
        let name = known.and_then(|config| config.station(&StationId::new(station)));
        let name = name.map_or(station.as_str(), |station| station.name.as_str());
        let title = self.title.as_deref().unwrap_or(name);
        let mut keys = vec![("title", Written::text(title))];
        let id = self.id.clone().or_else(|| known.and_then(|config| another_id(title, config)));
        keys.extend(id.map(|id| ("id", Written::text(id))));
        keys.push(("station", Written::text(station)));
        keys.push(("cron", Written::Text(self.cron.clone(), Quotes::Double)));
        keys.push(("length", Written::text(&self.length)));
        let padding = [("early", &self.early), ("late", &self.late)];
        keys.extend(padding.into_iter().filter_map(|(key, length)| Some((key, Written::text(length.as_ref()?)))));
        Addition::show(keys.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
    }
}

/// Returns an id made from `name` that no station of `known` has.
pub fn station_id(name: &str, known: Option<&Config>) -> String {
    let usual = id_from(name);
    let is_taken = |id: &str| known.is_some_and(|config| config.station(&StationId::new(id)).is_some());
    if is_taken(&usual) { numbered(&usual, is_taken) } else { usual }
}

/// An id that no show has yet. `None` if that of the title is free.
fn another_id(title: &str, config: &Config) -> Option<String> {
    let usual = id_from(title);
    let is_taken = |id: &str| config.show(&ShowId::new(id)).is_some();
    is_taken(&usual).then(|| numbered(&usual, is_taken))
}

fn numbered(usual: &str, is_taken: impl Fn(&str) -> bool) -> String {
    let free = (2..u32::MAX).map(|number| format!("{usual}-{number}")).find(|id| !is_taken(id));
    free.unwrap_or_else(|| usual.to_owned())
}

fn id_from(name: &str) -> String {
    Some(slug(name)).filter(|id| !id.is_empty()).unwrap_or_else(|| "station".to_owned())
}
