//! What to make of what a station says that it plays.

use chrono::TimeDelta;
use regex::Regex;

/// The rule for the titles of a station.
#[derive(Debug, Clone, Default)]
pub struct TitleRule {
    /// How much later a title comes than the sound that it is about; negative if it comes before that sound.
    pub delay: TimeDelta,
    /// What is no track: adverts, the name of the station.
    pub leave_out: Vec<Regex>,
}

impl TitleRule {
    /// Whether a title with this text is no track.
    pub fn leaves_out(&self, text: &str) -> bool {
        self.leave_out.iter().any(|pattern| pattern.is_match(text))
    }
}
