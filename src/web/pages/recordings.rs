//! The recordings, newest first.

use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use chrono::{DateTime, Utc};
use minijinja::context;
use serde::Deserialize;

use super::super::Site;
use super::super::failure::broken;
use super::render::{ON_A_PAGE, render, serde};
use super::view::{days, on_air};
use crate::library::catalogue::Filter;
use crate::model::{ShowId, StationId};

/// What the form asks for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    show: String,
    station: String,
    verdict: String,
    q: String,
    before: String,
}

/// One page of them.
pub(super) async fn page(State(site): State<Site>, Query(asked): Query<Asked>, headers: HeaderMap) -> Response {
    let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let filter = Filter {
        show: given(&asked.show).map(ShowId::new),
        station: given(&asked.station).map(StationId::new),
        verdict: given(&asked.verdict),
        title: given(&asked.q),
        before: asked.before.parse::<DateTime<Utc>>().ok(),
        limit: Some(ON_A_PAGE),
        ..Filter::default()
    };
    let listed = match site.catalogue.list(&filter).await {
        Ok(listed) => listed,
        Err(error) => return broken(&error),
    };
    let config = site.config();
    let full = listed.len() == usize::try_from(ON_A_PAGE).unwrap_or(usize::MAX);
    let older = listed.last().filter(|_| full).map(|oldest| oldest.on_air.start.to_rfc3339());
    let narrowed = filter != Filter { limit: filter.limit, ..Filter::default() };
    let on_air = site.recorder.recording().into_iter().map(|it| on_air(&it.airing, &it.title, &config));
    let on_air: Vec<_> = on_air.collect();
    let values = context! {
        here => "library",
        days => serde(days(&listed, &config)),
        on_air => serde(on_air),
        older => older,
        narrowed => narrowed,
        asked => context! {
            show => asked.show, station => asked.station, verdict => asked.verdict, q => asked.q,
            before => asked.before,
        },
        shows => serde(config.shows.iter().map(|show| (&show.id, &show.title)).collect::<Vec<_>>()),
        stations => serde(config.stations.iter().map(|s| (&s.id, &s.name)).collect::<Vec<_>>()),
        verdicts => ["complete", "partial", "silent", "failed"],
    };
    render("recordings.html", &site, &headers, StatusCode::OK, values)
}
