//! The engine against a station in this process: half-second segments of ADTS frames that carry their number.

mod encrypted_mp4;
mod lists;
mod repeats;
pub(crate) mod station;
mod titles;

use std::time::Duration;

use self::station::{Answer, FRAME, LARGEST, LONG, SEGMENT, Station, live, number_in, standing};
use super::*;
use crate::base::clock::Clock as _;
use crate::base::http::Reach;
use crate::config::{Address, Find, Step};
use crate::model::{Cause, CauseKind, Chunk, Container};

/// The events of a capture.
#[derive(Debug, Default)]
struct Taped {
    events: Vec<MediaEvent>,
}

impl Taped {
    fn chunks(&self) -> Vec<&Chunk> {
        self.events
            .iter()
            .filter_map(|event| if let MediaEvent::Chunk(chunk) = event { Some(chunk) } else { None })
            .collect()
    }

    fn numbers(&self) -> Vec<u32> {
        self.chunks().into_iter().map(|chunk| number_in(&chunk.bytes)).collect()
    }

    fn troubles(&self) -> Vec<&Cause> {
        let causes = self.events.iter().map(|event| match event {
            MediaEvent::Trouble { cause, .. } => Some(cause),
            _ => None,
        });
        causes.flatten().collect()
    }

    fn gaps(&self) -> Vec<(Duration, &Cause)> {
        let gaps = self.events.iter().map(|event| match event {
            MediaEvent::Gap { duration, cause, .. } => Some((*duration, cause)),
            _ => None,
        });
        gaps.flatten().collect()
    }

    /// Every number from the first to the last, each once.
    fn assert_whole(&self) {
        let numbers = self.numbers();
        let first = *numbers.first().expect("some sound");
        let want: Vec<u32> = (first..).take(numbers.len()).collect();
        assert_eq!(numbers, want, "{:#?}", self.events);
        assert_eq!(self.gaps(), []);
    }
}

/// Captures until `enough` says so, at most ten minutes, then stops, which must be prompt.
async fn capture_with(station: &Station, hls: Hls, since: DateTime<Utc>, enough: impl Fn(&Taped) -> bool) -> Taped {
    let (environment, clock) = (station.environment(), &station.clock);
    let (sender, mut events) = mpsc::channel(16);
    let stop = CancellationToken::new();
    let engine = run(&hls, since, &environment, sender, stop.clone());
    let listening = async {
        let mut taped = Taped::default();
        let until_enough = async {
            while !enough(&taped) {
                taped.events.push(events.recv().await.expect("the engine goes on until it is stopped"));
            }
        };
        let in_time = environment.clock.timeout(Duration::from_mins(10), until_enough).await;
        assert!(in_time.is_ok(), "never enough: {taped:#?}");
        stop.cancel();
        let stopped = clock.monotonic();
        // Some of the segments that were on their way may have come, and not the one before them.
        let unfinished =
            |event: &MediaEvent| matches!(event, MediaEvent::Gap { cause, .. } if cause.kind == CauseKind::Stopped);
        while let Some(event) = events.recv().await.filter(|event| !unfinished(event)) {
            taped.events.push(event);
        }
        while events.recv().await.is_some() {}
        (taped, stopped)
    };
    let (_, (taped, stopped)) = clock.pass_until(async { tokio::join!(engine, listening) }).await;
    assert!(clock.monotonic() <= stopped + GRACE, "ends promptly");
    taped
}

fn hls(station: &Station, path: &str) -> Hls {
    let headers = vec![("X-Station".to_owned(), "yes".to_owned())];
    let address = Address::Url(station.url.join(path).unwrap());
    Hls { address, headers, max_bitrate: None, language: None, accept_invalid: false, reach: Reach::Anywhere }
}

fn long_ago(station: &Station) -> DateTime<Utc> {
    station.clock.now() - chrono::TimeDelta::hours(1)
}

async fn capture(station: &Station, path: &str, segments: usize) -> Taped {
    let enough = |taped: &Taped| taped.chunks().len() + taped.gaps().len() >= segments;
    capture_with(station, hls(station, path), long_ago(station), enough).await
}

#[tokio::test]
async fn a_live_window_is_taped_from_its_beginning_in_order() {
    let station = Station::start(live).await;
    let taped = capture(&station, "list.m3u8", 10).await;
    taped.assert_whole();
    assert_eq!(taped.numbers()[0], 0);
    let MediaEvent::Format(format) = &taped.events[0] else { panic!("no format first: {:?}", taped.events[0]) };
    assert_eq!((format.container, format.detail.as_str()), (Container::Adts, "aac 48000 Hz 2 ch"));
    assert_eq!(taped.events.iter().filter(|event| matches!(event, MediaEvent::Format(_))).count(), 1);
    for (at, chunk) in taped.chunks().into_iter().enumerate() {
        assert_eq!(chunk.duration, SEGMENT);
        assert_eq!(chunk.discontinuity, at == 0);
        let number = number_in(&chunk.bytes);
        assert!(at < 6 || chunk.arrived >= station.ended(number), "{} of {number}", chunk.arrived);
        let ended = station.ended(number);
        let programme_time = chunk.programme_time.expect("dates are believed");
        assert!((programme_time - (ended - SEGMENT)).abs() < chrono::TimeDelta::milliseconds(2));
    }
    assert!(station.asked().iter().all(|asked| asked.header("x-station") == "yes"));
    assert!(taped.troubles().is_empty());
}

#[tokio::test]
async fn a_start_at_now_takes_only_the_newest() {
    let station = Station::start(live).await;
    let now = station.clock.now();
    let taped = capture_with(&station, hls(&station, "list.m3u8"), now, |taped| taped.chunks().len() >= 3).await;
    taped.assert_whole();
    assert!(taped.numbers()[0] >= 3, "{:?}", taped.numbers());
}

#[tokio::test]
async fn encrypted_segments_are_opened_even_when_the_key_was_wrong_once() {
    let station = Station::start(|asked| match asked.path.as_str() {
        "/key" if asked.nth == 0 => Answer::ok([7; 16].to_vec()),
        "/key" => Answer::ok(station::KEY.to_vec()),
        "/list.m3u8" => {
            live(asked).map_text(|text| text.replace("#EXT-X-VERSION:3", "#EXT-X-KEY:METHOD=AES-128,URI=\"key\""))
        }
        _ => asked.encrypted(),
    })
    .await;
    capture(&station, "list.m3u8", 9).await.assert_whole();
    assert_eq!(station.count("/key"), 2);
}

#[tokio::test]
async fn byte_ranges_come_exactly_whatever_the_server_makes_of_them() {
    let station = Station::start(|asked| match asked.path.as_str() {
        "/list.m3u8" => asked.ranged_list(),
        // One file that grows; once an answer ignores the range, once it has the wrong one.
        _ => asked.ranged(),
    })
    .await;
    capture(&station, "list.m3u8", 9).await.assert_whole();
}

#[tokio::test]
async fn redirects_and_compression_are_followed() {
    let station = Station::start(|asked| match asked.path.as_str() {
        "/start" => Answer::redirect("/deep/list.m3u8?token=1"),
        "/deep/list.m3u8" => live(asked).gzip(),
        path if path.starts_with("/deep/") => live(asked),
        _ => Answer::status(500),
    })
    .await;
    capture(&station, "start", 9).await.assert_whole();
}

#[tokio::test]
async fn segments_that_fail_for_a_while_are_had_in_the_end() {
    let station = Station::start(|asked| {
        let Some(number) = asked.segment() else { return live(asked) };
        match (number, asked.nth) {
            (2, 0) => Answer::status(404),
            (3, 0 | 1) => Answer::status(503),
            (4, 0) => live(asked).torn(),
            (5, 0) => Answer::ok(b"<!DOCTYPE html><html>Sorry".to_vec()),
            (6, 0) => Answer::ok(Vec::new()),
            (7, 0) => live(asked).stalled(),
            _ => live(asked),
        }
    })
    .await;
    let taped = capture(&station, "list.m3u8", 16).await;
    taped.assert_whole();
    assert!(taped.troubles().is_empty());
}

#[tokio::test]
async fn a_segment_that_never_comes_is_one_gap_with_its_length_and_cause() {
    let station = Station::start(|asked| match asked.segment() {
        Some(8) => Answer::status(404),
        _ => live(asked),
    })
    .await;
    let taped = capture(&station, "list.m3u8", 16).await;
    let mut numbers = taped.numbers();
    assert!(!numbers.contains(&8));
    numbers.push(8);
    numbers.sort_unstable();
    assert!(numbers.windows(2).all(|pair| pair[1] == pair[0] + 1), "{numbers:?}");
    let gaps = taped.gaps();
    assert_eq!(gaps.len(), 1, "{gaps:?}");
    assert_eq!(gaps[0].0, SEGMENT);
    assert!(gaps[0].1.kind == CauseKind::Refused && gaps[0].1.words.contains("404"), "{gaps:?}");
}

#[tokio::test]
async fn segments_that_never_come_hold_up_a_long_window_for_a_while_only() {
    let station = Station::start(|asked| match asked.segment() {
        Some(3) => Answer::status(404),
        Some(5) => Answer::ok(Vec::new()),
        Some(8) => standing(asked, 100, FRAME).stalled(),
        Some(70) if asked.nth < 2 => Answer::status(404),
        _ => standing(asked, 100, FRAME),
    })
    .await;
    let taped = capture(&station, "list.m3u8", 100).await;
    let want: Vec<u32> = (0..100).filter(|number| ![3, 5, 8].contains(number)).collect();
    assert_eq!(taped.numbers(), want);
    let gaps = taped.gaps();
    assert_eq!(gaps.len(), 3, "{gaps:?}");
    for ((length, cause), words) in gaps.iter().zip(["404", "is empty", "stopped sending"]) {
        assert!(cause.words.contains(words) && length.abs_diff(LONG) < Duration::from_millis(1), "{length:?}, {cause}");
    }
    // Each had its time, and the others came at once.
    assert!(station.count("/3.aac") > 15, "{}", station.count("/3.aac"));
}

#[tokio::test]
async fn a_segment_that_fails_with_all_others_is_had_when_the_station_is_well_again() {
    // Those after the one that fails first came before.
    let down = Duration::from_secs(20)..Duration::from_secs(220);
    let station = Station::start(move |asked| {
        let fails = match asked.segment() {
            Some(3) => asked.elapsed < down.end,
            Some(_) => down.contains(&asked.elapsed),
            None => false,
        };
        if fails { Answer::status(503) } else { standing(asked, 100, FRAME) }
    })
    .await;
    capture(&station, "list.m3u8", 100).await.assert_whole();
}

#[tokio::test]
async fn a_first_segment_that_fails_is_tried_again_however_much_waits_behind_it() {
    // The first segment that is wanted is not the first in the window.
    let station = Station::start(|asked| match asked.segment() {
        Some(4) if asked.nth == 0 => standing(asked, 30, LARGEST).stalled(),
        _ => standing(asked, 30, LARGEST),
    })
    .await;
    let since = station.clock.now() - chrono::TimeDelta::milliseconds(65_800);
    let taped = capture_with(&station, hls(&station, "list.m3u8"), since, |taped| taped.chunks().len() >= 26).await;
    assert_eq!(taped.numbers(), (4..30).collect::<Vec<_>>());
    assert_eq!(station.count("/4.aac"), 2);
}

#[tokio::test]
async fn marked_gaps_are_gaps_without_a_request() {
    let station =
        Station::start(|asked| live(asked).map_text(|text| text.replace("\n5.aac", "\n#EXT-X-GAP\n5.aac"))).await;
    let taped = capture(&station, "list.m3u8", 9).await;
    assert_eq!(taped.gaps().iter().map(|(_, cause)| cause.kind).collect::<Vec<_>>(), [CauseKind::OffAir]);
    assert_eq!(station.count("/5.aac"), 0);
}

#[tokio::test]
async fn playlists_that_fail_or_lie_lose_nothing() {
    let station = Station::start(|asked| {
        if asked.segment().is_some() {
            return live(asked);
        }
        match asked.nth {
            2 => Answer::status(503),
            4 => Answer::ok(b"<html>busy</html>".to_vec()),
            6 => Answer::status(403),
            8 => live(asked).torn(),
            10 => Answer::ok(b"#EXTM3U\n#EXTINF:".to_vec()),
            nth if nth % 2 == 1 => live(&asked.earlier(2)),
            _ => live(asked),
        }
    })
    .await;
    let taped = capture(&station, "list.m3u8", 14).await;
    taped.assert_whole();
    assert!(taped.chunks().iter().skip(1).all(|chunk| !chunk.discontinuity));
    for (kind, words) in [(CauseKind::Refused, "503"), (CauseKind::Playlist, "busy")] {
        let told = |cause: &&Cause| cause.kind == kind && cause.words.contains(words);
        assert!(taped.troubles().iter().any(told), "{kind:?}: {:?}", taped.troubles());
    }
}

#[tokio::test]
async fn a_sequence_that_starts_anew_loses_and_doubles_nothing() {
    // From segment 8 on the encoder counts from zero, with names of its own and without a mark.
    let station = Station::start(|asked| asked.restarted_at(8)).await;
    let taped = capture(&station, "list.m3u8", 16).await;
    taped.assert_whole();
    let broken: Vec<_> =
        taped.chunks().iter().filter(|chunk| chunk.discontinuity).map(|chunk| number_in(&chunk.bytes)).collect();
    assert_eq!(broken, [0, 8]);
}

#[tokio::test]
async fn sound_that_was_had_before_under_another_name_is_not_doubled() {
    let station = Station::start(|asked| asked.renamed_at(8)).await;
    let taped = capture(&station, "list.m3u8", 14).await;
    taped.assert_whole();
    assert!(taped.chunks().iter().skip(1).all(|chunk| !chunk.discontinuity), "media time goes on");
    assert!(
        station.asked().iter().any(|asked| asked.segment() == Some(7) && asked.path == "/x7.aac"),
        "doubt was cleared"
    );
}

#[tokio::test]
async fn a_variant_that_disappears_is_replaced_by_another() {
    let station = Station::start(|asked| match asked.path.as_str() {
        "/master.m3u8" => Answer::ok(
            b"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=64000\nlow.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=128000\nhigh.m3u8\n"
                .to_vec(),
        ),
        "/high.m3u8" if asked.nth >= 3 => Answer::status(404),
        _ => live(asked),
    })
    .await;
    capture(&station, "master.m3u8", 14).await.assert_whole();
    assert!(station.count("/low.m3u8") > 0);
}

/// A source whose address stands on a page that changes.
fn paged(station: &Station) -> Hls {
    let get = Step::Get { url: Some(station.url.join("page.html").unwrap()), headers: Vec::new() };
    let find = Step::Match { pattern: regex::Regex::new("stream='(.*?)'").unwrap() };
    let steps = [get, find].into_iter().zip(1..).map(|(step, number)| Find { number, step });
    Hls { address: Address::Find(steps.collect()), ..hls(station, "") }
}

#[tokio::test]
async fn an_expired_token_is_renewed_without_a_hole_or_a_duplicate() {
    // Opaque tokens that live 1.5 s; the page is down when the first one runs out.
    let station = Station::start(|asked| {
        let token = asked.elapsed.as_millis() / 1500;
        match asked.path.as_str() {
            "/page.html" if asked.nth == 1 => Answer::status(500),
            "/page.html" => Answer::ok(format!("<script>stream='/list.m3u8?t={token}'</script>").into_bytes()),
            "/list.m3u8" if asked.query != format!("t={token}") => Answer::status(403),
            _ => live(asked),
        }
    })
    .await;
    let taped = capture_with(&station, paged(&station), long_ago(&station), |taped| taped.chunks().len() >= 14).await;
    taped.assert_whole();
    assert!(taped.chunks().iter().skip(1).all(|chunk| !chunk.discontinuity));
    assert!(station.count("/page.html") >= 4);
    let told = |cause: &&Cause| cause.kind == CauseKind::Address && cause.words.contains("500");
    assert!(taped.troubles().iter().any(told), "{:?}", taped.troubles());
}

#[tokio::test]
async fn an_address_that_says_when_it_expires_is_renewed_before() {
    let station = Station::start(|asked| match asked.path.as_str() {
        "/page.html" => Answer::ok(format!("stream='/list.m3u8?Expires={}'", asked.now().timestamp() + 5).into_bytes()),
        "/list.m3u8" if asked.now().timestamp() >= asked.expiry() => Answer::status(403),
        _ => live(asked),
    })
    .await;
    let taped = capture_with(&station, paged(&station), long_ago(&station), |taped| taped.chunks().len() >= 20).await;
    taped.assert_whole();
    assert!(taped.troubles().is_empty(), "not one refusal: {:?}", taped.troubles());
    assert!(station.count("/page.html") >= 2);
}

#[tokio::test]
async fn a_station_that_is_down_at_first_is_waited_for_and_reported() {
    let station =
        Station::start(|asked| if asked.elapsed < Duration::from_millis(1500) { Answer::reset() } else { live(asked) })
            .await;
    let taped = capture(&station, "list.m3u8", 6).await;
    taped.assert_whole();
    let MediaEvent::Trouble { cause, .. } = &taped.events[0] else { panic!("{:?}", taped.events[0]) };
    assert_eq!(cause.kind, CauseKind::Connection, "{cause}");
}

#[tokio::test]
async fn stopping_in_the_middle_of_a_stall_is_prompt_and_keeps_what_was_fetched() {
    let station =
        Station::start(|asked| if asked.segment() == Some(2) { live(asked).stalled() } else { live(asked) }).await;
    let taped =
        capture_with(&station, hls(&station, "list.m3u8"), long_ago(&station), |taped| taped.chunks().len() >= 2).await;
    assert!(station.clock.monotonic() < Duration::from_secs(3), "{:?}", station.clock.monotonic());
    assert_eq!(taped.numbers()[..2], [0, 1]);
    let later = taped.numbers().iter().any(|number| *number > 2);
    assert_eq!(!taped.gaps().is_empty(), later, "{:#?}", taped.events);
}

#[tokio::test]
async fn every_container_is_recognised() {
    for (options, container) in [
        ("-hls_segment_type mpegts", Container::MpegTs),
        ("-hls_segment_type fmp4", Container::Fmp4),
        ("-hls_flags single_file", Container::MpegTs),
    ] {
        let folder = station::encoded(options);
        let path = folder.path().to_owned();
        let station = Station::start(move |asked| asked.file(&path)).await;
        let taped = capture(&station, "list.m3u8", 4).await;
        let Some(MediaEvent::Format(format)) = taped.events.first() else { panic!("{options}: {taped:?}") };
        assert_eq!(format.container, container, "{options}");
        assert_eq!(format.init.is_some(), container == Container::Fmp4, "{options}");
        let total: Duration = taped.chunks().iter().map(|chunk| chunk.duration).sum();
        assert!(total.abs_diff(Duration::from_secs(4)) < Duration::from_millis(100), "{options}: {total:?}");
    }
}
