//! The commands that change nothing (`check`, `next`, `schema`, `completions`), and the demo, as a person uses them.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use chrono::DateTime;
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::aircheck::{Aircheck, ffprobe, until};
use crate::support::library::{HOSTILE, recorded};
use crate::support::machine::{children_of, is_alive};
use crate::support::origin::{Container, Origin, Setup};

#[tokio::test]
async fn check_reports_ten_mistakes_at_once_each_with_its_line_and_what_to_write() {
    let aircheck = Aircheck::new(
        r#"timezone: Asia/Soul
stations:
  kbs: { name: KBS 1FM, hls: onair.kbs.co.kr/x.m3u8 }
  mbc: { name: MBC, hls: { find: [{ get: "https://h.example/" }, { match: "url=(.*" }] } }
  sbs: { name: SBS, hls: { find: [{ get: "https://h.example/" }, { select: "div[" }] } }
  ebs: { name: EBS, hls: { find: [{ get: "https://h.example/" }, { json: "items[0]" }] } }
shows:
  - { title: 명연주, station: kbc, cron: "0 14 * * *", length: 2h }
  - { title: 뉴스, station: kbs, cron: "0 25 * * *", length: 1h }
  - { title: Jazz, station: kbs, cron: "0 1 * * *", lenght: 1h, length: 1h }
  - { title: Rock, station: kbs, cron: "0 2 * * *", length: 90 }
  - { title: Pop, station: kbs, cron: "0 3 * * *", length: 0s }
"#,
    );
    let ran = aircheck.run(&["check"]).await;
    assert_eq!(ran.code, 2, "{ran:?}");
    println!("{}", ran.stderr);
    // The file has four lines before these.
    let expected = [
        (5, "Asia/Seoul"),
        (7, "https://"),
        (8, "("),
        (9, "div["),
        (10, "$"),
        (12, "`kbs`"),
        (13, "hour"),
        (14, "`length`"),
        (15, "90s"),
        (16, "0"),
    ];
    for (line, word) in expected {
        let place = format!("stations.yaml:{line}:");
        let told = ran.stderr.split(&place).nth(1).unwrap_or_else(|| panic!("nothing at line {line}:\n{}", ran.stderr));
        let told = told.split("stations.yaml:").next().unwrap_or_default();
        assert!(told.contains(word), "line {line} does not say {word:?}:\n{told}");
    }
    let json = aircheck.run(&["check", "--json"]).await;
    assert_eq!(json.code, 2);
    assert_eq!(json.json()["problems"].as_array().map(Vec::len), Some(expected.len()), "{json:?}");
}

#[tokio::test]
async fn next_shows_the_six_crons_of_crontab_in_their_zone() {
    let crons = ["* * * * *", "45 5 * * 5", "0,20,40 * * * *", "0-30 1 * * *", "*/10 * * * *", "*/10 2,3,4 5-6 * *"];
    let show = |(n, cron)| format!("  - {{ title: Show {n}, id: s{n}, station: s, cron: \"{cron}\", length: 10m }}\n");
    let shows = crons.iter().enumerate().map(show).collect::<Vec<_>>().concat();
    let aircheck = Aircheck::new(&format!(
        "timezone: Asia/Seoul\nstations:\n  s: {{ name: S, hls: \"http://127.0.0.1:9/\" }}\nshows:\n{shows}"
    ));
    let ran = aircheck.run(&["next", "--json", "-n", "200"]).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    let list = ran.json();
    let list = list.as_array().expect("a list");
    assert_eq!(list.len(), 200);
    let start = |row: &serde_json::Value| row["start"].as_str().and_then(|at| DateTime::parse_from_rfc3339(at).ok());
    let starts: Vec<_> = list.iter().map(|row| start(row).expect("RFC 3339")).collect();
    assert!(starts.is_sorted());
    for (row, start) in list.iter().zip(&starts) {
        assert_eq!(row["timezone"], "Asia/Seoul");
        assert_eq!(start.offset().local_minus_utc(), 9 * 3600);
        let id = format!("{}@{}", row["show"].as_str().unwrap_or_default(), start.to_utc().format("%Y%m%dT%H%MZ"));
        assert_eq!(row["id"], id);
        let minute: u32 = start.format("%M").to_string().parse().expect("a minute");
        match row["show"].as_str() {
            Some("s2") => assert_eq!(minute % 20, 0),
            Some("s4" | "s5") => assert_eq!(minute % 10, 0),
            _ => {}
        }
    }
    let people = aircheck.run(&["next", "-n", "3"]).await;
    assert_eq!(people.stdout.lines().count(), 3, "{people:?}");
    assert!(people.stdout.contains("KST"), "{people:?}");
}

#[tokio::test]
async fn check_probe_reaches_every_station_and_says_which_does_not_answer() {
    let origin = Origin::start();
    let station = origin.station("s", Setup::of(Container::Adts));
    let aircheck = Aircheck::new(&format!(
        "stations:\n  good: {{ name: Good, hls: \"{}\" }}\n  bad: {{ name: Bad, hls: \"http://127.0.0.1:9/x\" }}\n  \
         other: {{ name: Other, hls: \"{}\" }}\nshows: []\n",
        station.url(),
        station.live_url()
    ));
    let ran = aircheck.run(&["check", "--probe", "--json"]).await;
    assert_eq!(ran.code, 1, "{ran:?}");
    let json = ran.json();
    let probe = |id: &str| json["probes"].as_array().and_then(|all| all.iter().find(|p| p["station"] == id)).cloned();
    let (good, bad) = (probe("good").expect("a probe"), probe("bad").expect("a probe"));
    let other = probe("other").expect("a probe");
    assert_eq!((&other["ok"], &other["trouble"]), (&true.into(), &Value::Null), "{other}");
    assert!(other["at_first"].as_str().is_some_and(|words| words.contains("write `icecast:`")), "{other}");
    assert_eq!(good["at_first"], Value::Null);
    assert_eq!(good["ok"], true);
    assert!(good["seconds"].as_f64().is_some_and(|seconds| seconds >= 3.0), "{good}");
    assert_eq!(good["format"], "aac 48000 Hz 1 ch");
    assert_eq!(bad["ok"], false);
    assert!(bad["trouble"].as_str().is_some_and(|trouble| trouble.contains("127.0.0.1:9")), "{bad}");
}

#[tokio::test]
async fn a_missing_ffmpeg_is_reported_before_a_show_and_not_during_it() {
    let aircheck = Aircheck::new("stations:\n  s: { name: S, rtmp: \"rtmp://127.0.0.1:9/live/x\" }\nshows: []\n");
    let empty = aircheck.path("empty");
    std::fs::create_dir(&empty).expect("a folder");
    let with_path = [("PATH", empty.as_os_str())];
    for args in [&["check"][..], &["record", "s", "--for", "1s"], &["demo"]] {
        let ran = aircheck.run_with(args, &with_path).await;
        assert_eq!(ran.code, 1, "{args:?}: {ran:?}");
        assert!(ran.stderr.contains("ffmpeg is not installed"), "{args:?}: {ran:?}");
        assert!(ran.stderr.contains("apt-get install ffmpeg"), "{args:?}: {ran:?}");
    }
    let ran = aircheck.run_with(&["check"], &with_path).await;
    assert!(ran.stderr.contains("apt-get install rtmpdump"), "{ran:?}");
    // The service tapes what it can without ffmpeg.
    let mut service = aircheck.start_with("run", &["run"], &with_path);
    let limit = Duration::from_secs(60);
    service.says("apt-get install ffmpeg", limit).await;
    service.says("apt-get install rtmpdump", limit).await;
    service.says("aircheck 0.1.0 runs", limit).await;
    service.signal(rustix::process::Signal::TERM);
    assert!(service.end().await.success(), "{}", service.log());
}

#[tokio::test]
async fn editors_and_shells_get_what_they_need() {
    let aircheck = Aircheck::new("stations: {}\n");
    let schema = aircheck.run(&["schema"]).await.json();
    assert!(schema["properties"]["stations"].is_object(), "{schema}");
    for shell in ["bash", "zsh", "fish"] {
        let ran = aircheck.run(&["completions", shell]).await;
        assert!(ran.code == 0 && ran.stdout.contains("aircheck"), "{shell}");
    }
    // A full disk is reported, as by the other commands.
    for args in [&["completions", "bash"][..], &["schema"]] {
        let (code, stderr) = aircheck.run_into(args, Path::new("/dev/full")).await;
        assert!(code == Some(1) && stderr.contains("No space left"), "{args:?}: {code:?} {stderr}");
    }
    let ran = aircheck.run(&["--config", "/nowhere.yaml", "next"]).await;
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("there is no file /nowhere.yaml"), "{ran:?}");
    let ran = aircheck.run(&["--config", "/etc", "next"]).await;
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("/etc is a folder; name the station YAML itself"), "{ran:?}");
}

#[tokio::test]
async fn the_demo_makes_a_recording_shows_it_and_leaves_nothing_behind() {
    let aircheck = Aircheck::new("stations: {}\n");
    // The port is in use, by this listener or by another program.
    let _taken = std::net::TcpListener::bind("127.0.0.1:8080");
    let mut demo = aircheck.start("demo", &["demo", "--folder", "demo"]);
    demo.says("complete, 15.000 s: ", Duration::from_secs(150)).await;
    let log = demo.log();
    let page = log.strip_prefix("Port 8080 is taken here. Open ").and_then(|rest| rest.split(' ').next()).expect(&log);
    let shown = reqwest::get(page).await.expect(page).text().await.expect("a page");
    assert!(shown.contains("On the Minute") && shown.contains("Demo FM"), "{log}\n{shown}");
    let file = log.split("complete, 15.000 s: ").nth(1).and_then(|rest| rest.lines().next()).expect("a path");
    let probed = ffprobe(Path::new(file));
    assert_eq!(probed["format"]["tags"]["genre"], "Ambient", "{log}");
    let children = children_of(demo.id());
    assert!(!children.is_empty(), "the transmitter is an ffmpeg");
    demo.signal(Signal::INT);
    assert!(demo.end().await.success(), "{}", demo.log());
    until("the end of its children", Duration::from_secs(20), async || !children.iter().any(|id| is_alive(*id))).await;
}

const LISTED: &str = "stations:\n  kbs: { name: KBS 1FM, hls: \"http://127.0.0.1:9/x\" }\n  \
    mbc: { name: MBC, hls: \"http://127.0.0.1:9/y\" }\nshows:\n  \
    - { title: 명연주 명음반, station: kbs, cron: \"0 5 * * *\", length: 2h }\n  \
    - { title: News, id: late-news, station: mbc, cron: \"0 22 * * *\", length: 1h }\n";

#[tokio::test]
async fn list_takes_names_for_ids_and_says_when_there_is_nothing_of_that_name() {
    let aircheck = Aircheck::new(LISTED);
    recorded(&aircheck).await;
    let listed = async |args: &[&str]| {
        let ran = aircheck.run(&[&["list", "--json"], args].concat()).await;
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{args:?}: {ran}");
        ran.json().as_array().expect("a list").iter().map(|row| row["show"].as_str().unwrap_or("").to_owned()).collect()
    };
    let of = async |args: &[&str]| -> Vec<String> { listed(args).await };
    assert_eq!(of(&["--show", "명연주-명음반"]).await, ["명연주-명음반"]);
    assert_eq!(of(&["--show", "명연주 명음반"]).await, ["명연주-명음반"]);
    // The configuration no longer has this show.
    assert_eq!(of(&["--show", "hostile"]).await, ["hostile"]);
    assert_eq!(of(&["--show", HOSTILE]).await, ["hostile"]);
    assert_eq!(of(&["--station", "kbs 1fm"]).await, ["hostile", "명연주-명음반"], "the newest first");
    assert_eq!(of(&["--station", "kbs", "-n", "1"]).await, ["hostile"]);
    assert_eq!(of(&["--show", "News"]).await, [""; 0]);
    let none = aircheck.run(&["list", "--show", "News"]).await;
    assert!(none.code == 0 && none.stdout.starts_with("no recordings of the show `News` yet"), "{none}");

    for (args, told) in [
        (["--show", "Nwes"], "there is no show `Nwes`; there are: hostile, late-news, 명연주-명음반"),
        (["--station", "ebs"], "there is no station `ebs`; there are: kbs, mbc"),
        (["-n", "0"], "0 is not in 1.."),
    ] {
        let ran = aircheck.run(&[&["list"][..], &args].concat()).await;
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{args:?}: {ran}");
        assert!(ran.stderr.contains(told), "{args:?}: {ran}");
    }
    assert_eq!(aircheck.run(&["next", "-n", "0"]).await.code, 2);
}

#[tokio::test]
async fn a_recording_whose_file_was_removed_is_listed_as_gone() {
    let aircheck = Aircheck::new(LISTED);
    recorded(&aircheck).await;
    let list = aircheck.list().await;
    assert!(list.iter().all(|row| row["gone"] == false), "{list:?}");
    let file = list[0]["file"].as_str().expect("a file");
    std::fs::remove_file(file).expect("removed");
    let list = aircheck.list().await;
    assert_eq!((&list[0]["gone"], &list[1]["gone"]), (&true.into(), &false.into()), "{list:?}");
    let words = aircheck.run(&["list"]).await.stdout;
    assert!(words.contains(&format!("{file} (its file is gone)\n")), "{words}");
    assert_eq!(words.matches("gone").count(), 1, "{words}");
}

#[tokio::test]
async fn list_says_so_if_no_service_uses_this_state_folder() {
    let aircheck = Aircheck::new(LISTED);
    for command in ["list", "next", "recover"] {
        let ran = aircheck.run(&[command]).await;
        let told = format!("there is no catalogue at {}", aircheck.path("state/catalogue.sqlite").display());
        assert!(ran.code == 0 && ran.stderr.contains(&told), "{command}: {ran}");
    }
    recorded(&aircheck).await;
    for command in ["list", "next", "recover"] {
        let ran = aircheck.run(&[command]).await;
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{command}: {ran}");
    }
}

#[tokio::test]
async fn a_folder_of_another_user_is_no_mistake_of_the_file_and_check_says_whose_it_is() {
    let origin = Origin::start();
    let station = origin.station("s", Setup::of(Container::Adts));
    let yaml = format!("stations:\n  s: {{ name: S, hls: \"{}\" }}\nshows: []\n", station.url());
    let aircheck = Aircheck::for_everybody(&yaml);
    let folder = |name: &str, mode: u32| {
        std::fs::create_dir(aircheck.path(name)).expect("a folder");
        std::fs::set_permissions(aircheck.path(name), Permissions::from_mode(mode)).expect("its rights");
    };
    folder("recordings", 0o555);
    folder("state", 0o555);
    folder("free", 0o777);
    let ran = aircheck.run_as_other(&["check"]).await;
    let told = format!("the folder {} cannot be written to by the user ", aircheck.path("recordings").display());
    assert_eq!(ran.code, 1, "{ran}");
    assert!(ran.stdout.contains("stations.yaml is right.") && ran.stderr.contains(&told), "{ran}");
    let json = aircheck.run_as_other(&["check", "--json"]).await.json();
    let folders: Vec<_> = json["unwritable"].as_array().expect("a list").iter().map(|it| &it["folder"]).collect();
    assert_eq!(folders, [&json!(aircheck.path("recordings")), &json!(aircheck.path("state"))], "{json}");
    assert_eq!((&json["ok"], &json["problems"]), (&json!(false), &json!([])), "{json}");

    let ran = aircheck.run_as_other(&["run"]).await;
    assert!(ran.code == 1 && ran.stderr.contains(&told), "{ran}");
    // A command that writes elsewhere needs none of these folders.
    let ran = aircheck.run_as_other(&["record", "s", "--for", "1s", "--output", "free/a.mp3"]).await;
    assert_eq!(ran.code, 0, "{ran}");
    assert!(aircheck.path("free/a.mp3").exists(), "{ran}");
}
