//! The JSON of airings.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::recording::stamp;
use crate::airings::by_hand::{self, Past};
use crate::model::Planned;

/// An airing: the objects of `next --json`. Times are RFC 3339, by the clock of the show.
#[derive(Debug, Serialize, ToSchema)]
pub struct Airing {
    /// The id, derived from show and start; the recording has it too.
    #[schema(example = "x@20261120T0300Z")]
    pub id: String,
    /// The show's id.
    pub show: String,
    /// The show's title, or that of the one-time airing.
    pub title: String,
    /// The station's id.
    pub station: String,
    /// When it goes on the air, without padding.
    #[schema(format = DateTime)]
    pub start: String,
    /// Until when it is on the air; the latest end, if it is recorded until somebody stops it.
    #[schema(format = DateTime)]
    pub end: String,
    /// The zone of the show.
    #[schema(value_type = String, example = "Asia/Seoul")]
    pub timezone: &'static str,
    /// What becomes of it.
    pub state: State,
    /// Where it comes from: `file`, the cron of a show, or `hand`, somebody added it.
    #[schema(value_type = String, example = "file")]
    pub origin: &'static str,
    /// Whether somebody gave it another end.
    pub moved: bool,
    /// Whether it is recorded until somebody stops it.
    pub until_stopped: bool,
}

/// What becomes of an airing.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AiringState)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It is to be recorded.
    Planned,
    /// It is not to be recorded, because a person skipped it.
    Skipped,
    /// It is being recorded.
    Recording,
    /// It has ended; its sound is among the recordings.
    Over,
}

impl Airing {
    /// Returns the airing as of `now`; `recording` says whether it is being recorded.
    pub fn of(planned: &Planned, now: DateTime<Utc>, recording: bool) -> Self {
        let Planned { airing, .. } = planned;
        let local =
            |at: DateTime<Utc>| at.with_timezone(&airing.timezone).to_rfc3339_opts(SecondsFormat::AutoSi, false);
        Self {
            id: airing.id.to_string(),
            show: airing.show.to_string(),
            title: planned.title.clone(),
            station: airing.station.to_string(),
            start: local(airing.on_air.start),
            end: local(airing.on_air.end),
            timezone: airing.timezone.name(),
            state: match () {
                () if planned.skipped => State::Skipped,
                () if airing.cut().end <= now => State::Over,
                () if recording => State::Recording,
                () => State::Planned,
            },
            origin: planned.origin.word(),
            moved: planned.moved,
            until_stopped: planned.until_stopped,
        }
    }
}

/// An airing that was added by hand, with what there is of the time before now if it has begun already.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AddedAiring)]
pub struct Added {
    /// The airing.
    #[serde(flatten)]
    pub airing: Airing,
    /// What there is of the time before now; absent if it begins now or later.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub past: Option<PastState>,
    /// From when on there is sound: from `start`, or from later. What is missing before it is told when the recording is
    /// finished. Absent if nothing is on tape.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    pub sound_from: Option<String>,
}

/// What there is of the time before now.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[schema(as = AiringPast)]
#[serde(rename_all = "snake_case")]
pub enum PastState {
    /// Some or all of it is on tape.
    OnTape,
    /// Nothing of it is on tape. The station may still offer some of it: then that is recorded.
    Offered,
    /// Nothing of it is on tape, and the station offers nothing of its past: the rest is recorded.
    Lost,
}

impl Added {
    /// Returns the answer for what was `added`, which is `airing` now.
    pub fn of(airing: Airing, added: &by_hand::Added) -> Self {
        let zone = added.planned.airing.timezone;
        let (past, from) = match added.past {
            Some(Past::OnTape(from)) => (Some(PastState::OnTape), Some(from)),
            Some(Past::Offered) => (Some(PastState::Offered), None),
            Some(Past::Lost) => (Some(PastState::Lost), None),
            None => (None, None),
        };
        Self { airing, past, sound_from: from.map(|from| stamp(from, zone)) }
    }
}
