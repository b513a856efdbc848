//! A connection, and a second one beside it when it has gone silent.
//!
//! Silence means that the connection is dead, or that the server is held up. One that comes to itself sends everything
//! that an open connection has missed, and a new one only the burst. So the old one is kept until another has sound, and
//! where both come at once it has precedence.

use std::time::Duration;

use bytes::Bytes;
use reqwest::{Client, Response};
use tokio::time::{Instant, sleep_until, timeout_at};
use tokio_util::sync::CancellationToken;
use url::Url;

use super::super::endless::{DEAD_AFTER, Deaf, Output};
use super::super::policy::{self, Backoff};
use super::super::resolve::resolve;
use crate::base::environment::Environment;
use crate::base::http::{self, HttpError};
use crate::base::redact;
use crate::config::Icecast;
use crate::model::{AsCause, Cause, CauseKind};

/// The longest that a silent connection is kept: a station may allow one to a listener, and count this one.
const KEPT_FOR: Duration = Duration::from_secs(60);
/// How much longer than the new connection the old one may take to its next bytes.
const PRECEDENCE: Duration = Duration::from_secs(1);

/// A body that is being read.
pub(super) struct Connection {
    /// Where it comes from.
    pub url: Url,
    /// What it says of itself.
    pub response: Response,
    /// Its first bytes, where they were waited for.
    first: Option<Bytes>,
}

/// Opens connections to one station.
pub(super) struct Opener<'a> {
    source: &'a Icecast,
    environment: &'a Environment,
    /// One client, and so one cookie jar, for all connections of a capture.
    client: Option<Client>,
}

impl<'a> Opener<'a> {
    pub(super) fn new(source: &'a Icecast, environment: &'a Environment) -> Self {
        Self { source, environment, client: None }
    }

    fn client(&mut self) -> Result<Client, HttpError> {
        if let Some(client) = &self.client {
            return Ok(client.clone());
        }
        let titles = ("Icy-MetaData".to_owned(), "1".to_owned());
        let headers: Vec<_> = self.source.headers.iter().cloned().chain([titles]).collect();
        Ok(self.client.insert(http::icy_client(&headers, DEAD_AFTER + KEPT_FOR + PRECEDENCE)?).clone())
    }

    /// Finds the address and asks for the sound.
    pub(super) async fn open(&mut self) -> Result<Connection, Cause> {
        let client = self.client().map_err(|error| error.as_cause())?;
        let resolved =
            resolve(&self.source.address, &client, self.environment).await.map_err(|error| error.as_cause())?;
        let url = resolved.url;
        let sent = tokio::time::timeout(DEAD_AFTER, client.get(url.clone()).send()).await;
        let response = match sent {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return Err(HttpError::from_reqwest(&error, &url).as_cause()),
            Err(_) => return Err(HttpError::silent(redact::url(&url), DEAD_AFTER).as_cause()),
        };
        if !response.status().is_success() {
            let (url, status) = (redact::url(&url), response.status());
            return Err(HttpError::Status { url, status }.as_cause());
        }
        Ok(Connection::new(url, response))
    }
}

/// Who spoke first.
pub(super) enum Spoke {
    /// The silent connection: its next bytes, or its end.
    Old(reqwest::Result<Option<Bytes>>),
    /// Another one.
    New(Box<Connection>),
    /// None of them.
    Nobody,
    /// Nobody waits any more.
    Stopped,
}

impl Connection {
    pub(super) fn new(url: Url, response: Response) -> Self {
        Self { url, response, first: None }
    }

    /// The next bytes; nothing is lost when the caller gives up waiting.
    pub(super) async fn chunk(&mut self) -> reqwest::Result<Option<Bytes>> {
        match self.first.take() {
            Some(first) => Ok(Some(first)),
            None => self.response.chunk().await,
        }
    }

    /// That the server ended it.
    pub(super) fn closed(&self) -> Cause {
        Cause::new(CauseKind::Connection, format!("{} closed the connection", redact::url(&self.url)))
    }

    /// That it broke.
    pub(super) fn broke(&self, error: &reqwest::Error) -> Cause {
        HttpError::from_reqwest(error, &self.url).as_cause()
    }

    /// That it delivers nothing.
    pub(super) fn silent(&self) -> Cause {
        let words = format!("{} delivered no sound for {} s", redact::url(&self.url), DEAD_AFTER.as_secs());
        Cause::new(CauseKind::Stalled, words)
    }

    /// Waits for this silent connection, and beside it for one that `opener` opens.
    pub(super) async fn or_another(
        &mut self,
        opener: &mut Opener<'_>,
        output: &mut Output,
        stop: &CancellationToken,
    ) -> Result<Spoke, Deaf> {
        let until = Instant::now() + KEPT_FOR;
        let mut backoff = Backoff::new(policy::LATELY);
        loop {
            let opened = tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(Spoke::Stopped),
                read = self.chunk() => return Ok(Spoke::Old(read)),
                opened = timeout_at(until, open_with_sound(opener)) => opened,
            };
            let wait = match opened {
                Ok(Ok(new)) => {
                    return Ok(match timeout_at(Instant::now() + PRECEDENCE, self.chunk()).await {
                        Ok(Ok(Some(bytes))) => Spoke::Old(Ok(Some(bytes))),
                        Ok(_) | Err(_) => Spoke::New(Box::new(new)),
                    });
                }
                Ok(Err(cause)) => {
                    output.trouble(cause).await?;
                    Instant::now() + backoff.wait()
                }
                Err(_) => return Ok(Spoke::Nobody),
            };
            tokio::select! {
                () = stop.cancelled() => return Ok(Spoke::Stopped),
                read = self.chunk() => return Ok(Spoke::Old(read)),
                () = sleep_until(wait) => {}
            }
        }
    }
}

/// A new connection, and the first bytes of its body.
async fn open_with_sound(opener: &mut Opener<'_>) -> Result<Connection, Cause> {
    let mut new = opener.open().await?;
    match timeout_at(Instant::now() + DEAD_AFTER, new.response.chunk()).await {
        Ok(Ok(Some(bytes))) => {
            new.first = Some(bytes);
            Ok(new)
        }
        Ok(Ok(None)) => Err(new.closed()),
        Ok(Err(error)) => Err(new.broke(&error)),
        Err(_) => Err(new.silent()),
    }
}
