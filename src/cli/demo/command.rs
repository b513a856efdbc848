//! `aircheck demo`: runs everything at once on this machine.
//!
//! The service is the real one, with a configuration as a person would write it. Only the station is our own.

use std::collections::HashSet;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;

use tokio::net::TcpStream;

use super::DemoStation;
use crate::base::environment::Environment;
use crate::cli::exit::{DONE, FAILED};
use crate::cli::logging;
use crate::cli::print::print;
use crate::cli::programs;
use crate::cli::runtime::block_on;
use crate::config::Config;
use crate::daemon;
use crate::library::catalogue::{Catalogue, Filter};
use crate::library::store::Store;

/// The ports at which the page may be served: that of the service, and the next ones if that is taken.
const PORTS: RangeInclusive<u16> = 8080..=8099;
/// How long to wait for the page.
const SERVED_WITHIN: Duration = Duration::from_secs(10);
/// How often to look for finished recordings.
const EVERY: Duration = Duration::from_millis(500);

/// Runs the demo until Ctrl-C.
pub fn run(folder: PathBuf) -> anyhow::Result<u8> {
    logging::begin("warn");
    if !programs::all_there(&[]) {
        return Ok(FAILED);
    }
    let folder = std::path::absolute(folder)?;
    block_on(demo(&folder))??;
    Ok(DONE)
}

async fn demo(folder: &Path) -> anyhow::Result<()> {
    let environment = Environment::system();
    let station = DemoStation::start(&environment).await?;
    let page = page_address().context("the page found no free port")?;
    let config = configure(folder, &station, page)?;
    let intro = format!(
        "Demo FM is on the air: {}\nA show of 15 s airs on every full minute. It is recorded as {} says, into\n{}\n\
         Ctrl-C ends the demo.\n\n",
        station.page_url(),
        config.file.display(),
        config.output.display()
    );
    let catalogue = config.state.join("catalogue.sqlite");
    let store = Store::new(&config.output);
    let result = tokio::select! {
        result = daemon::run(config, environment.clone()) => result.map_err(Into::into),
        result = announce(&environment, page, &intro, &catalogue, &store) => result,
    };
    station.stop().await;
    result
}

/// Returns where the page can be served: at the first of [`PORTS`] that is free, else at any free port.
fn page_address() -> std::io::Result<SocketAddr> {
    // A port is free if it can be bound. The listener gives it back when it is dropped.
    let free = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).and_then(|listener| listener.local_addr());
    PORTS.into_iter().find_map(|port| free(port).ok()).map_or_else(|| free(0), Ok)
}

/// Whether something answers at `page` within [`SERVED_WITHIN`].
async fn is_served(environment: &Environment, page: SocketAddr) -> bool {
    let clock = &environment.clock;
    let deadline = clock.monotonic() + SERVED_WITHIN;
    loop {
        match TcpStream::connect(page).await {
            Ok(_) => return true,
            Err(_) if clock.monotonic() >= deadline => return false,
            Err(_) => clock.sleep(Duration::from_millis(50)).await,
        }
    }
}

/// Writes the configuration into `folder`, where people can read and change it.
fn configure(folder: &Path, station: &DemoStation, page: SocketAddr) -> anyhow::Result<Config> {
    let file = folder.join("stations.yaml");
    let text = format!(
        "# Made by `aircheck demo`, and made anew at its next start: the station's port changes.\n\
         output: recordings\nstate: state\nmin_free: 16 MiB\nweb: {{ listen: \"{page}\" }}\n\n{}",
        station.config_yaml()
    );
    std::fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    std::fs::write(&file, text).with_context(|| format!("{} cannot be written", file.display()))?;
    Ok(Config::load(&file)?)
}

/// Prints where the page is as soon as it answers, then `intro`, then every recording that is finished from now on.
async fn announce(
    environment: &Environment,
    page: SocketAddr,
    intro: &str,
    catalogue: &Path,
    store: &Store,
) -> anyhow::Result<()> {
    let begun = environment.clock.now();
    // If it is not served, the service has said why.
    if is_served(environment, page).await {
        let first = PORTS.start();
        let taken = if page.port() == *first { String::new() } else { format!("Port {first} is taken here. ") };
        print(&format!("{taken}Open http://{page}/ in a browser: there is everything to see and to hear.\n\n"))?;
    }
    print(intro)?;
    let mut printed = HashSet::new();
    loop {
        environment.clock.sleep(EVERY).await;
        // The service makes the catalogue when it starts.
        let Ok(catalogue) = Catalogue::open_read_only(catalogue).await else { continue };
        for recording in catalogue.list(&Filter { limit: Some(5), ..Filter::default() }).await?.into_iter().rev() {
            if recording.finished_at.is_none_or(|at| at < begun) || !printed.insert(recording.id.clone()) {
                continue;
            }
            let verdict = recording.verdict.map(|verdict| verdict.to_string()).unwrap_or_default();
            let file = recording.file.map(|file| store.shown(&file).display().to_string());
            print(&format!("{verdict}, {:.3} s: {}\n", recording.seconds, file.as_deref().unwrap_or("no file")))?;
        }
    }
}
