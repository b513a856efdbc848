//! `aircheck hold`: keeps a stretch of a station's tape until it is released, whatever the rules say. It needs neither
//! the service nor its catalogue: what is held is written beside the tape.

mod stretch;

use chrono::{DateTime, Utc};

use self::stretch::Refused;
use super::exit::{DONE, FAILED, USAGE};
use super::logging;
use super::place::{self, Place};
use super::print::{print, print_json, short, table};
use crate::config::Config;
use crate::tape::{TapeError, holds};
use crate::web::wire::Hold;

pub(super) use self::stretch::Stretch;

/// What to hold, release or list.
#[derive(Debug)]
pub(super) struct Options {
    /// The station's id or name. `None` if what is held of all stations is to be listed.
    pub station: Option<String>,
    /// What to hold.
    pub stretch: Option<Stretch>,
    /// The number of the hold to release.
    pub release: Option<u32>,
    /// Whether to print JSON.
    pub json: bool,
}

/// Holds, releases or lists, at the instant `now`. Exit code 2 if there is no such station or hold, or no such stretch can
/// be; 1 if nothing of it is on tape, or the disk refuses.
pub(super) fn run(config: &Config, options: &Options, now: DateTime<Utc>) -> anyhow::Result<u8> {
    logging::begin("off");
    let places = place::all(config);
    let Some(asked) = &options.station else { return list(&places, options.json) };
    let Some(place) = place::named(&places, asked) else { return Ok(USAGE) };
    match (&options.stretch, options.release) {
        (Some(stretch), _) => hold(place, stretch, options.json, now),
        (None, Some(id)) => release(place, id, options.json, now),
        (None, None) => list(std::slice::from_ref(place), options.json),
    }
}

fn hold(place: &Place, stretch: &Stretch, json: bool, now: DateTime<Utc>) -> anyhow::Result<u8> {
    let span = match stretch.checked(place, now) {
        Ok(span) => span,
        Err(Refused::Tape(error)) => return Err(error.into()),
        Err(refused) => {
            eprintln!("aircheck: {refused}");
            return Ok(if matches!(refused, Refused::NotOnTape { .. }) { FAILED } else { USAGE });
        }
    };
    let hold = holds::add(&place.folder, span, stretch.why.trim(), now)?;
    let on_tape = place.on_tape(&span)?;
    if span.end > now || on_tape.is_zero() {
        eprintln!("aircheck: {}", stretch.still_to_come(place, &span, now));
    }
    if json {
        print_json(&Hold::of(hold, &place.id, on_tape, None, place.zone))?;
    } else {
        let stretch = place.on_tape_in_words(&span, on_tape);
        print(&format!("hold {} of {}: {stretch}\n", hold.id, place.name))?;
    }
    Ok(DONE)
}

fn release(place: &Place, id: u32, json: bool, now: DateTime<Utc>) -> anyhow::Result<u8> {
    let Some(hold) = holds::release(&place.folder, id, now)? else {
        eprintln!("aircheck: {}", no_hold(place, id)?);
        return Ok(USAGE);
    };
    if json {
        let on_tape = place.on_tape(&hold.span)?;
        print_json(&Hold::of(hold, &place.id, on_tape, Some(now), place.zone))?;
    } else {
        let span = place.span_in_words(&hold.span);
        print(&format!("hold {id} of {} is released: {span}, {}\n", place.name, hold.why))?;
    }
    Ok(DONE)
}

/// Says why a hold cannot be released.
fn no_hold(place: &Place, id: u32) -> Result<String, TapeError> {
    let name = &place.name;
    let accounts = holds::history(&place.folder)?;
    if let Some(released) = accounts.iter().find(|it| it.hold.id == id).and_then(|it| it.released) {
        return Ok(format!("hold {id} of {name} was released on {}", place.clock(released)));
    }
    let active = accounts.iter().filter(|it| it.released.is_none());
    let ids: Vec<_> = active.map(|it| it.hold.id.to_string()).collect();
    let there =
        if ids.is_empty() { "nothing of it is held".to_owned() } else { format!("there are: {}", ids.join(", ")) };
    Ok(format!("there is no hold {id} of {name}; {there}"))
}

/// Lists what is held of `places`. What cannot be read of one hides nothing of the others.
fn list(places: &[Place], json: bool) -> anyhow::Result<u8> {
    let (mut all, mut rows, mut code) = (Vec::new(), Vec::new(), DONE);
    for place in places {
        match listed(place) {
            Ok((of_place, in_words)) => {
                all.extend(of_place);
                rows.extend(in_words);
            }
            Err(error) => {
                eprintln!("aircheck: {error}");
                code = FAILED;
            }
        }
    }
    if json {
        print_json(&all)?;
    } else if all.is_empty() && code == DONE {
        let whose = if let [place] = places { format!(" of {}", place.name) } else { String::new() };
        print(&format!(
            "nothing{whose} is held; `aircheck hold STATION --from TIME --to TIME --why REASON` holds a stretch of tape\n"
        ))?;
    } else {
        print(&table("", &rows))?;
    }
    Ok(code)
}

/// What is held of `place`, for scripts and for people.
fn listed(place: &Place) -> Result<(Vec<Hold>, Vec<[String; 4]>), TapeError> {
    let (mut all, mut rows) = (Vec::new(), Vec::new());
    for hold in holds::read(&place.folder)? {
        let since = hold.since.with_timezone(&place.zone).format("since %Y-%m-%d");
        let why = format!("{} ({since})", hold.why);
        let on_tape = place.on_tape(&hold.span)?;
        let number = format!("hold {}", hold.id);
        rows.push([short(&place.id), number, place.on_tape_in_words(&hold.span, on_tape), why]);
        all.push(Hold::of(hold, &place.id, on_tape, None, place.zone));
    }
    Ok((all, rows))
}
