//! Whether the clock of this machine is right, by those of the stations that answer anyway (`crate::base::clock::witnesses`).
//! A show is recorded by the clock: one that is wrong by minutes costs the beginning or the end of every show.
//!
//! Pure: what the witnesses say is an argument.

use chrono::TimeDelta;

use crate::base::clock::witnesses::Judgement;

/// A clock that is off by more is told. That is far more than a date, its way and a cache can be wrong by, and as much as
/// the beginning that shows are often given; a machine that keeps its time is off by less than a second.
const OFF: TimeDelta = TimeDelta::seconds(30);
/// A clock that was off is right again if it is off by less, so that it is not told to be both by turns.
const RIGHT: TimeDelta = TimeDelta::seconds(15);

/// What is known of the clock.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum MachineClock {
    /// Too few stations have said what time it is, or they do not agree.
    #[default]
    Unknown,
    /// It is right, as far as can be told.
    Right(Judgement),
    /// It is off.
    Off(Judgement),
}

impl MachineClock {
    /// Returns what is known after witnesses said what they say. Whatever was known stays as it is while they say nothing.
    #[must_use]
    pub(super) fn after(self, judged: Option<Judgement>) -> Self {
        let Some(judged) = judged else { return self };
        let bound = if matches!(self, Self::Off(_)) { RIGHT } else { OFF };
        if judged.ahead.abs() > bound { Self::Off(judged) } else { Self::Right(judged) }
    }

    /// How far it is ahead of the clocks of stations, if that is known.
    pub fn ahead(&self) -> Option<TimeDelta> {
        match self {
            Self::Unknown => None,
            Self::Right(judged) | Self::Off(judged) => Some(judged.ahead),
        }
    }

    /// How it is off, if it is.
    pub fn off(&self) -> Option<&Judgement> {
        if let Self::Off(judged) = self { Some(judged) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_off_from_half_a_minute_on_and_right_again_at_a_quarter() {
        let mut known = MachineClock::default();
        let mut after = |ahead: Option<i64>| {
            let judged = ahead.map(|ahead| Judgement { ahead: TimeDelta::seconds(ahead), hosts: Vec::new() });
            known = std::mem::take(&mut known).after(judged);
            match &known {
                MachineClock::Unknown => None,
                other => Some(other.off().is_some()),
            }
        };
        let looks = [None, Some(0), Some(-30), Some(-31), Some(-20), None, Some(16), Some(15), Some(29), Some(31)];
        let told = [None, Some(false), Some(false), Some(true), Some(true), Some(true), Some(true), Some(false)];
        let told: Vec<_> = told.into_iter().chain([Some(false), Some(true)]).collect();
        assert_eq!(looks.map(&mut after).to_vec(), told);
    }
}
