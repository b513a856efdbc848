//! Decks with a station in this process.

use std::path::Path;

use super::*;
use crate::base::clock::Clock as _;
use crate::capture::source::hls::tests::station::{Station as Origin, live};
use crate::model::{Chunk, Container, Format};

#[tokio::test]
async fn a_station_is_being_connected_to_until_its_own_sound_comes_whatever_is_on_its_tape() {
    let folder = tempfile::tempdir().unwrap();
    let origin = Origin::start(live).await;
    let url = origin.url.join("list.m3u8").unwrap();
    let text = format!("timezone: UTC\nstations:\n  s:\n    hls: {url}\nshows: []\n");
    let config = Config::parse(&text, Path::new("stations.yaml")).unwrap();
    let station = &config.stations[0];
    let decks = Decks::new(origin.environment(), folder.path().join("tape"));
    let began = origin.clock.now();
    // The deck before may still be writing.
    let tape = decks.tape(station).await.unwrap();
    let format = Format { container: Container::Mp3, detail: String::new(), init: None };
    let before = Chunk::new("sound", Duration::from_secs(1), began + TimeDelta::milliseconds(1));
    for event in [MediaEvent::Format(format), MediaEvent::Chunk(before)] {
        decks.write(&tape, event, began).await.unwrap();
    }
    let lease = decks.lease(station, began).await.unwrap();
    assert_eq!(decks.connecting(&station.id), Some(began));
    let connected = async {
        let mut grown = tape.grown();
        while decks.connecting(&station.id).is_some() {
            grown.changed().await.unwrap();
        }
    };
    origin.clock.pass_until(connected).await;
    drop(lease);
    assert_eq!(decks.connecting(&station.id), Some(origin.clock.now()), "nobody holds it any more");
}

#[tokio::test]
async fn old_tape_of_stations_that_nobody_has_asked_for_goes_unless_it_is_needed() {
    let folder = tempfile::tempdir().unwrap();
    let environment = Origin::start(live).await.environment();
    let (now, stations) = (environment.clock.now(), ["needed", "old"].map(StationId::new));
    for station in &stations {
        let tape = Tape::open(&folder_of(folder.path(), station), Duration::ZERO, now).unwrap();
        let format = Format { container: Container::Mp3, detail: String::new(), init: None };
        tape.write(MediaEvent::Format(format), now).unwrap();
        tape.write(MediaEvent::Chunk(Chunk::new("sound", Duration::from_secs(1), now)), now).unwrap();
        tape.end_reel(None, now).unwrap();
    }
    let decks = Decks::new(environment, folder.path().to_owned());
    let [needed, _] = stations.clone();
    let later = now + TimeDelta::seconds(1);
    assert!(decks.forget_unused(vec![needed], move |_| later).await.unwrap() > 0);
    let reels = |station| Tape::read(&folder_of(folder.path(), station), Duration::ZERO).unwrap().reels().len();
    assert_eq!(stations.each_ref().map(reels), [1, 0]);
}
