//! `aircheck next`: the coming airings, in their zones.

use std::path::Path;
use std::sync::Arc;

use crate::base::zone::Zone;
use chrono::{DateTime, SecondsFormat, Timelike as _, Utc};

use super::catalogue;
use super::print::{print, print_json, short, table};
use super::runtime::block_on;
use crate::airings::programme::Programme;
use crate::base::clock::Clock;
use crate::config::Config;
use crate::library::catalogue::CatalogueError;
use crate::model::{Amendments, Planned};
use crate::web::wire::Airing;

/// Prints the next `count` airings of the file at `path`. Exit code 2 if the file is wrong.
pub fn run(path: &Path, count: u32, json: bool, clock: &dyn Clock) -> anyhow::Result<u8> {
    let config = match Config::look(path) {
        Ok(config) => config,
        Err(errors) => {
            eprintln!("{errors}");
            return Ok(2);
        }
    };
    let config = Arc::new(config);
    let programme = Programme::new(Arc::clone(&config), Arc::new(by_hand(&config)?));
    let now = clock.now();
    let coming = programme.coming(now, usize::try_from(count)?);
    if json {
        print_json(&coming.iter().map(|planned| Airing::of(planned, now, false)).collect::<Vec<_>>())?;
    } else if coming.is_empty() {
        print(&format!("No show is planned: add one under `shows:` in {}.\n", config.file.display()))?;
    } else {
        print(&text(&config, &coming))?;
    }
    Ok(0)
}

/// Returns what was changed by hand, if the service has ever run and its catalogue can be read.
fn by_hand(config: &Config) -> anyhow::Result<Amendments> {
    let amendments = async {
        match catalogue::open(config).await? {
            Some(catalogue) => catalogue.amendments().await,
            None => Ok(Amendments::default()),
        }
    };
    Ok(match block_on(amendments)? {
        Ok(amendments) => amendments,
        // An older release knew no changes by hand.
        Err(CatalogueError::Older { .. }) => Amendments::default(),
        Err(error) => {
            eprintln!("aircheck: this is what the file says; what was changed by hand cannot be read: {error}");
            Amendments::default()
        }
    })
}

/// Writes an instant in RFC 3339 with the offset of `zone`.
pub(super) fn rfc3339(instant: DateTime<Utc>, zone: Zone) -> String {
    instant.with_timezone(&zone).to_rfc3339_opts(SecondsFormat::Secs, false)
}

fn text(config: &Config, coming: &[Planned]) -> String {
    let rows: Vec<[String; 4]> = coming
        .iter()
        .map(|planned| {
            let airing = &planned.airing;
            let start = airing.on_air.start.with_timezone(&airing.timezone);
            let end = airing.on_air.end.with_timezone(&airing.timezone);
            let station = short(config.station_name(&airing.station));
            [
                start.format("%a %Y-%m-%d").to_string(),
                format!("{}-{} {}", clock(&start), clock(&end), end.format("%Z")),
                short(&planned.title),
                if planned.skipped { format!("{station}  skipped") } else { station },
            ]
        })
        .collect();
    table("", &rows)
}

/// Writes the time of day, with seconds only if there are any.
fn clock(at: &DateTime<Zone>) -> impl std::fmt::Display {
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
    fn airings_are_listed_in_their_own_zones_without_padding() {
        let (config, now) = (Arc::new(config()), "2026-11-20T00:00:00Z".parse().unwrap());
        let mut coming = Programme::new(Arc::clone(&config), Arc::default()).coming(now, 2);
        let json: Vec<_> = coming.iter().map(|planned| Airing::of(planned, now, false)).collect();
        let json = serde_json::to_value(json).unwrap();
        assert_eq!(
            json[0],
            serde_json::json!({
                "id": "명연주-명음반@20261120T0500Z",
                "show": "명연주-명음반",
                "title": "명연주 명음반",
                "station": "kbs",
                "start": "2026-11-20T14:00:00+09:00",
                "end": "2026-11-20T16:00:00+09:00",
                "timezone": "Asia/Seoul",
                "state": "planned",
                "origin": "file",
                "moved": false,
                "until_stopped": false,
            })
        );
        assert_eq!(json[1]["start"], "2026-11-20T23:30:00+01:00");
        assert_eq!(json[1]["end"], "2026-11-21T00:30:00+01:00");
        assert_eq!(
            text(&config, &coming),
            "Fri 2026-11-20  14:00-16:00 KST  명연주 명음반  KBS 1FM\n\
             Fri 2026-11-20  23:30-00:30 CET  Jazz           KBS 1FM\n"
        );
        coming[1].skipped = true;
        assert!(text(&config, &coming).ends_with("Jazz           KBS 1FM  skipped\n"), "{}", text(&config, &coming));
    }

    #[test]
    fn one_long_title_does_not_widen_the_table() {
        let long = "긴 ".repeat(60);
        let text = format!(
            "timezone: Asia/Seoul\nstations:\n  kbs: {{ name: KBS 1FM, hls: https://h.example/x }}\nshows:\n  \
             - {{ title: {long}, station: kbs, cron: \"0 14 * * *\", length: 2h }}\n"
        );
        let config = Arc::new(Config::parse(&text, Path::new("stations.yaml")).unwrap());
        let now = "2026-11-20T00:00:00Z".parse().unwrap();
        let coming = Programme::new(Arc::clone(&config), Arc::default()).coming(now, 1);
        let line = super::text(&config, &coming);
        assert!(line.contains("긴 긴") && line.contains("…  KBS 1FM") && line.chars().count() < 90, "{line}");
    }
}
