//! From an address in the YAML to URLs that play now.
//!
//! An address is a URL, or steps that find one: text in, text out. The result decides: a URL is the answer, a PLS, M3U,
//! XSPF or ASX stands for what it names, and a page that is an HLS playlist stands for its own URL. Lists are
//! recognised by their contents, never by their names. [`text()`] takes the same steps to a text, such as a title.
//!
//! A URL of HLS or Icecast is never fetched here: the source does that, and some URLs work only once. The source gives
//! the answer to [`listed`]. For sources that cannot fetch a list themselves, [`streams`] follows lists.
//!
//! Everything is bounded: a body (4 MiB), a request and a command (15 s), what a step hands on (16 MiB), the chain of
//! playlist files (5). Nothing is cached: tokens are short-lived, and a caller resolves exactly when it needs a new
//! one.

mod command;
pub mod discover;
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

use std::collections::VecDeque;

use chrono::{DateTime, Utc};
use url::Url;

use self::limits::{BODY_CAP, STEP_LIMIT};
use self::playlist_file::Content;
use self::steps::Found;
use crate::base::environment::Environment;
use crate::base::http::{self, Client, ExtraHeaders, Partial};
use crate::base::redact;
use crate::capture::source::media;
use crate::config::{Address, Find, Step};

/// How many playlist files that name each other are followed.
const MOST_LISTS: usize = 5;

/// What joins several texts to one.
const BETWEEN: &str = " - ";
/// The longest text, in characters; what is longer is cut off.
const LONGEST_TEXT: usize = 400;

/// A stream, or a list of streams.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its URL.
    pub url: Url,
    /// The headers to send with the requests for it.
    pub headers: ExtraHeaders,
}

/// When `url` stops being valid, if that can be read from it. It may be in the past.
pub fn expires(url: &Url, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    expiry::read(url, now)
}

impl From<Url> for Entry {
    fn from(url: Url) -> Self {
        Self { url, headers: ExtraHeaders::default() }
    }
}

/// Resolves `address`: the URL itself, or what its steps find. If they end at a list, that is all the list names, in
/// its order; at least one. The answers of these URLs are not looked at. Requests go through `client`, so that cookies
/// set by the page stay in the capture's jar. Dropping the future cancels it: a request is closed, a command is killed
/// with all it started.
pub async fn find(address: &Address, client: &Client, environment: &Environment) -> Result<Vec<Entry>, ResolveError> {
    match address {
        Address::Url(url) => Ok(vec![url.clone().into()]),
        Address::Find(finds) => {
            let last = finds.last().ok_or(ResolveError::NoSteps)?;
            let found = steps::walk(finds, client, environment).await?;
            let named = named_by(&found);
            if named.is_empty() {
                return Err(found.names_nothing(last));
            }
            for entry in &named {
                tracing::debug!(url = %redact::url(&entry.url), "found");
            }
            Ok(named)
        }
    }
}

/// Walks `steps` to a text on one line, such as the title of what plays; several texts are joined with ` - `, as stations
/// write artist and title. Bounded in length, and never empty: that the last step finds nothing is an error
/// ([`ResolveError::found_nothing`]). Cancelled as [`find`] is.
pub async fn text(steps: &[Find], client: &Client, environment: &Environment) -> Result<String, ResolveError> {
    let last = steps.last().ok_or(ResolveError::NoSteps)?;
    let found = steps::walk(steps, client, environment).await?;
    // A pattern cuts a text out of a script or of JSON as it is written there.
    let written = |text: &String| match last.step {
        Step::Match { .. } => text::unescape(text).into_owned(),
        _ => text.clone(),
    };
    let lines = found.texts.iter().map(|text| text::line(&written(text), LONGEST_TEXT));
    let lines: Vec<String> = lines.filter(|line| !line.is_empty()).collect();
    if lines.is_empty() {
        return Err(found.says_nothing(last));
    }
    Ok(text::line(&lines.join(BETWEEN), LONGEST_TEXT))
}

/// Returns all streams that are `wanted` in the first list that names some: at the address, or in lists that are named
/// there. At least one. Cancelled as [`find`] is.
pub async fn streams(
    address: &Address,
    client: &Client,
    environment: &Environment,
    wanted: impl Fn(&Url) -> bool,
) -> Result<Vec<Url>, ResolveError> {
    let mut left: VecDeque<Entry> = find(address, client, environment).await?.into();
    let mut visited = Vec::new();
    let mut problem = None;
    loop {
        let found: Vec<Url> = left.iter().map(|entry| &entry.url).filter(|url| wanted(url)).cloned().collect();
        if !found.is_empty() {
            return Ok(found);
        }
        let Some(Entry { url, headers }) = left.pop_front() else { break };
        if visited.contains(&url) || visited.len() == MOST_LISTS {
            problem = Some(ResolveError::Endless { url: redact::url(&url), most: MOST_LISTS });
            continue;
        }
        visited.push(url.clone());
        match list_at(&url, &client.with(&headers)).await {
            Ok(entries) => entries.into_iter().rev().for_each(|entry| left.push_front(entry)),
            Err(error) => problem = Some(error),
        }
    }
    Err(problem.unwrap_or(ResolveError::NoSteps))
}

/// The entries of the list at `url`.
async fn list_at(url: &Url, client: &Client) -> Result<Vec<Entry>, ResolveError> {
    let failed = |source| ResolveError::FetchList { source };
    let request = client.get(url.clone());
    let Partial { body, cut } =
        http::read_partial(request, url, BODY_CAP, STEP_LIMIT, media::shows_sound).await.map_err(failed)?;
    let other = |is, key| Err(ResolveError::OtherKind { url: redact::url(&body.url), is, key });
    if media::sound_in(&body.bytes).is_some() {
        return other("sound itself", "icecast");
    }
    if let Some(cut) = cut {
        return Err(failed(cut));
    }
    match listed(&body.bytes, &body.content_type, &body.url) {
        Listed::Streams(entries) => Ok(entries),
        Listed::Hls => other("an HLS playlist", "hls"),
        Listed::Other => Err(ResolveError::empty_list(&body.url, &text::decode(&body.bytes, &body.content_type))),
    }
}

/// The kinds of an answer that is no sound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listed {
    /// An HLS playlist.
    Hls,
    /// A list (PLS, M3U, XSPF, ASX) of these streams; at least one.
    Streams(Vec<Entry>),
    /// Something else.
    Other,
}

/// Reads `bytes`, the answer of `base`, as a list of streams, in whatever encoding.
pub fn listed(bytes: &[u8], content_type: &str, base: &Url) -> Listed {
    match playlist_file::read(&text::decode(bytes, content_type)) {
        Content::Hls => Listed::Hls,
        Content::Entries(entries) => {
            let streams = named_in(&entries, Some(base));
            if streams.is_empty() { Listed::Other } else { Listed::Streams(streams) }
        }
        Content::Other => Listed::Other,
    }
}

fn named_in(entries: &[String], base: Option<&Url>) -> Vec<Entry> {
    let streams = entries.iter().filter_map(|entry| {
        let (words, headers) = playlist_file::parts(entry);
        let headers = headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        Some(Entry { url: text::listed_address(words, base)?, headers: ExtraHeaders::of(headers) })
    });
    streams.collect()
}

/// The addresses in what the steps found: those of the first text that is an address, holds a list, or is an HLS page.
fn named_by(found: &Found) -> Vec<Entry> {
    let base = found.page.as_ref();
    let named = |text: &String| {
        let named = match playlist_file::read(text) {
            // Only a page has a URL; playlist text from a script cannot be reloaded.
            Content::Hls => base.filter(|_| found.is_page).cloned().map(Entry::from).into_iter().collect(),
            Content::Entries(entries) => named_in(&entries, base),
            Content::Other => text::address(text, base).map(Entry::from).into_iter().collect(),
        };
        Some(named).filter(|named: &Vec<Entry>| !named.is_empty())
    };
    found.texts.iter().find_map(named).unwrap_or_default()
}

#[cfg(test)]
mod tests;
