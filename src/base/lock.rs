//! The lock of a file that one process uses at a time.

use std::fs::{File, TryLockError};
use std::io;
use std::thread;
use std::time::Duration;

/// How often a lock is tried, and the pause between two tries.
const LOOKS: u32 = 20;
const PAUSE: Duration = Duration::from_millis(50);

/// Takes the lock of `file`, for as long as that is open. False if somebody else holds it for longer than a moment: a child
/// that is being started holds all that we have open, until it begins its program. Blocks.
///
/// # Errors
/// The file system has no locks.
pub fn take(file: &File) -> io::Result<bool> {
    for _ in 0..LOOKS {
        match file.try_lock() {
            Ok(()) => return Ok(true),
            Err(TryLockError::WouldBlock) => thread::sleep(PAUSE),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    Ok(false)
}
