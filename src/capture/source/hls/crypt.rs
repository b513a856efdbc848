//! How segments are decrypted. Whole segments: AES in CBC mode with PKCS#7 padding (RFC 8216 section 4.3.2.4), with
//! keys of 128 or 256 bits, and AES-256 in counter mode, as browsers' players know it (METHOD=AES-256 and AES-256-CTR
//! of hls.js and Shaka). Frame by frame: SAMPLE-AES, with AES-128 in CBC mode that starts again with each frame.
//!
//! Some packagers (SRS) pad only if the length is no multiple of 16, some never. So what looks like padding is only
//! reported here: the sound itself has to show whether the padding belongs to it.

use aes::cipher::block_padding::NoPadding;
use aes::cipher::{Block, BlockCipherEncrypt, BlockModeDecrypt, KeyInit, KeyIvInit};
use aes::{Aes128, Aes256};
use bytes::Bytes;

use crate::capture::source::media;

/// What to do about sound that cannot be decrypted.
pub const ELSEWHERE: &str = "look whether the station has the same sound without that, at another address for `hls:`, \
     `icecast:` or `rtmp:`";

/// The length of a block and of an initialisation vector.
pub const BLOCK: usize = 16;

/// A way to encrypt whole segments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cipher {
    /// AES-128 in CBC mode.
    Aes128,
    /// AES-256 in CBC mode.
    Aes256,
    /// AES-256 in counter mode, the counter being the last 64 bits.
    Aes256Ctr,
    /// AES-128 in CBC mode, of parts of each frame.
    Samples,
}

/// The result of decrypting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plain {
    /// All bytes, including the padding.
    pub all: Bytes,
    /// The bytes without what looks like padding, if something does.
    pub unpadded: Option<Bytes>,
}

impl Cipher {
    /// The length of its keys in bytes.
    pub fn key_length(self) -> usize {
        match self {
            Self::Aes128 | Self::Samples => 16,
            Self::Aes256 | Self::Aes256Ctr => 32,
        }
    }

    /// Decrypts `bytes`; `None` if their length, or that of the key, is impossible.
    pub fn decrypt(self, key: &[u8], iv: [u8; BLOCK], bytes: &[u8]) -> Option<Plain> {
        let mut plain = bytes.to_vec();
        match self {
            Self::Samples => {
                let open = |part: &mut [u8]| {
                    let chain = cbc::Decryptor::<Aes128>::new_from_slices(key, &iv).ok();
                    // The parts are whole blocks, so nothing can fail.
                    chain.map(|chain| chain.decrypt_padded::<NoPadding>(part).map(drop));
                };
                let sealed = Bytes::from(plain);
                let container = media::sniff(&sealed).filter(|_| key.len() == self.key_length())?;
                let all = media::decrypted(container, &sealed, open)?;
                return Some(Plain { all, unpadded: None });
            }
            Self::Aes128 => {
                let chain = cbc::Decryptor::<Aes128>::new_from_slices(key, &iv).ok()?;
                chain.decrypt_padded::<NoPadding>(&mut plain).ok()?;
            }
            Self::Aes256 => {
                let chain = cbc::Decryptor::<Aes256>::new_from_slices(key, &iv).ok()?;
                chain.decrypt_padded::<NoPadding>(&mut plain).ok()?;
            }
            Self::Aes256Ctr => counted(&Aes256::new_from_slice(key).ok()?, iv, &mut plain),
        }
        let all = Bytes::from(plain);
        let unpadded = if self == Self::Aes256Ctr { None } else { unpadded(&all) };
        (!all.is_empty()).then_some(Plain { all, unpadded })
    }

    /// The key in a key file: its bytes or its hexadecimal digits, with or without a line end.
    pub fn key_in(self, file: &[u8]) -> Option<Bytes> {
        let length = self.key_length();
        let line = line(file);
        if let Some(key) = [file, line].into_iter().find(|key| key.len() == length) {
            return Some(Bytes::copy_from_slice(key));
        }
        let digits = line.trim_ascii();
        let digits = digits.strip_prefix(b"0x").or_else(|| digits.strip_prefix(b"0X")).unwrap_or(digits);
        if digits.len() != 2 * length || !digits.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
        digits.chunks(2).map(pair).collect()
    }
}

/// A file of one line without its line end.
fn line(file: &[u8]) -> &[u8] {
    let line = file.strip_suffix(b"\n").unwrap_or(file);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// Counter mode (NIST SP 800-38A): the encrypted counter is combined with the text by XOR.
fn counted(cipher: &Aes256, iv: [u8; BLOCK], text: &mut [u8]) {
    let (nonce, counter) = iv.split_at(BLOCK / 2);
    let mut counter = counter.iter().fold(0_u64, |counter, byte| counter << 8 | u64::from(*byte));
    for piece in text.chunks_mut(BLOCK) {
        let mut block = Block::<Aes256>::default();
        for (to, from) in block.iter_mut().zip(nonce.iter().copied().chain(counter.to_be_bytes())) {
            *to = from;
        }
        cipher.encrypt_block(&mut block);
        piece.iter_mut().zip(block).for_each(|(byte, key)| *byte ^= key);
        counter = counter.wrapping_add(1);
    }
}

/// `all` without its PKCS#7 padding (RFC 5652 section 6.3); `None` if it ends without one.
fn unpadded(all: &Bytes) -> Option<Bytes> {
    let padding = usize::from(*all.last()?);
    let sound = all.len().checked_sub(padding)?;
    let is_one = (1..=BLOCK).contains(&padding) && all.iter().skip(sound).all(|byte| usize::from(*byte) == padding);
    is_one.then(|| all.slice(..sound))
}

/// The IV if none is given: the media sequence number, big-endian (RFC 8216 section 5.2).
pub fn sequence_iv(sequence: u64) -> [u8; BLOCK] {
    u128::from(sequence).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key<const N: usize>() -> [u8; N] {
        std::array::from_fn(|at| u8::try_from(at).unwrap())
    }

    #[test]
    fn decrypts_what_openssl_encrypts_and_sees_a_wrong_key() {
        // printf 'hello radio' | openssl enc -aes-128-cbc -K 000102030405060708090a0b0c0d0e0f -iv 0…07 | xxd -p
        let cipher = [0xa4, 0x5f, 0x65, 0xfd, 0x02, 0xac, 0xa1, 0xa5, 0xc5, 0xe3, 0x65, 0xb2, 0x5a, 0xdb, 0xae, 0x71];
        let open = |key: &[u8], bytes: &[u8]| Cipher::Aes128.decrypt(key, sequence_iv(7), bytes);
        let plain = open(&key::<16>(), &cipher).unwrap();
        assert_eq!((plain.unpadded.unwrap(), plain.all.len()), (Bytes::from("hello radio"), 16));
        assert_eq!(open(&[9; 16], &cipher).unwrap().unpadded, None);
        assert_eq!(open(&[9; 15], &cipher), None);
        assert_eq!(open(&key::<16>(), &cipher[..15]), None);
        assert_eq!(open(&key::<16>(), &[]), None);
    }

    #[test]
    fn keys_of_256_bits_and_counters_are_known() {
        // printf 'hello radio' | openssl enc -aes-256-cbc -K 0001…1f -iv 0…07, and -aes-256-ctr
        let cbc = [0x69, 0xb7, 0x4f, 0x81, 0x50, 0x09, 0x5e, 0x4c, 0xf6, 0x05, 0x8f, 0x30, 0xc0, 0xe7, 0xb8, 0x1d];
        let plain = Cipher::Aes256.decrypt(&key::<32>(), sequence_iv(7), &cbc).unwrap();
        assert_eq!(plain.unpadded.unwrap(), "hello radio");
        let ctr = [
            0x35, 0x70, 0x5a, 0xf5, 0x4f, 0x88, 0x37, 0x20, 0x50, 0xcf, 0x7b, 0x6f, 0xde, 0x37, 0xb4, 0xdc, 0xbb, 0x3e,
            0x6e, 0x66, 0x4b, 0x3e, 0x85, 0xc7,
        ];
        let plain = Cipher::Aes256Ctr.decrypt(&key::<32>(), sequence_iv(7), &ctr).unwrap();
        assert_eq!((plain.all, plain.unpadded), (Bytes::from("hello radio, hello again"), None));
    }

    #[test]
    fn a_key_file_is_the_key_with_a_line_end_or_in_digits() {
        let read = |file: &[u8]| Cipher::Aes128.key_in(file).map(|key| key.to_vec());
        let (bytes, mixed) = (b"0123456789abcdef".to_vec(), b"0123456789abcde\n".to_vec());
        assert_eq!(read(b"0123456789abcdef"), Some(bytes.clone()));
        assert_eq!(read(b"0123456789abcdef\n"), Some(bytes.clone()));
        assert_eq!(read(b"0123456789abcdef\r\n"), Some(bytes));
        assert_eq!(read(b"0123456789abcde\n"), Some(mixed));
        let digits = key::<16>().to_vec();
        assert_eq!(read(b"000102030405060708090a0b0c0d0e0f"), Some(digits.clone()));
        assert_eq!(read(b"0x000102030405060708090A0B0C0D0E0F\r\n"), Some(digits));
        for none in [&b""[..], b"<html>no</html>", b"000102030405060708090a0b0c0d0e0g", &[7; 32]] {
            assert_eq!(read(none), None);
        }
        assert_eq!(Cipher::Aes256.key_in(&[7; 32]).unwrap(), [7; 32].to_vec());
    }
}
