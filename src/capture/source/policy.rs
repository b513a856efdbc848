//! What is retried, how soon and for how long, and what makes a station's address be resolved again: one table for all
//! sources.
//!
//! | what fails | first wait | longest wait | is tried | resolves the address again |
//! | --- | --- | --- | --- | --- |
//! | [`PLAYLIST`]: a reload | 0.25 s | one target duration, 1 s to 5 s | until the capture ends | 400, 401, 403, 404, 410 at once; else every 4th failure in a row |
//! | [`SEGMENT`]: a segment, its key or map | 0.25 s | 2 s | while the window offers it, and once after; for a minute if newer ones come | 401, 403, 410 |
//! | [`SHORT`]: a segment that is shorter than listed | 0.25 s | 2 s | while the window offers it, and once after; 5 times at most, then it is believed | never |
//! | [`GRABBED`]: a segment of a grab that does not come | 0.25 s | 10 s | 10 times; for two minutes if nothing else comes either | 401, 403, 410 |
//! | [`ABSENT`]: one that is said not to be there | 0.25 s | 2 s | 3 times | – |
//! | [`UNFIT`]: one that comes and is no sound | 0.25 s | 2 s | 5 times | – |
//! | [`ADDRESS`]: resolving the address | 0.25 s | 10 s | until the capture ends; the address it has is used meanwhile | – |
//! | [`CONNECTION`]: RTMP, Icecast | 0.25 s; at once after one that was good | 10 s | until the capture ends | every time: connecting includes it |
//! | [`titles`]: what plays, at an address of the station | twice as long as between two questions | 10 min | as long as the station is taped | – |
//! | [`LATELY`]: a connection within a minute of its last sound | 0.25 s | 0.75 s | | |
//!
//! A server that says when it wants to be asked again (`Retry-After` with 429 and 503) is asked for a grab no earlier, for at
//! most two minutes.
//!
//! Waits double and vary by a fifth, so that many recorders do not return to a restarted station in step. A success
//! starts the row from the beginning. Only the doubt about a short segment ends by count, and what is not
//! live: a grab. The retries of a segment end when the station no longer offers it, or when it fails while newer ones come.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

use reqwest::StatusCode;

use crate::base::http::HttpError;

/// The longest wait between two tries of anything.
pub const LONGEST: Duration = Duration::from_secs(10);
/// The bounds of the longest wait between two reloads.
const LONGEST_RELOAD: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(5));

/// The longest that a server may ask to be left alone, by whoever fetches what is not live.
const LONGEST_ASKED: Duration = Duration::from_mins(2);

/// For how long the server that answered with `error` is left alone because it asks for that.
pub fn asked(error: &HttpError) -> Duration {
    error.wait().unwrap_or_default().min(LONGEST_ASKED)
}

/// A playlist that could not be fetched or read. With [`Retry::at_most`] a target duration, so that none passes unseen.
pub const PLAYLIST: Retry =
    Retry { longest: LONGEST_RELOAD.1, rights: &[400, 401, 403, 404, 410], patience: Some(4), ..USUAL };

/// A segment that could not be fetched. Windows are short, so waits are; a single segment may well be missing (404).
pub const SEGMENT: Retry = Retry { longest: Duration::from_secs(2), rights: &[401, 403, 410], ..USUAL };

/// After this long of retries of a segment, a newer one is requested to find out which of them is at fault.
pub const COMPARED_AFTER: Duration = Duration::from_secs(30);

/// A segment is given up when a newer one came so often running. Twice, because a station that comes back may fail here
/// and there; and soon enough that what waits behind it is on tape before a recording that ends there is closed.
pub const COMPARED: u32 = 2;

/// A segment that is whole by its own account, but plays for less than the list says.
pub const SHORT: Retry = Retry { longest: Duration::from_secs(2), most: Some(5), ..USUAL };

/// A segment of a grab that could not be fetched. It does not go away, so there is time.
pub const GRABBED: Retry = Retry { rights: SEGMENT.rights, most: Some(10), ..USUAL };

/// A segment of a grab that the server does not have: it says so again, unless it was a slip.
pub const ABSENT: Retry = Retry { longest: Duration::from_secs(2), most: Some(3), ..USUAL };

/// A segment of a grab that is a page, empty, cut short or another one: caches and servers that are busy do that.
pub const UNFIT: Retry = Retry { longest: Duration::from_secs(2), most: Some(5), ..USUAL };

/// An address that could not be resolved.
pub const ADDRESS: Retry = USUAL;

/// A connection that ended or delivers nothing.
pub const CONNECTION: Retry = USUAL;

/// A connection that played until a moment ago: what it plays between two attempts is lost.
pub const LATELY: Retry = Retry { longest: Duration::from_millis(750), ..USUAL };

/// What plays, which is asked for `every` so often.
pub fn titles(every: Duration) -> Retry {
    Retry { first: 2 * every, longest: Duration::from_mins(10).max(every), ..USUAL }
}

const USUAL: Retry =
    Retry { first: Duration::from_millis(250), longest: LONGEST, rights: &[], patience: None, most: None };

/// A row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    first: Duration,
    longest: Duration,
    /// Statuses that mean that the address is no longer good.
    rights: &'static [u16],
    /// After this many other failures in a row the address is resolved again as well.
    patience: Option<u32>,
    /// Tries at most.
    most: Option<u32>,
}

impl Retry {
    /// This row with one target duration as the longest wait, if that is known.
    #[must_use]
    pub fn at_most(self, target: Option<Duration>) -> Self {
        let (least, most) = LONGEST_RELOAD;
        Self { longest: target.map_or(SEGMENT.longest, |target| target.clamp(least, most)), ..self }
    }

    /// The wait after `failures` failures in a row (1 for the first).
    pub fn wait(&self, failures: u32) -> Duration {
        self.step(failures).mul_f64(0.8 + 0.4 * chance())
    }

    fn step(&self, failures: u32) -> Duration {
        self.first.saturating_mul(2_u32.saturating_pow(failures.saturating_sub(1).min(10))).min(self.longest)
    }

    /// Whether try number `tries` is the last.
    pub fn gives_up(&self, tries: u32) -> bool {
        self.most.is_some_and(|most| tries >= most)
    }

    /// Whether this status means that the address is no longer good.
    pub fn lost_rights(&self, status: StatusCode) -> bool {
        self.rights.contains(&status.as_u16())
    }

    /// Whether failure number `failures` in a row makes the address be resolved again, if its status alone does not.
    pub fn gives_up_address(&self, failures: u32) -> bool {
        self.patience.is_some_and(|patience| failures > 0 && failures.is_multiple_of(patience))
    }
}

/// The waits of one thing that fails again and again.
#[derive(Debug, Clone)]
pub struct Backoff {
    retry: Retry,
    failures: u32,
}

impl Backoff {
    /// A backoff that starts with the first wait of `retry`.
    pub fn new(retry: Retry) -> Self {
        Self { retry, failures: 0 }
    }

    /// The wait after one more failure.
    pub fn wait(&mut self) -> Duration {
        self.failures = self.failures.saturating_add(1);
        self.retry.wait(self.failures)
    }

    /// The wait after one more failure, by another row of the table.
    pub fn wait_as(&mut self, retry: Retry) -> Duration {
        self.wait().min(retry.wait(self.failures))
    }

    /// It works again: the next wait is the first one.
    pub fn reset(&mut self) {
        self.failures = 0;
    }
}

/// A number from 0 to 1. The standard library's hash seeds are random enough to spread requests.
fn chance() -> f64 {
    let random = u32::try_from(RandomState::new().build_hasher().finish() >> 32).unwrap_or_default();
    f64::from(random) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests;
