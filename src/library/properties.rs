//! What holds for every file that may be a recording, as checks that panic if it does not.
#![expect(clippy::missing_panics_doc, reason = "to panic is all they do")]

use std::fs::File;

use super::imprint;
use crate::testing::in_memory;

/// An imprint that is read of any file, or of any text, can be written and read again.
pub fn imprint(bytes: &[u8]) {
    let Ok((_file, path)) = in_memory(bytes) else { return };
    let open = || File::open(&path).ok();
    let is_likely = open().is_some_and(imprint::is_likely);
    let read = open().and_then(imprint::read);
    let is_mp4 = bytes.get(4..8) == Some(b"ftyp");
    assert!(!is_mp4 || read.is_none() || is_likely, "it is read, and is not likely");
    let parsed = std::str::from_utf8(bytes).ok().and_then(imprint::parse);
    for found in [read, parsed].into_iter().flatten() {
        let text = imprint::text(&found);
        assert!(imprint::parse(&text).is_some_and(|again| again.airing.id == found.airing.id), "{text}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::corpus;

    #[test]
    fn an_imprint_of_any_file_can_be_written_again() {
        corpus::check("imprint", 1000, imprint);
    }
}
