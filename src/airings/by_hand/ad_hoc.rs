//! Recording a station that is not in the file: somebody says how to reach it, for one recording.
//!
//! The station is in the catalogue before its recording is, and from then on in the configuration under an id that no file
//! can have, so that a restart goes on with it. It is forgotten, and its tape is deleted, when its recordings have been
//! over for as long as tape is kept (`housekeeping`).

use std::time::Duration;

use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};
use serde_json::Value;
use tracing::info;

use super::error::ControlError;
use super::now::RecordNow;
use super::past::Added;
use super::wish::title_line;
use crate::airings::Airings;
use crate::airings::register::Turn;
use crate::base::http::HttpError;
use crate::config::{Address, Config, Station};
use crate::library::catalogue::{AskedStation, CatalogueError};
use crate::model::StationId;

/// The most stations that are not in the file, those whose recordings were over not long ago among them. More are a mistake
/// of a script.
const MOST: usize = 200;

/// A recording of a station that is not in the file.
#[derive(Debug, Clone, PartialEq)]
pub struct AdHoc {
    /// How to reach the station: JSON with the keys that a station of the file has.
    pub source: Value,
    /// For how long; `None` means until it is stopped.
    pub length: Option<Duration>,
    /// Its title; `None` means the name of the station.
    pub title: Option<String>,
}

impl Airings {
    /// Records a station that is not in the file, from now on.
    pub async fn record_ad_hoc(&self, asked: AdHoc) -> Result<Added, ControlError> {
        let airings = self.clone();
        self.carry_through(async move {
            let config = airings.config();
            if !config.web.ad_hoc {
                return Err(ControlError::AdHocOff);
            }
            let title = asked.title.as_deref().map(title_line).transpose().map_err(ControlError::Wrong)?;
            let AdHoc { source, length, .. } = asked;
            let station = config.ad_hoc_station(&StationId::new(""), &source).map_err(ControlError::Source)?;
            refuse_near(&station).await?;
            let turn = airings.turn().await;
            airings.refuse_if_full()?;
            let id = airings.add_station(&turn, &source, &station).await?;
            let wanted = RecordNow { station: id.clone(), since: None, length, title };
            let recorded = airings.record_in_turn(&turn, wanted, None).await;
            if recorded.is_err() {
                airings.forget_ad_hoc(&id).await?;
            }
            recorded
        })
        .await
    }

    /// Forgets a station that is not in the file.
    pub async fn forget_ad_hoc(&self, id: &StationId) -> Result<(), CatalogueError> {
        self.shared.catalogue.forget_station(id).await?;
        self.shared.config.send_modify(|config| *config = config.without_ad_hoc(id).into());
        Ok(())
    }

    /// Adds a station under an id of its own, which it returns.
    async fn add_station(
        &self,
        _turn: &Turn<'_>,
        source: &Value,
        station: &Station,
    ) -> Result<StationId, ControlError> {
        if self.config().ad_hoc.len() >= MOST {
            return Err(ControlError::TooManyAdHoc(MOST));
        }
        let asked_at = self.now();
        let mut second: DateTime<Utc> = asked_at.trunc_subsecs(0);
        loop {
            let id = Config::ad_hoc_id(second);
            let asked = AskedStation { id: id.clone(), source: source.to_string(), asked_at };
            if self.shared.catalogue.ask_station(asked).await? {
                info!(station = %id, name = station.name, "somebody asks for a station that is not in the file");
                let station = Station { id: id.clone(), ..station.clone() };
                self.shared.config.send_modify(|config| *config = config.with_ad_hoc(station).into());
                return Ok(id);
            }
            // Several are asked for in one second.
            second += TimeDelta::seconds(1);
        }
    }
}

/// Refuses a station at an address that the file does not allow, before anything is done: whoever asks should not have to
/// look for it among the gaps. Each connection is checked again. A name that cannot be looked up now may be later.
async fn refuse_near(station: &Station) -> Result<(), ControlError> {
    let Address::Url(url) = station.source.address() else { return Ok(()) };
    match station.source.reach().pinned(url).await {
        Err(HttpError::OutOfReach { reason, .. }) => Err(ControlError::SourceNear(reason)),
        _ => Ok(()),
    }
}
