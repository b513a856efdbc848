//! What a source makes of a stream of bytes, on a tape of its own, and the file that keeps a cut of it as it was sent.

use std::path::{Path, PathBuf};
use std::time::Duration;

use aircheck::base::clock::SystemClock;
use aircheck::capture::source::media::Framer;
use aircheck::config::{Encodings, GapPolicy};
use aircheck::encode::{Encoded, Job, encode};
use aircheck::model::{Cause, CauseKind, Chunk, Container, EncodingKind, MediaEvent, Span};
use aircheck::tape::Tape;
use chrono::{DateTime, TimeDelta, Utc};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::taped;

/// Returns what a source makes of `body`, whose first sample was on the air at `begins`: formats, and chunks of a second,
/// which are stamped.
pub fn framed(container: Container, body: &[u8], begins: DateTime<Utc>) -> Vec<MediaEvent> {
    let mut framer = Framer::new(container);
    framer.push(body, begins);
    let mut pieces: Vec<_> = std::iter::from_fn(|| framer.next_chunk()).collect();
    pieces.extend(std::iter::from_fn(|| framer.flush()));
    let (mut events, mut at, mut format) = (Vec::new(), begins, None);
    for piece in pieces {
        if format.as_ref() != Some(&piece.format) {
            events.push(MediaEvent::Format(piece.format.clone()));
            format = Some(piece.format);
        }
        let arrived = at + TimeDelta::from_std(piece.duration).expect("short");
        let chunk = Chunk::new(piece.bytes, piece.duration, arrived);
        let chunk = Chunk { programme_time: Some(at), discontinuity: at == begins, follows: true, ..chunk };
        events.push(MediaEvent::Chunk(chunk));
        at = arrived;
    }
    events
}

/// Puts a gap in the place of the chunks that begin between two instants. Returns what is missing then.
pub fn lose(events: &mut [MediaEvent], from: DateTime<Utc>, to: DateTime<Utc>) -> Span {
    let mut lost: Option<Span> = None;
    for event in events {
        let MediaEvent::Chunk(chunk) = event else { continue };
        let begins = chunk.programme_time.expect("all are stamped");
        if !(from..to).contains(&begins) {
            continue;
        }
        let ends = begins + TimeDelta::from_std(chunk.duration).expect("short");
        lost = Some(Span::new(lost.map_or(begins, |lost| lost.start), ends));
        *event = taped::lost(chunk);
    }
    lost.expect("a chunk begins there")
}

/// A file that was made of a tape.
pub struct Kept {
    /// What is known of it.
    pub encoded: Encoded,
    /// Where it is.
    pub file: PathBuf,
    _folder: TempDir,
}

/// Puts `events` on a tape, and keeps `cut` of it as it was sent, in a file called `name`.
pub async fn keep(events: Vec<MediaEvent>, cut: Span, gaps: GapPolicy, name: &str) -> Kept {
    let folder = tempfile::tempdir().expect("a folder");
    let tape = tape(folder.path(), events, cut).await;
    let file = folder.path().join(name);
    let encoding = Encodings::default().of(EncodingKind::Original);
    let job = Job { cut, encoding, gaps, dead_air: None, target: file.clone(), cover_space: 10_000 };
    let sealed = CancellationToken::new();
    sealed.cancel();
    let encoded = encode(&job, &tape, sealed, &SystemClock::shared()).await.expect("encoded");
    Kept { encoded, file, _folder: folder }
}

async fn tape(folder: &Path, events: Vec<MediaEvent>, cut: Span) -> Tape {
    let folder = folder.join("tape");
    let write = move || {
        let tape = Tape::open(&folder, Duration::ZERO, cut.start).expect("a tape");
        for event in events {
            tape.write(event, cut.end + TimeDelta::minutes(1)).expect("written");
        }
        tape
    };
    tokio::task::spawn_blocking(write).await.expect("written")
}
