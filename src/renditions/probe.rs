//! What a recording is, by its file: how many samples a second, how many channels, how long.

use std::time::Duration;

use serde::Deserialize;

use super::error::RenditionError;
use super::input::Input;
use super::layout::Layout;
use crate::base::clock::SharedClock;
use crate::base::process::Invocation;

/// How long ffprobe may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// The most that is read of its answer.
const MOST: u64 = 64 * 1024;
/// How far what the list says of the length may be from what the file says. A file may count what its encoder put before
/// and after the sound.
const APART: Duration = Duration::from_secs(1);

#[derive(Debug, Deserialize)]
struct Answer {
    #[serde(default)]
    streams: Vec<Stream>,
    format: Option<Format>,
}

#[derive(Debug, Deserialize)]
struct Stream {
    sample_rate: Option<String>,
    channels: Option<u8>,
}

#[derive(Debug, Deserialize)]
struct Format {
    duration: Option<String>,
}

/// Asks ffprobe how the sound of `input` is to be divided into segments of at most `segment`. `known`: how long it plays by
/// the list.
pub(super) async fn layout(
    input: &Input,
    known: Option<Duration>,
    segment: Duration,
    clock: &SharedClock,
) -> Result<Layout, RenditionError> {
    let mut process = Invocation::new("ffprobe")
        .args(["-hide_banner", "-loglevel", "error", "-select_streams", "a:0"])
        .args(["-show_entries", "stream=sample_rate,channels:format=duration", "-of", "json"])
        .args(input.arguments())
        .with_stdout()
        .in_background()
        .spawn(clock)?;
    let answer = process.answer(MOST, PATIENCE).await;
    let answer = answer.map_err(|_| RenditionError::Hangs { path: input.shown(), seconds: PATIENCE.as_secs() })?;
    let no_sound = || {
        let words = match process.last_words() {
            words if words.is_empty() => "there is none in it".to_owned(),
            words => input.words(&words),
        };
        RenditionError::NoSound { path: input.shown(), words }
    };
    read(&answer, known, segment).ok_or_else(no_sound)
}

/// Reads the answer of ffprobe.
fn read(answer: &[u8], known: Option<Duration>, segment: Duration) -> Option<Layout> {
    let answer: Answer = serde_json::from_slice(answer).ok()?;
    let stream = answer.streams.first()?;
    let rate: u32 = stream.sample_rate.as_deref()?.parse().ok()?;
    let told = answer.format.and_then(|format| Duration::try_from_secs_f64(format.duration?.parse().ok()?).ok());
    let length = match (known, told) {
        (Some(known), Some(told)) if known.abs_diff(told) > APART => told,
        (known, told) => known.or(told)?,
    };
    Some(Layout::new(rate_of(rate), stream.channels?.clamp(1, 2), length, segment))
}

/// Returns the rate of the renditions of sound with this `rate`: the same, or one of which it is a whole multiple or
/// fraction. So a part that is encoded from the middle on has the very samples that it would have had from the beginning
/// on, and no seam is heard.
fn rate_of(rate: u32) -> u32 {
    match rate {
        32_000 => 32_000,
        rate if rate % 11_025 == 0 => 44_100,
        _ => 48_000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEN: Duration = Duration::from_secs(10);

    #[test]
    fn the_length_is_that_of_the_list_unless_the_file_is_another() {
        let answer = br#"{"programs": [], "streams": [{"sample_rate": "44100", "channels": 6}], "format": {"duration": "90.048000"}}"#;
        let seconds = Duration::from_secs_f64;
        let read = |known: Option<f64>| read(answer, known.map(seconds), TEN).unwrap();
        assert_eq!(read(Some(90.0)), Layout::new(44_100, 2, seconds(90.0), TEN));
        assert_eq!(read(Some(3_600.0)), read(None));
        assert_eq!(read(None), Layout::new(44_100, 2, seconds(90.048), TEN));
    }

    #[test]
    fn what_is_no_sound_has_no_layout() {
        for none in [&b""[..], b"{}", br#"{"streams": [], "format": {"duration": "1.0"}}"#, br#"{"streams": [{}]}"#] {
            assert_eq!(read(none, Some(TEN), TEN), None);
        }
    }

    #[test]
    fn rates_stay_on_the_grid_of_the_recording() {
        let rates = [32_000, 44_100, 48_000, 22_050, 88_200, 24_000, 96_000, 16_000, 8_000];
        let wanted = [32_000, 44_100, 48_000, 44_100, 44_100, 48_000, 48_000, 48_000, 48_000];
        assert_eq!(rates.map(rate_of), wanted);
    }
}
