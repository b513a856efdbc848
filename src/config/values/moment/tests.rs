use super::*;

/// 21 November, 09:30 in Seoul; 01:30 in Berlin; in New York still 20 November, 19:30.
const NOW: &str = "2026-11-21T00:30:00Z";

fn read_at(text: &str, zone: &str, now: &str) -> Result<String, String> {
    let zone: Zone = zone.parse().unwrap();
    let read = parse_moment(text, zone, now.parse().unwrap());
    read.map(|at| at.to_rfc3339_opts(SecondsFormat::AutoSi, true)).map_err(|error| error.to_string())
}

fn read(text: &str, zone: &str) -> Result<String, String> {
    read_at(text, zone, NOW)
}

fn error(text: &str, zone: &str) -> String {
    read(text, zone).unwrap_err()
}

#[test]
fn a_time_is_that_of_the_station_unless_it_says_otherwise() {
    for (text, zone, expected) in [
        ("22:15", "Asia/Seoul", "2026-11-21T13:15:00Z"),
        ("6:00", "Asia/Seoul", "2026-11-20T21:00:00Z"),
        (" 06:00:07.25 ", "Asia/Seoul", "2026-11-20T21:00:07.250Z"),
        ("yesterday 22:15", "Asia/Seoul", "2026-11-20T13:15:00Z"),
        ("Yesterday  22:15", "America/New_York", "2026-11-20T03:15:00Z"),
        ("today 6:00", "Europe/Berlin", "2026-11-21T05:00:00Z"),
        ("tomorrow 6:00", "America/New_York", "2026-11-21T11:00:00Z"),
        ("22:15", "America/New_York", "2026-11-21T03:15:00Z"),
        ("yesterday", "Asia/Seoul", "2026-11-19T15:00:00Z"),
        ("2026-11-20 22:15", "Asia/Seoul", "2026-11-20T13:15:00Z"),
        ("2026-11-20T22:15", "Asia/Seoul", "2026-11-20T13:15:00Z"),
        ("2026-11-20 22:15:30.250", "Asia/Seoul", "2026-11-20T13:15:30.250Z"),
        ("2026-7-1 6:00", "Europe/Berlin", "2026-07-01T04:00:00Z"),
        ("2026-11-20", "Asia/Seoul", "2026-11-19T15:00:00Z"),
        ("2026-11-20 24:00", "Asia/Seoul", "2026-11-20T15:00:00Z"),
        ("2026-11-20T22:15:00+09:00", "Europe/Berlin", "2026-11-20T13:15:00Z"),
        ("2026-11-20T22:15+09:00", "Europe/Berlin", "2026-11-20T13:15:00Z"),
        ("2026-11-20 22:15:00-05:00", "Asia/Seoul", "2026-11-21T03:15:00Z"),
        ("2026-11-20T22:15:00.5Z", "Asia/Seoul", "2026-11-20T22:15:00.500Z"),
        ("2026-11-20T22:15Z", "Asia/Seoul", "2026-11-20T22:15:00Z"),
        ("2016-12-31T23:59:60Z", "UTC", "2017-01-01T00:00:00Z"),
        ("now", "Asia/Seoul", NOW),
        ("-30m", "Asia/Seoul", "2026-11-21T00:00:00Z"),
        ("-1h30m", "Asia/Seoul", "2026-11-20T23:00:00Z"),
        ("-2d", "Asia/Seoul", "2026-11-19T00:30:00Z"),
        ("- 42 days", "Asia/Seoul", "2026-10-10T00:30:00Z"),
        ("+2h", "Asia/Seoul", "2026-11-21T02:30:00Z"),
    ] {
        assert_eq!(read(text, zone).as_deref(), Ok(expected), "{text} in {zone}");
    }
}

#[test]
fn a_time_that_the_clocks_leave_out_is_offered_by_both_clocks() {
    let berlin = error("2026-03-29 02:30", "Europe/Berlin");
    assert_eq!(
        berlin,
        "the clocks of Europe/Berlin go forward and leave out 2026-03-29 02:30:00: write `2026-03-29T01:30:00+01:00` or \
         `2026-03-29T03:30:00+02:00`"
    );
    let new_york = error("2026-03-08 02:00", "America/New_York");
    assert!(new_york.contains("`2026-03-08T01:00:00-05:00` or `2026-03-08T03:00:00-04:00`"), "{new_york}");
    // Also where the day is not written down.
    let today = read_at("2:30", "Europe/Berlin", "2026-03-29T12:00:00Z").unwrap_err();
    assert_eq!(today, berlin);
    for (text, zone, expected) in [
        ("2026-03-29 01:59:59", "Europe/Berlin", "2026-03-29T00:59:59Z"),
        ("2026-03-29 03:00", "Europe/Berlin", "2026-03-29T01:00:00Z"),
        ("2026-03-08 03:00", "America/New_York", "2026-03-08T07:00:00Z"),
    ] {
        assert_eq!(read(text, zone).as_deref(), Ok(expected), "{text} in {zone}");
    }
}

#[test]
fn a_time_that_the_clocks_show_twice_is_offered_both_times() {
    assert_eq!(
        error("2026-10-25 02:30", "Europe/Berlin"),
        "the clocks of Europe/Berlin go back and show 2026-10-25 02:30:00 twice: write `2026-10-25T02:30:00+02:00` for the \
         first time, or `2026-10-25T02:30:00+01:00` for the second"
    );
    let new_york = error("2026-11-01 01:00", "America/New_York");
    assert!(new_york.contains("`2026-11-01T01:00:00-04:00` for the first"), "{new_york}");
    assert!(new_york.contains("`2026-11-01T01:00:00-05:00` for the second"), "{new_york}");
    for (text, zone, expected) in [
        ("2026-10-25 01:59", "Europe/Berlin", "2026-10-24T23:59:00Z"),
        ("2026-10-25 03:00", "Europe/Berlin", "2026-10-25T02:00:00Z"),
        ("2026-11-01 02:00", "America/New_York", "2026-11-01T07:00:00Z"),
        ("2026-10-25T02:30:00+01:00", "Europe/Berlin", "2026-10-25T01:30:00Z"),
    ] {
        assert_eq!(read(text, zone).as_deref(), Ok(expected), "{text} in {zone}");
    }
}

#[test]
fn a_day_begins_when_its_clocks_begin_it() {
    // Cairo goes forward at midnight, Havana goes back to it.
    assert_eq!(read("2026-04-24", "Africa/Cairo").as_deref(), Ok("2026-04-23T22:00:00Z"));
    assert_eq!(read("2026-11-01", "America/Havana").as_deref(), Ok("2026-11-01T04:00:00Z"));
    assert!(error("2026-04-24 00:00", "Africa/Cairo").contains("leave out 2026-04-24 00:00:00"));
    // Samoa had no 30 December 2011.
    assert!(error("2011-12-30", "Pacific/Apia").contains("leave out 2011-12-30"));
}

#[test]
fn what_is_no_time_is_answered_with_what_to_write() {
    for (text, right) in [
        ("２２：１５", "22:15"),
        ("10:15 pm", "22:15"),
        ("12am", "00:00"),
        ("yesterday 10.15 p.m.", "yesterday 22:15"),
        ("22h15", "22:15"),
        ("22.15", "22:15"),
        ("2215", "22:15"),
        ("22시 5분", "22:05"),
        ("22:15 yesterday", "yesterday 22:15"),
        ("yesterday at 22:15", "yesterday 22:15"),
        ("yesterday, 22:15", "yesterday 22:15"),
        ("yesterday 2215", "yesterday 22:15"),
        ("2026/11/20 22:15", "2026-11-20 22:15"),
        ("2026. 11. 20. 22:15", "2026-11-20 22:15"),
        ("20261120", "2026-11-20"),
        ("20261120T221500Z", "2026-11-20T22:15:00Z"),
        ("30m", "-30m"),
        ("30 minutes ago", "-30 minutes"),
        ("−30m", "-30m"),
        ("22:15:", "22:15"),
        ("22:5", "22:05"),
        ("22:15:30.", "22:15:30"),
    ] {
        assert_eq!(error(text, "Asia/Seoul"), format!("`{text}` is no time: write `{right}`"), "{text}");
    }
    let examples = "write `08:30`, `yesterday 08:30` or `2026-11-21 08:30` by the clocks of Asia/Seoul, \
                    `2026-11-21T08:30:00+09:00`, or `-30m`";
    for text in ["", "soon", "22:", ":15", "1:2:3:4", "now 22:15", "2026-11", "99999"] {
        assert_eq!(error(text, "Asia/Seoul"), format!("`{text}` is no time: {examples}"), "{text}");
    }
    assert_eq!(
        error("2026-02-30 22:15", "Asia/Seoul"),
        "there is no day 2026-02-30: write `2026-02-28` for the last day of that month"
    );
    assert!(error("2026-13-01", "Asia/Seoul").starts_with("there is no day 2026-13-01: write `08:30`"));
    assert!(error("25:00", "Asia/Seoul").starts_with("no clock shows 25:00: hours go from 0 to 23"));
    assert!(error("24:01", "Asia/Seoul").starts_with("no clock shows 24:01"));
    assert!(error("2026-11-20 22:60", "Asia/Seoul").starts_with("no clock shows 22:60"));
    assert!(error("1969-12-31 22:15", "Asia/Seoul").contains("is too far away: write a time from 1970 on"));
    assert_eq!(
        error("-30", "Asia/Seoul"),
        "`30` has no unit: seconds, minutes or hours?: write `-30s`, `-30m` or `-30h`"
    );
    assert_eq!(error("-1:30", "Asia/Seoul"), "`1:30` is not a duration: write `-1h30m`");
    assert_eq!(
        error("-4000d", "Asia/Seoul"),
        "`4000d` is too long: the most is 87600h: write it like `-30m`, `-1h30m` or `-2d`"
    );
    let long = error(&"\u{1b}명".repeat(500), "Asia/Seoul");
    assert!(!long.contains('\u{1b}') && long.chars().count() < 250, "{long}");
}

#[test]
fn a_day_ends_when_the_next_begins_also_where_the_clocks_leave_midnight_out() {
    let hours = |date: &str, zone: &str| {
        let span = day(date.parse().unwrap(), zone.parse().unwrap());
        span.ok().map(|span| span.length().num_hours())
    };
    assert_eq!(hours("2026-11-20", "Asia/Seoul"), Some(24));
    assert_eq!(hours("2026-10-25", "Europe/Berlin"), Some(25));
    assert_eq!(hours("2026-03-29", "Europe/Berlin"), Some(23));
    // The clocks of Santiago go from 23:59 on 5 September to 01:00.
    assert_eq!(hours("2026-09-06", "America/Santiago"), Some(23));
    assert_eq!(hours("9999-12-31", "Asia/Seoul"), None);
}
