//! What the recorder is told to record.

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
