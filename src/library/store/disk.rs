//! Operations on the disk: giving a finished file its name (flush, rename without replacing, flush the folder),
//! removing, measuring.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;

use super::error::StoreError;
use super::lane::{blocking, promptly};

/// Renames the finished `temporary` file to exactly `target`, creating missing folders. The new name is on the disk
/// when this returns. Fails with [`StoreError::Taken`] if `target` exists, and changes nothing then.
pub async fn give_name(temporary: &Path, target: &Path) -> Result<(), StoreError> {
    let (temporary, target) = (temporary.to_owned(), target.to_owned());
    blocking(move || give_name_now(&temporary, &target)).await
}

/// The room where a folder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// How many bytes an ordinary user can still write.
    pub free: u64,
    /// The number of the file system: folders with the same share their room.
    pub device: u64,
}

/// Returns how many bytes an ordinary user can still write where `path` is or would be created.
pub async fn free_space(path: &Path) -> Result<u64, StoreError> {
    Ok(room_of(path).await?.free)
}

/// Returns the room where `path` is or would be created.
pub async fn room_of(path: &Path) -> Result<Room, StoreError> {
    let folder = path.to_owned();
    promptly(path, move || {
        let existing = folder.ancestors().find(|folder| folder.exists()).unwrap_or(Path::new("."));
        let failed = |source| StoreError::File { doing: "measured", path: existing.to_owned(), source };
        let system = rustix::fs::statvfs(existing).map_err(|error| failed(error.into()))?;
        let device = existing.metadata().map_err(failed)?.dev();
        Ok(Room { free: system.f_bavail.saturating_mul(system.f_frsize), device })
    })
    .await
}

/// Returns the size of a file in bytes.
pub async fn size(path: &Path) -> Result<u64, StoreError> {
    let path = path.to_owned();
    blocking(move || {
        let metadata = fs::metadata(&path);
        metadata.map(|file| file.len()).map_err(|source| StoreError::File { doing: "measured", path, source })
    })
    .await
}

/// Does what [`give_name`] does, on this thread.
pub(super) fn give_name_now(temporary: &Path, target: &Path) -> Result<(), StoreError> {
    flush(temporary)?;
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    make_folders(folder)?;
    let mut renamed = rename(temporary, target);
    if matches!(&renamed, Err(error) if error.kind() == io::ErrorKind::NotFound) && temporary.exists() {
        // Retention has just removed the empty folder.
        make_folders(folder)?;
        renamed = rename(temporary, target);
    }
    renamed.map_err(|source| match source.kind() {
        io::ErrorKind::AlreadyExists => StoreError::Taken { path: target.to_owned() },
        io::ErrorKind::CrossesDevices => {
            StoreError::Elsewhere { path: target.to_owned(), temporary: temporary.to_owned() }
        }
        _ => StoreError::File { doing: "named", path: target.to_owned(), source },
    })?;
    flush(folder)
}

/// Returns, after a crash, whether the `temporary` file, which had `bytes` bytes, has got the name `target`. Repairs
/// what an interrupted [`give_name`] has left.
pub(super) fn resume(temporary: &Path, target: &Path, bytes: u64) -> Result<bool, StoreError> {
    let Ok(existing) = target.metadata() else { return Ok(false) };
    match temporary.metadata() {
        Ok(waiting) if (waiting.dev(), waiting.ino()) == (existing.dev(), existing.ino()) => {
            // The crash came between link and unlink.
            remove(temporary)?;
            Ok(true)
        }
        Ok(_) if existing.len() == 0 && bytes > 0 => {
            // The empty file reserves the name.
            remove(target)?;
            Ok(false)
        }
        Ok(_) => Ok(false),
        Err(_) => Ok(existing.is_file() && existing.len() == bytes),
    }
}

/// Creates the folder and missing folders above it. Each is on the disk before the next.
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

/// Removes a file. A file that does not exist is no error.
pub(super) fn remove(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(StoreError::File { doing: "removed", path: path.to_owned(), source })
        }
        _ => Ok(()),
    }
}

/// Renames a file without replacing another. Fails with `AlreadyExists` if the name is taken.
fn rename(from: &Path, to: &Path) -> io::Result<()> {
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        // The file system does not support the flag.
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => rename_by_link(from, to),
        other => Ok(other?),
    }
}

fn rename_by_link(from: &Path, to: &Path) -> io::Result<()> {
    match fs::hard_link(from, to) {
        Ok(()) => fs::remove_file(from),
        // The file system does not support hard links.
        Err(error) if unsupported(&error) => rename_by_reserving(from, to),
        Err(error) => Err(error),
    }
}

fn rename_by_reserving(from: &Path, to: &Path) -> io::Result<()> {
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
        // Some network file systems refuse to flush folders, because they flush them by themselves.
        Err(error) if path.is_dir() && unsupported(&error) => Ok(()),
        other => other.map_err(failed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn none_of_the_three_ways_to_rename_a_file_replaces_another() {
        let folder = tempfile::tempdir().unwrap();
        let (from, free, taken) =
            (folder.path().join("part"), folder.path().join("free.mp3"), folder.path().join("taken.mp3"));
        for rename in [rename, rename_by_link, rename_by_reserving] {
            fs::write(&from, "new").unwrap();
            fs::write(&taken, "old").unwrap();
            assert_eq!(rename(&from, &taken).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
            assert_eq!(fs::read(&taken).unwrap(), b"old");
            rename(&from, &free).unwrap();
            assert_eq!(fs::read(&free).unwrap(), b"new");
            assert!(!from.exists());
            fs::remove_file(&free).unwrap();
        }
    }

    #[test]
    fn a_file_that_cannot_be_flushed_gets_no_name() {
        let folder = tempfile::tempdir().unwrap();
        let (part, target) = (folder.path().join("part"), folder.path().join("x.mp3"));
        // A character device cannot be flushed.
        std::os::unix::fs::symlink("/dev/null", &part).unwrap();
        let error = give_name_now(&part, &target).unwrap_err();
        assert!(matches!(&error, StoreError::File { doing: "saved", path, .. } if *path == part), "{error}");
        assert!(part.symlink_metadata().is_ok() && target.symlink_metadata().is_err());
    }

    #[test]
    fn a_folder_that_retention_removes_meanwhile_is_created_again() {
        let root = tempfile::tempdir().unwrap();
        let (part, folder) = (root.path().join("part"), root.path().join("show"));
        fs::write(&part, "sound").unwrap();
        std::thread::scope(|scope| {
            let retention = scope.spawn(|| while fs::remove_dir(&folder).is_err() && part.exists() {});
            give_name_now(&part, &folder.join("x.mp3")).unwrap();
            retention.join().unwrap();
        });
        assert_eq!(fs::read(folder.join("x.mp3")).unwrap(), b"sound");
    }

    #[test]
    fn an_interrupted_rename_is_recognised_and_repaired() {
        let folder = tempfile::tempdir().unwrap();
        let (part, target) = (folder.path().join("part"), folder.path().join("x.mp3"));
        // The crash came before step 3.
        fs::write(&part, "sound").unwrap();
        assert!(!resume(&part, &target, 5).unwrap());
        // It came between link and unlink.
        fs::hard_link(&part, &target).unwrap();
        assert!(resume(&part, &target, 5).unwrap());
        assert!(!part.exists() && target.exists());
        // It came after the rename.
        assert!(resume(&part, &target, 5).unwrap());
        assert!(!resume(&part, &target, 6).unwrap(), "another file has the name");
        // It came after the name was reserved.
        fs::write(&part, "sound").unwrap();
        fs::write(&target, "").unwrap();
        assert!(!resume(&part, &target, 5).unwrap());
        assert!(part.exists() && !target.exists());
        // Another file got the name before.
        fs::write(&target, "other").unwrap();
        assert!(!resume(&part, &target, 5).unwrap());
        assert_eq!(fs::read(&target).unwrap(), b"other");
    }
}
