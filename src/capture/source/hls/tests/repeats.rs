//! Sound that comes again, and names that never do.

use super::station::{Answer, Asked, Station, segment_bytes};
use super::{MediaEvent, capture, capture_with, hls};
use crate::base::clock::Clock as _;

/// A station that plays segments 1 and 2 again as `advertised`, with a mark before each change.
fn with_advertisements(asked: &Asked, advertised: &[u32], name: impl Fn(u32) -> String) -> Answer {
    let again = |number: u32| if advertised.contains(&number) { 1 + number % 2 } else { number };
    match asked.segment() {
        Some(number) => Answer::ok(segment_bytes(again(number))),
        None => asked.undated(|number| {
            let changes = number > 0 && advertised.contains(&number) != advertised.contains(&(number - 1));
            let mark = if changes { "#EXT-X-DISCONTINUITY\n" } else { "" };
            let name = if advertised.contains(&number) { name(number) } else { format!("{number}.aac") };
            format!("{mark}#EXTINF:0.512,\n{name}\n")
        }),
    }
}

#[tokio::test]
async fn an_advertisement_that_is_on_the_air_again_is_sound_like_any_other() {
    let advertised = [4, 5, 8, 9, 10, 11];
    let names: [fn(u32) -> String; 2] = [|number| format!("{number}.aac"), |number| format!("{}.aac", 1 + number % 2)];
    for name in names {
        let station = Station::start(move |asked| with_advertisements(asked, &advertised, name)).await;
        let taped = capture(&station, "list.m3u8", 14).await;
        assert_eq!(taped.numbers()[..14], [0, 1, 2, 3, 1, 2, 6, 7, 1, 2, 1, 2, 12, 13]);
        assert!(taped.chunks().iter().skip(1).all(|chunk| chunk.follows));
        let repeats = taped.events.iter().filter(|event| matches!(event, MediaEvent::Repeat { .. })).count();
        assert_eq!((taped.gaps().len(), repeats), (0, 0));
    }
}

#[tokio::test]
async fn segments_renamed_with_every_answer_are_known_by_their_numbers() {
    let station = Station::start(|asked| {
        if let Some(number) = asked.segment() {
            return Answer::ok(segment_bytes(number % 1000));
        }
        let answer = u32::try_from(asked.nth).unwrap() * 1000;
        asked.undated(move |number| format!("#EXTINF:0.512,\n{}.aac\n", number + answer))
    })
    .await;
    let since = station.clock.now();
    let taped = capture_with(&station, hls(&station, "list.m3u8"), since, |taped| taped.chunks().len() >= 12).await;
    taped.assert_whole();
    let twice = station.asked().iter().filter(|asked| asked.segment().is_some()).count() - taped.chunks().len();
    assert!(twice <= 6, "{twice} requests too many: doubt costs one window once");
}
