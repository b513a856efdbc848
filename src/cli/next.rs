//! `aircheck next`: the coming airings, in their zones.

use std::path::Path;

use chrono::{DateTime, SecondsFormat, Timelike as _, Utc};
use chrono_tz::Tz;
use serde::Serialize;

use super::print::{print, print_json, table};
use crate::base::clock::Clock;
use crate::config::Config;
use crate::model::{Airing, AiringId, ShowId, StationId};
use crate::schedule::plan;

/// An airing as scripts read it; times in RFC 3339 with the offset of the zone, on air, without padding.
#[derive(Debug, Serialize)]
struct Row<'a> {
    id: &'a AiringId,
    show: &'a ShowId,
    station: &'a StationId,
    start: String,
    end: String,
    timezone: &'static str,
}

/// Prints the next `count` airings of the file at `path`. Exit code 2 when the file is wrong.
pub fn run(path: &Path, count: usize, json: bool, clock: &dyn Clock) -> anyhow::Result<u8> {
    let config = match Config::look(path) {
        Ok(config) => config,
        Err(errors) => {
            eprintln!("{errors}");
            return Ok(2);
        }
    };
    let airings = plan::coming(&config.shows, clock.now(), count);
    if json {
        print_json(&airings.iter().map(row).collect::<Vec<_>>())?;
    } else if airings.is_empty() {
        print(&format!("No show is planned: add one under `shows:` in {}.\n", config.file.display()))?;
    } else {
        print(&text(&config, &airings))?;
    }
    Ok(0)
}

fn row(airing: &Airing) -> Row<'_> {
    Row {
        id: &airing.id,
        show: &airing.show,
        station: &airing.station,
        start: rfc3339(airing.on_air.start, airing.timezone),
        end: rfc3339(airing.on_air.end, airing.timezone),
        timezone: airing.timezone.name(),
    }
}

/// An instant in RFC 3339 with the offset of `zone`.
pub(super) fn rfc3339(instant: DateTime<Utc>, zone: Tz) -> String {
    instant.with_timezone(&zone).to_rfc3339_opts(SecondsFormat::Secs, false)
}

fn text(config: &Config, airings: &[Airing]) -> String {
    let rows: Vec<[String; 4]> = airings
        .iter()
        .map(|airing| {
            let start = airing.on_air.start.with_timezone(&airing.timezone);
            let end = airing.on_air.end.with_timezone(&airing.timezone);
            let show = config.show(&airing.show).map_or(airing.show.as_str(), |show| &show.title);
            let station = config.station(&airing.station).map_or(airing.station.as_str(), |station| &station.name);
            [
                start.format("%a %Y-%m-%d").to_string(),
                format!("{}-{} {}", clock(&start), clock(&end), end.format("%Z")),
                show.to_owned(),
                station.to_owned(),
            ]
        })
        .collect();
    table("", &rows)
}

/// The time of day; seconds only where there are any.
fn clock(at: &DateTime<Tz>) -> impl std::fmt::Display {
    at.format(if at.second() == 0 { "%H:%M" } else { "%H:%M:%S" })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> Config {
        let text = "timezone: Asia/Seoul\nstations:\n  kbs: { name: KBS 1FM, hls: https://h.example/x }\nshows:\n  \
                    - { title: 명연주 명음반, station: kbs, cron: \"0 14 * * *\", length: 2h, early: 30s }\n  \
                    - { title: Jazz, id: jazz, station: kbs, cron: \"30 23 * * *\", length: 1h, timezone: Europe/Paris }\n";
        Config::parse(text, Path::new("stations.yaml")).unwrap()
    }

    #[test]
    fn airings_are_told_in_their_own_zones_without_padding() {
        let config = config();
        let airings = plan::coming(&config.shows, "2026-11-20T00:00:00Z".parse().unwrap(), 2);
        let json = serde_json::to_value(airings.iter().map(row).collect::<Vec<_>>()).unwrap();
        assert_eq!(
            json[0],
            serde_json::json!({
                "id": "명연주-명음반@20261120T0500Z",
                "show": "명연주-명음반",
                "station": "kbs",
                "start": "2026-11-20T14:00:00+09:00",
                "end": "2026-11-20T16:00:00+09:00",
                "timezone": "Asia/Seoul",
            })
        );
        assert_eq!(json[1]["start"], "2026-11-20T23:30:00+01:00");
        assert_eq!(json[1]["end"], "2026-11-21T00:30:00+01:00");
        assert_eq!(
            text(&config, &airings),
            "Fri 2026-11-20  14:00-16:00 KST  명연주 명음반  KBS 1FM\n\
             Fri 2026-11-20  23:30-00:30 CET  Jazz           KBS 1FM\n"
        );
    }
}
