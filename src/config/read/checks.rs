//! Parsers of single values, checked by the libraries that will use them.

use std::borrow::Cow;
use std::path::Path;

use regex::Regex;
use scraper::Selector;
use serde_json_path::JsonPath;
use url::Url;

use crate::base::redact;
use crate::config::keys::{HTTP, RTMP, Section};
use crate::config::values::{Complaint, any_of, nearest, secret};
use crate::config::yaml::Problems;

/// Parses a URL of one of `schemes`, or a secret that holds one.
pub fn url(text: &str, folder: &Path, schemes: &[&str]) -> Result<Url, Complaint> {
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
        return Err(if written_here { complaint.suggest([format!("{scheme}://{host}")]) } else { complaint });
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
                complaint.suggest(near.and_then(|near| Some(format!("{near}{}", written.get(other.len()..)?))))
            }
        });
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err(Complaint::new(format!("`{shown}` names no host")));
    }
    Ok(url)
}

/// Reads a value that no message shows.
pub fn revealed<T>(
    keys: &Section<'_>,
    name: &str,
    folder: &Path,
    problems: &mut Problems,
    parse: impl Fn(&str) -> Result<T, Complaint>,
) -> Option<T> {
    let entry = keys.get(name)?;
    // Problems are shown with their line.
    problems.hide(entry.value.location);
    keys.read(name, problems, |text| {
        let value = secret::reveal(text.trim(), folder).map(Cow::into_owned)?;
        parse(value.trim())
    })
}

/// Parses a regular expression.
pub fn pattern(text: &str) -> Result<Regex, Complaint> {
    Regex::new(text).map_err(|error| {
        let error = error.to_string();
        // The last line says what is wrong; those above draw it.
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

/// Checks a CSS selector.
pub fn selector(text: &str) -> Result<String, Complaint> {
    match Selector::parse(text) {
        Ok(_) => Ok(text.to_owned()),
        // The parser's reasons are for its developers.
        Err(_) => Err(Complaint::new(format!("`{text}` is not a CSS selector"))
            .hint("such as `script`, `a.listen` or `meta[property=\"og:audio\"]`")),
    }
}

/// Checks a JSONPath.
pub fn json_path(text: &str) -> Result<String, Complaint> {
    match JsonPath::parse(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(error) => {
            let at = error.position() + 1;
            let complaint = Complaint::new(format!("`{text}` is not a JSONPath, from its character {at} on"));
            let complaint = complaint.hint("such as `$.channel_item[?@.media_type == 'radio'].service_url`");
            Err(if text.starts_with('$') {
                complaint
            } else {
                complaint.suggest([format!("$.{}", text.trim_start_matches('.')), format!("${text}")])
            })
        }
    }
}
