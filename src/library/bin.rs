//! The bin: what a person has deleted is off the list and out of the folder at once, and can be brought back for
//! [`KEPT`].
//!
//! The file waits in a hidden folder of the output folder, so that whoever looks there sees what the list shows. Until
//! it goes it takes as much room as before; where room is wanted, the bin is emptied early.
//!
//! [`Bin::put`], in steps, with what a crash after each leaves:
//!
//! 1. the row is *going*: off the list, its file still in its place;
//! 2. the file is moved into the bin: the same, and the file may be in either place;
//! 3. the row is *there*: done.
//!
//! [`Bin::restore`]: the row is *coming*, with the name that the file will have; the file is moved; the row is on the
//! list. While a row is going or coming nobody gets the name of its file; while it is there anybody may.
//!
//! [`Bin::purge`] goes on with what a crash has left, in the direction that was asked for. A file that is neither in
//! the bin nor in its place has been taken by somebody, and that is said.
//!
//! For good: the file is removed first and the row is marked after; a crash in between is repeated by the next round.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use thiserror::Error;
use tokio::sync::Mutex;

use super::catalogue::{Binned, Catalogue, CatalogueError, Recording, Stage};
use super::store::{Store, StoreError};
use crate::language::Sentence;
use crate::model::{AiringId, Codec};

/// How long it can be brought back.
pub const KEPT: TimeDelta = TimeDelta::days(1);

/// Why a recording cannot be deleted or brought back.
#[derive(Debug, Error)]
pub enum BinError {
    /// Nobody knows it, or it is gone for good.
    Unknown {
        /// What was asked for.
        id: AiringId,
    },
    /// It is not finished.
    Unfinished {
        /// The airing.
        id: AiringId,
    },
    /// The file is not where it was put.
    Taken {
        /// The airing.
        id: AiringId,
    },
    /// With the list.
    Catalogue(#[from] CatalogueError),
    /// With the files.
    Store(#[from] StoreError),
}

impl BinError {
    /// What to tell a person, without paths.
    pub fn sentence(&self) -> Sentence {
        match self {
            Self::Unknown { id } => Sentence::new("problem_no_recording").with("recording", id),
            Self::Unfinished { id } => Sentence::new("problem_unfinished").with("recording", id),
            Self::Taken { id } => Sentence::new("problem_file_taken").with("recording", id),
            Self::Catalogue(_) => Sentence::new("problem_catalogue"),
            Self::Store(_) => Sentence::new("problem_file_stuck"),
        }
    }
}

impl fmt::Display for BinError {
    /// For the log: in English, and in full.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Catalogue(error) => error.fmt(f),
            Self::Store(error) => error.fmt(f),
            refused => refused.sentence().fmt(f),
        }
    }
}

/// What a person has deleted. Its clones are one bin.
#[derive(Debug, Clone)]
pub struct Bin {
    catalogue: Catalogue,
    store: Store,
    /// Held while files are moved, so that nobody brings back what is still going.
    turn: Arc<Mutex<()>>,
}

impl Bin {
    /// The bin of a library.
    pub fn new(catalogue: Catalogue, store: Store) -> Self {
        Self { catalogue, store, turn: Arc::default() }
    }

    /// Puts a recording into the bin. Gives what is to be known to bring it back.
    pub async fn put(&self, id: &AiringId, now: DateTime<Utc>) -> Result<Binned, BinError> {
        let _turn = self.turn.lock().await;
        if !self.catalogue.begin_binning(id, now).await? {
            return Err(match self.catalogue.get(id).await? {
                Some(recording) if recording.finished_at.is_none() => BinError::Unfinished { id: id.clone() },
                _ => BinError::Unknown { id: id.clone() },
            });
        }
        let binned = self.catalogue.get(id).await?.and_then(|recording| recording.binned);
        let binned = binned.ok_or_else(|| BinError::Unknown { id: id.clone() })?;
        if let Err(error) = self.go_in(id, &binned).await {
            // It cannot be moved, as where nobody may write: then it stays where it is.
            self.catalogue.relist(id, now).await?;
            return Err(error);
        }
        Ok(binned)
    }

    /// Brings a recording back, under its name or the next free one. One that is not in the bin is as it should be.
    pub async fn restore(&self, id: &AiringId, now: DateTime<Utc>) -> Result<Recording, BinError> {
        let _turn = self.turn.lock().await;
        let unknown = || BinError::Unknown { id: id.clone() };
        let recording = self.catalogue.get(id).await?.filter(|it| it.deleted_at.is_none()).ok_or_else(unknown)?;
        let Some(binned) = &recording.binned else { return Ok(recording) };
        self.come_out(id, binned, now).await?;
        self.catalogue.get(id).await?.ok_or_else(unknown)
    }

    /// Goes on with what was interrupted, and removes for good what was in the bin by `before`. Returns how many that
    /// were. What cannot be moved or removed is reported; the others go on.
    pub async fn purge(&self, now: DateTime<Utc>, before: DateTime<Utc>) -> Result<usize, BinError> {
        let _turn = self.turn.lock().await;
        let mut removed = 0;
        for recording in self.catalogue.binned().await? {
            let Some(binned) = &recording.binned else { continue };
            match self.purge_one(&recording.id, binned, binned.at <= before, now).await {
                Ok(true) => removed += 1,
                Ok(false) => {}
                Err(error) => tracing::warn!(airing = %recording.id, %error, "a deleted recording could not be moved"),
            }
        }
        Ok(removed)
    }

    async fn purge_one(&self, id: &AiringId, binned: &Binned, old: bool, now: DateTime<Utc>) -> Result<bool, BinError> {
        match binned.stage {
            Stage::Going => self.go_in(id, binned).await?,
            Stage::Coming => match self.come_out(id, binned, now).await {
                // There is nothing to bring back: it goes as the others do.
                Err(BinError::Taken { .. }) => {}
                other => return other.map(|()| false),
            },
            Stage::There => {}
        }
        if old {
            self.store.remove_binned(id).await?;
            self.catalogue.mark_binned_deleted(id, now).await?;
        }
        Ok(old)
    }

    async fn go_in(&self, id: &AiringId, binned: &Binned) -> Result<(), BinError> {
        if let Some(file) = &binned.file
            && !self.store.bin(id, file).await?
            && !self.store.is_binned(id).await?
        {
            tracing::warn!(airing = %id, file = %file.display(), "deleted, but its file was not there any more");
        }
        Ok(self.catalogue.set_stage(id, Stage::There).await?)
    }

    async fn come_out(&self, id: &AiringId, binned: &Binned, now: DateTime<Utc>) -> Result<(), BinError> {
        if let Some(file) = &binned.file {
            if self.store.is_binned(id).await? {
                self.move_out(id, file).await?;
            } else {
                // Moved before a crash, or put back by hand.
                let there = self.store.size(file).await.ok();
                if there.is_none() || there != binned.bytes || self.catalogue.belongs_to_another(id, file).await? {
                    return Err(BinError::Taken { id: id.clone() });
                }
            }
        }
        Ok(self.catalogue.relist(id, now).await?)
    }

    /// Gives the file its name again, or where another has it by now, the next that is free.
    async fn move_out(&self, id: &AiringId, file: &Path) -> Result<(), BinError> {
        let name = file.with_extension("").to_string_lossy().into_owned();
        let codec = Codec::of_file(file).unwrap_or_default();
        let (mut target, mut number) = (PathBuf::from(file), 1);
        loop {
            if self.store.is_free(&target).await? && self.catalogue.begin_restoring(id, &target).await? {
                match self.store.unbin(id, &target).await {
                    Err(StoreError::Taken { .. }) => {}
                    moved => return Ok(moved?),
                }
            }
            (target, number) = self.store.free_name(&name, codec, number + 1).await?;
        }
    }
}

#[cfg(test)]
mod tests;
