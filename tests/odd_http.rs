//! Servers with odd answers, lists of streams without a type, and untrusted certificates.

use crate::support::aircheck::Aircheck;
use crate::support::cases::{Case, stamped, turn};
use crate::support::origin::{Container, Gzip, Origin, Setup, StationHandle};
use crate::support::tls;

/// Lines of a head for which strict readers refuse the whole answer.
const LINES: &[&str] = &[
    "<!-- cached -->",
    "X Served By: edge-3",
    "X-Note: one\u{1}two",
    "X-Old : yes",
    ": nothing",
    "Content-Length: -1",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn playlists_and_segments_under_odd_heads_lose_nothing() {
    let turn = turn(6).await;
    let origin = Origin::start();
    let headed = |status_line| Setup { status_line: Some(status_line), ..stamped(Container::Ts) };
    let packed = |gzip| Setup { gzip, ..stamped(Container::Adts) };
    let stations = [
        ("odd lines", Setup { odd_lines: LINES, ..stamped(Container::Ts) }),
        ("odd lines, fmp4", Setup { odd_lines: LINES, ..stamped(Container::Fmp4) }),
        ("HTTP 200 OK", headed("HTTP 200 OK")),
        ("HTTP/1.1  200  OK", headed("HTTP/1.1  200  OK")),
        ("gzip announced, and plain", packed(Gzip::OnlySaid)),
        ("gzip without the header", packed(Gzip::Unsaid)),
    ]
    .map(|(name, setup)| (name, origin.station(&name.replace([' ', ',', '/'], "-"), setup)));
    turn.record(stations.iter().map(|(name, station)| Case::hls(name, station).once()), 16).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_are_recognised_by_their_content_and_the_next_entry_plays() {
    let turn = turn(11).await;
    let origin = Origin::start();
    let live = origin.station("live", Setup::of(Container::Mp3));
    let good = live.live_url();
    let pls = |first: &str, second: &str| {
        format!("[playlist]\r\nNumberOfEntries=2\r\nFile1={first}\r\nTitle1=A\r\nFile2={second}\r\n")
    };
    let asx = |name: &str| format!("<asx version=\"3.0\"><entryref href=\"{name}\" /></asx>");
    let behind = live.put("behind.php", "text/html", &pls(&good, &good));
    let nested = live.put("nested.php", "text/html; charset=utf-8", &asx("behind.php"));
    let lists = [
        ("PLS as HTML", live.put("listen", "text/html", &pls(&good, &good))),
        ("PLS as MP3", live.put("listen.mp3", "audio/mpeg", &pls("live", &good))),
        ("M3U by query", live.put("tune", "application/octet-stream", &format!("#EXTM3U\r{good}\r")) + "?id=7"),
        ("M3U as text", live.put("list.txt", "text/plain", &format!("\u{feff}# by hand\n{good}\n"))),
        ("ASX that names a PLS, by redirect", live.put_redirect("go", &nested)),
        ("ASX that names a PLS", live.put("asx", "video/x-ms-asf", &asx(&behind))),
        ("the first entry is down", live.put("down", "text/html", &pls("http://127.0.0.1:1/live", &good))),
        ("the first entry answers 404", live.put("gone", "text/html", &pls("/live/nothing.ts", &good))),
        ("sound under the name of a list", live.put_redirect("sound.pls", &good)),
    ];
    let ts = origin.station("ts", stamped(Container::Ts));
    let cases = lists.iter().map(|(name, url)| Case::endless(name, &live, url).starts_within(8.0));
    let other_keys = [
        Case::stamped("an HLS playlist under icecast", format!("icecast: {}", ts.url()))
            .at(&ts)
            .says("write `hls:` instead of `icecast:`"),
        Case::placed("an endless stream under hls", format!("hls: {good}"), 0.3)
            .at(&live)
            .says("write `icecast:` instead of `hls:`"),
    ];
    turn.record(cases.chain(other_keys).collect::<Vec<_>>(), 12).await;
}

/// The key of the YAML that accepts any certificate.
const LAX: &str = "\n    tls: { accept_invalid: true }";

/// Returns two stations behind TLS, one with HLS and one endless. `None` if there is no openssl, which it prints.
async fn behind_tls(hls: &StationHandle, live: &StationHandle) -> Option<(String, String)> {
    let both = (tls::self_signed(&hls.url()).await, tls::self_signed(&live.live_url()).await);
    let (Some(hls), Some(live)) = both else {
        println!("skipped: there is no openssl on this machine to make a certificate with");
        return None;
    };
    Some((hls, live))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_untrusted_certificate_is_accepted_by_choice_only() {
    let turn = turn(3).await;
    let origin = Origin::start();
    let (ts, live) = (origin.station("ts", stamped(Container::Ts)), origin.station("live", Setup::of(Container::Mp3)));
    let odd =
        origin.station("odd", Setup { odd_lines: LINES, status_line: Some("HTTP 200 OK"), ..stamped(Container::Ts) });
    let Some((https, endless)) = behind_tls(&ts, &live).await else { return };
    let Some((odd_https, _)) = behind_tls(&odd, &live).await else { return };
    turn.record(
        [
            Case::stamped("hls", format!("hls: {https}{LAX}")).at(&ts),
            Case::stamped("hls, odd heads", format!("hls: {odd_https}{LAX}")).at(&odd),
            Case::endless("icecast", &live, &format!("{endless}{LAX}")),
        ],
        12,
    )
    .await;
    for source in [format!("hls: {https}"), format!("icecast: {endless}")] {
        let aircheck = Aircheck::new(&format!("stations:\n  s:\n    name: S\n    {source}\nshows: []\n"));
        let ran = aircheck.run(&["record", "s", "--for", "1s", "--output", "a.mp3"]).await;
        let told = ran.stderr.contains("self-signed") && ran.stderr.contains("tls: { accept_invalid: true }");
        assert!(ran.code != 0 && told && !ran.stderr.contains("cannot be reached"), "{source}: {ran}");
    }
}
