//! Tags in the way of each container: ID3v2 in MP3, the atoms of iTunes in MP4, Vorbis comments in Ogg.
//!
//! They are written into space that was reserved when the file was made, so no byte of sound moves, and it takes the same
//! time whatever the length of the file. It is not atomic, so only temporary files are tagged.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use super::tags::{self, TagError, Tags};
use super::{tags_mp4, tags_ogg};
use crate::base::blocking::caught;

/// Writes `tags` into the space reserved in the file at `path`.
pub async fn write(path: &Path, tags: &Tags) -> Result<(), TagError> {
    let (path, tags) = (path.to_owned(), tags.clone());
    caught(move || write_now(&path, &tags)).await.ok_or(TagError::Stopping)?
}

fn write_now(path: &Path, tags: &Tags) -> Result<(), TagError> {
    let mut beginning = [0; 8];
    let read = File::open(path).and_then(|file| file.read_exact_at(&mut beginning, 0));
    read.map_err(|source| TagError::File { path: path.to_owned(), source })?;
    match beginning {
        [b'O', b'g', b'g', b'S', ..] => tags_ogg::write(path, tags),
        [_, _, _, _, b'f', b't', b'y', b'p'] => tags_mp4::write(path, tags),
        _ => tags::write(path, tags),
    }
}
