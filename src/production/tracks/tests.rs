//! Tracks of recordings of a few minutes, as text.

use regex::Regex;

use super::*;
use crate::model::{Cause, CauseKind};

fn at(seconds: i64) -> DateTime<Utc> {
    "2026-11-20T05:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::seconds(seconds)
}

/// What is said of a cut of a thousand seconds: the tracks of these titles and gaps, each as its place in the file, its
/// text and when it was on the air, in seconds.
struct Case {
    rule: TitleRule,
    gaps: Vec<Gap>,
    filled: bool,
}

impl Case {
    fn plain() -> Self {
        let leave_out = vec![Regex::new("^(Werbung|KBS)").unwrap()];
        Self { rule: TitleRule { leave_out, ..TitleRule::default() }, gaps: Vec::new(), filled: false }
    }

    fn delayed(seconds: i64) -> Self {
        let mut case = Self::plain();
        case.rule.delay = TimeDelta::seconds(seconds);
        case
    }

    fn with_gaps(gaps: &[(i64, u64)], filled: bool) -> Self {
        let gap = |(start, length): &(i64, u64)| Gap {
            start: at(*start),
            length: Duration::from_secs(*length),
            cause: Cause::new(CauseKind::Refused, "404"),
        };
        Self { gaps: gaps.iter().map(gap).collect(), filled, ..Self::plain() }
    }

    fn tracks(&self, titles: &[(i64, &str)]) -> Vec<String> {
        let titles = titles.iter().map(|(seconds, text)| Title { at: at(*seconds), text: (*text).to_owned() });
        let missing: u64 = self.gaps.iter().map(|gap| gap.length.as_secs()).sum();
        let length = Duration::from_secs(if self.filled { 1_000 } else { 1_000 - missing });
        let cut = Span::new(at(0), at(1_000));
        let words = |track: Track| {
            let [start, end] = [track.on_air.start, track.on_air.end].map(|instant| (instant - at(0)).num_seconds());
            format!("{}+{} {} {start}-{end}", track.at.as_secs(), track.length.as_secs(), track.text)
        };
        tracks(titles, &self.rule, (&cut, &self.gaps), length, self.filled).into_iter().map(words).collect()
    }
}

#[test]
fn a_title_holds_until_the_next_and_the_one_that_plays_when_the_cut_begins_begins_it() {
    let tracks = |titles: &[(i64, &str)]| Case::plain().tracks(titles);
    assert_eq!(tracks(&[]), [""; 0]);
    assert_eq!(tracks(&[(-900, "Z"), (-100, "A"), (200, "B")]), ["0+200 A 0-200", "200+800 B 200-1000"]);
    assert_eq!(tracks(&[(30, "A"), (1_000, "B")]), ["30+970 A 30-1000"], "nobody knows what played before");
    assert_eq!(tracks(&[(-100, "A"), (-100, "A"), (300, " A "), (600, "A")]), ["0+1000 A 0-1000"], "the same again");
    assert_eq!(tracks(&[(500, "B"), (0, "A")]), ["0+500 A 0-500", "500+500 B 500-1000"], "in any order");
}

#[test]
fn what_is_left_out_ends_a_track_and_the_same_text_within_three_minutes_goes_on() {
    let tracks = |titles: &[(i64, &str)]| Case::plain().tracks(titles);
    assert_eq!(
        tracks(&[(0, "A"), (200, "Werbung"), (300, "B"), (700, "")]),
        ["0+200 A 0-200", "300+400 B 300-700"],
        "an empty title says that nothing plays"
    );
    assert_eq!(tracks(&[(0, "A"), (200, "KBS 1FM"), (380, "A")]), ["0+1000 A 0-1000"]);
    assert_eq!(tracks(&[(0, "A"), (200, "KBS 1FM"), (381, "A")]), ["0+200 A 0-200", "381+619 A 381-1000"]);
    let between = tracks(&[(0, "A"), (100, "B"), (120, "A")]);
    assert_eq!(between, ["0+100 A 0-100", "100+20 B 100-120", "120+880 A 120-1000"], "another came in between");
}

#[test]
fn what_plays_for_less_than_ten_seconds_is_no_track() {
    let tracks = |titles: &[(i64, &str)]| Case::plain().tracks(titles);
    assert_eq!(tracks(&[(0, "A"), (100, "x"), (109, "B")]), ["0+100 A 0-100", "109+891 B 109-1000"]);
    assert_eq!(tracks(&[(0, "A"), (100, "x"), (110, "B")])[1], "100+10 x 100-110");
    assert_eq!(tracks(&[(0, "A"), (100, "x"), (104, "y"), (108, "A")]), ["0+1000 A 0-1000"], "it goes on");
    assert_eq!(tracks(&[(-100, "x"), (5, "A"), (995, "y")]), ["5+990 A 5-995"], "also at both ends of the cut");
}

#[test]
fn a_title_that_comes_late_or_early_is_put_where_its_sound_is() {
    let titles = [(-100, "A"), (200, "B"), (1_004, "C")];
    assert_eq!(Case::delayed(5).tracks(&titles), ["0+195 A 0-195", "195+804 B 195-999"]);
    assert_eq!(Case::delayed(-5).tracks(&titles), ["0+205 A 0-205", "205+795 B 205-1000"]);
    assert_eq!(Case::delayed(-5).tracks(&[(-100, "A"), (-3, "B")]), ["2+998 B 2-1000"]);
    assert_eq!(Case::delayed(5).tracks(&[(-100, "A"), (3, "B")]), ["0+1000 B 0-1000"]);
}

#[test]
fn positions_are_those_in_the_file_and_what_is_missing_is_in_no_track() {
    let titles = [(0, "A"), (200, "B"), (350, "C"), (700, "D")];
    let skipped = Case::with_gaps(&[(100, 50), (300, 100)], false);
    assert_eq!(
        skipped.tracks(&titles),
        ["0+150 A 0-200", "150+100 B 200-300", "250+300 C 400-700", "550+300 D 700-1000"],
        "C began in a gap"
    );
    let filled = Case::with_gaps(&[(100, 50), (300, 100)], true);
    assert_eq!(
        filled.tracks(&titles),
        ["0+200 A 0-200", "200+100 B 200-300", "400+300 C 400-700", "700+300 D 700-1000"]
    );
    let long = Case::with_gaps(&[(100, 400)], false);
    assert_eq!(long.tracks(&[(0, "A"), (505, "B")]), ["0+100 A 0-100", "105+495 B 505-1000"], "A is over by then");
    assert_eq!(long.tracks(&[(0, "A")]), ["0+100 A 0-100", "100+500 A 500-1000"], "nobody knows whether it went on");
    assert_eq!(Case::with_gaps(&[(0, 1_000)], false).tracks(&titles), [""; 0], "nothing was heard");
    assert_eq!(Case::with_gaps(&[(0, 1_000)], true).tracks(&titles), [""; 0]);
}

#[test]
fn of_very_many_tracks_the_longest_are_kept() {
    let titles = (0..5_000_i64).map(|n| Title { at: at(n * 20 + i64::from(n % 2 == 1) * 5), text: n.to_string() });
    let cut = Span::new(at(0), at(100_000));
    let kept = tracks(titles, &TitleRule::default(), (&cut, &[]), Duration::from_secs(100_000), false);
    assert_eq!(kept.len(), MOST);
    assert!(kept.iter().all(|track| track.length == Duration::from_secs(25)), "{:?}", kept[0]);
    assert!(kept.is_sorted_by_key(|track| track.at));
}
