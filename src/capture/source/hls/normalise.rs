//! Playlist text as stations send it, made safe for the parser: bytes in, text out, no I/O.
//!
//! `m3u8-rs` is lenient in ways that make up segments or lose them (a comma in a title, a byte that is not UTF-8, a
//! BOM, a tag cut off by a broken connection). So it reads only what this file has written: each line is read by RFC
//! 8216's grammar, and either written in its plainest form or dropped. The result can be parsed in one way only.
//!
//! Variables (`EXT-X-DEFINE`) are filled in here, all of them.
//!
//! Invariants of the resulting text: every line ends with `\n`; an address follows each `EXTINF` or `STREAM-INF` and
//! nothing else; numbers, dates and attribute lists are well-formed; at most one `KEY` stands before a segment.

use std::borrow::Cow;
use std::fmt::Write as _;

use chrono::{DateTime, FixedOffset, NaiveDateTime};
use thiserror::Error;

use super::attributes::Attributes;
use super::variables::{Given, VariableError, Variables};
use crate::base::redact;

/// How many lines of comment may stand before the first line that counts.
const MOST_COMMENTS: usize = 50;

/// More segments than this in one list are refused; a day of 2 s segments has 43,200.
pub const MAX_SEGMENTS: usize = 50_000;

/// More lines are refused as well, whatever they say: ten per segment are plenty.
const MAX_LINES: usize = 10 * MAX_SEGMENTS;
/// Variants, renditions, and keys of one segment beyond these numbers are left out.
const MOST_VARIANTS: usize = 500;
const MOST_KEYS: usize = 16;

/// The text is not a playlist.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum NormaliseError {
    /// It does not begin with `#EXTM3U`.
    #[error("the station's answer is not an HLS playlist; it begins: {0:?}")]
    NotAPlaylist(String),
    /// More segments or lines than anybody needs.
    #[error("the playlist names more than {MAX_SEGMENTS} segments or has more than {MAX_LINES} lines")]
    TooLong,
    /// Variables that cannot be filled in.
    #[error(transparent)]
    Variable(#[from] VariableError),
}

impl NormaliseError {
    /// Whether the text is no playlist at all.
    pub fn is_no_playlist(&self) -> bool {
        matches!(self, Self::NotAPlaylist(_))
    }
}

/// A playlist that the parser reads in only one way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Normal {
    /// The text.
    pub text: String,
    /// Whether it names variants, or renditions alone (a master playlist), rather than segments.
    pub master: bool,
    /// The values of its variables.
    pub variables: Variables,
}

/// Reads `bytes` line by line. `given` is where their variables come from.
pub fn normalise(bytes: &[u8], given: Given<'_>) -> Result<Normal, NormaliseError> {
    let text = legible(bytes);
    let text = text.trim_start_matches(|c: char| c == '\u{feff}' || c.is_whitespace() || c == '\0');
    let Some(text) = after_comments(text).strip_prefix("#EXTM3U") else {
        return Err(NormaliseError::NotAPlaylist(redact::text(&text.chars().take(80).collect::<String>())));
    };
    // The rest of the first line (attributes of an older dialect) would become an address.
    let text = text.split_once(['\n', '\r']).map_or("", |(_, rest)| rest);
    let cut_off = !text.ends_with(['\n', '\r']);
    let mut lines = text.split(['\n', '\r']).map(str::trim).filter(|line| !line.is_empty()).peekable();
    let mut writer = Writer { given, ..Writer::default() };
    let mut count = 0_usize;
    while let Some(line) = lines.next() {
        count += 1;
        if count > MAX_LINES {
            return Err(NormaliseError::TooLong);
        }
        writer.line(line, cut_off && lines.peek().is_none())?;
    }
    let master = match writer.names {
        Names::Segments => false,
        Names::Renditions => writer.segments == 0,
        Names::Variants => true,
    };
    Ok(Normal { text: writer.out, master, variables: writer.variables })
}

/// `text` from its first line that is no comment.
fn after_comments(text: &str) -> &str {
    let mut rest = text;
    for _ in 0..MOST_COMMENTS {
        let is_comment = rest.starts_with('#') && !rest.starts_with("#EXT");
        let Some((_, after)) = rest.split_once(['\n', '\r']).filter(|_| is_comment) else { break };
        rest = after.trim_start();
    }
    rest
}

/// `bytes` as text; each byte that is no UTF-8 is percent-encoded. So it stands in addresses (RFC 3986 section 2.1),
/// and the station is asked for the name that it has written.
fn legible(bytes: &[u8]) -> Cow<'_, str> {
    let mut chunks = bytes.utf8_chunks().peekable();
    if let Some(chunk) = chunks.peek().filter(|chunk| chunk.valid().len() == bytes.len()) {
        return Cow::Borrowed(chunk.valid());
    }
    let mut text = String::with_capacity(bytes.len());
    for chunk in chunks {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            let _ = write!(text, "%{byte:02X}");
        }
    }
    Cow::Owned(text)
}

/// What the address on the next line belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Expecting {
    #[default]
    Nothing,
    Segment,
    Variant,
}

/// What a list names, as far as it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Names {
    /// Segments, if anything.
    Segments,
    /// Renditions that have a list of their own.
    Renditions,
    Variants,
}

#[derive(Debug)]
struct Writer<'a> {
    out: String,
    given: Given<'a>,
    variables: Variables,
    names: Names,
    expecting: Expecting,
    /// The `EXTINF` of the next segment; the last one counts.
    duration: f64,
    /// Keys offered for the next segment, in their order: one per key format.
    keys: Vec<Attributes>,
    segments: usize,
    variants: usize,
    /// Whether the next segment has been marked as a gap.
    gap: bool,
    skipped: bool,
    last_extension: Option<String>,
}

impl Default for Writer<'_> {
    fn default() -> Self {
        Self {
            out: "#EXTM3U\n".to_owned(),
            given: Given::default(),
            variables: Variables::default(),
            names: Names::Segments,
            expecting: Expecting::Nothing,
            duration: 0.0,
            keys: Vec::new(),
            segments: 0,
            variants: 0,
            gap: false,
            skipped: false,
            last_extension: None,
        }
    }
}

impl Writer<'_> {
    fn line(&mut self, line: &str, cut_off: bool) -> Result<(), NormaliseError> {
        let Some(tag) = line.strip_prefix('#') else {
            return self.address(line, cut_off);
        };
        let (name, value) = tag.split_once(':').unwrap_or((tag, ""));
        // Half a tag can look like a whole one: `#EXTINF:1` of `#EXTINF:10,`. Only a tag without a value cannot.
        if !cut_off || name == "EXT-X-ENDLIST" {
            self.tag(name.trim(), value.trim())?;
        }
        Ok(())
    }

    fn address(&mut self, line: &str, cut_off: bool) -> Result<(), NormaliseError> {
        if self.expecting == Expecting::Nothing {
            return Ok(());
        }
        let filled = self.variables.fill(line)?;
        let address = filled.trim();
        let extension = extension(address);
        // A list may lack its last line end, or be torn in the middle of an address: its extension shows which.
        let torn = cut_off && self.last_extension.is_some() && self.last_extension != extension;
        match std::mem::take(&mut self.expecting) {
            // A variable may be empty.
            _ if address.is_empty() => {}
            Expecting::Segment if !torn => {
                self.segments += 1;
                if self.segments > MAX_SEGMENTS {
                    return Err(NormaliseError::TooLong);
                }
                if let Some(key) = usable_key(std::mem::take(&mut self.keys)) {
                    let _ = writeln!(self.out, "#EXT-X-KEY:{key}");
                }
                // The parser takes a comma at the beginning of the next line for part of the tag.
                let here = if address.starts_with([',', '#']) { "./" } else { "" };
                let _ = writeln!(self.out, "#EXTINF:{:.6},\n{here}{address}", self.duration);
                self.last_extension = extension;
                self.gap = false;
            }
            Expecting::Variant => {
                let here = if address.starts_with('#') { "./" } else { "" };
                let _ = writeln!(self.out, "{here}{address}");
            }
            Expecting::Segment | Expecting::Nothing => {}
        }
        Ok(())
    }

    fn tag(&mut self, name: &str, value: &str) -> Result<(), NormaliseError> {
        match name {
            "EXTINF" => {
                self.duration = duration(value);
                self.expecting = Expecting::Segment;
            }
            "EXT-X-TARGETDURATION" => {
                // A whole number of seconds by the standard, a fraction at some stations; no target is better than
                // zero.
                if let Some(seconds) = value.parse().ok().filter(|seconds: &f64| *seconds > 0.0 && *seconds <= 86_400.0)
                {
                    self.write(name, format_args!(":{:.0}", seconds.ceil()));
                }
            }
            "EXT-X-MEDIA-SEQUENCE" | "EXT-X-DISCONTINUITY-SEQUENCE" => {
                if let Some(number) = number(value) {
                    self.write(name, format_args!(":{number}"));
                }
            }
            "EXT-X-BYTERANGE" => {
                if let Some(range) = byte_range(value) {
                    self.write(name, format_args!(":{range}"));
                }
            }
            "EXT-X-PROGRAM-DATE-TIME" => {
                if let Some(time) = date(value) {
                    self.write(name, format_args!(":{}", time.to_rfc3339()));
                }
            }
            "EXT-X-DISCONTINUITY" | "EXT-X-ENDLIST" => self.write(name, format_args!("")),
            // The parser keeps all of those that it does not know itself.
            "EXT-X-GAP" if !std::mem::replace(&mut self.gap, true) => self.write(name, format_args!("")),
            "EXT-X-SKIP" if self.segments == 0 && !std::mem::replace(&mut self.skipped, true) => {
                let attributes = Attributes::read(value);
                if let Some(skipped) = attributes.get("SKIPPED-SEGMENTS").and_then(number) {
                    self.write(name, format_args!(":SKIPPED-SEGMENTS={skipped}"));
                }
            }
            "EXT-X-DEFINE" => {
                let tag = self.attributes(value)?;
                self.variables.define(&tag, self.given)?;
            }
            "EXT-X-KEY" if self.keys.len() < MOST_KEYS => {
                let key = self.attributes(value)?;
                self.keys.push(key);
            }
            "EXT-X-MAP" => {
                let mut map = self.attributes(value)?.only(&[], &["URI", "BYTERANGE"]);
                map.keep_if("BYTERANGE", |range| byte_range(range).is_some());
                if map.get("URI").is_some() {
                    self.write(name, format_args!(":{map}"));
                }
            }
            "EXT-X-MEDIA" if self.variants < MOST_VARIANTS => self.rendition(name, value)?,
            "EXT-X-STREAM-INF" if self.variants < MOST_VARIANTS => {
                self.variants += 1;
                let mut variant = self
                    .attributes(value)?
                    .only(&["BANDWIDTH", "AVERAGE-BANDWIDTH", "RESOLUTION"], &["CODECS", "AUDIO"]);
                variant.keep_if("AVERAGE-BANDWIDTH", |rate| number(rate).is_some());
                variant.keep_if("RESOLUTION", |size| {
                    size.split_once('x').is_some_and(|(width, height)| number(width).and(number(height)).is_some())
                });
                variant.keep_if("BANDWIDTH", |rate| number(rate).is_some());
                // Without it the parser drops the variant and gives its address to the one before.
                variant.or_insert("BANDWIDTH", "0");
                self.write(name, format_args!(":{variant}"));
                self.expecting = Expecting::Variant;
                self.names = Names::Variants;
            }
            _ => {}
        }
        Ok(())
    }

    fn rendition(&mut self, name: &str, value: &str) -> Result<(), NormaliseError> {
        let quoted = ["GROUP-ID", "NAME", "LANGUAGE", "CHARACTERISTICS", "URI"];
        let mut rendition = self.attributes(value)?.only(&["TYPE", "DEFAULT", "AUTOSELECT"], &quoted);
        rendition.or_insert_quoted("NAME", "audio");
        if rendition.get("TYPE") == Some("AUDIO") && rendition.get("GROUP-ID").is_some() {
            self.variants += 1;
            if rendition.get("URI").is_some() {
                self.names = self.names.max(Names::Renditions);
            }
            self.write(name, format_args!(":{rendition}"));
        }
        Ok(())
    }

    /// The attributes of a tag, with their variables filled in.
    fn attributes(&mut self, value: &str) -> Result<Attributes, VariableError> {
        Attributes::read(value).map(|value| {
            Ok(match self.variables.fill(value)? {
                Cow::Borrowed(_) => None,
                Cow::Owned(filled) => Some(filled.trim().to_owned()),
            })
        })
    }

    fn write(&mut self, name: &str, value: std::fmt::Arguments<'_>) {
        let _ = writeln!(self.out, "#{name}{value}");
    }
}

/// The usable one of several keys for one segment (RFC 8216 section 4.3.2.4: they differ by `KEYFORMAT` and lead to the
/// same key), else the last one, so that a message can name its format.
fn usable_key(keys: Vec<Attributes>) -> Option<Attributes> {
    let identity = |key: &Attributes| key.get("KEYFORMAT").is_none_or(|format| format == "identity");
    let at = keys.iter().rposition(identity).or(keys.len().checked_sub(1))?;
    let key = keys.into_iter().nth(at)?;
    if key.get("METHOD")? == "NONE" {
        return Some(key.only(&["METHOD"], &[]));
    }
    let mut key = key.only(&["METHOD", "IV"], &["URI", "KEYFORMAT"]);
    // Without a method the parser would take the sound for unencrypted.
    key.or_insert("METHOD", "UNKNOWN");
    Some(key)
}

/// The seconds of an `EXTINF`; 0 if it is no length (`-1` is written for "unknown").
fn duration(value: &str) -> f64 {
    let seconds = value.split_once(',').map_or(value, |(seconds, _)| seconds);
    seconds.trim().parse().ok().filter(|seconds: &f64| (0.0..=86_400.0).contains(seconds)).unwrap_or(0.0)
}

fn number(value: &str) -> Option<u64> {
    // The bound leaves room to count on from it.
    value.parse().ok().filter(|number| *number < u64::MAX / 2)
}

fn byte_range(value: &str) -> Option<String> {
    let (length, offset) = value.split_once('@').map_or((value, None), |(length, offset)| (length, Some(offset)));
    let length = number(length.trim()).filter(|length| *length > 0)?;
    Some(match offset {
        Some(offset) => format!("{length}@{}", number(offset.trim())?),
        None => length.to_string(),
    })
}

/// A date as RFC 8216 section 4.3.2.6 asks for it, or as stations write it: with a zone written `+0900` or `+09`, or
/// without one (UTC).
fn date(value: &str) -> Option<DateTime<FixedOffset>> {
    DateTime::parse_from_rfc3339(value)
        .or_else(|_| DateTime::parse_from_str(value, "%Y-%m-%dT%H:%M:%S%.f%#z"))
        .or_else(|_| {
            NaiveDateTime::parse_from_str(value, "%Y-%m-%dT%H:%M:%S%.f").map(|naive| naive.and_utc().fixed_offset())
        })
        .ok()
        // A leap second becomes the first of the next minute: sums with it would be off by one.
        .and_then(|date| Some(DateTime::from_timestamp_micros(date.timestamp_micros())?.with_timezone(date.offset())))
}

fn extension(address: &str) -> Option<String> {
    let path = address.split(['?', '#']).next()?;
    let (_, file) = path.rsplit_once('/').unwrap_or(("", path));
    file.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase())
}

#[cfg(test)]
mod tests;
