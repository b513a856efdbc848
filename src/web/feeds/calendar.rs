//! The calendar of the coming airings (iCalendar, RFC 5545), to which apps subscribe.
//!
//! Equal airings make an equal calendar, byte for byte, so that an app that asks again gets it only if it has
//! changed.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use chrono::{DateTime, Duration, Utc};
use icalendar::{Calendar, Component as _, Event, EventLike as _, EventStatus, Property};

use super::text::line;
use crate::model::Planned;
use crate::web::address::base::Base;
use crate::web::answer::conditional::{ASK_AGAIN, Sent, answer};
use crate::web::{Site, address};

/// How many airings are in the calendar.
const COMING: usize = 200;
/// How often an app should ask again.
const LOOK_AGAIN: Duration = Duration::hours(1);

/// Returns the calendar.
pub(super) async fn coming(State(site): State<Site>, Base(base): Base, headers: HeaderMap) -> Response {
    let programme = site.programme();
    let mut calendar = Calendar::empty();
    calendar
        .append_property(Property::new("VERSION", "2.0"))
        .append_property(Property::new("PRODID", concat!("-//aircheck//", env!("CARGO_PKG_VERSION"), "//EN")))
        .name("aircheck")
        .ttl(&LOOK_AGAIN);
    let config = programme.config();
    for planned in programme.coming(site.now(), COMING) {
        let mut event = event(&planned, config.station_name(&planned.airing.station), site.started);
        if let (Some(base), Some(show)) = (&base, config.show(&planned.airing.show)) {
            event.url(address::page(base, Some(&show.id)).as_str());
        }
        calendar.push(event);
    }
    let body = calendar.to_string().into();
    answer(&headers, Sent { kind: "text/calendar; charset=utf-8", body, modified: None, cache_control: ASK_AGAIN })
}

/// Returns the event of an airing that has been planned since `known`.
fn event(planned: &Planned, station: &str, known: DateTime<Utc>) -> Event {
    let Planned { airing, title, skipped, .. } = planned;
    Event::new()
        .uid(&line(airing.id.as_str()))
        .timestamp(known)
        .starts(airing.on_air.start)
        .ends(airing.on_air.end)
        .summary(&line(title))
        .location(&line(station))
        .status(if *skipped { EventStatus::Cancelled } else { EventStatus::Confirmed })
        .done()
}
