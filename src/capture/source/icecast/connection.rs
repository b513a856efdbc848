//! A connection, and a second one beside it when it has gone silent.
//!
//! Silence means that the connection is dead or that the server is held up. A server that recovers sends everything
//! that an open connection has missed, but only the burst on a new one. So the old connection is kept until another one
//! has sound, and it has precedence if both have sound at once. A late head is waited for in the same way: the first
//! request may be answered any moment, and is not cancelled for one that may take as long.

use std::pin::pin;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::future::select_ok;
use reqwest::Response;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::super::policy::{self, Backoff};
use super::super::reconnect::{DEAD_AFTER, End, Output, ReceiverGone};
use super::super::resolve::{Entry, Listed, find, listed};
use crate::base::clock::SharedClock;
use crate::base::environment::Environment;
use crate::base::http::{self, Client, HttpError, Manner};
use crate::base::redact;
use crate::config::Icecast;
use crate::model::{AsCause, Cause, CauseKind};

/// How long a silent connection is kept at most: a station may allow one connection per listener, and count this one.
const KEPT_FOR: Duration = Duration::from_secs(60);
/// How much longer than the new connection the old one may take to its next bytes.
const PRECEDENCE: Duration = Duration::from_secs(1);

/// How many lists that name each other are followed.
const MOST_LISTS: usize = 5;
/// A longer answer is no list.
const LONGEST_LIST: usize = 256 << 10;
/// How long an answer that begins as text may take to its end.
const LIST_WITHIN: Duration = Duration::from_secs(3);
/// The longest wait for a head.
const LONGEST_HEAD: Duration = Duration::from_secs(40);
/// How long a stream may be silent at first if a list names another one.
const SPARED_FOR: Duration = Duration::from_secs(3);

/// A body that is being read.
pub(super) struct Connection {
    /// Its URL.
    pub url: Url,
    /// The head of the answer.
    pub response: Response,
    /// Its first bytes, if they were waited for.
    first: Option<Bytes>,
    /// How long its sound may take to begin.
    pub begins_within: Duration,
    /// After how long its silence is reported.
    pub silent_for: Duration,
}

/// Opens connections to one station.
pub(super) struct Opener<'a> {
    source: &'a Icecast,
    environment: &'a Environment,
    /// One client, and so one cookie jar, for all connections of a capture.
    client: Option<Client>,
    /// Which of the entries of a list is next: the next one follows if one does not deliver, and after the last the
    /// first.
    turn: usize,
    /// Which of the entries delivered last.
    good: usize,
}

impl<'a> Opener<'a> {
    pub(super) fn new(source: &'a Icecast, environment: &'a Environment) -> Self {
        Self { source, environment, client: None, turn: 0, good: 0 }
    }

    fn client(&mut self) -> Result<Client, HttpError> {
        if let Some(client) = &self.client {
            return Ok(client.clone());
        }
        let mut headers = self.source.headers.clone();
        // If the file has this header, the user knows why.
        if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("Icy-MetaData")) {
            headers.push(("Icy-MetaData".to_owned(), "1".to_owned()));
        }
        let patience = DEAD_AFTER + KEPT_FOR + PRECEDENCE;
        let Icecast { accept_invalid, reach, .. } = self.source;
        let (headers, accept_invalid) = (&headers[..], *accept_invalid);
        let manner = Manner {
            headers,
            accept_invalid,
            patience,
            reach,
            witnesses: Some(&self.environment.witnesses),
            ..Manner::default()
        };
        Ok(self.client.insert(http::client(manner, &self.environment.clock)?).clone())
    }

    /// The connection that was opened last delivers nothing: if there is another entry, that is next.
    pub(super) fn pass_on(&mut self) {
        self.turn = self.turn.wrapping_add(1);
    }

    /// The connection that was opened last delivers.
    pub(super) fn delivered(&mut self) {
        self.good = self.turn;
    }

    /// Resolves the address and requests the sound. If the answer is late, reports that, and requests the next entry of
    /// the list, or the same one again, beside it. The first answer counts.
    pub(super) async fn open(&mut self, output: &mut Output) -> Result<Connection, End> {
        let client = self.client().map_err(|error| End::Failed(error.as_cause()))?;
        let asker = Asker { source: self.source, environment: self.environment, client, good: self.good };
        let (late, mut lateness) = mpsc::channel(1);
        let ask = async |turn: usize| Ok((asker.follow(turn, &late).await?, turn));
        let mut first = pin!(ask(self.turn));
        let answered = tokio::select! {
            answered = &mut first => answered,
            Some(cause) = lateness.recv() => {
                output.trouble(cause).await?;
                let second = pin!(ask(self.turn.wrapping_add(1)));
                select_ok([first, second]).await.map(|(answered, _)| answered)
            }
        };
        match answered {
            Ok((connection, turn)) => {
                self.turn = turn;
                Ok(connection)
            }
            Err(end) => {
                self.pass_on();
                Err(end)
            }
        }
    }
}

/// Requests a station's sound once.
struct Asker<'a> {
    source: &'a Icecast,
    environment: &'a Environment,
    client: Client,
    /// Which of the entries of a list delivered last.
    good: usize,
}

impl Asker<'_> {
    /// Follows lists, which are recognised by their contents, to the stream whose turn it is. Reports if its answer is
    /// `late`.
    async fn follow(&self, mut turn: usize, late: &mpsc::Sender<Cause>) -> Result<Connection, End> {
        // An HLS playlist among other streams is passed over until all of these have been tried.
        let passed = turn.wrapping_sub(self.good);
        let mut entries_in_all = 1_usize;
        let named = find(&self.source.address, &self.client, self.environment).await;
        let mut chosen = Choice::of(named.map_err(|error| End::Failed(error.as_cause()))?, &mut turn)?;
        for _ in 0..=MOST_LISTS {
            entries_in_all = entries_in_all.saturating_mul(chosen.of);
            let patience = if entries_in_all > 1 { SPARED_FOR } else { DEAD_AFTER };
            let mut connection = self.ask(&chosen.entry, patience, late).await.map_err(End::Failed)?;
            let Some(text) = connection.text(&self.environment.clock).await else { return Ok(connection) };
            let content_type = http::content_type(&connection.response);
            match listed(&text, &content_type, connection.response.url()) {
                Listed::Streams(entries) => chosen = Choice::of(entries, &mut turn)?,
                Listed::Hls => {
                    let words = format!(
                        "{} is an HLS playlist: write `hls:` instead of `icecast:` at the station",
                        redact::url(&connection.url)
                    );
                    let cause = Cause::new(CauseKind::Unusable, words);
                    return Err(if passed.saturating_add(1) < entries_in_all {
                        End::Failed(cause)
                    } else {
                        End::WrongKind(cause)
                    });
                }
                Listed::Other => return Ok(connection),
            }
        }
        let url = redact::url(&chosen.entry.url);
        let words = format!("{url} leads back to itself or through more than {MOST_LISTS} lists");
        Err(End::Failed(Cause::new(CauseKind::Address, words)))
    }

    /// Requests `entry`. After `patience` without a head reports that it is `late`, and goes on waiting.
    async fn ask(&self, entry: &Entry, patience: Duration, late: &mpsc::Sender<Cause>) -> Result<Connection, Cause> {
        let url = entry.url.clone();
        if !matches!(url.scheme(), "http" | "https") {
            let words = format!("{} is named by a list, and is no http address", redact::url(&url));
            return Err(Cause::new(CauseKind::Address, words));
        }
        let silent = |limit| HttpError::silent(redact::url(&url), limit).as_cause();
        let mut sending = pin!(self.client.with(&entry.headers).get(url.clone()).send());
        let clock = &self.environment.clock;
        let sent = if let Ok(sent) = clock.timeout(patience, &mut sending).await {
            sent
        } else {
            // If it is full, that was reported before.
            let _ = late.try_send(silent(patience));
            let left = LONGEST_HEAD.saturating_sub(patience);
            clock.timeout(left, sending).await.map_err(|_| silent(LONGEST_HEAD))?
        };
        let response = sent.map_err(|error| error.as_cause())?;
        if !response.status().is_success() {
            let (url, status) = (redact::url(&url), response.status());
            return Err(HttpError::Status { url, status }.as_cause());
        }
        Ok(Connection::new(url, response, patience))
    }
}

/// The entry of a list that is next.
struct Choice {
    entry: Entry,
    /// How many entries there are.
    of: usize,
}

impl Choice {
    /// The entry whose `turn` it is. What is left of `turn` counts in lists within the list.
    fn of(mut entries: Vec<Entry>, turn: &mut usize) -> Result<Self, End> {
        let of = entries.len();
        let Some(chosen) = turn.checked_rem(of) else {
            return Err(End::Failed(Cause::new(CauseKind::Address, "the address leads to a list of nothing")));
        };
        *turn /= of;
        Ok(Self { entry: entries.swap_remove(chosen), of })
    }
}

/// Which connection had something first.
pub(super) enum Spoke {
    /// The silent connection: its next bytes, or its end.
    Old(reqwest::Result<Option<Bytes>>),
    /// Another one.
    New(Box<Connection>),
    /// None of them.
    Nobody,
    /// The address stands for another kind of source now.
    WrongKind(Cause),
    /// The capture was stopped.
    Stopped,
}

impl Connection {
    fn new(url: Url, response: Response, begins_within: Duration) -> Self {
        Self { url, response, first: None, begins_within, silent_for: DEAD_AFTER }
    }

    /// The whole answer, if it is text and no sound. The bytes that were read are kept as its beginning.
    async fn text(&mut self, clock: &SharedClock) -> Option<Bytes> {
        let until = clock.monotonic() + LIST_WITHIN;
        let mut bytes = BytesMut::new();
        while bytes.len() <= LONGEST_LIST && is_text(&bytes) {
            match clock.timeout_at(until, self.response.chunk()).await {
                Ok(Ok(Some(more))) => bytes.extend_from_slice(&more),
                Ok(Ok(None) | Err(_)) | Err(_) => break,
            }
        }
        let bytes = bytes.freeze();
        if bytes.is_empty() {
            return None;
        }
        let plain = http::decoded(bytes.clone(), &self.response, &self.url, LONGEST_LIST);
        self.first = Some(bytes);
        plain.ok().filter(|plain| is_text(plain))
    }

    /// The next bytes. Nothing is lost if the caller stops waiting.
    pub(super) async fn chunk(&mut self) -> reqwest::Result<Option<Bytes>> {
        match self.first.take() {
            Some(first) => Ok(Some(first)),
            None => self.response.chunk().await,
        }
    }

    /// The cause: the server closed it.
    pub(super) fn closed(&self) -> Cause {
        Cause::new(CauseKind::Connection, format!("{} closed the connection", redact::url(&self.url)))
    }

    /// The cause: it broke.
    pub(super) fn broke(&self, error: &reqwest::Error) -> Cause {
        HttpError::from_reqwest(error, &self.url).as_cause()
    }

    /// The cause: it delivers nothing.
    pub(super) fn silent(&self) -> Cause {
        let words = format!("{} delivered no sound for {} s", redact::url(&self.url), self.silent_for.as_secs());
        Cause::new(CauseKind::Stalled, words)
    }

    /// Waits for this silent connection, and beside it for one that `opener` opens.
    pub(super) async fn or_another(
        &mut self,
        opener: &mut Opener<'_>,
        output: &mut Output,
        stop: &CancellationToken,
    ) -> Result<Spoke, ReceiverGone> {
        let clock = opener.environment.clock.clone();
        let until = clock.monotonic() + KEPT_FOR;
        let mut backoff = Backoff::new(policy::LATELY);
        loop {
            let opened = tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(Spoke::Stopped),
                read = self.chunk() => return Ok(Spoke::Old(read)),
                opened = clock.timeout_at(until, open_with_sound(opener, output)) => opened,
            };
            let wait = match opened {
                Ok(Ok(new)) => {
                    return Ok(match clock.timeout(PRECEDENCE, self.chunk()).await {
                        Ok(Ok(Some(bytes))) => Spoke::Old(Ok(Some(bytes))),
                        Ok(_) | Err(_) => Spoke::New(Box::new(new)),
                    });
                }
                Ok(Err(End::Failed(cause))) => {
                    output.trouble(cause).await?;
                    backoff.wait()
                }
                Ok(Err(End::WrongKind(cause))) => return Ok(Spoke::WrongKind(cause)),
                Ok(Err(End::Stopped)) => return Ok(Spoke::Stopped),
                Err(_) => return Ok(Spoke::Nobody),
            };
            tokio::select! {
                () = stop.cancelled() => return Ok(Spoke::Stopped),
                read = self.chunk() => return Ok(Spoke::Old(read)),
                () = clock.sleep(wait) => {}
            }
        }
    }
}

/// Whether `bytes` may be the beginning of text: sound soon has a byte that no text has. A list may be in UTF-16, or
/// gzipped although nobody asked for that.
fn is_text(bytes: &[u8]) -> bool {
    let packed = bytes.starts_with(&[0x1f, 0x8b]);
    let marked = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
    let wide = marked && bytes.get(2..4).is_some_and(|letter| letter.contains(&0));
    let is_control = |byte: &u8| byte.is_ascii_control() && !byte.is_ascii_whitespace();
    packed || wide || bytes.first() != Some(&0xff) && !bytes.iter().any(is_control)
}

/// A new connection, and the first bytes of its body.
async fn open_with_sound(opener: &mut Opener<'_>, output: &mut Output) -> Result<Connection, End> {
    let mut new = Box::pin(opener.open(output)).await?;
    let clock = &opener.environment.clock;
    let cause = match clock.timeout(DEAD_AFTER, new.chunk()).await {
        Ok(Ok(Some(bytes))) => {
            new.first = Some(bytes);
            return Ok(new);
        }
        Ok(Ok(None)) => new.closed(),
        Ok(Err(error)) => new.broke(&error),
        Err(_) => new.silent(),
    };
    opener.pass_on();
    Err(End::Failed(cause))
}
