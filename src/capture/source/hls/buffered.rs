//! How much sound all captures of the process hold in memory until it is on tape.
//!
//! A station may hold as much as its queue takes, a minute and more: that is how long a disk may be away. If a thousand
//! stations start within one second, each with a window to catch up with, that would be hundreds of megabytes for a
//! moment, of which the allocator gives little back. So while much is held, each station fetches only what its tape is
//! ready for.

use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;

/// More bytes than this are much.
const MUCH: usize = 16 << 20;

static HELD: AtomicUsize = AtomicUsize::new(0);

/// Whether much is held.
pub(super) fn is_much() -> bool {
    HELD.load(Ordering::Relaxed) > MUCH
}

/// Counts `bytes` until the last part of them is dropped.
pub(super) fn count(bytes: Bytes) -> Bytes {
    HELD.fetch_add(bytes.len(), Ordering::Relaxed);
    Bytes::from_owner(Counted(bytes))
}

struct Counted(Bytes);

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        HELD.fetch_sub(self.0.len(), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_count_until_the_last_part_of_them_is_gone() {
        let whole = count(Bytes::from(vec![7; 2 * MUCH]));
        let part = whole.slice(..1);
        drop(whole);
        assert!(is_much() && part[..] == [7]);
        drop(part);
        // Other tests hold a little.
        assert!(HELD.load(Ordering::Relaxed) < 2 * MUCH);
    }
}
