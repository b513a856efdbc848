//! The page of stations: their last results, what is recorded next, recording now, and trials.

use std::collections::HashMap;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use chrono::{DateTime, Utc};
use minijinja::context;
use serde::Serialize;

use super::past::{self, Choice};
use super::render::{render, serde};
use super::shown::causes::{self, Said, said};
use super::shown::dates;
use super::shown::slots::{Slot, on_air, slot, version};
use crate::base::readable::clock;
use crate::config::Station;
use crate::language::Language;
use crate::library::catalogue::CatalogueError;
use crate::model::AiringId;
use crate::web::Site;
use crate::web::answer::{broken, language};

/// How many coming airings are searched for the next of each station.
const COMING: usize = 500;

/// A station.
#[derive(Debug, Hash, Serialize)]
struct Card {
    id: String,
    name: String,
    /// `HLS`, `RTMP` or `Icecast`.
    kind: &'static str,
    /// Whether it is always on tape, so that its days can be listened to.
    always: bool,
    /// From when a recording may begin, besides now.
    past: Vec<Choice>,
    /// The running airings of the station.
    now: Vec<Slot>,
    /// Why no sound comes although an airing runs.
    trouble: Option<Said>,
    /// Since when it does not answer, if no airing runs.
    down: Option<Past>,
    /// The next airing.
    next: Option<Slot>,
    /// The newest complete recording, and the newest gap.
    complete: Option<Past>,
    failure: Option<Past>,
}

/// A complete recording or a gap, in the past.
#[derive(Debug, Hash, Serialize)]
struct Past {
    /// The title of the show, if the configuration still has it.
    title: Option<String>,
    /// RFC 3339, and `Fri, 20 Nov 14:00`.
    at: String,
    said: String,
    /// How much is missing, as `1:04`, and why.
    missing: String,
    cause: Option<Said>,
}

/// Returns the page.
pub(super) async fn page(State(site): State<Site>, headers: HeaderMap) -> Response {
    let language = language::of(&headers);
    let cards = match cards(&site, language).await {
        Ok(cards) => cards,
        Err(error) => return broken(&error),
    };
    let values = context! {
        here => "stations",
        version => version(&cards),
        causes => causes::sentences(language),
        stations => serde(cards),
    };
    render("stations.html", &site, &headers, StatusCode::OK, values)
}

async fn cards(site: &Site, language: &Language) -> Result<Vec<Card>, CatalogueError> {
    let programme = site.programme();
    let config = programme.config();
    let at = site.now();
    let coming = programme.coming(at, COMING);
    let shows = past::on_air(site, at);
    let recording = site.airings.running();
    let (mut now_of, mut next_of): (HashMap<_, Vec<_>>, HashMap<_, _>) = (HashMap::new(), HashMap::new());
    for current in &recording {
        now_of.entry(&current.airing.station).or_default().push(current);
    }
    for planned in coming.iter().filter(|planned| !planned.skipped) {
        next_of.entry(&planned.airing.station).or_insert(planned);
    }
    let down = site.checkups.down();
    let past = site.catalogue.past(config.stations.iter().map(|station| station.id.clone()).collect()).await?;
    let cards = config.stations.iter().zip(past).map(|(station, past)| {
        let choices = past::choices(site, &shows, station, at, language);
        let now = now_of.remove(&station.id).unwrap_or_default();
        let next = next_of.get(&station.id);
        let tape = site.decks.known(&station.id).filter(|_| !now.is_empty());
        let over = |title: Option<String>, at: DateTime<Utc>| {
            let at = at.with_timezone(&station.timezone);
            let said = format!("{} {}", dates::short(at.date_naive(), language), at.format("%H:%M"));
            Past { title, at: at.to_rfc3339(), said, missing: String::new(), cause: None }
        };
        let title = |id: AiringId| Some(config.show(&id.parts()?.0)?.title.clone());
        Card {
            id: station.id.to_string(),
            name: station.name.clone(),
            kind: kind(station),
            always: station.tape.is_some(),
            past: choices,
            now: now.iter().map(|current| on_air(&current.airing, &current.title, config, language)).collect(),
            trouble: tape.and_then(|tape| tape.trouble()).map(|trouble| said(&trouble.cause, language)),
            down: down
                .get(&station.id)
                .filter(|_| now.is_empty())
                .map(|down| Past { cause: Some(said(&down.cause, language)), ..over(None, down.since) }),
            next: next.map(|planned| slot(planned, false, config, language)),
            complete: past.complete.map(|(id, end)| over(title(id), end)),
            failure: past.failure.map(|(id, gap)| Past {
                missing: clock(gap.length.as_secs_f64().max(1.0)),
                cause: Some(said(&gap.cause, language)),
                ..over(title(id), gap.start)
            }),
        }
    });
    Ok(cards.collect())
}

/// Returns by what the sound of a station comes.
pub(super) fn kind(station: &Station) -> &'static str {
    match station.source.kind() {
        "hls" => "HLS",
        "rtmp" => "RTMP",
        _ => "Icecast",
    }
}
