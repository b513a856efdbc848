//! What is saved of the access: `access.json` in the state folder, which only aircheck's user may read.
//!
//! It is no part of the catalogue, because other users may read that. If it is lost, people sign in again and apps need
//! new feed addresses.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::sessions::Sessions;

/// The name of the file.
const NAME: &str = "access.json";
/// The largest file that is read, in bytes.
const LARGEST: u64 = 1 << 20;

/// The content of the file.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Saved {
    /// The key that the tokens of feeds are made with.
    pub key: String,
    /// The hash of the password's hash, which shows that the password has changed.
    pub password: String,
    pub sessions: Sessions,
    /// How often the address of a feed was renewed; by show, `""` for the feed of all, `@calendar`.
    pub renewed: BTreeMap<String, u64>,
}

/// Returns the path of the file in the folder `state`.
pub(super) fn path(state: &Path) -> PathBuf {
    state.join(NAME)
}

/// Reads the file. `None` if there is none. Blocks.
pub(super) fn read(path: &Path) -> io::Result<Option<Saved>> {
    let length = match std::fs::metadata(path) {
        Ok(metadata) => metadata.len(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    if length > LARGEST {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "it is too large"));
    }
    Ok(Some(serde_json::from_slice(&std::fs::read(path)?)?))
}

/// Writes the file, whole or not at all. Blocks.
pub(super) fn write(path: &Path, saved: &Saved) -> io::Result<()> {
    let new = path.with_extension("json.new");
    // A file that a crash left may have other permissions.
    match std::fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
    file.write_all(&serde_json::to_vec_pretty(saved)?)?;
    file.sync_all()?;
    std::fs::rename(&new, path)?;
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn only_its_owner_can_read_the_file_and_a_damaged_one_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = path(folder.path());
        assert!(read(&path).unwrap().is_none());
        let saved = Saved { key: "k".to_owned(), renewed: [("news".to_owned(), 2)].into(), ..Saved::default() };
        write(&path, &saved).unwrap();
        write(&path, &saved).unwrap();
        let read_back = read(&path).unwrap().unwrap();
        assert_eq!((read_back.key.as_str(), read_back.renewed["news"]), ("k", 2));
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        std::fs::write(&path, "{").unwrap();
        assert!(read(&path).is_err());
    }
}
