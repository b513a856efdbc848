//! The pages in a real Chromium.

mod access;
mod accessible;
mod clip;
mod editing;
mod encodings;
mod grabs;
mod hls;
mod korean;
mod listening;
mod lists;
mod looks;
mod marks;
mod now;
mod sharing;
mod timeline;
mod tracks;
mod week;

use aircheck::base::clock::SystemClock;
use aircheck::model::{Cause, CauseKind, Verdict};
use chrono::{SubsecRound as _, TimeDelta};

use crate::support::airing::quiet;
use crate::support::shelved::{Library, Shelved};
use crate::support::taped;

/// Returns the YAML of two stations that do not answer, and two shows that are not on now.
fn yaml() -> String {
    format!(
        "timezone: Asia/Seoul\nstations:\n  kbs: {{ name: KBS 1FM, hls: \"http://127.0.0.1:9/x\" }}\n  \
         r3: {{ name: Radio 3, hls: \"http://127.0.0.1:9/y\" }}\nshows:\n  \
         - {{ title: 명연주 명음반, id: masters, station: kbs, cron: \"{quiet}\", length: 2h }}\n  \
         - {{ title: Night Tracks, id: night, station: r3, cron: \"{quiet}\", length: 90m }}\n",
        quiet = quiet()
    )
}

/// Returns recordings of two shows on three days; one lacks five seconds after the twentieth.
fn shelved() -> Vec<Shelved> {
    let mut all = Vec::new();
    for day in ["2026-11-17", "2026-11-18", "2026-11-19"] {
        all.push(Shelved::new("masters", "명연주 명음반", "kbs", &format!("{day}T14:00:00+09:00")));
        all.push(Shelved::new("night", "Night Tracks", "r3", &format!("{day}T21:30:00+09:00")));
    }
    all[4].gaps = vec![(20, 5, Cause::new(CauseKind::Refused, "it answered <b>403</b>"))];
    all[4].verdict = Verdict::Partial(94.4);
    all[4].tracks =
        vec![(0, 30, "Clara Schumann - Romanze <b>op. 21</b>"), (30, 25, "조성진 - Ballade"), (55, 30, "뉴스")];
    all
}

/// Starts the service on that library. Two hours of one station are on tape.
async fn library() -> Library {
    let library = Library::open(&yaml(), &shelved()).await;
    tape_two_hours(&library);
    library
}

/// Puts two hours of the station `kbs` on tape, with a hole of ten minutes. Nobody has asked for its tape before.
fn tape_two_hours(library: &Library) {
    let start = SystemClock::shared().now().trunc_subsecs(0) - TimeDelta::hours(3);
    let tape = taped::open(&library.aircheck, "kbs", start);
    taped::put(&tape, start, 60);
    taped::put(&tape, start + TimeDelta::minutes(70), 50);
    tape.end_reel(None, start + TimeDelta::hours(2)).expect("ended");
}

/// The addresses of all pages.
const PAGES: [&str; 16] = [
    "/",
    "/?q=romanze",
    "/?recording=masters@20261119T0500Z",
    "/on-air",
    "/schedule",
    "/stations",
    "/stations/kbs",
    "/stations/r3",
    "/clips",
    "/clips/new",
    "/clips/new?station=kbs&from=-3h&to=-170m",
    "/grabs",
    "/subscribe",
    "/shows/masters",
    "/share/masters@20261119T0500Z",
    "/nothing-here",
];

/// Selects the row of the newest recording of the show `masters`.
const MASTERS: &str = ".row[data-id='masters@20261119T0500Z']";
const SOUND: &str = "document.querySelector('#player audio')";
