//! Links to share for the templates, and what whoever follows one sees of the recording.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::dates;
use super::marks::{Mark, marks};
use crate::base::readable::clock;
use crate::base::zone::Zone;
use crate::config::Config;
use crate::language::Language;
use crate::library::catalogue::{Link, Recording};
use crate::model::Verdict;

/// A link, for those who may withdraw it.
#[derive(Debug, Serialize)]
pub struct Row {
    pub id: i64,
    /// `Fri, 20 Nov 14:00`, when it was made and until when it opens the recording.
    pub made: String,
    pub until: String,
    /// RFC 3339, for machines.
    pub ends: String,
}

/// A recording, for a stranger: nothing in it names a file, another show or an address of the station.
#[derive(Debug, Serialize)]
pub struct Shared {
    pub title: String,
    pub station: String,
    /// `Friday, 20 November 2026`
    pub day: String,
    /// `14:00`, when it began and ended.
    pub time: String,
    pub end: String,
    /// RFC 3339, for machines.
    pub start: String,
    /// `Asia/Seoul`
    pub zone: String,
    /// `1:59:58`, the length of the file.
    pub length: String,
    pub seconds: f64,
    /// Whether nothing can be heard in it.
    pub mute: bool,
    /// How much is missing or silent, as `1:04`; empty if nothing is.
    pub missing: String,
    pub silent: String,
    pub marks: Vec<Mark>,
    /// `115.1 MB`
    pub size: String,
    /// Whether there is a waveform.
    pub pictured: bool,
    /// Until when the link opens it, as `day` and `time`.
    pub until_day: String,
    pub until_time: String,
}

/// Returns a link for the template.
pub fn row(link: &Link, language: &Language) -> Row {
    let said = |at: DateTime<Utc>| {
        let local = at.with_timezone(&link.timezone);
        format!("{} {}", dates::short(local.date_naive(), language), local.format("%H:%M"))
    };
    Row { id: link.id, made: said(link.lasts.start), until: said(link.lasts.end), ends: link.lasts.end.to_rfc3339() }
}

/// Returns the name of a zone as people read it.
pub fn zone_name(zone: Zone) -> String {
    zone.name().replace('_', " ")
}

/// Returns a recording for whoever follows a link that opens it `until` then.
pub fn shared(recording: &Recording, until: DateTime<Utc>, config: &Config, language: &Language) -> Shared {
    let local = |at: DateTime<Utc>| at.with_timezone(&recording.timezone);
    let (start, until) = (local(recording.on_air.start), local(until));
    let plays = recording.plays_for().as_secs_f64();
    let missing: f64 = recording.gaps.iter().map(|gap| gap.length.as_secs_f64()).sum();
    let silent: f64 = recording.dead_air.iter().map(|dead| dead.length.as_secs_f64()).sum();
    let some = |seconds: f64| if seconds > 0.0 { clock(seconds.max(1.0)) } else { String::new() };
    Shared {
        title: recording.title.clone(),
        station: config.station_name(&recording.station).to_owned(),
        day: dates::long(start.date_naive(), language),
        time: start.format("%H:%M").to_string(),
        end: local(recording.on_air.end).format("%H:%M").to_string(),
        start: start.to_rfc3339(),
        zone: zone_name(recording.timezone),
        length: clock(plays),
        seconds: plays,
        mute: matches!(recording.verdict, Some(Verdict::Silent)),
        missing: some(missing),
        silent: some(silent),
        marks: marks(recording, language),
        size: recording.bytes.map(|bytes| format!("{:.1} MB", bytes as f64 / 1e6)).unwrap_or_default(),
        pictured: recording.length.is_some() || recording.loudness.is_some(),
        until_day: dates::long(until.date_naive(), language),
        until_time: until.format("%H:%M").to_string(),
    }
}
