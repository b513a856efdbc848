//! Orders: what it takes to record one airing.

use std::sync::Arc;

use crate::config::{Config, Show, Station};
use crate::model::Airing;

/// Holds all that is needed to record one airing.
#[derive(Debug, Clone)]
pub struct Order {
    /// The airing to record.
    pub airing: Airing,
    /// Says how to tag, name and encode the recording.
    pub show: Arc<Show>,
    /// The station to record.
    pub station: Arc<Station>,
    /// Says how much space must be free, and what may be deleted for it.
    pub config: Arc<Config>,
    /// Whether there is only the tape: the configuration no longer says how to reach the station.
    pub only_tape: bool,
}

impl Order {
    /// Returns the order for `airing`. `None` if the configuration no longer has its station or its show. A one-time
    /// airing has the title `title`.
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

    /// Returns the order to go on with `airing`, which was begun. A show or station that the configuration no longer
    /// has is replaced by one with the defaults. `None` only if the defaults have no valid templates.
    pub fn begun(config: &Arc<Config>, airing: &Airing, title: &str) -> Option<Self> {
        let known = config.station(&airing.station).map(Arc::clone);
        let only_tape = known.is_none();
        let station = known.unwrap_or_else(|| Arc::new(Station::unreachable(&airing.station, airing.timezone)));
        let show = match config.show_or_once(&airing.show, title, &station) {
            Some(show) => show,
            None => config.stand_in(&airing.show, title, &station),
        };
        Some(Self { airing: airing.clone(), show, station, config: Arc::clone(config), only_tape })
    }

    /// Returns the order by a newer configuration, so that an airing which is not finished uses what was corrected
    /// there. If `config` no longer has the show or the station, returns the order unchanged.
    #[must_use]
    pub fn by(self, config: &Arc<Config>) -> Self {
        Self::of(config, &self.airing, &self.show.title).unwrap_or(self)
    }

    /// Returns the order with the airing as it is now.
    #[must_use]
    pub fn amended(&self, airing: &Airing) -> Self {
        Self { airing: airing.clone(), ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use chrono::{DateTime, TimeDelta};

    use super::*;
    use crate::base::zone::Zone;
    use crate::model::{AiringId, ShowId, Span, StationId};

    fn config(shows: &str) -> Arc<Config> {
        let text = format!("stations: {{ s: {{ hls: \"http://127.0.0.1:9/x\" }} }}\nshows: [{shows}]\n");
        Arc::new(Config::parse(&text, Path::new("/etc/stations.yaml")).unwrap())
    }

    #[test]
    fn an_order_uses_a_corrected_show_and_keeps_a_removed_one() {
        let show = |name| format!("{{ title: Show, station: s, cron: \"0 9 * * *\", length: 1h, name: \"{name}\" }}");
        let start = DateTime::UNIX_EPOCH;
        let airing = Airing {
            id: AiringId::derive(&ShowId::new("show"), start),
            show: ShowId::new("show"),
            station: StationId::new("s"),
            on_air: Span::new(start, start + TimeDelta::hours(1)),
            early: TimeDelta::zero(),
            late: TimeDelta::zero(),
            timezone: Zone::utc(),
        };
        let order = Order::of(&config(&show("old")), &airing, "Show").unwrap();
        let name = |order: Order| order.show.file.source().to_owned();
        assert_eq!(name(order.clone().by(&config(&show("new")))), "new");
        assert_eq!(name(order.by(&config(""))), "old");
    }
}
