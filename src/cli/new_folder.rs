//! The folder that a command is to make. It appears under its name when it is complete: until then it is a hidden one beside
//! it, and it is removed with everything in it if that fails.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;

/// Says why the folder cannot be made. `None` if it can.
pub(super) fn unfit(output: &Path) -> Option<String> {
    if output.symlink_metadata().is_ok() {
        return Some(format!("{} exists and is not added to: choose another name", output.display()));
    }
    let parent = parent_of(output);
    (!parent.is_dir()).then(|| format!("there is no folder {}: make it, or choose another", parent.display()))
}

fn parent_of(folder: &Path) -> &Path {
    folder.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The hidden folder that becomes the one a person named.
#[derive(Debug)]
pub(super) struct NewFolder {
    path: PathBuf,
}

impl NewFolder {
    /// Makes the hidden folder beside `output`. `what` is in its name.
    pub(super) fn beside(output: &Path, what: &str) -> anyhow::Result<Self> {
        let path = parent_of(output).join(format!(".aircheck-{what}-{}", std::process::id()));
        let path = std::path::absolute(path)?;
        fs::create_dir(&path).with_context(|| format!("{} cannot be written to", parent_of(output).display()))?;
        Ok(Self { path })
    }

    /// Returns the hidden folder.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Gives it the name `output`. What is in it is on the disk by then.
    pub(super) fn publish(&self, output: &Path) -> anyhow::Result<()> {
        let named = File::open(&self.path).and_then(|folder| {
            rustix::fs::syncfs(&folder)?;
            rename(&self.path, output)
        });
        named.with_context(|| format!("{} cannot be written", output.display()))
    }
}

/// Renames a folder without replacing another, also if that is empty.
fn rename(from: &Path, to: &Path) -> io::Result<()> {
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        // The file system does not support the flag; without it, a folder that is not empty is not replaced.
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => fs::rename(from, to),
        other => Ok(other?),
    }
}

impl Drop for NewFolder {
    fn drop(&mut self) {
        // Gone if it has its name. A folder that cannot be removed is hidden, and its name says whose it is.
        let _ = fs::remove_dir_all(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_appears_whole_and_replaces_none() {
        let root = tempfile::tempdir().unwrap();
        let output = root.path().join("news");
        let new = NewFolder::beside(&output, "test").unwrap();
        fs::write(new.path().join("x"), "sound").unwrap();
        assert!(!output.exists() && unfit(&output).is_none());
        // Somebody makes a folder of that name meanwhile.
        fs::create_dir(&output).unwrap();
        assert!(new.publish(&output).is_err() && unfit(&output).is_some());
        fs::remove_dir(&output).unwrap();
        new.publish(&output).unwrap();
        drop(new);
        assert_eq!(fs::read(output.join("x")).unwrap(), b"sound");
        drop(NewFolder::beside(&root.path().join("other"), "test").unwrap());
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1, "nothing stays behind");
        assert!(unfit(&root.path().join("none/x")).unwrap().contains("there is no folder"));
    }
}
