//! The programme: the plan with the amendments. Pure, as the plan is. The daemon, the page, the calendar and the
//! command line all ask it, so that what is shown is what is recorded.
//!
//! - A skipped airing stays in the programme, marked as skipped; it is not [due](Programme::due).
//! - A new end counts everywhere: a window that only the new end reaches contains the airing.
//! - A one-time airing is in the programme while the file has its station and, if it is an extra airing of a show, that
//!   show. A new end counts while the file's crons still have the airing.
//! - A running airing is in the programme as it is recorded, whatever the file says by now, until it ends. If the file
//!   has its show under another id, for instance because the title was changed, the programme has the airing only once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::plan;
use crate::config::{Config, Show};
use crate::model::{Airing, AiringId, Amendments, Origin, Planned, Span};

/// What is to be recorded, and what is not.
#[derive(Debug, Clone)]
pub struct Programme {
    config: Arc<Config>,
    amendments: Arc<Amendments>,
    /// The running airings.
    recording: BTreeMap<AiringId, Planned>,
    /// Those of the file whose shows it has no longer.
    without_show: Vec<AiringId>,
}

impl Programme {
    /// Returns the programme of a file and its amendments, without running airings.
    pub fn new(config: Arc<Config>, amendments: Arc<Amendments>) -> Self {
        Self { config, amendments, recording: BTreeMap::new(), without_show: Vec::new() }
    }

    /// Returns the programme with the running `airings`, as they are recorded.
    #[must_use]
    pub fn with_recording(self, airings: impl IntoIterator<Item = (Airing, String)>) -> Self {
        let recording = airings.into_iter().map(|(airing, title)| {
            let change = self.amendments.get(&airing.id);
            let planned = Planned {
                airing,
                title,
                origin: change.map_or(Origin::File, |change| change.origin),
                skipped: false,
                moved: change.is_some_and(|change| change.moved),
                until_stopped: change.is_some_and(|change| change.until_stopped),
                connecting_until: change.and_then(|change| change.connecting_until),
            };
            (planned.airing.id.clone(), planned)
        });
        let recording: BTreeMap<_, _> = recording.collect();
        let without_show =
            |planned: &&Planned| planned.origin == Origin::File && self.config.show(&planned.airing.show).is_none();
        let without_show = recording.values().filter(without_show).map(|planned| planned.airing.id.clone()).collect();
        Self { recording, without_show, ..self }
    }

    /// Returns the configuration that the programme is made of.
    pub fn config(&self) -> &Arc<Config> {
        &self.config
    }

    /// Returns the amendments that the programme is made of.
    pub(super) fn amendments(&self) -> &Arc<Amendments> {
        &self.amendments
    }

    /// Returns all airings whose cut overlaps `window`, skipped or not, by the start of their cuts. Of a window longer
    /// than [`plan::LONGEST_LOOK`], only its end is searched.
    pub fn airings(&self, window: Span) -> Vec<Planned> {
        let all = self.not_recorded(&self.config.shows, window, |_| true).chain(self.recording.values().cloned());
        within(window, all)
    }

    /// Returns the airings of `shows` in `window`, and those of the `wanted` amendments, except running ones.
    fn not_recorded(
        &self,
        shows: &[Arc<Show>],
        window: Span,
        wanted: impl Fn(&Planned) -> bool,
    ) -> impl Iterator<Item = Planned> {
        let file = plan::airings(shows, window).into_iter().map(|airing| self.amended(airing));
        // The plan does not find these.
        let by_hand = self
            .amendments
            .iter()
            .filter(move |planned| (planned.origin == Origin::Hand || planned.moved) && wanted(planned));
        let all = file.chain(by_hand.filter_map(|amendment| self.of(amendment)));
        all.filter(|planned| !self.is_taken(&planned.airing))
    }

    /// Returns the airings that go on the air after `now`, skipped or not, by their starts. The iterator is lazy.
    pub fn ahead(&self, now: DateTime<Utc>) -> impl Iterator<Item = Planned> {
        self.next(&self.config.shows, now, |_| true)
    }

    /// Returns the next `count` airings that go on the air after `now`, skipped or not, by their starts.
    pub fn coming(&self, now: DateTime<Utc>, count: usize) -> Vec<Planned> {
        self.ahead(now).take(count).collect()
    }

    /// Returns the next `count` airings of `show` that go on the air after `now`, skipped or not, by their starts.
    pub fn coming_of(&self, show: &Arc<Show>, now: DateTime<Utc>, count: usize) -> Vec<Planned> {
        self.next(std::slice::from_ref(show), now, |airing| airing.show == show.id).take(count).collect()
    }

    fn next(
        &self,
        shows: &[Arc<Show>],
        now: DateTime<Utc>,
        wanted: impl Fn(&Airing) -> bool,
    ) -> impl Iterator<Item = Planned> {
        let is_ahead = |airing: &Airing| airing.on_air.start > now && wanted(airing);
        let once = self.amendments.iter().filter(|planned| planned.origin == Origin::Hand && is_ahead(&planned.airing));
        let once = once.filter_map(|amendment| self.of(amendment)).filter(|planned| !self.is_taken(&planned.airing));
        let recording = self.recording.values().filter(|planned| is_ahead(&planned.airing)).cloned();
        let mut others: Vec<_> = once.chain(recording).collect();
        others.sort_by(|one, other| by_start(one).cmp(&by_start(other)));
        let mut others = others.into_iter().peekable();
        let file = plan::ahead(shows, now).map(|airing| self.amended(airing));
        let mut file = file.filter(|planned| !self.is_taken(&planned.airing)).peekable();
        std::iter::from_fn(move || match (others.peek(), file.peek()) {
            (Some(other), Some(planned)) if by_start(planned) < by_start(other) => file.next(),
            (Some(_), _) => others.next(),
            (None, _) => file.next(),
        })
    }

    /// Returns the airings to be recorded now: their cuts start at or before `now` + `lead` and have not ended, and
    /// nobody has skipped them.
    pub fn due(&self, now: DateTime<Utc>, lead: TimeDelta) -> Vec<Planned> {
        due_of(self.airings(due_window(now, lead)), now, lead)
    }

    /// Returns the airings of `shows`, and those `added` by hand, that are [due](Self::due) and not running.
    pub(super) fn due_among(
        &self,
        shows: &[Arc<Show>],
        added: &[AiringId],
        now: DateTime<Utc>,
        lead: TimeDelta,
    ) -> Vec<Planned> {
        let window = due_window(now, lead);
        let added: BTreeSet<_> = added.iter().collect();
        let of_shows: BTreeSet<_> = shows.iter().map(|show| &show.id).collect();
        let wanted = |planned: &Planned| match planned.origin {
            Origin::Hand => added.contains(&planned.airing.id),
            Origin::File => of_shows.contains(&planned.airing.show),
        };
        due_of(within(window, self.not_recorded(shows, window, wanted)), now, lead)
    }

    /// Returns the airing with this id.
    pub fn get(&self, id: &AiringId) -> Option<Planned> {
        if let Some(recording) = self.recording.get(id) {
            return Some(recording.clone());
        }
        if let Some(amendment) = self.amendments.get(id).filter(|planned| planned.origin == Origin::Hand) {
            return self.of(amendment);
        }
        let (show, start) = id.parts()?;
        let airing = plan::at(self.config.show(&show)?, start).filter(|airing| !self.is_taken(airing))?;
        Some(self.amended(airing))
    }

    /// Returns whether an airing is running already, under its id or another.
    fn is_taken(&self, airing: &Airing) -> bool {
        let mut without_show = self.without_show.iter().filter_map(|id| self.recording.get(id));
        self.recording.contains_key(&airing.id)
            || without_show.any(|begun| was_renamed(&self.config, &begun.airing, begun.moved, airing))
    }

    /// Returns an airing of the plan with its amendment, if it has one.
    fn amended(&self, airing: Airing) -> Planned {
        let change = self.amendments.get(&airing.id).filter(|planned| planned.origin == Origin::File);
        let title = self.config.show(&airing.show).map_or(airing.show.as_str(), |show| &show.title).to_owned();
        let moved = change.filter(|change| change.moved).map(|change| &change.airing);
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
            skipped: change.is_some_and(|change| change.skipped),
            moved: moved.is_some(),
            until_stopped: false,
            connecting_until: None,
        }
    }

    /// Returns the airing of an amendment. `None` if the file no longer has its station or its show.
    fn of(&self, amendment: &Planned) -> Option<Planned> {
        let Planned { airing, title, origin, .. } = amendment;
        if *origin == Origin::File {
            return self.get(&airing.id);
        }
        let show = self.config.show_or_once(&airing.show, title, self.config.station(&airing.station)?)?;
        Some(Planned { title: show.title.clone(), ..amendment.clone() })
    }
}

/// Returns the window in which an airing may be due. A window excludes its end, but a cut that starts at `now` + `lead`
/// is due.
fn due_window(now: DateTime<Utc>, lead: TimeDelta) -> Span {
    Span::new(now, plan::after(plan::after(now, lead), TimeDelta::nanoseconds(1)))
}

fn due_of(mut planned: Vec<Planned>, now: DateTime<Utc>, lead: TimeDelta) -> Vec<Planned> {
    let until = plan::after(now, lead);
    planned.retain(|planned| !planned.skipped && planned.airing.cut().start <= until && planned.airing.cut().end > now);
    planned
}

/// Returns those of `all` whose cut overlaps `window`, each once, by the start of their cuts.
fn within(window: Span, all: impl Iterator<Item = Planned>) -> Vec<Planned> {
    let within: BTreeMap<_, _> = all
        .filter(|planned| planned.airing.cut().intersect(&window).is_some())
        .map(|planned| ((planned.airing.cut().start, planned.airing.id.clone()), planned))
        .collect();
    within.into_values().collect()
}

fn by_start(planned: &Planned) -> (DateTime<Utc>, &AiringId) {
    (planned.airing.on_air.start, &planned.airing.id)
}

/// Returns whether `airing` of the file was begun as `begun`, because its show has another id now: the file no longer
/// has the show of `begun`, both go on the air at the same moment on the same station, and the cut of `begun` contains
/// that of `airing`, unless a person `moved` its end. A one-time airing never had a show.
pub fn was_renamed(config: &Config, begun: &Airing, moved: bool, airing: &Airing) -> bool {
    let (whole, part) = (begun.cut(), airing.cut());
    begun.id != airing.id
        && begun.station == airing.station
        && begun.on_air.start == airing.on_air.start
        && config.show(&begun.show).is_none()
        && !Config::is_once(&begun.show)
        && config.show(&airing.show).is_some()
        && (moved || whole.start <= part.start && part.end <= whole.end)
}

#[cfg(test)]
mod tests;
