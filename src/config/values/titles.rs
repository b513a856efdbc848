//! What to make of what a station says that it plays, and where to ask for it.

use std::time::Duration;

use chrono::TimeDelta;
use regex::Regex;

use super::{Complaint, Find, units};

/// How often titles are asked for, unless the file says otherwise.
pub const USUAL: Duration = Duration::from_secs(20);
/// The bounds of that: what is asked for more often burdens the station, and what is asked for more seldom says little.
const BOUNDS: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(600));

/// The rule for the titles of a station.
#[derive(Debug, Clone, Default)]
pub struct TitleRule {
    /// How much later a title comes than the sound that it is about; negative if it comes before that sound.
    pub delay: TimeDelta,
    /// What is no track: adverts, the name of the station.
    pub leave_out: Vec<Regex>,
    /// Where to ask for the titles, in the place of those that come with the sound. `None` if those count.
    pub asked: Option<TitleAddress>,
}

/// Where to ask for the titles of a station.
#[derive(Debug, Clone, PartialEq)]
pub struct TitleAddress {
    /// The steps that find what plays; at least one.
    pub steps: Vec<Find>,
    /// How often to ask.
    pub every: Duration,
}

impl TitleRule {
    /// Whether a title with this text is no track.
    pub fn leaves_out(&self, text: &str) -> bool {
        self.leave_out.iter().any(|pattern| pattern.is_match(text))
    }
}

/// Parses how often to ask for titles: `20s`.
pub fn every(text: &str) -> Result<Duration, Complaint> {
    let (least, most) = BOUNDS;
    let every = units::duration(text)?;
    let (word, bound) = match every {
        every if every < least => ("often", least),
        every if every > most => ("seldom", most),
        every => return Ok(every),
    };
    let (given, bound) = (text.trim(), units::words(bound));
    let complaint = Complaint::new(format!("`{given}` is too {word}: titles are asked for every 5s to every 10m"));
    Err(complaint.suggest([bound]))
}
