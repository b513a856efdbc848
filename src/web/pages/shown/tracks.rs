//! Tracks for the templates: texts with times in the zone of the show, not yet escaped.

use chrono::{DateTime, Datelike as _, Utc};
use serde::Serialize;

use super::dates;
use super::rows::Row;
use crate::base::zone::Zone;
use crate::language::Language;
use crate::model;

/// A track of a recording.
#[derive(Debug, PartialEq, Serialize)]
pub struct Track {
    /// `14:21`, when it went on the air.
    pub time: String,
    /// RFC 3339, for machines.
    pub start: String,
    /// Where in the file it begins, and how long it plays there, in seconds.
    pub at: f64,
    pub seconds: f64,
    /// Empty if the station's words do not tell the artist.
    pub artist: String,
    pub title: String,
}

/// A track that was found, and the recording that has it.
#[derive(Debug, Serialize)]
pub struct Found {
    pub track: Track,
    /// `Fri, 20 Nov 14:21`; of another year `2025-11-20 14:21`.
    pub when: String,
    pub row: Row,
}

/// Returns a track by the clock of `zone`.
pub fn track(track: &model::Track, zone: Zone) -> Track {
    let start = track.on_air.start.with_timezone(&zone);
    let (artist, title) = track.artist_and_title();
    Track {
        time: start.format("%H:%M").to_string(),
        start: start.to_rfc3339(),
        at: track.at.as_secs_f64(),
        seconds: track.length.as_secs_f64(),
        artist: artist.unwrap_or_default().to_owned(),
        title: title.to_owned(),
    }
}

/// Says when a track went on the air, by the clock of `zone`, to somebody who reads it at the instant `now`.
pub fn when(at: DateTime<Utc>, zone: Zone, now: DateTime<Utc>, language: &Language) -> String {
    let [at, now] = [at, now].map(|instant| instant.with_timezone(&zone));
    if at.year() == now.year() {
        format!("{} {}", dates::short(at.date_naive(), language), at.format("%H:%M"))
    } else {
        at.format("%Y-%m-%d %H:%M").to_string()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use chrono::TimeDelta;

    use super::*;
    use crate::model::Span;

    #[test]
    fn a_track_is_shown_by_the_clock_of_the_show() {
        let (zone, start): (Zone, DateTime<Utc>) =
            ("Asia/Seoul".parse().unwrap(), "2026-11-20T05:21:40Z".parse().unwrap());
        let on_air = Span::new(start, start + TimeDelta::seconds(252));
        let [at, length] = [1300, 252].map(Duration::from_secs);
        let shown = track(&model::Track { on_air, at, length, text: "Clara Schumann - Romanze".to_owned() }, zone);
        assert_eq!((&*shown.time, &*shown.start), ("14:21", "2026-11-20T14:21:40+09:00"));
        assert_eq!((&*shown.artist, &*shown.title, shown.at), ("Clara Schumann", "Romanze", 1300.0));
        // By that clock it is the next year already.
        let [before, after] = ["2026-12-31T14:59:59Z", "2026-12-31T15:00:00Z"].map(|now| now.parse().unwrap());
        assert_eq!(when(start, zone, before, Language::english()), "Fri, 20 Nov 14:21");
        assert_eq!(when(start, zone, after, Language::english()), "2026-11-20 14:21");
    }
}
