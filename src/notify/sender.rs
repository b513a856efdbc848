//! The sender of one target: one message after another, in their order. A target that is away holds up only its own.
//!
//! A message that was sent is written down as sent; a process that dies in between sends it again, under the same id.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::watch;
use tracing::{debug, info, warn};

use super::answer::Answer;
use super::retry;
use super::ways::{Letter, Ways};
use crate::base::environment::Environment;
use crate::config::Target;
use crate::library::catalogue::{Catalogue, CatalogueError, Message};

/// The pause after the catalogue could not be read or written.
const PAUSE: Duration = Duration::from_secs(10);
/// The longest sleep in one go: the clock may be set meanwhile.
const STEP: Duration = Duration::from_mins(5);
/// Messages older than this are not tried any more once one try has failed: they were waiting for others.
const TOO_OLD: TimeDelta = TimeDelta::hours(80);

/// Why a target cannot be told anything at the moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// Since when.
    pub since: DateTime<Utc>,
    /// Why, in words.
    pub words: String,
    /// Whether it does not want to be told anything any more.
    pub off: bool,
}

/// The troubles of all targets, by their names.
#[derive(Debug, Clone, Default)]
pub(super) struct Troubles(Arc<Mutex<BTreeMap<String, Trouble>>>);

impl Troubles {
    /// Returns all of them.
    pub fn all(&self) -> BTreeMap<String, Trouble> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes what is wrong with a target. `None`: nothing is. Returns whether that is new.
    pub fn note(&self, target: &str, trouble: Option<Trouble>) -> bool {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = all.remove(target);
        let is_new = known.is_some() != trouble.is_some();
        if let Some(mut trouble) = trouble {
            trouble.since = known.filter(|known| !known.off).map_or(trouble.since, |known| known.since);
            all.insert(target.to_owned(), trouble);
        }
        is_new
    }

    /// Forgets all targets but these.
    pub fn keep(&self, is_known: impl Fn(&str) -> bool) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|name, _| is_known(name));
    }
}

/// What every sender needs.
#[derive(Debug, Clone)]
pub(super) struct Sender {
    pub environment: Environment,
    pub catalogue: Catalogue,
    pub ways: Ways,
    pub troubles: Troubles,
}

impl Sender {
    /// Sends what waits for `target`, until nobody holds the future any more, or until the target does not want anything
    /// any more. `written` wakes it when messages were written.
    pub async fn send(self, target: Arc<Target>, mut written: watch::Receiver<u64>) {
        loop {
            written.mark_unchanged();
            let message = match self.catalogue.next_message(&target.name).await {
                Ok(Some(message)) => message,
                Ok(None) => {
                    if written.changed().await.is_err() {
                        return;
                    }
                    continue;
                }
                Err(error) => {
                    warn!(target_name = target.name, %error, "what is to be told cannot be read");
                    self.environment.clock.sleep(PAUSE).await;
                    continue;
                }
            };
            let left = message.next_try.and_then(|next| (next - self.now()).to_std().ok());
            if let Some(pause) = left.filter(|left| !left.is_zero()) {
                self.environment.clock.sleep(pause.min(STEP)).await;
                continue;
            }
            let answer = match serde_json::from_str(&message.body) {
                Ok(notice) => self.ways.tell(&target, &Letter { id: message.id.clone(), notice }).await,
                Err(error) => Answer::Refused(format!("it cannot be read: {error}")),
            };
            let is_gone = matches!(answer, Answer::Gone(_));
            self.write(&target, &message, answer).await;
            if is_gone {
                return;
            }
        }
    }

    /// Writes what became of a message, until the catalogue takes it: else it would be sent once more.
    async fn write(&self, target: &Target, message: &Message, answer: Answer) {
        let Message { number, id, tries, created, .. } = message;
        let (now, name) = (self.now(), target.name.as_str());
        let next = match &answer {
            Answer::Later { after, .. } if now - *created < TOO_OLD => {
                retry::pause(tries + 1).map(|pause| pause.max(after.unwrap_or_default()))
            }
            _ => None,
        };
        self.note(name, &answer, next, now);
        debug!(target_name = name, %id, words = answer.words(), "told");
        loop {
            let words = || answer.words().to_owned();
            let written = match (&answer, next) {
                (Answer::Taken(_), _) => self.catalogue.message_sent(*number, None, now).await,
                (Answer::Partly(words), _) => self.catalogue.message_sent(*number, Some(words.clone()), now).await,
                (Answer::Gone(words), _) => self.catalogue.switch_off_target(name, words, now).await,
                (Answer::Later { .. }, Some(pause)) => self.postpone(*number, words(), now, pause).await,
                (Answer::Later { .. } | Answer::Refused(_), _) => {
                    self.catalogue.drop_message(*number, words(), now).await
                }
            };
            match written {
                Ok(()) => return,
                Err(error) => warn!(target_name = name, %id, %error, "what became of a message cannot be written"),
            }
            self.environment.clock.sleep(PAUSE).await;
        }
    }

    async fn postpone(
        &self,
        number: i64,
        why: String,
        now: DateTime<Utc>,
        pause: Duration,
    ) -> Result<(), CatalogueError> {
        let next = TimeDelta::from_std(pause).ok().and_then(|pause| now.checked_add_signed(pause)).unwrap_or(now);
        self.catalogue.postpone_message(number, why, next).await
    }

    /// Notes and logs how the target is.
    fn note(&self, name: &str, answer: &Answer, next: Option<Duration>, now: DateTime<Utc>) {
        let trouble = |off| Some(Trouble { since: now, words: answer.words().to_owned(), off });
        match answer {
            Answer::Taken(_) => {
                if self.troubles.note(name, None) {
                    info!(target_name = name, "the target takes messages again");
                }
            }
            Answer::Partly(why) => {
                self.troubles.note(name, trouble(false));
                warn!(target_name = name, %why, "a message does not reach everybody");
            }
            Answer::Later { why, .. } => {
                let is_new = self.troubles.note(name, trouble(false));
                if next.is_none() {
                    warn!(target_name = name, %why, "a message to the target has waited too long, and is given up");
                } else if is_new {
                    warn!(target_name = name, %why, "the target does not take a message; it is tried again");
                }
            }
            Answer::Refused(why) => {
                self.troubles.note(name, trouble(false));
                warn!(target_name = name, %why, "the target refuses a message, which is given up");
            }
            Answer::Gone(why) => {
                self.troubles.note(name, trouble(true));
                warn!(target_name = name, %why, "the target wants no messages any more, and is switched off");
            }
        }
    }

    fn now(&self) -> DateTime<Utc> {
        self.environment.clock.now()
    }
}
