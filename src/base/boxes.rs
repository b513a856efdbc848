//! The boxes of an MP4 file, found without reading what is in them (ISO/IEC 14496-12, 4.2).

use std::fs::File;
use std::io;

use super::mp4::{self, TO_THE_END};
use super::read_at::read_at_most;

/// How many boxes that lie side by side are looked at: real files have a few, and fragmented ones are no recordings.
const MOST: usize = 10_000;

/// Where a box is in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlacedBox {
    /// The type.
    pub kind: [u8; 4],
    /// Where its header begins.
    pub at: u64,
    /// Where what is in it begins.
    pub body: u64,
    /// Where it ends.
    pub end: u64,
}

impl PlacedBox {
    /// The boxes in it.
    pub fn boxes<'a>(&self, file: &'a File) -> impl Iterator<Item = io::Result<Self>> + use<'a> {
        between(file, self.body, self.end)
    }

    /// Reads what is in it. `None` if that is more than `most` bytes. Blocks.
    ///
    /// # Errors
    /// The system refuses.
    pub fn read(&self, file: &File, most: u64) -> io::Result<Option<Vec<u8>>> {
        let length = self.end - self.body;
        match usize::try_from(length).ok().filter(|_| length <= most) {
            Some(length) => {
                read_at_most(file, self.body, length).map(|bytes| Some(bytes).filter(|it| it.len() == length))
            }
            None => Ok(None),
        }
    }
}

/// The boxes of `file`, up to the first that is not whole. Blocks.
///
/// # Errors
/// The system refuses to say how long the file is; later, to read it.
pub fn boxes(file: &File) -> io::Result<impl Iterator<Item = io::Result<PlacedBox>>> {
    Ok(between(file, 0, file.metadata()?.len()))
}

/// Returns the first of `boxes` that is a `kind`. `None` if there is none.
///
/// # Errors
/// The system refuses.
pub fn first(boxes: impl IntoIterator<Item = io::Result<PlacedBox>>, kind: [u8; 4]) -> io::Result<Option<PlacedBox>> {
    boxes.into_iter().find(|found| found.as_ref().map_or(true, |it| it.kind == kind)).transpose()
}

fn between(file: &File, mut at: u64, end: u64) -> impl Iterator<Item = io::Result<PlacedBox>> {
    let next = move || {
        let bytes = match read_at_most(file, at, mp4::HEADER) {
            Ok(bytes) => bytes,
            Err(error) => return Some(Err(error)),
        };
        let (kind, length, header) = mp4::header(&bytes)?;
        let behind = if length == TO_THE_END { end } else { at.checked_add(length)? };
        let found = PlacedBox { kind, at, body: at.checked_add(header as u64)?, end: behind };
        at = behind;
        (found.body <= behind && behind <= end).then_some(Ok(found))
    };
    std::iter::from_fn(next).take(MOST)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;
    use crate::base::mp4::{boxed, words};

    #[test]
    fn boxes_are_found_one_behind_the_other_up_to_one_that_is_not_whole() {
        let inner = [boxed(b"mvhd", &[&[7; 5]]), boxed(b"udta", &[b"tags"])].concat();
        let long = [&words(&[1])[..], b"mdat", &20u64.to_be_bytes(), b"four"].concat();
        let rest = [&words(&[0])[..], b"free", &[0; 9]].concat();
        let whole = [boxed(b"ftyp", &[b"M4A "]), boxed(b"moov", &[&inner]), long, rest].concat();
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&whole).unwrap();
        let found = |file: &File| boxes(file).unwrap().map(Result::unwrap).collect::<Vec<_>>();
        let kinds: Vec<_> = found(&file).iter().map(|it| (it.kind, it.at, it.body, it.end)).collect();
        let expected: [(&[u8; 4], u64, u64, u64); 4] =
            [(b"ftyp", 0, 8, 12), (b"moov", 12, 20, 45), (b"mdat", 45, 61, 65), (b"free", 65, 73, 82)];
        assert_eq!(kinds, expected.map(|(kind, at, body, end)| (*kind, at, body, end)));
        let moov = first(boxes(&file).unwrap(), *b"moov").unwrap().unwrap();
        let tags = first(moov.boxes(&file), *b"udta").unwrap().unwrap();
        assert_eq!(tags.read(&file, 4).unwrap().as_deref(), Some(&b"tags"[..]));
        assert_eq!((tags.read(&file, 3).unwrap(), first(moov.boxes(&file), *b"free").unwrap()), (None, None));
        file.set_len(64).unwrap();
        assert_eq!(found(&file).len(), 2, "the third is not whole");
    }
}
