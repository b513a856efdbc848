//! A tape that is written without a station: minutes of bytes that are no sound, or timecode, each at the time at which
//! it was on the air.

use std::time::Duration;

use aircheck::capture::source::media::adts_frame_length;
use aircheck::model::{Cause, CauseKind, Chunk, Container, Format, MediaEvent};
use aircheck::tape::Tape;
use chrono::{DateTime, TimeDelta, Utc};

use super::aircheck::Aircheck;
use super::{ffmpeg, timecode};

/// How many AAC frames a chunk of timecode has, about two seconds.
pub const FRAMES: usize = 94;

/// Opens the tape of a station for a capture that begins at `at`. No service may run that writes it.
pub fn open(aircheck: &Aircheck, station: &str, at: DateTime<Utc>) -> Tape {
    let folder = aircheck.path("state/tape").join(station);
    let tape = Tape::open(&folder, Duration::ZERO, at).expect("a tape");
    let format = Format { container: Container::Adts, detail: "aac".to_owned(), init: None };
    tape.write(MediaEvent::Format(format), at).expect("written");
    tape
}

/// Puts so many minutes on the tape, the first of which was on the air from `start` on, after a break.
pub fn put(tape: &Tape, start: DateTime<Utc>, minutes: i64) {
    for minute in 0..minutes {
        let on_air = start + TimeDelta::minutes(minute);
        let arrived = on_air + TimeDelta::minutes(1);
        let chunk = Chunk::new(vec![0; 100], Duration::from_mins(1), arrived);
        let chunk = Chunk { programme_time: Some(on_air), discontinuity: minute == 0, follows: minute > 0, ..chunk };
        tape.write(MediaEvent::Chunk(chunk), arrived).expect("written");
    }
}

/// How long so many AAC frames play, in ticks of the tape's clock: 64/3 ms each.
pub fn frames(count: usize) -> Duration {
    Duration::from_nanos(count as u64 * 64_000_000 / 3)
}

/// Returns what a station sends so that timecode from `first` on is on tape, stamped: the format, then chunks of
/// [`FRAMES`], which went through `spoil` with their numbers. The first begins a frame before `first`.
pub fn timecode(
    first: DateTime<Utc>,
    seconds: usize,
    spoil: impl Fn(usize, Vec<u8>) -> Vec<u8>,
) -> (MediaEvent, Vec<MediaEvent>) {
    let sound = timecode::seconds(first.timestamp().cast_unsigned(), seconds);
    // The first frame is the encoder's own.
    let begins = first - TimeDelta::from_std(frames(1)).expect("short");
    let place = |frame: usize| begins + TimeDelta::from_std(frames(frame)).expect("short");
    let data = ffmpeg::encode(&sound, &["-c:a", "aac", "-b:a", "96k", "-f", "adts"]);
    let chunk = |(number, frames_of_it): (usize, &[&[u8]])| {
        MediaEvent::Chunk(Chunk {
            bytes: spoil(number, frames_of_it.concat()).into(),
            duration: frames(FRAMES),
            arrived: place((number + 1) * FRAMES),
            programme_time: Some(place(number * FRAMES)),
            discontinuity: number == 0,
            follows: true,
            sequence: None,
        })
    };
    let format = Format { container: Container::Adts, detail: "aac 48000 Hz 1 ch".into(), init: None };
    (MediaEvent::Format(format), adts(&data).chunks_exact(FRAMES).enumerate().map(chunk).collect())
}

/// How many AAC frames play for eight seconds, exactly.
const EIGHT_SECONDS: usize = 375;

/// Puts so many chunks of eight seconds on the tape, which say their seconds, the first of which was on the air from
/// `start` on, a whole second, after a break. Blocks.
pub fn put_sound(tape: &Tape, start: DateTime<Utc>, chunks: usize) {
    let sound = timecode::seconds(start.timestamp().cast_unsigned(), chunks * 8 + 1);
    let data = ffmpeg::encode(&sound, &["-c:a", "aac", "-b:a", "128k", "-f", "adts"]);
    let length = Duration::from_secs(8);
    // The first frame is the encoder's own.
    for (number, chunk) in (0..chunks).zip(adts(&data)[1..].chunks(EIGHT_SECONDS)) {
        let on_air = start + TimeDelta::seconds(8) * i32::try_from(number).expect("few");
        let arrived = on_air + length;
        let chunk = Chunk::new(chunk.concat(), length, arrived);
        let chunk = Chunk { programme_time: Some(on_air), discontinuity: number == 0, follows: number > 0, ..chunk };
        tape.write(MediaEvent::Chunk(chunk), arrived).expect("written");
    }
}

/// Returns the frames of an ADTS stream.
fn adts(mut data: &[u8]) -> Vec<&[u8]> {
    let mut frames = Vec::new();
    while let Some(length) = adts_frame_length(data) {
        let (frame, rest) = data.split_at(length);
        frames.push(frame);
        data = rest;
    }
    frames
}

/// Returns the gap that is on tape if `chunk` could not be fetched.
pub fn lost(chunk: &Chunk) -> MediaEvent {
    MediaEvent::Gap {
        duration: chunk.duration,
        arrived: chunk.arrived,
        programme_time: chunk.programme_time,
        discontinuity: false,
        follows: true,
        cause: Cause::new(CauseKind::Refused, "it answered 404"),
    }
}
