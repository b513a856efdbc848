//! Makes the file of a grab from the segments in its folder.
//!
//! ffmpeg does it, unless they need only be joined. It reads a playlist that is written beside the segments and names byte
//! ranges of their files, so that nothing is copied before; it may open files of that folder and nothing else. It runs in
//! the folder, so that no name of a person gets into a command line or into a playlist.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, BufReader};

use super::error::GrabError;
use super::folder::{Entry, Folder, file_name};
use super::format::Format;
use super::joining::join;
use super::outcome::Contents;
use crate::base::clock::SharedClock;
use crate::base::process::{Invocation, ProcessError, killed};

/// The file that becomes the one a person named.
const PART: &str = "whole.part";
/// The list of both tracks.
const MASTER: &str = "list.m3u8";
/// How long ffmpeg may say nothing; it says something twice a second, but not while it moves the head of a large file.
const SILENCE: Duration = Duration::from_mins(30);
/// How much ffmpeg looks at to find all streams: 20 s, as the picture may begin late.
const LOOK: &str = "20000000";

/// The file, and how long it plays.
#[derive(Debug)]
pub(super) struct Packed {
    pub file: PathBuf,
    pub plays: Duration,
}

/// Makes the file. It is hidden in the folder; `named` is what it will be called, for messages. Cancelled by dropping it.
pub(super) async fn pack(
    folder: &Folder,
    contents: &Contents,
    format: Format,
    named: &Path,
    clock: &SharedClock,
) -> Result<Packed, GrabError> {
    let failed = |reason: String| GrabError::Packing { file: named.to_owned(), reason };
    let started = |error: ProcessError| failed(error.to_string());
    let unwritable = |error: std::io::Error| failed(error.to_string());
    let part = folder.path().join(PART);
    if let Some(plays) = join(folder, contents, format, &part).await? {
        return Ok(Packed { file: part, plays });
    }
    let input = write_lists(folder, contents).await.map_err(unwritable)?;
    let mut ffmpeg = Invocation::new("ffmpeg")
        .args(["-hide_banner", "-nostats", "-loglevel", "error", "-y", "-progress", "pipe:1"])
        .args(["-protocol_whitelist", "file", "-allowed_extensions", "ALL"])
        .args(["-probesize", "50000000", "-analyzeduration", LOOK, "-f", "hls", "-i", &input])
        .args(["-map_metadata", "-1", "-max_muxing_queue_size", "4096"])
        .args(format.arguments())
        .args([format!("file:{PART}")])
        .within(folder.path())
        .with_stdout()
        .spawn(clock)
        .map_err(started)?;
    let mut lines = ffmpeg.take_stdout().map(|stdout| BufReader::new(stdout).lines());
    let mut plays = Duration::ZERO;
    while let Some(lines) = &mut lines {
        let silent = |_| failed("ffmpeg hangs".to_owned());
        match clock.timeout(SILENCE, lines.next_line()).await.map_err(silent)? {
            Ok(Some(line)) => plays = position(&line).unwrap_or(plays),
            _ => break,
        }
    }
    let hangs = |_| failed("ffmpeg does not end".to_owned());
    let status = ffmpeg.wait_within(SILENCE).await.map_err(hangs)?.map_err(unwritable)?;
    if !status.success() {
        let words = killed(status).unwrap_or_else(|| ffmpeg.last_words());
        let words = if words.is_empty() { status.to_string() } else { words };
        return Err(failed(crate::base::redact::text(&words)));
    }
    Ok(Packed { file: part, plays })
}

/// The position in a line of ffmpeg's progress; its unit is a microsecond.
fn position(line: &str) -> Option<Duration> {
    line.strip_prefix("out_time_us=")?.trim().parse().ok().map(Duration::from_micros)
}

/// Writes the playlists of what is in the folder. Returns the name of the one to read.
async fn write_lists(folder: &Folder, contents: &Contents) -> std::io::Result<String> {
    let mut names = Vec::new();
    for (number, segments) in (0_u8..).zip(&contents.tracks).filter(|(_, segments)| !segments.is_empty()) {
        let name = format!("list-{number}.m3u8");
        tokio::fs::write(folder.path().join(&name), list(folder, number, segments)).await?;
        names.push(name);
    }
    match &names[..] {
        [picture, sound] => {
            // As one input: two would each begin with its own first segment, and not be in step where that is missing.
            let text = format!(
                "#EXTM3U\n#EXT-X-VERSION:7\n\
                 #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"a\",DEFAULT=YES,AUTOSELECT=YES,URI=\"{sound}\"\n\
                 #EXT-X-STREAM-INF:BANDWIDTH=1,AUDIO=\"a\"\n{picture}\n"
            );
            tokio::fs::write(folder.path().join(MASTER), text).await?;
            Ok(MASTER.to_owned())
        }
        names => Ok(names.first().cloned().unwrap_or_default()),
    }
}

fn list(folder: &Folder, track: u8, segments: &[(Entry, Duration)]) -> String {
    let longest = segments.iter().map(|(_, length)| length.as_secs() + 1).max().unwrap_or(1);
    let mut text = format!(
        "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:{longest}\n#EXT-X-PLAYLIST-TYPE:VOD\n#EXT-X-MEDIA-SEQUENCE:0\n"
    );
    let mut init = None;
    for (entry, length) in segments {
        if entry.init != init {
            init = entry.init;
            if let Some(init) = entry.init.and_then(|number| folder.init(number)) {
                let (name, place) = (file_name(track, init.kind), init.place);
                let _ = writeln!(text, "#EXT-X-MAP:URI=\"{name}\",BYTERANGE=\"{}@{}\"", place.bytes, place.at);
            }
        }
        let (name, place) = (file_name(track, entry.kind), entry.place);
        let _ = writeln!(text, "#EXTINF:{:.3},", length.as_secs_f64());
        let _ = writeln!(text, "#EXT-X-BYTERANGE:{}@{}\n{name}", place.bytes, place.at);
    }
    text + "#EXT-X-ENDLIST\n"
}
