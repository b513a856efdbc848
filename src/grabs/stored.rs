//! A grab of the service as it is written down: what is asked for, and what came of it.

use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::asked::Asked;
use super::format::Format;
use super::name::{named_after, safe};
use super::outcome::Outcome;
use super::progress::Standing;
use super::wrong::Wrong;
use crate::config::{Grabs as Settings, parse_duration, parse_position};
use crate::library::catalogue::GrabRow;
use crate::model::JobState;

/// How many missing segments are written down one by one.
const MOST_MISSING: usize = 1_000;

/// What somebody asks the service to download.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Wanted {
    /// The address: of a playlist, a page, a segment, or segments with `(*)`.
    pub address: String,
    /// What the file is called, without an extension.
    pub name: Option<String>,
    /// The extension of the file.
    pub format: Option<String>,
    /// Sent with every request.
    pub headers: Vec<(String, String)>,
    /// How many digits a number has at least.
    pub pad: Option<usize>,
    /// The first number.
    pub from: Option<u64>,
    /// How many segments.
    pub count: Option<u64>,
    /// How long all of them play, in seconds.
    pub length: Option<f64>,
    /// How long one of them plays, in seconds.
    pub segment: Option<f64>,
    /// The address of the initialisation section of numbered segments.
    pub init: Option<String>,
    /// The highest bandwidth, in bits per second.
    pub max_bitrate: Option<u64>,
    /// The language of the sound.
    pub language: Option<String>,
    /// Whether no file is made if a segment is missing.
    pub strict: bool,
}

/// A segment that is missing, or a part of one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MissingSegment {
    /// Its number as it is written in its address or its playlist.
    pub segment: String,
    /// 0, or 1 for sound that has a playlist of its own.
    pub track: u8,
    /// From where on in the programme, and how long, in seconds.
    pub at: f64,
    /// How long, in seconds, as far as that is known.
    pub seconds: f64,
    /// Why, for programs.
    pub kind: String,
    /// Why, for people.
    pub cause: String,
}

/// What came of a grab.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Came {
    /// The size of the file in bytes.
    pub bytes: u64,
    /// How many segments there are.
    pub segments: usize,
    /// How many of them came.
    pub there: usize,
    /// How long the file plays, in seconds.
    pub seconds: f64,
    /// The first 1,000 that are missing.
    pub missing: Vec<MissingSegment>,
    /// How many are missing.
    pub missing_count: usize,
}

/// A grab of the service.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept {
    /// Its id.
    pub id: String,
    /// What is asked for.
    pub wanted: Wanted,
    /// When it was asked for.
    pub asked_at: DateTime<Utc>,
    /// The state of its job.
    pub state: JobState,
    /// Its file, relative to the output folder.
    pub file: Option<PathBuf>,
    /// What came of it. `None` if it never got so far.
    pub came: Option<Came>,
    /// How far it is while it is made.
    pub standing: Option<Standing>,
}

impl Wanted {
    /// What is to be grabbed, within the bounds of the file.
    ///
    /// # Errors
    /// It cannot be meant; the error says what to write.
    pub fn asked(&self, settings: &Settings) -> Result<Asked, Wrong> {
        let format = self.format().ok_or_else(|| Wrong::Format(self.format.clone().unwrap_or_default()))?;
        let seconds = |name: &'static str, seconds: Option<f64>| {
            let read = |seconds| Duration::try_from_secs_f64(seconds).map_err(|_| Wrong::Length(name));
            seconds.map(read).transpose()
        };
        let asked = Asked {
            address: self.address.clone(),
            // Steps may run programs: they are for who writes the file, or the command.
            steps: Vec::new(),
            headers: self.headers.clone(),
            accept_invalid: false,
            pad: self.pad,
            from: self.from,
            count: self.count,
            length: seconds("length", self.length)?,
            segment: seconds("segment", self.segment)?,
            init: self.init.clone(),
            max_bitrate: self.max_bitrate,
            language: self.language.clone(),
            format,
            parallel: settings.parallel,
            largest: Some(settings.largest),
            strict: self.strict,
        };
        asked.check()?;
        Ok(asked)
    }

    /// The kind of file. `None` if there is no such kind.
    pub fn format(&self) -> Option<Format> {
        let wanted = self.format.as_deref().unwrap_or(Format::Mp4.extension());
        Format::ALL.into_iter().find(|format| format.extension() == wanted)
    }

    /// The name of the file, without its extension.
    pub fn name(&self) -> String {
        self.name.as_deref().map_or_else(|| named_after(&self.address), safe)
    }
}

/// Reads a length as people write it: `00:30:00`, `30m`, `4.004`. In seconds; `None` if it is none.
pub fn seconds_of(text: &str) -> Option<f64> {
    let read = parse_position(text).ok().or_else(|| parse_duration(text).ok());
    read.map(|length| length.as_secs_f64())
}

impl Came {
    /// What came, of an outcome.
    pub fn of(outcome: &Outcome) -> Self {
        let missing = outcome.missing.iter().take(MOST_MISSING).map(|missing| MissingSegment {
            segment: missing.name.clone(),
            track: missing.track,
            at: missing.at.as_secs_f64(),
            seconds: missing.length.as_secs_f64(),
            kind: missing.cause.kind.name().to_owned(),
            cause: missing.cause.words.clone(),
        });
        Self {
            bytes: outcome.bytes,
            segments: outcome.total,
            there: outcome.there,
            seconds: outcome.plays.as_secs_f64(),
            missing: missing.collect(),
            missing_count: outcome.missing.len(),
        }
    }
}

impl Kept {
    /// As it is written down. `None` if that is impossible.
    pub fn row(&self) -> Option<GrabRow> {
        Some(GrabRow {
            id: self.id.clone(),
            asked: serde_json::to_string(&self.wanted).ok()?,
            asked_at: self.asked_at,
            state: self.state,
            file: self.file.clone(),
            result: self.came.as_ref().and_then(|came| serde_json::to_string(came).ok()),
        })
    }

    /// As it was written down. `None` if that cannot be read.
    pub fn of_row(row: GrabRow) -> Option<Self> {
        Some(Self {
            wanted: serde_json::from_str(&row.asked).ok()?,
            came: row.result.and_then(|came| serde_json::from_str(&came).ok()),
            id: row.id,
            asked_at: row.asked_at,
            state: row.state,
            file: row.file,
            standing: None,
        })
    }
}
