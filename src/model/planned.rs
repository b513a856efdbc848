//! An airing as it is planned, and what a person changed by hand.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::{Airing, AiringId};

/// An airing as it is planned, with what a person changed of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// The airing, with its new end if it has one. In [`Amendments`] only the id of an [`Origin::File`] airing counts, and its
    /// end if that was [`moved`](Self::moved): the file says everything else.
    pub airing: Airing,
    /// Its title, for people.
    pub title: String,
    /// Where the airing comes from.
    pub origin: Origin,
    /// Whether a person skips it: it is not recorded.
    pub skipped: bool,
    /// Whether a person set its end.
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
pub struct Amendments(BTreeMap<AiringId, Planned>);

impl Amendments {
    /// The change of one airing, if there is one.
    pub fn get(&self, id: &AiringId) -> Option<&Planned> {
        self.0.get(id)
    }

    /// All of them, by the ids of their airings.
    pub fn iter(&self) -> impl Iterator<Item = &Planned> {
        self.0.values()
    }
}

impl FromIterator<Planned> for Amendments {
    fn from_iter<T: IntoIterator<Item = Planned>>(amendments: T) -> Self {
        Self(amendments.into_iter().map(|amendment| (amendment.airing.id.clone(), amendment)).collect())
    }
}
