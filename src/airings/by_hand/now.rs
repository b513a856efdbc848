//! Recording now: from this second on, or from a moment that has passed, as far as that is on tape or on offer.

use std::time::Duration;

use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};

use super::error::ControlError;
use super::past::{Added, Past, said};
use super::wish::Wish;
use crate::airings::Airings;
use crate::airings::order::Order;
use crate::airings::register::Turn;
use crate::config::{LONGEST, Station};
use crate::language::Sentence;
use crate::model::{Planned, Span, StationId};

/// The longest that a recording goes on from now if nobody stops it.
const UNTIL_STOPPED: Duration = Duration::from_hours(12);

/// A recording that a person wants at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordNow {
    /// The station.
    pub station: StationId,
    /// Since when; `None` means from this second on.
    pub since: Option<DateTime<Utc>>,
    /// For how long, counted from its beginning; `None` means until it is stopped.
    pub length: Option<Duration>,
    /// Its title; `None` means the name of the station.
    pub title: Option<String>,
}

impl Airings {
    /// Records a station. The recording begins at this second or, if the station has yet to be connected to, with its
    /// first sound.
    ///
    /// If it is to begin before now and anything since then is on tape, it begins then, and what is missing is a gap. If
    /// nothing is on tape, it begins with the first that the station still offers. If its end has passed, it is made at
    /// once.
    pub async fn record(&self, asked: RecordNow) -> Result<Added, ControlError> {
        let airings = self.clone();
        self.carry_through(async move {
            let past = airings.past_asked_for(&asked).await?;
            let turn = airings.turn().await;
            airings.record_in_turn(&turn, asked, past).await
        })
        .await
    }

    /// Records a station as [`Self::record`] does; `past` says what there is of the time before now.
    pub(super) async fn record_in_turn(
        &self,
        turn: &Turn<'_>,
        asked: RecordNow,
        past: Option<Past>,
    ) -> Result<Added, ControlError> {
        let config = self.config();
        let RecordNow { station, since, length, title } = asked;
        let found = config.station(&station).ok_or(ControlError::NoStation(station))?;
        let (station, now) = (found.id.clone(), self.now());
        let start = beginning(since, now, found)?.unwrap_or_else(|| now.trunc_subsecs(0));
        let until_stopped = length.is_none();
        let length = length.map_or_else(|| open_length(start, now, found), Ok)?;
        let title = title.unwrap_or_else(|| found.name.clone());
        let is_on_tape = matches!(past, Some(Past::OnTape(_)));
        let connecting_until = if is_on_tape { None } else { self.connecting_until(&station) };
        let wish = Wish::Free { title, station, start, length };
        let amendment = Planned { until_stopped, connecting_until, ..wish.amendment_at_any_time(&config)? };
        self.insert(&amendment).await?;
        if let Some(order) = Order::of(&config, &amendment.airing, &amendment.title) {
            self.claim(turn, vec![order]).await?;
        }
        Ok(Added { planned: self.planned(&amendment.airing.id)?, past })
    }

    /// Returns what there is of the past that is asked for. `None` if none is.
    async fn past_asked_for(&self, asked: &RecordNow) -> Result<Option<Past>, ControlError> {
        let (config, now) = (self.config(), self.now());
        let station = config.station(&asked.station).ok_or_else(|| ControlError::NoStation(asked.station.clone()))?;
        let Some(start) = beginning(asked.since, now, station)? else { return Ok(None) };
        let length = asked.length.map_or_else(|| open_length(start, now, station), Ok)?;
        let end = TimeDelta::from_std(length).ok().and_then(|length| start.checked_add_signed(length));
        let stretch = Span::new(start, end.map_or(now, |end| end.min(now)));
        let kept = self.kept_of(station, stretch).await;
        let kept = kept.map_err(|source| ControlError::Tape { station: station.id.clone(), source })?;
        match kept.past(station, start, now) {
            Past::Lost => Err(kept.nothing(station, start)),
            past => Ok(Some(past)),
        }
    }
}

/// Returns when a recording `since` then begins: with the whole second. `None` if that is the second of `now`, or if
/// nothing is said.
fn beginning(
    since: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
    station: &Station,
) -> Result<Option<DateTime<Utc>>, ControlError> {
    let Some(since) = since else { return Ok(None) };
    if since > now {
        let sentence = Sentence::new("problem_since_future").with("since", said(since, station));
        return Err(ControlError::Wrong(sentence.with("now", said(now, station))));
    }
    Ok(Some(since.trunc_subsecs(0)).filter(|start| *start < now.trunc_subsecs(0)))
}

/// Returns the length of a recording from `start` on that goes on until somebody stops it.
fn open_length(start: DateTime<Utc>, now: DateTime<Utc>, station: &Station) -> Result<Duration, ControlError> {
    let passed = (now.trunc_subsecs(0) - start).to_std().unwrap_or_default();
    let length = UNTIL_STOPPED + passed;
    if length <= LONGEST {
        return Ok(length);
    }
    let sentence = Sentence::new("problem_since_long").with("since", said(start, station));
    Err(ControlError::Wrong(sentence.with("days", LONGEST.as_secs() / 86_400)))
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use super::*;
    use crate::config::Config;

    fn station() -> Arc<Station> {
        let text = "timezone: UTC\nstations:\n  s: { hls: https://h.example/x, timezone: Asia/Seoul }\nshows: []\n";
        Arc::clone(&Config::parse(text, Path::new("stations.yaml")).unwrap().stations[0])
    }

    fn at(text: &str) -> DateTime<Utc> {
        format!("2026-11-20T{text}Z").parse().unwrap()
    }

    #[test]
    fn a_recording_begins_with_the_second_that_was_asked_for_and_not_in_the_future() {
        let now = at("12:00:00.700");
        let begins = |since: &str| beginning(Some(at(since)), now, &station()).map_err(|error| error.to_string());
        assert_eq!(begins("11:30:00.700"), Ok(Some(at("11:30:00"))));
        assert_eq!(begins("11:59:59.999"), Ok(Some(at("11:59:59"))));
        assert_eq!(begins("12:00:00.100"), Ok(None), "this second");
        assert_eq!(begins("12:00:00.700"), Ok(None));
        assert_eq!(beginning(None, now, &station()).unwrap(), None);
        let future = begins("12:00:01").unwrap_err();
        assert_eq!(
            future,
            "`since` is 2026-11-20 21:00:01 KST, which is still to come; it is 2026-11-20 21:00:00 KST: write a time that \
             has passed, or leave `since` out to record from now on"
        );
    }

    #[test]
    fn a_recording_until_it_is_stopped_goes_on_for_twelve_hours_from_now_and_is_a_week_long_at_most() {
        let length = |start, now| open_length(start, now, &station()).map_err(|error| error.to_string());
        assert_eq!(length(at("12:00:00"), at("12:00:00.700")), Ok(Duration::from_hours(12)));
        assert_eq!(length(at("11:30:00"), at("12:00:00.700")), Ok(Duration::from_mins(12 * 60 + 30)));
        let now = at("12:00:00");
        let oldest = now - TimeDelta::hours(6 * 24 + 12);
        assert_eq!(length(oldest, now), Ok(LONGEST));
        let long = length(oldest - TimeDelta::seconds(1), now).unwrap_err();
        assert!(long.contains("7 days") && long.contains("2026-11-14 08:59:59 KST"), "{long}");
    }
}
