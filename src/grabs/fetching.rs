//! Fetches the segments of a plan into its folder, many at a time.
//!
//! Each is tried as [`policy`] says, by what fails: what the server does not have, what comes and is no sound, what does
//! not come. What is given up is missing, with its cause; the others go on. Only when nothing comes any more, or the
//! server refuses one after another, the whole ends: trying all the rest would take hours, and the next run goes on.
//!
//! If the rights of an address are gone, what there is to be fetched is found once more: from the page or the playlist,
//! whose segments may have new tokens.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use reqwest::StatusCode;
use tokio_util::sync::CancellationToken;

use super::error::GrabError;
use super::folder::{Folder, Kept, Kind, hash};
use super::plan::Track;
use super::progress::Progress;
use super::renewal::Renewal;
use super::repeats::{Repeats, may_not_repeat, there};
use crate::base::environment::Environment;
use crate::base::http::HttpError;
use crate::capture::source::hls::{Claims, EncryptedBytes, FetchError, Fetcher, Sound};
use crate::capture::source::policy;
use crate::model::{AsCause as _, Cause, CauseKind, Container};

/// If nothing came for so long, nothing more is expected.
const OUTAGE: Duration = Duration::from_mins(2);
/// After so many segments in a row that are absent or refused, the next ones are not tried so often.
const IN_A_ROW: usize = 20;

/// What is said of a segment whose end is missing.
pub const CUT_SHORT: &str = "it came cut short";

/// A segment that did not come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost {
    /// Its track, and its place in that.
    pub place: (u8, usize),
    /// Why.
    pub cause: Cause,
}

/// What the tasks that fetch share.
pub struct Fetching {
    renewal: Renewal,
    fetcher: Fetcher,
    folder: Folder,
    progress: Progress,
    environment: Environment,
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
}

/// Why a try brought nothing that counts.
#[derive(Debug)]
enum Fault {
    Fetch(FetchError),
    /// It is the same as another.
    Repeated(String),
    /// Its end is missing.
    Short(Box<Sound>, Duration),
}

impl Fault {
    /// Whether the server is there, and what it has will hardly change.
    fn stays(&self) -> bool {
        match self {
            Self::Repeated(_) | Self::Short(..) => true,
            Self::Fetch(error) => {
                let is_unfit =
                    matches!(error.cause_kind(), CauseKind::Unusable | CauseKind::Segment | CauseKind::Encrypted);
                let is_final = is_out_of_reach(error) || matches!(error, FetchError::Empty(_));
                is_absent(error) || is_refused(error) || is_unfit || is_final
            }
        }
    }

    fn cause(&self) -> Cause {
        match self {
            Self::Fetch(error) => error.as_cause(),
            Self::Repeated(other) => {
                Cause::new(CauseKind::Unusable, format!("the server sends segment {other} for it once more"))
            }
            Self::Short(..) => Cause::new(CauseKind::Segment, CUT_SHORT),
        }
    }
}

/// How a fault is tried again; `None` if it is not.
fn retry(fault: &Fault) -> Option<policy::Retry> {
    match fault {
        Fault::Repeated(_) => Some(policy::ABSENT),
        Fault::Short(..) => Some(policy::SHORT),
        Fault::Fetch(FetchError::Encrypted(_)) => None,
        Fault::Fetch(error) if is_out_of_reach(error) => None,
        Fault::Fetch(error) if is_absent(error) || is_refused(error) => Some(policy::ABSENT),
        Fault::Fetch(_) if fault.stays() => Some(policy::UNFIT),
        Fault::Fetch(_) => Some(policy::GRABBED),
    }
}

impl Fetching {
    /// Prepares to fetch those segments of the plan that are not in `folder`.
    pub(super) fn new(
        renewal: Renewal,
        fetcher: Fetcher,
        folder: Folder,
        progress: Progress,
        environment: Environment,
        largest: Option<u64>,
    ) -> Self {
        let plan = renewal.plan();
        let (mut todo, mut seen) = (Vec::new(), HashMap::new());
        for (number, track) in (0_u8..).zip(&plan.tracks) {
            let mut repeats = Repeats::of(track);
            for at in 0..track.len() {
                let entry = there(track, number, at, &folder);
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
        Self {
            renewal,
            fetcher,
            folder,
            progress,
            environment,
            largest,
            todo,
            begun,
            claims,
            seen: Mutex::new(seen),
            again: Mutex::default(),
            state,
            end,
        }
    }

    /// Fetches all of them, `parallel` at a time. Returns what did not come. Cancelled by dropping it.
    pub(super) async fn run(self, parallel: usize) -> Result<Vec<Lost>, GrabError> {
        let this = Arc::new(self);
        let _end = this.end.clone().drop_guard();
        let tasks: Vec<_> = (0..parallel.min(this.todo.len()))
            .map(|_| {
                let worker = Arc::clone(&this);
                this.environment.spawn(async move {
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
                    self.progress.lost();
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
            let plan = self.renewal.plan();
            let Some(list) = plan.tracks.get(usize::from(track)) else { return Ok(None) };
            if list.is_gap(at) {
                let words = "its playlist says that there is nothing (EXT-X-GAP)";
                return Ok(Some(Cause::new(CauseKind::OffAir, words)));
            }
            let Some(segment) = list.segment(at) else { return Ok(None) };
            let fetched = self.fetcher.segment(&segment, failures, &mut encrypted).await;
            let judged = fetched.map_err(Fault::Fetch).and_then(|sound| self.judge(list, track, at, sound));
            let fault = match judged {
                Ok(sound) => {
                    self.keep(list, track, at, sound, Duration::ZERO).await?;
                    return Ok(None);
                }
                Err(fault) => fault,
            };
            failures = failures.saturating_add(1);
            let is_refused = matches!(&fault, Fault::Fetch(error) if is_refused(error));
            if is_refused && self.renewal.renew(&plan).await {
                continue;
            }
            let (retry, stays) = (retry(&fault), fault.stays());
            let cause = fault.cause();
            tracing::debug!(number = list.number(at), %cause, failures, "a segment did not come");
            if let Fault::Short(sound, lacks) = fault {
                short = Some((sound, lacks));
            }
            let is_hopeless = stays && self.state().in_a_row >= IN_A_ROW;
            if retry.is_none_or(|retry| is_hopeless || retry.gives_up(failures)) {
                if let Some((sound, lacks)) = short.take() {
                    return self.keep_short(list, track, at, *sound, lacks).await;
                }
                if stays {
                    self.go_on_without(&cause, is_refused)?;
                    return Ok(Some(cause));
                }
                if self.is_given_up(begun, &cause)? {
                    return Ok(Some(cause));
                }
            }
            self.environment.clock.sleep(retry.unwrap_or(policy::UNFIT).wait(failures)).await;
        }
    }

    /// Whether what came counts.
    fn judge(&self, list: &Track, track: u8, at: usize, sound: Sound) -> Result<Sound, Fault> {
        if is_timed(sound.container, &sound.bytes) {
            let other = self.seen().get(&hash(&sound.bytes)).copied();
            let is_repeat =
                |(of, earlier): (u8, usize)| of == track && earlier < at && may_not_repeat(list, earlier, at);
            if let Some((_, other)) = other.filter(|other| is_repeat(*other)) {
                return Err(Fault::Repeated(list.called(other)));
            }
        }
        let claims = self.claims.get(usize::from(track));
        let lacks = match (claims, list.segment(at)) {
            (Some(claims), Some(segment)) if !claims.are_too_high() => claims.lacking(&sound, &segment),
            _ => Duration::ZERO,
        };
        match (lacks.is_zero(), sound.is_cut) {
            (false, _) => Err(Fault::Short(Box::new(sound), lacks)),
            (true, true) => Err(Fault::Short(Box::new(sound), Duration::MAX)),
            (true, false) => Ok(sound),
        }
    }

    /// Keeps a segment whose end does not come. Returns why it is missing.
    async fn keep_short(
        &self,
        list: &Track,
        track: u8,
        at: usize,
        sound: Sound,
        lacks: Duration,
    ) -> Result<Option<Cause>, GrabError> {
        let untrue = self.claims.get(usize::from(track)).is_some_and(Claims::confirm_short);
        let lacks = if untrue && lacks != Duration::MAX { Duration::ZERO } else { lacks };
        self.keep(list, track, at, sound, lacks).await?;
        Ok(None)
    }

    async fn keep(&self, list: &Track, track: u8, at: usize, sound: Sound, lacks: Duration) -> Result<(), GrabError> {
        let Sound { bytes, container, probe, init, .. } = sound;
        let (id, hash, length) = ((track, list.number(at)), hash(&bytes), bytes.len() as u64);
        if is_timed(container, &bytes)
            && let Some((of, later)) = self.seen().insert(hash, (track, at))
            && of == track
            && at < later
            && may_not_repeat(list, at, later)
        {
            // It came before this one, which it is once more.
            self.again().push((track, later));
            self.progress.gone();
        }
        let kept = Kept {
            id,
            name: list.name(at),
            is_timed: is_timed(container, &bytes),
            bytes,
            hash,
            kind: Kind(container.live_extension()),
            init,
            plays: probe.duration,
            lacks,
        };
        self.folder.keep(kept).await?;
        self.progress.came(length);
        {
            let mut state = self.state();
            (state.came, state.in_a_row) = (self.now(), 0);
        }
        match self.largest.filter(|most| self.progress.standing().bytes > *most) {
            Some(_) => Err(GrabError::TooLarge),
            None => Ok(()),
        }
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
        let came = self.state().came;
        let is_last = self.begun.load(Ordering::Relaxed) >= self.todo.len();
        if came > begun || is_last {
            return Ok(true);
        }
        if self.now().saturating_sub(came) < OUTAGE {
            return Ok(false);
        }
        Err(GrabError::Away { minutes: OUTAGE.as_secs() / 60, cause: cause.words.clone() })
    }

    fn now(&self) -> Duration {
        self.environment.clock.monotonic()
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

/// Whether bytes of `container` say when they play: no two segments have the same, not even of silence.
fn is_timed(container: Container, bytes: &[u8]) -> bool {
    matches!(container, Container::MpegTs | Container::Fmp4) || bytes.starts_with(b"ID3")
}

fn status(error: &FetchError) -> Option<StatusCode> {
    match error {
        FetchError::Http(error) => error.status(),
        FetchError::NoKey(error) => status(error),
        _ => None,
    }
}

/// Whether the address may not be asked, which does not pass.
fn is_out_of_reach(error: &FetchError) -> bool {
    match error {
        FetchError::Http(error) => matches!(error, HttpError::OutOfReach { .. }),
        FetchError::NoKey(error) => is_out_of_reach(error),
        _ => false,
    }
}

fn is_absent(error: &FetchError) -> bool {
    let absent = [StatusCode::NOT_FOUND, StatusCode::GONE, StatusCode::RANGE_NOT_SATISFIABLE];
    status(error).is_some_and(|status| absent.contains(&status))
}

/// Whether the address is not good any more.
fn is_refused(error: &FetchError) -> bool {
    status(error).is_some_and(|status| policy::GRABBED.lost_rights(status) && status != StatusCode::GONE)
}
