//! The interval of titles that no head announced, learned from how they tear the sound.
//!
//! If the title does not change, one zero byte stands in its place. Only the torn frame around it distinguishes it from
//! sound: the next frame begins a byte late. The interval says which of the zeros in the frame it is; the interval is
//! constant and counted from the beginning of the body. So torn frames are held back until one interval explains them,
//! and are handed on whole. From there on the byte is known before it comes.

use std::collections::VecDeque;

use bytes::{Buf, BytesMut};

use super::super::media::{Head, sniff};
use crate::model::Container;

/// The container is recognised in this many bytes.
const SNIFFED: usize = 4 << 10;
/// If no frame is torn in this many bytes, none will be.
const WATCHED: u64 = 256 << 10;
/// At most this many bytes are held back: as much as lies between two titles at most, and some frames.
const HELD: usize = 36 << 10;
/// This many frames of one kind in a row are no accident.
const PROOF: usize = 3;
/// After this many blocks any of several intervals that explain them will do.
const ENOUGH: usize = 6;
/// How often an interval is learned again if it turned out to be wrong.
const TRIES: u8 = 4;
/// What servers usually set.
const USUAL: [u64; 10] = [16_000, 8_192, 16_384, 32_768, 4_096, 24_576, 8_000, 32_000, 2_048, 1_024];

/// Removes the bytes that stand for titles from sound, once it knows where they are.
#[derive(Debug)]
pub(super) struct TitleInterval {
    state: State,
    tries: u8,
}

#[derive(Debug)]
enum State {
    Watching(Watch),
    /// The interval is known: the bytes of sound between two titles, and those since the last.
    Known {
        every: u64,
        since: u64,
    },
    /// The interval is not looked for any more.
    Idle,
}

/// A title, or the byte in its place.
#[derive(Debug)]
struct Block {
    /// The positions where it may stand, in order, counted in bytes that are no text of titles.
    positions: Vec<u64>,
    /// How many of these bytes it is itself.
    length: u64,
}

/// What has been seen.
#[derive(Debug, Default)]
struct Watch {
    container: Option<Container>,
    /// What all frames have in common, once there are some in a row.
    like: Option<Head>,
    /// What is not handed on yet, where that begins, and where in it the frame begins that is looked at.
    held: BytesMut,
    start: u64,
    frame: usize,
    /// The titles with text in what is held.
    texts: VecDeque<u64>,
    blocks: VecDeque<Block>,
    /// Where the first torn frame begins that nothing explains yet.
    torn: Option<u64>,
}

/// What a frame turned out to be.
enum Look {
    /// The bytes end too early to say.
    More,
    /// It is as long as it says.
    Whole(usize),
    /// It is one byte longer than it says; these are its zeros.
    Torn(usize, Vec<usize>),
    /// No frame.
    None,
}

impl TitleInterval {
    /// Starts with sound that is, or is not, the beginning of a body.
    pub(super) fn new(from_the_beginning: bool) -> Self {
        Self { state: State::Watching(Watch::new(from_the_beginning)), tries: 0 }
    }

    /// Takes bytes with titles in them. Adds what is known to be sound to `sound`.
    pub(super) fn push(&mut self, mut bytes: &[u8], sound: &mut BytesMut) {
        while !bytes.is_empty() {
            match &mut self.state {
                State::Idle => {
                    sound.extend_from_slice(bytes);
                    return;
                }
                State::Known { every, since } => {
                    let left = usize::try_from(*every - *since).unwrap_or(usize::MAX);
                    let (now, later) = bytes.split_at(left.min(bytes.len()));
                    sound.extend_from_slice(now);
                    *since += now.len() as u64;
                    bytes = later;
                    match later.split_first() {
                        Some((0, rest)) => (*since, bytes) = (0, rest),
                        Some(_) => self.begin_anew(),
                        None => {}
                    }
                }
                State::Watching(watch) => {
                    watch.held.extend_from_slice(bytes);
                    bytes = &[];
                    self.look(sound);
                }
            }
        }
    }

    /// A title with text stands here.
    pub(super) fn text(&mut self) {
        match &mut self.state {
            State::Idle => {}
            State::Known { every, since } if since == every => *since = 0,
            State::Known { .. } => {
                self.begin_anew();
                self.text();
            }
            State::Watching(watch) => watch.texts.push_back(watch.start + watch.held.len() as u64),
        }
    }

    /// Returns what is held back, once nothing follows it.
    pub(super) fn rest(&mut self) -> BytesMut {
        match &mut self.state {
            State::Watching(watch) => watch.held.split(),
            State::Known { .. } | State::Idle => BytesMut::new(),
        }
    }

    fn begin_anew(&mut self) {
        self.tries += 1;
        self.state = if self.tries < TRIES { State::Watching(Watch::new(false)) } else { State::Idle };
    }

    /// Looks at the frames that have come.
    fn look(&mut self, sound: &mut BytesMut) {
        loop {
            let State::Watching(watch) = &mut self.state else { return };
            if watch.step() {
                if let Some((every, chosen)) = watch.explained() {
                    let (rest, texts, start) = watch.cleaned(&chosen, sound);
                    self.state = State::Known { every, since: 0 };
                    return self.replay(&rest, texts, start, sound);
                }
                watch.hand_on(sound);
                if !watch.is_over() {
                    continue;
                }
            } else if !watch.is_over() {
                return;
            }
            sound.extend_from_slice(&watch.held.split());
            self.state = State::Idle;
            return;
        }
    }

    /// Processes again what came before the interval was known.
    fn replay(&mut self, rest: &[u8], texts: VecDeque<u64>, mut start: u64, sound: &mut BytesMut) {
        let mut rest = rest;
        for text in texts {
            let before = usize::try_from(text.saturating_sub(start)).unwrap_or(usize::MAX).min(rest.len());
            let (now, later) = rest.split_at(before);
            self.push(now, sound);
            self.text();
            (rest, start) = (later, text.max(start));
        }
        self.push(rest, sound);
    }
}

impl Watch {
    fn new(from_the_beginning: bool) -> Self {
        let origin = from_the_beginning.then(|| Block { positions: vec![0], length: 0 });
        Self { blocks: origin.into_iter().collect(), ..Self::default() }
    }

    /// Looks at the next frame. Returns whether there was one.
    fn step(&mut self) -> bool {
        if self.container.is_none() {
            let Some(beginning) = self.held.get(..SNIFFED) else { return false };
            // Bytes without frames are watched in vain, which ends by itself.
            self.container = Some(sniff(beginning).unwrap_or(Container::Ogg));
        }
        let (length, zeros) = match self.frame_here() {
            Look::More => return false,
            Look::Whole(length) => {
                let head = || Head::read(self.container?, self.held.get(self.frame..)?);
                self.like = self.like.or_else(head);
                (length, None)
            }
            Look::Torn(length, zeros) => (length, Some(zeros)),
            Look::None => {
                self.like = None;
                (1, None)
            }
        };
        let here = self.start + self.frame as u64;
        self.frame += length;
        if let Some(zeros) = zeros {
            self.torn.get_or_insert(here);
            let positions = zeros.into_iter().map(|at| here + at as u64).collect();
            self.blocks.push_back(Block { positions, length: 1 });
        }
        let after = here + length as u64;
        while let Some(text) = self.texts.pop_front_if(|text| *text <= after) {
            self.blocks.push_back(Block { positions: vec![text], length: 0 });
        }
        true
    }

    fn frame_here(&self) -> Look {
        let bytes = self.held.get(self.frame..).unwrap_or_default();
        let Some(container) = self.container else { return Look::None };
        let Some(like) = self.like else { return first_frame(container, bytes) };
        let head = |at: usize| Head::read(container, bytes.get(at..)?).filter(|head| head.is_like(&like));
        let is_there = |length: usize| bytes.len() >= length + Head::LENGTH;
        if !is_there(1) {
            return Look::More;
        }
        let Some(here) = head(0) else { return torn_head(container, &like, bytes) };
        let length = here.length;
        if !is_there(length + 1) {
            Look::More
        } else if head(length).is_some() {
            Look::Whole(length)
        } else if let Some(next) = head(length + 1) {
            if !is_there(length + 1 + next.length) {
                return Look::More;
            }
            let zeros: Vec<usize> = (0..=length).filter(|at| bytes.get(*at) == Some(&0)).collect();
            let goes_on = head(length + 1 + next.length).is_some();
            if goes_on && !zeros.is_empty() { Look::Torn(length + 1, zeros) } else { Look::None }
        } else {
            match torn_head(container, &like, bytes.get(length..).unwrap_or_default()) {
                Look::More => Look::More,
                // The next block is looked at later.
                Look::Torn(..) => Look::Whole(length),
                Look::Whole(_) | Look::None => Look::None,
            }
        }
    }

    /// The one interval that explains all blocks, and where each of them stands.
    fn explained(&mut self) -> Option<(u64, Vec<(u64, u64)>)> {
        if let (Some(origin), Some(text), None) = (self.blocks.front(), self.blocks.get(1), self.torn)
            && (origin.length, text.length) == (0, 0)
            && self.blocks.len() == 2
        {
            // Nothing is lost by believing it: the next title shows whether it is true.
            let every = text.positions.first()?.checked_sub(*origin.positions.first()?).filter(|every| *every > 0)?;
            return Some((
                every,
                self.blocks.iter().filter_map(|block| Some((*block.positions.first()?, 0))).collect(),
            ));
        }
        while self.blocks.len() >= PROOF {
            let ways = ways(&self.blocks);
            let mut distances: Vec<u64> = ways.iter().map(|(every, _)| *every).collect();
            distances.sort_unstable();
            distances.dedup();
            let usual = || USUAL.into_iter().find(|usual| distances.contains(usual));
            let every = match distances.as_slice() {
                [] => {
                    // One of them was no title.
                    self.blocks.pop_front();
                    continue;
                }
                [every] => *every,
                [first, ..] => match usual() {
                    Some(usual) => usual,
                    None if self.blocks.len() < ENOUGH => return None,
                    None => *first,
                },
            };
            return ways.into_iter().find(|(distance, _)| *distance == every);
        }
        None
    }

    /// Hands on what is held up to the last block, without the blocks that are no sound. Returns what follows, the
    /// titles in it, and where it begins.
    fn cleaned(&mut self, chosen: &[(u64, u64)], sound: &mut BytesMut) -> (BytesMut, VecDeque<u64>, u64) {
        let mut held = self.held.split();
        let mut at = self.start;
        for (position, length) in
            chosen.iter().filter(|(position, length)| position + length > at).copied().collect::<Vec<_>>()
        {
            let before = usize::try_from(position.saturating_sub(at)).unwrap_or(usize::MAX).min(held.len());
            sound.extend_from_slice(&held.split_to(before));
            held.advance(usize::from(length > 0).min(held.len()));
            at = position + length;
        }
        (held, std::mem::take(&mut self.texts), at)
    }

    /// Hands on what is known to be whole.
    fn hand_on(&mut self, sound: &mut BytesMut) {
        if self.torn.is_some() {
            return;
        }
        sound.extend_from_slice(&self.held.split_to(self.frame.min(self.held.len())));
        self.start += self.frame as u64;
        self.frame = 0;
    }

    /// Whether nothing will be found any more.
    fn is_over(&self) -> bool {
        let has_frames = self.container.is_none_or(|container| matches!(container, Container::Adts | Container::Mp3));
        let whole = self.torn.is_none() && self.start > WATCHED;
        !has_frames || whole || self.frame > HELD
    }
}

/// The first of some frames in a row.
fn first_frame(container: Container, bytes: &[u8]) -> Look {
    let mut first = None;
    let mut at = 0;
    for _ in 0..PROOF {
        let Some(rest) = bytes.get(at..).filter(|rest| rest.len() >= Head::LENGTH) else { return Look::More };
        let Some(head) = Head::read(container, rest) else { return Look::None };
        if !first.get_or_insert(head).is_like(&head) {
            return Look::None;
        }
        at += head.length;
    }
    first.map_or(Look::None, |head| Look::Whole(head.length))
}

/// Whether a byte too many stands within the head at the beginning of `bytes`.
fn torn_head(container: Container, like: &Head, bytes: &[u8]) -> Look {
    let Some(beginning) = bytes.first_chunk::<{ Head::LENGTH + 1 }>() else { return Look::More };
    for at in (1..=Head::LENGTH).filter(|at| beginning.get(*at) == Some(&0)) {
        let mut without = beginning.to_vec();
        without.remove(at);
        let Some(head) = Head::read(container, &without).filter(|head| head.is_like(like)) else { continue };
        let Some(next) = bytes.get(head.length + 1..).filter(|next| next.len() >= Head::LENGTH) else {
            return Look::More;
        };
        if Head::read(container, next).is_some_and(|next| next.is_like(like)) {
            return Look::Torn(head.length + 1, vec![at]);
        }
    }
    Look::None
}

/// All intervals that would put each of `blocks` as far behind the one before, and where the blocks would stand.
fn ways(blocks: &VecDeque<Block>) -> Vec<(u64, Vec<(u64, u64)>)> {
    let mut blocks = blocks.iter();
    let (Some(first), Some(second)) = (blocks.next(), blocks.next()) else { return Vec::new() };
    let mut ways = Vec::new();
    for one in &first.positions {
        for two in second.positions.iter().filter(|two| **two > one + first.length) {
            ways.push((two - one - first.length, vec![(*one, first.length), (*two, second.length)]));
        }
    }
    for block in blocks {
        ways.retain_mut(|(every, positions)| {
            let Some((last, length)) = positions.last().copied() else { return false };
            let next = last + length + *every;
            positions.push((next, block.length));
            block.positions.binary_search(&next).is_ok()
        });
    }
    ways
}

#[cfg(test)]
mod tests;
