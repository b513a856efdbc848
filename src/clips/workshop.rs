//! The workshop: makes the clips that the service was asked for.
//!
//! What is asked for is in the catalogue before it is answered, and is made after a restart as well. A clip whose end is
//! still to come keeps its stations on tape until then. Clips are made one after another: each takes all processors for a
//! moment, and the recordings of shows go first.
//!
//! What fails for a reason that may pass (a disk that is full, a folder that is away) is tried again for as long as tape
//! is kept, what fails for another reason a few times; then the clip is on the list as failed, with the cause.

use std::collections::HashMap;
use std::fs::File;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::check::{Checked, check, check_again};
use super::error::ClipError;
use super::make::{self, MakeError, into_library};
use super::preview::{Preview, preview};
use super::request::ClipRequest;
use super::sources::{Origin, Sources};
use super::stored::{clip_of, text_of};
use crate::base::blocking::blocking;
use crate::base::clock::sleep_until;
use crate::base::duration::delta;
use crate::base::environment::Environment;
use crate::capture::deck::{Decks, Lease};
use crate::config::Config;
use crate::housekeeping::{Housekeeping, TAPE_KEPT};
use crate::language::Sentence;
use crate::library::artwork::Pictures;
use crate::library::catalogue::{AskedClip, Catalogue, CatalogueError};
use crate::library::imprint;
use crate::library::store::Store;
use crate::model::{
    Airing, AiringId, AsCause as _, Cause, CauseKind, Clip, Finished, JobId, JobKind, JobState, Outcome, Piece, Span,
    StationId, Transition,
};
use crate::production::following::LATEST;
use crate::tape::{Tape, TapeError, reaches};

/// How long the workshop waits for a station that has to be connected to for what its window may still hold.
const CONNECTING: Duration = Duration::from_secs(30);
/// How long sound of a piece whose end has passed may still be on its way.
const ON_ITS_WAY: TimeDelta = TimeDelta::minutes(5);
/// How often a clip is tried that fails for a reason that does not pass.
const ATTEMPTS: u32 = 3;
/// The pause after a failed attempt; it grows by this much after each.
const PAUSE: Duration = Duration::from_secs(5);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);
/// The most clips that wait to be made. More are a mistake of a script.
const MOST: usize = 500;

/// Makes clips. Clones share one state.
#[derive(Debug, Clone)]
pub struct Clips {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    environment: Environment,
    config: watch::Receiver<Arc<Config>>,
    catalogue: Catalogue,
    store: Store,
    pictures: Pictures,
    decks: Decks,
    housekeeping: Housekeeping,
    /// Lets one clip be made at a time.
    turn: Semaphore,
    open: Mutex<HashMap<AiringId, Open>>,
}

/// A clip that is still to be made.
#[derive(Debug, Clone)]
struct Open {
    title: String,
    asked_at: DateTime<Utc>,
    ends: Option<DateTime<Utc>>,
    /// What keeps it from being made. `None` if nothing does.
    trouble: Option<String>,
    /// Cancelled if it is withdrawn.
    withdrawn: CancellationToken,
}

/// How far a clip is that is still to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Its id.
    pub id: AiringId,
    /// Its title.
    pub title: String,
    /// When it was asked for.
    pub asked_at: DateTime<Utc>,
    /// When the last of it is on the air. `None` if it is made of recordings.
    pub ends: Option<DateTime<Utc>>,
    /// What keeps it from being made. `None` if nothing does.
    pub trouble: Option<String>,
}

impl Clips {
    /// Opens the workshop of a service, and goes on with the clips that a stopped or crashed process has left.
    ///
    /// # Errors
    /// The catalogue cannot be read.
    pub async fn open(
        environment: Environment,
        config: watch::Receiver<Arc<Config>>,
        (catalogue, store, pictures): (Catalogue, Store, Pictures),
        decks: Decks,
        housekeeping: &Housekeeping,
    ) -> Result<Self, CatalogueError> {
        let (turn, open, housekeeping) = (Semaphore::new(1), Mutex::default(), housekeeping.clone());
        let left = catalogue.clips_to_make().await?;
        let shared = Shared { environment, config, catalogue, store, pictures, decks, housekeeping, turn, open };
        let clips = Self { shared: Arc::new(shared) };
        for clip in left {
            info!(clip = %clip.id, "goes on");
            clips.note(&clip.id, JobState::Queued, Some(Cause::not_running()));
            clips.begin(clip);
        }
        Ok(clips)
    }

    /// Says what would come of a clip.
    ///
    /// # Errors
    /// It cannot be made; the error says why.
    pub async fn preview(&self, request: &ClipRequest) -> Result<(Checked, Preview), ClipError> {
        let now = self.now();
        let checked = check(request, &self.sources(), now).await?;
        let preview = preview(&checked, now).await;
        Ok((checked, preview))
    }

    /// Takes on a clip. Returns how far it is, and what will come of it.
    ///
    /// # Errors
    /// It cannot be made; the error says why. Nothing was changed.
    pub async fn add(&self, request: &ClipRequest) -> Result<(Standing, Preview), ClipError> {
        let (checked, preview) = self.preview(request).await?;
        if self.waiting().len() >= MOST {
            return Err(ClipError::Wrong(Sentence::new("problem_clip_queue").with("most", MOST)));
        }
        let asked_at = self.now();
        let mut start = asked_at.trunc_subsecs(0);
        let (title, pieces) = (checked.clip.title.clone(), text_of(&checked.clip));
        loop {
            let id = AiringId::derive(&Config::clips(), start);
            let (title, pieces) = (title.clone(), pieces.clone());
            let clip = AskedClip { id, title, pieces, asked_at, file: None };
            if self.shared.catalogue.ask_clip(clip.clone()).await? {
                info!(clip = %clip.id, title = clip.title, "asked for");
                return Ok((self.begin(clip), preview));
            }
            // Several are asked for in one second.
            start += TimeDelta::seconds(1);
        }
    }

    /// Returns the clips that are still to be made, the oldest first.
    pub fn standing(&self) -> Vec<Standing> {
        let mut standing: Vec<_> = self.waiting().iter().map(|(id, open)| open.standing(id)).collect();
        standing.sort_by(|one, other| (one.asked_at, &one.id).cmp(&(other.asked_at, &other.id)));
        standing
    }

    /// Gives up a clip that is still to be made. Returns whether there was one.
    ///
    /// # Errors
    /// The catalogue cannot be written.
    pub async fn withdraw(&self, id: &AiringId) -> Result<bool, CatalogueError> {
        let withdrawn = self.shared.catalogue.withdraw_clip(id, self.now()).await?;
        if withdrawn && let Some(open) = self.waiting().get(id) {
            open.withdrawn.cancel();
        }
        Ok(withdrawn)
    }

    /// Starts the task of a clip. Returns how far it is.
    fn begin(&self, clip: AskedClip) -> Standing {
        let ends = clip_of(&clip.title, &clip.pieces).and_then(|clip| clip.ends());
        let (title, asked_at) = (clip.title.clone(), clip.asked_at);
        let withdrawn = self.shared.environment.stop.child_token();
        let open = Open { title, asked_at, ends, trouble: None, withdrawn: withdrawn.clone() };
        let standing = open.standing(&clip.id);
        self.waiting().insert(clip.id.clone(), open);
        let clips = self.clone();
        self.shared.environment.spawn(async move {
            let id = clip.id.clone();
            withdrawn.run_until_cancelled(Box::pin(clips.run(clip))).await;
            clips.waiting().remove(&id);
        });
        standing
    }

    /// Tries to make a clip until it is on the list.
    async fn run(&self, asked: AskedClip) {
        let Some(clip) = clip_of(&asked.title, &asked.pieces) else {
            error!(clip = %asked.id, "what it is made of cannot be read; it is given up");
            let _ = self.shared.catalogue.withdraw_clip(&asked.id, self.now()).await;
            return;
        };
        // Until it is made, no old tape is deleted that it is cut from.
        let _needs: Vec<_> = clip.tapes().map(|(station, span)| self.shared.decks.need(station, span.start)).collect();
        if let Some(file) = &asked.file {
            self.remove_interrupted(&asked.id, file).await;
        }
        let mut attempt = 1;
        loop {
            let error = match self.attempt(&asked.id, &clip).await {
                Ok(()) => return,
                Err(error) => error,
            };
            let passes = error.may_pass() && self.now() < asked.asked_at + TAPE_KEPT;
            if !passes && attempt >= ATTEMPTS || error.is_final() {
                error!(clip = %asked.id, %error, "the clip cannot be made");
                if self.fail(&asked, &clip, &error).await {
                    return;
                }
            } else {
                warn!(clip = %asked.id, %error, attempt, "the clip could not be made; it is tried again");
            }
            self.note(&asked.id, JobState::Waiting, Some(error.cause()));
            if let Some(open) = self.waiting().get_mut(&asked.id) {
                open.trouble = Some(error.to_string());
            }
            self.shared.environment.clock.sleep((PAUSE * attempt).min(LONGEST_PAUSE)).await;
            attempt = attempt.saturating_add(1);
        }
    }

    async fn attempt(&self, id: &AiringId, clip: &Clip) -> Result<(), Failed> {
        let Shared { environment, catalogue, pictures, housekeeping, turn, config, .. } = &*self.shared;
        let checked = check_again(clip, &self.sources()).await?;
        self.until_taped(id, &checked).await?;
        // It may be there only now.
        let sources = self.sources();
        let checked = check_again(clip, &sources).await?;
        // Never closed: it lives as long as the workshop.
        let _turn = turn.acquire().await.map_err(|_| Failed::Stopping)?;
        let config = Arc::clone(&config.borrow());
        self.note(id, JobState::Encoding, None);
        housekeeping.make_room(&config).await.map_err(|error| Failed::Room(error.to_string()))?;
        let made = into_library(id, &checked, &sources, catalogue, pictures, &environment.clock).await?;
        let (verdict, seconds) = (made.draft.verdict, made.draft.encoded.seconds);
        let file = made.file.map(|file| self.shared.store.shown(&file).display().to_string()).unwrap_or_default();
        info!(clip = %id, %verdict, seconds, file, "made");
        Ok(())
    }

    /// Waits until all pieces of tape are on it, or nothing more of them can come.
    async fn until_taped(&self, id: &AiringId, checked: &Checked) -> Result<(), Failed> {
        let (clock, asked) = (self.shared.environment.clock.as_ref(), self.now());
        let mut leases: Vec<(Lease, Span, DateTime<Utc>)> = Vec::new();
        for (piece, origin) in checked.clip.pieces.iter().zip(&checked.origins) {
            let (Piece::Tape { span, .. }, Origin::Tape(station, tape)) = (piece, origin) else { continue };
            let due = span.end + delta(station.delay);
            if due + ON_ITS_WAY < asked || has(tape.as_ref(), span).await {
                continue;
            }
            let lease = self.shared.decks.lease(station, span.start).await?;
            let patience = if due > asked { due + LATEST } else { asked + delta(CONNECTING) };
            leases.push((lease, *span, patience));
        }
        if !leases.is_empty() {
            self.note(id, JobState::Capturing, None);
        }
        for (lease, span, patience) in &leases {
            sleep_until(clock, span.end).await;
            let tape = lease.tape();
            let mut grown = tape.grown();
            while !reaches(&tape.view(span).await, *span) {
                let left = (*patience - clock.now()).to_std().unwrap_or_default();
                if left.is_zero() {
                    break;
                }
                tokio::select! {
                    changed = grown.changed() => if changed.is_err() { break },
                    () = clock.sleep(left) => {}
                }
            }
        }
        Ok(())
    }

    /// Puts a clip on the list as failed. Returns whether it is there.
    async fn fail(&self, asked: &AskedClip, clip: &Clip, error: &Failed) -> bool {
        let config = Arc::clone(&self.shared.config.borrow());
        let (start, station, zone) = match clip.pieces.first() {
            Some(Piece::Tape { station, span }) => {
                let zone = config.station(station).map_or(config.timezone, |station| station.timezone);
                (span.start, station.clone(), zone)
            }
            Some(Piece::Object { object, .. }) => {
                (asked.asked_at, StationId::new(object.bucket.as_str()), config.timezone)
            }
            _ => (asked.asked_at, StationId::new(""), config.timezone),
        };
        let airing = Airing {
            id: asked.id.clone(),
            show: Config::clips(),
            station,
            on_air: Span::new(start, start + delta(clip.length())),
            early: TimeDelta::zero(),
            late: TimeDelta::zero(),
            timezone: zone,
        };
        let outcome = Outcome::nothing(&airing, error.cause(), self.now());
        let failed = Finished { airing, title: asked.title.clone(), outcome };
        match self.shared.catalogue.finish_clip(failed, asked.pieces.clone()).await {
            Ok(_) => true,
            Err(error) => {
                error!(clip = %asked.id, %error, "its failure could not be written to the list");
                false
            }
        }
    }

    /// Removes the file that a process gave its name just before it ended, if it is the file of this clip.
    async fn remove_interrupted(&self, id: &AiringId, file: &Path) {
        let path = self.shared.store.sound_of(file);
        let of_this = id.clone();
        let is_its = blocking(move || {
            File::open(path).ok().and_then(imprint::read).is_some_and(|found| found.airing.id == of_this)
        })
        .await;
        if is_its && let Err(error) = self.shared.store.remove(file).await {
            warn!(clip = %id, %error, "its file of an interrupted attempt stays");
        }
    }

    fn sources(&self) -> Sources {
        let Shared { config, catalogue, store, decks, environment, .. } = &*self.shared;
        let (config, clock) = (Arc::clone(&config.borrow()), Arc::clone(&environment.clock));
        Sources::live(config, catalogue.clone(), store.clone(), decks.clone(), clock)
    }

    /// Notes that a clip has come into another state.
    fn note(&self, id: &AiringId, state: JobState, reason: Option<Cause>) {
        let job = JobId::new(JobKind::Clip, id.as_str());
        self.shared.catalogue.note(Transition { job, state, at: self.now(), reason });
    }

    fn now(&self) -> DateTime<Utc> {
        self.shared.environment.clock.now()
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<AiringId, Open>> {
        self.shared.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    fn standing(&self, id: &AiringId) -> Standing {
        let Self { title, asked_at, ends, trouble, .. } = self.clone();
        Standing { id: id.clone(), title, asked_at, ends, trouble }
    }
}

/// Whether all that can come of `span` is on tape.
async fn has(tape: Option<&Tape>, span: &Span) -> bool {
    match tape {
        Some(tape) => reaches(&tape.view(span).await, *span),
        None => false,
    }
}

/// Why an attempt failed.
#[derive(Debug, thiserror::Error)]
enum Failed {
    /// What it is cut from is gone.
    #[error(transparent)]
    Gone(#[from] ClipError),
    /// A station cannot be taped.
    #[error(transparent)]
    Tape(#[from] TapeError),
    /// There is too little space.
    #[error("{0}")]
    Room(String),
    /// It cannot be made.
    #[error(transparent)]
    Make(#[from] MakeError),
    /// The process stops.
    #[error("interrupted; goes on at the next start")]
    Stopping,
}

impl Failed {
    /// Whether it is worth waiting for.
    fn may_pass(&self) -> bool {
        match self {
            Self::Gone(error) => error.is_ours(),
            Self::Tape(_) | Self::Room(_) | Self::Stopping => true,
            Self::Make(error) => make::may_pass(error),
        }
    }

    /// Whether another attempt cannot do better.
    fn is_final(&self) -> bool {
        matches!(self, Self::Gone(error) if !error.is_ours()) || matches!(self, Self::Make(MakeError::Taken { .. }))
    }

    fn cause(&self) -> Cause {
        let kind = match self {
            Self::Make(error) => error.cause_kind(),
            Self::Room(_) => CauseKind::DiskFull,
            Self::Gone(_) => CauseKind::Removed,
            Self::Tape(_) | Self::Stopping => CauseKind::Internal,
        };
        Cause::new(kind, self.to_string())
    }
}
