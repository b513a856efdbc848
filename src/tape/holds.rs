//! What is held of a tape: stretches that are kept until somebody releases them, whatever the rules say.
//!
//! The holds of a tape are a file beside its reels, so that they need neither the configuration nor the catalogue. It is
//! only appended to, a line of JSON for each hold and each release:
//!
//! ```text
//! {"hold":1,"from":"2026-11-20T13:15:00Z","to":"2026-11-20T13:30:00Z","why":"complaint 114","asked":"2026-11-21T00:30:00Z"}
//! {"release":1,"asked":"2026-12-24T09:00:00Z"}
//! ```
//!
//! Invariants:
//! - The id of a hold is greater than every id in the file, so it is never used again.
//! - Who appends has the lock of the file, and is done when the line is on the disk. A torn last line was never done; it
//!   is ignored, and removed when the next one is written.
//! - Any other line that cannot be understood makes the whole file unreadable. Who deletes tape then deletes none of it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::error::TapeError;
use crate::model::Span;

/// The most characters of a reason.
pub const LONGEST_REASON: usize = 400;
/// The name of the file.
const FILE: &str = "holds";

/// A stretch of tape that is kept until it is released.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// Its number among the holds of this tape.
    pub id: u32,
    /// What is held; it may reach into the future.
    pub span: Span,
    /// Why, in the words of whoever asked for it.
    pub why: String,
    /// When it was asked for.
    pub since: DateTime<Utc>,
}

/// A hold, and when it was released.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The hold.
    pub hold: Hold,
    /// When it was released; `None` if it is active.
    pub released: Option<DateTime<Utc>>,
}

/// A line of the file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum Line {
    Hold { hold: u32, from: DateTime<Utc>, to: DateTime<Utc>, why: String, asked: DateTime<Utc> },
    Release { release: u32, asked: DateTime<Utc> },
}

/// Reads what is held of the tape in `folder`, the oldest hold first. Blocks.
///
/// # Errors
/// The file cannot be read, so nobody knows what is held: nothing of this tape may be deleted.
pub fn read(folder: &Path) -> Result<Vec<Hold>, TapeError> {
    let active = history(folder)?.into_iter().filter(|it| it.released.is_none());
    Ok(active.map(|it| it.hold).collect())
}

/// Reads all that was ever held of the tape in `folder`, the oldest hold first. Blocks.
///
/// # Errors
/// As [`read`].
pub fn history(folder: &Path) -> Result<Vec<Account>, TapeError> {
    let path = folder.join(FILE);
    match fs::read(&path) {
        Ok(bytes) => Ok(parse(&path, &bytes)?.accounts),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(source) => Err(TapeError::io(&path, "read")(source)),
    }
}

/// Holds `span` of the tape in `folder` from `now` on. Makes the folder if it is missing. Blocks.
pub fn add(folder: &Path, span: Span, why: &str, now: DateTime<Utc>) -> Result<Hold, TapeError> {
    make(folder).map_err(TapeError::io(folder, "made"))?;
    let path = folder.join(FILE);
    let is_new = !path.exists();
    let file = OpenOptions::new().read(true).append(true).create(true).open(&path);
    let mut log = Log::lock(path, file)?;
    if is_new {
        give(&log.path, folder);
    }
    let id = log.written.newest.checked_add(1).ok_or_else(|| log.written.unreadable(&log.path))?;
    let hold = Hold { id, span, why: why.to_owned(), since: now };
    log.append(&Line::Hold { hold: id, from: span.start, to: span.end, why: why.to_owned(), asked: now })?;
    // The name of a new file lives in the folder.
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(TapeError::io(folder, "synchronised"))?;
    Ok(hold)
}

/// Releases the hold `id` of the tape in `folder`, and returns it. `None` if there is no such hold, or not any more.
/// Blocks.
pub fn release(folder: &Path, id: u32, now: DateTime<Utc>) -> Result<Option<Hold>, TapeError> {
    let path = folder.join(FILE);
    if !path.exists() {
        return Ok(None);
    }
    let file = OpenOptions::new().read(true).append(true).open(&path);
    let mut log = Log::lock(path, file)?;
    let accounts = log.written.accounts.iter();
    let hold = accounts.filter(|it| it.released.is_none()).find(|it| it.hold.id == id).map(|it| it.hold.clone());
    if hold.is_some() {
        log.append(&Line::Release { release: id, asked: now })?;
    }
    Ok(hold)
}

/// What is written in the file.
#[derive(Debug, Default)]
struct Written {
    accounts: Vec<Account>,
    /// The greatest id that was ever used.
    newest: u32,
    /// How many lines it has.
    lines: usize,
    /// How many bytes of it are whole lines.
    whole: u64,
    /// Whether the last of them has its end.
    ended: bool,
}

impl Written {
    /// Takes in the next line. `false` if it says nothing that fits those before it.
    fn take(&mut self, line: Line) -> bool {
        match line {
            Line::Hold { hold: id, from, to, why, asked } => {
                let fits = id > self.newest && from < to;
                self.newest = self.newest.max(id);
                let hold = Hold { id, span: Span::new(from, to), why, since: asked };
                self.accounts.push(Account { hold, released: None });
                fits
            }
            Line::Release { release, asked } => {
                let released = self.accounts.iter_mut().find(|it| it.hold.id == release);
                released.map(|it| it.released.get_or_insert(asked)).is_some()
            }
        }
    }

    fn unreadable(&self, path: &Path) -> TapeError {
        TapeError::NoHold { path: path.to_owned(), line: self.lines }
    }
}

fn parse(path: &Path, bytes: &[u8]) -> Result<Written, TapeError> {
    let mut written = Written { ended: true, ..Written::default() };
    for bytes in bytes.split_inclusive(|byte| *byte == b'\n') {
        written.lines += 1;
        let ended = bytes.ends_with(b"\n");
        let text = bytes.trim_ascii();
        let fits = match serde_json::from_slice(text) {
            Ok(line) => written.take(line),
            Err(_) if !ended => break,
            Err(_) => text.is_empty(),
        };
        if !fits {
            return Err(written.unreadable(path));
        }
        written.whole += bytes.len() as u64;
        written.ended = ended;
    }
    Ok(written)
}

/// The file, locked for as long as this lives.
struct Log {
    path: PathBuf,
    file: File,
    written: Written,
}

impl Log {
    fn lock(path: PathBuf, file: io::Result<File>) -> Result<Self, TapeError> {
        let locked = file.and_then(|mut file| {
            file.lock()?;
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes)?;
            Ok((file, bytes))
        });
        let (file, bytes) = locked.map_err(TapeError::io(&path, "written"))?;
        let written = parse(&path, &bytes)?;
        Ok(Self { path, file, written })
    }

    fn append(&mut self, line: &Line) -> Result<(), TapeError> {
        let Written { whole, ended, .. } = self.written;
        let first = if ended { "" } else { "\n" };
        let done = serde_json::to_string(line).map_err(io::Error::from).and_then(|line| {
            self.file.set_len(whole)?;
            self.file.write_all(format!("{first}{line}\n").as_bytes())?;
            self.file.sync_all()
        });
        done.inspect_err(|_| {
            // What is told to have failed must not be there, not even in part.
            let _ = self.file.set_len(whole);
        })
        .map_err(TapeError::io(&self.path, "written"))
    }
}

/// Makes `folder` and those above it that are missing.
fn make(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let above = folder.parent().ok_or(io::ErrorKind::NotFound)?;
    make(above)?;
    match fs::create_dir(folder) {
        Ok(()) => give(folder, above),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error),
    }
    Ok(())
}

/// Gives `path` to the owner of `like`, as far as this user may: the service must be able to write what a superuser has
/// made in its folder, above all its tape.
fn give(path: &Path, like: &Path) {
    if let Ok(like) = fs::metadata(like) {
        let _ = chown(path, Some(like.uid()), Some(like.gid()));
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(30_000_000 + minute)
    }

    fn span(from: i64, to: i64) -> Span {
        Span::new(at(from), at(to))
    }

    fn ids(folder: &Path) -> Vec<u32> {
        read(folder).unwrap().iter().map(|hold| hold.id).collect()
    }

    #[test]
    fn a_hold_stays_with_its_reason_until_it_is_released_and_its_number_is_never_used_again() {
        let folder = tempfile::tempdir().unwrap();
        let folder = &folder.path().join("state/tape/s");
        assert_eq!(read(folder).unwrap(), []);
        assert_eq!(release(folder, 1, at(0)).unwrap(), None);
        assert!(!folder.exists(), "nobody asked for it");

        let first = add(folder, span(0, 15), "complaint 114", at(60)).unwrap();
        let second = add(folder, span(5, 6), "\"민원\"\n2", at(61)).unwrap();
        assert_eq!((first.id, second.id), (1, 2));
        assert_eq!(read(folder).unwrap(), [first.clone(), second.clone()]);
        assert_eq!(release(folder, 2, at(62)).unwrap(), Some(second.clone()));
        assert_eq!(release(folder, 2, at(63)).unwrap(), None, "it is released already");
        assert_eq!(add(folder, span(5, 6), "again", at(64)).unwrap().id, 3);
        assert_eq!(ids(folder), [1, 3]);
        let released: Vec<_> = history(folder).unwrap().into_iter().map(|it| it.released).collect();
        assert_eq!(released, [None, Some(at(62)), None]);
    }

    #[test]
    fn a_last_line_torn_anywhere_costs_only_itself() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        add(folder.path(), span(0, 15), "first", at(60)).unwrap();
        let kept = fs::read(&path).unwrap();
        release(folder.path(), 1, at(61)).unwrap();
        add(folder.path(), span(5, 6), "민원", at(62)).unwrap();
        let whole = fs::read(&path).unwrap();
        let lines = |length: usize| whole[..length].split(|byte| *byte == b'\n').count() - 1;
        for length in kept.len()..=whole.len() {
            fs::write(&path, &whole[..length]).unwrap();
            // A line that lacks only its end is whole.
            let read = ids(folder.path());
            match lines((length + 1).min(whole.len())) {
                1 => assert_eq!(read, [1], "torn at {length}"),
                2 => assert_eq!(read, [0; 0], "torn at {length}"),
                _ => assert_eq!(read, [2], "torn at {length}"),
            }
            let next = add(folder.path(), span(7, 8), "next", at(63)).unwrap();
            assert_eq!(ids(folder.path()), [read, vec![next.id]].concat(), "torn at {length}");
        }
        fs::write(&path, [&kept[..], &[0; 100]].concat()).unwrap();
        assert_eq!(ids(folder.path()), [1], "as after a power loss");
    }

    #[test]
    fn what_cannot_be_understood_is_an_error_and_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        add(folder.path(), span(0, 15), "first", at(60)).unwrap();
        let first = fs::read_to_string(&path).unwrap();
        for wrong in [
            "{}\n",
            "torn{\n",
            "{\"release\":7,\"asked\":\"2026-12-24T09:00:00Z\"}\n",
            first.as_str(),
            "{\"hold\":2,\"from\":\"2026-12-24T09:00:00Z\",\"to\":\"2026-12-24T09:00:00Z\",\"why\":\"\",\"asked\":\"2026-12-24T09:00:00Z\"}\n",
            "\u{0}\u{0}\n",
        ] {
            let text = format!("{first}{wrong}");
            fs::write(&path, &text).unwrap();
            let read = read(folder.path()).unwrap_err().to_string();
            assert!(read.starts_with(&format!("line 2 of {} is no hold", path.display())), "{read}");
            assert!(add(folder.path(), span(0, 1), "x", at(1)).is_err() && release(folder.path(), 1, at(1)).is_err());
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
        // As of a disk that is going.
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        assert!(matches!(read(folder.path()), Err(TapeError::Io { .. })));
    }

    #[test]
    fn who_holds_at_the_same_time_gets_a_number_each() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = temporary.path();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(move || (0..25).for_each(|_| drop(add(folder, span(0, 1), "many", at(0)).unwrap())));
            }
        });
        assert_eq!(ids(folder), (1..=100).collect::<Vec<_>>());
    }
}
