//! The edited file on the disk: it is replaced as a whole, keeps its owner and its rights, and is left alone if somebody else
//! changed it meanwhile.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, fchown};
use std::path::{Path, PathBuf};

use super::error::EditError;
use crate::base::hash::sha256;
use crate::base::user;
use crate::config::values::Unwritable;
use crate::config::values::folders;

/// Returns what a text is known by, so that who saves it later finds out whether it is still the same.
pub fn digest(text: &str) -> String {
    sha256(&[text.as_bytes()])
}

/// Why a user may not save a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Obstacle {
    /// They may not write to its folder.
    Folder(Unwritable),
    /// It belongs to somebody else, to whom they cannot give the new one.
    Owner {
        /// The file.
        file: PathBuf,
        /// To whom it belongs.
        owner: String,
    },
}

/// A file that is being edited, as it was when it was read.
#[derive(Debug)]
pub struct Editing {
    /// The file as people name it.
    file: PathBuf,
    /// What the name leads to: a link stays one.
    real: PathBuf,
    /// Its text. `None` if there is no such file yet.
    before: Option<String>,
}

impl Editing {
    /// Reads `file`, or begins a new one. Blocks on the disk.
    ///
    /// # Errors
    /// It cannot be read, or is no text.
    pub fn open(file: &Path) -> Result<Self, EditError> {
        let unreadable = |source| EditError::Unreadable { file: file.to_owned(), source };
        let real = match file.canonicalize() {
            Ok(real) => real,
            Err(error) if error.kind() == ErrorKind::NotFound => std::path::absolute(file).map_err(unreadable)?,
            Err(error) => return Err(unreadable(error)),
        };
        let before = match fs::read(&real) {
            Ok(bytes) => Some(String::from_utf8(bytes).map_err(|_| EditError::NotText { file: file.to_owned() })?),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(unreadable(error)),
        };
        Ok(Self { file: file.to_owned(), real, before })
    }

    /// Returns the text as it was read; empty if there is no such file yet.
    pub fn text(&self) -> &str {
        self.before.as_deref().unwrap_or_default()
    }

    /// Why this user may not save it. `None` if they may: it is replaced as a whole, by a new one beside it. Blocks on the
    /// disk.
    pub fn obstacle(&self) -> Option<Obstacle> {
        if let Some(unwritable) = folders::unwritable(self.real.parent()?) {
            return Some(Obstacle::Folder(unwritable));
        }
        let owner = fs::metadata(&self.real).ok()?.uid();
        let is_theirs = owner == user::id() || user::id() == 0;
        (!is_theirs).then(|| Obstacle::Owner { file: self.file.clone(), owner: user::name_of(owner) })
    }

    /// Gives the file the text `after`, on the disk. A new file gets owner and rights of `like`. Blocks on the disk.
    ///
    /// # Errors
    /// Somebody else changed it, or it cannot be written. Then it is as it was.
    pub fn save(&self, after: &str, like: &Path) -> Result<(), EditError> {
        let unwritable = |source: io::Error| self.unwritable(source);
        // Another command that edits the same file waits for its turn, and then finds it changed.
        let turn = match &self.before {
            Some(_) => Some(File::open(&self.real).map_err(unwritable)?),
            None => None,
        };
        if let Some(turn) = &turn {
            turn.lock().map_err(unwritable)?;
        }
        let model = fs::metadata(if self.before.is_some() { &self.real } else { like }).map_err(unwritable)?;
        let folder = self.real.parent().unwrap_or(Path::new("/"));
        if self.before.is_none() {
            fs::create_dir_all(folder).map_err(unwritable)?;
        }
        let hidden = Hidden(folder.join(format!(".aircheck-edit-{}", std::process::id())));
        if turn.is_some() {
            // It is our turn, so a process that was killed has left it.
            let _ = fs::remove_file(&hidden.0);
        }
        let mut options = OpenOptions::new();
        let mut new = options.write(true).create_new(true).mode(0o600).open(&hidden.0).map_err(unwritable)?;
        new.write_all(after.as_bytes()).map_err(unwritable)?;
        let ours = new.metadata().map_err(unwritable)?;
        if (ours.uid(), ours.gid()) != (model.uid(), model.gid()) {
            fchown(&new, Some(model.uid()), Some(model.gid())).map_err(unwritable)?;
        }
        // After the owner: a change of that takes rights away.
        new.set_permissions(Permissions::from_mode(model.mode() & 0o7777)).map_err(unwritable)?;
        new.sync_all().map_err(unwritable)?;
        if !self.is_as_before().map_err(unwritable)? {
            return Err(EditError::Changed { file: self.file.clone() });
        }
        match &self.before {
            Some(_) => fs::rename(&hidden.0, &self.real).map_err(unwritable)?,
            // A file that appeared meanwhile is not replaced.
            None => fs::hard_link(&hidden.0, &self.real).map_err(unwritable)?,
        }
        // The name is on the disk with its folder; some file systems do not sync one.
        let _ = File::open(folder).and_then(|folder| folder.sync_all());
        Ok(())
    }

    fn is_as_before(&self) -> io::Result<bool> {
        let mut now = Vec::new();
        match File::open(&self.real).and_then(|mut file| file.read_to_end(&mut now)) {
            Ok(_) => Ok(self.before.as_ref().is_some_and(|before| before.as_bytes() == now)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(self.before.is_none()),
            Err(error) => Err(error),
        }
    }

    fn unwritable(&self, source: io::Error) -> EditError {
        let owner = fs::metadata(&self.real).ok().map(|data| user::name_of(data.uid()));
        let advice = match owner {
            Some(owner) if source.kind() == ErrorKind::PermissionDenied && owner != user::current() => {
                format!(
                    "The file belongs to {owner}: run the command as that user, with `sudo -u {owner}`, or with `sudo`"
                )
            }
            _ => "`--print` prints the lines, so that you can add them in your editor".to_owned(),
        };
        EditError::Unwritable { file: self.file.clone(), source, advice }
    }
}

/// The hidden file that becomes the edited one. It is removed if it does not.
struct Hidden(PathBuf);

impl Drop for Hidden {
    fn drop(&mut self) {
        // Gone if it has its name.
        let _ = fs::remove_file(&self.0);
    }
}
