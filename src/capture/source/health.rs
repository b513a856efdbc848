//! How a source is: nothing but what its events say, so that it can be asked of any source, without a tape.

use chrono::{DateTime, Utc};

use crate::model::{Cause, MediaEvent};

/// How a source is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Health {
    /// When its newest sound arrived; `None` if none has come.
    pub heard: Option<DateTime<Utc>>,
    /// Since when and why there is no sound, if that is so; the cause is the newest.
    pub trouble: Option<(DateTime<Utc>, Cause)>,
}

impl Health {
    /// Takes the next event of the source.
    pub(super) fn observe(&mut self, event: &MediaEvent) {
        match event {
            MediaEvent::Chunk(chunk) => *self = Self { heard: Some(chunk.arrived), trouble: None },
            MediaEvent::Trouble { at, cause } => {
                let since = self.trouble.take().map_or(*at, |(since, _)| since);
                self.trouble = Some((since, cause.clone()));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use chrono::TimeDelta;

    use super::*;
    use crate::model::{CauseKind, Chunk};

    #[test]
    fn a_source_is_in_trouble_from_the_first_failure_to_the_next_sound() {
        let at = |seconds| DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds);
        let cause = |words: &str| Cause::new(CauseKind::Refused, words);
        let trouble = |seconds, words| MediaEvent::Trouble { at: at(seconds), cause: cause(words) };
        let chunk = |seconds| MediaEvent::Chunk(Chunk::new("sound", Duration::from_secs(1), at(seconds)));
        let mut health = Health::default();
        for event in [trouble(1, "503"), trouble(2, "404"), MediaEvent::NewSound] {
            health.observe(&event);
        }
        assert_eq!(health, Health { heard: None, trouble: Some((at(1), cause("404"))) });
        health.observe(&chunk(3));
        assert_eq!(health, Health { heard: Some(at(3)), trouble: None });
        health.observe(&trouble(4, "503"));
        assert_eq!(health, Health { heard: Some(at(3)), trouble: Some((at(4), cause("503"))) });
    }
}
