//! The bin: a recording that a person deletes leaves the list and its folder at once, and can be brought back for
//! [`RESTORABLE_FOR`].
//!
//! The file waits in a hidden folder of the output folder, so that a person who opens the output folder sees what the
//! list shows. It takes up space until it is removed; if space is short, the bin is emptied early.
//!
//! These are the steps of [`Bin::put`], each with what a crash after it leaves:
//!
//! 1. The row is *going*. A crash leaves a recording that is off the list, with its file where it was.
//! 2. The file is moved into the bin. A crash leaves the row going, with its file in the bin.
//! 3. The row is *there*.
//!
//! [`Bin::restore`] marks the row as *coming*, with the name that the file will have; moves the file; and puts the row
//! on the list. While a row is going or coming, no other file gets the name; while it is there, any may.
//!
//! [`Bin::purge`] completes what a crash has interrupted. It removes old files for good: the file first, and then it
//! marks the row; the next purge repeats what a crash in between has interrupted.
//!
//! A file that is neither in the bin nor where it was has been moved or removed by somebody. [`Bin::restore`] reports
//! that.

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

/// How long a recording in the bin can be brought back.
pub const RESTORABLE_FOR: TimeDelta = TimeDelta::days(1);

/// Why a recording cannot be deleted or brought back.
#[derive(Debug, Error)]
pub enum BinError {
    /// The recording does not exist, or was deleted for good.
    Unknown {
        /// The id of the request.
        id: AiringId,
    },
    /// The airing is not finished.
    Unfinished {
        /// The airing.
        id: AiringId,
    },
    /// The file is neither in the bin nor where it was: somebody has moved or removed it.
    FileGone {
        /// The airing.
        id: AiringId,
    },
    /// The catalogue fails.
    Catalogue(#[from] CatalogueError),
    /// The store fails.
    Store(#[from] StoreError),
}

impl BinError {
    /// Returns a sentence for people, without paths.
    pub fn sentence(&self) -> Sentence {
        match self {
            Self::Unknown { id } => Sentence::new("problem_no_recording").with("recording", id),
            Self::Unfinished { id } => Sentence::new("problem_unfinished").with("recording", id),
            Self::FileGone { id } => Sentence::new("problem_file_taken").with("recording", id),
            Self::Catalogue(_) => Sentence::new("problem_catalogue"),
            Self::Store(_) => Sentence::new("problem_file_stuck"),
        }
    }
}

impl fmt::Display for BinError {
    /// Writes the error for the log: in English, with all details.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Catalogue(error) => error.fmt(f),
            Self::Store(error) => error.fmt(f),
            refused => refused.sentence().fmt(f),
        }
    }
}

/// The bin of a library; clones are the same bin.
#[derive(Debug, Clone)]
pub struct Bin {
    catalogue: Catalogue,
    store: Store,
    /// Held while files are moved, so that a recording is not brought back while its file still goes into the bin.
    moving: Arc<Mutex<()>>,
}

impl Bin {
    /// Creates the bin of a library.
    pub fn new(catalogue: Catalogue, store: Store) -> Self {
        Self { catalogue, store, moving: Arc::default() }
    }

    /// Puts a recording into the bin. Returns its state there.
    pub async fn put(&self, id: &AiringId, now: DateTime<Utc>) -> Result<Binned, BinError> {
        let _moving = self.moving.lock().await;
        if !self.catalogue.begin_binning(id, now).await? {
            return Err(match self.catalogue.get(id).await? {
                Some(recording) if recording.finished_at.is_none() => BinError::Unfinished { id: id.clone() },
                _ => BinError::Unknown { id: id.clone() },
            });
        }
        let binned = self.catalogue.get(id).await?.and_then(|recording| recording.binned);
        let binned = binned.ok_or_else(|| BinError::Unknown { id: id.clone() })?;
        if let Err(error) = self.move_in(id, &binned).await {
            // The file cannot be moved, so the recording stays on the list.
            self.catalogue.relist(id, now).await?;
            return Err(error);
        }
        Ok(binned)
    }

    /// Brings a recording back under its name or the next free one, and returns it. Does nothing if the recording is
    /// not in the bin.
    pub async fn restore(&self, id: &AiringId, now: DateTime<Utc>) -> Result<Recording, BinError> {
        let _moving = self.moving.lock().await;
        let unknown = || BinError::Unknown { id: id.clone() };
        let recording = self.catalogue.get(id).await?.ok_or_else(unknown)?;
        if recording.deleted_at.is_some() {
            return Err(unknown());
        }
        let Some(binned) = &recording.binned else { return Ok(recording) };
        self.bring_back(id, binned, now).await?;
        self.catalogue.get(id).await?.ok_or_else(unknown)
    }

    /// Completes what was interrupted, and removes for good what was put into the bin at `before` or earlier. Returns
    /// how many recordings were removed. Logs a file that cannot be moved or removed, and continues with the others.
    pub async fn purge(&self, now: DateTime<Utc>, before: DateTime<Utc>) -> Result<usize, BinError> {
        let _moving = self.moving.lock().await;
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
            Stage::Going => self.move_in(id, binned).await?,
            Stage::Coming => match self.bring_back(id, binned, now).await {
                // Nothing can be brought back, so the recording is treated as one in the bin.
                Err(BinError::FileGone { .. }) => {}
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

    async fn move_in(&self, id: &AiringId, binned: &Binned) -> Result<(), BinError> {
        if let Some(file) = &binned.file
            && !self.store.move_into_bin(id, file).await?
            && !self.store.is_binned(id).await?
        {
            tracing::warn!(airing = %id, file = %file.display(), "a recording was deleted, but its file no longer existed");
        }
        Ok(self.catalogue.set_stage(id, Stage::There).await?)
    }

    async fn bring_back(&self, id: &AiringId, binned: &Binned, now: DateTime<Utc>) -> Result<(), BinError> {
        if let Some(file) = &binned.file {
            if self.store.is_binned(id).await? {
                self.move_out(id, file).await?;
            } else if !self.is_only_in_object_store(id).await? {
                // The file was moved before a crash, or put back by hand.
                let size = self.store.size(file).await.ok();
                if size.is_none() || size != binned.bytes || self.catalogue.belongs_to_another(id, file).await? {
                    return Err(BinError::FileGone { id: id.clone() });
                }
            }
        }
        Ok(self.catalogue.relist(id, now).await?)
    }

    /// Returns whether the file was deleted because the object store has a copy: then it was never in the bin, and its name
    /// is still that of the recording.
    async fn is_only_in_object_store(&self, id: &AiringId) -> Result<bool, BinError> {
        let copies = self.catalogue.copies(vec![id.clone()]).await?;
        Ok(copies.get(id).is_some_and(|copy| copy.let_go))
    }

    /// Moves the file out of the bin under its name, or under the next free one if another file has that name.
    async fn move_out(&self, id: &AiringId, file: &Path) -> Result<(), BinError> {
        let name = file.with_extension("").to_string_lossy().into_owned();
        let codec = Codec::of_file(file).unwrap_or_default();
        let (mut target, mut number) = (PathBuf::from(file), 1);
        loop {
            if self.store.is_free(&target).await? && self.catalogue.begin_restoring(id, &target).await? {
                match self.store.move_out_of_bin(id, &target).await {
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
