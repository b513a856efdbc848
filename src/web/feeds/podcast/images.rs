//! What the elements of a feed refer to, with the addresses of pictures.

use std::collections::{HashMap, HashSet};

use url::Url;

use crate::config::Config;
use crate::model::{AiringId, ShowId};
use crate::web::{Site, address};

/// What the elements of a feed refer to.
#[derive(Debug)]
pub(super) struct Context<'a> {
    /// The address that others begin with.
    pub base: &'a Url,
    pub config: &'a Config,
    pub images: Images,
    /// The recordings of which it is known what was played.
    pub with_tracks: HashSet<AiringId>,
}

/// The addresses of pictures.
#[derive(Debug)]
pub(super) struct Images {
    all: Url,
    shows: HashMap<ShowId, Url>,
}

impl Images {
    /// Returns the picture of a show, or of all shows.
    pub(super) fn of(&self, show: Option<&ShowId>) -> &Url {
        show.and_then(|show| self.shows.get(show)).unwrap_or(&self.all)
    }
}

/// Returns the addresses of the pictures of all shows.
pub(super) async fn images(site: &Site, config: &Config, base: &Url) -> Images {
    let mut shows = HashMap::new();
    for show in &config.shows {
        let kind = site.pictures.kind_of_show(show, config).await;
        shows.insert(show.id.clone(), address::artwork(base, Some((&show.id, kind))));
    }
    Images { all: address::artwork(base, None), shows }
}
