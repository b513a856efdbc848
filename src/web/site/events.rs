//! Events for the clients that listen: changes and transitions of jobs as they happen, and once a second how far running
//! airings and grabs are.
//!
//! Invariants:
//! - running airings and grabs are looked at once a second for all listeners together, and not at all while nobody listens;
//! - a slow listener gets the newest state only, and delays nobody; transitions it gets all, a page at a time from the
//!   catalogue; there are [`MOST`] listeners at most;
//! - a client that reconnects names the last event that it got, and hears of everything that changed since, also over a
//!   restart.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, watch};
use tokio_util::sync::CancellationToken;

use super::levels::Levels;
use crate::base::blocking::blocking;
use crate::base::environment::Environment;
use crate::events::{Changes, Counts, Listener, Topic};
use crate::grabs::{Grabs, Standing};
use crate::library::catalogue::{Catalogue, NumberedTransition};
use crate::model::CauseKind;
use crate::recorder::{Progress, Recorder};

/// How many clients may listen at the same time.
pub const MOST: usize = 64;
/// How often listeners get how far the airings are.
const EVERY: Duration = Duration::from_secs(1);

/// How many transitions a listener reads at a time.
const PAGE: u32 = 100;

/// A running airing.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OnAir {
    id: String,
    show: String,
    title: String,
    station: String,
    /// When its cut ends, by the clock of the show.
    until: String,
    /// Seconds on tape.
    on_tape: f64,
    /// Seconds that are lost.
    missing: f64,
    /// Why no sound comes at the moment.
    trouble: Option<String>,
    /// Why, in one word.
    trouble_kind: Option<CauseKind>,
    /// The loudest sample of each tenth of a second of what was decoded last, in dBFS.
    levels: Vec<f32>,
}

/// A grab that is made.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Going {
    id: String,
    /// What is being done: `finding`, `fetching`, `packing`.
    stage: &'static str,
    /// How many segments there are, how many came, and how many were given up.
    segments: usize,
    there: usize,
    missing: usize,
    /// How many bytes came, and how many come per second.
    bytes: u64,
    rate: f64,
    /// How many seconds the rest takes; null while nobody can tell.
    left: Option<f64>,
}

/// The running airings; `None` until the first look.
type Now = Option<Arc<Vec<OnAir>>>;

/// Tells listeners what happens. Clones share one state.
#[derive(Debug, Clone)]
pub struct Events {
    changes: Changes,
    catalogue: Catalogue,
    now: watch::Sender<Now>,
    grabs: watch::Sender<Arc<Vec<Going>>>,
    wanted: Arc<Notify>,
    slots: Arc<Semaphore>,
    stop: CancellationToken,
    /// Identifies this run of the daemon.
    run: i64,
}

/// Receives events for one client.
#[derive(Debug)]
pub struct EventListener {
    changes: Listener,
    catalogue: Catalogue,
    /// The number of the newest transition there is.
    newest: watch::Receiver<i64>,
    /// The number of the last transition that was sent.
    seen: i64,
    /// Transitions that were read, and are to be sent.
    read: VecDeque<NumberedTransition>,
    now: watch::Receiver<Now>,
    grabs: watch::Receiver<Arc<Vec<Going>>>,
    stop: CancellationToken,
    run: i64,
    _slot: OwnedSemaphorePermit,
}

/// Something that happened.
#[derive(Debug)]
pub enum Happened {
    /// These lists have changed.
    Changed(Vec<Topic>),
    /// How far running airings are.
    OnAir(Arc<Vec<OnAir>>),
    /// How far grabs are.
    Grabs(Arc<Vec<Going>>),
    /// A job has come into another state.
    Job(NumberedTransition),
}

impl Events {
    /// Starts the task that looks at running airings and grabs until the daemon stops.
    pub fn start(
        environment: &Environment,
        (recorder, making): (Recorder, Grabs),
        (catalogue, changes): (Catalogue, Changes),
    ) -> Self {
        let (now, _) = watch::channel(Now::default());
        let (grabs, _) = watch::channel(Arc::default());
        let events = Self {
            changes,
            catalogue,
            now,
            grabs,
            wanted: Arc::default(),
            slots: Arc::new(Semaphore::new(MOST)),
            stop: environment.stop.clone(),
            run: environment.clock.now().timestamp_millis(),
        };
        let (telling, clock) = (events.clone(), Arc::clone(&environment.clock));
        let mut levels = Levels::new(environment.clone());
        environment.spawn(async move {
            let look = async {
                loop {
                    if telling.now.receiver_count() == 0 {
                        telling.now.send_replace(None);
                        levels.stop();
                        // Whoever came while others listened has left a wake-up call.
                        while telling.now.receiver_count() == 0 {
                            telling.wanted.notified().await;
                        }
                    }
                    let recorder = recorder.clone();
                    let progress = blocking(move || recorder.progress()).await;
                    levels.look(&progress);
                    let of = |progress: Progress| {
                        let loud = levels.of(&progress.running.airing.station);
                        OnAir::new(progress, loud)
                    };
                    let on_air: Vec<_> = progress.into_iter().map(of).collect();
                    // An unchanged state is not sent again.
                    telling.now.send_if_modified(|now| {
                        let changed = now.as_deref() != Some(&on_air);
                        if changed {
                            *now = Some(Arc::new(on_air));
                        }
                        changed
                    });
                    let going: Vec<_> = making.running().into_iter().map(Going::of).collect();
                    telling.grabs.send_if_modified(|grabs| {
                        let changed = **grabs != going;
                        if changed {
                            *grabs = Arc::new(going);
                        }
                        changed
                    });
                    clock.sleep(EVERY).await;
                }
            };
            telling.stop.run_until_cancelled(look).await;
        });
        events
    }

    /// Returns a listener for what happens after `since`, which is an [`EventListener::mark`], or after now if it is
    /// `None`. Returns `None` if too many clients listen.
    pub fn listen(&self, since: Option<&str>) -> Option<EventListener> {
        let slot = Arc::clone(&self.slots).try_acquire_owned().ok()?;
        let marked = since.map(read);
        // After a mark of another run, everything may have changed.
        let since =
            marked.map(|mark| mark.filter(|(run, ..)| *run == self.run).map_or([u64::MAX; 4], |(_, counts, _)| counts));
        let mut newest = self.changes.transitions();
        let last = *newest.borrow_and_update();
        let seen = marked.flatten().and_then(|(.., seen)| seen).unwrap_or(last);
        let mut now = self.now.subscribe();
        // A new listener gets the current state first.
        now.mark_changed();
        let grabs = self.grabs.subscribe();
        self.wanted.notify_one();
        let (changes, stop) = (self.changes.listen(since), self.stop.clone());
        let (catalogue, read) = (self.catalogue.clone(), VecDeque::new());
        Some(EventListener { changes, catalogue, newest, seen, read, now, grabs, stop, run: self.run, _slot: slot })
    }

    /// Returns the mark of the current state, for [`Events::listen`].
    pub fn mark(&self) -> String {
        written(self.run, self.changes.listen(None).known(), *self.changes.transitions().borrow())
    }
}

impl EventListener {
    /// Waits for the next event. `None` when the daemon stops, or if the transitions cannot be read: a client that comes
    /// again then misses none.
    pub async fn next(&mut self) -> Option<Happened> {
        loop {
            if let Some(next) = self.read.pop_front() {
                self.seen = next.number;
                return Some(Happened::Job(next));
            }
            let newest = *self.newest.borrow_and_update();
            if newest > self.seen {
                let found = self.catalogue.transitions_after(self.seen, PAGE).await;
                let found =
                    found.inspect_err(|error| tracing::error!(%error, "the jobs cannot be told to who listens"));
                self.read.extend(found.ok()?);
                if self.read.is_empty() {
                    // They went with their recordings.
                    self.seen = newest;
                }
                continue;
            }
            tokio::select! {
                topics = self.changes.next() => return topics.map(Happened::Changed),
                changed = self.now.changed() => {
                    changed.ok()?;
                    if let Some(now) = &*self.now.borrow_and_update() {
                        return Some(Happened::OnAir(Arc::clone(now)));
                    }
                }
                changed = self.grabs.changed() => {
                    changed.ok()?;
                    return Some(Happened::Grabs(Arc::clone(&self.grabs.borrow_and_update())));
                }
                changed = self.newest.changed() => changed.ok()?,
                () = self.stop.cancelled() => return None,
            }
        }
    }

    /// Returns the mark of the last event, for [`Events::listen`] after a reconnect.
    pub fn mark(&self) -> String {
        written(self.run, self.changes.known(), self.seen)
    }
}

impl Going {
    fn of((id, standing): (String, Standing)) -> Self {
        let Standing { stage, total, done, lost, bytes, rate, .. } = standing;
        let (stage, left) = (stage.word(), standing.left());
        Self {
            id,
            stage,
            segments: total,
            there: done,
            missing: lost,
            bytes,
            rate: rate.round(),
            left: left.map(f64::round),
        }
    }
}

impl OnAir {
    fn new(progress: Progress, levels: Vec<f32>) -> Self {
        let airing = &progress.running.airing;
        let local = |at: DateTime<Utc>| at.with_timezone(&airing.timezone).to_rfc3339_opts(SecondsFormat::Secs, false);
        Self {
            id: airing.id.to_string(),
            show: airing.show.to_string(),
            station: airing.station.to_string(),
            until: local(airing.cut().end),
            on_tape: rounded(progress.on_tape),
            missing: rounded(progress.missing),
            trouble_kind: progress.trouble.as_ref().map(|cause| cause.kind),
            trouble: progress.trouble.map(|cause| cause.words),
            title: progress.running.title,
            levels,
        }
    }
}

/// Returns a length in seconds, rounded to the tenth.
fn rounded(length: Duration) -> f64 {
    (length.as_secs_f64() * 10.0).round() / 10.0
}

fn written(run: i64, counts: Counts, seen: i64) -> String {
    format!("{run}-{}-{seen}", counts.map(|count| count.to_string()).join("-"))
}

/// Reads a mark: the run, the counts, and the number of the last transition. Marks of earlier releases have no number.
fn read(mark: &str) -> Option<(i64, Counts, Option<i64>)> {
    let mut numbers = mark.trim().split('-');
    let run = numbers.next()?.parse().ok()?;
    let counts: Vec<u64> = numbers.by_ref().take(Topic::ALL.len()).map(str::parse).collect::<Result<_, _>>().ok()?;
    let seen = numbers.next().map(str::parse).transpose().ok()?;
    let is_whole = numbers.next().is_none();
    Some((run, counts.try_into().ok()?, seen)).filter(|_| is_whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_read_back_and_anything_else_is_refused() {
        assert_eq!(read(&written(17, [1, 2, 3, 4], 90)), Some((17, [1, 2, 3, 4], Some(90))));
        assert_eq!(read("17-1-2-3-4"), Some((17, [1, 2, 3, 4], None)));
        for bad in ["", "x", "17", "17-1-2-3", "17-1-2-3-4-5-6", "17-1-2-3--4", "17-1-2-3-4-x"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
