//! Stations that do what stations do, and what captures make of them: programme and advertisements that come again,
//! marks, dates of all kinds, names of all kinds, older copies, encoders that start again, segments that are lost.

use std::time::Duration;

use arbitrary::{Result, Unstructured};
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use url::Url;

use super::super::commit::Committer;
use super::super::fetch::Sound;
use super::super::obtain::{Obtained, Outcome};
use super::super::playlist::{MediaPlaylist, Segment};
use super::super::timeline::Timeline;
use super::{noon, url};
use crate::base::duration::delta;
use crate::base::http::ExtraHeaders;
use crate::capture::source::media::Probe;
use crate::model::{Cause, CauseKind, Container, MediaEvent};
use crate::testing::seldom;

/// All segments play so long.
pub const LENGTH: Duration = Duration::from_secs(2);
/// Sound that is on the air only once has this number or a greater one.
pub const ONCE: u32 = 1000;
/// How many segments a programme has.
const PROGRAMME: usize = 160;

/// A segment that a capture took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// Its position in the programme.
    pub position: usize,
    /// Its sound: another number is other sound.
    pub sound: u32,
    /// Whether it came.
    pub came: bool,
}

/// What one capture did.
#[derive(Debug, Default)]
pub struct Capture {
    /// Its events, and when they came.
    pub events: Vec<(MediaEvent, DateTime<Utc>)>,
    /// What it took, in order.
    pub taken: Vec<Taken>,
}

/// A station, and the result of several captures of it.
#[derive(Debug)]
pub struct Captured {
    /// One after another.
    pub captures: Vec<Capture>,
    /// Whether the station numbered its segments in one go and never answered with an older list: then nothing may come
    /// twice.
    pub fair: bool,
    /// What is known of its segments beside their numbers.
    pub labels: Labels,
}

/// What dates and names are worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Labels {
    /// Dates are right, or there are none.
    Good,
    /// Dates lie.
    Lying,
    /// Dates are wrong, and names are new with every answer. Until the dates are found out, nothing distinguishes
    /// segments that sound alike.
    Worthless,
}

#[derive(Debug, Clone, Copy)]
enum Dates {
    No,
    Good,
    Rounded,
    Stepping,
    Frozen,
    OfTheAnswer,
    OfABurst,
}

#[derive(Debug, Clone, Copy)]
enum Names {
    ByNumber,
    BySound,
    AnewWithEveryAnswer,
}

struct Station {
    window: usize,
    dates: Dates,
    names: Names,
    /// What is heard at each position, and whether there is a mark before it.
    programme: Vec<(u32, bool)>,
    /// By how much the clock has been set, at each position.
    steps: Vec<TimeDelta>,
    /// The first position of the session and its number.
    session: (usize, u64),
    sessions: u32,
}

/// What any choices make.
///
/// # Errors
/// Never: choices that are used up are zero.
pub fn captured(mut choices: Unstructured<'_>) -> Result<Captured> {
    let mut station = Station::any(&mut choices)?;
    let mut captured = Captured { captures: Vec::new(), fair: true, labels: station.labels() };
    let mut clock = 2 * station.window as u64 * 1000;
    let mut answers = 0;
    while captured.captures.len() < 3 {
        let since = noon()
            + TimeDelta::milliseconds(i64::try_from(clock).unwrap_or(0) - i64::from(choices.arbitrary::<u8>()?) * 100);
        let mut timeline = Timeline::new(since);
        let mut committer = Committer::default();
        let mut capture = Capture::default();
        for _ in 0..40 {
            if seldom(&mut choices, 12)? || choices.is_empty() && !capture.events.is_empty() {
                break;
            }
            clock += 500 + u64::from(choices.int_in_range(0..=u8::try_from(station.window - 2).unwrap_or(1))?) * 2000;
            let newest = usize::try_from(clock / 2000).unwrap_or(0);
            if newest + 1 >= PROGRAMME {
                break;
            }
            let begins_anew = seldom(&mut choices, 8)? && station.begin_anew(newest, &mut choices)?;
            let stale = if seldom(&mut choices, 20)? { usize::from(choices.int_in_range(0..=3_u8)?) } else { 0 };
            captured.fair &= !begins_anew && stale == 0;
            answers += 1;
            let now = noon() + TimeDelta::milliseconds(i64::try_from(clock).unwrap_or(0));
            let list = station.list(newest.saturating_sub(stale), answers, now);
            let Some(from) = url("list.m3u8") else { break };
            let observed = timeline.observe(&list, &from, now, Duration::from_millis(clock));
            for ordered in observed.new {
                let position = station.position(ordered.segment.sequence);
                let sound = station.programme.get(position).map_or(0, |(sound, _)| *sound);
                let came = !seldom(&mut choices, 10)?;
                capture.taken.push(Taken { position, sound, came });
                let outcome = if came {
                    Outcome::Sound(segment(sound), Duration::ZERO)
                } else {
                    Outcome::Lost(Cause::new(CauseKind::Refused, "404"))
                };
                committer.commit(Obtained { ordered, outcome });
            }
            capture.events.extend(committer.take_events().into_iter().map(|event| (event, now)));
        }
        committer.end();
        clock += 1;
        let now = noon() + TimeDelta::milliseconds(i64::try_from(clock).unwrap_or(0));
        capture.events.extend(committer.take_events().into_iter().map(|event| (event, now)));
        captured.captures.push(capture);
        if choices.is_empty() {
            break;
        }
    }
    Ok(captured)
}

fn segment(sound: u32) -> Sound {
    let bytes = Bytes::from(format!("{sound:08}"));
    let probe = Probe { duration: Some(LENGTH), detail: "aac".to_owned() };
    Sound { bytes, container: Container::Adts, probe, init: None, is_cut: false }
}

impl Station {
    fn any(choices: &mut Unstructured<'_>) -> Result<Self> {
        let dates = match choices.int_in_range(0..=6_u8)? {
            0 => Dates::No,
            1 => Dates::Rounded,
            2 => Dates::Stepping,
            3 => Dates::Frozen,
            4 => Dates::OfTheAnswer,
            5 => Dates::OfABurst,
            _ => Dates::Good,
        };
        let names = match choices.int_in_range(0..=2_u8)? {
            0 => Names::ByNumber,
            1 => Names::BySound,
            _ => Names::AnewWithEveryAnswer,
        };
        let window = 3 + usize::from(choices.int_in_range(0..=5_u8)?);
        let mut programme: Vec<(u32, bool)> = Vec::new();
        let (mut steps, mut step) = (Vec::new(), TimeDelta::zero());
        while programme.len() < PROGRAMME {
            if seldom(choices, 30)? {
                // Spots of one to three segments, each of its own; with a mark before and after, mostly.
                let (spot, marked) = (u32::from(choices.int_in_range(0..=2_u8)?), !seldom(choices, 40)?);
                let length = 1 + u32::from(choices.int_in_range(0..=2_u8)?);
                programme.extend((0..length).map(|at| (10 * (spot + 1) + at, marked && at == 0)));
                programme.push((ONCE + u32::try_from(programme.len()).unwrap_or(0), marked));
            } else {
                programme.push((ONCE + u32::try_from(programme.len()).unwrap_or(0), false));
            }
            if seldom(choices, 20)? {
                step += TimeDelta::seconds([-30, -3, 3, 30][usize::from(choices.int_in_range(0..=3_u8)?)]);
            }
            steps.resize(programme.len(), step);
        }
        let session = (0, 1000 + u64::from(choices.arbitrary::<u8>()?));
        Ok(Self { window, dates, names, programme, steps, session, sessions: 0 })
    }

    fn labels(&self) -> Labels {
        match (self.dates, self.names) {
            (Dates::No | Dates::Good | Dates::Rounded, _) => Labels::Good,
            // A clock that is set back gives its dates twice.
            (Dates::Stepping, _) if self.steps.is_sorted() => Labels::Good,
            (Dates::Stepping, _) => Labels::Lying,
            (_, Names::AnewWithEveryAnswer) => Labels::Worthless,
            _ => Labels::Lying,
        }
    }

    /// The encoder starts again, unless the next sound would be the last one: nobody could tell that.
    fn begin_anew(&mut self, newest: usize, choices: &mut Unstructured<'_>) -> Result<bool> {
        let heard = |position: usize| self.programme.get(position).map_or(0, |(sound, _)| *sound);
        if (newest.saturating_sub(self.window)..=newest + 1).any(|position| heard(position) < ONCE) {
            return Ok(false);
        }
        self.sessions += 1;
        let base = if choices.arbitrary::<u8>()? & 1 == 0 { 0 } else { 100_000 * u64::from(self.sessions) };
        self.session = (newest, base);
        Ok(true)
    }

    fn position(&self, sequence: u64) -> usize {
        self.session.0 + usize::try_from(sequence - self.session.1).unwrap_or(0)
    }

    fn date(&self, position: usize, first: usize, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let begins = |position: usize| noon() + delta(LENGTH) * i32::try_from(position).unwrap_or(0);
        let step = self.steps.get(position).copied().unwrap_or_default();
        Some(match self.dates {
            Dates::No => return None,
            Dates::Good => begins(position),
            Dates::Rounded => begins(position) + TimeDelta::milliseconds(i64::try_from(position * 377 % 900).ok()?),
            Dates::Stepping => begins(position) + step,
            Dates::Frozen => begins(self.window + position - first),
            Dates::OfTheAnswer => now,
            Dates::OfABurst => begins(position / 4 * 4 + 3),
        })
    }

    fn list(&self, newest: usize, answer: u32, now: DateTime<Utc>) -> MediaPlaylist {
        let newest = newest.max(self.session.0);
        let first = (newest + 1).saturating_sub(self.window).max(self.session.0);
        let sequence = |position: usize| self.session.1 + (position - self.session.0) as u64;
        let segments = (first..=newest).filter_map(|position| {
            let (sound, marked) = *self.programme.get(position)?;
            let name = match self.names {
                Names::ByNumber => format!("{}-{}", self.sessions, sequence(position)),
                Names::BySound => format!("{}-{sound}", self.sessions),
                Names::AnewWithEveryAnswer => format!("{answer}-{position}"),
            };
            let url: Url = url(&name)?;
            Some(Segment {
                sequence: sequence(position),
                segment_key: url.path().to_owned(),
                url,
                duration: LENGTH,
                claimed: Some(LENGTH),
                byte_range: None,
                headers: ExtraHeaders::default(),
                key: None,
                map: None,
                programme_time: self.date(position, first, now),
                discontinuity: marked,
                gap: false,
                repeat: false,
            })
        });
        MediaPlaylist {
            target_duration: LENGTH,
            media_sequence: sequence(first),
            discontinuity_sequence: u64::from(self.sessions),
            segments: segments.collect(),
            ended: false,
        }
    }
}
