//! No ffmpeg and no rtmpdump outlives the service, however it dies.
#![expect(clippy::format_push_string, reason = "a configuration is built as it reads")]

use std::time::Duration;

use aircheck::base::clock::SystemClock;
use aircheck::base::process::Invocation;
use rustix::process::Signal;
use tokio::io::AsyncBufReadExt as _;

use crate::support::aircheck::{Aircheck, Service, until};
use crate::support::machine::{by_show, children_of, is_alive, minute, processes, whole};
use crate::support::origin::{Container, Origin, ProgrammeTime, Setup};
use crate::support::rtmp::RtmpServer;

const LIMIT: Duration = Duration::from_secs(150);
/// How long a child may take to end; one that ends by itself later does not count.
const SOON: Duration = Duration::from_secs(20);

fn count(aircheck: &Aircheck, program: &str) -> usize {
    processes(aircheck).iter().filter(|(_, name)| name == program).count()
}

async fn none_is_left(aircheck: &Aircheck, after: &str) {
    until(&format!("the end of all processes after {after}"), SOON, async || processes(aircheck).is_empty()).await;
}

/// Ends the service with `signal` while it has children, and checks that they end.
async fn dies(aircheck: &Aircheck, signal: Signal, children: &[(&str, usize)], after: &str) {
    let mut service: Service = aircheck.start("run", &["run"]);
    until("its children", LIMIT, async || children.iter().all(|(program, least)| count(aircheck, program) >= *least))
        .await;
    service.signal(signal);
    service.end().await;
    none_is_left(aircheck, after).await;
}

#[tokio::test]
async fn while_it_captures_from_rtmp() {
    let server = RtmpServer::start();
    let (_, cron) = minute(-59);
    let aircheck = Aircheck::new(&format!(
        "timezone: UTC\nstations:\n  s: {{ rtmp: \"{}\" }}\nshows:\n  \
         - {{ title: Show, station: s, cron: \"{cron}\", length: 10m }}\n",
        server.url()
    ));
    let children = [("rtmpdump", 1), ("ffmpeg", 1)];
    dies(&aircheck, Signal::KILL, &children, "SIGKILL").await;
    dies(&aircheck, Signal::TERM, &children, "SIGTERM").await;
    dies(&aircheck, Signal::ABORT, &children, "an abort").await;
}

#[tokio::test]
async fn while_it_encodes() {
    let origin = Origin::start();
    let setup = Setup { programme_time: ProgrammeTime::Every, window: 20, ..Setup::of(Container::Ts) };
    let station = origin.station("s", setup);
    let (_, cron) = minute(5);
    let mut yaml = format!("timezone: UTC\nstations:\n  s: {{ hls: \"{}\" }}\nshows:\n", station.url());
    for number in 0..30 {
        yaml += &format!("  - {{ title: Show {number}, station: s, cron: \"{cron}\", length: 15s }}\n");
    }
    let aircheck = Aircheck::new(&yaml);
    dies(&aircheck, Signal::KILL, &[("ffmpeg", 2)], "SIGKILL").await;
    dies(&aircheck, Signal::TERM, &[("ffmpeg", 2)], "SIGTERM").await;
}

/// Capturing must not wait for encoding.
#[tokio::test]
async fn encoders_run_in_the_background_and_decoders_behind_them() {
    let origin = Origin::start();
    let setup = Setup { programme_time: ProgrammeTime::Every, ..Setup::of(Container::Ts) };
    let station = origin.station("s", setup);
    let aircheck = Aircheck::new(&format!("stations:\n  s: {{ hls: \"{}\" }}\nshows: []\n", station.url()));
    let mut service = aircheck.start("record", &["record", "s", "--for", "6s", "--output", "a.mp3"]);
    let niceness = |id: u32| {
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        stat.rsplit_once(") ")?.1.split(' ').nth(16)?.parse::<i32>().ok()
    };
    let is_there =
        |nice: i32| processes(&aircheck).iter().any(|(id, name)| name == "ffmpeg" && niceness(*id) == Some(nice));
    until("an encoder in the background and a decoder behind it", SOON, async || is_there(5) && is_there(10)).await;
    assert!(service.end().await.success(), "{}", service.log());
}

/// A program that neither reads nor writes notices no closed pipe, so it must be killed.
#[tokio::test]
async fn while_a_child_hangs() {
    let (_, cron) = minute(-59);
    let aircheck = Aircheck::new(&format!(
        "timezone: UTC\nstations:\n  s: {{ rtmp: \"rtmp://127.0.0.1/app/stream\" }}\nshows:\n  \
         - {{ title: Show, station: s, cron: \"{cron}\", length: 10m }}\n"
    ));
    let path = aircheck.put_program("rtmpdump", "#!/bin/sh\ntrap '' TERM HUP PIPE\nexec sleep 600\n");
    for signal in [Signal::KILL, Signal::TERM] {
        let mut service = aircheck.start_with("run", &["run"], &[("PATH", &path)]);
        until("the program that hangs", LIMIT, async || count(&aircheck, "sleep") >= 1).await;
        service.signal(signal);
        service.end().await;
        none_is_left(&aircheck, "the end of the service").await;
    }
}

#[tokio::test]
async fn a_child_ends_when_the_task_that_started_it_panics() {
    let task = tokio::spawn(async {
        let mut child = Invocation::new("sh")
            .args(["-c", "trap '' TERM HUP PIPE; sleep 600 & echo $!; wait"])
            .with_stdout()
            .spawn(&SystemClock::shared())
            .expect("a shell starts");
        let mut said = String::new();
        let output = child.take_stdout().expect("its output");
        tokio::io::BufReader::new(output).read_line(&mut said).await.expect("a line");
        let own: u32 = said.trim().parse().expect("the id of what it started");
        std::panic::panic_any([child.id().expect("it runs"), own]);
    });
    let ids = *task.await.expect_err("it panics").into_panic().downcast::<[u32; 2]>().expect("two ids");
    let gone = |id: u32| {
        let state = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        state.is_empty() || state.contains(") Z ")
    };
    until("the end of the child and of its own child", SOON, async || ids.into_iter().all(gone)).await;
}

/// In a container aircheck is process 1, and orphans of a user's commands become its children.
#[tokio::test]
async fn as_process_1_it_reaps_orphans_and_takes_no_status_that_another_waits_for() {
    let origin = Origin::start();
    let station = origin.station("s", Setup { programme_time: ProgrammeTime::Every, ..Setup::of(Container::Adts) });
    let (start, cron) = minute(5);
    let left = "sleep 0.2 > /dev/null 2>&1 & sleep 0.3 > /dev/null 2>&1 &";
    let aircheck = Aircheck::new(&format!(
        "timezone: UTC\nstations:\n  s: {{ hls: {{ find: [{{ run: [sh, -c, \"{left} echo $! >> ran; echo {}\"] }}] }} }}\n\
         shows:\n  - {{ title: Show, station: s, cron: \"{cron}\", length: 5s }}\n",
        station.url()
    ));
    let Some(service) = aircheck.start_as_process_1("run", &["run"]) else { return };
    until("the recording", LIMIT, async || aircheck.list().await.len() == 1).await;
    whole(by_show(&aircheck.list().await, "show"), Some(start), 5.0);
    assert!(aircheck.path("ran").exists(), "the command left something: {}", service.log());
    let process_1 = children_of(service.id());
    assert_eq!(process_1.len(), 1, "{}", service.log());
    let is_zombie = |id: &u32| !is_alive(*id);
    until("the end of all zombies", SOON, async || !children_of(process_1[0]).iter().any(is_zombie)).await;
    assert!(!service.log().contains("waited for"), "{}", service.log());
}
