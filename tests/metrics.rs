//! Metrics and health of the service.

use std::collections::BTreeMap;

use aircheck::model::CauseKind;
use reqwest::{Client, StatusCode};

use crate::support::library::{ID, address, get, serving, text};

#[tokio::test]
async fn metrics_count_what_is_in_the_catalogue_under_labels_that_do_not_grow() {
    let (aircheck, _service, base) = serving().await;
    let client = Client::new();
    // A person moves a recording to another folder.
    let file = aircheck.path("recordings").join(format!("{ID}.mp3"));
    std::fs::rename(file, aircheck.path("away.mp3")).expect("moved");
    let answer = get(&client, &base, "/metrics").await;
    assert_eq!(answer.headers()["content-type"], "application/openmetrics-text; version=1.0.0; charset=utf-8");
    let text = answer.text().await.expect("text");
    assert!(text.ends_with("# EOF\n"), "{text}");
    let figures: BTreeMap<&str, f64> = text
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.rsplit_once(' ').expect("a figure"))
        .map(|(name, figure)| (name, figure.parse().expect("a number")))
        .collect();
    for (name, figure) in [
        ("aircheck_airings{verdict=\"complete\"}", 1.0),
        ("aircheck_airings{verdict=\"partial\"}", 1.0),
        ("aircheck_airings{verdict=\"failed\"}", 0.0),
        ("aircheck_captured_seconds", 7080.0),
        ("aircheck_recordings{file=\"there\"}", 1.0),
        ("aircheck_recordings{file=\"gone\"}", 1.0),
        ("aircheck_recordings_sound_seconds{file=\"there\"}", 3540.0),
        ("aircheck_recordings_sound_seconds{file=\"gone\"}", 3540.0),
        ("aircheck_missing_seconds{cause=\"refused\"}", 60.0),
        ("aircheck_links", 0.0),
        ("aircheck_recording", 0.0),
        ("aircheck_decks_running", 0.0),
        ("aircheck_sound_seconds_total{fate=\"taped\"}", 0.0),
        ("aircheck_sound_seconds_total{fate=\"repeated\"}", 0.0),
        ("aircheck_sound_seconds_total{fate=\"lost\"}", 0.0),
        ("aircheck_sound_taken_seconds_total", 0.0),
        ("aircheck_disk_min_free_bytes", 1_048_576.0),
    ] {
        assert_eq!(figures.get(name), Some(&figure), "{name} in {text}");
    }
    for kind in CauseKind::ALL.iter().filter(|kind| **kind != CauseKind::Refused) {
        let name = format!("aircheck_missing_seconds{{cause=\"{}\"}}", kind.name());
        assert_eq!(figures.get(name.as_str()), Some(&0.0), "{name} is there before it is needed: {text}");
    }
    assert!(figures["aircheck_disk_free_bytes{folder=\"recordings\"}"] > 1e6, "{text}");
    assert!(text.contains(&format!("aircheck_build_info{{version=\"{}\"}} 1", env!("CARGO_PKG_VERSION"))), "{text}");
}

#[tokio::test]
async fn a_service_whose_disk_is_short_of_space_is_not_healthy() {
    let (aircheck, service, base) = serving().await;
    let client = Client::new();
    assert_eq!(text(&client, &base, "/healthz").await, "ok\n");
    drop(service);
    let yaml = std::fs::read_to_string(aircheck.path("stations.yaml")).expect("read");
    let yaml = yaml.replace("min_free: 1 MiB", "min_free: 900000 GiB");
    std::fs::write(aircheck.path("stations.yaml"), yaml).expect("written");
    let service = aircheck.start("full", &["run"]);
    let base = address(&service).await;
    let answer = get(&client, &base, "/healthz").await;
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    let words = answer.text().await.expect("text");
    assert!(words.contains("less than min_free") && words.contains("nothing new is recorded"), "{words}");
}
