//! What came of a grab: what is there, and what is missing, where and why.

use std::path::PathBuf;
use std::time::Duration;

use super::fault::CUT_SHORT;
use super::fetching::Lost;
use super::folder::{Entry, Folder};
use super::plan::{Plan, Track};
use super::repeats::{Repeats, there};
use crate::model::{Cause, CauseKind};

/// A segment that is missing, or a part of one.
#[derive(Debug, Clone, PartialEq)]
pub struct Missing {
    /// Its track: 0, or 1 for a sound that has a list of its own.
    pub track: u8,
    /// The number of the segment as its address or its list has it.
    pub number: u64,
    /// The number with the zeros that its address has: `000017`.
    pub name: String,
    /// From where on in the programme it plays …
    pub at: Duration,
    /// … and for how long, as far as that is known.
    pub length: Duration,
    /// Why.
    pub cause: Cause,
}

/// What came of a grab.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The file. `None` if none was made.
    pub file: Option<PathBuf>,
    /// How many bytes it has.
    pub bytes: u64,
    /// How many segments there are in all.
    pub total: usize,
    /// How many came, in this run and before.
    pub there: usize,
    /// The names of the first and the last segment.
    pub names: (String, String),
    /// How long the file plays.
    pub plays: Duration,
    /// What is missing, in order.
    pub missing: Vec<Missing>,
}

/// What of a plan is in its folder: the segments in the order in which they play, and what is missing.
#[derive(Debug)]
pub(super) struct Contents {
    /// For each track, its segments and how long each of them plays.
    pub tracks: Vec<Vec<(Entry, Duration)>>,
    /// What is missing, in order.
    pub missing: Vec<Missing>,
    /// How many segments there are, and how many came.
    pub total: usize,
    /// How many of them came.
    pub there: usize,
}

impl Contents {
    /// Looks at what is in `folder` of `plan`, of which these are `lost`. What is there twice is taken once.
    pub fn of(plan: &Plan, folder: &Folder, lost: &[Lost]) -> Self {
        let mut this = Self { tracks: Vec::new(), missing: Vec::new(), total: 0, there: 0 };
        for (number, track) in (0_u8..).zip(&plan.tracks) {
            this.add(number, track, folder, lost);
        }
        this.missing.sort_by_key(|missing| (missing.at, missing.track));
        this
    }

    fn add(&mut self, track_number: u8, track: &Track, folder: &Folder, lost: &[Lost]) {
        let there: Vec<Option<Entry>> = (0..track.len()).map(|at| there(track, track_number, at, folder)).collect();
        let typical = typical(&there);
        let causes: std::collections::HashMap<usize, &Cause> =
            lost.iter().filter(|lost| lost.place.0 == track_number).map(|lost| (lost.place.1, &lost.cause)).collect();
        let mut at_time = Duration::ZERO;
        let mut repeats = Repeats::of(track);
        let mut segments = Vec::new();
        for (at, entry) in there.into_iter().enumerate() {
            let length = track.length(at, entry.and_then(|entry| entry.plays).or(typical));
            let mut missing = |at_time: Duration, length: Duration, cause: Cause| {
                let (number, name) = (track.number(at), track.called(at));
                self.missing.push(Missing { track: track_number, number, name, at: at_time, length, cause });
            };
            let first = entry.and_then(|entry| repeats.next(at, &entry));
            match (entry, first) {
                (Some(entry), None) => {
                    if !entry.lacks.is_zero() {
                        let lacks = if entry.lacks == Duration::MAX { Duration::ZERO } else { entry.lacks };
                        let cause = Cause::new(CauseKind::Segment, CUT_SHORT);
                        missing(at_time + length.saturating_sub(lacks), lacks, cause);
                    }
                    segments.push((entry, length));
                    self.there += 1;
                }
                (Some(_), Some(first)) => {
                    let words = format!("the server sends segment {} for it once more", track.called(first));
                    missing(at_time, length, Cause::new(CauseKind::Unusable, words));
                }
                // It is not known whether there is one.
                (None, _) if track.may_lack(at) => continue,
                (None, _) => {
                    let unknown = || Cause::new(CauseKind::Nothing, "it was not fetched");
                    missing(at_time, length, causes.get(&at).map_or_else(unknown, |cause| (*cause).clone()));
                }
            }
            self.total += 1;
            at_time += length;
        }
        self.tracks.push(segments);
    }
}

/// How long most segments play.
fn typical(there: &[Option<Entry>]) -> Option<Duration> {
    let mut lengths: Vec<Duration> = there.iter().flatten().filter_map(|entry| entry.plays).collect();
    lengths.sort_unstable();
    lengths.get(lengths.len() / 2).copied()
}
