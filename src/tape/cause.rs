//! Why something is missing: the troubles that were noted while it could not be had.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::entry::Entry;
use crate::model::{Cause, CauseKind, Gap, Span};

/// A trouble of the capture, noted when it began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// Since when.
    pub at: DateTime<Utc>,
    /// Why.
    pub cause: Cause,
}

/// A trouble is noticed later than the sound stops: by a poll, a timeout, or the lag between air and stream.
const NOTICED_WITHIN: TimeDelta = TimeDelta::seconds(60);

/// The cause of a hole: that of a segment that was given up there, else the first trouble noted in it, else the
/// last one noted shortly before it, else the next one.
pub(super) fn cause<'a>(
    hole: &Span,
    mut placed: impl Iterator<Item = (DateTime<Utc>, &'a Entry)>,
    troubles: &[Trouble],
) -> Cause {
    let lost = placed.find_map(|(start, entry)| {
        let end = start + TimeDelta::from_std(entry.duration).unwrap_or(TimeDelta::zero());
        let inside = start < hole.end && end > hole.start;
        entry.sound.as_ref().err().filter(|_| inside).cloned()
    });
    let noted = || {
        let near =
            |trouble: &&Trouble| trouble.at >= hole.start - NOTICED_WITHIN && trouble.at <= hole.end + NOTICED_WITHIN;
        let inside = troubles.iter().find(|t| t.at >= hole.start && t.at <= hole.end);
        inside.or_else(|| troubles.iter().rfind(near)).map(|t| t.cause.clone())
    };
    lost.or_else(noted).unwrap_or_else(|| Cause::new(CauseKind::Nothing, "nothing arrived from the station"))
}

/// The gap in the ledger for a hole.
pub(super) fn gap<'a>(
    hole: &Span,
    placed: impl Iterator<Item = (DateTime<Utc>, &'a Entry)>,
    troubles: &[Trouble],
) -> Gap {
    Gap {
        start: hole.start,
        length: hole.length().to_std().unwrap_or(Duration::ZERO),
        cause: cause(hole, placed, troubles),
    }
}
