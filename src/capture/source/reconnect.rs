//! What RTMP and Icecast share: one endless connection after another, cut into chunks, reported as events.
//!
//! A connection that delivers no sound for ten seconds is dead, whatever its socket says. Every end that nobody asked
//! for is reported as trouble, in words, and followed by the next attempt. Nothing is ever given up.
//!
//! Between two connections sound is lost, unless the second is known to continue the first. If the stream itself says
//! how much, that is the length of the gap. Else the gap has the length zero, and the arrivals on both sides of it show
//! how long it was: each connection is timed by the least of its delays, so the length is wrong by as much as these
//! differ. Sound that was always late before and is on time after leaves a hole that is too short by that.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::media::Piece;
use super::policy::{self, Backoff};
use super::wrong_kind::WrongKind;
use crate::base::clock::SharedClock;
use crate::base::environment::Environment;
use crate::model::{Cause, Chunk, Format, MediaEvent};

/// The longest time without sound on a connection that is alive.
pub(super) const DEAD_AFTER: Duration = Duration::from_secs(10);
/// A connection that delivered sound and lasted this long was good: its end is a new failure, and another attempt
/// follows at once.
const GOOD_AFTER: Duration = Duration::from_secs(5);
/// For this long after its last sound, a stream is retried as [`policy::LATELY`] says.
const IMPATIENT_FOR: Duration = Duration::from_secs(60);
/// Missing sound is reported in gaps no longer than this: a reel says how long its longest entry is.
const LONGEST_GAP: Duration = Duration::from_secs(2);
/// How long a connection may take to hand over what it has captured once it should stop.
const FLUSH_WITHIN: Duration = Duration::from_secs(4);

/// How a connection ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
    /// It was asked to stop, and has handed over everything.
    Stopped,
    /// It failed, for this cause.
    Failed(Cause),
    /// The address stands for another kind of source; the words say for which.
    WrongKind(Cause),
}

/// Nobody receives the events any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ReceiverGone;

impl From<ReceiverGone> for End {
    fn from(_: ReceiverGone) -> Self {
        Self::Stopped
    }
}

/// Something that can be connected to again and again.
pub(super) trait Link {
    /// Connects and hands over sound until the connection ends or `stop` is cancelled.
    fn connect(&mut self, output: &mut Output, stop: &CancellationToken) -> impl Future<Output = End> + Send;
}

/// Sends the sound of a connection as events.
#[derive(Debug)]
pub(super) struct Output {
    events: mpsc::Sender<MediaEvent>,
    clock: SharedClock,
    /// The format that was sent last.
    format: Option<Format>,
    /// Whether no chunk of this connection was sent yet.
    fresh: bool,
    /// Since when and why there is no sound, if there was some before.
    broken: Option<(DateTime<Utc>, Cause)>,
    /// How much is missing before this connection, if that is known.
    missing: Option<Duration>,
    /// Whether any chunk was sent at all.
    heard: bool,
}

impl Output {
    /// An output that has sent nothing yet.
    fn new(events: mpsc::Sender<MediaEvent>, clock: SharedClock) -> Self {
        Self { events, clock, format: None, fresh: true, broken: None, missing: None, heard: false }
    }

    /// The time at which bytes arrive.
    pub(super) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// Sends sound.
    pub(super) async fn piece(&mut self, piece: Piece) -> Result<(), ReceiverGone> {
        let Piece { format, bytes, duration, arrived, continues } = piece;
        let discontinuity = std::mem::replace(&mut self.fresh, false) && !continues;
        let broken = self.broken.take().filter(|_| discontinuity);
        // Before the format, so that it is on the reel of the sound that it follows.
        let known = self.missing.take().filter(|_| broken.is_some());
        if let Some((at, cause)) = broken {
            match known {
                Some(missing) => self.lost(missing, arrived, &cause).await?,
                None => self.gap(Duration::ZERO, at, discontinuity, cause).await?,
            }
        }
        if self.format.as_ref() != Some(&format) {
            self.send(MediaEvent::Format(format.clone())).await?;
            self.format = Some(format);
        }
        self.heard = true;
        let follows = !discontinuity || known.is_some();
        let chunk = Chunk { discontinuity, follows, ..Chunk::new(bytes, duration, arrived) };
        self.send(MediaEvent::Chunk(chunk)).await
    }

    /// Sets how much is missing between the sound that was sent last and the first sound of this connection.
    pub(super) fn set_missing(&mut self, missing: Duration) {
        self.missing = Some(missing);
    }

    /// Reports that `missing` is lost, for `cause`. All of it had been on the air by `arrived`.
    async fn lost(&self, mut missing: Duration, arrived: DateTime<Utc>, cause: &Cause) -> Result<(), ReceiverGone> {
        while !missing.is_zero() {
            let part = missing.min(LONGEST_GAP);
            missing -= part;
            self.gap(part, arrived, false, cause.clone()).await?;
        }
        Ok(())
    }

    async fn gap(
        &self,
        duration: Duration,
        arrived: DateTime<Utc>,
        discontinuity: bool,
        cause: Cause,
    ) -> Result<(), ReceiverGone> {
        let (programme_time, follows) = (None, !discontinuity);
        self.send(MediaEvent::Gap { duration, arrived, programme_time, discontinuity, follows, cause }).await
    }

    /// Sends the title of what is playing.
    pub(super) async fn title(&mut self, text: String) -> Result<(), ReceiverGone> {
        let at = self.clock.now();
        self.send(MediaEvent::Title { at, text }).await
    }

    /// Reports why there is no sound.
    pub(super) async fn trouble(&mut self, cause: Cause) -> Result<(), ReceiverGone> {
        let at = self.clock.now();
        if self.heard {
            self.broken.get_or_insert_with(|| (at, cause.clone()));
        }
        self.send(MediaEvent::Trouble { at, cause }).await
    }

    async fn send(&self, event: MediaEvent) -> Result<(), ReceiverGone> {
        self.events.send(event).await.map_err(|_| ReceiverGone)
    }
}

/// Connects `link` again and again until `stop` is cancelled or nobody receives the events any more. Returns `Some` if
/// the address stands for another kind of source.
pub(super) async fn reconnect_forever<L: Link>(
    mut link: L,
    environment: &Environment,
    events: mpsc::Sender<MediaEvent>,
    stop: CancellationToken,
) -> Option<WrongKind> {
    let clock = &environment.clock;
    let mut output = Output::new(events.clone(), clock.clone());
    let mut backoff = Backoff::new(policy::CONNECTION);
    let mut played_until = None;
    while !stop.is_cancelled() {
        (output.fresh, output.missing) = (true, None);
        let started = clock.monotonic();
        let end = tokio::select! {
            end = link.connect(&mut output, &stop) => end,
            () = overdue(&stop, clock) => return None,
            () = events.closed() => return None,
        };
        let cause = match end {
            End::Failed(cause) => cause,
            End::WrongKind(cause) => return Some(WrongKind { cause, heard: output.heard }),
            End::Stopped => return None,
        };
        if stop.is_cancelled() {
            return None;
        }
        let good = !output.fresh && clock.monotonic().saturating_sub(started) >= GOOD_AFTER;
        if !output.fresh {
            played_until = Some(clock.monotonic());
        }
        let impatient = played_until.is_some_and(|until| clock.monotonic().saturating_sub(until) < IMPATIENT_FOR);
        let wait = if good {
            backoff.reset();
            Duration::ZERO
        } else if impatient {
            backoff.wait_as(policy::LATELY)
        } else {
            backoff.wait()
        };
        tracing::debug!(%cause, ?wait, "the connection ended; trying again");
        let told_and_waited = async {
            output.trouble(cause).await?;
            if !wait.is_zero() {
                clock.sleep(wait).await;
            }
            Ok::<_, ReceiverGone>(())
        };
        tokio::select! {
            told = told_and_waited => if told.is_err() { return None },
            () = stop.cancelled() => return None,
            () = events.closed() => return None,
        }
    }
    None
}

async fn overdue(stop: &CancellationToken, clock: &SharedClock) {
    stop.cancelled().await;
    clock.sleep(FLUSH_WITHIN).await;
}
