//! One daemon per state folder: a lock that the kernel lets go of when its holder dies. Its file says which process that
//! is, and which output folder it uses: after an edit the file of the configuration may name another.

use std::ffi::OsStr;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, Utc};
use thiserror::Error;

use crate::base::blocking::blocking;
use crate::base::clock::SharedClock;

/// The file in the state folder.
const FILE: &str = "lock";
/// How long one waits for another to end.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often one looks.
const STEP: Duration = Duration::from_millis(50);

/// The state folder could not be locked.
#[derive(Debug, Error)]
pub enum LockError {
    /// Somebody else works on it.
    #[error("{path} is used by another aircheck{holder}; stop that one first, or give this one another `state` folder", path = path.display())]
    Held {
        /// The state folder.
        path: PathBuf,
        /// Who, as ` (process 123)`, where it can be known.
        holder: String,
    },
    /// It cannot be used at all.
    #[error("the state folder {path} cannot be used: {source}; give another one as `state`", path = path.display())]
    Io {
        /// The state folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}

/// The lock; held for as long as it lives. Its file's time is the last sign of life of the daemon.
#[derive(Debug)]
pub struct Lock {
    file: File,
    last_alive: Option<DateTime<Utc>>,
}

impl Lock {
    /// Locks the folder `state`, which is made where missing, for a daemon that records into `output`. Waits for another who
    /// is just ending, or whose last child has not begun to be a program of its own.
    pub async fn take(state: &Path, output: &Path, clock: &SharedClock) -> Result<Self, LockError> {
        let until = clock.monotonic() + PATIENCE;
        loop {
            let (state, output) = (state.to_owned(), output.to_owned());
            match blocking(move || take(&state, &output)).await {
                Err(LockError::Held { .. }) if clock.monotonic() < until => clock.sleep(STEP).await,
                taken => return taken,
            }
        }
    }

    /// The output folder of the daemon that holds the lock of the folder `state` now, where there is one. Blocks.
    pub fn output_in_use(state: &Path) -> Option<PathBuf> {
        let mut file = File::open(state.join(FILE)).ok()?;
        if !matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)) {
            return None;
        }
        let mut said = Vec::new();
        file.read_to_end(&mut said).ok()?;
        let output = said.splitn(2, |byte| *byte == b'\n').nth(1)?.strip_suffix(b"\n")?;
        // One of an earlier release does not say.
        (!output.is_empty()).then(|| PathBuf::from(OsStr::from_bytes(output)))
    }

    /// When the last holder was alive for certain, if there was one.
    pub fn last_alive(&self) -> Option<DateTime<Utc>> {
        self.last_alive
    }

    /// Gives a sign of life.
    pub async fn touch(&self) {
        let Ok(file) = self.file.try_clone() else { return };
        // Only a hint about missed airings hangs on it.
        let _ = blocking(move || rustix::fs::futimens(&file, &NOW)).await;
    }
}

const NOW: rustix::fs::Timestamps = rustix::fs::Timestamps {
    last_access: rustix::fs::Timespec { tv_sec: 0, tv_nsec: rustix::fs::UTIME_NOW },
    last_modification: rustix::fs::Timespec { tv_sec: 0, tv_nsec: rustix::fs::UTIME_NOW },
};

fn take(state: &Path, output: &Path) -> Result<Lock, LockError> {
    let io = |source| LockError::Io { path: state.to_owned(), source };
    std::fs::create_dir_all(state).map_err(io)?;
    let path = state.join(FILE);
    let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).map_err(io)?;
    let mut said = Vec::new();
    // What an earlier holder wrote; unreadable is as good as empty.
    let _ = file.read_to_end(&mut said);
    let holder = said.split(|byte| *byte == b'\n').next().map(String::from_utf8_lossy).unwrap_or_default();
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let holder = match holder.trim() {
                "" => String::new(),
                process => format!(" (process {process})"),
            };
            return Err(LockError::Held { path: state.to_owned(), holder });
        }
        Err(TryLockError::Error(source)) => return Err(io(source)),
    }
    let modified = file.metadata().and_then(|data| data.modified()).ok();
    let last_alive = modified.filter(|_| !holder.trim().is_empty()).map(DateTime::from);
    file.rewind().and_then(|()| file.set_len(0)).map_err(io)?;
    let words = [std::process::id().to_string().as_bytes(), output.as_os_str().as_bytes(), b""].join(&b'\n');
    file.write_all(&words).map_err(io)?;
    Ok(Lock { file, last_alive })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::simulated::SimulatedClock;

    #[tokio::test]
    async fn a_second_daemon_is_told_who_holds_the_folder_and_a_dead_one_holds_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let output = Path::new("/mnt/nas/recordings");
        let simulated = SimulatedClock::at(DateTime::UNIX_EPOCH);
        let clock: SharedClock = simulated.clone();
        let first = Lock::take(folder.path(), output, &clock).await.unwrap();
        assert!(first.last_alive().is_none());
        assert_eq!(Lock::output_in_use(folder.path()).as_deref(), Some(output));
        let refused = simulated.pass_until(Lock::take(folder.path(), Path::new("/elsewhere"), &clock)).await;
        let refused = refused.unwrap_err().to_string();
        assert_eq!(clock.monotonic(), PATIENCE, "it may be just ending");
        assert!(refused.contains(&format!("(process {})", std::process::id())), "{refused}");
        assert_eq!(Lock::output_in_use(folder.path()).as_deref(), Some(output));
        drop(first);
        assert_eq!(Lock::output_in_use(folder.path()), None);
        assert!(Lock::take(folder.path(), output, &clock).await.unwrap().last_alive().is_some());
    }
}
