//! Encrypted segments and their keys, as stations write them.

use std::hash::{DefaultHasher, Hash, Hasher};

use aes::cipher::block_padding::{NoPadding, Pkcs7};
use aes::cipher::{Block, BlockCipherEncrypt, BlockModeEncrypt, KeyInit, KeyIvInit};
use aes::{Aes128, Aes256};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as STANDARD;
use bytes::Bytes;

use super::samples;
use super::setup::{Encryption, KeyForm, Method};

/// Returns the first 128 or 256 bits of the key with this number.
pub(super) fn key<const N: usize>(number: u64) -> [u8; N] {
    let mut bytes = [0; N];
    for (at, piece) in (0_u64..).zip(bytes.chunks_mut(8)) {
        let mut hasher = DefaultHasher::new();
        (number, at).hash(&mut hasher);
        piece.copy_from_slice(&hasher.finish().to_be_bytes());
    }
    bytes
}

/// Returns the initialisation vector of a segment (RFC 8216 section 5.2).
pub(super) fn iv(sequence: u64, explicit: bool) -> [u8; 16] {
    let number = if explicit { u128::from(sequence) * 0x0001_0003_0007_000F_001F } else { u128::from(sequence) };
    number.to_be_bytes()
}

impl Encryption {
    fn key_bytes(self, number: u64) -> Vec<u8> {
        match self.method {
            Method::Aes128 | Method::Samples => key::<16>(number).to_vec(),
            Method::Aes256 | Method::Aes256Ctr => key::<32>(number).to_vec(),
        }
    }

    /// Returns the file of the key with this number.
    pub(super) fn key_file(self, number: u64) -> Vec<u8> {
        let key = self.key_bytes(number);
        match self.key {
            KeyForm::Bytes | KeyForm::Data => key,
            KeyForm::Line => [key, b"\r\n".to_vec()].concat(),
            KeyForm::Digits => (hex(&key) + "\n").into_bytes(),
        }
    }

    /// Returns the `EXT-X-KEY` of a segment.
    pub(super) fn tag(self, sequence: u64) -> String {
        let number = sequence / self.rotate_every;
        let uri = match self.key {
            KeyForm::Data => format!("data:;base64,{}", STANDARD.encode(self.key_bytes(number))),
            _ => format!("key-{number}.bin"),
        };
        let iv = if self.explicit_iv { format!(",IV=0x{}", hex(&iv(sequence, true))) } else { String::new() };
        let method = match self.method {
            Method::Aes128 => "AES-128",
            Method::Aes256 => "AES-256",
            Method::Aes256Ctr => "AES-256-CTR",
            Method::Samples => "SAMPLE-AES",
        };
        format!("#EXT-X-KEY:METHOD={method},URI=\"{uri}\"{iv}\n")
    }

    /// Encrypts a segment.
    pub(super) fn seal(self, sequence: u64, sound: &[u8]) -> Bytes {
        let number = sequence / self.rotate_every;
        let iv = iv(sequence, self.explicit_iv);
        if self.method == Method::Samples {
            return samples::seal(&key(number), iv, sound).into();
        }
        let length = sound.len();
        let pads = self.padded || !length.is_multiple_of(16);
        let mut buffer = sound.to_vec();
        if self.method == Method::Aes256Ctr {
            count(&key(number), iv, &mut buffer);
            return buffer.into();
        }
        buffer.resize(if pads { (length / 16 + 1) * 16 } else { length }, 0);
        let sealed = match (self.method, pads) {
            (Method::Aes128, true) => cbc::Encryptor::<Aes128>::new(&key::<16>(number).into(), &iv.into())
                .encrypt_padded::<Pkcs7>(&mut buffer, length)
                .map(drop),
            (Method::Aes128, false) => cbc::Encryptor::<Aes128>::new(&key::<16>(number).into(), &iv.into())
                .encrypt_padded::<NoPadding>(&mut buffer, length)
                .map(drop),
            (_, true) => cbc::Encryptor::<Aes256>::new(&key::<32>(number).into(), &iv.into())
                .encrypt_padded::<Pkcs7>(&mut buffer, length)
                .map(drop),
            (_, false) => cbc::Encryptor::<Aes256>::new(&key::<32>(number).into(), &iv.into())
                .encrypt_padded::<NoPadding>(&mut buffer, length)
                .map(drop),
        };
        sealed.expect("there is room for the padding");
        buffer.into()
    }
}

fn count(key: &[u8; 32], iv: [u8; 16], text: &mut [u8]) {
    let cipher = Aes256::new(&(*key).into());
    for (number, piece) in (0_u128..).zip(text.chunks_mut(16)) {
        let mut block = Block::<Aes256>::from((u128::from_be_bytes(iv) + number).to_be_bytes());
        cipher.encrypt_block(&mut block);
        piece.iter_mut().zip(block).for_each(|(byte, key)| *byte ^= key);
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}
