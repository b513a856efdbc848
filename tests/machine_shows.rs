//! Many shows at once, shows back to back, and a station that is down when its show ends.
#![expect(clippy::format_push_string, reason = "a configuration is built as it reads")]

use std::sync::Arc;
use std::time::Duration;

use aircheck::base::clock::{Clock as _, SystemClock};
use chrono::{DateTime, TimeDelta, Utc};

use crate::support::aircheck::{Aircheck, until};
use crate::support::machine::{Daemon, SetClock, by_show, minute, processes, whole};
use crate::support::origin::{Container, Origin, ProgrammeTime, Setup};

const LIMIT: Duration = Duration::from_secs(300);
const SHOWS: usize = 200;

fn start() -> DateTime<Utc> {
    "2026-11-21T10:00:00Z".parse().expect("a time")
}

fn stamped(clock: &SetClock) -> Setup {
    Setup { programme_time: ProgrammeTime::Every, clock_error: clock.ahead(), ..Setup::of(Container::Ts) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn back_to_back_shows_share_a_connection_and_each_has_its_padding() {
    let origin = Origin::start();
    let clock = SetClock::before(start(), &origin, &[Container::Ts]);
    let before = clock.ahead();
    let station = origin.station("s", stamped(&clock));
    let aircheck = Aircheck::new(&format!(
        "timezone: UTC\nstations:\n  s: {{ hls: \"{}\" }}\nshows:\n  \
         - {{ title: One, station: s, cron: \"0 10 * * *\", length: 1m, early: 2s, late: 5s }}\n  \
         - {{ title: Two, station: s, cron: \"1 10 * * *\", length: 10s, early: 5s, late: 2s }}\n",
        station.url()
    ));
    let daemon = Daemon::start(&aircheck, Arc::clone(&clock));
    until("both recordings", LIMIT, async || aircheck.list().await.len() == 2).await;
    let list = aircheck.list().await;
    whole(by_show(&list, "one"), Some(start() - before - TimeDelta::seconds(2)), 67.0);
    whole(by_show(&list, "two"), Some(start() - before + TimeDelta::seconds(55)), 17.0);
    let mut segments: Vec<_> = station.log().into_iter().filter_map(|entry| entry.sequence).collect();
    let fetched = segments.len();
    segments.sort_unstable();
    segments.dedup();
    assert_eq!(segments.len(), fetched, "every segment was fetched once");
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_airing_waits_for_a_station_that_is_down_at_its_end_while_the_window_may_come_back() {
    let origin = Origin::start();
    let clock = SetClock::before(start(), &origin, &[Container::Ts]);
    let before = clock.ahead();
    // Its window reaches back 80 s.
    let station = origin.station("s", Setup { window: 40, ..stamped(&clock) });
    let aircheck = Aircheck::new(&format!(
        "timezone: UTC\nstations:\n  s: {{ hls: \"{}\" }}\nshows:\n  \
         - {{ title: Show, station: s, cron: \"0 10 * * *\", length: 20s }}\n",
        station.url()
    ));
    let daemon = Daemon::start(&aircheck, Arc::clone(&clock));
    let wait = async |seconds| {
        let instant = start() + TimeDelta::seconds(seconds);
        until("the time", LIMIT, async || clock.now() >= instant).await;
    };
    wait(14).await;
    origin.close_port(true);
    wait(65).await;
    assert!(aircheck.list().await.is_empty(), "it was given up too early");
    origin.close_port(false);
    until("the recording", LIMIT, async || !aircheck.list().await.is_empty()).await;
    whole(&aircheck.list().await[0], Some(start() - before), 20.0);
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_hundred_airings_of_the_same_second_are_whole_with_few_processes_and_little_memory() {
    let origin = Origin::start();
    let setup = || Setup { programme_time: ProgrammeTime::Every, ..Setup::of(Container::Ts) };
    let stations: Vec<_> = (0..4).map(|number| origin.station(&format!("s{number}"), setup())).collect();
    // Time enough for the service to start on a busy machine, and to claim them before they begin.
    let (start, cron) = minute(30);
    let mut yaml = "timezone: UTC\nstations:\n".to_owned();
    for (number, station) in stations.iter().enumerate() {
        yaml += &format!("  s{number}: {{ hls: \"{}\" }}\n", station.url());
    }
    yaml += "shows:\n";
    for number in 0..SHOWS {
        let station = number % stations.len();
        yaml += &format!("  - {{ title: Show {number}, station: s{station}, cron: \"{cron}\", length: 12s }}\n");
    }
    let aircheck = Aircheck::new(&yaml);
    let mut service = aircheck.start("run", &["run"]);
    let ends = start + TimeDelta::seconds(12);
    let clock = SystemClock::shared();
    let (mut most, mut listed) = (0, 0);
    until("all recordings", 3 * LIMIT, async || {
        let children = processes(&aircheck).into_iter().filter(|(_, name)| name == "ffmpeg").count();
        most = most.max(children);
        // The list is read less often than processes are counted.
        listed += 1;
        listed % 20 == 0 && aircheck.list().await.len() == SHOWS
    })
    .await;
    let took = (clock.now() - ends).as_seconds_f64();
    let status = std::fs::read_to_string(format!("/proc/{}/status", service.id())).expect("it runs");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak").trim();
    println!("{SHOWS} airings: all shelved {took:.1} s after their end; at most {most} ffmpegs, {peak} of memory");
    let list = aircheck.list().await;
    for number in 0..SHOWS {
        let recording = by_show(&list, &format!("show-{number}"));
        assert_eq!((&recording["verdict"], &recording["seconds"]), (&"complete".into(), &12.0.into()), "{recording}");
        if number % 10 == 0 {
            whole(recording, Some(start), 12.0);
        }
    }
    // Two slots per processor, with two ffmpegs each.
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    assert!(most <= 4 * processors, "{most} ffmpegs at once");
    let peak: u64 = peak.trim_end_matches(" kB").parse().expect("a number");
    assert!(peak < 200 * 1024, "{peak} KiB");
    service.signal(rustix::process::Signal::TERM);
    assert!(service.end().await.success(), "{}", service.log());
}
