//! The state of stations, and trials, over HTTP at the real service.

use reqwest::{Client, StatusCode, Url};
use rustix::process::Signal;
use serde_json::Value;

use crate::support::aircheck::{Aircheck, Service, ffprobe};
use crate::support::library::{address, get, recorded};
use crate::support::origin::{Container, Origin, Setup};

const TOKEN: &str = "a-very-secret-token-of-somebody";

/// Returns a good station, one with recordings in the library, and one that does not answer.
async fn serving(origin: &Origin) -> (Aircheck, Service, Url) {
    let good = origin.station("good", Setup { window: 4, ..Setup::of(Container::Ts) });
    let aircheck = Aircheck::new(&format!(
        "timezone: Asia/Seoul\nstations:\n  good: {{ name: Good, hls: \"{}\" }}\n  \
         kbs: {{ name: KBS 1FM, hls: \"http://127.0.0.1:9/x\" }}\n  \
         away: {{ icecast: \"http://127.0.0.1:9/live.mp3?token={TOKEN}\" }}\nshows: []\n",
        good.url()
    ));
    recorded(&aircheck).await;
    let service = aircheck.start("run", &["run"]);
    let base = address(&service).await;
    (aircheck, service, base)
}

async fn stations(client: &Client, base: &Url) -> Vec<Value> {
    get(client, base, "/api/v1/stations").await.json().await.expect("a list")
}

#[tokio::test]
async fn every_station_has_its_last_results() {
    let origin = Origin::start();
    let (_aircheck, _service, base) = serving(&origin).await;
    let client = Client::new();
    let stations = stations(&client, &base).await;
    let kbs = &stations[1];
    assert_eq!((&kbs["name"], &kbs["kind"], &kbs["recording"]), (&"KBS 1FM".into(), &"hls".into(), &false.into()));
    assert_eq!(kbs["last_sound"], "2026-11-20T17:00:00+09:00", "{kbs}");
    assert_eq!(kbs["last_complete"]["recording"], "hostile@20261120T0700Z", "{kbs}");
    assert_eq!(kbs["last_failure"]["cause"], "it answered <b>403</b>", "{kbs}");
    assert_eq!(kbs["last_failure"]["kind"], "refused", "{kbs}");
    assert_eq!(kbs["last_failure"]["start"], "2026-11-20T14:03:00+09:00", "{kbs}");
    let away = &stations[2];
    for key in ["last_sound", "last_complete", "last_failure", "trouble", "trouble_kind"] {
        assert_eq!(away[key], Value::Null, "{away}");
    }
    assert!(!Value::from(stations).to_string().contains(TOKEN));
}

#[tokio::test]
async fn the_sound_of_a_trial_can_be_listened_to_until_the_service_stops() {
    let origin = Origin::start();
    let (aircheck, mut service, base) = serving(&origin).await;
    let client = Client::new();
    let attempt = async |station: &str| {
        let url = base.join(&format!("/api/v1/stations/{station}/probe")).expect("a path");
        client.post(url).send().await.expect("an answer")
    };
    let (first, second) = tokio::join!(attempt("good"), attempt("good"));
    let mut statuses = [first.status(), second.status()];
    statuses.sort();
    assert_eq!(statuses, [StatusCode::OK, StatusCode::CONFLICT], "a station is tried once at a time");
    let tried = if first.status().is_success() { first } else { second };
    let tried: Value = tried.json().await.expect("JSON");
    assert_eq!(
        (&tried["ok"], &tried["silent"], &tried["trouble"]),
        (&true.into(), &false.into(), &Value::Null),
        "{tried}"
    );
    assert!(tried["seconds"].as_f64() >= Some(5.0) && tried["waited"].as_f64() < Some(15.0), "{tried}");
    assert!(tried["format"].as_str().is_some_and(|format| format.contains("aac")), "{tried}");

    let media = format!("/{}", tried["media"].as_str().expect("sound"));
    let sound = get(&client, &base, &media).await;
    assert_eq!(sound.headers()["content-type"], "audio/mpeg");
    let tag = sound.headers()["etag"].clone();
    let bytes = sound.bytes().await.expect("bytes");
    let url = base.join(&media).expect("a path");
    let head = client.head(url.clone()).send().await.expect("an answer");
    assert_eq!(head.headers()["content-length"], bytes.len().to_string(), "a player asks how much there is");
    let part = client.get(url.clone()).header("range", "bytes=100-199").header("if-range", &tag);
    let part = part.send().await.expect("an answer");
    assert_eq!(
        (part.status(), &part.headers()["cache-control"]),
        (StatusCode::PARTIAL_CONTENT, &"no-store".parse().unwrap())
    );
    assert_eq!(part.bytes().await.expect("bytes"), bytes[100..200], "a player skips");
    let same = client.get(url).header("if-none-match", &tag).send().await.expect("an answer");
    assert_eq!(same.status(), StatusCode::NOT_MODIFIED);
    let kept = aircheck.path("heard.mp3");
    std::fs::write(&kept, &bytes).expect("written");
    let length = ffprobe(&kept)["format"]["duration"].as_str().and_then(|it| it.parse::<f64>().ok());
    assert!(length.is_some_and(|seconds| (seconds - 5.0).abs() < 0.1), "{length:?}");
    assert_eq!(get(&client, &base, "/api/v1/probes/1-0.mp3").await.status(), StatusCode::NOT_FOUND);
    assert_eq!(attempt("none").await.status(), StatusCode::NOT_FOUND);

    let bad: Value = attempt("away").await.json().await.expect("JSON");
    assert_eq!((&bad["ok"], &bad["media"], &bad["waited"]), (&false.into(), &Value::Null, &Value::Null), "{bad}");
    let trouble = bad["trouble"].as_str().expect("words");
    assert_eq!(bad["trouble_kind"], "connection", "{bad}");
    assert!(trouble.contains("127.0.0.1") && !bad.to_string().contains(TOKEN), "{trouble}");
    assert!(!aircheck.path("state/tape/good").exists(), "the service's own tapes are not touched");

    let trial = media.rsplit('/').next().and_then(|file| file.strip_suffix(".mp3")).expect("a name");
    std::fs::remove_file(aircheck.path(&format!("state/probes/{trial}/sound.mp3"))).expect("removed");
    assert_eq!(get(&client, &base, &media).await.status(), StatusCode::NOT_FOUND, "somebody removed it");

    service.signal(Signal::TERM);
    service.end().await;
    assert!(!aircheck.path("state/probes").exists(), "nothing of it stays");
}
