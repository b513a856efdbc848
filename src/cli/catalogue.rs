//! The catalogue of the service and its store, for commands that run beside it.

use std::path::{Path, PathBuf};

use crate::config::Config;
use crate::daemon::Lock;
use crate::library::catalogue::{Catalogue, CatalogueError};
use crate::library::store::Store;

/// Opens the catalogue for reading. `None` if there is none, which is printed: if the file names no state folder, the
/// service may have another than a shell.
pub(super) async fn open(config: &Config) -> Result<Option<Catalogue>, CatalogueError> {
    let path = config.state.join("catalogue.sqlite");
    for aside in Catalogue::list_set_aside(&path) {
        let aside = aside.display();
        eprintln!("aircheck: a damaged catalogue was set aside as {aside}: what could not be read of it is not listed");
    }
    match Catalogue::open_read_only(path).await {
        Ok(catalogue) => Ok(Some(catalogue)),
        Err(error @ CatalogueError::Missing { .. }) => {
            eprintln!("aircheck: {error}; a service may have its own");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Opens the catalogue for writing. `None` if there is none, which is printed.
pub(super) async fn open_writing(config: &Config) -> Result<Option<Catalogue>, CatalogueError> {
    let path = config.state.join("catalogue.sqlite");
    if !path.exists() {
        eprintln!("aircheck: {}", CatalogueError::Missing { path });
        return Ok(None);
    }
    Catalogue::open(path).await.map(Some)
}

/// Returns the store in which the recordings of the catalogue are. While a service runs it is that of the service,
/// which may have started before `output` was changed; then a message says so.
pub(super) fn store(config: &Config) -> Store {
    Store::new(output(config))
}

fn output(config: &Config) -> PathBuf {
    let Some(in_use) = Lock::output_in_use(&config.state).filter(|in_use| *in_use != config.output) else {
        return config.output.clone();
    };
    eprintln!("aircheck: {}", still_used(config, &in_use));
    in_use
}

/// Says that the service goes on with the output folder with which it started.
pub(super) fn still_used(config: &Config, in_use: &Path) -> String {
    let (in_use, output) = (in_use.display(), config.output.display());
    format!("the service that runs uses {in_use} until it is started again, and only then {output}")
}
