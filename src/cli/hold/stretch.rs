//! The stretch that a person wants to have held, and what may be wrong with it.

use chrono::{DateTime, Utc};
use thiserror::Error;

use crate::account;
use crate::cli::place::{Place, SpanError};
use crate::config::parse_moment;
use crate::model::Span;
use crate::tape::{LONGEST_REASON, TapeError};

/// The stretch and the reason, as they were written.
#[derive(Debug)]
pub struct Stretch {
    /// When it begins.
    pub from: String,
    /// When it ends.
    pub to: String,
    /// Why it is held.
    pub why: String,
}

/// Why a stretch cannot be held.
#[derive(Debug, Error)]
pub(super) enum Refused {
    /// Its ends are no stretch.
    #[error(transparent)]
    Span(#[from] SpanError),
    /// There is no reason.
    #[error("`--why` is empty; write for what the tape is held, such as \"complaint 114\"")]
    NoReason,
    /// The reason is too long.
    #[error("`--why` has {0} characters; {LONGEST_REASON} are the most")]
    LongReason(usize),
    /// All of it is past, and nothing of it is on tape.
    #[error("nothing of {station} is on tape from {stretch}; {there}")]
    NotOnTape { station: String, stretch: String, there: String },
    /// The tape cannot be read.
    #[error(transparent)]
    Tape(#[from] TapeError),
}

impl Stretch {
    /// Returns what is to be held of the tape at `place`. Blocks.
    pub(super) fn checked(&self, place: &Place, now: DateTime<Utc>) -> Result<Span, Refused> {
        match self.why.trim().chars().count() {
            0 => return Err(Refused::NoReason),
            count if count > LONGEST_REASON => return Err(Refused::LongReason(count)),
            _ => {}
        }
        let span = place.span(&self.from, &self.to, now)?;
        if account::is_lost(&place.tape()?, &span, now) {
            let (station, stretch, there) = (place.name.clone(), place.span_in_words(&span), place.extent_in_words()?);
            return Err(Refused::NotOnTape { station, stretch, there });
        }
        Ok(span)
    }

    /// Says what of `span` is still to come on tape, and what was perhaps meant.
    pub(super) fn still_to_come(&self, place: &Place, span: &Span, now: DateTime<Utc>) -> String {
        if span.end <= now {
            return "nothing of the stretch is on tape yet; what still comes of it is held".to_owned();
        }
        if span.start <= now {
            let end = place.clock(span.end);
            return format!("the stretch goes on until {end}; what comes on tape by then is held as well");
        }
        let told = format!("the stretch begins on {}; what comes on tape of it is held", place.clock(span.start));
        // A time without a day is today's.
        let yesterday = format!("yesterday {}", self.from.trim());
        match parse_moment(&yesterday, place.zone, now) {
            Ok(_) => format!("{told}. If you mean the day before, release it and write `{yesterday}`"),
            Err(_) => told,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn place(folder: &std::path::Path) -> Place {
        let (id, name, zone) = ("kbs".to_owned(), "KBS 1FM".to_owned(), "Asia/Seoul".parse().unwrap());
        Place { id, name, zone, delay: Duration::ZERO, folder: folder.join("kbs") }
    }

    fn stretch(from: &str, to: &str, why: &str) -> Stretch {
        Stretch { from: from.to_owned(), to: to.to_owned(), why: why.to_owned() }
    }

    #[test]
    fn a_stretch_that_cannot_be_meant_is_refused_with_what_to_write() {
        let folder = tempfile::tempdir().unwrap();
        let (place, now) = (place(folder.path()), "2026-11-21T00:30:00Z".parse().unwrap());
        let refused = |from: &str, to: &str, why: &str| {
            stretch(from, to, why).checked(&place, now).map_err(|refused| refused.to_string()).unwrap_err()
        };
        assert!(refused("22:15", "22:30", " \t").starts_with("`--why` is empty"));
        assert_eq!(refused("22:15", "22:30", &"왜".repeat(401)), "`--why` has 401 characters; 400 are the most");
        assert!(refused("22:15", "soon", "x").starts_with("`--to`: `soon` is no time: write "));
        assert!(refused("10pm", "23:00", "x").starts_with("`--from`: `10pm` is no time: write `22:00`"));
        assert!(refused("23:50", "00:10", "x").starts_with(
            "`--to` (2026-11-21 00:10:00 KST) is not after `--from` (2026-11-21 23:50:00 KST); write the day"
        ));
        assert_eq!(
            refused("yesterday 22:15", "yesterday 22:30", "x"),
            "nothing of KBS 1FM is on tape from 2026-11-20 22:15:00 to 22:30:00 KST; there is no tape of it"
        );
        assert!(!folder.path().join("kbs").exists());
    }

    #[test]
    fn what_is_still_to_come_can_be_held_and_a_time_of_today_is_pointed_out() {
        let folder = tempfile::tempdir().unwrap();
        let (place, now) = (place(folder.path()), "2026-11-21T00:30:00Z".parse().unwrap());
        let told = |from: &str, to: &str| {
            let stretch = stretch(from, to, "complaint 114");
            stretch.still_to_come(&place, &stretch.checked(&place, now).unwrap(), now)
        };
        assert_eq!(
            told("22:15", "22:30"),
            "the stretch begins on 2026-11-21 22:15:00 KST; what comes on tape of it is held. If you mean the day before, \
             release it and write `yesterday 22:15`"
        );
        assert!(told("2026-11-22", "2026-11-23").ends_with("what comes on tape of it is held"));
        assert!(told("-5m", "+1h").starts_with("the stretch goes on until 2026-11-21 10:30:00 KST; "));
        assert!(told("-2m", "-1m").starts_with("nothing of the stretch is on tape yet"), "it may come late");
    }
}
