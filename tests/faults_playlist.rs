//! Faults of playlists, as real stations have them, with the real binary on timecode audio. The window still holds the
//! sound when a fault is over, so nothing may be missing or doubled, and the cut must be exact.

use std::time::Duration;

use crate::support::cases::{Case, stamped, turn};
use crate::support::origin::{
    ByQuery, Container, Fault, Kind, Origin, Part, ProgrammeTime, Redirects, Setup, StationHandle,
};

const TROUBLE: Duration = Duration::from_secs(8);
/// Half a minute, so that the window still has what was missed for 12 s.
const WINDOW: usize = 15;

fn playlist(kind: Kind) -> Fault {
    Fault::new(Part::Playlist, kind).after(TROUBLE)
}

fn for_12_s(kind: Kind) -> Fault {
    playlist(kind).lasting(Duration::from_secs(12))
}

/// Returns stations by name; those whose names end in `undated` have no dates.
struct Stations(Origin);

impl Stations {
    fn on_air(&self, name: &str, container: Container, more: impl Fn(&mut Setup)) -> StationHandle {
        let mut setup = Setup { window: WINDOW, ..stamped(container) };
        if name.ends_with("undated") {
            setup.programme_time = ProgrammeTime::No;
        }
        more(&mut setup);
        self.0.station(name, setup)
    }

    fn plain(&self, name: &str) -> StationHandle {
        self.on_air(name, Container::Ts, |_| {})
    }
}

#[tokio::test]
async fn a_playlist_that_fails_for_12_s_costs_nothing() {
    let turn = turn(13).await;
    let stations = Stations(Origin::start());
    let all = [
        "500",
        "503",
        "404",
        "410",
        "reset",
        "midway",
        "silent",
        "frozen",
        "500-undated",
        "404-undated",
        "frozen-undated",
    ];
    let s = all.map(|name| stations.plain(name));
    let closing = Stations(Origin::start());
    let closed = [closing.plain("closed"), closing.plain("closed-undated")];
    let cases = [
        Case::hls("500", &s[0]).fault(for_12_s(Kind::Status(500))).says("answered 500"),
        Case::hls("503 and 502 by turns", &s[1])
            .fault(for_12_s(Kind::Status(503)).every(2))
            .fault(for_12_s(Kind::Status(502))),
        Case::hls("404", &s[2]).fault(for_12_s(Kind::Status(404))).says("answered 404"),
        Case::hls("410", &s[3]).fault(for_12_s(Kind::Status(410))),
        Case::hls("connection reset", &s[4]).fault(for_12_s(Kind::Reset)),
        Case::hls("connection reset in the middle", &s[5]).fault(for_12_s(Kind::ResetMidway)),
        Case::hls("no answer", &s[6]).fault(for_12_s(Kind::Silence)).says("did not send all of its answer within 3 s"),
        Case::hls("frozen", &s[7]).fault(for_12_s(Kind::Frozen)).says("has had nothing new"),
        Case::hls("500, undated", &s[8]).fault(for_12_s(Kind::Status(500))),
        Case::hls("404, undated", &s[9]).fault(for_12_s(Kind::Status(404))),
        Case::hls("frozen, undated", &s[10]).fault(for_12_s(Kind::Frozen)),
        Case::hls("port closed", &closed[0])
            .then(8, || closing.0.close_port(true))
            .then(20, || closing.0.close_port(false))
            .says("cannot be reached"),
        Case::hls("port closed, undated", &closed[1]),
    ];
    turn.record(cases, 32).await;
}

#[tokio::test]
async fn segments_that_differ_in_their_query_alone_are_all_recorded() {
    let turn = turn(7).await;
    let stations = Stations(Origin::start());
    let by_query = |name: &str, query| stations.on_air(name, Container::Ts, move |setup| setup.by_query = Some(query));
    let [plain, undated, token, token_undated, each, each_undated, anew] = [
        by_query("plain", ByQuery::Plain),
        by_query("plain-undated", ByQuery::Plain),
        by_query("token", ByQuery::Token),
        by_query("token-undated", ByQuery::Token),
        by_query("each", ByQuery::TokenEach),
        by_query("each-undated", ByQuery::TokenEach),
        by_query("anew-undated", ByQuery::Token),
    ];
    let away = || for_12_s(Kind::Status(500));
    let stale = || playlist(Kind::Stale(Duration::from_secs(4))).every(2);
    let cases = [
        Case::hls("named in the query", &plain).fault(away()),
        Case::hls("the same, undated", &undated).fault(away()),
        Case::hls("with a token", &token).fault(away()),
        Case::hls("the same, undated", &token_undated).fault(stale()),
        Case::hls("with a token for each segment", &each).fault(stale()),
        Case::hls("the same, undated", &each_undated).fault(away()),
        Case::hls("sequence reset, undated", &anew).then(10, || anew.restart_encoder(0, false)),
    ];
    turn.record(cases, 28).await;
}

#[tokio::test]
async fn a_malformed_playlist_costs_nothing() {
    let turn = turn(16).await;
    let stations = Stations(Origin::start());
    let all = [
        "stale",
        "stale-undated",
        "lagging",
        "lagging-undated",
        "zero",
        "short",
        "long",
        "none",
        "garbage",
        "torn",
        "cut",
        "html",
        "empty",
        "huge",
        "endless",
        "slow",
    ];
    let s = all.map(|name| stations.plain(name));
    let target = |says: &'static str| Fault::edit_playlist(move |text| text.replace("#EXT-X-TARGETDURATION:2\n", says));
    let stale = || playlist(Kind::Stale(Duration::from_secs(4))).every(2);
    let lagging = || playlist(Kind::Stale(Duration::from_secs(6))).lasting(Duration::from_secs(12));
    let torn = Fault::edit(Part::Playlist, |mut body| {
        // Cut in the middle of an address, with a matching Content-Length.
        body.truncate(body.len() - 5);
        body
    });
    let cases = [
        Case::hls("an older copy every second time", &s[0]).fault(stale()),
        Case::hls("the same, undated", &s[1]).fault(stale()),
        Case::hls("older copies for 12 s", &s[2]).fault(lagging()),
        Case::hls("the same, undated", &s[3]).fault(lagging()),
        Case::hls("target duration 0", &s[4]).fault(target("#EXT-X-TARGETDURATION:0\n")),
        Case::hls("target duration 1", &s[5]).fault(target("#EXT-X-TARGETDURATION:1\n")),
        Case::hls("target duration 3600", &s[6]).fault(target("#EXT-X-TARGETDURATION:3600\n")),
        Case::hls("target duration not a number", &s[7]).fault(target("#EXT-X-TARGETDURATION:x\n")),
        Case::hls("garbage", &s[8]).fault(for_12_s(Kind::Garbage)).says("is not an HLS playlist"),
        Case::hls("truncated", &s[9]).fault(for_12_s(Kind::Truncated)).says("broke off"),
        Case::hls("truncated, length agrees", &s[10]).fault(torn.after(TROUBLE).lasting(Duration::from_secs(12))),
        Case::hls("HTML", &s[11]).fault(for_12_s(Kind::Html)).says("is not an HLS playlist"),
        Case::hls("empty", &s[12]).fault(for_12_s(Kind::Empty)),
        Case::hls("64 MiB", &s[13]).fault(for_12_s(Kind::Huge(64 << 20))).says("sent more than"),
        Case::hls("never ending", &s[14]).fault(for_12_s(Kind::Endless)).says("sent more than"),
        Case::hls("dripping", &s[15]).fault(for_12_s(Kind::Drip(100))),
    ];
    turn.record(cases, 32).await;
}

#[tokio::test]
async fn a_station_that_restarts_costs_nothing() {
    let turn = turn(16).await;
    let stations = Stations(Origin::start());
    let plain = |name: &str| stations.plain(name);
    let narrow = |name: &str, window| {
        stations.on_air(name, Container::Adts, move |setup| {
            setup.window = window;
            setup.same_names = true;
            setup.first_sequence = 0;
        })
    };
    let master = stations.on_air("variants", Container::Ts, |setup| setup.variants = vec![64_000, 128_000]);
    let moving = plain("moving");
    let s = ["mark", "bare", "mark-undated", "bare-undated", "up", "end", "end-undated", "late"].map(plain);
    let aac = stations.on_air("aac-undated", Container::Adts, |_| {});
    let n = [narrow("narrow-3", 3), narrow("narrow-3-undated", 3), narrow("narrow-5-undated", 5)];
    let early = Stations(Origin::start());
    let first = [early.plain("first"), early.plain("first-undated")];
    early.0.close_port(true);
    let pause = Duration::from_secs(5);
    // A number that the first session has just used, and that its window still shows.
    let again = |station: &StationHandle| station.newest() - 2;
    let cases = [
        Case::hls("no server for the first 5 s", &first[0]).starts_within(5.0).then(5, || early.0.close_port(false)),
        Case::hls("the same, undated", &first[1]).starts_within(5.0),
        Case::hls("sequence reset, with a mark", &s[0]).then(10, || s[0].restart_encoder(0, true)),
        Case::hls("sequence reset, no mark", &s[1]).then(10, || s[1].restart_encoder(0, false)),
        Case::hls("sequence reset, mark, undated", &s[2]).then(10, || s[2].restart_encoder(0, true)),
        Case::hls("sequence reset, no mark, undated", &s[3]).then(10, || s[3].restart_encoder(0, false)),
        Case::hls("the same in ADTS", &aac).then(10, || aac.restart_encoder(0, false)),
        Case::hls("sequence jumps ahead", &s[4]).then(10, || s[4].restart_encoder(900_000, true)),
        Case::hls("names and numbers again", &n[0]).then(10, || n[0].restart_encoder(again(&n[0]), false)),
        Case::hls("the same, undated, window of 3", &n[1]).then(10, || n[1].restart_encoder(again(&n[1]), false)),
        Case::hls("the same, undated, window of 5", &n[2]).then(10, || n[2].restart_encoder(again(&n[2]), false)),
        Case::hls("ENDLIST and a new session", &s[5]).then(10, || s[5].end_session(0, pause)),
        Case::hls("the same, undated", &s[6]).then(10, || s[6].end_session(0, pause)),
        Case::hls("ENDLIST, 15 s of nothing", &s[7]).then(10, || s[7].end_session(0, Duration::from_secs(15))),
        Case::hls("a variant disappears", &master).fault(playlist(Kind::Status(404)).path("v128000")),
        Case::hls("a redirect to another host", &moving)
            .then(8, || moving.redirect(Redirects::SameHost))
            .then(14, || moving.redirect(Redirects::OtherHost))
            .then(20, || moving.redirect(Redirects::No)),
    ];
    turn.record(cases, 32).await;
}
