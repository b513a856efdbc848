//! The page of recordings, newest first.

use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use minijinja::context;
use serde::Deserialize;

use super::listing::{Listing, listing};
use super::render::{render, serde};
use super::shown::rows::days;
use super::shown::slots::{on_air, version};
use crate::library::catalogue::{CatalogueError, Filter, Recording};
use crate::model::{ShowId, StationId};
use crate::web::Site;
use crate::web::answer::{broken, language};
use crate::web::site::presence;

/// What the form asks for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Params {
    show: String,
    station: String,
    verdict: String,
    day: String,
    q: String,
    before: String,
}

/// Returns one page of recordings.
pub(super) async fn page(State(site): State<Site>, Query(asked): Query<Params>, headers: HeaderMap) -> Response {
    let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let day = asked.day.parse::<NaiveDate>().ok();
    let filter = Filter {
        show: given(&asked.show).map(ShowId::new),
        station: given(&asked.station).map(StationId::new),
        verdict: given(&asked.verdict),
        title: given(&asked.q),
        before: asked.before.parse::<DateTime<Utc>>().ok(),
        ..Filter::default()
    };
    let narrowed = filter != Filter::default() || day.is_some();
    let listed = match day {
        Some(day) => of_day(&site, filter, day).await,
        None => listing(&site.catalogue, filter).await,
    };
    let listed = match listed {
        Ok(listed) => listed,
        Err(error) => return broken(&error),
    };
    let gone = presence::gone(&site.store, &listed.recordings).await;
    let (config, language) = (site.config(), language::of(&headers));
    let recording = site.airings.running();
    let on_air: Vec<_> =
        recording.iter().map(|running| on_air(&running.airing, &running.title, &config, language)).collect();
    let values = context! {
        here => "library",
        days => serde(days(&listed.recordings, &gone, &config, language)),
        air => version(&on_air),
        on_air => serde(on_air),
        older => listed.older.map(|before| before.to_rfc3339()),
        narrowed => narrowed,
        asked => context! {
            show => asked.show, station => asked.station, verdict => asked.verdict, q => asked.q, day => asked.day,
            before => asked.before,
        },
        stations => serde(config.stations.iter().map(|s| (&s.id, &s.name)).collect::<Vec<_>>()),
        verdicts => ["complete", "partial", "silent", "failed"],
    };
    render("recordings.html", &site, &headers, StatusCode::OK, values)
}

/// Returns all recordings of one day, which is another stretch of time in each zone.
async fn of_day(site: &Site, filter: Filter, day: NaiveDate) -> Result<Listing, CatalogueError> {
    let midnight = |day: NaiveDate| day.and_time(chrono::NaiveTime::MIN).and_utc();
    // Zones go from 12 hours behind UTC to 14 before it.
    let since = midnight(day) - TimeDelta::hours(14);
    let before = midnight(day.checked_add_days(Days::new(1)).unwrap_or(day)) + TimeDelta::hours(12);
    let filter = Filter { since: Some(since), before: Some(before), ..filter };
    let mut recordings = site.catalogue.list(&filter).await?;
    recordings
        .retain(|recording: &Recording| recording.on_air.start.with_timezone(&recording.timezone).date_naive() == day);
    Ok(Listing { recordings, older: None })
}
