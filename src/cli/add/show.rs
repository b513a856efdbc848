//! A show that is to be added.

use super::super::exit::USAGE;
use super::super::named::{self, Unknown};
use super::arguments::{AddArguments, Refused};
use super::words::Added;
use crate::config::Config;
use crate::config::edit::{Addition, Quotes, Written};
use crate::model::{ShowId, StationId};

/// Returns the show that `arguments` ask for, of the station that people call `asked`.
pub(super) fn addition(
    asked: &str,
    arguments: &AddArguments,
    known: Option<&Config>,
) -> Result<(Addition, Added), Refused> {
    let station = match known {
        Some(config) => station_of(asked, config)?,
        None => asked.to_owned(),
    };
    let name = known.map_or(station.as_str(), |config| name_of(&station, config));
    let title = arguments.title.clone().unwrap_or_else(|| name.to_owned());
    let mut keys = vec![("title", Written::text(&title))];
    let id = arguments.id.clone().or_else(|| known.and_then(|config| another_id(&title, config)));
    keys.extend(id.map(|id| ("id", Written::text(id))));
    keys.push(("station", Written::text(station)));
    keys.push(("cron", Written::Text(arguments.cron.clone().unwrap_or_default(), Quotes::Double)));
    let lengths = [("length", &arguments.length), ("early", &arguments.early), ("late", &arguments.late)];
    keys.extend(lengths.into_iter().filter_map(|(key, length)| Some((key, Written::text(length.as_ref()?)))));
    let keys = keys.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    Ok((Addition::show(keys), Added::Show))
}

fn station_of(asked: &str, config: &Config) -> Result<String, Refused> {
    let known = config.stations.iter().map(|station| (station.id.as_str(), station.name.as_str()));
    let ids = named::ids(asked, known);
    match &ids[..] {
        [id] => Ok(id.clone()),
        [] => {
            let known = config.stations.iter().map(|station| station.id.to_string());
            eprintln!("aircheck: {}", Unknown::new("station", asked, known));
            Err(USAGE)
        }
        several => {
            eprintln!("aircheck: several stations are called `{asked}`; write the id of one: {}", several.join(", "));
            Err(USAGE)
        }
    }
}

fn name_of<'a>(id: &'a str, config: &'a Config) -> &'a str {
    config.station(&StationId::new(id)).map_or(id, |station| station.name.as_str())
}

/// An id that no show has yet. `None` if that of the title is free.
fn another_id(title: &str, config: &Config) -> Option<String> {
    let usual = super::station::id_from(title);
    let is_taken = |id: &str| config.show(&ShowId::new(id)).is_some();
    if !is_taken(&usual) {
        return None;
    }
    (2..u32::MAX).map(|number| format!("{usual}-{number}")).find(|id| !is_taken(id))
}
