//! The stations: how they did last, what is recorded from them next, and recording now.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use minijinja::context;
use serde::Serialize;

use super::super::Site;
use super::super::failure::broken;
use super::super::language::{self, Language};
use super::dates;
use super::render::{render, serde};
use super::slots::{Slot, on_air, slot, version};
use crate::config::Station;
use crate::library::catalogue::{CatalogueError, Filter, Recording};
use crate::model::Verdict;

/// Airings that are looked at for the next of each station.
const COMING: usize = 500;

/// A station.
#[derive(Debug, Hash, Serialize)]
struct Card {
    id: String,
    name: String,
    /// `HLS`, `RTMP` or `Icecast`.
    kind: &'static str,
    /// What is being recorded from it.
    now: Vec<Slot>,
    /// What comes next.
    next: Option<Slot>,
    /// The newest recording, and the newest airing that failed.
    heard: Option<Past>,
    failed: Option<Past>,
}

/// An airing that is over.
#[derive(Debug, Hash, Serialize)]
struct Past {
    title: String,
    /// RFC 3339, and `Fri, 20 Nov 14:00`.
    at: String,
    said: String,
    verdict: &'static str,
    /// Why something is missing.
    cause: Option<String>,
}

/// All of them.
pub(super) async fn page(State(site): State<Site>, headers: HeaderMap) -> Response {
    let language = language::of(&headers);
    let cards = match cards(&site, language).await {
        Ok(cards) => cards,
        Err(error) => return broken(&error),
    };
    let values = context! { here => "stations", version => version(&cards), stations => serde(cards) };
    render("stations.html", &site, &headers, StatusCode::OK, values)
}

async fn cards(site: &Site, language: &Language) -> Result<Vec<Card>, CatalogueError> {
    let programme = site.programme();
    let config = programme.config();
    let coming = programme.coming(site.clock.now(), COMING);
    let recording = site.recorder.recording();
    let mut cards = Vec::new();
    for station in &config.stations {
        let one = Filter { station: Some(station.id.clone()), limit: Some(1), ..Filter::default() };
        let heard = site.catalogue.list(&Filter { playable: true, ..one.clone() }).await?;
        let failed = site.catalogue.list(&Filter { verdict: Some(Verdict::Failed.word().to_owned()), ..one }).await?;
        let now = recording.iter().filter(|current| current.airing.station == station.id);
        let next = coming.iter().find(|planned| planned.airing.station == station.id && !planned.skipped);
        cards.push(Card {
            id: station.id.to_string(),
            name: station.name.clone(),
            kind: kind(station),
            now: now.map(|current| on_air(&current.airing, &current.title, config, language)).collect(),
            next: next.map(|planned| slot(planned, false, config, language)),
            heard: heard.first().map(|recording| past(recording, language)),
            failed: failed.first().map(|recording| past(recording, language)),
        });
    }
    Ok(cards)
}

fn kind(station: &Station) -> &'static str {
    match station.source.kind() {
        "hls" => "HLS",
        "rtmp" => "RTMP",
        _ => "Icecast",
    }
}

fn past(recording: &Recording, language: &Language) -> Past {
    let start: DateTime<Tz> = DateTime::<Utc>::with_timezone(&recording.on_air.start, &recording.timezone);
    Past {
        title: recording.title.clone(),
        at: start.to_rfc3339(),
        said: format!("{} {}", dates::short(start.date_naive(), &language.messages), start.format("%H:%M")),
        verdict: recording.verdict.as_ref().map_or("", Verdict::word),
        cause: recording.gaps.first().map(|gap| gap.cause.clone()),
    }
}
