//! Causes for which no station is to blame.

use crate::model::{Cause, CauseKind};

/// Returns the cause of a recording that began late.
pub(super) fn began_late() -> Cause {
    Cause::new(CauseKind::BeganLate, "aircheck was not yet recording when the show began")
}

/// Returns the cause of an airing on which the process died every time.
pub(super) fn died() -> Cause {
    Cause::new(CauseKind::Internal, "aircheck died every time it tried to finish this recording")
}

/// Returns the cause of an airing that was begun `begun` times, and the process ended each time, perhaps because of it.
pub(super) fn died_often(begun: u32) -> Cause {
    Cause::new(CauseKind::Internal, format!("aircheck ended before it was finished, {} times by now", begun - 1))
}

/// Returns the cause of an airing whose show or station was removed.
pub(super) fn removed() -> Cause {
    Cause::new(CauseKind::Removed, "its show or station was removed from the YAML before it was finished")
}

/// Returns the cause of an airing that waits until `obstacle` has passed.
pub(super) fn held(obstacle: &Cause) -> Cause {
    Cause::new(obstacle.kind, format!("not finished yet, {}", obstacle.words))
}
