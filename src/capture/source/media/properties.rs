//! What holds for every body, as checks that panic if it does not.
#![expect(clippy::missing_panics_doc, reason = "to panic is all they do")]

use std::time::Duration;

use arbitrary::Unstructured;
use bytes::Bytes;
use chrono::DateTime;

use super::{
    Framer, Joiner, LONGEST_SEGMENT, Piece, decrypted, describe, lacks_sound, plain, probe, scheme, sniff, titles,
};
use crate::model::Container;
use crate::testing::parts;

/// Any body becomes the same pieces however the network cuts it. The first byte says which container it is taken for,
/// the second how it is cut.
pub fn framer(bytes: &[u8]) {
    let [kind, seed, body @ ..] = bytes else { return };
    let Some(container) = Container::ALL.get(usize::from(*kind) % Container::ALL.len()).copied() else { return };
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
    let _ = describe(body);
    assert!(plain(container, Bytes::copy_from_slice(body)).len() <= body.len());
    let _ = lacks_sound(container, body, None);
    let decrypted = decrypted(container, &Bytes::copy_from_slice(body), |part| part.fill(0));
    assert!(decrypted.is_none_or(|decrypted| decrypted.len() <= body.len()));
    let (mut joiner, mut joined) = (Joiner::default(), body.to_vec());
    for segment in joined.chunks_mut(188 * (1 + usize::from(*seed))) {
        joiner.push(segment, Duration::from_secs(1));
    }
    let changed = joined.iter().zip(body).enumerate().filter(|(_, (joined, had))| joined != had);
    assert!(changed.into_iter().all(|(at, (joined, had))| at % 188 == 3 && joined & 0xf0 == had & 0xf0));
    let (init, segment) = body.split_at(body.len().min(usize::from(*seed) * 8));
    for init in [None, Some(init)] {
        let _ = scheme(segment, init);
        let titles = titles(container, segment, init);
        let text: usize = titles.iter().map(|title| title.text.len()).sum();
        assert!(titles.iter().all(|title| !title.text.is_empty()) && text <= 8 * segment.len(), "{titles:?}");
        let read = probe(container, segment, init);
        assert!(read.duration.is_none_or(|duration| duration > Duration::ZERO && duration <= LONGEST_SEGMENT));
    }
}

/// What a second connection brings after a first one that carried some of the same sound is a part of what it would
/// bring alone, and what is left out of it is the end of what the first one brought. The first byte says which
/// container, the next four where the first connection ends and where the second begins, the sixth how it is cut.
pub fn seam(bytes: &[u8]) {
    let mut choices = Unstructured::new(bytes);
    let Ok((container, ends, seed)) = choices.arbitrary::<(bool, [u16; 2], u8)>() else { return };
    let container = if container { Container::Mp3 } else { Container::Adts };
    let [end, begin] = ends.map(usize::from);
    let body = choices.take_rest();
    let (first, second) = (&body[..end.min(body.len())], &body[begin.min(body.len())..]);

    let mut framer = Framer::new(container);
    let before = sound(&all(&mut framer, parts(first, u64::from(seed))));
    let mut framer = Framer::after(framer.into_tail(), container);
    let joined = all(&mut framer, parts(second, u64::from(seed).wrapping_add(1)));
    let alone = sound(&framed(container, std::iter::once(second)));
    let new = sound(&joined);

    assert!(alone.ends_with(&new), "{} bytes that are not the end of the {} there are", new.len(), alone.len());
    let known = &alone[..alone.len() - new.len()];
    if joined.first().is_some_and(|piece| piece.continues) {
        let common = known.len().min(before.len());
        let (ours, theirs) = (&known[known.len() - common..], &before[before.len() - common..]);
        assert!(ours == theirs, "{common} bytes before the seam are others");
        assert!(!known.is_empty(), "it continues what it has nothing in common with");
    } else if !joined.is_empty() {
        assert!(known.is_empty(), "{} bytes are lost", known.len());
    } else {
        // It may reach back beyond the first connection.
        let told = || known.ends_with(&before) || before.windows(known.len()).any(|window| window == known);
        assert!(known.is_empty() || told(), "all of it is lost");
    }
}

fn sound(pieces: &[Piece]) -> Vec<u8> {
    pieces.iter().flat_map(|piece| piece.bytes.iter().copied()).collect()
}

fn framed<'a>(container: Container, parts: impl Iterator<Item = &'a [u8]>) -> Vec<Piece> {
    all(&mut Framer::new(container), parts)
}

fn all<'a>(framer: &mut Framer, parts: impl Iterator<Item = &'a [u8]>) -> Vec<Piece> {
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
    use crate::testing::corpus;

    #[test]
    fn a_body_becomes_the_same_pieces_however_it_is_cut() {
        corpus::check("framer", 1000, framer);
    }

    #[test]
    fn a_second_connection_brings_what_the_first_did_not() {
        corpus::check("seam", 1000, seam);
    }
}
