//! The list of the service, for commands that only look.

use crate::config::Config;
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
