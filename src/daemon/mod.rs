//! The daemon: builds the parts, starts them in order, stops them in reverse.
//!
//! Lock → catalogue → recover → plan → ready. Once a second the agenda is asked what is due, which costs nothing where
//! nothing is; the recorder claims it. The configuration is read again when its file changes or on SIGHUP; a wrong one is
//! reported and the last good one stays.
//! While something is being recorded its time does not jump, whatever is done to the machine's clock (`timekeeper`).
//! On a signal everything is told to stop, tape is ended, and open claims wait for the next start.

mod file_watch;
mod lock;
mod page;
mod renamed;
mod standing;
mod systemd;
mod timekeeper;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use thiserror::Error;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinHandle;
use tracing::{error, info, warn};

use crate::airings::agenda::Agenda;
use crate::airings::programme::Planned;
use crate::airings::ticker::{Tick, Ticker, TickerError};
use crate::base::blocking::blocking;
use crate::base::clock::SharedClock;
use crate::base::environment::Environment;
use crate::base::signals::{Request, Signals};
use crate::capture::deck::{self, Decks};
use crate::config::Config;
use crate::events::Listener;
use crate::library::artwork::Pictures;
use crate::library::catalogue::{Catalogue, CatalogueError};
use crate::library::shelf::Shelf;
use crate::model::{AiringId, Span};
use crate::recorder::{Control, Order, Recorder, RecorderError, TAPE_KEPT};
use crate::web::{Access, Events, Probes, Site};

pub use lock::{Lock, LockError};

use page::Page;
use renamed::renamed;
use standing::Standing;
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
    recorder: Arc<Recorder>,
    /// What is changed by hand.
    control: Control,
    decks: Decks,
    lock: Lock,
    agenda: Agenda,
    looked: DateTime<Utc>,
    /// From the last sign of life of the daemon before until this one began.
    unwatched: Option<Span>,
    /// What systemd was told last, and the changes since.
    standing: Standing,
    changes: Listener,
    /// What deletes what is not kept any longer.
    house: Option<JoinHandle<()>>,
    page: Page,
}

/// Runs the daemon with `config` until it is told to stop.
pub async fn run(config: Config, environment: Environment) -> Result<(), DaemonError> {
    let mut signals = Signals::listen()?;
    let (ticks, mut heard) = mpsc::channel(8);
    // Before anything that takes time: what is edited while the daemon starts is taken up as well.
    let mut changes = file_watch::Watch::new(config.file.clone()).await;
    let (mut daemon, clockwork) = Daemon::start(config, environment, ticks).await?;
    let mut by_hand = daemon.control.changes();
    let environment = &daemon.environment;
    environment.tasks.spawn(systemd::watchdog(Arc::clone(&environment.clock), environment.stop.clone()));
    systemd::ready();
    daemon.tell();
    if let Some(unwatched) = daemon.unwatched {
        daemon.note_missed(unwatched);
    }
    let (recorder, stop) = (Arc::clone(&daemon.recorder), daemon.environment.stop.clone());
    daemon.environment.tasks.spawn(async move { stop.run_until_cancelled_owned(recorder.tell_of_strays()).await });
    loop {
        tokio::select! {
            request = signals.next() => match request {
                Request::Stop => break,
                Request::Reload => daemon.reload().await,
            },
            tick = heard.recv() => match tick {
                Some(Tick::Second) => {
                    if changes.changed().await {
                        daemon.reload().await;
                    }
                    daemon.look().await;
                }
                Some(Tick::Housekeeping) => daemon.keep_house(),
                None => break,
            },
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
        let catalogue = Catalogue::open_or_begin(config.state.join("catalogue.sqlite")).await?;
        let (shelf, state) = (Shelf::new(config.output.clone()), config.state.clone());
        let shelf = blocking(move || shelf.of_service(&state)).await;
        let config = Arc::new(config);
        let (tapes, stations) = (config.state.join("tape"), Arc::clone(&config));
        blocking(move || deck::take_over(&tapes, &stations)).await;
        let decks = Decks::new(environment.clone(), config.state.join("tape"));
        let pictures = Pictures::new(&config.state);
        let recorder = Recorder::new(environment.clone(), decks.clone(), catalogue.clone(), shelf, pictures.clone());
        let (told, heard) = watch::channel(Arc::clone(&config));
        let control = Control::open(Arc::clone(&recorder), catalogue.clone(), environment.clone(), heard).await?;
        recorder.recover(&config).await?;
        let now = environment.clock.now();
        let site = Site {
            config: told.subscribe(),
            catalogue: catalogue.clone(),
            pictures: pictures.clone(),
            recorder: Arc::clone(&recorder),
            access: Arc::new(Access::new(&config.state, Arc::clone(&environment.clock))),
            control: control.clone(),
            events: Events::start(&environment, Arc::clone(&recorder), catalogue.changes().clone()),
            decks: decks.clone(),
            probes: Probes::new(environment.clone(), config.state.join("probes")),
            presence: Arc::default(),
            tasks: environment.tasks.clone(),
            clock: Arc::clone(&environment.clock),
            stop: environment.stop.clone(),
            listeners: Arc::new(Semaphore::new(Site::LISTENERS)),
            started: now,
        };
        let mut daemon = Self {
            environment,
            time,
            held_for: None,
            config,
            told,
            recorder,
            control,
            decks,
            lock,
            agenda: Agenda::default(),
            looked: now,
            unwatched: last_alive.map(|alive| Span::new(alive.max(now - MISSED_WITHIN), now)),
            standing: Standing::default(),
            changes: catalogue.changes().listen(None),
            house: None,
            page: Page::new(site),
        };
        let config = &daemon.config;
        info!(
            config = %config.file.display(), stations = config.stations.len(), shows = config.shows.len(),
            output = %config.output.display(), "aircheck {} runs", env!("CARGO_PKG_VERSION")
        );
        daemon.look().await;
        daemon
            .environment
            .tasks
            .spawn(pictures.clone().keep_fresh(daemon.told.subscribe(), daemon.environment.clone()));
        let listen = daemon.config.web.listen;
        daemon.page.serve(listen);
        daemon.environment.tasks.spawn(Arc::clone(&daemon.recorder).keep_lookout());
        let ticker = Ticker::start(&daemon.environment, ticks).await?;
        Ok((daemon, ticker))
    }

    /// Follows the machine's clock after a jump, as soon as what was being recorded then has ended.
    async fn keep_time(&mut self) {
        let Some(jump) = self.time.jumped() else {
            self.held_for = None;
            return;
        };
        if self.time.is_first() {
            self.time.follow();
            self.decks.clock_was_wrong(jump).await;
            self.agenda.clock_was_set();
            let now = self.environment.clock.now();
            warn!(seconds = jump.num_seconds(), %now, "the clock was wrong since the machine started, and is right now");
            return;
        }
        let recording: HashSet<_> = self.recorder.recording().into_iter().map(|current| current.airing.id).collect();
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
            self.agenda.clock_was_set();
            info!(now = %self.environment.clock.now(), "the time of the clock is taken over");
        }
    }

    /// Asks the programme what is due and has it recorded.
    async fn look(&mut self) {
        self.keep_time().await;
        let now = self.environment.clock.now();
        let slept = Span::new(self.looked, now);
        if now.timestamp() / 60 != self.looked.timestamp() / 60 {
            self.lock.touch().await;
        }
        self.looked = now;
        if slept.length() > SLEPT {
            warn!(seconds = slept.length().num_seconds(), "the machine slept or its clock was set");
            self.note_missed(slept);
        }
        if !self.agenda.is_quiet(&self.control.plan(), now, LEAD) {
            self.begin_due(now).await;
        }
        self.tell();
    }

    async fn begin_due(&mut self, now: DateTime<Utc>) {
        let turn = self.recorder.turn().await;
        let due = self.agenda.due(&self.control.programme(), now, LEAD);
        let order = |due: &Planned| Order::of(&self.config, &due.airing, &due.title);
        let Err(error) = self.recorder.begin(&turn, due.iter().filter_map(order)).await else { return };
        if due.len() > 1 {
            warn!(airings = due.len(), %error, "could not be claimed together; trying one by one");
        }
        // One that the list refuses keeps no other from being recorded.
        for due in &due {
            if let Err(error) = self.recorder.begin(&turn, order(due)).await {
                error!(airing = %due.airing.id, %error, "could not be claimed; trying again");
                self.agenda.again(due);
            }
        }
    }

    /// Writes down the airings of `window` that are over and were never claimed, in a task of its own: there may be thousands,
    /// and what begins now does not wait for them. None of them can begin any more, so nobody else claims one.
    fn note_missed(&self, window: Span) {
        let (recorder, programme) = (Arc::clone(&self.recorder), self.control.programme());
        self.environment.tasks.spawn(async move {
            let missed = blocking(move || {
                let mut missed = programme.airings(window);
                missed.retain(|Planned { airing, skipped, .. }| {
                    !skipped && airing.cut().end <= window.end && airing.cut().start >= window.start
                });
                missed
            });
            recorder.missed(missed.await).await;
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
                self.config = Arc::new(config);
                self.told.send_replace(Arc::clone(&self.config));
                self.decks.configured(&self.config);
                self.page.serve(self.config.web.listen);
                self.recorder.configured(&self.config);
            }
            Err(errors) => {
                error!("the configuration has mistakes; going on with the one before\n{errors}");
            }
        }
        systemd::ready();
    }

    /// Retention and old tape, in a task of its own: a disk that hangs must not keep a show from beginning.
    fn keep_house(&mut self) {
        if self.house.as_ref().is_some_and(|house| !house.is_finished()) {
            warn!("deleting what is not kept any longer takes very long; is a disk or a network share away?");
            return;
        }
        let (control, decks) = (self.control.clone(), self.decks.clone());
        let (recorder, config) = (Arc::clone(&self.recorder), Arc::clone(&self.config));
        let house = async move {
            control.clean().await;
            decks.forget(TAPE_KEPT, |station| recorder.needed(station)).await;
            recorder.tidy(&config).await;
        };
        let stop = self.environment.stop.clone();
        self.house = Some(
            self.environment
                .tasks
                .spawn(async move { stop.run_until_cancelled_owned(house).await.unwrap_or_default() }),
        );
    }

    /// Tells systemd what goes on, where that has changed.
    fn tell(&mut self) {
        let now = self.environment.clock.now();
        if !self.changes.has_news() && self.standing.holds(now) {
            return;
        }
        let standing = Standing::of(&self.recorder.recording(), &self.control.programme(), now);
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
        tokio::select! {
            () = self.environment.tasks.wait() => info!("stopped"),
            () = self.environment.clock.sleep(STOP_WITHIN) => {
                warn!(tasks = self.environment.tasks.len(), "some tasks did not end in time; what is on tape is safe");
            }
            () = signals.stop() => warn!("stopped at once, as asked; what is on tape is safe"),
        }
        self.lock.touch().await;
    }
}
