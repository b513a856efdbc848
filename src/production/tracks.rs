//! From what a station said that it played to the tracks of a recording.
//!
//! A track begins when its title was on the air and ends with the next title, with the cut, or with what the rule of the
//! station leaves out. The title that plays when the cut begins is a track from the beginning of the file on.
//!
//! - What is missing says nothing: titles in a gap count from where the sound is back, and a gap ends a track unless it
//!   is short enough to go on.
//! - The same text again within [`GOES_ON`] is the same track that goes on, if no other track came in between: nobody
//!   plays a piece twice in three minutes, and encoders say the name of the station or an advert over a piece that goes
//!   on. In a report for rights it would otherwise count twice.
//! - What plays for less than [`SHORTEST`] in the file is no track. So there is never more than a mark every ten seconds.
//! - If there are more than [`MOST`], the longest are kept.

use std::time::Duration;

use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};

use crate::base::duration::delta;
use crate::config::TitleRule;
use crate::model::{Gap, Span, Track};
use crate::tape::Title;

/// The shortest track, and the shortest chapter where there are tracks.
pub(super) const SHORTEST: Duration = Duration::from_secs(10);
/// A track goes on if its text comes again within this time.
const GOES_ON: TimeDelta = TimeDelta::minutes(3);
/// The most tracks of a recording.
const MOST: usize = 2_000;

/// Returns the tracks of a recording of `cut` that plays for `length`. `titles` are those of the time around the cut, at
/// the times at which they were on the air, in any order. `filled` says that the file has silence in place of `gaps`.
pub fn tracks(
    titles: impl IntoIterator<Item = Title>,
    rule: &TitleRule,
    (cut, gaps): (&Span, &[Gap]),
    length: Duration,
    filled: bool,
) -> Vec<Track> {
    let heard = heard(cut, gaps, filled);
    let mut tracks: Vec<Track> = Vec::new();
    for (span, text) in said(titles, rule, cut) {
        let first = heard.partition_point(|stretch| stretch.span.end <= span.start);
        for stretch in heard.iter().skip(first).take_while(|stretch| stretch.span.start < span.end) {
            let Some(on_air) = stretch.span.intersect(&span) else { continue };
            let [at, end] = [on_air.start, on_air.end].map(|instant| stretch.position(instant).min(length));
            // As the catalogue and the file can say it.
            let on_air = Span::new(on_air.start.trunc_subsecs(3), on_air.end.trunc_subsecs(3));
            add(&mut tracks, Track { on_air, at, length: end.saturating_sub(at), text: text.clone() });
        }
    }
    tracks.pop_if(|last| last.length < SHORTEST);
    if tracks.len() > MOST {
        tracks.sort_by_key(|track| std::cmp::Reverse(track.length));
        tracks.truncate(MOST);
        tracks.sort_by_key(|track| track.at);
    }
    tracks
}

/// Adds the next piece of sound with one text. The last track may still be too short to be one.
fn add(tracks: &mut Vec<Track>, next: Track) {
    let goes_on = |last: &Track| last.text == next.text && next.on_air.start - last.on_air.end <= GOES_ON;
    if tracks.last().is_some_and(|last| !goes_on(last) && last.length < SHORTEST) {
        tracks.pop();
    }
    match tracks.last_mut().filter(|last| goes_on(last)) {
        Some(last) => {
            last.on_air.end = next.on_air.end;
            last.length = (next.at + next.length).saturating_sub(last.at);
        }
        None => tracks.push(next),
    }
}

/// Returns what was said in `cut` and from when to when it held, in order, without what is no track.
fn said(titles: impl IntoIterator<Item = Title>, rule: &TitleRule, cut: &Span) -> Vec<(Span, String)> {
    let on_air = |title: Title| Title { at: title.at.checked_sub_signed(rule.delay).unwrap_or(title.at), ..title };
    let mut titles: Vec<Title> = titles.into_iter().map(on_air).filter(|title| title.at < cut.end).collect();
    titles.sort_by_key(|title| title.at);
    // Of those before the cut, only the last holds in it.
    let before = titles.partition_point(|title| title.at <= cut.start).saturating_sub(1);
    let ends: Vec<_> = titles.iter().skip(before + 1).map(|title| title.at).chain([cut.end]).collect();
    let held = titles.into_iter().skip(before).zip(ends);
    let spans = held.map(|(title, end)| (Span::new(title.at.max(cut.start), end), title.text.trim().to_owned()));
    spans.filter(|(span, text)| span.start < span.end && !text.is_empty() && !rule.leaves_out(text)).collect()
}

/// Sound without a gap.
struct Stretch {
    /// When it was on the air.
    span: Span,
    /// Where it begins in the file.
    at: Duration,
}

impl Stretch {
    /// Where in the file `instant` is, which lies in the stretch.
    fn position(&self, instant: DateTime<Utc>) -> Duration {
        self.at + (instant - self.span.start).to_std().unwrap_or_default()
    }
}

/// Returns the sound of `cut` between its gaps.
fn heard(cut: &Span, gaps: &[Gap], filled: bool) -> Vec<Stretch> {
    let mut stretches = Vec::new();
    let (mut start, mut at) = (cut.start, Duration::ZERO);
    let gaps = gaps.iter().map(|gap| Span::new(gap.start, gap.start + delta(gap.length)));
    for gap in gaps.chain([Span::new(cut.end, cut.end)]) {
        let end = gap.start.min(cut.end);
        if end > start {
            stretches.push(Stretch { span: Span::new(start, end), at });
            at += (end - start).to_std().unwrap_or_default();
        }
        let back = gap.end.min(cut.end).max(start);
        if filled {
            at += (back - end.max(start)).to_std().unwrap_or_default();
        }
        start = back;
    }
    stretches
}

#[cfg(test)]
mod tests;
