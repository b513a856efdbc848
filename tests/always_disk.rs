//! The disk of a station that is always on tape fills up, refuses or is moved away, and comes back.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::Signal;
use serde_json::Value;

use crate::support::aircheck::{Aircheck, until};
use crate::support::machine::{Disk, Refusing};
use crate::support::origin::{Container, Origin, ProgrammeTime, Setup, StationHandle};
use crate::support::timecode::Report;

const LIMIT: Duration = Duration::from_secs(150);
/// How many segments of a second the station sends while the disk is away: more than wait in memory.
const AWAY: u64 = 40;

fn station(origin: &Origin) -> StationHandle {
    let setup = Setup {
        segment: Duration::from_secs(1),
        // Long enough for a machine with much else to do, and shorter than what is lost.
        window: 12,
        programme_time: ProgrammeTime::Every,
        ..Setup::of(Container::Adts)
    };
    origin.station("s", setup)
}

fn yaml(url: &str) -> String {
    format!("timezone: UTC\nstations:\n  s: {{ name: S, hls: \"{url}\", tape: 42d }}\nshows: []\n")
}

/// Returns the sound files in the folder of a tape, the oldest first.
fn reels(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<_> =
        entries.map(|entry| entry.path()).filter(|path| path.extension() == Some("aac".as_ref())).collect();
    files.sort();
    files
}

fn segments(folder: &Path) -> usize {
    let index = |reel: PathBuf| std::fs::read_to_string(reel.with_extension("m3u8")).unwrap_or_default();
    reels(folder).into_iter().map(|reel| index(reel).matches("#EXT-X-BYTERANGE").count()).sum()
}

/// Returns the sound of a reel that its index names: a write that the disk refused may have left more behind it.
fn named(reel: &Path) -> Vec<u8> {
    let index = std::fs::read_to_string(reel.with_extension("m3u8")).expect("an index");
    let ranges = index.lines().filter_map(|line| line.strip_prefix("#EXT-X-BYTERANGE:")?.split_once('@'));
    let number = |text: &str| text.parse::<usize>().expect("a number");
    let end = ranges.map(|(length, offset)| number(length) + number(offset)).max().unwrap_or_default();
    let mut sound = std::fs::read(reel).expect("a reel");
    sound.truncate(end);
    sound
}

/// What becomes of the disk.
struct Trial<'a> {
    variables: &'a [(&'a str, &'a std::ffi::OsStr)],
    fails: &'a dyn Fn(),
    mends: &'a dyn Fn(),
    /// What the log says then.
    said: &'a str,
    /// What the account says of the hole: the kind of its cause, and some of its words.
    kind: &'a str,
    words: &'a str,
    /// How many seconds are on the reels twice at most.
    twice: f64,
}

/// Checks that capture goes on when the disk is back, that the account tells of the hole and why, and that nothing else
/// is missing.
async fn survives(aircheck: &Aircheck, station: &StationHandle, trial: Trial<'_>) {
    let folder = aircheck.path("state/tape/s");
    let mut service = aircheck.start_with("run", &["run"], trial.variables);
    until("some segments", LIMIT, async || segments(&folder) >= 5).await;
    let before = segments(&folder);
    (trial.fails)();
    service.says(trial.said, LIMIT).await;
    let newest = station.newest();
    until("a long time", LIMIT, async || station.newest() > newest + AWAY).await;
    (trial.mends)();
    service.says("on tape again", LIMIT).await;
    // What waited in memory, and what came since.
    let back = station.newest();
    until("what comes now", LIMIT, async || station.newest() > back + 6 && segments(&folder) > before + 12).await;
    service.signal(Signal::TERM);
    assert!(service.end().await.success(), "{}", service.log());
    assert_eq!(service.log().matches(trial.said).count(), 1, "it is said once: {}", service.log());

    let ran = aircheck.run(&["tape", "s", "--json"]).await;
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{ran}");
    let account = ran.json();
    let missing: Vec<&Value> = account["missing"].as_array().expect("holes").iter().collect();
    // After the service was stopped nothing more came.
    let missing: Vec<_> = missing.into_iter().filter(|hole| hole["kind"] != "not_running").collect();
    let lost: f64 = missing.iter().filter_map(|hole| hole["seconds"].as_f64()).sum();
    assert!(lost > 4.0, "{account}\n{}", service.log());
    for hole in &missing {
        let cause = hole["cause"].as_str().expect("words");
        assert!(hole["kind"] == trial.kind && cause.contains(trial.words), "{account}\n{}", service.log());
    }
    let sound: Vec<u8> = reels(&folder).iter().flat_map(|reel| named(reel)).collect();
    let heard = Report::of_bytes("aac", &sound);
    let is_as_told = (heard.missing - lost).abs() < 0.06 && heard.doubled <= trial.twice;
    assert!(is_as_told, "{heard}\n{account}\n{}", service.log());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tape_disk_that_fills_up_costs_what_came_meanwhile_and_the_account_says_why() {
    let origin = Origin::start();
    let station = station(&origin);
    let aircheck = Aircheck::new(&yaml(&station.url()));
    let Some(disk) = Disk::mount(&aircheck, 8 * 1024) else { return };
    let trial = Trial {
        variables: &[],
        fails: &|| disk.fill(0),
        mends: &|| disk.clear(),
        said: "the disk is full: nothing can be put on tape",
        kind: "disk_full",
        words: "No space left on device",
        twice: 0.0,
    };
    survives(&aircheck, &station, trial).await;
}

/// As any user may test it, and for what no test can make a real disk do.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tape_disk_that_refuses_for_a_while_costs_what_came_meanwhile_and_no_more() {
    let origin = Origin::start();
    for (error, said, kind, words) in [
        (Errno::NOSPC, "the disk is full: nothing can be put on tape", "disk_full", "No space left on device"),
        (Errno::ROFS, "nothing can be put on tape; retrying", "internal", "Read-only file system"),
    ] {
        let station = station(&origin);
        let aircheck = Aircheck::new(&yaml(&station.url()));
        let Some(disk) = Refusing::new(&aircheck, "state/tape/s") else { return };
        let trial = Trial {
            variables: &disk.variables(),
            fails: &|| disk.refuse(Some(error)),
            mends: &|| disk.refuse(None),
            said,
            kind,
            words,
            twice: 0.0,
        };
        survives(&aircheck, &station, trial).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_of_tape_that_is_moved_away_when_a_reel_begins_is_used_again_when_it_is_back() {
    let origin = Origin::start();
    let station = station(&origin);
    let aircheck = Aircheck::new(&yaml(&station.url()));
    let (folder, away) = (aircheck.path("state/tape/s"), aircheck.path("state/away"));
    let trial = Trial {
        variables: &[],
        fails: &|| {
            std::fs::rename(&folder, &away).expect("moved");
            // Another source begins another reel.
            aircheck.write(&yaml(&format!("{}?again", station.url())));
        },
        mends: &|| std::fs::rename(&away, &folder).expect("moved back"),
        said: "nothing can be put on tape; retrying",
        kind: "internal",
        words: "No such file or directory",
        // What another source offers again cannot be compared with what is away. A cut takes it once.
        twice: 12.1,
    };
    survives(&aircheck, &station, trial).await;
}
