//! What everything is made from: the parts of the daemon that it shows, and what outlives a request.

pub mod events;
mod levels;
pub mod presence;
pub mod probes;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use url::Url;

use crate::airings::Airings;
use crate::airings::programme::Programme;
use crate::base::clock::SharedClock;
use crate::capture::deck::Decks;
use crate::config::{Auth, Config};
use crate::library::artwork::Pictures;
use crate::library::bin::Bin;
use crate::library::catalogue::Catalogue;
use crate::library::shelf::Shelf;
use crate::recorder::Recorder;
use crate::web::auth::{Access, Feed, TOKEN};
use events::Events;
use presence::Presence;
use probes::Probes;

/// Everything a page may ask. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Site {
    /// The configuration, as it is now.
    pub config: watch::Receiver<Arc<Config>>,
    /// The recordings.
    pub catalogue: Catalogue,
    /// The pictures of shows and stations.
    pub pictures: Pictures,
    /// The output folder, until the process ends: another one in the configuration is for the next.
    pub shelf: Shelf,
    /// What a person has deleted.
    pub bin: Bin,
    /// What is to be recorded, and what is being recorded.
    pub airings: Airings,
    /// How far that is.
    pub recorder: Recorder,
    /// Who may see it.
    pub access: Arc<Access>,
    /// The tapes, to be listened to while they are written.
    pub decks: Decks,
    /// Owns what goes on when whoever asked for it has gone away.
    pub tasks: TaskTracker,
    /// What happens.
    pub events: Events,
    /// The tries of stations.
    pub probes: Probes,
    /// How much of what is on the list is in the folder.
    pub presence: Arc<Presence>,
    /// The time.
    pub clock: SharedClock,
    /// Cancelled when the daemon stops.
    pub stop: CancellationToken,
    /// The places for those who listen to an MP3 that is made for them.
    pub listeners: Arc<Semaphore>,
    /// When the daemon was started.
    pub started: DateTime<Utc>,
}

impl Site {
    /// How many may listen at a time to an MP3 that is made for them; each takes two ffmpegs.
    pub const LISTENERS: usize = 4;

    /// The configuration, as it is now.
    pub fn config(&self) -> Arc<Config> {
        Arc::clone(&self.config.borrow())
    }

    /// Whether a password is asked for.
    pub fn is_guarded(&self) -> bool {
        matches!(self.config().web.auth, Auth::Password(_))
    }

    /// `base` with the token that opens `feed`, and what belongs to it; `base` alone where none is needed. Every address
    /// below that is made from it has the token too.
    pub fn signed(&self, mut base: Url, feed: Feed<'_>) -> Url {
        if self.is_guarded() {
            base.query_pairs_mut().append_pair(TOKEN, &self.access.token(feed));
        }
        base
    }

    /// What is recorded and what is skipped, as it is now.
    pub fn programme(&self) -> Programme {
        self.airings.programme()
    }

    /// The path of `base_url`, which every link begins with; empty where the page is not below one.
    pub fn root(&self) -> String {
        let config = self.config();
        config.web.base_url.as_ref().map(|base| base.path().trim_end_matches('/').to_owned()).unwrap_or_default()
    }
}
