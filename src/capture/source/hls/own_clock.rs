//! What time it is at least by the clock that dates the segments of a list: nobody offers sound that was not on the air yet.

use chrono::{DateTime, Utc};

use super::timeline::Ordered;

/// Returns when the newest of `new` ended, if the dates of the list have proved to be good. That is by the station's own
/// clock, however far it is from ours.
pub(super) fn told(new: &[Ordered]) -> Option<DateTime<Utc>> {
    new.last().filter(|newest| newest.date_proves)?.segment.end()
}
