//! The JSON of the account of a tape.

use serde::Serialize;
use utoipa::ToSchema;

use super::recording::{Missing, Silent, stamp};
use crate::account::{Account, ListedReel, Verified};
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
    /// The reels on which sound of that time may be, the oldest first, each with its checksum.
    pub reels: Vec<TapeReel>,
    /// How the reels compare with their seals; absent if they were not compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verified: Option<TapeVerified>,
}

/// A reel and its checksum.
#[derive(Debug, Serialize, ToSchema)]
pub struct TapeReel {
    /// Its file name.
    pub reel: String,
    /// The length of its sound file when it was sealed, in bytes; null if it is not sealed yet.
    pub bytes: Option<u64>,
    /// The SHA-256 of its sound file when it was sealed, in hexadecimal digits; null if it is not sealed yet.
    pub sha256: Option<String>,
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
    /// Returns the account of a tape of `station` with its `reels`, by the clock of `zone`.
    pub fn of(station: &str, account: &Account, reels: &[ListedReel], verified: Option<&Verified>, zone: Zone) -> Self {
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
            reels: reels.iter().map(TapeReel::of).collect(),
            verified: verified.map(TapeVerified::of),
        }
    }
}

impl TapeAccount {
    /// Writes the account of a tape as it is copied to an object store.
    pub fn json(station: &str, account: &Account, reels: &[ListedReel], zone: Zone) -> Vec<u8> {
        // It consists of texts and finite numbers, so this cannot fail.
        serde_json::to_vec(&Self::of(station, account, reels, None, zone)).unwrap_or_default()
    }
}

impl TapeReel {
    fn of(listed: &ListedReel) -> Self {
        let sum = listed.sum.as_ref();
        Self { reel: listed.name.clone(), bytes: sum.map(|sum| sum.bytes), sha256: sum.map(|sum| sum.sha256.clone()) }
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
