//! How long a file of the object store plays, without fetching all of it: ffprobe reads what it needs, by a link.

use std::time::Duration;

use serde::Deserialize;

use super::link_input::{arguments, link_input};
use crate::base::process::Invocation;
use crate::library::remote::{Remote, RemoteError};

/// How long ffprobe may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// The most that is read of its answer.
const MOST: u64 = 64 * 1024;

#[derive(Debug, Deserialize)]
struct Answer {
    #[serde(default)]
    streams: Vec<serde::de::IgnoredAny>,
    format: Option<Format>,
}

#[derive(Debug, Deserialize)]
struct Format {
    duration: Option<String>,
}

/// Returns how long the sound of an object plays. `None` if it has none, or does not say.
///
/// # Errors
/// This machine has no keys.
pub async fn sound_length(remote: &Remote, name: &str) -> Result<Option<Duration>, RemoteError> {
    let link = link_input(remote, name).await?;
    let process = Invocation::new("ffprobe")
        .args(["-hide_banner", "-loglevel", "error"])
        .args(["-select_streams", "a:0", "-show_entries", "stream=index:format=duration", "-of", "json"])
        .args(arguments(&link))
        .with_stdout()
        .in_background()
        .spawn(remote.clock());
    // Without it nothing can be cut either, which is said then.
    let Ok(mut process) = process else { return Ok(None) };
    Ok(process.answer(MOST, PATIENCE).await.ok().and_then(|answer| read(&answer)))
}

/// Reads the answer of ffprobe.
fn read(answer: &[u8]) -> Option<Duration> {
    let answer: Answer = serde_json::from_slice(answer).ok()?;
    let told = answer.format?.duration?.parse().ok()?;
    Duration::try_from_secs_f64(told).ok().filter(|length| !length.is_zero() && !answer.streams.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_sound_has_a_length() {
        let read = |text: &str| read(text.as_bytes());
        assert_eq!(
            read(r#"{"streams": [{"index": 0}], "format": {"duration": "90.048"}}"#),
            Some(Duration::from_millis(90_048))
        );
        for none in
            ["", "{}", r#"{"streams": [], "format": {"duration": "1.0"}}"#, r#"{"streams": [{}], "format": {}}"#]
        {
            assert_eq!(read(none), None, "{none}");
        }
    }
}
