//! Writing a reel.
//!
//! What a crash leaves, step by step:
//! 1. the two files made, and their folder synchronised — an empty reel, removed when the tape is opened again;
//! 2. bytes appended to the sound file — bytes that no index line names: they are never read;
//! 3. the index line appended — the entry is on tape, whatever becomes of the process; a torn line is dropped when the
//!    index is read;
//! 4. both files synchronised, first the bytes, then the index — the entry survives a power loss.
//!
//! Step 4 follows step 3 at once where the last one is [`SYNC_EVERY`] ago, and is made good by the deck
//! ([`super::Tape::sync`]) where nothing follows for so long. So a power loss takes at most what arrived in the last ten
//! seconds. A disk may write the index earlier than it is told to, and then it may name bytes that are not there: an
//! entry beyond the end of the sound file is left out when the index is read.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::cause::Trouble;
use super::entry::{Entry, Reel, Sound};
use super::error::TapeError;
use super::index;
use super::sum::Sum;
use crate::model::{Chunk, Format};

/// What is written so long after the last time is synchronised at once.
const SYNC_EVERY: TimeDelta = TimeDelta::seconds(5);
/// A reel is full after this long, so that old sound can go in whole files.
const FULL_AFTER: TimeDelta = TimeDelta::hours(1);
/// The least target duration, in seconds.
const LEAST_TARGET: u64 = 2;

/// A reel that is being written.
#[derive(Debug)]
pub(super) struct ReelWriter {
    reel: Arc<Reel>,
    sound: File,
    index: File,
    index_path: PathBuf,
    length: u64,
    target: u64,
    begun: DateTime<Utc>,
    synced: DateTime<Utc>,
    dirty: bool,
}

impl ReelWriter {
    /// Begins a reel in `folder`, named by the time, for chunks of about `duration`.
    pub(super) fn begin(
        folder: &Path,
        format: &Format,
        duration: Duration,
        now: DateTime<Utc>,
    ) -> Result<Self, TapeError> {
        let (path, sound) = create_new(folder, format, now)?;
        Self::begin_in(&path, sound, folder, format, duration, now).inspect_err(|_| {
            // A disk that is full would otherwise fill with empty files.
            let _ = fs::remove_file(path.with_extension("m3u8")).and_then(|()| fs::remove_file(&path));
        })
    }

    fn begin_in(
        path: &Path,
        mut sound: File,
        folder: &Path,
        format: &Format,
        duration: Duration,
        now: DateTime<Utc>,
    ) -> Result<Self, TapeError> {
        let path = path.to_owned();
        let init = format.init.as_deref().unwrap_or_default();
        sound.write_all(init).map_err(TapeError::io(&path, "written"))?;
        let length = init.len() as u64;
        let reel = Reel { path, container: format.container, detail: format.detail.clone(), init: length };
        // Chunks vary a little; the tag may not change once it is written.
        let target = (duration.mul_f64(1.5).as_secs() + 1).max(LEAST_TARGET);
        let index_path = reel.path.with_extension("m3u8");
        let mut index = OpenOptions::new()
            .append(true)
            .create(true)
            .open(&index_path)
            .map_err(TapeError::io(&index_path, "written"))?;
        index.write_all(index::header(&reel, target).as_bytes()).map_err(TapeError::io(&index_path, "written"))?;
        // Names live in the folder: without this the power may take the whole reel.
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(TapeError::io(folder, "synchronised"))?;
        let reel = Arc::new(reel);
        Ok(Self { reel, sound, index, index_path, length, target, begun: now, synced: now, dirty: true })
    }

    /// The sound file.
    pub(super) fn path(&self) -> &Path {
        &self.reel.path
    }

    /// Whether a chunk of this length and time belongs into another reel.
    pub(super) fn is_full(&self, duration: Duration, now: DateTime<Utc>) -> bool {
        duration > Duration::from_secs(self.target) || self.is_old(now)
    }

    /// Whether the reel has been written for so long that what comes belongs into another.
    pub(super) fn is_old(&self, now: DateTime<Utc>) -> bool {
        (now - self.begun).abs() >= FULL_AFTER
    }

    /// Puts `chunk` on tape.
    pub(super) fn append(&mut self, chunk: &Chunk, placed: DateTime<Utc>) -> Result<Entry, TapeError> {
        let length = chunk.bytes.len() as u64;
        self.sound.write_all(&chunk.bytes).map_err(TapeError::io(&self.reel.path, "written"))?;
        let sound = Sound { reel: Arc::clone(&self.reel), offset: self.length, length };
        self.length += length;
        let entry = Entry::of(chunk, Ok(sound));
        self.note(&entry, placed)?;
        Ok(entry)
    }

    /// Puts an entry that has no bytes into the index.
    pub(super) fn note(&mut self, entry: &Entry, placed: DateTime<Utc>) -> Result<(), TapeError> {
        self.line(&index::entry(entry, &self.reel, placed))
    }

    /// Notes a trouble.
    pub(super) fn trouble(&mut self, trouble: &Trouble) -> Result<(), TapeError> {
        self.line(&index::trouble(trouble))
    }

    /// Notes that everything so far arrived so much later.
    pub(super) fn moved(&mut self, by: TimeDelta) -> Result<(), TapeError> {
        self.line(&index::moved(by))
    }

    /// Notes that the dates so far are none.
    pub(super) fn undated(&mut self) -> Result<(), TapeError> {
        self.line(&index::undated())
    }

    /// Ends the reel, whose `sum` is its last line; nothing that holds no entry has one.
    pub(super) fn finish(mut self, sum: Option<&Sum>, now: DateTime<Utc>) -> Result<(), TapeError> {
        self.line(index::END)?;
        if let Some(sum) = sum {
            self.line(&sum.line(self.length))?;
        }
        self.sync(now)
    }

    /// Removes the reel, which holds nothing yet that is not to be written again.
    pub(super) fn remove(self) {
        // An index without sound would lie.
        let _ = fs::remove_file(&self.index_path).and_then(|()| fs::remove_file(&self.reel.path));
    }

    fn line(&mut self, text: &str) -> Result<(), TapeError> {
        self.dirty = true;
        self.index.write_all(text.as_bytes()).map_err(TapeError::io(&self.index_path, "written"))
    }

    /// Syncs the reel if the last sync is older than [`SYNC_EVERY`].
    pub(super) fn sync_when_due(&mut self, now: DateTime<Utc>) -> Result<(), TapeError> {
        if (now - self.synced).abs() >= SYNC_EVERY { self.sync(now) } else { Ok(()) }
    }

    /// Brings what was written to the disk.
    pub(super) fn sync(&mut self, now: DateTime<Utc>) -> Result<(), TapeError> {
        self.synced = now;
        if !self.dirty {
            return Ok(());
        }
        self.sound.sync_data().map_err(TapeError::io(&self.reel.path, "synchronised"))?;
        self.index.sync_data().map_err(TapeError::io(&self.index_path, "synchronised"))?;
        self.dirty = false;
        Ok(())
    }
}

/// Appends `note` to the index of the reel that has ended in `sound_file`, and its `sum`, which counts again behind it.
pub(super) fn amend(sound_file: &Path, note: &str, sum: &Sum) -> Result<(), TapeError> {
    let path = sound_file.with_extension("m3u8");
    let length = fs::metadata(sound_file).map_err(TapeError::io(sound_file, "read"))?.len();
    let mut index = OpenOptions::new().append(true).open(&path).map_err(TapeError::io(&path, "written"))?;
    let text = format!("{note}{}", sum.line(length));
    index.write_all(text.as_bytes()).and_then(|()| index.sync_data()).map_err(TapeError::io(&path, "written"))
}

/// Creates the sound file under a name that no reel has yet, in either of its two files.
fn create_new(folder: &Path, format: &Format, now: DateTime<Utc>) -> Result<(PathBuf, File), TapeError> {
    let stamp = now.format("%Y%m%dT%H%M%S%3fZ");
    let extension = format.container.extension();
    let mut attempt = 0_u32;
    loop {
        let suffix = if attempt == 0 { String::new() } else { format!("-{attempt}") };
        let path = folder.join(format!("{stamp}{suffix}.{extension}"));
        let taken = path.with_extension("m3u8").exists();
        match OpenOptions::new().append(true).create_new(true).open(&path) {
            Ok(file) if !taken => return Ok((path, file)),
            Err(source) if source.kind() != std::io::ErrorKind::AlreadyExists => {
                return Err(TapeError::Io { path, doing: "written", source });
            }
            _ => attempt += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::model::Container;

    fn writer(folder: &Path) -> ReelWriter {
        let format = Format { container: Container::Adts, detail: "aac".to_owned(), init: None };
        ReelWriter::begin(folder, &format, Duration::from_secs(4), DateTime::UNIX_EPOCH).unwrap()
    }

    fn append(writer: &mut ReelWriter) -> Result<Entry, TapeError> {
        let (bytes, duration, arrived) = (Bytes::from_static(b"sound"), Duration::from_secs(4), DateTime::UNIX_EPOCH);
        let chunk = Chunk::new(bytes, duration, arrived);
        writer.append(&chunk, arrived)
    }

    /// A pipe to nobody: it can neither be written to nor synchronised.
    fn nowhere() -> File {
        File::from(std::os::fd::OwnedFd::from(std::io::pipe().unwrap().1))
    }

    fn failed_at<T: std::fmt::Debug>(result: Result<T, TapeError>) -> PathBuf {
        match result {
            Err(TapeError::Io { path, .. }) => path,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn no_line_of_the_index_names_bytes_that_were_not_written() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = writer(folder.path());
        append(&mut writer).unwrap();
        let before = fs::read_to_string(&writer.index_path).unwrap();
        writer.sound = nowhere();
        assert_eq!(failed_at(append(&mut writer)), writer.reel.path);
        assert_eq!(fs::read_to_string(&writer.index_path).unwrap(), before);
    }

    #[test]
    fn the_bytes_are_brought_to_the_disk_before_the_index_that_names_them() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = writer(folder.path());
        append(&mut writer).unwrap();
        let sound = std::mem::replace(&mut writer.sound, nowhere());
        let index = std::mem::replace(&mut writer.index, nowhere());
        assert_eq!(failed_at(writer.sync(DateTime::UNIX_EPOCH)), writer.reel.path, "the bytes come first");
        writer.sound = sound;
        assert_eq!(failed_at(writer.sync(DateTime::UNIX_EPOCH)), writer.index_path, "and the index is not forgotten");
        writer.index = index;
        writer.sync(DateTime::UNIX_EPOCH).unwrap();
    }
}
