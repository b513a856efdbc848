use std::path::Path;

use super::*;
use crate::model::{ShowId, StationId};

fn config(shows: &str) -> Arc<Config> {
    let text = format!(
        "timezone: UTC\nstations:\n  s: {{ name: S, hls: https://h.example/x, timezone: Europe/Paris }}\nshows:\n{shows}"
    );
    Arc::new(Config::parse(&text, Path::new("stations.yaml")).unwrap())
}

const HOURLY: &str = "  - { title: News, station: s, cron: \"0 * * * *\", length: 10m, early: 1m, late: 1m }\n";

fn at(text: &str) -> DateTime<Utc> {
    format!("2026-11-20T{text}Z").parse().unwrap()
}

fn programme(shows: &str, amendments: impl IntoIterator<Item = Planned>) -> Programme {
    Programme::new(config(shows), Arc::new(amendments.into_iter().collect()))
}

/// Returns the airing of the file with this id, as an amendment that changes nothing yet.
fn of_file(id: &str) -> Planned {
    programme(HOURLY, []).get(&AiringId::new(id)).unwrap()
}

fn once(show: &str, start: &str, end: &str) -> Planned {
    let (show, on_air) = (ShowId::new(show), Span::new(at(start), at(end)));
    let airing = Airing {
        id: AiringId::derive(&show, on_air.start),
        show,
        station: StationId::new("s"),
        on_air,
        early: TimeDelta::zero(),
        late: TimeDelta::zero(),
        timezone: "Europe/Paris".parse().unwrap(),
    };
    let title = "Concert".to_owned();
    Planned {
        airing,
        title,
        origin: Origin::Hand,
        skipped: false,
        moved: false,
        until_stopped: false,
        connecting_until: None,
    }
}

fn ids(planned: &[Planned]) -> Vec<&str> {
    planned.iter().map(|planned| planned.airing.id.as_str()).collect()
}

#[test]
fn what_is_due_includes_the_lead_and_the_rest_of_what_is_on_the_air() {
    let programme = programme(
        "  - { title: a, station: s, cron: \"0 14 * * *\", length: 1h, early: 30s, timezone: UTC }\n  \
         - { title: b, station: s, cron: \"30 14 * * *\", length: 1h, timezone: UTC }\n",
        [],
    );
    let due = |now: &str| {
        let due = programme.due(at(now), TimeDelta::seconds(10));
        due.iter().map(|planned| planned.airing.show.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(due("13:59:19"), [""; 0]);
    assert_eq!(due("13:59:20"), ["a"]);
    // The daemon starts in the middle, while two shows overlap on one station.
    assert_eq!(due("14:45:00"), ["a", "b"]);
    assert_eq!(due("15:00:00"), ["b"]);
    assert_eq!(due("15:30:00"), [""; 0]);
    assert!(programme.due(DateTime::<Utc>::MAX_UTC, TimeDelta::MAX).is_empty());
}

#[test]
fn a_skipped_airing_is_shown_as_such_and_never_due() {
    let skip = Planned { skipped: true, ..of_file("news@20261120T1400Z") };
    let programme = programme(HOURLY, [skip]);
    let coming = programme.coming(at("13:30:00"), 2);
    assert_eq!(ids(&coming), ["news@20261120T1400Z", "news@20261120T1500Z"]);
    assert_eq!((coming[0].skipped, coming[1].skipped), (true, false));
    assert!(programme.due(at("14:05:00"), TimeDelta::seconds(15)).is_empty());
    assert_eq!(programme.due(at("15:05:00"), TimeDelta::seconds(15)).len(), 1);
}

#[test]
fn a_later_end_is_found_where_the_plan_no_longer_looks_and_an_earlier_one_ends_the_airing() {
    let planned = of_file("news@20261120T1400Z");
    let lead = TimeDelta::seconds(15);
    let extended = Planned { airing: planned.airing.until(at("16:30:00")), moved: true, ..planned.clone() };
    let programme_of = |amendment: Planned| programme(HOURLY, [amendment]);
    let due = programme_of(extended.clone()).due(at("16:15:00"), lead);
    assert_eq!(ids(&due), ["news@20261120T1400Z"]);
    assert_eq!(due[0].airing.cut(), Span::new(at("13:59:00"), at("16:31:00")));
    // Then two airings of one show overlap, as any others may.
    assert_eq!(programme_of(extended.clone()).due(at("15:05:00"), lead).len(), 2);
    assert!(programme_of(extended).due(at("16:31:00"), lead).is_empty());

    let stopped = Planned { airing: planned.airing.stopped(at("14:04:00")), moved: true, ..planned };
    assert!(programme_of(stopped.clone()).due(at("14:04:00"), lead).is_empty());
    assert_eq!(programme_of(stopped).due(at("14:03:59"), lead).len(), 1);
}

#[test]
fn what_the_file_says_now_counts_for_everything_but_the_change() {
    let skip = Planned { skipped: true, ..of_file("news@20261120T1400Z") };
    let moved = of_file("news@20261120T1500Z");
    let moved = Planned { airing: moved.airing.until(at("15:40:00")), moved: true, ..moved };
    let edited = "  - { title: Late news, id: news, station: s, cron: \"0 14 * * *\", length: 20m, timezone: UTC }\n";
    let programme = programme(edited, [skip, moved]);
    let day = programme.airings(Span::new(at("00:00:00"), at("23:59:00")));
    assert_eq!(
        ids(&day),
        ["news@20261120T1400Z"],
        "the file has no airing at 15:00 any more, so its new end does not count"
    );
    assert_eq!((day[0].title.as_str(), day[0].airing.cut()), ("Late news", Span::new(at("14:00:00"), at("14:20:00"))));
    assert!(day[0].skipped);
}

#[test]
fn one_time_airings_stand_among_the_others_and_overlap_with_them() {
    let concert = once("once~s~concert", "14:00:07", "17:00:00");
    let extra = once("news", "14:30:00", "14:40:00");
    let programme = programme(HOURLY, [concert, extra]);
    assert_eq!(
        ids(&programme.coming(at("13:59:00"), 3)),
        ["news@20261120T1400Z", "once~s~concert@20261120T140007Z", "news@20261120T1430Z"]
    );
    let extra = programme.get(&AiringId::new("news@20261120T1430Z")).unwrap();
    assert_eq!((extra.origin, extra.title.as_str()), (Origin::Hand, "News"), "a show of the file has its own title");
    let concert = programme.get(&AiringId::new("once~s~concert@20261120T140007Z")).unwrap();
    assert_eq!((concert.origin, concert.title.as_str()), (Origin::Hand, "Concert"));
    assert_eq!(programme.due(at("14:35:00"), TimeDelta::zero()).len(), 2);
}

#[test]
fn without_its_station_or_its_show_a_one_time_airing_is_neither_shown_nor_due() {
    let mut elsewhere = once("once~x~concert", "14:00:07", "15:00:00");
    elsewhere.airing.station = StationId::new("x");
    let of_a_show = once("gone", "14:30:00", "14:40:00");
    let programme = programme("  []\n", [elsewhere, of_a_show]);
    assert!(programme.coming(at("13:00:00"), 9).is_empty());
    assert!(programme.due(at("14:35:00"), TimeDelta::zero()).is_empty());
    assert_eq!(programme.get(&AiringId::new("gone@20261120T1430Z")), None);
}

#[test]
fn an_airing_is_found_by_its_id_through_the_changes_of_the_clocks() {
    let shows = "  - { title: P, station: s, cron: \"30 2 * * *\", length: 1h }\n";
    let get = |id: &str| programme(shows, []).get(&AiringId::new(id)).map(|found| found.airing.on_air.start);
    // 02:30 in Paris is 01:30 UTC in winter. It does not exist on 29 March, when 03:00 takes its place, and comes twice
    // on 25 October.
    assert!(get("p@20260328T0130Z").is_some() && get("p@20260329T0100Z").is_some());
    assert!(get("p@20260329T0130Z").is_none());
    assert!(get("p@20261025T0030Z").is_some() && get("p@20261025T0130Z").is_none());
    for wrong in
        ["p@20260328T013000Z", "p@20260328T0131Z", "p@2026", "p", "", "@", "x@20260328T0130Z", "p@20260328T0130"]
    {
        assert!(get(wrong).is_none(), "{wrong}");
    }
}

#[test]
fn a_skip_of_the_night_of_two_half_past_twos_skips_what_airs_then() {
    let shows = "  - { title: P, station: s, cron: \"*/30 2 * * *\", length: 10m }\n";
    let night = Span::new("2026-10-25T00:00:00Z".parse().unwrap(), "2026-10-25T02:00:00Z".parse().unwrap());
    let plain = programme(shows, []).airings(night);
    assert_eq!(ids(&plain).len(), 4, "the hour is there twice");
    let skip = Planned { skipped: true, ..plain[3].clone() };
    let skipped: Vec<_> = programme(shows, [skip]).airings(night).iter().map(|planned| planned.skipped).collect();
    assert_eq!(skipped, [false, false, false, true], "and each has an id of its own");
}

#[test]
fn a_running_airing_is_in_the_programme_once_and_as_it_is_recorded() {
    let begun = of_file("news@20261120T1400Z").airing;
    let with =
        |shows: &str, begun: &Airing| programme(shows, []).with_recording([(begun.clone(), "As it was".to_owned())]);
    let hour = Span::new(at("14:00:00"), at("14:30:00"));
    for shows in [
        "  []\n",
        "  - { title: News, station: s, cron: \"0 14 * * *\", length: 5m, timezone: UTC }\n",
        // The title is another, and so the id is.
        "  - { title: Late news, station: s, cron: \"0 14 * * *\", length: 10m, timezone: UTC }\n",
    ] {
        let programme = with(shows, &begun);
        let found = programme.airings(hour);
        assert_eq!((ids(&found), &found[0].airing), (vec!["news@20261120T1400Z"], &begun), "{shows}");
        assert_eq!((found[0].title.as_str(), found[0].origin), ("As it was", Origin::File));
        assert_eq!(programme.get(&begun.id).map(|planned| planned.airing), Some(begun.clone()));
        assert_eq!(programme.get(&AiringId::new("late-news@20261120T1400Z")), None);
        assert_eq!(ids(&programme.coming(at("13:59:30"), 1)), ["news@20261120T1400Z"], "its padding is being recorded");
        assert_eq!(ids(&programme.due(at("14:02:00"), TimeDelta::zero())), ["news@20261120T1400Z"]);
    }
    // A show that the running airing does not contain is not left out.
    for others in [
        "  - { title: Longer, station: s, cron: \"0 14 * * *\", length: 20m, timezone: UTC }\n",
        "  - { title: Later, station: s, cron: \"5 14 * * *\", length: 5m, timezone: UTC }\n",
    ] {
        assert_eq!(with(others, &begun).airings(hour).len(), 2, "{others}");
    }
    let both = format!("{HOURLY}  - {{ title: Other, station: s, cron: \"0 14 * * *\", length: 5m, timezone: UTC }}\n");
    assert_eq!(with(&both, &begun).airings(hour).len(), 2, "two shows of the file are two");
}

#[test]
fn a_recording_by_hand_that_began_with_a_show_does_not_stand_for_that_show() {
    let by_hand = once("once~s", "14:00:00", "16:00:00").airing;
    let shows = config(HOURLY);
    let show = plan::at(&shows.shows[0], at("14:00:00")).unwrap();
    let longer = Airing { early: TimeDelta::hours(1), ..by_hand };
    assert!(!was_renamed(&shows, &longer, false, &show));
    let of_the_file = Airing { show: ShowId::new("old-news"), ..longer };
    assert!(was_renamed(&shows, &of_the_file, false, &show), "a show that the file has no longer does");
}
