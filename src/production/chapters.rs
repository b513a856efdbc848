//! Chapter marks, which say where in a file something is missing, and why.

use std::time::Duration;

use chrono::DateTime;

use super::tags::{Chapter, MOST_CHAPTERS};
use crate::base::zone::Zone;
use crate::model::{Gap, Span};

/// Returns the chapters of a recording of `cut` that plays for `length`.
///
/// Each stretch of sound between gaps is a chapter. Its title has its time by the clock of `zone`, and what is missing
/// before it. Without gaps there are no chapters. `filled` says that the file has silence in place of gaps. If there
/// are more gaps than [`MOST_CHAPTERS`], the longest have chapters.
pub fn chapters(cut: &Span, gaps: &[Gap], length: Duration, filled: bool, zone: Zone) -> Vec<Chapter> {
    let mut stretches: Vec<Stretch> = Vec::new();
    let mut skipped = Duration::ZERO;
    for gap in gaps {
        let begins = (gap.start - cut.start).to_std().unwrap_or_default() + gap.length;
        if !filled {
            skipped += gap.length;
        }
        let at = begins.saturating_sub(skipped).min(length);
        let clock = cut.start + begins;
        let before = stretches.pop_if(|before| before.clock >= gap.start).map_or(Duration::ZERO, |one| one.missing);
        stretches.push(Stretch { at, clock, missing: before + gap.length, cause: &gap.cause.words });
    }
    if stretches.is_empty() {
        return Vec::new();
    }
    let from_the_beginning = stretches.first().is_some_and(|first| first.at > Duration::ZERO);
    let most = MOST_CHAPTERS - usize::from(from_the_beginning);
    if stretches.len() > most {
        stretches.sort_by_key(|stretch| std::cmp::Reverse(stretch.missing));
        stretches.truncate(most);
        stretches.sort_by_key(|stretch| stretch.at);
    }
    if from_the_beginning {
        stretches.insert(0, Stretch { at: Duration::ZERO, clock: cut.start, missing: Duration::ZERO, cause: "" });
    }
    let ends = stretches.iter().skip(1).map(|stretch| stretch.at).chain([length]);
    // There may be no sound after the last gap.
    let heard = stretches.iter().zip(ends).filter(|(stretch, end)| stretch.at < *end);
    heard.map(|(stretch, end)| Chapter { start: stretch.at, end, title: stretch.title(zone) }).collect()
}

/// Sound between two gaps.
struct Stretch<'a> {
    /// Where the stretch begins in the file.
    at: Duration,
    /// When its beginning was on the air.
    clock: DateTime<chrono::Utc>,
    /// How much is missing before the stretch, and why.
    missing: Duration,
    cause: &'a str,
}

impl Stretch<'_> {
    fn title(&self, zone: Zone) -> String {
        let clock = self.clock.with_timezone(&zone).format("%H:%M:%S");
        if self.missing.is_zero() {
            return clock.to_string();
        }
        format!("{clock}, after {:.1} s missing: {}", self.missing.as_secs_f64(), self.cause)
    }
}

#[cfg(test)]
mod tests {
    use chrono::{TimeDelta, Utc};

    use super::*;
    use crate::model::{Cause, CauseKind};

    fn cut() -> Span {
        let start = "2026-11-20T05:00:00Z".parse().unwrap();
        Span::new(start, start + TimeDelta::seconds(100))
    }

    /// Returns gaps, given by start and length in seconds, and the length of a recording of a hundred seconds with
    /// them.
    fn with_gaps(gaps: &[(u64, u64)], filled: bool) -> (Vec<Gap>, Duration) {
        let start: DateTime<Utc> = cut().start;
        let gap = |(from, length): &(u64, u64)| Gap {
            start: start + TimeDelta::from_std(Duration::from_secs(*from)).unwrap(),
            length: Duration::from_secs(*length),
            cause: Cause::new(CauseKind::Refused, "404"),
        };
        let missing: u64 = gaps.iter().map(|gap| gap.1).sum();
        let length = Duration::from_secs(if filled { 100 } else { 100 - missing });
        (gaps.iter().map(gap).collect(), length)
    }

    fn marks(gaps: &[(u64, u64)], filled: bool) -> Vec<String> {
        let (gaps, length) = with_gaps(gaps, filled);
        let chapters = chapters(&cut(), &gaps, length, filled, "Asia/Seoul".parse().unwrap());
        let words = chapters.iter().map(|c| format!("{}-{} {}", c.start.as_secs(), c.end.as_secs(), c.title));
        words.collect()
    }

    #[test]
    fn every_stretch_of_sound_is_a_chapter_at_its_place_in_the_file() {
        assert_eq!(marks(&[], false), [""; 0]);
        assert_eq!(
            marks(&[(10, 4), (50, 6)], false),
            ["0-10 14:00:00", "10-46 14:00:14, after 4.0 s missing: 404", "46-90 14:00:56, after 6.0 s missing: 404"]
        );
        assert_eq!(
            marks(&[(10, 4)], true),
            ["0-14 14:00:00", "14-100 14:00:14, after 4.0 s missing: 404"],
            "with silence in the file the mark is where the sound is back"
        );
    }

    #[test]
    fn what_is_missing_at_the_beginning_or_the_end_makes_no_empty_chapter() {
        assert_eq!(marks(&[(0, 20)], false), ["0-80 14:00:20, after 20.0 s missing: 404"]);
        assert_eq!(marks(&[(90, 10)], false), ["0-90 14:00:00"]);
        assert_eq!(
            marks(&[(10, 4), (14, 6)], false),
            ["0-10 14:00:00", "10-90 14:00:20, after 10.0 s missing: 404"],
            "two gaps in a row are one"
        );
    }

    #[test]
    fn of_many_gaps_the_longest_have_chapters() {
        let start = cut().start;
        let gaps: Vec<Gap> = (0..5_000_i64)
            .map(|n| Gap {
                start: start + TimeDelta::seconds(10 * n + 5),
                length: Duration::from_secs(if n % 100 == 0 { 3 } else { 1 }),
                cause: Cause::new(CauseKind::Refused, "404"),
            })
            .collect();
        let cut = Span::new(start, start + TimeDelta::seconds(50_000));
        let chapters = chapters(&cut, &gaps, Duration::from_secs(44_900), false, crate::base::zone::Zone::utc());
        assert_eq!(chapters.len(), MOST_CHAPTERS);
        assert_eq!(chapters.iter().filter(|chapter| chapter.title.contains("after 3.0 s")).count(), 50);
        assert!(chapters.windows(2).all(|two| two[0].end == two[1].start), "{chapters:?}");
    }
}
