//! The list of the service and its output folder, for commands beside it.

use std::path::{Path, PathBuf};

use crate::config::Config;
use crate::daemon::Lock;
use crate::library::catalogue::{Catalogue, CatalogueError};

/// Opens it for reading. Nothing where there is none, which is told: the service may have another state folder than a
/// shell, where the file does not name one.
pub(super) async fn open(config: &Config) -> Result<Option<Catalogue>, CatalogueError> {
    let path = config.state.join("catalogue.sqlite");
    for aside in Catalogue::set_aside(&path) {
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

/// The folder in which the recordings of the list are: that of the service while one runs, which may have begun before
/// `output` was changed. That is told.
pub(super) fn output(config: &Config) -> PathBuf {
    let Some(in_use) = Lock::output_in_use(&config.state).filter(|in_use| *in_use != config.output) else {
        return config.output.clone();
    };
    eprintln!("aircheck: {}", still_used(config, &in_use));
    in_use
}

/// That the service goes on in the output folder with which it began.
pub(super) fn still_used(config: &Config, in_use: &Path) -> String {
    let (in_use, output) = (in_use.display(), config.output.display());
    format!("the service that runs uses {in_use} until it is started again, and only then {output}")
}
