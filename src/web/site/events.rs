//! What happens, for those who listen: what has changed, as it changes, and once a second how far the airings are that
//! are on the air.
//!
//! Invariants:
//! - what is on the air is looked at once a second for all listeners together, and not at all while nobody listens;
//! - a listener who is slow gets the newest of what there is, and holds nobody up; there are [`MOST`] at most;
//! - who comes back says what was heard last, and is told of everything that changed since, also over a restart.

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

/// Listeners at the same time.
pub const MOST: usize = 64;
/// How often they are told how far the airings are.
const EVERY: Duration = Duration::from_secs(1);

/// An airing that is on the air.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OnAir {
    id: String,
    show: String,
    title: String,
    station: String,
    /// When it ends, with its padding, by the clock of the show.
    until: String,
    /// Seconds on tape.
    on_tape: f64,
    /// Seconds that can no longer be had.
    missing: f64,
    /// Why no sound comes at the moment.
    trouble: Option<String>,
    /// Why, in one word.
    trouble_kind: Option<CauseKind>,
    /// The loudest sample of each tenth of a second of what was decoded last, in dBFS.
    levels: Vec<f32>,
}

/// What is on the air; `None` until it is looked at.
type Now = Option<Arc<Vec<OnAir>>>;

/// What happens. Its clones are one.
#[derive(Debug, Clone)]
pub struct Events {
    changes: Changes,
    now: watch::Sender<Now>,
    wanted: Arc<Notify>,
    places: Arc<Semaphore>,
    stop: CancellationToken,
    /// Which run of the daemon this is.
    run: i64,
}

/// One who listens.
#[derive(Debug)]
pub struct Hearing {
    changes: Listener,
    now: watch::Receiver<Now>,
    stop: CancellationToken,
    run: i64,
    _place: OwnedSemaphorePermit,
}

/// Something that happened.
#[derive(Debug)]
pub enum Happened {
    /// These are not as they were.
    Changed(Vec<Topic>),
    /// How far the airings are.
    OnAir(Arc<Vec<OnAir>>),
}

impl Events {
    /// Begins to tell, until the daemon stops.
    pub fn start(environment: &Environment, recorder: Recorder, changes: Changes) -> Self {
        let (now, _) = watch::channel(Now::default());
        let events = Self {
            changes,
            now,
            wanted: Arc::default(),
            places: Arc::new(Semaphore::new(MOST)),
            stop: environment.stop.clone(),
            run: environment.clock.now().timestamp_millis(),
        };
        let (telling, clock) = (events.clone(), Arc::clone(&environment.clock));
        let mut levels = Levels::new(environment.clone());
        environment.tasks.spawn(async move {
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
                    let of = |one: Progress| {
                        let loud = levels.of(&one.running.airing.station);
                        OnAir::new(one, loud)
                    };
                    let on_air: Vec<_> = progress.into_iter().map(of).collect();
                    // What is said twice tells nobody anything.
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

    /// Listens to what happens after `since`, which is a [`Hearing::mark`]; from now on, if that is not given. `None` if
    /// too many listen.
    pub fn listen(&self, since: Option<&str>) -> Option<Hearing> {
        let place = Arc::clone(&self.places).try_acquire_owned().ok()?;
        // Of another run nothing is known, and so everything may have changed.
        let since = since.map(|mark| read(mark).filter(|(run, _)| *run == self.run).map_or([u64::MAX; 4], |it| it.1));
        let mut now = self.now.subscribe();
        // Whoever begins to listen is told how things are.
        now.mark_changed();
        self.wanted.notify_one();
        let (changes, stop) = (self.changes.listen(since), self.stop.clone());
        Some(Hearing { changes, now, stop, run: self.run, _place: place })
    }

    /// Where it is now: for [`Events::listen`], by a page that shows how things are.
    pub fn mark(&self) -> String {
        written(self.run, self.changes.listen(None).known())
    }
}

impl Hearing {
    /// What happens next; `None` when the daemon stops.
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

    /// Where it is: for [`Events::listen`], by whoever comes back.
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

/// In seconds, to the tenth.
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
    fn a_mark_is_read_back_and_anything_else_is_none() {
        assert_eq!(read("17-1-2-3-4"), Some((17, [1, 2, 3, 4])));
        for bad in ["", "x", "17", "17-1-2-3", "17-1-2-3-4-5", "17-1-2-3--4"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
