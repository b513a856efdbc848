//! Single values, checked by the libraries that will use them.

use std::path::Path;

use regex::Regex;
use scraper::Selector;
use serde_json_path::JsonPath;
use url::Url;

use super::keys::{HTTP, RTMP};
use super::problem::{Complaint, Problems, any_of, nearest};
use super::secret;
use super::section::Section;
use crate::base::redact;
use crate::base::zone::Zone;

/// The zone under `timezone`.
pub(super) fn timezone(section: &Section<'_>, problems: &mut Problems) -> Option<Zone> {
    let zone = section.read("timezone", problems, zone)?;
    if let Some(warning) = other_sign(zone.name()) {
        problems.warn(section.get("timezone").map(|entry| entry.value.place), warning);
    }
    Some(zone)
}

/// What to say of a zone whose sign is that of POSIX, and not the one that people mean.
fn other_sign(name: &str) -> Option<String> {
    let hours: i8 = name.strip_prefix("Etc/GMT")?.parse().ok().filter(|hours| *hours != 0)?;
    let number = hours.unsigned_abs();
    let plural = if number == 1 { "" } else { "s" };
    let (side, other) = if hours > 0 { ("behind", "ahead") } else { ("ahead of", "behind") };
    let opposite = format!("Etc/GMT{:+}", -hours);
    let place = if number == 9 && hours > 0 { ", as in Korea, is `Asia/Seoul` or" } else { " is" };
    Some(format!("`{name}` is {number} hour{plural} {side} UTC; {number} hour{plural} {other}{place} `{opposite}`"))
}

/// A time zone of the IANA database.
pub(super) fn zone(text: &str) -> Result<Zone, Complaint> {
    let text = text.trim();
    text.parse().map_err(|_| {
        let complaint = Complaint::new(format!("`{text}` is not a time zone"));
        let hint = "write a place, as continent and city, such as `Asia/Seoul` or `Europe/Paris`";
        complaint.hint(hint).meant(meant_zone(text))
    })
}

/// Abbreviations that mean the clocks of one place to everybody who writes them. Others (CST, IST, BST) are used on
/// several continents.
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

/// The zone that was probably meant by a text that names none.
fn meant_zone(text: &str) -> Option<String> {
    if let Some((_, zone)) = ABBREVIATIONS.iter().find(|(short, _)| short.eq_ignore_ascii_case(text)) {
        return Some((*zone).to_owned());
    }
    // A place has no digits: what has some is an offset, and the zones that look like it have the opposite sign.
    if text.contains(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let names = Zone::names();
    let place = text.replace(' ', "_");
    let city = |name: &&String| name.rsplit('/').next().is_some_and(|city| city.eq_ignore_ascii_case(&place));
    let near = || nearest(&place, names.iter().map(String::as_str)).map(str::to_owned);
    // One letter makes another place of an abbreviation.
    names.iter().find(city).cloned().or_else(|| if text.chars().count() > 4 { near() } else { None })
}

/// A URL of one of `schemes`, or a secret that holds one.
pub(super) fn url(text: &str, folder: &Path, schemes: &[&str]) -> Result<Url, Complaint> {
    let written = text.trim();
    let revealed = secret::reveal(written, folder)?;
    // What a secret holds is not shown.
    let shown = if revealed == written { redact::text(written) } else { format!("the value of {written}") };
    let scheme = if schemes == HTTP { "https" } else { "rtmp" };
    let written_here = revealed == written;
    if !revealed.contains("://") {
        // `https:/h`, `https//h`, `//h` and `h`.
        let host = schemes.iter().find_map(|scheme| revealed.strip_prefix(scheme)?.strip_prefix([':', '/']));
        let host = host.unwrap_or(&revealed).trim_start_matches('/');
        let complaint = Complaint::new(format!("`{shown}` is no URL: the beginning is missing"));
        let complaint = complaint.hint(format!("begin it with `{scheme}://`"));
        return Err(if written_here { complaint.meant([format!("{scheme}://{host}")]) } else { complaint });
    }
    let url = Url::parse(&revealed).map_err(|error| Complaint::new(format!("`{shown}` is no URL: {error}")))?;
    if !schemes.contains(&url.scheme()) {
        let complaint = Complaint::new(format!(
            "`{shown}` begins with `{}://`, where {} is expected",
            url.scheme(),
            any_of(schemes.iter().copied())
        ));
        return Err(match url.scheme() {
            scheme if RTMP.contains(&scheme) => complaint.hint("put it under `rtmp:`"),
            scheme if HTTP.contains(&scheme) => complaint.hint("put it under `hls:` or `icecast:`"),
            other => {
                let near = nearest(other, schemes.iter().copied()).filter(|_| written_here);
                complaint.meant(near.and_then(|near| Some(format!("{near}{}", written.get(other.len()..)?))))
            }
        });
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err(Complaint::new(format!("`{shown}` names no host")));
    }
    Ok(url)
}

/// A regular expression.
pub(super) fn pattern(text: &str) -> Result<Regex, Complaint> {
    Regex::new(text).map_err(|error| {
        let error = error.to_string();
        // The last line says what, those above draw it.
        let reason = error.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
        let complaint = Complaint::new(format!("this regular expression cannot be used: {reason}"));
        let looks_around = ["(?=", "(?!", "(?<=", "(?<!"].iter().any(|look| text.contains(look));
        complaint.hint(if looks_around {
            "match what stands around it too, and put what you want in `(…)`"
        } else {
            "put `\\` before a `(`, `[`, `{`, `*`, `+` or `?` that is meant as it is"
        })
    })
}

/// A CSS selector.
pub(super) fn selector(text: &str) -> Result<String, Complaint> {
    match Selector::parse(text) {
        Ok(_) => Ok(text.to_owned()),
        // The parser's reasons are made for its developers.
        Err(_) => Err(Complaint::new(format!("`{text}` is not a CSS selector"))
            .hint("such as `script`, `a.listen` or `meta[property=\"og:audio\"]`")),
    }
}

/// A JSONPath.
pub(super) fn json_path(text: &str) -> Result<String, Complaint> {
    match JsonPath::parse(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(error) => {
            let at = error.position() + 1;
            let complaint = Complaint::new(format!("`{text}` is not a JSONPath, from its character {at} on"));
            let complaint = complaint.hint("such as `$.channel_item[?@.media_type == 'radio'].service_url`");
            Err(if text.starts_with('$') {
                complaint
            } else {
                complaint.meant([format!("$.{}", text.trim_start_matches('.')), format!("${text}")])
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::problem::fed_back;
    use super::*;

    #[test]
    fn a_zone_that_is_none_is_answered_with_the_one_that_was_meant_and_never_with_another_side_of_the_world() {
        let hint = |text: &str| fed_back(text, zone).unwrap_err().hint.unwrap();
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
