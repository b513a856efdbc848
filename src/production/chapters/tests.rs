//! Chapters of recordings with gaps and tracks.

use chrono::TimeDelta;

use super::super::tags::MOST_CHAPTERS;
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
    titled(&[], &gaps, length, filled)
}

/// The chapters of a recording of [`cut`] with these tracks, given by start and end in the file in seconds and text.
fn titled(tracks: &[(u64, u64, &str)], gaps: &[Gap], length: Duration, filled: bool) -> Vec<String> {
    let seconds = Duration::from_secs;
    let track = |(at, end, text): &(u64, u64, &str)| Track {
        on_air: cut(),
        at: seconds(*at),
        length: seconds(end - at),
        text: (*text).to_owned(),
    };
    let tracks: Vec<_> = tracks.iter().map(track).collect();
    let content = Content { cut: cut(), gaps, tracks: &tracks, length, filled };
    let chapters = chapters(&content, "Asia/Seoul".parse().unwrap(), MOST_CHAPTERS);
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
    let content = Content { cut, gaps: &gaps, tracks: &[], length: Duration::from_secs(44_900), filled: false };
    let chapters = chapters(&content, Zone::utc(), MOST_CHAPTERS);
    assert_eq!(chapters.len(), MOST_CHAPTERS);
    assert_eq!(chapters.iter().filter(|chapter| chapter.title.contains("after 3.0 s")).count(), 50);
    assert!(chapters.windows(2).all(|two| two[0].end == two[1].start), "{chapters:?}");
}

#[test]
fn every_track_is_a_chapter_from_the_beginning_of_the_file_on() {
    let whole = Duration::from_secs(100);
    let marks = |tracks: &[(u64, u64, &str)]| titled(tracks, &[], whole, false);
    assert_eq!(marks(&[(0, 40, "A"), (40, 100, "B")]), ["0-40 A", "40-100 B"]);
    assert_eq!(marks(&[(4, 40, "A"), (70, 100, "B")]), ["0-40 A", "70-100 B"], "adverts are in no chapter");
    assert_eq!(marks(&[(30, 100, "A")]), ["0-30 14:00:00", "30-100 A"]);
}

#[test]
fn what_is_missing_in_a_track_is_told_and_makes_no_chapter_shorter_than_ten_seconds() {
    let marks = |tracks: &[(u64, u64, &str)], gaps: &[(u64, u64)]| {
        let (gaps, length) = with_gaps(gaps, false);
        titled(tracks, &gaps, length, false)
    };
    let tracks = [(0, 40, "A"), (40, 90, "B")];
    assert_eq!(
        marks(&tracks, &[(20, 10)]),
        ["0-20 A", "20-40 A, after 10.0 s missing: 404", "40-90 B"],
        "in the middle of a track"
    );
    assert_eq!(marks(&tracks, &[(4, 10)]), ["0-40 A, 10.0 s missing: 404", "40-90 B"], "near its beginning");
    assert_eq!(marks(&tracks, &[(35, 10)]), ["0-40 A, 10.0 s missing: 404", "40-90 B"], "near its end");
    assert_eq!(marks(&tracks, &[(40, 10)]), ["0-40 A", "40-90 B, after 10.0 s missing: 404"], "between two");
    assert_eq!(marks(&tracks, &[(90, 10)]), ["0-40 A", "40-90 B"], "at the end");
    let apart = [(0, 40, "A"), (60, 90, "B")];
    assert_eq!(
        marks(&apart, &[(45, 10)]),
        ["0-40 A", "45-60 14:00:55, after 10.0 s missing: 404", "60-90 B"],
        "where no track is"
    );
    assert_eq!(marks(&apart, &[(55, 10)]), ["0-40 A", "55-90 B, after 10.0 s missing: 404"], "shortly before a track");
    let many = [(0, 30, "A"), (30, 62, "B")];
    assert_eq!(
        marks(&many, &[(3, 2), (8, 2), (13, 2), (39, 2), (53, 30)]),
        ["0-30 A, 6.0 s missing: 404", "30-45 B, 2.0 s missing: 404", "45-62 B, after 30.0 s missing: 404"],
        "several in a row"
    );
}

#[test]
fn a_long_text_leaves_room_for_what_is_missing() {
    let (gaps, length) = with_gaps(&[(50, 4)], false);
    let text = "명연주 ".repeat(40);
    let marks = titled(&[(0, 96, &text)], &gaps, length, false);
    assert!(marks[0].len() > 300 && marks[1].ends_with("…, after 4.0 s missing: 404"), "{marks:?}");
    assert!(marks[1].len() < 120, "{marks:?}");
}

#[test]
fn of_many_tracks_the_first_and_the_longest_have_chapters() {
    let cut = Span::new(cut().start, cut().start + TimeDelta::seconds(20_000));
    let track = |n: u64| {
        let (at, length) = (Duration::from_secs(50 * n), Duration::from_secs(if n % 10 == 5 { 50 } else { 20 }));
        Track { on_air: cut, at, length, text: n.to_string() }
    };
    let tracks: Vec<_> = (0..400).map(track).collect();
    let content = Content { cut, gaps: &[], tracks: &tracks, length: Duration::from_secs(20_000), filled: false };
    let chapters = chapters(&content, Zone::utc(), MOST_CHAPTERS);
    assert_eq!(chapters.len(), MOST_CHAPTERS);
    assert_eq!(chapters.iter().filter(|chapter| chapter.title.ends_with('5')).count(), 40);
    assert_eq!((chapters[0].title.as_str(), chapters[0].end), ("0", Duration::from_secs(20)));
    assert!(chapters.is_sorted_by_key(|chapter| chapter.start));
}
