//! Airings for the templates: texts with times in the zone of the show, not yet escaped.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;

use super::dates;
use crate::config::Config;
use crate::language::Language;
use crate::model::{Airing, AiringId, Origin, Planned};

/// How many colours tell stations apart.
const HUES: usize = 6;
/// How many titles are named that are on at the same time.
const NAMED: usize = 3;

/// An airing.
#[derive(Debug, Clone, Hash, Serialize)]
pub struct Slot {
    pub id: String,
    pub show: String,
    /// Whether the show has a page.
    pub has_page: bool,
    pub title: String,
    pub station: String,
    /// One of [`HUES`].
    pub hue: usize,
    /// `Fri, 20 Nov`
    pub said: String,
    pub start: String,
    pub end: String,
    /// RFC 3339, for machines.
    pub starts: String,
    pub ends: String,
    pub zone: &'static str,
    /// `planned`, `skipped` or `recording`.
    pub state: &'static str,
    pub by_hand: bool,
    pub until_stopped: bool,
    /// The titles of other airings at the same time.
    pub overlaps: Vec<String>,
}

/// Returns the slot of a running airing.
pub fn on_air(airing: &Airing, title: &str, config: &Config, language: &Language) -> Slot {
    let local = |at: DateTime<Utc>| at.with_timezone(&airing.timezone);
    let (start, end) = (local(airing.on_air.start), local(airing.on_air.end));
    Slot {
        id: airing.id.to_string(),
        show: airing.show.to_string(),
        has_page: config.show(&airing.show).is_some(),
        title: title.to_owned(),
        station: config.station_name(&airing.station).to_owned(),
        hue: config.stations.index(airing.station.as_str()).unwrap_or_default() % HUES,
        said: dates::short(start.date_naive(), language),
        start: start.format("%H:%M").to_string(),
        end: end.format("%H:%M").to_string(),
        starts: start.to_rfc3339(),
        ends: end.to_rfc3339(),
        zone: airing.timezone.name(),
        state: "recording",
        by_hand: false,
        until_stopped: false,
        overlaps: Vec::new(),
    }
}

/// Returns the slot of an airing of the programme; `recording` says whether it is being recorded.
pub fn slot(planned: &Planned, recording: bool, config: &Config, language: &Language) -> Slot {
    Slot {
        state: match () {
            () if planned.skipped => "skipped",
            () if recording => "recording",
            () => "planned",
        },
        by_hand: planned.origin == Origin::Hand,
        until_stopped: planned.until_stopped,
        ..on_air(&planned.airing, &planned.title, config, language)
    }
}

/// The airings of one day, by their starts.
#[derive(Debug, Hash, Serialize)]
pub struct Agenda {
    /// `2026-11-20`
    pub date: String,
    /// `Friday, 20 November 2026`, and `Fri, 20 Nov`.
    pub said: String,
    pub short: String,
    pub slots: Vec<Slot>,
}

/// Groups airings, in the order of their starts, by the day in the zone of each.
pub fn agenda(
    planned: &[Planned],
    recording: impl Fn(&AiringId) -> bool,
    config: &Config,
    language: &Language,
) -> Vec<Agenda> {
    let mut days: BTreeMap<NaiveDate, Vec<Slot>> = BTreeMap::new();
    for (planned, overlaps) in planned.iter().zip(overlaps(planned)) {
        let airing = &planned.airing;
        let day = airing.on_air.start.with_timezone(&airing.timezone).date_naive();
        let slot = Slot { overlaps, ..slot(planned, recording(&airing.id), config, language) };
        days.entry(day).or_default().push(slot);
    }
    let agenda = days.into_iter().map(|(day, slots)| Agenda {
        date: day.to_string(),
        said: dates::long(day, language),
        short: dates::short(day, language),
        slots,
    });
    agenda.collect()
}

/// Returns for each airing the titles of others at the same time. Skipped airings do not count.
fn overlaps(planned: &[Planned]) -> Vec<Vec<String>> {
    let mut found = vec![Vec::new(); planned.len()];
    for (index, one) in planned.iter().enumerate() {
        let later = planned.iter().enumerate().skip(index + 1);
        for (other_index, other) in later.take_while(|(_, other)| other.airing.on_air.start < one.airing.on_air.end) {
            if one.skipped || other.skipped {
                continue;
            }
            for (mine, title) in [(index, &other.title), (other_index, &one.title)] {
                if found[mine].len() < NAMED && !found[mine].contains(title) {
                    found[mine].push(title.clone());
                }
            }
        }
    }
    found
}

/// Returns a hash of what is shown.
pub fn version(shown: &impl Hash) -> String {
    let mut hasher = DefaultHasher::new();
    shown.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}
