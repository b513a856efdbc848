use std::fmt::Write as _;

use super::*;
use crate::airings::plan::counting_starts;

fn now() -> DateTime<Utc> {
    "2026-11-20T00:00:00Z".parse().unwrap()
}

fn config(shows: &str, stations: &str) -> Arc<Config> {
    let text = format!("timezone: UTC\nmin_free: 1 GB\nstations:\n{stations}shows:\n{shows}");
    Arc::new(Config::parse(&text, Path::new("stations.yaml")).unwrap())
}

fn known(config: &Arc<Config>) -> Known {
    let programme = Programme::new(Arc::clone(config), Arc::default());
    Known { programme, now: now(), tapes: Vec::new(), recordings: Vec::new(), bin: 0.0, renditions: 0.0 }
}

/// A disk of which so many bytes are left over at the worst moment.
fn disk(spare: f64) -> Vec<DiskOutlook> {
    let planned = 4_000_000_000;
    let shortage =
        || Shortage { runs_out: now(), missing: forecast::whole(-spare), room: 0, planned, airings: Vec::new() };
    let short = (spare < 0.0).then(shortage);
    vec![DiskOutlook { name: "recordings", folder: "/srv".into(), spare, planned, short }]
}

#[test]
fn a_disk_fits_again_only_with_room_to_spare() {
    let (outlook, config) = (Outlook::default(), config("  []\n", "  s: { hls: https://h.example/x }\n"));
    let mut is_short = |spare: f64| {
        outlook.take(disk(spare), &config);
        outlook.disks()[0].short.is_some()
    };
    // A tenth of `min_free` is 100 MB, a twentieth of what was planned 200 MB.
    let spares = [0.0, -1.0, 0.0, 150e6, 250e6, 50e6, -1.0, -5e9, 99e6, 201e6];
    let told = [false, true, true, true, false, false, true, true, true, false];
    assert_eq!(spares.map(&mut is_short), told);
}

#[test]
fn what_is_recorded_takes_its_file_and_its_tape_for_as_long_as_that_is_needed() {
    let stations = "  s: { hls: https://h.example/x }\n  t: { hls: https://h.example/y, tape: 2d }\n";
    let shows = "  - { title: A, station: s, cron: \"0 3 * * *\", length: 1h }\n  \
                 - { title: B, station: s, cron: \"30 3 * * *\", length: 1h }\n";
    let config = config(shows, stations);
    let Balances { sides: [files, state], coming, .. } = balances(known(&config));
    assert_eq!(coming.len(), 2);
    let sum = |side: &Side| side.flows.iter().map(|flow| flow.bytes).sum::<f64>();
    let hour = ASSUMED / 8.0 * 3600.0;
    let plain = 2.0 * 128_000.0 / 8.0 * 3600.0;
    assert!(sum(&files) > plain && sum(&files) < plain * 1.1, "{}", sum(&files));
    // The tape of `s` goes again; it is one and a half hours for both. That of `t` stays.
    assert!((sum(&state) - 24.0 * hour).abs() < 1.0, "{}", sum(&state));
    let comes: f64 = state.flows.iter().filter(|flow| flow.bytes > 0.0).map(|flow| flow.bytes).sum();
    assert!((comes - 25.5 * hour).abs() < 1.0, "{comes}");
    assert!((kept_for_good(&config, now()) as f64 - sum(&files)).abs() < 2.0);
}

#[test]
fn two_thousand_shows_of_a_thousand_stations_cost_a_start_or_two_each() {
    let (mut stations, mut shows) = (String::new(), String::new());
    for number in 0..1_000 {
        let tape = ["", ", tape: 42d", ", tape: { keep: 7d, hours: 6-23 }"][number % 3];
        writeln!(stations, "  s{number}: {{ hls: \"https://h{number}.example/x\"{tape} }}").unwrap();
    }
    for number in 0..2_000 {
        let (minute, hour, station) = (number % 60, number % 24, number % 1_000);
        let cron = format!("\"{minute} {hour} * * *\"");
        writeln!(shows, "  - {{ title: n{number}, station: s{station}, cron: {cron}, length: 1h }}").unwrap();
    }
    let config = config(&shows, &stations);
    let (balances, starts) = counting_starts(|| balances(known(&config)));
    assert!(starts <= 6_000, "{starts} starts");
    let flows = balances.sides.iter().map(|side| side.flows.len()).sum::<usize>();
    assert!(balances.coming.len() >= 2_000 && flows <= 3 * balances.coming.len() + 2_000, "{flows} flows");
    let lowest = forecast::lowest(0.0, &balances.sides[1].flows, Span::new(now(), now() + AHEAD));
    assert_eq!(lowest.runs_out, Some(now()));
}
