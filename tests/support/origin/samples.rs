//! AAC frames, each encrypted separately (Apple, "MPEG-2 Stream Encryption Format for HTTP Live Streaming"): header and
//! 16 bytes in clear, then whole encrypted blocks, then the rest in clear; the chain restarts with each frame.

use std::ops::Range;

use aes::Aes128;
use aes::cipher::{Block, BlockModeEncrypt, KeyIvInit};

const PACKET: usize = 188;

/// Encrypts a segment of frames, or of packets with frames.
pub(super) fn seal(key: &[u8; 16], iv: [u8; 16], segment: &[u8]) -> Vec<u8> {
    let mut bytes = segment.to_vec();
    if bytes.first() != Some(&0x47) {
        let frames = places(&bytes).map_or_else(|| 0..bytes.len(), |first| first..bytes.len());
        seal_frames(key, iv, &mut bytes[frames]);
        return bytes;
    }
    let mut sound = Vec::new();
    let mut stood: Vec<Range<usize>> = Vec::new();
    for start in (0..bytes.len()).step_by(PACKET) {
        let packet = &mut bytes[start..start + PACKET];
        let pid = u16::from(packet[1] & 0x1f) << 8 | u16::from(packet[2]);
        let begins = packet[1] & 0x40 != 0;
        let mut at = if packet[3] & 0x20 == 0 { 4 } else { 5 + usize::from(packet[4]) };
        match pid {
            // As ffmpeg numbers the program map and the first stream.
            0x1000 => rename(&mut packet[at + 1..]),
            0x100 => {
                if begins {
                    at += 9 + usize::from(packet[at + 8]);
                }
                sound.extend_from_slice(&packet[at..]);
                stood.push(start + at..start + PACKET);
            }
            _ => {}
        }
    }
    seal_frames(key, iv, &mut sound);
    let mut rest = &sound[..];
    for place in stood {
        let (now, later) = rest.split_at(place.len());
        bytes[place].copy_from_slice(now);
        rest = later;
    }
    bytes
}

/// Returns where the frames of packed audio begin: after its ID3 tag.
fn places(bytes: &[u8]) -> Option<usize> {
    let head = bytes.strip_prefix(b"ID3")?;
    Some(10 + head[3..7].iter().fold(0, |length, byte| length << 7 | usize::from(*byte)))
}

fn seal_frames(key: &[u8; 16], iv: [u8; 16], frames: &mut [u8]) {
    let mut at = 0;
    while at + 7 < frames.len() {
        let header = &frames[at..];
        assert!(header[0] == 0xFF && header[1] & 0xF6 == 0xF0, "no frame at {at}");
        let length = usize::from(header[3] & 3) << 11 | usize::from(header[4]) << 3 | usize::from(header[5] >> 5);
        let clear = if header[1] & 1 == 0 { 9 } else { 7 } + 16;
        let end = (at + length).min(frames.len());
        let mut chain = cbc::Encryptor::<Aes128>::new(key.into(), &iv.into());
        for block in frames[(at + clear).min(end)..end].chunks_exact_mut(16) {
            let block: &mut Block<Aes128> = block.try_into().expect("16 bytes");
            chain.encrypt_block(block);
        }
        at += length;
    }
}

/// Sets the stream type of encrypted AAC in a program map, and computes its checksum again.
fn rename(section: &mut [u8]) {
    let end = 3 + (usize::from(section[1] & 0x0F) << 8 | usize::from(section[2])) - 4;
    let mut at = 12 + (usize::from(section[10] & 0x0F) << 8 | usize::from(section[11]));
    while at < end {
        if section[at] == 0x0F {
            section[at] = 0xCF;
        }
        at += 5 + (usize::from(section[at + 3] & 0x0F) << 8 | usize::from(section[at + 4]));
    }
    let mut sum = u32::MAX;
    for byte in &section[..end] {
        for bit in (0..8).rev() {
            let carried = (sum >> 31) ^ u32::from(byte >> bit & 1);
            sum = sum << 1 ^ (carried * 0x04C1_1DB7);
        }
    }
    section[end..end + 4].copy_from_slice(&sum.to_be_bytes());
}
