//! The folder of each station's tape, by the station's id.
//!
//! Ids are free text; the name of a folder is not. An id of small letters, digits, `-`, `_` and `.` is a name as it is.
//! Any other is changed into one, with a hash of the whole id, so that no two stations ever share a tape, whatever
//! names a file system takes for the same. A plain id has no `~`, so it never equals such a name.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use tracing::{info, warn};

use crate::base::hash::fnv1a_hex;
use crate::base::text::has_one_case;
use crate::config::Config;
use crate::model::StationId;
use crate::tape::{TapeError, holds};

/// The longest id that is a name as it is, in bytes; file systems take 255.
const LONGEST: usize = 100;
/// How many characters of a longer id stay for people, each of at most four bytes.
const RECOGNISED: usize = 40;

/// The folder of a station's tape among all `tapes`.
pub fn folder_of(tapes: &Path, station: &StationId) -> PathBuf {
    tapes.join(name_of(station.as_str()))
}

/// The folder in which a station's tape is now. It may have the name of an earlier release if no service has taken it
/// over yet.
pub fn present_folder_of(tapes: &Path, station: &StationId, config: &Config) -> PathBuf {
    let folder = folder_of(tapes, station);
    if folder.exists() {
        return folder;
    }
    formerly(tapes, station, config).unwrap_or(folder)
}

/// Renames the folders of `config`'s stations that have a name of an earlier release. Blocks. No tape may be open. A
/// folder that several stations may have written stays where it is, and is deleted when it is old.
pub fn take_over(tapes: &Path, config: &Config) {
    for station in &config.stations {
        let folder = folder_of(tapes, &station.id);
        let Some(old) = formerly(tapes, &station.id, config).filter(|_| !folder.exists()) else { continue };
        match fs::rename(&old, &folder) {
            Ok(()) => info!(station = %station.id, folder = %folder.display(), "its tape has a folder of its own now"),
            Err(error) => {
                warn!(station = %station.id, folder = %old.display(), %error, "what is on its old tape is not used");
            }
        }
    }
}

/// Deletes a tape with its folder. Returns `false` if something on it is held. Blocks.
pub(super) fn discard(folder: &Path) -> Result<bool, TapeError> {
    if !folder.exists() {
        return Ok(true);
    }
    if !holds::read(folder)?.is_empty() {
        return Ok(false);
    }
    let failed = |source| TapeError::Io { path: folder.to_owned(), doing: "deleted", source };
    fs::remove_dir_all(folder).map_err(failed).map(|()| true)
}

fn name_of(id: &str) -> String {
    let safe = |c: char| c.is_alphanumeric() || "-_.".contains(c);
    let hidden = id.starts_with('.') || id.ends_with('.');
    if !id.is_empty() && id.len() <= LONGEST && !hidden && id.chars().all(safe) && has_one_case(id) {
        return id.to_owned();
    }
    let made: String = id.chars().map(|c| if safe(c) { c } else { '_' }).take(RECOGNISED).collect();
    format!("{}~{}", made.trim_start_matches('.'), fnv1a_hex(id))
}

/// The folder of an earlier release, if it exists and belongs to one station alone.
fn formerly(tapes: &Path, station: &StationId, config: &Config) -> Option<PathBuf> {
    let old = old_name_of(station.as_str());
    let mut owners: HashMap<String, usize> = HashMap::new();
    for other in &config.stations {
        let (old, new) = (old_name_of(other.id.as_str()).to_lowercase(), name_of(other.id.as_str()).to_lowercase());
        *owners.entry(old.clone()).or_default() += 1;
        // It belongs to the station that has this name now.
        if old != new {
            *owners.entry(new).or_default() += 1;
        }
    }
    let folder = tapes.join(&old);
    let its_own = !old.is_empty() && old != name_of(station.as_str()) && owners.get(&old.to_lowercase()) == Some(&1);
    (its_own && folder.is_dir()).then_some(folder)
}

/// The name of a station's folder before ids were kept apart.
fn old_name_of(id: &str) -> String {
    let safe = |c: char| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '_' };
    id.chars().map(safe).collect::<String>().trim_start_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use chrono::{DateTime, TimeDelta};

    use super::*;
    use crate::model::Span;

    fn name(id: &str) -> String {
        let folder = folder_of(Path::new("/tapes"), &StationId::new(id));
        folder.strip_prefix("/tapes").unwrap().to_str().unwrap().to_owned()
    }

    fn config(folder: &Path, stations: &[&str]) -> Config {
        let file = folder.join("stations.yaml");
        let one = |id: &&str| format!("  \"{id}\": {{ icecast: \"http://127.0.0.1:9/x\" }}\n");
        let stations: String = stations.iter().map(one).collect();
        fs::write(&file, format!("stations:\n{stations}")).unwrap();
        Config::load(&file).unwrap()
    }

    #[test]
    fn a_tape_is_deleted_with_its_folder_unless_something_on_it_is_held() {
        let tapes = tempfile::tempdir().unwrap();
        let folder = tapes.path().join("ad-hoc~1");
        assert!(discard(&folder).unwrap(), "there is none");
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("reel.ts"), "sound").unwrap();
        let now = DateTime::UNIX_EPOCH;
        let hold = holds::add(&folder, Span::new(now, now + TimeDelta::hours(1)), "a complaint", now).unwrap();
        assert!(!discard(&folder).unwrap() && folder.join("reel.ts").exists(), "it is held");
        holds::release(&folder, hold.id, now).unwrap();
        assert!(discard(&folder).unwrap() && !folder.exists());
    }

    #[test]
    fn plain_ids_are_names_as_they_are() {
        for plain in ["kbs-1fm", "some_station.2", "명연주", "1"] {
            assert_eq!(name(plain), plain);
        }
    }

    #[test]
    fn every_id_has_a_short_folder_of_its_own_on_every_file_system() {
        let long = "가".repeat(200);
        let other = "📻".repeat(199);
        let ids = [
            "📻",
            "🎵",
            "_",
            "a b",
            "a/b",
            "a_b",
            "ข่าว",
            "ข้าว",
            "x\u{304}",
            "x\u{306}",
            "KBS",
            "kbs",
            "Kbs",
            "ς",
            "σ",
            ".a",
            "a",
            "..",
            ".",
            "a.",
            &long,
            &long[3..],
            &other,
        ];
        let names: HashSet<_> = ids.iter().map(|id| name(id).to_lowercase()).collect();
        assert_eq!(names.len(), ids.len(), "{names:?}");
        for name in names {
            assert!(name.len() <= 200 && !name.starts_with('.') && !name.contains('/'), "{name}");
        }
        let tapes = tempfile::tempdir().unwrap();
        for id in ids {
            fs::create_dir(folder_of(tapes.path(), &StationId::new(id))).unwrap();
        }
    }

    #[test]
    fn a_tape_of_an_earlier_release_is_taken_over_where_it_is_one_stations_alone() {
        let tapes = tempfile::tempdir().unwrap();
        let path = tapes.path();
        for old in ["KBS", "_", "Ö1", "plain"] {
            fs::create_dir(path.join(old)).unwrap();
            fs::write(path.join(old).join("reel"), old).unwrap();
        }
        let config = config(path, &["KBS", "📻", "🎵", "Ö1", "plain"]);
        let reel = |id: &str| fs::read_to_string(folder_of(path, &StationId::new(id)).join("reel")).ok();
        let kbs = StationId::new("KBS");
        assert_eq!(present_folder_of(path, &kbs, &config), path.join("KBS"), "for who only reads");
        take_over(path, &config);
        assert_eq!(reel("KBS").as_deref(), Some("KBS"));
        assert_eq!(reel("Ö1").as_deref(), Some("Ö1"));
        assert_eq!(reel("plain").as_deref(), Some("plain"));
        assert_eq!((reel("📻"), reel("🎵")), (None, None), "nobody knows whose that is");
        assert!(path.join("_/reel").exists());
        assert_eq!(present_folder_of(path, &kbs, &config), folder_of(path, &kbs));
        take_over(path, &config);
        assert_eq!(reel("KBS").as_deref(), Some("KBS"), "twice changes nothing");
    }
}
