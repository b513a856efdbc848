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
        })
    }

    /// The same, of the airing as it is now.
    #[must_use]
    pub fn amended(&self, airing: &Airing) -> Self {
        Self { airing: airing.clone(), ..self.clone() }
    }
}
