//! Writing one reel.
//!
//! What a crash leaves, step by step:
//! 1. Both files are created and their folder is synchronised. Left: an empty reel, which is removed when the tape is
//!    opened again.
//! 2. Bytes are appended to the sound file. Left: bytes that no index line names; they are never read.
//! 3. The index line is appended. Left: the entry is on tape, whatever becomes of the process. A torn line is dropped
//!    when the index is read.
//! 4. Both files are synchronised, first the bytes, then the index. Left: the entry survives a power loss.
//!
//! Step 4 follows step 3 at once if the last one is [`SYNC_EVERY`] ago. If nothing follows for so long, the deck does
//! step 4 by [`Tape::sync`](crate::tape::Tape::sync). So a power loss costs at most what arrived in the last ten
//! seconds. A disk may write the index earlier than it is asked to; then the index may name bytes that are not there.
//! Such an entry is left out when the index is read.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::{Chunk, Format};
use crate::tape::error::TapeError;
use crate::tape::index;
use crate::tape::index::entry::{Entry, Reel, Sound, Title, Trouble};
use crate::tape::index::summary::Summary;

/// A write this long after the last synchronisation is synchronised at once.
const SYNC_EVERY: TimeDelta = TimeDelta::seconds(5);
/// A reel is full after this long, so that old sound can be deleted in whole files.
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
    /// Begins a reel in `folder`, named by the time, for chunks of about `duration`. `after` is the file name of the reel
    /// before it.
    pub(super) fn begin(
        folder: &Path,
        format: &Format,
        duration: Duration,
        after: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<Self, TapeError> {
        let (path, sound) = create_new(folder, format, now)?;
        Self::begin_in(&path, sound, folder, format, duration, after, now).inspect_err(|_| {
            // Otherwise a full disk would fill with empty files.
            let _ = fs::remove_file(path.with_extension("m3u8")).and_then(|()| fs::remove_file(&path));
        })
    }

    fn begin_in(
        path: &Path,
        mut sound: File,
        folder: &Path,
        format: &Format,
        duration: Duration,
        after: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<Self, TapeError> {
        let path = path.to_owned();
        let init = format.init.as_deref().unwrap_or_default();
        sound.write_all(init).map_err(TapeError::io(&path, "written"))?;
        let length = init.len() as u64;
        let reel = Reel { path, container: format.container, detail: format.detail.clone(), init: length, head: None };
        // Chunks vary a little, and the tag may not change once it is written.
        let target = (duration.mul_f64(1.5).as_secs() + 1).max(LEAST_TARGET);
        let index_path = reel.path.with_extension("m3u8");
        let mut index = OpenOptions::new()
            .append(true)
            .create(true)
            .open(&index_path)
            .map_err(TapeError::io(&index_path, "written"))?;
        index
            .write_all(index::header(&reel, target, after).as_bytes())
            .map_err(TapeError::io(&index_path, "written"))?;
        // File names live in the folder: without this a power loss may take the whole reel.
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

    /// Whether the reel is so old that what comes belongs into another.
    pub(super) fn is_old(&self, now: DateTime<Utc>) -> bool {
        (now - self.begun).abs() >= FULL_AFTER
    }

    /// Appends `chunk`, which was on the air at `on_air` as far as is known.
    pub(super) fn append(&mut self, chunk: &Chunk, on_air: DateTime<Utc>) -> Result<Entry, TapeError> {
        let length = chunk.bytes.len() as u64;
        self.sound.write_all(&chunk.bytes).map_err(TapeError::io(&self.reel.path, "written"))?;
        let sound = Sound { reel: Arc::clone(&self.reel), offset: self.length, length };
        self.length += length;
        let entry = Entry::of(chunk, Ok(sound));
        self.write_entry(&entry, on_air)?;
        Ok(entry)
    }

    /// Writes the line of an entry into the index.
    pub(super) fn write_entry(&mut self, entry: &Entry, on_air: DateTime<Utc>) -> Result<(), TapeError> {
        self.line(&index::entry_line(entry, &self.reel, on_air))
    }

    /// Writes a title into the index.
    pub(super) fn write_title(&mut self, title: &Title) -> Result<(), TapeError> {
        self.line(&index::title_line(title))
    }

    /// Writes a trouble into the index.
    pub(super) fn write_trouble(&mut self, trouble: &Trouble) -> Result<(), TapeError> {
        self.line(&index::trouble_line(trouble))
    }

    /// Writes into the index that everything so far arrived `by` later.
    pub(super) fn write_shift(&mut self, by: TimeDelta) -> Result<(), TapeError> {
        self.line(&index::moved_line(by))
    }

    /// Writes into the index that the dates so far are wrong.
    pub(super) fn write_withdrawal(&mut self) -> Result<(), TapeError> {
        self.line(&index::undated_line())
    }

    /// Ends the reel with its `summary` as the last line; a reel without entries has none.
    pub(super) fn finish(mut self, summary: Option<&Summary>, now: DateTime<Utc>) -> Result<(), TapeError> {
        self.line(index::END)?;
        if let Some(summary) = summary {
            self.line(&summary.line(self.length))?;
        }
        self.sync(now)
    }

    /// Removes the reel. It must hold nothing that will not be written again.
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

    /// Synchronises what was written.
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

/// Creates the sound file under a name that neither file of a reel has yet.
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
        ReelWriter::begin(folder, &format, Duration::from_secs(4), None, DateTime::UNIX_EPOCH).unwrap()
    }

    fn append(writer: &mut ReelWriter) -> Result<Entry, TapeError> {
        let (bytes, duration, arrived) = (Bytes::from_static(b"sound"), Duration::from_secs(4), DateTime::UNIX_EPOCH);
        let chunk = Chunk::new(bytes, duration, arrived);
        writer.append(&chunk, arrived)
    }

    /// A pipe without a reader: it can neither be written to nor synchronised.
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
