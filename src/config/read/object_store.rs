//! The key `store`.

use std::path::Path;

use url::Url;

use super::{checks, template};
use crate::config::keys::{HTTP, Section, WHOLE_UP_TO};
use crate::config::values::{Complaint, CopiedKind, Keys, ObjectStore, Secret, any_of, nearest, secret, units};
use crate::config::yaml::{Content, Problems};

/// The region of stores that have none, as most of their makers say.
const REGION: &str = "us-east-1";
/// The smallest part that stores accept (Amazon S3, quotas of multipart uploads), and the largest object in one go.
const WHOLE: std::ops::RangeInclusive<u64> = 5 << 20..=5 << 30;

/// Reads `store` of the file. `None` if nothing is copied, or if something about it is wrong.
pub fn read(file: &Section<'_>, folder: &Path, problems: &mut Problems) -> Option<ObjectStore> {
    let section = file.section("store", problems)?;
    let region = section.text("region", problems).unwrap_or_else(|| REGION.to_owned());
    let endpoint = match section.get("endpoint") {
        Some(_) => section.read("endpoint", problems, |text| checks::url(text, folder, HTTP)),
        None => Url::parse(&format!("https://s3.{region}.amazonaws.com/")).ok(),
    };
    let keys = keys(&section, folder, problems);
    let name = section.get("name").and_then(|_| section.read("name", problems, template::parse_alone));
    let tape_name = section.get("tape_name").and_then(|_| section.read("tape_name", problems, template::parse_alone));
    let whole_up_to = section.read("whole_up_to", problems, whole).or_else(|| units::size(WHOLE_UP_TO).ok());
    let prefix = section.read("prefix", problems, prefix).unwrap_or_default();
    let (what, local_days) = (what(&section, problems), local_days(&section, problems));
    let bucket = section.read("bucket", problems, bucket);
    Some(ObjectStore {
        bucket: bucket?,
        endpoint: endpoint?,
        region,
        prefix,
        keys: keys?,
        name,
        tape_name,
        what,
        local_days,
        whole_up_to: whole_up_to?,
    })
}

fn bucket(text: &str) -> Result<String, Complaint> {
    let name = text.trim();
    if let Some(rest) = name.strip_prefix("s3://") {
        let name = rest.split('/').next().unwrap_or_default();
        return Err(Complaint::new("`bucket` is a name without `s3://`").suggest([name.to_owned()]));
    }
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    if name.len() < 3 || name.len() > 63 || !name.chars().all(fits) {
        return Err(Complaint::new(format!("`{name}` is no name of a bucket"))
            .hint("it has 3 to 63 letters, digits, `-` and `.`, such as `my-radio`"));
    }
    Ok(name.to_owned())
}

fn prefix(text: &str) -> Result<String, Complaint> {
    let folders = text.trim().trim_matches('/');
    if folders.split('/').any(|folder| matches!(folder, "." | "..")) {
        return Err(Complaint::new("a prefix has no folder `.` or `..`").hint("write for example `prefix: archive/`"));
    }
    Ok(if folders.is_empty() { String::new() } else { format!("{folders}/") })
}

fn whole(text: &str) -> Result<u64, Complaint> {
    let size = units::size(text)?;
    if WHOLE.contains(&size) {
        return Ok(size);
    }
    Err(Complaint::new(format!("`{text}` is not from 5 MiB to 5 GiB"))
        .hint("no store takes smaller parts, or more than 5 GiB in one go"))
}

fn what(section: &Section<'_>, problems: &mut Problems) -> Vec<CopiedKind> {
    if section.get("what").is_none() {
        return vec![CopiedKind::Recordings];
    }
    let words = CopiedKind::ALL.map(CopiedKind::word);
    let mut kinds = Vec::new();
    for (text, location) in section.words("what", problems) {
        let Some(kind) = CopiedKind::ALL.into_iter().find(|kind| kind.word() == text.trim()) else {
            let near = nearest(text, words).map(|near| format!("write `{near}`"));
            let hint = near.unwrap_or_else(|| format!("it can be {}", any_of(words)));
            problems.add(location, Complaint::new(format!("`what` cannot be `{text}`")).hint(hint));
            continue;
        };
        kinds.push(kind);
    }
    kinds
}

fn local_days(section: &Section<'_>, problems: &mut Problems) -> Option<u32> {
    if matches!(section.get("local")?.value.content, Content::Map(_)) {
        return section.section("local", problems)?.integer("days", problems);
    }
    section.read("local", problems, |text| match text.trim() {
        "keep" => Ok(()),
        other => Err(Complaint::new(format!("`local` cannot be `{other}`")).hint("write `keep`, or `{ days: 7 }`")),
    });
    None
}

/// Reads the keys. `None` if they are wrong.
fn keys(section: &Section<'_>, folder: &Path, problems: &mut Problems) -> Option<Keys> {
    let revealed = |name: &str, problems: &mut Problems| {
        let entry = section.get(name)?;
        // Problems are shown with their line.
        problems.hide(entry.value.location);
        section.read(name, problems, |text| secret::reveal(text.trim(), folder).map(std::borrow::Cow::into_owned))
    };
    let is_there = |name: &str| section.get(name).is_some();
    let missing = match (is_there("access_key"), is_there("secret_key")) {
        (false, false) => return Some(Keys::Instance),
        (true, true) => {
            let (access, secret) = (revealed("access_key", problems), revealed("secret_key", problems));
            return Some(Keys::Given { access: access?, secret: Secret(secret?) });
        }
        (true, false) => "secret_key",
        (false, true) => "access_key",
    };
    let complaint = Complaint::new(format!("`store` has one of its two keys, and no `{missing}`"));
    problems.add(
        section.location,
        complaint.hint(format!("add `{missing}: env:…`, or take the other out if this machine has keys of its own")),
    );
    None
}
