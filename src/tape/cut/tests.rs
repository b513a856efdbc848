//! Walks through tapes of a few entries, as text.

use std::fmt::Write as _;
use std::path::PathBuf;

use super::*;
use crate::model::{Cause, CauseKind, Container};

fn at(seconds: f64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::from_std(Duration::from_secs_f64(seconds)).unwrap()
}

fn reel(name: &str, detail: &str) -> Arc<Reel> {
    let detail = detail.to_owned();
    Arc::new(Reel { path: PathBuf::from(name), container: Container::Adts, detail, init: 0, head: None })
}

/// Stamped entries of 4 s; `None` is a gap, a letter names the reel.
fn stamped(given: &[(f64, Option<&str>)]) -> View {
    View::new(7, entries(given), Vec::new(), TimeDelta::zero())
}

fn entries(given: &[(f64, Option<&str>)]) -> Vec<Entry> {
    let entry = |(start, name): &(f64, Option<&str>)| Entry {
        duration: Duration::from_secs(4),
        arrived: at(start + 10.0),
        programme_time: Some(at(*start)),
        discontinuity: false,
        follows: true,
        sequence: None,
        sound: name
            .map(|name| Sound { reel: reel(name, name.trim_end_matches('\'')), offset: 0, length: 1 })
            .ok_or_else(|| Cause::new(CauseKind::Refused, "404")),
    };
    given.iter().map(entry).collect()
}

/// The steps as text: `run skip@at`, one `.` per entry, then the gaps as `start+length`.
fn walk(view: &View, start: f64, end: f64) -> String {
    let mut walker = Walker::new(Span::new(at(start), at(end)));
    let mut text = String::new();
    loop {
        match walker.step(view, true) {
            Step::Run(run) => {
                let _ = write!(text, " run {}@{}", run.skip.as_secs_f64(), run.at.as_secs_f64());
            }
            Step::Feed { .. } => text.push('.'),
            Step::Wait => unreachable!("a sealed tape never waits"),
            Step::End => break,
        }
    }
    let left_out = walker.left_out();
    for gap in walker.into_gaps() {
        let start = (gap.start - DateTime::UNIX_EPOCH).as_seconds_f64();
        let _ = write!(text, " gap {start}+{} {}", gap.length.as_secs_f64(), gap.cause);
    }
    if !left_out.is_zero() {
        let _ = write!(text, " left out {}", left_out.as_secs_f64());
    }
    text.trim_start().to_owned()
}

#[test]
fn a_cut_begins_and_ends_inside_segments() {
    let view = stamped(&[(100.0, Some("a")), (104.0, Some("a")), (108.0, Some("a")), (112.0, Some("a"))]);
    assert_eq!(walk(&view, 105.5, 109.0), "run 1.5@0..");
}

#[test]
fn a_cut_at_a_segment_border_gets_the_segment_before_as_preroll() {
    let view = stamped(&[(100.0, Some("a")), (104.0, Some("a")), (108.0, Some("a"))]);
    assert_eq!(walk(&view, 104.0, 110.0), "run 4@0...");
}

#[test]
fn a_lost_segment_is_a_gap_with_its_exact_time_and_cause() {
    let view = stamped(&[(100.0, Some("a")), (104.0, None), (108.0, Some("a")), (112.0, Some("a"))]);
    assert_eq!(walk(&view, 100.0, 116.0), "run 0@0. run 0@8.. gap 104+4 404");
}

#[test]
fn time_before_and_after_the_tape_is_missing() {
    let view = stamped(&[(100.0, Some("a"))]);
    let nothing = "nothing arrived from the station";
    assert_eq!(walk(&view, 98.0, 106.0), format!("run 0@2. gap 98+2 {nothing} gap 104+2 {nothing}"));
    assert_eq!(walk(&View::default(), 98.0, 106.0), format!("gap 98+8 {nothing}"));
}

#[test]
fn hourly_reels_join_and_another_format_gets_a_decoder_of_its_own() {
    let view = stamped(&[(100.0, Some("a")), (104.0, Some("a'")), (108.0, Some("b")), (112.0, Some("b"))]);
    assert_eq!(walk(&view, 101.0, 115.0), "run 1@0.. run 0@7..");
}

#[test]
fn an_overlap_is_dropped_from_the_later_entry() {
    let mut entries = entries(&[(100.0, Some("a")), (104.0, Some("a")), (105.0, Some("a")), (109.0, Some("a"))]);
    (entries[2].discontinuity, entries[2].follows) = (true, false);
    let view = View::new(0, entries, Vec::new(), TimeDelta::zero());
    assert_eq!(walk(&view, 100.0, 113.0), "run 0@0.. run 3@8.. left out 3");
}

#[test]
fn after_an_overlap_longer_than_an_entry_nothing_is_doubled() {
    let starts = [(100.0, Some("a")), (104.0, Some("a")), (102.0, Some("a")), (106.0, Some("a"))];
    let mut entries = entries(&starts);
    (entries[2].discontinuity, entries[2].follows) = (true, false);
    let view = View::new(0, entries, Vec::new(), TimeDelta::zero());
    assert_eq!(walk(&view, 100.0, 110.0), "run 0@0.. run 2@8. left out 6");
}

#[test]
fn a_clock_set_by_the_station_costs_no_sound_and_moves_later_cuts() {
    for by in [-30.0, -3.0, 3.0, 30.0] {
        let starts = [100.0, 104.0, 108.0 + by, 112.0 + by, 116.0 + by, 120.0 + by].map(|start| (start, Some("a")));
        let view = stamped(&starts);
        assert_eq!(walk(&view, 102.0, 118.0), "run 2@0.....", "{by}");
        assert_eq!(walk(&view, 117.0 + by, 119.0 + by).matches("gap").count(), 0, "{by}");
        let later = walk(&view, 117.0 + by, 119.0 + by);
        assert!(by < 0.0 || later == "run 1@0.", "{by}: {later}");
    }
    // In the hole that the new time leaves there is sound all the same.
    let view = stamped(&[(100.0, Some("a")), (104.0, Some("a")), (138.0, Some("a")), (142.0, Some("a"))]);
    assert_eq!(walk(&view, 109.0, 115.0), "run 1@0..");
}

#[test]
fn sound_after_a_mark_is_never_left_out_and_a_hole_there_is_believed() {
    let marked = |start: f64, stamp: bool| {
        let mut entries =
            entries(&[(100.0, Some("a")), (104.0, Some("a")), (start, Some("b")), (start + 4.0, Some("b"))]);
        entries[2].discontinuity = true;
        if !stamp {
            (entries[2].programme_time, entries[3].programme_time) = (None, None);
        }
        View::new(0, entries, Vec::new(), TimeDelta::zero())
    };
    assert_eq!(walk(&marked(103.0, true), 100.0, 116.0), "run 0@0.. run 0@8..");
    assert_eq!(
        walk(&marked(113.0, true), 100.0, 121.0),
        "run 0@0.. run 0@13.. gap 108+5 nothing arrived from the station"
    );
    // Dates before and arrivals after it are two clocks.
    assert_eq!(walk(&marked(108.0, false), 100.0, 116.0), "run 0@0.. run 0@8..");
}

#[test]
fn entries_before_the_cut_are_not_decoded_and_a_hole_before_it_is_no_gap() {
    let view = stamped(&[(80.0, Some("a")), (100.0, Some("a")), (104.0, Some("a"))]);
    assert_eq!(walk(&view, 101.0, 107.0), "run 1@0..");
}

#[test]
fn the_walk_waits_for_the_tape_to_grow_and_goes_on_in_the_same_run() {
    let whole = stamped(&[(100.0, Some("a")), (104.0, Some("a"))]);
    let early = stamped(&[(100.0, Some("a"))]);
    let mut walker = Walker::new(Span::new(at(101.0), at(107.0)));
    assert!(matches!(walker.step(&early, false), Step::Run(_)));
    assert!(matches!(walker.step(&early, false), Step::Feed { .. }));
    assert_eq!(walker.step(&early, false), Step::Wait);
    assert!(matches!(walker.step(&whole, false), Step::Feed { .. }));
    assert_eq!(walker.step(&whole, false), Step::End);
    assert!(walker.into_gaps().is_empty());
}

#[test]
fn a_hole_behind_a_break_shows_behind_an_entry_without_a_stamp() {
    let mut entries = entries(&[(100.0, Some("a")), (104.0, Some("a")), (112.0, Some("a"))]);
    entries[1].programme_time = None;
    entries[2].discontinuity = true;
    let view = View::new(0, entries, Vec::new(), TimeDelta::zero());
    assert_eq!(walk(&view, 100.0, 116.0), "run 0@0.. run 0@12. gap 108+4 nothing arrived from the station");
}

#[test]
fn arrival_timed_sessions_within_a_segment_of_each_other_join() {
    let entry = |arrived: f64, discontinuity| Entry {
        duration: Duration::from_secs(4),
        arrived: at(arrived),
        programme_time: None,
        discontinuity,
        follows: !discontinuity,
        sequence: None,
        sound: Ok(Sound { reel: reel("a", "a"), offset: 0, length: 1 }),
    };
    let near = View::new(0, vec![entry(104.0, false), entry(109.5, true)], Vec::new(), TimeDelta::zero());
    assert_eq!(walk(&near, 100.0, 108.0), "run 0@0..");
    // The second one lies a segment and a half before its time: the end of a cut comes later by as much.
    let cut = |end: f64| Span::new(at(100.0), at(end));
    assert_eq!(near.timed[1].start, at(105.5), "and it ends four seconds later");
    assert!(reaches(&near, cut(108.0)) && !reaches(&near, cut(109.0)));
    let far = View::new(0, vec![entry(104.0, false), entry(114.0, true)], Vec::new(), TimeDelta::zero());
    assert_eq!(walk(&far, 100.0, 114.0), "run 0@0. run 0@10. gap 104+6 nothing arrived from the station");
    let mut known = vec![entry(104.0, false), entry(104.2, true), entry(109.5, true)];
    (known[1].duration, known[1].sound) = (Duration::ZERO, Err(Cause::new(CauseKind::Connection, "connection reset")));
    let known = View::new(0, known, Vec::new(), TimeDelta::zero());
    assert_eq!(walk(&known, 100.0, 108.0), "run 0@0. run 0@5.5. gap 104+1.5 connection reset");
}
