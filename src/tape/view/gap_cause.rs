//! Why something is missing: the cause of a lost segment, or a trouble of that time.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::{Cause, CauseKind, Gap, Span};
use crate::tape::index::entry::{Entry, Trouble};

/// How much later than the sound stops a trouble may be noticed: by a reload, a timeout, or the lag between air and
/// stream.
const NOTICED_WITHIN: TimeDelta = TimeDelta::seconds(60);

/// The cause of a hole: that of a segment that was given up there, else the first trouble in the hole, else the last
/// one shortly before it, else the next one.
pub(super) fn cause<'a>(
    hole: &Span,
    mut timed: impl Iterator<Item = (DateTime<Utc>, &'a Entry)>,
    troubles: &[Trouble],
) -> Cause {
    let lost = timed.find_map(|(start, entry)| {
        let end = start + TimeDelta::from_std(entry.duration).unwrap_or(TimeDelta::zero());
        let inside = start < hole.end && end > hole.start;
        entry.sound.as_ref().err().filter(|_| inside).cloned()
    });
    let from_trouble = || {
        let near =
            |trouble: &&Trouble| trouble.at >= hole.start - NOTICED_WITHIN && trouble.at <= hole.end + NOTICED_WITHIN;
        let inside = troubles.iter().find(|t| t.at >= hole.start && t.at <= hole.end);
        inside.or_else(|| troubles.iter().rfind(near)).map(|t| t.cause.clone())
    };
    lost.or_else(from_trouble).unwrap_or_else(|| Cause::new(CauseKind::Nothing, "nothing arrived from the station"))
}

/// The gap that reports a hole, with its cause.
pub(super) fn gap<'a>(
    hole: &Span,
    timed: impl Iterator<Item = (DateTime<Utc>, &'a Entry)>,
    troubles: &[Trouble],
) -> Gap {
    Gap {
        start: hole.start,
        length: hole.length().to_std().unwrap_or(Duration::ZERO),
        cause: cause(hole, timed, troubles),
    }
}
