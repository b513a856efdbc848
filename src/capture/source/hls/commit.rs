//! Hands segments on in order, as events: a format before the sound that has it, a gap for what could not be fetched.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use futures::StreamExt;
use futures::stream::FuturesOrdered;
use tokio::sync::mpsc;

use super::fetch::Sound;
use super::history::{History, Trait};
use super::obtain::{Obtained, Obtainer, Outcome};
use super::timeline::Ordered;
use crate::base::duration::delta;
use crate::capture::source::media::{self, TimedTitle};
use crate::model::{Cause, CauseKind, Chunk, Container, DatesNews, Format, MediaEvent};

/// How many segments may be fetched or wait for one before them.
const IN_FLIGHT: usize = 64;
/// A counted length that differs by more from the list's is logged.
const ODD: Duration = Duration::from_secs(1);
/// A title that counts from longer before or after its segment has a time stamp of another clock.
const NEAR: TimeDelta = TimeDelta::seconds(30);

/// Nobody receives the events any more.
#[derive(Debug)]
pub struct Closed;

/// Obtains the segments of `queue` and commits them to `events`, until the queue ends or nobody receives the events.
pub async fn run(
    obtainer: &Obtainer<'_>,
    mut queue: mpsc::Receiver<Box<Ordered>>,
    events: &mpsc::Sender<MediaEvent>,
) -> Result<(), Closed> {
    let send = async |told: Vec<MediaEvent>| {
        for event in told {
            tokio::select! {
                biased;
                sent = events.send(event) => sent.map_err(|_| Closed)?,
                () = obtainer.end.late.cancelled() => return Err(Closed),
            }
        }
        Ok(())
    };
    let mut running = FuturesOrdered::new();
    let mut committer = Committer::default();
    let mut open = true;
    while open || !running.is_empty() {
        tokio::select! {
            next = queue.recv(), if open && running.len() < IN_FLIGHT => match next {
                Some(ordered) => running.push_back(obtainer.obtain(*ordered)),
                None => open = false,
            },
            Some(done) = running.next() => {
                obtainer.release(&done);
                committer.commit(done);
                send(committer.take_events()).await?;
            }
        }
    }
    committer.end();
    send(committer.take_events()).await
}

/// A segment that came.
#[derive(Debug)]
struct Piece {
    ordered: Ordered,
    sound: Sound,
    /// How much of its end is missing.
    lacking: Duration,
}

/// Turns the outcomes of segments, in order, into events.
#[derive(Debug, Default)]
pub struct Committer {
    format: Option<Format>,
    /// The title that was handed on last.
    title: String,
    history: History<Piece>,
    /// Whether anything was handed on.
    begun: bool,
    /// Whether the sound that was left out stood apart from the sound that was handed on before it.
    apart: bool,
    /// Segments that were not finished at the end. They are gaps only if something later is there.
    unfinished: Vec<Ordered>,
    events: Vec<MediaEvent>,
}

impl Committer {
    /// Takes the next segment.
    pub fn commit(&mut self, Obtained { ordered, outcome }: Obtained) {
        match outcome {
            Outcome::Unfinished => self.unfinished.push(ordered),
            Outcome::Lost(cause) => {
                self.history.lost(ordered.segment.sequence).into_iter().for_each(|piece| self.sound(piece));
                self.report_unfinished();
                self.gap(ordered, cause);
            }
            Outcome::Sound(sound, lacking) => {
                self.report_unfinished();
                self.judge(Piece { ordered, sound, lacking });
            }
        }
    }

    /// Nothing more comes.
    pub fn end(&mut self) {
        self.release_held();
    }

    /// Returns the events since the last call.
    pub fn take_events(&mut self) -> Vec<MediaEvent> {
        std::mem::take(&mut self.events)
    }

    /// Hands on what was held back for a proof that does not come.
    fn release_held(&mut self) {
        self.history.give_up().into_iter().for_each(|piece| self.sound(piece));
    }

    /// Reports unfinished segments as gaps, because a later one was finished.
    fn report_unfinished(&mut self) {
        if !self.unfinished.is_empty() {
            self.release_held();
        }
        for ordered in std::mem::take(&mut self.unfinished) {
            self.gap(ordered, Cause::new(CauseKind::Stopped, "the recording was stopped before it came"));
        }
    }

    fn gap(&mut self, ordered: Ordered, cause: Cause) {
        let (discontinuity, follows) = self.breaks(&ordered);
        let Ordered { segment, arrived, .. } = ordered;
        let (duration, programme_time) = (segment.duration, segment.programme_time);
        self.events.push(MediaEvent::Gap { duration, arrived, programme_time, discontinuity, follows, cause });
    }

    /// Hands on what is new with `piece`, and leaves out what came before under another name.
    fn judge(&mut self, piece: Piece) {
        if matches!(piece.ordered.news, Some(DatesNews::Withdrawn | DatesNews::Ignored)) {
            self.history.forget_dates();
        }
        let segment = &piece.ordered.segment;
        let (sequence, date) = (segment.sequence, segment.programme_time.filter(|_| piece.ordered.date_proves));
        let its = Trait { digest: digest(&piece.sound.bytes), sequence, date };
        let (bytes, doubtful) = (piece.sound.bytes.len(), piece.ordered.doubtful);
        let cleared = self.history.push(piece, its, bytes, doubtful);
        for mut piece in cleared.new {
            if cleared.follows {
                // Media time goes on if the last repeat is the last segment that was handed on.
                self.apart = false;
                piece.ordered.discontinuity = piece.ordered.segment.discontinuity;
                piece.ordered.follows = true;
            }
            self.sound(piece);
        }
        for Piece { ordered, sound, lacking } in cleared.repeats {
            self.report_dates(&ordered);
            self.apart = true;
            let duration = played(sound.probe.duration, ordered.segment.duration).saturating_add(lacking);
            self.events.push(MediaEvent::Repeat { duration });
        }
    }

    fn sound(&mut self, Piece { ordered, sound, lacking }: Piece) {
        let (discontinuity, follows) = self.breaks(&ordered);
        self.announce(&sound);
        let Ordered { segment, arrived, .. } = ordered;
        let duration = played(sound.probe.duration, segment.duration);
        let programme_time = segment.programme_time;
        self.tell_titles(&sound, arrived, programme_time, duration);
        let sequence = Some(segment.sequence);
        let chunk = Chunk { bytes: sound.bytes, duration, arrived, programme_time, discontinuity, follows, sequence };
        self.events.push(MediaEvent::Chunk(chunk));
        if lacking.is_zero() {
            return;
        }
        let programme_time = programme_time.and_then(|start| start.checked_add_signed(delta(duration)));
        let words = format!("the end of a segment of {:.1} s is missing", segment.duration.as_secs_f64());
        let cause = Cause::new(CauseKind::Segment, words);
        let (duration, discontinuity, follows) = (lacking, false, true);
        self.events.push(MediaEvent::Gap { duration, arrived, programme_time, discontinuity, follows, cause });
    }

    /// Whether media time breaks before `ordered`, and whether it follows the sound before all the same.
    fn breaks(&mut self, ordered: &Ordered) -> (bool, bool) {
        self.report_dates(ordered);
        // Only the first segment of a batch in doubt carries the mark.
        let apart = std::mem::take(&mut self.apart);
        let (discontinuity, follows) = (apart || ordered.discontinuity, !apart && ordered.follows);
        if std::mem::replace(&mut self.begun, true) && discontinuity && !follows {
            self.events.push(MediaEvent::NewSound);
        }
        (discontinuity, follows)
    }

    /// Reports what the station's dates turned out to be worth.
    fn report_dates(&mut self, ordered: &Ordered) {
        if let Some(news) = ordered.news {
            self.events.push(MediaEvent::Dates { at: ordered.arrived, news });
        }
    }

    /// Hands on what the segment, which plays for `duration`, says that it plays, if that is new. A title begins when its
    /// time stamp says, if it is known when the segment was on the air; else, like its sound, it is known to have begun
    /// when it arrived.
    fn tell_titles(
        &mut self,
        sound: &Sound,
        arrived: DateTime<Utc>,
        programme_time: Option<DateTime<Utc>>,
        duration: Duration,
    ) {
        let is_near = |after: &TimeDelta| {
            let beyond = after.checked_sub(&delta(duration));
            *after >= -NEAR && beyond.is_some_and(|beyond| beyond <= NEAR)
        };
        for TimedTitle { after, text } in media::titles(sound.container, &sound.bytes, sound.init.as_deref()) {
            if text == self.title {
                continue;
            }
            self.title.clone_from(&text);
            let after = after.filter(is_near).unwrap_or_default();
            let at = programme_time.and_then(|start| start.checked_add_signed(after)).unwrap_or(arrived);
            self.events.push(MediaEvent::Title { at, text });
        }
    }

    /// Sends the format if it has changed. A segment too short to show its details changes nothing.
    fn announce(&mut self, sound: &Sound) {
        let format = format(sound.container, &sound.probe.detail, sound.init.as_ref());
        let same = self.format.as_ref().is_some_and(|before| {
            before.container == format.container
                && before.init == format.init
                && (before.detail == format.detail || format.detail.is_empty())
        });
        if !same {
            self.format = Some(format.clone());
            self.events.push(MediaEvent::Format(format));
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

/// The length of a segment: counted frames are exact if they could be counted; what lists claim is rounded.
fn played(counted: Option<Duration>, listed: Duration) -> Duration {
    let Some(counted) = counted.filter(|counted| !counted.is_zero()) else { return listed };
    if counted.abs_diff(listed) > ODD.max(listed / 2) {
        tracing::debug!(?counted, ?listed, "a segment plays for another time than its playlist says");
    }
    counted
}
