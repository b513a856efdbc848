//! What is held of the tape of a station: for programs, and for the form of the page.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use utoipa::ToSchema;

use super::moment::{moment, unacceptable};
use crate::account;
use crate::base::blocking::blocking;
use crate::capture::deck::folder_of;
use crate::config::Station;
use crate::language::Sentence;
use crate::model::Span;
use crate::tape::{self, LONGEST_REASON, Tape, TapeError, holds};
use crate::web::Site;
use crate::web::answer::Problem;
use crate::web::extract::{Body, Path};
use crate::web::site::tapes::{self, unusable};
use crate::web::wire::Hold;

/// What to hold.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Stretch {
    /// When it begins: RFC 3339, or without an offset by the clocks of the station.
    #[schema(example = "2026-11-20T22:15:00+09:00")]
    pub from: String,
    /// When it ends; it may be still to come.
    #[schema(example = "2026-11-20T22:30:00+09:00")]
    pub to: String,
    /// Why, in one line.
    #[schema(example = "complaint 114", min_length = 1, max_length = 400)]
    pub why: String,
}

/// A hold of a station's tape.
#[derive(Debug)]
pub struct OfStation {
    pub station: Arc<Station>,
    pub hold: tape::Hold,
    tape: Tape,
}

impl OfStation {
    /// Returns it as the interface writes it.
    async fn written(self, released: Option<DateTime<Utc>>) -> Hold {
        let Self { station, hold, tape } = self;
        blocking(move || written(hold, &station, &tape, released)).await
    }
}

/// Lists what is held of the tape of a station, the oldest hold first.
#[utoipa::path(
    get, path = "/stations/{id}/holds", operation_id = "list_holds", tag = "stations",
    params(("id" = String, Path, description = "the station's id")),
    responses((status = 200, body = Vec<Hold>), Problem)
)]
pub(super) async fn list(State(site): State<Site>, Path(id): Path<String>) -> Result<Json<Vec<Hold>>, Problem> {
    let (station, tape) = tape_of(&site, &id).await?;
    let held = blocking(move || {
        let told = |hold: tape::Hold| written(hold, &station, &tape, None);
        Ok::<_, TapeError>(holds::read(tape.folder())?.into_iter().map(told).collect())
    });
    Ok(Json(held.await.map_err(|error| unusable(&id, &error))?))
}

/// Holds a stretch of the tape of a station: it is kept until it is released, whatever the rules say.
#[utoipa::path(
    post, path = "/stations/{id}/holds", operation_id = "hold", tag = "stations",
    params(("id" = String, Path, description = "the station's id")), request_body = Stretch,
    responses((status = 201, body = Hold), Problem)
)]
pub(super) async fn hold(
    State(site): State<Site>,
    Path(id): Path<String>,
    Body(asked): Body<Stretch>,
) -> Result<(StatusCode, Json<Hold>), Problem> {
    let held = add(&site, &id, &asked).await?;
    Ok((StatusCode::CREATED, Json(held.written(None).await)))
}

/// Holds what is asked for of the station `id`.
pub async fn add(site: &Site, id: &str, asked: &Stretch) -> Result<OfStation, Problem> {
    let (station, tape) = tape_of(site, id).await?;
    let zone = station.timezone;
    let (from, to) = (moment("from", &asked.from, zone)?, moment("to", &asked.to, zone)?);
    if to <= from {
        return Err(unacceptable(Sentence::new("problem_hold_backwards")));
    }
    let why = asked.why.trim().to_owned();
    if why.is_empty() || why.chars().count() > LONGEST_REASON {
        return Err(unacceptable(Sentence::new("problem_hold_reason").with("most", LONGEST_REASON)));
    }
    let (span, now) = (Span::new(from, to), site.now());
    let held = blocking(move || {
        if account::is_lost(&tape, &span, now) {
            return Ok(None);
        }
        let hold = holds::add(tape.folder(), span, &why, now)?;
        Ok::<_, TapeError>(Some(OfStation { station, hold, tape }))
    });
    let held = held.await.map_err(|error| unusable(id, &error))?;
    held.ok_or_else(|| unacceptable(Sentence::new("problem_hold_nothing")))
}

/// Releases what is held under a number.
#[utoipa::path(
    delete, path = "/stations/{id}/holds/{number}", operation_id = "release", tag = "stations",
    params(("id" = String, Path, description = "the station's id"), ("number" = u32, Path, description = "the hold's")),
    responses((status = 200, body = Hold), Problem)
)]
pub(super) async fn release(
    State(site): State<Site>,
    Path((id, number)): Path<(String, u32)>,
) -> Result<Json<Hold>, Problem> {
    let now = site.now();
    let released = end(&site, &id, number, now).await?;
    Ok(Json(released.written(Some(now)).await))
}

/// Releases what is held of the station `id` under `number`.
pub async fn end(site: &Site, id: &str, number: u32, now: DateTime<Utc>) -> Result<OfStation, Problem> {
    let (station, tape) = tape_of(site, id).await?;
    let released = blocking(move || {
        let hold = holds::release(tape.folder(), number, now)?;
        Ok::<_, TapeError>(hold.map(|hold| OfStation { station, hold, tape }))
    });
    let released = released.await.map_err(|error| unusable(id, &error))?;
    released.ok_or_else(|| Problem::not_found(Sentence::new("problem_no_hold").with("hold", number)))
}

/// Returns the station `id`, and its tape, which may be still to be made.
async fn tape_of(site: &Site, id: &str) -> Result<(Arc<Station>, Tape), Problem> {
    let station = tapes::station_of(site, id)?;
    let present = site.decks.present_tape(&station).await.map_err(|error| unusable(id, &error))?;
    if let Some(tape) = present {
        return Ok((station, tape));
    }
    let folder = folder_of(site.decks.folder(), &station.id);
    // Nothing is read: there is no folder.
    let tape = Tape::read(&folder, station.delay).map_err(|error| unusable(id, &error))?;
    Ok((station, tape))
}

/// Returns `hold` as the interface writes it. Blocks.
fn written(hold: tape::Hold, station: &Station, tape: &Tape, released: Option<DateTime<Utc>>) -> Hold {
    let on_tape = account::on_tape(tape, &hold.span);
    Hold::of(hold, station.id.as_str(), on_tape, released, station.timezone)
}
