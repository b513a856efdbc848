//! Stations by their names, as the directory radio-browser knows them (<https://docs.radio-browser.info>).

use std::io::{self, BufRead as _, IsTerminal as _};
use std::time::Duration;

use serde::Deserialize;
use url::Url;

use super::super::exit::{FAILED, USAGE};
use super::super::print::{short, table};
use super::arguments::{AddArguments, Refused};
use crate::base::http::{self, Client};
use crate::base::redact;

/// The most stations that are listed.
const MOST: usize = 20;
/// The largest answer.
const BODY_CAP: usize = 4 << 20;
/// How long the directory may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// A station of the directory.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Listed {
    name: String,
    /// The address that its owner gave.
    url: String,
    /// Where that leads; may be signed for the directory alone.
    #[serde(default)]
    url_resolved: String,
    #[serde(default)]
    codec: String,
    #[serde(default)]
    bitrate: u32,
    #[serde(default)]
    countrycode: String,
    #[serde(default)]
    hls: u8,
}

impl Listed {
    /// Its name on one line.
    pub(super) fn name(&self) -> String {
        self.name.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// Its addresses, the one to be tried first at the beginning. One that is signed is never kept.
    pub(super) fn addresses(&self) -> Vec<Url> {
        let given = Url::parse(self.url.trim()).ok();
        let resolved = Url::parse(self.url_resolved.trim()).ok().filter(|url| url.query().is_none());
        let resolved = resolved.filter(|url| Some(url) != given.as_ref());
        given.into_iter().chain(resolved).collect()
    }

    fn row(&self, number: usize) -> [String; 5] {
        let rate = if self.bitrate > 0 { format!(" {} kbit/s", self.bitrate) } else { String::new() };
        let codec = if self.codec.eq_ignore_ascii_case("unknown") { "" } else { self.codec.as_str() };
        let kind = if self.hls == 1 { "HLS" } else { "" };
        let host = Url::parse(&self.url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
        let sound = format!("{codec}{rate} {kind}").trim().to_owned();
        [number.to_string(), short(&self.name()), self.countrycode.clone(), sound, short(&host)]
    }
}

/// Looks `name` up, and returns the station that is meant. If that is not clear, the choice is printed.
pub(super) async fn look_up(name: &str, arguments: &AddArguments, client: &Client) -> Result<Listed, Refused> {
    let found = match search(name, &arguments.directory, client).await {
        Ok(found) => found,
        Err(reason) => {
            eprintln!(
                "aircheck: `{name}` is no address, and its name cannot be looked up: {reason}. An address begins with \
                 http://, https:// or rtmp://"
            );
            return Err(FAILED);
        }
    };
    choose(name, found, arguments.choose)
}

async fn search(name: &str, directory: &str, client: &Client) -> Result<Vec<Listed>, String> {
    let base = directory.trim_end_matches('/');
    let mut url =
        Url::parse(&format!("{base}/json/stations/search")).map_err(|_| format!("`{directory}` is no URL"))?;
    let most = MOST.to_string();
    let asked =
        [("name", name), ("hidebroken", "true"), ("order", "votes"), ("reverse", "true"), ("limit", most.as_str())];
    url.query_pairs_mut().extend_pairs(asked);
    let body = http::read_whole(client.get(url.clone()), &url, BODY_CAP, PATIENCE).await;
    // What was asked for in detail says nothing to whoever typed a name.
    let body = body.map_err(|error| error.to_string().replace(&redact::url(&url), base))?;
    let mut found: Vec<Listed> = serde_json::from_slice(&body.bytes)
        .map_err(|_| format!("{base} answers something that is no list of stations"))?;
    found.truncate(MOST);
    // Those that are called exactly so come first; the directory has the most popular first.
    found.sort_by_key(|listed| !listed.name().eq_ignore_ascii_case(name.trim()));
    Ok(found)
}

fn choose(name: &str, found: Vec<Listed>, chosen: Option<u32>) -> Result<Listed, Refused> {
    let count = found.len();
    if count == 0 {
        eprintln!(
            "aircheck: the directory knows no station `{name}`; write fewer words of its name, or the address of its page"
        );
        return Err(FAILED);
    }
    let number = match chosen {
        Some(number) => usize::try_from(number).unwrap_or(usize::MAX),
        None if count == 1 => 1,
        None => {
            let rows: Vec<_> = found.iter().enumerate().map(|(index, listed)| listed.row(index + 1)).collect();
            eprint!("{count} stations have `{name}` in their names:\n{}", table("  ", &rows));
            asked(count)?
        }
    };
    let station = number.checked_sub(1).and_then(|index| found.into_iter().nth(index));
    station.ok_or_else(|| {
        eprintln!("aircheck: there is no number {number}; the last one is {count}");
        USAGE
    })
}

/// Asks for a number at the terminal. Without one, says how to give it.
fn asked(count: usize) -> Result<usize, Refused> {
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        eprintln!("aircheck: say which by its number: `--choose 1` to `--choose {count}`");
        return Err(USAGE);
    }
    eprint!("Which one? ");
    let mut line = String::new();
    let read = io::stdin().lock().read_line(&mut line);
    line.trim().parse().ok().filter(|_| read.is_ok()).ok_or_else(|| {
        eprintln!("aircheck: that is no number; nothing was added");
        USAGE
    })
}
