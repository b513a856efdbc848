//! The account of a stretch of tape, usually a day: how much is on tape, what is missing and why, where nothing could be
//! heard, and when aircheck was not running.
//!
//! Invariants:
//! - What is said to be on tape is what a recording of the same time would hold: both take the same walk.
//! - Sound that cannot be decoded is missing, as soon as the levels of its reel are known.
//! - What was not to be on tape counts neither as on tape nor as missing. That is what lies before the oldest tape, what
//!   the `hours` of a station leave out, and what is still to come.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::levels;
use super::on_air::{reels, view_of};
use crate::base::duration::delta;
use crate::config::DeadAirRule;
use crate::model::{Cause, CauseKind, DeadAir, Gap, Levels, Span};
use crate::tape::{self, Step, Tape, View, Walker};

/// How much later than on the air the newest sound may be on tape: a window of the station, and a retry.
pub const LATE: TimeDelta = TimeDelta::minutes(2);
/// What was on the air so long ago may still come on tape: stations send late.
const STILL_COMING: TimeDelta = TimeDelta::minutes(5);
/// A tape is looked through in stretches of this length, so that one of weeks takes no more memory than one of hours.
const STEP: TimeDelta = TimeDelta::hours(6);
/// Dead air that is interrupted for less than this, by the seam of two reels, is one.
const SEAM: TimeDelta = TimeDelta::milliseconds(100);

/// What is on tape of a stretch of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The stretch, without what lies before the oldest tape and what is still to come.
    pub span: Span,
    /// How much of it was to be on tape.
    pub wanted: Duration,
    /// How much of that is on tape.
    pub on_tape: Duration,
    /// What is missing, in order.
    pub holes: Vec<Gap>,
    /// What was not to be on tape, in order.
    pub unwanted: Vec<Gap>,
    /// Where the station sent sound that nobody could hear, in order, as far as the levels are known.
    pub dead_air: Vec<DeadAir>,
    /// Since when aircheck was not running: each time that it was stopped, or was killed.
    pub restarts: Vec<DateTime<Utc>>,
}

impl Account {
    /// How much of what was wanted is on tape, in thousandths of a percent; never rounded up.
    pub fn millipercent(&self) -> u32 {
        if self.wanted.is_zero() {
            return 0;
        }
        let share = self.on_tape.as_nanos() * 100_000 / self.wanted.as_nanos();
        u32::try_from(share).unwrap_or(100_000).min(100_000)
    }
}

/// Accounts for `asked`, at `now`. Dead air is what `rule` says. `None` if nothing of that time was to be on tape, as far
/// as anybody knows. Blocks.
pub fn account(tape: &Tape, asked: Span, rule: Option<DeadAirRule>, now: DateTime<Utc>) -> Option<Account> {
    let view = view_of(tape, asked);
    let since = tape.since()?;
    // What was on the air before the first reel began may be on it.
    let first = if since > asked.start { view.start().unwrap_or(since) } else { asked.start };
    let mut span = Span::new(asked.start.max(first), asked.end.min(now));
    let mut holes = holes(&view, span);
    if let Some(first) = holes.first_mut()
        && first.start == span.start
        && first.cause.kind == CauseKind::Nothing
        && let Some(cause) = tape.why_not_before(span.start)
    {
        // The reel that says so may have ended long before.
        first.cause = cause;
    }
    if asked.end > now
        && let Some(last) = holes.pop_if(|last| is_open(last, &span, &view))
    {
        if delta(last.length) <= LATE {
            span = Span::new(span.start, last.start);
        } else {
            // A station that fails leaves a trouble; only an aircheck that was killed leaves nothing.
            let cause = Cause::new(CauseKind::NotRunning, "aircheck was not running");
            holes.push(Gap { cause, ..last });
        }
    }
    let length = span.length().to_std().unwrap_or_default();
    if length.is_zero() {
        return None;
    }
    let silent = add_levels(&view, span, &mut holes);
    let (unwanted, holes): (Vec<_>, Vec<_>) = holes.into_iter().partition(|gap| gap.cause.kind == CauseKind::NotTaped);
    let lengths = |gaps: &[Gap]| gaps.iter().map(|gap| gap.length).sum::<Duration>();
    let wanted = length.saturating_sub(lengths(&unwanted));
    let mut restarts: Vec<_> = view.stops().filter(|at| span.contains(*at)).collect();
    restarts.dedup();
    Some(Account {
        span,
        wanted,
        on_tape: wanted.saturating_sub(lengths(&holes)),
        holes,
        unwanted,
        dead_air: dead_air(silent, rule),
        restarts,
    })
}

/// Whether all of `span` is past at `now` and nothing of it is on tape, nor can still come. Blocks.
pub fn is_lost(tape: &Tape, span: &Span, now: DateTime<Utc>) -> bool {
    span.end + STILL_COMING < now && on_tape(tape, span).is_zero()
}

/// Returns how much of `span` is on tape. Blocks.
pub fn on_tape(tape: &Tape, span: &Span) -> Duration {
    let Some(near) = tape.near(span) else { return Duration::ZERO };
    let (mut start, mut sum) = (near.start, Duration::ZERO);
    while start < near.end {
        let step = Span::new(start, near.end.min(start + STEP));
        sum += tape::progress(&tape.blocking_view(&step), step).0;
        start = step.end;
    }
    sum
}

/// What of `span` is not on tape.
pub(super) fn holes(view: &View, span: Span) -> Vec<Gap> {
    let mut walker = Walker::new(span);
    while walker.step(view, true) != Step::End {}
    walker.into_gaps()
}

/// Whether `gap` lies at the end of `span`, and nothing has told of a trouble since it began.
fn is_open(gap: &Gap, span: &Span, view: &View) -> bool {
    // The trouble before the sound that came last may be near enough to be taken for its cause.
    let unexplained = matches!(gap.cause.kind, CauseKind::Nothing | CauseKind::NotRunning);
    gap.start + delta(gap.length) >= span.end && unexplained && view.first_trouble(gap.start).is_none()
}

/// Adds what cannot be decoded to `holes`. Returns where nothing can be heard.
fn add_levels(view: &View, span: Span, holes: &mut Vec<Gap>) -> Vec<Span> {
    let mut silent = Vec::new();
    for reel in reels(view) {
        let Some(Levels { silent: quiet, undecoded, .. }) = levels::read(&reel.path) else { continue };
        silent.extend(quiet.iter().flat_map(|it| reel.on_air(it.at, it.length)).filter_map(|it| it.intersect(&span)));
        for (lost, cause) in undecoded {
            let on_air = reel.on_air(lost.at, lost.length).into_iter().filter_map(|it| it.intersect(&span));
            holes.extend(on_air.map(|it| Gap {
                start: it.start,
                length: it.length().to_std().unwrap_or_default(),
                cause: cause.clone(),
            }));
        }
    }
    holes.sort_by_key(|gap| gap.start);
    silent
}

/// The dead air by `rule` in stretches that are `silent`, which follow each other.
fn dead_air(mut silent: Vec<Span>, rule: Option<DeadAirRule>) -> Vec<DeadAir> {
    let Some(rule) = rule else { return Vec::new() };
    silent.sort_by_key(|span| span.start);
    let mut joined: Vec<Span> = Vec::new();
    for span in silent {
        match joined.last_mut() {
            Some(last) if span.start - last.end <= SEAM => last.end = last.end.max(span.end),
            _ => joined.push(span),
        }
    }
    let length = |span: &Span| span.length().to_std().unwrap_or_default();
    let long = joined.iter().filter(|span| length(span) >= rule.longer_than);
    long.map(|span| DeadAir { start: span.start, length: length(span) }).collect()
}

#[cfg(test)]
mod tests;
