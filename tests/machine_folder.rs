//! The output folder or the encoder is away: the station is still taped.

use std::time::Duration;

use reqwest::Client;
use rustix::io::Errno;
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::aircheck::{Aircheck, Service, until};
use crate::support::library::{address, record_now};
use crate::support::machine::{Disk, Hanging, Refusing, whole};
use crate::support::origin::{Container, Origin, ProgrammeTime, Setup};

const LIMIT: Duration = Duration::from_secs(150);

/// Returns a station that ends four seconds later.
fn fleeting(origin: &Origin) -> String {
    let setup = Setup { window: 2, programme_time: ProgrammeTime::Every, ..Setup::of(Container::Adts) };
    let url = origin.station("s", setup).url();
    format!("timezone: UTC\nstations:\n  s: {{ name: S, hls: \"{url}\" }}\nshows: []\n")
}

/// Returns the answer at `path`, and whether it is a success.
async fn said(service: &Service, path: &str) -> (bool, String) {
    let path = address(service).await.join(path).expect("a path");
    let answer = Client::new().get(path).send().await.expect("an answer");
    (answer.status().is_success(), answer.text().await.expect("some text"))
}

/// Waits for the only recording.
async fn finished(aircheck: &Aircheck) -> Value {
    until("the recording", LIMIT, async || {
        aircheck.list().await.first().is_some_and(|recording| recording["file"].is_string())
    })
    .await;
    aircheck.list().await.remove(0)
}

/// Waits for the only recording, and checks that it is whole and the service healthy.
async fn ends_well(service: Service, aircheck: &Aircheck, seconds: f64) {
    whole(&finished(aircheck).await, None, seconds);
    assert_eq!(said(&service, "/healthz").await, (true, "ok\n".to_owned()));
    stop(service).await;
}

async fn stop(mut service: Service) -> String {
    service.signal(Signal::TERM);
    assert!(service.end().await.success(), "{}", service.log());
    service.log()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_output_folder_that_cannot_be_written_to_costs_nothing_and_is_reported() {
    let origin = Origin::start();
    let aircheck = Aircheck::new(&fleeting(&origin));
    let Some(disk) = Disk::for_output(&aircheck, 8 * 1024) else { return };
    let service = aircheck.start("run", &["run"]);
    address(&service).await;
    let left = aircheck.path("recordings/.aircheck/left.mp3.part");
    std::fs::create_dir(aircheck.path("recordings/.aircheck")).expect("a folder");
    std::fs::write(&left, "of a crash").expect("written");
    disk.remount("ro");
    record_now(&service, "s", 30).await;
    let words = "cannot be written to";
    until("a word in /healthz", LIMIT, async || said(&service, "/healthz").await.1.contains(words)).await;
    assert!(!said(&service, "/healthz").await.0, "bad news");
    until("a word on the page", LIMIT, async || said(&service, "/on-air").await.1.contains(words)).await;
    until("an alert in the list", LIMIT, async || aircheck.list().await.len() == 1).await;
    let held = aircheck.list().await.remove(0);
    let missing = &held["missing"][0];
    assert!(missing["cause"].as_str().is_some_and(|cause| cause.starts_with("not finished yet, the output folder")));
    assert_eq!((&missing["kind"], &held["file"]), (&json!("internal"), &Value::Null), "{held}");
    let log = stop(service).await;
    assert_eq!(log.lines().filter(|line| line.contains(words)).count(), 1, "told once:\n{log}");
    let service = aircheck.start("again", &["run"]);
    assert!(!said(&service, "/healthz").await.0, "it starts without the folder");
    disk.remount("rw");
    ends_well(service, &aircheck, 30.0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_share_that_goes_away_during_a_show_is_reported_at_once_and_its_mount_point_is_left_alone() {
    let origin = Origin::start();
    let aircheck = Aircheck::new(&fleeting(&origin));
    let Some(disk) = Disk::for_output(&aircheck, 8 * 1024) else { return };
    let service = aircheck.start("run", &["run"]);
    assert_eq!(said(&service, "/healthz").await, (true, "ok\n".to_owned()));
    record_now(&service, "s", 50).await;
    // The folder of temporary files is made when the show begins.
    until("a beginning", LIMIT, async || aircheck.path("recordings/.aircheck").exists()).await;
    disk.unmount();
    let words = "nothing is mounted at";
    let (well, health) = said(&service, "/healthz").await;
    assert!(!well && health.contains(words), "{health}");
    until("a word on the page", LIMIT, async || said(&service, "/on-air").await.1.contains(words)).await;
    assert!(aircheck.list().await.is_empty(), "it is told before the show ends");
    let (_, feed) = said(&service, "/feed.xml").await;
    assert!(feed.contains("the output folder is away"), "it does not say that everything was deleted: {feed}");
    until("an alert in the list", LIMIT, async || aircheck.list().await.len() == 1).await;
    let log = stop(service).await;
    assert_eq!(log.matches(words).count(), 1, "told once:\n{log}");
    // The machine starts before its share is mounted.
    let service = aircheck.start("again", &["run"]);
    until("the same in the log", LIMIT, async || service.log().contains(words)).await;
    assert_eq!(std::fs::read_dir(aircheck.path("recordings")).expect("a folder").count(), 0, "nothing is written");
    disk.mount_again();
    ends_well(service, &aircheck, 50.0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_share_that_hangs_delays_only_its_recordings() {
    let origin = Origin::start();
    let aircheck = Aircheck::new(&fleeting(&origin));
    std::fs::create_dir(aircheck.path("recordings")).expect("a folder");
    let service = aircheck.start("run", &["run"]);
    address(&service).await;
    let Some(hanging) = Hanging::over(&aircheck.path("recordings")) else { return };
    record_now(&service, "s", 25).await;
    let (well, health) = said(&service, "/healthz").await;
    assert!(!well && health.contains("does not answer"), "{health}");
    // More requests than threads: the page must not take threads from the tape.
    for _ in 0..60 {
        let path = address(&service).await.join("/healthz").expect("a path");
        let request = Client::new().get(path).timeout(Duration::from_millis(10));
        assert!(request.send().await.is_err(), "nobody waits for it");
    }
    let words = "does not answer";
    until("a word on the page", LIMIT, async || said(&service, "/on-air").await.1.contains(words)).await;
    // A service that is killed and started while the share hangs goes on, too.
    drop(service);
    let service = aircheck.start("again", &["run"]);
    until("the show goes on", LIMIT, async || service.log().contains("goes on")).await;
    drop(hanging);
    whole(&finished(&aircheck).await, None, 25.0);
    stop(service).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_missing_encoder_at_the_end_of_a_show_costs_nothing_and_is_reported() {
    let origin = Origin::start();
    let aircheck = Aircheck::new(&fleeting(&origin));
    let programs = aircheck.path("programs");
    std::fs::create_dir(&programs).expect("a folder");
    let (ffmpeg, link) = (aircheck::base::process::find("ffmpeg").expect("ffmpeg"), programs.join("ffmpeg"));
    std::os::unix::fs::symlink(&ffmpeg, &link).expect("a link");
    let service = aircheck.start_with("run", &["run"], &[("PATH", programs.as_os_str())]);
    record_now(&service, "s", 60).await;
    std::fs::remove_file(&link).expect("removed");
    until("an alert in the list", LIMIT, async || aircheck.list().await.len() == 1).await;
    let held = aircheck.list().await.remove(0);
    let cause = held["missing"][0]["cause"].as_str().unwrap_or_default();
    assert!(cause.starts_with("not finished yet, ffmpeg cannot be run: ffmpeg is not installed"), "{held}");
    assert!(said(&service, "/healthz").await.1.contains("ffmpeg cannot be run"));
    std::os::unix::fs::symlink(&ffmpeg, &link).expect("a link");
    whole(&finished(&aircheck).await, None, 60.0);
    stop(service).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_disk_without_inodes_is_a_full_one_and_nothing_is_encoded_in_vain() {
    let origin = Origin::start();
    let yaml = fleeting(&origin);
    let aircheck = Aircheck::new(&yaml);
    let Some(disk) = Disk::for_output(&aircheck, 8 * 1024) else { return };
    // There is space for bytes, but not for another inode.
    disk.remount("nr_inodes=1");
    let service = aircheck.start("run", &["run"]);
    record_now(&service, "s", 10).await;
    until("an alert in the list", LIMIT, async || aircheck.list().await.len() == 1).await;
    let held = aircheck.list().await.remove(0);
    let missing = &held["missing"][0];
    assert_eq!((&missing["kind"], &held["file"]), (&json!("disk_full"), &Value::Null), "{held}");
    assert!(said(&service, "/healthz").await.1.contains("the disk is full"));
    // An unfinished airing uses what is corrected meanwhile.
    aircheck.write(&format!("{yaml}name: \"corrected/{{{{ show }}}}\"\n"));
    service.says("configuration read again", LIMIT).await;
    disk.remount("nr_inodes=100");
    let recording = finished(&aircheck).await;
    whole(&recording, None, 10.0);
    assert!(recording["file"].as_str().is_some_and(|file| file.contains("/corrected/")), "{recording}");
    let log = stop(service).await;
    assert_eq!(log.matches("the disk is full").count(), 1, "told once:\n{log}");
    assert!(!log.contains("encoding again"), "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_quota_that_is_reached_is_a_full_disk() {
    let origin = Origin::start();
    let aircheck = Aircheck::new(&fleeting(&origin));
    let Some(disk) = Refusing::new(&aircheck, "recordings") else { return };
    let service = aircheck.start_with("run", &["run"], &disk.variables());
    address(&service).await;
    disk.refuse(Some(Errno::DQUOT));
    record_now(&service, "s", 10).await;
    until("an alert in the list", LIMIT, async || aircheck.list().await.len() == 1).await;
    let held = aircheck.list().await.remove(0);
    let missing = &held["missing"][0];
    assert_eq!((&missing["kind"], &held["file"]), (&json!("disk_full"), &Value::Null), "{held}");
    assert!(said(&service, "/healthz").await.1.contains("the disk is full"));
    disk.refuse(None);
    whole(&finished(&aircheck).await, None, 10.0);
    let log = stop(service).await;
    assert_eq!(log.matches("the disk is full").count(), 1, "told once:\n{log}");
    assert!(!log.contains("encoding again"), "{log}");
}

/// One error follows another, for a few seconds each; the tape is written afterwards.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_tape_that_cannot_be_written_keeps_its_sound_whatever_the_error() {
    const ERRORS: [Errno; 6] = [Errno::DQUOT, Errno::NOSPC, Errno::ROFS, Errno::STALE, Errno::NOTCONN, Errno::IO];
    let origin = Origin::start();
    let aircheck = Aircheck::new(&fleeting(&origin));
    let Some(disk) = Refusing::new(&aircheck, "state/tape") else { return };
    let service = aircheck.start_with("run", &["run"], &disk.variables());
    record_now(&service, "s", 45).await;
    let count = |words: &str| service.log().matches(words).count();
    until("some sound", LIMIT, async || count(" on tape station=s") == 1).await;
    for (number, error) in ERRORS.into_iter().enumerate() {
        disk.refuse(Some(error));
        let told = || count("nothing can be put on tape");
        until("a word about it", LIMIT, async || told() == number + 1).await;
        disk.refuse(None);
        until("sound again", LIMIT, async || count("on tape again") == number + 1).await;
    }
    whole(&finished(&aircheck).await, None, 45.0);
    let log = stop(service).await;
    assert_eq!(log.matches("nothing can be put on tape until there is room").count(), 2, "two are a full disk:\n{log}");
    let reels = std::fs::read_dir(aircheck.path("state/tape/s")).expect("a tape").count();
    assert!(reels <= 2 * (ERRORS.len() + 1), "{reels} files");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_damaged_list_is_set_aside_and_recording_goes_on() {
    let origin = Origin::start();
    let aircheck = Aircheck::new(&fleeting(&origin));
    std::fs::create_dir(aircheck.path("state")).expect("a folder");
    std::fs::write(aircheck.path("state/catalogue.sqlite"), [0xAA; 10_000]).expect("written");
    let service = aircheck.start("run", &["run"]);
    record_now(&service, "s", 5).await;
    whole(&finished(&aircheck).await, None, 5.0);
    let (well, words) = said(&service, "/healthz").await;
    assert!(!well && words.contains("is set aside as"), "{words}");
    for (language, words) in [("en", "is set aside as"), ("ko", "녹음 목록 파일이 손상되어")] {
        let path = address(&service).await.join("/schedule").expect("a path");
        let page = Client::new().get(path).header("Accept-Language", language).send().await.expect("an answer");
        let page = page.text().await.expect("a page");
        assert!(page.contains(words) && page.contains("catalogue.sqlite.damaged-1"), "{page}");
    }
    let aside = aircheck.path("state/catalogue.sqlite.damaged-1");
    assert_eq!(std::fs::read(aside).expect("it is kept"), [0xAA; 10_000]);
    let listed = aircheck.run(&["list"]).await;
    assert!(listed.code == 0 && listed.stderr.contains("catalogue.sqlite.damaged-1"), "{listed}");
    assert!(stop(service).await.contains("the catalogue was damaged"));
}
