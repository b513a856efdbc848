//! The key `timezone`.

use crate::base::zone::{self, Machine, Zone};
use crate::config::keys::Section;
use crate::config::values::{Complaint, nearest};
use crate::config::yaml::{Location, Problems};

/// Reads the zone of the file; that of the machine holds if the file has none.
pub fn of_file(section: &Section<'_>, problems: &mut Problems) -> Option<Zone> {
    if section.get("timezone").is_some() {
        return of_section(section, problems);
    }
    match zone::machine() {
        Ok(Machine { zone, because }) => {
            if let Some(because) = because {
                let name = zone.name();
                problems.warn(
                    None,
                    format!("the time zone is `{name}`, {because}; `timezone:` in this file says it for good"),
                );
            }
            Some(zone)
        }
        Err(unknown) => {
            let complaint = Complaint::new(format!("this file has no `timezone`, and {unknown}"));
            problems.add(Location::TOP, complaint.hint("write your own, such as `timezone: Asia/Seoul`"));
            None
        }
    }
}

/// Reads the zone of a section.
pub fn of_section(section: &Section<'_>, problems: &mut Problems) -> Option<Zone> {
    let zone = section.read("timezone", problems, zone)?;
    if let Some(warning) = other_sign(zone.name()) {
        problems.warn(section.get("timezone").map(|entry| entry.value.location), warning);
    }
    Some(zone)
}

/// Warns of a zone whose sign is that of POSIX, which is the opposite of what people mean.
fn other_sign(name: &str) -> Option<String> {
    let hours: i8 = name.strip_prefix("Etc/GMT")?.parse().ok().filter(|hours| *hours != 0)?;
    let number = hours.unsigned_abs();
    let plural = if number == 1 { "" } else { "s" };
    let (side, other) = if hours > 0 { ("behind", "ahead") } else { ("ahead of", "behind") };
    let opposite = format!("Etc/GMT{:+}", -hours);
    let place = if number == 9 && hours > 0 { ", as in Korea, is `Asia/Seoul` or" } else { " is" };
    Some(format!("`{name}` is {number} hour{plural} {side} UTC; {number} hour{plural} {other}{place} `{opposite}`"))
}

/// Parses a time zone of the IANA database.
pub fn zone(text: &str) -> Result<Zone, Complaint> {
    let text = text.trim();
    text.parse().map_err(|_| {
        let complaint = Complaint::new(format!("`{text}` is not a time zone"));
        let hint = "write a place, as continent and city, such as `Asia/Seoul` or `Europe/Paris`";
        complaint.hint(hint).suggest(suggested_zone(text))
    })
}

/// Abbreviations that mean one zone to everybody who writes them. Others (CST, IST, BST) are used on several continents.
const ABBREVIATIONS: [(&str, &str); 20] = [
    ("KST", "Asia/Seoul"),
    ("JST", "Asia/Tokyo"),
    ("HKT", "Asia/Hong_Kong"),
    ("SGT", "Asia/Singapore"),
    ("MSK", "Europe/Moscow"),
    ("EEST", "Europe/Athens"),
    ("CEST", "Europe/Paris"),
    ("WEST", "Europe/Lisbon"),
    ("EST", "America/New_York"),
    ("EDT", "America/New_York"),
    ("CDT", "America/Chicago"),
    ("MDT", "America/Denver"),
    ("PST", "America/Los_Angeles"),
    ("PDT", "America/Los_Angeles"),
    ("AKST", "America/Anchorage"),
    ("AKDT", "America/Anchorage"),
    ("AEDT", "Australia/Sydney"),
    ("NZST", "Pacific/Auckland"),
    ("NZDT", "Pacific/Auckland"),
    ("Z", "UTC"),
];

/// Returns the zone that was probably meant by a text that names none.
fn suggested_zone(text: &str) -> Option<String> {
    if let Some((_, zone)) = ABBREVIATIONS.iter().find(|(short, _)| short.eq_ignore_ascii_case(text)) {
        return Some((*zone).to_owned());
    }
    // What has digits is an offset, and the zones that look like it (`Etc/GMT+9`) have the opposite sign.
    if text.contains(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let names = Zone::names();
    let name = text.replace(' ', "_");
    let city = |zone: &&String| zone.rsplit('/').next().is_some_and(|city| city.eq_ignore_ascii_case(&name));
    let near = || nearest(&name, names.iter().map(String::as_str)).map(str::to_owned);
    // Abbreviations of different zones differ by one letter.
    names.iter().find(city).cloned().or_else(|| if text.chars().count() > 4 { near() } else { None })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::values::parse_or_suggest;

    #[test]
    fn an_unknown_zone_is_answered_with_the_one_that_was_meant_and_never_with_one_far_away() {
        let hint = |text: &str| parse_or_suggest(text, zone).unwrap_err().hint.unwrap();
        for (text, meant) in [
            ("KST", "Asia/Seoul"),
            ("kst", "Asia/Seoul"),
            ("JST", "Asia/Tokyo"),
            ("PST", "America/Los_Angeles"),
            ("PDT", "America/Los_Angeles"),
            ("EDT", "America/New_York"),
            ("Z", "UTC"),
            ("seoul", "Asia/Seoul"),
            ("New York", "America/New_York"),
            ("rome", "Europe/Rome"),
            ("Asia/Soul", "Asia/Seoul"),
        ] {
            assert_eq!(hint(text), format!("write `{meant}`"), "{text}");
        }
        for text in ["CST", "IST", "BST", "GMT+9", "GMT-9", "UTC+9", "UTC+09:00", "+09:00", "KST-9", "Mars"] {
            let hint = hint(text);
            assert!(hint.starts_with("write a place") && hint.contains("`Asia/Seoul`"), "{text}: {hint}");
        }
        for (short, zone) in ABBREVIATIONS {
            assert!(zone.parse::<Zone>().is_ok(), "{short}");
        }
    }
}
