//! Material for properties that hold for any input. Only in tests and, for `fuzz/`, under the feature `fuzzing`.
//!
//! A property is a function of bytes that panics if something does not hold; it stands in the `properties.rs` beside the
//! code. It builds what it needs by an [`Unstructured`], so that a fuzzer can steer what is built. The tests check it with
//! the corpus of the fuzzers ([`corpus`]). Tests of several rooms build what a station sends in one way ([`tags`]).

#[cfg(test)]
pub mod corpus;
mod random;
#[cfg(test)]
pub mod tags;

use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::AsRawFd as _;
use std::path::PathBuf;

use arbitrary::{Result, Unstructured};
use rustix::fs::{MemfdFlags, memfd_create};

pub use random::Random;

/// True about `times` in 256; false once all bytes are used up.
///
/// # Errors
/// Never, as [`Unstructured::ratio`].
pub fn seldom(choices: &mut Unstructured<'_>, times: u8) -> Result<bool> {
    Ok(!choices.ratio(256 - u16::from(times), 256_u16)?)
}

/// `bytes` in parts of sizes that depend on `seed`: from single bytes to everything at once.
pub fn parts(mut bytes: &[u8], seed: u64) -> impl Iterator<Item = &[u8]> {
    let mut random = Random::new(seed);
    let most = [1, 3, 17, 200, 4096, usize::MAX][random.below(6)];
    std::iter::from_fn(move || {
        let (part, rest) = bytes.split_at(bytes.len().min(1 + random.below(most)));
        bytes = rest;
        (!part.is_empty()).then_some(part)
    })
}

/// Returns a file with these bytes that is only in memory, and the path by which it is opened as long as it is kept.
///
/// # Errors
/// There is no memory.
pub fn in_memory(bytes: &[u8]) -> io::Result<(File, PathBuf)> {
    let mut file = File::from(memfd_create("input", MemfdFlags::CLOEXEC)?);
    file.write_all(bytes)?;
    let path = format!("/proc/self/fd/{}", file.as_raw_fd()).into();
    Ok((file, path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_take_the_bytes_that_the_corpus_has_for_them() {
        let mut choices = Unstructured::new(&[7, 1, 2, 0, 0, 226, 225]);
        assert_eq!(choices.int_in_range(0..=4_u8), Ok(2));
        assert_eq!(choices.arbitrary::<u32>(), Ok(0x201));
        assert_eq!((seldom(&mut choices, 30), seldom(&mut choices, 30)), (Ok(true), Ok(false)));
        assert!(choices.is_empty());
        assert_eq!((choices.arbitrary::<u8>(), seldom(&mut choices, 255)), (Ok(0), Ok(false)));
    }
}
