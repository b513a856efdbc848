//! What all encoding ffmpegs have in common.

use std::path::Path;
use std::time::Duration;

use crate::base::process::{self, Invocation, Running};
use crate::config::Encoding;
use crate::encode::error::EncodeError;

/// How long an encoder may refuse samples, or take to end.
pub(super) const HANGS_AFTER: Duration = Duration::from_secs(20);
/// How long an encoder that takes nothing more may take to end.
pub(super) const GRACE: Duration = Duration::from_secs(1);

/// Returns an ffmpeg that reads the samples on its stdin. What to make of them is still to be added.
pub(super) fn samples_of(settings: Encoding) -> Invocation {
    let layout = if settings.channels == 1 { "mono" } else { "stereo" };
    Invocation::new("ffmpeg")
        .args(["-hide_banner", "-nostats", "-loglevel", "error", "-f", "f32le"])
        .args(["-ar".to_owned(), settings.sample_rate.to_string()])
        .args(["-channel_layout", layout, "-ac"])
        .args([settings.channels.to_string()])
        .args(["-i", "pipe:0", "-map_metadata", "-1"])
        .with_stdin()
}

/// Returns why the encoder of the file at `path`, which takes nothing more, has ended or is about to.
pub(super) async fn failed(process: &mut Running, path: &Path, grace: Duration) -> EncodeError {
    let status = process.wait_within(grace).await;
    process.stop(Duration::ZERO).await;
    let killed = status.ok().and_then(Result::ok).and_then(process::killed);
    let words = killed.unwrap_or_else(|| match process.last_words() {
        words if words.is_empty() => "ended too early and says nothing".to_owned(),
        words => format!("says {words:?}"),
    });
    EncodeError::Encoder { path: path.to_owned(), words }
}
