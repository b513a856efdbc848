//! What is written of which recordings are kept.

use super::*;

fn file(show: &str, station: &str, top: &str) -> String {
    format!(
        "{top}\nstations:\n  s: {{ hls: https://h.example/x.m3u8{station} }}\nshows:\n  - {{ title: News, station: s, cron: \
         \"0 9 * * *\", length: 1h{show} }}\n"
    )
}

#[test]
fn recordings_are_kept_by_number_age_hearing_and_size_of_a_show_a_station_and_all() {
    let config = parse(&file(
        ", keep: { last: 3, days: 9, until: heard, size: 20 GiB }",
        ", keep: { size: 500 MB }",
        "keep: { clips: 9d, size: 1 TB }",
    ));
    let keep = Keep { last: Some(3), days: Some(9), until_heard: true, size: Some(20 << 30) };
    assert_eq!(config.shows[0].keep, keep);
    assert_eq!(config.stations[0].keep_size, Some(500_000_000));
    assert_eq!(config.keep_size, Some(1_000_000_000_000));
    assert_eq!(config.keep_clips, Some(Duration::from_hours(9 * 24)));
    let none = parse(&file("", "", ""));
    assert_eq!((none.shows[0].keep, none.stations[0].keep_size, none.keep_size), (Keep::default(), None, None));
}

#[test]
fn what_is_wrong_about_keeping_says_what_to_write() {
    for (show, station, top, hint) in [
        (", keep: { until: herd }", "", "", "heard"),
        (", keep: { size: 20 }", "", "", "GiB"),
        (", keep: { size: 20 kB }", "", "", "write it like `20 GiB`"),
        ("", ", keep: { last: 3 }", "", "`size`"),
        ("", ", keep: 20 GiB", "", "size: 50 GiB"),
        ("", "", "keep: { days: 3 }", "`clips` or `size`"),
    ] {
        let (_, _, message, told) = only(&file(show, station, top));
        assert!(told.contains(hint), "{message}: {told}");
    }
}
