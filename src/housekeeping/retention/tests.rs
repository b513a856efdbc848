use std::path::Path;
use std::time::Duration;

use super::*;
use crate::model::{AiringId, ShowId, Span, StationId};

const NOON: &str = "2026-11-20T12:00:00Z";

fn noon() -> DateTime<Utc> {
    NOON.parse().unwrap()
}

/// A recording of 100 MB of the show `show` that ended `age` days before noon.
fn aged(age: i64) -> Kept {
    let end = noon() - TimeDelta::days(age);
    Kept {
        id: AiringId::new(format!("aged {age}")),
        show: ShowId::new("show"),
        station: StationId::new("s"),
        title: "show".into(),
        on_air: Span::new(end - TimeDelta::hours(1), end),
        finished_at: end,
        file: Some(format!("{age}.mp3").into()),
        bytes: 100_000_000,
        is_pinned: false,
        heard_at: None,
    }
}

fn failed(age: i64) -> Kept {
    Kept { file: None, bytes: 0, ..aged(age) }
}

fn of(show: &str, station: &str, recording: Kept) -> Kept {
    let id = AiringId::new(format!("{show} {}", recording.id));
    Kept { show: ShowId::new(show), station: StationId::new(station), id, ..recording }
}

/// A configuration in which shows have these rules, with what else the file says. The show `other` is on another station.
fn config(show: &str, rest: &str) -> Config {
    let keep = |rule: &str| if rule.is_empty() { String::new() } else { format!(", keep: {{ {rule} }}") };
    let show_of = |id: &str, station: &str, rule: &str| {
        format!("  - {{ title: {id}, station: {station}, cron: \"0 1 * * *\", length: 1h{} }}\n", keep(rule))
    };
    let shows = [show_of("show", "s", show), show_of("second", "s", ""), show_of("other", "t", "")].concat();
    let stations = "  t: { hls: https://h.example/t }\n  s: { hls: https://h.example/x";
    let station = rest.strip_prefix("station ").map(keep).unwrap_or_default();
    let top = if rest.starts_with("station ") { "" } else { rest };
    let text = format!("timezone: UTC\n{top}\nstations:\n{stations}{station} }}\nshows:\n{shows}");
    Config::parse(&text, Path::new("stations.yaml")).unwrap()
}

fn ids(recordings: &[Kept], config: &Config) -> Vec<String> {
    going(recordings, config, noon()).iter().map(|going| going.recording.id.to_string()).collect()
}

fn ages(recordings: &[Kept], config: &Config) -> Vec<i64> {
    ids(recordings, config).iter().map(|id| id.trim_start_matches("aged ").parse().unwrap()).collect()
}

#[test]
fn a_recording_goes_when_no_rule_keeps_it() {
    let all: Vec<_> = [3, 0, 4, 1].map(aged).into_iter().chain([failed(2)]).collect();
    let gone = |rule: &str| ages(&all, &config(rule, ""));
    assert_eq!(gone(""), [0; 0]);
    assert_eq!(gone("last: 2"), [4, 3, 2]);
    assert_eq!(gone("last: 9"), [0; 0]);
    assert_eq!(gone("days: 2"), [4, 3, 2], "one that is exactly two days old is not younger");
    assert_eq!(gone("last: 1, days: 3"), [4, 3]);
    assert_eq!(gone("last: 3, days: 1"), [4], "the failed airing takes the place of no recording");
    assert_eq!(gone("last: 4, days: 1"), [0; 0]);
}

#[test]
fn airings_without_a_file_cost_no_recording_and_go_with_the_recordings_around_them() {
    let gone = |recordings: Vec<Kept>, last: u32| ages(&recordings, &config(&format!("last: {last}"), ""));
    // The machine was off for ten days.
    let off = || (0..10).map(failed).chain((10..17).map(aged)).collect::<Vec<_>>();
    assert_eq!(gone(off(), 7), [9, 8, 7]);
    // The station answers again: the oldest recordings go one by one, and what failed stays between the others.
    let back = |count: i64| (-count..0).map(aged).chain(off()).collect();
    assert_eq!(gone(back(1), 7), [16, 9, 8, 7]);
    assert_eq!(gone(back(7), 7), (0..17).rev().collect::<Vec<_>>());
    // The station never answers.
    assert_eq!(gone((0..10).map(failed).collect(), 7), [9, 8, 7]);
    assert_eq!(gone(vec![aged(0), failed(1)], 1), [1]);
}

#[test]
fn of_what_is_kept_the_oldest_go_that_a_size_has_no_room_for_and_the_newest_never_does() {
    let all: Vec<_> = (0..6).map(aged).collect();
    let gone = |rule: &str| ages(&all, &config(rule, ""));
    assert_eq!(gone("size: 300 MB"), [5, 4, 3], "to the byte");
    assert_eq!(gone("size: 299 MB"), [5, 4, 3, 2]);
    assert_eq!(gone("size: 1 MB"), [5, 4, 3, 2, 1]);
    assert_eq!(gone("size: 600 MB"), [0; 0]);
    assert_eq!(gone("last: 2, size: 500 MB"), [5, 4, 3, 2]);
    assert_eq!(gone("last: 5, size: 200 MB"), [5, 4, 3, 2]);
    // Nothing older stays because it is smaller.
    let mut uneven = all.clone();
    uneven[1].bytes = 500_000_000;
    assert_eq!(ages(&uneven, &config("size: 300 MB", "")), [5, 4, 3, 2, 1]);
    // What only the object store has, and what has no file, takes nothing and stays.
    let elsewhere: Vec<_> = (0..2).map(aged).chain((2..6).map(|age| Kept { bytes: 0, ..aged(age) })).collect();
    assert_eq!(ages(&elsewhere, &config("size: 200 MB", "")), [0; 0]);
    let empty: Vec<_> = (0..3).map(failed).chain((3..5).map(aged)).collect();
    assert_eq!(ages(&empty, &config("size: 100 MB", "")), [4]);
}

#[test]
fn a_station_and_all_together_have_bounds_of_their_own_and_the_first_rule_is_told() {
    let all: Vec<_> = (0..3)
        .flat_map(|age| [of("show", "s", aged(age)), of("second", "s", aged(age)), of("other", "t", aged(age))])
        .collect();
    assert_eq!(ids(&all, &config("", "station size: 400 MB")), ["second aged 2", "show aged 2"]);
    let gone = going(&all, &config("", "keep: { size: 400 MB }"), noon());
    assert_eq!(gone.len(), 5);
    assert!(gone.iter().all(|it| it.rule.word() == "total_size"), "{gone:?}");
    // What the rule of the show deletes counts for no bound any more.
    let gone = going(&all, &config("last: 1", "keep: { size: 700 MB }"), noon());
    let told: Vec<_> = gone.iter().map(|it| (it.recording.id.as_str(), it.rule.word())).collect();
    assert_eq!(told, [("show aged 2", "show"), ("show aged 1", "show")]);
    // A show that is not in the file any more is still of its station.
    let former = [of("show", "s", aged(0)), of("former", "s", aged(1))];
    assert_eq!(ids(&former, &config("last: 1", "station size: 100 MB")), ["former aged 1"]);
    assert_eq!(ids(&former, &config("last: 1", "")), [""; 0]);
}

#[test]
fn what_is_pinned_cut_or_asked_for_once_is_outside_of_the_rules() {
    let pinned = |age| Kept { is_pinned: true, ..aged(age) };
    let all = vec![pinned(0), aged(1), pinned(2), aged(3), aged(4), pinned(90)];
    for rule in ["last: 2", "days: 4", "size: 200 MB", "last: 9, size: 200 MB"] {
        assert_eq!(ages(&all, &config(rule, "")), [4], "{rule}");
    }
    for rest in ["station size: 200 MB", "keep: { size: 200 MB }"] {
        assert_eq!(ages(&all, &config("", rest)), [4], "{rest}");
    }
    let clips = Config::clips();
    let others = vec![of("once~s", "s", aged(7)), of(clips.as_str(), "", aged(8)), aged(0), aged(1)];
    assert_eq!(ages(&others, &config("", "keep: { size: 100 MB }")), [1]);
    assert_eq!(ages(&others, &config("", "station size: 100 MB")), [1]);
}

#[test]
fn a_recording_stays_until_it_was_heard_and_a_day_longer() {
    let heard = |age, days: i64| Kept { heard_at: Some(noon() - TimeDelta::days(days)), ..aged(age) };
    let all = vec![heard(0, 0), heard(2, 1), aged(3), heard(4, 2), aged(400), failed(29), failed(30)];
    assert_eq!(ages(&all, &config("until: heard", "")), [30, 4, 2]);
    assert_eq!(ages(&all, &config("until: heard, last: 2", "")), [30, 4]);
    assert_eq!(ages(&all, &config("until: heard, days: 3", "")), [30, 4]);
    assert_eq!(ages(&all, &config("", "")), [0; 0]);
    let pinned = Kept { is_pinned: true, ..heard(5, 3) };
    assert_eq!(ages(&[pinned], &config("until: heard", "")), [0; 0]);
}

#[test]
fn a_clip_goes_by_when_it_was_made_and_not_by_when_it_was_on_the_air() {
    let made = |on_air: i64, made: i64| {
        let clip = of(Config::clips().as_str(), "", aged(on_air));
        Kept { id: AiringId::new(format!("aged {made}")), finished_at: noon() - TimeDelta::days(made), ..clip }
    };
    let clips = [made(90, 1), made(9, 7), made(90, 31), Kept { is_pinned: true, ..made(90, 32) }];
    assert_eq!(ages(&clips, &config("", "keep: { clips: 30d }")), [31]);
    assert_eq!(ages(&clips, &config("", "")), [0; 0]);
    assert_eq!(
        going(&clips, &config("", "keep: { clips: 30d }"), noon())[0].rule,
        Rule::Clips { kept: Duration::from_hours(30 * 24) }
    );
}

#[test]
fn rules_say_which_line_of_the_file_they_are() {
    let rules = [
        (config("last: 1, until: heard", ""), "`keep: { last: 1, until: heard }` of the show `show` does not keep it"),
        (config("size: 1 GiB", ""), "newer recordings of the show `show` take up its 1 GiB"),
        (config("", "station size: 1 GiB"), "newer recordings of the station `s` take up its 1 GiB"),
        (config("", "keep: { size: 1 GiB }"), "newer recordings take up the 1 GiB that all may have"),
    ];
    let big = |age| Kept { bytes: 2 << 30, heard_at: Some(noon() - TimeDelta::days(age)), ..aged(age) };
    for (config, words) in rules {
        let gone = going(&[big(0), big(1)], &config, noon());
        assert_eq!(gone.iter().map(|it| it.rule.to_string()).collect::<Vec<_>>(), [words]);
        assert!(Scope::of(&config).has("show", "s") && Scope::of_rules(&gone).has("show", "s"));
        assert_eq!(Scope::of(&config).has("once~x", "x"), config.keep_size.is_some());
    }
    assert!(Scope::of(&config("", "")).is_empty());
}
