//! `aircheck tracks`: what was played in the recordings, for a question or for a report.

use anyhow::Context as _;
use chrono::{DateTime, Utc};

use super::catalogue;
use super::chosen::{self, Ids};
use super::exit::{DONE, USAGE};
use super::named::Unknown;
use super::print::{print, print_json, short, table};
use super::runtime::block_on;
use crate::base::readable::clock;
use crate::base::zone::Zone;
use crate::config::{Config, MomentError, parse_moment};
use crate::library::catalogue::{CatalogueError, Played, TrackFilter};
use crate::model::StationId;
use crate::web::wire::{self, stamp};

/// The first line of the CSV.
const HEADER: &str = "start,end,station,show,artist,title\r\n";

/// Which tracks to list, and how.
#[derive(Debug)]
pub(super) struct Options {
    /// The id or title of the only show.
    pub show: Option<String>,
    /// The id or name of the only station.
    pub station: Option<String>,
    /// From when to when, as a person writes it.
    pub from: Option<String>,
    pub to: Option<String>,
    /// What their text must contain.
    pub find: Option<String>,
    /// The most to list.
    pub count: Option<u32>,
    /// How to print them.
    pub form: Form,
}

/// How the tracks are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// For people, the newest first.
    Table,
    /// For reports, the oldest first.
    Csv,
    /// For programs, the newest first.
    Json,
}

/// Why nothing is listed.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error("{0}")]
    Unknown(Unknown),
    #[error("`{option}`: {error}")]
    Moment { option: &'static str, error: MomentError },
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
}

/// Prints the tracks at the instant `now`. Exit code 2 if no show or station is called as asked, or a time cannot be read.
pub(super) fn run(config: &Config, options: &Options, now: DateTime<Utc>) -> anyhow::Result<u8> {
    let mut found = match block_on(find(config, options, now))? {
        Ok(found) => found,
        Err(Refused::Catalogue(error)) => return Err(error).context("the tracks cannot be listed"),
        Err(refused) => {
            eprintln!("aircheck: {refused}");
            return Ok(USAGE);
        }
    };
    match options.form {
        Form::Json => {
            let tracks = found.iter().map(|played| wire::Played::of(played, zone(played, config)));
            print_json(&tracks.collect::<Vec<_>>())?;
        }
        Form::Csv => {
            found.reverse();
            let lines = found.iter().map(|played| line(played, config));
            print(&std::iter::once(HEADER.to_owned()).chain(lines).collect::<String>())?;
        }
        Form::Table if found.is_empty() => print("no tracks: no station said that it played such a thing\n")?,
        Form::Table => print(&table("", &found.iter().map(|played| row(played, config)).collect::<Vec<_>>()))?,
    }
    Ok(DONE)
}

async fn find(config: &Config, options: &Options, now: DateTime<Utc>) -> Result<Vec<Played>, Refused> {
    let catalogue = catalogue::open(config).await?;
    let (show, station) = (options.show.as_deref(), options.station.as_deref());
    let chosen = chosen::ids(config, catalogue.as_ref(), show, station).await?;
    let (shows, stations) = chosen.map_err(Refused::Unknown)?;
    let zone = zone_of(config, &stations);
    let moment = |option, text: Option<&str>| {
        let moment = text.map(|text| parse_moment(text, zone, now));
        moment.transpose().map_err(|error| Refused::Moment { option, error })
    };
    let (since, before) = (moment("--from", options.from.as_deref())?, moment("--to", options.to.as_deref())?);
    let mut found = Vec::new();
    for (show, station) in chosen::pairs(&shows, &stations) {
        let (text, limit) = (options.find.clone(), options.count);
        let filter = TrackFilter { show, station, since, before, text, limit, ..TrackFilter::default() };
        if let Some(catalogue) = &catalogue {
            found.extend(catalogue.played(&filter).await?);
        }
    }
    found.sort_by(|one, other| (other.track.on_air.start, &one.airing).cmp(&(one.track.on_air.start, &other.airing)));
    found.truncate(options.count.map_or(usize::MAX, |count| usize::try_from(count).unwrap_or(usize::MAX)));
    Ok(found)
}

/// Returns the zone in which times are written: that of the station, if one is chosen.
fn zone_of(config: &Config, stations: &Ids<StationId>) -> Zone {
    let chosen = if let [Some(station)] = &stations[..] { config.station(station) } else { None };
    chosen.map_or(config.timezone, |station| station.timezone)
}

/// Returns the clock of the station; of one that the file no longer has, that of the show.
fn zone(played: &Played, config: &Config) -> Zone {
    config.station(&played.station).map_or(played.timezone, |station| station.timezone)
}

fn row(played: &Played, config: &Config) -> [String; 4] {
    let start = played.track.on_air.start.with_timezone(&zone(played, config));
    [
        start.format("%Y-%m-%d %H:%M:%S").to_string(),
        clock(played.track.length.as_secs_f64()),
        short(&played.title),
        played.track.text.clone(),
    ]
}

/// Returns the line of a track in the CSV (RFC 4180).
fn line(played: &Played, config: &Config) -> String {
    let (track, zone) = (&played.track, zone(played, config));
    let (artist, title) = track.artist_and_title();
    let (start, end) = (stamp(track.on_air.start, zone), stamp(track.on_air.end, zone));
    let station = config.station_name(&played.station);
    [&start, &end, station, &played.title, artist.unwrap_or_default(), title].map(field).join(",") + "\r\n"
}

/// What a program for tables takes for the beginning of a formula. Some read the wide forms as well, and skip a tab or a
/// line end before any of them.
const FORMULA: [char; 11] = ['=', '+', '-', '@', '＝', '＋', '－', '＠', '\t', '\r', '\n'];

/// Returns a field of the CSV. What a program for tables would compute gets an apostrophe in front, because what
/// stations send may be hostile: `=HYPERLINK(…)`. A field is quoted if it has letters that would end it (RFC 4180, 2.6
/// and 2.7).
fn field(text: &str) -> String {
    let apostrophe = if text.starts_with(FORMULA) { "'" } else { "" };
    let text = format!("{apostrophe}{text}");
    if text.contains([',', '"', '\r', '\n']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_of_the_csv_is_quoted_if_it_must_be() {
        assert_eq!(field("명연주 - Ballade"), "명연주 - Ballade");
        assert_eq!(field("Earth, Wind & Fire"), "\"Earth, Wind & Fire\"");
        assert_eq!(field("\"Heroes\""), "\"\"\"Heroes\"\"\"");
        assert_eq!(field("two\r\nlines"), "\"two\r\nlines\"");
    }

    #[test]
    fn no_field_of_the_csv_is_a_formula() {
        assert_eq!(field("=HYPERLINK(\"http://h/\")"), "\"'=HYPERLINK(\"\"http://h/\"\")\"");
        for formula in ["=1+1", "+44", "-M-", "@SUM(A1)", "＝1+1", "\t=1"] {
            assert_eq!(field(formula), format!("'{formula}"));
        }
        for none in ["A - B", "a=b", "10cc", "'74", ""] {
            assert_eq!(field(none), none);
        }
    }
}
