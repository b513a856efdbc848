//! Copies of recordings in an object store: with a real SeaweedFS, and with one that does what a real one rarely does.

use std::path::Path;
use std::time::Duration;

use aircheck::base::clock::SystemClock;
use aircheck::config::Config;
use aircheck::copies::let_go::let_go;
use aircheck::copies::probe::probe;
use aircheck::library::catalogue::{Catalogue, CopyEntry, CopyState};
use aircheck::library::remote::{Payload, Remote, Sums};
use aircheck::library::store::Store;
use aircheck::model::{Airing, AiringId, Measured, Outcome, ShowId, Span, StationId, Verdict};
use chrono::{DateTime, TimeDelta, Utc};
use reqwest::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderValue, LOCATION, RANGE};
use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode};
use rustix::process::Signal;

use crate::support::aircheck::{Aircheck, ffprobe, until};
use crate::support::browser::{Browser, Look};
use crate::support::library::{address, get, text};
use crate::support::odd_store::{OddStore, Oddity};
use crate::support::shelved::{Library, Shelved};
use crate::support::weed::{ACCESS_KEY, SECRET_KEY, Weed};
use crate::support::wire::Wire;

const LIMIT: Duration = Duration::from_secs(120);
const MIB: u64 = 1 << 20;

/// Returns a `store` at a port of this machine, with `more` keys.
fn store_at(port: u16, bucket: &str, more: &str) -> String {
    format!(
        "store:\n  bucket: {bucket}\n  endpoint: http://127.0.0.1:{port}\n  access_key: {ACCESS_KEY}\n  secret_key: \
         \"{SECRET_KEY}\"\n{more}"
    )
}

const STATION: &str = "timezone: Asia/Seoul\nstations:\n  kbs: { name: KBS 1FM, hls: \"http://127.0.0.1:9/x\" }\n";

/// Returns the object store of a configuration.
fn remote(yaml: &str) -> Remote {
    let config = Config::parse(yaml, Path::new("/x/stations.yaml")).unwrap_or_else(|errors| panic!("{errors}"));
    Remote::new(&config.store.expect("a store"), &SystemClock::shared()).expect("a client")
}

fn bytes(text: &'static str) -> Payload {
    Payload::Bytes(text.as_bytes().into())
}

/// Returns what the catalogue knows of the copy of a recording.
async fn copy(aircheck: &Aircheck, id: &AiringId) -> Option<CopyEntry> {
    let catalogue = Catalogue::open_read_only(aircheck.path("state/catalogue.sqlite")).await.ok()?;
    catalogue.copies(vec![id.clone()]).await.ok()?.remove(id)
}

async fn is_done(aircheck: &Aircheck, id: &AiringId) -> bool {
    copy(aircheck, id).await.is_some_and(|copy| copy.state == CopyState::Done)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn recordings_are_copied_to_a_real_store_whatever_happens_on_the_way() {
    let Some(weed) = Weed::start().await else { return };
    tokio::join!(
        only_the_store_has_it_in_the_end(&weed),
        a_line_that_is_cut_and_a_service_that_is_killed_cost_no_part(&weed),
        a_trial_says_what_is_wrong(&weed),
    );
}

/// A recording is copied under a name in Korean beside an object that has the name already; its file is let go; and then it
/// is played, fetched, listed, cut, deleted and brought back.
async fn only_the_store_has_it_in_the_end(weed: &Weed) {
    let name = "  prefix: 보관\n  name: \"{{ station }}/{{ start | date('%Y-%m-%d %H%M') }} {{ show }}\"\n  local: { days: 0 }\n";
    let yaml = format!("{STATION}{}", store_at(weed.port, "only-there", name));
    let remote = remote(&yaml);
    let other = "보관/KBS 1FM/2026-11-20 1400 저녁 뉴스.mp3";
    assert!(remote.put(other, "text/plain", bytes("of somebody else")).await.is_ok());
    let news = Shelved::new("news", "저녁 뉴스", "kbs", "2026-11-20T05:00:00Z");
    let library = Library::open(&yaml, std::slice::from_ref(&news)).await;
    let (aircheck, base, id, client) = (&library.aircheck, &library.base, news.id(), Client::new());
    until("the copy is done", LIMIT, async || is_done(aircheck, &id).await).await;
    let known = copy(aircheck, &id).await.expect("a copy");
    assert_eq!(known.name.as_deref(), Some("보관/KBS 1FM/2026-11-20 1400 저녁 뉴스 (2).mp3"), "nothing is overwritten");
    let file = aircheck.path("recordings").join(format!("{id}.mp3"));
    let sound = std::fs::read(&file).expect("its file stays for now");
    assert!(text(&client, base, "/").await.contains("Copied to the store"));
    let metrics = text(&client, base, "/metrics").await;
    assert!(metrics.contains("aircheck_copies{state=\"done\"} 1"), "{metrics}");

    let job = text(&client, base, &format!("/api/v1/jobs/copy/{id}")).await;
    let job: serde_json::Value = serde_json::from_str(&job).expect("JSON");
    let states: Vec<_> = job["history"].as_array().expect("a history").iter().map(|one| &one["state"]).collect();
    assert_eq!(states, ["queued", "copying", "done"], "{job}");

    let catalogue = Catalogue::open(aircheck.path("state/catalogue.sqlite")).await.expect("a catalogue");
    let config = Config::load(&aircheck.path("stations.yaml")).unwrap_or_else(|errors| panic!("{errors}"));
    let store = Store::new(aircheck.path("recordings"));
    // A file that was changed after it was copied stays.
    std::fs::write(&file, [sound.as_slice(), b"x"].concat()).expect("written");
    let clock = SystemClock::shared();
    assert_eq!(let_go(&config, &catalogue, &store, &clock).await.expect("looked"), 0);
    std::fs::write(&file, &sound).expect("written");
    assert_eq!(let_go(&config, &catalogue, &store, &clock).await.expect("let go"), 1);
    assert!(!file.exists());

    let nowhere = Client::builder().redirect(Policy::none()).build().expect("a client");
    let media = format!("/media/{id}.mp3");
    let answer = get(&nowhere, base, &media).await;
    assert_eq!(answer.status(), StatusCode::TEMPORARY_REDIRECT);
    assert!(answer.headers()[LOCATION].to_str().expect("plain").contains("X-Amz-Expires="), "{answer:?}");
    let url = base.join(&media).expect("a path");
    let part = client.get(url.clone()).header(RANGE, "bytes=100-199").send().await.expect("an answer");
    assert_eq!(
        (part.status(), &part.headers()[CONTENT_TYPE]),
        (StatusCode::PARTIAL_CONTENT, &HeaderValue::from_static("audio/mpeg"))
    );
    assert_eq!(part.bytes().await.expect("a body"), sound[100..200]);
    assert_eq!(client.head(url).send().await.expect("an answer").status(), StatusCode::OK);
    let whole = get(&client, base, &format!("/download/{id}.mp3")).await;
    let disposition = whole.headers()[CONTENT_DISPOSITION].to_str().expect("plain").to_owned();
    assert!(disposition.starts_with("attachment;") && disposition.contains(".mp3"), "{disposition}");
    assert_eq!(whole.bytes().await.expect("a body"), sound);
    assert!(text(&client, base, "/feed.xml").await.contains(&format!("length=\"{}\"", sound.len())));
    let listed: serde_json::Value =
        serde_json::from_str(&text(&client, base, "/api/v1/recordings").await).expect("JSON");
    assert_eq!((&listed[0]["gone"], listed[0]["media"].is_string()), (&false.into(), true), "{listed}");

    // A browser plays it, and seeks in it, although the sound comes from elsewhere.
    let browser = Browser::start().await;
    let page = browser.page(base, Look::DESK).await;
    page.expect("a request to another host");
    page.goto("/").await;
    page.click(".row .play").await;
    page.is("document.querySelector('#player audio').currentTime > 0.3").await;
    page.click_at(".row .wave", 50).await;
    page.is("document.querySelector('#player audio').currentTime > 40").await;

    let out = aircheck.path("cut.mp3").to_str().expect("UTF-8").to_owned();
    let cut = aircheck.run(&["clip", id.as_str(), "--piece", "0:10-0:15", "-o", &out]).await;
    assert_eq!(cut.code, 0, "{cut}");
    let length: f64 =
        ffprobe(Path::new(&out))["format"]["duration"].as_str().expect("a length").parse().expect("seconds");
    assert!((length - 5.0).abs() < 0.05, "{length}");

    let compared = aircheck.run(&["fsck", "--json"]).await;
    let findings = compared.json()["findings"].clone();
    let kinds: Vec<_> = findings.as_array().expect("a list").iter().map(|it| (&it["kind"], &it["name"])).collect();
    let expected = [(&"stray".into(), &"sound.mp3".into()), (&"unknown_object".into(), &other.into())];
    assert_eq!((kinds.as_slice(), compared.code), (&expected[..], 1), "{compared}");

    let path = base.join(&format!("/api/v1/recordings/{id}")).expect("a path");
    assert!(client.delete(path.clone()).send().await.expect("an answer").status().is_success());
    assert_eq!(get(&nowhere, base, &media).await.status(), StatusCode::NOT_FOUND);
    let restore = base.join(&format!("/api/v1/recordings/{id}/restore")).expect("a path");
    let restored = client.post(restore).send().await.expect("an answer");
    assert!(restored.status().is_success(), "{restored:?}");
    assert_eq!(get(&nowhere, base, &media).await.status(), StatusCode::TEMPORARY_REDIRECT);

    // The object is deleted by somebody else.
    remote.delete(known.name.as_deref().expect("a name")).await.expect("deleted");
    let compared = aircheck.run(&["fsck"]).await;
    assert!(
        compared.code == 1 && compared.stdout.contains("it is lost, unless the store keeps versions"),
        "{compared}"
    );
}

/// Puts a recording of so many bytes on the list, of this hour.
async fn put(aircheck: &Aircheck, hour: u32, length: u64) -> AiringId {
    let catalogue = Catalogue::open(aircheck.path("state/catalogue.sqlite")).await.expect("a catalogue");
    let start: DateTime<Utc> = format!("2026-11-20T{hour:02}:00:00Z").parse().expect("a time");
    let show = ShowId::new("긴-밤");
    let airing = Airing {
        id: AiringId::derive(&show, start),
        show,
        station: StationId::new("kbs"),
        on_air: Span::new(start, start + TimeDelta::hours(3)),
        early: TimeDelta::zero(),
        late: TimeDelta::zero(),
        timezone: "Asia/Seoul".parse().expect("a zone"),
    };
    let sound: Vec<u8> = (0..length).map(|at| u8::try_from((at * at / 977) % 251).expect("small")).collect();
    std::fs::create_dir_all(aircheck.path("recordings/긴 밤")).expect("a folder");
    let file = format!("긴 밤/{hour}.mp3");
    std::fs::write(aircheck.path("recordings").join(&file), sound).expect("a file");
    let outcome = Outcome {
        verdict: Verdict::Complete,
        seconds: 10_800.0,
        file: Some(file.into()),
        bytes: Some(length),
        gaps: vec![],
        measured: Measured::default(),
        notes: vec![],
        tracks: None,
        at: airing.on_air.end,
    };
    assert!(catalogue.claim(&airing, "긴 밤", start).await.expect("a claim"));
    catalogue.finish(&airing.id, &outcome).await.expect("finished");
    airing.id
}

/// A recording of three parts goes over a line that is cut twice. Then another goes over one that hangs, the service is
/// killed, and the next goes on with the parts that the store has.
async fn a_line_that_is_cut_and_a_service_that_is_killed_cost_no_part(weed: &Weed) {
    let wire = Wire::to(weed.port).await;
    wire.cut_at(vec![2 * MIB, 8 * MIB]);
    wire.hold_at(13 * MIB);
    let yaml = format!("{STATION}{}", store_at(wire.port, "parts", "  whole_up_to: 5 MiB\n"));
    let aircheck = Aircheck::new(&yaml);
    let length = 13 * MIB + 77;
    let id = put(&aircheck, 5, length).await;
    let mut service = aircheck.start("first", &["run"]);
    let parts = async || {
        let catalogue = Catalogue::open_read_only(aircheck.path("state/catalogue.sqlite")).await.ok()?;
        let number = catalogue.copies(vec![id.clone()]).await.ok()?.remove(&id)?.number;
        Some(catalogue.parts(number).await.ok()?.len())
    };
    until("the line was cut twice", LIMIT, async || wire.cuts_left() == 0).await;
    until("the store has a part, and the line hangs", LIMIT, async || {
        wire.sent() >= 13 * MIB && parts().await.is_some_and(|parts| parts > 0)
    })
    .await;
    let before = parts().await.expect("parts");
    service.signal(Signal::KILL);
    service.end().await;
    wire.release();
    let sent = wire.sent();
    let _service = aircheck.start("second", &["run"]);
    until("the copy is done", LIMIT, async || is_done(&aircheck, &id).await).await;
    let left = length - u64::try_from(before).expect("few") * 5 * MIB;
    assert!(wire.sent() - sent < left + MIB, "{} bytes were sent again, and {left} were missing", wire.sent() - sent);
    let remote = remote(&yaml);
    let stored = remote.head("긴 밤/5.mp3").await.expect("an answer").expect("it is there");
    assert_eq!(stored.bytes, length);
    let object = remote.get("긴 밤/5.mp3", None).await.expect("an answer").bytes().await.expect("a body");
    assert!(object == std::fs::read(aircheck.path("recordings/긴 밤/5.mp3")).expect("its file"), "other bytes");
    assert_eq!(remote.open_uploads("긴 밤/5.mp3").await.expect("a list"), [""; 0], "nothing is left open");
    let compared = aircheck.run(&["fsck"]).await;
    assert!(compared.code == 0 && compared.stdout.contains("There is no difference."), "{compared}");
}

async fn a_trial_says_what_is_wrong(weed: &Weed) {
    let yaml = |more: &str| format!("{STATION}{}", store_at(weed.port, "trial", more));
    let good = probe(&remote(&yaml("  prefix: 시험\n"))).await;
    assert_eq!((good.ok, good.keeps_conditions, good.words.len()), (true, Some(true), 0), "{good:?}");
    let wrong_secret = yaml("").replace(SECRET_KEY, "another");
    let wrong_key = yaml("").replace("access_key: radio", "access_key: nobody");
    let wrong_port = yaml("").replace(&weed.port.to_string(), "9");
    // The store checks the bytes that it gets.
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), "sound").expect("written");
    let (path, sha256) = (file.path().to_owned(), "0".repeat(64));
    let torn = remote(&yaml("")).put("torn.mp3", "audio/mpeg", Payload::File { path, bytes: 5, sha256 }).await;
    let torn = torn.expect_err("refused").to_string();
    assert!(torn.contains("got other bytes than were sent"), "{torn}");
    for (yaml, words) in
        [(wrong_secret, "check `secret_key`"), (wrong_key, "check `access_key`"), (wrong_port, "cannot be reached")]
    {
        let probed = probe(&remote(&yaml)).await;
        assert!(!probed.ok && probed.words.join(" ").contains(words), "{probed:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trial_says_in_words_what_a_store_refuses_and_whether_it_overwrites() {
    let odd = OddStore::start(Oddity::default()).await;
    let remote = remote(&format!("{STATION}{}", store_at(odd.port, "my-radio", "")));
    let refuses = |status, code, more| Oddity { refuses: Some((status, code, more)), ..Oddity::default() };
    for (oddity, words) in [
        (refuses(404, "NoSuchBucket", ""), "there is no bucket `my-radio`"),
        (refuses(403, "RequestTimeTooSkewed", ""), "the clock of this machine is more than 15 minutes off"),
        (
            refuses(400, "AuthorizationHeaderMalformed", "<Region>ap-northeast-2</Region>"),
            "write `region: ap-northeast-2`",
        ),
        (refuses(403, "AccessDenied", ""), "give them the right to it"),
        (refuses(503, "SlowDown", ""), "has trouble of its own"),
        (Oddity { lies: true, ..Oddity::default() }, "other bytes"),
    ] {
        odd.becomes(oddity.clone());
        let probed = probe(&remote).await;
        assert!(!probed.ok && probed.words.join(" ").contains(words), "{oddity:?}: {probed:?}");
    }
    odd.becomes(Oddity { refuses_checksums: true, ..Oddity::default() });
    let plain = probe(&remote).await;
    assert_eq!((plain.ok, plain.keeps_conditions), (true, Some(true)), "{plain:?}");
    assert!(plain.words.join(" ").contains("takes no SHA-256"), "{plain:?}");
    odd.becomes(Oddity { overwrites: true, ..Oddity::default() });
    let probed = probe(&remote).await;
    assert_eq!((probed.ok, probed.keeps_conditions), (true, Some(false)), "{probed:?}");
    assert!(probed.words.join(" ").contains("ignores `If-None-Match`"), "{probed:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_without_keys_of_its_own_asks_its_cloud_for_them() {
    let odd = OddStore::start(Oddity::default()).await;
    let with_keys = store_at(odd.port, "my-radio", "");
    let lines = with_keys.lines().filter(|line| !line.contains("_key:"));
    let without: String = lines.map(|line| format!("{line}\n")).collect();
    let aircheck = Aircheck::new(&format!("{STATION}{without}"));
    drop(Catalogue::open(aircheck.path("state/catalogue.sqlite")).await.expect("a catalogue"));
    let asks = async |port: u16| {
        let cloud = std::ffi::OsString::from(format!("http://127.0.0.1:{port}"));
        aircheck.run_with(&["fsck"], &[("AWS_EC2_METADATA_SERVICE_ENDPOINT", &cloud)]).await
    };
    let compared = asks(odd.port).await;
    assert!(compared.code == 0 && compared.stdout.contains("0 objects in the store"), "{compared}");
    assert_eq!(odd.token().as_deref(), Some("of the instance"));
    let refused = asks(9).await;
    assert!(refused.code == 1 && refused.stderr.contains("this machine has no keys for the store"), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_refuses_is_asked_again_and_one_that_ignores_conditions_loses_nothing() {
    let odd = OddStore::start(Oddity { refuses: Some((503, "SlowDown", "")), ..Oddity::default() }).await;
    let yaml = format!("{STATION}{}", store_at(odd.port, "my-radio", "  name: same\n"));
    let aircheck = Aircheck::new(&yaml);
    let id = put(&aircheck, 5, 20_000).await;
    let twin = put(&aircheck, 6, 20_000).await;
    let service = aircheck.start("run", &["run"]);
    until("the trouble is written down", LIMIT, async || {
        copy(&aircheck, &id).await.is_some_and(|copy| copy.trouble.is_some_and(|words| words.contains("SlowDown")))
    })
    .await;
    service.says("recordings cannot be copied to the store", LIMIT).await;
    let base = address(&service).await;
    let client = Client::new();
    until("the metrics say it", LIMIT, async || {
        text(&client, &base, "/metrics").await.contains("aircheck_store_trouble 1")
    })
    .await;
    let page = text(&client, &base, "/").await;
    assert!(page.contains("recordings cannot be copied to the store at the moment"), "{page}");
    // Another has the name by now, and the store would overwrite it.
    odd.becomes(Oddity { overwrites: true, ..Oddity::default() });
    assert!(remote(&yaml).put("same.mp3", "audio/mpeg", bytes("another")).await.is_ok());
    until("the copy is done", LIMIT, async || is_done(&aircheck, &id).await).await;
    service.says("recordings are copied to the store again", LIMIT).await;
    let mut names = odd.names();
    names.sort();
    assert_eq!(names, ["/my-radio/same%20%282%29.mp3", "/my-radio/same.mp3"]);
    // Of the same bytes there is one object.
    until("the copy is known", LIMIT, async || is_done(&aircheck, &twin).await).await;
    assert_eq!(copy(&aircheck, &twin).await.expect("a copy").name.as_deref(), Some("same (2).mp3"));
    assert!(!text(&Client::new(), &base, "/").await.contains("at the moment"), "it is well again");
    assert_eq!(odd.names().len(), 2);
    assert!(odd.requests() < 30, "it was asked {} times", odd.requests());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_knows_neither_checksums_nor_conditions_gets_copies_that_are_read_back() {
    let old = Oddity { refuses_checksums: true, refuses_conditions: true, overwrites: true, ..Oddity::default() };
    let odd = OddStore::start(old).await;
    let yaml = format!("{STATION}{}", store_at(odd.port, "old-store", "  name: same\n"));
    let aircheck = Aircheck::new(&yaml);
    let (first, second) = (put(&aircheck, 5, 20_000).await, put(&aircheck, 6, 30_000).await);
    let _service = aircheck.start("run", &["run"]);
    until("both are copied", LIMIT, async || is_done(&aircheck, &first).await && is_done(&aircheck, &second).await)
        .await;
    for (name, hour) in [("/old-store/same.mp3", 5), ("/old-store/same%20%282%29.mp3", 6)] {
        let file = std::fs::read(aircheck.path(&format!("recordings/긴 밤/{hour}.mp3"))).expect("its file");
        assert!(odd.object(name).is_some_and(|object| object == file), "{name}");
    }
    // What is damaged on its way is no copy.
    odd.becomes(Oddity { damages: true, ..Oddity::default() });
    let remote = remote(&yaml);
    assert!(!remote.put("damaged.mp3", "audio/mpeg", bytes("sound")).await.expect("written"), "it says no checksum");
    let stored = remote.head("damaged.mp3").await.expect("an answer").expect("it is there");
    let ours = Sums { bytes: 5, sha256: bytes("sound").sha256(), of_parts: None };
    assert!(!remote.has_same("damaged.mp3", &stored, &ours).await.expect("an answer"));
}
