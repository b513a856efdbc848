//! What is read from an object store, and what else than recordings is copied there: with a real SeaweedFS.

use std::path::Path;
use std::time::Duration;

use aircheck::base::clock::SystemClock;
use aircheck::config::Config;
use aircheck::copies::let_go::let_go;
use aircheck::library::catalogue::{Catalogue, CopyEntry, CopyState};
use aircheck::library::remote::{Payload, Remote};
use aircheck::library::store::Store;
use aircheck::model::AiringId;
use chrono::{SubsecRound as _, TimeDelta};
use reqwest::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, RANGE, VARY,
};
use reqwest::{Client, Method, StatusCode, Url};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::hls::{is_whole, played, sound};
use crate::support::aircheck::{Aircheck, until};
use crate::support::library::{address, get, text};
use crate::support::shelved::{Library, Shelved};
use crate::support::taped;
use crate::support::timecode::Report;
use crate::support::weed::{ACCESS_KEY, SECRET_KEY, Weed};
use crate::support::wire::Wire;

const LIMIT: Duration = Duration::from_secs(120);
/// The first second of the sound.
const FIRST: u16 = 1_000;

fn store_at(port: u16, bucket: &str, more: &str) -> String {
    format!(
        "store:\n  bucket: {bucket}\n  endpoint: http://127.0.0.1:{port}\n  access_key: {ACCESS_KEY}\n  secret_key: \
         \"{SECRET_KEY}\"\n{more}"
    )
}

const STATION: &str = "timezone: UTC\nstations:\n  kbs: { name: KBS 1FM, hls: \"http://127.0.0.1:9/x\" }\n";

fn remote(yaml: &str) -> Remote {
    let config = Config::parse(yaml, Path::new("/x/stations.yaml")).unwrap_or_else(|errors| panic!("{errors}"));
    Remote::new(&config.store.expect("a store"), &SystemClock::shared()).expect("a client")
}

fn is_sound(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|extension| extension == "aac")
}

async fn copy(aircheck: &Aircheck, id: &AiringId) -> Option<CopyEntry> {
    let catalogue = Catalogue::open_read_only(aircheck.path("state/catalogue.sqlite")).await.ok()?;
    catalogue.copies(vec![id.clone()]).await.ok()?.remove(id)
}

async fn is_done(aircheck: &Aircheck, id: &AiringId) -> bool {
    copy(aircheck, id).await.is_some_and(|copy| copy.state == CopyState::Done)
}

async fn json(base: &Url, path: &str) -> Value {
    serde_json::from_str(&text(&Client::new(), base, path).await).expect("JSON")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_real_store_has_is_cut_and_played_and_tapes_are_copied_there() {
    let Some(weed) = Weed::start().await else { return };
    let _ = tokio::task::spawn_blocking(sound).await;
    tokio::join!(
        a_file_of_the_store_is_cut_into_a_clip_that_goes_there_as_well(&weed),
        a_file_is_fetched_whole_over_a_line_that_is_cut_and_by_a_command_that_is_killed(&weed),
        a_recording_that_only_the_store_has_is_heard_as_hls_on_a_page_elsewhere(&weed),
        reels_and_accounts_are_copied_when_they_have_ended(&weed),
        a_recording_is_copied_again_when_the_file_names_another_bucket(&weed),
    );
}

/// As the job does that names source bucket and key, timecodes and a destination.
async fn a_file_of_the_store_is_cut_into_a_clip_that_goes_there_as_well(weed: &Weed) {
    let yaml = format!("{STATION}{}", store_at(weed.port, "sources", "  what: [clips]\n  prefix: cut\n"));
    let remote = remote(&yaml);
    let object = "보관/소리 1.mp3";
    assert!(remote.put(object, "audio/mpeg", Payload::Bytes(sound().into())).await.is_ok());
    let aircheck = Aircheck::new(&yaml);
    let service = aircheck.start("run", &["run"]);
    let base = address(&service).await;
    let clips = base.join("/api/v1/clips").expect("a path");
    let post = async |body: Value| {
        let answer = Client::new().post(clips.clone()).json(&body).send().await.expect("an answer");
        (answer.status(), answer.json::<Value>().await.expect("JSON"))
    };
    let whole = json!({ "pieces": [{ "s3": format!("sources/{object}") }], "dry_run": true });
    let (status, preview) = post(whole).await;
    let length = preview["pieces"][0]["length"].as_f64().unwrap_or_default();
    assert!(status == StatusCode::OK && (length - 65.0).abs() < 0.1, "{status} {preview}");
    for (piece, wanted, code, words) in [
        (json!({ "s3": "other/x.mp3" }), 422, "clip_other_store", "write `bucket: other`"),
        (json!({ "s3": "sources/none.mp3" }), 404, "no_object", "there is no sources/none.mp3"),
        (json!({ "s3": "sources/../other/x" }), 422, "clip_object_name", "write its bucket and its name"),
        (json!({ "s3": format!("sources/{object}"), "from": 5, "to": 5 }), 422, "clip_backwards", "must end after"),
    ] {
        let (status, problem) = post(json!({ "pieces": [piece] })).await;
        assert_eq!((status.as_u16(), problem["code"].as_str()), (wanted, Some(code)), "{problem}");
        assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains(words)), "{problem}");
    }
    let pieces = json!([
        { "s3": format!("sources/{object}"), "from": 10, "to": "00:00:20" },
        { "s3": format!("s3://sources/{object}"), "from": 60 },
    ]);
    let (status, asked) = post(json!({ "title": "두 조각", "pieces": pieces })).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{asked}");
    let id = AiringId::new(asked["id"].as_str().expect("an id"));
    until("the clip is copied to the store", LIMIT, async || is_done(&aircheck, &id).await).await;
    let made = json(&base, &format!("/api/v1/recordings/{id}")).await;
    assert_eq!((&made["verdict"], &made["state"]), (&"complete".into(), &"done".into()), "{made}");
    let name = copy(&aircheck, &id).await.and_then(|copy| copy.name).expect("a name");
    assert!(name.starts_with("cut/") && name.contains("두 조각"), "{name}");
    let heard =
        Report::of_bytes("mp3", &remote.get(&name, None).await.expect("it is there").bytes().await.expect("bytes"));
    let numbers: Vec<u16> = (FIRST + 10..FIRST + 20).chain(FIRST + 60..FIRST + 65).collect();
    assert_eq!(heard.numbers(), numbers, "{heard}");

    let out = aircheck.path("cut.mp3").to_str().expect("UTF-8").to_owned();
    let source = format!("s3://sources/{object}");
    let cut = aircheck.run(&["clip", &source, "--piece", "0:30-0:33", "-o", &out]).await;
    assert_eq!(cut.code, 0, "{cut}");
    assert_eq!(Report::of_file(Path::new(&out)).numbers(), [FIRST + 30, FIRST + 31, FIRST + 32]);
    let refused = aircheck.run(&["clip", "s3://elsewhere/x.mp3", "--piece", "0:30-0:33", "--dry-run"]).await;
    assert!(refused.code == 2 && refused.stderr.contains("write `bucket: elsewhere`"), "{refused}");
}

async fn a_file_is_fetched_whole_over_a_line_that_is_cut_and_by_a_command_that_is_killed(weed: &Weed) {
    const MIB: u64 = 1 << 20;
    let wire = Wire::to(weed.port).await;
    let yaml = format!("{STATION}{}", store_at(wire.port, "files", ""));
    let bytes: Vec<u8> = (0..6 * MIB + 5).map(|at| u8::try_from((at * at / 977) % 251).expect("small")).collect();
    let direct = remote(&format!("{STATION}{}", store_at(weed.port, "files", "")));
    assert!(direct.put("a b/큰 것.bin", "video/mp4", Payload::Bytes(bytes.clone().into())).await.is_ok());
    let aircheck = Aircheck::new(&yaml);
    wire.cut_back_at(vec![2 * MIB]);
    wire.hold_back_at(4 * MIB);
    let out = aircheck.path("out.mp4").to_str().expect("UTF-8").to_owned();
    let args = ["grab", "s3://files/a b/큰 것.bin", "--output", &out, "--json"];
    let mut killed = aircheck.start("killed", &args);
    until("the line hangs", LIMIT, async || wire.came() >= 4 * MIB).await;
    let part = || {
        let entries = std::fs::read_dir(aircheck.path("")).expect("a folder").flatten();
        let parts = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(".out.mp4."));
        parts.filter_map(|part| Some(part.metadata().ok()?.len())).sum::<u64>()
    };
    until("what came is written", LIMIT, async || part() > 3 * MIB).await;
    killed.signal(Signal::KILL);
    killed.end().await;
    assert!(!Path::new(&out).exists(), "it has its name when it is whole");
    wire.release();
    let fetched = aircheck.run(&args).await;
    let report = fetched.json();
    assert_eq!(
        (fetched.code, &report["compared"], &report["bytes"]),
        (0, &true.into(), &(6 * MIB + 5).into()),
        "{fetched}"
    );
    assert!(report["resumed"].as_u64().is_some_and(|resumed| resumed > 3 * MIB), "{fetched}");
    assert!(std::fs::read(&out).expect("it is there") == bytes, "other bytes");
    assert_eq!(part(), 0, "nothing stays behind");
    for (address, words) in [
        ("s3://other/x", "the keys of `store` in the YAML are for its `bucket: files`, not for other"),
        ("s3://files/none", "there is no files/none in the store"),
        ("s3://files", "is no object"),
    ] {
        let refused = aircheck.run(&["grab", address, "--output", &format!("{out}.2")]).await;
        assert!(refused.code == 2 && refused.stderr.contains(words), "{refused}");
    }
    let again = aircheck.run(&args).await;
    assert!(again.code == 2 && again.stderr.contains("exists and is not replaced"), "{again}");
}

async fn a_recording_that_only_the_store_has_is_heard_as_hls_on_a_page_elsewhere(weed: &Weed) {
    let web = "web: { listen: \"127.0.0.1:0\", origins: [\"https://player.example\"] }\nhls: { renditions: [64k], segment: 5s }\n";
    let yaml = format!("{web}{STATION}{}", store_at(weed.port, "heard", "  local: { days: 0 }\n"));
    let news = Shelved { length: 65, ..Shelved::new("news", "News", "kbs", "2026-11-20T05:00:00Z") };
    let library = Library::of(sound(), &yaml, std::slice::from_ref(&news)).await;
    let (aircheck, base, id) = (&library.aircheck, &library.base, news.id());
    until("the copy is done", LIMIT, async || is_done(aircheck, &id).await).await;
    let catalogue = Catalogue::open(aircheck.path("state/catalogue.sqlite")).await.expect("a catalogue");
    let config = Config::load(&aircheck.path("stations.yaml")).unwrap_or_else(|errors| panic!("{errors}"));
    let store = Store::new(aircheck.path("recordings"));
    assert_eq!(let_go(&config, &catalogue, &store, &SystemClock::shared()).await.expect("looked"), 1);

    let at = base.join(&format!("recordings/{id}/hls/master.m3u8")).expect("an address");
    is_whole(&played(at.to_string()).await);
    let metrics = text(&Client::new(), base, "/metrics").await;
    let value = |name: &str| -> f64 {
        let line = metrics.lines().find(|line| line.starts_with(name)).unwrap_or_default();
        line.rsplit(' ').next().and_then(|value| value.parse().ok()).unwrap_or(f64::NAN)
    };
    assert!(value("aircheck_hls_cache_bytes") > 100_000.0, "{metrics}");
    assert!(value("aircheck_hls_segments_total{cache=\"miss\"}") >= 1.0, "{metrics}");
    assert!(value("aircheck_hls_evictions_total") < 0.5, "{metrics}");
    let folder = aircheck.path("out");
    let made = aircheck.run(&["hls", id.as_str(), "--output", folder.to_str().expect("UTF-8")]).await;
    assert!(made.code == 0 && folder.join("master.m3u8").exists(), "{made}");

    // A script of a page elsewhere.
    let (client, list) = (Client::new(), at.join("64k.m3u8").expect("an address"));
    let asked = async |method: Method, url: &Url, origin: &'static str| {
        let request = client.request(method, url.clone()).header(ORIGIN, origin);
        let request = request.header(ACCESS_CONTROL_REQUEST_METHOD, "GET");
        request.header("access-control-request-headers", "range").send().await.expect("an answer")
    };
    let may = asked(Method::OPTIONS, &list, "https://player.example").await;
    assert_eq!(may.status(), StatusCode::NO_CONTENT);
    assert!(
        may.headers()["access-control-allow-headers"].to_str().is_ok_and(|names| names.contains("range")),
        "{may:?}"
    );
    assert_eq!(may.headers()[ACCESS_CONTROL_ALLOW_ORIGIN], "https://player.example");
    let seen = asked(Method::GET, &list, "https://player.example").await;
    assert_eq!(
        (seen.status(), &seen.headers()[ACCESS_CONTROL_ALLOW_ORIGIN]),
        (StatusCode::OK, &"https://player.example".parse().expect("a value"))
    );
    assert!(seen.headers()[ACCESS_CONTROL_EXPOSE_HEADERS].to_str().is_ok_and(|names| names.contains("content-range")));
    let varies = |answer: &reqwest::Response| answer.headers().get_all(VARY).iter().any(|value| value == "origin");
    assert!(varies(&seen), "{seen:?}");
    let other = asked(Method::GET, &list, "https://other.example").await;
    assert!(
        other.status() == StatusCode::OK && !other.headers().contains_key(ACCESS_CONTROL_ALLOW_ORIGIN),
        "{other:?}"
    );
    assert!(varies(&other), "a cache must not hand it to the page that may");
    assert_eq!(asked(Method::OPTIONS, &list, "https://other.example").await.status(), StatusCode::FORBIDDEN);
    let api = base.join("/api/v1/recordings").expect("a path");
    let api = asked(Method::GET, &api, "https://player.example").await;
    assert!(!api.headers().contains_key(ACCESS_CONTROL_ALLOW_ORIGIN), "only sound is for pages elsewhere");
    let part = client.get(list.clone()).header(RANGE, "bytes=0-9").send().await.expect("an answer");
    assert!(!part.headers().contains_key(ACCESS_CONTROL_ALLOW_ORIGIN), "nobody elsewhere asks");
}

async fn reels_and_accounts_are_copied_when_they_have_ended(weed: &Weed) {
    let taped = STATION.replace("/x\" }", "/x\", tape: 42d }");
    let more = "  what: [reels, accounts]\n  prefix: radio\n";
    let yaml = format!("{taped}{}", store_at(weed.port, "tapes", more));
    let aircheck = Aircheck::new(&yaml);
    let now = SystemClock::shared().now().trunc_subsecs(0);
    let day = (now - TimeDelta::days(2)).date_naive();
    let begins = day.and_hms_opt(3, 0, 0).expect("a time").and_utc();
    for hour in 0..2 {
        let start = begins + TimeDelta::hours(hour);
        let tape = taped::open(&aircheck, "kbs", start);
        taped::put(&tape, start, 20);
        tape.end_reel(None, start + TimeDelta::minutes(21)).expect("ended");
    }
    let remote = remote(&yaml);
    // The store makes a bucket with its first object.
    assert!(remote.put("x.txt", "text/plain", Payload::Bytes("x".into())).await.is_ok());
    let service = aircheck.start("run", &["run"]);
    let base = address(&service).await;
    let folder = format!("radio/tape/kbs/{day}/");
    let listed = async || {
        let (objects, _) = remote.list(&folder, None).await.expect("a list");
        objects.into_iter().map(|object| object.name[folder.len()..].to_owned()).collect::<Vec<_>>()
    };
    let wanted = |names: &[String]| {
        let of = |end: &str| names.iter().filter(|name| name.ends_with(end)).count();
        (of(".aac"), of(".m3u8"), of(".seal"), of(".json"))
    };
    until("reels and account are there", LIMIT, async || wanted(&listed().await) == (2, 2, 2, 1)).await;
    let object = async |name: &str| {
        let answer = remote.get(&format!("{folder}{name}"), None).await.expect("it is there");
        answer.bytes().await.expect("bytes").to_vec()
    };
    let tape = aircheck.path("state/tape/kbs");
    for name in listed().await.iter().filter(|name| is_sound(name)) {
        assert!(object(name).await == std::fs::read(tape.join(name)).expect("the reel"), "{name}");
        let stem = name.trim_end_matches(".aac");
        let index = String::from_utf8(object(&format!("{stem}.m3u8")).await).expect("text");
        assert!(index.starts_with("#EXTM3U") && index.contains(name.as_str()), "{index}");
        let seal = String::from_utf8(object(&format!("{stem}.seal")).await).expect("text");
        let line = seal.lines().nth(1).expect("a line");
        let seals = std::fs::read_to_string(tape.join("seals")).expect("seals");
        assert!(seals.lines().any(|sealed| sealed == line) && line.starts_with("sealed "), "{seal}");
    }
    let account: Value = serde_json::from_slice(&object(&format!("account-{day}.json")).await).expect("JSON");
    assert_eq!((&account["station"], &account["on_tape"]), (&"kbs".into(), &2_400.0.into()), "{account}");
    until("it is counted", LIMIT, async || {
        let metrics = text(&Client::new(), &base, "/metrics").await;
        metrics.contains("aircheck_tape_copies_total{what=\"reels\"} 2")
            && metrics.contains("aircheck_tape_copies_waiting 0")
    })
    .await;
    let compared = aircheck.run(&["fsck", "--json"]).await;
    assert_eq!(
        (compared.code, &compared.json()["of_tapes"], &compared.json()["findings"]),
        (0, &6.into(), &json!([])),
        "{compared}"
    );
    let lost = listed().await.into_iter().find(|name| is_sound(name)).expect("a reel");
    remote.delete(&format!("{folder}{lost}")).await.expect("deleted");
    let compared = aircheck.run(&["fsck", "--json"]).await;
    let findings = compared.json()["findings"].clone();
    assert_eq!(
        (compared.code, findings.as_array().map(Vec::len), &findings[0]["kind"]),
        (1, Some(1), &"reel_lost".into()),
        "{compared}"
    );
}

async fn a_recording_is_copied_again_when_the_file_names_another_bucket(weed: &Weed) {
    let yaml = |bucket: &str| format!("{STATION}{}", store_at(weed.port, bucket, "  local: { days: 0 }\n"));
    let news = Shelved::new("news", "News", "kbs", "2026-11-20T05:00:00Z");
    let library = Library::open(&yaml("first"), std::slice::from_ref(&news)).await;
    let (aircheck, id) = (&library.aircheck, news.id());
    until("the first has it", LIMIT, async || is_done(aircheck, &id).await).await;
    aircheck.write(&yaml("second"));
    until("the second has it", LIMIT, async || {
        copy(aircheck, &id).await.is_some_and(|copy| {
            copy.state == CopyState::Done && copy.place.is_some_and(|place| place.ends_with("/second"))
        })
    })
    .await;
    library.service.says("recordings on the list are queued to be copied to the store", LIMIT).await;
    let name = copy(aircheck, &id).await.and_then(|copy| copy.name).expect("a name");
    for bucket in ["first", "second"] {
        assert!(remote(&yaml(bucket)).head(&name).await.expect("an answer").is_some(), "{bucket}");
    }
    // Only there now; then a third is named, which has nothing of it.
    let catalogue = Catalogue::open(aircheck.path("state/catalogue.sqlite")).await.expect("a catalogue");
    let config = Config::load(&aircheck.path("stations.yaml")).unwrap_or_else(|errors| panic!("{errors}"));
    let store = Store::new(aircheck.path("recordings"));
    assert_eq!(let_go(&config, &catalogue, &store, &SystemClock::shared()).await.expect("looked"), 1);
    assert!(remote(&yaml("third")).put("x.txt", "text/plain", Payload::Bytes("x".into())).await.is_ok());
    aircheck.write(&yaml("third"));
    library.service.says("recordings are only in another store than the file names now", LIMIT).await;
    let media = format!("/media/{id}.mp3");
    until("it is not there", LIMIT, async || {
        get(&Client::new(), &library.base, &media).await.status() == StatusCode::NOT_FOUND
    })
    .await;
    let compared = aircheck.run(&["fsck"]).await;
    assert!(compared.code == 1 && compared.stdout.contains("copy it over, or name that store again"), "{compared}");
    aircheck.write(&yaml("second"));
    until("it is heard again", LIMIT, async || {
        get(&Client::new(), &library.base, &media).await.status() == StatusCode::OK
    })
    .await;
}
