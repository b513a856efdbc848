//! A station that is always on tape, whether or not a show is on the air.

use std::path::PathBuf;
use std::time::Duration;

use rustix::process::Signal;

use crate::support::aircheck::{Aircheck, until};
use crate::support::origin::{Container, Origin, ProgrammeTime, Setup};
use crate::support::timecode::Report;

const LIMIT: Duration = Duration::from_secs(150);

/// Returns the configuration of a station on `url` without shows; `more` are its other keys.
fn yaml(url: &str, more: &str) -> String {
    format!("timezone: UTC\nstations:\n  s: {{ name: S, hls: \"{url}\"{more} }}\nshows: []\n")
}

fn setup() -> Setup {
    Setup { window: 15, programme_time: ProgrammeTime::Every, ..Setup::of(Container::Adts) }
}

/// Returns the sound files on the tape of the station, the oldest first.
fn reels(aircheck: &Aircheck) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(aircheck.path("state/tape/s")).into_iter().flatten().flatten();
    let mut files: Vec<_> =
        entries.map(|entry| entry.path()).filter(|path| path.extension() == Some("aac".as_ref())).collect();
    files.sort();
    files
}

/// Returns how many segments are on the tape of the station.
fn segments(aircheck: &Aircheck) -> usize {
    let index = |reel: PathBuf| std::fs::read_to_string(reel.with_extension("m3u8")).unwrap_or_default();
    reels(aircheck).into_iter().map(|reel| index(reel).matches("#EXTINF").count()).sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_station_without_shows_is_on_tape_without_a_seam_across_a_kill_until_the_file_says_otherwise() {
    let origin = Origin::start();
    let url = origin.station("s", setup()).url();
    let aircheck = Aircheck::new(&yaml(&url, ", tape: 42d"));
    let mut service = aircheck.start("first", &["run"]);
    until("some segments", LIMIT, async || segments(&aircheck) >= 4).await;
    service.signal(Signal::KILL);
    service.end().await;
    let mut service = aircheck.start("second", &["run"]);
    let before = segments(&aircheck);
    until("more segments", LIMIT, async || segments(&aircheck) >= before + 4).await;
    assert_eq!(std::fs::read_to_string(aircheck.path("state/tape/s/keep")).expect("a promise"), "3628800s\n");

    aircheck.write(&yaml(&url, ""));
    service.says("taping ends", LIMIT).await;
    let ended = reels(&aircheck);
    assert_eq!(ended.len(), 2, "a reel for each run: {ended:?}");
    let sound: Vec<u8> = ended.iter().flat_map(|reel| std::fs::read(reel).expect("a reel")).collect();
    let report = Report::of_bytes("aac", &sound);
    assert!(report.is_whole(), "{report}");
    service.signal(Signal::TERM);
    assert!(service.end().await.success(), "{}", service.log());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn promised_tape_is_deleted_last_and_with_an_error_if_the_disk_has_too_little_space() {
    let origin = Origin::start();
    let url = origin.station("s", setup()).url();
    let aircheck = Aircheck::new(&yaml(&url, ", tape: 42d"));
    let mut service = aircheck.start("first", &["run"]);
    until("some segments", LIMIT, async || segments(&aircheck) >= 2).await;
    service.signal(Signal::TERM);
    assert!(service.end().await.success(), "{}", service.log());
    // What is on tape was taped three days ago.
    let old = reels(&aircheck).remove(0);
    let index = std::fs::read_to_string(old.with_extension("m3u8")).expect("an index");
    let entries: String = index.split_inclusive('\n').filter(|line| !line.contains("#aircheck sum ")).collect();
    std::fs::write(old.with_extension("m3u8"), format!("{entries}#aircheck moved -{}\n", 3 * 86_400_000_000_u64))
        .expect("it is written");

    let mut service = aircheck.start("second", &["run"]);
    until("a new reel", LIMIT, async || reels(&aircheck).len() == 2).await;
    assert!(old.exists(), "the service keeps it for 42 days");
    // No disk has so much.
    let file = aircheck.path("stations.yaml");
    let written = std::fs::read_to_string(&file).expect("a file");
    std::fs::write(&file, written.replace("min_free: 1 MiB", "min_free: 900000 GiB")).expect("it is written");
    service.says("configuration read again", LIMIT).await;
    until("space", LIMIT, async || !old.exists()).await;
    service.says("tape that `tape` promises to keep is deleted", LIMIT).await;
    assert_eq!(reels(&aircheck).len(), 1, "what is new stays");
    service.signal(Signal::TERM);
    assert!(service.end().await.success(), "{}", service.log());
}
