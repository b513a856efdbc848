//! What happens to renditions without anybody asking: those of recordings that are gone are deleted, and those of new
//! recordings are made ahead, if the configuration says so.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use tracing::{debug, info};

use super::cache::Source;
use super::shared::Renditions;
use crate::config::HlsRule;
use crate::events::{Changes, Listener, Topic};
use crate::library::catalogue::{Filter, Recording};

/// How often it is looked without a change: somebody may have replaced a file.
const EVERY: Duration = Duration::from_hours(1);
/// How long it is waited after a change: many come together.
const SETTLES: Duration = Duration::from_secs(2);
/// How new a recording is of which renditions are made ahead. What was deleted to make room is not made again and again.
const NEW: TimeDelta = TimeDelta::days(1);
/// How many new recordings are looked at.
const MOST: u32 = 200;

impl Renditions {
    /// Deletes the renditions of recordings that are deleted, in the bin or cut again, until the process stops.
    pub async fn keep_clean(self, changes: Changes) {
        let mut listener = changes.listen(None);
        loop {
            self.clean().await;
            tokio::select! {
                () = self.shared.environment.stop.cancelled() => return,
                () = self.shared.environment.clock.sleep(EVERY) => {}
                () = until_news(&mut listener) => {}
            }
        }
    }

    /// Makes the renditions of recordings that have just been finished, if the configuration says so, until the process
    /// stops.
    pub async fn make_ahead(self, changes: Changes) {
        let (mut listener, mut done) = (changes.listen(None), HashSet::new());
        let stop = self.shared.environment.stop.clone();
        loop {
            if let Some(rule) = self.rule().filter(|rule| rule.ahead)
                && stop.run_until_cancelled(self.make_new(&rule, &mut done)).await.is_none()
            {
                return;
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = until_news(&mut listener) => self.shared.environment.clock.sleep(SETTLES).await,
            }
        }
    }

    /// Makes the renditions of new recordings that are not `done`.
    async fn make_new(&self, rule: &HlsRule, done: &mut HashSet<(Arc<str>, Vec<u32>)>) {
        let since = self.shared.now() - NEW;
        let filter = Filter { playable: true, limit: Some(MOST), ..Filter::default() };
        let recordings = match self.shared.catalogue.list(&filter).await {
            Ok(recordings) => recordings,
            Err(error) => return debug!(%error, "renditions cannot be made ahead"),
        };
        let new = |recording: &Recording| recording.finished_at.is_some_and(|at| at >= since);
        let before = std::mem::take(done);
        for recording in recordings.into_iter().rev().filter(new) {
            let rendered = match self.of(&recording).await {
                Ok(Some(rendered)) => rendered,
                Ok(None) => continue,
                Err(error) => {
                    debug!(recording = %recording.id, %error, "renditions cannot be made ahead");
                    continue;
                }
            };
            let which = (rendered.version().into(), rule.rates.clone());
            let is_done = before.contains(&which);
            done.insert(which);
            if is_done {
                continue;
            }
            match rendered.make_all().await {
                Ok(()) => info!(recording = %recording.id, "renditions are made"),
                // The log has the reason.
                Err(error) => debug!(recording = %recording.id, %error, "renditions could not be made ahead"),
            }
        }
    }

    /// Deletes what nobody can ask for any more.
    pub(super) async fn clean(&self) {
        let rule = self.rule();
        let mut gone = Vec::new();
        let sources = self.shared.state().cache.sources();
        for (version, source) in sources {
            let is_current = match &rule {
                Some(rule) => self.is_current(&version, &source, rule).await,
                None => false,
            };
            if !is_current {
                gone.push(version);
            }
        }
        let deleting = self.shared.deleting.lock().await;
        {
            let state = &mut *self.shared.state();
            for version in &gone {
                state.cache.forget_version(version);
            }
            let making: HashSet<Arc<str>> = state.making.keys().map(|place| Arc::clone(&place.version)).collect();
            gone.extend(state.cache.forget_idle(|version| making.contains(version)));
        }
        self.shared.delete(gone.iter().map(|version| self.shared.folder.join(&**version)).collect()).await;
        drop(deleting);
        self.shared.keep_within(rule.map_or(0, |rule| rule.cache)).await;
    }

    /// Returns whether a recording still has the file of which a version is. What cannot be found out counts as yes: a share
    /// may be away.
    async fn is_current(&self, version: &str, source: &Source, rule: &HlsRule) -> bool {
        let Ok(found) = self.shared.catalogue.get(&source.id()).await else { return true };
        let listed = found.filter(|recording| recording.deleted_at.is_none() && recording.binned.is_none());
        let Some(recording) = listed else { return false };
        let Some(file) = &recording.file else { return false };
        match self.shared.store.open(file).await {
            Ok(Some(reading)) => Source::version(&recording.id, reading.etag(), rule.segment.as_secs()) == version,
            Ok(None) | Err(_) => true,
        }
    }
}

/// Waits until recordings or the configuration have changed.
async fn until_news(listener: &mut Listener) {
    loop {
        match listener.next().await {
            Some(topics) if topics.iter().any(|topic| matches!(topic, Topic::Recordings | Topic::Configuration)) => {
                return;
            }
            Some(_) => {}
            None => std::future::pending::<()>().await,
        }
    }
}
