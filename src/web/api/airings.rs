//! Airings: those of the configuration and those that are added by hand.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use url::Url;
use utoipa::{IntoParams, ToSchema};

use super::moment::{length, moment, unacceptable};
use crate::airings::by_hand::{self, ControlError, Wish};
use crate::airings::plan::LONGEST_LOOK;
use crate::model::{AiringId, Planned, ShowId, Span, StationId};
use crate::web::Site;
use crate::web::answer::Problem;
use crate::web::extract::{Body, Count, Instant, Path, Query};
use crate::web::site::tapes::unusable;
use crate::web::wire::{Added, Airing};

/// Which airings are listed.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Params {
    /// Only those that are recorded after this, in part or as a whole; by default, after now.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Instant>,
    /// Only those that are recorded before this; at most 31 days after `from`.
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<Instant>,
    /// The most that are listed; 20 by default.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 500)]
    limit: Option<Count>,
}

/// Lists airings by their start: those on the air and coming, or those planned at another time.
#[utoipa::path(
    get, path = "/airings", operation_id = "airings", tag = "airings", params(Params),
    responses((status = 200, body = Vec<Airing>), Problem)
)]
pub(super) async fn list(State(site): State<Site>, Query(asked): Query<Params>) -> Result<Json<Vec<Airing>>, Problem> {
    let programme = site.programme();
    let count = usize::try_from(asked.limit.unwrap_or(Count::usual(20)).get()).unwrap_or_default();
    let now = site.now();
    let from = asked.from.map_or(now, |from| from.0);
    let mut airings = match asked.to {
        Some(Instant(to)) if to <= from => {
            return Err(Problem::technical(StatusCode::UNPROCESSABLE_ENTITY, "`to` must be later than `from`"));
        }
        Some(Instant(to)) if to - from > LONGEST_LOOK => {
            let most = "`to` can be 31 days later than `from` at most";
            return Err(Problem::technical(StatusCode::UNPROCESSABLE_ENTITY, most));
        }
        Some(Instant(to)) => programme.airings(Span::new(from, to)),
        None => {
            let on_the_air = programme.airings(Span::new(from, from + TimeDelta::nanoseconds(1)));
            let begun = on_the_air.into_iter().filter(|planned| planned.airing.on_air.start <= from);
            begun.chain(programme.coming(from, count)).collect()
        }
    };
    let by_start = |planned: &Planned| (planned.airing.on_air.start, planned.airing.id.clone());
    airings.sort_by_key(by_start);
    airings.truncate(count);
    Ok(Json(airings.iter().map(|planned| report(&site, planned, now)).collect()))
}

/// Returns one airing.
#[utoipa::path(
    get, path = "/airings/{id}", operation_id = "airing", tag = "airings",
    params(("id" = String, Path, description = "its id")),
    responses((status = 200, body = Airing), Problem)
)]
pub(super) async fn get(State(site): State<Site>, Path(id): Path<String>) -> Result<Json<Airing>, Problem> {
    let id = AiringId::new(id);
    let planned = site.programme().get(&id).ok_or(ControlError::NoAiring(id))?;
    Ok(Json(report(&site, &planned, site.now())))
}

/// A one-time airing: an extra one of a show of the file (`show`), or anything else (`title` and `station`).
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OneTime {
    /// The id of a show of the file, whose title, tags and padding the airing gets.
    #[schema(example = "x")]
    show: Option<String>,
    /// The title, if there is no `show`.
    #[schema(min_length = 1, max_length = 200)]
    title: Option<String>,
    /// The id of the station, if there is no `show`.
    station: Option<String>,
    /// When it goes on the air: RFC 3339, or without an offset by the clocks of the show or station. It may have begun
    /// already.
    #[schema(example = "2026-11-21T14:00:00+09:00")]
    start: String,
    /// How long it is on the air, such as `1h30m`; at most seven days. Optional with `show`.
    #[schema(example = "1h30m")]
    length: Option<String>,
}

impl OneTime {
    fn wish(self, site: &Site) -> Result<Wish, Problem> {
        let config = site.config();
        let given = self.length.as_deref().map(|text| length("length", text)).transpose()?;
        let wrong = |words: &str| Err(Problem::technical(StatusCode::UNPROCESSABLE_ENTITY, words));
        match (self.show, self.title, self.station) {
            (Some(show), None, None) => {
                let show = ShowId::new(show);
                let zone = config.show(&show).ok_or_else(|| in_body(&ControlError::NoShow(show.clone())))?.timezone;
                Ok(Wish::Extra { start: moment("start", &self.start, zone)?, show, length: given })
            }
            (None, Some(title), Some(station)) => {
                let station = StationId::new(station);
                let known = config.station(&station);
                let zone = known.ok_or_else(|| in_body(&ControlError::NoStation(station.clone())))?.timezone;
                let start = moment("start", &self.start, zone)?;
                match given {
                    Some(length) => Ok(Wish::Free { title, station, start, length }),
                    None => wrong("`length` is missing; write for example `1h`"),
                }
            }
            (Some(_), _, _) => wrong("a show has its own title and station; write `show`, or `title` and `station`"),
            (None, _, _) => wrong("write `show`, the id of a show, or `title` and `station`"),
        }
    }
}

/// Returns the problem that something the body names does not exist.
fn in_body(error: &ControlError) -> Problem {
    unacceptable(error.sentence())
}

/// Adds a one-time airing, which is recorded like any other, also after a restart. If it has begun and is not over, what
/// is on tape of it is in the recording, and what the station still offers. What is over can be cut as a clip.
#[utoipa::path(
    post, path = "/airings", operation_id = "add_airing", tag = "airings", request_body = OneTime,
    responses(
        (status = 201, body = Added, headers(("location" = String, description = "where it is"))), Problem
    )
)]
pub(super) async fn add(State(site): State<Site>, Body(asked): Body<OneTime>) -> Result<Response, Problem> {
    let wish = asked.wish(&site)?;
    let added = site.airings.add(wish).await?;
    Ok(created(&site, &added))
}

/// Removes a one-time airing that has not begun.
#[utoipa::path(
    delete, path = "/airings/{id}", operation_id = "remove_airing", tag = "airings",
    params(("id" = String, Path, description = "its id")),
    responses((status = 204, description = "it is removed"), Problem)
)]
pub(super) async fn remove(State(site): State<Site>, Path(id): Path<String>) -> Result<StatusCode, Problem> {
    site.airings.remove(AiringId::new(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Returns the answer that an airing was added, with its address.
pub(super) fn created(site: &Site, added: &by_hand::Added) -> Response {
    let address = address(&site.root(), added.planned.airing.id.as_str());
    let airing = report(site, &added.planned, site.now());
    (StatusCode::CREATED, [(LOCATION, address)], Json(Added::of(airing, added))).into_response()
}

/// Returns an airing as programs read it.
pub(super) fn report(site: &Site, planned: &Planned, now: DateTime<Utc>) -> Airing {
    Airing::of(planned, now, site.airings.is_recording(&planned.airing.id))
}

/// Returns the path of an airing, percent-encoded.
fn address(root: &str, id: &str) -> String {
    let url = Url::parse("http://localhost/").ok().and_then(|mut url| {
        url.path_segments_mut().ok()?.pop_if_empty().extend(["api", "v1", "airings", id]);
        Some(url)
    });
    url.map(|url| format!("{root}{}", url.path())).unwrap_or_default()
}

impl From<ControlError> for Problem {
    fn from(error: ControlError) -> Self {
        let status = match &error {
            ControlError::NoAiring(_) | ControlError::NoStation(_) | ControlError::NoShow(_) => StatusCode::NOT_FOUND,
            ControlError::AdHocOff => StatusCode::FORBIDDEN,
            ControlError::Wrong(_) | ControlError::Source(_) | ControlError::SourceNear(_) => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            ControlError::Over(_)
            | ControlError::Finishing(_)
            | ControlError::Recording(_)
            | ControlError::NotBegun(_)
            | ControlError::Skipped(_)
            | ControlError::NotSkipped(_)
            | ControlError::OfFile(_)
            | ControlError::Taken(_)
            | ControlError::TooMany(_)
            | ControlError::TooManyAdHoc(_) => StatusCode::CONFLICT,
            ControlError::Catalogue(_) | ControlError::Tape { .. } => StatusCode::INTERNAL_SERVER_ERROR,
        };
        match error {
            ControlError::Catalogue(error) => error.into(),
            ControlError::Tape { station, source } => unusable(station.as_str(), &source),
            refused => Self::new(status, refused.sentence()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_of_an_airing_is_one_path_segment_whatever_its_id() {
        assert_eq!(address("", "x@20261120T0300Z"), "/api/v1/airings/x@20261120T0300Z");
        assert_eq!(address("/radio", "명/..?#@2"), "/radio/api/v1/airings/%EB%AA%85%2F..%3F%23@2");
    }
}
