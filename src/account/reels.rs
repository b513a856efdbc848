//! The reels that may hold sound of a stretch, each with its checksum, as far as it is sealed.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};

use crate::model::Span;
use crate::tape::{Tape, TapeError};

/// A reel is not longer than this.
const LONGEST: TimeDelta = TimeDelta::minutes(61);

/// A reel, as an account lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedReel {
    /// Its file name.
    pub name: String,
    /// What it held when it had ended. `None` if it is not sealed yet.
    pub sum: Option<Sum>,
}

/// What is known of the sound file of a reel that is sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sum {
    /// Its length in bytes.
    pub bytes: u64,
    /// Its SHA-256, in hexadecimal digits.
    pub sha256: String,
}

/// Lists the reels of `tape` that may hold sound of `span`, the oldest first: those that are sealed, also if their files
/// are gone, and those that are not yet. Blocks.
pub fn listed(tape: &Tape, span: Span) -> Result<Vec<ListedReel>, TapeError> {
    let there = tape.reels().into_iter().filter_map(|(path, _)| Some(path.file_name()?.to_string_lossy().into_owned()));
    let mut reels: BTreeMap<String, Option<Sum>> = there.map(|name| (name, None)).collect();
    let seals = tape.seals()?;
    let sum = |bytes, sha256: &String| Some(Sum { bytes, sha256: sha256.clone() });
    reels.extend(seals.kept().map(|seal| (seal.name.clone(), sum(seal.bytes, &seal.sound))));
    let of_span = reels.into_iter().filter(|(name, _)| is_of(name, span));
    Ok(of_span.map(|(name, sum)| ListedReel { name, sum }).collect())
}

/// Whether the reel called `name`, which is the time at which it began, may hold sound of `span`. One with another name
/// may.
pub(super) fn is_of(name: &str, span: Span) -> bool {
    begun(name).is_none_or(|begun| begun < span.end && begun + LONGEST > span.start)
}

/// When the reel called `name` began. `None` if the name does not say.
pub fn begun(name: &str) -> Option<DateTime<Utc>> {
    let stamp = name.split(['.', '-']).next().unwrap_or_default();
    // Older names have no milliseconds.
    let forms = ["%Y%m%dT%H%M%S%3fZ", "%Y%m%dT%H%M%SZ"];
    forms.iter().find_map(|form| NaiveDateTime::parse_from_str(stamp, form).ok()).map(|it| it.and_utc())
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Duration;

    use super::*;
    use crate::base::hash::sha256;
    use crate::model::{Chunk, Container, Format, MediaEvent};

    fn at(hour: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::hours(480_000 + hour)
    }

    /// Tapes an hour, in one chunk that says which.
    fn tape_an_hour(folder: &Path, hour: i64) -> Tape {
        let tape = Tape::open(folder, Duration::ZERO, at(hour)).unwrap();
        let format = Format { container: Container::Adts, detail: "aac".to_owned(), init: None };
        tape.write(MediaEvent::Format(format), at(hour)).unwrap();
        let chunk = Chunk::new(format!("hour {hour}"), Duration::from_hours(1), at(hour + 1));
        tape.write(MediaEvent::Chunk(chunk), at(hour)).unwrap();
        tape
    }

    #[test]
    fn each_reel_of_a_stretch_has_the_sum_of_its_sound_once_it_is_sealed() {
        let folder = tempfile::tempdir().unwrap();
        for hour in [0, 3, 6] {
            tape_an_hour(folder.path(), hour).end_reel(None, at(hour + 1)).unwrap();
        }
        let tape = tape_an_hour(folder.path(), 9);
        while tape.seal_next().unwrap() {}
        let of = |from, to| {
            let listed = listed(&tape, Span::new(at(from), at(to))).unwrap();
            let told = |reel: ListedReel| reel.sum.map(|sum| (sum.bytes, sum.sha256));
            listed.into_iter().map(told).collect::<Vec<_>>()
        };
        let sum = |hour| Some((6, sha256(&[format!("hour {hour}").as_bytes()])));
        assert_eq!(of(2, 24), [sum(3), sum(6), None], "the last is being written");
        assert_eq!(of(5, 6), []);
        // One that somebody has removed is still listed: it was there.
        std::fs::remove_file(&tape.reels()[1].0).unwrap();
        let tape = Tape::read(folder.path(), Duration::ZERO).unwrap();
        assert_eq!(listed(&tape, Span::new(at(3), at(4))).unwrap().len(), 1);
    }
}
