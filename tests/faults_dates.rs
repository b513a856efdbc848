//! Wrong dates in playlists: the station's clock is set, stands still, or gives the time of the answer. The sound goes
//! on by its numbers, so nothing may be missing or doubled, and no end may be cut off.

use std::time::Duration;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

use crate::support::cases::{Case, hls, stamped, turn};
use crate::support::origin::{Container, Fault, Origin, ProgrammeTime, Setup, StationHandle};

const DATE: &str = "#EXT-X-PROGRAM-DATE-TIME:";

/// Adds `seconds` to the dates from segment `from` on.
fn set(from: u64, seconds: i64) -> Fault {
    Fault::redate(move |number, date| if number < from { date } else { date + TimeDelta::seconds(seconds) })
}

#[tokio::test]
async fn a_station_clock_that_is_set_costs_no_second() {
    let turn = turn(7).await;
    let origin = Origin::start();
    let on_air = |name: &str| origin.station(name, Setup { window: 8, ..stamped(Container::Ts) });
    let s = ["back-30", "back-3", "forward-3", "forward-30", "steps", "drift", "back-marked"].map(on_air);
    let from = |station: &StationHandle| station.newest() + 5;
    let (steps, drift) = (s[4].newest(), s[5].newest() + 2);
    let marked = from(&s[6]);
    // The encoder restarts without a pause, by a clock that is 5 s behind.
    let mark = move |text: String| {
        let name = format!("0-{marked}.");
        let at = text.find(&name).and_then(|at| text.get(..at)?.rfind(DATE));
        at.map_or(text.clone(), |at| format!("{}#EXT-X-DISCONTINUITY\n{}", &text[..at], &text[at..]))
    };
    let back_5 = Fault::redate(move |number, date| if number < marked { date } else { date - TimeDelta::seconds(5) });
    let cases = [
        Case::hls("set back by 30 s", &s[0]).fault(set(from(&s[0]), -30)).says("set its clock back by 30.0 s"),
        Case::hls("set back by 3 s", &s[1]).fault(set(from(&s[1]), -3)).says("set its clock back by 3.0 s"),
        Case::hls("set forward by 3 s", &s[2]).fault(set(from(&s[2]), 3)).says("set its clock forward by 3.0 s"),
        Case::hls("set forward by 30 s", &s[3]).fault(set(from(&s[3]), 30)).says("set its clock forward by 30.0 s"),
        Case::hls("2 s back every fourth segment", &s[4]).fault(Fault::redate(move |number, date| {
            date - TimeDelta::seconds(2 * i64::try_from(number.saturating_sub(steps) / 4).expect("few"))
        })),
        Case::hls("50 ms ahead with every segment", &s[5]).fault(Fault::redate(move |number, date| {
            date + TimeDelta::milliseconds(50 * i64::try_from(number.saturating_sub(drift)).expect("few"))
        })),
        Case::hls("back by 5 s, with a mark", &s[6]).fault(Fault::edit_playlist(mark)).fault(back_5),
    ];
    turn.record(cases, 28).await;
}

#[tokio::test]
async fn dates_that_do_not_follow_the_sound_are_ignored() {
    let turn = turn(4).await;
    let origin = Origin::start();
    let dated = |name: &str, programme_time| {
        origin.station(name, Setup { window: 8, programme_time, ..Setup::of(Container::Ts) })
    };
    let s = ["frozen", "frozen-long-ago", "answer", "burst"]
        .map(|name| dated(name, if name.starts_with("frozen") { ProgrammeTime::First } else { ProgrammeTime::Every }));
    let frozen = |station: &StationHandle, ago: i64| {
        let (begins, _) = station.on_air(station.newest() - 7);
        Fault::redate(move |_, _| begins - TimeDelta::seconds(ago))
    };
    let by_arrival = |name, station: &StationHandle| Case::placed(name, hls(station), station.segment().as_secs_f64());
    let cases = [
        by_arrival("a date that stands still", &s[0]).at(&s[0]).fault(frozen(&s[0], 0)),
        by_arrival("one that stands still for long", &s[1]).at(&s[1]).fault(frozen(&s[1], 100)).says("do not go on as"),
        by_arrival("the time of the answer", &s[2]).at(&s[2]).fault(answered()),
        by_arrival("the time of a burst", &s[3]).at(&s[3]).fault(burst()),
    ];
    turn.record(cases, 28).await;
}

/// Gives all segments the time of the answer.
fn answered() -> Fault {
    Fault::edit_playlist(|text| {
        let last = text.lines().rev().find_map(|line| line.strip_prefix(DATE)).unwrap_or_default().to_owned();
        let now: DateTime<Utc> = last.parse().expect("a date");
        // The newest segment ends at the answer, up to a poll.
        let now = now + TimeDelta::from_std(Duration::from_secs(2)).expect("short");
        let now = format!("{DATE}{}", now.to_rfc3339_opts(SecondsFormat::Millis, true));
        text.lines().map(|line| if line.starts_with(DATE) { &now } else { line }.to_owned() + "\n").collect()
    })
}

/// Gives each four segments the time when the last of them began.
fn burst() -> Fault {
    Fault::redate(|number, date| date + TimeDelta::seconds(2 * i64::try_from(3 - number % 4).expect("few")))
}
