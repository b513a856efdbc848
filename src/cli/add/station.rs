//! A station that is to be added: how it is reached is found out, and its sound is tried by the very lines that are written.

use std::path::Path;

use url::Url;

use super::super::exit::{FAILED, USAGE};
use super::super::probe::{self, Probed};
use super::super::runtime::block_on;
use super::super::{logging, programs};
use super::arguments::{AddArguments, Refused};
use super::directory;
use super::words::Added;
use crate::base::environment::Environment;
use crate::base::http::{self, Client, Manner};
use crate::base::redact;
use crate::capture::source::resolve::discover::{DiscoverError, Discovery, Place, Way, discover};
use crate::capture::source::resolve::{Listed as ListOf, listed};
use crate::config::edit::{Addition, station_id};
use crate::config::{Address, Config};
use crate::model::StationId;

/// The largest file with a list of streams.
const LARGEST_LIST: u64 = 1 << 20;

/// Returns the station that `arguments` ask for, and what was heard of it.
pub(super) fn addition(
    arguments: &AddArguments,
    known: Option<&Config>,
) -> anyhow::Result<Result<(Addition, Added), Refused>> {
    logging::begin("off");
    block_on(found_out(arguments, known))
}

async fn found_out(arguments: &AddArguments, known: Option<&Config>) -> Result<(Addition, Added), Refused> {
    let environment = Environment::system();
    let referer: Vec<(String, String)> =
        arguments.referer.iter().map(|referer| ("Referer".to_owned(), referer.clone())).collect();
    let manner = Manner { headers: &referer, ..Manner::default() };
    let client = http::client(manner, &environment.clock).map_err(|error| failed(&error))?;
    let what = arguments.what.as_deref().unwrap_or_default().trim();
    let (addresses, listed_name) = if let Some(addresses) = addresses(what)? {
        (addresses, None)
    } else {
        let plain = http::client(Manner::default(), &environment.clock).map_err(|error| failed(&error))?;
        let listed = directory::look_up(what, arguments, &plain).await?;
        (listed.addresses(), Some(listed.name()))
    };
    if let Some(id) = addresses.iter().find_map(|url| station_at(url, known)) {
        eprintln!("aircheck: the file has this address already, as the station `{id}`");
        return Err(FAILED);
    }
    let Discovery { name, ways } = discovered(&addresses, arguments, &client, &environment).await?;
    let host = addresses.iter().find_map(|url| url.host_str()).unwrap_or("station").trim_start_matches("www.");
    let name = arguments.name.clone().or(listed_name).or(name).unwrap_or_else(|| host.to_owned());
    let id = arguments.id.clone().unwrap_or_else(|| station_id(&name, known));
    let additions: Vec<Addition> = ways.iter().map(|way| Addition::station(&id, way.keys(&name, &referer))).collect();
    tried(additions, arguments.untested).await
}

fn failed(reason: &dyn std::fmt::Display) -> Refused {
    eprintln!("aircheck: {reason}");
    FAILED
}

/// Returns the addresses that `what` is: one, or those of a list on this machine. `None` if it is a name.
fn addresses(what: &str) -> Result<Option<Vec<Url>>, Refused> {
    if let Ok(url) = Url::parse(what)
        && url.has_host()
    {
        if matches!(url.scheme(), "http" | "https") || url.scheme().starts_with("rtmp") {
            return Ok(Some(vec![url]));
        }
        eprintln!(
            "aircheck: `{}` begins with `{}://`; aircheck records http, https and rtmp",
            redact::url(&url),
            url.scheme()
        );
        return Err(USAGE);
    }
    let file = Path::new(what);
    if file.is_file() {
        return listed_in(file).map(Some);
    }
    if what.starts_with(['/', '~', '.']) {
        eprintln!("aircheck: there is no file `{what}`; write its path, or an address or the name of a station");
        return Err(USAGE);
    }
    // `radio.example/live.m3u8`, as people read addresses out.
    let begins_with_host = what.split('/').next().is_some_and(|host| host.contains('.') && !host.starts_with('.'));
    let url = Url::parse(&format!("https://{what}")).ok().filter(|_| begins_with_host && !what.contains(' '));
    Ok(url.map(|url| vec![url]))
}

/// Returns what the list in `file` names.
fn listed_in(file: &Path) -> Result<Vec<Url>, Refused> {
    let wrong = |reason: &str| {
        eprintln!("aircheck: {} {reason}", file.display());
        USAGE
    };
    if file.metadata().is_ok_and(|data| data.len() > LARGEST_LIST) {
        return Err(wrong("is too large for a list of streams"));
    }
    let bytes = std::fs::read(file).map_err(|error| wrong(&format!("cannot be read: {error}")))?;
    // Relative entries lead to files of this machine, which is no station.
    let Ok(nowhere) = Url::parse("file:///") else { return Err(wrong("cannot be read")) };
    match listed(&bytes, "", &nowhere) {
        ListOf::Streams(entries) => Ok(entries.into_iter().map(|entry| entry.url).collect()),
        _ => Err(wrong("names no stream: it is no PLS, M3U, XSPF or ASX with addresses in it")),
    }
}

/// Returns the id of the station that has this address.
fn station_at<'a>(url: &Url, known: Option<&'a Config>) -> Option<&'a StationId> {
    let mut stations = known?.stations.iter();
    stations.find(|station| *station.source.address() == Address::Url(url.clone())).map(|station| &station.id)
}

async fn discovered(
    addresses: &[Url],
    arguments: &AddArguments,
    client: &Client,
    environment: &Environment,
) -> Result<Discovery, Refused> {
    let mut reason: Option<DiscoverError> = None;
    for url in addresses {
        eprintln!("looking at {} …", redact::url(url));
        match discover(url, client, environment).await {
            Ok(discovery) => return Ok(discovery),
            Err(error) => reason = reason.or(Some(error)),
        }
    }
    match (reason, addresses.first()) {
        // Nobody knows better what it is while it does not answer.
        (Some(DiscoverError::Fetch(error)), Some(url)) if arguments.untested => {
            eprintln!("aircheck: {error}; what it is, is guessed from its name");
            let key = if url.path().contains(".m3u8") { "hls" } else { "icecast" };
            Ok(Discovery { name: None, ways: vec![Way { key, place: Place::At(url.clone()) }] })
        }
        (Some(error), _) => Err(failed(&error)),
        (None, _) => Err(failed(&"there is no address")),
    }
}

/// Tries the sound of each of `additions`, and returns the first that has some, with words about it.
async fn tried(additions: Vec<Addition>, untested: bool) -> Result<(Addition, Added), Refused> {
    let mut troubles = Vec::new();
    for addition in additions {
        // By the lines themselves, so that what is written is what was tried.
        let text = format!("timezone: UTC\n{}", addition.lines());
        let config = match Config::parse(&text, Path::new("/new.yaml")) {
            Ok(config) => config,
            Err(errors) => {
                eprintln!("{errors}");
                return Err(USAGE);
            }
        };
        if untested {
            return Ok((addition, Added::Station("its sound was not tried".to_owned())));
        }
        if !programs::all_there(&config.stations) {
            return Err(FAILED);
        }
        eprintln!("listening for three seconds …");
        let probed = probe::stations(&config).await;
        match probed.first() {
            Some(probed @ Probed { ok: true, .. }) => return Ok((addition, Added::Station(probed.words()))),
            Some(probed) => troubles.push(probed.words()),
            None => {}
        }
    }
    eprintln!("aircheck: no sound came, so nothing was added: {}", troubles.join("; "));
    eprintln!("If it is only off the air at the moment, `--untested` adds it all the same.");
    Err(FAILED)
}
