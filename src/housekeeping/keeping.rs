//! Keeping: deletes what the rules of `keep` do not keep. `aircheck keep --dry-run` goes the same way, and does not take the
//! last step.
//!
//! These are the steps for a recording, each with what a crash after it leaves:
//!
//! 1. Its row is read again: it may have been pinned, brought into the bin or cut again meanwhile. Then its file is looked
//!    at. It must be ours and unchanged ([`ours`]); otherwise the recording stays, and that is told.
//! 2. The file is deleted. A crash leaves a row without a file, which a later round deletes.
//! 3. The row is marked.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use tracing::{info, warn};

use super::retention::{self, Going, Scope};
use crate::config::Config;
use crate::library::archive::ArchiveError;
use crate::library::catalogue::{Catalogue, Kept, Recording};
use crate::library::ours::{self, FileState};
use crate::library::store::Store;
use crate::model::AiringId;

/// How many files the disk is asked for at a time.
const ASKED_AT_ONCE: usize = 1_000;

/// Whether files are deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Run {
    /// They are.
    Real,
    /// Everything else is done.
    Dry,
}

/// What becomes of a recording that a rule deletes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It is deleted.
    Deleted,
    /// It was pinned, deleted, cut again or moved since the rules were looked at.
    Changed,
    /// Its file is not as aircheck left it, so nobody but a person deletes it.
    NotOurs,
    /// Its tags were changed; its new size is on the list now, and it goes in the next round.
    Retagged,
    /// Its file cannot be looked at or deleted, and why.
    Failed(String),
}

impl Fate {
    /// Returns its name for programs.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Deleted => "deleted",
            Self::Changed => "changed",
            Self::NotOurs => "not_ours",
            Self::Retagged => "retagged",
            Self::Failed(_) => "failed",
        }
    }

    /// Returns why the recording stays. `None` if it does not.
    pub fn stays(&self) -> Option<String> {
        let words = match self {
            Self::Deleted => return None,
            Self::Changed => "it was pinned, deleted, cut again or moved just now",
            Self::NotOurs => {
                "its file is not as aircheck left it; `aircheck fsck` says more, and you may delete it yourself"
            }
            Self::Retagged => "its tags were changed by hand, so the rule waits for the next round",
            Self::Failed(error) => return Some(format!("it could not be deleted: {error}")),
        };
        Some(words.to_owned())
    }
}

/// Deletes recordings by the rules of `keep`; clones are the same.
#[derive(Debug, Clone)]
pub struct Keeping {
    catalogue: Catalogue,
    store: Store,
    /// The recordings of which it was told that they stay.
    told: Arc<Mutex<HashSet<AiringId>>>,
}

impl Keeping {
    /// Returns what deletes recordings of the `store` that are in the `catalogue`.
    pub fn new(catalogue: Catalogue, store: Store) -> Self {
        Self { catalogue, store, told: Arc::default() }
    }

    /// Returns what the rules of `config` delete at `now`, the oldest first. `None` if the output folder is away, so that
    /// nothing is known of the files. The disk is asked only if something would go.
    ///
    /// # Errors
    /// The catalogue or the output folder cannot be read.
    pub async fn plan(&self, config: &Config, now: DateTime<Utc>) -> Result<Option<Vec<Going>>, ArchiveError> {
        let scope = Scope::of(config);
        if scope.is_empty() {
            return Ok(Some(Vec::new()));
        }
        let mut recordings = self.catalogue.kept(move |show, station| scope.has(show, station)).await?;
        let mut asked = HashSet::new();
        // A file that is gone keeps another recording, and that one may bring a rule into play that was not before.
        loop {
            let going = retention::going(&recordings, config, now);
            let depends = Scope::of_rules(&going);
            let files = recordings.iter().filter(|it| depends.has(it.show.as_str(), it.station.as_str()));
            let files = files.filter_map(|it| it.file.clone()).filter(|file| asked.insert(file.clone())).collect();
            let Some(gone) = self.gone(files).await? else { return Ok(None) };
            if gone.is_empty() {
                return Ok(Some(going));
            }
            let is_gone = |it: &Kept| it.file.as_ref().is_some_and(|file| gone.contains(file));
            let ids = recordings.iter().filter(|it| is_gone(it)).map(|it| it.id.clone()).collect();
            let copied = self.catalogue.which_are_copied(ids).await?;
            for recording in recordings.iter_mut().filter(|it| is_gone(it)) {
                recording.bytes = 0;
                recording.file.take_if(|_| !copied.contains(&recording.id));
            }
        }
    }

    /// Returns which of `files` do not exist. `None` if the output folder is away.
    async fn gone(&self, files: Vec<PathBuf>) -> Result<Option<HashSet<PathBuf>>, ArchiveError> {
        let mut gone = HashSet::new();
        if files.is_empty() {
            return Ok(Some(gone));
        }
        // Asked before and after: the folder may go away in between.
        if self.store.is_away().await? {
            return Ok(None);
        }
        for files in files.chunks(ASKED_AT_ONCE) {
            gone.extend(self.store.gone(files.to_vec()).await?);
        }
        Ok((!self.store.is_away().await?).then_some(gone))
    }

    /// Deletes what goes, in a [`Run::Real`], and tells each in the log with its rule. Returns what became of each.
    ///
    /// # Errors
    /// The catalogue fails.
    pub async fn carry_out(
        &self,
        going: Vec<Going>,
        run: Run,
        now: DateTime<Utc>,
    ) -> Result<Vec<(Going, Fate)>, ArchiveError> {
        let mut done = Vec::with_capacity(going.len());
        for going in going {
            let fate = self.treat(&going, run, now).await?;
            if run == Run::Real {
                self.tell(&going, &fate);
            }
            done.push((going, fate));
        }
        Ok(done)
    }

    async fn treat(&self, going: &Going, run: Run, now: DateTime<Utc>) -> Result<Fate, ArchiveError> {
        let id = &going.recording.id;
        let is_on_list = |it: &Recording| it.deleted_at.is_none() && it.binned.is_none();
        let Some(current) = self.catalogue.get(id).await?.filter(is_on_list) else { return Ok(Fate::Changed) };
        if current.finished_at != Some(going.recording.finished_at) {
            return Ok(Fate::Changed);
        }
        let size = (current.bytes, going.recording.finished_at);
        let state = match &current.file {
            Some(file) => Some((file, ours::state(&self.store, id, file, size).await)),
            None => None,
        };
        // Asked last: a slow disk leaves a person time to pin it.
        if self.catalogue.marks(vec![id.clone()]).await?.get(id).is_some_and(|it| it.pinned_at.is_some()) {
            return Ok(Fate::Changed);
        }
        if let Some((file, state)) = state {
            // By the plan, its file is here, elsewhere, or nowhere.
            let (planned, is_here) = (&going.recording.file, going.recording.bytes > 0);
            match state {
                Err(error) => return Ok(Fate::Failed(error.to_string())),
                Ok(FileState::Gone) if is_here => return Ok(Fate::Changed),
                Ok(FileState::Gone) => {}
                Ok(_) if planned.as_ref() != Some(file) => return Ok(Fate::Changed),
                Ok(FileState::Changed) => return Ok(Fate::NotOurs),
                Ok(FileState::Retagged(bytes)) => {
                    if run == Run::Real {
                        self.catalogue.follow(id, Some(file), file, bytes).await?;
                    }
                    return Ok(Fate::Retagged);
                }
                Ok(FileState::Ours) if run == Run::Dry => {}
                Ok(FileState::Ours) => {
                    if let Err(error) = self.store.remove(file).await {
                        return Ok(Fate::Failed(error.to_string()));
                    }
                }
            }
        }
        if run == Run::Real {
            self.catalogue.mark_deleted(id, now).await?;
        }
        Ok(Fate::Deleted)
    }

    fn tell(&self, Going { recording, rule }: &Going, fate: &Fate) {
        let (airing, title) = (&recording.id, &recording.title);
        let file = recording.file.as_deref().map(|file| file.display().to_string()).unwrap_or_default();
        let is_first = || self.told.lock().unwrap_or_else(PoisonError::into_inner).insert(airing.clone());
        match fate {
            Fate::Deleted => info!(%airing, %title, %file, %rule, "a recording is deleted, as `keep` says"),
            Fate::NotOurs if is_first() => warn!(
                %airing, %file, %rule,
                "`keep` would delete a recording, and its file is not as aircheck left it, so it stays: delete it yourself, or \
                 see `aircheck fsck`"
            ),
            Fate::NotOurs | Fate::Changed => {}
            Fate::Retagged => {
                info!(%airing, %file, %rule, "the tags of a recording were changed; `keep` deletes it in the next round");
            }
            Fate::Failed(error) => {
                warn!(%airing, %file, %error, "a recording that `keep` does not keep could not be deleted");
            }
        }
    }
}

#[cfg(test)]
mod tests;
