//! All renditions of a recording in a folder of their own, as any web server hands them out.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::encoder::{self, Encoder, Work};
use super::error::RenditionError;
use super::input::Input;
use super::playlist::{self, INIT, Rates, name_of, segment_name};
use super::probe;
use crate::base::blocking::blocking;
use crate::base::clock::SharedClock;
use crate::config::HlsRule;

/// The name of the master playlist.
pub const MASTER: &str = "master.m3u8";

/// A rendition that was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exported {
    /// Its bits per second, as configured.
    pub bits: u32,
    /// What it takes with all that is around its sound.
    pub rates: Rates,
    /// How many segments it has.
    pub segments: u32,
    /// How many bytes these have.
    pub bytes: u64,
}

/// Writes all renditions of the recording `file` into the empty `folder`: the master playlist, and for each rendition a
/// playlist and a folder of segments. `known`: how long the recording plays by the list.
///
/// # Errors
/// It cannot be read, encoded or written; what is in the folder then is of no use.
pub async fn export(
    file: &Path,
    known: Option<Duration>,
    rule: &HlsRule,
    folder: &Path,
    clock: &SharedClock,
) -> Result<Vec<Exported>, RenditionError> {
    let input = Input::File(file.to_owned());
    let layout = probe::layout(&input, known, rule.segment, clock).await?;
    if layout.segments() == 0 {
        return Err(RenditionError::NoSound { path: file.to_owned(), words: "it plays for no time".to_owned() });
    }
    let mut exported = Vec::new();
    for bits in rule.rates.iter().copied() {
        let name = name_of(bits);
        let of = folder.join(&name);
        write(of.join(INIT), encoder::initialisation(&layout, bits)).await?;
        let segments = 0..layout.segments();
        let work = Work { input: input.clone(), layout, bits, segments, behind_all: false };
        let mut encoder = Encoder::start(work, clock)?;
        let mut sizes = Vec::new();
        while let Some((number, bytes)) = encoder.next().await? {
            sizes.push(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
            write(of.join(segment_name(number)), bytes).await?;
        }
        write(folder.join(format!("{name}.m3u8")), playlist::media(&layout, &name, "").into_bytes()).await?;
        let bytes = sizes.iter().map(|size| u64::from(*size)).sum();
        exported.push(Exported { bits, rates: Rates::measured(&layout, &sizes), segments: layout.segments(), bytes });
    }
    let rates: Vec<_> = exported.iter().map(|exported| (exported.bits, exported.rates)).collect();
    write(folder.join(MASTER), playlist::master(&rates, "").into_bytes()).await?;
    Ok(exported)
}

async fn write(path: PathBuf, bytes: Vec<u8>) -> Result<(), RenditionError> {
    blocking(move || {
        let folder = path.parent().unwrap_or(Path::new("."));
        let written = std::fs::create_dir_all(folder).and_then(|()| std::fs::write(&path, bytes));
        written.map_err(|source| RenditionError::File { path, source })
    })
    .await
}
