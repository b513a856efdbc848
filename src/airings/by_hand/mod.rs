//! Changes by hand: a person skips, adds, stops and extends airings.
//!
//! Every change is in the catalogue before it is answered, in one transaction with the claim that it changes, so that
//! it survives `kill -9`. Then the task of the airing gets it, and the `Programme` has it. A change that was begun is
//! carried through even if the client disconnects.
//!
//! An airing can be skipped until its recording begins, stopped while it is being recorded, and extended until its
//! sound is complete. A skip is refused once the recording has begun, and never treated as a stop: a person who skips
//! wants no recording, a person who stops wants one.

mod error;
mod wish;

use std::time::Duration;

use chrono::{SubsecRound as _, TimeDelta};
use tracing::{info, warn};

use super::order::Order;
use super::register::{Airings, Turn};
use super::running::EditState;
use crate::library::catalogue::CatalogueError;
use crate::model::{Airing, AiringId, Origin, Planned, StationId};

pub use error::ControlError;
pub use wish::{Later, Wish, title_line};

/// The longest recording that runs until somebody stops it.
const UNTIL_STOPPED: Duration = Duration::from_hours(12);
/// How long changes of past airings are remembered, for the schedule of past days.
const REMEMBERED: TimeDelta = TimeDelta::days(7);

/// The most changes by hand. More are a mistake of a script, and would make every look at the programme slow.
const MOST: usize = 1_000;

impl Airings {
    /// Adds a one-time airing.
    pub async fn add(&self, wish: Wish) -> Result<Planned, ControlError> {
        let airings = self.clone();
        self.carry_through(async move {
            let _turn = airings.turn().await;
            let amendment = wish.amendment(&airings.config(), airings.now())?;
            airings.insert(&amendment).await?;
            info!(airing = %amendment.airing.id, "added by hand");
            airings.planned(&amendment.airing.id)
        })
        .await
    }

    /// Records a station for `length`, or until it is stopped. The recording begins at this second or, if the station
    /// has yet to be connected to, with its first sound.
    pub async fn record(
        &self,
        station: StationId,
        length: Option<Duration>,
        title: Option<String>,
    ) -> Result<Planned, ControlError> {
        let airings = self.clone();
        self.carry_through(async move {
            let turn = airings.turn().await;
            let config = airings.config();
            let found = config.station(&station).ok_or(ControlError::NoStation(station))?;
            let (station, name) = (found.id.clone(), &found.name);
            let start = airings.now().trunc_subsecs(0);
            let connecting_until = airings.connecting_until(&station);
            let title = title.unwrap_or_else(|| name.clone());
            let wish = Wish::Free { title, station, start, length: length.unwrap_or(UNTIL_STOPPED) };
            let until_stopped = length.is_none();
            let amendment = Planned { until_stopped, connecting_until, ..wish.amendment_at_any_time(&config)? };
            airings.insert(&amendment).await?;
            if let Some(order) = Order::of(&config, &amendment.airing, &amendment.title) {
                airings.claim(&turn, vec![order]).await?;
            }
            airings.planned(&amendment.airing.id)
        })
        .await
    }

    /// Removes a one-time airing that has not begun.
    pub async fn remove(&self, id: AiringId) -> Result<(), ControlError> {
        let airings = self.clone();
        self.carry_through(async move {
            let _turn = airings.turn().await;
            let planned = airings.changeable(&id).await?;
            if planned.origin == Origin::File {
                return Err(ControlError::OfFile(id));
            }
            airings.refuse_if_begun(&planned.airing)?;
            airings.shared.catalogue.withdraw(&id).await?;
            airings.shared.running.take_back(&id);
            info!(airing = %id, "removed by hand");
            Ok(airings.read_amendments().await?)
        })
        .await
    }

    /// Skips one airing that has not begun, so that it is not recorded.
    pub async fn skip(&self, id: AiringId) -> Result<Planned, ControlError> {
        let airings = self.clone();
        self.carry_through(async move {
            let _turn = airings.turn().await;
            let planned = airings.changeable(&id).await?;
            if planned.skipped {
                return Err(ControlError::Skipped(id));
            }
            airings.refuse_if_begun(&planned.airing)?;
            airings.refuse_if_full()?;
            airings.shared.catalogue.amend(&Planned { skipped: true, ..planned }).await?;
            airings.shared.running.take_back(&id);
            info!(airing = %id, "skipped by hand");
            airings.read_amendments().await?;
            airings.planned(&id)
        })
        .await
    }

    /// Takes a skip back, so that the airing, or what is left of it, is recorded.
    pub async fn unskip(&self, id: AiringId) -> Result<Planned, ControlError> {
        let airings = self.clone();
        self.carry_through(async move {
            let _turn = airings.turn().await;
            let planned = airings.changeable(&id).await?;
            if !planned.skipped {
                return Err(ControlError::NotSkipped(id));
            }
            if planned.origin == Origin::File && !planned.moved {
                airings.shared.catalogue.withdraw(&id).await?;
            } else {
                airings.shared.catalogue.amend(&Planned { skipped: false, ..planned }).await?;
            }
            info!(airing = %id, "not skipped any more");
            airings.read_amendments().await?;
            airings.planned(&id)
        })
        .await
    }

    /// Ends an airing that is being recorded at this moment; its sound until now becomes the recording.
    pub async fn stop(&self, id: AiringId) -> Result<Planned, ControlError> {
        let airings = self.clone();
        self.carry_through(async move {
            let turn = airings.turn().await;
            let planned = airings.changeable(&id).await?;
            let now = airings.now().trunc_subsecs(3);
            if airings.edit_state(&id).is_none() || planned.airing.cut().start >= now {
                return Err(ControlError::NotBegun(id));
            }
            if planned.airing.cut().end <= now {
                return Err(ControlError::Finishing(id));
            }
            info!(airing = %id, "stopped by hand");
            let airing = planned.airing.stopped(now);
            airings.move_end(&turn, Planned { airing, until_stopped: false, ..planned }).await
        })
        .await
    }

    /// Gives an airing a later end.
    pub async fn extend(&self, id: AiringId, later: Later) -> Result<Planned, ControlError> {
        let airings = self.clone();
        self.carry_through(async move {
            let turn = airings.turn().await;
            let planned = airings.changeable(&id).await?;
            if planned.skipped {
                return Err(ControlError::Skipped(id));
            }
            let end = wish::later_end(&planned, later, airings.now())?;
            info!(airing = %id, %end, "extended by hand");
            let until_stopped = planned.until_stopped && matches!(later, Later::By(_));
            airings.move_end(&turn, Planned { airing: planned.airing.until(end), until_stopped, ..planned }).await
        })
        .await
    }

    /// Deletes the changes of airings that have been over for so long that nobody looks back at them.
    pub async fn forget_old_changes(&self) {
        let forgotten = self.shared.catalogue.forget_amendments(self.now() - REMEMBERED).await;
        let published = match forgotten {
            Ok(0) => return,
            Ok(_) => self.read_amendments().await,
            Err(error) => Err(error),
        };
        if let Err(error) = published {
            warn!(%error, "old changes by hand could not be deleted");
        }
    }

    /// Returns an airing that can still be changed, as it is now.
    async fn changeable(&self, id: &AiringId) -> Result<Planned, ControlError> {
        let planned = self.programme().get(id);
        match self.edit_state(id) {
            Some(EditState::Frozen) => return Err(ControlError::Finishing(id.clone())),
            Some(EditState::Open(airing)) => {
                let none = || ControlError::NoAiring(id.clone());
                return planned.map(|planned| Planned { airing, ..planned }).ok_or_else(none);
            }
            None if self.shared.catalogue.get(id).await?.is_some() => return Err(ControlError::Over(id.clone())),
            None => {}
        }
        let planned = planned.ok_or_else(|| ControlError::NoAiring(id.clone()))?;
        if planned.airing.cut().end <= self.now() {
            return Err(ControlError::Over(id.clone()));
        }
        Ok(planned)
    }

    /// Refuses an airing whose recording has begun.
    fn refuse_if_begun(&self, airing: &Airing) -> Result<(), ControlError> {
        if self.is_recording(&airing.id) { Err(ControlError::Recording(airing.id.clone())) } else { Ok(()) }
    }

    /// Refuses one more change if there are [`MOST`] already.
    fn refuse_if_full(&self) -> Result<(), ControlError> {
        if self.amendments().iter().count() < MOST { Ok(()) } else { Err(ControlError::TooMany(MOST)) }
    }

    /// Writes a new airing to the catalogue.
    async fn insert(&self, amendment: &Planned) -> Result<(), ControlError> {
        self.refuse_if_full()?;
        let id = &amendment.airing.id;
        if self.programme().get(id).is_some()
            || self.amendments().get(id).is_some()
            || self.shared.catalogue.get(id).await?.is_some()
        {
            return Err(ControlError::Taken(id.clone()));
        }
        self.shared.catalogue.amend(amendment).await?;
        Ok(self.read_amendments().await?)
    }

    async fn move_end(&self, turn: &Turn<'_>, planned: Planned) -> Result<Planned, ControlError> {
        let planned = Planned { moved: true, ..planned };
        self.amend(turn, &planned).await?;
        Ok(planned)
    }

    fn planned(&self, id: &AiringId) -> Result<Planned, ControlError> {
        self.programme().get(id).ok_or_else(|| ControlError::NoAiring(id.clone()))
    }

    /// Runs `change` to its end, whether or not the caller still waits for it.
    async fn carry_through<T: Send + 'static>(
        &self,
        change: impl Future<Output = Result<T, ControlError>> + Send + 'static,
    ) -> Result<T, ControlError> {
        let changed = self.shared.environment.spawn(change).await;
        changed.unwrap_or_else(|_| Err(CatalogueError::Stopping.into()))
    }
}
