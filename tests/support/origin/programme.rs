//! The programme: timecode audio, encoded once per test process and codec, cut into segments per container.
//!
//! Everything here has a wall-clock time, exact to the sample. An encoder puts extra samples in front of the sound (AAC
//! in ffmpeg 1,024; LAME with the decoder's delay 1,105), which a live stream cannot declare. So a decoded frame is
//! heard that much later than its position in the stream says, and the times here are those of the decoded sound.
//! `tests/origin.rs` proves that.

#![expect(clippy::cast_precision_loss, reason = "counts of frames are far below 2^52")]

use std::collections::HashMap;
use std::hash::Hash;
use std::ops::Range;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};

use crate::support::{ffmpeg, timecode};

/// How the sound is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Container {
    /// AAC in an MPEG transport stream.
    Ts,
    /// AAC frames with ADTS headers.
    Adts,
    /// MP3 frames.
    Mp3,
    /// AAC in fragmented MP4 with an initialisation section.
    Fmp4,
    /// FLAC frames after their head; endless only.
    Flac,
    /// Samples after the head of a WAV file; endless only.
    Wav,
}

impl Container {
    /// Returns the extension of its segments.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Ts => "ts",
            Self::Adts => "aac",
            Self::Mp3 => "mp3",
            Self::Fmp4 => "m4s",
            Self::Flac => "flac",
            Self::Wav => "wav",
        }
    }

    /// Returns its media type.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Ts => "video/mp2t",
            Self::Adts => "audio/aac",
            Self::Mp3 => "audio/mpeg",
            Self::Fmp4 => "video/iso.segment",
            Self::Flac => "audio/flac",
            Self::Wav => "audio/wav",
        }
    }

    fn voice(self) -> Voice {
        let codec = match self {
            Self::Ts | Self::Adts | Self::Fmp4 => Codec::Aac,
            Self::Mp3 => Codec::Mp3,
            Self::Flac => Codec::Flac,
            Self::Wav => Codec::Pcm,
        };
        Voice { codec, rate: timecode::RATE, channels: 1, late: 0, silent: false }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Codec {
    Aac,
    /// At 48 kHz only.
    Mp3,
    Flac,
    /// 16 bits, mono.
    Pcm,
}

impl Codec {
    /// Returns how many samples encoder and decoder put before the sound, and how many a frame has.
    pub fn delay_and_frame(self) -> (u32, u32) {
        match self {
            Self::Aac => (1_024, 1_024),
            Self::Mp3 => (1_105, 1_152),
            Self::Flac => (0, 4_608),
            Self::Pcm => (0, 1_152),
        }
    }
}

/// One encoding of the programme.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Voice {
    pub codec: Codec,
    pub rate: u32,
    pub channels: u32,
    /// How much later than the programme it begins, in samples at 48 kHz.
    pub late: u32,
    /// Whether it is silent.
    pub silent: bool,
}

/// How far a programme reaches back when it is first asked for (s) …
const BACK: i64 = 120;
/// … how long it is in all (s) …
const SECONDS: usize = 480;
/// … and how much must be left of it, or it is made again (s): no test may take longer.
const ENOUGH: TimeDelta = TimeDelta::seconds(200);

/// Encoded frames.
#[derive(Debug)]
pub struct Frames {
    /// When the sound of the first frame was on the air.
    pub begins: DateTime<Utc>,
    /// How long a frame plays, in seconds.
    pub frame: f64,
    /// The bytes before all frames.
    pub head: Bytes,
    data: Bytes,
    places: Vec<Range<usize>>,
}

impl Frames {
    /// Returns how many frames there are.
    pub fn count(&self) -> usize {
        self.places.len()
    }

    /// Returns when the sound of frame `index` began.
    pub fn time(&self, index: usize) -> DateTime<Utc> {
        self.begins + seconds(index as f64 * self.frame)
    }

    /// Returns how many frames have ended by `now`.
    pub fn ended(&self, now: DateTime<Utc>) -> usize {
        let passed = (now - self.begins).as_seconds_f64() / self.frame;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
        let count = passed.clamp(0.0, self.count() as f64) as usize;
        count
    }

    /// Returns the bytes of consecutive frames.
    pub fn bytes(&self, frames: Range<usize>) -> Bytes {
        match (self.places.get(frames.start), frames.end.checked_sub(1).and_then(|last| self.places.get(last))) {
            (Some(first), Some(last)) if first.start < last.end => self.data.slice(first.start..last.end),
            _ => Bytes::new(),
        }
    }
}

/// A segment.
#[derive(Debug, Clone)]
pub struct Segment {
    /// Its bytes.
    pub bytes: Bytes,
    /// When its first sample was on the air.
    pub begins: DateTime<Utc>,
    /// How long it plays.
    pub duration: TimeDelta,
    /// Which of [`Segments::acts`] it belongs to.
    pub act: usize,
}

impl Segment {
    /// Returns when its last sample was on the air.
    pub fn ends(&self) -> DateTime<Utc> {
        self.begins + self.duration
    }
}

/// A programme cut into segments.
#[derive(Debug)]
pub struct Segments {
    /// The segments, one after another without a hole.
    pub list: Vec<Segment>,
    /// The containers, each with its initialisation section; one unless the format changes.
    pub acts: Vec<(Container, Option<Bytes>)>,
    /// The frames they were cut from.
    pub frames: Arc<Frames>,
}

/// Returns the current programme in `container`, in segments of about `length`. Takes about a second the first time.
pub fn segments(container: Container, length: Duration, now: DateTime<Utc>) -> Arc<Segments> {
    static CUT: Made<(Container, Duration), Segments> = Made::new();
    let first = beginning(now);
    let frames = frames(container.voice(), first);
    CUT.get((container, length), first, || match container {
        Container::Ts | Container::Fmp4 => muxed(container, frames, length),
        _ => packed(container, frames, length),
    })
}

/// A cache of what is made from the programme: each value is made once per programme, one at a time. A value that
/// exists is returned at once, even while another is being made.
struct Made<K, V> {
    made: Mutex<Option<HashMap<K, OfProgramme<V>>>>,
    making: Mutex<()>,
}

/// A value, and when the programme begins from which it was made.
type OfProgramme<V> = (i64, Arc<OnceLock<Arc<V>>>);

impl<K: Eq + Hash, V> Made<K, V> {
    const fn new() -> Self {
        Self { made: Mutex::new(None), making: Mutex::new(()) }
    }

    fn get(&self, key: K, first: i64, make: impl FnOnce() -> V) -> Arc<V> {
        let place = {
            let mut made = self.made.lock().expect("nobody panics here");
            let (then, place) = made.get_or_insert_default().entry(key).or_default();
            if *then != first {
                (*then, *place) = (first, Arc::default());
            }
            Arc::clone(place)
        };
        let made = place.get_or_init(|| {
            let _one = self.making.lock().expect("no test panics while it makes something");
            Arc::new(make())
        });
        Arc::clone(made)
    }
}

/// Returns the Unix time at which the current programme begins: the same for all encodings until little of it is left.
pub fn beginning(now: DateTime<Utc>) -> i64 {
    static BEGINNING: Mutex<Option<i64>> = Mutex::new(None);
    let mut beginning = BEGINNING.lock().expect("nobody panics here");
    let left = |first: i64| TimeDelta::seconds(first - now.timestamp() + seconds(SECONDS as f64).num_seconds());
    match *beginning {
        Some(first) if left(first) > ENOUGH => first,
        _ => *beginning.insert(now.timestamp() - BACK),
    }
}

/// Returns the programme that begins at `first`, in one encoding.
pub fn frames(voice: Voice, first: i64) -> Arc<Frames> {
    static ENCODED: Made<Voice, Frames> = Made::new();
    ENCODED.get(voice, first, || ffmpeg::in_background(|| encode(voice, first)))
}

fn encode(voice: Voice, first: i64) -> Frames {
    let sound = timecode::seconds(first.try_into().expect("after 1970"), SECONDS);
    let mut sound = sound[voice.late as usize..].to_vec();
    if voice.silent {
        sound.fill(0);
    }
    let (rate, channels) = (voice.rate.to_string(), voice.channels.to_string());
    let to = ["-ar", &rate, "-ac", &channels];
    let args: &[&str] = match voice.codec {
        Codec::Aac => &["-c:a", "aac", "-b:a", "96k", "-f", "adts"],
        // Without a bit reservoir, so that it can be cut anywhere.
        Codec::Flac => &["-c:a", "flac", "-frame_size", "4608", "-f", "flac"],
        Codec::Pcm => &["-c:a", "pcm_s16le", "-f", "wav"],
        Codec::Mp3 => &["-c:a", "libmp3lame", "-b:a", "128k", "-reservoir", "0", "-write_xing", "0", "-f", "mp3"],
    };
    let data = Bytes::from(ffmpeg::encode(&sound, &[&to[..], args].concat()));
    let mut at = match voice.codec {
        // ffmpeg puts an ID3 tag before MP3.
        Codec::Aac | Codec::Mp3 => data.windows(2).position(|two| two[0] == 0xFF && two[1] & 0xE0 == 0xE0),
        Codec::Flac => data.windows(2).position(|two| two == [0xFF, 0xF8]),
        Codec::Pcm => data.windows(4).position(|four| four == b"data").map(|at| at + 8),
    }
    .expect("a frame");
    let head = if matches!(voice.codec, Codec::Flac | Codec::Pcm) { data.slice(..at) } else { Bytes::new() };
    let mut places = Vec::new();
    while let Some(header) = data.get(at..at + 7) {
        let length = match voice.codec {
            Codec::Aac => usize::from(header[3] & 3) << 11 | usize::from(header[4]) << 3 | usize::from(header[5] >> 5),
            // 128 kbit/s at 48 kHz.
            Codec::Mp3 => 384,
            Codec::Flac => flac_frame(&data[at..], places.len()),
            Codec::Pcm => 2 * 1_152,
        };
        assert!(length >= 7, "not a frame at {at}");
        places.push(at..(at + length).min(data.len()));
        at += length;
    }
    let rate = f64::from(voice.rate);
    let (delay, samples) = voice.codec.delay_and_frame();
    let late = seconds(f64::from(voice.late) / f64::from(timecode::RATE));
    let begins = DateTime::from_timestamp(first, 0).expect("a time of today") + late - seconds(f64::from(delay) / rate);
    Frames { begins, frame: f64::from(samples) / rate, head, data, places }
}

/// Returns the length of the FLAC frame at the beginning of `data`: up to the head of the next, which has the next
/// number.
fn flac_frame(data: &[u8], number: usize) -> usize {
    let next = char::from_u32(u32::try_from(number + 1).expect("few frames")).expect("a number that UTF-8 can write");
    let next = next.to_string();
    let is_next = |at: &usize| {
        data[*at..].starts_with(&[0xFF, 0xF8])
            && data.get(at + 4..).is_some_and(|rest| rest.starts_with(next.as_bytes()))
    };
    (7..data.len()).find(is_next).unwrap_or(data.len())
}

/// Returns packed audio (RFC 8216 section 3.4): frames after an ID3 tag with the timestamp of the first.
pub fn packed(container: Container, frames: Arc<Frames>, length: Duration) -> Segments {
    let boundary = |index: usize| {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small positive number")]
        let frame = (index as f64 * length.as_secs_f64() / frames.frame - 1e-6).ceil() as usize;
        frame.min(frames.count())
    };
    let list = (0..frames.count())
        .map(|index| boundary(index)..boundary(index + 1))
        .take_while(|range| !range.is_empty())
        .map(|range| Segment {
            begins: frames.time(range.start),
            duration: frames.time(range.end) - frames.time(range.start),
            act: 0,
            bytes: [&timestamp_tag(range.start as f64 * frames.frame)[..], &frames.bytes(range)].concat().into(),
        })
        .collect();
    Segments { list, acts: vec![(container, None)], frames }
}

fn timestamp_tag(seconds: f64) -> Vec<u8> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "minutes, not days")]
    let ticks = (seconds * 90_000.0) as u64;
    let owner = b"com.apple.streaming.transportStreamTimestamp\0";
    let mut tag = b"ID3\x04\0\0\0\0\0\x3FPRIV\0\0\0\x35\0\0".to_vec();
    tag.extend(owner);
    tag.extend(ticks.to_be_bytes());
    tag
}

/// Makes transport streams and MP4 with ffmpeg's muxers, without encoding again.
pub fn muxed(container: Container, frames: Arc<Frames>, length: Duration) -> Segments {
    let folder = tempfile::tempdir().expect("a folder for segments");
    let place = |name: &str| folder.path().join(name).to_str().expect("temp paths are UTF-8").to_owned();
    let (length, pattern, list) = (length.as_secs_f64().to_string(), place("%05d.seg"), place("list.m3u8"));
    let kind: &[&str] = match container {
        Container::Fmp4 => &["-bsf:a", "aac_adtstoasc", "-hls_segment_type", "fmp4"],
        _ => &["-hls_segment_type", "mpegts"],
    };
    let common = ["-f", "hls", "-hls_time", &length, "-hls_list_size", "0", "-hls_segment_filename", &pattern, &list];
    let from = if frames.data.first_chunk() == Some(b"ID3") { "mp3" } else { "aac" };
    ffmpeg::run(&[&["-f", from, "-i", "-", "-c", "copy"], kind, &common].concat(), &frames.data);
    let text = std::fs::read_to_string(&list).expect("ffmpeg wrote a list");
    let durations = text.lines().filter_map(|line| line.strip_prefix("#EXTINF:")?.trim_end_matches(',').parse().ok());
    let mut passed = 0.0;
    let list = durations
        .enumerate()
        .map(|(index, duration): (usize, f64)| {
            let begins = frames.begins + seconds(passed);
            passed += duration;
            let bytes = std::fs::read(place(&format!("{index:05}.seg"))).expect("a segment of the list");
            Segment { bytes: bytes.into(), begins, duration: seconds(duration), act: 0 }
        })
        .collect();
    let init = std::fs::read(place("init.mp4")).ok().map(Bytes::from);
    Segments { list, acts: vec![(container, init)], frames }
}

/// Returns a span of `seconds`.
pub fn seconds(seconds: f64) -> TimeDelta {
    #[expect(clippy::cast_possible_truncation, reason = "minutes in nanoseconds")]
    let nanoseconds = (seconds * 1e9).round() as i64;
    TimeDelta::nanoseconds(nanoseconds)
}
