//! Bodies in chunks (RFC 9112, section 7.1).

use bytes::{Bytes, BytesMut};

/// A longer line is no chunk header.
const LONGEST_LINE: usize = 4096;

/// Decodes chunks, wherever the network cuts them.
#[derive(Debug, Default)]
pub(super) struct Chunks {
    next: Next,
    line: Vec<u8>,
}

#[derive(Debug, Default)]
enum Next {
    /// The line with the length of a chunk.
    #[default]
    Length,
    /// This many more bytes of the chunk.
    Inside(usize),
    /// The line end after the chunk.
    Behind,
    /// Nothing more: the last chunk has arrived.
    End,
}

impl Chunks {
    /// Whether the last chunk has arrived. What follows it says nothing about the body.
    pub(super) fn ended(&self) -> bool {
        matches!(self.next, Next::End)
    }

    /// Returns the bytes of the body among `bytes`.
    pub(super) fn push(&mut self, mut bytes: &[u8]) -> Result<Bytes, &'static str> {
        let mut inside = BytesMut::new();
        while let Some((first, rest)) = bytes.split_first() {
            match &mut self.next {
                Next::Inside(left) => {
                    let (now, later) = bytes.split_at((*left).min(bytes.len()));
                    inside.extend_from_slice(now);
                    *left -= now.len();
                    bytes = later;
                    if *left == 0 {
                        self.next = Next::Behind;
                    }
                }
                Next::Behind => {
                    bytes = rest;
                    if *first == b'\n' {
                        self.next = Next::Length;
                    }
                }
                Next::Length => {
                    bytes = rest;
                    if *first == b'\n' {
                        self.next = length(&std::mem::take(&mut self.line)).ok_or("a chunk without a length")?;
                    } else if self.line.len() < LONGEST_LINE {
                        self.line.push(*first);
                    }
                }
                Next::End => break,
            }
        }
        Ok(inside.freeze())
    }
}

fn length(line: &[u8]) -> Option<Next> {
    let digits = std::str::from_utf8(line).ok()?.split(';').next()?.trim();
    Some(match usize::from_str_radix(digits, 16).ok()? {
        0 => Next::End,
        length => Next::Inside(length),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_joined_wherever_the_network_cuts_them() {
        let body = b"4\r\nICY \r\n0a;ext=\"1\"\r\n0123456789\r\n2\nok\n0\r\nTrailer: x\r\n\r\n";
        for size in [1, 3, 100] {
            let mut chunks = Chunks::default();
            let parts: Vec<Bytes> = body.chunks(size).map(|part| chunks.push(part).unwrap()).collect();
            assert_eq!(parts.concat(), b"ICY 0123456789ok", "in parts of {size}");
            assert!(chunks.ended());
        }
        assert!(Chunks::default().push(b"sound\r\n").is_err());
    }
}
