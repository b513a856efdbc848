//! A hash that is the same in every release: names of files and colours are derived from it.

/// FNV-1a of `text`, 64 bits.
pub fn fnv1a(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// [`fnv1a`] as 16 hexadecimal digits. It keeps the names of two files apart that are made of two ids.
pub fn fnv1a_hex(text: &str) -> String {
    format!("{:016x}", fnv1a(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_never_changes() {
        assert_eq!(fnv1a_hex(""), "cbf29ce484222325");
        assert_eq!(fnv1a_hex("📻"), "feef123874f55506");
    }
}
