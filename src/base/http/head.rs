//! The head of an answer as players read it (RFC 9112, sections 4 and 5, with every allowance that costs nothing): a
//! line that cannot be understood is left out.

use reqwest::StatusCode;
use reqwest::header::{CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue, TRANSFER_ENCODING};

/// A longer head is no head.
pub(super) const LONGEST: usize = 64 << 10;
/// How a status line begins: `HTTP/1.1 200 OK`, `HTTP 200 OK`, and `ICY 200 OK` of SHOUTcast, in whatever case.
const MARKS: [&[u8]; 2] = [b"HTTP", b"ICY "];

/// What an answer begins with.
#[derive(Debug, PartialEq)]
pub(super) enum Beginning {
    /// A head, and its length in bytes.
    Head(Head, usize),
    /// Too few bytes to say.
    More,
    /// No head: the bytes are the body.
    None,
}

/// The head of an answer.
#[derive(Debug, PartialEq)]
pub(super) struct Head {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
}

/// How the end of a body is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    /// In chunks, the last of which is empty.
    Chunked,
    /// It has this many bytes.
    Length(u64),
    /// It ends with the connection.
    UntilEnd,
}

/// Reads the head that `bytes` begin with.
pub(super) fn read(bytes: &[u8]) -> Beginning {
    let blank = bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    let rest = bytes.get(blank..).unwrap_or_default();
    let begins = |mark: &&[u8]| {
        let known = rest.len().min(mark.len());
        rest.get(..known).zip(mark.get(..known)).is_some_and(|(here, mark)| here.eq_ignore_ascii_case(mark))
    };
    if !MARKS.iter().any(begins) {
        return Beginning::None;
    }
    let mut length = blank;
    let mut lines: Vec<&[u8]> = Vec::new();
    for line in rest.split_inclusive(|byte| *byte == b'\n') {
        if !line.ends_with(b"\n") {
            break;
        }
        length += line.len();
        let line = line.trim_ascii_end();
        if line.is_empty() {
            return head(&lines).map_or(Beginning::None, |head| Beginning::Head(head, length));
        }
        lines.push(line);
    }
    if bytes.len() > LONGEST { Beginning::None } else { Beginning::More }
}

fn head(lines: &[&[u8]]) -> Option<Head> {
    let (first, lines) = lines.split_first()?;
    let mut words = first.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).skip(1);
    let status = StatusCode::from_bytes(words.next()?).ok()?;
    let mut unfolded: Vec<(HeaderName, Vec<u8>)> = Vec::new();
    // Whether a continuation line belongs to a line that was understood.
    let mut understood = false;
    for line in lines {
        if line.starts_with(b" ") || line.starts_with(b"\t") {
            if let Some((_, value)) = unfolded.last_mut().filter(|_| understood) {
                value.push(b' ');
                value.extend_from_slice(line.trim_ascii());
            }
            continue;
        }
        let header = line.iter().position(|byte| *byte == b':').and_then(|colon| {
            let (name, value) = line.split_at(colon);
            let name = HeaderName::from_bytes(name.trim_ascii()).ok()?;
            Some((name, value.trim_ascii_start().strip_prefix(b":")?.trim_ascii().to_vec()))
        });
        understood = header.is_some();
        unfolded.extend(header);
    }
    let mut headers = HeaderMap::new();
    for (name, mut value) in unfolded {
        value.iter_mut().filter(|byte| byte.is_ascii_control()).for_each(|byte| *byte = b' ');
        if let Ok(value) = HeaderValue::from_bytes(&value) {
            headers.append(name, value);
        }
    }
    Some(Head { status, headers })
}

impl Head {
    /// How the end of the body is known. A malformed length says nothing, and does not overrule another one.
    pub(super) fn framing(&self) -> Framing {
        let texts = |name| self.headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
        if texts(TRANSFER_ENCODING).any(|coding| coding.to_ascii_lowercase().contains("chunked")) {
            return Framing::Chunked;
        }
        let length = texts(CONTENT_LENGTH).find_map(|length| length.trim().parse().ok());
        length.map_or(Framing::UntilEnd, Framing::Length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn understood(text: &str) -> (u16, Vec<(String, String)>, Framing, usize) {
        let Beginning::Head(head, length) = read(text.as_bytes()) else { panic!("no head: {text:?}") };
        let pairs = head
            .headers
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
        (head.status.as_u16(), pairs.collect(), head.framing(), length)
    }

    #[test]
    fn status_lines_are_read_as_players_read_them() {
        for line in [
            "HTTP/1.0 200 OK",
            "HTTP/1.0  200  OK",
            "HTTP 200 OK",
            "ICY 200 OK",
            "icy 200 ok",
            "HTTP/1.1 200",
            "\r\nHTTP/1.1 200 OK",
        ] {
            let text = format!("{line}\r\nContent-Type:audio/mpeg\r\n\r\nsound");
            let (status, headers, framing, length) = understood(&text);
            assert_eq!((status, framing, length), (200, Framing::UntilEnd, text.len() - 5), "{line}");
            assert_eq!(headers, [("content-type".to_owned(), "audio/mpeg".to_owned())], "{line}");
        }
        assert_eq!(understood("ICY 401 Service Unavailable\n\n").0, 401);
    }

    #[test]
    fn a_malformed_header_line_costs_only_itself() {
        for line in [
            "icy-name : Radio",
            "<BR>This stream requires Winamp<BR>",
            "icy name: Radio",
            "icy-description: one\u{1}two",
            "icy-description: one\r\n two",
            "icy-description: one\rtwo",
            ": nothing",
            "Content-Length: -1",
            " folded: before anything",
        ] {
            let text = format!("HTTP/1.0 200 OK\r\nContent-Type: audio/mpeg\r\n{line}\r\nicy-metaint: 16\r\n\r\n");
            let (_, headers, framing, length) = understood(&text);
            assert_eq!((framing, length), (Framing::UntilEnd, text.len()), "{line}");
            let value = |name| headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str());
            let whole = [Some("audio/mpeg"), Some("audio/mpeg folded: before anything")];
            assert!(whole.contains(&value("content-type")), "{line}: {headers:?}");
            assert_eq!(value("icy-metaint"), Some("16"), "{line}");
        }
    }

    #[test]
    fn how_a_body_ends_is_what_the_head_says() {
        assert_eq!(understood("HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n").2, Framing::Length(12));
        let odd = "HTTP/1.1 200 OK\r\nContent-Length: -1\r\nContent-Length: 12\r\n\r\n";
        assert_eq!(understood(odd).2, Framing::Length(12));
        let both = "HTTP/1.1 200 OK\r\ncontent-length: 12\r\nTransfer-Encoding: Chunked\r\n\r\n";
        assert_eq!(understood(both).2, Framing::Chunked);
    }

    #[test]
    fn an_answer_without_a_head_is_a_body() {
        assert_eq!(read(b"\xff\xfb\x90\x64sound"), Beginning::None);
        assert_eq!(read(b"SSH-2.0-OpenSSH_9.2\r\n"), Beginning::None);
        assert_eq!(read(b"HTTP is a protocol\r\n\r\n"), Beginning::None);
        assert_eq!(read(b"OggS"), Beginning::None);
        for more in ["", "\r\n", "HT", "ic", "HTTP/1.0 200 OK\r\nicy-name: x", "ICY 200 OK\r\n"] {
            assert_eq!(read(more.as_bytes()), Beginning::More, "{more:?}");
        }
        assert_eq!(read(&[b"HTTP/1.0 200 OK\r\nx: ".to_vec(), vec![b'x'; LONGEST]].concat()), Beginning::None);
    }
}
