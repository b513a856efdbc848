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
            None => config.stand_in(&airing.show, title, &station),
        };
        Some(Self { airing: airing.clone(), show, station, config: Arc::clone(config), only_tape })
    }

    /// As the configuration has it now: what was corrected there is used by what is not finished. Where it no longer has
    /// the show or the station, that of the order goes on.
    #[must_use]
    pub fn by(self, config: &Arc<Config>) -> Self {
        Self::of(config, &self.airing, &self.show.title).unwrap_or(self)
    }

    /// With the airing as it is now.
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
    fn what_was_corrected_is_used_and_what_was_removed_goes_on() {
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
