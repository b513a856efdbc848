//! A disk that refuses, and what that costs: meanwhile the source can hand on only what its queue takes. What it then finds to
//! be gone at the station, or a connection that broke because nobody read from it, was lost because of the disk. So that is
//! the cause that is written, not how the station answers those who come late.

use chrono::{DateTime, Utc};

use crate::model::{Cause, CauseKind, MediaEvent};

/// A disk that refused.
#[derive(Debug)]
pub(super) struct Refusal {
    since: DateTime<Utc>,
    /// Until when; `None` while it does.
    until: Option<DateTime<Utc>>,
    cause: Cause,
}

impl Refusal {
    /// Notes in `refusal` that the disk refuses since `now`, for this `cause`. Returns whether that is new.
    pub(super) fn begin(refusal: &mut Option<Self>, now: DateTime<Utc>, cause: impl FnOnce() -> Cause) -> bool {
        if refusal.as_ref().is_some_and(|it| it.until.is_none()) {
            return false;
        }
        // What an earlier one has cost may still come.
        let since = refusal.take().map_or(now, |earlier| earlier.since);
        *refusal = Some(Self { since, until: None, cause: cause() });
        true
    }

    /// Notes that the disk takes what comes from `now` on. Returns whether that is new.
    pub(super) fn end(refusal: &mut Option<Self>, now: DateTime<Utc>) -> bool {
        let open = refusal.as_mut().filter(|it| it.until.is_none());
        open.map(|it| it.until = Some(now)).is_some()
    }

    /// Gives `event` the cause of `refusal` if it tells of what that has cost. With the first sound that has come since the
    /// disk takes it again, nothing more of it comes.
    pub(super) fn explain(refusal: &mut Option<Self>, mut event: MediaEvent) -> MediaEvent {
        let Some(known) = refusal.as_ref() else { return event };
        match &mut event {
            MediaEvent::Chunk(chunk) if known.until.is_some_and(|until| chunk.arrived >= until) => *refusal = None,
            MediaEvent::Gap { arrived: at, cause, .. } | MediaEvent::Trouble { at, cause }
                if *at >= known.since && may_follow(cause.kind) =>
            {
                cause.clone_from(&known.cause);
            }
            _ => {}
        }
        event
    }
}

/// Whether a loss of this kind may be what becomes of a source that was kept waiting.
fn may_follow(kind: CauseKind) -> bool {
    use CauseKind::{Connection, Nothing, Refused, Segment, Stalled};
    matches!(kind, Connection | Nothing | Refused | Segment | Stalled)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use chrono::TimeDelta;

    use super::*;
    use crate::model::Chunk;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(second)
    }

    /// The cause under which a gap that came at `second` is written.
    fn kind_of(refusal: &mut Option<Refusal>, second: i64, kind: CauseKind) -> CauseKind {
        let (duration, programme_time) = (Duration::from_secs(2), None);
        let cause = Cause::new(kind, "as the source has it");
        let (discontinuity, follows) = (false, true);
        let gap = MediaEvent::Gap { duration, arrived: at(second), programme_time, discontinuity, follows, cause };
        match Refusal::explain(refusal, gap) {
            MediaEvent::Gap { cause, .. } => cause.kind,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_lost_while_the_disk_refuses_is_lost_because_of_the_disk() {
        let full = || Cause::new(CauseKind::DiskFull, "No space left on device");
        let mut refusal = None;
        assert_eq!(kind_of(&mut refusal, 9, CauseKind::Refused), CauseKind::Refused);
        assert!(Refusal::begin(&mut refusal, at(10), full) && !Refusal::begin(&mut refusal, at(11), full));
        assert!(Refusal::end(&mut refusal, at(60)) && !Refusal::end(&mut refusal, at(61)));
        // What waited in the queue is written first.
        let sound = |second| MediaEvent::Chunk(Chunk::new("sound", Duration::from_secs(2), at(second)));
        Refusal::explain(&mut refusal, sound(40));
        assert_eq!(kind_of(&mut refusal, 9, CauseKind::Refused), CauseKind::Refused, "it was lost before");
        assert_eq!(kind_of(&mut refusal, 50, CauseKind::Refused), CauseKind::DiskFull);
        assert_eq!(kind_of(&mut refusal, 50, CauseKind::OffAir), CauseKind::OffAir, "the station says so itself");
        let trouble = MediaEvent::Trouble { at: at(55), cause: Cause::new(CauseKind::Connection, "it broke") };
        let told = Refusal::explain(&mut refusal, trouble);
        assert!(matches!(told, MediaEvent::Trouble { cause, .. } if cause == full()));
        // It fills up again before all of that was told.
        assert!(Refusal::begin(&mut refusal, at(62), full) && Refusal::end(&mut refusal, at(70)));
        assert_eq!(kind_of(&mut refusal, 50, CauseKind::Segment), CauseKind::DiskFull);
        Refusal::explain(&mut refusal, sound(71));
        assert_eq!(kind_of(&mut refusal, 72, CauseKind::Segment), CauseKind::Segment);
    }
}
