//! The agenda: what begins next. It has one entry per show, and one per airing that was added by hand. It is rebuilt
//! when the configuration or the amendments change; until then a second in which nothing begins computes no cron.
//!
//! An airing is handed out once, when its cut is about to begin, and once more after a rebuild if it is still due then.
//! A caller that could not begin an airing asks for it [again](Agenda::again).

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::plan;
use super::programme::Programme;
use crate::config::Config;
use crate::model::{AiringId, Amendments, Origin, Planned};

/// What begins next, and what was handed out.
#[derive(Debug, Default)]
pub struct Agenda {
    /// What the agenda was built from.
    built_from: Option<(Arc<Config>, Arc<Amendments>)>,
    /// When the next cut of each entry begins that was not handed out yet.
    next: BTreeSet<(DateTime<Utc>, Entry)>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Entry {
    /// A show, by its index in the file.
    Show(usize),
    /// An airing that was added by hand.
    Added(AiringId),
}

impl Agenda {
    /// Returns whether [`Agenda::due`] would return nothing. Costs the same for one show and for thousands.
    pub fn is_quiet(&self, programme: &Programme, now: DateTime<Utc>, lead: TimeDelta) -> bool {
        self.is_of(programme) && self.next.first().is_none_or(|(begins, _)| *begins > plan::after(now, lead))
    }

    /// Returns the airings of `programme` that are due and were not handed out yet. If the programme has changed,
    /// returns all airings that are due, also those that are being recorded.
    pub fn due(&mut self, programme: &Programme, now: DateTime<Utc>, lead: TimeDelta) -> Vec<Planned> {
        let until = plan::after(now, lead);
        if !self.is_of(programme) {
            self.rebuild(programme, until);
            return programme.due(now, lead);
        }
        let (mut begin, mut added) = (BTreeMap::new(), Vec::new());
        while let Some((begins, entry)) = self.next.first().filter(|(begins, _)| *begins <= until).cloned() {
            self.next.pop_first();
            match entry {
                // The earliest counts: a show that is asked for again may have its next airing here as well.
                Entry::Show(index) => drop(begin.entry(index).or_insert(begins)),
                Entry::Added(id) => added.push(id),
            }
        }
        let shows = &programme.config().shows;
        let begin: Vec<_> = begin.into_iter().filter_map(|(index, at)| Some((index, at, shows.get(index)?))).collect();
        for (index, _, show) in &begin {
            self.next.extend(plan::next_cut(show, until).map(|begins| (begins, Entry::Show(*index))));
        }
        let of_shows: Vec<_> = begin.iter().map(|(_, _, show)| Arc::clone(show)).collect();
        let mut due = programme.due_among(&of_shows, &added, now, lead);
        // A cut that begins before the entry was handed out already.
        let from: HashMap<_, _> = begin.iter().map(|(_, begins, show)| (&show.id, *begins)).collect();
        due.retain(|Planned { origin, airing, .. }| {
            *origin == Origin::Hand || from.get(&airing.show).is_some_and(|begins| airing.cut().start >= *begins)
        });
        due
    }

    /// Makes [`due`](Self::due) return `planned` once more, because it could not be begun.
    pub fn again(&mut self, planned: &Planned) {
        let Some((config, _)) = &self.built_from else { return };
        let airing = &planned.airing;
        let entry = match planned.origin {
            Origin::Hand => Some(Entry::Added(airing.id.clone())),
            Origin::File => config.shows.index(airing.show.as_str()).map(Entry::Show),
        };
        self.next.extend(entry.map(|entry| (airing.cut().start, entry)));
    }

    /// Makes [`due`](Self::due) return everything that is due by the new time of the clock.
    pub fn clock_was_set(&mut self) {
        self.built_from = None;
    }

    fn is_of(&self, programme: &Programme) -> bool {
        self.built_from.as_ref().is_some_and(|(config, amendments)| {
            Arc::ptr_eq(config, programme.config()) && Arc::ptr_eq(amendments, programme.amendments())
        })
    }

    /// Rebuilds the agenda with all cuts that begin after `until`.
    fn rebuild(&mut self, programme: &Programme, until: DateTime<Utc>) {
        let (config, amendments) = (programme.config(), programme.amendments());
        let shows = (0..).zip(&config.shows);
        let shows = shows.filter_map(|(index, show)| Some((plan::next_cut(show, until)?, Entry::Show(index))));
        let added =
            amendments.iter().filter(|amendment| amendment.origin == Origin::Hand).map(|amendment| &amendment.airing);
        let added = added.map(|airing| (airing.cut().start, Entry::Added(airing.id.clone())));
        self.next = shows.chain(added.filter(|(begins, _)| *begins > until)).collect();
        self.built_from = Some((Arc::clone(config), Arc::clone(amendments)));
    }
}

#[cfg(test)]
mod tests;
