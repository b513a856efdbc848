//! What holds for every answer, as checks that panic if it does not.
#![expect(clippy::missing_panics_doc, reason = "to panic is all they do")]

use super::chunked::Chunks;
use super::head::{self, Beginning, Framing};
use crate::testing::parts;

/// However the network cuts an answer, the result is the same: its head, or that it has none. Status and length are
/// what the head says, and chunks are joined wherever they are cut. The first byte says how the answer is cut.
pub fn head(bytes: &[u8]) {
    let [seed, answer @ ..] = bytes else { return };
    // How much of a longer head is looked at depends on the network.
    let answer = answer.get(..head::LONGEST).unwrap_or(answer);
    let whole = head::read(answer);
    let mut known = 0;
    for part in parts(answer, u64::from(*seed)) {
        known += part.len();
        match head::read(&answer[..known]) {
            Beginning::More => {}
            told => {
                assert_eq!(told, whole, "after {known} bytes");
                break;
            }
        }
    }
    let Beginning::Head(head, length) = whole else { return };
    let (said, body) = answer.split_at(length);
    assert!(said.ends_with(b"\n"), "a head ends with a line");
    let said = said.to_ascii_lowercase();
    let stands = |text: &str| said.windows(text.len()).any(|here| here == text.as_bytes());
    assert!(stands(head.status.as_str()), "{}", head.status);
    let told: usize = head.headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    assert!(told <= length, "{told} bytes of headers in a head of {length}");
    match head.framing() {
        Framing::Chunked => {
            assert!(stands("chunked"), "not in chunks");
            assert_eq!(joined(parts(body, u64::from(*seed))), joined(std::iter::once(body)));
        }
        Framing::Length(length) => {
            assert!(stands("content-length") && stands(&length.to_string()), "{length} stands nowhere");
        }
        Framing::UntilEnd => {}
    }
}

/// The body in the chunks, as far as they can be read.
fn joined<'a>(parts: impl Iterator<Item = &'a [u8]>) -> Option<Vec<u8>> {
    let mut chunks = Chunks::default();
    let mut all = Vec::new();
    for part in parts {
        all.extend_from_slice(&chunks.push(part).ok()?);
    }
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::corpus;

    #[test]
    fn a_head_says_what_stands_there_however_it_is_cut() {
        corpus::check("head", 3000, head);
    }
}
