//! Control by hand: what a person skips, adds, stops and extends.
//!
//! Every change is in the catalogue before it is answered, in one transaction with the claim that it is about, so that it
//! is there after `kill -9`; then whoever records the airing hears of it, and whoever asks for the `Programme`. A change
//! that was begun is carried through also when whoever asked for it goes away.
//!
//! An airing can be skipped until its recording begins, stopped while it is being recorded, and extended until its
//! sound is taken. Skipping one that is on the air is refused and not taken for a stop: who skips wants no recording,
//! who stops wants one.

mod error;
mod wish;

use std::time::Duration;

use chrono::{SubsecRound as _, TimeDelta};
use tracing::{info, warn};

use super::order::Order;
use super::register::{Airings, Turn};
use super::running::Known;
use crate::library::catalogue::CatalogueError;
use crate::model::{Airing, AiringId, Origin, Planned, StationId};

pub use error::ControlError;
pub use wish::{Later, Wish};

/// What is recorded until somebody stops it is stopped after this at the latest.
const UNTIL_STOPPED: Duration = Duration::from_hours(12);
/// How long changes of airings that are over are remembered, for whoever looks back.
const REMEMBERED: TimeDelta = TimeDelta::days(7);

/// More changes are a mistake of a script, and would make every look at the programme slow.
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

    /// Records a station from this second on, or from its first sound on where it has to be connected to for that: for
    /// `length`, or until it is stopped.
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
            let amendment = Planned { until_stopped, connecting_until, ..wish.made(&config)? };
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
            let known = airings.changeable(&id).await?;
            if known.origin == Origin::File {
                return Err(ControlError::OfFile(id));
            }
            airings.not_begun(&known.airing)?;
            airings.shared.catalogue.withdraw(&id).await?;
            airings.shared.running.take_back(&id);
            info!(airing = %id, "removed by hand");
            Ok(airings.read_amendments().await?)
        })
        .await
    }

    /// Skips one airing that has not begun: it is not recorded.
    pub async fn skip(&self, id: AiringId) -> Result<Planned, ControlError> {
        let airings = self.clone();
        self.carry_through(async move {
            let _turn = airings.turn().await;
            let known = airings.changeable(&id).await?;
            if known.skipped {
                return Err(ControlError::Skipped(id));
            }
            airings.not_begun(&known.airing)?;
            airings.ensure_room()?;
            airings.shared.catalogue.amend(&Planned { skipped: true, ..known }).await?;
            airings.shared.running.take_back(&id);
            info!(airing = %id, "skipped by hand");
            airings.read_amendments().await?;
            airings.planned(&id)
        })
        .await
    }

    /// Takes a skip back: the airing is recorded, or what is left of it.
    pub async fn unskip(&self, id: AiringId) -> Result<Planned, ControlError> {
        let airings = self.clone();
        self.carry_through(async move {
            let _turn = airings.turn().await;
            let known = airings.changeable(&id).await?;
            if !known.skipped {
                return Err(ControlError::NotSkipped(id));
            }
            if known.origin == Origin::File && !known.moved {
                airings.shared.catalogue.withdraw(&id).await?;
            } else {
                airings.shared.catalogue.amend(&Planned { skipped: false, ..known }).await?;
            }
            info!(airing = %id, "not skipped any more");
            airings.read_amendments().await?;
            airings.planned(&id)
        })
        .await
    }

    /// Ends an airing that is being recorded at this moment; what is heard until now is published.
    pub async fn stop(&self, id: AiringId) -> Result<Planned, ControlError> {
        let airings = self.clone();
        self.carry_through(async move {
            let turn = airings.turn().await;
            let known = airings.changeable(&id).await?;
            let now = airings.now().trunc_subsecs(3);
            if airings.known(&id).is_none() || known.airing.cut().start >= now {
                return Err(ControlError::NotBegun(id));
            }
            if known.airing.cut().end <= now {
                return Err(ControlError::Finishing(id));
            }
            info!(airing = %id, "stopped by hand");
            let airing = known.airing.stopped(now);
            airings.move_end(&turn, Planned { airing, until_stopped: false, ..known }).await
        })
        .await
    }

    /// Gives an airing a later end.
    pub async fn extend(&self, id: AiringId, later: Later) -> Result<Planned, ControlError> {
        let airings = self.clone();
        self.carry_through(async move {
            let turn = airings.turn().await;
            let known = airings.changeable(&id).await?;
            if known.skipped {
                return Err(ControlError::Skipped(id));
            }
            let end = wish::later_end(&known, later, airings.now())?;
            info!(airing = %id, %end, "extended by hand");
            let until_stopped = known.until_stopped && matches!(later, Later::By(_));
            airings.move_end(&turn, Planned { airing: known.airing.until(end), until_stopped, ..known }).await
        })
        .await
    }

    /// Forgets changes of airings that are long over.
    pub async fn forget_old_changes(&self) {
        let forgotten = self.shared.catalogue.forget_amendments(self.now() - REMEMBERED).await;
        let published = match forgotten {
            Ok(0) => return,
            Ok(_) => self.read_amendments().await,
            Err(error) => Err(error),
        };
        if let Err(error) = published {
            warn!(%error, "changes by hand that are over could not be forgotten");
        }
    }

    /// What is known of an airing that is not over, as it is now.
    async fn changeable(&self, id: &AiringId) -> Result<Planned, ControlError> {
        let planned = self.programme().get(id);
        match self.known(id) {
            Some(Known::Frozen) => return Err(ControlError::Finishing(id.clone())),
            Some(Known::Open(airing)) => {
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

    fn not_begun(&self, airing: &Airing) -> Result<(), ControlError> {
        if self.is_recording(&airing.id) { Err(ControlError::Recording(airing.id.clone())) } else { Ok(()) }
    }

    /// Whether there is room for one more change.
    fn ensure_room(&self) -> Result<(), ControlError> {
        if self.amendments().iter().count() < MOST { Ok(()) } else { Err(ControlError::TooMany(MOST)) }
    }

    /// Writes down an airing that is new.
    async fn insert(&self, amendment: &Planned) -> Result<(), ControlError> {
        self.ensure_room()?;
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

    /// Runs `change` to its end, whether or not somebody still waits for it.
    async fn carry_through<T: Send + 'static>(
        &self,
        change: impl Future<Output = Result<T, ControlError>> + Send + 'static,
    ) -> Result<T, ControlError> {
        let changed = self.shared.environment.tasks.spawn(change).await;
        changed.unwrap_or_else(|_| Err(CatalogueError::Stopping.into()))
    }
}
