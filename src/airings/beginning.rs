//! The beginning of an airing that a person started by hand: the first sound of its station.

use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};

use crate::capture::CONNECTING;
use crate::model::{Planned, Span};

/// Returns `planned` with its beginning moved to the `first` sound. The airing keeps its length, unless its end is open
/// or a person has set it, or has asked for the past: that end was answered, and stays.
pub(super) fn begun(planned: Planned, first: DateTime<Utc>) -> Planned {
    let is_of_past = is_of_past(&planned);
    let decided = Planned { connecting_until: None, ..planned };
    // Nothing comes before the first sound, not even part of a millisecond.
    let begins =
        if first.trunc_subsecs(3) < first { first.trunc_subsecs(3) + TimeDelta::milliseconds(1) } else { first };
    let Span { start, end } = decided.airing.cut();
    let end = if decided.moved || decided.until_stopped || is_of_past { end } else { end + (begins - start) };
    if begins <= start || begins >= end {
        return decided;
    }
    Planned { airing: decided.airing.begun(begins).until(end), ..decided }
}

/// Whether the airing was to begin before its station was connected to.
fn is_of_past(planned: &Planned) -> bool {
    let connecting_since = planned.connecting_until.map(|until| until - CONNECTING);
    // It begins with the whole second in which it was asked for.
    connecting_since.is_some_and(|since| planned.airing.cut().start + TimeDelta::seconds(1) < since)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::{Airing, AiringId, Origin, ShowId, StationId};

    fn at(seconds: f64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::from_std(Duration::from_secs_f64(1_000_000.0 + seconds)).unwrap()
    }

    fn planned(moved: bool, until_stopped: bool) -> Planned {
        let (show, start) = (ShowId::new("once~s~t"), at(100.0));
        let airing = Airing {
            id: AiringId::derive(&show, start),
            show,
            station: StationId::new("s"),
            on_air: Span::new(start, at(105.0)),
            early: TimeDelta::zero(),
            late: TimeDelta::zero(),
            timezone: crate::base::zone::Zone::utc(),
        };
        let (title, origin, connecting_until) = ("T".to_owned(), Origin::Hand, Some(at(110.0)));
        Planned { airing, title, origin, skipped: false, moved, until_stopped, connecting_until }
    }

    #[test]
    fn the_length_is_kept_and_an_end_that_is_open_or_was_set_by_hand_stays() {
        let cut = |moved, until_stopped, first| {
            let asked = planned(moved, until_stopped);
            let begun = begun(asked.clone(), first);
            assert_eq!((&begun.airing.id, begun.connecting_until), (&asked.airing.id, None));
            begun.airing.cut()
        };
        assert_eq!(cut(false, false, at(100.75)), Span::new(at(100.75), at(105.75)));
        assert_eq!(cut(false, false, at(107.0)), Span::new(at(107.0), at(112.0)));
        assert_eq!(cut(false, true, at(100.75)), Span::new(at(100.75), at(105.0)));
        assert_eq!(cut(true, false, at(100.75)), Span::new(at(100.75), at(105.0)));
        assert_eq!(cut(true, false, at(107.0)), Span::new(at(100.0), at(105.0)), "stopped before anything was heard");
        assert_eq!(cut(false, false, at(100.0)), Span::new(at(100.0), at(105.0)));
        let half = at(100.75) + TimeDelta::microseconds(400);
        assert_eq!(cut(false, true, half).start, at(100.751), "nothing from before the first sound");
    }

    #[test]
    fn an_airing_of_the_past_keeps_the_end_that_was_asked_for() {
        let asked = Planned { connecting_until: Some(at(104.0) + CONNECTING), ..planned(false, false) };
        let cut = |first| begun(asked.clone(), first).airing.cut();
        assert_eq!(cut(at(102.0)), Span::new(at(102.0), at(105.0)), "with what the station still offers");
        assert_eq!(cut(at(107.0)), Span::new(at(100.0), at(105.0)), "of which it offers nothing any more");
        let now = Planned { connecting_until: Some(at(100.9) + CONNECTING), ..planned(false, false) };
        assert_eq!(begun(now, at(102.0)).airing.cut(), Span::new(at(102.0), at(107.0)), "asked for in this second");
    }
}
