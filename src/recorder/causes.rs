//! Why airings are missing that no station is to blame for.

use crate::model::{Cause, CauseKind};

/// It was begun late.
pub(super) fn began_late() -> Cause {
    Cause::new(CauseKind::BeganLate, "aircheck was not yet recording when the show began")
}

/// Something about it brings the process down.
pub(super) fn died() -> Cause {
    Cause::new(CauseKind::Internal, "aircheck died every time it tried to finish this recording")
}

/// The process ended again and again, perhaps because of it: it was begun so often.
pub(super) fn died_often(begun: u32) -> Cause {
    Cause::new(CauseKind::Internal, format!("aircheck ended before it was finished, {} times by now", begun - 1))
}

/// Nobody wants it any more.
pub(super) fn removed() -> Cause {
    Cause::new(CauseKind::Removed, "its show or station was removed from the YAML before it was finished")
}

/// It waits until it can be finished.
pub(super) fn held(hindrance: &Cause) -> Cause {
    Cause::new(hindrance.kind, format!("not finished yet, {}", hindrance.words))
}
