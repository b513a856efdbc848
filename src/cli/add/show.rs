//! A show that is to be added.

use super::super::exit::USAGE;
use super::super::named::{self, Unknown};
use super::arguments::{AddArguments, Refused};
use super::words::Added;
use crate::config::Config;
use crate::config::edit::{Addition, NewShow};

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
    let show = NewShow {
        station,
        cron: arguments.cron.clone().unwrap_or_default(),
        length: arguments.length.clone().unwrap_or_default(),
        title: arguments.title.clone(),
        id: arguments.id.clone(),
        early: arguments.early.clone(),
        late: arguments.late.clone(),
    };
    Ok((show.addition(known), Added::Show))
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
