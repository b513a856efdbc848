//! The site: the parts of the daemon that handlers use, and what outlives a request.

pub mod editing;
pub mod events;
mod levels;
pub mod links;
pub mod presence;
pub mod probes;
pub mod tapes;

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::FromRef;
use chrono::{DateTime, Utc};
use tokio::sync::{Semaphore, watch};
use url::Url;

use crate::account::FreshLevels;
use crate::airings::Airings;
use crate::airings::programme::Programme;
use crate::base::blocking::Lane;
use crate::base::environment::Environment;
use crate::capture::deck::Decks;
use crate::checkups::Checkups;
use crate::clips::Clips;
use crate::config::{Auth, Config};
use crate::copies::Copies;
use crate::events::Changes;
use crate::grabs::Grabs;
use crate::housekeeping::outlook::Outlook;
use crate::language::Sentence;
use crate::library::artwork::Pictures;
use crate::library::bin::Bin;
use crate::library::catalogue::{Catalogue, CatalogueError, CopyEntry, CopyState, Recording};
use crate::library::store::Store;
use crate::model::AiringId;
use crate::notify::Notify;
use crate::recorder::Recorder;
use crate::renditions::Renditions;
use crate::tape_copies::TapeCopies;
use crate::web::answer::Problem;
use crate::web::auth::{Access, Feed, TOKEN};
use crate::web::current::Current;
use crate::web::media::growing::Followed;

use events::Events;
use presence::Presence;
use probes::Probes;

/// How many clients may listen live to an MP3 at a time; each takes two ffmpegs.
const LISTENERS: usize = 4;

/// How many stretches are decoded for the editor of clips at a time.
const DECODERS: usize = 4;

/// How many threads read tapes for the page at a time. A day of tape takes some memory while it is read.
const READERS: usize = 2;

/// The parts of the daemon that the page needs.
#[derive(Debug)]
pub struct Parts {
    /// The configuration, which a reload replaces.
    pub config: watch::Receiver<Arc<Config>>,
    /// The recordings.
    pub catalogue: Catalogue,
    /// Announces changes.
    pub changes: Changes,
    /// The output folder of this process; a reload does not change it.
    pub store: Store,
    /// The recordings that a person has deleted.
    pub bin: Bin,
    /// The pictures of shows and stations.
    pub pictures: Pictures,
    /// The planned and running airings.
    pub airings: Airings,
    /// How far running airings are.
    pub recorder: Recorder,
    /// The tapes, for listening.
    pub decks: Decks,
    /// Tries stations ahead of their shows.
    pub checkups: Checkups,
    /// Whether what is planned fits on the disks.
    pub outlook: Outlook,
    /// Makes clips.
    pub clips: Clips,
    /// Copies to the object store.
    pub copies: Copies,
    /// Copies of tapes to the object store.
    pub tape_copies: TapeCopies,
    /// Tells targets what happens.
    pub notify: Notify,
    /// Makes downloads.
    pub grabs: Grabs,
    /// Recordings as HLS.
    pub renditions: Renditions,
}

/// Holds everything that a handler may use. Cheap to clone.
///
/// A handler that needs only one part takes that part as its state, see the implementations of [`FromRef`].
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
    pub(super) checkups: Checkups,
    pub(super) outlook: Outlook,
    pub(super) clips: Clips,
    pub(super) copies: Copies,
    pub(super) tape_copies: TapeCopies,
    pub(super) notify: Notify,
    pub(super) grabs: Grabs,
    pub(super) renditions: Renditions,
    /// Its tasks own work that goes on after the client has disconnected.
    pub(super) environment: Environment,
    /// Sessions, tokens and passwords.
    pub(super) access: Arc<Access>,
    /// Events for listening clients.
    pub(super) events: Events,
    /// Trials of stations.
    pub(super) probes: Probes,
    /// How many recordings on the list have their file.
    pub(super) presence: Arc<Presence>,
    /// The slots of clients that listen live to an MP3.
    pub(super) listeners: Arc<Semaphore>,
    /// The playlists of tapes that players follow.
    pub(super) followed: Followed,
    /// The slots of stretches that are decoded for the editor of clips.
    pub(super) decoders: Arc<Semaphore>,
    /// Levels that are computed because somebody looks.
    pub(super) fresh: FreshLevels,
    /// The lane to the disk of the tapes, for who reads hours or weeks of one.
    pub(super) readers: Lane,
    /// When the daemon was started.
    pub(super) started: DateTime<Utc>,
}

impl Site {
    /// Returns a site of `parts`. What outlives a restart is in the state folder of the configuration.
    pub fn new(environment: Environment, parts: Parts) -> Self {
        let Parts { config, catalogue, changes, store, bin, pictures, airings, recorder, decks, .. } = parts;
        let Parts { checkups, outlook, clips, copies, tape_copies, notify, grabs, renditions, .. } = parts;
        let current = Current::new(config);
        let state = &current.config().state;
        Self {
            access: Arc::new(Access::new(state, Arc::clone(&environment.clock))),
            events: Events::start(&environment, (recorder.clone(), grabs.clone()), (catalogue.clone(), changes)),
            probes: Probes::new(environment.clone(), state.join("probes")),
            presence: Arc::default(),
            listeners: Arc::new(Semaphore::new(LISTENERS)),
            decoders: Arc::new(Semaphore::new(DECODERS)),
            followed: Followed::new(environment.clone()),
            fresh: FreshLevels::new(environment.clone()),
            readers: Lane::new(READERS),
            started: environment.clock.now(),
            current,
            catalogue,
            store,
            bin,
            pictures,
            airings,
            recorder,
            decks,
            checkups,
            outlook,
            clips,
            copies,
            tape_copies,
            notify,
            grabs,
            renditions,
            environment,
        }
    }

    /// Returns the time.
    pub(super) fn now(&self) -> DateTime<Utc> {
        self.environment.clock.now()
    }

    /// Returns the current configuration.
    pub(super) fn config(&self) -> Arc<Config> {
        self.current.config()
    }

    /// Returns whether the page has a password.
    pub(super) fn is_guarded(&self) -> bool {
        matches!(self.config().web.auth, Auth::Password(_))
    }

    /// Returns `base` with the token that opens `feed` and what belongs to it, or `base` alone if there is no password.
    /// Every address made from it has the token too.
    pub(super) fn signed(&self, mut base: Url, feed: Feed<'_>) -> Url {
        if self.is_guarded() {
            base.query_pairs_mut().append_pair(TOKEN, &self.access.token(feed));
        }
        base
    }

    /// Returns the current programme.
    pub(super) fn programme(&self) -> Programme {
        self.airings.programme()
    }

    /// Returns the recording with this id, also while it is being made.
    ///
    /// # Errors
    /// There is none, or it was deleted.
    pub(super) async fn recording(&self, id: &str) -> Result<Recording, Problem> {
        let found = self.catalogue.get(&AiringId::new(id)).await?;
        found
            .filter(|recording| recording.deleted_at.is_none() && recording.binned.is_none())
            .ok_or_else(|| Problem::not_found(Sentence::new("problem_no_recording").with("recording", id)))
    }

    /// Returns how far the copies of `recordings` in the object store are. Those in or for a store which the
    /// configuration does not name any more are left out, and so are those that are not to be made any more.
    pub(super) async fn copied(
        &self,
        recordings: &[Recording],
    ) -> Result<HashMap<AiringId, CopyState>, CatalogueError> {
        let ids = recordings.iter().map(|recording| recording.id.clone()).collect();
        let place = self.store_place();
        let counts = |copy: &CopyEntry| match copy.state {
            CopyState::Queued => place.is_some(),
            CopyState::Done => copy.place.is_some() && copy.place == place,
            CopyState::Dropped => false,
        };
        let copies = self.catalogue.copies(ids).await?.into_iter();
        Ok(copies.filter(|(_, copy)| counts(copy)).map(|(id, copy)| (id, copy.state)).collect())
    }

    /// Returns where copies are made now. `None` if nothing is copied.
    pub(super) fn store_place(&self) -> Option<String> {
        self.config().store.as_ref().map(|rule| rule.place())
    }

    /// Returns the path of `base_url`, with which every link begins; empty if it has none.
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
