//! What process 1 owes the others: it waits for those that have lost their parents.
//!
//! In a container aircheck is often process 1. Then what a user's command leaves running becomes its child, and a zombie
//! when it ends, until somebody waits for it. Our own children are waited for by whoever started them, and nobody else may
//! take their status: while there is a reaper, `start` notes each one before it can end unnoticed.

use std::collections::HashSet;
use std::io;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use rustix::process::{Pid, WaitOptions, getpid, waitpid};
use tokio::process::Child;
use tokio_util::sync::CancellationToken;

use super::blocking::blocking;
use super::signals::ChildEnds;

/// The children that were started here and may still be there; none are noted where there is no reaper.
static OURS: OnceLock<Mutex<HashSet<u32>>> = OnceLock::new();

/// Waits until `stop` for children that others have left, where this is process 1.
///
/// # Errors
/// Signals cannot be listened to.
pub async fn reap(stop: CancellationToken) -> io::Result<()> {
    if !getpid().is_init() {
        return Ok(());
    }
    let mut ends = ChildEnds::listen()?;
    OURS.get_or_init(Mutex::default);
    while stop.run_until_cancelled(ends.next()).await.is_some() {
        blocking(reap_now).await;
    }
    Ok(())
}

/// Starts a child of ours by `spawn`.
pub(super) fn start(spawn: impl FnOnce() -> io::Result<Child>) -> io::Result<Child> {
    let Some(ours) = OURS.get() else { return spawn() };
    // Held meanwhile: a child that ends at once must not be taken for a stranger.
    let mut ours = lock(ours);
    let child = spawn()?;
    ours.extend(child.id());
    Ok(child)
}

/// Notes that somebody has waited for the child `id`.
pub(super) fn is_waited_for(id: u32) {
    if let Some(ours) = OURS.get() {
        lock(ours).remove(&id);
    }
}

fn reap_now() {
    let Some(ours) = OURS.get() else { return };
    let mut ours = lock(ours);
    let children = children();
    // One that was dropped is waited for by the runtime, which does not say so.
    ours.retain(|id| children.iter().any(|(child, _)| child == id));
    for (child, ended) in children {
        if ended && !ours.contains(&child) {
            // An error means that it is gone, which is what was wanted.
            let _ = waitpid(Pid::from_raw(child.cast_signed()), WaitOptions::NOHANG);
        }
    }
}

/// The children of process 1, and whether each has ended (proc_pid_stat(5)).
fn children() -> Vec<(u32, bool)> {
    let Ok(processes) = std::fs::read_dir("/proc") else { return Vec::new() };
    let ids = processes.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    ids.filter_map(|id| {
        let stat = std::fs::read(format!("/proc/{id}/stat")).ok()?;
        let stat = String::from_utf8_lossy(&stat);
        // After the name, which may hold anything.
        let mut fields = stat.rsplit(") ").next()?.split(' ');
        let (state, parent) = (fields.next()?, fields.next()?);
        (parent == "1").then_some((id, state == "Z"))
    })
    .collect()
}

fn lock(ours: &Mutex<HashSet<u32>>) -> MutexGuard<'_, HashSet<u32>> {
    ours.lock().unwrap_or_else(PoisonError::into_inner)
}
