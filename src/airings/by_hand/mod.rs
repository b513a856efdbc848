//! Changes by hand: a person skips, adds, stops and extends airings.
//!
//! Every change is in the catalogue before it is answered, in one transaction with the claim that it changes, so that
//! it survives `kill -9`. Then the task of the airing gets it, and the `Programme` has it. A change that was begun is
//! carried through even if the client disconnects.
//!
//! An airing can be skipped until its recording begins, stopped while it is being recorded, and extended until its
//! sound is complete. A skip is refused once the recording has begun, and never treated as a stop: a person who skips
//! wants no recording, a person who stops wants one.
//!
//! An airing may be added while it is on the air: what is on tape of it is in its recording ([`Past`]).

mod ad_hoc;
mod error;
mod now;
mod past;
mod wish;

use chrono::{SubsecRound as _, TimeDelta};
use tracing::{info, warn};

use super::order::Order;
use super::register::{Airings, Turn};
use super::running::EditState;
use crate::library::catalogue::CatalogueError;
use crate::model::{Airing, AiringId, Origin, Planned, Span};

pub use ad_hoc::AdHoc;
pub use error::ControlError;
pub use now::RecordNow;
pub use past::{Added, Past};
pub use wish::{Later, Wish, title_line};

/// How long changes of past airings are remembered, for the schedule of past days.
const REMEMBERED: TimeDelta = TimeDelta::days(7);

/// The most changes by hand. More are a mistake of a script, and would make every look at the programme slow.
const MOST: usize = 1_000;

impl Airings {
    /// Adds a one-time airing that is not over. If it has begun, it is recorded with what is on tape of it.
    pub async fn add(&self, wish: Wish) -> Result<Added, ControlError> {
        let airings = self.clone();
        self.carry_through(async move {
            let past = airings.past_of(&wish.amendment(&airings.config(), airings.now())?.airing).await;
            let turn = airings.turn().await;
            let (config, now) = (airings.config(), airings.now());
            let amendment = wish.amendment(&config, now)?;
            airings.insert(&amendment).await?;
            let Planned { airing, title, .. } = &amendment;
            info!(airing = %airing.id, "added by hand");
            if airing.cut().start <= now {
                airings.claim(&turn, Order::of(&config, airing, title).into_iter().collect()).await?;
            }
            Ok(Added { planned: airings.planned(&airing.id)?, past })
        })
        .await
    }

    /// Returns what there is of an airing that has begun. `None` if it has not, or if its tape cannot be read.
    async fn past_of(&self, airing: &Airing) -> Option<Past> {
        let (config, now, cut) = (self.config(), self.now(), airing.cut());
        let station = config.station(&airing.station).filter(|_| cut.start < now)?;
        let kept = self.kept_of(station, Span::new(cut.start, cut.end.min(now))).await;
        let kept = kept.inspect_err(|error| warn!(airing = %airing.id, %error, "what is on tape of it is not known"));
        Some(kept.ok()?.past(station, cut.start, now))
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
            airings.shared.catalogue.withdraw(&id, airings.now()).await?;
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
            airings.shared.catalogue.amend(&Planned { skipped: true, ..planned }, airings.now()).await?;
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
                airings.shared.catalogue.withdraw(&id, airings.now()).await?;
            } else {
                airings.shared.catalogue.amend(&Planned { skipped: false, ..planned }, airings.now()).await?;
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
        self.shared.catalogue.amend(amendment, self.now()).await?;
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
