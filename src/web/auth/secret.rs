//! Secrets, hashes and MACs: 256 bits each, written in the URL alphabet of Base64.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use blake2::digest::{KeyInit as _, Mac as _};
use blake2::{Blake2s256, Blake2sMac256, Digest as _};
use subtle::ConstantTimeEq as _;

/// 256 bits.
pub(super) type Bits = [u8; 32];

/// Returns random bits. `None` if the system has none.
pub(super) fn random() -> Option<Bits> {
    let mut bits = Bits::default();
    getrandom::fill(&mut bits).ok()?;
    Some(bits)
}

/// Returns the hash of a secret that has 256 random bits itself.
pub(super) fn hash(secret: &[u8]) -> Bits {
    Blake2s256::digest(secret).into()
}

/// Returns the MAC of `parts`, which only the holder of `key` can compute.
pub(super) fn mac(key: &Bits, parts: &[&[u8]]) -> Bits {
    let mut mac = Blake2sMac256::new(&(*key).into());
    for part in parts {
        // The length before each part makes different lists of parts different to the MAC.
        mac.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// Compares in a time that does not depend on where the two differ.
pub(super) fn equal(one: &Bits, other: &Bits) -> bool {
    one.ct_eq(other).into()
}

/// Returns the bits as text: 43 letters, digits, `-` and `_`.
pub(super) fn encode(bits: &Bits) -> String {
    URL_SAFE_NO_PAD.encode(bits)
}

/// Returns the bits that a text stands for.
pub(super) fn decode(text: &str) -> Option<Bits> {
    URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_told_apart_and_go_through_text() {
        let (one, other) = (random().unwrap(), random().unwrap());
        assert!(!equal(&one, &other) && equal(&decode(&encode(&one)).unwrap(), &one));
        assert_eq!(encode(&one).len(), 43);
        assert_ne!(mac(&one, &[b"ab", b"c"]), mac(&one, &[b"a", b"bc"]));
        assert_ne!(mac(&one, &[b"a"]), mac(&other, &[b"a"]));
        assert_eq!(decode("short"), None);
    }
}
