//! A cron expression as crontab means it, with the zone kept apart.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

/// Five fields of crontab, parsed.
#[derive(Debug, Clone)]
pub struct Crontab {
    text: String,
}

impl Crontab {
    /// As written in the file.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The first start strictly after `after`, by the clocks of `zone`.
    pub fn next_after(&self, _after: DateTime<Utc>, _zone: Tz) -> Option<DateTime<Utc>> {
        None
    }
}
