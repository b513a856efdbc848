//! What SHOUTcast adds to HTTP: a status line of its own, and the playing title in the middle of the sound.
//!
//! There is no standard; servers agree on this much. Asked with `Icy-MetaData: 1`, a server announces `icy-metaint: N`.
//! After every N bytes of sound it sends one byte with the length of a block of text in units of 16 bytes, mostly zero.
//! The text is `StreamTitle='…';StreamUrl='…';`, padded with zeros, in UTF-8 or in whatever the studio's computer was
//! set to.

use bytes::{Buf, BytesMut};

use super::title_interval::TitleInterval;

const LENGTH_UNIT: usize = 16;

/// What a server says before the sound.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Head {
    /// The content type in lower case; empty if the server does not say.
    pub content_type: String,
    /// Bytes of sound between two titles, if there are titles.
    pub title_every: Option<usize>,
}

impl Head {
    /// Reads one header.
    pub(super) fn set(&mut self, name: &str, value: &str) {
        if name.eq_ignore_ascii_case("content-type") {
            self.content_type = value.trim().to_ascii_lowercase();
        } else if name.eq_ignore_ascii_case("icy-metaint") {
            self.title_every = value.trim().parse().ok().filter(|every| *every > 0);
        }
    }
}

/// UTF-8, else Latin-1, in which every byte is a letter.
fn decode(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|byte| char::from(*byte)).collect(),
    }
}

/// What a title begins with.
const MARK: &[u8] = b"StreamTitle='";

/// Separates titles from sound.
///
/// Heads lie: a head that a proxy has cached for somebody else announces titles that do not come, or in other
/// positions, and titles come that no head announced. So after a block that is no text, the announcement is not
/// believed any more: the bytes of the block are sound. From there on titles are found by how they begin, and the zero
/// bytes in their place by what they tear ([`TitleInterval`]).
#[derive(Debug)]
pub(super) struct Titles {
    every: Option<usize>,
    /// What comes next.
    next: Next,
    last: String,
    /// If nothing is announced: what may be the beginning of a title.
    held: BytesMut,
    /// If nothing is announced: the interval of titles.
    interval: TitleInterval,
}

#[derive(Debug)]
enum Next {
    /// This many bytes of sound.
    Sound(usize),
    /// The length of a text.
    Length,
    /// This many more bytes of the text.
    Text(usize, Vec<u8>),
}

impl Titles {
    pub(super) fn new(every: Option<usize>) -> Self {
        let (next, interval) = (Next::Sound(every.unwrap_or(0)), TitleInterval::new(every.is_none()));
        Self { every, next, last: String::new(), held: BytesMut::new(), interval }
    }

    /// Adds the sound in `bytes` to `sound`. Returns the title if a new one was among them (the last of several).
    pub(super) fn push(&mut self, mut bytes: &[u8], sound: &mut BytesMut) -> Option<String> {
        let mut title = None;
        while let (Some(every), Some((first, rest))) = (self.every, bytes.split_first()) {
            match &mut self.next {
                Next::Sound(0) => self.next = Next::Length,
                Next::Sound(left) => {
                    let (now, later) = bytes.split_at((*left).min(bytes.len()));
                    sound.extend_from_slice(now);
                    *left -= now.len();
                    bytes = later;
                }
                Next::Length => {
                    let length = usize::from(*first) * LENGTH_UNIT;
                    self.next = if length == 0 { Next::Sound(every) } else { Next::Text(length, Vec::new()) };
                    bytes = rest;
                }
                Next::Text(left, text) => {
                    let (now, later) = bytes.split_at((*left).min(bytes.len()));
                    text.extend_from_slice(now);
                    *left -= now.len();
                    bytes = later;
                    // No title begins like sound, so the rest need not be waited for.
                    if !may_be_text(text) {
                        self.held.extend_from_slice(&[length_byte(text.len() + *left)]);
                        self.held.extend_from_slice(text);
                        self.every = None;
                    } else if *left == 0 {
                        let text = std::mem::take(text);
                        self.next = Next::Sound(every);
                        title = self.told(&text).or(title);
                    }
                }
            }
        }
        if self.every.is_none() {
            self.held.extend_from_slice(bytes);
            title = self.search(sound).or(title);
        }
        title
    }

    /// Returns what is held back although nothing is announced, once nothing follows it.
    pub(super) fn rest(&mut self) -> BytesMut {
        let mut rest = BytesMut::new();
        self.interval.push(&self.held.split(), &mut rest);
        rest.unsplit(self.interval.rest());
        rest
    }

    fn told(&mut self, text: &[u8]) -> Option<String> {
        let new = stream_title(text).filter(|new| !new.is_empty() && *new != self.last)?;
        self.last.clone_from(&new);
        Some(new)
    }

    /// Finds unannounced titles in what is held, and releases the sound.
    fn search(&mut self, sound: &mut BytesMut) -> Option<String> {
        let mut title = None;
        loop {
            let Some(at) = self.held.windows(MARK.len()).position(|window| window == MARK) else {
                // The length byte stands before the mark, which may have begun.
                let begun =
                    (1..MARK.len()).rev().find(|length| self.held.ends_with(MARK.get(..*length).unwrap_or_default()));
                let keep = begun.unwrap_or(0) + 1;
                self.let_go(self.held.len().saturating_sub(keep), sound);
                return title;
            };
            let length = at
                .checked_sub(1)
                .and_then(|before| self.held.get(before))
                .map_or(0, |units| usize::from(*units) * LENGTH_UNIT);
            let block = self.held.get(at..at + length);
            if length >= MARK.len() && block.is_none() {
                self.let_go(at - 1, sound);
                return title;
            }
            match block.filter(|block| block.len() >= MARK.len() && may_be_text(block)) {
                Some(block) => {
                    let block = block.to_vec();
                    title = self.told(&block).or(title);
                    self.let_go(at - 1, sound);
                    self.held.advance(1 + block.len());
                    self.interval.text();
                }
                None => self.let_go(at + MARK.len(), sound),
            }
        }
    }

    /// Releases `length` bytes that are no text.
    fn let_go(&mut self, length: usize, sound: &mut BytesMut) {
        let bytes = self.held.split_to(length);
        self.interval.push(&bytes, sound);
    }
}

fn length_byte(length: usize) -> u8 {
    u8::try_from(length / LENGTH_UNIT).unwrap_or_default()
}

/// Whether `text` may be (the beginning of) a block between sound: fields like `StreamTitle='…';`, with zeros at the
/// end, in any encoding (UTF-16 has zeros everywhere). More bytes never make it one.
fn may_be_text(text: &[u8]) -> bool {
    let mut written = text.iter().filter(|byte| **byte != 0);
    written.next().is_none_or(u8::is_ascii_alphabetic) && !written.any(u8::is_ascii_control)
}

/// The title in a block of text. Titles contain quotes and semicolons: only both together, before the next field or the
/// end, close it.
fn stream_title(text: &[u8]) -> Option<String> {
    let text = decode(text);
    let text = text.trim_end_matches('\0');
    let value = text.split_once("StreamTitle='")?.1;
    let end = value.find("';Stream").or_else(|| value.rfind("';")).or_else(|| value.rfind('\'')).unwrap_or(value.len());
    Some(value.get(..end)?.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(text: &[u8]) -> Vec<u8> {
        let units = text.len().div_ceil(LENGTH_UNIT);
        let mut block = vec![u8::try_from(units).unwrap()];
        block.extend_from_slice(text);
        block.resize(1 + units * LENGTH_UNIT, 0);
        block
    }

    #[test]
    fn titles_are_taken_out_of_the_sound_wherever_the_network_cuts_it() {
        let mut body = Vec::new();
        let mut expected = Vec::new();
        for (number, text) in
            ["StreamTitle='아침 음악';", "", "StreamTitle='아침 음악';", "StreamTitle='It's; on';StreamUrl='';"]
                .iter()
                .enumerate()
        {
            let sound = [u8::try_from(number).unwrap(); 100];
            expected.extend_from_slice(&sound);
            body.extend_from_slice(&sound);
            body.extend(block(text.as_bytes()));
        }
        for size in [1, 7, 101, 10_000] {
            let mut titles = Titles::new(Some(100));
            let mut sound = BytesMut::new();
            let seen: Vec<_> = body.chunks(size).filter_map(|part| titles.push(part, &mut sound)).collect();
            assert_eq!(sound, expected, "in parts of {size}");
            let all = ["아침 음악", "It's; on"];
            assert_eq!(seen, if size == 10_000 { &all[1..] } else { &all[..] }, "in parts of {size}");
        }
    }

    #[test]
    fn without_announced_titles_everything_is_sound() {
        let mut sound = BytesMut::new();
        let mut titles = Titles::new(None);
        assert_eq!(titles.push(b"StreamTitle='x';", &mut sound), None);
        sound.extend_from_slice(&titles.rest());
        assert_eq!(&sound[..], b"StreamTitle='x';");
    }

    #[test]
    fn a_title_that_is_not_utf_8_is_latin_1() {
        assert_eq!(stream_title(b"StreamTitle='Caf\xe9 del Mar';\0\0\0").unwrap(), "Café del Mar");
        assert_eq!(stream_title(b"StreamTitle='cut off").unwrap(), "cut off");
        assert_eq!(stream_title(b"StreamUrl='http://x';"), None);
    }

    #[test]
    fn titles_that_were_announced_and_are_not_there_cost_nothing() {
        let sound: Vec<u8> = (0..100_000_u32).map(|n| u8::try_from(n * 7919 % 255).unwrap() | 1).collect();
        for size in [1, 999, 100_000] {
            let mut titles = Titles::new(Some(16_000));
            let mut heard = BytesMut::new();
            let told = sound.chunks(size).filter_map(|part| titles.push(part, &mut heard)).count();
            heard.extend_from_slice(&titles.rest());
            assert!(heard == sound, "in parts of {size}: {} bytes of {}", heard.len(), sound.len());
            assert_eq!(told, 0);
        }
    }

    #[test]
    fn unannounced_and_misplaced_titles_are_found() {
        let sound = vec![0xa5; 5_000];
        let mut body = Vec::new();
        for (number, part) in sound.chunks(1_000).enumerate() {
            body.extend_from_slice(part);
            body.extend(block(format!("StreamTitle='Number {number}';").as_bytes()));
        }
        for announced in [None, Some(700)] {
            for size in [1, 13, 10_000] {
                let mut titles = Titles::new(announced);
                let mut heard = BytesMut::new();
                let told: Vec<_> = body.chunks(size).filter_map(|part| titles.push(part, &mut heard)).collect();
                heard.extend_from_slice(&titles.rest());
                assert!(heard == sound, "{announced:?} in parts of {size}: {} bytes", heard.len());
                assert_eq!(told.last().unwrap(), "Number 4");
            }
        }
    }
}
