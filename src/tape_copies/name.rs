//! The names of what is copied of a tape: a folder by the template, and in it the names that the files of the tape have. So an
//! index names the sound file beside it, there as here, and a player opens it.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use tracing::warn;

use crate::account::begun;
use crate::config::{ObjectStore, Station, Values, day};
use crate::copies::cleaned;

/// The end of the name of the seal of a reel.
const SEAL: &str = ".seal";

/// The names of a reel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ReelNames {
    pub sound: String,
    pub index: String,
    pub seal: String,
}

/// Returns the names of the reel called `reel`.
pub(super) fn of_reel(rule: &ObjectStore, station: &Station, reel: &str) -> ReelNames {
    let folder = folder(rule, station, begun(reel).unwrap_or(DateTime::UNIX_EPOCH));
    let stem = reel.rsplit_once('.').map_or(reel, |(stem, _)| stem);
    ReelNames {
        sound: format!("{folder}{reel}"),
        index: format!("{folder}{stem}.m3u8"),
        seal: format!("{folder}{stem}{SEAL}"),
    }
}

/// Returns the name of the account of a day.
pub(super) fn of_account(rule: &ObjectStore, station: &Station, date: NaiveDate) -> String {
    let begins = day(date, station.timezone).map_or(DateTime::UNIX_EPOCH, |day| day.start);
    format!("{}account-{date}.json", folder(rule, station, begins))
}

/// Whether an object is called as what is copied of tapes is.
pub(super) fn is_of_tape(name: &str) -> bool {
    let file = name.rsplit('/').next().unwrap_or(name);
    let date = file.strip_prefix("account-").and_then(|rest| rest.strip_suffix(".json"));
    begun(file).is_some() || date.is_some_and(|date| date.parse::<NaiveDate>().is_ok())
}

/// Returns the folder of what was on the air from `start` on, with the prefix and a `/` at its end.
fn folder(rule: &ObjectStore, station: &Station, start: DateTime<Utc>) -> String {
    let values = Values {
        show: station.name.clone(),
        show_id: station.id.to_string(),
        station: station.name.clone(),
        station_id: station.id.to_string(),
        start,
        end: start,
        length: TimeDelta::zero(),
        timezone: station.timezone,
    };
    let template = rule.tape_name.as_ref().and_then(|template| {
        let rendered = template.render(&values).map(|name| cleaned(&name));
        rendered.inspect_err(|error| warn!(%error, "what is copied of a tape gets its usual name")).ok()
    });
    let folder = template.filter(|folder| !folder.is_empty()).unwrap_or_else(|| {
        format!("tape/{}/{}", station.id, start.with_timezone(&station.timezone).format("%Y-%m-%d"))
    });
    format!("{}{folder}/", rule.prefix)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::Config;
    use crate::model::StationId;

    #[test]
    fn what_is_of_a_tape_lies_in_the_folder_of_its_day_by_the_clock_of_the_station() {
        let names = |more: &str| {
            let yaml = format!(
                "timezone: Asia/Seoul\nstations: {{ kbs: {{ name: KBS 1FM, hls: \"http://h/x\" }} }}\nstore: {{ bucket: my-radio{more} }}\n"
            );
            let config = Config::parse(&yaml, Path::new("/x/stations.yaml")).unwrap();
            let (rule, station) =
                (config.store.clone().unwrap(), config.station(&StationId::new("kbs")).unwrap().clone());
            let reel = of_reel(&rule, &station, "20261120T153004000Z.aac");
            (reel, of_account(&rule, &station, "2026-11-20".parse().unwrap()))
        };
        let (reel, account) = names("");
        assert_eq!(reel.sound, "tape/kbs/2026-11-21/20261120T153004000Z.aac");
        assert_eq!(reel.index, "tape/kbs/2026-11-21/20261120T153004000Z.m3u8");
        assert_eq!(reel.seal, "tape/kbs/2026-11-21/20261120T153004000Z.seal");
        assert_eq!(account, "tape/kbs/2026-11-20/account-2026-11-20.json");
        let (reel, account) = names(", prefix: archive, tape_name: \"{{ station }}\"");
        assert_eq!(reel.sound, "archive/KBS 1FM/20261120T153004000Z.aac");
        assert_eq!(account, "archive/KBS 1FM/account-2026-11-20.json");
        for name in [&*reel.sound, &reel.index, &reel.seal, &account] {
            assert!(is_of_tape(name), "{name}");
        }
        assert!(!is_of_tape("KBS 1FM/2026-11-20 1400 뉴스.mp3") && !is_of_tape("account-x.json"));
    }
}
