//! What begins next: one entry per show, and one per airing that was added by hand. It is made anew where the file or what
//! was changed by hand is another; until then a second in which nothing begins costs no look at any cron.
//!
//! An airing is handed out once, when its cut is about to begin, and once more after the agenda was made anew, if it is
//! still due then. Whoever could not begin it asks for it [again](Agenda::again).

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::plan;
use super::programme::Programme;
use crate::config::Config;
use crate::model::{AiringId, Amendments, Origin, Planned};

/// What begins next.
#[derive(Debug, Default)]
pub struct Agenda {
    /// What it was made of.
    made_of: Option<(Arc<Config>, Arc<Amendments>)>,
    /// When a cut of each begins that was not handed out yet.
    next: BTreeSet<(DateTime<Utc>, Entry)>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Entry {
    /// A show, by its place in the file.
    Show(usize),
    /// An airing that was added by hand.
    Added(AiringId),
}

impl Agenda {
    /// Whether [`Agenda::due`] has nothing to say. Costs the same for one show and for thousands.
    pub fn is_quiet(&self, programme: &Programme, now: DateTime<Utc>, lead: TimeDelta) -> bool {
        self.is_of(programme) && self.next.first().is_none_or(|(begins, _)| *begins > plan::after(now, lead))
    }

    /// What is due by `programme` and was not handed out yet; where the programme is not the one of before, all that is
    /// due, also what is being recorded.
    pub fn due(&mut self, programme: &Programme, now: DateTime<Utc>, lead: TimeDelta) -> Vec<Planned> {
        let until = plan::after(now, lead);
        if !self.is_of(programme) {
            self.make(programme, until);
            return programme.due(now, lead);
        }
        let (mut begin, mut added) = (BTreeMap::new(), Vec::new());
        while let Some((begins, entry)) = self.next.first().filter(|(begins, _)| *begins <= until).cloned() {
            self.next.pop_first();
            match entry {
                // The first counts: one that is asked for again may have its next airing here as well.
                Entry::Show(place) => drop(begin.entry(place).or_insert(begins)),
                Entry::Added(id) => added.push(id),
            }
        }
        let shows = &programme.config().shows;
        let begin: Vec<_> = begin.into_iter().filter_map(|(place, at)| Some((place, at, shows.get(place)?))).collect();
        for (place, _, show) in &begin {
            self.next.extend(plan::next_cut(show, until).map(|begins| (begins, Entry::Show(*place))));
        }
        let of_shows: Vec<_> = begin.iter().map(|(_, _, show)| Arc::clone(show)).collect();
        let mut due = programme.due_among(&of_shows, &added, now, lead);
        // What has begun before is not new.
        let from: HashMap<_, _> = begin.iter().map(|(_, begins, show)| (&show.id, *begins)).collect();
        due.retain(|Planned { origin, airing, .. }| {
            *origin == Origin::Hand || from.get(&airing.show).is_some_and(|begins| airing.cut().start >= *begins)
        });
        due
    }

    /// Hands out `planned` once more, which could not be begun.
    pub fn again(&mut self, planned: &Planned) {
        let Some((config, _)) = &self.made_of else { return };
        let airing = &planned.airing;
        let entry = match planned.origin {
            Origin::Hand => Some(Entry::Added(airing.id.clone())),
            Origin::File => config.shows.iter().position(|show| show.id == airing.show).map(Entry::Show),
        };
        self.next.extend(entry.map(|entry| (airing.cut().start, entry)));
    }

    /// Another time is right: everything that is due by it is handed out.
    pub fn clock_was_set(&mut self) {
        self.made_of = None;
    }

    fn is_of(&self, programme: &Programme) -> bool {
        self.made_of.as_ref().is_some_and(|(config, amendments)| {
            Arc::ptr_eq(config, programme.config()) && Arc::ptr_eq(amendments, programme.amendments())
        })
    }

    /// With all cuts that begin after `until`.
    fn make(&mut self, programme: &Programme, until: DateTime<Utc>) {
        let (config, amendments) = (programme.config(), programme.amendments());
        let shows = (0..).zip(&config.shows);
        let shows = shows.filter_map(|(place, show)| Some((plan::next_cut(show, until)?, Entry::Show(place))));
        let added = amendments.iter().filter(|it| it.origin == Origin::Hand).map(|it| &it.airing);
        let added = added.map(|airing| (airing.cut().start, Entry::Added(airing.id.clone())));
        self.next = shows.chain(added.filter(|(begins, _)| *begins > until)).collect();
        self.made_of = Some((Arc::clone(config), Arc::clone(amendments)));
    }
}

#[cfg(test)]
mod tests;
