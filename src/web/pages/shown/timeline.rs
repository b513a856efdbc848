//! A day of a tape for the template: its hours by the clock of the station, with what was on, what is missing and why.
//! Texts are not yet escaped. Instants are in UTC, as addresses have them; positions are milliseconds after the beginning
//! of an hour.

use std::time::Duration;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde::Serialize;

use super::causes::{Said, said};
use super::slots::version;
use crate::account::Account;
use crate::base::duration::delta;
use crate::base::readable::clock;
use crate::base::zone::Zone;
use crate::language::Language;
use crate::model::{Span, Track};
use crate::tape::Hold;

/// How many titles an hour has at most: some stations say something new every few seconds.
const MOST_TITLES: usize = 200;

/// What is known of a day.
#[derive(Debug)]
pub struct Day<'a> {
    /// Its hours, in order, and whether there is sound of each on the tape.
    pub hours: &'a [(Span, bool)],
    pub account: &'a Account,
    /// What was played, in order.
    pub tracks: &'a [Track],
    /// The shows, by their starts.
    pub shows: &'a [OnAir],
    /// What is held.
    pub holds: &'a [Hold],
    pub zone: Zone,
    pub now: DateTime<Utc>,
}

/// A show that was recorded, is being recorded or will be.
#[derive(Debug, Clone)]
pub struct OnAir {
    pub title: String,
    pub show: String,
    /// Whether the show has a page.
    pub has_page: bool,
    /// Without padding, as it was announced.
    pub span: Span,
    /// By the clock of the show, `2026-11-20`: under which its recording is found.
    pub day: String,
    /// `recorded`, `recording` or `planned`.
    pub state: &'static str,
    /// The verdict of its recording, in one word; empty if there is none yet.
    pub verdict: &'static str,
}

/// An hour.
#[derive(Debug, Serialize)]
pub struct Hour {
    pub start: String,
    pub end: String,
    /// `03:00`
    pub label: String,
    /// `CEST`, if the clocks show this hour twice; else empty.
    pub zone: String,
    /// Its length in milliseconds.
    pub length: i64,
    /// `taped`; `coming` if it is still to come; `bare` if nothing of it is on tape.
    pub state: &'static str,
    pub blocks: Vec<Block>,
    pub marks: Vec<Mark>,
    pub titles: Vec<Played>,
    pub kept: Vec<Kept>,
    /// How much is missing or silent, as `1:04`; empty if nothing is.
    pub missing: String,
    pub silent: String,
    /// Changes whenever what stands above the levels does, and what stands below them.
    pub above: String,
    pub below: String,
}

/// The part of a show that is in an hour.
#[derive(Debug, Hash, Serialize)]
pub struct Block {
    pub title: String,
    pub show: String,
    pub has_page: bool,
    pub day: String,
    pub state: &'static str,
    pub verdict: &'static str,
    /// `02:00–04:00`, all of the show.
    pub time: String,
    pub from: i64,
    pub length: i64,
    /// Whether it began in an hour before.
    pub goes_on: bool,
}

/// The part of a hole or of dead air that is in an hour.
#[derive(Debug, Hash, Serialize)]
pub struct Mark {
    /// `gap` or `dead`.
    pub kind: &'static str,
    pub start: String,
    /// `03:12:05`
    pub at: String,
    /// `60.0`
    pub seconds: String,
    pub from: i64,
    pub length: i64,
    /// The cause of a hole; `None` for dead air.
    pub cause: Option<Said>,
}

/// The part of what is held that is in an hour.
#[derive(Debug, Hash, Serialize)]
pub struct Kept {
    /// The number of the hold.
    pub id: u32,
    pub why: String,
    pub from: i64,
    pub length: i64,
}

/// A title.
#[derive(Debug, Hash, Serialize)]
pub struct Played {
    pub start: String,
    /// `03:12:05`
    pub at: String,
    pub title: String,
}

/// Returns the hours of a day.
pub fn hours(day: &Day<'_>, language: &Language) -> Vec<Hour> {
    let label = |hour: &Span| hour.start.with_timezone(&day.zone).format("%H:%M").to_string();
    let labels: Vec<_> = day.hours.iter().map(|(hour, _)| label(hour)).collect();
    let twice = |label: &String| labels.iter().filter(|other| *other == label).count() > 1;
    let hours = day.hours.iter().zip(&labels).map(|((hour, is_taped), label)| {
        let state = match () {
            () if *is_taped => "taped",
            () if hour.end > day.now => "coming",
            () => "bare",
        };
        let (blocks, marks, titles) = (blocks(day, hour), marks(day, hour, language), titles(day, hour));
        let kept = kept(day, hour);
        let (missing, silent) = (total(&marks, "gap"), total(&marks, "dead"));
        Hour {
            start: instant(hour.start),
            end: instant(hour.end),
            zone: if twice(label) {
                hour.start.with_timezone(&day.zone).format("%Z").to_string()
            } else {
                String::new()
            },
            length: hour.length().num_milliseconds(),
            above: version(&(state, &blocks)),
            below: version(&(state, &marks, &titles, &kept)),
            label: label.clone(),
            state,
            blocks,
            marks,
            titles,
            kept,
            missing,
            silent,
        }
    });
    hours.collect()
}

/// Writes an instant for an address.
pub fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

fn blocks(day: &Day<'_>, hour: &Span) -> Vec<Block> {
    let clock = |at: DateTime<Utc>| at.with_timezone(&day.zone).format("%H:%M").to_string();
    let shows = day.shows.iter().filter_map(|on_air| Some((on_air, on_air.span.intersect(hour)?)));
    let block = |(on_air, part): (&OnAir, Span)| Block {
        title: on_air.title.clone(),
        show: on_air.show.clone(),
        has_page: on_air.has_page,
        day: on_air.day.clone(),
        state: on_air.state,
        verdict: on_air.verdict,
        time: format!("{}–{}", clock(on_air.span.start), clock(on_air.span.end)),
        from: (part.start - hour.start).num_milliseconds(),
        length: part.length().num_milliseconds(),
        goes_on: on_air.span.start < hour.start,
    };
    shows.map(block).collect()
}

fn marks(day: &Day<'_>, hour: &Span, language: &Language) -> Vec<Mark> {
    let mark = |kind, start: DateTime<Utc>, length: Duration, cause: Option<Said>| {
        let part = Span::new(start, start + delta(length)).intersect(hour)?;
        Some(Mark {
            kind,
            start: instant(part.start),
            at: time(part.start, day.zone),
            seconds: format!("{:.1}", part.length().as_seconds_f64()),
            from: (part.start - hour.start).num_milliseconds(),
            length: part.length().num_milliseconds(),
            cause,
        })
    };
    let holes = &day.account.holes;
    let gaps = holes.iter().filter_map(|gap| mark("gap", gap.start, gap.length, Some(said(&gap.cause, language))));
    let dead = day.account.dead_air.iter().filter_map(|dead| mark("dead", dead.start, dead.length, None));
    let mut marks: Vec<_> = gaps.chain(dead).collect();
    marks.sort_by_key(|mark| mark.from);
    marks
}

fn titles(day: &Day<'_>, hour: &Span) -> Vec<Played> {
    let played = |track: &Track| {
        let begins = track.on_air.start;
        Played { start: instant(begins), at: time(begins, day.zone), title: track.text.clone() }
    };
    let inside = day.tracks.iter().filter(|track| hour.contains(track.on_air.start));
    inside.take(MOST_TITLES).map(played).collect()
}

fn kept(day: &Day<'_>, hour: &Span) -> Vec<Kept> {
    let parts = day.holds.iter().filter_map(|hold| Some((hold, hold.span.intersect(hour)?)));
    let kept = |(hold, part): (&Hold, Span)| Kept {
        id: hold.id,
        why: hold.why.clone(),
        from: (part.start - hour.start).num_milliseconds(),
        length: part.length().num_milliseconds(),
    };
    parts.map(kept).collect()
}

fn time(at: DateTime<Utc>, zone: Zone) -> String {
    at.with_timezone(&zone).format("%H:%M:%S").to_string()
}

/// How long all marks of `kind` are together.
fn total(marks: &[Mark], kind: &str) -> String {
    let milliseconds: i64 = marks.iter().filter(|mark| mark.kind == kind).map(|mark| mark.length).sum();
    if milliseconds > 0 {
        clock(TimeDelta::milliseconds(milliseconds).as_seconds_f64().max(1.0))
    } else {
        String::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Cause, CauseKind, DeadAir, Gap};

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    /// The hours of 25 October 2026 in Berlin, on which the clocks show two o'clock twice. It is half past eleven.
    fn shown(account: &Account, tracks: &[Track], shows: &[OnAir]) -> Vec<Hour> {
        let zone = "Europe/Berlin".parse().unwrap();
        let whole = Span::new(at("2026-10-24T22:00:00Z"), at("2026-10-25T23:00:00Z"));
        // From one o'clock on it is on tape; from five to six it was not to be.
        let is_taped = |number: usize| (1..=12).contains(&number) && number != 6;
        let spans = whole.hours(zone).into_iter().enumerate();
        let spans: Vec<_> = spans.map(|(number, span)| (span, is_taped(number))).collect();
        let now = at("2026-10-25T10:30:00Z");
        let holds = [hold("2026-10-25T01:30:00Z", "2026-10-25T02:15:00Z")];
        let day = Day { hours: &spans, account, tracks, shows, holds: &holds, zone, now };
        hours(&day, Language::liked("ko"))
    }

    fn account(holes: Vec<Gap>, dead_air: Vec<DeadAir>) -> Account {
        let span = Span::new(at("2026-10-24T23:00:00Z"), at("2026-10-25T10:30:00Z"));
        Account {
            span,
            wanted: Duration::from_hours(10),
            on_tape: Duration::from_hours(9),
            holes,
            unwanted: vec![],
            dead_air,
            restarts: vec![],
        }
    }

    #[test]
    fn a_day_on_which_the_clocks_go_back_has_25_hours_and_two_of_them_say_which_is_which() {
        let hours = shown(&account(vec![], vec![]), &[], &[]);
        assert_eq!(hours.len(), 25);
        let labels: Vec<_> = hours.iter().map(|hour| format!("{} {}", hour.label, hour.zone)).collect();
        assert_eq!(labels[1..5], ["01:00 ", "02:00 CEST", "02:00 CET", "03:00 "]);
        assert_eq!((hours[3].start.as_str(), hours[3].end.as_str()), ("2026-10-25T01:00:00Z", "2026-10-25T02:00:00Z"));
        let states: Vec<_> = hours.iter().map(|hour| hour.state).collect();
        assert_eq!(
            (states[0], states[1], states[6], states[12], states[13]),
            ("bare", "taped", "bare", "taped", "coming")
        );
    }

    #[test]
    fn a_hole_over_several_hours_is_told_in_each_of_them_with_its_cause() {
        let refused = Cause::new(CauseKind::Refused, "it answered 503");
        let hole = Gap { start: at("2026-10-25T01:50:00.500Z"), length: Duration::from_secs(4200), cause: refused };
        let dead = DeadAir { start: at("2026-10-25T02:30:00Z"), length: Duration::from_millis(75_250) };
        let hours = shown(&account(vec![hole], vec![dead]), &[], &[]);
        let told = |hour: usize| -> Vec<_> {
            let mark = |mark: &Mark| (mark.kind, mark.at.clone(), mark.seconds.clone(), mark.from, mark.length);
            hours[hour].marks.iter().map(mark).collect()
        };
        assert_eq!(told(3), [("gap", "02:50:00".into(), "599.5".into(), 3_000_500, 599_500)]);
        let later = [
            ("gap", "03:00:00".into(), "3600.0".into(), 0, 3_600_000),
            ("dead", "03:30:00".into(), "75.2".into(), 1_800_000, 75_250),
        ];
        assert_eq!(told(4), later);
        assert_eq!(told(5), [("gap", "04:00:00".into(), "0.5".into(), 0, 500)]);
        assert_eq!((hours[4].missing.as_str(), hours[4].silent.as_str()), ("1:00:00", "1:15"));
        assert_eq!((hours[5].missing.as_str(), hours[6].missing.as_str()), ("0:01", ""));
        let cause = hours[3].marks[0].cause.clone().unwrap();
        assert_eq!(
            (cause.said.as_str(), cause.words.as_str()),
            ("방송국 서버가 요청을 거부했습니다", "it answered 503")
        );
        assert_ne!(hours[3].below, hours[5].below);
        assert_eq!(hours[3].above, hours[5].above);
    }

    fn hold(from: &str, to: &str) -> Hold {
        Hold { id: 7, span: Span::new(at(from), at(to)), why: "complaint".to_owned(), since: at(to) }
    }

    #[test]
    fn what_is_held_is_told_in_each_hour_that_has_some_of_it() {
        let hours = shown(&account(vec![], vec![]), &[], &[]);
        let told = |hour: usize| hours[hour].kept.iter().map(|it| (it.id, it.from, it.length)).collect::<Vec<_>>();
        assert_eq!((told(2), told(3)), (vec![], vec![(7, 1_800_000, 1_800_000)]));
        assert_eq!((told(4), told(5)), (vec![(7, 0, 900_000)], vec![]));
        assert_eq!(hours[3].kept[0].why, "complaint");
    }

    #[test]
    fn shows_and_titles_stand_in_the_hours_in_which_they_were_on_the_air() {
        let show = OnAir {
            title: "명연주 명음반".to_owned(),
            show: "masters".to_owned(),
            has_page: true,
            span: Span::new(at("2026-10-25T02:30:00Z"), at("2026-10-25T04:00:00Z")),
            day: "2026-10-25".to_owned(),
            state: "recorded",
            verdict: "complete",
        };
        let track = |time: &str, text: &str| Track {
            on_air: Span::new(at(time), at(time)),
            at: Duration::ZERO,
            length: Duration::ZERO,
            text: text.to_owned(),
        };
        let tracks = [track("2026-10-25T02:59:59.900Z", "Air"), track("2026-10-25T03:00:00Z", "<Gavotte>")];
        let hours = shown(&account(vec![], vec![]), &tracks, &[show]);
        let blocks = |hour: usize| -> Vec<_> {
            hours[hour]
                .blocks
                .iter()
                .map(|block| (block.time.clone(), block.from, block.length, block.goes_on))
                .collect()
        };
        assert_eq!(blocks(4), [("03:30–05:00".into(), 1_800_000, 1_800_000, false)]);
        assert_eq!(blocks(5), [("03:30–05:00".into(), 0, 3_600_000, true)]);
        assert!(blocks(3).is_empty() && blocks(6).is_empty());
        let played = |hour: usize| hours[hour].titles.iter().map(|played| format!("{} {}", played.at, played.title));
        assert_eq!(played(4).collect::<Vec<_>>(), ["03:59:59 Air"]);
        assert_eq!(played(5).collect::<Vec<_>>(), ["04:00:00 <Gavotte>"]);
    }
}
