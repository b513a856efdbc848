//! The past of an airing that is asked for when it has begun already: what there is of it.
//!
//! It is looked for before the turn is taken: a tape whose disk hangs must keep nothing else from being changed.

use chrono::{DateTime, TimeDelta, Utc};

use super::error::ControlError;
use crate::airings::Airings;
use crate::base::blocking::blocking;
use crate::config::Station;
use crate::language::Sentence;
use crate::model::{Planned, Span};
use crate::tape::{Tape, TapeError};

/// No station offers more of its past than this.
const LONGEST_WINDOW: TimeDelta = TimeDelta::hours(24);
/// Sound may have arrived so much before or after it was on the air: a window comes at once.
const AROUND: TimeDelta = TimeDelta::hours(1);

/// What there is of the time before now that an airing is to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Past {
    /// Sound is on tape from this instant on: from the beginning of the airing, or later.
    OnTape(DateTime<Utc>),
    /// Nothing of it is on tape. The station may still offer some of it.
    Offered,
    /// Nothing of it is on tape, and the station offers nothing of its past.
    Lost,
}

/// An airing that was added by hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Added {
    /// The airing.
    pub planned: Planned,
    /// Its past; `None` if it begins now or later.
    pub past: Option<Past>,
}

/// What the tape of a station holds of a stretch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Kept {
    /// When the first sound of the stretch was on the air that is on tape.
    pub first: Option<DateTime<Utc>>,
    /// From when to when sound arrived on the tape.
    pub reaches: Option<Span>,
}

impl Kept {
    /// Returns what there is of a stretch of `station` that begins at `start`, at `now`.
    pub(super) fn past(&self, station: &Station, start: DateTime<Utc>, now: DateTime<Utc>) -> Past {
        match self.first {
            Some(first) => Past::OnTape(first),
            None if station.source.kind() == "hls" && now - start <= LONGEST_WINDOW => Past::Offered,
            None => Past::Lost,
        }
    }

    /// Returns the error that nothing of `station` since `since` can be recorded: it says what is on tape.
    pub(super) fn nothing(&self, station: &Station, since: DateTime<Utc>) -> ControlError {
        let local = |at| said(at, station);
        let sentence = match self.reaches {
            None => Sentence::new("problem_since_no_tape"),
            Some(Span { start, end }) => {
                Sentence::new("problem_since_not_on_tape").with("from", local(start)).with("to", local(end))
            }
        };
        ControlError::Wrong(sentence.with("station", &station.name).with("since", local(since)))
    }
}

/// Returns an instant by the clock of `station`, for people.
pub(super) fn said(at: DateTime<Utc>, station: &Station) -> String {
    at.with_timezone(&station.timezone).format("%Y-%m-%d %H:%M:%S %Z").to_string()
}

impl Airings {
    /// Returns what the tape of `station` holds of the stretch `asked`.
    pub(super) async fn kept_of(&self, station: &Station, asked: Span) -> Result<Kept, TapeError> {
        let Some(tape) = self.shared.decks.present_tape(station).await? else { return Ok(Kept::default()) };
        let look = move || Kept {
            first: first_sound(&tape, &asked),
            reaches: tape.since().zip(tape.heard()).map(|(since, heard)| Span::new(since, heard)),
        };
        Ok(blocking(look).await)
    }
}

/// Returns when the first sound of `asked` was on the air that is on `tape`. Blocks: reads the indexes of the first reel
/// that has any of it, and of its neighbours.
fn first_sound(tape: &Tape, asked: &Span) -> Option<DateTime<Utc>> {
    let came = tape.reels().into_iter().map(|(_, came)| came);
    let near = came.filter(|came| came.end >= asked.start - AROUND && came.start <= asked.end + AROUND);
    let mut found = near.filter_map(|came| {
        let part = Span::new(asked.start.max(came.start), asked.end.min(came.end));
        tape.blocking_view(&part).sound_since(asked.start).filter(|first| *first < asked.end)
    });
    found.next()
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use crate::config::Config;
    use crate::model::{Chunk, Container, Format, MediaEvent, StationId};

    /// So many minutes after noon.
    fn at(minutes: i64) -> DateTime<Utc> {
        let noon: DateTime<Utc> = "2026-11-20T12:00:00Z".parse().unwrap();
        noon + TimeDelta::minutes(minutes)
    }

    fn station(id: &str) -> Arc<Station> {
        let text = "timezone: UTC\nstations:\n  hls: { name: KBS 1FM, hls: https://h.example/x, timezone: Asia/Seoul }\n  \
                    ice: { name: Radio 3, icecast: https://h.example/y }\nshows: []\n";
        Arc::clone(Config::parse(text, Path::new("stations.yaml")).unwrap().station(&StationId::new(id)).unwrap())
    }

    /// A tape that was written in each of `minutes`, from and to; another reel begins with each.
    fn tape(folder: &Path, minutes: &[(i64, i64)]) -> Tape {
        let tape = Tape::open(folder, Duration::ZERO, at(minutes[0].0)).unwrap();
        let format = Format { container: Container::Adts, detail: "a".to_owned(), init: None };
        for (from, to) in minutes {
            tape.clock_was_set(at(*from));
            tape.write(MediaEvent::Format(format.clone()), at(*from)).unwrap();
            let mut second = at(*from) + TimeDelta::seconds(10);
            while second <= at(*to) {
                let sound = Chunk::new(second.to_rfc3339(), Duration::from_secs(10), second);
                tape.write(MediaEvent::Chunk(sound), second).unwrap();
                second += TimeDelta::seconds(10);
            }
            tape.end_reel(None, at(*to)).unwrap();
        }
        tape
    }

    #[test]
    fn the_first_sound_of_a_stretch_is_its_beginning_or_the_first_behind_a_hole_and_never_behind_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let tape = tape(folder.path(), &[(0, 5), (180, 185), (600, 605)]);
        let first = |from, to| first_sound(&tape, &Span::new(at(from), at(to)));
        assert_eq!(first(2, 4), Some(at(2)));
        assert_eq!(first(-10, 4), Some(at(0)));
        assert_eq!(first(5, 700), Some(at(180)), "after a hole");
        assert_eq!(first(300, 700), Some(at(600)));
        assert_eq!((first(-30, -10), first(10, 170), first(606, 700)), (None, None, None));
    }

    #[test]
    fn what_is_not_on_tape_may_be_offered_by_a_station_with_a_window_for_a_day_at_most() {
        let (now, nothing) = (at(0), Kept::default());
        assert_eq!(nothing.past(&station("hls"), at(-30), now), Past::Offered);
        assert_eq!(nothing.past(&station("hls"), now - TimeDelta::hours(25), now), Past::Lost);
        assert_eq!(nothing.past(&station("ice"), at(-30), now), Past::Lost);
        let some = Kept { first: Some(at(-8)), ..nothing };
        assert_eq!(some.past(&station("ice"), at(-30), now), Past::OnTape(at(-8)));
    }

    #[test]
    fn who_asks_for_what_is_lost_is_told_by_the_clock_of_the_station_what_is_on_tape() {
        let since = at(-30);
        let told = |kept: Kept, id: &str| kept.nothing(&station(id), since).to_string();
        assert_eq!(
            told(Kept::default(), "hls"),
            "nothing of KBS 1FM is on tape, and it offers nothing from 2026-11-20 20:30:00 KST; leave `since` out to record \
             from now on"
        );
        let some = Kept { first: None, reaches: Some(Span::new(at(-120), at(-60))) };
        assert_eq!(
            told(some, "ice"),
            "the tape of Radio 3 has nothing of what was on the air from 2026-11-20 11:30:00 UTC: it reaches from 2026-11-20 \
             10:00:00 UTC to 2026-11-20 11:00:00 UTC; write another `since`, or leave it out to record from now on"
        );
    }
}
