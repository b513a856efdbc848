//! Chapter marks, which say what was played, and where in a file something is missing, and why.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::tags::Chapter;
use super::tracks::SHORTEST;
use crate::base::text::cut;
use crate::base::zone::Zone;
use crate::model::{Gap, Span, Track};

/// How many columns of a track's text the title of a chapter has if something is missing, which must be told as well.
const COLUMNS: usize = 48;

/// What is in a recording.
#[derive(Debug, Clone, Copy)]
pub struct Content<'a> {
    /// The cut.
    pub cut: Span,
    /// What is missing of it, in order.
    pub gaps: &'a [Gap],
    /// What was played, in order.
    pub tracks: &'a [Track],
    /// How long the file plays.
    pub length: Duration,
    /// Whether the file has silence in place of gaps.
    pub filled: bool,
}

/// Returns the chapters of a recording, at most so many.
///
/// Each track is a chapter, and so is each stretch of sound behind a gap, also one within a track. The title of a chapter
/// has the text of the track, else its time by the clock of `zone`, and what is missing before it. What is neither is in
/// no chapter, except the beginning of the file. Without gaps and tracks there are no chapters.
///
/// If there are tracks, no chapter is shorter than ten seconds: a stretch that would be is joined with the track that it
/// is a part of, else with the next chapter, whose title then tells what is missing. If there are too many chapters, those
/// with the longest gaps before them are kept, then the longest.
pub fn chapters(content: &Content<'_>, zone: Zone, most: usize) -> Vec<Chapter> {
    let shortest = if content.tracks.is_empty() { Duration::ZERO } else { SHORTEST };
    let mut parts = joined(parts(content), shortest);
    if let Some((first, rest)) = parts.split_first().filter(|(_, rest)| rest.len() >= most) {
        let mut kept = rest.to_vec();
        kept.sort_by_key(|part| std::cmp::Reverse((part.missing, part.end.saturating_sub(part.at))));
        kept.truncate(most.saturating_sub(1));
        kept.push(*first);
        kept.sort_by_key(|part| part.at);
        parts = kept;
    }
    let ends: Vec<_> = parts.iter().skip(1).map(|next| next.at).chain([content.length]).collect();
    let end = |part: &Part<'_>, next| if part.text.is_some() { part.end } else { next };
    parts.iter().zip(ends).map(|(part, next)| part.chapter(end(part, next), zone)).collect()
}

/// A stretch of the file.
#[derive(Debug, Clone, Copy)]
struct Part<'a> {
    /// Where it begins in the file, and where it ends.
    at: Duration,
    end: Duration,
    /// When its beginning was on the air.
    clock: DateTime<Utc>,
    /// What was played.
    text: Option<&'a str>,
    /// How much is missing before it or, if it is joined from several, within it; and why.
    missing: Duration,
    cause: &'a str,
    within: bool,
}

impl Part<'_> {
    /// Whether `next` follows at once.
    fn touches(&self, next: &Self) -> bool {
        self.end == next.at
    }

    /// Joins `next`, which follows, to it.
    fn join(&mut self, next: Self) {
        self.end = next.end;
        self.text = self.text.or(next.text);
        if !next.missing.is_zero() {
            self.missing += next.missing;
            self.cause = next.cause;
            self.within = true;
        }
    }

    fn is_shorter(&self, shortest: Duration) -> bool {
        self.end.saturating_sub(self.at) < shortest
    }

    fn chapter(&self, end: Duration, zone: Zone) -> Chapter {
        let clock = || self.clock.with_timezone(&zone).format("%H:%M:%S").to_string();
        if self.missing.is_zero() {
            return Chapter { start: self.at, end, title: self.text.map_or_else(clock, str::to_owned) };
        }
        let what = self.text.map_or_else(clock, |text| cut(text, COLUMNS).into_owned());
        let after = if self.within { "" } else { "after " };
        let title = format!("{what}, {after}{:.1} s missing: {}", self.missing.as_secs_f64(), self.cause);
        Chapter { start: self.at, end, title }
    }
}

/// A gap, as the file has it: where the sound is back.
struct Back<'a> {
    at: Duration,
    clock: DateTime<Utc>,
    missing: Duration,
    cause: &'a str,
}

/// Returns where the sound is back after gaps, in order. Gaps in a row are one.
fn backs<'a>(content: &Content<'a>) -> Vec<Back<'a>> {
    let mut backs: Vec<Back<'_>> = Vec::new();
    let mut skipped = Duration::ZERO;
    for gap in content.gaps {
        let begins = (gap.start - content.cut.start).to_std().unwrap_or_default() + gap.length;
        if !content.filled {
            skipped += gap.length;
        }
        let at = begins.saturating_sub(skipped).min(content.length);
        let clock = content.cut.start + begins;
        let before = backs.pop_if(|before| before.clock >= gap.start).map_or(Duration::ZERO, |one| one.missing);
        backs.push(Back { at, clock, missing: before + gap.length, cause: &gap.cause.words });
    }
    backs
}

/// Cuts the file where a track begins or ends and where sound is back. Returns the parts that were played, that follow a
/// gap, or that begin the file.
fn parts<'a>(content: &Content<'a>) -> Vec<Part<'a>> {
    let Content { cut, tracks, length, .. } = *content;
    let backs = backs(content);
    if backs.is_empty() && tracks.is_empty() {
        return Vec::new();
    }
    let of_tracks = tracks.iter().flat_map(|track| [track.at, track.at + track.length]);
    let mut borders: Vec<Duration> = backs.iter().map(|back| back.at).chain(of_tracks).collect();
    borders.push(Duration::ZERO);
    borders.retain(|border| *border < length);
    borders.sort_unstable();
    borders.dedup();
    let ends: Vec<Duration> = borders.iter().skip(1).copied().chain([length]).collect();
    let mut parts = Vec::new();
    for (at, end) in borders.into_iter().zip(ends) {
        let playing = tracks.partition_point(|track| track.at <= at).checked_sub(1).and_then(|last| tracks.get(last));
        let track = playing.filter(|track| at < track.at + track.length);
        let here = backs.iter().skip(backs.partition_point(|back| back.at < at)).take_while(|back| back.at == at);
        let (missing, last) = here.fold((Duration::ZERO, None), |(sum, _), back| (sum + back.missing, Some(back)));
        if track.is_none() && last.is_none() && !at.is_zero() {
            continue;
        }
        let clock =
            last.map(|back| back.clock).or(track.filter(|track| track.at == at).map(|track| track.on_air.start));
        parts.push(Part {
            at,
            end,
            clock: clock.unwrap_or(cut.start),
            text: track.map(|track| track.text.as_str()),
            missing,
            cause: last.map_or("", |back| back.cause),
            within: false,
        });
    }
    parts
}

/// Joins parts that are shorter than `shortest` with others. A part that is long enough stays by itself.
fn joined(parts: Vec<Part<'_>>, shortest: Duration) -> Vec<Part<'_>> {
    let mut joined: Vec<Part<'_>> = Vec::new();
    for part in parts {
        let same_track = |last: &Part<'_>| last.text.is_some() && last.text == part.text && part.is_shorter(shortest);
        match joined.last_mut().filter(|last| last.touches(&part) && (last.is_shorter(shortest) || same_track(last))) {
            Some(last) => last.join(part),
            None => joined.push(part),
        }
    }
    // Nothing follows the last one.
    if joined.len() > 1
        && let Some(last) = joined.pop_if(|last| last.is_shorter(shortest))
        && let Some(before) = joined.last_mut()
    {
        before.join(last);
    }
    joined
}

#[cfg(test)]
mod tests;
