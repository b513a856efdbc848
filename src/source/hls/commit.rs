//! Hands segments on in order, as events: formats before what is in them, gaps for what could not be had.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use futures::stream::FuturesOrdered;
use tokio::sync::mpsc;

use super::fetch::Sound;
use super::memory::{Memory, Trait};
use super::obtain::{Obtained, Obtainer, Outcome};
use super::playlist::delta;
use super::timeline::Ordered;
use crate::model::{Cause, CauseKind, Chunk, Container, Format, MediaEvent};

/// Segments that are being fetched or wait for one before them.
const IN_FLIGHT: usize = 64;
/// A counted length this much off the list's is looked at twice.
const ODD: Duration = Duration::from_secs(1);

/// Nobody listens any more.
#[derive(Debug)]
pub struct Closed;

/// Obtains what comes through `queue` and commits it to `events`, until the queue ends or nobody listens.
pub async fn run(
    obtainer: &Obtainer<'_>,
    mut queue: mpsc::Receiver<Ordered>,
    events: &mpsc::Sender<MediaEvent>,
) -> Result<(), Closed> {
    let mut running = FuturesOrdered::new();
    let mut committer = Committer::new(obtainer, events);
    let mut open = true;
    while open || !running.is_empty() {
        tokio::select! {
            next = queue.recv(), if open && running.len() < IN_FLIGHT => match next {
                Some(ordered) => running.push_back(obtainer.obtain(ordered)),
                None => open = false,
            },
            Some(done) = running.next() => {
                obtainer.release(&done);
                committer.commit(done).await?;
            }
        }
    }
    committer.own_up().await
}

/// A segment that came.
#[derive(Debug)]
struct Piece {
    ordered: Ordered,
    sound: Sound,
    /// How much of its end is missing.
    lacking: Duration,
}

struct Committer<'a> {
    obtainer: &'a Obtainer<'a>,
    events: &'a mpsc::Sender<MediaEvent>,
    format: Option<Format>,
    memory: Memory<Piece>,
    /// Whether what was left out stood apart from what was handed on before it.
    apart: bool,
    /// What was not finished at the end; a gap only where something later is there.
    unfinished: Vec<Ordered>,
}

impl<'a> Committer<'a> {
    fn new(obtainer: &'a Obtainer<'a>, events: &'a mpsc::Sender<MediaEvent>) -> Self {
        Self { obtainer, events, format: None, memory: Memory::default(), apart: false, unfinished: Vec::new() }
    }

    async fn commit(&mut self, obtained: Obtained) -> Result<(), Closed> {
        let Obtained { ordered, outcome } = obtained;
        match outcome {
            Outcome::Unfinished => {
                self.unfinished.push(ordered);
                Ok(())
            }
            Outcome::Lost(cause) => {
                self.own_up().await?;
                self.settle().await?;
                self.gap(ordered, cause).await
            }
            Outcome::Sound(sound, lacking) => {
                self.settle().await?;
                self.judge(Piece { ordered, sound, lacking }).await
            }
        }
    }

    /// Hands on what was held back for a proof that does not come.
    async fn own_up(&mut self) -> Result<(), Closed> {
        for piece in self.memory.give_up() {
            self.sound(piece).await?;
        }
        Ok(())
    }

    /// Owns up to what was left unfinished before something that was finished.
    async fn settle(&mut self) -> Result<(), Closed> {
        if !self.unfinished.is_empty() {
            self.own_up().await?;
        }
        for ordered in std::mem::take(&mut self.unfinished) {
            self.gap(ordered, Cause::new(CauseKind::Stopped, "the recording was stopped before it came")).await?;
        }
        Ok(())
    }

    async fn gap(&mut self, ordered: Ordered, cause: Cause) -> Result<(), Closed> {
        let (discontinuity, follows) = self.breaks(&ordered).await?;
        let Ordered { segment, arrived, .. } = ordered;
        let (duration, programme_time) = (segment.duration, segment.programme_time);
        self.send(MediaEvent::Gap { duration, arrived, programme_time, discontinuity, follows, cause }).await
    }

    /// Hands on what is new with `piece`, and leaves out what was had before under another name.
    async fn judge(&mut self, piece: Piece) -> Result<(), Closed> {
        let segment = &piece.ordered.segment;
        let (sequence, date) = (segment.sequence, segment.programme_time);
        let its = Trait { digest: digest(&piece.sound.bytes), sequence, date };
        let (bytes, doubtful) = (piece.sound.bytes.len(), piece.ordered.doubtful);
        let cleared = self.memory.take(piece, its, bytes, doubtful);
        for Piece { ordered, sound, .. } in cleared.repeats {
            self.tell(&ordered).await?;
            self.apart = true;
            self.send(MediaEvent::Repeat { duration: played(sound.probe.duration, ordered.segment.duration) }).await?;
        }
        for mut piece in cleared.new {
            if cleared.follows {
                // Media time goes on where the last that was left out is the last that was handed on.
                self.apart = false;
                piece.ordered.discontinuity = piece.ordered.segment.discontinuity;
                piece.ordered.follows = true;
            }
            self.sound(piece).await?;
        }
        Ok(())
    }

    async fn sound(&mut self, Piece { ordered, sound, lacking }: Piece) -> Result<(), Closed> {
        let (discontinuity, follows) = self.breaks(&ordered).await?;
        self.announce(&sound).await?;
        let Ordered { segment, arrived, .. } = ordered;
        let duration = played(sound.probe.duration, segment.duration);
        let programme_time = segment.programme_time;
        let chunk = Chunk { bytes: sound.bytes, duration, arrived, programme_time, discontinuity, follows };
        self.send(MediaEvent::Chunk(chunk)).await?;
        if lacking.is_zero() {
            return Ok(());
        }
        let programme_time = programme_time.and_then(|start| start.checked_add_signed(delta(duration)));
        let words = format!("the end of a segment of {:.1} s is missing", segment.duration.as_secs_f64());
        let cause = Cause::new(CauseKind::Segment, words);
        let (duration, discontinuity, follows) = (lacking, false, true);
        self.send(MediaEvent::Gap { duration, arrived, programme_time, discontinuity, follows, cause }).await
    }

    /// Whether media time breaks before `ordered`, and whether that follows what was handed on all the same.
    async fn breaks(&mut self, ordered: &Ordered) -> Result<(bool, bool), Closed> {
        self.tell(ordered).await?;
        // Of a batch in doubt only the first carries the mark.
        let apart = std::mem::take(&mut self.apart);
        Ok((apart || ordered.discontinuity, !apart && ordered.follows))
    }

    /// Tells what the station's dates turned out to be.
    async fn tell(&self, ordered: &Ordered) -> Result<(), Closed> {
        let Some(news) = ordered.news else { return Ok(()) };
        self.send(MediaEvent::Dates { at: ordered.arrived, news }).await
    }

    /// Sends the format where it is another than before. A segment too short to tell its details changes nothing.
    async fn announce(&mut self, sound: &Sound) -> Result<(), Closed> {
        let format = format(sound.container, &sound.probe.detail, sound.init.as_ref());
        let same = self.format.as_ref().is_some_and(|before| {
            before.container == format.container
                && before.init == format.init
                && (before.detail == format.detail || format.detail.is_empty())
        });
        if same {
            return Ok(());
        }
        self.format = Some(format.clone());
        self.send(MediaEvent::Format(format)).await
    }

    async fn send(&self, event: MediaEvent) -> Result<(), Closed> {
        tokio::select! {
            biased;
            sent = self.events.send(event) => sent.map_err(|_| Closed),
            () = self.obtainer.end.late.cancelled() => Err(Closed),
        }
    }
}

fn format(container: Container, detail: &str, init: Option<&Bytes>) -> Format {
    Format { container, detail: detail.to_owned(), init: init.cloned() }
}

fn digest(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    hasher.finish()
}

/// Counted frames are exact where they could be counted; what lists claim is rounded.
fn played(counted: Option<Duration>, listed: Duration) -> Duration {
    let Some(counted) = counted.filter(|counted| !counted.is_zero()) else { return listed };
    if counted.abs_diff(listed) > ODD.max(listed / 2) {
        tracing::debug!(?counted, ?listed, "a segment plays for another time than its playlist says");
    }
    counted
}
