//! What was played, as far as it matches what somebody looks for on the page of recordings.

use std::collections::HashMap;

use chrono::NaiveDate;
use serde::Serialize;

use super::listing::{around, details};
use super::shown::rows::{Row, row};
use super::shown::tracks::{Found, track, when};
use crate::language::Language;
use crate::library::catalogue::{CatalogueError, Filter, Played, TrackFilter};
use crate::model::AiringId;
use crate::web::Site;

/// How many tracks are found at most, the newest, and how many of them are seen at once.
const MOST: usize = 50;
const SEEN: usize = 5;
/// How many tracks are read to find those of one day, which is another stretch of time in each zone.
const MOST_AROUND: usize = 500;

/// The tracks that match.
#[derive(Debug, Serialize)]
pub(super) struct Matches {
    seen: Vec<Found>,
    rest: Vec<Found>,
    /// How many there are if older ones are left out.
    only: Option<usize>,
}

/// Returns the tracks with the text that `filter` looks for in titles, of the same recordings. `None` if there are none,
/// or if it looks for no text or for older recordings than those of a page before.
pub(super) async fn matches(
    site: &Site,
    filter: &Filter,
    day: Option<NaiveDate>,
    language: &Language,
) -> Result<Option<Matches>, CatalogueError> {
    let Some(text) = filter.title.clone().filter(|_| filter.before.is_none()) else { return Ok(None) };
    let (since, before) = day.map(around).unzip();
    let limit = u32::try_from(if day.is_some() { MOST_AROUND } else { MOST + 1 }).ok();
    let (show, station, verdict) = (filter.show.clone(), filter.station.clone(), filter.verdict.clone());
    let wanted = TrackFilter { show, station, verdict, since, before, text: Some(text), limit };
    let mut played = site.catalogue.played(&wanted).await?;
    let begins = |played: &Played| played.track.on_air.start.with_timezone(&played.timezone).date_naive();
    played.retain(|played| day.is_none_or(|day| begins(played) == day));
    if played.is_empty() {
        return Ok(None);
    }
    let is_cut = played.len() > MOST;
    played.truncate(MOST);
    let rows = rows_of(site, &played, language).await?;
    let found = played.into_iter().filter_map(|played| {
        let (start, zone) = (played.track.on_air.start, played.timezone);
        let row = rows.get(&played.airing)?.clone();
        Some(Found { track: track(&played.track, zone), when: when(start, zone, site.now(), language), row })
    });
    let mut seen: Vec<Found> = found.collect();
    let rest = seen.split_off(seen.len().min(SEEN));
    Ok(Some(Matches { only: is_cut.then_some(MOST), seen, rest }))
}

/// Returns the recordings that have these tracks.
async fn rows_of(
    site: &Site,
    played: &[Played],
    language: &Language,
) -> Result<HashMap<AiringId, Row>, CatalogueError> {
    let mut ids: Vec<AiringId> = played.iter().map(|played| played.airing.clone()).collect();
    ids.sort();
    ids.dedup();
    let recordings = site.catalogue.get_all(ids).await?;
    let (details, config) = (details(site, &recordings).await?, site.config());
    let rows = recordings.iter().map(|one| (one.id.clone(), row(one, &details, &config, language)));
    Ok(rows.collect())
}
