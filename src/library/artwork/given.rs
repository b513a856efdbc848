//! Pictures that the YAML gives: read from their file, or from what was fetched.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use url::Url;
use uuid::Uuid;

use super::picture::Picture;
use crate::base::image::ImageKind;
use crate::config::Artwork;

/// Where the picture at `url` is kept, once it was fetched.
pub(super) fn kept(folder: &Path, url: &Url) -> PathBuf {
    folder.join(Uuid::new_v5(&Uuid::NAMESPACE_URL, url.as_str().as_bytes()).to_string())
}

/// The file of `artwork`.
pub(super) fn path(folder: &Path, artwork: &Artwork) -> PathBuf {
    match artwork {
        Artwork::File(path) => path.clone(),
        Artwork::Url(url) => kept(folder, url),
    }
}

/// The picture in a file; none where there is none that can be used. Blocks on the disk.
pub(super) fn read(path: &Path) -> Option<Picture> {
    let mut bytes = Vec::new();
    open(path)?.take(Artwork::LARGEST + 1).read_to_end(&mut bytes).ok()?;
    let kind = ImageKind::of(&bytes)?;
    (bytes.len() as u64 <= Artwork::LARGEST).then(|| Picture { kind, bytes: bytes.into() })
}

/// The kind of the picture in a file, where there is one that can be used. Blocks on the disk.
pub(super) fn kind(path: &Path) -> Option<ImageKind> {
    let mut begin = Vec::new();
    let file = open(path)?;
    if file.metadata().ok()?.len() > Artwork::LARGEST {
        return None;
    }
    file.take(ImageKind::TELLING as u64).read_to_end(&mut begin).ok()?;
    ImageKind::of(&begin)
}

/// A pipe would be waited for.
fn open(path: &Path) -> Option<File> {
    let is_file = std::fs::metadata(path).is_ok_and(|metadata| metadata.is_file());
    is_file.then(|| File::open(path).ok()).flatten()
}
