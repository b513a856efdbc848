//! Recordings and airings as the templates see them: texts in the zone of the show, ready to be escaped.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::base::spoken::clock;
use crate::config::Config;
use crate::library::catalogue::Recording;
use crate::model::{Airing, Verdict};
use crate::schedule::programme::Planned;

/// A recording.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    /// Of its airing.
    pub id: String,
    pub show: String,
    pub title: String,
    pub station: String,
    /// `14:00`
    pub time: String,
    /// `2026-11-20`
    pub day: String,
    /// RFC 3339, for machines.
    pub start: String,
    /// `1:59:58`
    pub length: String,
    pub seconds: f64,
    /// The word.
    pub verdict: &'static str,
    /// The share that is there, in percent, of a partial one.
    pub percent: Option<f64>,
    pub gaps: Vec<GapRow>,
    /// Whether there is a file.
    pub playable: bool,
    /// `112.3 MB`
    pub size: String,
}

/// What is missing from it.
#[derive(Debug, Serialize)]
pub(super) struct GapRow {
    /// `14:03:12`
    pub at: String,
    pub seconds: String,
    pub cause: String,
    /// Where in the planned time it lies and how long it is, in thousandths of it.
    pub from: u32,
    pub length: u32,
}

/// The recordings of one day, newest first.
#[derive(Debug, Serialize)]
pub(super) struct Day {
    pub day: String,
    pub rows: Vec<Row>,
}

/// Groups `recordings`, newest first, by the day they were on the air where their show is at home.
pub(super) fn days(recordings: &[Recording], config: &Config) -> Vec<Day> {
    let mut days: Vec<Day> = Vec::new();
    for recording in recordings {
        let row = row(recording, config);
        match days.last_mut().filter(|day| day.day == row.day) {
            Some(day) => day.rows.push(row),
            None => days.push(Day { day: row.day.clone(), rows: vec![row] }),
        }
    }
    days
}

fn row(recording: &Recording, config: &Config) -> Row {
    let start = recording.on_air.start.with_timezone(&recording.timezone);
    let planned = recording.cut.length().as_seconds_f64().max(f64::MIN_POSITIVE);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to a thousand")]
    let share = |seconds: f64| (seconds / planned * 1000.0).clamp(0.0, 1000.0).round() as u32;
    let gaps = recording.gaps.iter().map(|gap| GapRow {
        at: gap.start.with_timezone(&recording.timezone).format("%H:%M:%S").to_string(),
        seconds: format!("{:.1}", gap.length.as_secs_f64()),
        cause: gap.cause.clone(),
        from: share((gap.start - recording.cut.start).as_seconds_f64()),
        length: share(gap.length.as_secs_f64()).max(2),
    });
    Row {
        id: recording.id.to_string(),
        show: recording.show.to_string(),
        title: recording.title.clone(),
        station: config.station_name(&recording.station).to_owned(),
        time: start.format("%H:%M").to_string(),
        day: start.format("%Y-%m-%d").to_string(),
        start: start.to_rfc3339(),
        length: clock(recording.seconds),
        seconds: recording.seconds,
        verdict: recording.verdict.as_ref().map_or("", Verdict::word),
        percent: match recording.verdict {
            Some(Verdict::Partial(percent)) => Some(percent),
            _ => None,
        },
        gaps: gaps.collect(),
        playable: recording.file.is_some(),
        size: recording.bytes.map(|bytes| format!("{:.1} MB", bytes as f64 / 1e6)).unwrap_or_default(),
    }
}

/// An airing that comes or is on.
#[derive(Debug, Serialize)]
pub(super) struct Slot {
    pub show: String,
    pub title: String,
    pub station: String,
    pub day: String,
    pub start: String,
    pub end: String,
    pub zone: &'static str,
    /// Whether it is not recorded.
    pub skipped: bool,
}

/// An airing of the programme for people.
pub(super) fn slot(planned: &Planned, config: &Config) -> Slot {
    Slot { skipped: planned.skipped, ..on_air(&planned.airing, &planned.title, config) }
}

/// An airing that is on for people.
pub(super) fn on_air(airing: &Airing, title: &str, config: &Config) -> Slot {
    let local = |at: DateTime<Utc>| at.with_timezone(&airing.timezone);
    Slot {
        show: airing.show.to_string(),
        title: title.to_owned(),
        station: config.station_name(&airing.station).to_owned(),
        day: local(airing.on_air.start).format("%Y-%m-%d").to_string(),
        start: local(airing.on_air.start).format("%H:%M").to_string(),
        end: local(airing.on_air.end).format("%H:%M").to_string(),
        zone: airing.timezone.name(),
        skipped: false,
    }
}
