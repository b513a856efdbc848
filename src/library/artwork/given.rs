//! Pictures that the YAML names: read from their file, or from the file into which they were fetched.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use url::Url;
use uuid::Uuid;

use super::picture::Picture;
use crate::base::image::ImageKind;
use crate::config::Artwork;

/// Returns the path of the picture at `url` once it is fetched.
pub(super) fn fetched_path(folder: &Path, url: &Url) -> PathBuf {
    folder.join(Uuid::new_v5(&Uuid::NAMESPACE_URL, url.as_str().as_bytes()).to_string())
}

/// Returns the file of `artwork`.
pub(super) fn path(folder: &Path, artwork: &Artwork) -> PathBuf {
    match artwork {
        Artwork::File(path) => path.clone(),
        Artwork::Url(url) => fetched_path(folder, url),
    }
}

/// Reads a picture. `None` if the file does not exist, is no picture, or is too large. Blocks.
pub(super) fn read(path: &Path) -> Option<Picture> {
    let mut bytes = Vec::new();
    open(path)?.take(Artwork::LARGEST + 1).read_to_end(&mut bytes).ok()?;
    let kind = ImageKind::of(&bytes)?;
    (bytes.len() as u64 <= Artwork::LARGEST).then(|| Picture { kind, bytes: bytes.into() })
}

/// Returns the kind of the picture in a file. `None` if the file does not exist, is no picture, or is too large.
/// Blocks.
pub(super) fn kind(path: &Path) -> Option<ImageKind> {
    let mut beginning = Vec::new();
    let file = open(path)?;
    if file.metadata().ok()?.len() > Artwork::LARGEST {
        return None;
    }
    file.take(ImageKind::TELLING as u64).read_to_end(&mut beginning).ok()?;
    ImageKind::of(&beginning)
}

/// Opens a regular file. `None` for anything else, because opening a pipe waits for its writer.
fn open(path: &Path) -> Option<File> {
    let is_file = std::fs::metadata(path).is_ok_and(|metadata| metadata.is_file());
    is_file.then(|| File::open(path).ok()).flatten()
}
