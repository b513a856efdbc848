//! One occurrence of a show.

use crate::base::zone::Zone;
use chrono::{DateTime, TimeDelta, Utc};

use super::{AiringId, ShowId, Span, StationId};

/// One occurrence of a show, as the plan derives it from the show's cron, or as it was added or changed by hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Airing {
    /// Derived from show and start.
    pub id: AiringId,
    /// The show it belongs to.
    pub show: ShowId,
    /// The station it airs on.
    pub station: StationId,
    /// When the show is on the air by its schedule, without padding.
    pub on_air: Span,
    /// Padding before the start.
    pub early: TimeDelta,
    /// Padding after the end; negative if it was stopped before it was on the air.
    pub late: TimeDelta,
    /// The zone the show's cron is written in.
    pub timezone: Zone,
}

impl Airing {
    /// The stretch of tape that becomes the recording: on air, with padding on both sides.
    pub fn cut(&self) -> Span {
        Span::new(self.on_air.start - self.early, self.on_air.end + self.late)
    }

    /// This airing, recorded until `end` at the latest, padding or not.
    #[must_use]
    pub fn stopped(&self, end: DateTime<Utc>) -> Self {
        let on_air = Span::new(self.on_air.start, self.on_air.end.min(end));
        Self { on_air, late: end - on_air.end, ..self.clone() }
    }

    /// This airing, recorded from `start` at the earliest.
    #[must_use]
    pub fn begun(&self, start: DateTime<Utc>) -> Self {
        Self { on_air: Span::new(start, self.on_air.end), early: TimeDelta::zero(), ..self.clone() }
    }

    /// This airing, on the air until `end`; its padding stays.
    #[must_use]
    pub fn until(&self, end: DateTime<Utc>) -> Self {
        Self { on_air: Span::new(self.on_air.start, end), late: self.late.max(TimeDelta::zero()), ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        format!("2026-11-20T{text}Z").parse().unwrap()
    }

    fn airing() -> Airing {
        let show = ShowId::new("news");
        Airing {
            id: AiringId::derive(&show, at("14:00:00")),
            show,
            station: StationId::new("s"),
            on_air: Span::new(at("14:00:00"), at("15:00:00")),
            early: TimeDelta::seconds(30),
            late: TimeDelta::minutes(1),
            timezone: Zone::utc(),
        }
    }

    #[test]
    fn a_stopped_airing_ends_then_wherever_in_its_cut_that_is() {
        for (stop, on_air_until) in
            [("13:59:50", "14:00:00"), ("14:20:00", "14:20:00"), ("15:00:00", "15:00:00"), ("15:00:40", "15:00:00")]
        {
            let stopped = airing().stopped(at(stop));
            assert_eq!(stopped.cut(), Span::new(at("13:59:30"), at(stop)));
            assert_eq!(stopped.on_air, Span::new(at("14:00:00"), at(on_air_until)), "{stop}");
        }
    }

    #[test]
    fn a_later_beginning_is_the_beginning_of_the_cut() {
        assert_eq!(airing().begun(at("14:00:02")).cut(), Span::new(at("14:00:02"), at("15:01:00")));
    }

    #[test]
    fn a_later_end_keeps_the_padding() {
        assert_eq!(airing().until(at("16:00:00")).cut(), Span::new(at("13:59:30"), at("16:01:00")));
        let again = airing().stopped(at("13:59:50")).until(at("16:00:00"));
        assert_eq!(again.cut(), Span::new(at("13:59:30"), at("16:00:00")), "nothing negative stays");
    }
}
