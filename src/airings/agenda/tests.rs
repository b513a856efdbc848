use std::collections::BTreeSet;
use std::path::Path;

use super::*;
use crate::airings::plan::counting_starts;
use crate::model::{Airing, Planned, ShowId, Span, StationId};

const LEAD: TimeDelta = TimeDelta::seconds(15);

fn config(shows: &str) -> Arc<Config> {
    let text =
        format!("timezone: Europe/Paris\nstations:\n  s: {{ name: S, hls: https://h.example/x }}\nshows:\n{shows}");
    Arc::new(Config::parse(&text, Path::new("stations.yaml")).unwrap())
}

const SHOWS: &str = "  - { title: hourly, station: s, cron: \"0 * * * *\", length: 10m, early: 90s, late: 1m }
  - { title: often, station: s, cron: \"*/7 * * * *\", length: 30m, early: 20m }
  - { title: night, station: s, cron: \"30 2 * * *\", length: 5h }
  - { title: late, station: s, cron: \"0 23 * * 5\", length: 1h, early: 10s }
";

fn at(text: &str) -> DateTime<Utc> {
    format!("2026-10-{text}Z").parse().unwrap()
}

fn once(start: DateTime<Utc>) -> Planned {
    let show = ShowId::new("once~s~concert");
    let airing = Airing {
        id: AiringId::derive(&show, start),
        show,
        station: StationId::new("s"),
        on_air: Span::new(start, start + TimeDelta::minutes(5)),
        early: TimeDelta::zero(),
        late: TimeDelta::zero(),
        timezone: "Europe/Paris".parse().unwrap(),
    };
    let (origin, title) = (Origin::Hand, "Concert".to_owned());
    Planned { airing, title, origin, skipped: false, moved: false, until_stopped: false, connecting_until: None }
}

fn ids(due: &[Planned]) -> Vec<String> {
    due.iter().map(|due| due.airing.id.to_string()).collect()
}

/// Returns an agenda that was first asked at `now`.
fn begun(programme: &Programme, now: DateTime<Utc>) -> Agenda {
    let mut agenda = Agenda::default();
    agenda.due(programme, now, LEAD);
    agenda
}

/// Goes through a week with the change of the clocks in it. Looks come early, late and after a long sleep; amendments
/// and the configuration change.
#[test]
fn every_airing_is_handed_out_once_in_the_very_look_in_which_it_becomes_due() {
    let mut programme = Programme::new(config(SHOWS), Arc::default());
    let (mut agenda, mut seen) = (Agenda::default(), BTreeSet::new());
    let (mut now, mut count) = (at("20T00:00:03"), 0);
    for look in 0_i64..4_000 {
        match look % 1_000 {
            300 => {
                let added = [once(now + TimeDelta::minutes(47)), once(now + TimeDelta::seconds(3))];
                let skipped = programme.coming(now + LEAD, 1).remove(0);
                let extended = programme.coming(now + LEAD, 2).remove(1);
                let until = extended.airing.on_air.end + TimeDelta::hours(2);
                let extended = Planned { airing: extended.airing.until(until), moved: true, ..extended };
                let changes = added.into_iter().chain([Planned { skipped: true, ..skipped }, extended]);
                programme = Programme::new(Arc::clone(programme.config()), Arc::new(changes.collect()));
            }
            600 => programme = Programme::new(config(SHOWS), Arc::clone(programme.amendments())),
            _ => {}
        }
        let mut wanted = programme.due(now, LEAD);
        wanted.retain(|due| seen.insert(due.airing.id.clone()));
        let is_quiet = agenda.is_quiet(&programme, now, LEAD);
        let is_rebuilt = !agenda.is_of(&programme);
        let mut due = agenda.due(&programme, now, LEAD);
        if is_rebuilt {
            let wanted: BTreeSet<_> = wanted.iter().map(|due| due.airing.id.clone()).collect();
            due.retain(|due| wanted.contains(&due.airing.id));
        }
        assert_eq!(due, wanted, "at {now}");
        assert!(!is_quiet || due.is_empty(), "at {now}");
        count += due.len();
        now += match look % 97 {
            13 => TimeDelta::hours(3),
            14 => TimeDelta::seconds(-2),
            n => TimeDelta::seconds(1 + n * 7 % 240),
        };
    }
    assert!(now > at("27T00:00:00") && count > 1_000, "{count} until {now}");
}

#[test]
fn a_second_in_which_nothing_begins_computes_no_start_of_any_show() {
    let shows: String = (0..1_000)
        .map(|n| format!("  - {{ title: s{n}, station: s, cron: \"{} {} * * *\", length: 5m }}\n", n % 60, 2 + n % 3))
        .collect();
    let programme = Programme::new(config(&shows), Arc::default());
    let mut agenda = Agenda::default();
    let (_, count) = counting_starts(|| agenda.due(&programme, at("20T12:00:00"), LEAD));
    assert!(count <= 2_000, "{count} starts to begin with");
    let (quiet, count) = counting_starts(|| {
        (1..=3_600).all(|second| agenda.is_quiet(&programme, at("20T12:00:00") + TimeDelta::seconds(second), LEAD))
    });
    assert!(quiet);
    assert_eq!(count, 0, "starts in an hour");
    // A second in which some shows begin costs only those. In Paris it is two hours later.
    let now = at("21T00:00:00") - LEAD;
    assert!(agenda.is_quiet(&programme, now - TimeDelta::seconds(1), LEAD) && !agenda.is_quiet(&programme, now, LEAD));
    let (due, count) = counting_starts(|| agenda.due(&programme, now, LEAD));
    assert!(!due.is_empty() && count <= 3 * due.len(), "{count} starts for {} airings", due.len());
    assert!(agenda.is_quiet(&programme, now, LEAD));
}

#[test]
fn what_could_not_be_begun_is_handed_out_again_until_it_is_over() {
    let start = at("20T12:00:00");
    let programme = Programme::new(config(SHOWS), Arc::new([once(start)].into_iter().collect()));
    let mut agenda = begun(&programme, start - TimeDelta::minutes(1));
    let mut now = start - TimeDelta::seconds(5);
    let due = agenda.due(&programme, now, LEAD);
    assert_eq!(ids(&due), ["once~s~concert@20261020T1200Z"]);
    for _ in 0..3 {
        agenda.again(&due[0]);
        now += TimeDelta::seconds(1);
        assert_eq!(agenda.due(&programme, now, LEAD), due, "at {now}");
    }
    agenda.again(&due[0]);
    let later = agenda.due(&programme, start + TimeDelta::minutes(6), LEAD);
    assert!(!later.contains(&due[0]), "the airing is over by then");
    let due = agenda.due(&programme, at("20T12:59:00"), LEAD);
    let hourly = due.into_iter().find(|due| due.airing.show.as_str() == "hourly").unwrap();
    agenda.again(&hourly);
    assert_eq!(agenda.due(&programme, at("20T12:59:01"), LEAD), [hourly]);
    let next = agenda.due(&programme, at("20T13:58:30"), LEAD);
    assert_eq!(ids(&next).iter().filter(|id| id.starts_with("hourly@")).collect::<Vec<_>>(), ["hourly@20261020T1400Z"]);
}

#[test]
fn after_the_clock_was_set_what_is_due_by_it_is_handed_out() {
    let programme = Programme::new(config(SHOWS), Arc::default());
    let mut agenda = begun(&programme, at("20T12:05:00"));
    let back = at("20T10:00:00");
    assert!(agenda.is_quiet(&programme, back, LEAD), "until the agenda hears of the clock, nothing is due");
    agenda.clock_was_set();
    assert!(!agenda.is_quiet(&programme, back, LEAD));
    assert_eq!(agenda.due(&programme, back, LEAD), programme.due(back, LEAD));
    assert!(agenda.is_quiet(&programme, back, LEAD));
}

#[test]
fn of_many_shows_that_could_not_be_begun_each_is_handed_out_again() {
    let shows: String = (0..200)
        .map(|n| format!("  - {{ title: s{n}, station: s, cron: \"0 12 * * *\", length: 5m, timezone: UTC }}\n"))
        .collect();
    let programme = Programme::new(config(&shows), Arc::default());
    let mut agenda = begun(&programme, at("20T11:00:00"));
    let due = agenda.due(&programme, at("20T12:00:00"), LEAD);
    assert_eq!(due.len(), 200);
    for due in &due {
        agenda.again(due);
    }
    assert_eq!(agenda.due(&programme, at("20T12:00:01"), LEAD), due);
}
