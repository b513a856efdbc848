//! `aircheck tape`: what is on tape, accounted for by the day. It only reads, and needs neither the service nor the
//! catalogue.

use anyhow::Context as _;
use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;

use super::exit::{DONE, FAILED, USAGE};
use super::logging;
use super::place::{self, Place};
use super::print::{print, print_json, short, table};
use crate::account;
use crate::base::readable;
use crate::config::{self, Config, MomentError, keep_text, parse_moment};
use crate::model::Span;
use crate::tape::{self, Tape};
use crate::web::wire::{TapeAccount, stamp};

/// What to account for, and how.
#[derive(Debug)]
pub(super) struct Options {
    /// The station's id or name. `None` if all tapes are to be listed.
    pub station: Option<String>,
    /// The day, as a person writes it.
    pub day: Option<String>,
    /// Whether to compare the reels with their seals.
    pub verify: bool,
    /// Whether to print JSON.
    pub json: bool,
}

/// A tape as scripts read it. Times are by the clocks of the station.
#[derive(Debug, Serialize)]
struct Taped {
    station: String,
    /// From when to when the tape reaches.
    start: String,
    end: String,
    /// The size of its sound, in bytes.
    bytes: u64,
    /// For how many seconds it is kept; null if it is kept for a day.
    keep: Option<u64>,
}

/// Lists the tapes, or accounts for a day of one, at the instant `now`. Exit code 1 if a reel is not as it was sealed, or
/// the tape cannot be read; 2 if there is no such station, day or tape.
pub(super) fn run(config: &Config, options: &Options, now: DateTime<Utc>) -> anyhow::Result<u8> {
    logging::begin("off");
    let places = place::all(config);
    let Some(asked) = &options.station else { return list(&places, options.json) };
    let Some(place) = place::named(&places, asked) else { return Ok(USAGE) };
    let day = match day_of(options.day.as_deref().unwrap_or("today"), place, now) {
        Ok(day) => day,
        Err(error) => {
            eprintln!("aircheck: `--day`: {error}");
            return Ok(USAGE);
        }
    };
    let cannot_read = || format!("the tape of {} cannot be read", place.name);
    let tape = place.tape().with_context(cannot_read)?;
    let Some(account) = account::account(&tape, day.span, config.dead_air, now) else {
        eprintln!(
            "aircheck: nothing of {} was to be on tape on {}; {}",
            place.name,
            day.date,
            place.extent_in_words()?
        );
        return Ok(USAGE);
    };
    let verified =
        options.verify.then(|| account::verify(&place.folder, day.span)).transpose().with_context(cannot_read)?;
    let reels = account::listed(&tape, account.span).with_context(cannot_read)?;
    if options.json {
        print_json(&TapeAccount::of(&place.id, &account, &reels, verified.as_ref(), place.zone))?;
    } else {
        print(&account::text(&place.name, place.zone, &account, &reels, verified.as_ref()))?;
    }
    Ok(if verified.is_some_and(|verified| !verified.damaged.is_empty()) { FAILED } else { DONE })
}

/// A day of a station.
struct Day {
    date: NaiveDate,
    span: Span,
}

/// Returns the day of `place` in which the moment lies that `text` means.
fn day_of(text: &str, place: &Place, now: DateTime<Utc>) -> Result<Day, MomentError> {
    let date = parse_moment(text, place.zone, now)?.with_timezone(&place.zone).date_naive();
    Ok(Day { date, span: config::day(date, place.zone)? })
}

/// Lists the tapes. What cannot be read of one hides nothing of the others.
fn list(places: &[Place], json: bool) -> anyhow::Result<u8> {
    let (mut all, mut rows, mut code) = (Vec::new(), Vec::new(), DONE);
    for place in places {
        match place.tape().map(|tape| tape.extent()) {
            Ok(None) => {}
            Ok(Some(extent)) => {
                let keep = Tape::promise_of(&place.folder);
                let bytes = tape::bytes(&place.folder);
                let kept =
                    if keep.is_zero() { "kept for a day".to_owned() } else { format!("kept for {}", keep_text(keep)) };
                rows.push([short(&place.id), place.span_in_words(&extent), readable::bytes(bytes), kept]);
                all.push(Taped {
                    station: place.id.clone(),
                    start: stamp(extent.start, place.zone),
                    end: stamp(extent.end, place.zone),
                    bytes,
                    keep: (!keep.is_zero()).then_some(keep.as_secs()),
                });
            }
            Err(error) => {
                eprintln!("aircheck: {error}");
                code = FAILED;
            }
        }
    }
    if json {
        print_json(&all)?;
    } else if rows.is_empty() && code == DONE {
        print("nothing is on tape; with `tape: 42d` at a station it is on tape all the time\n")?;
    } else {
        print(&table("", &rows))?;
    }
    Ok(code)
}
