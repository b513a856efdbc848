//! Endless streams with wrong or missing heads, misplaced titles, changes of codec, and connections that stall: the
//! sound is whole, and what is lost is reported.

use std::time::Duration;

use crate::support::cases::{Case, turn};
use crate::support::origin::{Container, Fault, Kind, Origin, Part, Setup, Titles};

/// Lines of a head for which strict readers refuse the whole answer.
const LINES: &[&str] = &[
    "<BR>This stream requires <a href=\"http://www.winamp.com/\">Winamp</a><BR>",
    "icy name: Radio",
    "icy-description: one\u{1}two",
    "icy-genre : news",
    ": nothing",
    "Content-Length: -1",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_heads_and_misplaced_titles_cost_nothing() {
    let turn = turn(16).await;
    let origin = Origin::start();
    let plain = || Setup::of(Container::Mp3);
    let titled = |titles| Setup { titles, ..plain() };
    let headed = |status_line| Setup { status_line: Some(status_line), ..plain() };
    let stations = [
        ("titles announced, none there", titled(Titles::Missing)),
        ("titles announced, none there, aac", Setup { titles: Titles::Missing, ..Setup::of(Container::Adts) }),
        ("titles there, none announced", titled(Titles::Unsaid(8_192))),
        ("titles there, none announced, aac", Setup { titles: Titles::Unsaid(16_000), ..Setup::of(Container::Adts) }),
        ("zeros for titles, none announced", titled(Titles::Untold(16_000))),
        (
            "zeros for titles, none announced, aac",
            Setup { titles: Titles::Untold(8_192), ..Setup::of(Container::Adts) },
        ),
        ("titles closer than announced", titled(Titles::Every(5_000))),
        ("titles further than announced", titled(Titles::Every(16_000))),
        ("flac", Setup::of(Container::Flac)),
        ("wav", Setup::of(Container::Wav)),
        ("odd lines in the head", Setup { odd_lines: LINES, ..plain() }),
        ("HTTP 200 OK", headed("HTTP 200 OK")),
        ("HTTP/1.0  200", headed("HTTP/1.0  200")),
        ("icy 200 ok", headed("icy 200 ok")),
        ("no head at all", headed("")),
        ("no head at all, aac", Setup { status_line: Some(""), ..Setup::of(Container::Adts) }),
    ]
    .map(|(name, setup)| (name, origin.station(&name.replace([' ', ',', '/'], "-"), setup)));
    let cases = stations.iter().map(|(name, station)| Case::endless(name, station, &station.live_url()));
    turn.record(cases, 16).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_change_or_stall_cost_little() {
    let turn = turn(6).await;
    let origin = Origin::start();
    let station = |name, setup| origin.station(name, setup);
    let quiet = |container| Setup { burst: Duration::ZERO, ..Setup::of(container) };
    let to_aac = station("to-aac", Setup::of(Container::Mp3));
    let to_mp3 = station("to-mp3", Setup::of(Container::Adts));
    let (aac, mp3) = (to_aac.in_format(Container::Adts), to_mp3.in_format(Container::Mp3));
    let stalled = station("stalled", quiet(Container::Mp3));
    let stalled_aac = station("stalled-aac", quiet(Container::Adts));
    let burst = station("burst", Setup { burst: Duration::from_secs(8), ..Setup::of(Container::Mp3) });
    let late = station("late", Setup { head_after: Duration::from_secs(12), ..Setup::of(Container::Mp3) });
    let hang = || {
        let stall = Duration::from_secs(14);
        Fault::new(Part::Live, Kind::Hang).after(Duration::from_secs(15)).lasting(stall)
    };
    let cases = [
        Case::endless("mp3, then aac", &to_aac, &to_aac.live_url())
            .then(12, || to_aac.go_on_in(aac))
            .loses_at_most(1.5, "codec")
            .says("the stream goes on in another codec"),
        Case::endless("aac, then mp3", &to_mp3, &to_mp3.live_url())
            .then(12, || to_mp3.go_on_in(mp3))
            .loses_at_most(1.5, "codec")
            .says("the stream goes on in another codec"),
        Case::endless("a stall without a burst", &stalled, &stalled.live_url())
            .fault(hang())
            .loses_at_most(4.0, "delivered no sound for 3 s"),
        Case::endless("a stall without a burst, aac", &stalled_aac, &stalled_aac.live_url())
            .fault(hang())
            .loses_at_most(4.0, "delivered no sound for 3 s"),
        Case::endless("a stall, with a burst", &burst, &burst.live_url()).fault(hang()),
        Case::endless("a head after 12 s", &late, &late.live_url()).loses_at_most(14.0, "sent nothing for 10 s"),
    ];
    turn.record(cases, 36).await;
}
