//! Control by hand: what a person skips, adds, stops and extends.
//!
//! Every change is in the catalogue before it is answered, in one transaction with the claim that it is about, so that it
//! is there after `kill -9`; then whoever records the airing hears of it, and whoever asks for the [`Programme`]. A change
//! that was begun is carried through also when whoever asked for it goes away.
//!
//! An airing can be skipped until its recording begins, stopped while it is being recorded, and extended until its
//! sound is taken. Skipping one that is on the air is refused and not taken for a stop: who skips wants no recording,
//! who stops wants one.

mod error;
mod wish;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};
use tokio::sync::watch;
use tracing::{info, warn};

use super::order::Order;
use super::{Recorder, Turn};
use crate::airings::programme::{Planned, Programme};
use crate::base::environment::Environment;
use crate::config::Config;
use crate::library::catalogue::{Catalogue, CatalogueError};
use crate::model::{Airing, AiringId, Amendment, Amendments, Origin, StationId};

pub use error::ControlError;
pub use wish::{Later, Wish};

/// What is recorded until somebody stops it is stopped after this at the latest.
const UNTIL_STOPPED: Duration = Duration::from_hours(12);
/// Changes of airings that are over are remembered for so long, for whoever looks back.
const REMEMBERED: TimeDelta = TimeDelta::days(7);

/// More changes are a mistake of a script, and would make every look at the programme slow.
const MOST: usize = 1_000;

/// Changes by hand; cheap to clone.
#[derive(Debug, Clone)]
pub struct Control {
    recorder: Arc<Recorder>,
    catalogue: Catalogue,
    environment: Environment,
    config: watch::Receiver<Arc<Config>>,
}

impl Control {
    /// With the changes of before.
    pub async fn open(
        recorder: Arc<Recorder>,
        catalogue: Catalogue,
        environment: Environment,
        config: watch::Receiver<Arc<Config>>,
    ) -> Result<Self, CatalogueError> {
        recorder.tell_amendments().await?;
        Ok(Self { recorder, catalogue, environment, config })
    }

    /// The programme as it is now.
    pub fn programme(&self) -> Programme {
        let recording = self.recorder.recording().into_iter().map(|current| (current.airing, current.title));
        self.plan().with_recording(recording)
    }

    /// The programme without what is being recorded: it is another one only after a reload or a change by hand.
    pub fn plan(&self) -> Programme {
        Programme::new(self.config(), Arc::clone(&self.recorder.amendments.borrow()))
    }

    /// Tells of every change by hand.
    pub fn changes(&self) -> watch::Receiver<Arc<Amendments>> {
        self.recorder.amendments.subscribe()
    }

    /// Adds a one-time airing.
    pub async fn add(&self, wish: Wish) -> Result<Planned, ControlError> {
        let control = self.clone();
        self.carry_through(async move {
            let _turn = control.recorder.turn().await;
            let amendment = wish.amendment(&control.config(), control.now())?;
            control.insert(&amendment).await?;
            info!(airing = %amendment.airing.id, "added by hand");
            control.planned(&amendment.airing.id)
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
        let control = self.clone();
        self.carry_through(async move {
            let turn = control.recorder.turn().await;
            let config = control.config();
            let found = config.station(&station).ok_or(ControlError::NoStation(station))?;
            let (station, name) = (found.id.clone(), &found.name);
            let start = control.now().trunc_subsecs(0);
            let connecting_until = control.recorder.connecting_until(&station);
            let title = title.unwrap_or_else(|| name.clone());
            let wish = Wish::Free { title, station, start, length: length.unwrap_or(UNTIL_STOPPED) };
            let until_stopped = length.is_none();
            let amendment = Amendment { until_stopped, connecting_until, ..wish.made(&config)? };
            control.insert(&amendment).await?;
            if let Some(order) = Order::of(&config, &amendment.airing, &amendment.title) {
                control.recorder.begin(&turn, [order]).await?;
            }
            control.planned(&amendment.airing.id)
        })
        .await
    }

    /// Removes a one-time airing that has not begun.
    pub async fn remove(&self, id: AiringId) -> Result<(), ControlError> {
        let control = self.clone();
        self.carry_through(async move {
            let _turn = control.recorder.turn().await;
            let known = control.known(&id).await?;
            if known.origin == Origin::File {
                return Err(ControlError::OfFile(id));
            }
            control.not_begun(&known.airing)?;
            control.catalogue.withdraw(&id).await?;
            control.recorder.live.take_back(&id);
            info!(airing = %id, "removed by hand");
            control.tell().await
        })
        .await
    }

    /// Skips one airing that has not begun: it is not recorded.
    pub async fn skip(&self, id: AiringId) -> Result<Planned, ControlError> {
        let control = self.clone();
        self.carry_through(async move {
            let _turn = control.recorder.turn().await;
            let known = control.known(&id).await?;
            if known.skipped {
                return Err(ControlError::Skipped(id));
            }
            control.not_begun(&known.airing)?;
            control.ensure_room()?;
            control.catalogue.amend(&Amendment { skipped: true, ..known.amendment() }).await?;
            control.recorder.live.take_back(&id);
            info!(airing = %id, "skipped by hand");
            control.tell().await?;
            control.planned(&id)
        })
        .await
    }

    /// Takes a skip back: the airing is recorded, or what is left of it.
    pub async fn unskip(&self, id: AiringId) -> Result<Planned, ControlError> {
        let control = self.clone();
        self.carry_through(async move {
            let _turn = control.recorder.turn().await;
            let known = control.known(&id).await?;
            if !known.skipped {
                return Err(ControlError::NotSkipped(id));
            }
            if known.origin == Origin::File && !known.moved {
                control.catalogue.withdraw(&id).await?;
            } else {
                control.catalogue.amend(&Amendment { skipped: false, ..known.amendment() }).await?;
            }
            info!(airing = %id, "not skipped any more");
            control.tell().await?;
            control.planned(&id)
        })
        .await
    }

    /// Ends an airing that is being recorded at this moment; what is heard until now is published.
    pub async fn stop(&self, id: AiringId) -> Result<Planned, ControlError> {
        let control = self.clone();
        self.carry_through(async move {
            let turn = control.recorder.turn().await;
            let known = control.known(&id).await?;
            let now = control.now().trunc_subsecs(3);
            if control.recorder.live.get(&id).is_none() || known.airing.cut().start >= now {
                return Err(ControlError::NotBegun(id));
            }
            if known.airing.cut().end <= now {
                return Err(ControlError::Finishing(id));
            }
            info!(airing = %id, "stopped by hand");
            let airing = known.airing.stopped(now);
            control.move_end(&turn, Planned { airing, until_stopped: false, ..known }).await
        })
        .await
    }

    /// Gives an airing a later end.
    pub async fn extend(&self, id: AiringId, later: Later) -> Result<Planned, ControlError> {
        let control = self.clone();
        self.carry_through(async move {
            let turn = control.recorder.turn().await;
            let known = control.known(&id).await?;
            if known.skipped {
                return Err(ControlError::Skipped(id));
            }
            let end = wish::later_end(&known, later, control.now())?;
            info!(airing = %id, %end, "extended by hand");
            let until_stopped = known.until_stopped && matches!(later, Later::By(_));
            control.move_end(&turn, Planned { airing: known.airing.until(end), until_stopped, ..known }).await
        })
        .await
    }

    /// Whether the recording of an airing has begun and can still be changed.
    pub fn is_recording(&self, id: &AiringId) -> bool {
        let now = self.now();
        self.recorder.live.get(id).is_some_and(|(airing, _)| airing.cut().start <= now)
    }

    /// Forgets changes of airings that are long over.
    pub async fn clean(&self) {
        let forgotten = self.catalogue.forget_amendments(self.now() - REMEMBERED).await;
        let told = match forgotten {
            Ok(0) => return,
            Ok(_) => self.tell().await,
            Err(error) => Err(error.into()),
        };
        if let Err(error) = told {
            warn!(%error, "changes by hand that are over could not be forgotten");
        }
    }

    /// What is known of an airing that is not over, as it is now.
    async fn known(&self, id: &AiringId) -> Result<Planned, ControlError> {
        let planned = self.programme().get(id);
        match self.recorder.live.get(id) {
            Some((_, true)) => return Err(ControlError::Finishing(id.clone())),
            Some((airing, false)) => {
                let none = || ControlError::NoAiring(id.clone());
                return planned.map(|planned| Planned { airing, ..planned }).ok_or_else(none);
            }
            None if self.catalogue.get(id).await?.is_some() => return Err(ControlError::Over(id.clone())),
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
        if self.recorder.amendments.borrow().iter().count() < MOST { Ok(()) } else { Err(ControlError::TooMany(MOST)) }
    }

    /// Writes down an airing that is new.
    async fn insert(&self, amendment: &Amendment) -> Result<(), ControlError> {
        self.ensure_room()?;
        let id = &amendment.airing.id;
        if self.programme().get(id).is_some()
            || self.recorder.amendments.borrow().get(id).is_some()
            || self.catalogue.get(id).await?.is_some()
        {
            return Err(ControlError::Taken(id.clone()));
        }
        self.catalogue.amend(amendment).await?;
        self.tell().await
    }

    async fn move_end(&self, turn: &Turn<'_>, planned: Planned) -> Result<Planned, ControlError> {
        let planned = Planned { moved: true, ..planned };
        self.recorder.amend(turn, &planned.clone().amendment()).await?;
        Ok(planned)
    }

    /// Makes known what the catalogue says now.
    async fn tell(&self) -> Result<(), ControlError> {
        Ok(self.recorder.tell_amendments().await?)
    }

    fn planned(&self, id: &AiringId) -> Result<Planned, ControlError> {
        self.programme().get(id).ok_or_else(|| ControlError::NoAiring(id.clone()))
    }

    /// Runs `change` to its end, whether or not somebody still waits for it.
    async fn carry_through<T: Send + 'static>(
        &self,
        change: impl Future<Output = Result<T, ControlError>> + Send + 'static,
    ) -> Result<T, ControlError> {
        let changed = self.environment.tasks.spawn(change).await;
        changed.unwrap_or_else(|_| Err(CatalogueError::Stopping.into()))
    }

    fn config(&self) -> Arc<Config> {
        Arc::clone(&self.config.borrow())
    }

    fn now(&self) -> DateTime<Utc> {
        self.environment.clock.now()
    }
}
