//! The coming airings as a calendar (iCalendar, RFC 5545).

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};

use super::Site;
use crate::schedule::programme::Planned;

/// Airings in the calendar.
const COMING: usize = 200;

/// The calendar.
pub(super) async fn coming(State(site): State<Site>) -> Response {
    let programme = site.programme();
    let now = site.clock.now();
    let mut lines = vec![
        "BEGIN:VCALENDAR".to_owned(),
        "VERSION:2.0".to_owned(),
        concat!("PRODID:-//aircheck//", env!("CARGO_PKG_VERSION"), "//EN").to_owned(),
    ];
    for Planned { airing, title, skipped, .. } in programme.coming(now, COMING) {
        lines.extend([
            "BEGIN:VEVENT".to_owned(),
            format!("UID:{}", text(airing.id.as_str())),
            format!("DTSTAMP:{}", stamp(now)),
            format!("DTSTART:{}", stamp(airing.on_air.start)),
            format!("DTEND:{}", stamp(airing.on_air.end)),
            format!("SUMMARY:{}", text(&title)),
            format!("LOCATION:{}", text(programme.config().station_name(&airing.station))),
            format!("STATUS:{}", if skipped { "CANCELLED" } else { "CONFIRMED" }),
            "END:VEVENT".to_owned(),
        ]);
    }
    lines.push("END:VCALENDAR".to_owned());
    let body: String = lines.iter().map(|line| folded(line)).collect();
    ([(CONTENT_TYPE, "text/calendar; charset=utf-8")], body).into_response()
}

fn stamp(at: DateTime<Utc>) -> String {
    at.format("%Y%m%dT%H%M%SZ").to_string()
}

/// A TEXT value (section 3.3.11).
fn text(text: &str) -> String {
    let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    plain.replace('\\', "\\\\").replace(';', "\\;").replace(',', "\\,")
}

/// A content line, folded at 75 octets and between characters (section 3.1).
fn folded(line: &str) -> String {
    let mut folded = String::new();
    let mut octets = 0;
    for character in line.chars() {
        if octets + character.len_utf8() > 74 {
            folded.push_str("\r\n ");
            octets = 1;
        }
        folded.push(character);
        octets += character.len_utf8();
    }
    folded.push_str("\r\n");
    folded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_folded_between_characters_and_texts_are_harmless() {
        let line = folded(&format!("SUMMARY:{}", text(&"명".repeat(60))));
        assert!(line.split("\r\n").all(|part| part.len() <= 75));
        assert_eq!(line.replace("\r\n ", "").trim_end(), format!("SUMMARY:{}", "명".repeat(60)));
        assert_eq!(text("a,b;c\\\r\nBEGIN:VEVENT"), "a\\,b\\;c\\\\  BEGIN:VEVENT");
    }
}
