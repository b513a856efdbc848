//! Artwork: the pictures of shows and stations, for the page, for feeds, and inside recordings.
//!
//! A show has the picture that the YAML gives it, else that of its station, else one that is drawn: its initials on a
//! colour of its own. Invariants:
//!
//! - there is always a picture, whatever became of a file or an address since the YAML was read;
//! - nobody waits for the network: what is at an address is fetched in the background and kept;
//! - pictures are handed on as they are; none is ever decoded here.

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

/// A larger picture is not embedded into recordings, in bytes: every one of them would carry it.
pub const LARGEST_COVER: usize = 512 * 1024;
/// Drawn pictures that are kept in memory, a few dozen KiB each.
const MOST_DRAWN: usize = 200;

/// The pictures. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Pictures {
    folder: PathBuf,
    drawn: Arc<Mutex<HashMap<Drawing, Bytes>>>,
}

/// What a drawing depends on, besides the fonts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Drawing {
    name: String,
    title: String,
    pixels: u16,
}

impl Pictures {
    /// Those that were fetched are kept below the `state` folder.
    pub fn new(state: &Path) -> Self {
        Self { folder: state.join("artwork"), drawn: Arc::default() }
    }

    /// Fetches what is at addresses, now and then again, until the process stops.
    pub async fn keep_fresh(self, config: watch::Receiver<Arc<Config>>, environment: Environment) {
        fetch::keep_fresh(self.folder, config, environment).await;
    }

    /// The picture of a show.
    pub async fn of_show(&self, show: &Show, config: &Config, size: Size) -> Option<Picture> {
        match self.given(given_to(show, config)).await {
            Some(picture) => Some(picture),
            None => self.draw(show.id.as_str(), &show.title, size).await,
        }
    }

    /// The picture of a station.
    pub async fn of_station(&self, station: &Station, size: Size) -> Option<Picture> {
        match self.given(station.artwork.as_ref()).await {
            Some(picture) => Some(picture),
            None => self.draw(station.id.as_str(), &station.name, size).await,
        }
    }

    /// The picture of everything.
    pub async fn of_all(&self, size: Size) -> Option<Picture> {
        // Without letters: a figure.
        self.draw("aircheck", "", size).await
    }

    /// The kind of the picture of a show, which is part of its address.
    pub async fn kind_of_show(&self, show: &Show, config: &Config) -> ImageKind {
        let Some(artwork) = given_to(show, config) else { return ImageKind::Png };
        let path = given::path(&self.folder, artwork);
        blocking(move || given::kind(&path)).await.unwrap_or(ImageKind::Png)
    }

    /// The picture to embed into recordings of a show; none where the one that is given is too large for that.
    pub async fn cover(&self, show: &Show, config: &Config) -> Option<Picture> {
        let picture = self.of_show(show, config, Size::Cover).await?;
        let bytes = picture.bytes.len();
        if bytes > LARGEST_COVER {
            let most = LARGEST_COVER >> 10;
            warn!(show = %show.id, bytes, "its artwork is not put into recordings: it is larger than {most} KiB");
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
        // Held while it is drawn: however many ask, one picture is drawn at a time, and each once.
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
