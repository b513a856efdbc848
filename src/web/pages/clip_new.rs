//! The page on which a clip is cut: an editor with scripts, and a form for one piece without.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::header::LOCATION;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, TimeDelta, Utc};
use minijinja::context;
use serde::{Deserialize, Serialize};

use super::form::field;
use super::render::{nothing_here, render, serde};
use crate::base::readable::clock;
use crate::base::zone::Zone;
use crate::clips::{AskedPiece, At, ClipError, ClipRequest};
use crate::config::{Station, parse_moment, parse_position};
use crate::language::{Language, Sentence};
use crate::library::catalogue::Recording;
use crate::model::{AiringId, EncodingKind, StationId};
use crate::web::Site;
use crate::web::answer::{broken, language};
use crate::web::wire::stamp;

/// What is cut: of a station or of a recording, from where to where.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    station: String,
    recording: String,
    from: String,
    to: String,
    title: String,
    encoding: String,
}

/// How a clip can be encoded.
#[derive(Debug, Serialize)]
struct Way {
    word: &'static str,
    name: String,
    chosen: bool,
}

/// What the editor begins with. Positions are milliseconds: since 1970 of a tape, from the beginning of a recording.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Source {
    Tape { station: String, name: String, zone: String, from: i64, to: i64 },
    Recording { recording: String, title: String, length: f64, from: u64, to: u64 },
}

/// A station whose tape can be cut.
#[derive(Debug, Serialize)]
struct Choice {
    id: String,
    name: String,
    zone: String,
}

/// Returns the page.
pub(super) async fn page(State(site): State<Site>, Query(asked): Query<Asked>, headers: HeaderMap) -> Response {
    shown(&site, &asked, None, &headers).await
}

/// Makes the clip that the form without scripts asks for.
pub(super) async fn make(State(site): State<Site>, headers: HeaderMap, body: Bytes) -> Response {
    let asked = Asked::of_form(&body);
    let request = match request(&asked) {
        Ok(request) => request,
        Err(problem) => return shown(&site, &asked, Some(problem), &headers).await,
    };
    match site.clips.add(&request).await {
        Ok(_) => (StatusCode::SEE_OTHER, [(LOCATION, format!("{}/clips", site.root()))]).into_response(),
        Err(ClipError::Catalogue(error)) => broken(&error),
        Err(error) => shown(&site, &asked, Some(error.sentence()), &headers).await,
    }
}

impl Asked {
    /// Reads the body of a form.
    fn of_form(body: &[u8]) -> Self {
        let [station, recording, from, to, title, encoding] =
            ["station", "recording", "from", "to", "title", "encoding"]
                .map(|name| field(body, name).unwrap_or_default());
        Self { station, recording, from, to, title, encoding }
    }

    /// How it can be encoded; chosen is what is asked for, or what is `usual`.
    fn ways(&self, usual: EncodingKind, language: &Language) -> Vec<Way> {
        let chosen = EncodingKind::of(&self.encoding).unwrap_or(usual);
        let name = |kind: EncodingKind| match kind {
            EncodingKind::Mp3 => "MP3".to_owned(),
            EncodingKind::Aac => "AAC".to_owned(),
            EncodingKind::Opus => "Opus".to_owned(),
            EncodingKind::Original => Sentence::new("clip_original").say(language),
        };
        let way = |kind: EncodingKind| Way { word: kind.word(), name: name(kind), chosen: kind == chosen };
        EncodingKind::ALL.map(way).into()
    }
}

/// Returns what the form asks for.
fn request(asked: &Asked) -> Result<ClipRequest, Sentence> {
    let position = |key: &'static str, text: &str| {
        let read = parse_position(text).map(Some);
        read.map_err(|error| Sentence::new("problem_clip_moment").with("key", key).with("error", error))
    };
    let piece = if asked.recording.is_empty() {
        let written = |text: &str| At::Written(text.to_owned());
        AskedPiece::Tape { station: asked.station.clone(), from: written(&asked.from), to: written(&asked.to) }
    } else {
        let (from, to) = (position("from", &asked.from)?, position("to", &asked.to)?);
        AskedPiece::Recording { recording: asked.recording.clone(), from, to }
    };
    let title = Some(asked.title.trim()).filter(|title| !title.is_empty()).map(str::to_owned);
    Ok(ClipRequest { title, pieces: vec![piece], covers: Vec::new(), encoding: EncodingKind::of(&asked.encoding) })
}

async fn shown(site: &Site, asked: &Asked, problem: Option<Sentence>, headers: &HeaderMap) -> Response {
    let (config, language) = (site.config(), language::of(headers));
    let stations: Vec<_> = config
        .stations
        .iter()
        .map(|station| Choice {
            id: station.id.to_string(),
            name: station.name.clone(),
            zone: station.timezone.name().to_owned(),
        })
        .collect();
    let (status, said) = match &problem {
        Some(problem) => (StatusCode::UNPROCESSABLE_ENTITY, Some(problem.say(language))),
        None => (StatusCode::OK, None),
    };
    let here = context! { here => "clips", problem => said, stations => serde(stations), asked => &asked.station };
    let ways = |station: Option<&Arc<Station>>| {
        let usual = station.and_then(|station| station.encoding).unwrap_or(config.encodings.kind);
        serde(asked.ways(usual, language))
    };
    let values = if asked.recording.is_empty() {
        if asked.station.is_empty() {
            return render("clip_new.html", site, headers, status, here);
        }
        let Some(station) = config.station(&StationId::new(&asked.station)) else {
            return nothing_here(State(site.clone()), headers.clone()).await;
        };
        let zone = station.timezone;
        let (from, to) = stretch(asked, zone, site.now());
        let source = Source::Tape {
            station: station.id.to_string(),
            name: station.name.clone(),
            zone: zone.name().to_owned(),
            from: from.timestamp_millis(),
            to: to.timestamp_millis(),
        };
        let written = |text: &str, at| if problem.is_some() { text.to_owned() } else { stamp(at, zone) };
        context! {
            source => json(&source), station => station.id.to_string(), from_what => station.name.clone(),
            usual => format!("{} {}", station.name, from.with_timezone(&zone).format("%Y-%m-%d %H:%M")),
            from => written(&asked.from, from), to => written(&asked.to, to), ways => ways(Some(station)), ..here
        }
    } else {
        let recording = match site.catalogue.get(&AiringId::new(&asked.recording)).await {
            Ok(Some(recording)) if recording.file.is_some() && recording.binned.is_none() => recording,
            Ok(_) => return nothing_here(State(site.clone()), headers.clone()).await,
            Err(error) => return broken(&error),
        };
        let (from, to) = part(asked, &recording);
        let millis = |at: Duration| u64::try_from(at.as_millis()).unwrap_or_default();
        let source = Source::Recording {
            recording: recording.id.to_string(),
            title: recording.title.clone(),
            length: recording.plays_for().as_secs_f64(),
            from: millis(from),
            to: millis(to),
        };
        let written = |text: &str, at: Duration| {
            if problem.is_some() { text.to_owned() } else { clock(at.as_secs_f64()) }
        };
        context! {
            source => json(&source), recording => recording.id.to_string(), from_what => recording.title.clone(),
            usual => recording.title.clone(), from => written(&asked.from, from), to => written(&asked.to, to),
            ways => ways(config.station(&recording.station)), ..here
        }
    };
    render("clip_new.html", site, headers, status, values)
}

/// Returns the stretch of tape that the address asks for, or the last quarter of an hour.
fn stretch(asked: &Asked, zone: Zone, now: DateTime<Utc>) -> (DateTime<Utc>, DateTime<Utc>) {
    let read = |text: &str| parse_moment(text, zone, now).ok();
    let to = read(&asked.to).unwrap_or(now);
    let from = read(&asked.from).filter(|from| *from < to).unwrap_or(to - TimeDelta::minutes(15));
    (from, to)
}

/// Returns the part of a recording that the address asks for, or all of it.
fn part(asked: &Asked, recording: &Recording) -> (Duration, Duration) {
    let length = recording.plays_for();
    let from = parse_position(&asked.from).ok().filter(|from| *from < length).unwrap_or_default();
    let to = parse_position(&asked.to).ok().filter(|to| *to > from && *to <= length).unwrap_or(length);
    (from, to)
}

/// Returns `source` for the script. It consists of text and numbers, so this cannot fail.
fn json(source: &Source) -> String {
    serde_json::to_string(source).unwrap_or_default()
}
