//! What has changed, told by whoever changed it to whoever wants to know: no one has to look again and again.
//!
//! Only counts are handed on, and only the newest of them. So whoever is slow misses no change, hears of several as one,
//! and holds nobody up.

use std::sync::Arc;

use tokio::sync::watch;

/// Something of which there is a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topic {
    /// What is on the list of recordings, or how it is described there.
    Recordings,
    /// What is on the air, or comes.
    Airings,
    /// The stations, or how they are doing.
    Stations,
    /// The configuration.
    Configuration,
}

impl Topic {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Recordings, Self::Airings, Self::Stations, Self::Configuration];

    /// What it is called where programs read it.
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

/// Tells of changes. Its clones are one.
#[derive(Debug, Clone, Default)]
pub struct Changes(Arc<watch::Sender<Counts>>);

impl Changes {
    /// These have changed.
    pub fn tell(&self, topics: &[Topic]) {
        self.0.send_modify(|counts| {
            for (count, topic) in counts.iter_mut().zip(Topic::ALL) {
                *count += u64::from(topics.contains(&topic));
            }
        });
    }

    /// Hears of what changes after `since`; from now on, where that is not given.
    pub fn listen(&self, since: Option<Counts>) -> Listener {
        let receiver = self.0.subscribe();
        let known = since.unwrap_or_else(|| *receiver.borrow());
        Listener { receiver, known }
    }
}

/// Hears of changes.
#[derive(Debug)]
pub struct Listener {
    receiver: watch::Receiver<Counts>,
    known: Counts,
}

impl Listener {
    /// Waits until something changes; nothing, once nobody can change anything any more. Given up waiting for, nothing is
    /// lost.
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

    /// Whether something has changed since it was asked last, or heard of a change.
    pub fn has_news(&mut self) -> bool {
        let counts = *self.receiver.borrow_and_update();
        std::mem::replace(&mut self.known, counts) != counts
    }

    /// What has been heard of.
    pub fn known(&self) -> Counts {
        self.known
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn whoever_is_slow_hears_of_every_change_once() {
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
