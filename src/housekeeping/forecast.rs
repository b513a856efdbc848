//! Whether what is planned fits on a disk: the arithmetic. Pure.
//!
//! What comes and what goes are flows of bytes. Of these follows how much room there is at every moment, and when it runs
//! out. Where something is not known, more comes and less goes.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::retention;
use crate::base::duration::delta;
use crate::config::{AlwaysTaped, Config, Encoding};
use crate::library::catalogue::Kept;
use crate::model::{Planned, Span};

/// Of a station that was never heard: most send less. In bits per second.
pub(super) const ASSUMED: f64 = 256_000.0;
/// Encoders keep a rate only on average, and what packs the sound takes a little as well.
const PACKING: f64 = 1.05;
/// Tags and a picture.
const TAGS: f64 = 512.0 * 1024.0;
/// What is not needed any more is deleted within so much time.
const DELETED_WITHIN: TimeDelta = TimeDelta::minutes(10);
/// Hours of the day are looked at in such steps.
const STEP: TimeDelta = TimeDelta::minutes(5);
/// What `keep` does not keep is looked for so often; less often among very many recordings.
const KEEP_EVERY: TimeDelta = TimeDelta::hours(1);
const KEEP_SELDOM: TimeDelta = TimeDelta::hours(6);
const VERY_MANY: usize = 20_000;

/// Bytes that come evenly in a stretch of time; negative if they go.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Flow {
    /// When. It may be a moment.
    pub span: Span,
    /// How many in all.
    pub bytes: f64,
}

/// How much room there is at the worst moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Lowest {
    /// The room then, in bytes; negative if so much is missing.
    pub room: f64,
    /// When there is none any more. `None` if there always is.
    pub runs_out: Option<DateTime<Utc>>,
}

/// An airing that is to be recorded.
#[derive(Debug, Clone)]
pub(super) struct Coming {
    /// The airing.
    pub planned: Planned,
    /// The size of its file, in bytes.
    pub bytes: f64,
}

impl Flow {
    /// Bytes that go at a moment.
    pub fn gone(at: DateTime<Utc>, bytes: f64) -> Self {
        Self { span: Span::new(at, at), bytes: -bytes }
    }

    /// The part of it in `window`.
    fn within(self, window: Span) -> Option<Self> {
        let whole = (self.span.end - self.span.start).as_seconds_f64();
        if whole <= 0.0 {
            let is_in = window.start <= self.span.start && self.span.start <= window.end;
            return is_in.then_some(self);
        }
        let span = self.span.intersect(&window)?;
        let part = (span.end - span.start).as_seconds_f64() / whole;
        Some(Self { span, bytes: self.bytes * part })
    }
}

/// Returns the least room in `window` if there is so much `room` when it begins.
pub(super) fn lowest(mut room: f64, flows: &[Flow], window: Span) -> Lowest {
    // At each moment, by how much the rate changes, and what comes at once.
    let mut changes: Vec<(DateTime<Utc>, f64, f64)> = Vec::with_capacity(flows.len() * 2);
    for Flow { span, bytes } in flows.iter().filter_map(|flow| flow.within(window)) {
        let seconds = (span.end - span.start).as_seconds_f64();
        if seconds > 0.0 {
            changes.push((span.start, bytes / seconds, 0.0));
            changes.push((span.end, -bytes / seconds, 0.0));
        } else {
            changes.push((span.start, 0.0, bytes));
        }
    }
    changes.sort_by(|one, other| one.0.cmp(&other.0).then(other.2.partial_cmp(&one.2).unwrap_or(Ordering::Equal)));
    let (mut at, mut rate) = (window.start, 0.0);
    let mut lowest = Lowest { room, runs_out: (room < 0.0).then_some(window.start) };
    for (next, change, jump) in changes {
        let seconds = (next - at).as_seconds_f64();
        let then = room - rate * seconds;
        if then < 0.0 && lowest.runs_out.is_none() {
            let left = if rate > 0.0 { room.max(0.0) / rate } else { 0.0 };
            let left = Duration::try_from_secs_f64(left.min(seconds)).unwrap_or_default();
            lowest.runs_out = Some(at + delta(left));
        }
        lowest.room = lowest.room.min(then);
        (room, at, rate) = (then - jump, next, rate + change);
        if room < 0.0 && lowest.runs_out.is_none() {
            lowest.runs_out = Some(at);
        }
        lowest.room = lowest.room.min(room);
    }
    lowest
}

/// Returns an estimate as a number of bytes; 0 if it is negative.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "what is too large or negative saturates")]
pub(super) fn whole(bytes: f64) -> u64 {
    bytes as u64
}

/// Returns the size of a recording of so long in an encoding, in bytes; the station sends `sent` bits per second.
pub(super) fn recording(encoding: &Encoding, length: TimeDelta, sent: f64) -> f64 {
    let rate = if encoding.original { sent } else { f64::from(encoding.bitrate) };
    length.as_seconds_f64() * rate / 8.0 * PACKING + TAGS
}

/// Returns stretches that overlap as one each.
pub(super) fn merged(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort_by_key(|span| span.start);
    let mut all: Vec<Span> = Vec::new();
    for span in spans {
        match all.last_mut() {
            Some(last) if span.start <= last.end => last.end = last.end.max(span.end),
            _ => all.push(span),
        }
    }
    all
}

/// Returns when a station is on tape in `window` by its rule.
pub(super) fn always(rule: &AlwaysTaped, zone: crate::base::zone::Zone, window: Span) -> Vec<Span> {
    if rule.hours.is_all() {
        return vec![window];
    }
    let mut spans = Vec::new();
    let mut at = window.start;
    while at < window.end {
        let next = (at + STEP).min(window.end);
        if rule.hours.contains(at.with_timezone(&zone).time()) {
            spans.push(Span::new(at, next));
        }
        at = next;
    }
    merged(spans)
}

/// Returns what comes onto a tape from `now` on while it is needed in `spans`, and goes when it is not any more, unless it is
/// `promised` to be kept for longer than the day that is looked at. `rate` is in bits per second.
pub(super) fn tape(spans: &[Span], rate: f64, promised: bool, now: DateTime<Utc>) -> Vec<Flow> {
    let bytes = |from: DateTime<Utc>, to: DateTime<Utc>| (to - from).as_seconds_f64().max(0.0) * rate / 8.0;
    let mut flows = Vec::new();
    for span in spans {
        let from = span.start.max(now);
        flows.push(Flow { span: Span::new(from, span.end.max(from)), bytes: bytes(from, span.end) });
        if !promised {
            // What is on it of before `now` goes as well.
            flows.push(Flow::gone(span.end + DELETED_WITHIN, bytes(span.start, span.end)));
        }
    }
    flows
}

/// Returns how many bytes are on stretches of tape.
pub(super) fn on_tape(spans: &[Span], rate: f64) -> f64 {
    spans.iter().map(|span| (span.end - span.start).as_seconds_f64().max(0.0) * rate / 8.0).sum()
}

/// Returns the recordings that the rules of `keep` delete until the end of `window`, each with when that is, if all that is
/// `coming` is recorded and nobody hears or deletes anything.
pub(super) fn kept(
    mut recordings: Vec<Kept>,
    coming: &[Coming],
    config: &Config,
    window: Span,
) -> Vec<(DateTime<Utc>, Kept)> {
    let step = if recordings.len() > VERY_MANY { KEEP_SELDOM } else { KEEP_EVERY };
    let mut coming: Vec<_> = coming.iter().collect();
    coming.sort_by_key(|coming| coming.planned.airing.cut().end);
    let mut coming = coming.into_iter().peekable();
    let mut all = Vec::new();
    let mut at = window.start;
    loop {
        while let Some(Coming { planned, bytes }) = coming.next_if(|it| it.planned.airing.cut().end <= at) {
            let airing = &planned.airing;
            recordings.push(Kept {
                id: airing.id.clone(),
                show: airing.show.clone(),
                station: airing.station.clone(),
                title: String::new(),
                on_air: airing.on_air,
                finished_at: airing.cut().end,
                file: Some(airing.id.as_str().into()),
                bytes: whole(*bytes),
                is_pinned: false,
                heard_at: None,
            });
        }
        let going = retention::going(&recordings, config, at);
        if !going.is_empty() {
            let ids: HashSet<_> = going.iter().map(|going| going.recording.id.clone()).collect();
            recordings.retain(|recording| !ids.contains(&recording.id));
            all.extend(going.into_iter().map(|going| (at + DELETED_WITHIN, going.recording)));
        }
        if at >= window.end {
            return all;
        }
        at = (at + step).min(window.end);
    }
}

#[cfg(test)]
mod tests;
