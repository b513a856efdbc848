use super::*;

fn zone(name: &str) -> Zone {
    name.parse().unwrap()
}

/// The next `count` starts after `from`, by the clocks of `zone` and with its offset.
fn starts(cron: &str, zone: Zone, from: &str, count: usize) -> Vec<String> {
    let crontab = Crontab::parse(cron).unwrap();
    let mut at: DateTime<Utc> = from.parse::<DateTime<chrono::FixedOffset>>().unwrap().to_utc();
    let mut starts = Vec::new();
    for _ in 0..count {
        let next = crontab.next_after(at, zone).unwrap();
        assert!(next > at, "{cron} went back to {next}");
        starts.push(next.with_timezone(&zone).format("%d %H:%M %:z").to_string());
        at = next;
    }
    starts
}

#[test]
fn the_six_examples_of_a_crontab_course() {
    let first = |cron, count| starts(cron, zone("Asia/Seoul"), "2026-11-20T12:00:00+09:00", count);
    assert_eq!(first("* * * * *", 2), ["20 12:01 +09:00", "20 12:02 +09:00"]);
    // 27 November 2026 is a Friday.
    assert_eq!(first("45 5 * * 5", 2), ["27 05:45 +09:00", "04 05:45 +09:00"]);
    assert_eq!(first("0,20,40 * * * *", 3), ["20 12:20 +09:00", "20 12:40 +09:00", "20 13:00 +09:00"]);
    assert_eq!(first("0-30 1 * * *", 32)[30..], ["21 01:30 +09:00", "22 01:00 +09:00"]);
    assert_eq!(first("*/10 * * * *", 2), ["20 12:10 +09:00", "20 12:20 +09:00"]);
    let last = first("*/10 2,3,4 5-6 * *", 37);
    assert_eq!(last[0], "05 02:00 +09:00");
    assert_eq!(last[17..19], ["05 04:50 +09:00", "06 02:00 +09:00"]);
    // Days 5 and 6 of the month, not Friday and Saturday: then comes the next month.
    assert_eq!(last[35..], ["06 04:50 +09:00", "05 02:00 +09:00"]);
}

#[test]
fn a_fixed_time_in_the_spring_gap_moves_and_runs_once() {
    let paris = starts("30 2 * * *", zone("Europe/Paris"), "2026-03-28T12:00:00+01:00", 2);
    assert_eq!(paris, ["29 03:00 +02:00", "30 02:30 +02:00"]);
    let new_york = starts("30 2 * * *", zone("America/New_York"), "2026-03-07T12:00:00-05:00", 2);
    assert_eq!(new_york, ["08 03:00 -04:00", "09 02:30 -04:00"]);
    // Lord Howe moves by half an hour: 02:00 becomes 02:30.
    let howe = starts("15 2 * * *", zone("Australia/Lord_Howe"), "2026-10-03T12:00:00+10:30", 2);
    assert_eq!(howe, ["04 02:30 +11:00", "05 02:15 +11:00"]);
    // Several fixed times are each moved, and two that fall on the same minute are one.
    let list = starts("10,30 2,14 * * *", zone("Europe/Paris"), "2026-03-28T20:00:00+01:00", 3);
    assert_eq!(list, ["29 03:00 +02:00", "29 14:10 +02:00", "29 14:30 +02:00"]);
}

#[test]
fn a_fixed_time_in_the_repeated_autumn_hour_runs_once() {
    let paris = starts("30 2 * * *", zone("Europe/Paris"), "2026-10-24T12:00:00+02:00", 2);
    assert_eq!(paris, ["25 02:30 +02:00", "26 02:30 +01:00"]);
    let new_york = starts("30 1 * * *", zone("America/New_York"), "2026-10-31T12:00:00-04:00", 2);
    assert_eq!(new_york, ["01 01:30 -04:00", "02 01:30 -05:00"]);
    let howe = starts("45 1 * * *", zone("Australia/Lord_Howe"), "2026-04-04T12:00:00+11:00", 2);
    assert_eq!(howe, ["05 01:45 +11:00", "06 01:45 +10:30"]);
    let list = starts("0,30 2 * * *", zone("Europe/Paris"), "2026-10-24T12:00:00+02:00", 3);
    assert_eq!(list, ["25 02:00 +02:00", "25 02:30 +02:00", "26 02:00 +01:00"]);
    // In the second of the two hours it has run already.
    let second = starts("30 2 * * *", zone("Europe/Paris"), "2026-10-25T02:10:00+01:00", 1);
    assert_eq!(second, ["26 02:30 +01:00"]);
}

#[test]
fn every_ten_minutes_runs_through_gaps_and_both_repeated_hours() {
    let spring = starts("*/10 * * * *", zone("Europe/Paris"), "2026-03-29T01:35:00+01:00", 4);
    assert_eq!(spring, ["29 01:40 +01:00", "29 01:50 +01:00", "29 03:00 +02:00", "29 03:10 +02:00"]);
    for (zone, from, hours) in [
        (zone("Europe/Paris"), "2026-10-25T01:55:00+02:00", 3),
        (zone("America/New_York"), "2026-11-01T00:55:00-04:00", 3),
        (zone("Australia/Lord_Howe"), "2026-04-05T00:55:00+11:00", 3),
    ] {
        let crontab = Crontab::parse("*/10 * * * *").unwrap();
        let mut at = from.parse::<DateTime<chrono::FixedOffset>>().unwrap().to_utc();
        at = crontab.next_after(at, zone).unwrap();
        for _ in 0..hours * 6 {
            let next = crontab.next_after(at, zone).unwrap();
            assert_eq!((next - at).num_minutes(), 10, "{zone} after {at}");
            at = next;
        }
    }
}

#[test]
fn days_of_month_and_week_are_combined_as_vixie_cron_does() {
    // The 13th, or a Friday.
    let either = starts("0 0 13 * 5", Zone::utc(), "2026-11-10T00:00:00+00:00", 3);
    assert_eq!(either, ["13 00:00 +00:00", "20 00:00 +00:00", "27 00:00 +00:00"]);
    let either = starts("0 0 15 * FRI", Zone::utc(), "2026-11-10T00:00:00+00:00", 3);
    assert_eq!(either, ["13 00:00 +00:00", "15 00:00 +00:00", "20 00:00 +00:00"]);
    // One field begins with a star: a day must suit both.
    let both = starts("0 0 */2 * 1", Zone::utc(), "2026-11-01T00:00:00+00:00", 3);
    assert_eq!(both, ["09 00:00 +00:00", "23 00:00 +00:00", "07 00:00 +00:00"]);
    // 0 and 7 are Sunday.
    let sunday = starts("0 9 * * 7", Zone::utc(), "2026-11-20T00:00:00+00:00", 1);
    assert_eq!(sunday, starts("0 9 * * sun", Zone::utc(), "2026-11-20T00:00:00+00:00", 1));
}

#[test]
fn unusual_but_right_expressions_are_accepted() {
    for cron in ["*/90 */30 */40 */13 */8", "*,5 * * * *", "0 5,*/6 * * *", "00 09 01 jan,Mar-MAY *"] {
        assert!(Crontab::parse(cron).is_ok(), "{cron}: {:?}", Crontab::parse(cron));
    }
    let weekend = starts("0 9 * * FRI-SUN", Zone::utc(), "2026-11-20T10:00:00+00:00", 3);
    assert_eq!(weekend, ["21 09:00 +00:00", "22 09:00 +00:00", "27 09:00 +00:00"]);
}

#[test]
fn monthly_shows_follow_the_calendar_of_their_zone() {
    let seoul = |cron, count| starts(cron, zone("Asia/Seoul"), "2026-11-20T12:00:00+09:00", count);
    assert_eq!(seoul("0 9 * * 5#2", 3), ["11 09:00 +09:00", "08 09:00 +09:00", "12 09:00 +09:00"]);
    assert_eq!(seoul("0 9 * * 0L", 3), ["29 09:00 +09:00", "27 09:00 +09:00", "31 09:00 +09:00"]);
    assert_eq!(seoul("0 9 L * *", 4), ["30 09:00 +09:00", "31 09:00 +09:00", "31 09:00 +09:00", "28 09:00 +09:00"]);
    // Only some months have five of them: 29 January, then April.
    assert_eq!(seoul("0 9 * 1-4 fri#5", 2), ["29 09:00 +09:00", "30 09:00 +09:00"]);
    // Either suffices, as always if both day fields are restricted.
    assert_eq!(seoul("0 9 1,L * SUN#2", 3), ["30 09:00 +09:00", "01 09:00 +09:00", "13 09:00 +09:00"]);
    // The clocks of Paris change on the last Sunday of March and of October: once in the gap, once in the repeated hour.
    let paris = |from| starts("30 2 * 3,10 0L", zone("Europe/Paris"), from, 1);
    assert_eq!(paris("2026-03-20T00:00:00+01:00"), ["29 03:00 +02:00"]);
    assert_eq!(paris("2026-10-20T00:00:00+02:00"), ["25 02:30 +02:00"]);
    // It is Sunday in Kiritimati while it is still Saturday in Honolulu.
    let island = |place| starts("0 0 * * 0L", zone(place), "2026-11-27T12:00:00+00:00", 1);
    assert_eq!(
        (island("Pacific/Kiritimati"), island("Pacific/Honolulu")),
        (vec!["29 00:00 +14:00".to_owned()], vec!["29 00:00 -10:00".to_owned()])
    );
    assert_eq!(starts("@weekly", zone("Asia/Seoul"), "2026-11-20T12:00:00+09:00", 1), ["22 00:00 +09:00"]);
}

#[test]
fn croner_and_the_fields_agree_on_every_day() {
    for cron in ["0 0 L * *", "0 0 * * 5#2", "0 0 * * 0L", "0 0 13,L 2-9 MON#1,3L", "0 0 */2 * 1#1,5#5", "0 0 31 * 2L"]
    {
        let crontab = Crontab::parse(cron).unwrap();
        let fields = crontab.0.fields.as_ref().unwrap();
        let mut at: DateTime<Utc> = "2026-12-31T12:00:00Z".parse().unwrap();
        for day in NaiveDate::from_ymd_opt(2027, 1, 1).unwrap().iter_days().take(3 * 365) {
            if fields.has(day) {
                at = crontab.next_after(at, Zone::utc()).unwrap();
                assert_eq!(at.date_naive(), day, "{cron}");
            }
        }
    }
}

#[test]
fn the_ends_of_the_calendar_do_no_harm() {
    let crontab = Crontab::parse("30 2 * * *").unwrap();
    for place in ["Pacific/Kiritimati", "Pacific/Pago_Pago"].map(zone) {
        assert_eq!(crontab.next_after(DateTime::<Utc>::MAX_UTC, place), None);
        assert!(crontab.next_after(DateTime::<Utc>::MIN_UTC, place).is_some());
    }
}

#[test]
fn shows_with_one_expression_share_what_was_parsed_of_it() {
    let crontabs = Crontabs::default();
    let [first, again, other] =
        ["0 9 * * 1-5", " 0  9 * * 1-5", "0 10 * * 1-5"].map(|text| crontabs.parse(text).unwrap());
    assert!(Arc::ptr_eq(&first.0, &again.0) && !Arc::ptr_eq(&first.0, &other.0));
}

#[test]
fn wrong_expressions_say_what_to_write() {
    let hint = |cron: &str| Crontab::parse(cron).unwrap_err().hint.unwrap_or_default();
    let message = |cron: &str| Crontab::parse(cron).unwrap_err().message;
    for (wrong, right) in [
        ("0 22-2 * * *", "0 22-23,0-2 * * *"),
        ("0 9 * * FRI-MON", "0 9 * * 5-6,0-1"),
        ("0 22-4/2 * * *", "0 22,0,2,4 * * *"),
        ("0 9 * * 7-1", "0 9 * * 0-1"),
        ("0 9 * * 7-5/2", "0 9 * * 0-5/2"),
        ("0 9 * * SUN-MON,5-2", "0 9 * * SUN-MON,5-6,0-2"),
        ("0 9 * 11-2 *", "0 9 * 11-12,1-2 *"),
        ("@Daily", "@daily"),
        ("@every 2h", "0 */2 * * *"),
        ("0 9 * * Monday", "0 9 * * MON"),
        ("0 9 * * mondays, Wednesday", "0 9 * * MON,WED"),
        ("5/10 * * * *", "5-59/10 * * * *"),
        ("0 9 * * 1–5", "0 9 * * 1-5"),
        ("０ ９ ＊ ＊ １", "0 9 * * 1"),
        ("0 9 * * 월-금", "0 9 * * MON-FRI"),
        ("0 9 * * 월요일,토", "0 9 * * MON,SAT"),
        ("0분 9시 * 3월 *", "0 9 * 3 *"),
        ("0 9 ? * 5l", "0 9 * * 5L"),
        ("0 9 l * *", "0 9 L * *"),
        ("14:30", "30 14 * * *"),
        ("\"0 9 * * *\"", "0 9 * * *"),
    ] {
        assert_eq!(hint(wrong), format!("write `{right}`"), "{wrong}: {}", message(wrong));
    }
    assert_eq!(hint("0 0 14 * * *"), "leave the seconds out: `0 14 * * *`");
    assert_eq!(hint("0 9 * * * 2027"), "leave the year out: `0 9 * * *`");
    assert_eq!(hint("0 0 9 ? * MON 2027"), "leave the seconds and the year out: `0 9 * * MON`");
    assert_eq!(hint("0 0 31 2 *"), "the last day of that month is 29: write `0 0 L 2 *`");
    assert_eq!(hint("@dayly"), "write `@daily`");
    assert!(message("@reboot").contains("when the machine starts") && hint("@reboot").contains("`0 14 * * *`"));
    assert!(message("0 24 * * *").contains("`24` is not between 0 and 23"));
    assert!(message("61 * * * *").contains("(minute)"));
    assert!(message("0 0 31 2 *").contains("never comes"));
    assert!(message("0 0 31 4,6 *").contains("never comes"));
    assert!(message("0 0 30 2 */2").contains("never comes"));
    assert!(Crontab::parse("0 0 29 2 *").is_ok());
    // Either suffices, and Mondays come.
    assert!(Crontab::parse("0 0 31 2 1").is_ok());
    for bad in [
        "",
        "* * * *",
        "a b c d e",
        "0 0 15W * *",
        "0 9 * * 5#6",
        "0 9 * * 5#0",
        "0 9 * * 5#+2",
        "0 9 * * #2",
        "0 9 * * L",
        "0 L * * *",
        "0 9 * L *",
        "0 9 1-L * *",
        "0 9 */20 * 5#2",
        "@reboot",
        "1,,2 * * * *",
        "*/0 * * * *",
        "- * * * *",
        "0 9 ? * *",
    ] {
        assert!(Crontab::parse(bad).is_err(), "{bad}");
    }
}
