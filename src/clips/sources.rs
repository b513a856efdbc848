//! Where the sound of clips comes from: the tapes, the recordings and the object store of one configuration.

use std::path::PathBuf;
use std::sync::Arc;

use super::objects::StoredSound;
use crate::base::blocking::blocking;
use crate::base::clock::SharedClock;
use crate::capture::deck::{Decks, present_folder_of};
use crate::config::{Config, Station};
use crate::library::catalogue::{Catalogue, CatalogueError, Recording};
use crate::library::store::Store;
use crate::model::AiringId;
use crate::tape::{Tape, TapeError};

/// Tapes and recordings.
#[derive(Debug, Clone)]
pub struct Sources {
    /// The configuration.
    pub config: Arc<Config>,
    /// The recordings. `None` if there is no catalogue yet.
    pub catalogue: Option<Catalogue>,
    /// Their files.
    pub store: Store,
    /// The time.
    pub clock: SharedClock,
    tapes: Tapes,
}

/// Where tapes are read.
#[derive(Debug, Clone)]
enum Tapes {
    /// From the decks that write them.
    Live(Decks),
    /// From their folder, as they are at the moment.
    Folder(PathBuf),
}

/// What a piece is cut from.
#[derive(Debug, Clone)]
pub enum Origin {
    /// A tape. `None` if there is none yet.
    Tape(Arc<Station>, Option<Tape>),
    /// A recording, which has a file.
    Recording(Box<Recording>),
    /// A file in the object store.
    Object(Box<StoredSound>),
}

impl Sources {
    /// Returns the sources of the service.
    pub fn live(config: Arc<Config>, catalogue: Catalogue, store: Store, decks: Decks, clock: SharedClock) -> Self {
        Self { config, catalogue: Some(catalogue), store, clock, tapes: Tapes::Live(decks) }
    }

    /// Returns the sources of a command, beside the service or without it.
    pub fn of_command(config: Arc<Config>, catalogue: Option<Catalogue>, store: Store, clock: SharedClock) -> Self {
        let tapes = Tapes::Folder(config.state.join("tape"));
        Self { config, catalogue, store, clock, tapes }
    }

    /// Returns the tape of `station`. `None` if it has none.
    ///
    /// # Errors
    /// It cannot be read.
    pub async fn tape(&self, station: &Station) -> Result<Option<Tape>, TapeError> {
        match &self.tapes {
            Tapes::Live(decks) => decks.present_tape(station).await,
            Tapes::Folder(tapes) => {
                let folder = present_folder_of(tapes, &station.id, &self.config);
                let delay = station.delay;
                blocking(move || folder.exists().then(|| Tape::read(&folder, delay)).transpose()).await
            }
        }
    }

    /// Returns a recording. `None` if there is none with this id.
    ///
    /// # Errors
    /// The catalogue cannot be read.
    pub async fn recording(&self, id: &AiringId) -> Result<Option<Recording>, CatalogueError> {
        match &self.catalogue {
            Some(catalogue) => catalogue.get(id).await,
            None => Ok(None),
        }
    }
}
