//! One copy: from the file in the output folder to an object that has the same bytes.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use chrono::TimeDelta;
use thiserror::Error;

use super::name::name;
use crate::base::blocking::blocking;
use crate::base::hash::sha256_of_file;
use crate::config::Config;
use crate::library::catalogue::{Catalogue, CatalogueError, CopyEntry, Recording};
use crate::library::remote::{MOST_PARTS, PART, Payload, Remote, RemoteError, Sums};
use crate::library::store::{Store, StoreError};
use crate::library::strays::StraysError;

/// How often a name is tried with another number.
const MOST_NAMES: u32 = 99;
/// When a recording is looked at again whose file is not there, and how often: it may be in the bin, or moved away.
const LOOK_AGAIN: TimeDelta = TimeDelta::hours(1);
const MOST_LOOKS: u32 = 48;

/// Why something could not be done with a copy.
#[derive(Debug, Error)]
pub enum SendError {
    /// The store refuses, or cannot be reached.
    #[error(transparent)]
    Remote(#[from] RemoteError),
    /// The catalogue cannot be read or written.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    /// The output folder cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// All names are taken.
    #[error("{name} and all names like it are taken in the store; give `store` another `prefix` or `name`")]
    Taken {
        /// The first of them.
        name: String,
    },
}

impl From<StraysError> for SendError {
    fn from(error: StraysError) -> Self {
        match error {
            StraysError::Catalogue(error) => Self::Catalogue(error),
            StraysError::Store(error) => Self::Store(error),
        }
    }
}

impl SendError {
    /// Whether it is about one file, and not about the store as a whole.
    pub fn is_of_one_file(&self) -> bool {
        match self {
            Self::Remote(error) => error.is_of_one_file(),
            Self::Taken { .. } => true,
            Self::Catalogue(_) | Self::Store(_) => false,
        }
    }
}

/// What became of a copy.
#[derive(Debug)]
pub(super) enum Sent {
    /// The store has it.
    Done {
        /// Its name.
        name: String,
    },
    /// Its file is gone, and a store has it from before.
    HadBefore,
    /// There is nothing to copy any more.
    Nothing {
        /// Why.
        why: String,
    },
    /// It is to be tried again later.
    Later {
        /// Why.
        why: String,
        /// How much later.
        after: TimeDelta,
    },
}

/// A file that is copied.
struct Sending<'a> {
    remote: &'a Remote,
    catalogue: &'a Catalogue,
    path: PathBuf,
    kind: &'static str,
    /// As it is written down.
    copy: CopyEntry,
    sums: Sums,
}

/// Makes a copy, as far as that is not done yet.
pub(super) async fn send(
    remote: &Remote,
    catalogue: &Catalogue,
    store: &Store,
    config: &Config,
    copy: &CopyEntry,
) -> Result<Sent, SendError> {
    let nothing = |why: &str| Ok(Sent::Nothing { why: why.to_owned() });
    let newest = catalogue.copies(vec![copy.airing.clone()]).await?.remove(&copy.airing);
    if newest.is_some_and(|newest| newest.number != copy.number) {
        return nothing("it was cut again since");
    }
    let Some(recording) = catalogue.get(&copy.airing).await? else { return nothing("it is not on the list any more") };
    if recording.deleted_at.is_some() {
        return nothing("it was deleted");
    }
    // The file names another store than before, or the same again.
    let before = catalogue.copy_before(copy).await?;
    let is_here = before.as_ref().is_some_and(|before| before.place.as_ref() == Some(&remote.rule().place()));
    let absent = |why: &str| {
        let why = why.to_owned();
        let gives_up = copy.tries >= MOST_LOOKS;
        Ok(if before.is_some() && (is_here || gives_up) {
            Sent::HadBefore
        } else if gives_up {
            Sent::Nothing { why }
        } else {
            Sent::Later { why, after: LOOK_AGAIN }
        })
    };
    if recording.binned.is_some() {
        return absent("it is in the bin");
    }
    let Some(file) = recording.file.clone() else { return absent("its file is gone") };
    let path = store.sound_of(&file);
    let Some((bytes, sha256)) = measured(&path).await? else {
        if store.is_away().await? {
            return Err(StoreError::Silent { path: store.shown_folder().to_owned() }.into());
        }
        return absent("its file is gone");
    };
    let sums = Sums { bytes, sha256, of_parts: None };
    let kind = recording.codec().media_type();
    let mut sending = Sending { remote, catalogue, path, kind, copy: copy.clone(), sums };
    sending.forget_other_file(&file).await?;
    sending.under_free_name(config, &recording).await
}

/// Returns size and SHA-256 of a file. `None` if it does not exist.
async fn measured(path: &Path) -> Result<Option<(u64, String)>, SendError> {
    let file = path.to_owned();
    let measure = move || -> io::Result<Option<(u64, String)>> {
        let bytes = match file.metadata() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            metadata => metadata?.len(),
        };
        Ok(sha256_of_file(&file, bytes)?.map(|sum| (bytes, sum)))
    };
    let unreadable = |source| RemoteError::File { doing: "read", path: path.to_owned(), source };
    Ok(blocking(measure).await.map_err(unreadable)?)
}

impl Sending<'_> {
    /// Forgets what is written down of the copy if that was of another file, or in another store.
    async fn forget_other_file(&mut self, file: &Path) -> Result<(), SendError> {
        let (place, sums) = (self.remote.rule().place(), &self.sums);
        let same = self.copy.place.as_ref() == Some(&place) && self.copy.sha256.as_ref() == Some(&sums.sha256);
        file.clone_into(&mut self.copy.file);
        self.copy.bytes = Some(sums.bytes);
        if same {
            return Ok(());
        }
        if self.copy.place.as_ref() == Some(&place) {
            self.abort().await?;
        } else if self.copy.upload.take().is_some() {
            self.catalogue.set_upload(self.copy.number, None).await?;
        }
        self.copy.sha256 = Some(self.sums.sha256.clone());
        (self.copy.place, self.copy.name) = (Some(place), None);
        Ok(())
    }

    /// Sends the file under the first name that is free, or that an object with the same bytes has.
    async fn under_free_name(&mut self, config: &Config, recording: &Recording) -> Result<Sent, SendError> {
        let (rule, file) = (Arc::clone(self.remote.rule()), self.copy.file.clone());
        let names = (1..=MOST_NAMES).map(|number| name(&rule, config, recording, &file, number));
        // A name that was begun is gone on with, whatever the template says by now.
        for name in self.copy.name.clone().into_iter().chain(names) {
            if self.copy.name.as_ref() != Some(&name) {
                self.abort().await?;
            }
            if let Some(stored) = self.remote.head(&name).await? {
                let parts = self.catalogue.parts(self.copy.number).await?;
                let sums = if parts.is_empty() { self.sums.clone() } else { self.sums.clone().in_parts(&parts) };
                if self.remote.has_same(&name, &stored, &sums).await? {
                    return self.done(name).await;
                }
                continue;
            }
            self.copy.name = Some(name.clone());
            self.catalogue.name_copy(&self.copy).await?;
            let sent = if self.sums.bytes > self.remote.rule().whole_up_to {
                self.in_parts(&name).await
            } else {
                self.whole(&name).await
            };
            match sent {
                Ok(()) => return self.done(name).await,
                // Somebody else has got the name in between.
                Err(SendError::Remote(error)) if error.is_taken() => {}
                Err(error) => return Err(error),
            }
        }
        let name = self.copy.name.clone().unwrap_or_default();
        Err(SendError::Taken { name })
    }

    /// Writes down under which name the store has it.
    async fn done(&mut self, name: String) -> Result<Sent, SendError> {
        self.copy.name = Some(name.clone());
        self.catalogue.name_copy(&self.copy).await?;
        Ok(Sent::Done { name })
    }

    async fn whole(&self, name: &str) -> Result<(), SendError> {
        let Sums { bytes, sha256, .. } = self.sums.clone();
        let payload = Payload::File { path: self.path.clone(), bytes, sha256 };
        if !self.remote.put(name, self.kind, payload).await? {
            self.compare(name, &self.sums).await?;
        }
        Ok(())
    }

    /// Sends the parts that the store does not have, and joins them.
    async fn in_parts(&mut self, name: &str) -> Result<(), SendError> {
        let (upload, part_bytes) = self.upload(name).await?;
        let mut parts = self.catalogue.parts(self.copy.number).await?;
        let count = self.sums.bytes.div_ceil(part_bytes);
        for number in 1..=u32::try_from(count).unwrap_or(u32::MAX) {
            if parts.iter().any(|part| part.number == number) {
                continue;
            }
            let bytes = self.part(number, part_bytes).await?;
            let sent = self.remote.send_part(name, &upload, number, bytes).await;
            let part = self.unless_forgotten(sent).await?;
            self.catalogue.add_part(self.copy.number, &part).await?;
            parts.push(part);
        }
        parts.sort_by_key(|part| part.number);
        let joined = self.remote.join_parts(name, &upload, &parts).await;
        self.unless_forgotten(joined).await?;
        self.compare(name, &self.sums.clone().in_parts(&parts)).await
    }

    /// Returns the upload that is open, or opens one, with the size of its parts.
    async fn upload(&mut self, name: &str) -> Result<(String, u64), SendError> {
        if let (Some(upload), Some(bytes)) = (&self.copy.upload, self.copy.part_bytes) {
            return Ok((upload.clone(), bytes));
        }
        // A crash may have come before the id of an upload was written down. Not every store lets everybody list them.
        for left in self.remote.open_uploads(name).await.unwrap_or_default() {
            self.remote.abort_upload(name, &left).await?;
        }
        let bytes = part_bytes(self.sums.bytes, self.remote.rule().whole_up_to);
        let upload = self.remote.open_upload(name, self.kind, &self.sums.sha256).await?;
        self.catalogue.set_upload(self.copy.number, Some((upload.clone(), bytes))).await?;
        (self.copy.upload, self.copy.part_bytes) = (Some(upload.clone()), Some(bytes));
        Ok((upload, bytes))
    }

    /// Forgets the upload if the store has forgotten it, or if a part of it is not as we know it: then it begins anew.
    async fn unless_forgotten<T>(&mut self, answer: Result<T, RemoteError>) -> Result<T, SendError> {
        if let Err(error) = &answer {
            if matches!(error.code(), "NoSuchUpload" | "InvalidPart" | "InvalidPartOrder") {
                self.copy.upload = None;
                self.catalogue.set_upload(self.copy.number, None).await?;
            } else if error.is_taken() {
                self.abort().await?;
            }
        }
        Ok(answer?)
    }

    /// Aborts the upload that is open.
    async fn abort(&mut self) -> Result<(), SendError> {
        if let (Some(name), Some(upload)) = (self.copy.name.clone(), self.copy.upload.take()) {
            self.remote.abort_upload(&name, &upload).await?;
            self.catalogue.set_upload(self.copy.number, None).await?;
        }
        Ok(())
    }

    async fn part(&self, number: u32, part_bytes: u64) -> Result<Bytes, SendError> {
        let (path, first) = (self.path.clone(), (u64::from(number) - 1) * part_bytes);
        let length = part_bytes.min(self.sums.bytes.saturating_sub(first));
        let read = move || -> io::Result<Bytes> {
            let mut bytes = vec![0; usize::try_from(length).unwrap_or_default()];
            File::open(path)?.read_exact_at(&mut bytes, first)?;
            Ok(bytes.into())
        };
        let unreadable = |source| RemoteError::File { doing: "read", path: self.path.clone(), source };
        Ok(blocking(read).await.map_err(unreadable)?)
    }

    /// Compares what the store has with what was sent.
    async fn compare(&self, name: &str, ours: &Sums) -> Result<(), SendError> {
        let stored = self.remote.head(name).await?;
        let same = match &stored {
            Some(stored) => self.remote.has_same(name, stored, ours).await?,
            None => false,
        };
        if same {
            return Ok(());
        }
        let theirs = stored.map_or_else(|| "nothing".to_owned(), |stored| format!("other {} bytes", stored.bytes));
        Err(RemoteError::Differs { name: name.to_owned(), ours: ours.sha256.clone(), theirs }.into())
    }
}

/// Returns the size of the parts of a file. A file that is sent in parts because `whole_up_to` is small, as on a poor
/// line, has small ones.
fn part_bytes(bytes: u64, whole_up_to: u64) -> u64 {
    let usual = PART.min(whole_up_to);
    let least = bytes.div_ceil(MOST_PARTS).div_ceil(1 << 20) << 20;
    usual.max(least)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_any_size_fits_into_the_parts_that_a_store_takes() {
        let mib = 1 << 20;
        assert_eq!(part_bytes(200 * mib, 100_000_000), 8 * mib);
        assert_eq!(part_bytes(12 * mib, 5 * mib), 5 * mib);
        let large = 5 << 40;
        assert!(large / part_bytes(large, 100_000_000) <= MOST_PARTS);
    }
}
