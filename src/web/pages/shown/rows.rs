//! Recordings for the templates: texts with times in the zone of the show, not yet escaped.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::causes::{Said, say_note};
use super::dates;
use super::marks::{Mark, marks};
use crate::base::readable::clock;
use crate::config::Config;
use crate::language::Language;
use crate::library::catalogue::{CopyState, Marks, Recording};
use crate::model::{AiringId, Verdict};

/// What else rows say of recordings.
#[derive(Debug, Default)]
pub struct Details {
    /// Those that have lost their files.
    pub gone: HashSet<AiringId>,
    /// Those of which it is known what was played.
    pub tracked: HashSet<AiringId>,
    /// How far their copies to the object store are.
    pub copies: HashMap<AiringId, CopyState>,
    /// What people said of them.
    pub marks: HashMap<AiringId, Marks>,
}

/// A recording.
#[derive(Debug, Clone, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "a template asks them one by one")]
pub struct Row {
    /// The id of the airing.
    pub id: String,
    pub show: String,
    /// Whether the show still has a page.
    pub has_page: bool,
    pub title: String,
    pub station: String,
    /// `14:00`, when it began and ended.
    pub time: String,
    pub end: String,
    /// `2026-11-20`
    pub day: String,
    /// `Fri, 20 Nov`
    pub said: String,
    /// RFC 3339, for machines.
    pub start: String,
    /// `1:59:58`, the length of the file.
    pub length: String,
    pub seconds: f64,
    /// The verdict, in one word.
    pub verdict: &'static str,
    /// The share that is there, in percent, if the verdict is partial.
    pub percent: Option<f64>,
    /// What is missing or silent, and the notes.
    pub marks: Vec<Mark>,
    pub notes: Vec<Said>,
    /// How much is missing or silent, as `1:04`; empty if nothing is.
    pub missing: String,
    pub silent: String,
    /// Whether the file was moved or deleted.
    pub gone: bool,
    /// Whether there is a file, and a waveform, which the first releases did not have.
    pub playable: bool,
    pub pictured: bool,
    /// Whether it is known what was played.
    pub tracked: bool,
    /// The key of what to say of its copy in the object store; empty if there is nothing to say.
    pub copy: &'static str,
    /// Whether no rule deletes it, and whether somebody has heard it.
    pub pinned: bool,
    pub heard: bool,
    /// `mp3`, the extension of the address of its sound.
    pub extension: &'static str,
    /// `112.3 MB`
    pub size: String,
    /// Changes whenever the recording does.
    pub version: String,
}

/// The recordings of one day, newest first.
#[derive(Debug, Serialize)]
pub struct Day {
    /// `2026-11-20`
    pub date: String,
    /// `Friday, 20 November 2026`
    pub said: String,
    pub rows: Vec<Row>,
}

/// Groups `recordings`, newest first, by the day they were on the air in the zone of their show.
pub fn days(recordings: &[Recording], details: &Details, config: &Config, language: &Language) -> Vec<Day> {
    let mut days: Vec<Day> = Vec::new();
    for recording in recordings {
        let date = recording.on_air.start.with_timezone(&recording.timezone).date_naive();
        let row = row(recording, details, config, language);
        match days.last_mut().filter(|day| day.date == row.day) {
            Some(day) => day.rows.push(row),
            None => {
                days.push(Day { date: row.day.clone(), said: dates::long(date, language), rows: vec![row] });
            }
        }
    }
    days
}

/// Returns the row of a recording.
pub fn row(recording: &Recording, details: &Details, config: &Config, language: &Language) -> Row {
    let [gone, tracked] = [&details.gone, &details.tracked].map(|some| some.contains(&recording.id));
    let local = |at: DateTime<Utc>| at.with_timezone(&recording.timezone);
    let start = local(recording.on_air.start);
    let plays = recording.plays_for().as_secs_f64();
    let missing: f64 = recording.gaps.iter().map(|gap| gap.length.as_secs_f64()).sum();
    let silent: f64 = recording.dead_air.iter().map(|dead| dead.length.as_secs_f64()).sum();
    let some = |seconds: f64| if seconds > 0.0 { clock(seconds.max(1.0)) } else { String::new() };
    let playable = recording.file.is_some() && !gone;
    let copy = match details.copies.get(&recording.id).filter(|_| playable) {
        Some(CopyState::Done) => "copy_done",
        Some(CopyState::Queued) => "copy_queued",
        Some(CopyState::Dropped) | None => "",
    };
    let version = recording.finished_at.map(|at| at.timestamp_millis().to_string()).unwrap_or_default();
    let version = if copy == "copy_done" { version + "c" } else { version };
    let people = details.marks.get(&recording.id).copied().unwrap_or_default();
    let (pinned, heard) = (people.pinned_at.is_some(), people.heard_at.is_some());
    let version = version + if pinned { "p" } else { "" } + if heard { "h" } else { "" };
    Row {
        id: recording.id.to_string(),
        show: recording.show.to_string(),
        has_page: config.show(&recording.show).is_some(),
        title: recording.title.clone(),
        station: config.station_name(&recording.station).to_owned(),
        time: start.format("%H:%M").to_string(),
        end: local(recording.on_air.end).format("%H:%M").to_string(),
        day: start.format("%Y-%m-%d").to_string(),
        said: dates::short(start.date_naive(), language),
        start: start.to_rfc3339(),
        length: clock(plays),
        seconds: plays,
        verdict: recording.verdict.as_ref().map_or("", Verdict::word),
        percent: match recording.verdict {
            Some(Verdict::Partial(percent)) => Some(percent),
            _ => None,
        },
        marks: marks(recording, language),
        notes: recording.notes.iter().map(|note| say_note(note, language)).collect(),
        missing: some(missing),
        silent: some(silent),
        playable,
        gone,
        tracked,
        copy,
        pinned,
        heard,
        extension: recording.codec().extension(),
        pictured: playable && (recording.length.is_some() || recording.loudness.is_some()),
        size: recording.bytes.map(|bytes| format!("{:.1} MB", bytes as f64 / 1e6)).unwrap_or_default(),
        version: if gone { version + "-" } else { version },
    }
}
