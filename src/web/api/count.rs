//! How many are asked for.

use serde::Deserialize;

/// The most that is answered at once.
const MOST: u32 = 500;

/// How many, from 1 to [`MOST`].
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Count(u32);

impl Count {
    /// So many where none are asked for.
    pub(super) const fn usual(count: u32) -> Self {
        Self(count)
    }

    /// The number.
    pub(super) fn get(self) -> u32 {
        self.0
    }
}

impl TryFrom<String> for Count {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let within = text.parse().ok().filter(|count| (1..=MOST).contains(count));
        within.map(Self).ok_or_else(|| format!("{text:?} is not a number from 1 to {MOST}"))
    }
}
