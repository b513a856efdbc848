//! What plays, as a station says it in its segments.

use id3::Version;

use super::station::{Answer, Asked, SEGMENT, Station, live, segment_bytes};
use super::{MediaEvent, Taped, capture, number_in};
use crate::base::clock::Clock as _;
use crate::model::Span;
use crate::tape::Tape;
use crate::testing::tags::titled;

/// From segment 8 on, which is in no list yet at the start, and half way through it, another piece plays.
fn piece(number: u32) -> (&'static str, &'static str) {
    if number < 8 { ("아이유", "밤편지") } else { ("AC/DC", "Cafe\u{301}") }
}

fn tag(number: u32) -> Vec<u8> {
    let (artist, title) = piece(number);
    titled(artist, title, Version::Id3v23)
}

/// A station that says what plays in the middle of each segment.
fn telling(asked: &Asked) -> Answer {
    let Some(number) = asked.segment() else { return live(asked) };
    let sound = segment_bytes(number);
    let (first, second) = sound.split_at(sound.len() / 2);
    Answer::ok([first, &tag(number), second].concat())
}

fn without_dates(asked: &Asked) -> Answer {
    match asked.segment() {
        Some(_) => telling(asked),
        None => asked.undated(|number| format!("#EXTINF:0.512,\n{number}.aac\n")),
    }
}

/// What the index of the reel says that plays, after a restart.
fn on_reel(station: &Station, taped: &Taped) -> Vec<(chrono::DateTime<chrono::Utc>, String)> {
    let folder = tempfile::tempdir().unwrap();
    let now = station.clock.now();
    let open = || Tape::open(folder.path(), std::time::Duration::ZERO, now).unwrap();
    let tape = open();
    for event in &taped.events {
        tape.write(event.clone(), now).unwrap();
    }
    tape.end_reel(None, now).unwrap();
    let view = open().blocking_view(&Span::new(super::long_ago(station), now));
    view.titles().map(|title| (title.at, title.text.clone())).collect()
}

#[tokio::test]
async fn titles_in_segments_are_on_the_reel_once_each_with_their_time_on_the_air() {
    let station = Station::start(telling).await;
    let taped = capture(&station, "list.m3u8", 14).await;
    taped.assert_whole();
    let half = chrono::TimeDelta::from_std(SEGMENT / 2).unwrap();
    let want = [(station.ended(0) - half, "아이유 - 밤편지"), (station.ended(8) - half, "AC/DC - Café")];
    let want = want.map(|(at, text)| (at, text.to_owned()));
    assert_eq!(on_reel(&station, &taped), want);
    let chunk = taped.chunks()[0];
    assert_eq!(chunk.bytes.len(), segment_bytes(0).len() + tag(0).len(), "the sound stays as it came");
}

#[tokio::test]
async fn a_title_of_a_station_without_dates_begins_when_its_segment_arrives() {
    let station = Station::start(without_dates).await;
    let taped = capture(&station, "list.m3u8", 14).await;
    let arrived = |number: u32| {
        let chunks = taped.chunks();
        chunks.iter().find(|chunk| number_in(&chunk.bytes) == number).unwrap().arrived
    };
    let titles: Vec<_> = on_reel(&station, &taped).into_iter().map(|(at, _)| at).collect();
    assert_eq!(titles, [arrived(0), arrived(8)]);
    let before = taped.events.iter().position(|event| matches!(event, MediaEvent::Title { .. })).unwrap();
    assert!(matches!(taped.events[before + 1], MediaEvent::Chunk(_)), "a title stands before its sound");
}
