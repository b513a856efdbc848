//! Clocks that are set, machines that sleep, summer time: a running airing is recorded to its end, once.
#![expect(clippy::format_push_string, reason = "a configuration is built as it reads")]

use std::sync::Arc;
use std::time::Duration;

use aircheck::base::clock::{Clock as _, SystemClock};
use chrono::{DateTime, TimeDelta, Utc};
use futures::future::join_all;
use rustix::process::{Pid, Signal, kill_process};

use crate::support::aircheck::{Aircheck, until};
use crate::support::machine::{Daemon, SetClock, by_show, children_of, heard, minute, whole};
use crate::support::origin::{Container, Origin, ProgrammeTime, Setup, StationHandle};

const LIMIT: Duration = Duration::from_secs(200);

async fn wait(clock: &SetClock, instant: DateTime<Utc>) {
    until("the time", LIMIT, async || clock.now() >= instant).await;
}

fn stamped(container: Container, clock: &SetClock) -> Setup {
    Setup { programme_time: ProgrammeTime::Every, clock_error: clock.ahead(), ..Setup::of(container) }
}

/// Returns a show of twenty seconds at ten.
fn show_at_ten(station: &StationHandle) -> Aircheck {
    Aircheck::new(&format!(
        "timezone: UTC\nstations:\n  s: {{ hls: \"{}\" }}\nshows:\n  \
         - {{ title: Show, station: s, cron: \"0 10 * * *\", length: 20s }}\n",
        station.url()
    ))
}

/// Sets the clock by `by` in the middle of an airing, on a station with and one without dates; another airing follows
/// by the new time.
async fn stepped(by: TimeDelta) {
    let origin = Origin::start();
    let start: DateTime<Utc> = "2026-11-21T10:00:00Z".parse().expect("a time");
    let clock = SetClock::before(start, &origin, &[Container::Ts, Container::Adts]);
    let before = clock.ahead();
    let stations =
        [origin.station("a", stamped(Container::Ts, &clock)), origin.station("b", Setup::of(Container::Adts))];
    // A minute after the first airing, by the new clock.
    let after = start + by + TimeDelta::minutes(1);
    let mut yaml = "timezone: UTC\nstations:\n".to_owned();
    for (name, station) in ["a", "b"].iter().zip(&stations) {
        yaml += &format!("  {name}: {{ hls: \"{}\" }}\n", station.url());
    }
    yaml += "shows:\n";
    for name in ["a", "b"] {
        yaml += &format!("  - {{ title: Set {name}, station: {name}, cron: \"0 10 * * *\", length: 30s }}\n");
        let cron = after.format("%-M %-H * * *");
        yaml += &format!("  - {{ title: After {name}, station: {name}, cron: \"{cron}\", length: 8s }}\n");
    }
    let aircheck = Aircheck::new(&yaml);
    let daemon = Daemon::start(&aircheck, Arc::clone(&clock));
    wait(&clock, start + TimeDelta::seconds(10)).await;
    clock.step(by);
    until("the airings in progress", LIMIT, async || aircheck.list().await.len() == 2).await;
    until("those after them", LIMIT, async || aircheck.list().await.len() == 4).await;
    let list = aircheck.list().await;
    for name in ["a", "b"] {
        let begins = (name == "a").then_some(start - before);
        println!("{by}: set {name}: {}", whole(by_show(&list, &format!("set-{name}")), begins, 30.0));
        let report = whole(by_show(&list, &format!("after-{name}")), None, 8.0);
        println!("{by}: after {name}: {report}");
        let begins = after - clock.ahead();
        let off = report.begins(begins).map(|heard| (heard - begins).as_seconds_f64());
        assert!(off.is_some_and(|off| off.abs() < 2.5), "off by {off:?}: {report}");
    }
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_clock_set_by_an_hour_during_an_airing_cuts_nothing_short_and_is_followed_afterwards() {
    join_all([stepped(TimeDelta::hours(1)), stepped(TimeDelta::hours(-1))]).await;
}

/// The clock is set by about `hours` in the middle of an airing whose encoder, found by its bit rate, stands still from then
/// on. A show of another station follows by the new time.
async fn followed(hours: i64, bitrate: u32) {
    let origin = Origin::start();
    let start: DateTime<Utc> = "2026-11-21T10:00:00Z".parse().expect("a time");
    let clock = SetClock::before(start, &origin, &[Container::Adts]);
    let stations = ["a", "b"].map(|name| origin.station(name, Setup::of(Container::Adts)));
    let aircheck = Aircheck::new(&format!(
        "timezone: UTC\nstations:\n  a: {{ hls: \"{}\" }}\n  b: {{ hls: \"{}\" }}\nshows:\n  \
         - {{ title: First, station: a, cron: \"0 10 * * *\", length: 20s, mp3: {{ bitrate: {bitrate} }} }}\n  \
         - {{ title: Second, station: b, cron: \"0 {} * * *\", length: 8s }}\n",
        stations[0].url(),
        stations[1].url(),
        10 + hours
    ));
    let daemon = Daemon::start(&aircheck, Arc::clone(&clock));
    wait(&clock, start + TimeDelta::seconds(10)).await;
    // The second show begins a moment after the end of the first.
    clock.step(TimeDelta::hours(hours) - TimeDelta::seconds(25));
    let encoder = || {
        let of_first = |id: &u32| {
            let line = std::fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
            line.split(|byte| *byte == 0).any(|argument| argument == bitrate.to_string().as_bytes())
        };
        let id = children_of(std::process::id()).into_iter().find(of_first)?;
        Pid::from_raw(id.cast_signed())
    };
    until("the encoder", LIMIT, async || encoder().is_some()).await;
    let encoder = encoder().expect("it waits for the end of the show");
    kill_process(encoder, Signal::STOP).expect("it is ours");
    until("the second show's station is asked", LIMIT, async || !stations[1].log().is_empty()).await;
    assert_eq!(aircheck.list().await.len(), 0, "the first is not encoded yet");
    kill_process(encoder, Signal::CONT).expect("it is ours");
    until("both", LIMIT, async || aircheck.list().await.len() == 2).await;
    let list = aircheck.list().await;
    whole(by_show(&list, "first"), None, 20.0);
    whole(by_show(&list, "second"), None, 8.0);
    daemon.stop().await;
}

/// An encoder that is slow does not keep the next show from beginning by the new time, and loses nothing by that.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_clock_set_in_mid_airing_is_followed_before_the_recording_is_encoded() {
    // No other test of this process has these bit rates.
    futures::join!(followed(2, 224_000), followed(-2, 160_000));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_clock_that_is_wrong_for_a_while_changes_nothing_and_nothing_is_recorded_twice() {
    let origin = Origin::start();
    let start: DateTime<Utc> = "2026-11-21T10:00:00Z".parse().expect("a time");
    let clock = SetClock::before(start, &origin, &[Container::Ts, Container::Adts]);
    let before = clock.ahead();
    let station = origin.station("s", stamped(Container::Ts, &clock));
    let aircheck = show_at_ten(&station);
    let daemon = Daemon::start(&aircheck, Arc::clone(&clock));
    wait(&clock, start + TimeDelta::seconds(5)).await;
    clock.step(TimeDelta::hours(1));
    wait(&clock, start + TimeDelta::seconds(10) + TimeDelta::hours(1)).await;
    clock.step(TimeDelta::hours(-1));
    until("the recording", LIMIT, async || aircheck.list().await.len() == 1).await;
    whole(&aircheck.list().await[0], Some(start - before), 20.0);
    // The minute comes again; the airing does not.
    clock.step(start + TimeDelta::seconds(3) - clock.now());
    wait(&clock, start + TimeDelta::seconds(10)).await;
    // A daemon that did not see the first time does not record it again either.
    daemon.stop().await;
    let asked = station.log().len();
    let daemon = Daemon::start(&aircheck, Arc::clone(&clock));
    wait(&clock, start + TimeDelta::seconds(25)).await;
    let list = aircheck.list().await;
    assert_eq!(list.len(), 1, "{list:?}");
    whole(&list[0], Some(start - before), 20.0);
    assert_eq!(station.log().len(), asked, "nobody needs the station any more");
    daemon.stop().await;
}

/// The power fails for two hours in the middle of a show, and the machine has no clock with a battery: its time goes on
/// where it stopped, until the network sets it.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn after_a_power_failure_a_clock_that_stood_still_puts_nothing_into_the_wrong_show() {
    let origin = Origin::start();
    let start: DateTime<Utc> = "2026-11-21T10:00:00Z".parse().expect("a time");
    let clock = SetClock::before(start, &origin, &[Container::Adts]);
    let station = origin.station("s", Setup::of(Container::Adts));
    let aircheck = Aircheck::new(&format!(
        "timezone: UTC\nstations:\n  s: {{ hls: \"{}\" }}\nshows:\n  \
         - {{ title: Before, station: s, cron: \"0 10 * * *\", length: 1h }}\n  \
         - {{ title: After, station: s, cron: \"5 12 * * *\", length: 8s }}\n",
        station.url()
    ));
    let daemon = Daemon::start(&aircheck, Arc::clone(&clock));
    wait(&clock, start + TimeDelta::seconds(8)).await;
    daemon.stop().await;
    clock.start_machine();
    let daemon = Daemon::start(&aircheck, Arc::clone(&clock));
    wait(&clock, start + TimeDelta::seconds(16)).await;
    let after = start + TimeDelta::minutes(125);
    clock.step(after - TimeDelta::seconds(20) - clock.now());
    until("both shows", LIMIT, async || aircheck.list().await.len() == 2).await;
    let list = aircheck.list().await;
    let before = by_show(&list, "before");
    assert_eq!(
        (&before["verdict"], before["missing"].as_array().map(Vec::len)),
        (&"partial".into(), Some(1)),
        "{before}"
    );
    assert_eq!(before["missing"][0]["kind"], "not_running", "{before}");
    let report = heard(before);
    assert!(report.is_whole() && (5.0..12.0).contains(&report.length), "{before}: {report}");
    let report = whole(by_show(&list, "after"), None, 8.0);
    let begins = after - clock.ahead();
    let off = report.begins(begins).map(|heard| (heard - begins).as_seconds_f64());
    assert!(off.is_some_and(|off| off.abs() < 2.5), "off by {off:?}: {report}");
    daemon.stop().await;
    assert!(aircheck.run(&["recover"]).await.stdout.starts_with("nothing:"), "the tape tells the same to the next one");
}

/// Runs a show while the clock is nine hours ahead for a while, as a clock in Seoul's local time is until it is set:
/// while nothing is recorded, or already at the start.
async fn ahead_before_the_show(at_start: bool) {
    let origin = Origin::start();
    let start: DateTime<Utc> = "2026-11-21T10:00:00Z".parse().expect("a time");
    let clock = SetClock::before(start, &origin, &[Container::Ts]);
    // Early enough that the airing is not claimed yet.
    clock.step(TimeDelta::seconds(-40));
    let before = clock.ahead();
    let station = origin.station("s", stamped(Container::Ts, &clock));
    let aircheck = show_at_ten(&station);
    let mut daemon = Daemon::start(&aircheck, Arc::clone(&clock));
    let lock = aircheck.path("state/lock");
    until("its first sign of life", LIMIT, async || std::fs::read(&lock).is_ok_and(|it| !it.is_empty())).await;
    if at_start {
        daemon.stop().await;
        // The time of this file is the last sign of life; the kernel does not know the simulated clock.
        let alive = std::fs::File::options().write(true).open(&lock).expect("the lock");
        alive.set_modified(clock.now().into()).expect("its time");
        clock.step(TimeDelta::hours(9));
        daemon = Daemon::start(&aircheck, Arc::clone(&clock));
    } else {
        clock.step(TimeDelta::hours(9));
    }
    until("the show to be missed", LIMIT, async || aircheck.list().await.len() == 1).await;
    assert_eq!(aircheck.list().await[0]["verdict"], "failed");
    clock.step(TimeDelta::hours(-9));
    assert!(clock.now() < start, "there was not enough time for what comes before the show");
    let recorded = |list: Vec<serde_json::Value>| list.first().is_some_and(|it| it["verdict"] != "failed");
    until("the recording", LIMIT, async || recorded(aircheck.list().await)).await;
    let list = aircheck.list().await;
    assert_eq!(list.len(), 1, "{list:?}");
    whole(&list[0], Some(start - before), 20.0);
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_clock_that_was_ahead_before_a_show_does_not_cost_the_show() {
    join_all([ahead_before_the_show(true), ahead_before_the_show(false)]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn summer_time_begins_and_ends_in_the_middle_of_an_airing() {
    let origin = Origin::start();
    // In Paris 03:00 follows 01:59 in spring, and 02:00 follows 02:59 in autumn.
    let cases = [("2027-03-28T00:59:00Z", "59 1 * * *"), ("2026-10-25T00:59:00Z", "59 2 * * *")];
    let runs = cases.iter().map(|(start, cron)| {
        let start: DateTime<Utc> = start.parse().expect("a time");
        let clock = SetClock::before(start, &origin, &[Container::Ts, Container::Adts]);
        let station = origin.station(&cron.replace([' ', '*'], ""), stamped(Container::Ts, &clock));
        async move {
            let aircheck = Aircheck::new(&format!(
                "timezone: Europe/Paris\nstations:\n  s: {{ hls: \"{}\" }}\nshows:\n  \
                 - {{ title: Show, station: s, cron: \"{cron}\", length: 75s }}\n",
                station.url()
            ));
            let before = clock.ahead();
            let daemon = Daemon::start(&aircheck, Arc::clone(&clock));
            until("the recording", LIMIT, async || !aircheck.list().await.is_empty()).await;
            wait(&clock, start + TimeDelta::seconds(80)).await;
            let list = aircheck.list().await;
            assert_eq!(list.len(), 1, "{list:?}");
            whole(&list[0], Some(start - before), 75.0);
            daemon.stop().await;
        }
    });
    join_all(runs).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn after_thirty_seconds_of_sleep_the_recording_has_all_that_is_still_offered() {
    let origin = Origin::start();
    let long =
        origin.station("long", Setup { window: 25, programme_time: ProgrammeTime::Every, ..Setup::of(Container::Ts) });
    let short = origin.station("short", Setup { programme_time: ProgrammeTime::Every, ..Setup::of(Container::Ts) });
    let (start, cron) = minute(5);
    let aircheck = Aircheck::new(&format!(
        "timezone: UTC\nstations:\n  l: {{ hls: \"{}\" }}\n  s: {{ hls: \"{}\" }}\nshows:\n  \
         - {{ title: Long, station: l, cron: \"{cron}\", length: 55s }}\n  \
         - {{ title: Short, station: s, cron: \"{cron}\", length: 55s }}\n",
        long.url(),
        short.url()
    ));
    let mut service = aircheck.start("run", &["run"]);
    let clock = SystemClock::shared();
    let wait = async |seconds| {
        let instant = start + TimeDelta::seconds(seconds);
        until("the time", LIMIT, async || clock.now() >= instant).await;
    };
    wait(10).await;
    service.signal(Signal::STOP);
    wait(40).await;
    service.signal(Signal::CONT);
    until("both recordings", LIMIT, async || aircheck.list().await.len() == 2).await;
    let list = aircheck.list().await;
    whole(by_show(&list, "long"), Some(start), 55.0);
    let short = by_show(&list, "short");
    let gaps = short["missing"].as_array().expect("gaps");
    assert_eq!(gaps.len(), 1, "{short}");
    let lost = gaps[0]["seconds"].as_f64().expect("a length");
    let report = heard(short);
    // Of thirty seconds the window still had ten.
    assert!((14.0..27.0).contains(&lost), "{short}");
    assert!((report.missing - lost).abs() < 0.06 && report.doubled == 0.0, "{short}: {report}");
    service.signal(Signal::TERM);
    assert!(service.end().await.success(), "{}", service.log());
}
