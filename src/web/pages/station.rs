//! The page of a station: a day of its tape, hour by hour, to be listened to from anywhere.
//!
//! It says everything without scripts, and has forms to hold a stretch of the tape and to release it; scripts draw how loud
//! each hour was, and play. A day costs the indexes and levels of its own hours, however long the tape is, and they are read
//! off the runtime.

use std::collections::BTreeSet;
use std::ops::Bound;
use std::time::Duration;

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use chrono::{DateTime, NaiveDate, Utc};
use minijinja::context;
use serde::{Deserialize, Serialize};

use super::past;
use super::render::{nothing_here, render, serde};
use super::shown::causes::{Said, said};
use super::shown::dates;
use super::shown::holds::{Refused, held};
use super::shown::slots::version;
use super::shown::timeline::{self, OnAir, instant};
use super::stations::kind;
use crate::account::{self, Account};
use crate::base::duration::delta;
use crate::base::readable::clock;
use crate::base::zone::Zone;
use crate::config::{self, Config, DeadAirRule, LONGEST, Station, TitleRule};
use crate::housekeeping::TAPE_KEPT;
use crate::language::Language;
use crate::library::catalogue::{CatalogueError, Filter, Recording};
use crate::model::{AiringId, Planned, Span, StationId, Track, Verdict};
use crate::production::tracks;
use crate::tape::{Hold, LONGEST_REASON, Tape, View, holds};
use crate::web::Site;
use crate::web::answer::{broken, language};

/// How many days are linked, the newest; every older one has an address, too.
const MOST_DAYS: usize = 100;
/// How many recordings are shown at most: a show may air every minute.
const MOST: u32 = 800;

/// The day that is asked for, `2026-11-20`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Params {
    day: String,
}

/// A day of a tape, as it was looked at.
#[derive(Debug)]
struct Look {
    account: Option<Account>,
    /// The hours, and whether there is sound of each.
    hours: Vec<(Span, bool)>,
    tracks: Vec<Track>,
    /// What is held. `None` if that cannot be read.
    holds: Option<Vec<Hold>>,
    /// All days on which sound came.
    days: BTreeSet<NaiveDate>,
}

/// What is said of the whole day.
#[derive(Debug, Hash, Serialize)]
struct Summary {
    /// `on tape 99.998 %, 2 holes`; `None` if nothing is on tape.
    said: Option<String>,
    /// How long nothing could be heard, as `1:15`; empty if that never was.
    silent: String,
    /// Why no sound comes at the moment.
    trouble: Option<Said>,
}

/// A link to a day.
#[derive(Debug, Serialize)]
struct Link {
    /// `2026-11-20`
    date: String,
    /// `Friday, 20 November 2026`, `Fri` and `20`.
    said: String,
    weekday: String,
    number: String,
    current: bool,
}

/// Returns the page of one station on one day; today if none is asked for.
pub(super) async fn page(
    State(site): State<Site>,
    Path(id): Path<String>,
    Query(asked): Query<Params>,
    headers: HeaderMap,
) -> Response {
    shown(site, &id, &asked.day, headers, None).await
}

/// Returns the page of station `id` on a `day`; today if that is none. What was `refused` stands in its form again.
pub(super) async fn shown(
    site: Site,
    id: &str,
    day: &str,
    headers: HeaderMap,
    refused: Option<(StatusCode, Refused)>,
) -> Response {
    let (config, language, now) = (site.config(), language::of(&headers), site.now());
    let station = config.station(&StationId::new(id)).cloned();
    let Some(station) = station else { return nothing_here(State(site), headers).await };
    let zone = station.timezone;
    let today = now.with_timezone(&zone).date_naive();
    let asked = day.trim().parse::<NaiveDate>().ok().and_then(|date| Some((date, config::day(date, zone).ok()?)));
    let Some((date, span)) = asked.or_else(|| Some((today, config::day(today, zone).ok()?))) else {
        return nothing_here(State(site), headers).await;
    };
    let shows = match shows(&site, &config, &station, span, now).await {
        Ok(shows) => shows,
        Err(error) => return broken(&error),
    };
    let tape = tape_of(&site, &station).await;
    let (looked_at, rule, titles) = (tape.clone(), config.dead_air, station.titles.clone());
    let look = site.readers.run(move || look(looked_at.as_ref(), span, (zone, &titles), rule, now)).await;
    let is_today = span.contains(now);
    let hours = look.account.as_ref().map(|account| {
        let holds = look.holds.as_deref().unwrap_or_default();
        let (hours, tracks, shows) = (&look.hours, &look.tracks, &shows);
        timeline::hours(&timeline::Day { hours, account, tracks, shows, holds, zone, now }, language)
    });
    let summary = Summary {
        said: look.account.as_ref().map(|account| summary(account, language)),
        silent: look.account.as_ref().map(silent).unwrap_or_default(),
        trouble: tape
            .as_ref()
            .filter(|_| is_today && station.tape.is_some())
            .and_then(Tape::trouble)
            .map(|trouble| said(&trouble.cause, language)),
    };
    let (status, refused) = refused.unwrap_or((StatusCode::OK, Refused::default()));
    let kept = kept(tape.as_ref());
    let holds = look.holds.as_deref().map(|holds| held(holds, kept, zone, now, language));
    let newest = look.account.as_ref().filter(|_| is_today).map_or(now, |account| account.span.end);
    let address = |date: &NaiveDate| (date.to_string(), dates::long(*date, language));
    let later = look.days.range((Bound::Excluded(date), Bound::Unbounded)).next();
    let values = context! {
        here => "station",
        id => station.id.to_string(),
        name => station.name.clone(),
        kind => kind(&station),
        zone => zone.name(),
        taped_since => tape.as_ref().and_then(Tape::since).map(|since| since_said(since, zone, language)),
        kept => station.tape.as_ref().map(|rule| kept_said(rule.keep, language)),
        always => station.tape.is_some(),
        date => date.to_string(),
        said => dates::long(date, language),
        is_today => is_today,
        start => instant(span.start),
        end => instant(span.end),
        now => instant(now),
        behind => (now - newest).as_seconds_f64().max(0.0),
        before => serde(look.days.range(..date).next_back().map(address)),
        after => serde(later.or(Some(&today).filter(|today| date < **today)).map(address)),
        days => serde(links(&look.days, date, language)),
        past => serde(past::choices(&site, &past::on_air(&site, now), &station, now, language)),
        version => version(&summary),
        summary => serde(summary),
        hours => serde(hours),
        can_hold => tape.is_some() || station.tape.is_some(),
        holds_version => version(&holds),
        holds => serde(holds),
        longest => LONGEST_REASON,
        refused => serde(refused),
    };
    render("station.html", &site, &headers, status, values)
}

/// How long a tape is kept after it came.
fn kept(tape: Option<&Tape>) -> Duration {
    let usual = TAPE_KEPT.to_std().unwrap_or_default();
    tape.map_or(usual, |tape| tape.promised().max(usual))
}

/// Returns the tape of a station. `None` if there is none.
async fn tape_of(site: &Site, station: &Station) -> Option<Tape> {
    let present = site.decks.present_tape(station).await;
    present.inspect_err(|error| tracing::debug!(station = %station.id, %error, "its tape cannot be shown")).ok()?
}

/// Looks at a day of a tape, by the clocks of a zone and with the rule for its titles. Blocks.
fn look(
    tape: Option<&Tape>,
    span: Span,
    (zone, titles): (Zone, &TitleRule),
    rule: Option<DeadAirRule>,
    now: DateTime<Utc>,
) -> Look {
    let mut hours: Vec<_> = span.hours(zone).into_iter().map(|hour| (hour, false)).collect();
    let Some(tape) = tape else {
        return Look { account: None, hours, tracks: Vec::new(), holds: Some(Vec::new()), days: BTreeSet::new() };
    };
    // The account needs the same indexes. While this view has them, nobody reads them again.
    let view = tape.blocking_view(&span);
    let account = account::account(tape, span, rule, now);
    for (start, length, _) in view.sounds() {
        let first = hours.partition_point(|(hour, _)| hour.end <= start);
        let end = start + length;
        hours.iter_mut().skip(first).take_while(|(hour, _)| hour.start < end).for_each(|(_, taped)| *taped = true);
    }
    let tracks = account.as_ref().map(|account| played(&view, account, titles)).unwrap_or_default();
    let local = |at: DateTime<Utc>| at.with_timezone(&zone).date_naive();
    let days = tape.reels().into_iter().flat_map(|(_, came)| [local(came.start), local(came.end)]).collect();
    let holds = holds::read(tape.folder());
    let holds = holds.inspect_err(|error| tracing::error!(%error, "what is held cannot be shown")).ok();
    Look { account, hours, tracks, holds, days }
}

/// Returns what was played on the day of an account, as a recording of the day would have it.
fn played(view: &View, account: &Account, rule: &TitleRule) -> Vec<Track> {
    let mut gaps = [&account.holes[..], &account.unwanted].concat();
    gaps.sort_by_key(|gap| gap.start);
    let length = account.span.length().to_std().unwrap_or_default();
    tracks(view.titles_on_air(), rule, (&account.span, &gaps), length, true)
}

/// Returns the shows of a station in `span`: recordings, and what is on now or later.
async fn shows(
    site: &Site,
    config: &Config,
    station: &Station,
    span: Span,
    now: DateTime<Utc>,
) -> Result<Vec<OnAir>, CatalogueError> {
    let filter = Filter {
        station: Some(station.id.clone()),
        // No recording that began earlier reaches into it.
        since: Some(span.start - delta(LONGEST)),
        before: Some(span.end),
        limit: Some(MOST),
        ..Filter::default()
    };
    let recordings = site.catalogue.list(&filter).await?;
    let known: BTreeSet<AiringId> = recordings.iter().map(|recording| recording.id.clone()).collect();
    let coming = site.programme().airings(Span::new(span.start.max(now), span.end));
    let coming = coming.iter().filter(|planned| {
        planned.airing.station == station.id && !planned.skipped && !known.contains(&planned.airing.id)
    });
    let planned = |planned: &Planned| OnAir {
        title: planned.title.clone(),
        show: planned.airing.show.to_string(),
        has_page: config.show(&planned.airing.show).is_some(),
        span: planned.airing.on_air,
        day: planned.airing.on_air.start.with_timezone(&planned.airing.timezone).date_naive().to_string(),
        state: if site.airings.is_recording(&planned.airing.id) { "recording" } else { "planned" },
        verdict: "",
    };
    let mut shows: Vec<_> = recordings.iter().map(|recording| recorded(recording, config)).collect();
    shows.extend(coming.map(planned));
    shows.retain(|on_air| on_air.span.intersect(&span).is_some());
    shows.sort_by_key(|on_air| on_air.span.start);
    Ok(shows)
}

fn recorded(recording: &Recording, config: &Config) -> OnAir {
    OnAir {
        title: recording.title.clone(),
        show: recording.show.to_string(),
        has_page: config.show(&recording.show).is_some(),
        span: recording.on_air,
        day: recording.on_air.start.with_timezone(&recording.timezone).date_naive().to_string(),
        state: "recorded",
        verdict: recording.verdict.as_ref().map_or("", Verdict::word),
    }
}

fn summary(account: &Account, language: &Language) -> String {
    let holes = match account.holes.len() {
        0 => language.say("holes_none", &[]),
        1 => language.say("holes_one", &[]),
        count => language.say("holes_many", &[("n", &count.to_string())]),
    };
    language.say("tape_summary", &[("percent", &account::percent(account)), ("holes", &holes)])
}

fn silent(account: &Account) -> String {
    let silent: Duration = account.dead_air.iter().map(|dead| dead.length).sum();
    if silent.is_zero() { String::new() } else { clock(silent.as_secs_f64().max(1.0)) }
}

fn since_said(since: DateTime<Utc>, zone: Zone, language: &Language) -> String {
    let local = since.with_timezone(&zone);
    let at = format!("{} {}", dates::short(local.date_naive(), language), local.format("%H:%M"));
    language.say("tape_since", &[("at", &at)])
}

fn kept_said(keep: Duration, language: &Language) -> String {
    let hours = keep.as_secs() / 3600;
    match (hours / 24, hours % 24) {
        (days, 0) if days > 1 => language.say("tape_kept_days", &[("n", &days.to_string())]),
        _ => language.say("tape_kept_hours", &[("n", &hours.to_string())]),
    }
}

/// Returns links to the newest days, the newest first.
fn links(days: &BTreeSet<NaiveDate>, current: NaiveDate, language: &Language) -> Vec<Link> {
    let link = |date: &NaiveDate| Link {
        date: date.to_string(),
        said: dates::long(*date, language),
        weekday: dates::weekday(*date, language).to_owned(),
        number: date.format("%-d").to_string(),
        current: *date == current,
    };
    days.iter().rev().take(MOST_DAYS).map(link).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_long_tape_is_kept_is_said_in_days_if_it_is_some() {
        let kept = |hours| kept_said(Duration::from_hours(hours), Language::english());
        assert_eq!(
            (kept(42 * 24), kept(24), kept(36)),
            ("kept for 42 days".to_owned(), "kept for 24 hours".to_owned(), "kept for 36 hours".to_owned())
        );
        let korean = kept_said(Duration::from_hours(42 * 24), Language::liked("ko"));
        assert_eq!(korean, "42일 동안 보관");
    }
}
