//! All that is needed to record one airing.

use std::sync::Arc;

use crate::config::{Config, Show, Station};
use crate::model::Airing;

/// All that is needed to record one airing.
#[derive(Debug, Clone)]
pub struct Order {
    /// What.
    pub airing: Airing,
    /// How to tag, name and encode it.
    pub show: Arc<Show>,
    /// Where from.
    pub station: Arc<Station>,
    /// How much must be free, and what may go before an airing is refused.
    pub config: Arc<Config>,
    /// Nobody knows any more how to reach the station: there is only what is on tape.
    pub only_tape: bool,
}

impl Order {
    /// What it takes to record `airing`, where the configuration still has its station and its show; one that airs once
    /// has the title `title`.
    pub fn of(config: &Arc<Config>, airing: &Airing, title: &str) -> Option<Self> {
        let station = config.station(&airing.station)?;
        Some(Self {
            airing: airing.clone(),
            show: config.show_or_once(&airing.show, title, station)?,
            station: Arc::clone(station),
            config: Arc::clone(config),
            only_tape: false,
        })
    }

    /// What it takes to go on with `airing`, which was begun: a show or a station that the configuration has no longer is
    /// made of its defaults. `None` only where these are no templates.
    pub fn begun(config: &Arc<Config>, airing: &Airing, title: &str) -> Option<Self> {
        let known = config.station(&airing.station).map(Arc::clone);
        let only_tape = known.is_none();
        let station = known.unwrap_or_else(|| Arc::new(Station::unreachable(&airing.station, airing.timezone)));
        let show = match config.show_or_once(&airing.show, title, &station) {
            Some(show) => show,
            None => config.stand_in(&airing.show, title, &station)?,
        };
        Some(Self { airing: airing.clone(), show, station, config: Arc::clone(config), only_tape })
    }

    /// The same, of the airing as it is now.
    #[must_use]
    pub fn amended(&self, airing: &Airing) -> Self {
        Self { airing: airing.clone(), ..self.clone() }
    }
}
