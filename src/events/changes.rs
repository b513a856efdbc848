//! Announcements of changes: whoever changes a list announces it, so that nobody has to poll.
//!
//! A listener gets counts, and only the newest ones. So a slow listener misses no change, sees several changes as one,
//! and delays nobody.

use std::sync::Arc;

use tokio::sync::watch;

/// Something of which there is a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topic {
    /// The list of recordings, and what it says of each.
    Recordings,
    /// The airings that are on the air or come next.
    Airings,
    /// The stations and their state.
    Stations,
    /// The configuration.
    Configuration,
}

impl Topic {
    /// All topics.
    pub const ALL: [Self; 4] = [Self::Recordings, Self::Airings, Self::Stations, Self::Configuration];

    /// Returns the name that programs read.
    pub fn word(self) -> &'static str {
        match self {
            Self::Recordings => "recordings",
            Self::Airings => "airings",
            Self::Stations => "stations",
            Self::Configuration => "configuration",
        }
    }
}

/// How often each of [`Topic::ALL`] has changed.
pub type Counts = [u64; Topic::ALL.len()];

/// Announces changes. Clones share their channels.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    counts: Arc<watch::Sender<Counts>>,
    /// The number of the newest transition of a job.
    newest: Arc<watch::Sender<i64>>,
}

impl Changes {
    /// Announces that the lists of `topics` have changed.
    pub fn tell(&self, topics: &[Topic]) {
        if topics.is_empty() {
            return;
        }
        self.counts.send_modify(|counts| {
            for (count, topic) in counts.iter_mut().zip(Topic::ALL) {
                *count += u64::from(topics.contains(&topic));
            }
        });
    }

    /// Announces that jobs have come into other states: the newest transition has this number.
    pub fn transitioned(&self, newest: i64) {
        self.newest.send_if_modified(|known| {
            let is_news = newest > *known;
            *known = newest.max(*known);
            is_news
        });
    }

    /// Returns a receiver of the number of the newest transition.
    pub fn transitions(&self) -> watch::Receiver<i64> {
        self.newest.subscribe()
    }

    /// Returns a listener for what changes after `since`, or after now if `since` is `None`.
    pub fn listen(&self, since: Option<Counts>) -> Listener {
        let receiver = self.counts.subscribe();
        let known = since.unwrap_or_else(|| *receiver.borrow());
        Listener { receiver, known }
    }
}

/// Waits for changes.
#[derive(Debug)]
pub struct Listener {
    receiver: watch::Receiver<Counts>,
    known: Counts,
}

impl Listener {
    /// Waits until something changes, and returns the topics. `None` once all [`Changes`] are dropped. Cancel-safe: no
    /// change is lost.
    pub async fn next(&mut self) -> Option<Vec<Topic>> {
        loop {
            let counts = *self.receiver.borrow_and_update();
            if counts != self.known {
                let known = std::mem::replace(&mut self.known, counts);
                let both = known.into_iter().zip(counts).zip(Topic::ALL);
                return Some(both.filter(|((old, new), _)| old != new).map(|(_, topic)| topic).collect());
            }
            self.receiver.changed().await.ok()?;
        }
    }

    /// Returns whether something has changed since the last call of this or of [`next`](Self::next).
    pub fn has_news(&mut self) -> bool {
        let counts = *self.receiver.borrow_and_update();
        std::mem::replace(&mut self.known, counts) != counts
    }

    /// Returns the counts that this listener has seen.
    pub fn known(&self) -> Counts {
        self.known
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_slow_listener_hears_of_every_change_once() {
        let changes = Changes::default();
        changes.tell(&[Topic::Airings]);
        let mut listener = changes.listen(None);
        changes.tell(&[Topic::Stations]);
        changes.tell(&[Topic::Recordings, Topic::Stations]);
        assert_eq!(listener.next().await.unwrap(), [Topic::Recordings, Topic::Stations]);
        changes.tell(&[Topic::Airings]);
        assert_eq!(listener.next().await.unwrap(), [Topic::Airings]);
        let mut later = changes.listen(Some([0, 1, 2, 0]));
        assert_eq!(later.next().await.unwrap(), [Topic::Recordings, Topic::Airings]);
        assert_eq!(later.known(), listener.known());
        assert!(!listener.has_news());
        changes.tell(&[Topic::Stations]);
        assert!(listener.has_news() && !listener.has_news());
        assert_eq!(later.next().await.unwrap(), [Topic::Stations]);
        drop(changes);
        assert_eq!(later.next().await, None);
    }
}
