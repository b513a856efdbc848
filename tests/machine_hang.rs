//! A disk with tapes hangs: only its writers wait.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use reqwest::Client;
use rustix::process::Signal;
use serde_json::Value;
use tokio::net::UnixDatagram;

use crate::support::aircheck::{Aircheck, until};
use crate::support::library::{address, record_now};
use crate::support::machine::{Refusing, whole};
use crate::support::origin::{Container, Origin, ProgrammeTime, Setup};

const LIMIT: Duration = Duration::from_secs(150);

/// Returns stations `s0`, `s1` and so on of one stream, which offers half a minute.
fn stations(origin: &Origin, count: usize) -> String {
    let setup = Setup { window: 15, programme_time: ProgrammeTime::Every, ..Setup::of(Container::Adts) };
    let url = origin.station("s", setup).url();
    let stations: String = (0..count).map(|n| format!("  s{n}: {{ name: S{n}, hls: \"{url}\" }}\n")).collect();
    format!("timezone: UTC\nstations:\n{stations}shows: []\n")
}

/// Returns the finished recording of a station, if there is one.
async fn finished(aircheck: &Aircheck, station: &str) -> Option<Value> {
    aircheck.list().await.into_iter().find(|it| it["station"] == station && it["file"].is_string())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_tape_whose_disk_hangs_delays_no_other_and_loses_nothing() {
    let origin = Origin::start();
    let aircheck = Aircheck::new(&stations(&origin, 2));
    let Some(disk) = Refusing::new(&aircheck, "state/tape/s0") else { return };
    let mut service = aircheck.start_with("run", &["run"], &disk.variables());
    record_now(&service, "s0", 20).await;
    service.says("on tape station=s0", LIMIT).await;
    disk.hang();
    record_now(&service, "s1", 5).await;
    until("the other recording", LIMIT, async || finished(&aircheck, "s1").await.is_some()).await;
    assert!(finished(&aircheck, "s0").await.is_none(), "its tape hangs");
    disk.refuse(None);
    until("the recording", LIMIT, async || finished(&aircheck, "s0").await.is_some()).await;
    for (station, seconds) in [("s0", 20.0), ("s1", 5.0)] {
        whole(&finished(&aircheck, station).await.expect("it is there"), None, seconds);
    }
    service.signal(Signal::TERM);
    assert!(service.end().await.success(), "{}", service.log());
}

/// More tapes than threads that may write.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn while_all_tapes_hang_the_page_answers_the_watchdog_is_fed_and_the_service_can_be_stopped() {
    const STATIONS: usize = 12;
    let origin = Origin::start();
    let aircheck = Aircheck::new(&stations(&origin, STATIONS));
    let Some(disk) = Refusing::new(&aircheck, "state/tape") else { return };
    let socket = UnixDatagram::bind(aircheck.path("notify")).expect("a socket");
    let (notify, pings) = (aircheck.path("notify"), Arc::new(AtomicUsize::default()));
    let counted = Arc::clone(&pings);
    tokio::spawn(async move {
        let mut told = [0; 4096];
        while let Ok(length) = socket.recv(&mut told).await {
            if String::from_utf8_lossy(&told[..length]).contains("WATCHDOG=1") {
                counted.fetch_add(1, Ordering::Relaxed);
            }
        }
    });
    let mut variables = disk.variables().to_vec();
    variables.extend([("NOTIFY_SOCKET", notify.as_os_str()), ("WATCHDOG_USEC", "400000".as_ref())]);
    let mut service = aircheck.start_with("run", &["run"], &variables);
    for number in 0..STATIONS {
        record_now(&service, &format!("s{number}"), 60).await;
    }
    let taped = |log: &str| log.matches(" on tape station=").count();
    until("sound of all", LIMIT, async || taped(&service.log()) == STATIONS).await;
    disk.hang();
    let before = pings.load(Ordering::Relaxed);
    until("some pings", LIMIT, async || pings.load(Ordering::Relaxed) > before + 10).await;
    let base = address(&service).await;
    for path in ["/healthz", "/", "/on-air", "/stations", "/metrics", "/api/v1/recordings"] {
        let asked = Client::new().get(base.join(path).expect("a path")).timeout(LIMIT).send();
        let answer = asked.await.unwrap_or_else(|error| panic!("{path}: {error}"));
        assert!(answer.status().is_success() || path == "/healthz", "{path}: {answer:?}");
    }
    service.signal(Signal::TERM);
    assert!(service.end().await.success(), "{}", service.log());
    disk.refuse(None);
    assert!(service.log().contains("what is on tape is safe"), "{}", service.log());
}

/// The list, the lock and the tapes hang, and a show begins.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn while_the_state_folder_hangs_the_service_reads_its_file_again_and_can_be_stopped() {
    let origin = Origin::start();
    let stations = stations(&origin, 1);
    let aircheck = Aircheck::new(&stations);
    let Some(disk) = Refusing::new(&aircheck, "state") else { return };
    let mut service = aircheck.start_with("run", &["run"], &disk.variables());
    address(&service).await;
    disk.hang();
    // Something is on the air in every second.
    let show = "\n  - { title: Always, station: s0, cron: \"* * * * *\", length: 50s, early: 30s }\n";
    aircheck.write(&stations.replace("shows: []\n", &format!("shows:{show}")));
    service.says("configuration read again stations=1 shows=1", LIMIT).await;
    // Whoever waits for the list now does not hear of this.
    aircheck.write(&stations);
    service.says("configuration read again stations=1 shows=0", LIMIT).await;
    service.signal(Signal::TERM);
    assert!(service.end().await.success(), "{}", service.log());
    disk.refuse(None);
    assert!(!service.log().contains("claimed"), "the list hangs: {}", service.log());
}
