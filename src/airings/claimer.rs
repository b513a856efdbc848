//! The claimer: claims what is due, in a task of its own.
//!
//! The daemon says once a second that it is time to look, and waits for nothing: a disk that hangs under the catalogue
//! holds up claims, but neither a signal to stop nor a reload. Looks that come meanwhile are one look, at the time of the
//! last.

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::watch;

use super::Airings;
use super::agenda::Agenda;

/// Has claimed what is due.
#[derive(Debug)]
pub struct Claimer(watch::Sender<Look>);

/// A look at the agenda.
#[derive(Debug, Clone, Copy, Default)]
struct Look {
    at: DateTime<Utc>,
    /// How often the clock was set before.
    clock_sets: u32,
}

impl Claimer {
    /// Begins, until the process stops. An airing is claimed by `lead` before its cut begins.
    pub fn start(airings: &Airings, lead: TimeDelta) -> Self {
        let (looks, heard) = watch::channel(Look::default());
        let (stop, claiming) = (airings.shared.environment.stop.clone(), claim(airings.clone(), lead, heard));
        airings.shared.environment.spawn(async move { stop.run_until_cancelled_owned(claiming).await });
        Self(looks)
    }

    /// Has claimed what is due at `at`.
    pub fn look(&self, at: DateTime<Utc>) {
        self.0.send_modify(|look| look.at = at);
    }

    /// Has claimed what is due at `at` by a clock that was set. One look, because a look at the time of before would pass
    /// over what the new time still has ahead.
    pub fn clock_was_set(&self, at: DateTime<Utc>) {
        self.0.send_modify(|look| *look = Look { at, clock_sets: look.clock_sets + 1 });
    }
}

async fn claim(airings: Airings, lead: TimeDelta, mut looks: watch::Receiver<Look>) {
    let (mut agenda, mut clock_sets) = (Agenda::default(), 0);
    while looks.changed().await.is_ok() {
        let look = *looks.borrow_and_update();
        if look.clock_sets != clock_sets {
            clock_sets = look.clock_sets;
            agenda.clock_was_set();
        }
        airings.claim_due(&mut agenda, look.at, lead).await;
    }
}
