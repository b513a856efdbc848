//! One occurrence of a show.

use chrono::TimeDelta;
use chrono_tz::Tz;

use super::{AiringId, ShowId, Span, StationId};

/// One occurrence of a show, as the plan derives it from the show's cron.
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
    /// Padding after the end.
    pub late: TimeDelta,
    /// The zone the show's cron is written in.
    pub timezone: Tz,
}

impl Airing {
    /// The stretch of tape that becomes the recording: on air, with padding on both sides.
    pub fn cut(&self) -> Span {
        Span::new(self.on_air.start - self.early, self.on_air.end + self.late)
    }
}
