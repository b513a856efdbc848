//! From an address in the YAML to a URL that plays now.
//!
//! An address is a URL, or steps that find one: text in, text out. Whatever comes out is looked at: a URL is the answer,
//! a PLS, M3U, XSPF or ASX is followed to what it names, a page that is itself an HLS playlist answers with its own URL.
//! A URL of HLS, Icecast or RTMP is never fetched here; that is the source's business, and some URLs work only once.
//!
//! Everything is bounded: a body (4 MiB), a request and a command (15 s), what a step hands on (16 MiB), the chain of
//! playlist files (5). Nothing is cached: tokens are short-lived, and a caller resolves exactly when it needs a new one.

mod command;
mod error;
mod expiry;
mod html;
mod jsonpath;
mod limits;
mod playlist_file;
#[cfg(any(test, feature = "fuzzing"))]
pub mod properties;
mod steps;
mod text;

pub use command::CommandError;
pub use error::{Given, ResolveError, StepName};

use chrono::{DateTime, Utc};
use url::Url;

use self::limits::{BODY_CAP, STEP_LIMIT};
use self::playlist_file::Content;
use self::steps::Found;
use crate::base::environment::Environment;
use crate::base::{http, redact};
use crate::config::Address;

/// How many playlist files that name each other are followed.
const MOST_LISTS: usize = 5;

/// Where to play from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// The URL of the stream itself (an HLS playlist, an Icecast mount, an RTMP stream).
    pub url: Url,
    /// When it stops being valid, where that can be read from it. It may lie in the past already.
    pub expires: Option<DateTime<Utc>>,
}

/// Resolves `address`. Requests go through `client`, so that cookies set by the page stay in the capture's jar.
/// Dropping the future cancels it: a request is closed, a command is killed with all it started.
pub async fn resolve(
    address: &Address,
    client: &reqwest::Client,
    environment: &Environment,
) -> Result<Resolved, ResolveError> {
    let named = match address {
        Address::Url(url) => url.clone(),
        Address::Find(finds) => {
            let last = finds.last().ok_or(ResolveError::NoSteps)?;
            let found = steps::walk(finds, client, environment).await?;
            named_by(&found).ok_or_else(|| found.names_nothing(last))?
        }
    };
    let url = follow(named, client).await?;
    let expires = expiry::read(&url, environment.clock.now());
    tracing::debug!(url = %redact::url(&url), ?expires, "resolved");
    Ok(Resolved { url, expires })
}

/// The address in what the steps found: the first text that is one, holds a list of some, or is an HLS page.
fn named_by(found: &Found) -> Option<Url> {
    let base = found.page.as_ref();
    found.texts.iter().find_map(|text| match playlist_file::read(text) {
        // Only a page has a URL; playlist text out of some script cannot be reloaded.
        Content::Hls => base.filter(|_| found.is_page).cloned(),
        Content::Entries(entries) => entries.iter().find_map(|entry| text::address(entry, base)),
        Content::Other => text::address(text, base),
    })
}

/// The addresses that `body` names, where it is a file that does nothing but name streams: PLS, M3U, XSPF or ASX. None
/// where it is anything else, such as an HLS playlist.
pub fn streams_named_in(body: &http::Body) -> Vec<Url> {
    match playlist_file::read(&text::decode(&body.bytes, &body.content_type)) {
        Content::Entries(entries) => entries.iter().filter_map(|entry| text::address(entry, Some(&body.url))).collect(),
        Content::Hls | Content::Other => Vec::new(),
    }
}

/// Follows playlist files to the stream that they name in the end.
async fn follow(mut url: Url, client: &reqwest::Client) -> Result<Url, ResolveError> {
    let mut visited = Vec::new();
    while playlist_file::is_named_by(&url) && matches!(url.scheme(), "http" | "https") {
        if visited.contains(&url) || visited.len() == MOST_LISTS {
            return Err(ResolveError::Endless { url: redact::url(&url), most: MOST_LISTS });
        }
        let body = http::read_whole(client.get(url.clone()), &url, BODY_CAP, STEP_LIMIT)
            .await
            .map_err(|source| ResolveError::FetchList { source })?;
        let words = text::decode(&body.bytes, &body.content_type);
        visited.push(url);
        url = match playlist_file::read(&words) {
            // HLS under the name of a plain M3U.
            Content::Hls => return Ok(body.url),
            Content::Entries(entries) => entries.iter().find_map(|entry| text::address(entry, Some(&body.url))),
            Content::Other => None,
        }
        .ok_or_else(|| ResolveError::empty_list(&body.url, &words))?;
    }
    Ok(url)
}

#[cfg(test)]
mod tests;
