//! The JSON of the account of a tape.

use serde::Serialize;
use utoipa::ToSchema;

use super::recording::{Missing, Silent, stamp};
use crate::account::{Account, Verified};
use crate::base::zone::Zone;
use crate::tape::Damage;

/// The account of a stretch of tape. Times are RFC 3339, by the station's clock.
#[derive(Debug, Serialize, ToSchema)]
pub struct TapeAccount {
    /// The station's id.
    pub station: String,
    /// From when on it is accounted for.
    #[schema(format = DateTime)]
    pub start: String,
    /// Until when.
    #[schema(format = DateTime)]
    pub end: String,
    /// How much of that was to be on tape, in seconds.
    pub wanted: f64,
    /// How much is, in seconds.
    pub on_tape: f64,
    /// How much is, in percent of what was to be, never rounded up.
    pub percent: f64,
    /// What is missing.
    pub missing: Vec<Missing>,
    /// The dead air, as far as it is known.
    pub silent: Vec<Silent>,
    /// Since when aircheck was not running, each time.
    pub restarts: Vec<String>,
    /// How the reels compare with their seals; absent if they were not compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verified: Option<TapeVerified>,
}

/// How reels compare with their seals.
#[derive(Debug, Serialize, ToSchema)]
pub struct TapeVerified {
    /// How many were compared.
    pub reels: usize,
    /// How many bytes of sound they are to hold.
    pub bytes: u64,
    /// Those that are not as they were sealed.
    pub damaged: Vec<Damaged>,
    /// The newest word of the seals. Who keeps it can tell later whether anything before it was changed.
    pub seal: Option<String>,
}

/// A reel that is not as it was sealed.
#[derive(Debug, Serialize, ToSchema)]
pub struct Damaged {
    /// Its file name.
    pub reel: String,
    /// What is wrong, in one word: `missing`, `sound`, `index` or `seals`.
    pub damage: &'static str,
}

impl TapeAccount {
    /// Returns the account of a tape of `station`, by the clock of `zone`.
    pub fn of(station: &str, account: &Account, verified: Option<&Verified>, zone: Zone) -> Self {
        Self {
            station: station.to_owned(),
            start: stamp(account.span.start, zone),
            end: stamp(account.span.end, zone),
            wanted: account.wanted.as_secs_f64(),
            on_tape: account.on_tape.as_secs_f64(),
            percent: f64::from(account.millipercent()) / 1000.0,
            missing: account.holes.iter().map(|gap| Missing::of(gap, zone)).collect(),
            silent: account.dead_air.iter().map(|dead| Silent::of(dead, zone)).collect(),
            restarts: account.restarts.iter().map(|at| stamp(*at, zone)).collect(),
            verified: verified.map(TapeVerified::of),
        }
    }
}

impl TapeVerified {
    fn of(verified: &Verified) -> Self {
        let damaged = |(reel, damage): &(String, Damage)| Damaged { reel: reel.clone(), damage: damage.name() };
        Self {
            reels: verified.reels,
            bytes: verified.bytes,
            damaged: verified.damaged.iter().map(damaged).collect(),
            seal: verified.seal.clone(),
        }
    }
}
