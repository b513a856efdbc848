//! A show: its recordings, its schedule, and how to subscribe.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use minijinja::context;

use super::super::asked::Base;
use super::super::failure::broken;
use super::super::{Site, address};
use super::nothing::nothing_here;
use super::render::{ON_A_PAGE, render, serde};
use super::view::{days, slot};
use crate::library::catalogue::Filter;
use crate::model::ShowId;

/// Its next airings on the page.
const NEXT: usize = 3;

/// One show.
pub(super) async fn page(
    State(site): State<Site>,
    Path(id): Path<String>,
    Base(base): Base,
    headers: HeaderMap,
) -> Response {
    let config = site.config();
    let Some(show) = config.show(&ShowId::new(&id)) else { return nothing_here(State(site), headers).await };
    let filter = Filter { show: Some(show.id.clone()), limit: Some(ON_A_PAGE), ..Filter::default() };
    let listed = match site.catalogue.list(&filter).await {
        Ok(listed) => listed,
        Err(error) => return broken(&error),
    };
    let coming = site.programme().coming_of(show, site.clock.now(), NEXT);
    let feed = base.map(|base| address::feed(&base, Some(&show.id)).to_string());
    let values = context! {
        here => "show",
        id => show.id.to_string(),
        title => show.title.clone(),
        schedule => show.cron.describe(),
        station => config.station_name(&show.station),
        days => serde(days(&listed, &config)),
        slots => serde(coming.iter().map(|planned| slot(planned, &config)).collect::<Vec<_>>()),
        feed => feed,
    };
    render("show.html", &site, &headers, StatusCode::OK, values)
}
