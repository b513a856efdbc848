//! Stations that are not in the file, after a start.

use tracing::warn;

use crate::config::Config;
use crate::library::catalogue::{Catalogue, CatalogueError};

/// Returns `config` with the stations that somebody asked for and whose recordings may still be under way.
pub(super) async fn with_asked_stations(mut config: Config, catalogue: &Catalogue) -> Result<Config, CatalogueError> {
    for (id, source) in catalogue.asked_stations().await? {
        let source = serde_json::from_str(&source).unwrap_or_default();
        match config.ad_hoc_station(&id, &source) {
            Ok(station) => config = config.with_ad_hoc(station),
            Err(error) => warn!(station = %id, error, "somebody asked for it, and it cannot be reached any more"),
        }
    }
    Ok(config)
}
