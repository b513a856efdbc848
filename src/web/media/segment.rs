//! The segments of tape that players ask for.
//!
//! The name of a segment says all there is to know of it: its reel, its offset in it and, for packed audio (RFC 8216
//! section 3.4), when it is to be played. So its answer never changes, and it is found by its reel alone, however far
//! back that is. No part of a name reaches the disk: reels are found by comparing names.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use tracing::error;

use crate::base::blocking::blocking;
use crate::base::id3v2::timestamp_tag;
use crate::encode::frames_of;
use crate::model::Container;
use crate::tape::{Reel, Sound, Tape, TapeError};

/// `Cache-Control` of a segment: it never changes, but a shared cache must not give it to clients without a key.
const FOR_A_DAY: HeaderValue = HeaderValue::from_static("private, max-age=86400, immutable");
/// What stands in the name of an initialisation section in the place of an offset.
const INIT: &str = "init";
/// Ticks of a timestamp in a millisecond.
const TICKS: u64 = 90;

/// Returns the name of the segment that is `sound`, before which so much plays: `REEL-OFFSET.ts`, or
/// `REEL-OFFSET-MILLISECONDS.aac` for packed audio.
pub(super) fn name_of(sound: &Sound, at: Duration) -> String {
    let (reel, offset) = (&sound.reel, sound.offset);
    let part = if reel.container.is_packed() { format!("{offset}-{}", at.as_millis()) } else { offset.to_string() };
    named(reel, &part)
}

/// Returns the name of the initialisation section of a reel.
pub(super) fn init_name_of(reel: &Reel) -> String {
    named(reel, INIT)
}

fn named(reel: &Reel, part: &str) -> String {
    format!("{}-{part}.{}", plain_stem(&reel.path), reel.container.live_extension())
}

/// The name of a reel without its extension, in characters that need no escape in an address.
fn plain_stem(path: &Path) -> String {
    let stem = path.file_stem().map(|stem| stem.to_string_lossy()).unwrap_or_default();
    stem.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect()
}

/// Returns the answer to a player that asks for the segment or the initialisation section of this `name`.
pub(super) async fn answer(tape: Tape, name: String) -> Response {
    match blocking(move || read(&tape, &name)).await {
        Ok(Some((container, bytes))) => {
            let kind = HeaderValue::from_static(container.media_type());
            ([(CONTENT_TYPE, kind), (CACHE_CONTROL, FOR_A_DAY)], bytes).into_response()
        }
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        // It was deleted a moment ago.
        Err(error) if error.is_not_found() => StatusCode::NOT_FOUND.into_response(),
        Err(error) => {
            error!(%error, "a segment could not be read");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// Reads the segment of this `name`. `None` if there is none. Blocks.
fn read(tape: &Tape, name: &str) -> Result<Option<(Container, Vec<u8>)>, TapeError> {
    let Some((sound, at)) = find(tape, name) else { return Ok(None) };
    let (bytes, container) = (sound.read()?, sound.reel.container);
    let bytes = match at {
        Some(at) => [&stamp(at), frames_of(&bytes, container)].concat(),
        None => bytes,
    };
    Ok(Some((container, bytes)))
}

/// Finds the segment of this `name`, and at which millisecond it is to be played if it says so. Blocks.
fn find(tape: &Tape, name: &str) -> Option<(Sound, Option<u64>)> {
    let (rest, extension) = name.rsplit_once('.')?;
    let container = Container::ALL.into_iter().find(|container| container.live_extension() == extension)?;
    let sounds_on = |stem: &str| {
        tape.sounds_on(|path| {
            path.extension().is_some_and(|extension| extension == container.extension()) && plain_stem(path) == stem
        })
    };
    if let Some(stem) = rest.strip_suffix(INIT).and_then(|stem| stem.strip_suffix('-')) {
        let reel = sounds_on(stem).first().map(|first| Arc::clone(&first.reel)).filter(|reel| reel.init > 0)?;
        return Some((Sound { offset: 0, length: reel.init, reel }, None));
    }
    let (rest, at) = if container.is_packed() {
        let (rest, at) = rest.rsplit_once('-')?;
        (rest, Some(at.parse().ok()?))
    } else {
        (rest, None)
    };
    let (stem, offset) = rest.rsplit_once('-')?;
    let offset: u64 = offset.parse().ok()?;
    let sounds = sounds_on(stem);
    // A reel is only appended to.
    let found =
        sounds.binary_search_by_key(&offset, |sound| sound.offset).ok().and_then(|at| sounds.get(at).cloned())?;
    // A segment has one name.
    let is_its_name = name_of(&found, Duration::from_millis(at.unwrap_or_default())) == name;
    is_its_name.then_some((found, at))
}

/// Returns the tag that says at which millisecond packed audio is to be played.
fn stamp(at: u64) -> Vec<u8> {
    timestamp_tag(at.wrapping_mul(TICKS))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use chrono::{DateTime, TimeDelta, Utc};

    use super::*;
    use crate::model::{Chunk, Format, MediaEvent};

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
    }

    /// A tape with a reel that has ended and one that has not, each with two segments, in `container`.
    fn tape(folder: &Path, container: Container) -> Tape {
        let tape = Tape::open(folder, Duration::ZERO, at(0)).unwrap();
        for reel in 0..2 {
            let init = (container == Container::Fmp4).then(|| Bytes::from_static(b"head"));
            let format = Format { container, detail: reel.to_string(), init };
            let begun = at(reel * 4);
            tape.write(MediaEvent::Format(format), begun).unwrap();
            for number in 1..=2 {
                let arrived = begun + TimeDelta::seconds(number * 2);
                let chunk = Chunk::new(format!("reel {reel} {number}"), Duration::from_secs(2), arrived);
                tape.write(MediaEvent::Chunk(chunk), arrived).unwrap();
            }
        }
        tape
    }

    fn told(tape: &Tape, name: &str) -> Option<String> {
        Some(String::from_utf8(read(tape, name).unwrap()?.1).unwrap())
    }

    #[test]
    fn a_segment_is_found_by_its_name_alone_on_every_reel() {
        for (container, first) in [(Container::MpegTs, 0), (Container::Fmp4, 4)] {
            let folder = tempfile::tempdir().unwrap();
            let tape = tape(folder.path(), container);
            let (old, new) = ("19700101T000002000Z", "19700101T000006000Z");
            let extension = container.live_extension();
            let name = |stem: &str, part: u64| format!("{stem}-{part}.{extension}");
            assert_eq!(told(&tape, &name(old, first)).as_deref(), Some("reel 0 1"));
            assert_eq!(told(&tape, &name(old, first + 8)).as_deref(), Some("reel 0 2"));
            assert_eq!(told(&tape, &name(new, first + 8)).as_deref(), Some("reel 1 2"));
            let head = told(&tape, &format!("{new}-init.{extension}"));
            assert_eq!(head.as_deref(), (first > 0).then_some("head"));
            for none in [
                name(old, first + 1),
                name(old, 16 + first),
                name("19700101T000003000Z", first),
                name("", first),
                format!("{old}-0{first}.{extension}"),
                format!("{old}-+{first}.{extension}"),
                format!("{old}-{first}-0.{extension}"),
                format!("{old}-{first}.aac"),
                format!("../{old}-{first}.{extension}"),
                format!("{old}.{extension}"),
                "catalogue.sqlite".to_owned(),
                String::new(),
            ] {
                assert_eq!(told(&tape, &none), None, "{none}");
            }
        }
    }

    #[test]
    fn packed_sound_is_stamped_as_players_want_it() {
        let folder = tempfile::tempdir().unwrap();
        let tape = tape(folder.path(), Container::Adts);
        let (_, bytes) = read(&tape, "19700101T000002000Z-8-10000.aac").unwrap().unwrap();
        assert_eq!(bytes[..20], *b"ID3\x04\0\0\0\0\0\x3fPRIV\0\0\0\x35\0\0");
        assert_eq!(bytes[65..73], 900_000_u64.to_be_bytes());
        assert_eq!(bytes[73..], *b"reel 0 2");
        assert_eq!(stamp(7 * 86_400_000)[65..68], [0, 0, 0], "33 bits are all there is");
        assert_eq!(stamp(u64::MAX).len(), 73);
        for none in ["19700101T000002000Z-8.aac", "19700101T000002000Z-8-010.aac", "19700101T000002000Z-8--1.aac"] {
            assert_eq!(told(&tape, none), None, "{none}");
        }
    }

    #[test]
    fn names_of_segments_are_plain() {
        let sound = |path: &str, container| Sound {
            reel: Arc::new(Reel { path: path.into(), container, detail: String::new(), init: 0, head: None }),
            offset: 17,
            length: 1,
        };
        let at = Duration::from_micros(1_500_900);
        assert_eq!(name_of(&sound("/tape/s/20261120T0300Z.bin", Container::Adts), at), "20261120T0300Z-17-1500.aac");
        assert_eq!(name_of(&sound("/tape/s/20261120T0300Z.ts", Container::MpegTs), at), "20261120T0300Z-17.ts");
        assert_eq!(init_name_of(&sound("/tape/명/a b\"<.bin", Container::Fmp4).reel), "a-b---init.mp4");
    }
}
