//! Files in `stations.d`, as the commands and the service read them.

use std::time::Duration;

use reqwest::Client;
use serde_json::{Value, json};

use crate::support::aircheck::Aircheck;
use crate::support::library::{address, get};

const MAIN: &str = "timezone: Asia/Seoul\nstations:\n  kbs: { name: KBS, hls: \"http://127.0.0.1:9/x\" }\nshows:\n  \
                    - { title: News, station: mbc, cron: \"0 9 * * *\", length: 1h }\n";
const SIDE: &str = "stations:\n  mbc: { name: MBC, hls: \"http://127.0.0.1:9/y\" }\nshows:\n  \
                    - { title: Jazz, station: kbs, cron: \"0 10 * * *\", length: 1h }\n";

fn put(aircheck: &Aircheck, name: &str, text: &str) {
    std::fs::create_dir_all(aircheck.path("stations.d")).expect("a folder");
    std::fs::write(aircheck.path("stations.d").join(name), text).expect("written");
}

#[tokio::test]
async fn files_beside_the_file_are_read_with_it_and_mistakes_name_the_file_they_are_in() {
    let aircheck = Aircheck::new(MAIN);
    put(&aircheck, "b.yaml", SIDE);
    put(&aircheck, "a.yaml", "# nothing yet\n");
    put(&aircheck, ".hidden.yaml", "not: read\n");
    put(&aircheck, "note.txt", "not: read\n");
    let checked = aircheck.run(&["check", "--json"]).await.json();
    assert_eq!(checked["problems"], json!([]), "{checked}");
    let ids = |rows: &Value| rows.as_array().map(|rows| rows.iter().map(|row| row["id"].clone()).collect::<Vec<_>>());
    assert_eq!(ids(&checked["stations"]), Some(vec!["kbs".into(), "mbc".into()]), "{checked}");
    assert_eq!(ids(&checked["shows"]), Some(vec!["news".into(), "jazz".into()]), "{checked}");
    assert!(checked["sides"][1].as_str().is_some_and(|side| side.ends_with("stations.d/b.yaml")), "{checked}");
    let next = aircheck.run(&["next"]).await;
    assert!(next.stdout.contains("News") && next.stdout.contains("Jazz"), "{next}");

    put(
        &aircheck,
        "c.yaml",
        "timezone: UTC\nstations:\n  kbs: { hls: \"http://127.0.0.1:9/z\" }\nshows:\n  - { title: Jazz, station: kbs, cron: \"0 11 * * *\", length: 1h }\n",
    );
    put(&aircheck, "d.yaml", "stations:\n  x: { hls: \"127.0.0.1/z\" }\n");
    let ran = aircheck.run(&["check"]).await;
    assert_eq!(ran.code, 2, "{ran}");
    let told = |place: &str, words: &str| {
        let said = ran.stderr.split(place).nth(1).unwrap_or_else(|| panic!("nothing at {place}: {ran}"));
        assert!(said.split("\n\n").next().is_some_and(|said| said.contains(words)), "{place}: {ran}");
    };
    told("stations.d/c.yaml:1:1:", "`timezone` is not a key of this file");
    told("stations.d/c.yaml:3:3:", "stations.yaml, line 7, already");
    told("stations.d/c.yaml:5:", "stations.d/b.yaml, line 4, has the id `jazz` already");
    told("stations.d/d.yaml:2:", "https://");
    assert!(ran.stderr.contains("4 problems in 2 files"), "{ran}");
}

#[tokio::test]
async fn the_service_takes_up_files_that_come_change_and_go_and_says_what_that_changes() {
    let aircheck = Aircheck::new(&MAIN.replace("station: mbc", "station: kbs"));
    let service = aircheck.start("run", &["run"]);
    let base = address(&service).await;
    let soon = Duration::from_secs(60);
    let ran = aircheck
        .run(&["add", "http://127.0.0.1:9/y", "--untested", "--id", "mbc", "--file", "stations.d/b.yaml"])
        .await;
    assert_eq!(ran.code, 0, "{ran}");
    assert!(ran.stdout.contains("The service that runs takes it up by itself"), "{ran}");
    service.says("applied: station mbc added", soon).await;
    put(&aircheck, "b.yaml", SIDE);
    service.says("applied: show Jazz added", soon).await;
    aircheck.write(&MAIN.replace("length: 1h", "length: 2h").replace("station: mbc", "station: kbs"));
    service.says("applied: News: length 1h → 2h from the next airing", soon).await;
    std::fs::remove_file(aircheck.path("stations.d/b.yaml")).expect("removed");
    service.says("applied: station mbc removed", soon).await;
    let said = get(&Client::new(), &base, "/api/v1/configuration").await.json::<Value>().await.expect("JSON");
    assert_eq!(said["changes"], json!(["station mbc removed", "show Jazz removed"]), "{said}");
    assert_eq!((&said["stations"], &said["shows"]), (&1.into(), &1.into()), "{said}");
}
