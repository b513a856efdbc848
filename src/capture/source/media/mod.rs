//! What is in the bytes of a stream: which container, how long it plays, which format it has.
//!
//! Nothing here trusts a byte: hostile input gives `None` or less sound, never a panic, and memory stays bounded.
//!
//! [`sniff`] recognises the container, [`probe`] reads a whole segment, [`titles`] says what plays in it, [`Framer`] cuts
//! an endless body.

mod ac3;
mod adts;
mod flac;
mod fmp4;
mod framer;
mod frames;
mod head;
mod id3_tag;
mod joiner;
mod mpeg_audio;
mod mpegts;
mod ogg;
mod packets;
mod play_time;
#[cfg(any(test, feature = "fuzzing"))]
pub mod properties;
mod reader;
mod sample_aes;
mod seam;
mod tables;
#[cfg(test)]
mod tests;
mod timed_id3;
mod unit;
mod unsupported;
mod wav;

use std::time::Duration;

use bytes::Bytes;

pub use adts::frame_length as adts_frame_length;
pub use framer::{Framer, Piece};
pub use head::Head;
pub use joiner::Joiner;
pub use sample_aes::decrypted;
pub use seam::Tail;
pub use timed_id3::{TimedTitle, titles};
pub use unsupported::{describe, is_unsupported};

use self::mpegts::TsReader;
use self::play_time::PlayTime;
use self::reader::Reader;
use crate::model::Container;

/// No segment plays longer; a file that claims so is broken or hostile.
const LONGEST_SEGMENT: Duration = Duration::from_hours(1);
/// Consecutive frames that prove an endless stream joined in the middle of a frame.
const FRAMES_IN_THE_MIDDLE: usize = 3;

/// This many bytes are always enough to recognise sound.
const ENOUGH: usize = 64 << 10;

/// Recognises sound in the answer to a request for a list: the container, and as much of the beginning as shows it. A
/// list that begins with a comment, as all HLS playlists do, is no sound, whatever lies in it.
pub fn sound_in(bytes: &[u8]) -> Option<(Container, &[u8])> {
    if bytes.starts_with(b"#") {
        return None;
    }
    let beginning = bytes.get(..ENOUGH).unwrap_or(bytes);
    Some((sniff(beginning)?, beginning))
}

/// Whether the beginning of such an answer shows that it is sound, which may have no end. A long beginning shows
/// nothing new.
pub fn shows_sound(bytes: &[u8]) -> bool {
    bytes.len() <= 2 * ENOUGH && sound_in(bytes).is_some()
}

/// Recognises the container of `bytes`, the beginning of a segment or stream, by its own marks; `None` for anything
/// that is no known sound, such as an HTML page. Frames without a container are believed if two follow each other, or
/// three after other bytes. Transport packets are looked for among other bytes before frames are: frames in them may be
/// so short that three lie within a packet.
pub fn sniff(bytes: &[u8]) -> Option<Container> {
    let sound = id3_tag::skip(bytes)?;
    let frames = [
        (Container::Adts, adts::CODING),
        (Container::Mp3, mpeg_audio::CODING),
        (Container::Ac3, ac3::CODING),
        (Container::Eac3, ac3::ENHANCED),
    ];
    if ogg::begins(sound) {
        Some(Container::Ogg)
    } else if fmp4::begins(sound) {
        Some(Container::Fmp4)
    } else if flac::begins(sound) {
        Some(Container::Flac)
    } else if wav::begins(sound) {
        Some(Container::Wav)
    } else if packets::begins(sound) {
        Some(Container::MpegTs)
    } else if let Some((container, _)) = frames.iter().find(|(_, coding)| frames::begins(sound, *coding)) {
        Some(*container)
    } else if packets::contains(sound) {
        Some(Container::MpegTs)
    } else {
        let contains = |coding| frames::contains(sound, coding, FRAMES_IN_THE_MIDDLE);
        frames.iter().find(|(_, coding)| contains(*coding)).map(|(container, _)| *container)
    }
}

/// A whole segment of `container` as any player can read it: transport packets without a foreign head and without bytes
/// between them; everything else untouched.
pub fn plain(container: Container, bytes: Bytes) -> Bytes {
    if container == Container::MpegTs { packets::plain(&bytes) } else { bytes }
}

/// Whether a whole segment is known to hold no sound, but a picture or nothing. `init` as in [`probe`].
pub fn lacks_sound(container: Container, bytes: &[u8], init: Option<&[u8]>) -> bool {
    match container {
        Container::MpegTs => {
            let mut reader = TsReader::default();
            reader.push(bytes);
            while reader.next(true).is_some() {}
            reader.lacks_sound()
        }
        Container::Fmp4 => fmp4::lacks_sound(bytes, init.unwrap_or(bytes)),
        _ => false,
    }
}

/// The scheme by which the samples in a whole segment of fragmented MP4 are encrypted (`cbcs`, `cenc`; ISO/IEC
/// 23001-7); `None` if they are not. `init` as in [`probe`].
pub fn scheme(bytes: &[u8], init: Option<&[u8]>) -> Option<String> {
    fmp4::scheme(bytes, init.unwrap_or(bytes))
}

/// What can be read from a whole segment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Probe {
    /// How long its sound plays, if that could be counted.
    pub duration: Option<Duration>,
    /// Codec, sample rate and channels of the sound, as `aac 48000 Hz 2 ch`; empty if they could not be read.
    pub detail: String,
}

/// Whether a segment lacks its end by its own account. Only fragmented MP4 says so; of other containers, what is there
/// can be decoded.
pub fn is_torn(container: Container, bytes: &[u8]) -> bool {
    container == Container::Fmp4 && fmp4::is_torn(bytes)
}

/// Reads a whole segment. `init` is its initialisation section (`EXT-X-MAP`), without which fragmented MP4 has no clock.
pub fn probe(container: Container, bytes: &[u8], init: Option<&[u8]>) -> Probe {
    let read = match container {
        Container::Fmp4 => probe_fmp4(bytes, init),
        _ => probe_frames(container, bytes, init),
    };
    Probe { duration: read.duration.filter(|duration| !duration.is_zero() && *duration <= LONGEST_SEGMENT), ..read }
}

fn probe_fmp4(bytes: &[u8], init: Option<&[u8]>) -> Probe {
    let Some(track) = init.and_then(fmp4::Track::read).or_else(|| fmp4::Track::read(bytes)) else {
        return Probe::default();
    };
    let duration = track.ticks(bytes).map(|ticks| play_time::duration(ticks, track.timescale));
    Probe { duration, detail: track.detail }
}

fn probe_frames(container: Container, bytes: &[u8], init: Option<&[u8]>) -> Probe {
    let mut reader = Reader::new(container);
    reader.push(init.unwrap_or_default());
    reader.push(bytes);
    let mut played = PlayTime::default();
    let mut detail = None;
    while let Some(unit) = reader.next(true) {
        played.add(unit.samples, unit.rate);
        detail.get_or_insert(unit.format.detail);
    }
    Probe { duration: Some(played.total()), detail: detail.unwrap_or_default() }
}
