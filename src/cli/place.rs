//! Where the tape of a station is, also of one that the file no longer has.

use std::collections::HashSet;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, SubsecRound as _, Utc};
use thiserror::Error;

use super::named::{self, Unknown};
use crate::account;
use crate::base::readable;
use crate::base::zone::{Local, Zone};
use crate::capture::deck::present_folder_of;
use crate::config::{Config, MomentError, parse_moment};
use crate::model::Span;
use crate::tape::{Tape, TapeError};

/// A station, and the folder of its tape.
#[derive(Debug)]
pub(super) struct Place {
    /// The station's id; of one that the file no longer has, the name of the folder.
    pub id: String,
    /// Its name for people.
    pub name: String,
    pub zone: Zone,
    pub delay: Duration,
    /// The folder, whether or not it is there.
    pub folder: PathBuf,
}

/// Returns the stations of the file, and after them the tapes of others.
pub(super) fn all(config: &Config) -> Vec<Place> {
    let tapes = config.state.join("tape");
    let mut places: Vec<_> = config
        .stations
        .iter()
        .map(|station| Place {
            id: station.id.to_string(),
            name: station.name.clone(),
            zone: station.timezone,
            delay: station.delay,
            folder: present_folder_of(&tapes, &station.id, config),
        })
        .collect();
    let known: HashSet<_> = places.iter().map(|place| place.folder.clone()).collect();
    let folders = fs::read_dir(&tapes).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut others: Vec<_> = folders.filter(|folder| folder.is_dir() && !known.contains(folder)).collect();
    others.sort();
    places.extend(others.into_iter().map(|folder| {
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Place { id: name.clone(), name, zone: config.timezone, delay: Duration::ZERO, folder }
    }));
    places
}

/// Returns the place whose id or name is `asked`; if there is none, standard error says which there are. A name of several
/// says as little as one of none.
pub(super) fn named<'a>(places: &'a [Place], asked: &str) -> Option<&'a Place> {
    let known = places.iter().map(|place| (place.id.as_str(), place.name.as_str()));
    let found = match &named::ids(asked, known)[..] {
        [id] => places.iter().find(|place| place.id == *id),
        _ => None,
    };
    if found.is_none() {
        eprintln!("aircheck: {}", Unknown::new("station", asked, places.iter().map(|place| place.id.clone())));
    }
    found
}

/// Why two times are no stretch.
#[derive(Debug, Error)]
pub(super) enum SpanError {
    /// One of its ends cannot be read.
    #[error("`{option}`: {error}")]
    Moment { option: &'static str, error: MomentError },
    /// It does not end after it begins.
    #[error("`--to` ({to}) is not after `--from` ({from}); write the day with each if they are on different days")]
    Backwards { from: String, to: String },
}

impl Place {
    /// Returns its tape, as it is now. Blocks.
    pub(super) fn tape(&self) -> Result<Tape, TapeError> {
        Tape::read(&self.folder, self.delay)
    }

    /// Returns the stretch that `--from` and `--to` mean, by the clocks of the station, at the instant `now`.
    pub(super) fn span(&self, from: &str, to: &str, now: DateTime<Utc>) -> Result<Span, SpanError> {
        let moment = |option, text: &str| {
            parse_moment(text, self.zone, now).map_err(|error| SpanError::Moment { option, error })
        };
        let (from, to) = (moment("--from", from)?, moment("--to", to)?);
        if to <= from {
            return Err(SpanError::Backwards { from: self.clock(from), to: self.clock(to) });
        }
        Ok(Span::new(from, to))
    }

    /// Says from when to when the tape reaches. Blocks.
    pub(super) fn extent_in_words(&self) -> Result<String, TapeError> {
        Ok(match self.tape()?.extent() {
            None => "there is no tape of it".to_owned(),
            Some(extent) => format!("its tape reaches from {}", self.span_in_words(&extent)),
        })
    }

    /// Returns how much of `span` is on tape. Blocks.
    pub(super) fn on_tape(&self, span: &Span) -> Result<Duration, TapeError> {
        Ok(account::on_tape(&self.tape()?, span))
    }

    /// Says from when to when `span` is, and that `on_tape` of it is on tape.
    pub(super) fn on_tape_in_words(&self, span: &Span, on_tape: Duration) -> String {
        // Holes of less than this are the rounding of durations.
        let shown = |seconds: f64| readable::clock(seconds + 0.05);
        let (on_tape, length) = (shown(on_tape.as_secs_f64()), shown(span.length().as_seconds_f64()));
        format!("{}, {on_tape} of {length} on tape", self.span_in_words(span))
    }

    /// Says from when to when `span` is, by the clocks of the station.
    pub(super) fn span_in_words(&self, span: &Span) -> String {
        let (start, end) = (self.local(span.start), self.local(span.end));
        let same =
            start.date_naive() == end.date_naive() && start.format("%Z").to_string() == end.format("%Z").to_string();
        if same {
            format!("{} to {}", start.format("%Y-%m-%d %H:%M:%S%.f"), end.format("%H:%M:%S%.f %Z"))
        } else {
            format!("{} to {}", self.clock(span.start), self.clock(span.end))
        }
    }

    /// Says when `at` is, by the clocks of the station.
    pub(super) fn clock(&self, at: DateTime<Utc>) -> String {
        self.local(at).format("%Y-%m-%d %H:%M:%S%.f %Z").to_string()
    }

    fn local(&self, at: DateTime<Utc>) -> Local {
        at.trunc_subsecs(3).with_timezone(&self.zone)
    }
}
