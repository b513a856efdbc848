//! Five hundred clients fetch feeds and parts of recordings while twenty stations are on tape: none may cost a second
//! of any recording. The test prints in Markdown how long they wait.

use std::sync::Arc;
use std::time::Duration;

use aircheck::base::clock::SystemClock;
use chrono::TimeDelta;
use futures::future::join_all;
use reqwest::header::RANGE;
use reqwest::{Client, StatusCode};

use crate::support::aircheck::until;
use crate::support::airing::next_minute;
use crate::support::origin::{Container, Origin, ProgrammeTime, Setup};
use crate::support::shelved::{Library, Shelved};
use crate::support::timecode::Report;

const STATIONS: usize = 20;
const CLIENTS: usize = 500;
/// How long each airing is, in seconds.
const LENGTH: u32 = 60;
/// The pause between two requests of a client.
const PAUSE: Duration = Duration::from_secs(5);
/// The longest wait: until the next full minute, and for an airing in it.
const SOON: Duration = Duration::from_secs(240);

/// How long requests of one kind took, in milliseconds.
fn told(name: &str, mut took: Vec<f64>) {
    took.sort_by(f64::total_cmp);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place in a list")]
    let at = |share: f64| took.get((took.len() as f64 * share) as usize).copied().unwrap_or_default();
    println!("| {name} | {} | {:.0} ms | {:.0} ms | {:.0} ms |", took.len(), at(0.5), at(0.95), at(0.99));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement: tests/load/run"]
async fn five_hundred_clients_cost_no_second_of_twenty_recordings() {
    let origin = Origin::start();
    let stations: Vec<_> = (0..STATIONS)
        .map(|number| {
            let setup = Setup { programme_time: ProgrammeTime::Every, ..Setup::of(Container::Adts) };
            origin.station(&format!("s{number}"), setup)
        })
        .collect();
    let (minute, cron) = next_minute(20);
    let named: String = (0..)
        .zip(&stations)
        .map(|(number, it)| format!("  s{number}: {{ name: S, hls: \"{}\" }}\n", it.url()))
        .collect();
    let shows: String = (0..STATIONS)
        .map(|number| {
            format!("  - {{ title: 방송 {number}, id: show-{number}, station: s{number}, cron: \"{cron}\", length: {LENGTH}s }}\n")
        })
        .collect();
    let shelved: Vec<_> = (1..=28)
        .map(|day| Shelved::new("show-0", "방송 0", "s0", &format!("2026-02-{day:02}T14:00:00+09:00")))
        .collect();
    let media = format!("media/{}.mp3", shelved[0].id());
    let library = Library::open(&format!("timezone: UTC\nstations:\n{named}shows:\n{shows}"), &shelved).await;

    let clock = SystemClock::shared();
    until("the airings", SOON, async || clock.now() >= minute).await;
    let ends = minute + TimeDelta::seconds(LENGTH.into());
    let clients = (0..CLIENTS).map(|number| {
        let (base, media, clock) = (library.base.clone(), media.clone(), Arc::clone(&clock));
        tokio::spawn(async move {
            // Each client has its own connection.
            let client = Client::builder().pool_max_idle_per_host(1).build().expect("a client");
            let (mut feeds, mut pieces, mut failed) = (Vec::new(), Vec::new(), 0);
            let mut turn = number;
            // Five hundred people do not begin at the same moment.
            clock.sleep(PAUSE * u32::try_from(number).expect("few") / u32::try_from(CLIENTS).expect("few")).await;
            while clock.now() < ends {
                turn += 1;
                let feed = turn % 2 == 0;
                let url = base.join(if feed { "feed.xml" } else { &media }).expect("an address");
                let from = turn * 4096 % 280_000;
                let began = clock.monotonic();
                let request = client.get(url);
                let request =
                    if feed { request } else { request.header(RANGE, format!("bytes={from}-{}", from + 65_535)) };
                let wanted = if feed { StatusCode::OK } else { StatusCode::PARTIAL_CONTENT };
                let fetched = async {
                    let answer = request.send().await.ok().filter(|answer| answer.status() == wanted)?;
                    answer.bytes().await.ok()
                };
                match fetched.await {
                    Some(_) => {
                        let took = clock.monotonic().saturating_sub(began).as_secs_f64() * 1000.0;
                        if feed { feeds.push(took) } else { pieces.push(took) }
                    }
                    None => failed += 1,
                }
                // An app that plays pauses between requests; without pauses the test would measure the processors.
                clock.sleep(PAUSE).await;
            }
            (feeds, pieces, failed)
        })
    });
    let (mut feeds, mut pieces, mut failed) = (Vec::new(), Vec::new(), 0);
    for client in join_all(clients).await {
        let (some, others, lost) = client.expect("no panic");
        feeds.extend(some);
        pieces.extend(others);
        failed += lost;
    }
    until("the recordings", SOON, async || library.aircheck.list().await.len() == shelved.len() + STATIONS).await;

    println!("| asked by {CLIENTS} clients in {LENGTH} s | answers | half within | 95 % within | 99 % within |");
    println!("| --- | ---: | ---: | ---: | ---: |");
    told("the feed, 28 episodes", feeds);
    told("64 KiB of a recording", pieces);
    let list = library.aircheck.list().await;
    let mut lost = Vec::new();
    let old = |start: &str| start.starts_with("2026-02");
    for recording in list.iter().filter(|recording| !recording["start"].as_str().is_some_and(old)) {
        let heard = Report::of_file(std::path::Path::new(recording["file"].as_str().expect("a file")));
        let off = heard.begins(minute).map(|begins| (begins - minute).as_seconds_f64().abs());
        if recording["verdict"] != "complete" || !heard.is_whole() || off.is_none_or(|off| off > 0.03) {
            lost.push(format!("{recording}: {heard}"));
        }
    }
    println!("\n{} of {STATIONS} recordings are whole; {failed} requests failed.", STATIONS - lost.len());
    assert!(lost.is_empty(), "{}", lost.join("\n"));
    assert_eq!(failed, 0);
}
