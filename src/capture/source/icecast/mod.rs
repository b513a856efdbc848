//! Icecast and SHOUTcast: one endless HTTP body.
//!
//! A clean end of the body is a disconnect like any other. The burst that a server sends at the beginning is older than
//! its arrival says. The tape anchors by the tightest arrival of the whole capture, so this does no harm. After a
//! reconnect the burst holds the end of what is on tape and what was missed since: it is joined to the frame
//! ([`Tail`]).

mod connection;
mod icy;
mod pace;
#[cfg(any(test, feature = "fuzzing"))]
pub mod properties;
#[cfg(test)]
mod tests;
mod title_interval;

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use chrono::{DateTime, TimeDelta, Utc};
use reqwest::header::HeaderMap;
use reqwest::{Response, Version};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use url::Url;

use self::connection::{Connection, Opener, Spoke};
use self::icy::{Head, Titles};
use self::pace::Pace;
use super::media::{self, Framer, Piece, Tail, sniff};
use super::reconnect::{DEAD_AFTER, End, Link, Output, ReceiverGone, reconnect_forever};
use super::wrong_kind::WrongKind;
use crate::base::environment::Environment;
use crate::base::redact;
use crate::config::Icecast;
use crate::model::{Cause, CauseKind, Container, MediaEvent};

/// Sound is recognised within this many bytes; else there is none.
const ENOUGH_TO_TELL: usize = 64 << 10;
/// Bytes that flow for this long without a frame of the known codec are of another codec …
const ANOTHER_AFTER: TimeDelta = TimeDelta::seconds(1);
/// … and so are this many, however fast they come: a server that was held up sends at once what it owes. More than the
/// largest page of Ogg (RFC 3533, 64 KiB), which has no frame before its end.
const ANOTHER_BEYOND: usize = 256 << 10;
/// The bytes of a body are taken in slices of at most this length: the first frames of another codec that are in one slice
/// with the last of the known codec are lost.
const SLICE: usize = 1 << 10;
/// How long after its first sound a connection may still reach the sound that it has in common with the one before. A
/// burst comes as fast as the network allows.
const BURST_WITHIN: Duration = Duration::from_secs(3);

/// Captures until `stop` is cancelled or nobody receives the events any more. Returns `Some` if the address stands for
/// an HLS playlist.
pub(super) async fn run(
    source: &Icecast,
    environment: &Environment,
    events: mpsc::Sender<MediaEvent>,
    stop: CancellationToken,
) -> Option<WrongKind> {
    reconnect_forever(
        IcecastLink { environment, opener: Opener::new(source, environment), next: None, tail: Tail::default() },
        environment,
        events,
        stop,
    )
    .await
}

struct IcecastLink<'a> {
    environment: &'a Environment,
    opener: Opener<'a>,
    /// A connection that is open already.
    next: Option<Connection>,
    /// The sound that was handed over last.
    tail: Tail,
}

impl Link for IcecastLink<'_> {
    async fn connect(&mut self, output: &mut Output, stop: &CancellationToken) -> End {
        let opened = if let Some(connection) = self.next.take() {
            Ok(connection)
        } else {
            tokio::select! {
                opened = Box::pin(self.opener.open(output)) => opened,
                () = stop.cancelled() => return End::Stopped,
            }
        };
        match opened {
            Ok(mut connection) => {
                let mut intake = Intake::new(&connection.url, &connection.response, std::mem::take(&mut self.tail));
                let end = self.capture(&mut intake, &mut connection, output, stop).await;
                if intake.framer.is_some() {
                    self.opener.delivered();
                } else if self.next.is_none() && end != End::Stopped {
                    self.opener.pass_on();
                }
                self.tail = intake.into_tail();
                end
            }
            Err(end) => end,
        }
    }
}

impl IcecastLink<'_> {
    /// Hands over the body of `connection` until it ends, or until another one has sound instead.
    async fn capture(
        &mut self,
        intake: &mut Intake,
        connection: &mut Connection,
        output: &mut Output,
        stop: &CancellationToken,
    ) -> End {
        let clock = &self.environment.clock;
        let mut burst_ends: Option<Duration> = None;
        let mut roused = false;
        let mut pace = Pace::new(connection.begins_within, clock.monotonic());
        let mut deadline = clock.monotonic() + pace.patience();
        let end = loop {
            if !intake.is_waiting() {
                burst_ends = None;
            } else if clock.monotonic() >= *burst_ends.get_or_insert_with(|| clock.monotonic() + BURST_WITHIN) {
                intake.wait_no_more();
            }
            let until = burst_ends.map_or(deadline, |burst_ends| burst_ends.min(deadline));
            let read = tokio::select! {
                read = clock.timeout_at(until, connection.chunk()) => read,
                () = stop.cancelled() => break End::Stopped,
            };
            let read = match read {
                Ok(read) => read.transpose(),
                Err(_) if clock.monotonic() < deadline => Some(Ok(Bytes::new())),
                // Bytes came, and they were no sound.
                Err(_) if roused => break End::Failed(connection.silent()),
                Err(_) => {
                    connection.silent_for = pace.patience();
                    if let Err(deaf) = output.trouble(connection.silent()).await {
                        return deaf.into();
                    }
                    roused = true;
                    deadline = clock.monotonic() + DEAD_AFTER;
                    // It was silent from the beginning. Another connection beside it takes the next entry, which may
                    // not be silent.
                    if intake.framer.is_none() {
                        self.opener.pass_on();
                    }
                    match connection.or_another(&mut self.opener, output, stop).await {
                        Ok(Spoke::Old(read)) => read.transpose(),
                        Ok(Spoke::New(another)) => {
                            self.next = Some(*another);
                            break End::Failed(connection.silent());
                        }
                        Ok(Spoke::Nobody) => break End::Failed(connection.silent()),
                        Ok(Spoke::WrongKind(cause)) => break End::WrongKind(cause),
                        Ok(Spoke::Stopped) => break End::Stopped,
                        Err(deaf) => return deaf.into(),
                    }
                }
            };
            let bytes = match read {
                Some(Ok(bytes)) => bytes,
                None => {
                    intake.push_rest(output.now());
                    break End::Failed(intake.ended());
                }
                Some(Err(error)) => break End::Failed(connection.broke(&error)),
            };
            match intake.take(&bytes, output).await {
                Ok(true) => {
                    pace.sound(clock.monotonic());
                    deadline = clock.monotonic() + pace.patience();
                    roused = false;
                }
                Ok(false) => {}
                Err(end) => break end,
            }
        };
        match intake.hand_over_rest(output).await {
            Ok(()) => end,
            Err(deaf) => deaf.into(),
        }
    }
}

/// From the bytes of a body to sound and titles.
struct Intake {
    url: String,
    /// Whether the server sent no head.
    headless: bool,
    content_type: String,
    titles: Titles,
    /// Sound that is not recognised yet.
    beginning: BytesMut,
    framer: Option<Framer>,
    container: Option<Container>,
    /// What came after the last frame of the known codec, since when, and how many frames there were.
    strange: (BytesMut, Option<DateTime<Utc>>, u64),
    /// The end of the connection before, until there is a framer.
    tail: Tail,
}

impl Intake {
    fn new(url: &Url, response: &Response, tail: Tail) -> Self {
        let head = read_headers(response.headers());
        Self {
            url: redact::url(url),
            headless: response.version() == Version::HTTP_09,
            titles: Titles::new(head.title_every),
            content_type: head.content_type,
            beginning: BytesMut::new(),
            framer: None,
            container: None,
            strange: (BytesMut::new(), None, 0),
            tail,
        }
    }

    /// The sound that the next connection may repeat.
    fn into_tail(self) -> Tail {
        self.framer.map_or(self.tail, Framer::into_tail)
    }

    fn is_waiting(&self) -> bool {
        self.framer.as_ref().is_some_and(Framer::is_waiting)
    }

    fn wait_no_more(&mut self) {
        if let Some(framer) = &mut self.framer {
            framer.wait_no_more();
        }
    }

    /// Takes the next bytes of the body and hands over what is whole. Returns whether that was any sound.
    async fn take(&mut self, bytes: &[u8], output: &mut Output) -> Result<bool, End> {
        let (now, mut any) = (output.now(), false);
        // What is held back may be due although nothing came.
        for slice in bytes.chunks(SLICE).chain(bytes.is_empty().then_some(bytes)) {
            let title = self.push(slice, now).map_err(End::Failed)?;
            any |= self.hand_over(title, now, output).await?;
        }
        Ok(any)
    }

    /// Takes the next bytes of the body, which came at `arrived`. Returns the title that began in them.
    fn push(&mut self, bytes: &[u8], arrived: DateTime<Utc>) -> Result<Option<String>, Cause> {
        let mut sound = BytesMut::new();
        let title = self.titles.push(bytes, &mut sound);
        self.push_sound(&sound, arrived)?;
        Ok(title)
    }

    /// Takes what was held back for titles, once nothing follows it.
    fn push_rest(&mut self, arrived: DateTime<Utc>) {
        let rest = self.titles.rest();
        // If it is no sound, the end of the connection is reported anyway.
        let _ = self.push_sound(&rest, arrived);
    }

    fn push_sound(&mut self, sound: &[u8], arrived: DateTime<Utc>) -> Result<(), Cause> {
        if let Some(framer) = &mut self.framer {
            framer.push(sound, arrived);
            let (strange, since, _) = &mut self.strange;
            strange.extend_from_slice(sound);
            since.get_or_insert(arrived);
            return Ok(());
        }
        self.beginning.extend_from_slice(sound);
        // The head is believed if the bytes do not contradict it.
        let untold = self.beginning.len() < ENOUGH_TO_TELL || media::is_unsupported(&self.beginning);
        let told = || if untold { None } else { container_of(&self.content_type) };
        if let Some(container) = sniff(&self.beginning).or_else(told) {
            let mut framer = Framer::after(std::mem::take(&mut self.tail), container);
            framer.push(&self.beginning.split(), arrived);
            (self.framer, self.container) = (Some(framer), Some(container));
        } else if self.beginning.len() >= ENOUGH_TO_TELL {
            return Err(self.no_sound());
        }
        Ok(())
    }

    /// Hands over what is whole. Returns whether that was any sound.
    async fn hand_over(
        &mut self,
        title: Option<String>,
        now: DateTime<Utc>,
        output: &mut Output,
    ) -> Result<bool, ReceiverGone> {
        let mut any = false;
        while let Some(piece) = self.framer.as_mut().and_then(Framer::next_chunk) {
            output.piece(piece).await?;
            any = true;
        }
        if let Some(last) = self.other_codec(now, false) {
            for piece in last {
                output.piece(piece).await?;
            }
            while let Some(piece) = self.framer.as_mut().and_then(Framer::next_chunk) {
                output.piece(piece).await?;
                any = true;
            }
        }
        if let Some(title) = title {
            output.title(title).await?;
        }
        Ok(any)
    }

    /// Changes to another framer if the codec has changed within the connection. Returns what the old one had left.
    /// `ended`: nothing follows.
    fn other_codec(&mut self, now: DateTime<Utc>, ended: bool) -> Option<Vec<Piece>> {
        let framer = self.framer.as_mut()?;
        let (strange, since, units) = &mut self.strange;
        if framer.units() != *units {
            (*units, *since) = (framer.units(), None);
            strange.clear();
            return None;
        }
        if now - (*since)? < ANOTHER_AFTER && strange.len() < ANOTHER_BEYOND && !ended {
            return None;
        }
        let Some(container) = sniff(strange).filter(|container| Some(*container) != self.container) else {
            if strange.len() >= ENOUGH_TO_TELL {
                (*strange, *since) = (BytesMut::new(), None);
            }
            return None;
        };
        tracing::info!(url = self.url, ?container, "the stream goes on in another codec");
        let last = std::iter::from_fn(|| framer.flush()).collect();
        let mut next = Framer::new(container);
        next.push(&strange.split(), now);
        (*since, *units) = (None, 0);
        (self.framer, self.container) = (Some(next), Some(container));
        Some(last)
    }

    async fn hand_over_rest(&mut self, output: &mut Output) -> Result<(), ReceiverGone> {
        self.push_rest(output.now());
        for piece in self.other_codec(output.now(), true).into_iter().flatten() {
            output.piece(piece).await?;
        }
        while let Some(piece) = self.framer.as_mut().and_then(Framer::flush) {
            output.piece(piece).await?;
        }
        Ok(())
    }

    /// The cause: the end of the body.
    fn ended(&self) -> Cause {
        if self.framer.is_none() {
            return self.no_sound();
        }
        Cause::new(CauseKind::Connection, format!("{} closed the connection", self.url))
    }

    fn no_sound(&self) -> Cause {
        let kind = if self.content_type.is_empty() { "something" } else { &self.content_type };
        let what = redact::text(&media::describe(&self.beginning));
        let head = if self.headless { ", without a head of HTTP," } else { "" };
        let words = format!("{} sent no sound but{head} {kind}: {what}", self.url);
        Cause::new(CauseKind::Unusable, words)
    }
}

fn read_headers(headers: &HeaderMap) -> Head {
    let mut head = Head::default();
    for (name, value) in headers {
        head.set(name.as_str(), &String::from_utf8_lossy(value.as_bytes()));
    }
    head
}

/// The container that a `Content-Type` promises, for streams whose first bytes do not show it.
fn container_of(content_type: &str) -> Option<Container> {
    match content_type.split(';').next()?.trim() {
        "audio/mpeg" | "audio/mp3" => Some(Container::Mp3),
        "audio/aac" | "audio/aacp" | "audio/x-aac" => Some(Container::Adts),
        "audio/ogg" | "application/ogg" => Some(Container::Ogg),
        "video/mp2t" => Some(Container::MpegTs),
        _ => None,
    }
}
