//! How loud a stretch of tape is, for a picture of it.

use axum::Json;
use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::account::loudest;
use crate::web::Site;
use crate::web::answer::Problem;
use crate::web::extract::{Instant, Path, Query};
use crate::web::site::tapes::Taped;
use crate::web::wire::stamp;

/// The longest stretch.
const LONGEST: TimeDelta = TimeDelta::days(45);
/// The stretch if its beginning is not given.
const USUAL: TimeDelta = TimeDelta::hours(24);
/// `Cache-Control`: levels come once an hour, and a page asks for the same stretch again and again.
const A_MINUTE: &str = "private, max-age=60";

/// Of how many reels levels are computed for one who looks, the newest first.
const MOST_AT_ONCE: usize = 3;

/// Which stretch, and in how many parts.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Params {
    /// By default a day before `end`.
    start: Option<Instant>,
    /// By default now.
    end: Option<Instant>,
    points: Points,
}

/// How many parts a picture has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
struct Points(usize);

impl Default for Points {
    fn default() -> Self {
        Self(600)
    }
}

impl TryFrom<String> for Points {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let within = text.parse().ok().filter(|points| (10..=4000).contains(points));
        within.map(Self).ok_or_else(|| format!("{text:?} is not a number of points from 10 to 4000"))
    }
}

/// The picture. Times are RFC 3339, by the clock of the station.
#[derive(Debug, Serialize)]
struct Picture {
    start: String,
    end: String,
    /// A byte for each part in base64: its loudest sample, 255 being full scale; 0 if nothing is known.
    peaks: String,
    /// From where to where levels are known, as shares of the stretch.
    known: Vec<(f64, f64)>,
    /// From where to where nothing is on tape between its beginning and its end, as shares of the stretch.
    missing: Vec<(f64, f64)>,
    /// Whether more levels are being computed: whoever asks again soon is told more.
    coming: bool,
}

/// Returns the levels of a stretch.
pub(super) async fn levels(
    State(site): State<Site>,
    Path(station): Path<String>,
    Query(asked): Query<Params>,
) -> Result<Response, Problem> {
    let taped = Taped::of(&site, &station).await?;
    let end = asked.end.map_or_else(|| site.now(), |end| end.0);
    let span = taped.stretch(asked.start.map_or(end - USUAL, |start| start.0), end, LONGEST)?;
    let (tape, Points(points)) = (taped.tape, asked.points);
    let (fresh, of) = (site.fresh.clone(), tape.clone());
    let found = site.readers.run(move || loudest(&of, span, points, &fresh)).await;
    for reel in found.unknown.iter().take(MOST_AT_ONCE) {
        site.fresh.compute(&tape, reel);
    }
    let zone = taped.station.timezone;
    let peaks: Vec<u8> = found.peaks.iter().map(|point| point.unwrap_or_default()).collect();
    let share = |at: DateTime<Utc>| (at - span.start).as_seconds_f64() / span.length().as_seconds_f64();
    let picture = Picture {
        start: stamp(span.start, zone),
        end: stamp(span.end, zone),
        peaks: STANDARD.encode(peaks),
        known: known(&found.peaks),
        missing: found.missing.iter().map(|hole| (share(hole.start), share(hole.end))).collect(),
        coming: !found.unknown.is_empty(),
    };
    let kept = if picture.coming { "no-store" } else { A_MINUTE };
    Ok(([(CACHE_CONTROL, kept)], Json(picture)).into_response())
}

/// Returns the stretches of parts that are known, as shares of all.
fn known(points: &[Option<u8>]) -> Vec<(f64, f64)> {
    let share = |part: usize| part as f64 / points.len().max(1) as f64;
    let mut known = Vec::new();
    let mut begun = None;
    // Behind the last part nothing is known.
    for (part, point) in points.iter().chain([&None]).enumerate() {
        match (point, begun) {
            (Some(_), None) => begun = Some(part),
            (None, Some(first)) => {
                known.push((share(first), share(part)));
                begun = None;
            }
            _ => {}
        }
    }
    known
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_is_told_in_shares_of_the_stretch() {
        let none = None;
        let some = Some(0);
        assert_eq!(known(&[none, some, some, none]), [(0.25, 0.75)]);
        assert_eq!(known(&[some, none, none, some]), [(0.0, 0.25), (0.75, 1.0)]);
        assert_eq!(known(&[some, some]), [(0.0, 1.0)]);
        assert_eq!(known(&[none, none]), []);
    }

    #[test]
    fn a_picture_has_from_10_to_4000_points() {
        let points = |text: &str| Points::try_from(text.to_owned());
        assert_eq!((points("10"), points("4000")), (Ok(Points(10)), Ok(Points(4000))));
        for wrong in ["9", "4001", "", "-10", "x"] {
            assert!(points(wrong).unwrap_err().contains("from 10 to 4000"), "{wrong}");
        }
    }
}
