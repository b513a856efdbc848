//! The daemon: builds the parts, starts them in order, stops them in reverse.
//!
//! Lock → catalogue → recover → plan → ready. Once a second the agenda is asked what is due, which costs nothing where
//! nothing is; the recorder claims it. The configuration is read again when its file changes or on SIGHUP; a wrong one
//! is reported and the last good one stays. While something is being recorded its time does not jump with the machine's
//! clock (`timekeeper`). On a signal everything is told to stop, tape is ended, and open claims wait for the next start.

mod asked_stations;
mod background;
mod file_watch;
mod limits;
mod lock;
mod page;
mod renamed;
mod standing;
mod systemd;
mod ticker;
mod timekeeper;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use thiserror::Error;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tracing::{error, info, warn};

use crate::airings::Airings;
use crate::airings::claimer::Claimer;
use crate::base::blocking::blocking;
use crate::base::clock::SharedClock;
use crate::base::environment::Environment;
use crate::base::signals::{Request, Signals};
use crate::capture::deck::{self, Decks};
use crate::checkups::Checkups;
use crate::clips::Clips;
use crate::config::Config;
use crate::config::edit::changes;
use crate::copies::Copies;
use crate::events::{Changes, Listener};
use crate::grabs::Grabs;
use crate::housekeeping::Housekeeping;
use crate::language::Language;
use crate::library::artwork::Pictures;
use crate::library::bin::Bin;
use crate::library::catalogue::{Catalogue, CatalogueError};
use crate::library::store::Store;
use crate::library::strays;
use crate::model::{AiringId, Span};
use crate::notify::Notify;
use crate::recorder::{Recorder, RecorderError};
use crate::renditions::Renditions;
use crate::web::{Parts, Site};

pub use lock::{Lock, LockError};
pub use ticker::TickerError;

use asked_stations::with_asked_stations;
use page::Page;
use renamed::renamed;
use standing::Standing;
use ticker::{Tick, Ticker};
use timekeeper::Timekeeper;

/// A station is put on tape this long before it is needed, so that the connection stands when the show begins.
const LEAD: TimeDelta = TimeDelta::seconds(15);
/// The longest time to stop in; systemd would wait for 15 s.
const STOP_WITHIN: Duration = Duration::from_secs(8);
/// After a longer sleep than this the machine was suspended, or its clock was set.
const SLEPT: TimeDelta = TimeDelta::seconds(60);
/// Airings missed longer ago than this are not worth a line.
const MISSED_WITHIN: TimeDelta = TimeDelta::days(7);

/// Why the daemon ended.
#[derive(Debug, Error)]
pub enum DaemonError {
    /// Another one runs.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The list cannot be opened.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    /// What a crash left could not be put right.
    #[error(transparent)]
    Recorder(#[from] RecorderError),
    /// The scheduler did not start.
    #[error(transparent)]
    Ticker(#[from] TickerError),
    /// Signals cannot be heard.
    #[error("signals cannot be listened to: {0}")]
    Signals(#[from] std::io::Error),
}

/// A daemon that has started.
struct Daemon {
    environment: Environment,
    time: Arc<Timekeeper>,
    /// What was being recorded when the clock jumped; its time is kept for these.
    held_for: Option<HashSet<AiringId>>,
    config: Arc<Config>,
    /// Tells the page of a new configuration.
    told: watch::Sender<Arc<Config>>,
    /// What is to be recorded.
    airings: Airings,
    housekeeping: Housekeeping,
    decks: Decks,
    catalogue: Catalogue,
    store: Store,
    notify: Notify,
    lock: Arc<Lock>,
    /// The sign of life that is being given.
    sign_of_life: Option<JoinHandle<()>>,
    claimer: Claimer,
    looked: DateTime<Utc>,
    /// From the last sign of life of the daemon before until this one began.
    unwatched: Option<Span>,
    /// What systemd was told last, and the changes since.
    standing: Standing,
    changes: Listener,
    /// The round of housekeeping that is under way.
    round: Option<JoinHandle<()>>,
    page: Page,
}

/// Runs the daemon with `config` until it is told to stop.
pub async fn run(config: Config, environment: Environment) -> Result<(), DaemonError> {
    let mut signals = Signals::listen()?;
    let (ticks, mut heard) = mpsc::channel(8);
    limits::raise_open_files();
    // Before anything that takes time: what is edited while the daemon starts is taken up as well.
    let (edited, mut edits) = mpsc::channel(1);
    environment.spawn(file_watch::watch(config.file.clone(), environment.clone(), edited).await);
    let (mut daemon, clockwork) = Daemon::start(config, environment, ticks).await?;
    let mut by_hand = daemon.airings.changes();
    let environment = &daemon.environment;
    environment.spawn(systemd::watchdog(Arc::clone(&environment.clock), environment.stop.clone()));
    systemd::ready();
    daemon.tell();
    if let Some(unwatched) = daemon.unwatched {
        daemon.write_off_missed(unwatched);
    }
    daemon.look_for_strays();
    loop {
        tokio::select! {
            request = signals.next() => match request {
                Request::Stop => break,
                Request::Reload => daemon.reload().await,
            },
            tick = heard.recv() => match tick {
                Some(Tick::Second) => daemon.look().await,
                Some(Tick::Housekeeping) => daemon.tidy(),
                None => break,
            },
            Some(()) = edits.recv() => daemon.reload().await,
            // What was taken back may be due again.
            Ok(()) = by_hand.changed() => daemon.look().await,
            // Whoever built the environment may end it too: the demo does.
            () = daemon.environment.stop.cancelled() => break,
        }
    }
    clockwork.stop().await;
    daemon.stop(signals).await;
    Ok(())
}

/// Logs which release runs with which configuration.
fn say_what_runs(config: &Config) {
    info!(
        config = %config.file.display(), stations = config.stations.len(), shows = config.shows.len(),
        output = %config.output.display(), "aircheck {} runs", env!("CARGO_PKG_VERSION")
    );
}

impl Daemon {
    async fn start(
        config: Config,
        mut environment: Environment,
        ticks: mpsc::Sender<Tick>,
    ) -> Result<(Self, Ticker), DaemonError> {
        let time = Timekeeper::new(Arc::clone(&environment.clock));
        environment.clock = Arc::clone(&time) as SharedClock;
        let lock = Lock::take(&config.state, &config.output, &environment.clock).await?;
        let last_alive = lock.last_alive();
        let changes = Changes::default();
        let catalogue = Catalogue::open_or_salvage(config.state.join("catalogue.sqlite")).await?;
        let catalogue = catalogue.with_changes(changes.clone());
        environment.spawn(catalogue.clone().write_notes(environment.clone()));
        let (store, state) = (Store::new(config.output.clone()), config.state.clone());
        let store = blocking(move || store.of_service(&state)).await;
        let config = Arc::new(with_asked_stations(config, &catalogue).await?);
        let (tapes, stations) = (config.state.join("tape"), Arc::clone(&config));
        blocking(move || deck::take_over(&tapes, &stations)).await;
        let decks = Decks::new(environment.clone(), config.state.join("tape"));
        let (pictures, bin) = (Pictures::new(&config.state), Bin::new(catalogue.clone(), store.clone()));
        let told = watch::Sender::new(Arc::clone(&config));
        let known = (catalogue.clone(), changes.clone());
        let (airings, claims) = Airings::open(environment.clone(), known, decks.clone(), told.clone()).await?;
        let copies = Copies::new(environment.clone(), told.subscribe(), catalogue.clone(), store.clone());
        let of_library = (catalogue.clone(), store.clone(), copies.clone());
        let renditions = Renditions::open(environment.clone(), told.subscribe(), of_library).await;
        let housekeeping = Housekeeping::new(
            Arc::clone(&environment.clock),
            airings.clone(),
            decks.clone(),
            catalogue.clone(),
            (store.clone(), renditions.clone()),
            bin.clone(),
        );
        let recorder = Recorder::new(
            environment.clone(),
            airings.clone(),
            decks.clone(),
            catalogue.clone(),
            (store.clone(), pictures.clone()),
            housekeeping.clone(),
        );
        recorder.recover(&config).await?;
        environment.spawn(recorder.clone().record(claims));
        environment.spawn(airings.clone().renew_claims());
        let now = environment.clock.now();
        let library = (catalogue.clone(), store.clone(), pictures.clone());
        let clips = Clips::open(environment.clone(), told.subscribe(), library, decks.clone(), &housekeeping).await?;
        background::watch(&environment, &told, &recorder, &pictures);
        let (tapes, outlook) =
            background::start(&environment, &told, (&decks, &housekeeping), (&renditions, &copies), &changes);
        let checkups = Checkups::start(environment.clone(), airings.clone(), decks.clone());
        let watched = (&airings, &decks, &store, &recorder, &copies, &checkups, &outlook);
        let notify = background::tell(&environment, &told, &catalogue, watched, (&changes, last_alive));
        let grabs = Grabs::open(environment.clone(), told.subscribe(), (catalogue.clone(), store.clone())).await?;
        let parts = Parts {
            config: told.subscribe(),
            catalogue: catalogue.clone(),
            changes: changes.clone(),
            store: store.clone(),
            bin,
            pictures: pictures.clone(),
            airings: airings.clone(),
            recorder,
            decks: decks.clone(),
            checkups,
            outlook,
            clips,
            copies,
            tape_copies: tapes,
            notify: notify.clone(),
            grabs,
            renditions,
        };
        let page = Page::new(Site::new(environment.clone(), parts), environment.clone());
        let mut daemon = Self {
            environment,
            time,
            held_for: None,
            config,
            told,
            claimer: Claimer::start(&airings, LEAD),
            airings,
            housekeeping,
            decks,
            catalogue,
            store,
            notify,
            lock: Arc::new(lock),
            sign_of_life: None,
            looked: now,
            unwatched: last_alive.map(|alive| Span::new(alive.max(now - MISSED_WITHIN), now)),
            standing: Standing::default(),
            changes: changes.listen(None),
            round: None,
            page,
        };
        say_what_runs(&daemon.config);
        daemon.look().await;
        daemon.page.serve(daemon.config.web.listen);
        let ticker = Ticker::start(&daemon.environment, ticks).await?;
        Ok((daemon, ticker))
    }

    /// Follows the machine's clock after a jump, as soon as what was being recorded then is on tape.
    async fn keep_time(&mut self) {
        let Some(jump) = self.time.jumped() else {
            self.held_for = None;
            return;
        };
        if self.time.is_first() {
            self.time.follow();
            self.decks.clock_was_wrong(jump).await;
            let now = self.environment.clock.now();
            self.claimer.clock_was_set(now);
            warn!(seconds = jump.num_seconds(), %now, "the clock was wrong since the machine started, and is right now");
            return;
        }
        let recording = self.airings.running().into_iter().filter(|running| !running.taped);
        let recording: HashSet<_> = recording.map(|running| running.airing.id).collect();
        let held_for = self.held_for.get_or_insert_with(|| {
            let airings = recording.len();
            warn!(
                seconds = jump.num_seconds(),
                airings, "the clock was set; airings in progress are recorded to their end"
            );
            recording.clone()
        });
        if held_for.is_disjoint(&recording) {
            self.held_for = None;
            self.time.follow();
            self.decks.clock_was_set();
            self.claimer.clock_was_set(self.environment.clock.now());
            info!(now = %self.environment.clock.now(), "the time of the clock is taken over");
        }
    }

    /// Asks the programme what is due and has it recorded.
    async fn look(&mut self) {
        self.keep_time().await;
        let now = self.environment.clock.now();
        let slept = Span::new(self.looked, now);
        if now.timestamp() / 60 != self.looked.timestamp() / 60 {
            self.give_sign_of_life();
        }
        self.looked = now;
        if slept.length() > SLEPT {
            warn!(seconds = slept.length().num_seconds(), "the machine slept or its clock was set");
            self.write_off_missed(slept);
        }
        self.claimer.look(now);
        self.tell();
    }

    /// Notes in the lock file that the daemon is alive, in a task of its own: its disk may hang.
    fn give_sign_of_life(&mut self) {
        if self.sign_of_life.as_ref().is_none_or(JoinHandle::is_finished) {
            let lock = Arc::clone(&self.lock);
            self.sign_of_life = Some(self.environment.spawn(async move { lock.touch().await }));
        }
    }

    /// Puts the airings missed in `window` on the list, in a task of its own: there may be thousands, and what begins
    /// now does not wait for them.
    fn write_off_missed(&self, window: Span) {
        self.environment.spawn(self.airings.clone().write_off(window));
    }

    /// Says once, in a task of its own, how many recordings in the output folder the list does not have.
    fn look_for_strays(&self) {
        let (catalogue, store) = (self.catalogue.clone(), self.store.clone());
        let (clock, stop) = (Arc::clone(&self.environment.clock), self.environment.stop.clone());
        self.environment.spawn(async move {
            let count = strays::count(&catalogue, &store, clock.as_ref());
            match stop.run_until_cancelled(count).await {
                None | Some(Ok(0)) => {}
                Some(Ok(count)) => warn!(
                    count, folder = %store.shown_folder().display(),
                    "recordings in the output folder are not on the list; `aircheck recover --files` puts them there"
                ),
                Some(Err(error)) => warn!(%error, "whether the list has every recording could not be found out"),
            }
        });
    }

    /// Reads the configuration again; keeps the one it has where the new one is wrong.
    async fn reload(&mut self) {
        systemd::reloading();
        let file = self.config.file.clone();
        match blocking(move || Config::serve(&file)).await {
            Ok(config) => {
                if config.output != self.config.output || config.state != self.config.state {
                    warn!("a new `output` or `state` is used from the next start on");
                }
                info!(stations = config.stations.len(), shows = config.shows.len(), "configuration read again");
                let changes = changes(&self.config, &config, Language::english());
                for change in &changes {
                    info!("applied: {change}");
                }
                for (before, now) in renamed(&self.config, &config) {
                    warn!(
                        %before, %now,
                        "a show has another id, by its title: what was recorded stays under the one before, and what is on \
                         the air goes on under it; with `id: {before}` it is the same show"
                    );
                }
                for warning in &config.warnings {
                    warn!("{}: {warning}", config.file.display());
                }
                self.told.send_modify(|now| {
                    let ad_hoc = now.ad_hoc.clone();
                    // A reload without a change leaves what the last one said.
                    let changes = if changes.is_empty() { now.changes.clone() } else { changes };
                    *now = Arc::new(Config { changes, ad_hoc, ..config });
                });
                self.config = Arc::clone(&self.told.borrow());
                self.decks.configured(&self.config);
                self.page.serve(self.config.web.listen);
                self.airings.configured();
                self.notify.configuration(None);
            }
            Err(errors) => {
                error!("the configuration has mistakes; going on with the one before\n{errors}");
                self.notify.configuration(Some(errors.in_short()));
            }
        }
        systemd::ready();
    }

    /// Begins a round of housekeeping, in a task of its own: a disk that hangs must not keep a show from beginning.
    fn tidy(&mut self) {
        if self.round.as_ref().is_some_and(|round| !round.is_finished()) {
            warn!("deleting what is not kept any longer takes very long; is a disk or a network share away?");
            return;
        }
        let (housekeeping, config) = (self.housekeeping.clone(), Arc::clone(&self.config));
        let stop = self.environment.stop.clone();
        self.round = Some(self.environment.spawn(async move {
            stop.run_until_cancelled(housekeeping.tidy(&config)).await.unwrap_or_default();
        }));
    }

    /// Tells systemd what goes on, where that has changed.
    fn tell(&mut self) {
        let now = self.environment.clock.now();
        if !self.changes.has_news() && self.standing.holds(now) {
            return;
        }
        let standing = Standing::of(&self.airings.running(), &self.airings.programme(), now);
        if standing.line() != self.standing.line() {
            systemd::status(standing.line());
        }
        self.standing = standing;
    }

    /// Stops everything; a second signal ends the wait.
    async fn stop(self, mut signals: Signals) {
        info!("stopping");
        systemd::stopping();
        self.environment.stop.cancel();
        self.environment.tasks.close();
        let stopped = async {
            self.environment.tasks.wait().await;
            self.lock.touch().await;
        };
        tokio::select! {
            () = stopped => info!("stopped"),
            () = self.environment.clock.sleep(STOP_WITHIN) => {
                warn!(tasks = self.environment.tasks.len(), "some tasks did not end in time; what is on tape is safe");
            }
            () = signals.stop() => warn!("stopped at once, as asked; what is on tape is safe"),
        }
    }
}
