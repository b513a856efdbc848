//! Stations that are always on tape: holds a lease on each at the hours of its rule, whether or not a show is on the air.
//!
//! Each station has a task of its own, so that a tape whose disk hangs delays no other station. A lease reaches back to
//! the newest sound on the tape, so that a restart of the service loses nothing that the station still offers.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Timelike as _, Utc};
use tokio::sync::watch;
use tracing::error;

use super::deck::{Decks, Lease};
use crate::base::duration::delta;
use crate::base::environment::Environment;
use crate::config::{AlwaysTaped, Config, Station};
use crate::model::StationId;
use crate::tape::TapeError;

/// The wait before a tape that could not be opened is tried again.
const PAUSE: Duration = Duration::from_secs(10);

/// Keeps the stations of `config` on tape that have a rule for it, until the process stops.
pub async fn keep_on_tape(decks: Decks, mut config: watch::Receiver<Arc<Config>>, environment: Environment) {
    let mut kept: HashSet<StationId> = HashSet::new();
    loop {
        let stations = Arc::clone(&config.borrow_and_update());
        for station in stations.stations.iter().filter(|station| station.tape.is_some()) {
            if kept.insert(station.id.clone()) {
                let stop = environment.stop.clone();
                let keeping = keep(station.id.clone(), decks.clone(), config.clone(), environment.clone());
                environment.spawn(async move { stop.run_until_cancelled_owned(keeping).await.unwrap_or_default() });
            }
        }
        match environment.stop.run_until_cancelled(config.changed()).await {
            Some(Ok(())) => {}
            _ => return,
        }
    }
}

/// Keeps one station on tape whenever the configuration has a rule for it.
async fn keep(id: StationId, decks: Decks, mut config: watch::Receiver<Arc<Config>>, environment: Environment) {
    let (mut lease, mut logged) = (None, false);
    loop {
        let station = config.borrow_and_update().station(&id).cloned();
        let Some((station, rule)) = station.and_then(|station| Some((Arc::clone(&station), station.tape.clone()?)))
        else {
            lease = None;
            if config.changed().await.is_err() {
                return;
            }
            continue;
        };
        let now = environment.clock.now();
        let pause = match hold(&decks, &station, &rule, &mut lease, now).await {
            Ok(()) => {
                logged = false;
                until_next_minute(now)
            }
            Err(error) => {
                if !std::mem::replace(&mut logged, true) {
                    error!(station = %id, %error, "it cannot be kept on tape; retrying");
                }
                PAUSE
            }
        };
        let is_settled = !logged && rule.hours.is_all();
        tokio::select! {
            changed = config.changed() => if changed.is_err() { return },
            () = environment.clock.sleep(pause), if !is_settled => {}
        }
    }
}

/// Has `station` leased if it is taped at `now` by `rule`, and gives the lease back if it is not.
async fn hold(
    decks: &Decks,
    station: &Arc<Station>,
    rule: &AlwaysTaped,
    lease: &mut Option<Lease>,
    now: DateTime<Utc>,
) -> Result<(), TapeError> {
    decks.promise(station, rule.keep).await?;
    if !rule.hours.contains(now.with_timezone(&station.timezone).time()) {
        *lease = None;
    } else if lease.is_none() {
        let heard = decks.tape(station).await?.heard();
        let since = heard.map_or(now, |heard| heard.clamp(now - delta(rule.keep), now));
        *lease = Some(decks.lease(station, since).await?);
    }
    Ok(())
}

/// How long it is from `now` to the next full minute.
fn until_next_minute(now: DateTime<Utc>) -> Duration {
    let passed = TimeDelta::seconds(now.second().into()) + TimeDelta::nanoseconds(now.nanosecond().into());
    (TimeDelta::minutes(1) - passed).to_std().unwrap_or(PAUSE)
}
