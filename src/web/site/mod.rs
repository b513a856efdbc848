//! What everything is made from: the parts of the daemon that it shows, and what outlives a request.

pub mod events;
mod levels;
pub mod presence;
pub mod probes;

use std::sync::Arc;

use axum::extract::FromRef;
use chrono::{DateTime, Utc};
use tokio::sync::{Semaphore, watch};
use url::Url;

use crate::airings::Airings;
use crate::airings::programme::Programme;
use crate::base::environment::Environment;
use crate::capture::deck::Decks;
use crate::config::{Auth, Config};
use crate::events::Changes;
use crate::library::artwork::Pictures;
use crate::library::bin::Bin;
use crate::library::catalogue::Catalogue;
use crate::library::store::Store;
use crate::recorder::Recorder;
use crate::web::auth::{Access, Feed, TOKEN};
use crate::web::current::Current;

use events::Events;
use presence::Presence;
use probes::Probes;

/// How many may listen at a time to an MP3 that is made for them; each takes two ffmpegs.
const LISTENERS: usize = 4;

/// The parts of the daemon that are shown.
#[derive(Debug)]
pub struct Parts {
    /// The configuration, whenever it is another one.
    pub config: watch::Receiver<Arc<Config>>,
    /// The recordings.
    pub catalogue: Catalogue,
    /// What wakes those who show how things are.
    pub changes: Changes,
    /// The output folder, until the process ends: another one in the configuration is for the next.
    pub store: Store,
    /// What a person has deleted.
    pub bin: Bin,
    /// The pictures of shows and stations.
    pub pictures: Pictures,
    /// What is to be recorded, and what is being recorded.
    pub airings: Airings,
    /// How far that is.
    pub recorder: Recorder,
    /// The tapes, to be listened to while they are written.
    pub decks: Decks,
}

/// Everything that an answer may be made from. Cheap to clone.
///
/// A handler that needs one part alone takes that as its state, see the implementations of [`FromRef`].
#[derive(Debug, Clone)]
pub struct Site {
    pub(super) current: Current,
    pub(super) catalogue: Catalogue,
    pub(super) store: Store,
    pub(super) bin: Bin,
    pub(super) pictures: Pictures,
    pub(super) airings: Airings,
    pub(super) recorder: Recorder,
    pub(super) decks: Decks,
    /// Its tasks own what goes on when whoever asked for it has gone away.
    pub(super) environment: Environment,
    /// Who may see it.
    pub(super) access: Arc<Access>,
    /// What happens.
    pub(super) events: Events,
    /// The tries of stations.
    pub(super) probes: Probes,
    /// How much of what is on the list is in the folder.
    pub(super) presence: Arc<Presence>,
    /// The places for those who listen to an MP3 that is made for them.
    pub(super) listeners: Arc<Semaphore>,
    /// When the daemon was started.
    pub(super) started: DateTime<Utc>,
}

impl Site {
    /// Shows `parts`. What outlives a restart is in the state folder of the configuration.
    pub fn new(environment: Environment, parts: Parts) -> Self {
        let Parts { config, catalogue, changes, store, bin, pictures, airings, recorder, decks } = parts;
        let current = Current::new(config);
        let state = &current.config().state;
        Self {
            access: Arc::new(Access::new(state, Arc::clone(&environment.clock))),
            events: Events::start(&environment, recorder.clone(), changes),
            probes: Probes::new(environment.clone(), state.join("probes")),
            presence: Arc::default(),
            listeners: Arc::new(Semaphore::new(LISTENERS)),
            started: environment.clock.now(),
            current,
            catalogue,
            store,
            bin,
            pictures,
            airings,
            recorder,
            decks,
            environment,
        }
    }

    /// The time.
    pub(super) fn now(&self) -> DateTime<Utc> {
        self.environment.clock.now()
    }

    /// The configuration, as it is now.
    pub(super) fn config(&self) -> Arc<Config> {
        self.current.config()
    }

    /// Whether a password is asked for.
    pub(super) fn is_guarded(&self) -> bool {
        matches!(self.config().web.auth, Auth::Password(_))
    }

    /// `base` with the token that opens `feed`, and what belongs to it; `base` alone where none is needed. Every address
    /// below that is made from it has the token too.
    pub(super) fn signed(&self, mut base: Url, feed: Feed<'_>) -> Url {
        if self.is_guarded() {
            base.query_pairs_mut().append_pair(TOKEN, &self.access.token(feed));
        }
        base
    }

    /// What is recorded and what is skipped, as it is now.
    pub(super) fn programme(&self) -> Programme {
        self.airings.programme()
    }

    /// The path of `base_url`, which every link begins with; empty where the page is not below one.
    pub(super) fn root(&self) -> String {
        self.config().web.root().to_owned()
    }
}

impl FromRef<Site> for Current {
    fn from_ref(site: &Site) -> Self {
        site.current.clone()
    }
}

impl FromRef<Site> for Catalogue {
    fn from_ref(site: &Site) -> Self {
        site.catalogue.clone()
    }
}

impl FromRef<Site> for Events {
    fn from_ref(site: &Site) -> Self {
        site.events.clone()
    }
}

impl FromRef<Site> for Probes {
    fn from_ref(site: &Site) -> Self {
        site.probes.clone()
    }
}
