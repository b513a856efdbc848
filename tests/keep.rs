//! What the rules of `keep` delete: `aircheck keep`, pins, and marks over the interface, at the real service.

use std::fs::File;
use std::time::{Duration, SystemTime};

use aircheck::library::catalogue::Catalogue;
use aircheck::model::{Airing, AiringId, Measured, Outcome, ShowId, Span, StationId, Verdict};
use chrono::{DateTime, TimeDelta, Utc};
use reqwest::{Client, Method, Url};
use serde_json::Value;

use crate::support::aircheck::{Aircheck, until};
use crate::support::airing::quiet;
use crate::support::library::address;

const LIMIT: Duration = Duration::from_secs(60);
/// What each recording takes.
const BYTES: u64 = 400_000;

/// Returns the YAML with these rules: of the show `news`, of the station of both shows, at the top.
fn yaml(news: &str, station: &str, top: &str) -> String {
    let keep = |rule: &str| if rule.is_empty() { String::new() } else { format!(", keep: {{ {rule} }}") };
    format!(
        "timezone: UTC\n{top}\nstations:\n  kbs: {{ name: KBS 1FM, hls: \"http://127.0.0.1:9/x\"{} }}\nshows:\n  \
         - {{ title: News, station: kbs, cron: \"{quiet}\", length: 1h{} }}\n  \
         - {{ title: Drama, station: kbs, cron: \"{quiet}\", length: 1h }}\n",
        keep(station),
        keep(news),
        quiet = quiet()
    )
}

/// Puts recordings of both shows of the first `days` days of November on the list and into the folder.
async fn library(aircheck: &Aircheck, days: u32) {
    let catalogue = Catalogue::open(aircheck.path("state/catalogue.sqlite")).await.expect("a catalogue");
    std::fs::create_dir_all(aircheck.path("recordings")).expect("a folder");
    for (show, title, hour) in [("news", "News", 7), ("drama", "Drama", 21)] {
        for day in 1..=days {
            let start: DateTime<Utc> = format!("2026-11-{day:02}T{hour:02}:00:00Z").parse().expect("a time");
            let show = ShowId::new(show);
            let airing = Airing {
                id: AiringId::derive(&show, start),
                show,
                station: StationId::new("kbs"),
                on_air: Span::new(start, start + TimeDelta::hours(1)),
                early: TimeDelta::zero(),
                late: TimeDelta::zero(),
                timezone: "UTC".parse().expect("a zone"),
            };
            let (file, at) = (format!("{title} {day}.mp3"), airing.on_air.end);
            let written = File::create(aircheck.path("recordings").join(&file)).expect("a file");
            written.set_len(BYTES).expect("its size");
            written.set_modified(SystemTime::from(at)).expect("its time");
            let outcome = Outcome {
                verdict: Verdict::Complete,
                seconds: 3600.0,
                file: Some(file.into()),
                bytes: Some(BYTES),
                gaps: vec![],
                measured: Measured::default(),
                notes: vec![],
                tracks: None,
                at,
            };
            assert!(catalogue.claim(&airing, title, at).await.expect("a claim"));
            catalogue.finish(&airing.id, &outcome).await.expect("finished");
        }
    }
}

fn ids(told: &Value) -> Vec<&str> {
    told["recordings"].as_array().expect("a list").iter().map(|one| one["id"].as_str().expect("an id")).collect()
}

#[tokio::test]
async fn a_dry_run_says_what_would_go_and_why_and_a_real_one_deletes_just_that() {
    let aircheck = Aircheck::new(&yaml("last: 2", "size: 1200 kB", ""));
    library(&aircheck, 3).await;
    let pinned = aircheck.run(&["pin", "news@20261101T0700Z", "nobody@20261101T0700Z"]).await;
    assert_eq!(pinned.code, 2, "{pinned:?}");
    assert!(pinned.stdout.contains("news@20261101T0700Z  News  pinned: no rule deletes it"), "{pinned:?}");
    assert!(pinned.stderr.contains("there is no recording `nobody@20261101T0700Z`"), "{pinned:?}");
    // One that another program has changed.
    let edited = aircheck.path("recordings/Drama 1.mp3");
    File::options().write(true).open(&edited).expect("a file").set_len(BYTES - 1).expect("its size");

    let dry = aircheck.run(&["keep", "--dry-run", "--json"]).await;
    assert_eq!(dry.code, 0, "{dry:?}");
    let told = dry.json();
    assert_eq!(ids(&told), ["drama@20261101T2100Z", "news@20261102T0700Z"], "of five that are not pinned, three fit");
    assert_eq!(told["recordings"][0]["fate"], "not_ours", "{told}");
    assert_eq!(told["recordings"][1]["rule"], "station_size", "{told}");
    assert_eq!((&told["dry_run"], &told["deleted"]["recordings"]), (&true.into(), &1.into()), "{told}");
    assert_eq!(told["pinned"]["bytes"], BYTES, "{told}");
    let words = aircheck.run(&["keep", "--dry-run"]).await.stdout;
    assert!(words.contains("newer recordings of the station `kbs` take up its 1200 kB"), "{words}");
    assert!(words.contains("it stays: its file is not as aircheck left it"), "{words}");
    assert!(words.contains("1 recording (0.4 MiB): would be deleted; pinned"), "{words}");
    assert_eq!(aircheck.list().await.len(), 6, "nothing was deleted");

    let real = aircheck.run(&["keep", "--json"]).await;
    assert_eq!((real.code, ids(&real.json())), (0, ids(&told)), "{real:?}");
    let list = aircheck.list().await;
    assert_eq!(list.len(), 5);
    assert!(!aircheck.path("recordings/News 2.mp3").exists() && edited.exists());
    let pinned = list.iter().find(|one| one["id"] == "news@20261101T0700Z").expect("it is pinned");
    assert!(pinned["pinned_at"].is_string() && pinned["heard_at"].is_null(), "{pinned}");

    // Without the pin the rule of the show holds for it.
    assert_eq!(aircheck.run(&["unpin", "news@20261101T0700Z"]).await.code, 0);
    aircheck.write(&yaml("last: 1", "", ""));
    let told = aircheck.run(&["keep", "--dry-run", "--json"]).await.json();
    assert_eq!(ids(&told), ["news@20261101T0700Z"], "{told}");
    assert_eq!(told["recordings"][0]["why"], "`keep: { last: 1 }` of the show `news` does not keep it");
    std::fs::rename(aircheck.path("recordings"), aircheck.path("elsewhere")).expect("moved");
    let away = aircheck.run(&["keep"]).await;
    assert!(away.code == 1 && away.stderr.contains("is empty or away"), "{away:?}");
    assert_eq!(aircheck.list().await.len(), 5);
}

#[tokio::test]
async fn the_service_deletes_what_was_heard_a_day_ago_and_neither_what_is_pinned_nor_what_is_new_to_all() {
    let aircheck = Aircheck::new(&yaml("until: heard", "", ""));
    library(&aircheck, 3).await;
    let service = aircheck.start("run", &["run"]);
    let base = address(&service).await;
    let client = Client::new();
    let ask = async |method: Method, path: &str| {
        let path = base.join(&format!("/api/v1/recordings/{path}")).expect("a path");
        let answer = client.request(method, path).send().await.expect("an answer");
        (answer.status().as_u16(), answer.json::<Value>().await.expect("JSON"))
    };
    let (status, one) = ask(Method::POST, "news@20261101T0700Z/heard").await;
    assert!(status == 200 && one["heard_at"].is_string() && one["pinned_at"].is_null(), "{one}");
    let (_, again) = ask(Method::POST, "news@20261101T0700Z/heard").await;
    assert_eq!(one["heard_at"], again["heard_at"], "it was heard when it was heard first");
    assert!(ask(Method::POST, "news@20261102T0700Z/heard").await.1["heard_at"].is_string());
    assert!(ask(Method::POST, "news@20261102T0700Z/pin").await.1["pinned_at"].is_string());
    assert!(ask(Method::POST, "news@20261103T0700Z/heard").await.1["heard_at"].is_string());
    assert!(ask(Method::DELETE, "news@20261103T0700Z/heard").await.1["heard_at"].is_null());
    assert_eq!(ask(Method::POST, "nobody@20261101T0700Z/pin").await.0, 404);
    // A download marks nothing.
    let media = base.join("/download/drama@20261101T2100Z.mp3").expect("a path");
    assert!(client.get(media).send().await.expect("an answer").status().is_success());
    assert!(ask(Method::GET, "drama@20261101T2100Z").await.1["heard_at"].is_null());

    // They were heard a moment ago, so nothing goes yet.
    assert_eq!(ids(&aircheck.run(&["keep", "--dry-run", "--json"]).await.json()), [""; 0]);
    let list = rusqlite::Connection::open(aircheck.path("state/catalogue.sqlite")).expect("the list");
    list.busy_timeout(LIMIT).expect("patience");
    list.execute("UPDATE marks SET heard_at = '2026-11-04T00:00:00.000Z' WHERE heard_at IS NOT NULL", []).expect("set");
    assert_eq!(ids(&aircheck.run(&["keep", "--dry-run", "--json"]).await.json()), ["news@20261101T0700Z"]);
    let ran = aircheck.run(&["keep"]).await;
    assert!(ran.code == 0 && ran.stdout.contains("and it was heard on 2026-11-04"), "{ran:?}");
    let page: Url = base.join("/").expect("a path");
    until("the page to show what is left", LIMIT, async || {
        let text = client.get(page.clone()).send().await.expect("an answer").text().await.expect("text");
        !text.contains("news@20261101T0700Z") && text.contains("news@20261102T0700Z")
    })
    .await;
}
