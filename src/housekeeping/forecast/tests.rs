use std::path::Path;

use chrono::TimeDelta;

use super::*;
use crate::config::Encoding;
use crate::model::{Airing, AiringId, Origin, ShowId, StationId};

fn at(hours: f64) -> DateTime<Utc> {
    let midnight: DateTime<Utc> = "2026-11-20T00:00:00Z".parse().unwrap();
    let apart = delta(Duration::from_secs_f64(hours.abs() * 3600.0));
    if hours < 0.0 { midnight - apart } else { midnight + apart }
}

fn day() -> Span {
    Span::new(at(0.0), at(24.0))
}

fn comes(from: f64, to: f64, bytes: f64) -> Flow {
    Flow { span: Span::new(at(from), at(to)), bytes }
}

/// The least room of what comes and goes, and the hour at which it runs out.
fn least(room: f64, flows: &[Flow]) -> (f64, Option<f64>) {
    let lowest = lowest(room, flows, day());
    let hour = |at_: DateTime<Utc>| (at_ - at(0.0)).as_seconds_f64() / 3600.0;
    (lowest.room.round(), lowest.runs_out.map(hour).map(|hour| (hour * 100.0).round() / 100.0))
}

#[test]
fn room_runs_out_when_more_has_come_than_there_is_room() {
    assert_eq!(least(100.0, &[]), (100.0, None));
    assert_eq!(least(100.0, &[comes(2.0, 4.0, 100.0)]), (0.0, None), "it just fits");
    assert_eq!(least(100.0, &[comes(2.0, 4.0, 200.0)]), (-100.0, Some(3.0)));
    let two = [comes(2.0, 4.0, 80.0), comes(10.0, 11.0, 80.0)];
    assert_eq!(least(100.0, &two), (-60.0, Some(10.25)));
    assert_eq!(least(-5.0, &[]), (-5.0, Some(0.0)), "it has run out");
    assert_eq!(least(100.0, &[comes(23.0, 25.0, 300.0)]), (-50.0, Some(23.67)), "of what goes on only the part counts");
    assert_eq!(least(100.0, &[comes(-2.0, 2.0, 100.0)]), (50.0, None));
}

#[test]
fn what_goes_makes_room_from_then_on_and_not_before() {
    let gone = Flow::gone(at(5.0), 100.0);
    assert_eq!(least(100.0, &[comes(2.0, 4.0, 80.0), gone, comes(10.0, 11.0, 80.0)]), (20.0, None));
    assert_eq!(least(100.0, &[comes(2.0, 4.0, 150.0), gone]), (-50.0, Some(3.33)), "it goes too late");
    let at_once = [Flow { span: Span::new(at(5.0), at(5.0)), bytes: 150.0 }, gone];
    assert_eq!(least(100.0, &at_once), (-50.0, Some(5.0)), "what comes comes first");
}

#[test]
fn the_tape_of_a_show_goes_with_it_and_what_is_promised_stays() {
    let (now, rate) = (at(1.0), 8.0);
    let spans = [Span::new(at(0.0), at(2.0)), Span::new(at(5.0), at(6.0))];
    let sum = |flows: &[Flow], later: f64| {
        flows.iter().filter(|flow| flow.span.end <= at(later)).map(|flow| flow.bytes).sum::<f64>().to_string()
    };
    let flows = tape(&spans, rate, false, now);
    assert_eq!(sum(&flows, 2.0), "3600", "what is on it already takes no more room");
    assert_eq!(sum(&flows, 2.5), "-3600", "and goes with the rest");
    assert_eq!(sum(&flows, 24.0), "-3600");
    assert_eq!(sum(&tape(&spans, rate, true, now), 24.0), "7200");
    let overlapping = vec![Span::new(at(5.0), at(6.0)), Span::new(at(1.0), at(2.0)), Span::new(at(1.5), at(3.0))];
    assert_eq!(merged(overlapping), [Span::new(at(1.0), at(3.0)), Span::new(at(5.0), at(6.0))]);
}

#[test]
fn a_station_that_is_always_on_tape_takes_room_in_its_hours() {
    let rule = |hours: &str| {
        let tape = format!("tape: {{ keep: 2d, hours: {hours} }}");
        let text = format!("stations:\n  s: {{ hls: https://h.example/x, {tape} }}\n");
        Config::parse(&text, Path::new("stations.yaml")).unwrap().stations[0].tape.clone().unwrap()
    };
    let zone = crate::base::zone::Zone::utc();
    assert_eq!(always(&rule("0-24"), zone, day()), [day()]);
    let spans = always(&rule("22-2"), zone, day());
    assert_eq!(spans, [Span::new(at(0.0), at(2.0)), Span::new(at(22.0), at(24.0))]);
}

#[test]
fn a_recording_is_as_large_as_its_encoding_or_as_what_the_station_sends() {
    let hour = TimeDelta::hours(1);
    let mp3 = Encoding::default();
    let plain = 128_000.0 / 8.0 * 3600.0;
    let size = recording(&mp3, hour, 320_000.0);
    assert!(size >= plain && size < plain * 1.1, "{size}");
    let original = recording(&Encoding { original: true, ..mp3 }, hour, 320_000.0);
    assert!(original >= plain * 2.5 && original < plain * 2.75, "{original}");
}

fn config(keep: &str) -> Config {
    let text = format!(
        "timezone: UTC\nstations:\n  s: {{ hls: https://h.example/x }}\nshows:\n  \
         - {{ title: News, station: s, cron: \"0 3 * * *\", length: 1h, keep: {keep} }}\n"
    );
    Config::parse(&text, Path::new("stations.yaml")).unwrap()
}

fn airing(starts: f64) -> Airing {
    let (show, start) = (ShowId::new("news"), at(starts));
    Airing {
        id: AiringId::derive(&show, start),
        show,
        station: StationId::new("s"),
        on_air: Span::new(start, start + TimeDelta::hours(1)),
        early: TimeDelta::zero(),
        late: TimeDelta::zero(),
        timezone: crate::base::zone::Zone::utc(),
    }
}

fn recorded(starts: f64, bytes: u64) -> Kept {
    let Airing { id, show, station, on_air, .. } = airing(starts);
    Kept {
        file: Some(id.as_str().into()),
        id,
        show,
        station,
        title: "News".to_owned(),
        on_air,
        finished_at: on_air.end,
        bytes,
        is_pinned: false,
        heard_at: None,
    }
}

#[test]
fn what_keep_does_not_keep_goes_when_a_new_recording_is_there_and_not_before() {
    let planned = Planned {
        airing: airing(3.0),
        title: "News".to_owned(),
        origin: Origin::File,
        skipped: false,
        moved: false,
        until_stopped: false,
        connecting_until: None,
    };
    let coming = [Coming { planned, bytes: 70.0 }];
    let all = vec![recorded(-21.0, 30), recorded(-45.0, 20)];
    let gone = |keep: &str| {
        let gone = kept(all.clone(), &coming, &config(keep), day());
        gone.into_iter().map(|(at_, gone)| ((at_ - at(0.0)).num_minutes(), gone.bytes)).collect::<Vec<_>>()
    };
    assert_eq!(gone("{ last: 2 }"), [(4 * 60 + 10, 20)]);
    assert_eq!(gone("{ last: 1 }"), [(10, 20), (4 * 60 + 10, 30)], "one is too many already");
    assert_eq!(gone("{ days: 2 }"), [(4 * 60 + 10, 20)]);
    assert_eq!(gone("{}"), []);
}
