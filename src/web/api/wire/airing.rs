//! Airings.

use serde::Serialize;
use utoipa::ToSchema;

use crate::airings::report;

/// An airing as scripts see it: the objects of `next --json`. Times are RFC 3339, on air by the clock of the show.
#[derive(Debug, Serialize, ToSchema)]
pub struct Airing {
    /// Derived from show and start; the recording will have it.
    #[schema(example = "x@20261120T0300Z")]
    id: String,
    /// The show's id.
    show: String,
    /// The show's title, or that of the one-time airing.
    title: String,
    /// The station's id.
    station: String,
    /// On the air from, without padding.
    #[schema(format = DateTime)]
    start: String,
    /// On the air until; where it is recorded until somebody stops it, the latest end.
    #[schema(format = DateTime)]
    end: String,
    /// The zone of the show.
    #[schema(value_type = String, example = "Asia/Seoul")]
    timezone: &'static str,
    /// What becomes of it.
    state: State,
    /// Where it comes from: `file`, the cron of a show, or `hand`, somebody added it.
    #[schema(value_type = String, example = "file")]
    origin: &'static str,
    /// Whether somebody gave it another end.
    moved: bool,
    /// Whether it is recorded until somebody stops it.
    until_stopped: bool,
}

/// What becomes of an airing.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AiringState)]
#[serde(rename_all = "lowercase")]
enum State {
    Planned,
    Skipped,
    Recording,
    Over,
}

impl From<report::Report> for Airing {
    fn from(airing: report::Report) -> Self {
        let report::Report { id, show, title, station, start, end, timezone, state, origin, moved, until_stopped } =
            airing;
        let state = state.into();
        Self { id, show, title, station, start, end, timezone, state, origin, moved, until_stopped }
    }
}

impl From<report::State> for State {
    fn from(state: report::State) -> Self {
        match state {
            report::State::Planned => Self::Planned,
            report::State::Skipped => Self::Skipped,
            report::State::Recording => Self::Recording,
            report::State::Over => Self::Over,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_airing_is_the_object_of_next_json() {
        for state in [report::State::Planned, report::State::Skipped, report::State::Recording, report::State::Over] {
            let airing = report::Report {
                id: "x@20261120T0300Z".to_owned(),
                show: "x".to_owned(),
                title: "명연주 명음반".to_owned(),
                station: "kbs".to_owned(),
                start: "2026-11-20T12:00:00+09:00".to_owned(),
                end: "2026-11-20T14:00:00+09:00".to_owned(),
                timezone: "Asia/Seoul",
                state,
                origin: "file",
                moved: false,
                until_stopped: true,
            };
            let printed = serde_json::to_string(&airing).unwrap();
            assert_eq!(serde_json::to_string(&Airing::from(airing)).unwrap(), printed);
        }
    }
}
