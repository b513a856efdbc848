//! What holds for every body, as checks that panic where it does not.
#![expect(clippy::missing_panics_doc, reason = "to panic is all they do")]

use std::time::Duration;

use chrono::DateTime;

use super::{Framer, LONGEST_SEGMENT, Piece, probe, sniff};
use crate::base::trial::parts;
use crate::model::Container;

const CONTAINERS: [Container; 5] =
    [Container::Adts, Container::Mp3, Container::MpegTs, Container::Fmp4, Container::Ogg];

/// A body, whatever it is, becomes the same pieces however the network cuts it. The first byte says which container it
/// is taken for, the second how it is cut.
pub fn framer(bytes: &[u8]) {
    let [kind, seed, body @ ..] = bytes else { return };
    let Some(container) = CONTAINERS.get(usize::from(*kind) % CONTAINERS.len()).copied() else { return };
    let whole = framed(container, std::iter::once(body));
    let cut = framed(container, parts(body, u64::from(*seed)));
    let told = |pieces: &[Piece]| -> Vec<_> {
        pieces.iter().map(|piece| (piece.bytes.len(), piece.duration, piece.format.detail.clone())).collect()
    };
    assert!(cut == whole, "{container:?} depends on how it is cut: {:?}, but whole {:?}", told(&cut), told(&whole));
    let sound: usize = whole.iter().map(|piece| piece.bytes.len()).sum();
    // Each piece of a transport stream may begin with its tables.
    assert!(container == Container::MpegTs || sound <= body.len(), "{sound} bytes out of {}", body.len());
    assert!(whole.iter().all(|piece| !piece.duration.is_zero() && !piece.bytes.is_empty()));

    let _ = sniff(body);
    let (init, segment) = body.split_at(body.len().min(usize::from(*seed) * 8));
    for init in [None, Some(init)] {
        let read = probe(container, segment, init);
        assert!(read.duration.is_none_or(|duration| duration > Duration::ZERO && duration <= LONGEST_SEGMENT));
    }
}

fn framed<'a>(container: Container, parts: impl Iterator<Item = &'a [u8]>) -> Vec<Piece> {
    let mut framer = Framer::new(container);
    let mut pieces = Vec::new();
    for part in parts {
        framer.push(part, DateTime::UNIX_EPOCH);
        pieces.extend(std::iter::from_fn(|| framer.next_chunk()));
    }
    pieces.extend(std::iter::from_fn(|| framer.flush()));
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::trial;

    #[test]
    fn a_body_becomes_the_same_pieces_however_it_is_cut() {
        trial::check("framer", 1000, framer);
    }
}
