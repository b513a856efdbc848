//! What holds for every SHOUTcast server, as checks that panic if it does not.
#![expect(clippy::missing_panics_doc, reason = "to panic is all they do")]

use bytes::BytesMut;

use super::icy::Titles;
use crate::testing::parts;

/// Titles are removed from the sound however the network cuts it, and nothing else is. The first byte says how often
/// titles come, the second how the body is cut.
pub fn icy(bytes: &[u8]) {
    let [every, seed, body @ ..] = bytes else { return };
    let every = Some(usize::from(*every)).filter(|every| *every > 0);
    let whole = taken(every, std::iter::once(body));
    let cut = taken(every, parts(body, u64::from(*seed)));
    assert_eq!(cut, whole);
    // What is left is in the order of the body.
    let mut rest = body.iter();
    assert!(whole.0.iter().all(|byte| rest.any(|other| other == byte)), "something came to the sound");
}

/// The sound, and the last title.
fn taken<'a>(every: Option<usize>, parts: impl Iterator<Item = &'a [u8]>) -> (BytesMut, Option<String>) {
    let mut titles = Titles::new(every);
    let mut sound = BytesMut::new();
    let mut last = None;
    for part in parts {
        last = titles.push(part, &mut sound).or(last);
    }
    sound.extend_from_slice(&titles.rest());
    (sound, last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::corpus;

    #[test]
    fn titles_come_out_of_the_sound_however_it_is_cut() {
        corpus::check("icy", 3000, icy);
    }
}
