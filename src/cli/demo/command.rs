//! `aircheck demo`: everything at once on this machine.
//!
//! The service that runs here is the real one, with a configuration as a person would write it; only the station is
//! our own.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;

use super::DemoStation;
use crate::base::environment::Environment;
use crate::base::process;
use crate::cli::exit::{DONE, FAILED};
use crate::cli::logging;
use crate::cli::print::print;
use crate::cli::programs;
use crate::cli::runtime::block_on;
use crate::config::Config;
use crate::daemon;
use crate::library::catalogue::{Catalogue, Filter};

/// How often finished recordings are looked for.
const EVERY: Duration = Duration::from_millis(500);

/// Runs the demo until Ctrl-C.
pub fn run(folder: PathBuf) -> anyhow::Result<u8> {
    logging::begin("warn");
    let missing = programs::missing(&[], &|program| process::find(program).is_some());
    if !missing.is_empty() {
        for program in missing {
            eprintln!("aircheck: {program}");
        }
        return Ok(FAILED);
    }
    let folder = std::path::absolute(folder)?;
    block_on(demo(&folder))??;
    Ok(DONE)
}

async fn demo(folder: &Path) -> anyhow::Result<()> {
    let environment = Environment::system();
    let station = DemoStation::start(&environment).await?;
    let config = configure(folder, &station)?;
    print(&format!(
        "Demo FM is on the air: {}\nA show of 15 s airs on every full minute. It is recorded as {} says, into\n{}\n\
         Ctrl-C ends the demo.\n\n",
        station.page_url(),
        config.file.display(),
        config.output.display()
    ))?;
    let catalogue = config.state.join("catalogue.sqlite");
    let output = config.output.clone();
    let result = tokio::select! {
        result = daemon::run(config, environment.clone()) => result.map_err(Into::into),
        result = announce(&environment, &catalogue, &output) => result,
    };
    station.stop().await;
    result
}

/// Writes the configuration where it can be read and tried out.
fn configure(folder: &Path, station: &DemoStation) -> anyhow::Result<Config> {
    let file = folder.join("stations.yaml");
    let text = format!(
        "# Made by `aircheck demo`, and made anew at its next start: the station's port changes.\n\
         output: recordings\nstate: state\nmin_free: 16 MiB\n\n{}",
        station.config_yaml()
    );
    std::fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    std::fs::write(&file, text).with_context(|| format!("{} cannot be written", file.display()))?;
    Ok(Config::load(&file)?)
}

/// Prints every recording that is finished from now on.
async fn announce(environment: &Environment, catalogue: &Path, output: &Path) -> anyhow::Result<()> {
    let begun = environment.clock.now();
    let mut told = HashSet::new();
    loop {
        environment.clock.sleep(EVERY).await;
        // The service makes it when it starts.
        let Ok(catalogue) = Catalogue::open_read_only(catalogue).await else { continue };
        for recording in catalogue.list(&Filter { limit: Some(5), ..Filter::default() }).await?.into_iter().rev() {
            if recording.finished_at.is_none_or(|at| at < begun) || !told.insert(recording.id.clone()) {
                continue;
            }
            let verdict = recording.verdict.map(|verdict| verdict.to_string()).unwrap_or_default();
            let file = recording.file.map(|file| output.join(file).display().to_string());
            print(&format!("{verdict}, {:.3} s: {}\n", recording.seconds, file.as_deref().unwrap_or("no file")))?;
        }
    }
}
