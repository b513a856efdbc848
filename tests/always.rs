//! A station that is always on tape, whether or not a show is on the air.

use std::path::{Path, PathBuf};
use std::time::Duration;

use aircheck::account::levels;
use chrono::{DateTime, TimeDelta, Utc};
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reel_of_a_station_that_is_always_on_tape_has_its_levels_beside_it_soon_after_its_end() {
    let origin = Origin::start();
    let url = origin.station("s", setup()).url();
    let aircheck = Aircheck::new(&yaml(&url, ", tape: 42d"));
    let mut service = aircheck.start("first", &["run"]);
    until("some segments", LIMIT, async || segments(&aircheck) >= 3).await;
    service.signal(Signal::TERM);
    assert!(service.end().await.success(), "{}", service.log());
    let reel = reels(&aircheck).remove(0);

    let mut service = aircheck.start("second", &["run"]);
    until("levels", LIMIT, async || levels::read(&reel).is_some()).await;
    let found = levels::read(&reel).expect("levels");
    let index = std::fs::read_to_string(reel.with_extension("m3u8")).expect("an index");
    let lengths =
        index.lines().filter_map(|line| line.strip_prefix("#EXTINF:")?.trim_end_matches(',').parse::<f64>().ok());
    let (on_tape, seconds) = (lengths.sum::<f64>(), found.length.as_secs_f64());
    assert!((on_tape - seconds).abs() < 0.002, "{on_tape} s are on tape, {seconds} s have levels");
    assert!((found.peaks.len() as u64).abs_diff(found.length.as_secs()) <= 1, "{found:?}");
    // Every second of the station is loud; the last may be cut.
    assert!(found.peaks.iter().rev().skip(1).all(|peak| (60..200).contains(peak)), "{found:?}");
    assert!(found.silent.is_empty() && found.undecoded.is_empty(), "{found:?}");
    service.signal(Signal::TERM);
    assert!(service.end().await.success(), "{}", service.log());
}

/// Returns whether `sha256sum -c` finds every file of an export as it was written.
#[expect(clippy::disallowed_methods, reason = "a test may start a program by itself")]
fn sums_are_right(folder: &Path) -> bool {
    let mut check = std::process::Command::new("sha256sum");
    check.args(["-c", "--status", "SHA256SUMS"]).current_dir(folder).status().expect("sha256sum").success()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_account_of_a_tape_agrees_with_its_sound_and_what_is_changed_later_is_found() {
    let origin = Origin::start();
    let station = origin.station("s", Setup { window: 2, ..setup() });
    let aircheck = Aircheck::new(&yaml(&station.url(), ", tape: 42d"));
    let mut service = aircheck.start("first", &["run"]);
    until("some segments", LIMIT, async || segments(&aircheck) >= 3).await;
    service.signal(Signal::KILL);
    service.end().await;
    let (_, newest) = station.window();
    until("a hole", LIMIT, async || station.window().0 > newest + TimeDelta::seconds(1)).await;
    let mut service = aircheck.start("second", &["run"]);
    until("some segments more", LIMIT, async || segments(&aircheck) >= 7).await;
    service.signal(Signal::TERM);
    assert!(service.end().await.success(), "{}", service.log());
    let mut service = aircheck.start("third", &["run"]);
    until("seals", LIMIT, async || {
        let sealed = std::fs::read_to_string(aircheck.path("state/tape/s/seals")).unwrap_or_default();
        sealed.matches("sealed ").count() >= 2
    })
    .await;
    service.signal(Signal::TERM);
    assert!(service.end().await.success(), "{}", service.log());

    let ran = aircheck.run(&["tape", "s", "--verify", "--json"]).await;
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{ran}");
    let account = ran.json();
    let (start, end) = (account["start"].as_str().expect("a time"), account["end"].as_str().expect("a time"));
    assert_eq!(account["verified"]["damaged"], serde_json::json!([]), "{account}");
    assert!(account["restarts"].as_array().is_some_and(|restarts| restarts.len() >= 2), "{account}");
    let missing = account["missing"].as_array().expect("holes");
    assert!(missing.iter().all(|hole| hole["kind"] == "not_running"), "{account}");
    // What is missing at the end is no hole in the sound.
    let lost = missing[0]["seconds"].as_f64().expect("a length");

    let sound: Vec<u8> = reels(&aircheck).iter().flat_map(|reel| std::fs::read(reel).expect("a reel")).collect();
    let heard = Report::of_bytes("aac", &sound);
    assert!((heard.missing - lost).abs() < 0.06 && heard.doubled == 0.0, "{heard}\n{account}");

    let folder = aircheck.path("complaint");
    let args = ["export", "s", "--from", start, "--to", end, "--reels", "--whole", "--output"];
    let ran = aircheck.run(&[&args[..], &[folder.to_str().expect("UTF-8")]].concat()).await;
    assert_eq!(ran.code, 3, "{ran}");
    let file = PathBuf::from(ran.stdout.trim_end());
    let (exported, start) = (Report::of_file(&file), start.parse::<DateTime<Utc>>().expect("a time"));
    let begins = exported.begins(start).expect("sound");
    assert!((begins - start).abs() < TimeDelta::milliseconds(60), "{begins} {exported}\n{account}");
    assert_eq!((exported.missing, exported.doubled), (0.0, 0.0), "silence stands for it: {exported}");
    let unheard = exported.unreadable.len() as f64;
    assert!(unheard >= lost.floor() && unheard <= lost + 6.0, "{exported}\n{account}");
    assert!(sums_are_right(&folder));
    let told = std::fs::read_to_string(folder.join("account.txt")).expect("an account");
    assert!(told.contains("aircheck was not running") && told.contains("as sealed"), "{told}");
    let again = aircheck.run(&[&args[..], &[folder.to_str().expect("UTF-8")]].concat()).await;
    assert!(again.code == 2 && again.stderr.contains("exists and is not added to"), "{again}");

    // One bit of a reel, and of an exported file.
    let reel = reels(&aircheck).remove(0);
    for changed in [&reel, &file] {
        let mut bytes = std::fs::read(changed).expect("bytes");
        bytes[500] ^= 1;
        std::fs::write(changed, bytes).expect("written");
    }
    assert!(!sums_are_right(&folder));
    let ran = aircheck.run(&["tape", "s", "--verify"]).await;
    let name = reel.file_name().expect("a name").to_string_lossy().into_owned();
    assert!(ran.code == 1 && ran.stdout.contains(&format!("{name}  its sound was changed")), "{ran}");
}
