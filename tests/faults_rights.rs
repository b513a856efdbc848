//! Access that expires in the middle of a recording: tokens, cookies, addresses that move, pages that are down or
//! changed; with the real binary on timecode audio.

use std::time::Duration;

use crate::support::cases::{Case, stamped, turn};
use crate::support::origin::{
    Container, Fault, Kind, Origin, Part, ProgrammeTime, Setup, StationHandle, Token, Written,
};

const LIFE: Duration = Duration::from_secs(15);

/// Returns a station whose addresses are valid for 15 s; without dates if its name ends in `undated`.
fn signed(origin: &Origin, name: &str, written: Written, status: u16) -> StationHandle {
    let token = Some(Token { lifetime: LIFE, written, status });
    let programme_time = if name.ends_with("undated") { ProgrammeTime::No } else { ProgrammeTime::Every };
    origin.station(name, Setup { token, programme_time, window: 15, ..stamped(Container::Ts) })
}

#[tokio::test]
async fn an_expired_address_is_resolved_again_and_one_with_a_known_expiry_is_renewed_before() {
    let turn = turn(14).await;
    let origin = Origin::start();
    let opaque = |status: u16| signed(&origin, &format!("opaque-{status}"), Written::Opaque, status);
    let readable = |name: &str, written| signed(&origin, name, written, 403);
    let o = [403, 400, 401, 404, 410].map(opaque);
    let undated = signed(&origin, "opaque-undated", Written::Opaque, 403);
    let r = [
        ("expires", Written::Expires),
        ("policy", Written::Policy),
        ("jwt", Written::Jwt),
        ("jwt-undated", Written::Jwt),
    ]
    .map(|(name, written)| readable(name, written));
    let variants = |name: &str, written| {
        let token = Some(Token { lifetime: LIFE, written, status: 403 });
        origin.station(name, Setup { token, variants: vec![64_000, 128_000], window: 15, ..stamped(Container::Adts) })
    };
    let v = [variants("variants", Written::Opaque), variants("variants-readable", Written::Expires)];
    let cookies = |name: &str, window| {
        let cookie_lifetime = Some(Duration::from_secs(12));
        origin.station(name, Setup { cookies: true, cookie_lifetime, window, ..stamped(Container::Ts) })
    };
    let c = [cookies("cookies", 15), cookies("cookies-narrow", 5)];
    let cases = [
        Case::page("token of 15 s, 403", &o[0]),
        Case::page("token of 15 s, 400", &o[1]),
        Case::page("token of 15 s, 401", &o[2]),
        Case::page("token of 15 s, 404", &o[3]),
        Case::page("token of 15 s, 410", &o[4]),
        Case::page("token of 15 s, 403, undated", &undated),
        Case::page("Expires, renewed before", &r[0]).never(403),
        Case::page("Policy, renewed before", &r[1]).never(403),
        Case::page("JWT, renewed before", &r[2]).never(403),
        Case::page("JWT, renewed before, undated", &r[3]).never(403),
        Case::page("token of a master playlist", &v[0]),
        Case::page("Expires of a master playlist", &v[1]).never(403),
        Case::page("cookie of 12 s", &c[0]),
        Case::page("cookie of 12 s, window of 10 s", &c[1]),
    ];
    turn.record(cases, 40).await;
}

#[tokio::test]
async fn a_page_that_fails_when_it_is_needed_costs_nothing() {
    let turn = turn(8).await;
    let origin = Origin::start();
    let signed = |name: &str, written| signed(&origin, name, written, 403);
    let s = [
        ("down", Written::Opaque),
        ("down-undated", Written::Opaque),
        ("down-readable", Written::Expires),
        ("silent", Written::Opaque),
        ("endless", Written::Opaque),
        ("changed-for-a-while", Written::Opaque),
    ]
    .map(|(name, written)| signed(name, written));
    // Addresses that claim to expire and do not.
    let token = Some(Token { lifetime: Duration::from_secs(600), written: Written::Opaque, status: 403 });
    let lasting = |name: &str| origin.station(name, Setup { token, window: 15, ..stamped(Container::Ts) });
    let l = ["changed", "changed-refused"].map(lasting);
    let layout =
        || Fault::edit(Part::Page, |body| String::from_utf8_lossy(&body).replace("service_url", "address").into());
    let down = |kind| Fault::new(Part::Page, kind).after(Duration::from_secs(11)).lasting(Duration::from_secs(14));
    let cases = [
        Case::page("the page is down for 10 s", &s[0]).fault(down(Kind::Status(503))).says("503"),
        Case::page("the same, undated", &s[1]).fault(down(Kind::Status(503))).says("503"),
        Case::page("the same, Expires", &s[2]).fault(down(Kind::Status(503))).says("503"),
        Case::page("the page does not answer", &s[3]).fault(down(Kind::Silence).times(1)),
        Case::page("the page never ends", &s[4]).fault(down(Kind::Endless)),
        Case::page("another layout for a while", &s[5])
            .fault(down(Kind::Edit(std::sync::Arc::new(|body: Vec<u8>| {
                String::from_utf8_lossy(&body).replace("service_url", "address").into()
            }))))
            .says("found nothing"),
        // After a while without new segments aircheck reads the page, which it can no longer parse.
        Case::page("another layout for ever", &l[0])
            .fault(layout().after(Duration::from_secs(5)))
            .fault(
                Fault::new(Part::Playlist, Kind::Frozen).after(Duration::from_secs(8)).lasting(Duration::from_secs(12)),
            )
            .says("found nothing"),
        Case::page("another layout, and refused", &l[1])
            .fault(layout().after(Duration::from_secs(5)))
            .fault(
                Fault::new(Part::Playlist, Kind::Status(403))
                    .after(Duration::from_secs(8))
                    .lasting(Duration::from_secs(12)),
            )
            .says("found nothing"),
    ];
    turn.record(cases, 40).await;
}
