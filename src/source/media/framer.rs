//! Endless bodies into chunks of about a second.
//!
//! A chunk is whole frames, PES packets, pages or fragments, with its exact length, and a reel may begin with it.
//! Whatever is no sound between them (tags, garbage, null packets) is left out.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::{Bytes, BytesMut};

use super::played::Played;
use super::reader::Reader;
use super::unit::Unit;
use crate::model::{Container, Format};

/// A chunk is cut once it plays this long.
const LENGTH: Duration = Duration::from_secs(1);
/// Or once it plays this long although a packet goes on in what follows.
const LONGEST: Duration = Duration::from_secs(4);
/// Or once it has this many bytes, whatever they play.
const LARGEST: usize = 4 << 20;

/// A stretch of an endless body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Its format; a change begins a new piece.
    pub format: Format,
    /// Whole frames, packets, pages or fragments, untouched.
    pub bytes: Bytes,
    /// How long it plays, counted in its frames.
    pub duration: Duration,
}

/// Cuts an endless body into [`Piece`]s. Resynchronises after garbage; holds about four seconds of sound (at most some
/// 20 MiB, whatever comes) as long as [`Framer::next_chunk`] is asked until `None` after every push.
#[derive(Debug)]
pub struct Framer {
    reader: Reader,
    open: Option<Open>,
    ready: VecDeque<Piece>,
}

/// The piece that is being put together.
#[derive(Debug)]
struct Open {
    format: Format,
    bytes: BytesMut,
    played: Played,
}

impl Framer {
    /// For a body of `container`.
    pub fn new(container: Container) -> Self {
        Self { reader: Reader::new(container), open: None, ready: VecDeque::new() }
    }

    /// Takes the next bytes of the body.
    pub fn push(&mut self, bytes: &[u8]) {
        self.reader.push(bytes);
    }

    /// The next chunk, once a whole one is there.
    pub fn next_chunk(&mut self) -> Option<Piece> {
        self.advance(false)
    }

    /// Once the body has ended: call until `None` for what is left.
    pub fn flush(&mut self) -> Option<Piece> {
        self.advance(true).or_else(|| self.open.take().and_then(Open::close))
    }

    fn advance(&mut self, ended: bool) -> Option<Piece> {
        while self.ready.is_empty() {
            let unit = self.reader.next(ended)?;
            self.take(unit);
        }
        self.ready.pop_front()
    }

    fn take(&mut self, unit: Unit) {
        let Unit { bytes, samples, rate, ends, preamble, format } = unit;
        if let Some(open) = self.open.take_if(|open| open.format != format) {
            self.ready.extend(open.close());
        }
        if bytes.is_empty() && self.open.is_none() {
            // The end of a frame whose beginning went with the piece before.
            return;
        }
        let begin = || Open { format, bytes: BytesMut::from(&preamble[..]), played: Played::default() };
        let open = self.open.get_or_insert_with(begin);
        open.bytes.extend_from_slice(&bytes);
        open.played.add(samples, rate);
        // At once, not when the next unit shows up: the chunk's arrival is when its last byte came.
        if open.is_done(ends) {
            self.ready.extend(self.open.take().and_then(Open::close));
        }
    }
}

impl Open {
    fn is_done(&self, ends: bool) -> bool {
        let played = self.played.total();
        (played >= LENGTH && ends) || played >= LONGEST || self.bytes.len() >= LARGEST
    }

    /// The piece; what plays nothing is none.
    fn close(mut self) -> Option<Piece> {
        let duration = self.played.take();
        (!duration.is_zero()).then(|| Piece { format: self.format, bytes: self.bytes.freeze(), duration })
    }
}
