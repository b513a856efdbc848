//! Gives a finished file its name: flush, rename without replacing, flush the folder.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;

use super::error::StoreError;
use super::lane::{blocking, promptly};

/// Renames the finished `temporary` file to exactly `target`, on the disk when this returns; fails with
/// [`StoreError::Taken`] where that exists, and then leaves both as they are.
pub async fn place(temporary: &Path, target: &Path) -> Result<(), StoreError> {
    let (temporary, target) = (temporary.to_owned(), target.to_owned());
    blocking(move || place_now(&temporary, &target)).await
}

/// The free bytes that an ordinary user may still write where `path` is or would be made.
pub async fn free_space(path: &Path) -> Result<u64, StoreError> {
    let folder = path.to_owned();
    promptly(path, move || {
        let existing = folder.ancestors().find(|folder| folder.exists()).unwrap_or(Path::new("."));
        let system = rustix::fs::statvfs(existing).map_err(|error| StoreError::File {
            doing: "measured",
            path: existing.to_owned(),
            source: error.into(),
        })?;
        Ok(system.f_bavail.saturating_mul(system.f_frsize))
    })
    .await
}

/// The size of a file in bytes.
pub async fn size(path: &Path) -> Result<u64, StoreError> {
    let path = path.to_owned();
    blocking(move || {
        let metadata = fs::metadata(&path);
        metadata.map(|file| file.len()).map_err(|source| StoreError::File { doing: "measured", path, source })
    })
    .await
}

/// [`place`] on this thread.
pub(super) fn place_now(temporary: &Path, target: &Path) -> Result<(), StoreError> {
    flush(temporary)?;
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    make_folders(folder)?;
    let mut named = name(temporary, target);
    if matches!(&named, Err(error) if error.kind() == io::ErrorKind::NotFound) && temporary.exists() {
        // Retention has just removed the empty folder.
        make_folders(folder)?;
        named = name(temporary, target);
    }
    named.map_err(|source| match source.kind() {
        io::ErrorKind::AlreadyExists => StoreError::Taken { path: target.to_owned() },
        io::ErrorKind::CrossesDevices => {
            StoreError::Elsewhere { path: target.to_owned(), temporary: temporary.to_owned() }
        }
        _ => StoreError::File { doing: "named", path: target.to_owned(), source },
    })?;
    flush(folder)
}

/// See [`super::Store::resume`].
pub(super) fn resume(temporary: &Path, target: &Path, bytes: u64) -> Result<bool, StoreError> {
    let Ok(there) = target.metadata() else { return Ok(false) };
    match temporary.metadata() {
        Ok(waiting) if (waiting.dev(), waiting.ino()) == (there.dev(), there.ino()) => {
            // Linked, not yet unlinked.
            remove(temporary)?;
            Ok(true)
        }
        Ok(_) if there.len() == 0 && bytes > 0 => {
            // Reserved, not yet replaced.
            remove(target)?;
            Ok(false)
        }
        Ok(_) => Ok(false),
        Err(_) => Ok(there.is_file() && there.len() == bytes),
    }
}

/// Makes the folder and those above it that are missing, each on the disk before the next.
pub(super) fn make_folders(folder: &Path) -> Result<(), StoreError> {
    let missing: Vec<PathBuf> = folder
        .ancestors()
        .take_while(|folder| !folder.as_os_str().is_empty() && !folder.is_dir())
        .map(Path::to_owned)
        .collect();
    for folder in missing.into_iter().rev() {
        match fs::create_dir(&folder) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => {}
            Err(source) => return Err(StoreError::Folder { path: folder, source }),
        }
        if let Some(parent) = folder.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            flush(parent)?;
        }
    }
    Ok(())
}

/// Removes a file; one that is not there is fine.
pub(super) fn remove(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(StoreError::File { doing: "removed", path: path.to_owned(), source })
        }
        _ => Ok(()),
    }
}

/// Renames, never replacing: `AlreadyExists` where the name is taken.
fn name(from: &Path, to: &Path) -> io::Result<()> {
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        // The file system does not know the flag.
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => link(from, to),
        other => Ok(other?),
    }
}

fn link(from: &Path, to: &Path) -> io::Result<()> {
    match fs::hard_link(from, to) {
        Ok(()) => fs::remove_file(from),
        // The file system has no links.
        Err(error) if unsupported(&error) => reserve(from, to),
        Err(error) => Err(error),
    }
}

fn reserve(from: &Path, to: &Path) -> io::Result<()> {
    File::create_new(to)?;
    fs::rename(from, to).inspect_err(|_| {
        let _ = fs::remove_file(to);
    })
}

pub(super) fn unsupported(error: &io::Error) -> bool {
    let errors = [Errno::PERM, Errno::NOSYS, Errno::NOTSUP, Errno::INVAL];
    Errno::from_io_error(error).is_some_and(|error| errors.contains(&error))
}

pub(super) fn flush(path: &Path) -> Result<(), StoreError> {
    let failed = |source| StoreError::File { doing: "saved", path: path.to_owned(), source };
    match File::open(path).map_err(failed)?.sync_all() {
        // Some network file systems cannot flush folders; they do so by themselves.
        Err(error) if path.is_dir() && unsupported(&error) => Ok(()),
        other => other.map_err(failed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn none_of_the_three_ways_to_name_a_file_replaces_another() {
        let folder = tempfile::tempdir().unwrap();
        let (from, free, taken) =
            (folder.path().join("part"), folder.path().join("free.mp3"), folder.path().join("taken.mp3"));
        for way in [name, link, reserve] {
            fs::write(&from, "new").unwrap();
            fs::write(&taken, "old").unwrap();
            assert_eq!(way(&from, &taken).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
            assert_eq!(fs::read(&taken).unwrap(), b"old");
            way(&from, &free).unwrap();
            assert_eq!(fs::read(&free).unwrap(), b"new");
            assert!(!from.exists());
            fs::remove_file(&free).unwrap();
        }
    }

    #[test]
    fn what_cannot_be_brought_to_the_disk_gets_no_name() {
        let folder = tempfile::tempdir().unwrap();
        let (part, target) = (folder.path().join("part"), folder.path().join("x.mp3"));
        // A device that takes everything and keeps nothing cannot be flushed.
        std::os::unix::fs::symlink("/dev/null", &part).unwrap();
        let error = place_now(&part, &target).unwrap_err();
        assert!(matches!(&error, StoreError::File { doing: "saved", path, .. } if *path == part), "{error}");
        assert!(part.symlink_metadata().is_ok() && target.symlink_metadata().is_err());
    }

    #[test]
    fn a_folder_that_retention_removes_under_our_feet_is_made_again() {
        let root = tempfile::tempdir().unwrap();
        let (part, folder) = (root.path().join("part"), root.path().join("show"));
        fs::write(&part, "sound").unwrap();
        std::thread::scope(|scope| {
            let retention = scope.spawn(|| while fs::remove_dir(&folder).is_err() && part.exists() {});
            place_now(&part, &folder.join("x.mp3")).unwrap();
            retention.join().unwrap();
        });
        assert_eq!(fs::read(folder.join("x.mp3")).unwrap(), b"sound");
    }

    #[test]
    fn an_interrupted_naming_is_recognised_and_put_right() {
        let folder = tempfile::tempdir().unwrap();
        let (part, target) = (folder.path().join("part"), folder.path().join("x.mp3"));
        // Before step 3.
        fs::write(&part, "sound").unwrap();
        assert!(!resume(&part, &target, 5).unwrap());
        // Linked, not unlinked.
        fs::hard_link(&part, &target).unwrap();
        assert!(resume(&part, &target, 5).unwrap());
        assert!(!part.exists() && target.exists());
        // Renamed.
        assert!(resume(&part, &target, 5).unwrap());
        assert!(!resume(&part, &target, 6).unwrap(), "another file has the name");
        // Reserved, not replaced.
        fs::write(&part, "sound").unwrap();
        fs::write(&target, "").unwrap();
        assert!(!resume(&part, &target, 5).unwrap());
        assert!(part.exists() && !target.exists());
        // Taken by somebody else between choosing and naming.
        fs::write(&target, "other").unwrap();
        assert!(!resume(&part, &target, 5).unwrap());
        assert_eq!(fs::read(&target).unwrap(), b"other");
    }
}
