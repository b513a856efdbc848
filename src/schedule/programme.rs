//! The programme: the plan with what a person changed by hand. Pure, as the plan is; the daemon, the page, the calendar
//! and the command line all ask it, so that what is shown is what is done.
//!
//! - A skipped airing stays in the programme, and says so; it is not [due](Programme::due).
//! - A new end counts wherever the airing is looked for: in a window that only the new end reaches as well.
//! - A one-time airing is there while its station is in the file and, where it is one of a show of the file, its show.
//!   So is the new end of an airing that the file's crons still have.
//! - What is being recorded is in it as it is recorded, whatever the file says by now, until it ends. Where the file has its
//!   show under another id, as when its title was changed, it is not in it a second time.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::plan;
use crate::config::{Config, Show};
use crate::model::{Airing, AiringId, Amendment, Amendments, Origin, Span};

/// What is to be recorded, and what is not.
#[derive(Debug, Clone)]
pub struct Programme {
    config: Arc<Config>,
    amendments: Arc<Amendments>,
    recording: Vec<Planned>,
}

/// An airing of the programme.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// The airing, with its new end where it has one.
    pub airing: Airing,
    /// Its title, for people.
    pub title: String,
    /// Where it comes from.
    pub origin: Origin,
    /// Whether it is not to be recorded.
    pub skipped: bool,
    /// Whether its end was set by hand.
    pub moved: bool,
    /// Whether it goes on until somebody stops it; its end is then only a bound.
    pub until_stopped: bool,
    /// Its station is being connected to: it begins with the first sound that comes until then, not before.
    pub connecting_until: Option<DateTime<Utc>>,
}

impl Programme {
    /// The programme of a file and what was changed by hand.
    pub fn new(config: Arc<Config>, amendments: Arc<Amendments>) -> Self {
        Self { config, amendments, recording: Vec::new() }
    }

    /// With the airings that are being recorded, as they are recorded.
    #[must_use]
    pub fn with_recording(self, airings: impl IntoIterator<Item = (Airing, String)>) -> Self {
        let recording = airings.into_iter().map(|(airing, title)| {
            let change = self.amendments.get(&airing.id);
            Planned {
                airing,
                title,
                origin: change.map_or(Origin::File, |it| it.origin),
                skipped: false,
                moved: change.is_some_and(|it| it.moved),
                until_stopped: change.is_some_and(|it| it.until_stopped),
                connecting_until: change.and_then(|it| it.connecting_until),
            }
        });
        Self { recording: recording.collect(), ..self }
    }

    /// Its file.
    pub fn config(&self) -> &Arc<Config> {
        &self.config
    }

    /// All airings whose cut has a part in `window`, skipped or not, by the start of their cuts. Of a window longer than
    /// [`plan::LONGEST_LOOK`] only the end is looked at.
    pub fn airings(&self, window: Span) -> Vec<Planned> {
        let file = plan::airings(&self.config.shows, window).into_iter().map(|airing| self.amended(airing));
        // The plan knows nothing of these.
        let by_hand = self.amendments.iter().filter(|it| it.origin == Origin::Hand || it.moved);
        let all = file.chain(by_hand.filter_map(|amendment| self.of(amendment)));
        let all = all.filter(|planned| !self.is_taken(&planned.airing)).chain(self.recording.iter().cloned());
        let within: BTreeMap<_, _> = all
            .filter(|planned| planned.airing.cut().intersect(&window).is_some())
            .map(|planned| ((planned.airing.cut().start, planned.airing.id.clone()), planned))
            .collect();
        within.into_values().collect()
    }

    /// The next `count` airings that go on the air after `now`, skipped or not, by their starts.
    pub fn coming(&self, now: DateTime<Utc>, count: usize) -> Vec<Planned> {
        self.next(&self.config.shows, now, count, |_| true)
    }

    /// The same of one show of the file.
    pub fn coming_of(&self, show: &Arc<Show>, now: DateTime<Utc>, count: usize) -> Vec<Planned> {
        self.next(std::slice::from_ref(show), now, count, |airing| airing.show == show.id)
    }

    fn next(
        &self,
        shows: &[Arc<Show>],
        now: DateTime<Utc>,
        count: usize,
        wanted: impl Fn(&Airing) -> bool,
    ) -> Vec<Planned> {
        let more = count.saturating_add(self.recording.len());
        let file = plan::coming(shows, now, more).into_iter().map(|airing| self.amended(airing));
        let once = self.amendments.iter().filter(|it| it.origin == Origin::Hand && it.airing.on_air.start > now);
        let once = once.filter(|it| wanted(&it.airing)).filter_map(|amendment| self.of(amendment));
        let mut all: Vec<_> = file.chain(once).filter(|planned| !self.is_taken(&planned.airing)).collect();
        let ahead = self.recording.iter().filter(|it| it.airing.on_air.start > now && wanted(&it.airing));
        all.extend(ahead.cloned());
        all.sort_by(|one, other| {
            (one.airing.on_air.start, &one.airing.id).cmp(&(other.airing.on_air.start, &other.airing.id))
        });
        all.truncate(count);
        all
    }

    /// The airings to be recorded now: their cuts start at or before `now` + `lead` and have not ended, and nobody has
    /// skipped them.
    pub fn due(&self, now: DateTime<Utc>, lead: TimeDelta) -> Vec<Planned> {
        let until = plan::after(now, lead);
        // A window excludes its end; a cut that starts at that very instant is due.
        let mut due = self.airings(Span::new(now, plan::after(until, TimeDelta::nanoseconds(1))));
        due.retain(|it| !it.skipped && it.airing.cut().start <= until && it.airing.cut().end > now);
        due
    }

    /// One airing by its id.
    pub fn get(&self, id: &AiringId) -> Option<Planned> {
        if let Some(recording) = self.recording.iter().find(|it| it.airing.id == *id) {
            return Some(recording.clone());
        }
        if let Some(amendment) = self.amendments.get(id).filter(|it| it.origin == Origin::Hand) {
            return self.of(amendment);
        }
        let (show, start) = id.parts()?;
        let airing = plan::at(self.config.show(&show)?, start).filter(|airing| !self.is_taken(airing))?;
        Some(self.amended(airing))
    }

    /// Whether an airing is being recorded already, under its id or another.
    fn is_taken(&self, airing: &Airing) -> bool {
        self.recording.iter().any(|it| {
            it.airing.id == airing.id
                || it.origin == Origin::File && was_renamed(&self.config, &it.airing, it.moved, airing)
        })
    }

    /// An airing of the plan, with what was changed of it.
    fn amended(&self, airing: Airing) -> Planned {
        let change = self.amendments.get(&airing.id).filter(|it| it.origin == Origin::File);
        let title = self.config.show(&airing.show).map_or(airing.show.as_str(), |show| &show.title).to_owned();
        let moved = change.filter(|it| it.moved).map(|it| &it.airing);
        let airing = match moved {
            Some(Airing { on_air, late, .. }) => {
                Airing { on_air: Span::new(airing.on_air.start, on_air.end), late: *late, ..airing }
            }
            None => airing,
        };
        Planned {
            airing,
            title,
            origin: Origin::File,
            skipped: change.is_some_and(|it| it.skipped),
            moved: moved.is_some(),
            until_stopped: false,
            connecting_until: None,
        }
    }

    /// An airing that was added or changed by hand, where the file still has what it needs.
    fn of(&self, amendment: &Amendment) -> Option<Planned> {
        let Amendment { airing, title, origin, skipped, moved, until_stopped, connecting_until } = amendment;
        if *origin == Origin::File {
            return self.get(&airing.id);
        }
        let show = self.config.show_or_once(&airing.show, title, self.config.station(&airing.station)?)?;
        Some(Planned {
            airing: airing.clone(),
            title: show.title.clone(),
            origin: *origin,
            skipped: *skipped,
            moved: *moved,
            until_stopped: *until_stopped,
            connecting_until: *connecting_until,
        })
    }
}

/// Whether `airing` of the file is what was begun as `begun`, whose show has another id by now: the file has that show no
/// longer, both begin at the same moment on the same station, and nothing of the one is missing from the other, unless a
/// person `moved` the end.
pub fn was_renamed(config: &Config, begun: &Airing, moved: bool, airing: &Airing) -> bool {
    let (whole, part) = (begun.cut(), airing.cut());
    begun.id != airing.id
        && begun.station == airing.station
        && begun.on_air.start == airing.on_air.start
        && config.show(&begun.show).is_none()
        && config.show(&airing.show).is_some()
        && (moved || whole.start <= part.start && part.end <= whole.end)
}

impl Planned {
    /// It as an amendment, to be changed.
    pub fn amendment(self) -> Amendment {
        let Self { airing, title, origin, skipped, moved, until_stopped, connecting_until } = self;
        Amendment { airing, title, origin, skipped, moved, until_stopped, connecting_until }
    }
}

#[cfg(test)]
mod tests;
