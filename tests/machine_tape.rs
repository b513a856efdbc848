//! A station that is always on tape, while the service is killed again and again: its account is true.

use std::path::PathBuf;
use std::time::Duration;

use aircheck::base::clock::SystemClock;
use rustix::process::Signal;

use crate::support::aircheck::{Aircheck, until};
use crate::support::machine::Dice;
use crate::support::origin::{Container, Origin, ProgrammeTime, Setup};
use crate::support::timecode::Report;

/// Long enough for everything here, on a busy machine.
const LIMIT: Duration = Duration::from_secs(240);
const KILLS: usize = 20;

/// Returns how much is left out between each two seconds that follow each other in the sound, where anything is.
fn holes(report: &Report) -> Vec<f64> {
    let pairs = report.heard.iter().zip(report.heard.iter().skip(1));
    let lost = pairs.map(|(one, next)| f64::from(next.second) - f64::from(one.second) - (next.at - one.at));
    lost.filter(|lost| *lost > 0.02).collect()
}

/// Prints the log of the service if the test fails.
struct LogOnFailure(PathBuf);

impl Drop for LogOnFailure {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("{}", std::fs::read_to_string(&self.0).unwrap_or_default());
        }
    }
}

#[tokio::test]
async fn killed_at_twenty_random_moments_the_account_of_a_tape_agrees_with_its_sound() {
    let dice = Dice::thrown();
    let origin = Origin::start();
    // It offers so little that what is missed while aircheck is down is lost.
    let setup = Setup { window: 3, programme_time: ProgrammeTime::Every, ..Setup::of(Container::Adts) };
    let url = origin.station("s", setup).url();
    let aircheck =
        Aircheck::new(&format!("timezone: UTC\nstations:\n  s: {{ name: S, hls: \"{url}\", tape: 42d }}\nshows: []\n"));
    let tape = aircheck.path("state/tape/s");
    let reels = || {
        let files = std::fs::read_dir(&tape).into_iter().flatten().flatten().map(|entry| entry.path());
        let mut reels: Vec<_> = files.filter(|path| path.extension().is_some_and(|it| it == "aac")).collect();
        reels.sort();
        reels
    };
    let bytes = || reels().iter().filter_map(|reel| reel.metadata().ok()).map(|data| data.len()).sum::<u64>();
    let clock = SystemClock::shared();
    let _log = LogOnFailure(aircheck.path("run.log"));
    let mut service = aircheck.start("run", &["run"]);
    for _ in 0..KILLS {
        let before = bytes();
        until("more sound", LIMIT, async || bytes() > before).await;
        clock.sleep(Duration::from_millis(dice.below(2_500))).await;
        service.signal(Signal::KILL);
        service.end().await;
        clock.sleep(Duration::from_millis(dice.below(9_000))).await;
        service = aircheck.start("run", &["run"]);
    }
    let before = bytes();
    until("more sound", LIMIT, async || bytes() > before).await;
    service.signal(Signal::TERM);
    assert!(service.end().await.success(), "{}", service.log());

    let ran = aircheck.run(&["tape", "s", "--json"]).await;
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{ran}");
    let account = ran.json();
    let missing = account["missing"].as_array().expect("holes");
    assert!(missing.iter().all(|hole| hole["kind"] == "not_running"), "{account}");
    assert!(account["restarts"].as_array().is_some_and(|restarts| restarts.len() == KILLS + 1), "{account}");
    let sound: Vec<u8> = reels().iter().flat_map(|reel| std::fs::read(reel).expect("a reel")).collect();
    let report = Report::of_bytes("aac", &sound);
    let heard = holes(&report);
    // What is missing after the last sound is no hole in it.
    let told: Vec<f64> = missing.iter().filter_map(|hole| hole["seconds"].as_f64()).take(heard.len()).collect();
    assert!(!heard.is_empty() && told.len() == heard.len() && missing.len() <= heard.len() + 1, "{report}\n{account}");
    let agrees = |(told, heard): (&f64, &f64)| (told - heard).abs() < 0.06;
    assert!(told.iter().zip(&heard).all(agrees), "told {told:?}, heard {heard:?}\n{account}");
    assert!(report.doubled == 0.0, "{report}");
}
