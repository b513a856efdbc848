//! From what a person has to the keys of a station: an address of a stream, of a list, or of a page on which a player is.
//!
//! What is at the address is recognised by what it holds, as a capture does. On a page, in its scripts and in its frames,
//! what looks like a stream is searched for (`page`), and for each the steps of a `find` are made that lead to it. Steps
//! count only if they are walked to a stream.
//!
//! Bounded: `MOST_PAGES` pages and scripts, `MOST_TRIED` candidates, `MOST_WAYS` ways.

mod page;
mod steps;
mod written;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use thiserror::Error;
use url::Url;

use self::page::{Candidate, LONGEST_NAME, MOST_TRIED, Page};
pub use self::steps::FoundStep;
use super::limits::{BODY_CAP, STEP_LIMIT};
use super::{Listed, find, listed, text};
use crate::base::blocking::caught;
use crate::base::environment::Environment;
use crate::base::http::{self, Body, Client, HttpError, Partial};
use crate::base::redact;
use crate::capture::source::media;
use crate::config::Address;

/// The most scripts and frames of a page that are searched as well.
const MOST_PAGES: usize = 8;
/// The most ways that are returned.
const MOST_WAYS: usize = 4;
/// How deep lists may name lists.
const DEEPEST: usize = 3;
/// The most entries of a list that are tried.
const MOST_ENTRIES: usize = 3;

/// What was found at an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discovery {
    /// What the station calls itself. `None` if it does not say.
    pub name: Option<String>,
    /// The ways to its sound, the best first; at least one.
    pub ways: Vec<Way>,
}

/// A way to a station's sound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// The key of the file: `hls`, `icecast` or `rtmp`.
    pub key: &'static str,
    /// Where the sound is.
    pub place: Place,
}

/// Where the sound of a station is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// At this address.
    At(Url),
    /// Where these steps lead.
    Found(Vec<FoundStep>),
}

/// Why no way to a station's sound is known.
#[derive(Debug, Error)]
pub enum DiscoverError {
    /// The address does not answer as it should.
    #[error(transparent)]
    Fetch(#[from] HttpError),
    /// There is sound, which ends.
    #[error("{url} is a file that ends and no live stream; `aircheck grab` downloads such files")]
    Ends {
        /// The address, redacted.
        url: String,
    },
    /// Nothing on the page leads to sound.
    #[error(
        "no stream was found on {url}, in {pages} of its scripts and frames, nor by what they name. Ask for the address \
         of the playlist or stream itself: the developer tools of a browser (F12, Network) show it as soon as the page plays, \
         mostly with .m3u8 in it"
    )]
    Nothing {
        /// The address, redacted.
        url: String,
        /// How many scripts and frames were searched.
        pages: usize,
    },
}

/// Finds out how the sound of a station is reached, of which `url` is known. Requests go through `client`. Dropping the
/// future cancels it.
///
/// # Errors
/// The address does not answer, or nothing there leads to a live stream.
pub async fn discover(url: &Url, client: &Client, environment: &Environment) -> Result<Discovery, DiscoverError> {
    match Box::pin(answer(url, client, 0)).await? {
        Answer::Stream { key, name, is_list } => {
            let place = if is_list && key == "rtmp" {
                Place::Found(vec![FoundStep::Get(Some(url.clone()))])
            } else {
                Place::At(url.clone())
            };
            Ok(Discovery { name, ways: vec![Way { key, place }] })
        }
        Answer::Ends => Err(DiscoverError::Ends { url: redact::url(url) }),
        Answer::Page(body) => on_page(url, &body, client, environment).await,
    }
}

/// What is at an address.
enum Answer {
    Stream {
        key: &'static str,
        name: Option<String>,
        is_list: bool,
    },
    /// Sound that has an end.
    Ends,
    Page(Body),
}

async fn answer(url: &Url, client: &Client, depth: usize) -> Result<Answer, HttpError> {
    if url.scheme().starts_with("rtmp") {
        return Ok(Answer::Stream { key: "rtmp", name: None, is_list: false });
    }
    let request = client.get(url.clone());
    let Partial { body, cut } = match http::read_partial(request, url, BODY_CAP, STEP_LIMIT, media::shows_sound).await {
        Ok(read) => read,
        // A file of hours, or a stream that makes up how long it is.
        Err(HttpError::TooLarge { .. }) => return Ok(endless(&headers_of(url, client).await)),
        Err(error) => return Err(error),
    };
    if media::sound_in(&body.bytes).is_some() {
        return Ok(endless(&headers_of(url, client).await));
    }
    if let Some(cut) = cut {
        return Err(cut);
    }
    match listed(&body.bytes, &body.content_type, &body.url) {
        Listed::Hls => Ok(Answer::Stream { key: "hls", name: None, is_list: false }),
        Listed::Streams(entries) if depth < DEEPEST => {
            let in_list = page::name_in_list(&text::decode(&body.bytes, &body.content_type));
            let mut last = None;
            for entry in entries.iter().take(MOST_ENTRIES) {
                match Box::pin(answer(&entry.url, &client.with(&entry.headers), depth + 1)).await {
                    Ok(Answer::Stream { key, name, .. }) => {
                        return Ok(Answer::Stream { key, name: name.or(in_list), is_list: true });
                    }
                    Ok(Answer::Ends) => last = Some(Ok(Answer::Ends)),
                    Ok(Answer::Page(_)) => {}
                    Err(error) => last = Some(Err(error)),
                }
            }
            last.unwrap_or(Ok(Answer::Page(body)))
        }
        Listed::Streams(_) | Listed::Other => Ok(Answer::Page(body)),
    }
}

/// The headers of a stream. None if it does not answer a second time.
async fn headers_of(url: &Url, client: &Client) -> HeaderMap {
    let asks_for_titles = (HeaderName::from_static("icy-metadata"), HeaderValue::from_static("1"));
    let request = client.get(url.clone()).header(asks_for_titles.0, asks_for_titles.1);
    let sending = client.clock().timeout(STEP_LIMIT, request.send()).await;
    sending.ok().and_then(Result::ok).map(|response| response.headers().clone()).unwrap_or_default()
}

/// What sound is whose server sent these headers.
fn endless(headers: &HeaderMap) -> Answer {
    if ends(headers) {
        Answer::Ends
    } else {
        Answer::Stream { key: "icecast", name: said_name(headers), is_list: false }
    }
}

/// Whether a server says that its sound ends: it knows its length, and hands out any part of it. Some servers of live
/// streams make up a length.
fn ends(headers: &HeaderMap) -> bool {
    let is = |name: &str, value: &str| headers.get(name).is_some_and(|found| found.as_bytes() == value.as_bytes());
    headers.contains_key("content-length")
        && is("accept-ranges", "bytes")
        && !headers.keys().any(|name| name.as_str().starts_with("icy-"))
}

/// The name in the header `icy-name`, if it is one.
fn said_name(headers: &HeaderMap) -> Option<String> {
    const DEFAULTS: [&str; 6] =
        ["no name", "unspecified name", "this is my server name", "unnamed server", "my station name", "default"];
    let name = headers.get("icy-name")?;
    // Old servers write Latin-1.
    let name = std::str::from_utf8(name.as_bytes())
        .map_or_else(|_| name.as_bytes().iter().map(|byte| char::from(*byte)).collect(), str::to_owned);
    let name = text::line(&name, LONGEST_NAME);
    (!name.is_empty() && !DEFAULTS.contains(&name.to_lowercase().as_str())).then_some(name)
}

async fn on_page(
    url: &Url,
    body: &Body,
    client: &Client,
    environment: &Environment,
) -> Result<Discovery, DiscoverError> {
    let first = searched(body).await;
    let name = first.name.clone();
    let mut candidates: Vec<(Url, Candidate)> = first.candidates.into_iter().map(|it| (url.clone(), it)).collect();
    let mut pages = 0;
    for further in first.further.into_iter().take(MOST_PAGES) {
        let request = client.get(further.clone());
        // A script that is away says nothing about the others.
        let Ok(body) = http::read_whole(request, &further, BODY_CAP, STEP_LIMIT).await else { continue };
        pages += 1;
        let found = searched(&body).await.candidates;
        candidates.extend(found.into_iter().map(|it| (further.clone(), it)));
    }
    candidates.sort_by_key(|(_, candidate)| candidate.rank);
    let (mut ways, mut tried, mut said, mut ended): (Vec<Way>, Vec<Url>, _, _) = (Vec::new(), Vec::new(), None, None);
    for (page, candidate) in candidates {
        if tried.len() == MOST_TRIED || ways.len() == MOST_WAYS {
            break;
        }
        if tried.contains(&candidate.url) {
            continue;
        }
        tried.push(candidate.url.clone());
        let steps: Vec<FoundStep> = std::iter::once(FoundStep::Get(Some(page))).chain(candidate.steps).collect();
        let Some(finds) = steps::numbered(&steps) else { continue };
        // The steps are walked as a capture walks them: addresses may be signed anew for each visit.
        let Ok(entries) = find(&Address::Find(finds), client, environment).await else { continue };
        let Some(entry) = entries.first() else { continue };
        match Box::pin(answer(&entry.url, &client.with(&entry.headers), 0)).await {
            Ok(Answer::Stream { key, name, .. }) => {
                said = said.or(name);
                ways.push(Way { key, place: Place::Found(steps) });
            }
            Ok(Answer::Ends) => ended = Some(redact::url(&entry.url)),
            Ok(Answer::Page(_)) | Err(_) => {}
        }
    }
    match (ways.is_empty(), ended) {
        (false, _) => Ok(Discovery { name: said.or(name), ways }),
        (true, Some(url)) => Err(DiscoverError::Ends { url }),
        (true, None) => Err(DiscoverError::Nothing { url: redact::url(url), pages }),
    }
}

/// Searches a page on a thread that may block: megabytes of HTML take long.
async fn searched(body: &Body) -> Page {
    let (words, url) = (text::decode(&body.bytes, &body.content_type), body.url.clone());
    caught(move || page::search(&words, &url)).await.unwrap_or_default()
}
