//! Which shows and stations a person means, also those that only the catalogue still knows.

use super::named::{self, Unknown};
use crate::config::Config;
use crate::library::catalogue::{Catalogue, CatalogueError, Filter, Recording};
use crate::model::{ShowId, StationId};

/// The ids that were chosen. `None` stands for all.
pub(super) type Ids<T> = Vec<Option<T>>;

/// Returns the shows and stations that are called so, by their ids, titles or names.
pub(super) async fn ids(
    config: &Config,
    catalogue: Option<&Catalogue>,
    show: Option<&str>,
    station: Option<&str>,
) -> Result<Result<(Ids<ShowId>, Ids<StationId>), Unknown>, CatalogueError> {
    let shows = config.shows.iter().map(|show| (show.id.to_string(), show.title.clone())).collect();
    let stations = config.stations.iter().map(|station| (station.id.to_string(), station.name.clone())).collect();
    let mut known = Known { shows, stations };
    let mut chosen = known.chosen(show, station);
    if let (Err(_), Some(catalogue)) = (&chosen, catalogue) {
        // The catalogue may know what the file no longer has.
        let all = Filter { unfinished: true, deleted: true, ..Filter::default() };
        known.extend(&catalogue.list(&all).await?);
        chosen = known.chosen(show, station);
    }
    Ok(chosen)
}

/// Returns each of the shows with each of the stations.
pub(super) fn pairs<'a>(
    shows: &'a Ids<ShowId>,
    stations: &'a Ids<StationId>,
) -> impl Iterator<Item = (Option<ShowId>, Option<StationId>)> + 'a {
    shows.iter().flat_map(move |show| stations.iter().map(move |station| (show.clone(), station.clone())))
}

/// Shows and stations, by id and name.
struct Known {
    shows: Vec<(String, String)>,
    stations: Vec<(String, String)>,
}

impl Known {
    fn extend(&mut self, recordings: &[Recording]) {
        for recording in recordings {
            self.shows.push((recording.show.to_string(), recording.title.clone()));
            let station = recording.station.to_string();
            self.stations.push((station.clone(), station));
        }
        // A year has some ten thousand recordings of few shows.
        for known in [&mut self.shows, &mut self.stations] {
            known.sort();
            known.dedup();
        }
    }

    /// Returns the shows and stations that are asked for.
    fn chosen(&self, show: Option<&str>, station: Option<&str>) -> Result<(Ids<ShowId>, Ids<StationId>), Unknown> {
        let choose = |noun, asked: Option<&str>, known: &[(String, String)]| {
            let Some(asked) = asked else { return Ok(vec![None]) };
            match named::ids(asked, known.iter().map(|(id, name)| (id.as_str(), name.as_str()))) {
                none if none.is_empty() => Err(Unknown::new(noun, asked, known.iter().map(|(id, _)| id.clone()))),
                ids => Ok(ids.into_iter().map(Some).collect()),
            }
        };
        let shows: Ids<String> = choose("show", show, &self.shows)?;
        let stations: Ids<String> = choose("station", station, &self.stations)?;
        Ok((
            shows.into_iter().map(|id| id.map(ShowId::new)).collect(),
            stations.into_iter().map(|id| id.map(StationId::new)).collect(),
        ))
    }
}
