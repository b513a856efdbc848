//! AES-128 in CBC mode with PKCS#7 padding, as RFC 8216 section 4.3.2.4 encrypts whole segments.

use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockModeDecrypt, KeyIvInit};
use bytes::Bytes;

/// The length of a key and of an initialisation vector.
pub const BLOCK: usize = 16;

/// The sound in `cipher`; `None` where its length or its padding show that the key or the bytes are wrong.
pub fn decrypt(key: [u8; BLOCK], iv: [u8; BLOCK], cipher: &[u8]) -> Option<Bytes> {
    let mut plain = cipher.to_vec();
    let length =
        cbc::Decryptor::<aes::Aes128>::new(&key.into(), &iv.into()).decrypt_padded::<Pkcs7>(&mut plain).ok()?.len();
    plain.truncate(length);
    Some(plain.into())
}

/// What stands for a missing IV: the media sequence number, big-endian (RFC 8216 section 5.2).
pub fn sequence_iv(sequence: u64) -> [u8; BLOCK] {
    u128::from(sequence).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decrypts_what_openssl_encrypts_and_sees_a_wrong_key() {
        // printf 'hello radio' | openssl enc -aes-128-cbc -K 000102030405060708090a0b0c0d0e0f -iv 0…07 | xxd -p
        let cipher = CIPHER;
        let key = std::array::from_fn(|at| u8::try_from(at).unwrap());
        assert_eq!(decrypt(key, sequence_iv(7), &cipher).unwrap(), "hello radio");
        assert_eq!(decrypt([9; BLOCK], sequence_iv(7), &cipher), None);
        assert_eq!(decrypt(key, sequence_iv(7), &cipher[..15]), None);
        assert_eq!(decrypt(key, sequence_iv(7), &[]), None);
    }

    const CIPHER: [u8; BLOCK] =
        [0xa4, 0x5f, 0x65, 0xfd, 0x02, 0xac, 0xa1, 0xa5, 0xc5, 0xe3, 0x65, 0xb2, 0x5a, 0xdb, 0xae, 0x71];
}
