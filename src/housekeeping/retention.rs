//! Retention: which recordings the rules of `keep` delete. Pure.
//!
//! - A recording stays by the rule of its show if it is among the newest `last`, **or** younger than `days`, **or** nobody
//!   has heard it (`until: heard`). What none of these keeps goes; without them nothing does. Partial and silent recordings
//!   count like any other.
//! - Of what stays, the oldest go until the rest takes no more than `size`: first of the show, then of its station, then
//!   of all. The newest always stays: a bound that is smaller than one recording must not delete each as it is finished.
//! - What is pinned is outside of the rules: it does not go, and counts for nothing. Clips go by their age alone. What a
//!   person had recorded once belongs to no show, so no rule deletes it, and it counts for nothing either.
//!
//! A row without a file on the disk (an airing that was missed or failed, a recording whose file was moved away) cannot be
//! listened to, and so never costs a recording: only rows with a file use up `last` and `size`. A row without a file stays
//! by `days`, or while fewer than `last` recordings and fewer than `last` rows without a file are newer, or with `until:
//! heard` for a month. So the list says what is missing between the recordings that stay, and is bounded if a station is
//! dead for good.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};

use super::rule::{Bound, Rule};
use crate::base::duration::delta;
use crate::config::{Config, Keep};
use crate::library::catalogue::Kept;

/// How long a recording stays after it was heard: somebody may still hear its last minutes, or have marked it by mistake.
pub(super) const HEARD_KEPT: TimeDelta = TimeDelta::days(1);
/// How long an airing without a file stays on the list with `until: heard`.
const EMPTY_KEPT: TimeDelta = TimeDelta::days(30);

/// A recording that a rule deletes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Going {
    /// The recording.
    pub recording: Kept,
    /// The first of the rules that deletes it.
    pub rule: Rule,
}

/// Which recordings the rules of a configuration are about.
#[derive(Debug)]
pub(super) struct Scope {
    all: bool,
    shows: HashSet<String>,
    stations: HashSet<String>,
}

impl Scope {
    pub(super) fn of(config: &Config) -> Self {
        let shows = config.shows.iter().filter(|show| show.keep != Keep::default()).map(|show| show.id.to_string());
        let clips = config.keep_clips.map(|_| Config::clips().to_string());
        let stations = config.stations.iter().filter(|station| station.keep_size.is_some());
        Self {
            all: config.keep_size.is_some(),
            shows: shows.chain(clips).collect(),
            stations: stations.map(|station| station.id.to_string()).collect(),
        }
    }

    /// Returns those that the rules are about by which `going` goes: what is there of these, another recording depends on.
    pub(super) fn of_rules(going: &[Going]) -> Self {
        let mut scope = Self { all: false, shows: HashSet::new(), stations: HashSet::new() };
        for Going { rule, .. } in going {
            match rule {
                Rule::Clips { .. } => drop(scope.shows.insert(Config::clips().to_string())),
                Rule::Show { show, .. } | Rule::Size { bound: Bound::Show(show), .. } => {
                    scope.shows.insert(show.to_string());
                }
                Rule::Size { bound: Bound::Station(station), .. } => drop(scope.stations.insert(station.to_string())),
                Rule::Size { bound: Bound::All, .. } => scope.all = true,
            }
        }
        scope
    }

    /// Whether it has no rule.
    pub(super) fn is_empty(&self) -> bool {
        !self.all && self.shows.is_empty() && self.stations.is_empty()
    }

    /// Whether a rule is about recordings of this show and this station.
    pub(super) fn has(&self, show: &str, station: &str) -> bool {
        self.all || self.shows.contains(show) || self.stations.contains(station)
    }
}

/// Returns which of `recordings` the rules of `config` delete at `now`, the oldest first. The `file` of a recording is set
/// only if there is one, here or in the object store.
pub(super) fn going(recordings: &[Kept], config: &Config, now: DateTime<Utc>) -> Vec<Going> {
    let mut all: Vec<&Kept> = recordings.iter().filter(|recording| !recording.is_pinned).collect();
    all.sort_by_key(|recording| Reverse((recording.on_air.start, &recording.id)));
    let mut gone: HashMap<&str, Rule> = HashMap::new();
    if let Some(kept) = config.keep_clips {
        let before = now - delta(kept);
        let old = all.iter().filter(|it| it.show == Config::clips() && it.finished_at < before);
        gone.extend(old.map(|clip| (clip.id.as_str(), Rule::Clips { kept })));
    }
    all.retain(|it| it.show != Config::clips() && !Config::is_once(&it.show));

    for (show, of_show) in grouped(&all, |it| it.show.as_str()) {
        let Some(show) = config.shows.by_id(show) else { continue };
        let (keep, show) = (show.keep, show.id.clone());
        for id in not_kept(&of_show, &keep, now) {
            gone.insert(id, Rule::Show { show: show.clone(), keep });
        }
        if let Some(most) = keep.size {
            too_much(&of_show, (most, &Bound::Show(show)), &mut gone);
        }
    }
    for (station, of_station) in grouped(&all, |it| it.station.as_str()) {
        let Some(station) = config.stations.by_id(station) else { continue };
        if let Some(most) = station.keep_size {
            too_much(&of_station, (most, &Bound::Station(station.id.clone())), &mut gone);
        }
    }
    if let Some(most) = config.keep_size {
        too_much(&all, (most, &Bound::All), &mut gone);
    }
    // In the order of the list, turned: the oldest first.
    let rule_of = |it: &Kept| gone.get(it.id.as_str()).cloned();
    let mut going: Vec<_> =
        recordings.iter().filter_map(|it| Some(Going { rule: rule_of(it)?, recording: it.clone() })).collect();
    going.sort_by(|one, other| {
        (one.recording.on_air.start, &one.recording.id).cmp(&(other.recording.on_air.start, &other.recording.id))
    });
    going
}

/// Groups recordings by what `key` returns; each group keeps their order.
fn grouped<'a>(all: &[&'a Kept], key: impl Fn(&'a Kept) -> &'a str) -> HashMap<&'a str, Vec<&'a Kept>> {
    let mut groups: HashMap<&str, Vec<&Kept>> = HashMap::new();
    for recording in all {
        groups.entry(key(recording)).or_default().push(recording);
    }
    groups
}

/// Returns which of one show's recordings, the newest first, none of `last`, `days` and `until` keeps.
fn not_kept<'a>(of_show: &[&'a Kept], keep: &Keep, now: DateTime<Utc>) -> Vec<&'a str> {
    if keep.last.is_none() && keep.days.is_none() && !keep.until_heard {
        return Vec::new();
    }
    let last = keep.last.unwrap_or(0);
    let age = |it: &Kept| now - it.on_air.end;
    let is_young = |it: &Kept| keep.days.is_some_and(|days| age(it) < TimeDelta::days(i64::from(days)));
    let is_new_to_all = |it: &Kept| match it.heard_at {
        Some(heard) => now - heard < HEARD_KEPT,
        None => it.file.is_some() || age(it) < EMPTY_KEPT,
    };
    let (mut playable, mut empty) = (0_u32, 0_u32);
    let mut gone = Vec::new();
    for recording in of_show {
        let is_among_newest = if recording.file.is_some() { playable < last } else { playable.max(empty) < last };
        let is_kept = is_among_newest || is_young(recording) || keep.until_heard && is_new_to_all(recording);
        if !is_kept {
            gone.push(recording.id.as_str());
        }
        let kind = if recording.file.is_some() { &mut playable } else { &mut empty };
        *kind = kind.saturating_add(1);
    }
    gone
}

/// Adds to `gone` what is beyond the first `most` bytes of `recordings`, the newest first, but for the newest itself. What
/// is gone already takes nothing.
fn too_much<'a>(recordings: &[&'a Kept], (most, bound): (u64, &Bound), gone: &mut HashMap<&'a str, Rule>) {
    let mut taken: Option<u64> = None;
    for recording in recordings {
        if recording.file.is_none() || recording.bytes == 0 || gone.contains_key(recording.id.as_str()) {
            continue;
        }
        let with_it = taken.unwrap_or_default().saturating_add(recording.bytes);
        if taken.is_some() && with_it > most {
            gone.insert(recording.id.as_str(), Rule::Size { bound: bound.clone(), most });
            // An older one that would still fit goes as well: the newest stay, and no others.
            taken = Some(u64::MAX);
        } else {
            taken = Some(with_it);
        }
    }
}

#[cfg(test)]
mod tests;
