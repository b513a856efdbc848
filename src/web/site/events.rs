//! Events for the clients that listen: changes as they happen, and once a second how far running airings are.
//!
//! Invariants:
//! - running airings are looked at once a second for all listeners together, and not at all while nobody listens;
//! - a slow listener gets the newest state only, and delays nobody; there are [`MOST`] listeners at most;
//! - a client that reconnects names the last event that it got, and hears of everything that changed since, also over a
//!   restart.

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
use crate::model::CauseKind;
use crate::recorder::{Progress, Recorder};

/// How many clients may listen at the same time.
pub const MOST: usize = 64;
/// How often listeners get how far the airings are.
const EVERY: Duration = Duration::from_secs(1);

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

/// The running airings; `None` until the first look.
type Now = Option<Arc<Vec<OnAir>>>;

/// Tells listeners what happens. Clones share one state.
#[derive(Debug, Clone)]
pub struct Events {
    changes: Changes,
    now: watch::Sender<Now>,
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
    now: watch::Receiver<Now>,
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
}

impl Events {
    /// Starts the task that looks at running airings until the daemon stops.
    pub fn start(environment: &Environment, recorder: Recorder, changes: Changes) -> Self {
        let (now, _) = watch::channel(Now::default());
        let events = Self {
            changes,
            now,
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
        // After a mark of another run, everything may have changed.
        let since = since
            .map(|mark| read(mark).filter(|(run, _)| *run == self.run).map_or([u64::MAX; 4], |(_, counts)| counts));
        let mut now = self.now.subscribe();
        // A new listener gets the current state first.
        now.mark_changed();
        self.wanted.notify_one();
        let (changes, stop) = (self.changes.listen(since), self.stop.clone());
        Some(EventListener { changes, now, stop, run: self.run, _slot: slot })
    }

    /// Returns the mark of the current state, for [`Events::listen`].
    pub fn mark(&self) -> String {
        written(self.run, self.changes.listen(None).known())
    }
}

impl EventListener {
    /// Waits for the next event. `None` when the daemon stops.
    pub async fn next(&mut self) -> Option<Happened> {
        loop {
            tokio::select! {
                topics = self.changes.next() => return topics.map(Happened::Changed),
                changed = self.now.changed() => {
                    changed.ok()?;
                    if let Some(now) = &*self.now.borrow_and_update() {
                        return Some(Happened::OnAir(Arc::clone(now)));
                    }
                }
                () = self.stop.cancelled() => return None,
            }
        }
    }

    /// Returns the mark of the last event, for [`Events::listen`] after a reconnect.
    pub fn mark(&self) -> String {
        written(self.run, self.changes.known())
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

fn written(run: i64, counts: Counts) -> String {
    format!("{run}-{}", counts.map(|count| count.to_string()).join("-"))
}

fn read(mark: &str) -> Option<(i64, Counts)> {
    let mut numbers = mark.trim().split('-');
    let run = numbers.next()?.parse().ok()?;
    let counts: Vec<u64> = numbers.map(str::parse).collect::<Result<_, _>>().ok()?;
    Some((run, counts.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_read_back_and_anything_else_is_refused() {
        assert_eq!(read("17-1-2-3-4"), Some((17, [1, 2, 3, 4])));
        for bad in ["", "x", "17", "17-1-2-3", "17-1-2-3-4-5", "17-1-2-3--4"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
