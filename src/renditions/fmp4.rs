//! Fragmented MP4 of AAC (ISO/IEC 14496-12, with 14496-14 for the codec): the initialisation section of a rendition, and a
//! fragment for each segment.
//!
//! The edit list says that playing begins one frame after the media does: what the encoder puts first is not heard, and a
//! second of the recording is at that second. Players that do not read it, such as ffmpeg, begin with 21 ms of silence.

use super::layout::FRAME;
use crate::base::adts::AacConfig;
use crate::base::mp4::{MATRIX, aac_entry, boxed, full};

/// The track.
const TRACK: u32 = 1;
/// The number 1 in the two forms of fixed point that boxes have.
const ONE_16_16: u32 = 0x0001_0000;
const ONE_8_8: u16 = 0x0100;
/// Every frame is decoded by itself, as far as players need to know (section 8.8.3.1).
const INDEPENDENT: u32 = 0x0200_0000;
/// Fields in the order of the format, the highest byte of each first.
#[derive(Debug, Default)]
struct Fields(Vec<u8>);

impl Fields {
    fn u16(mut self, value: u16) -> Self {
        self.0.extend(value.to_be_bytes());
        self
    }

    fn u32(mut self, value: u32) -> Self {
        self.0.extend(value.to_be_bytes());
        self
    }

    fn u64(mut self, value: u64) -> Self {
        self.0.extend(value.to_be_bytes());
        self
    }

    fn zeros(mut self, count: usize) -> Self {
        self.0.extend(std::iter::repeat_n(0, count));
        self
    }

    fn all(mut self, bytes: &[u8]) -> Self {
        self.0.extend(bytes);
        self
    }

    fn matrix(self) -> Self {
        MATRIX.into_iter().fold(self, Self::u32)
    }
}

/// Returns a number of bytes or frames of one segment, which is far below 2^32.
fn small(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// Returns the initialisation section of sound with so many samples and `bits` per second.
pub(super) fn initialisation(rate: u32, channels: u8, bits: u32) -> Vec<u8> {
    let brands = Fields::default().all(b"iso6").u32(0).all(b"iso6mp41");
    let movie = [
        full(b"mvhd", 0, 0, &[&movie_header(rate).0]),
        boxed(b"trak", &[&track(rate, channels, bits)]),
        boxed(b"mvex", &[&full(b"trex", 0, 0, &[&defaults().0])]),
    ];
    [boxed(b"ftyp", &[&brands.0]), boxed(b"moov", &[&movie.concat()])].concat()
}

/// Section 8.2.2. The length is that of the fragments, of which it knows nothing.
fn movie_header(rate: u32) -> Fields {
    let times = Fields::default().u32(0).u32(0).u32(rate).u32(0);
    times.u32(ONE_16_16).u16(ONE_8_8).zeros(10).matrix().zeros(24).u32(TRACK + 1)
}

/// Section 8.8.3.
fn defaults() -> Fields {
    Fields::default().u32(TRACK).u32(1).u32(samples_of_a_frame()).u32(0).u32(INDEPENDENT)
}

fn samples_of_a_frame() -> u32 {
    u32::try_from(FRAME).unwrap_or_default()
}

fn track(rate: u32, channels: u8, bits: u32) -> Vec<u8> {
    // Enabled, in the movie and in its preview.
    let header = Fields::default().u32(0).u32(0).u32(TRACK).u32(0).u32(0).zeros(8);
    let header = header.u16(0).u16(0).u16(ONE_8_8).u16(0).matrix().u32(0).u32(0);
    // One edit: from one frame on, to the end of the last fragment (section 8.6.6).
    let edits = Fields::default().u32(1).u32(0).u32(samples_of_a_frame()).u32(ONE_16_16);
    // The language is not known: `und`, five bits for each letter.
    let media_header = Fields::default().u32(0).u32(0).u32(rate).u32(0).u16(0x55C4).u16(0);
    let handler = Fields::default().u32(0).all(b"soun").zeros(12).all(b"sound\0");
    let here = full(b"url ", 0, 1, &[&Fields::default().0]);
    let references = full(b"dref", 0, 0, &[&Fields::default().u32(1).all(&here).0]);
    let descriptions = Fields::default().u32(1).all(&aac_entry(AacConfig::low_complexity(rate, channels), bits));
    let none = || Fields::default().u32(0);
    let table = [
        full(b"stsd", 0, 0, &[&descriptions.0]),
        full(b"stts", 0, 0, &[&none().0]),
        full(b"stsc", 0, 0, &[&none().0]),
        full(b"stsz", 0, 0, &[&none().u32(0).0]),
        full(b"stco", 0, 0, &[&none().0]),
    ];
    let information = [
        full(b"smhd", 0, 0, &[&Fields::default().u32(0).0]),
        boxed(b"dinf", &[&references]),
        boxed(b"stbl", &[&table.concat()]),
    ];
    let media = [
        full(b"mdhd", 0, 0, &[&media_header.0]),
        full(b"hdlr", 0, 0, &[&handler.0]),
        boxed(b"minf", &[&information.concat()]),
    ];
    let parts = [
        full(b"tkhd", 0, 7, &[&header.0]),
        boxed(b"edts", &[&full(b"elst", 0, 0, &[&edits.0])]),
        boxed(b"mdia", &[&media.concat()]),
    ];
    parts.concat()
}

/// Returns the fragment that is segment `number`, whose first frame has this number.
pub(super) fn fragment(number: u32, first_frame: u64, frames: &[Vec<u8>]) -> Vec<u8> {
    let sizes: Vec<u32> = frames.iter().map(|frame| small(frame.len())).collect();
    // The sound follows the header of its box, which follows this box.
    let header = |offset: u32| {
        let run = Fields::default().u32(small(frames.len())).u32(offset);
        let run = sizes.iter().fold(run, |run, size| run.u32(*size));
        let track = [
            // Offsets begin at this box.
            full(b"tfhd", 0, 0x02_0000, &[&Fields::default().u32(TRACK).0]),
            full(b"tfdt", 1, 0, &[&Fields::default().u64(first_frame * FRAME).0]),
            // With an offset and sizes.
            full(b"trun", 0, 0x0201, &[&run.0]),
        ];
        let sequence = full(b"mfhd", 0, 0, &[&Fields::default().u32(number + 1).0]);
        boxed(b"moof", &[&sequence, &boxed(b"traf", &[&track.concat()])])
    };
    let offset = small(header(0).len() + 8);
    [header(offset), boxed(b"mdat", &[&frames.concat()])].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::source::media::{Probe, probe, sniff};
    use crate::model::Container;

    #[test]
    fn a_fragment_says_where_its_frames_are_and_how_long_they_play() {
        let frames = [vec![1; 300], vec![2; 5], vec![3; 4_000]];
        let init = initialisation(32_000, 1, 64_000);
        let bytes = fragment(7, 469, &frames);
        let (head, sound) = bytes.split_at(bytes.len() - 4_305);
        assert!(head.ends_with(&[&4_313_u32.to_be_bytes()[..], b"mdat"].concat()));
        assert_eq!((sound[0], sound[299], sound[300], sound[305]), (1, 1, 2, 3));
        let time = head.windows(4).position(|it| it == b"tfdt").unwrap();
        assert_eq!(head[time + 8..time + 16], (469_u64 * 1024).to_be_bytes());
        // What reads the segments of stations reads these.
        assert_eq!((sniff(&init), sniff(&bytes)), (Some(Container::Fmp4), Some(Container::Fmp4)));
        let Probe { duration, detail } = probe(Container::Fmp4, &bytes, Some(&init));
        assert_eq!((duration.map(|it| it.as_millis()), detail.as_str()), (Some(96), "aac 32000 Hz 1 ch"));
    }
}
