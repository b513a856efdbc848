//! Originals with a hole in the middle, of every codec: every second that is there is at its place, and nothing else is
//! heard.

use std::time::Duration;

use aircheck::config::GapPolicy;
use aircheck::model::{Codec, Container, NoteKind, Span};
use chrono::{DateTime, TimeDelta, Utc};

use crate::support::ffmpeg;
use crate::support::kept::{framed, keep, lose};
use crate::support::timecode::{self, RATE, Report};

/// The first second that is sent.
const FIRST: i64 = 1_800_000_000;
/// How far from its place a second may be, in seconds: half a packet, and what the reader errs by.
const NEAR: f64 = 0.016;
/// For how long a codec may sound wrong before and behind a hole: Opus needs 80 ms to come to itself, MP3 two frames.
const MARGIN: f64 = 0.15;

/// What a station sends: how it is encoded, what ffmpeg calls its container, and what we do.
#[derive(Debug, Clone, Copy)]
struct Sent {
    codec: Codec,
    encoding: &'static str,
    format: &'static str,
    container: Container,
}

const SENT: [Sent; 4] = [
    Sent {
        codec: Codec::Mp3,
        encoding: "-c:a libmp3lame -b:a 96k -write_xing 0 -id3v2_version 0 -f mp3",
        format: "mp3",
        container: Container::Mp3,
    },
    Sent { codec: Codec::Aac, encoding: "-c:a aac -b:a 96k -f adts", format: "aac", container: Container::Adts },
    Sent {
        codec: Codec::Opus,
        encoding: "-c:a libopus -b:a 96k -page_duration 200000 -f ogg",
        format: "ogg",
        container: Container::Ogg,
    },
    Sent {
        codec: Codec::Vorbis,
        encoding: "-c:a libvorbis -b:a 96k -page_duration 200000 -f ogg",
        format: "ogg",
        container: Container::Ogg,
    },
];

fn at(seconds: f64) -> DateTime<Utc> {
    let after = TimeDelta::from_std(Duration::from_secs_f64(seconds)).expect("short");
    DateTime::from_timestamp(FIRST, 0).expect("a time") + after
}

/// How many seconds an instant is behind the first second that is sent.
fn seconds(instant: DateTime<Utc>) -> f64 {
    (instant - at(0.0)).as_seconds_f64()
}

#[tokio::test]
async fn every_second_around_a_hole_is_where_it_belongs_in_every_container() {
    for sent in SENT {
        let (body, begins) = tokio::task::spawn_blocking(move || {
            let sound = timecode::seconds(FIRST.cast_unsigned(), 24);
            let words: Vec<_> = sent.encoding.split(' ').collect();
            let body = ffmpeg::encode(&sound, &words);
            let begins = Report::of_bytes(sent.format, &body).begins(at(0.0)).expect("it is timecode");
            (body, begins)
        })
        .await
        .expect("made");
        let mut events = framed(sent.container, &body, begins);
        let lost = lose(&mut events, at(11.3), at(13.3));
        let cut = Span::new(at(4.4), at(20.4));
        let hole = lost.length().as_seconds_f64();
        for gaps in [GapPolicy::Skip, GapPolicy::Silence] {
            let extension = sent.codec.extension();
            let what = format!("{extension}, {gaps:?}");
            let kept = keep(events.clone(), cut, gaps, &format!("a.{extension}")).await;
            let encoded = &kept.encoded;
            assert_eq!(
                (encoded.codec, encoded.notes[0].kind, encoded.notes.len()),
                (sent.codec, NoteKind::Original, 1)
            );
            let [gap] = &encoded.gaps[..] else { panic!("{what}: {:?}", encoded.gaps) };
            assert!((gap.start - lost.start).abs() < TimeDelta::milliseconds(2), "{what}: {gap:?}, not {lost:?}");
            assert!((gap.length.as_secs_f64() - hole).abs() < 0.002, "{what}: {gap:?}, not {lost:?}");
            assert!((encoded.seconds - (16.0 - hole)).abs() < 0.06, "{what}: {} s", encoded.seconds);

            let file = kept.file.clone();
            let listen = move || (Report::of_file(&file), ffmpeg::decode(&file, RATE));
            let (heard, samples) = tokio::task::spawn_blocking(listen).await.expect("it is listened to");
            let removed = if gaps == GapPolicy::Skip { hole } else { 0.0 };
            let [from, to, begin, end] = [lost.start, lost.end, cut.start, cut.end].map(seconds);
            // A second has its chirp at its beginning, and its last symbol ends 40 ms before its end.
            let is_there = |second: f64| {
                let is_out = |a: f64, b: f64| second + 0.96 <= a || second >= b;
                second >= begin + MARGIN && second + 0.96 <= end - 0.03 && is_out(from - 0.03, to + MARGIN)
            };
            let belongs = |second: f64| second - begin - if second >= to { removed } else { 0.0 };
            let first = u16::try_from(FIRST % 65_536).expect("small");
            for number in (0..24_u16).filter(|number| is_there(f64::from(*number))) {
                let belongs = belongs(f64::from(number));
                let found: Vec<_> = heard.heard.iter().filter(|one| one.second == first + number).collect();
                let is_near = found.len() == 1 && (found[0].at - belongs).abs() < NEAR;
                assert!(is_near, "{what}: {number} is at {found:?}, not at {belongs:.3}: {heard}");
            }
            assert!(heard.doubled < 2.0 * NEAR, "{what}: {heard}");
            assert!((heard.length - (16.0 - removed)).abs() < 2.0 * NEAR, "{what}: {heard}");
            // Bits of frames that are not there would be noise, louder than anything that was sent.
            let loudest = samples.iter().map(|sample| sample.abs()).fold(0.0, f32::max);
            assert!(loudest < 0.75, "{what}: {loudest}");
            println!("{what}: {heard}; loudest {loudest:.2}; {}", encoded.notes[0].reason);
        }
    }
}
