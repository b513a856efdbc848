//! `aircheck init` and `aircheck add`: from nothing to a station and a show, and what of a file stays as it is.

use std::ffi::OsStr;

use serde_json::{Value, json};

use crate::support::aircheck::Aircheck;
use crate::support::origin::{Container, Origin, Setup};

/// A file with comments and a layout of its own.
const MINE: &str = "timezone: Asia/Seoul   # here\n\nstations:\n    # the good one\n    kbs:   { name: 'KBS 1FM', hls: \"http://127.0.0.1:9/x\" }\n\n\
                    # what is recorded\nshows:\n    - title: News\n      station: kbs\n      cron: \"0 9 * * *\"\n      length: 1h";

fn read(aircheck: &Aircheck, name: &str) -> String {
    std::fs::read_to_string(aircheck.path(name)).expect("a file")
}

/// Checks that all lines of `before` are in `after`, in their order; returns those that are new.
fn new_lines(before: &str, after: &str) -> Vec<String> {
    let mut old = before.lines().peekable();
    let mut new = Vec::new();
    for line in after.lines() {
        if old.peek() == Some(&line) {
            old.next();
        } else {
            new.push(line.to_owned());
        }
    }
    assert_eq!(old.next(), None, "a line is gone:\n{after}");
    new
}

#[tokio::test]
async fn whatever_a_person_has_of_a_station_becomes_lines_by_which_it_was_heard() {
    let origin = Origin::start();
    let station = origin.station("radio-x", Setup { window: 4, ..Setup::of(Container::Adts) });
    let list = format!("[playlist]\nNumberOfEntries=1\nFile1={}\nTitle1=A list\n", station.live_url());
    let pls = station.put("listen.pls", "audio/x-scpls", &list);
    let player = format!("<html><title>The player</title><audio src='{}'></audio></html>", station.live_url());
    let player = station.put("player.html", "text/html", &player);
    let frame = station.put("frame.html", "text/html", &format!("<iframe src='{}'></iframe>", station.page_url()));
    let cases = [
        (station.url(), "hls", "127.0.0.1", false),
        (station.live_url(), "icecast", "radio-x", false),
        (pls, "icecast", "radio-x", false),
        (player, "icecast", "radio-x", true),
        (station.page_url(), "hls", "On air", true),
        (frame, "hls", "127.0.0.1", true),
    ];
    let add = async |(address, kind, name, found): (String, &'static str, &'static str, bool)| {
        let aircheck = Aircheck::new(MINE);
        let before = read(&aircheck, "stations.yaml");
        let ran = aircheck.run(&["add", &address]).await;
        assert_eq!(ran.code, 0, "{address}: {ran}");
        assert!(ran.stdout.contains("s of sound") && ran.stdout.contains(" add --station "), "{ran}");
        let new = new_lines(&before, &read(&aircheck, "stations.yaml"));
        let has = |words: &str| new.iter().any(|line| line.contains(words));
        assert!(new[0].starts_with("    ") && new[0].ends_with(':'), "like the others: {new:?}");
        assert!(has(&format!("name: {name}")) && has(&format!("{kind}:")), "{address}: {new:?}");
        assert_eq!(has("- get: "), found, "{address}: {new:?}");
        let checked = aircheck.run(&["check", "--json"]).await.json();
        assert_eq!(checked["stations"][1]["kind"], kind, "{checked}");
        assert_eq!(checked["problems"], json!([]), "{checked}");
    };
    futures::future::join_all(cases.map(add)).await;
}

#[tokio::test]
async fn a_station_without_sound_is_not_added_unless_that_is_said() {
    let origin = Origin::start();
    let station = origin.station("radio-x", Setup::of(Container::Adts));
    let page = station.put("news.html", "text/html", "<html><p>No player here.</p></html>");
    let aircheck = Aircheck::new(MINE);
    let before = read(&aircheck, "stations.yaml");
    for (what, why) in [
        ("http://127.0.0.1:9/live.mp3", "127.0.0.1"),
        (page.as_str(), "no stream was found"),
        ("http://127.0.0.1:9/x", "already, as the station `kbs`"),
        ("ftp://h.example/x", "records http, https and rtmp"),
        ("./away.pls", "there is no file `./away.pls`"),
    ] {
        let ran = aircheck.run(&["add", what]).await;
        assert!(ran.code > 0 && ran.stderr.contains(why), "{what}: {ran}");
        assert_eq!(read(&aircheck, "stations.yaml"), before, "{what}");
    }
    let ran =
        aircheck.run(&["add", "http://127.0.0.1:9/live.mp3", "--untested", "--name", "Off: air", "--print"]).await;
    assert_eq!(
        ran.stdout, "stations:\n  off-air:\n    name: 'Off: air'\n    icecast: http://127.0.0.1:9/live.mp3\n",
        "{ran}"
    );
    assert_eq!(read(&aircheck, "stations.yaml"), before);
    let ran =
        aircheck.run(&["add", "http://127.0.0.1:9/live.mp3", "--untested", "--file", "stations.d/more.yaml"]).await;
    assert_eq!(ran.code, 0, "{ran}");
    assert!(ran.stdout.contains("its sound was not tried"), "{ran}");
    let side = read(&aircheck, "stations.d/more.yaml");
    assert!(side.starts_with("stations:\n  127-0-0-1:\n    name: 127.0.0.1\n"), "{side}");
    let ran = aircheck.run(&["add", "http://127.0.0.1:9/other", "--untested", "--file", "elsewhere.yaml"]).await;
    assert!(ran.code == 2 && ran.stderr.contains("is not read by aircheck"), "{ran}");
}

#[tokio::test]
async fn a_name_is_looked_up_and_if_it_is_that_of_several_nobody_is_asked_in_a_script() {
    let origin = Origin::start();
    let station = origin.station("radio-x", Setup::of(Container::Adts));
    let row = |name: &str, url: String| {
        json!({ "stationuuid": "1", "name": name, "url": url, "url_resolved": format!("{url}?token=secret"), "codec": "AAC",
                "bitrate": 96, "hls": 0, "countrycode": "FR" })
    };
    let serve = |rows: Value| station.put("json/stations/search", "application/json", &rows.to_string());
    let search = serve(json!([row("FIP Jazz", station.live_url()), row("FIP", station.live_url())]));
    let directory = search.trim_end_matches("/json/stations/search").to_owned();
    let aircheck = Aircheck::new(MINE);
    let before = read(&aircheck, "stations.yaml");
    let add = async |more: &[&str]| {
        let args = [&["add", "fip", "--untested", "--directory", &directory], more].concat();
        aircheck.run(&args).await
    };
    let ran = add(&[]).await;
    assert_eq!(ran.code, 2, "{ran}");
    assert!(ran.stderr.contains("1  FIP") && ran.stderr.contains("2  FIP Jazz"), "the one of that name first: {ran}");
    assert!(ran.stderr.contains("--choose 1"), "{ran}");
    assert_eq!(add(&["--choose", "3"]).await.code, 2);
    assert_eq!(read(&aircheck, "stations.yaml"), before);
    let ran = add(&["--choose", "2"]).await;
    assert_eq!(ran.code, 0, "{ran}");
    let new = new_lines(&before, &read(&aircheck, "stations.yaml"));
    assert!(new[0] == "    fip-jazz:" && new[1].ends_with("name: FIP Jazz"), "{new:?}");
    assert!(!read(&aircheck, "stations.yaml").contains("secret"), "an address that is signed is never kept");
    serve(json!([]));
    let ran = add(&[]).await;
    assert!(ran.code == 1 && ran.stderr.contains("knows no station `fip`"), "{ran}");
}

#[tokio::test]
async fn a_show_is_added_and_its_next_airing_told_in_words() {
    let aircheck = Aircheck::new(MINE);
    let before = read(&aircheck, "stations.yaml");
    let add = async |station: &str, cron: &str, more: &[&str]| {
        let args = [&["add", "--station", station, "--cron", cron, "--length", "1h30m"], more].concat();
        aircheck.run(&args).await
    };
    let ran = add("kbs 1fm", "0 14 * * 1", &["--title", "명연주 명음반", "--late", "1m"]).await;
    assert_eq!(ran.code, 0, "{ran}");
    assert!(ran.stdout.contains("every Monday at 14:00 for 1h30m, next on Monday, 20"), "{ran}");
    assert!(ran.stdout.contains("at 14:00 KST"), "{ran}");
    let after = read(&aircheck, "stations.yaml");
    let added = "\n    - title: 명연주 명음반\n      station: kbs\n      cron: \"0 14 * * 1\"\n      length: 1h30m\n      late: 1m";
    assert_eq!(after, format!("{before}{added}"), "a file without a line end still has none");
    // The same title once more needs an id of its own.
    assert_eq!(add("kbs", "0 15 * * 1", &["--title", "명연주 명음반"]).await.code, 0);
    assert!(read(&aircheck, "stations.yaml").contains("id: 명연주-명음반-2"));
    let listed = aircheck.run(&["next", "--json", "-n", "20"]).await.json();
    let has = |id: &str| listed.as_array().is_some_and(|rows| rows.iter().any(|row| row["show"] == id));
    assert!(has("명연주-명음반") && has("명연주-명음반-2"), "{listed}");
    let before = read(&aircheck, "stations.yaml");
    for (station, cron, why) in [("kbs", "0 25 * * *", "hour"), ("mbc", "0 9 * * *", "there is no station `mbc`")] {
        let ran = add(station, cron, &[]).await;
        assert!(ran.code == 2 && ran.stderr.contains(why), "{ran}");
        assert_eq!(read(&aircheck, "stations.yaml"), before);
    }
}

#[tokio::test]
async fn a_first_file_is_right_and_never_written_over_another() {
    let aircheck = Aircheck::new("stations: {}\n");
    let file = aircheck.path("new/stations.yaml");
    let name = file.to_str().expect("UTF-8");
    let home = aircheck.path("home");
    let variables =
        [("HOME", home.as_os_str()), ("XDG_STATE_HOME", OsStr::new("/tmp")), ("TZ", OsStr::new("Asia/Seoul"))];
    let ran = aircheck.run_with(&["init", name], &variables).await;
    assert_eq!(ran.code, 0, "{ran}");
    assert!(ran.stdout.contains(&format!("aircheck --config {name} add ADDRESS")), "{ran}");
    let text = std::fs::read_to_string(&file).expect("a file");
    assert!(text.starts_with("# yaml-language-server: $schema=stations.schema.json\n"), "{text}");
    assert!(text.contains("# timezone: Asia/Seoul ") && text.contains("\noutput: recordings "), "{text}");
    let schema: Value = serde_json::from_str(&read(&aircheck, "new/stations.schema.json")).expect("JSON");
    assert!(schema["properties"]["stations"]["description"].is_string());
    let checked = aircheck.run_with(&["--config", name, "check"], &variables).await;
    let next = format!("There are no stations yet: `aircheck --config {name} add ADDRESS` adds one.");
    assert!(checked.code < 2 && checked.stdout.contains(&next), "{checked}");
    let ran = aircheck.run_with(&["init", name], &variables).await;
    assert!(ran.code == 1 && ran.stderr.contains("is there already"), "{ran}");
    assert_eq!(std::fs::read_to_string(&file).expect("a file"), text);
    // The comments of the sections stay above what is added to them.
    let args = ["--config", name, "add", "rtmp://127.0.0.1:9/live/x", "--untested", "--id", "x"];
    let ran = aircheck.run_with(&args, &variables).await;
    assert_eq!(ran.code, 0, "{ran}");
    let after = std::fs::read_to_string(&file).expect("a file");
    let added = "or `rtmp:`\n\n  x:\n    name: 127.0.0.1\n    rtmp: rtmp://127.0.0.1:9/live/x\n\nshows:\n";
    assert!(after.contains(added), "{after}");
}
