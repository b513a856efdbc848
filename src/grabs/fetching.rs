//! Fetches the segments of a plan into its folder, many at a time.
//!
//! Each is tried as [`policy`] says, by what fails: what the server does not have, what comes and is no sound, what does
//! not come. What is given up is missing, with its cause; the others go on. Only when nothing comes any more, or the
//! server refuses one after another, the whole ends: trying all the rest would take hours, and the next run goes on.
//!
//! If the rights of an address are gone, what there is to be fetched is found once more: from the page or the playlist,
//! whose segments may have new tokens.
//!
//! A server that is busy says when it wants to be asked again (`Retry-After`): until then no task asks it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::error::GrabError;
use super::fault::Fault;
use super::folder::Folder;
use super::got::{Got, Spot};
use super::progress::Progress;
use super::renewal::Renewal;
use super::repeats::{Repeats, may_not_repeat, there};
use crate::base::environment::Environment;
use crate::capture::source::hls::{Claims, EncryptedBytes, Fetcher, Segment};
use crate::capture::source::policy;
use crate::model::{Cause, CauseKind};

/// If nothing came for so long, nothing more is expected.
const OUTAGE: Duration = Duration::from_mins(2);
/// After so many segments in a row that are absent or refused, the next ones are not tried so often.
const IN_A_ROW: usize = 20;

/// A segment that did not come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost {
    /// Its track, and its place in that.
    pub place: (u8, usize),
    /// Why.
    pub cause: Cause,
}

/// What it takes to fetch.
#[derive(Debug)]
pub(super) struct Means {
    /// The plan, whose addresses may expire.
    pub renewal: Renewal,
    /// Fetches one segment.
    pub fetcher: Fetcher,
    /// Where they are kept.
    pub folder: Folder,
    /// Who is told how far it is.
    pub progress: Progress,
    /// Clock and tasks.
    pub environment: Environment,
    /// The most bytes of all together. `None` if only the disk bounds them.
    pub largest: Option<u64>,
}

/// What the tasks that fetch share.
pub(super) struct Fetching {
    means: Means,
    /// The most bytes that may come in this run.
    largest: Option<u64>,
    /// The segments that are still to be fetched, and how many of them were begun.
    todo: Vec<(u8, usize)>,
    begun: AtomicUsize,
    /// How true each track is about the lengths of its segments.
    claims: Vec<Claims>,
    /// Where segments with these bytes are that say when they play.
    seen: Mutex<HashMap<u64, (u8, usize)>>,
    /// Segments to be fetched once more.
    again: Mutex<Vec<(u8, usize)>>,
    state: Mutex<State>,
    /// Cancelled when nothing more is to be fetched.
    end: CancellationToken,
}

#[derive(Debug, Default)]
struct State {
    lost: Vec<Lost>,
    failure: Option<GrabError>,
    /// When something last came; monotonic.
    came: Duration,
    /// How many in a row were absent or refused.
    in_a_row: usize,
    /// Until when the server wants not to be asked, monotonic; and for how long it last wanted that, since something came.
    quiet_until: Duration,
    quiet: Duration,
}

impl Fetching {
    /// Prepares to fetch those segments of the plan that are not in the folder.
    pub(super) fn new(means: Means) -> Self {
        let Means { renewal, folder, progress, environment, largest, .. } = &means;
        let plan = renewal.plan();
        let (mut todo, mut seen) = (Vec::new(), HashMap::new());
        for (number, track) in (0_u8..).zip(&plan.tracks) {
            let mut repeats = Repeats::of(track);
            for at in 0..track.len() {
                let entry = there(track, number, at, folder);
                let is_repeat = entry.is_some_and(|entry| repeats.next(at, &entry).is_some());
                if let Some(entry) = entry.filter(|entry| entry.is_timed) {
                    seen.entry(entry.hash).or_insert((number, at));
                }
                if is_repeat || entry.is_none_or(|entry| !entry.lacks.is_zero()) {
                    todo.push((number, at));
                }
            }
        }
        progress.fetching(plan.size(), plan.size() - todo.len());
        let claims = plan.tracks.iter().map(|_| Claims::default()).collect();
        let state = Mutex::new(State { came: environment.clock.monotonic(), ..State::default() });
        let largest = largest.map(|most| most.saturating_sub(folder.size().1));
        let (begun, end) = (AtomicUsize::new(0), environment.stop.child_token());
        Self { means, largest, todo, begun, claims, seen: Mutex::new(seen), again: Mutex::default(), state, end }
    }

    /// Fetches all of them, `parallel` at a time. Returns what did not come. Cancelled by dropping it.
    pub(super) async fn run(self, parallel: usize) -> Result<Vec<Lost>, GrabError> {
        let this = Arc::new(self);
        let _end = this.end.clone().drop_guard();
        let tasks: Vec<_> = (0..parallel.min(this.todo.len()))
            .map(|_| {
                let worker = Arc::clone(&this);
                this.means.environment.spawn(async move {
                    let end = worker.end.clone();
                    end.run_until_cancelled(worker.work()).await;
                })
            })
            .collect();
        for task in tasks {
            // One that panicked has said so; what it had begun is missing.
            let _ = task.await;
        }
        let mut state = this.state();
        if let Some(failure) = state.failure.take() {
            return Err(failure);
        }
        Ok(std::mem::take(&mut state.lost))
    }

    /// Fetches one after another.
    async fn work(&self) {
        loop {
            let again = self.again().pop();
            let next = || self.todo.get(self.begun.fetch_add(1, Ordering::Relaxed)).copied();
            let Some((track, at)) = again.or_else(next) else { return };
            match Box::pin(self.obtain(track, at)).await {
                Ok(None) => {}
                Ok(Some(cause)) => {
                    self.means.progress.lost();
                    self.state().lost.push(Lost { place: (track, at), cause });
                }
                Err(failure) => {
                    self.state().failure.get_or_insert(failure);
                    self.end.cancel();
                    return;
                }
            }
        }
    }

    /// Fetches the segment at this place, and keeps it. Returns why it is missing, if it is.
    async fn obtain(&self, track: u8, at: usize) -> Result<Option<Cause>, GrabError> {
        let (begun, mut failures, mut short) = (self.now(), 0_u32, None);
        let mut encrypted = EncryptedBytes::default();
        loop {
            let plan = self.means.renewal.plan();
            let Some(list) = plan.tracks.get(usize::from(track)) else { return Ok(None) };
            let spot = Spot { list, track, at };
            if list.is_gap(at) {
                let words = "its playlist says that there is nothing (EXT-X-GAP)";
                return Ok(Some(Cause::new(CauseKind::OffAir, words)));
            }
            let Some(segment) = spot.segment() else { return Ok(None) };
            self.leave_alone().await;
            let fetched = self.means.fetcher.segment(&segment, failures, &mut encrypted).await;
            let judged = fetched.map_err(Fault::Fetch).and_then(|sound| self.judge(spot, &segment, Got::of(sound)));
            let fault = match judged {
                Ok(got) => {
                    self.keep(spot, got, Duration::ZERO).await?;
                    return Ok(None);
                }
                Err(fault) => fault,
            };
            failures = failures.saturating_add(1);
            if fault.is_expired() && self.means.renewal.renew(&plan).await {
                continue;
            }
            let (retry, stays, is_refused) = (fault.retry(), fault.stays(), fault.is_refused());
            let cause = fault.cause();
            tracing::debug!(number = list.number(at), %cause, failures, "a segment did not come");
            self.note_wait(&fault);
            if let Fault::Short(got, lacks) = fault {
                short = Some((got, lacks));
            }
            let is_hopeless = stays && self.state().in_a_row >= IN_A_ROW;
            if retry.is_none_or(|retry| is_hopeless || retry.gives_up(failures)) {
                if let Some((got, lacks)) = short.take() {
                    self.keep_short(spot, *got, lacks).await?;
                    return Ok(None);
                }
                if stays {
                    self.go_on_without(&cause, is_refused)?;
                    return Ok(Some(cause));
                }
                if self.is_given_up(begun, &cause)? {
                    return Ok(Some(cause));
                }
            }
            self.means.environment.clock.sleep(retry.unwrap_or(policy::UNFIT).wait(failures)).await;
        }
    }

    /// Whether what came counts.
    fn judge(&self, spot: Spot<'_>, segment: &Segment, got: Got) -> Result<Got, Fault> {
        let Spot { list, track, at } = spot;
        if got.is_timed {
            let other = self.seen().get(&got.hash).copied();
            let is_repeat =
                |(of, earlier): (u8, usize)| of == track && earlier < at && may_not_repeat(list, earlier, at);
            if let Some((_, other)) = other.filter(|other| is_repeat(*other)) {
                return Err(Fault::Repeated(list.called(other)));
            }
        }
        let lacks = match self.claims.get(usize::from(track)) {
            Some(claims) if !claims.are_too_high() => claims.lacking(&got.sound, segment),
            _ => Duration::ZERO,
        };
        match (lacks.is_zero(), got.sound.is_cut) {
            (false, _) => Err(Fault::Short(Box::new(got), lacks)),
            (true, true) => Err(Fault::Short(Box::new(got), Duration::MAX)),
            (true, false) => Ok(got),
        }
    }

    /// Keeps a segment whose end does not come.
    async fn keep_short(&self, spot: Spot<'_>, got: Got, lacks: Duration) -> Result<(), GrabError> {
        let untrue = self.claims.get(usize::from(spot.track)).is_some_and(Claims::confirm_short);
        let lacks = if untrue && lacks != Duration::MAX { Duration::ZERO } else { lacks };
        self.keep(spot, got, lacks).await
    }

    async fn keep(&self, spot: Spot<'_>, got: Got, lacks: Duration) -> Result<(), GrabError> {
        if got.is_timed
            && let Some((of, later)) = self.seen().insert(got.hash, spot.place())
            && of == spot.track
            && spot.at < later
            && may_not_repeat(spot.list, spot.at, later)
        {
            // It came before this one, which it is once more.
            self.again().push((spot.track, later));
            self.means.progress.gone();
        }
        let kept = got.kept(spot, lacks);
        let length = kept.bytes.len() as u64;
        self.means.folder.keep(kept).await?;
        self.means.progress.came(length);
        {
            let mut state = self.state();
            (state.came, state.in_a_row, state.quiet) = (self.now(), 0, Duration::ZERO);
        }
        match self.largest.filter(|most| self.means.progress.standing().bytes > *most) {
            Some(_) => Err(GrabError::TooLarge),
            None => Ok(()),
        }
    }

    /// Waits for as long as the server wants not to be asked.
    async fn leave_alone(&self) {
        loop {
            let (until, now) = (self.state().quiet_until, self.now());
            if until <= now {
                return;
            }
            self.means.environment.clock.sleep(until.saturating_sub(now)).await;
        }
    }

    /// Notes for how long the server wants not to be asked: by none of the tasks.
    fn note_wait(&self, fault: &Fault) {
        let wait = fault.wait();
        let until = self.now().saturating_add(wait);
        let mut state = self.state();
        state.quiet_until = state.quiet_until.max(until);
        state.quiet = state.quiet.max(wait);
    }

    /// Counts a segment that the server has not, or not as a segment, before the next one is asked for.
    ///
    /// # Errors
    /// The server refuses one after another.
    fn go_on_without(&self, cause: &Cause, is_refused: bool) -> Result<(), GrabError> {
        let mut state = self.state();
        state.in_a_row += 1;
        if is_refused && state.in_a_row > IN_A_ROW {
            return Err(GrabError::Refused { cause: cause.words.clone() });
        }
        Ok(())
    }

    /// Whether a segment that did not come, asked for often enough since `begun`, is given up.
    ///
    /// # Errors
    /// Nothing else comes either.
    fn is_given_up(&self, begun: Duration, cause: &Cause) -> Result<bool, GrabError> {
        let (came, quiet) = {
            let state = self.state();
            (state.came, state.quiet)
        };
        let is_last = self.begun.load(Ordering::Relaxed) >= self.todo.len();
        if came > begun || is_last {
            return Ok(true);
        }
        // While it wants not to be asked, nothing can come.
        if self.now().saturating_sub(came) < OUTAGE + quiet {
            return Ok(false);
        }
        Err(GrabError::Away { minutes: OUTAGE.as_secs() / 60, cause: cause.words.clone() })
    }

    fn now(&self) -> Duration {
        self.means.environment.clock.monotonic()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn again(&self) -> MutexGuard<'_, Vec<(u8, usize)>> {
        self.again.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn seen(&self) -> MutexGuard<'_, HashMap<u64, (u8, usize)>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
