//! The steps of a `find`: each takes the texts that the one before handed on, and hands on what it finds.
//!
//! A step takes the first text that suits it, and hands on everything it found there. Texts are handed on as they were
//! found, escapes and all; a step that finds nothing looks again with one layer of string escapes removed. So JSON in a
//! JavaScript string can be reached by a pattern that spells out the backslashes, by one that ignores them, and by
//! `json`; and JSON with escaped quotes of its own is never spoilt.

use std::borrow::Cow;

use regex::Regex;
use url::Url;

use super::error::{Given, ResolveError, StepName};
use super::jsonpath::{self, Picked};
use super::limits::{BODY_CAP, STEP_LIMIT};
use super::text::{self, unescape};
use super::{command, html};
use crate::base::blocking::caught;
use crate::base::environment::Environment;
use crate::base::http::{self, Client, HttpError};
use crate::config::{Find, Step};

/// How many bytes one step hands on at most.
const HANDED_ON: usize = 16 << 20;
/// How many matches of a pattern are handed on at most.
const MOST_MATCHES: usize = 10_000;

/// What a step hands on.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Texts, the best first.
    pub(super) texts: Vec<String>,
    /// The URL of the page that was fetched last, after redirects: relative addresses are relative to it.
    pub(super) page: Option<Url>,
    /// Whether the text is that whole page.
    pub(super) is_page: bool,
}

impl Found {
    fn given(&self) -> Given {
        Given::of(&self.texts)
    }

    /// The error of ending without a word in these texts after the step `last`.
    pub(super) fn says_nothing(&self, last: &Find) -> ResolveError {
        ResolveError::NothingFound { step: StepName::of(last), given: self.given() }
    }

    /// The error of ending with these texts after the step `last`.
    pub(super) fn names_nothing(&self, last: &Find) -> ResolveError {
        ResolveError::NoAddress { step: StepName::of(last), given: self.given() }
    }
}

/// Takes all steps.
pub(super) async fn walk(finds: &[Find], client: &Client, environment: &Environment) -> Result<Found, ResolveError> {
    let mut found = Found::default();
    for find in finds {
        found = match &find.step {
            Step::Get { url, headers } => get(find, url.as_ref(), headers, &found, client).await?,
            Step::Run { command } => {
                let texts = vec![run(find, command, &found, environment).await?];
                Found { texts, is_page: false, ..found }
            }
            Step::Select { .. } | Step::Json { .. } | Step::Match { .. } => {
                let (find, given) = (find.clone(), found.texts);
                // Megabytes of HTML would hold up everything else on this thread.
                let name = StepName::of(&find);
                let searched = caught(move || search(&find, &given)).await;
                let texts = searched.unwrap_or(Err(ResolveError::BadStep { step: name }))?;
                Found { texts, is_page: false, page: found.page }
            }
        };
    }
    Ok(found)
}

async fn get(
    find: &Find,
    url: Option<&Url>,
    headers: &[(String, String)],
    found: &Found,
    client: &Client,
) -> Result<Found, ResolveError> {
    let step = || StepName::of(find);
    let url = match url {
        Some(url) => url.clone(),
        None => first_page(found).ok_or_else(|| ResolveError::NothingToGet { step: step(), given: found.given() })?,
    };
    let failed = |source: HttpError| ResolveError::Fetch { step: step(), source };
    let request = client.get(url.clone()).headers(http::header_map(headers).map_err(failed)?);
    let body = http::read_whole(request, &url, BODY_CAP, STEP_LIMIT).await.map_err(failed)?;
    let text = text::decode(&body.bytes, &body.content_type);
    Ok(Found { texts: vec![text], page: Some(body.url), is_page: true })
}

/// The first text that is the address of something that can be fetched.
fn first_page(found: &Found) -> Option<Url> {
    let addresses = found.texts.iter().filter_map(|text| text::address(text, found.page.as_ref()));
    addresses.into_iter().find(|url| matches!(url.scheme(), "http" | "https"))
}

/// Runs a step that only searches: returns what `find` finds in the first of `given` that suits it. Blocks.
pub(super) fn search(find: &Find, given: &[String]) -> Result<Vec<String>, ResolveError> {
    let mut understood = true;
    let mut readable = false;
    for reading in readings(given) {
        let texts = match &find.step {
            Step::Select { css, attribute } => html::select(&reading, css, attribute.as_deref(), HANDED_ON)
                .unwrap_or_else(|| {
                    understood = false;
                    Vec::new()
                }),
            Step::Json { path } => match jsonpath::pick(&reading, path, HANDED_ON) {
                Picked::Texts(texts) => texts,
                Picked::Nothing => {
                    readable = true;
                    Vec::new()
                }
                Picked::NotJson => Vec::new(),
            },
            Step::Match { pattern } => matches(&reading, pattern),
            Step::Get { .. } | Step::Run { .. } => Vec::new(),
        };
        if !texts.is_empty() {
            return Ok(texts);
        }
    }
    let (step, given) = (StepName::of(find), Given::of(given));
    Err(match &find.step {
        _ if !understood => ResolveError::BadStep { step },
        Step::Json { .. } if !readable => ResolveError::NotJson { step, given },
        _ => ResolveError::NothingFound { step, given },
    })
}

/// All texts as they are, then all that look different without one layer of escapes.
fn readings(texts: &[String]) -> impl Iterator<Item = Cow<'_, str>> {
    let plain = texts.iter().map(|text| Cow::Borrowed(text.as_str()));
    let unescaped = texts.iter().map(|text| unescape(text)).filter(|text| matches!(text, Cow::Owned(_)));
    plain.chain(unescaped)
}

/// The first group of every match, or the whole match if there is no group.
fn matches(text: &str, pattern: &Regex) -> Vec<String> {
    let group = usize::from(pattern.captures_len() > 1);
    let found = pattern.captures_iter(text).take(MOST_MATCHES).filter_map(|captures| captures.get(group));
    found.map(|part| part.as_str()).filter(|part| !part.trim().is_empty()).map(str::to_owned).collect()
}

async fn run(
    find: &Find,
    command: &[String],
    found: &Found,
    environment: &Environment,
) -> Result<String, ResolveError> {
    let input = found.texts.first().map(|text| {
        // An address goes in unescaped, ready to be used; anything else as it was found.
        text::address(text, found.page.as_ref()).map_or_else(|| text.clone(), String::from)
    });
    command::run(command, input.unwrap_or_default(), STEP_LIMIT, environment)
        .await
        .map_err(|source| ResolveError::Command { step: StepName::of(find), source })
}
