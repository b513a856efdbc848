//! Checks whether the file system of the output folder is mounted.
//!
//! A network share that is gone leaves its mount point, an empty folder on the disk below. Recordings would fill that
//! disk, and be hidden as soon as the share is back. So a file in the state folder remembers the mount point of the
//! output folder, and while nothing is mounted there, nothing is written. Another disk at the same mount point is
//! accepted. If the output folder is elsewhere now (the YAML names another, or a link leads elsewhere), the old mount
//! point does not matter.
//!
//! A restart does not change this, because most shares are missing when a machine starts before its share is mounted. A
//! person who wants the recordings on the disk below deletes the file. A mark in the output folder itself, as Syncthing
//! has one, would also refuse a new, empty disk.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::error::StoreError;

/// The name of the file in the state folder.
const NAME: &str = "mount.json";

/// The mount point of an output folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Remembered {
    /// The output folder, as the YAML names it.
    output: PathBuf,
    /// The mount point of its file system.
    mount: PathBuf,
}

/// Returns the file that remembers the mount point, in the folder `state`.
pub(super) fn mount_file(state: &Path) -> PathBuf {
    state.join(NAME)
}

/// Fails with [`StoreError::Unmounted`] if the file system of the folder `output` is not mounted any more, by what
/// `mount_file` remembers. Otherwise updates `mount_file`.
pub(super) fn check_and_remember(output: &Path, mount_file: &Path) -> Result<(), StoreError> {
    let (resolved, remembered) = read_and_check(output, mount_file)?;
    let now = mount_of(&resolved).map(|mount| Remembered { output: output.to_owned(), mount });
    if now != remembered
        && let Err(error) = write(now.as_ref(), mount_file)
    {
        tracing::debug!(%error, file = %mount_file.display(), "the mount point of the output folder cannot be remembered");
    }
    Ok(())
}

/// Fails with [`StoreError::Unmounted`] if the file system of the folder `output` is not mounted any more, by what
/// `mount_file` remembers. Changes nothing.
pub(super) fn check(output: &Path, mount_file: &Path) -> Result<(), StoreError> {
    read_and_check(output, mount_file).map(|_| ())
}

/// Returns `output` without links, and what is remembered. Fails with [`StoreError::Unmounted`] as [`check`] does.
fn read_and_check(output: &Path, mount_file: &Path) -> Result<(PathBuf, Option<Remembered>), StoreError> {
    let (resolved, remembered) = (without_links(output), read(mount_file));
    let valid = remembered.as_ref().filter(|known| known.output == output && resolved.starts_with(&known.mount));
    if let Some(gone) = valid.filter(|known| !is_mount(&known.mount)) {
        return Err(StoreError::Unmounted { mount: gone.mount.clone(), mount_file: mount_file.to_owned() });
    }
    Ok((resolved, remembered))
}

fn read(mount_file: &Path) -> Option<Remembered> {
    serde_json::from_slice(&fs::read(mount_file).ok()?).ok()
}

/// Writes the file by a rename, so that it is never half-written. It is not flushed: if the power fails, it is written
/// again.
fn write(remembered: Option<&Remembered>, mount_file: &Path) -> io::Result<()> {
    let Some(remembered) = remembered else { return fs::remove_file(mount_file) };
    let new = mount_file.with_extension("new");
    fs::write(&new, serde_json::to_vec(remembered)?)?;
    fs::rename(&new, mount_file)
}

/// Returns `folder` with the links resolved in the part of its path that exists.
fn without_links(folder: &Path) -> PathBuf {
    let found = folder.ancestors().find_map(|existing| Some((existing, existing.canonicalize().ok()?)));
    let Some((existing, resolved)) = found else { return folder.to_owned() };
    // Joining an empty path would append a slash.
    match folder.strip_prefix(existing) {
        Ok(rest) if !rest.as_os_str().is_empty() => resolved.join(rest),
        _ => resolved,
    }
}

/// Returns the mount point of the file system on which `folder` is or would be created. `None` if that is `/`. Mount
/// points are recognised by the device, so a folder that is mounted onto itself, as systemd does with folders to which
/// a unit may write, is none.
fn mount_of(folder: &Path) -> Option<PathBuf> {
    let existing = folder.ancestors().find(|folder| folder.exists())?;
    let is_mount = |folder: &&Path| folder.parent().is_some() && is_mount(folder);
    existing.ancestors().find(is_mount).map(Path::to_owned)
}

/// Returns whether `folder` is on another device than the folder above it. A folder that exists but cannot be read
/// counts as mounted.
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

    /// A mount point that every machine has.
    const MOUNT: &str = "/proc";

    #[test]
    fn a_mount_point_is_remembered_and_its_loss_is_an_error() {
        let root = tempfile::tempdir().unwrap();
        let file = mount_file(root.path());
        let mounted = Path::new(MOUNT).join("recordings");
        check_and_remember(&mounted, &file).unwrap();
        assert_eq!(read(&file).unwrap(), Remembered { output: mounted, mount: MOUNT.into() });
        // A share was mounted there, and no longer is.
        let point = root.path().canonicalize().unwrap().join("nas");
        let output = point.join("recordings");
        let gone = Remembered { output: output.clone(), mount: point.clone() };
        for exists in [false, true] {
            write(Some(&gone), &file).unwrap();
            if exists {
                fs::create_dir(&point).unwrap();
            }
            assert!(check(&output, &file).is_err());
            let error = check_and_remember(&output, &file).unwrap_err().to_string();
            assert!(error.contains("nas") && error.contains(&file.display().to_string()), "{error}");
            assert_eq!(read(&file).unwrap(), gone, "it is still remembered");
        }
        fs::remove_file(&file).unwrap();
        check_and_remember(&output, &file).unwrap();
    }

    #[test]
    fn the_mount_point_of_another_folder_does_not_matter() {
        let root = tempfile::tempdir().unwrap();
        let (file, path) = (mount_file(root.path()), root.path().canonicalize().unwrap());
        let (output, other) = (path.join("output"), path.join("other"));
        let gone = Remembered { output: output.clone(), mount: path.join("nas") };
        write(Some(&gone), &file).unwrap();
        check_and_remember(&output, &file).unwrap();
        fs::create_dir_all(&other).unwrap();
        std::os::unix::fs::symlink(&other, &output).unwrap();
        write(Some(&Remembered { mount: output.clone(), ..gone.clone() }), &file).unwrap();
        check_and_remember(&output, &file).unwrap();
        write(Some(&Remembered { mount: other.clone(), ..gone }), &file).unwrap();
        assert!(check_and_remember(&other, &file).is_ok(), "the YAML names another folder now");
        assert!(check_and_remember(&output, &file).is_ok());
    }

    #[test]
    fn a_mount_point_is_recognised_by_its_device() {
        assert!(is_mount(Path::new(MOUNT)) && !is_mount(Path::new("/proc/self/fd")) && !is_mount(Path::new("/none")));
        assert_eq!(mount_of(Path::new("/proc/self/none/at/all")).as_deref(), Some(Path::new(MOUNT)));
        assert_eq!(without_links(Path::new("/proc/self/../none/x")), Path::new("/proc/none/x"));
    }
}
