//! Whether what the output folder lies on is mounted.
//!
//! A share that is gone leaves its mount point behind: an empty folder of the disk below, which takes recordings until that
//! disk is full, and hides them as soon as the share is back. So it is remembered, in the folder of the state, on what mount
//! the output folder lies; once nothing is mounted there any more, nothing is written to it. Another disk at the same place
//! is as good as the one before, and an output folder that lies elsewhere by now (another one in the file, a link that leads
//! elsewhere) has nothing to do with it.
//!
//! A restart does not mean that all is as it should be: a machine that is started before its share is there is how most of
//! them vanish. Who wants the recordings on the disk below from now on deletes what is remembered. A mark in the output
//! folder itself, as Syncthing has one, would serve as well, but would also refuse a new and empty disk.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::error::StoreError;

/// The file in the folder of the state.
const NAME: &str = "mount.json";

/// On what mount a folder was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Seen {
    /// The folder, as the file names it.
    output: PathBuf,
    /// Where that was mounted on which it lay.
    mount: PathBuf,
}

/// The file in which it is remembered, below the folder `state`.
pub(super) fn memory(state: &Path) -> PathBuf {
    state.join(NAME)
}

/// [`StoreError::Unmounted`] where the folder `output` lay on a mount that is gone, as `memory` says. Otherwise that is
/// brought up to date.
pub(super) fn check(output: &Path, memory: &Path) -> Result<(), StoreError> {
    let (real, seen) = look(output, memory)?;
    let now = mount_of(&real).map(|mount| Seen { output: output.to_owned(), mount });
    if now != seen
        && let Err(error) = remember(now.as_ref(), memory)
    {
        tracing::debug!(%error, file = %memory.display(), "what the output folder is mounted on cannot be remembered");
    }
    Ok(())
}

/// [`StoreError::Unmounted`] as from [`check`]; `memory` stays as it is.
pub(super) fn still_mounted(output: &Path, memory: &Path) -> Result<(), StoreError> {
    look(output, memory).map(|_| ())
}

/// Where `output` really is and what is remembered of it, unless it lay on a mount that is gone.
fn look(output: &Path, memory: &Path) -> Result<(PathBuf, Option<Seen>), StoreError> {
    let (real, seen) = (real(output), seen(memory));
    let known = seen.as_ref().filter(|seen| seen.output == output && real.starts_with(&seen.mount));
    if let Some(gone) = known.filter(|known| !is_mount(&known.mount)) {
        return Err(StoreError::Unmounted { mount: gone.mount.clone(), memory: memory.to_owned() });
    }
    Ok((real, seen))
}

fn seen(memory: &Path) -> Option<Seen> {
    serde_json::from_slice(&fs::read(memory).ok()?).ok()
}

/// Never half-written; what the power takes of it is remembered again.
fn remember(seen: Option<&Seen>, memory: &Path) -> io::Result<()> {
    let Some(seen) = seen else { return fs::remove_file(memory) };
    let new = memory.with_extension("new");
    fs::write(&new, serde_json::to_vec(seen)?)?;
    fs::rename(&new, memory)
}

/// `folder` without links, as far as there is something of it.
fn real(folder: &Path) -> PathBuf {
    let found = folder.ancestors().find_map(|there| Some((there, there.canonicalize().ok()?)));
    let Some((there, real)) = found else { return folder.to_owned() };
    // Joined to nothing, a path would end with a slash.
    match folder.strip_prefix(there) {
        Ok(rest) if !rest.as_os_str().is_empty() => real.join(rest),
        _ => real,
    }
}

/// Where that is mounted on which `real` lies or would lie, but for what is mounted at the root. Told by the device: a folder
/// that is mounted onto itself, as those are to which a unit of systemd may write, is no mount of its own.
fn mount_of(real: &Path) -> Option<PathBuf> {
    let existing = real.ancestors().find(|folder| folder.exists())?;
    let is_mount = |folder: &&Path| folder.parent().is_some() && is_mount(folder);
    existing.ancestors().find(is_mount).map(Path::to_owned)
}

/// Whether `folder` is on another device than the folder above it. What does not answer, or only with an error, is there.
fn is_mount(folder: &Path) -> bool {
    let device = |path: &Path| fs::metadata(path).map(|metadata| metadata.dev());
    match (device(folder), folder.parent().map(device)) {
        (Ok(own), Some(Ok(above))) => own != above,
        (Err(error), _) => error.kind() != io::ErrorKind::NotFound,
        (Ok(_), _) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A mount that every machine has.
    const MOUNT: &str = "/proc";

    #[test]
    fn what_a_folder_is_mounted_on_is_remembered_and_missed_when_it_is_gone() {
        let root = tempfile::tempdir().unwrap();
        let memory = memory(root.path());
        let mounted = Path::new(MOUNT).join("recordings");
        check(&mounted, &memory).unwrap();
        assert_eq!(seen(&memory).unwrap(), Seen { output: mounted, mount: MOUNT.into() });
        // Something was mounted there, and is no more.
        let point = root.path().canonicalize().unwrap().join("nas");
        let output = point.join("recordings");
        let gone = Seen { output: output.clone(), mount: point.clone() };
        for exists in [false, true] {
            remember(Some(&gone), &memory).unwrap();
            if exists {
                fs::create_dir(&point).unwrap();
            }
            assert!(still_mounted(&output, &memory).is_err());
            let error = check(&output, &memory).unwrap_err().to_string();
            assert!(error.contains("nas") && error.contains(&memory.display().to_string()), "{error}");
            assert_eq!(seen(&memory).unwrap(), gone, "it is still remembered");
        }
        fs::remove_file(&memory).unwrap();
        check(&output, &memory).unwrap();
    }

    #[test]
    fn another_folder_has_nothing_to_do_with_it() {
        let root = tempfile::tempdir().unwrap();
        let (memory, path) = (memory(root.path()), root.path().canonicalize().unwrap());
        let (output, other) = (path.join("output"), path.join("other"));
        let gone = Seen { output: output.clone(), mount: path.join("nas") };
        remember(Some(&gone), &memory).unwrap();
        check(&output, &memory).unwrap();
        fs::create_dir_all(&other).unwrap();
        std::os::unix::fs::symlink(&other, &output).unwrap();
        remember(Some(&Seen { mount: output.clone(), ..gone.clone() }), &memory).unwrap();
        check(&output, &memory).unwrap();
        remember(Some(&Seen { mount: other.clone(), ..gone }), &memory).unwrap();
        assert!(check(&other, &memory).is_ok() && check(&output, &memory).is_ok(), "the file names another one now");
    }

    #[test]
    fn a_mount_is_told_by_its_device() {
        assert!(is_mount(Path::new(MOUNT)) && !is_mount(Path::new("/proc/self/fd")) && !is_mount(Path::new("/none")));
        assert_eq!(mount_of(Path::new("/proc/self/none/at/all")).as_deref(), Some(Path::new(MOUNT)));
        assert_eq!(real(Path::new("/proc/self/../none/x")), Path::new("/proc/none/x"));
    }
}
