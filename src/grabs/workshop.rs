//! The downloads that the service was asked for: one after another, and also after a restart.
//!
//! What is asked for is in the catalogue before it is answered. Those who ask may be others than who runs the service. So
//! a grab goes only to the internet, unless `local_sources` allows more, and ends before the disk is so full that recordings
//! suffer. Its file goes into the folder `Grabs` of the output folder, and what has come of it waits beside that, hidden.
//! If something is missing, that waits for a week, so that the missing can be tried anew.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};
use futures::FutureExt as _;
use tokio::sync::{OwnedMutexGuard, watch};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::error::GrabError;
use super::outcome::Outcome;
use super::progress::{Progress, Stage, Standing};
use super::run::{forget, grab};
use super::stored::{Came, Kept, Wanted};
use super::wrong::Wrong;
use crate::base::blocking::blocking;
use crate::base::environment::Environment;
use crate::base::readable;
use crate::config::Config;
use crate::library::catalogue::{Catalogue, CatalogueError, NumberedTransition, grab_job};
use crate::library::store::{self, Store};
use crate::model::{AsCause as _, Cause, CauseKind, JobState, Transition};

/// The folder of the files, in the output folder.
const FOLDER: &str = "Grabs";
/// The most that wait. More are a mistake of a script.
pub const MOST_WAITING: usize = 100;
/// How many are listed at most.
pub const LISTED: u32 = 500;
/// How often the disk is looked at, and how fast a grab goes.
const LOOK: Duration = Duration::from_secs(1);
/// How often what is old is removed.
const TIDIED: Duration = Duration::from_hours(6);
/// How long what has come is kept of a grab of which something is missing.
const KEPT: TimeDelta = TimeDelta::days(7);

/// Makes grabs. Clones share one state.
#[derive(Debug, Clone)]
pub struct Grabs {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    environment: Environment,
    config: watch::Receiver<Arc<Config>>,
    catalogue: Catalogue,
    /// The output folder.
    output: PathBuf,
    /// Lets one be made at a time.
    turn: Arc<tokio::sync::Mutex<()>>,
    open: Mutex<HashMap<String, Open>>,
}

/// The turn of a grab.
type Turn = OwnedMutexGuard<()>;

/// A grab that is neither done nor failed.
#[derive(Debug, Clone)]
struct Open {
    progress: Progress,
    /// Cancelled if it is cancelled.
    cancelled: CancellationToken,
}

/// Why a grab is not taken on, or cannot be told of.
#[derive(Debug, thiserror::Error)]
pub enum WorkshopError {
    /// It cannot be meant.
    #[error(transparent)]
    Wrong(#[from] Wrong),
    /// Too many wait.
    #[error("{MOST_WAITING} downloads wait already: cancel some, or wait until they are done")]
    TooMany,
    /// It is not in a state in which it can be tried again.
    #[error("{0} is not done yet, or has everything: there is nothing to try anew")]
    NothingToRetry(String),
    /// The catalogue refuses.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
}

impl Grabs {
    /// Opens the workshop of a service, and goes on with what a stopped or crashed process has left.
    ///
    /// # Errors
    /// The catalogue cannot be read.
    pub async fn open(
        environment: Environment,
        config: watch::Receiver<Arc<Config>>,
        (catalogue, store): (Catalogue, Store),
    ) -> Result<Self, CatalogueError> {
        let (turn, open) = (Arc::default(), Mutex::default());
        let output = store.shown_folder().to_owned();
        let grabs = Self { shared: Arc::new(Shared { environment, config, catalogue, output, turn, open }) };
        let mut all = grabs.list().await?;
        all.reverse();
        for kept in all.into_iter().filter(|kept| !kept.state.is_final()) {
            info!(grab = %kept.id, "goes on");
            grabs.note(&kept.id, JobState::Queued, Some(Cause::not_running()));
            grabs.begin(kept);
        }
        grabs.shared.environment.spawn(grabs.clone().tidy());
        Ok(grabs)
    }

    /// Removes what has come of old grabs, now and then, until the process stops.
    async fn tidy(self) {
        let Environment { clock, stop, .. } = self.shared.environment.clone();
        let again_and_again = async {
            loop {
                let is_old = |kept: &Kept| kept.state.is_final() && kept.asked_at + KEPT < self.now();
                for kept in self.list().await.unwrap_or_default().into_iter().filter(is_old) {
                    self.remove_folder(&kept.id).await;
                }
                clock.sleep(TIDIED).await;
            }
        };
        stop.run_until_cancelled(Box::pin(again_and_again)).await;
    }

    /// Takes on a grab.
    ///
    /// # Errors
    /// It cannot be meant, or too many wait.
    pub async fn add(&self, wanted: Wanted) -> Result<Kept, WorkshopError> {
        wanted.asked(&self.config().grab)?;
        if self.opened().len() >= MOST_WAITING {
            return Err(WorkshopError::TooMany);
        }
        let asked_at = self.now();
        let mut at = asked_at.trunc_subsecs(0);
        loop {
            let id = format!("grab@{}", at.format("%Y%m%dT%H%M%SZ"));
            let (wanted, state) = (wanted.clone(), JobState::Queued);
            let kept = Kept { id, wanted, asked_at, state, file: None, came: None, standing: None };
            let Some(row) = kept.row() else { return Err(WorkshopError::TooMany) };
            if self.shared.catalogue.add_grab(row).await? {
                info!(grab = %kept.id, "asked for");
                self.begin(kept.clone());
                return Ok(kept);
            }
            // Several are asked for in one second.
            at += TimeDelta::seconds(1);
        }
    }

    /// Returns the newest [`LISTED`] grabs, the newest first.
    ///
    /// # Errors
    /// The catalogue cannot be read.
    pub async fn list(&self) -> Result<Vec<Kept>, CatalogueError> {
        self.newest(LISTED).await
    }

    /// Returns so many of the newest grabs, the newest first.
    ///
    /// # Errors
    /// The catalogue cannot be read.
    pub async fn newest(&self, most: u32) -> Result<Vec<Kept>, CatalogueError> {
        let rows = self.shared.catalogue.grabs(most).await?;
        Ok(rows.into_iter().filter_map(Kept::of_row).map(|kept| self.with_standing(kept)).collect())
    }

    /// Returns a grab. `None` if there is none with this id.
    ///
    /// # Errors
    /// The catalogue cannot be read.
    pub async fn get(&self, id: &str) -> Result<Option<Kept>, CatalogueError> {
        let row = self.shared.catalogue.grab(id).await?;
        Ok(row.and_then(Kept::of_row).map(|kept| self.with_standing(kept)))
    }

    /// Returns how far those are that are made at this moment, by their ids.
    pub fn running(&self) -> Vec<(String, Standing)> {
        let standing = |(id, open): (&String, &Open)| (id.clone(), open.progress.standing());
        let mut running: Vec<_> = self.opened().iter().map(standing).collect();
        running.retain(|(_, standing)| standing.stage != Stage::Waiting);
        running.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        running
    }

    /// Returns the states of a grab so far, the oldest first.
    ///
    /// # Errors
    /// The catalogue cannot be read.
    pub async fn history(&self, id: &str) -> Result<Vec<NumberedTransition>, CatalogueError> {
        Ok(self.shared.catalogue.job(grab_job(id)).await?.map(|(_, history)| history).unwrap_or_default())
    }

    /// Cancels a grab that is neither done nor failed, or forgets one that is; its file stays. Returns whether there was
    /// one.
    ///
    /// # Errors
    /// The catalogue cannot be written.
    pub async fn cancel(&self, id: &str) -> Result<bool, CatalogueError> {
        if let Some(open) = self.opened().get(id) {
            open.cancelled.cancel();
            return Ok(true);
        }
        let there = self.shared.catalogue.forget_grab(id).await?;
        if there {
            self.remove_folder(id).await;
        }
        Ok(there)
    }

    /// Tries once more what is missing of a grab. A file that is there stays; the new one gets a name of its own. `None`
    /// if there is no such grab.
    ///
    /// # Errors
    /// Nothing of it is missing, or it is not done yet.
    pub async fn retry(&self, id: &str) -> Result<Option<Kept>, WorkshopError> {
        let Some(kept) = self.get(id).await? else { return Ok(None) };
        let lacks = kept.came.as_ref().is_none_or(|came| came.missing_count > 0);
        if !kept.state.is_final() || !lacks || self.opened().contains_key(id) {
            return Err(WorkshopError::NothingToRetry(id.to_owned()));
        }
        let kept = Kept { state: JobState::Queued, ..kept };
        self.end(&kept, None).await;
        self.begin(kept.clone());
        Ok(Some(kept))
    }

    /// Starts the task of a grab.
    fn begin(&self, kept: Kept) {
        let open = Open { progress: Progress::default(), cancelled: CancellationToken::new() };
        self.opened().insert(kept.id.clone(), open.clone());
        let (grabs, stop, turn) = (self.clone(), self.shared.environment.stop.clone(), self.line_up());
        self.shared.environment.spawn(async move {
            let id = kept.id.clone();
            stop.run_until_cancelled(Box::pin(grabs.run(kept, open, turn))).await;
            grabs.opened().remove(&id);
        });
    }

    /// Takes the last place in the row of those that are to be made. Here, because tasks begin in any order.
    fn line_up(&self) -> impl Future<Output = Turn> + Send + use<> {
        let mut turn = Box::pin(Arc::clone(&self.shared.turn).lock_owned());
        // The lock is given to those first who asked first.
        let at_once = turn.as_mut().now_or_never();
        async move {
            match at_once {
                Some(turn) => turn,
                None => turn.await,
            }
        }
    }

    async fn run(&self, kept: Kept, open: Open, turn: impl Future<Output = Turn> + Send) {
        let made = open.cancelled.run_until_cancelled(self.make(&kept, &open.progress, turn)).await;
        if made.is_none() {
            // While the id is open: whoever tries it again meanwhile would lose what comes.
            self.remove_folder(&kept.id).await;
        }
        // Before anybody sees that it is over: who then tries it again, or forgets it, is not told that it is being made.
        self.opened().remove(&kept.id);
        let mut kept = kept;
        match made {
            Some(Ok(outcome)) => {
                let file = outcome.file.as_deref().and_then(|file| file.strip_prefix(&self.shared.output).ok());
                kept.file = file.map(Path::to_owned).or(kept.file);
                kept.came = Some(Came::of(&outcome));
                kept.state = if outcome.file.is_some() { JobState::Done } else { JobState::Failed };
                info!(grab = %kept.id, missing = outcome.missing.len(), "done");
                let words = format!("{} of {} segments are missing", outcome.missing.len(), outcome.total);
                let whole = outcome.missing.is_empty();
                self.end(&kept, (!whole).then(|| Cause::new(CauseKind::Segment, words))).await;
                if whole {
                    self.remove_folder(&kept.id).await;
                }
            }
            Some(Err(error)) => {
                warn!(grab = %kept.id, %error, "no file could be made of it");
                kept.state = JobState::Failed;
                self.end(&kept, Some(error.as_cause())).await;
            }
            None => {
                info!(grab = %kept.id, "cancelled");
                kept.state = JobState::Cancelled;
                self.end(&kept, None).await;
            }
        }
    }

    async fn make(
        &self,
        kept: &Kept,
        progress: &Progress,
        turn: impl Future<Output = Turn> + Send,
    ) -> Result<Outcome, GrabError> {
        let _turn = turn.await;
        let config = self.config();
        let asked = kept.wanted.asked(&config.grab)?;
        let (output, state) = (self.shared.output.clone(), config.state.clone());
        blocking(move || Store::check_still_mounted(&output, &state)).await?;
        self.note(&kept.id, JobState::Capturing, None);
        let file = self.free_name(&kept.wanted.name(), asked.format.extension()).await;
        let (folder, reach) = (self.folder_of(&kept.id), config.web.reach());
        let environment = &self.shared.environment;
        let making = Box::pin(grab(&asked, &file, &folder, &reach, progress, environment));
        tokio::select! {
            made = making => made,
            full = self.watch(&kept.id, progress, config.min_free) => Err(full),
        }
    }

    /// Watches a grab that is made. Ends when the disk has too little space.
    async fn watch(&self, id: &str, progress: &Progress, min_free: u64) -> GrabError {
        let mut is_encoding = false;
        loop {
            progress.measure(self.shared.environment.clock.monotonic());
            if progress.standing().stage == Stage::Packing && !is_encoding {
                is_encoding = true;
                self.note(id, JobState::Encoding, None);
            }
            if let Ok(free) = store::free_space(&self.shared.output).await
                && free < min_free
            {
                let least = readable::bytes(min_free);
                return GrabError::Room(format!(
                    "less than {least} are free on the disk of the recordings, which `min_free` keeps for them"
                ));
            }
            self.shared.environment.clock.sleep(LOOK).await;
        }
    }

    /// Notes that a grab has come into another state.
    fn note(&self, id: &str, state: JobState, reason: Option<Cause>) {
        self.shared.catalogue.note(Transition { job: grab_job(id), state, at: self.now(), reason });
    }

    /// Writes down that a grab has come into the state that it has, and what came of it.
    async fn end(&self, kept: &Kept, reason: Option<Cause>) {
        let Some(row) = kept.row() else { return };
        let transition = Transition { job: grab_job(&kept.id), state: kept.state, at: self.now(), reason };
        if let Err(error) = self.shared.catalogue.end_grab(row, transition).await {
            warn!(grab = %kept.id, %error, "what came of it could not be written down");
        }
    }

    /// Returns a path in the folder of grabs that no file has.
    async fn free_name(&self, name: &str, extension: &str) -> PathBuf {
        let (folder, name, extension) = (self.shared.output.join(FOLDER), name.to_owned(), extension.to_owned());
        blocking(move || {
            let mut paths = (2_u32..).map(|number| folder.join(format!("{name} {number}.{extension}")));
            let first = folder.join(format!("{name}.{extension}"));
            let is_free = |path: &PathBuf| path.symlink_metadata().is_err();
            Some(first.clone()).filter(is_free).or_else(|| paths.find(is_free)).unwrap_or(first)
        })
        .await
    }

    /// Returns where what has come of a grab waits.
    fn folder_of(&self, id: &str) -> PathBuf {
        self.shared.output.join(FOLDER).join(format!(".{id}"))
    }

    async fn remove_folder(&self, id: &str) {
        if let Err(error) = forget(&self.folder_of(id)).await {
            warn!(grab = id, %error, "what has come of it stays");
        }
    }

    fn with_standing(&self, kept: Kept) -> Kept {
        let standing = self.opened().get(&kept.id).map(|open| open.progress.standing());
        Kept { standing, ..kept }
    }

    fn config(&self) -> Arc<Config> {
        Arc::clone(&self.shared.config.borrow())
    }

    fn now(&self) -> DateTime<Utc> {
        self.shared.environment.clock.now().trunc_subsecs(3)
    }

    fn opened(&self) -> MutexGuard<'_, HashMap<String, Open>> {
        self.shared.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
