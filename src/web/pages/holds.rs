//! Holding a stretch of a station's tape and releasing it, with forms that need no script.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::header::LOCATION;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use chrono::NaiveDate;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::form::field;
use super::shown::holds::Refused;
use super::station;
use crate::web::Site;
use crate::web::answer::language;
use crate::web::api::holds::{self, Stretch};

/// The field of a form that says which day the page shows.
const DAY: &str = "-day";

/// Holds what the form says, and returns to the day on which that begins. If it cannot be held, the page says why at the
/// form.
pub(super) async fn hold(
    State(site): State<Site>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let [from, to, why, day] = ["from", "to", "why", DAY].map(|name| field(&body, name).unwrap_or_default());
    let asked = Stretch { from, to, why };
    match holds::add(&site, &id, &asked).await {
        Ok(held) => {
            let begins = held.hold.span.start.with_timezone(&held.station.timezone).date_naive();
            to_page(&site, &id, &begins.to_string())
        }
        Err(problem) => {
            let refused = Refused {
                from: asked.from,
                to: asked.to,
                why: asked.why,
                problem: problem.said(language::of(&headers)),
            };
            station::shown(site, &id, &day, headers, Some((problem.status(), refused))).await
        }
    }
}

/// Releases what is held under a number, and returns to the page.
pub(super) async fn release(
    State(site): State<Site>,
    Path((id, number)): Path<(String, u32)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let day = field(&body, DAY).unwrap_or_default();
    match holds::end(&site, &id, number, site.now()).await {
        Ok(_) => to_page(&site, &id, &day),
        Err(problem) => {
            let refused = Refused { problem: problem.said(language::of(&headers)), ..Refused::default() };
            station::shown(site, &id, &day, headers, Some((problem.status(), refused))).await
        }
    }
}

fn to_page(site: &Site, id: &str, day: &str) -> Response {
    let id = utf8_percent_encode(id, NON_ALPHANUMERIC);
    // Whatever is no date is not repeated.
    let day = day.trim().parse::<NaiveDate>().map_or_else(|_| String::new(), |day| format!("?day={day}"));
    (StatusCode::SEE_OTHER, [(LOCATION, format!("{}/stations/{id}{day}#holds", site.root()))]).into_response()
}
