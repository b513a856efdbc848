//! The configuration is edited while its shows are on the air: running airings are shown as they are recorded, and
//! finished.

use aircheck::base::clock::SystemClock;
use chrono::{DateTime, TimeDelta, Utc};
use reqwest::Method;
use serde_json::json;

use super::{Desk, LIMIT, stamped};
use crate::support::aircheck::{Aircheck, until};
use crate::support::library::text;
use crate::support::machine::{by_show, heard, minute, whole};
use crate::support::origin::Origin;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_running_airing_is_shown_as_it_is_recorded_and_finished_whatever_the_file_says_then() {
    let origin = Origin::start();
    let station = |id: &str| {
        let url = origin.station(id, stamped()).url();
        format!("  {id}: {{ name: Station {id}, hls: \"{url}\" }}\n")
    };
    let (s, gone, lost) = (station("s"), station("gone"), station("lost"));
    let (start, cron) = minute(8);
    let show = |title: &str, station: &str, length: u32| {
        format!("  - {{ title: {title}, station: {station}, cron: \"{cron}\", length: {length}s }}\n")
    };
    let before = [
        show("Gone", "gone", 40),
        show("Lost", "lost", 40),
        show("Short", "s", 30),
        show("Old title", "s", 24),
        show("Stopped", "s", 28),
        show("Removed", "s", 26),
    ];
    let after = [show("Short", "s", 10), show("New title", "s", 24), show("Begun again", "s", 28)];
    let yaml =
        |stations: &str, shows: &[String]| format!("timezone: UTC\nstations:\n{stations}shows:\n{}", shows.concat());
    let aircheck = Aircheck::new(&yaml(&[s.as_str(), &gone, &lost].concat(), &before));
    let mut desk = Desk::over(aircheck).await;
    let clock = SystemClock::shared();
    let at = async |seconds| {
        let instant = start + TimeDelta::seconds(seconds);
        until("the time", LIMIT, async || clock.now() >= instant).await;
    };
    at(4).await;
    desk.aircheck.write(&yaml(&s, &after));
    let edited = async || desk.get("stations").await.as_array().is_some_and(|stations| stations.len() == 1);
    until("the edited file", LIMIT, edited).await;
    assert!(desk.service.log().contains("a show has another id"), "{}", desk.service.log());
    let airings = desk.get("airings?limit=9").await;
    let ends = |show: &str| {
        let airing = by_show(airings.as_array().expect("a list"), show);
        assert_eq!(airing["state"], "recording", "{airing}");
        let end: DateTime<Utc> = airing["end"].as_str().expect("an end").parse().expect("a time");
        (end - start).num_seconds()
    };
    let told = ["gone", "lost", "short", "old-title", "removed"].map(ends);
    assert_eq!(told, [40, 40, 30, 24, 26], "{airings}");
    let stamp = start.format("%Y%m%dT%H%MZ");
    let one = desk.get(&format!("airings/gone@{stamp}")).await;
    assert_eq!((&one["title"], &one["state"]), (&json!("Gone"), &json!("recording")));
    let (status, _) = desk.ask(Method::GET, &format!("airings/new-title@{stamp}"), None).await;
    assert_eq!(status, 404, "it is on the air under the id that it has");
    let page = text(&desk.client, &desk.base, "/schedule").await;
    assert!(page.contains("Gone") && page.contains("Old title"), "{page}");
    let page = text(&desk.client, &desk.base, "/on-air").await;
    assert!(page.contains("Station gone"), "{page}");
    for stopped in ["gone", "stopped"] {
        assert_eq!(desk.post(&format!("airings/{stopped}@{stamp}/stop"), json!({})).await.0, 200, "{stopped}");
    }

    at(12).await;
    desk.kill().await;
    until("all recordings", LIMIT, async || desk.aircheck.list().await.len() == 6).await;
    at(31).await;
    let list = desk.aircheck.list().await;
    assert_eq!(list.len(), 6, "no second one under a new title: {list:?}");
    for (show, seconds) in [("short", 30.0), ("old-title", 24.0), ("removed", 26.0)] {
        whole(by_show(&list, show), Some(start), seconds);
    }
    for stopped in ["gone", "stopped"] {
        assert!(heard(by_show(&list, stopped)).is_whole(), "{stopped}");
    }
    let lost = by_show(&list, "lost");
    assert_eq!((&lost["verdict"], &lost["missing"][0]["kind"]), (&json!("partial"), &json!("removed")), "{lost}");
    assert!(heard(lost).begins(start).is_some() && lost["seconds"].as_f64().is_some_and(|it| it > 4.0), "{lost}");
}
