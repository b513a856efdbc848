//! All sound of a reel, for decoders: entry by entry in the order of the index, whatever their dates say. So the neighbours
//! of the reel play no part in it.

use std::sync::Arc;
use std::time::Duration;

use super::{Run, Step};
use crate::tape::index::entry::Entry;

/// All sound of a reel.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReelSound {
    /// What to decode. A run ends where media time breaks or something is missing; positions leave out what is missing.
    pub steps: Vec<Step>,
    /// How long it plays.
    pub length: Duration,
}

impl ReelSound {
    /// What begins at `position` or later, with positions that count from the first of it. Returns where that is, too.
    #[must_use]
    pub fn split_off(self, position: Duration) -> (Duration, Self) {
        let mut rest = Self::default();
        let (mut at, mut begin, mut latest) = (Duration::ZERO, position, None);
        for step in self.steps {
            match step {
                Step::Run(run) if at < position => latest = Some(run),
                Step::Feed { duration, .. } if at < position => at = at.saturating_add(duration),
                step => {
                    if rest.steps.is_empty() {
                        begin = at;
                        let is_run = matches!(step, Step::Run(_));
                        let run = latest.take().filter(|_| !is_run);
                        rest.steps.extend(run.map(|run| Step::Run(Run { at: Duration::ZERO, ..run })));
                    }
                    if let Step::Feed { duration, .. } = &step {
                        rest.length = rest.length.saturating_add(*duration);
                        at = at.saturating_add(*duration);
                    }
                    rest.steps.push(match step {
                        Step::Run(run) => Step::Run(Run { at: run.at.saturating_sub(begin), ..run }),
                        step => step,
                    });
                }
            }
        }
        (begin, rest)
    }
}

/// The sound of the reel with these `entries`.
pub fn sound_of<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> ReelSound {
    let mut whole = ReelSound::default();
    let mut broken = true;
    for entry in entries {
        let Ok(sound) = &entry.sound else {
            broken = true;
            continue;
        };
        // What the station puts right behind the sound before, one decoder decodes in one go, as in a cut.
        if broken || entry.discontinuity && !entry.follows {
            let reel = Arc::clone(&sound.reel);
            let run = Run { reel, skip: Duration::ZERO, at: whole.length, missing: Duration::ZERO };
            whole.steps.push(Step::Run(run));
        }
        whole.steps.push(Step::Feed { sound: sound.clone(), duration: entry.duration });
        whole.length = whole.length.saturating_add(entry.duration);
        broken = false;
    }
    whole
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use chrono::DateTime;

    use super::*;
    use crate::model::{Cause, Container};
    use crate::tape::index::entry::{Reel, Sound};

    #[test]
    fn a_reel_is_decoded_in_its_own_order_and_positions_leave_out_what_is_missing() {
        let path = PathBuf::from("/tape/20261120T030004Z.aac");
        let reel = Arc::new(Reel { path, container: Container::Adts, detail: String::new(), init: 0, head: None });
        let sound = |offset| Ok(Sound { reel: Arc::clone(&reel), offset, length: 100 });
        let entry = |seconds, sound| Entry {
            duration: Duration::from_secs(seconds),
            arrived: DateTime::UNIX_EPOCH,
            // Dates that cannot be.
            programme_time: Some(DateTime::UNIX_EPOCH),
            discontinuity: false,
            follows: true,
            sequence: None,
            sound,
        };
        let entries = [
            entry(9, Err(Cause::default())),
            entry(4, sound(0)),
            entry(4, sound(100)),
            Entry { discontinuity: true, ..entry(3, sound(200)) },
            Entry { discontinuity: true, follows: false, ..entry(2, sound(300)) },
            entry(0, Err(Cause::default())),
            entry(5, sound(400)),
        ];
        let whole = sound_of(&entries);
        let told = |step: &Step| match step {
            Step::Run(run) => format!("run at {}", run.at.as_secs()),
            Step::Feed { sound, duration } => format!("{} for {}", sound.offset, duration.as_secs()),
            other => format!("{other:?}"),
        };
        let steps: Vec<_> = whole.steps.iter().map(told).collect();
        let wanted = "run at 0,0 for 4,100 for 4,200 for 3,run at 11,300 for 2,run at 13,400 for 5";
        assert_eq!((steps.join(",").as_str(), whole.length), (wanted, Duration::from_secs(18)));
        assert_eq!(sound_of(&entries[..1]), ReelSound::default());

        let from = |position| {
            let (begin, rest) = whole.clone().split_off(Duration::from_secs(position));
            let steps: Vec<_> = rest.steps.iter().map(told).collect();
            (begin.as_secs(), steps.join(","), rest.length.as_secs())
        };
        assert_eq!(from(0), (0, wanted.to_owned(), 18));
        // Within an entry, the next begins.
        for position in 5..=8 {
            let rest = "run at 0,200 for 3,run at 3,300 for 2,run at 5,400 for 5";
            assert_eq!(from(position), (8, rest.to_owned(), 10), "{position}");
        }
        assert_eq!(from(11), (11, "run at 0,300 for 2,run at 2,400 for 5".to_owned(), 7));
        assert_eq!(from(18), (18, String::new(), 0));
    }
}
