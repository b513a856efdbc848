//! The rules by which recordings are deleted, in words.

use std::fmt;
use std::time::Duration;

use crate::base::readable;
use crate::config::{Keep, keep_text};
use crate::model::{ShowId, StationId};

/// What a bound on the size is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bound {
    /// The recordings of a show.
    Show(ShowId),
    /// Those of all shows of a station.
    Station(StationId),
    /// Those of all shows.
    All,
}

/// A rule that deletes a recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rule {
    /// The show keeps others.
    Show {
        /// The show.
        show: ShowId,
        /// What it keeps.
        keep: Keep,
    },
    /// Newer recordings take all that they may.
    Size {
        /// Which of them.
        bound: Bound,
        /// The bytes that they may take.
        most: u64,
    },
    /// The clip was made long ago.
    Clips {
        /// How long clips are kept.
        kept: Duration,
    },
}

impl Rule {
    /// Returns its name for programs.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Show { .. } => "show",
            Self::Size { bound: Bound::Show(_), .. } => "show_size",
            Self::Size { bound: Bound::Station(_), .. } => "station_size",
            Self::Size { bound: Bound::All, .. } => "total_size",
            Self::Clips { .. } => "clips",
        }
    }
}

/// Returns a size in the largest unit in which it is a whole number, as it was probably written in the file.
fn as_written(bytes: u64) -> String {
    let units =
        [(1 << 40, "TiB"), (1_000_000_000_000, "TB"), (1 << 30, "GiB"), (1_000_000_000, "GB"), (1 << 20, "MiB")];
    let units = units.into_iter().chain([(1_000_000, "MB"), (1_000, "kB")]);
    let whole = units.into_iter().find(|(unit, _)| bytes >= *unit && bytes.is_multiple_of(*unit));
    whole.map_or_else(|| readable::bytes(bytes), |(unit, name)| format!("{} {name}", bytes / unit))
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Show { show, keep } => {
                let last = keep.last.map(|last| format!("last: {last}"));
                let days = keep.days.map(|days| format!("days: {days}"));
                let until = keep.until_heard.then(|| "until: heard".to_owned());
                let parts: Vec<_> = [last, days, until].into_iter().flatten().collect();
                write!(f, "`keep: {{ {} }}` of the show `{show}` does not keep it", parts.join(", "))
            }
            Self::Size { bound, most } => {
                let size = as_written(*most);
                match bound {
                    Bound::Show(show) => write!(f, "newer recordings of the show `{show}` take up its {size}"),
                    Bound::Station(station) => {
                        write!(f, "newer recordings of the station `{station}` take up its {size}")
                    }
                    Bound::All => write!(f, "newer recordings take up the {size} that all may have"),
                }
            }
            Self::Clips { kept } => write!(f, "`keep: {{ clips: {} }}` does not keep it", keep_text(*kept)),
        }
    }
}
