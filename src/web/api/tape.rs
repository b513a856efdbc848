//! What is on the tape of a station.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::account::{self, Account};
use crate::base::redact;
use crate::base::zone::Zone;
use crate::config;
use crate::model::Span;
use crate::tape::TapeError;
use crate::web::Site;
use crate::web::answer::Problem;
use crate::web::extract::{Instant, Path, Query};
use crate::web::site::tapes::{Taped, unusable};
use crate::web::wire::{TapeAccount, stamp};

/// The longest stretch that is accounted for at once.
const LONGEST: TimeDelta = TimeDelta::days(7);
/// The most days that are listed.
const MOST_DAYS: usize = 400;

/// Which stretch is accounted for: 7 days at most.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Params {
    /// From when on; by default when today begins by the clock of the station.
    #[param(value_type = Option<String>, format = DateTime)]
    start: Option<Instant>,
    /// Until when; by default when today ends.
    #[param(value_type = Option<String>, format = DateTime)]
    end: Option<Instant>,
}

/// Accounts for a stretch of the tape of a station: how much is there, what is missing and why, where nothing could be
/// heard; and its reels with their checksums. What was not to be on tape, and what is still to come, is left out.
#[utoipa::path(
    get, path = "/stations/{id}/tape", operation_id = "tape", tag = "stations",
    params(("id" = String, Path, description = "the station's id"), Params),
    responses((status = 200, body = TapeAccount), Problem)
)]
pub(super) async fn of_stretch(
    State(site): State<Site>,
    Path(id): Path<String>,
    Query(asked): Query<Params>,
) -> Result<Json<TapeAccount>, Problem> {
    let taped = Taped::of(&site, &id).await?;
    let (zone, now) = (taped.station.timezone, site.now());
    // Where the clocks leave a day out, that is not today.
    let today = day(now, zone).unwrap_or_else(|| Span::new(now - TimeDelta::days(1), now));
    let (start, end) = (asked.start.map_or(today.start, |it| it.0), asked.end.map_or(today.end, |it| it.0));
    let span = taped.stretch(start, end, LONGEST)?;
    let (tape, rule) = (taped.tape.clone(), site.config().dead_air);
    let read = site.readers.run(move || {
        let Some(account) = account::account(&tape, span, rule, now) else { return Ok(None) };
        let reels = account::listed(&tape, account.span)?;
        Ok::<_, TapeError>(Some((account, reels)))
    });
    let read = read.await.map_err(|error| unusable(&id, &error))?;
    let (account, reels) = read.ok_or_else(|| taped.not_there())?;
    Ok(Json(TapeAccount::of(&id, &without_secrets(account), &reels, None, zone)))
}

/// What is told over the network names no secret.
fn without_secrets(mut account: Account) -> Account {
    for hole in &mut account.holes {
        hole.cause.words = redact::text(&hole.cause.words);
    }
    account
}

/// A day of which something is on tape.
#[derive(Debug, Serialize, PartialEq, Eq, ToSchema)]
pub(super) struct TapeDay {
    /// The day, by the clock of the station.
    #[schema(format = Date, example = "2026-11-20")]
    day: String,
    /// When the first sound of it arrived.
    #[schema(format = DateTime)]
    from: String,
    /// When the last sound of it arrived.
    #[schema(format = DateTime)]
    to: String,
    /// On how many reels it is.
    reels: usize,
}

/// Lists the days of which anything is on the tape of a station, newest first, 400 at most. It does not say how much: that
/// is in the account of a day.
#[utoipa::path(
    get, path = "/stations/{id}/tape/days", operation_id = "tape_days", tag = "stations",
    params(("id" = String, Path, description = "the station's id")),
    responses((status = 200, body = Vec<TapeDay>), Problem)
)]
pub(super) async fn days(State(site): State<Site>, Path(id): Path<String>) -> Result<Json<Vec<TapeDay>>, Problem> {
    let taped = Taped::of(&site, &id).await?;
    let reels = taped.tape.reels().into_iter().map(|(_, came)| came);
    Ok(Json(by_day(reels, taped.station.timezone)))
}

/// Returns the days, the newest first, on which sound came on `reels`.
fn by_day(reels: impl IntoIterator<Item = Span>, zone: Zone) -> Vec<TapeDay> {
    let mut days: BTreeMap<NaiveDate, (Span, usize)> = BTreeMap::new();
    for came in reels {
        let local = |at: DateTime<Utc>| at.with_timezone(&zone).date_naive();
        let (first, last) = (local(came.start), local(came.end));
        // A clock that was wrong may have stretched a reel over years.
        let dates = std::iter::successors(Some(last), NaiveDate::pred_opt).take_while(|date| *date >= first);
        for date in dates.take(MOST_DAYS) {
            let Ok(day) = config::day(date, zone) else { continue };
            let of_day = Span::new(came.start.max(day.start), came.end.min(day.end));
            let (span, reels) = days.entry(date).or_insert((of_day, 0));
            *span = Span::new(span.start.min(of_day.start), span.end.max(of_day.end));
            *reels += 1;
        }
    }
    let listed = days.into_iter().rev().take(MOST_DAYS);
    let told = |(date, (span, reels)): (NaiveDate, (Span, usize))| TapeDay {
        day: date.to_string(),
        from: stamp(span.start, zone),
        to: stamp(span.end, zone),
        reels,
    };
    listed.map(told).collect()
}

/// The day of `at`, by the clock of `zone`.
fn day(at: DateTime<Utc>, zone: Zone) -> Option<Span> {
    config::day(at.with_timezone(&zone).date_naive(), zone).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reel(from: &str, to: &str) -> Span {
        Span::new(from.parse().unwrap(), to.parse().unwrap())
    }

    #[test]
    fn a_day_is_by_the_clock_of_the_station_and_a_reel_over_midnight_is_on_both() {
        let reels = [
            reel("2026-11-18T03:00:00Z", "2026-11-18T04:00:00Z"),
            // Midnight in Seoul.
            reel("2026-11-19T14:30:00Z", "2026-11-19T15:30:00Z"),
            reel("2026-11-19T15:30:00Z", "2026-11-19T16:00:00Z"),
        ];
        let days = by_day(reels, "Asia/Seoul".parse().unwrap());
        let told: Vec<_> =
            days.iter().map(|day| format!("{} {} {} {}", day.day, day.from, day.to, day.reels)).collect();
        assert_eq!(
            told,
            [
                "2026-11-20 2026-11-20T00:00:00.000+09:00 2026-11-20T01:00:00.000+09:00 2",
                "2026-11-19 2026-11-19T23:30:00.000+09:00 2026-11-20T00:00:00.000+09:00 1",
                "2026-11-18 2026-11-18T12:00:00.000+09:00 2026-11-18T13:00:00.000+09:00 1",
            ]
        );
    }

    #[test]
    fn a_reel_that_a_wrong_clock_has_stretched_costs_no_more_than_the_days_that_are_listed() {
        let days = by_day([reel("1970-01-01T00:00:00Z", "2900-01-01T00:00:00Z")], "UTC".parse().unwrap());
        assert_eq!((days.len(), days[0].day.as_str()), (400, "2900-01-01"));
    }
}
