//! Copying a reel: its sound, then its index, then its seal.

use std::path::Path;

use super::name::of_reel;
use crate::base::blocking::Lane;
use crate::config::Station;
use crate::copies::SendError;
use crate::copies::once::put_once;
use crate::library::remote::{Payload, Remote, RemoteError};
use crate::model::Container;
use crate::tape::{SealLine, Seals, TapeError};

/// How many seals are held of a station at a time: those of a day.
const AT_ONCE: usize = 24;

/// The seals that wait of a tape.
#[derive(Debug, Clone, Default)]
pub(super) struct Waiting {
    /// The oldest of them.
    pub lines: Vec<SealLine>,
    /// How many there are.
    pub count: usize,
}

/// Reads what waits behind the seal with this `word`. Blocks.
pub(super) fn waiting(folder: &Path, word: Option<&str>) -> Result<Waiting, TapeError> {
    let seals = Seals::read(folder)?;
    let mut behind = seals.after(word);
    let lines: Vec<_> = behind.by_ref().take(AT_ONCE).collect();
    let count = lines.len() + behind.count();
    Ok(Waiting { lines, count })
}

/// Copies the reel of a seal in the folder of its tape.
pub(super) async fn send(
    remote: &Remote,
    station: &Station,
    folder: &Path,
    line: &SealLine,
    lane: &Lane,
) -> Result<(), SendError> {
    let (seal, names) = (&line.seal, of_reel(remote.rule(), station, &line.seal.name));
    let path = folder.join(&seal.name);
    // Its checksum is that of the seal: a reel that was changed since is refused by the store.
    let sound = Payload::File { path: path.clone(), bytes: seal.bytes, sha256: seal.sound.clone() };
    put_once(remote, &names.sound, media_type(&path), sound, seal.bytes).await?;
    let index = path.with_extension("m3u8");
    let file = index.clone();
    let unreadable = |source| RemoteError::File { doing: "read", path: index, source };
    let text = lane.run(move || std::fs::read(file)).await.map_err(unreadable)?;
    put_text(remote, &names.index, "application/vnd.apple.mpegurl", text).await?;
    put_text(remote, &names.seal, "text/plain; charset=utf-8", line.text.clone().into_bytes()).await
}

/// Writes what is small. What is there already stays: an index may get some lines after its reel was sealed.
pub(super) async fn put_text(remote: &Remote, name: &str, kind: &str, bytes: Vec<u8>) -> Result<(), SendError> {
    let length = bytes.len() as u64;
    match put_once(remote, name, kind, Payload::Bytes(bytes.into()), length).await {
        Err(SendError::Taken { .. }) => Ok(()),
        written => written,
    }
}

/// Returns the media type of a sound file of a tape.
fn media_type(path: &Path) -> &'static str {
    let container = path.extension().and_then(|extension| Container::from_extension(extension.to_str()?));
    container.map_or("application/octet-stream", Container::media_type)
}
