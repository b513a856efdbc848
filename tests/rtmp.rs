//! The RTMP server stands for real ones in these tests, so these tests prove it: it plays by the clock, stops, and
//! comes back.

use std::net::TcpStream;
use std::time::Duration;

use aircheck::base::clock::SystemClock;

use crate::support::aircheck::until;
use crate::support::rtmp::RtmpServer;
use crate::support::timecode::Report;

#[test]
fn rtmp_plays_by_the_clock_stops_and_comes_back() {
    let mut server = RtmpServer::start();
    for _ in 0..2 {
        let begun = SystemClock::shared();
        // On a busy machine the sound is heard late.
        loop {
            let flv = server.dump(Duration::from_secs(5), usize::MAX);
            let now = begun.now();
            let report = Report::of_bytes("flv", &flv);
            let age = report.ends(now).map(|ends| (now - ends).as_seconds_f64());
            assert!(report.heard.is_empty() || report.is_whole(), "{report}");
            assert!(age.is_none_or(|age| age >= 0.0), "the newest sound is {age:?} s old");
            if report.heard.len() >= 3 && age.is_some_and(|age| age < 1.5) {
                break;
            }
            assert!(begun.monotonic() < Duration::from_secs(60), "the newest sound is {age:?} s old: {report}");
        }

        server.stop();
        assert_eq!(server.dump(Duration::from_secs(2), 1).len(), 0, "nobody is there");
        server.restart();
    }
    let port = server.url().split(['/', ':']).find_map(|part| part.parse::<u16>().ok()).expect("a port");
    drop(server);
    // The server is killed, and gone a moment later.
    let gone = async || TcpStream::connect(("127.0.0.1", port)).is_err();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(until("the end of the server", Duration::from_secs(60), gone));
}

#[test]
fn a_frozen_server_keeps_the_connection_and_sends_nothing() {
    let server = RtmpServer::start();
    server.freeze(true);
    assert_eq!(server.dump(Duration::from_secs(2), 1).len(), 0);
    server.freeze(false);
    assert!(server.dump(Duration::from_secs(60), 4_000).len() >= 4_000);
}
