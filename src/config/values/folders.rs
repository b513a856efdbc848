//! The folders of the file: which cannot be folders at all, and which this user may not write to.
//!
//! Nothing is created: somebody else than the service may run the check, and must not come to own its folder. For the same
//! reason a folder that this user may not write to is not a mistake of the file.

use std::fmt;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};
use rustix::io::Errno;
use serde::Serialize;

use super::Complaint;
use crate::base::user;

/// How closely the folders of a file are checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FolderCheck {
    /// Not at all: the disk is not asked.
    Skip,
    /// Whether they can be folders.
    Possible,
    /// Also whether this user may write to them.
    Writable,
}

/// Parses the name of a folder, relative to `base` or absolute.
pub fn parse(text: &str, base: &Path) -> Result<PathBuf, Complaint> {
    let text = text.trim();
    match misfit(text) {
        Some(complaint) => Err(complaint),
        None => Ok(base.join(text)),
    }
}

/// Says what is wrong with a text that would name a folder beside the file which nobody means.
fn misfit(text: &str) -> Option<Complaint> {
    const WHOLE: &str = "write the whole path, such as `/home/me/recordings`";
    const MOUNTED: &str = "let the system mount it, and write where that is, such as `/mnt/nas/recordings`";
    let is_drive = |text: &str| {
        let mut chars = text.chars();
        let letter = chars.next().is_some_and(|c| c.is_ascii_alphabetic()) && chars.next() == Some(':');
        letter && chars.next().is_none_or(|c| matches!(c, '\\' | '/'))
    };
    let before_colon = text.split_once(":/").map(|(host, _)| host);
    let (message, hint) = if text.is_empty() {
        ("the name of the folder is empty".to_owned(), WHOLE)
    } else if text == "~" || text.starts_with("~/") {
        ("`~` is not expanded here".to_owned(), WHOLE)
    } else if text.starts_with('$') || text.starts_with('%') {
        (format!("variables are not expanded here, and `{text}` would be a folder of that name"), WHOLE)
    } else if text.starts_with("env:") || text.starts_with("file:") {
        (format!("a folder is written here itself, and `{text}` would be one of that name"), WHOLE)
    } else if text.contains("://") || text.starts_with("//") || text.starts_with("\\\\") {
        (format!("`{text}` is on another machine, and no folder of this one"), MOUNTED)
    } else if is_drive(text) {
        (format!("`{text}` is a path of Windows"), WHOLE)
    } else if before_colon.is_some_and(|host| !host.is_empty() && !host.contains('/')) {
        (format!("`{text}` is on another machine, and no folder of this one"), MOUNTED)
    } else {
        return None;
    };
    Some(Complaint::new(message).hint(hint))
}

/// Checks `folder`, and returns it if nothing is wrong with it. Blocks on the disk.
pub fn checked(folder: PathBuf, check: FolderCheck) -> Result<PathBuf, Complaint> {
    if check == FolderCheck::Skip {
        return Ok(folder);
    }
    let existing = existing(&folder);
    if !existing.is_dir() {
        let (folder, file) = (folder.display(), existing.display());
        return Err(Complaint::new(format!("the folder {folder} cannot be made: {file} is a file")));
    }
    match unwritable(&folder).filter(|_| check >= FolderCheck::Writable) {
        Some(unwritable) => Err(Complaint::new(unwritable.to_string())),
        None => Ok(folder),
    }
}

/// A folder that this user may not write to, or may not make.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unwritable {
    /// The folder.
    pub folder: PathBuf,
    /// The folder itself, or the nearest above it that exists.
    pub existing: PathBuf,
    /// The user who asks.
    pub user: String,
    /// The owner of `existing`.
    pub owner: Option<String>,
    /// What the system says.
    pub reason: String,
}

impl fmt::Display for Unwritable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { folder, existing, user, owner, reason } = self;
        let what = if existing == folder { "written to" } else { "made" };
        let (folder, existing) = (folder.display(), existing.display());
        write!(f, "the folder {folder} cannot be {what} by the user {user}: {existing}: {reason}; ")?;
        match owner.as_deref().filter(|owner| owner != user && *owner != "root") {
            Some(owner) => write!(f, "it belongs to {owner}, as whom `sudo -u {owner} aircheck check` looks"),
            None => write!(f, "choose another folder, or let {user} write to {existing}"),
        }
    }
}

/// Says why this user cannot write recordings or tape to `folder`. `None` if they can. Blocks on the disk.
pub fn unwritable(folder: &Path) -> Option<Unwritable> {
    let existing = existing(folder);
    let error: Errno = access(existing, Access::WRITE_OK | Access::EXEC_OK).err()?;
    let owner = std::fs::metadata(existing).ok().map(|metadata| user::name_of(metadata.uid()));
    Some(Unwritable {
        folder: folder.to_owned(),
        existing: existing.to_owned(),
        user: user::current(),
        owner,
        reason: std::io::Error::from(error).to_string(),
    })
}

/// Returns `folder`, or the nearest above it that exists.
fn existing(folder: &Path) -> &Path {
    folder.ancestors().find(|ancestor| ancestor.exists()).unwrap_or(Path::new("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_others_expand_or_mount_is_not_taken_for_a_folder_beside_the_file() {
        let parse = |text: &str| parse(text, Path::new("/etc/aircheck"));
        for text in [
            "",
            "~",
            "~/rec",
            "$HOME/rec",
            "${HOME}/rec",
            "%h/rec",
            "env:OUT",
            "file:/run/out",
            "smb://nas/rec",
            "//nas/rec",
            "\\\\nas\\rec",
            "C:\\rec",
            "c:/rec",
            "nas:/export/rec",
        ] {
            let complaint = parse(text).unwrap_err();
            assert!(complaint.hint.is_some_and(|hint| hint.contains("such as `/")), "{text}: {}", complaint.message);
        }
        for (text, path) in [
            ("rec", "/etc/aircheck/rec"),
            ("/mnt/nas", "/mnt/nas"),
            ("a: b/c", "/etc/aircheck/a: b/c"),
            ("./$x", "/etc/aircheck/./$x"),
        ] {
            assert_eq!(parse(text).unwrap(), Path::new(path), "{text}");
        }
    }

    #[test]
    fn a_user_who_may_not_write_is_told_who_may() {
        let unwritable = |folder: &str, owner: &str| Unwritable {
            folder: folder.into(),
            existing: "/var/lib/aircheck".into(),
            user: "me".to_owned(),
            owner: Some(owner.to_owned()),
            reason: "Permission denied".to_owned(),
        };
        assert_eq!(
            unwritable("/var/lib/aircheck", "aircheck").to_string(),
            "the folder /var/lib/aircheck cannot be written to by the user me: /var/lib/aircheck: Permission denied; it \
             belongs to aircheck, as whom `sudo -u aircheck aircheck check` looks"
        );
        let made = unwritable("/var/lib/aircheck/recordings", "root").to_string();
        assert!(made.contains("cannot be made by the user me") && made.contains("let me write to"), "{made}");
    }
}
