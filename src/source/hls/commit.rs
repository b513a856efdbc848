//! Hands segments on in order, as events: formats before what is in them, gaps for what could not be had.

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use futures::stream::FuturesOrdered;
use tokio::sync::mpsc;

use super::fetch::Sound;
use super::obtain::{Obtained, Obtainer, Outcome};
use super::playlist::delta;
use super::timeline::Ordered;
use crate::model::{Cause, CauseKind, Chunk, Container, Format, MediaEvent};

/// Segments that are being fetched or wait for one before them.
const IN_FLIGHT: usize = 64;
/// How many segments are remembered by their bytes.
const REMEMBERED: usize = 512;
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
    Ok(())
}

struct Committer<'a> {
    obtainer: &'a Obtainer<'a>,
    events: &'a mpsc::Sender<MediaEvent>,
    format: Option<Format>,
    /// Digests of what was committed, newest last.
    had: VecDeque<u64>,
    /// Whether media time broke at something that was not handed on.
    broken: bool,
    /// What was not finished at the end; a gap only where something later is there.
    unfinished: Vec<Ordered>,
}

impl<'a> Committer<'a> {
    fn new(obtainer: &'a Obtainer<'a>, events: &'a mpsc::Sender<MediaEvent>) -> Self {
        Self { obtainer, events, format: None, had: VecDeque::new(), broken: false, unfinished: Vec::new() }
    }

    async fn commit(&mut self, obtained: Obtained) -> Result<(), Closed> {
        let Obtained { ordered, outcome } = obtained;
        match outcome {
            Outcome::Unfinished => {
                self.unfinished.push(ordered);
                Ok(())
            }
            Outcome::Lost(cause) => {
                self.settle().await?;
                self.gap(ordered, cause).await
            }
            Outcome::Sound(sound, lacking) => {
                self.settle().await?;
                self.sound(ordered, sound, lacking).await
            }
        }
    }

    /// Owns up to what was left unfinished before something that was finished.
    async fn settle(&mut self) -> Result<(), Closed> {
        for ordered in std::mem::take(&mut self.unfinished) {
            self.gap(ordered, Cause::new(CauseKind::Stopped, "the recording was stopped before it came")).await?;
        }
        Ok(())
    }

    async fn gap(&mut self, ordered: Ordered, cause: Cause) -> Result<(), Closed> {
        let discontinuity = self.breaks(&ordered);
        let Ordered { segment, arrived, .. } = ordered;
        let (duration, programme_time) = (segment.duration, segment.programme_time);
        self.send(MediaEvent::Gap { duration, arrived, programme_time, discontinuity, cause }).await
    }

    async fn sound(&mut self, ordered: Ordered, sound: Sound, lacking: Duration) -> Result<(), Closed> {
        let digest = digest(&sound.bytes);
        if ordered.doubtful && self.had.contains(&digest) {
            // The sound of before under another name; media time goes on if it was the last.
            self.broken = self.had.back() != Some(&digest);
            return Ok(());
        }
        self.had.push_back(digest);
        if self.had.len() > REMEMBERED {
            self.had.pop_front();
        }
        self.announce(&sound).await?;
        let discontinuity = self.breaks(&ordered);
        let Ordered { segment, arrived, .. } = ordered;
        let duration = played(sound.probe.duration, segment.duration);
        let programme_time = segment.programme_time;
        self.send(MediaEvent::Chunk(Chunk { bytes: sound.bytes, duration, arrived, programme_time, discontinuity }))
            .await?;
        if lacking.is_zero() {
            return Ok(());
        }
        let programme_time = programme_time.and_then(|start| start.checked_add_signed(delta(duration)));
        let words = format!("the end of a segment of {:.1} s is missing", segment.duration.as_secs_f64());
        let cause = Cause::new(CauseKind::Segment, words);
        self.send(MediaEvent::Gap { duration: lacking, arrived, programme_time, discontinuity: false, cause }).await
    }

    /// Whether media time breaks before `ordered`.
    fn breaks(&mut self, ordered: &Ordered) -> bool {
        // Of a batch in doubt only the first carries the mark; what of it was had before has settled the question.
        std::mem::take(&mut self.broken) || ordered.discontinuity
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
