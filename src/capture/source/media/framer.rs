//! Cuts endless bodies into chunks of about a second.
//!
//! A chunk is whole frames, PES packets, pages or fragments, with its exact length, and a reel may begin with it.
//! Whatever is no sound between them (tags, garbage, null packets) is left out, and so is what a connection repeats of
//! the one before ([`Tail`]).

use std::collections::VecDeque;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use chrono::{DateTime, Utc};

use super::play_time::PlayTime;
use super::reader::Reader;
use super::seam::{Joined, Seam, Tail};
use super::unit::Unit;
use crate::model::{Container, Format};

/// A chunk is cut once it plays this long.
const LENGTH: Duration = Duration::from_secs(1);
/// It is also cut once it plays this long, even in the middle of a packet.
const LONGEST: Duration = Duration::from_secs(4);
/// It is also cut once it has this many bytes.
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
    /// When its last byte came.
    pub arrived: DateTime<Utc>,
    /// Whether it is known to follow what was handed over before, on this connection or the last.
    pub continues: bool,
}

/// Cuts an endless body into [`Piece`]s. Resynchronises after garbage; holds about four seconds of sound (at most some
/// 20 MiB, whatever comes) as long as [`Framer::next_chunk`] is asked until `None` after every push.
#[derive(Debug)]
pub struct Framer {
    reader: Reader,
    /// When the bytes that were pushed last arrived.
    arrived: DateTime<Utc>,
    /// Set while it is not known how this connection continues the one before.
    seam: Option<Seam<DateTime<Utc>>>,
    tail: Tail,
    continues: bool,
    open: Option<Open>,
    units: u64,
    ready: VecDeque<Piece>,
}

/// The piece that is being put together.
#[derive(Debug)]
struct Open {
    format: Format,
    bytes: BytesMut,
    played: PlayTime,
    arrived: DateTime<Utc>,
    continues: bool,
}

impl Framer {
    /// A framer for a body of `container` that does not continue another one.
    pub fn new(container: Container) -> Self {
        Self {
            reader: Reader::new(container),
            arrived: DateTime::UNIX_EPOCH,
            seam: None,
            tail: Tail::default(),
            continues: false,
            open: None,
            units: 0,
            ready: VecDeque::new(),
        }
    }

    /// A framer for a body that may repeat the end of another one and go on from there. The beginning of the body is
    /// held back until it is known whether it does, or until [`Framer::wait_no_more`].
    pub fn after(tail: Tail, container: Container) -> Self {
        let seam = (!tail.is_empty()).then(|| Seam::new(tail));
        Self { seam, ..Self::new(container) }
    }

    /// The sound that the next connection may repeat.
    pub fn into_tail(self) -> Tail {
        self.tail
    }

    /// How many frames, packets, pages or fragments were found. The count stands still if there is only something else.
    pub fn units(&self) -> u64 {
        self.units
    }

    /// Whether something is held back.
    pub fn is_waiting(&self) -> bool {
        self.seam.as_ref().is_some_and(Seam::holds)
    }

    /// The body does not continue another one: releases what is held back.
    pub fn wait_no_more(&mut self) {
        if let Some(seam) = self.seam.take() {
            self.settle(seam.give_up());
        }
    }

    /// Takes the next bytes of the body, which arrived at `arrived`.
    pub fn push(&mut self, bytes: &[u8], arrived: DateTime<Utc>) {
        self.arrived = arrived;
        self.reader.push(bytes);
    }

    /// The next chunk, once a whole one is there.
    pub fn next_chunk(&mut self) -> Option<Piece> {
        self.advance(false)
    }

    /// The body has ended. Call this until `None` for what is left.
    pub fn flush(&mut self) -> Option<Piece> {
        let piece = self.advance(true);
        if piece.is_some() || self.seam.is_none() {
            return piece.or_else(|| self.open.take().and_then(Open::close));
        }
        self.wait_no_more();
        self.flush()
    }

    fn advance(&mut self, ended: bool) -> Option<Piece> {
        while self.ready.is_empty() {
            let unit = self.reader.next(ended)?;
            self.units = self.units.wrapping_add(1);
            match self.seam.take() {
                Some(seam) => self.settle(seam.push(unit, self.arrived)),
                None => self.add(unit, self.arrived),
            }
        }
        self.ready.pop_front()
    }

    fn settle(&mut self, joined: Joined<DateTime<Utc>>) {
        match joined {
            Joined::Held(seam) => self.seam = Some(seam),
            Joined::Continues(tail) => {
                self.tail = tail;
                self.continues = true;
            }
            Joined::Apart(held) => held.into_iter().for_each(|(unit, arrived)| self.add(unit, arrived)),
        }
    }

    fn add(&mut self, unit: Unit, arrived: DateTime<Utc>) {
        self.tail.add(&unit);
        let Unit { bytes, samples, rate, ends, preamble, format } = unit;
        if let Some(open) = self.open.take_if(|open| open.format != format) {
            self.ready.extend(open.close());
        }
        if bytes.is_empty() && self.open.is_none() {
            // It is the end of a frame whose beginning is in the piece before.
            return;
        }
        let continues = std::mem::replace(&mut self.continues, true);
        let begin =
            || Open { format, bytes: BytesMut::from(&preamble[..]), played: PlayTime::default(), arrived, continues };
        let open = self.open.get_or_insert_with(begin);
        open.bytes.extend_from_slice(&bytes);
        open.played.add(samples, rate);
        open.arrived = arrived;
        // At once, not when the next unit appears: the chunk's arrival is when its last byte came.
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

    /// Returns the piece; `None` if it plays no time.
    fn close(mut self) -> Option<Piece> {
        let duration = self.played.take();
        let Self { format, bytes, arrived, continues, .. } = self;
        (!duration.is_zero()).then(|| Piece { format, bytes: bytes.freeze(), duration, arrived, continues })
    }
}
