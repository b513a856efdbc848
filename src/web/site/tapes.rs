//! The tape of a station, and a stretch of it, as requests name them. Whoever asks for what is not there is told what is.

use std::sync::Arc;

use axum::http::StatusCode;
use chrono::{DateTime, TimeDelta, Utc};

use super::Site;
use crate::account::LATE;
use crate::base::duration::delta;
use crate::config::Station;
use crate::language::Sentence;
use crate::model::{Span, StationId};
use crate::tape::{Tape, TapeError};
use crate::web::answer::Problem;

/// A station that has sound on tape.
#[derive(Debug, Clone)]
pub struct Taped {
    /// The station.
    pub station: Arc<Station>,
    /// Its tape.
    pub tape: Tape,
    /// From when to when sound arrived on it.
    pub reaches: Span,
}

/// Finds the station with this id.
///
/// # Errors
/// There is none.
pub fn station_of(site: &Site, id: &str) -> Result<Arc<Station>, Problem> {
    let found = site.config().station(&StationId::new(id)).map(Arc::clone);
    found.ok_or_else(|| Problem::not_found(Sentence::new("problem_no_station").with("station", id)))
}

/// Returns the problem that the tape of `station` cannot be used.
pub fn unusable(station: &str, error: &TapeError) -> Problem {
    tracing::error!(station, %error, "its tape cannot be used");
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, Sentence::new("problem_tape").with("station", station))
}

impl Taped {
    /// Finds the tape of the station with this id.
    ///
    /// # Errors
    /// There is no such station, nothing of it is on tape, or its tape cannot be opened.
    pub async fn of(site: &Site, id: &str) -> Result<Self, Problem> {
        let station = station_of(site, id)?;
        let tape = site.decks.present_tape(&station).await.map_err(|error| unusable(id, &error))?;
        let reaches = |tape: &Tape| Some(Span::new(tape.since()?, tape.heard()?));
        let found = tape.and_then(|tape| Some((reaches(&tape)?, tape)));
        let (reaches, tape) =
            found.ok_or_else(|| Problem::not_found(Sentence::new("problem_no_tape").with("station", id)))?;
        Ok(Self { station, tape, reaches })
    }

    /// Returns the stretch from `start` to `end`.
    ///
    /// # Errors
    /// It ends before it begins, or is longer than `longest`.
    pub fn stretch(&self, start: DateTime<Utc>, end: DateTime<Utc>, longest: TimeDelta) -> Result<Span, Problem> {
        let wrong =
            |key| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, self.said(key).with("hours", longest.num_hours()));
        if end <= start {
            return Err(wrong("problem_stretch_backwards"));
        }
        if end - start > longest {
            return Err(wrong("problem_stretch_long"));
        }
        Ok(Span::new(start, end))
    }

    /// Returns the problem that nothing of what was asked for is on tape.
    pub fn not_there(&self) -> Problem {
        Problem::not_found(self.said("problem_not_on_tape"))
    }

    /// Returns whether nothing more of the time before `end` can come on tape, by the current configuration.
    pub fn is_over(&self, site: &Site, end: DateTime<Utc>) -> bool {
        let (now, config) = (site.now(), site.config());
        let is_taped_now = || {
            // One that is always on tape may not be leased yet, just after a start.
            let rule = config.station(&self.station.id).and_then(|station| station.tape.as_ref());
            rule.is_some_and(|rule| rule.hours.contains(now.with_timezone(&self.station.timezone).time()))
                || site.decks.running().contains(&self.station.id)
        };
        now >= end + delta(self.station.delay) + LATE || !is_taped_now()
    }

    /// A sentence with what is there: from when to when the tape reaches, by the clock of the station.
    fn said(&self, key: &'static str) -> Sentence {
        let local = |at: DateTime<Utc>| at.with_timezone(&self.station.timezone).format("%Y-%m-%d %H:%M:%S %Z");
        let sentence = Sentence::new(key).with("station", &self.station.name);
        sentence.with("from", local(self.reaches.start)).with("to", local(self.reaches.end))
    }
}
