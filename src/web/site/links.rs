//! Links to share: what the interface and the page do with them, and what whoever follows one gets.

use std::net::IpAddr;
use std::time::Duration;

use axum::http::header::{CACHE_CONTROL, RETRY_AFTER};
use axum::http::{Extensions, HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use chrono::{DateTime, Utc};
use tracing::info;
use url::Url;

use super::{Site, presence};
use crate::base::duration::delta;
use crate::config::parse_duration_up_to;
use crate::language::Sentence;
use crate::library::catalogue::{CatalogueError, Link, Recording};
use crate::model::Span;
use crate::web::address;
use crate::web::answer::{Problem, broken, language};
use crate::web::auth::LinkToken;
use crate::web::transport::client;

/// How long a link lasts if nobody says otherwise.
pub const USUAL: &str = "7d";
/// How long a link lasts at least and at most.
const SHORTEST: Duration = Duration::from_mins(1);
const LONGEST: Duration = Duration::from_hours(365 * 24);
/// How many links to one recording there are at a time.
const MOST: u32 = 100;

/// A link that was just made. Its address is known now and never again.
#[derive(Debug)]
pub struct Made {
    /// The link.
    pub link: Link,
    /// Its address, which is a secret.
    pub url: Url,
}

/// What a link opens.
#[derive(Debug)]
pub struct Opened {
    /// The recording, which has a file by the list.
    pub recording: Recording,
    /// Until when the link opens it.
    pub until: DateTime<Utc>,
}

/// Why a link opens nothing.
#[derive(Debug)]
pub enum Closed {
    /// There is no such link, it is over, or its recording is gone: nobody is told which.
    Gone,
    /// There were too many links from the same address that open nothing; the next may be tried after this time.
    TooMany(Duration),
    /// The catalogue cannot be read.
    Broken(CatalogueError),
}

/// Makes a link to the recording `id`. `base`: the address of the page. `lasts`: how long it opens the recording, as a
/// person writes it.
///
/// # Errors
/// There is no such recording, it has no sound or too many links already, `lasts` is no such length, or the address of the
/// page is not known.
pub async fn make(site: &Site, base: Option<Url>, id: &str, lasts: &str) -> Result<Made, Problem> {
    let recording = shareable(site, id).await?;
    let base = address::base::known(base)?;
    let lasts = delta(length(lasts)?);
    let no_token = || Problem::technical(StatusCode::INTERNAL_SERVER_ERROR, "the system has no random numbers");
    let token = LinkToken::random().ok_or_else(no_token)?;
    let now = site.now();
    let made = site.catalogue.add_link(&recording.id, &token.hash(), Span::new(now, now + lasts), MOST).await?;
    let link = made.ok_or_else(|| conflict(Sentence::new("problem_links_many").with("most", MOST), id))?;
    info!(recording = %link.recording, link = link.id, until = %link.lasts.end, "a link to share was made");
    Ok(Made { url: address::link(&base, token.as_str()), link })
}

/// Withdraws a link, and returns it.
///
/// # Errors
/// There is no such link, or it is over.
pub async fn withdraw(site: &Site, id: i64) -> Result<Link, Problem> {
    let withdrawn = site.catalogue.withdraw_link(id, site.now()).await?;
    let link = withdrawn.ok_or_else(|| Problem::not_found(Sentence::new("problem_no_link").with("link", id)))?;
    info!(recording = %link.recording, link = id, "a link to share was withdrawn");
    Ok(link)
}

/// Looks up what the link with this token opens.
///
/// # Errors
/// It opens nothing.
pub async fn open(site: &Site, client: IpAddr, token: &str) -> Result<Opened, Closed> {
    // What cannot be a token is no guess.
    let token = LinkToken::read(token).ok_or(Closed::Gone)?;
    if let Some(wait) = site.access.link_wait(client, &token) {
        return Err(Closed::TooMany(wait));
    }
    let found = site.catalogue.opened_by_link(&token.hash(), site.now()).await.map_err(Closed::Broken)?;
    site.access.record_link(client, &token, found.is_some());
    found.map(|(recording, until)| Opened { recording, until }).ok_or(Closed::Gone)
}

/// Returns the address of the client that follows a link.
pub fn follower(site: &Site, extensions: &Extensions, headers: &HeaderMap) -> IpAddr {
    client::address(&site.config().web, extensions, headers)
}

impl Closed {
    /// Returns the answer, with a line of text for a person.
    pub fn answer(&self) -> Response {
        let mut response = match self {
            Self::Gone => language::line(StatusCode::NOT_FOUND, Sentence::new("shared_gone")),
            Self::TooMany(wait) => {
                let seconds = wait.as_secs() + 1;
                let many = Sentence::new("problem_too_many_links").with("seconds", seconds);
                let mut response = language::line(StatusCode::TOO_MANY_REQUESTS, many);
                response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
                response
            }
            Self::Broken(error) => broken(error),
        };
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

/// Returns the recording `id`, if it is finished and its file exists.
async fn shareable(site: &Site, id: &str) -> Result<Recording, Problem> {
    let recording = site.recording(id).await?;
    if recording.finished_at.is_none() {
        return Err(conflict(Sentence::new("problem_link_unfinished"), id));
    }
    let gone =
        presence::gone(&site.catalogue, &site.store, site.store_place().as_deref(), std::slice::from_ref(&recording))
            .await;
    if recording.file.is_none() || !gone.is_empty() {
        return Err(conflict(Sentence::new("problem_link_no_file"), id));
    }
    Ok(recording)
}

fn conflict(sentence: Sentence, id: &str) -> Problem {
    Problem::new(StatusCode::CONFLICT, sentence.with("recording", id))
}

fn length(text: &str) -> Result<Duration, Problem> {
    let wrong = || Sentence::new("problem_link_length").with("text", format_args!("{text:?}"));
    parse_duration_up_to(text, LONGEST)
        .ok()
        .filter(|length| *length >= SHORTEST)
        .ok_or_else(|| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, wrong()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_lasts_from_a_minute_to_a_year() {
        for (text, lasts) in
            [("1m", SHORTEST), ("60s", SHORTEST), ("365d", LONGEST), (USUAL, Duration::from_hours(168))]
        {
            assert_eq!(length(text).ok(), Some(lasts), "{text}");
        }
        for wrong in ["", "7", "59s", "0d", "366d", "-1d", "a week", "99999999999999999999d"] {
            assert!(length(wrong).is_err(), "{wrong}");
        }
    }
}
