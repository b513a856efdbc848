//! The duty of process 1: it waits for processes that have lost their parents.
//!
//! In a container aircheck is often process 1. Then a process that a user's command leaves running becomes its child,
//! and a zombie when it ends, until somebody waits for it. The code that started one of our own children waits for it,
//! and nobody else may take its status. So while there is a reaper, `start` records each child before it can end
//! unnoticed.

use std::collections::HashSet;
use std::io;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use rustix::process::{Pid, WaitOptions, getpid, waitpid};
use tokio::process::Child;
use tokio_util::sync::CancellationToken;

use super::blocking::blocking;
use super::signals::ChildEnds;

/// The children that were started here and may still be there; unset if there is no reaper.
static OURS: OnceLock<Mutex<HashSet<u32>>> = OnceLock::new();

/// Waits until `stop` for orphans, if this is process 1.
///
/// # Errors
/// The process cannot listen to signals.
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

/// Starts one of our own children by `spawn`.
pub(super) fn start(spawn: impl FnOnce() -> io::Result<Child>) -> io::Result<Child> {
    let Some(ours) = OURS.get() else { return spawn() };
    // The lock is held meanwhile: a child that ends at once must not be taken for an orphan.
    let mut ours = lock(ours);
    let child = spawn()?;
    ours.extend(child.id());
    Ok(child)
}

/// Records that somebody has waited for the child `id`.
pub(super) fn is_waited_for(id: u32) {
    if let Some(ours) = OURS.get() {
        lock(ours).remove(&id);
    }
}

fn reap_now() {
    let Some(ours) = OURS.get() else { return };
    let mut ours = lock(ours);
    let children = children();
    // The runtime waits for a dropped child, and does not say so.
    ours.retain(|id| children.iter().any(|(child, _)| child == id));
    for (child, ended) in children {
        if ended && !ours.contains(&child) {
            // An error means that it is gone already.
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
        // The fields after the name, which may hold anything.
        let mut fields = stat.rsplit(") ").next()?.split(' ');
        let (state, parent) = (fields.next()?, fields.next()?);
        (parent == "1").then_some((id, state == "Z"))
    })
    .collect()
}

fn lock(ours: &Mutex<HashSet<u32>>) -> MutexGuard<'_, HashSet<u32>> {
    ours.lock().unwrap_or_else(PoisonError::into_inner)
}
