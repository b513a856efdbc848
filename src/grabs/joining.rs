//! Makes the file of a grab by joining its segments as they are, where nothing else is needed: transport packets of one
//! clock into a transport stream. It costs a copy of the bytes; ffmpeg takes ten times as long.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::time::Duration;

use super::folder::{self, Entry, Folder, FolderError, Place, failed, file_name};
use super::format::Format;
use super::outcome::Contents;
use crate::capture::source::media::Joiner;
use crate::model::Container;

/// How many segments are joined before it is looked whether anybody still waits for them.
const BATCH: usize = 32;

/// Joins the segments into the file `part` of the folder. Returns how long it plays. `None` if ffmpeg has to make it: it
/// is to be of another format, there are two tracks, something is missing, or the clock does not go on.
///
/// Cancelled by dropping it.
pub(super) async fn join(
    folder: &Folder,
    contents: &Contents,
    format: Format,
    part: &Path,
) -> Result<Option<Duration>, FolderError> {
    let [segments] = &contents.tracks[..] else { return Ok(None) };
    let is_ts = |(entry, _): &(Entry, Duration)| entry.kind.0 == Container::MpegTs.live_extension();
    let Some((first, _)) = segments.first() else { return Ok(None) };
    if format != Format::Ts || !contents.missing.is_empty() || !segments.iter().all(is_ts) {
        return Ok(None);
    }
    let (from, to) = (folder.path().join(file_name(0, first.kind)), part.to_owned());
    let failed = failed("joined", part);
    let mut joining = folder::run(move || Joining::begin(&from, &to)).await.map_err(&failed)?;
    for batch in segments.chunks(BATCH) {
        let batch: Vec<_> = batch.iter().map(|(entry, plays)| (entry.place, *plays)).collect();
        let gone_on = folder::run(move || joining.go_on(&batch)).await.map_err(&failed)?;
        let Some(gone_on) = gone_on else { return Ok(None) };
        joining = gone_on;
    }
    Ok(Some(segments.iter().map(|(_, plays)| *plays).sum()))
}

/// A file that is being joined. Blocks.
struct Joining {
    from: File,
    to: File,
    joiner: Joiner,
    segment: Vec<u8>,
}

impl Joining {
    fn begin(from: &Path, to: &Path) -> io::Result<Self> {
        let (from, to) = (File::open(from)?, File::create(to)?);
        Ok(Self { from, to, joiner: Joiner::default(), segment: Vec::new() })
    }

    /// Joins these segments. `None` if they do not go on where those before them end.
    fn go_on(mut self, segments: &[(Place, Duration)]) -> io::Result<Option<Self>> {
        for (place, plays) in segments {
            self.segment.resize(usize::try_from(place.bytes).map_err(io::Error::other)?, 0);
            self.from.read_exact_at(&mut self.segment, place.at)?;
            if !self.joiner.push(&mut self.segment, *plays) {
                return Ok(None);
            }
            self.to.write_all(&self.segment)?;
        }
        Ok(Some(self))
    }
}
