//! A service with recordings in its library, made without a station.

use std::time::Duration;

use aircheck::library::catalogue::Catalogue;
use aircheck::model::{
    Airing, AiringId, Cause, CauseKind, Gap, Measured, Outcome, Peaks, ShowId, Span, StationId, Verdict,
};
use chrono::{DateTime, TimeDelta, Utc};
use reqwest::{Client, Response, StatusCode, Url};

use super::aircheck::{Aircheck, Service};
use super::airing::quiet;

/// A hostile title.
pub const HOSTILE: &str = "]]> <script>alert(1)</script> & \"x\"";

/// The id of the newest recording of the library.
pub const ID: &str = "hostile@20261120T0700Z";

/// Starts the service on a library of two recordings; also returns the address of its page.
pub async fn serving() -> (Aircheck, Service, Url) {
    let aircheck = Aircheck::new(&format!(
        "timezone: Asia/Seoul\nstations:\n  kbs: {{ name: KBS 1FM, hls: \"http://127.0.0.1:9/x\" }}\nshows:\n  \
         - {{ title: 명연주 명음반, station: kbs, cron: \"{quiet}\", length: 2h }}\n  \
         - {{ title: '{HOSTILE}', id: hostile, station: kbs, cron: \"{quiet}\", length: 1h }}\n",
        quiet = quiet()
    ));
    recorded(&aircheck).await;
    let service = aircheck.start("run", &["run"]);
    let url = address(&service).await;
    (aircheck, service, url)
}

/// Adds two recordings to the library of a service that does not run yet.
pub async fn recorded(aircheck: &Aircheck) {
    let catalogue = Catalogue::open(aircheck.path("state/catalogue.sqlite")).await.expect("a catalogue");
    let start: DateTime<Utc> = "2026-11-20T05:00:00Z".parse().expect("a time");
    let gap = Gap {
        start: start + TimeDelta::minutes(3),
        length: Duration::from_secs(60),
        cause: Cause::new(CauseKind::Refused, "it answered <b>403</b>"),
    };
    record(aircheck, &catalogue, "명연주-명음반", "명연주 명음반", start, Verdict::Partial(99.1), vec![gap]).await;
    record(aircheck, &catalogue, "hostile", HOSTILE, start + TimeDelta::hours(2), Verdict::Complete, vec![]).await;
}

/// Returns the address of the page of a service that has just started.
pub async fn address(service: &Service) -> Url {
    service.says("the page is at ", Duration::from_secs(60)).await;
    let log = service.log();
    let url = log.rsplit("the page is at ").next().and_then(|rest| rest.split_whitespace().next()).expect("an address");
    Url::parse(url).expect("a URL")
}

/// Asks a service to record a station for `seconds` from now on.
pub async fn record_now(service: &Service, station: &str, seconds: u32) {
    let path = address(service).await.join(&format!("/api/v1/stations/{station}/record")).expect("a path");
    let length = serde_json::json!({ "length": format!("{seconds}s") });
    let answer = Client::new().post(path).json(&length).send().await.expect("an answer");
    assert!(answer.status().is_success(), "{answer:?}");
}

/// Puts a recording of 10,000 bytes into the store and onto the list.
pub async fn record(
    aircheck: &Aircheck,
    catalogue: &Catalogue,
    show: &str,
    title: &str,
    start: DateTime<Utc>,
    verdict: Verdict,
    gaps: Vec<Gap>,
) {
    let show = ShowId::new(show);
    let airing = Airing {
        id: AiringId::derive(&show, start),
        show,
        station: StationId::new("kbs"),
        on_air: Span::new(start, start + TimeDelta::hours(1)),
        early: TimeDelta::zero(),
        late: TimeDelta::zero(),
        timezone: "Asia/Seoul".parse().expect("a zone"),
    };
    let file = format!("{}.mp3", airing.id.as_str().replace(':', "-"));
    let sound: Vec<u8> = (0..=255).cycle().take(10_000).collect();
    std::fs::create_dir_all(aircheck.path("recordings")).expect("a folder");
    std::fs::write(aircheck.path("recordings").join(&file), sound).expect("a file");
    let at = airing.on_air.end;
    let outcome = Outcome {
        verdict,
        seconds: 3540.0,
        file: Some(file.into()),
        bytes: Some(10_000),
        gaps,
        measured: Measured {
            peaks: Some(Peaks { per_second: 20.0, levels: vec![0, 128, 255] }),
            ..Measured::default()
        },
        notes: vec![],
        tracks: None,
        at,
    };
    assert!(catalogue.claim(&airing, title, at).await.expect("a claim"));
    catalogue.finish(&airing.id, &outcome).await.expect("finished");
}

/// Returns the answer at `path`.
pub async fn get(client: &Client, base: &Url, path: &str) -> Response {
    client.get(base.join(path).expect("a path")).send().await.expect("an answer")
}

/// Returns the text at `path`; fails if the status is not a success.
pub async fn text(client: &Client, base: &Url, path: &str) -> String {
    let response = get(client, base, path).await;
    assert_eq!(response.status(), StatusCode::OK, "{path}");
    response.text().await.expect("text")
}
