//! Which numbered segments there are: the padding of their numbers, the first and the last, found by asking.
//!
//! A number is asked for by the beginning of its segment (16 KiB), which has to be sound or picture by its own marks: a
//! server may answer with a page. A server that answers every number with the same segment is recognised by that.
//!
//! The last is looked for by doubling the distance, then by halving. A hole of a few numbers is not the end, so a number
//! also counts as reached if one of the next few is there.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures::future::join_all;
use reqwest::StatusCode;
use url::Url;

use super::asked::Numbers;
use super::error::GrabError;
use super::pattern::Pattern;
use super::plan::Numbered;
use super::wrong::MOST_SEGMENTS;
use crate::base::hash::sha256;
use crate::base::http::{Client, HttpError};
use crate::base::redact;
use crate::capture::source::hls::{ByteRange, FetchError, beginning};
use crate::capture::source::{media, policy};

/// How much of a segment is asked for.
const BEGINNING: u64 = 16 << 10;
/// How many numbers may be absent in the middle.
const HOLE: u64 = 5;
/// The paddings that are tried.
const PADS: [usize; 8] = [0, 6, 5, 4, 3, 2, 8, 7];
/// How far from a number the others may lie.
const FARTHEST: u64 = MOST_SEGMENTS;

/// Asks for segments.
#[derive(Debug)]
pub struct Prober<'a> {
    client: &'a Client,
    /// Whether the server has refused to answer.
    refused: AtomicBool,
}

/// What was found at a number.
type Found = Option<String>;

impl<'a> Prober<'a> {
    /// A prober that asks through `client`.
    pub fn new(client: &'a Client) -> Self {
        Self { client, refused: AtomicBool::new(false) }
    }

    /// Finds out which segments there are, as far as they are not said.
    ///
    /// # Errors
    /// There are none, or nobody can tell.
    pub async fn find(&self, numbers: &Numbers, length: Option<Duration>) -> Result<Numbered, GrabError> {
        let Numbers { pattern, pad_is_known, first, count, last_may_lack } = numbers;
        let numbered = |pattern: Pattern, first: u64, count: u64| {
            let last_may_lack = *last_may_lack;
            Numbered { pattern, first, count, last_may_lack, length, init: None }
        };
        if let (true, Some(first), Some(count)) = (*pad_is_known, *first, *count) {
            return Ok(numbered(pattern.clone(), first, count));
        }
        let pads: &[usize] = if *pad_is_known { &[pattern.pad] } else { &PADS };
        let firsts = first.map_or(vec![0, 1], |first| vec![first]);
        for pad in pads {
            let pattern = pattern.padded(*pad);
            for first in &firsts {
                // What is asked for may begin with a hole.
                let is_there = match numbers.first {
                    Some(first) => self.reaches(&pattern, first, &None).await?.is_some(),
                    None => self.is_other(&pattern, *first, &None).await?,
                };
                if is_there {
                    let count = match count {
                        Some(count) => *count,
                        None => counted(*first, self.last(&pattern, *first).await?)?,
                    };
                    return Ok(numbered(pattern, *first, count));
                }
            }
        }
        let firsts: Vec<String> = firsts.iter().map(|first| pattern.name(*first)).collect();
        let asked = redact::text(&pattern.text());
        if self.refused.load(Ordering::Relaxed) {
            return Err(GrabError::Absent(format!(
                "the server refuses to answer for segment {} at {asked}: perhaps it wants `--referer` and the address of \
                 the page, or the address is too old",
                firsts.join(" or ")
            )));
        }
        Err(GrabError::Absent(format!(
            "there is no segment {} at {asked}, however many zeros are put before it: say the first number with \
             `--from`, and how many digits it has with `--pad`",
            firsts.join(" or ")
        )))
    }

    /// Finds out which number in `url`, the address of one segment, counts up, and from where to where.
    ///
    /// # Errors
    /// No number in it counts up.
    pub async fn around(&self, url: &Url) -> Result<Numbered, GrabError> {
        let own = self.ask(url).await?;
        for (pattern, number) in Pattern::candidates(url) {
            let next = self.is_other(&pattern, number.saturating_add(1), &own).await?;
            if !next && (number == 0 || !self.is_other(&pattern, number - 1, &own).await?) {
                continue;
            }
            // A number without zeros before it may still have a padding: `99` is followed by `100` either way.
            let digits = number.to_string().len();
            let below = 10_u64.pow(u32::try_from(digits).unwrap_or(1).saturating_sub(1)).saturating_sub(1);
            let mut pattern = pattern;
            if pattern.pad == 0 && digits > 1 {
                let padded = pattern.padded(digits);
                if self.is_other(&padded, below, &own).await? {
                    pattern = padded;
                }
            }
            let first = self.first(&pattern, number).await?;
            let last = self.last(&pattern, number).await?;
            let count = counted(first, last)?;
            return Ok(Numbered { pattern, first, count, last_may_lack: false, length: None, init: None });
        }
        Err(GrabError::Absent(format!(
            "{} is a segment, and no number in its address counts up: write (*) where the number of a segment stands, \
             or take the address of the playlist (.m3u8)",
            redact::url(url)
        )))
    }

    /// The last number from `there` on, which is there.
    async fn last(&self, pattern: &Pattern, there: u64) -> Result<u64, GrabError> {
        let own = self.at(pattern, there).await?;
        let (mut reached, mut step) = (there, 1);
        let beyond = loop {
            let next = there.saturating_add(step);
            if step > FARTHEST {
                return Err(too_many());
            }
            match self.reaches(pattern, next, &own).await? {
                Some(found) => (reached, step) = (found, step * 2),
                None => break next,
            }
        };
        let mut beyond = beyond;
        while reached + 1 < beyond {
            let middle = reached + (beyond - reached) / 2;
            match self.reaches(pattern, middle, &own).await? {
                Some(found) => reached = found.min(beyond - 1).max(middle),
                None => beyond = middle,
            }
        }
        Ok(reached)
    }

    /// The first number, `there` being there.
    async fn first(&self, pattern: &Pattern, there: u64) -> Result<u64, GrabError> {
        let own = self.at(pattern, there).await?;
        for first in [0, 1] {
            if first >= there || self.is_other(pattern, first, &own).await? {
                return Ok(first.min(there));
            }
        }
        let (mut below, mut reached) = (1, there);
        while below + 1 < reached {
            let middle = below + (reached - below) / 2;
            if self.reaches(pattern, middle, &own).await?.is_some_and(|found| found < reached || found == there) {
                reached = middle;
            } else {
                below = middle;
            }
        }
        // The search ends at a hole's edge; the number itself has to be there.
        while reached < there && !self.is_other(pattern, reached, &own).await? {
            reached += 1;
        }
        Ok(reached)
    }

    /// The first of `number` and the few after it that is there.
    async fn reaches(&self, pattern: &Pattern, number: u64, other: &Found) -> Result<Option<u64>, GrabError> {
        if self.is_other(pattern, number, other).await? {
            return Ok(Some(number));
        }
        let next = (1..=HOLE).map(|more| number.saturating_add(more));
        let there = join_all(next.clone().map(|number| self.is_other(pattern, number, other))).await;
        for (number, is_there) in next.zip(there) {
            if is_there? {
                return Ok(Some(number));
            }
        }
        Ok(None)
    }

    /// Whether there is a segment of this number, another than `other`.
    async fn is_other(&self, pattern: &Pattern, number: u64, other: &Found) -> Result<bool, GrabError> {
        let found = self.at(pattern, number).await?;
        Ok(found.is_some() && found != *other)
    }

    async fn at(&self, pattern: &Pattern, number: u64) -> Result<Found, GrabError> {
        match pattern.address(number) {
            Some(url) => self.ask(&url).await,
            None => Ok(None),
        }
    }

    /// The hash of the beginning of the segment at `url`; `None` if there is none.
    async fn ask(&self, url: &Url) -> Result<Found, GrabError> {
        let bytes = self.beginning_of(url, BEGINNING).await?;
        Ok(bytes.and_then(|bytes| media::sniff(&bytes).map(|_| sha256(&[&bytes]))))
    }

    /// The first bytes of what is at `url`, at most so many; `None` if there is nothing.
    ///
    /// # Errors
    /// Nobody can tell.
    pub async fn beginning_of(&self, url: &Url, length: u64) -> Result<Option<Bytes>, GrabError> {
        let range = ByteRange { offset: 0, length };
        let mut failures = 0;
        loop {
            let error = match beginning(self.client, url, range, failures).await {
                Ok(bytes) => return Ok(Some(bytes)),
                Err(FetchError::Http(error @ HttpError::OutOfReach { .. })) => return Err(error.into()),
                Err(error) => error,
            };
            match error.http().and_then(HttpError::status) {
                // It has fewer bytes than none: an empty file.
                Some(StatusCode::NOT_FOUND | StatusCode::GONE | StatusCode::RANGE_NOT_SATISFIABLE) => return Ok(None),
                // Object stores say that instead of 404 to those who may not list.
                Some(StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED) => {
                    self.refused.store(true, Ordering::Relaxed);
                    return Ok(None);
                }
                _ if matches!(error, FetchError::Empty(_)) => return Ok(None),
                _ => {}
            }
            failures += 1;
            if policy::UNFIT.gives_up(failures) {
                return Err(GrabError::Probing { source: error });
            }
            let asked = error.http().map(policy::asked).unwrap_or_default();
            self.client.clock().sleep(policy::UNFIT.wait(failures).max(asked)).await;
        }
    }
}

/// How many there are from `first` to `last`.
fn counted(first: u64, last: u64) -> Result<u64, GrabError> {
    let count = last.saturating_sub(first).saturating_add(1);
    if count > MOST_SEGMENTS { Err(too_many()) } else { Ok(count) }
}

fn too_many() -> GrabError {
    GrabError::Absent(format!(
        "there are more than {MOST_SEGMENTS} segments, which are the most: say where they begin and how many there are \
         with (*), `--from` and `--count`"
    ))
}
