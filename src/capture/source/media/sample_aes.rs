//! Sound of which only parts are encrypted (`METHOD=SAMPLE-AES`), as Apple's "MPEG-2 Stream Encryption Format for HTTP Live
//! Streaming" has it.
//!
//! Of each AAC frame the header and the 16 bytes after it are unencrypted, of each AC-3 frame the first 16 bytes, and
//! of both what is left after whole blocks. In a transport stream the program map has stream types of its own for such
//! sound (0xCF AAC, 0xC1 AC-3, 0xC2 E-AC-3). Decrypted sound gets its usual type again, so that any player can read it.

use bytes::{Bytes, BytesMut};

use super::frames::Coding;
use super::packets::{self, PACKET, Packet};
use super::tables::{self, Tables};
use super::{ac3, adts, id3_tag, mpegts};
use crate::model::Container;

/// The unencrypted bytes after the header of an AAC frame, and at the beginning of an AC-3 frame.
const LEADER: usize = 16;
/// Only whole blocks are encrypted.
const BLOCK: usize = 16;

/// A codec that may be encrypted.
#[derive(Debug, Clone, Copy)]
struct EncryptedCodec {
    /// Its stream type in the program map while it is encrypted.
    kind: u8,
    /// Its usual stream type.
    plain: u8,
    coding: Coding,
    /// How many bytes at the beginning of a frame are unencrypted.
    clear: fn(&[u8]) -> usize,
}

const AAC: EncryptedCodec = EncryptedCodec {
    kind: 0xcf,
    plain: 0x0f,
    coding: adts::CODING,
    clear: |frame| adts::header_length(frame) + LEADER,
};
const AC3: EncryptedCodec = EncryptedCodec { kind: 0xc1, plain: 0x81, coding: ac3::CODING, clear: |_| LEADER };
const EAC3: EncryptedCodec = EncryptedCodec { kind: 0xc2, plain: 0x87, coding: ac3::ENHANCED, clear: |_| LEADER };

impl EncryptedCodec {
    /// The codec with the encrypted stream type `kind`.
    fn of(kind: u8) -> Option<Self> {
        [AAC, AC3, EAC3].into_iter().find(|sealed| sealed.kind == kind)
    }

    /// Decrypts each frame in `sound` with `open`.
    fn open(self, sound: &mut [u8], open: &mut impl FnMut(&mut [u8])) {
        let mut at = 0;
        while let Some(rest) = sound.get_mut(at..).filter(|rest| !rest.is_empty()) {
            let Some(header) = (self.coding.header)(rest) else {
                at += 1;
                continue;
            };
            if let Some(part) = rest.get_mut(..header.length).and_then(|frame| {
                let clear = (self.clear)(frame);
                let whole = frame.len().checked_sub(clear)? / BLOCK * BLOCK;
                frame.get_mut(clear..clear + whole)
            }) && !part.is_empty()
            {
                open(part);
            }
            at += header.length;
        }
    }
}

/// A whole segment of `container` with `open` applied to each encrypted part of it; `None` if it is not encrypted in
/// this way.
pub fn decrypted(container: Container, bytes: &Bytes, mut open: impl FnMut(&mut [u8])) -> Option<Bytes> {
    let packed = match container {
        Container::Adts => AAC,
        Container::Ac3 => AC3,
        Container::Eac3 => EAC3,
        Container::MpegTs => return Some(transport(&packets::plain(bytes), &mut open)),
        _ => return None,
    };
    let tag = bytes.len() - id3_tag::skip(bytes)?.len();
    let mut plain = BytesMut::from(&bytes[..]);
    packed.open(plain.get_mut(tag..)?, &mut open);
    Some(plain.freeze())
}

/// A transport stream: frames go on from packet to packet.
fn transport(bytes: &Bytes, open: &mut impl FnMut(&mut [u8])) -> Bytes {
    let mut plain = BytesMut::from(&bytes[..]);
    let mut tables = Tables::default();
    let mut sealed: Option<(u16, EncryptedCodec)> = None;
    // The sound, and where it stood.
    let (mut sound, mut positions) = (Vec::new(), Vec::new());
    for (number, raw) in plain.chunks_exact_mut(PACKET).enumerate() {
        let Some(packet) = Packet::read(raw) else { continue };
        let (pid, starts, length) = (packet.pid, packet.starts, packet.payload.len());
        if tables.push(pid, starts, packet.payload) {
            if tables.is_map(pid) && starts {
                let map = raw.get_mut(PACKET - length..).unwrap_or_default();
                sealed = renamed(map).or(sealed);
            }
            continue;
        }
        if sealed.is_none_or(|(known, _)| known != pid) {
            continue;
        }
        let payload = if starts { mpegts::sound_of(packet.payload).unwrap_or_default() } else { packet.payload };
        let end = (number + 1) * PACKET;
        sound.extend_from_slice(payload);
        positions.push(end - payload.len()..end);
    }
    let Some((_, sealed)) = sealed else { return plain.freeze() };
    sealed.open(&mut sound, open);
    let mut rest = &sound[..];
    for position in positions {
        let (now, later) = rest.split_at(position.len().min(rest.len()));
        if let Some(target) = plain.get_mut(position) {
            target.copy_from_slice(now);
        }
        rest = later;
    }
    plain.freeze()
}

/// Gives encrypted sound its usual type in a program map that begins and ends in this payload. Returns the first such
/// stream.
fn renamed(payload: &mut [u8]) -> Option<(u16, EncryptedCodec)> {
    let pointer = usize::from(*payload.first()?);
    let usual = |kind| EncryptedCodec::of(kind).map(|sealed| sealed.plain);
    let (pid, kind) = tables::rename(payload.get_mut(1 + pointer..)?, usual)?;
    Some((pid, EncryptedCodec::of(kind)?))
}
