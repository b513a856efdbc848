//! The page of the coming week: its airings, and changes by hand.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use chrono::TimeDelta;
use minijinja::context;

use super::past;
use super::render::{render, serde};
use super::shown::slots::{agenda, version};
use crate::model::Span;
use crate::web::Site;
use crate::web::answer::language;

/// How many days the page shows, today being the first.
const DAYS: i64 = 7;
/// How many airings are on the page at most: a show may air every minute.
const MOST: usize = 800;

/// Returns the page.
pub(super) async fn page(State(site): State<Site>, headers: HeaderMap) -> Response {
    let (programme, now) = (site.programme(), site.now());
    let config = programme.config();
    let mut planned = programme.airings(Span::new(now, now + TimeDelta::days(DAYS)));
    planned.retain(|planned| {
        let local = |at: chrono::DateTime<chrono::Utc>| at.with_timezone(&planned.airing.timezone).date_naive();
        planned.airing.cut().end > now && local(planned.airing.on_air.start) < local(now) + TimeDelta::days(DAYS)
    });
    planned.sort_by(|left, right| {
        (left.airing.on_air.start, &left.airing.id).cmp(&(right.airing.on_air.start, &right.airing.id))
    });
    planned.truncate(MOST);
    let language = language::of(&headers);
    let days = agenda(&planned, |id| site.airings.is_recording(id), config, language);
    let on_air = past::on_air(&site, now);
    let choices = config.stations.iter().map(|station| past::choices(&site, &on_air, station, now, language));
    let stations = config.stations.iter().map(|station| (&station.id, &station.name));
    let stations: Vec<_> = stations.zip(choices).map(|((id, name), past)| (id, name, past)).collect();
    let values = context! {
        here => "coming",
        version => version(&days),
        days => serde(days),
        stations => serde(stations),
    };
    render("schedule.html", &site, &headers, StatusCode::OK, values)
}
