//! Faults of segments, keys and byte ranges, with the real binary on timecode audio. What the window offers at some
//! moment is recorded; what it never offers is one gap, with its exact length and its cause.

use std::time::Duration;

use crate::support::cases::{Case, stamped, turn};
use crate::support::origin::{Container, Encryption, Fault, Kind, Origin, Part, ProgrammeTime, Setup, StationHandle};

/// Returns stations by name; those whose names end in `undated` have no dates.
struct Stations(Origin);

impl Stations {
    fn on_air(&self, name: &str, container: Container, more: impl Fn(&mut Setup)) -> StationHandle {
        let mut setup = Setup { window: 15, ..stamped(container) };
        if name.ends_with("undated") {
            setup.programme_time = ProgrammeTime::No;
        }
        more(&mut setup);
        self.0.station(name, setup)
    }
}

/// Returns a fault: in the middle of the recording, every segment fails the first time it is asked for.
fn once(kind: Kind) -> Fault {
    Fault::new(Part::Segment, kind).times_per_url(1).after(Duration::from_secs(6)).lasting(Duration::from_secs(14))
}

fn cut_short(mut body: Vec<u8>) -> Vec<u8> {
    // Whole packets of a transport stream, so that only the length shows the fault.
    body.truncate(body.len() / 2 / 188 * 188);
    body
}

#[tokio::test]
async fn a_segment_that_fails_and_then_comes_costs_nothing() {
    let turn = turn(21).await;
    let stations = Stations(Origin::start());
    let s = [
        "404",
        "503",
        "truncated",
        "midway",
        "stall",
        "silent",
        "html",
        "empty",
        "garbage",
        "reset",
        "huge",
        "endless",
    ]
    .map(|name| stations.on_air(name, Container::Ts, |_| {}));
    let u = ["404-undated", "503-undated", "truncated-undated", "stall-undated", "html-undated", "short-undated"]
        .map(|name| stations.on_air(name, Container::Ts, |_| {}));
    let short = ["short", "short-aac", "short-fmp4"].map(|name| {
        let container = match name {
            "short-aac" => Container::Adts,
            "short-fmp4" => Container::Fmp4,
            _ => Container::Ts,
        };
        stations.on_air(name, container, |_| {})
    });
    let half = |mut body: Vec<u8>| {
        body.truncate(body.len() / 2);
        body
    };
    let edited = |edit: fn(Vec<u8>) -> Vec<u8>| once(Kind::Edit(std::sync::Arc::new(edit)));
    let cases = [
        Case::hls("404 once", &s[0]).fault(once(Kind::Status(404))),
        Case::hls("503 twice", &s[1]).fault(once(Kind::Status(503)).times_per_url(2)),
        Case::hls("truncated", &s[2]).fault(once(Kind::Truncated)),
        Case::hls("reset in the middle", &s[3]).fault(once(Kind::ResetMidway)),
        Case::hls("stalled in the middle", &s[4]).fault(once(Kind::Stall)),
        Case::hls("no answer", &s[5]).fault(once(Kind::Silence)),
        Case::hls("HTML with status 200", &s[6]).fault(once(Kind::Html)),
        Case::hls("empty", &s[7]).fault(once(Kind::Empty)),
        Case::hls("garbage", &s[8]).fault(once(Kind::Garbage)),
        Case::hls("reset", &s[9]).fault(once(Kind::Reset)),
        Case::hls("64 MiB", &s[10]).fault(once(Kind::Huge(64 << 20)).times(3)),
        Case::hls("never ending", &s[11]).fault(once(Kind::Endless).times(3)),
        Case::hls("404 once, undated", &u[0]).fault(once(Kind::Status(404))),
        Case::hls("503 twice, undated", &u[1]).fault(once(Kind::Status(503)).times_per_url(2)),
        Case::hls("truncated, undated", &u[2]).fault(once(Kind::Truncated)),
        Case::hls("stalled, undated", &u[3]).fault(once(Kind::Stall)),
        Case::hls("HTML, undated", &u[4]).fault(once(Kind::Html)),
        Case::hls("half, length agrees, undated", &u[5]).fault(edited(cut_short)),
        Case::hls("half, length agrees", &short[0]).fault(edited(cut_short)),
        Case::hls("the same in ADTS", &short[1]).fault(edited(half)),
        Case::hls("the same in fMP4", &short[2]).fault(edited(half)),
    ];
    turn.record(cases, 28).await;
}

#[tokio::test]
async fn odd_segments_cost_nothing_and_one_that_never_comes_is_one_exact_gap() {
    let turn = turn(17).await;
    let stations = Stations(Origin::start());
    let plain = |name: &str| stations.on_air(name, Container::Ts, |_| {});
    let keyed = |name: &str, rotate_every| {
        let encryption = Some(Encryption::usual(true, rotate_every));
        stations.on_air(name, Container::Ts, move |setup| setup.encryption = encryption)
    };
    let s =
        ["twice", "twice-undated", "gap", "gap-undated", "lost", "lost-undated", "dead", "rounded-undated"].map(plain);
    // 2 s of this station are about 35 kB, so this is half as fast as real time.
    let drip = plain("drip");
    let late = stations.on_air("late", Container::Ts, |setup| setup.window = 3);
    let aac = ["lost-aac", "lost-aac-undated"].map(|name| stations.on_air(name, Container::Adts, |_| {}));
    let ranges = ["ranges", "ranges-undated", "ranges-short"]
        .map(|name| stations.on_air(name, Container::Ts, |setup| setup.byte_ranges = true));
    let keys = ["key", "key-lost"].map(|name| keyed(name, 1));
    let wrong_key = |body: Vec<u8>| body.into_iter().map(|byte| !byte).collect();
    let bad_key = Fault::edit(Part::Key, wrong_key);
    let missing = |station: &StationHandle| Fault::new(Part::Segment, Kind::Status(404)).sequence(station.newest() + 5);
    let another_range = Fault::new(Part::Segment, Kind::OtherRange).every(3).lasting(Duration::from_secs(16));
    let less = |mut body: Vec<u8>| {
        body.truncate(body.len() - 188);
        body
    };
    let less_of_it = Fault::edit(Part::Segment, less).every(3).lasting(Duration::from_secs(16));
    let whole_seconds =
        Fault::edit_playlist(|text| text.replace("#EXTINF:2.0", "#EXTINF:3.0").replace("#EXTINF:1.9", "#EXTINF:2.9"));
    let lost = s[4].newest() + 5;
    let (gap, gap_undated) = (s[2].newest() + 5, s[3].newest() + 5);
    let length = |station: &StationHandle, ahead: u64| {
        let (begins, ends) = station.on_air(station.newest() + ahead);
        (ends - begins).as_seconds_f64()
    };
    let cases = [
        Case::hls("listed twice", &s[0]).then(0, || (0..12).for_each(|ahead| s[0].list_twice(s[0].newest() + ahead))),
        Case::hls("the same, undated", &s[1])
            .then(0, || (0..12).for_each(|ahead| s[1].list_twice(s[1].newest() + ahead))),
        Case::hls("EXT-X-GAP", &s[2]).then(0, || s[2].gap(gap)).loses(length(&s[2], 5), "EXT-X-GAP"),
        Case::hls("EXT-X-GAP, undated", &s[3]).then(0, || s[3].gap(gap_undated)).loses(length(&s[3], 5), "EXT-X-GAP"),
        Case::hls("404 for ever", &s[4])
            .fault(Fault::new(Part::Segment, Kind::Status(404)).sequence(lost))
            .loses(length(&s[4], 5), "404"),
        Case::hls("404 for ever, undated", &s[5]).fault(missing(&s[5])).loses(length(&s[5], 5), "404"),
        Case::hls("404 for ever, ADTS", &aac[0]).fault(missing(&aac[0])).loses(length(&aac[0], 5), "404"),
        Case::hls("404 for ever, ADTS, undated", &aac[1]).fault(missing(&aac[1])).loses(length(&aac[1], 5), "404"),
        Case::hls("404 for ever, window of 3", &late).fault(missing(&late)).loses(length(&late, 5), "404"),
        Case::hls("stalled for ever", &s[6])
            .fault(Fault::new(Part::Segment, Kind::Stall).sequence(s[6].newest() + 5))
            .loses(length(&s[6], 5), "stopped sending"),
        Case::hls("half slower than real time for 12 s", &drip).fault(
            Fault::new(Part::Segment, Kind::Drip(11_000))
                .after(Duration::from_secs(6))
                .lasting(Duration::from_secs(12)),
        ),
        Case::hls("claims 1 s more than it is, undated", &s[7]).fault(whole_seconds),
        Case::hls("wrong byte range", &ranges[0]).fault(another_range.clone()),
        Case::hls("wrong byte range, undated", &ranges[1]).fault(another_range),
        Case::hls("a byte range too short", &ranges[2]).fault(less_of_it),
        Case::hls("a bad key once", &keys[0]).fault(bad_key.times_per_url(1)),
        Case::hls("a key that is missing twice", &keys[1])
            .fault(Fault::new(Part::Key, Kind::Status(503)).times_per_url(2).lasting(Duration::from_secs(16))),
    ];
    turn.record(cases, 28).await;
    // The next segment was fetched while the one that never came was still retried.
    let asked = |sequence| s[4].log().into_iter().filter(move |entry| entry.sequence == Some(sequence));
    let next = asked(lost + 1).next().expect("the next segment");
    let tries = asked(lost).filter(|entry| entry.at > next.at).count();
    assert!(tries >= 3, "{tries} tries after the next segment was asked for");
}
