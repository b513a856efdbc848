//! Single values, checked by the libraries that will use them.

use std::path::{Path, PathBuf};

use chrono_tz::{TZ_VARIANTS, Tz};
use regex::Regex;
use scraper::Selector;
use serde_json_path::JsonPath;
use url::Url;

use super::keys::{HTTP, RTMP};
use super::problem::{Complaint, any_of, nearest};
use super::secret;
use crate::base::redact;

/// A time zone of the IANA database.
pub(super) fn zone(text: &str) -> Result<Tz, Complaint> {
    text.trim().parse().map_err(|_| {
        let complaint = Complaint::new(format!("`{text}` is not a time zone"));
        let city =
            |zone: &Tz| zone.name().rsplit('/').next().is_some_and(|city| city.eq_ignore_ascii_case(text.trim()));
        let near = TZ_VARIANTS.iter().find(|zone| city(zone)).map(|zone| zone.name());
        match near.or_else(|| nearest(text, TZ_VARIANTS.iter().map(|zone| zone.name()))) {
            Some(near) => complaint.hint(format!("write `{near}`")),
            None => complaint.hint("write continent and city, such as `Asia/Seoul` or `Europe/Paris`"),
        }
    })
}

/// A URL of one of `schemes`, or a secret that holds one.
pub(super) fn url(text: &str, folder: &Path, schemes: &[&str]) -> Result<Url, Complaint> {
    let written = text.trim();
    let revealed = secret::reveal(written, folder)?;
    // What a secret holds is not shown.
    let shown = if revealed == written { redact::text(written) } else { format!("the value of {written}") };
    if !revealed.contains("://") {
        let scheme = if schemes == HTTP { "https" } else { "rtmp" };
        let host = revealed.trim_start_matches('/').to_owned();
        let complaint = Complaint::new(format!("`{shown}` is no URL: the beginning is missing"));
        return Err(if revealed == written {
            complaint.hint(format!("write `{scheme}://{}`", redact::text(&host)))
        } else {
            complaint.hint(format!("begin it with `{scheme}://`"))
        });
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
            _ => complaint,
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
        match text.contains("(?=") || text.contains("(?!") || text.contains("(?<") {
            true => complaint.hint("match what stands around it, and put what you want in `(…)`"),
            false => complaint.hint("put `\\` before a `(`, `[`, `{`, `*`, `+` or `?` that is meant as it is"),
        }
    })
}

/// A CSS selector.
pub(super) fn selector(text: &str) -> Result<String, Complaint> {
    match Selector::parse(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(error) => Err(Complaint::new(format!("`{text}` is not a CSS selector: {error}"))
            .hint("such as `script`, `a.listen` or `meta[property=\"og:audio\"]`")),
    }
}

/// A JSONPath.
pub(super) fn json_path(text: &str) -> Result<String, Complaint> {
    match JsonPath::parse(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(error) => {
            let complaint = Complaint::new(format!("`{text}` is not a JSONPath: {error}"));
            Err(match text.starts_with('$') {
                true => complaint.hint("such as `$.channel_item[?@.media_type == 'radio'].service_url`"),
                false => complaint.hint(format!("it begins with `$`: write `$.{}`", text.trim_start_matches('.'))),
            })
        }
    }
}

/// A folder, relative to `base` or absolute.
pub(super) fn folder(text: &str, base: &Path) -> Result<PathBuf, Complaint> {
    match text.trim() {
        "" => Err(Complaint::new("the name of the folder is empty")),
        path if path == "~" || path.starts_with("~/") => {
            let complaint = Complaint::new("`~` is not expanded here");
            Err(complaint.hint("write the whole path, such as `/home/me/recordings`"))
        }
        path => Ok(base.join(path)),
    }
}

/// Whether recordings can be written to `folder`. Nothing is created: the check may be run by another user than the
/// service, whose folder it must not take.
pub(super) fn writable(folder: &Path) -> Result<(), Complaint> {
    let existing = folder.ancestors().find(|ancestor| ancestor.exists()).unwrap_or(Path::new("/"));
    if !existing.is_dir() {
        return Err(Complaint::new(format!(
            "the folder {} cannot be made: {} is a file",
            folder.display(),
            existing.display()
        )));
    }
    rustix::fs::access(existing, rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK).map_err(|error| {
        let what = if existing == folder { "cannot be written to" } else { "cannot be made" };
        let reason = std::io::Error::from(error);
        Complaint::new(format!("the folder {} {what}: {}: {reason}", folder.display(), existing.display()))
            .hint(format!("choose another folder, or let aircheck's user write to {}", existing.display()))
    })
}
