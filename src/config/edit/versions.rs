//! Earlier texts of a file, in the state folder, to go back to.
//!
//! A save over the page keeps what the file was and what it becomes. They may hold passwords, so that only the user of the
//! service may read them.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use chrono::{DateTime, NaiveDateTime, Utc};

/// The folder in the state folder.
const FOLDER: &str = "versions";
/// How many versions of a file are kept.
const KEPT: usize = 10;
/// How a version is named: when the file was so, to the millisecond.
const STAMP: &str = "%Y%m%dT%H%M%S%3f";

/// The versions of one file.
#[derive(Debug, Clone)]
pub struct Versions {
    folder: PathBuf,
}

/// A version of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// Its id.
    pub id: String,
    /// Since when the file was so.
    pub at: DateTime<Utc>,
}

impl Versions {
    /// The versions of the file that is called `name` from the folder of the configuration on, in the state folder `state`.
    /// The name is one of the configuration's own.
    pub fn new(state: &Path, name: &str) -> Self {
        Self { folder: state.join(FOLDER).join(name) }
    }

    /// Returns the versions, the newest first. Blocks on the disk.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn list(&self) -> io::Result<Vec<Version>> {
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let version = |name: String| {
            let at = NaiveDateTime::parse_from_str(&name, STAMP).ok()?.and_utc();
            Some(Version { id: name, at })
        };
        let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
        let mut versions: Vec<Version> = names.filter_map(version).collect();
        versions.sort_by(|one, other| other.id.cmp(&one.id));
        Ok(versions)
    }

    /// Returns the text of a version. `None` if there is none of that id. Blocks on the disk.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn text(&self, id: &str) -> io::Result<Option<String>> {
        // Only what is a time is a name: no id leads out of the folder.
        if !id.bytes().all(|byte| byte.is_ascii_digit() || byte == b'T') {
            return Ok(None);
        }
        match fs::read_to_string(self.folder.join(id)) {
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::IsADirectory) => Ok(None),
            read => read.map(Some),
        }
    }

    /// Keeps `text`, which the file has since `at`, unless it is the newest version already. The oldest ones go. Blocks on the
    /// disk.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn keep(&self, text: &str, at: DateTime<Utc>) -> io::Result<()> {
        let versions = self.list()?;
        if let Some(newest) = versions.first()
            && self.text(&newest.id)?.is_some_and(|newest| newest == text)
        {
            return Ok(());
        }
        DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)?;
        // A clock that was set back must not put the newest one behind others.
        let after = versions.first().map(|newest| newest.at + chrono::TimeDelta::milliseconds(1));
        let name = after.map_or(at, |after| at.max(after)).format(STAMP).to_string();
        let hidden = self.folder.join(".new");
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&hidden)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&hidden, self.folder.join(&name))?;
        for old in versions.iter().skip(KEPT - 1) {
            fs::remove_file(self.folder.join(&old.id))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn the_last_ten_different_texts_are_kept_and_nobody_else_may_read_them() {
        let folder = tempfile::tempdir().unwrap();
        let versions = Versions::new(folder.path(), "stations.d/a.yaml");
        assert_eq!(versions.list().unwrap(), []);
        let start = DateTime::UNIX_EPOCH;
        for number in 0..14 {
            versions.keep(&format!("# {number}\n"), start + TimeDelta::seconds(number)).unwrap();
            versions.keep(&format!("# {number}\n"), start + TimeDelta::seconds(number + 100)).unwrap();
        }
        let kept = versions.list().unwrap();
        let texts: Vec<_> = kept.iter().map(|version| versions.text(&version.id).unwrap().unwrap()).collect();
        assert_eq!(texts, (4..14).rev().map(|number| format!("# {number}\n")).collect::<Vec<_>>());
        assert_eq!((kept[0].at, kept[9].at), (start + TimeDelta::seconds(13), start + TimeDelta::seconds(4)));
        let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let place = folder.path().join("versions/stations.d/a.yaml");
        assert_eq!((mode(place.clone()), mode(place.join(&kept[0].id))), (0o700, 0o600));
        // By a clock that was set back.
        versions.keep("back", start).unwrap();
        assert_eq!(versions.text(&versions.list().unwrap()[0].id).unwrap().as_deref(), Some("back"));
        for id in ["", "..", "../../x", "20261129T010203000", "/etc/passwd"] {
            assert_eq!(versions.text(id).unwrap(), None, "{id}");
        }
    }
}
