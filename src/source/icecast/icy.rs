//! What SHOUTcast adds to HTTP: a status line of its own, and the playing title in the middle of the sound.
//!
//! There is no standard; servers agree on this much. Asked with `Icy-MetaData: 1`, a server announces `icy-metaint: N`,
//! and after every N bytes of sound sends one byte that tells the length of a block of text in units of 16 bytes, mostly
//! zero. The text is `StreamTitle='…';StreamUrl='…';`, padded with zeros, in UTF-8 or in whatever the studio's computer
//! was set to.

use bytes::BytesMut;

/// Headers beyond this are none.
const LONGEST_HEAD: usize = 16 << 10;
const LENGTH_UNIT: usize = 16;

/// What a server says before the sound.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Head {
    /// Lower case; empty where it does not say.
    pub content_type: String,
    /// Bytes of sound between two titles, where there are titles.
    pub title_every: Option<usize>,
}

/// What the beginning of a body without HTTP headers is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Beginning {
    /// `ICY 200 OK`, its headers, and the number of bytes they take.
    Icy(Head, usize),
    /// `ICY` with any other status: its words.
    Refused(String),
    /// Too short to tell.
    More,
    /// Something else.
    Unknown,
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

/// Reads the headers that `body` begins with.
pub(super) fn beginning(body: &[u8]) -> Beginning {
    let mark = b"ICY ";
    let known = body.len().min(mark.len());
    if body.get(..known) != mark.get(..known) {
        return Beginning::Unknown;
    }
    let end = |gap: &[u8]| body.windows(gap.len()).position(|window| window == gap).map(|at| at + gap.len());
    let Some(length) = end(b"\r\n\r\n").into_iter().chain(end(b"\n\n")).min() else {
        return if body.len() > LONGEST_HEAD { Beginning::Unknown } else { Beginning::More };
    };
    let text = decode(body.get(..length).unwrap_or_default());
    let mut lines = text.lines();
    let status = lines.next().unwrap_or_default().trim();
    if status.split_whitespace().nth(1) != Some("200") {
        return Beginning::Refused(status.to_owned());
    }
    let mut head = Head::default();
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        head.set(name.trim(), value);
    }
    Beginning::Icy(head, length)
}

/// UTF-8, else Latin-1, in which every byte is a letter.
fn decode(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|byte| char::from(*byte)).collect(),
    }
}

/// Takes titles out of sound.
#[derive(Debug)]
pub(super) struct Titles {
    every: Option<usize>,
    /// What comes next.
    next: Next,
    last: String,
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
        Self { every, next: Next::Sound(every.unwrap_or(0)), last: String::new() }
    }

    /// Adds the sound in `bytes` to `sound`; gives the title where a new one was among them (the last of several).
    pub(super) fn take(&mut self, mut bytes: &[u8], sound: &mut BytesMut) -> Option<String> {
        let Some(every) = self.every else {
            sound.extend_from_slice(bytes);
            return None;
        };
        let mut title = None;
        while let Some((first, rest)) = bytes.split_first() {
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
                    if *left == 0 {
                        let new = stream_title(text).filter(|new| !new.is_empty() && *new != self.last);
                        self.last = new.clone().unwrap_or_else(|| std::mem::take(&mut self.last));
                        title = new.or(title);
                        self.next = Next::Sound(every);
                    }
                }
            }
        }
        title
    }
}

/// The title in a block of text. Titles hold quotes and semicolons, so that only both together, before the next field or
/// the end, close it.
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
            let seen: Vec<_> = body.chunks(size).filter_map(|part| titles.take(part, &mut sound)).collect();
            assert_eq!(sound, expected, "in parts of {size}");
            let all = ["아침 음악", "It's; on"];
            assert_eq!(seen, if size == 10_000 { &all[1..] } else { &all[..] }, "in parts of {size}");
        }
    }

    #[test]
    fn without_announced_titles_everything_is_sound() {
        let mut sound = BytesMut::new();
        assert_eq!(Titles::new(None).take(b"StreamTitle='x';", &mut sound), None);
        assert_eq!(&sound[..], b"StreamTitle='x';");
    }

    #[test]
    fn a_title_that_is_not_utf_8_is_latin_1() {
        assert_eq!(stream_title(b"StreamTitle='Caf\xe9 del Mar';\0\0\0").unwrap(), "Café del Mar");
        assert_eq!(stream_title(b"StreamTitle='cut off").unwrap(), "cut off");
        assert_eq!(stream_title(b"StreamUrl='http://x';"), None);
    }

    #[test]
    fn the_old_status_line_is_understood() {
        let body = b"ICY 200 OK\r\nicy-name: X\r\nIcy-MetaInt:8192\r\nContent-Type: audio/MPEG\r\n\r\nsound";
        let head = Head { content_type: "audio/mpeg".into(), title_every: Some(8192) };
        assert_eq!(beginning(body), Beginning::Icy(head, body.len() - 5));
        assert_eq!(
            beginning(b"ICY 401 Service Unavailable\r\n\r\n"),
            Beginning::Refused("ICY 401 Service Unavailable".into())
        );
        assert_eq!(beginning(b"IC"), Beginning::More);
        assert_eq!(beginning(b"ICY 200 OK\r\nicy-name"), Beginning::More);
        assert_eq!(beginning(b"<html>"), Beginning::Unknown);
    }
}
