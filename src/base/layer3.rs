//! Frames of MPEG layer III as bytes (ISO/IEC 11172-3, 2.4.1.7): where their bits are, silence, and the statistics that
//! stand in the place of the first frame of a file (Xing or Info, with the part that LAME added:
//! <http://gabriel.mp3-tech.org/mp3infotag.html>).

use crate::base::mpeg_audio::{FrameHeader, HEADER};

/// How many samples a decoder delays the sound, as the statistics count.
pub const DECODER_DELAY: u64 = 529;
/// How many bytes the statistics take up.
const STATISTICS: usize = 116 + 36;
/// How many entries the table of contents has.
const CONTENTS: usize = 100;

/// Returns how many bytes before the header of `frame` its bits begin, headers and side information not counted.
pub fn reaches_back(frame: &[u8]) -> usize {
    let Some(header) = FrameHeader::read(frame) else { return 0 };
    let at = header.side_info(frame).start;
    let byte = |at: usize| frame.get(at).copied().map_or(0, usize::from);
    // Nine bits in MPEG-1, eight in MPEG-2.
    if header.samples == 1_152 { byte(at) << 1 | byte(at + 1) >> 7 } else { byte(at) }
}

/// Returns how many bytes a frame has for bits of its own and of later frames.
pub fn main_data(frame: &[u8]) -> usize {
    FrameHeader::read(frame).map_or(0, |header| frame.len().saturating_sub(header.side_info(frame).end))
}

/// Returns `frame` with side information by which nothing is heard. The bits in it stay, because later frames may need
/// them.
pub fn muted(mut frame: Vec<u8>) -> Vec<u8> {
    let Some(header) = FrameHeader::read(&frame) else { return frame };
    let side = header.side_info(&frame);
    if let Some(side) = frame.get_mut(side.clone()) {
        side.fill(0);
    }
    if side.start > HEADER {
        // The checksum is of the last two bytes of the header and of the side information (2.4.3.1).
        let covered = frame.get(2..HEADER).into_iter().chain(frame.get(side)).flatten();
        let sum = covered.fold(0xffff_u16, |sum, byte| {
            (0..8).fold(sum ^ u16::from(*byte) << 8, |sum, _| sum << 1 ^ if sum >> 15 == 1 { 0x8005 } else { 0 })
        });
        frame.splice(HEADER..HEADER + 2, sum.to_be_bytes());
    }
    frame
}

/// What stands in the place of the first frame.
#[derive(Debug, Clone, Copy)]
pub struct Statistics<'a> {
    /// The lengths of all frames behind it, in bytes.
    pub lengths: &'a [u16],
    /// How many of the decoded samples come before the first that is played; more than [`DECODER_DELAY`].
    pub before: u64,
}

/// Returns a frame with statistics that is like the frame with the header `like`. It is as long whatever they are. `None`
/// if there is no frame that is long enough.
pub fn statistics(like: [u8; HEADER], statistics: &Statistics<'_>) -> Option<Vec<u8>> {
    let [b0, b1, b2, b3] = like;
    // Without a checksum and without padding.
    let with = |bitrate: u8| [b0, b1 | 1, b2 & 0x0c | bitrate << 4, b3];
    let (header, frame) = (1..15).find_map(|bitrate| {
        let header = with(bitrate);
        let frame = FrameHeader::read(&header)?;
        (frame.length >= frame.side_info(&header).end + STATISTICS).then_some((header, frame))
    })?;
    let mut bytes = header.to_vec();
    bytes.resize(frame.side_info(&header).end, 0);
    let Statistics { lengths, before } = *statistics;
    let total = frame.length as u64 + lengths.iter().map(|length| u64::from(*length)).sum::<u64>();
    let (least, most) = (lengths.iter().min(), lengths.iter().max());
    // Frames of one bitrate differ by a byte of padding.
    let constant = least.zip(most).is_none_or(|(least, most)| most - least <= 1);
    bytes.extend(if constant { b"Info" } else { b"Xing" });
    bytes.extend(7u32.to_be_bytes());
    bytes.extend(u32::try_from(lengths.len()).unwrap_or(u32::MAX).to_be_bytes());
    bytes.extend(u32::try_from(total).unwrap_or(u32::MAX).to_be_bytes());
    bytes.extend(contents(lengths, frame.length as u64, total));
    // The version, which says whose statistics these are like; then method, filter, gains and flags, which are unknown.
    bytes.extend(b"Lavf\0\0\0\0\0");
    bytes.push(if constant { 1 } else { 3 });
    bytes.extend([0; 11]);
    let delay = before.saturating_sub(DECODER_DELAY).min(0xfff);
    let both = u32::try_from(delay << 12 | DECODER_DELAY).unwrap_or_default().to_be_bytes();
    bytes.extend(both.iter().skip(1));
    bytes.resize(frame.length, 0);
    Some(bytes)
}

/// Where in the file each hundredth of its time begins, in parts of 256.
fn contents(lengths: &[u16], first: u64, total: u64) -> [u8; CONTENTS] {
    let mut contents = [0; CONTENTS];
    let (mut offset, mut frames) = (first, 0);
    for (number, entry) in contents.iter_mut().enumerate() {
        let until = lengths.len() * number / CONTENTS;
        offset += lengths.get(frames..until).into_iter().flatten().map(|length| u64::from(*length)).sum::<u64>();
        frames = until;
        *entry = u8::try_from(offset * 256 / total.max(1)).unwrap_or(u8::MAX);
    }
    contents
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_muted_frame_keeps_its_bits_and_its_checksum_is_right() {
        // 128 kbit/s at 48 kHz in stereo, with a checksum.
        let mut frame = vec![0xaa; 384];
        frame[..4].copy_from_slice(&[0xff, 0xfa, 0x94, 0x44]);
        let silent = muted(frame.clone());
        assert_eq!(reaches_back(&frame), 0x155);
        assert_eq!((reaches_back(&silent), main_data(&silent)), (0, 384 - 4 - 2 - 32));
        assert_eq!(silent[38..], frame[38..]);
        // The sum of [0x94, 0x44] and 32 zeros.
        assert_ne!(silent[4..6], [0xaa, 0xaa]);
        assert_eq!(muted(silent.clone()), silent);
    }

    #[test]
    fn statistics_say_how_many_frames_there_are_and_what_to_leave_out() {
        let bytes = statistics([0xff, 0xfb, 0x94, 0x44], &Statistics { lengths: &[384; 200], before: 1_152 }).unwrap();
        let header = FrameHeader::read(&bytes).unwrap();
        let info = header.info(&bytes).unwrap();
        assert_eq!((&info[..4], &info[8..12], bytes.len()), (&b"Info"[..], &200u32.to_be_bytes()[..], header.length));
        assert_eq!(info[116..120], *b"Lavf");
        assert_eq!(info[137..140], [0x26, 0xf2, 0x11], "623 before, 529 behind");
        assert!(info[16 + 50].abs_diff(128) <= 1, "half of the time is half of the file");
    }
}
