//! Stations that offer their sound more than once: redundant variants, renditions, and failover between them. All
//! variants sound the same, so a change may neither lose nor double sound.

use std::time::Duration;

use crate::support::cases::{Case, stamped, turn};
use crate::support::origin::{Container, Fault, Kind, Origin, Part, ProgrammeTime, Redundant, Setup, StationHandle};

const TROUBLE: Duration = Duration::from_secs(8);
/// The bandwidths of the better of two variants, and of the other.
const BETTER: &str = "v192000/";
const OTHER: &str = "v64000/";

/// Returns a station with two variants and a window of 16 s; without dates if its name ends in `undated`.
fn on_air(origin: &Origin, name: &str, more: impl Fn(&mut Setup)) -> StationHandle {
    let mut setup = Setup { window: 8, variants: vec![192_000, 64_000], ..stamped(Container::Ts) };
    if name.ends_with("undated") {
        setup.programme_time = ProgrammeTime::No;
    }
    more(&mut setup);
    origin.station(name, setup)
}

/// Returns a fault of the better variant alone, after a while.
fn better(part: Part, kind: Kind) -> Fault {
    Fault::new(part, kind).path(BETTER).after(TROUBLE)
}

#[tokio::test]
async fn a_variant_that_does_not_deliver_is_left_for_the_next() {
    let turn = turn(14).await;
    let origin = Origin::start();
    let names = [
        "gone",
        "gone-undated",
        "silent",
        "frozen",
        "frozen-undated",
        "ended",
        "no-segments",
        "no-segments-undated",
        "no-sound",
        "stalls",
    ];
    let s = names.map(|name| on_air(&origin, name, |_| {}));
    let down =
        ["down", "down-undated"].map(|name| on_air(&origin, name, |setup| setup.redundant = Redundant::HostDown));
    let query = ["query", "query-frozen-undated"]
        .map(|name| on_air(&origin, name, |setup| setup.redundant = Redundant::ByQuery));
    let left = |name, station| Case::hls(name, station).asks(BETTER).asks(OTHER);
    let ended = Fault::edit_playlist(|text| text + "#EXT-X-ENDLIST\n");
    let cases = [
        left("its list is gone", &s[0]).fault(better(Part::Playlist, Kind::Status(404))),
        left("the same, undated", &s[1]).fault(better(Part::Playlist, Kind::Status(503))),
        left("its list does not answer", &s[2]).fault(better(Part::Playlist, Kind::Silence)),
        left("its list stands still", &s[3]).fault(better(Part::Playlist, Kind::Frozen)),
        left("the same, undated", &s[4]).fault(better(Part::Playlist, Kind::Frozen)),
        left("its list stands still and says that it ends", &s[5])
            .fault(better(Part::Playlist, Kind::Frozen))
            .fault(ended.path(BETTER).after(TROUBLE)),
        left("its segments are missing", &s[6]).fault(better(Part::Segment, Kind::Status(404))),
        left("the same, undated", &s[7]).fault(better(Part::Segment, Kind::Status(404))),
        left("its segments are no sound", &s[8]).fault(better(Part::Segment, Kind::Html)),
        left("its segments do not come", &s[9]).fault(better(Part::Segment, Kind::Silence)),
        Case::hls("the first host is down", &down[0]).asks(BETTER).never_asks(OTHER),
        Case::hls("the same, undated", &down[1]).asks(BETTER).never_asks(OTHER),
        Case::hls("apart in the query, the first never there", &query[0])
            .fault(Fault::new(Part::Playlist, Kind::Status(404)).path("bandwidth=192000"))
            .asks("bandwidth=192000")
            .asks("bandwidth=64000"),
        Case::hls("apart in the query, the first stands still", &query[1])
            .fault(Fault::new(Part::Playlist, Kind::Frozen).path("bandwidth=192000").after(TROUBLE))
            .asks("bandwidth=64000"),
    ];
    turn.record(cases, 24).await;
}

#[tokio::test]
async fn aircheck_returns_to_the_better_variant_when_it_delivers() {
    let turn = turn(5).await;
    let origin = Origin::start();
    let s = ["list", "list-undated", "segments", "comes-and-goes", "all"].map(|name| on_air(&origin, name, |_| {}));
    let for_12_s = Duration::from_secs(12);
    let cases = [
        Case::hls("its list stood still for a while", &s[0])
            .fault(better(Part::Playlist, Kind::Frozen).lasting(for_12_s))
            .asks(OTHER)
            .ends_on(BETTER),
        Case::hls("the same, undated", &s[1])
            .fault(better(Part::Playlist, Kind::Frozen).lasting(for_12_s))
            .asks(OTHER)
            .ends_on(BETTER),
        // Its playlist alone does not prove that it delivers.
        Case::hls("its segments stay away", &s[2]).fault(better(Part::Segment, Kind::Status(404))).asks(OTHER),
        Case::hls("it fails now and then", &s[3])
            .fault(better(Part::Playlist, Kind::Status(503)).every(3))
            .never_asks(OTHER),
        Case::hls("all of the station was away", &s[4])
            .fault(Fault::new(Part::Playlist, Kind::Status(503)).after(TROUBLE).lasting(for_12_s)),
    ];
    turn.record(cases, 50).await;
}

/// Checks that the first rendition is played, and nothing else.
fn r0(case: Case<'_>) -> Case<'_> {
    case.asks("/r0/").never_asks("/r1/").never_asks("/v900000/")
}

#[tokio::test]
async fn the_default_rendition_is_played() {
    let turn = turn(7).await;
    let origin = Origin::start();
    let picture = ",RESOLUTION=640x360,CODECS=\"avc1.64001e,mp4a.40.2\"";
    let described = "AUTOSELECT=YES,LANGUAGE=\"en\",CHARACTERISTICS=\"public.accessibility.describes-video\"";
    let with = |name: &str, says: &'static str, renditions: &[&'static str]| {
        let station = on_air(&origin, name, |setup| {
            (setup.variants, setup.variant_says) = (vec![900_000], says);
            setup.renditions = renditions.to_vec();
        });
        // The variant itself has no sound.
        station.fault(Fault::new(Part::Segment, Kind::Garbage).path("v900000/"));
        station
    };
    let main = "AUTOSELECT=YES,LANGUAGE=\"en\"";
    let s = [
        with("silent-variant", "", &["DEFAULT=YES"]),
        with("sound-codec", ",CODECS=\"mp4a.40.2\"", &["DEFAULT=YES"]),
        with("described", picture, &[main, described]),
        with("described-first", picture, &[described, main]),
        with("default-last", "", &[main, "DEFAULT=YES,LANGUAGE=\"de\""]),
        with("language", "", &["DEFAULT=YES,LANGUAGE=\"en\"", "LANGUAGE=\"ko-KR\"", "LANGUAGE=\"ko\""]),
        with("no-language", "", &[main, "LANGUAGE=\"de\""]),
    ];
    let asking = |name, station: &StationHandle, language| {
        Case::stamped(name, format!("hls: {{ url: \"{}\", language: {language} }}", station.url()))
    };
    let cases = [
        r0(Case::hls("of a variant that says nothing", &s[0])),
        r0(Case::hls("of a variant that names only the codec of its sound", &s[1])),
        r0(Case::hls("not the description for the blind", &s[2])),
        Case::hls("nor where that stands first", &s[3]).asks("/r1/").never_asks("/r0/"),
        Case::hls("the default", &s[4]).asks("/r1/").never_asks("/r0/"),
        asking("the language that is asked for", &s[5], "ko")
            .at(&s[5])
            .asks("/r1/")
            .never_asks("/r0/")
            .never_asks("/r2/"),
        r0(asking("a language that there is not", &s[6], "ko").at(&s[6])),
    ];
    turn.record(cases, 12).await;
}
