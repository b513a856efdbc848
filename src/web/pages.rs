//! The pages.

use std::sync::LazyLock;

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use chrono::{DateTime, Utc};
use minijinja::value::Serde;
use minijinja::{Environment, Value, context};
use serde::Deserialize;

use super::failure::broken;
use super::view::{days, slot, station_name};
use super::{Site, feed, language};
use crate::library::catalogue::Filter;
use crate::model::{ShowId, StationId};
use crate::schedule::plan;

/// Recordings on one page.
const ON_A_PAGE: u32 = 50;
/// Airings on the page of the schedule.
const COMING: usize = 60;

/// The templates; names that end in `.html` are escaped.
static TEMPLATES: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut templates = Environment::new();
    for (name, source) in [
        ("base.html", include_str!("templates/base.html")),
        ("rows.html", include_str!("templates/rows.html")),
        ("recordings.html", include_str!("templates/recordings.html")),
        ("schedule.html", include_str!("templates/schedule.html")),
        ("show.html", include_str!("templates/show.html")),
        ("nothing.html", include_str!("templates/nothing.html")),
    ] {
        // The tests render every one of them.
        if let Err(error) = templates.add_template(name, source) {
            tracing::error!(%error, name, "a template is wrong");
        }
    }
    templates
});

/// What the form of the recordings' page asks for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    show: String,
    station: String,
    verdict: String,
    q: String,
    before: String,
}

/// The recordings, newest first.
pub(super) async fn recordings(State(site): State<Site>, Query(asked): Query<Asked>, headers: HeaderMap) -> Response {
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
    let on_air: Vec<_> = site.recorder.recording().iter().map(|current| slot(&current.airing, &config)).collect();
    page(
        "recordings.html",
        &headers,
        StatusCode::OK,
        context! {
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
        },
    )
}

/// The coming airings.
pub(super) async fn schedule(State(site): State<Site>, headers: HeaderMap) -> Response {
    let config = site.config();
    let airings = plan::coming(&config.shows, site.clock.now(), COMING);
    let slots: Vec<_> = airings.iter().map(|airing| slot(airing, &config)).collect();
    page("schedule.html", &headers, StatusCode::OK, context! { here => "coming", slots => serde(slots) })
}

/// A show: its recordings, its schedule, and how to subscribe.
pub(super) async fn show(State(site): State<Site>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    let config = site.config();
    let Some(show) = config.show(&ShowId::new(&id)) else { return nothing_here(headers).await };
    let filter = Filter { show: Some(show.id.clone()), limit: Some(ON_A_PAGE), ..Filter::default() };
    let listed = match site.catalogue.list(&filter).await {
        Ok(listed) => listed,
        Err(error) => return broken(&error),
    };
    let coming = plan::coming(std::slice::from_ref(show), site.clock.now(), 3);
    let address = site.base_url(&headers).map(|base| feed::address(&base, Some(&show.id)).to_string());
    page(
        "show.html",
        &headers,
        StatusCode::OK,
        context! {
            here => "show",
            id => show.id.to_string(),
            title => show.title.clone(),
            schedule => show.cron.describe(),
            station => station_name(&config, show.station.as_str()),
            days => serde(days(&listed, &config)),
            slots => serde(coming.iter().map(|airing| slot(airing, &config)).collect::<Vec<_>>()),
            feed => address,
        },
    )
}

/// For every other address.
pub(super) async fn nothing_here(headers: HeaderMap) -> Response {
    page("nothing.html", &headers, StatusCode::NOT_FOUND, context! { here => "" })
}

/// Anything of ours, for a template.
fn serde(value: impl serde::Serialize) -> Value {
    Value::from(Serde(value))
}

fn page(name: &str, headers: &HeaderMap, status: StatusCode, values: Value) -> Response {
    let language = language::of(headers);
    let values = context! { t => serde(&language.messages), lang => language.tag, ..values };
    match TEMPLATES.get_template(name).and_then(|template| template.render(values)) {
        Ok(html) => (status, Html(html)).into_response(),
        Err(error) => {
            tracing::error!(%error, name, "a page could not be made");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
