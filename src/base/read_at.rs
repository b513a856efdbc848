//! Reading at a place of a file, whatever else reads it.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

/// Reads `length` bytes at `offset`, or those that there are. Blocks.
///
/// # Errors
/// The system refuses.
pub fn read_at_most(file: &File, offset: u64, length: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; length];
    let mut filled = 0;
    while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match file.read_at(rest, offset.saturating_add(filled as u64)) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    bytes.truncate(filled);
    Ok(bytes)
}
