//! Identifiers. Three newtypes over text, so that a show can never be passed where a station is meant.

use std::fmt;

use chrono::{DateTime, NaiveDateTime, Utc};
use serde::Serialize;

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Takes the text as it is: the configuration has checked it, or the catalogue has stored it.
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
    };
}

text_id! {
    /// A station's key in the YAML, such as `kbs-1fm`.
    StationId
}
text_id! {
    /// A show's `id` in the YAML, or the slug of its title.
    ShowId
}
text_id! {
    /// An airing's id, derived from show and start: `show@20261120T0300Z`. An airing has the same id on every machine
    /// and after every restart, so it can be claimed exactly once.
    AiringId
}

impl AiringId {
    /// The id of the airing of `show` that starts at `start`. Crons have a resolution of one minute; seconds are
    /// written only if they are not zero (one-time airings).
    pub fn derive(show: &ShowId, start: DateTime<Utc>) -> Self {
        let stamp = if start.timestamp() % 60 == 0 { "%Y%m%dT%H%MZ" } else { "%Y%m%dT%H%M%SZ" };
        Self(format!("{show}@{}", start.format(stamp)))
    }

    /// What [`AiringId::derive`] made it from, if it did.
    pub fn parts(&self) -> Option<(ShowId, DateTime<Utc>)> {
        let (show, stamp) = self.0.rsplit_once('@')?;
        let format = if stamp.len() > "20261120T0300Z".len() { "%Y%m%dT%H%M%SZ" } else { "%Y%m%dT%H%MZ" };
        let start = NaiveDateTime::parse_from_str(stamp, format).ok()?.and_utc();
        let parts = (ShowId::new(show), start);
        (Self::derive(&parts.0, start) == *self).then_some(parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_airing_id_is_derived_from_show_and_start() {
        let start = "2026-11-20T03:00:00Z".parse().unwrap();
        assert_eq!(AiringId::derive(&ShowId::new("명연주"), start).as_str(), "명연주@20261120T0300Z");
        let odd = "2026-11-20T03:00:07Z".parse().unwrap();
        assert_eq!(AiringId::derive(&ShowId::new("x"), odd).as_str(), "x@20261120T030007Z");
        for (show, start) in [("명연주", start), ("x", odd), ("a@b", odd)] {
            let show = ShowId::new(show);
            assert_eq!(AiringId::derive(&show, start).parts(), Some((show, start)));
        }
        for other in ["", "x", "x@", "x@20261120T030000Z", "x@20261320T0300Z", "x@+20261120T0300Z"] {
            assert_eq!(AiringId::new(other).parts(), None, "{other}");
        }
    }
}
