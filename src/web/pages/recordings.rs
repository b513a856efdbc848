//! The page of recordings, newest first.

use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use chrono::{DateTime, NaiveDate, Utc};
use minijinja::context;
use serde::Deserialize;

use super::listing::{Listing, around, details, listing};
use super::messages::messages;
use super::played::{Matches, matches};
use super::render::{render, serde};
use super::shown::rows::{Details, days};
use super::shown::slots::{on_air, version};
use super::shown::tracks::{Track, track};
use crate::language::Language;
use crate::library::catalogue::{CatalogueError, Filter, Recording};
use crate::model::{AiringId, ShowId, StationId, Verdict};
use crate::web::Site;
use crate::web::answer::{broken, language};

/// What the form asks for, and the id of the only recording to be shown.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Params {
    show: String,
    station: String,
    verdict: String,
    day: String,
    q: String,
    before: String,
    recording: String,
}

/// What is shown.
struct Shown {
    listed: Listing,
    details: Details,
    /// What was played in the only recording, if one is asked for.
    opened: Vec<Track>,
    /// The tracks that somebody looks for.
    found: Option<Matches>,
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
    let one = given(&asked.recording).map(AiringId::new);
    let narrowed = filter != Filter::default() || day.is_some() || one.is_some();
    let (config, language) = (site.config(), language::of(&headers));
    let shown = match one {
        Some(id) => only(&site, &id).await,
        None => all(&site, filter, day, language).await,
    };
    let Shown { listed, details, opened, found } = match shown {
        Ok(shown) => shown,
        Err(error) => return broken(&error),
    };
    let messages = match messages(&site, language).await {
        Ok(messages) => messages,
        Err(error) => return broken(&error),
    };
    let recording = site.airings.running();
    let on_air: Vec<_> =
        recording.iter().map(|running| on_air(&running.airing, &running.title, &config, language)).collect();
    let values = context! {
        here => "library",
        messages => serde(messages),
        days => serde(days(&listed.recordings, &details, &config, language)),
        opened => serde(opened),
        found => serde(found),
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

/// Returns what `filter` selects, of one day if one is given.
async fn all(
    site: &Site,
    filter: Filter,
    day: Option<NaiveDate>,
    language: &Language,
) -> Result<Shown, CatalogueError> {
    let found = matches(site, &filter, day, language).await?;
    let listed = match day {
        Some(day) => of_day(site, filter, day).await?,
        None => listing(&site.catalogue, filter).await?,
    };
    Ok(Shown { details: details(site, &listed.recordings).await?, listed, opened: Vec::new(), found })
}

/// Returns one recording with what was played in it.
async fn only(site: &Site, id: &AiringId) -> Result<Shown, CatalogueError> {
    let is_listed = |one: &Recording| {
        let is_over = one.finished_at.is_some() || one.verdict == Some(Verdict::Failed);
        is_over && one.deleted_at.is_none() && one.binned.is_none()
    };
    let recordings: Vec<_> = site.catalogue.get(id).await?.into_iter().filter(is_listed).collect();
    let mut opened = Vec::new();
    for one in &recordings {
        opened.extend(site.catalogue.tracks(&one.id).await?.iter().map(|played| track(played, one.timezone)));
    }
    let details = details(site, &recordings).await?;
    Ok(Shown { listed: Listing { recordings, older: None }, details, opened, found: None })
}

/// Returns all recordings of one day, which is another stretch of time in each zone.
async fn of_day(site: &Site, filter: Filter, day: NaiveDate) -> Result<Listing, CatalogueError> {
    let (since, before) = around(day);
    let filter = Filter { since: Some(since), before: Some(before), ..filter };
    let mut recordings = site.catalogue.list(&filter).await?;
    recordings
        .retain(|recording: &Recording| recording.on_air.start.with_timezone(&recording.timezone).date_naive() == day);
    Ok(Listing { recordings, older: None })
}
