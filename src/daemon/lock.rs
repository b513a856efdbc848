//! One daemon per state folder: a lock that the kernel lets go of when its holder dies.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use thiserror::Error;

use crate::base::blocking::blocking;

/// How long one waits for another who is just ending, or whose last child has not begun to be a program of its own.
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
    /// Locks the folder `state`, which is made where missing.
    pub async fn take(state: &Path) -> Result<Self, LockError> {
        let state = state.to_owned();
        blocking(move || take(&state)).await
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

fn take(state: &Path) -> Result<Lock, LockError> {
    let io = |source| LockError::Io { path: state.to_owned(), source };
    std::fs::create_dir_all(state).map_err(io)?;
    let path = state.join("lock");
    let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).map_err(io)?;
    let mut holder = String::new();
    // What an earlier holder wrote; unreadable is as good as empty.
    let _ = file.read_to_string(&mut holder);
    let since = Instant::now();
    let locked = loop {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) if since.elapsed() < PATIENCE => std::thread::sleep(STEP),
            locked => break locked,
        }
    };
    match locked {
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
    writeln!(file, "{}", std::process::id()).map_err(io)?;
    Ok(Lock { file, last_alive })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_second_daemon_is_told_who_holds_the_folder_and_a_dead_one_holds_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let first = Lock::take(folder.path()).await.unwrap();
        assert!(first.last_alive().is_none());
        let refused = Lock::take(folder.path()).await.unwrap_err().to_string();
        assert!(refused.contains(&format!("(process {})", std::process::id())), "{refused}");
        drop(first);
        assert!(Lock::take(folder.path()).await.unwrap().last_alive().is_some());
    }
}
