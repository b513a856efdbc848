//! Artwork: the pictures of shows and stations, for the page, for feeds, and inside recordings.
//!
//! A show has the picture that the YAML names, else that of its station, else a drawn one: its initials on a colour of
//! its own. Invariants:
//!
//! - a show or station always has a picture, even if a file or an address has changed since the YAML was read;
//! - nobody waits for the network: pictures at addresses are fetched in the background into a folder;
//! - pictures are not changed, and none is decoded here.

mod colour;
mod draw;
mod fetch;
mod given;
mod initials;
mod letters;
mod picture;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::{Mutex, watch};
use tracing::warn;

use crate::base::blocking::{blocking, heavy};
use crate::base::environment::Environment;
use crate::base::image::ImageKind;
use crate::config::{Artwork, Config, Show, Station};

pub use picture::{Picture, Size};

/// The largest picture that is embedded into recordings, in bytes: every recording would carry it.
pub const LARGEST_COVER: usize = 512 * 1024;
/// The greatest number of drawn pictures in memory, of a few dozen KiB each.
const MOST_DRAWN: usize = 200;

/// The pictures of shows and stations. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Pictures {
    folder: PathBuf,
    drawn: Arc<Mutex<HashMap<Drawing, Bytes>>>,
}

/// What a drawn picture depends on, besides the fonts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Drawing {
    name: String,
    title: String,
    pixels: u16,
}

impl Pictures {
    /// Creates the pictures; those that are fetched are in the folder `state`.
    pub fn new(state: &Path) -> Self {
        Self { folder: state.join("artwork"), drawn: Arc::default() }
    }

    /// Fetches pictures at addresses, and old ones again, until the process stops.
    pub async fn refresh_forever(self, config: watch::Receiver<Arc<Config>>, environment: Environment) {
        fetch::refresh_forever(self.folder, config, environment).await;
    }

    /// Returns the picture of a show. `None` if none can be drawn.
    pub async fn of_show(&self, show: &Show, config: &Config, size: Size) -> Option<Picture> {
        match self.given(given_to(show, config)).await {
            Some(picture) => Some(picture),
            None => self.draw(show.id.as_str(), &show.title, size).await,
        }
    }

    /// Returns the picture of a station. `None` if none can be drawn.
    pub async fn of_station(&self, station: &Station, size: Size) -> Option<Picture> {
        match self.given(station.artwork.as_ref()).await {
            Some(picture) => Some(picture),
            None => self.draw(station.id.as_str(), &station.name, size).await,
        }
    }

    /// Returns the picture that stands for all shows. `None` if it cannot be drawn.
    pub async fn of_all(&self, size: Size) -> Option<Picture> {
        // An empty title makes a figure.
        self.draw("aircheck", "", size).await
    }

    /// Returns the kind of the picture of a show, which is part of the address of the picture.
    pub async fn kind_of_show(&self, show: &Show, config: &Config) -> ImageKind {
        let Some(artwork) = given_to(show, config) else { return ImageKind::Png };
        let path = given::path(&self.folder, artwork);
        blocking(move || given::kind(&path)).await.unwrap_or(ImageKind::Png)
    }

    /// Returns the picture to embed into recordings of a show. `None` if it is too large for that.
    pub async fn cover(&self, show: &Show, config: &Config) -> Option<Picture> {
        let picture = self.of_show(show, config, Size::Cover).await?;
        let bytes = picture.bytes.len();
        if bytes > LARGEST_COVER {
            let most = LARGEST_COVER >> 10;
            warn!(show = %show.id, bytes, "the artwork of the show is not put into recordings: it is larger than {most} KiB");
            return None;
        }
        Some(picture)
    }

    async fn given(&self, artwork: Option<&Artwork>) -> Option<Picture> {
        let path = given::path(&self.folder, artwork?);
        blocking(move || given::read(&path)).await
    }

    async fn draw(&self, name: &str, title: &str, size: Size) -> Option<Picture> {
        let drawing = Drawing { name: name.to_owned(), title: title.to_owned(), pixels: size.pixels() };
        // Locked while it is drawn, so that one picture is drawn at a time, and each only once.
        let mut drawn = self.drawn.lock().await;
        let kind = ImageKind::Png;
        if let Some(bytes) = drawn.get(&drawing) {
            return Some(Picture { kind, bytes: bytes.clone() });
        }
        let wanted = drawing.clone();
        let draw = move || draw::draw(&wanted.name, &wanted.title, wanted.pixels, &letters::fonts());
        let bytes = Bytes::from(heavy(draw).await?);
        if drawn.len() >= MOST_DRAWN {
            drawn.clear();
        }
        drawn.insert(drawing, bytes.clone());
        Some(Picture { kind, bytes })
    }
}

fn given_to<'a>(show: &'a Show, config: &'a Config) -> Option<&'a Artwork> {
    show.artwork.as_ref().or_else(|| config.station(&show.station).and_then(|station| station.artwork.as_ref()))
}

#[cfg(test)]
mod tests;
