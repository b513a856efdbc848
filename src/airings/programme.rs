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
use crate::model::{Airing, AiringId, Amendments, Origin, Planned, Span};

/// What is to be recorded, and what is not.
#[derive(Debug, Clone)]
pub struct Programme {
    config: Arc<Config>,
    amendments: Arc<Amendments>,
    recording: Vec<Planned>,
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

    /// What was changed by hand.
    pub(super) fn amendments(&self) -> &Arc<Amendments> {
        &self.amendments
    }

    /// All airings whose cut has a part in `window`, skipped or not, by the start of their cuts. Of a window longer than
    /// [`plan::LONGEST_LOOK`] only the end is looked at.
    pub fn airings(&self, window: Span) -> Vec<Planned> {
        let all = self.not_recorded(&self.config.shows, window, |_| true).chain(self.recording.iter().cloned());
        within(window, all)
    }

    /// What is in `window` of `shows`, and of the changes by hand that are `wanted`, and is not being recorded.
    fn not_recorded(
        &self,
        shows: &[Arc<Show>],
        window: Span,
        wanted: impl Fn(&Planned) -> bool,
    ) -> impl Iterator<Item = Planned> {
        let file = plan::airings(shows, window).into_iter().map(|airing| self.amended(airing));
        // The plan knows nothing of these.
        let by_hand = self.amendments.iter().filter(move |it| (it.origin == Origin::Hand || it.moved) && wanted(it));
        let all = file.chain(by_hand.filter_map(|amendment| self.of(amendment)));
        all.filter(|planned| !self.is_taken(&planned.airing))
    }

    /// The airings that go on the air after `now`, skipped or not, by their starts. What nobody takes is not computed.
    pub fn ahead(&self, now: DateTime<Utc>) -> impl Iterator<Item = Planned> {
        self.next(&self.config.shows, now, |_| true)
    }

    /// The next `count` airings that go on the air after `now`, skipped or not, by their starts.
    pub fn coming(&self, now: DateTime<Utc>, count: usize) -> Vec<Planned> {
        self.ahead(now).take(count).collect()
    }

    /// The same of one show of the file.
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
        let once = self.amendments.iter().filter(|it| it.origin == Origin::Hand && is_ahead(&it.airing));
        let once = once.filter_map(|amendment| self.of(amendment)).filter(|it| !self.is_taken(&it.airing));
        let recording = self.recording.iter().filter(|it| is_ahead(&it.airing)).cloned();
        let mut others: Vec<_> = once.chain(recording).collect();
        others.sort_by(|one, other| by_start(one).cmp(&by_start(other)));
        let mut others = others.into_iter().peekable();
        let file = plan::ahead(shows, now).map(|airing| self.amended(airing));
        let mut file = file.filter(|it| !self.is_taken(&it.airing)).peekable();
        std::iter::from_fn(move || match (others.peek(), file.peek()) {
            (Some(other), Some(one)) if by_start(one) < by_start(other) => file.next(),
            (Some(_), _) => others.next(),
            (None, _) => file.next(),
        })
    }

    /// The airings to be recorded now: their cuts start at or before `now` + `lead` and have not ended, and nobody has
    /// skipped them.
    pub fn due(&self, now: DateTime<Utc>, lead: TimeDelta) -> Vec<Planned> {
        due_of(self.airings(due_window(now, lead)), now, lead)
    }

    /// What of `shows`, and of the airings that were `added` by hand, is [due](Self::due) and not being recorded.
    pub(super) fn due_among(
        &self,
        shows: &[Arc<Show>],
        added: &[AiringId],
        now: DateTime<Utc>,
        lead: TimeDelta,
    ) -> Vec<Planned> {
        let window = due_window(now, lead);
        let wanted = |it: &Planned| match it.origin {
            Origin::Hand => added.contains(&it.airing.id),
            Origin::File => shows.iter().any(|show| show.id == it.airing.show),
        };
        due_of(within(window, self.not_recorded(shows, window, wanted)), now, lead)
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
    fn of(&self, amendment: &Planned) -> Option<Planned> {
        let Planned { airing, title, origin, .. } = amendment;
        if *origin == Origin::File {
            return self.get(&airing.id);
        }
        let show = self.config.show_or_once(&airing.show, title, self.config.station(&airing.station)?)?;
        Some(Planned { title: show.title.clone(), ..amendment.clone() })
    }
}

/// What may be due; a window excludes its end, and a cut that starts at that very instant is due.
fn due_window(now: DateTime<Utc>, lead: TimeDelta) -> Span {
    Span::new(now, plan::after(plan::after(now, lead), TimeDelta::nanoseconds(1)))
}

fn due_of(mut planned: Vec<Planned>, now: DateTime<Utc>, lead: TimeDelta) -> Vec<Planned> {
    let until = plan::after(now, lead);
    planned.retain(|it| !it.skipped && it.airing.cut().start <= until && it.airing.cut().end > now);
    planned
}

/// Those of `all` whose cut has a part in `window`, each once, by the start of their cuts.
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

#[cfg(test)]
mod tests;
