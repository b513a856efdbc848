//! The object store: S3-compatible storage to which recordings are copied, on another machine.
//!
//! [`Remote`] asks it: one request a method, with no retry of its own. Requests are signed in their headers (`signing`), so
//! that the store checks that it got the bytes that were sent, and says if a clock is off. Invariants:
//!
//! - nothing in the store is overwritten: whatever is written goes with `If-None-Match: *`;
//! - no body is held in memory but a part of an upload ([`PART`]); no request waits for a store that neither takes nor says
//!   anything for [`PATIENCE`].

mod answer;
mod credentials;
mod error;
mod manners;
mod payload;
mod sending;
mod signing;

use std::sync::Arc;
use std::time::Duration;

use reqwest::{Method, Response};
use tokio::sync::Mutex;
use url::Url;

use answer::Answer;
use credentials::Lent;
pub use error::{Refusal, RemoteError};
use manners::Learned;
use payload::Moved;
pub use payload::Payload;
pub use sending::{Stored, Sums};
pub use signing::KeyPair;
use signing::{Signer, encoded_name, query};

use crate::base::clock::SharedClock;
use crate::base::http::{HttpError, storage_client};
use crate::config::{Keys, ObjectStore};

/// The usual size of a part of an upload, in bytes.
pub const PART: u64 = 8 << 20;
/// The most parts of an upload (Amazon S3, quotas of multipart uploads).
pub const MOST_PARTS: u64 = 10_000;
/// How long a store may take nothing and say nothing.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// How long it may take to join the parts of an upload.
const JOINING: Duration = Duration::from_mins(10);
/// The most that is read of an answer that is no object, in bytes: a list of a thousand names.
const LONGEST_ANSWER: usize = 4 << 20;
/// How many names are listed at once.
const AT_ONCE: &str = "1000";

/// An object store, as the configuration names it. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Remote(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    rule: Arc<ObjectStore>,
    client: reqwest::Client,
    clock: SharedClock,
    /// The keys of this machine, if it was asked for them.
    lent: Mutex<Option<Lent>>,
    /// Which headers it takes, as far as is known.
    learned: Learned,
}

/// A request.
#[derive(Clone)]
struct Ask<'a> {
    /// What it does, as in "does not let these keys … there".
    doing: &'static str,
    method: Method,
    /// The name of the object; empty for the bucket.
    name: &'a str,
    query: &'a [(&'a str, &'a str)],
    headers: Vec<(&'static str, String)>,
    payload: Payload,
    patience: Duration,
}

impl<'a> Ask<'a> {
    fn new(doing: &'static str, method: Method, name: &'a str) -> Self {
        Self { doing, method, name, query: &[], headers: Vec::new(), payload: Payload::Nothing, patience: PATIENCE }
    }
}

/// An object of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its name, with the prefix.
    pub name: String,
    /// Its size.
    pub bytes: u64,
}

impl Remote {
    /// Returns the store of `rule`.
    ///
    /// # Errors
    /// This machine has no certificates.
    pub fn new(rule: &Arc<ObjectStore>, clock: &SharedClock) -> Result<Self, RemoteError> {
        let client = storage_client()?;
        let (rule, clock) = (Arc::clone(rule), Arc::clone(clock));
        Ok(Self(Arc::new(Inner { rule, client, clock, lent: Mutex::default(), learned: Learned::default() })))
    }

    /// Returns what the configuration says of it.
    pub fn rule(&self) -> &Arc<ObjectStore> {
        &self.0.rule
    }

    /// Returns the clock.
    pub fn clock(&self) -> &SharedClock {
        &self.0.clock
    }

    /// Returns an address at which anybody may `method` (`GET`, `HEAD`) the object for so long. The answer has `kind` as its
    /// media type and this `disposition`.
    ///
    /// # Errors
    /// This machine has no keys.
    pub async fn link(
        &self,
        method: &str,
        name: &str,
        (kind, disposition): (&str, &str),
        length: Duration,
    ) -> Result<Url, RemoteError> {
        let keys = self.keys().await?;
        let pairs = [("response-content-type", kind), ("response-content-disposition", disposition)];
        Ok(self.signer(&keys).link(method, self.url(name), &pairs, length.as_secs()))
    }

    /// Asks for an object, or for its bytes from the first to the last.
    ///
    /// # Errors
    /// The store refuses, or does not answer.
    pub async fn get(&self, name: &str, range: Option<(u64, u64)>) -> Result<Response, RemoteError> {
        let headers = range.map(|(first, last)| ("range", format!("bytes={first}-{last}"))).into_iter().collect();
        self.send(Ask { headers, ..Ask::new("read", Method::GET, name) }).await
    }

    /// Asks for the bytes of an object from `first` on, if it has this entity tag. A store that knows no ranges sends all of
    /// it, with the status 200.
    ///
    /// # Errors
    /// The object has another entity tag ([`RemoteError::is_taken`]); the store refuses, or does not answer.
    pub async fn get_rest(&self, name: &str, first: u64, etag: Option<&str>) -> Result<Response, RemoteError> {
        let mut headers = Vec::new();
        headers.extend(etag.map(|etag| ("if-match", etag.to_owned())));
        headers.extend((first > 0).then(|| ("range", format!("bytes={first}-"))));
        self.send(Ask { headers, ..Ask::new("read", Method::GET, name) }).await
    }

    /// Deletes an object. One that does not exist is no error.
    ///
    /// # Errors
    /// The store refuses, or does not answer.
    pub async fn delete(&self, name: &str) -> Result<(), RemoteError> {
        self.send(Ask::new("delete", Method::DELETE, name)).await.map(drop)
    }

    /// Returns some objects whose names begin with `prefix`, and where the next begin; `None` at the end.
    ///
    /// # Errors
    /// The store refuses, or does not answer.
    pub async fn list(&self, prefix: &str, after: Option<&str>) -> Result<(Vec<Listed>, Option<String>), RemoteError> {
        let mut pairs = vec![("list-type", "2"), ("prefix", prefix), ("max-keys", AT_ONCE), ("encoding-type", "url")];
        pairs.extend(after.map(|after| ("continuation-token", after)));
        let answer = self.answer(Ask { query: &pairs, ..Ask::new("list", Method::GET, "") }).await?;
        let coded = answer.text("EncodingType") == Some("url");
        let objects = answer.each("Contents");
        let listed = objects.iter().filter_map(|object| {
            let name = plain(object.text("Key")?, coded);
            Some(Listed { name, bytes: object.text("Size")?.parse().ok()? })
        });
        let more = answer.text("IsTruncated") == Some("true");
        let next = answer.text("NextContinuationToken").filter(|_| more).map(str::to_owned);
        Ok((listed.collect(), next))
    }

    /// Sends a request and reads the answer, which is XML.
    async fn answer(&self, ask: Ask<'_>) -> Result<Answer, RemoteError> {
        let (doing, patience) = (ask.doing, ask.patience);
        let mut response = self.send(ask).await?;
        let status = response.status().as_u16();
        let text = self.text(&mut response, patience).await?;
        let answer = Answer::read(&text);
        // A store that joins parts begins its answer before it knows whether it can.
        if answer.is("Error") {
            return Err(self.refusal(doing, status, &answer, None));
        }
        Ok(answer)
    }

    /// Sends a request; again with fewer headers if the store refuses some that it does not know.
    async fn send(&self, ask: Ask<'_>) -> Result<Response, RemoteError> {
        let known = self.0.learned.manners();
        let (mut first, mut sent) = (None, Vec::<Vec<&str>>::new());
        for manners in known.tries() {
            let headers: Vec<_> = ask.headers.iter().filter(|(name, _)| manners.takes(name)).cloned().collect();
            let names: Vec<_> = headers.iter().map(|(name, _)| *name).collect();
            if sent.contains(&names) || first.as_ref().is_some_and(|error| !manners.may_cause(error)) {
                continue;
            }
            sent.push(names);
            match self.send_once(Ask { headers, ..ask.clone() }).await {
                Ok(response) => {
                    if first.is_some() {
                        self.0.learned.learn(manners);
                    }
                    return Ok(response);
                }
                Err(error) if manners.may_cause(&error) => {
                    first.get_or_insert(error);
                }
                Err(error) => return Err(error),
            }
        }
        // There is always a first try.
        Err(first.unwrap_or_else(|| self.silent(ask.patience)))
    }

    /// Whether the store takes checksums beside what is written, as far as is known.
    pub fn takes_checksums(&self) -> bool {
        self.0.learned.manners().checksums
    }

    /// Sends a request. An answer that is no success is an error.
    async fn send_once(&self, ask: Ask<'_>) -> Result<Response, RemoteError> {
        let Ask { doing, method, name, query: pairs, mut headers, payload, patience } = ask;
        let Inner { client, clock, .. } = &*self.0;
        let keys = self.keys().await?;
        let mut url = self.url(name);
        if !pairs.is_empty() {
            url.set_query(Some(&query(pairs)));
        }
        headers = self.signer(&keys).headers(method.as_str(), &url, &headers, &payload.sha256());
        let mut request = client.request(method, url.clone());
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let moved = Moved::default();
        let sent = payload.onto(request, &moved).await?.send();
        let response = tokio::select! {
            answer = sent => answer.map_err(|error| HttpError::from_reqwest(&error, &url))?,
            () = moved.stalls(clock, patience) => return Err(self.silent(patience)),
        };
        if response.status().is_success() {
            return Ok(response);
        }
        let (status, mut response) = (response.status().as_u16(), response);
        let region = response.headers().get("x-amz-bucket-region");
        let region = region.and_then(|region| region.to_str().ok()).map(str::to_owned);
        let text = self.text(&mut response, PATIENCE).await.unwrap_or_default();
        Err(self.refusal(doing, status, &Answer::read(&text), region))
    }

    /// Reads what is left of an answer as text.
    async fn text(&self, response: &mut Response, patience: Duration) -> Result<String, RemoteError> {
        let mut bytes = Vec::new();
        while let Some(part) = self.next(response, patience).await? {
            bytes.extend_from_slice(&part);
            if bytes.len() > LONGEST_ANSWER {
                break;
            }
        }
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Returns the next bytes of an answer. `None` at its end.
    ///
    /// # Errors
    /// The store breaks off, or sends nothing for so long.
    pub async fn next(&self, response: &mut Response, patience: Duration) -> Result<Option<bytes::Bytes>, RemoteError> {
        let url = response.url().clone();
        match self.0.clock.timeout(patience, response.chunk()).await {
            Ok(part) => Ok(part.map_err(|error| HttpError::from_reqwest(&error, &url))?),
            Err(_) => Err(self.silent(patience)),
        }
    }

    async fn keys(&self) -> Result<KeyPair, RemoteError> {
        let Inner { rule, client, clock, lent, .. } = &*self.0;
        if let Keys::Given { access, secret } = &rule.keys {
            return Ok(KeyPair { access: access.clone(), secret: secret.0.clone(), token: None });
        }
        let mut lent = lent.lock().await;
        if let Some(known) = lent.as_ref().filter(|known| known.holds(clock.now())) {
            return Ok(known.keys.clone());
        }
        let told = credentials::ask(client, clock).await?;
        Ok(lent.insert(told).keys.clone())
    }

    fn signer<'a>(&'a self, keys: &'a KeyPair) -> Signer<'a> {
        Signer { keys, region: &self.0.rule.region, now: self.0.clock.now() }
    }

    /// Returns the address of an object, or of the bucket if `name` is empty.
    fn url(&self, name: &str) -> Url {
        let mut url = self.0.rule.endpoint.clone();
        let above = url.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{above}/{}/{}", self.0.rule.bucket, encoded_name(name)));
        url
    }

    fn silent(&self, patience: Duration) -> RemoteError {
        RemoteError::Silent { place: self.0.rule.place(), seconds: patience.as_secs() }
    }

    fn refusal(&self, doing: &'static str, status: u16, answer: &Answer, region: Option<String>) -> RemoteError {
        let text = |name: &str| answer.text(name).unwrap_or_default().to_owned();
        RemoteError::Refused(Box::new(Refusal {
            doing,
            place: self.0.rule.place(),
            bucket: self.0.rule.bucket.clone(),
            status,
            code: text("Code"),
            message: text("Message"),
            region: answer.text("Region").map(str::to_owned).or(region),
        }))
    }
}

/// Returns a name as it is; in lists of most stores it is `coded` as in a form.
fn plain(name: &str, coded: bool) -> String {
    if !coded {
        return name.to_owned();
    }
    let spaced = name.replace('+', " ");
    percent_encoding::percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
}
