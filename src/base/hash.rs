//! Hashes that are the same in every release: FNV-1a, from which names of files and colours are derived, and SHA-256,
//! which tells whether anything was changed.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use aws_lc_rs::digest::{Context, SHA256};

/// FNV-1a of `text`, 64 bits.
pub fn fnv1a(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// [`fnv1a`] as 16 hexadecimal digits. It keeps the names of two files apart that are made of two ids.
pub fn fnv1a_hex(text: &str) -> String {
    format!("{:016x}", fnv1a(text))
}

/// The SHA-256 (FIPS 180-4) of `parts` together, in hexadecimal digits.
pub fn sha256(parts: &[&[u8]]) -> String {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(part);
    }
    hex(context.finish().as_ref())
}

/// Reads the first `length` bytes of `file` and returns their SHA-256. `None` if there are fewer. Blocks.
pub fn sha256_of_file(file: &Path, length: u64) -> io::Result<Option<String>> {
    let (mut context, mut left) = (Context::new(&SHA256), length);
    let mut bytes = File::open(file)?.take(length);
    let mut buffer = vec![0; 256 * 1024];
    loop {
        let read = bytes.read(&mut buffer)?;
        if read == 0 {
            return Ok((left == 0).then(|| hex(context.finish().as_ref())));
        }
        context.update(buffer.get(..read).unwrap_or_default());
        left -= read as u64;
    }
}

/// `bytes` in hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_never_changes() {
        assert_eq!(fnv1a_hex(""), "cbf29ce484222325");
        assert_eq!(fnv1a_hex("📻"), "feef123874f55506");
        // From the examples of NIST.
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!((sha256(&[b"abc"]), sha256(&[b"a", b"bc"])), (abc.to_owned(), abc.to_owned()));
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "abcd").unwrap();
        assert_eq!(sha256_of_file(file.path(), 3).unwrap().as_deref(), Some(abc));
        assert_eq!(sha256_of_file(file.path(), 5).unwrap(), None);
    }
}
