//! Airings.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::super::Site;
use super::count::Count;
use super::extract::Query;
use super::problem::Problem;
use crate::schedule::plan;

/// How many of them.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Asked {
    /// At most so many; 20 by default.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 500)]
    limit: Option<Count>,
}

/// An airing. Times are RFC 3339, by the clock of the show.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Airing)]
pub(super) struct Coming {
    /// Derived from show and start; the recording will have it.
    #[schema(example = "x@20261120T0300Z")]
    id: String,
    /// The show's id.
    show: String,
    /// The show's title.
    title: String,
    /// The station's id.
    station: String,
    /// On the air from.
    #[schema(format = DateTime)]
    start: String,
    /// On the air until.
    #[schema(format = DateTime)]
    end: String,
    /// The zone of the show.
    #[schema(example = "Asia/Seoul")]
    timezone: &'static str,
}

/// The coming airings, the next first.
#[utoipa::path(
    get, path = "/airings", operation_id = "airings", tag = "airings", params(Asked),
    responses((status = 200, body = Vec<Coming>), Problem)
)]
pub(super) async fn list(State(site): State<Site>, Query(asked): Query<Asked>) -> Json<Vec<Coming>> {
    let config = site.config();
    let count = usize::try_from(asked.limit.unwrap_or(Count::usual(20)).get()).unwrap_or_default();
    let coming = plan::coming(&config.shows, site.clock.now(), count).into_iter().map(|airing| {
        let stamp = |at: DateTime<Utc>| at.with_timezone(&airing.timezone).to_rfc3339_opts(SecondsFormat::Secs, false);
        Coming {
            id: airing.id.to_string(),
            show: airing.show.to_string(),
            title: config.show(&airing.show).map_or_else(|| airing.show.to_string(), |show| show.title.clone()),
            station: airing.station.to_string(),
            start: stamp(airing.on_air.start),
            end: stamp(airing.on_air.end),
            timezone: airing.timezone.name(),
        }
    });
    Json(coming.collect())
}
