//! The teller: makes messages of what happens, and keeps a sender for each target.
//!
//! What happens comes from the outbox of the catalogue, read with a cursor, and from looks at what can be bad for a while.
//! Messages are written together with the cursor and with what was told to be bad. So after a restart nothing is told
//! twice, and nothing is forgotten.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use super::finished;
use super::look::Parts;
use super::matter::{Bad, Change, Pending};
use super::news::{News, said_at};
use super::sender::{Sender, Trouble, Troubles};
use super::ways::Ways;
use crate::base::environment::Environment;
use crate::base::hash::sha256;
use crate::config::{Config, Target, Way};
use crate::events::{Changes, Event, Topic};
use crate::language::Sentence;
use crate::library::catalogue::{Catalogue, CatalogueError, KnownTarget, Matter, Remembered, Told};
use crate::model::{AiringId, NoticeKind, NoticeState};

/// How often is looked at what can be bad.
const EVERY: Duration = Duration::from_secs(15);
/// How many events are read at a time. What was missed together is told together.
const EVENTS: u32 = 2_000;
/// For how long it is remembered what was told, and how often what is older is forgotten.
const KEPT: TimeDelta = TimeDelta::days(30);
const FORGET_EVERY: Duration = Duration::from_hours(1);
/// A service that starts again and again says so only so often.
const RESTARTS: TimeDelta = TimeDelta::minutes(10);

/// The sender of a target.
#[derive(Debug)]
struct Sending {
    target: Arc<Target>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

/// Makes messages of what happens.
#[derive(Debug)]
pub(super) struct Teller {
    environment: Environment,
    catalogue: Catalogue,
    parts: Parts,
    ways: Ways,
    troubles: Troubles,
    /// What is wrong with the configuration that was read last.
    rejected: watch::Receiver<Option<String>>,
    /// Counts what was written, to wake the senders.
    written: watch::Sender<u64>,
    /// The configuration whose targets are known.
    known: Option<Arc<Config>>,
    targets: Vec<(Arc<Target>, KnownTarget)>,
    sending: BTreeMap<String, Sending>,
    /// The number of the last event that was told.
    cursor: i64,
    /// What was told to be bad.
    open: BTreeMap<String, Bad>,
    pending: Pending,
    /// When the service started, and when the one before was last alive.
    started: DateTime<Utc>,
    last_alive: Option<DateTime<Utc>>,
    /// When it was looked last, and when old messages were forgotten, in monotonic time.
    looked: Option<Duration>,
    forgotten: Option<Duration>,
}

impl Teller {
    pub fn new(
        environment: Environment,
        catalogue: Catalogue,
        parts: Parts,
        (ways, troubles): (Ways, Troubles),
        rejected: watch::Receiver<Option<String>>,
        (started, last_alive): (DateTime<Utc>, Option<DateTime<Utc>>),
    ) -> Self {
        Self {
            environment,
            catalogue,
            parts,
            ways,
            troubles,
            rejected,
            written: watch::Sender::default(),
            known: None,
            targets: Vec::new(),
            sending: BTreeMap::new(),
            cursor: 0,
            open: BTreeMap::new(),
            pending: Pending::default(),
            started,
            last_alive,
            looked: None,
            forgotten: None,
        }
    }

    /// Tells what happens, until the service stops.
    pub async fn run(mut self, config: watch::Receiver<Arc<Config>>, changes: Changes) {
        let stop = self.environment.stop.clone();
        stop.run_until_cancelled(self.tell_forever(config, changes)).await;
        if self.targets.is_empty() {
            return;
        }
        let remembered = vec![(Remembered::Stopped, self.now().to_rfc3339())];
        if let Err(error) = self.catalogue.tell(Told { remembered, ..Told::default() }, self.now()).await {
            debug!(%error, "that the service stopped in order could not be written");
        }
    }

    async fn tell_forever(&mut self, mut config: watch::Receiver<Arc<Config>>, changes: Changes) {
        let mut happened = changes.listen(None);
        let mut rejected = self.rejected.clone();
        let mut has_failed = false;
        loop {
            let current = Arc::clone(&config.borrow_and_update());
            rejected.mark_unchanged();
            match self.round(&current).await {
                Ok(()) => has_failed = false,
                Err(error) if !has_failed => {
                    warn!(%error, "what happened cannot be told for now; it is told when that has passed");
                    has_failed = true;
                }
                Err(_) => {}
            }
            if self.known.is_some() && self.targets.is_empty() {
                if config.changed().await.is_err() {
                    return;
                }
                continue;
            }
            let finished = async {
                while let Some(topics) = happened.next().await {
                    if topics.contains(&Topic::Recordings) {
                        return;
                    }
                }
                std::future::pending::<()>().await;
            };
            tokio::select! {
                changed = config.changed() => if changed.is_err() { return },
                Ok(()) = rejected.changed() => self.looked = None,
                () = finished => {}
                () = self.environment.clock.sleep(EVERY) => self.looked = None,
            }
        }
    }

    async fn round(&mut self, config: &Arc<Config>) -> Result<(), CatalogueError> {
        if self.known.as_ref().is_none_or(|known| !Arc::ptr_eq(known, config)) {
            self.know(config).await?;
        }
        if self.targets.is_empty() {
            return Ok(());
        }
        self.tell_restart(config).await?;
        self.tell_finished(config).await?;
        let now = self.environment.clock.monotonic();
        if self.looked.is_none_or(|looked| now.saturating_sub(looked) >= EVERY) {
            self.look(config).await?;
            self.looked = Some(now);
        }
        if self.forgotten.is_none_or(|forgotten| now.saturating_sub(forgotten) >= FORGET_EVERY) {
            self.catalogue.forget_messages(self.now() - KEPT).await?;
            self.forgotten = Some(now);
        }
        Ok(())
    }

    /// Takes over the targets of a configuration.
    async fn know(&mut self, config: &Arc<Config>) -> Result<(), CatalogueError> {
        let names = config.notify.iter().map(|target| (target.name.clone(), place(target))).collect();
        let known = self.catalogue.know_targets(names, self.now()).await?;
        let cursor = self.catalogue.remembered(Remembered::Events).await?;
        self.cursor = cursor.and_then(|cursor| cursor.parse().ok()).unwrap_or_default();
        let read = |matter: Matter| Some((matter.key, serde_json::from_str(&matter.body).ok()?));
        self.open = self.catalogue.matters().await?.into_iter().filter_map(read).collect();
        let find = |target: &Arc<Target>| {
            let known = known.iter().find(|known| known.name == target.name)?;
            Some((Arc::clone(target), known.clone()))
        };
        self.targets = config.notify.iter().filter_map(find).collect();
        self.troubles.keep(|name| known.iter().any(|known| known.name == name));
        self.follow();
        self.known = Some(Arc::clone(config));
        Ok(())
    }

    /// Starts senders for targets that are new or have changed, and stops those of others.
    fn follow(&mut self) {
        let targets = &self.targets;
        let is_current = |sending: &Sending| targets.iter().any(|(target, _)| *target == sending.target);
        let mut before = BTreeMap::new();
        for (name, sending) in std::mem::take(&mut self.sending) {
            if is_current(&sending) && !sending.task.is_finished() {
                self.sending.insert(name, sending);
            } else {
                sending.stop.cancel();
                before.insert(name, sending.task);
            }
        }
        for (target, known) in targets {
            let trouble = known.off.clone().map(|words| Trouble { since: self.now(), words, off: true });
            if trouble.is_some() {
                self.troubles.note(&target.name, trouble);
                continue;
            }
            if self.sending.contains_key(&target.name) {
                continue;
            }
            self.troubles.note(&target.name, None);
            let (stop, earlier) = (self.environment.stop.child_token(), before.remove(&target.name));
            let sender = Sender {
                environment: self.environment.clone(),
                catalogue: self.catalogue.clone(),
                ways: self.ways.clone(),
                troubles: self.troubles.clone(),
            };
            let (to, ended, written) = (Arc::clone(target), stop.clone(), self.written.subscribe());
            let task = self.environment.spawn(async move {
                if let Some(earlier) = earlier {
                    // Two at a time would send the same.
                    let _ = earlier.await;
                }
                ended.run_until_cancelled(sender.send(to, written)).await;
            });
            self.sending.insert(target.name.clone(), Sending { target: Arc::clone(target), stop, task });
        }
    }

    /// Tells once that the service runs again, unless it is new here.
    async fn tell_restart(&mut self, config: &Config) -> Result<(), CatalogueError> {
        let Some(alive) = self.last_alive else { return Ok(()) };
        let read = |text: Option<String>| text.and_then(|text| text.parse::<DateTime<Utc>>().ok());
        let stopped = read(self.catalogue.remembered(Remembered::Stopped).await?);
        let told = read(self.catalogue.remembered(Remembered::Restarted).await?);
        let zone = config.timezone;
        let title = match stopped {
            Some(stopped) => Sentence::new("told_restarted").with("from", said_at(stopped, zone)),
            None => Sentence::new("told_died").with("from", said_at(alive, zone)),
        };
        let title = title.with("to", said_at(self.started, zone));
        let (kind, state) = (NoticeKind::Restarted, NoticeState::Once);
        let mut news = News::new(kind, state, "service".to_owned(), self.started, title);
        news.notice.since = Some(stopped.unwrap_or(alive));
        let is_often = told.is_some_and(|told| self.started - told < RESTARTS);
        let mut remembered = vec![(Remembered::Stopped, String::new())];
        let mut messages = Vec::new();
        if !is_often {
            remembered.push((Remembered::Restarted, self.started.to_rfc3339()));
            messages = news.messages(&self.listening());
        }
        self.write(Told { messages, remembered, ..Told::default() }).await?;
        self.last_alive = None;
        Ok(())
    }

    /// Tells of the airings that are over since.
    async fn tell_finished(&mut self, config: &Arc<Config>) -> Result<(), CatalogueError> {
        loop {
            let events = self.catalogue.events_after(self.cursor, EVENTS).await?;
            let Some(last) = events.last().map(|event| event.number) else { return Ok(()) };
            let mut seen = HashSet::new();
            let ids = events.into_iter().map(|event| match event.event {
                Event::AiringFinished { id, .. } => AiringId::new(id),
            });
            let ids = ids.filter(|id| seen.insert(id.clone())).collect();
            let recordings = self.catalogue.get_all(ids).await?;
            let finished = finished::news(&recordings, &self.open, config, &self.parts.store);
            let mut told = Told { remembered: vec![(Remembered::Events, last.to_string())], ..Told::default() };
            for news in &finished.news {
                told.messages.extend(news.messages(&self.listening()));
            }
            let mut open = self.open.clone();
            let is_new = |key: &String, bad: &Bad| {
                let named = |id: &str| self.open.get(key).is_some_and(|known| known.names(id));
                bad.lost.iter().any(|lost| !named(&lost.id))
            };
            let anew = finished.lost.iter().filter(|(key, bad)| is_new(key, bad)).filter_map(|(_, bad)| bad.station());
            let mut concerned = self.parts.concerned(anew.collect(), self.now()).await;
            for (key, mut bad) in finished.lost {
                if is_new(&key, &bad)
                    && let Some(station) = bad.station()
                {
                    let coming = concerned.remove(&station).unwrap_or_default();
                    bad.airings = bad.lost.iter().cloned().chain(coming).collect();
                    bad.told = Some(self.now());
                    told.messages.extend(bad.news(&key, self.now()).messages(&self.listening()));
                }
                told.bad.push(matter(&key, &bad));
                open.insert(key, bad);
            }
            self.write(told).await?;
            (self.open, self.cursor) = (open, last);
        }
    }

    /// Tells what is bad, and what is well again.
    async fn look(&mut self, config: &Arc<Config>) -> Result<(), CatalogueError> {
        let (clock, now) = (&self.environment.clock, self.now());
        let looked = self.parts.look(config, &self.rejected, clock).await;
        let mut open = self.open.clone();
        let mut told = Told::default();
        let (mut down, mut up) = (Vec::new(), Vec::new());
        for change in self.pending.settle(looked, &self.open, clock.monotonic()) {
            match change {
                Change::Begins(key, bad) => {
                    let bad = Bad { told: Some(now), ..*bad };
                    if bad.station.is_some() {
                        down.push((key, bad));
                        continue;
                    }
                    told.messages.extend(bad.news(&key, now).messages(&self.listening()));
                    told.bad.push(matter(&key, &bad));
                    open.insert(key, bad);
                }
                Change::Ends(key) => {
                    let Some(bad) = open.remove(&key) else { continue };
                    if bad.station.is_some() {
                        up.push((key.clone(), bad));
                    } else {
                        told.messages.extend(bad.news_of_end(&key, now).messages(&self.listening()));
                    }
                    told.over.push(key);
                }
            }
        }
        let mut concerned = self.parts.concerned(down.iter().filter_map(|(_, bad)| bad.station()).collect(), now).await;
        for (key, bad) in &mut down {
            bad.airings = bad.station().and_then(|station| concerned.remove(&station)).unwrap_or_default();
            told.bad.push(matter(key, bad));
            open.insert(key.clone(), bad.clone());
        }
        for (stations, state) in [(down, NoticeState::Bad), (up, NoticeState::Well)] {
            let news = match stations.as_slice() {
                [] => continue,
                [(key, bad)] if state == NoticeState::Bad => bad.news(key, now),
                [(key, bad)] => bad.news_of_end(key, now),
                several => {
                    let all: Vec<_> = several.iter().map(|(_, bad)| bad.clone()).collect();
                    Bad::news_of_stations(&all, state, now)
                }
            };
            told.messages.extend(news.messages(&self.listening()));
        }
        // A station that is not in the file any more is nobody's trouble.
        let is_gone = |bad: &Bad| bad.station().is_some_and(|station| config.station(&station).is_none());
        let gone: Vec<_> = open.iter().filter(|(_, bad)| is_gone(bad)).map(|(key, _)| key.clone()).collect();
        for key in gone {
            let news = open.remove(&key).and_then(|bad| bad.news_of_removal(&key, now));
            told.messages.extend(news.iter().flat_map(|news| news.messages(&self.listening())));
            told.over.push(key);
        }
        self.write(told).await?;
        self.open = open;
        Ok(())
    }

    /// Returns the targets that want to be told something.
    fn listening(&self) -> Vec<(Arc<Target>, KnownTarget)> {
        let troubles = self.troubles.all();
        let is_off = |name: &str| troubles.get(name).is_some_and(|trouble| trouble.off);
        self.targets.iter().filter(|(target, _)| !is_off(&target.name)).cloned().collect()
    }

    async fn write(&self, told: Told) -> Result<(), CatalogueError> {
        let any = !told.messages.is_empty();
        self.catalogue.tell(told, self.now()).await?;
        if any {
            self.written.send_modify(|count| *count += 1);
        }
        Ok(())
    }

    fn now(&self) -> DateTime<Utc> {
        self.environment.clock.now()
    }
}

fn matter(key: &str, bad: &Bad) -> Matter {
    // It consists of text and numbers, so this cannot fail.
    Matter { key: key.to_owned(), since: bad.since, body: serde_json::to_string(bad).unwrap_or_default() }
}

/// Returns what changes if a target is told elsewhere, and says nothing of where that is.
fn place(target: &Target) -> String {
    let place = match &target.way {
        Way::Webhook(webhook) => webhook.url.to_string(),
        Way::Run(command) => command.join("\0"),
        Way::Ntfy(ntfy) => format!("{}{}", ntfy.server, ntfy.topic.0),
        Way::Email(email) => {
            let to: Vec<&str> = email.to.iter().map(|to| to.email.as_ref()).collect();
            format!("{} {} {}", email.server.host, email.server.port, to.join(" "))
        }
    };
    sha256(&[place.as_bytes()])
}
