//! Where what is to be grabbed is found: at an address, by steps, or where a station of the file is.

use crate::cli::named::{self, Unknown};
use crate::config::{Address, Config, Find, Hls, SourceConfig, Step};
use crate::model::StationId;

/// Where it is, and how it is asked for.
#[derive(Debug, Default)]
pub(super) struct Place {
    /// The address, or the page at which the steps begin. The name of a station if they begin with a program.
    pub address: String,
    /// The steps that find the address; none if it is known.
    pub steps: Vec<Find>,
    /// Sent with every request.
    pub headers: Vec<(String, String)>,
    /// Whether a server with an invalid certificate is accepted.
    pub accept_invalid: bool,
    /// The highest bandwidth, in bits per second.
    pub max_bitrate: Option<u64>,
    /// The language of the sound.
    pub language: Option<String>,
}

impl Place {
    /// The place of the station that is `called` so in the file.
    ///
    /// # Errors
    /// There is none, or it is no HLS.
    pub fn of_station(config: &Config, called: &str) -> Result<Self, String> {
        let stations = config.stations.iter().map(|station| (station.id.as_str(), station.name.as_str()));
        // A name of several stations says as little as one of none.
        let station = match &named::ids(called, stations)[..] {
            [id] => config.station(&StationId::new(id)),
            _ => None,
        };
        let Some(station) = station else {
            let ids = config.stations.iter().map(|station| station.id.to_string());
            return Err(Unknown::new("station", called, ids).to_string());
        };
        let SourceConfig::Hls(hls) = &station.source else {
            let kind = station.source.kind();
            return Err(format!("{} is reached by `{kind}`: only playlists (`hls`) can be downloaded", station.name));
        };
        let Hls { address, headers, accept_invalid, max_bitrate, language, .. } = hls.clone();
        let (address, steps) = match address {
            Address::Url(url) => (url.to_string(), Vec::new()),
            Address::Find(steps) => (begins_at(&steps).unwrap_or_else(|| station.id.to_string()), steps),
        };
        Ok(Self { address, steps, headers, accept_invalid, max_bitrate, language })
    }
}

/// The page at which steps begin.
fn begins_at(steps: &[Find]) -> Option<String> {
    match &steps.first()?.step {
        Step::Get { url: Some(url), .. } => Some(url.to_string()),
        _ => None,
    }
}
