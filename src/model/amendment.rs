//! What a person changed by hand about what is recorded.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::{Airing, AiringId};

/// A change by hand of one airing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Amendment {
    /// The airing with the change. If it is a [`Origin::File`] airing, only its id counts, and its end if it was
    /// [`moved`](Self::moved): everything else is as the file says.
    pub airing: Airing,
    /// Its title, for people.
    pub title: String,
    /// Where the airing comes from.
    pub origin: Origin,
    /// Whether it is not to be recorded.
    pub skipped: bool,
    /// Whether its end was set by hand.
    pub moved: bool,
    /// Whether it goes on until somebody stops it; its end is then only a bound.
    pub until_stopped: bool,
    /// Set while its station is being connected to: the airing begins with the first sound that comes until then, not
    /// before.
    pub connecting_until: Option<DateTime<Utc>>,
}

/// Where an airing comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// From the cron of a show in the YAML.
    File,
    /// It was added by hand, and airs once.
    Hand,
}

impl Origin {
    /// The word, as the catalogue and JSON store it.
    pub fn word(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Hand => "hand",
        }
    }
}

/// Everything that was changed by hand, by airing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Amendments(BTreeMap<AiringId, Amendment>);

impl Amendments {
    /// The change of one airing, if there is one.
    pub fn get(&self, id: &AiringId) -> Option<&Amendment> {
        self.0.get(id)
    }

    /// All of them, by the ids of their airings.
    pub fn iter(&self) -> impl Iterator<Item = &Amendment> {
        self.0.values()
    }
}

impl FromIterator<Amendment> for Amendments {
    fn from_iter<T: IntoIterator<Item = Amendment>>(amendments: T) -> Self {
        Self(amendments.into_iter().map(|amendment| (amendment.airing.id.clone(), amendment)).collect())
    }
}
