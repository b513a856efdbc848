//! Needs: from when on somebody who is no airing needs the tape of a station, such as a clip that is still to be made.
//! What is needed is not deleted.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use chrono::{DateTime, Utc};

use crate::model::StationId;

/// All needs, by station.
#[derive(Debug, Default)]
pub(super) struct Needs(Mutex<HashMap<StationId, Vec<Weak<DateTime<Utc>>>>>);

/// Keeps the tape of a station from an instant on, for as long as it is held.
#[derive(Debug)]
pub struct Need(#[expect(dead_code, reason = "it is held")] Arc<DateTime<Utc>>);

impl Needs {
    /// Adds a need of the tape of `station` from `since` on.
    pub(super) fn add(&self, station: &StationId, since: DateTime<Utc>) -> Need {
        let need = Arc::new(since);
        self.all().entry(station.clone()).or_default().push(Arc::downgrade(&need));
        Need(need)
    }

    /// Returns from when on the tape of `station` is needed.
    pub(super) fn earliest(&self, station: &StationId) -> Option<DateTime<Utc>> {
        let mut all = self.all();
        let of_station = all.get_mut(station)?;
        of_station.retain(|need| need.strong_count() > 0);
        let earliest = of_station.iter().filter_map(Weak::upgrade).map(|need| *need).min();
        if of_station.is_empty() {
            all.remove(station);
        }
        earliest
    }

    fn all(&self) -> MutexGuard<'_, HashMap<StationId, Vec<Weak<DateTime<Utc>>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn a_tape_is_needed_from_the_earliest_instant_on_that_somebody_still_needs() {
        let (needs, station) = (Needs::default(), StationId::new("s"));
        let at = |hours| DateTime::UNIX_EPOCH + TimeDelta::hours(hours);
        assert_eq!(needs.earliest(&station), None);
        let (late, early) = (needs.add(&station, at(9)), needs.add(&station, at(5)));
        assert_eq!(needs.earliest(&station), Some(at(5)));
        assert_eq!(needs.earliest(&StationId::new("other")), None);
        drop(early);
        assert_eq!(needs.earliest(&station), Some(at(9)));
        drop(late);
        assert_eq!(needs.earliest(&station), None);
    }
}
