//! The index of a reel as text: an HLS EVENT playlist (RFC 8216) that any player opens. What only aircheck needs stands
//! in comment lines, which players must ignore (section 4.1).
//!
//! ```text
//! #EXTM3U
//! #EXT-X-VERSION:7
//! #EXT-X-PLAYLIST-TYPE:EVENT
//! #EXT-X-TARGETDURATION:6
//! #aircheck after 20261120T020003Z.aac
//! #aircheck format aac 48000 Hz 2 ch
//! #aircheck arrived 2026-11-20T03:00:04.120Z by arrival
//! #EXT-X-PROGRAM-DATE-TIME:2026-11-20T03:00:00.131Z
//! #EXTINF:3.989333,
//! #EXT-X-BYTERANGE:64000@0
//! 20261120T030004Z.aac
//! ```
//!
//! `#aircheck after` names the reel before it on the tape, which its sound goes on from. If that reel is gone, the sound
//! begins anew. Older indexes do not have this line; they go on from whatever is before them.
//!
//! A cause is written as its kind and its words: `#aircheck cause [refused] http://… answered 403 Forbidden`, and in
//! the same way after the time of a `#aircheck trouble`. Older indexes have the words alone.
//!
//! `#aircheck title 2026-11-20T03:00:06.120Z Name - Piece` is what the station says that it plays from then on: since
//! it was on the air if that is known, else since it came. A reel begins with the title that it goes on with. Otherwise
//! a title that comes again with the same time is not written again.
//!
//! `#aircheck moved 20400500000` adds so many microseconds to all arrivals, troubles and titles above it: the clock was
//! wrong.
//!
//! `#aircheck follows` says that the station put the entry right behind the one before, in spite of the discontinuity.
//! `#aircheck undated` says that the dates above it are wrong, back to a discontinuity without `follows`.
//!
//! `#aircheck sequence 4711` is the number that the station gave the entry.
//!
//! `by programme` says that the date is the station's own. `by arrival` says that it is an estimate of the time of
//! writing, and is computed better from all arrivals of the capture ([`timing`](super::timing)).

pub(super) mod closed;
pub(super) mod entry;
pub(super) mod summary;

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Datelike as _, SecondsFormat, TimeDelta, Utc};

use self::entry::{Entry, Reel, Sound, Title, Trouble};
use crate::base::text::composed;
use crate::model::{Cause, CauseKind, Container};
use crate::tape::timing::withdraw_dates;

/// No entry plays longer. Sums of what a torn or foreign index claims must not overflow.
const LONGEST: Duration = Duration::from_hours(24);
const FORMAT: &str = "#aircheck format ";
const AFTER: &str = "#aircheck after ";
const ARRIVED: &str = "#aircheck arrived ";
const TROUBLE: &str = "#aircheck trouble ";
const TITLE: &str = "#aircheck title ";
const CAUSE: &str = "#aircheck cause ";
const MOVED: &str = "#aircheck moved ";
const FOLLOWS: &str = "#aircheck follows";
const SEQUENCE: &str = "#aircheck sequence ";
const UNDATED: &str = "#aircheck undated";

pub(super) fn stamp(instant: DateTime<Utc>) -> String {
    instant.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// `text` on one line, of bounded length.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(400).collect()
}

/// `text` as a title: on one line, of bounded length, in normal form C.
pub(super) fn title_text(text: &str) -> String {
    one_line(&composed(text))
}

/// A cause on one line.
fn cause_text(cause: &Cause) -> String {
    format!("[{}] {}", cause.kind.name(), one_line(&cause.words))
}

/// Reads a cause as [`cause_text`] writes it, or words alone. An unknown kind belongs to the words.
fn parse_cause(text: &str) -> Cause {
    let kind = text.strip_prefix('[').and_then(|text| text.split_once("] "));
    let known = kind.and_then(|(name, words)| Some(Cause::new(CauseKind::by_name(name)?, words)));
    known.unwrap_or_else(|| Cause::new(CauseKind::Other, text))
}

/// The beginning of an index, of the reel after that with the file name `after`. No later entry may play longer than
/// `target` seconds: the tag must not change.
pub(super) fn header(reel: &Reel, target: u64, after: Option<&str>) -> String {
    let after = after.map(|name| format!("{AFTER}{name}\n")).unwrap_or_default();
    let mut text = format!(
        "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-PLAYLIST-TYPE:EVENT\n#EXT-X-TARGETDURATION:{target}\n\
         #EXT-X-MEDIA-SEQUENCE:0\n{after}{FORMAT}{}\n",
        one_line(&reel.detail)
    );
    if reel.init > 0 {
        let _ = writeln!(text, "#EXT-X-MAP:URI=\"{}\",BYTERANGE=\"{}@0\"", file_name(reel), reel.init);
    }
    text
}

/// One entry. `on_air` is when its first sample was on the air, as far as is known while it is written.
pub(super) fn entry_line(entry: &Entry, reel: &Reel, on_air: DateTime<Utc>) -> String {
    let mut text = String::new();
    if entry.discontinuity {
        text.push_str("#EXT-X-DISCONTINUITY\n");
        if entry.follows {
            let _ = writeln!(text, "{FOLLOWS}");
        }
    }
    if let Some(sequence) = entry.sequence {
        let _ = writeln!(text, "{SEQUENCE}{sequence}");
    }
    let clock = if entry.programme_time.is_some() { "programme" } else { "arrival" };
    let _ = writeln!(text, "{ARRIVED}{} by {clock}", stamp(entry.arrived));
    let _ = writeln!(text, "#EXT-X-PROGRAM-DATE-TIME:{}", stamp(entry.programme_time.unwrap_or(on_air)));
    match &entry.sound {
        Ok(sound) => {
            let _ = writeln!(text, "#EXTINF:{:.6},", entry.duration.as_secs_f64());
            let _ = writeln!(text, "#EXT-X-BYTERANGE:{}@{}", sound.length, sound.offset);
        }
        Err(cause) => {
            let _ = writeln!(text, "{CAUSE}{}", cause_text(cause));
            let _ = writeln!(text, "#EXT-X-GAP\n#EXTINF:{:.6},", entry.duration.as_secs_f64());
        }
    }
    let _ = writeln!(text, "{}", file_name(reel));
    text
}

/// The line that says that capture is in trouble.
pub(super) fn trouble_line(trouble: &Trouble) -> String {
    format!("{TROUBLE}{} {}\n", stamp(trouble.at), cause_text(&trouble.cause))
}

/// The line that says what the station plays.
pub(super) fn title_line(title: &Title) -> String {
    format!("{TITLE}{} {}\n", stamp(title.at), title.text)
}

/// The line that says that everything above it arrived `by` later.
pub(super) fn moved_line(by: TimeDelta) -> String {
    format!("{MOVED}{}\n", by.num_microseconds().unwrap_or_default())
}

/// The line that says that the dates above it are wrong.
pub(super) fn undated_line() -> String {
    format!("{UNDATED}\n")
}

/// The line that ends a reel: nothing will be added.
pub(super) const END: &str = "#EXT-X-ENDLIST\n";

fn file_name(reel: &Reel) -> String {
    reel.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// What an index says.
#[derive(Debug, Clone, Default)]
pub(super) struct Index {
    pub entries: Vec<Entry>,
    pub troubles: Vec<Trouble>,
    pub titles: Vec<Title>,
    /// The file name of the reel before it, if it says so.
    pub after: Option<String>,
}

impl Index {
    /// Whether an entry or a trouble came between `from` and `to`.
    pub(super) fn came_between(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> bool {
        let entries = self.entries.iter().map(|entry| entry.arrived);
        entries.chain(self.troubles.iter().map(|trouble| trouble.at)).any(|at| at >= from && at <= to)
    }

    /// Moves all arrivals, troubles and titles by `by`, as [`moved_by`] does.
    pub(super) fn shift(&mut self, by: TimeDelta) {
        let entries = self.entries.iter_mut().map(|entry| &mut entry.arrived);
        let troubles = self.troubles.iter_mut().map(|trouble| &mut trouble.at);
        for instant in entries.chain(troubles).chain(self.titles.iter_mut().map(|title| &mut title.at)) {
            *instant = moved_by(*instant, by);
        }
    }
}

/// Reads the index beside `sound_file`, which holds `available` bytes. Leaves out whatever is torn, unknown, or points
/// beyond the bytes that are there. Nothing is an error, because every whole entry is worth having.
pub(super) fn parse(text: &str, sound_file: &Path, available: u64) -> Index {
    let mut index = Index::default();
    let Some(container) = sound_file.extension().and_then(|e| e.to_str()).and_then(Container::from_extension) else {
        return index;
    };
    let mut reel = Reel { path: sound_file.to_owned(), container, detail: String::new(), init: 0, head: None };
    let mut shared: Option<Arc<Reel>> = None;
    let mut draft = Draft::default();
    // A line without its end is torn: `split_inclusive` keeps the end if there is one.
    for line in text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')) {
        if let Some(detail) = line.strip_prefix(FORMAT) {
            detail.clone_into(&mut reel.detail);
        } else if let Some(name) = line.strip_prefix(AFTER) {
            index.after = Some(name.to_owned());
        } else if let Some(map) = line.strip_prefix("#EXT-X-MAP:") {
            reel.init = map.split("BYTERANGE=\"").nth(1).and_then(leading_number).unwrap_or(0);
        } else if let Some(note) = line.strip_prefix(TROUBLE) {
            index.troubles.extend(parse_trouble(note));
        } else if let Some(note) = line.strip_prefix(TITLE) {
            index.titles.extend(parse_title(note));
        } else if let Some(by) = line.strip_prefix(MOVED) {
            index.shift(TimeDelta::microseconds(by.parse().unwrap_or_default()));
        } else if line == UNDATED {
            withdraw_dates(&mut index.entries);
        } else if line.starts_with('#') {
            draft.tag(line);
        } else if !line.is_empty() {
            let reel = shared.get_or_insert_with(|| Arc::new(reel.clone()));
            index.entries.extend(std::mem::take(&mut draft).finish(reel, available));
        }
    }
    index
}

/// The tags of one entry, until its URI line completes it.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a tag that is there or not")]
struct Draft {
    duration: Option<Duration>,
    range: Option<(u64, u64)>,
    arrived: Option<DateTime<Utc>>,
    by_programme: bool,
    date: Option<DateTime<Utc>>,
    discontinuity: bool,
    follows: bool,
    sequence: Option<u64>,
    cause: Option<Cause>,
    gap: bool,
}

impl Draft {
    fn tag(&mut self, line: &str) {
        if let Some(value) = line.strip_prefix("#EXTINF:") {
            self.duration = value
                .split(',')
                .next()
                .and_then(|seconds| seconds.parse().ok())
                .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
                .filter(|duration| *duration <= LONGEST);
        } else if let Some(value) = line.strip_prefix("#EXT-X-BYTERANGE:") {
            self.range = value.split_once('@').and_then(|(n, o)| Some((n.parse().ok()?, o.parse().ok()?)));
        } else if let Some(value) = line.strip_prefix("#EXT-X-PROGRAM-DATE-TIME:") {
            self.date = instant(value);
        } else if let Some(value) = line.strip_prefix(ARRIVED) {
            let mut words = value.split(' ');
            self.arrived = words.next().and_then(instant);
            self.by_programme = words.next_back() == Some("programme");
        } else if let Some(value) = line.strip_prefix(SEQUENCE) {
            self.sequence = value.parse().ok();
        } else if let Some(value) = line.strip_prefix(CAUSE) {
            self.cause = Some(parse_cause(value));
        } else if line == "#EXT-X-DISCONTINUITY" {
            self.discontinuity = true;
        } else if line == FOLLOWS {
            self.follows = true;
        } else if line == "#EXT-X-GAP" {
            self.gap = true;
        }
    }

    fn finish(self, reel: &Arc<Reel>, available: u64) -> Option<Entry> {
        let sound = if self.gap {
            Err(self.cause.unwrap_or_default())
        } else {
            let (length, offset) = self.range?;
            if offset.checked_add(length)? > available {
                return None;
            }
            Ok(Sound { reel: Arc::clone(reel), offset, length })
        };
        Some(Entry {
            duration: self.duration?,
            arrived: self.arrived?,
            programme_time: self.date.filter(|_| self.by_programme),
            discontinuity: self.discontinuity,
            follows: self.follows || !self.discontinuity,
            sequence: self.sequence,
            sound,
        })
    }
}

fn leading_number(text: &str) -> Option<u64> {
    text.split(|c: char| !c.is_ascii_digit()).next().and_then(|digits| digits.parse().ok())
}

fn parse_trouble(note: &str) -> Option<Trouble> {
    let (at, cause) = note.split_once(' ')?;
    Some(Trouble { at: instant(at)?, cause: parse_cause(cause) })
}

fn parse_title(note: &str) -> Option<Title> {
    let (at, text) = note.split_once(' ')?;
    Some(Title { at: instant(at)?, text: text.to_owned() })
}

/// Reads an instant as [`stamp`] writes it. A leap second becomes the first second of the next minute: sums with it
/// would be off by one. Other centuries are refused: no tape was made then, and sums could overflow.
pub(super) fn instant(text: &str) -> Option<DateTime<Utc>> {
    let instant: DateTime<Utc> = text.parse().ok()?;
    DateTime::from_timestamp_micros(instant.timestamp_micros()).filter(is_ours)
}

/// `instant` moved by `by`; unchanged if that would leave the years that [`instant`] accepts.
pub(super) fn moved_by(instant: DateTime<Utc>, by: TimeDelta) -> DateTime<Utc> {
    instant.checked_add_signed(by).filter(is_ours).unwrap_or(instant)
}

fn is_ours(instant: &DateTime<Utc>) -> bool {
    (1900..3000).contains(&instant.year())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> (String, Vec<Entry>) {
        let reel = Arc::new(Reel {
            path: "/tape/20261120T030004Z.m4s".into(),
            container: Container::Fmp4,
            detail: "aac 48000 Hz 2 ch".into(),
            init: 720,
            head: None,
        });
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let entries = vec![
            Entry {
                duration: Duration::from_micros(3_989_333),
                arrived: at("2026-11-20T03:00:04.12Z"),
                programme_time: None,
                discontinuity: false,
                follows: true,
                sequence: Some(4_711),
                sound: Ok(Sound { reel: Arc::clone(&reel), offset: 720, length: 64_000 }),
            },
            Entry {
                duration: Duration::from_secs(4),
                arrived: at("2026-11-20T03:00:09Z"),
                programme_time: Some(at("2026-11-20T03:00:04Z")),
                discontinuity: true,
                follows: false,
                sequence: None,
                sound: Err(Cause::new(CauseKind::Refused, "the segment answered 404\nfor ever")),
            },
            Entry {
                duration: Duration::from_secs(4),
                arrived: at("2026-11-20T03:00:13Z"),
                programme_time: Some(at("2026-11-20T03:00:08Z")),
                discontinuity: false,
                follows: true,
                sequence: None,
                sound: Ok(Sound { reel: Arc::clone(&reel), offset: 64_720, length: 10 }),
            },
        ];
        let mut text = header(&reel, 6, None);
        for each in &entries {
            text.push_str(&entry_line(each, &reel, at("2026-11-20T03:00:00.131Z")));
        }
        (text, entries)
    }

    #[test]
    fn a_written_index_reads_back() {
        let (text, mut entries) = sample();
        entries[1].sound = Err(Cause::new(CauseKind::Refused, "the segment answered 404 for ever"));
        let index = parse(&text, Path::new("/tape/20261120T030004Z.m4s"), 64_730);
        assert_eq!(index.entries, entries);
    }

    #[test]
    fn causes_come_back_with_their_kinds_and_those_of_older_indexes_as_words() {
        let path = Path::new("/tape/20261120T030004Z.m4s");
        let trouble_of = |cause: &str| parse(&format!("{TROUBLE}2026-11-20T03:00:06Z {cause}\n"), path, 0).troubles;
        for kind in CauseKind::ALL {
            let trouble =
                Trouble { at: "2026-11-20T03:00:06Z".parse().unwrap(), cause: Cause::new(kind, "[x] why: 403") };
            assert_eq!(parse(&trouble_line(&trouble), path, 0).troubles, [trouble]);
        }
        for words in ["http://h.example/x answered 403 Forbidden", "[::1]:80 cannot be reached", "[refused]", "[", ""] {
            assert_eq!(trouble_of(words)[0].cause, Cause::new(CauseKind::Other, words));
        }
    }

    #[test]
    fn an_index_torn_at_any_byte_gives_every_whole_entry_before_it() {
        let (text, entries) = sample();
        for length in 0..text.len() {
            if !text.is_char_boundary(length) {
                continue;
            }
            let torn = &text[..length];
            let whole = torn.matches(".m4s\n").count().min(entries.len());
            let index = parse(torn, Path::new("/tape/20261120T030004Z.m4s"), 64_730);
            assert_eq!(index.entries.len(), whole, "torn at {length}");
        }
    }

    #[test]
    fn times_that_no_tape_has_are_not_believed() {
        let (text, entries) = sample();
        let read = |from: &str, to: &str| {
            parse(&text.replacen(from, to, 1), Path::new("/tape/20261120T030004Z.m4s"), 64_730).entries
        };
        assert_eq!(read("EXTINF:3.989333", "EXTINF:9e15").len(), entries.len() - 1);
        assert_eq!(read("arrived 2026", "arrived +262142").len(), entries.len() - 1);
        let leap = read("DATE-TIME:2026-11-20T03:00:04.", "DATE-TIME:2026-11-20T03:00:60.");
        assert_eq!(leap[1].programme_time, Some("2026-11-20T03:01:00Z".parse().unwrap()));
    }

    #[test]
    fn an_entry_whose_bytes_are_not_there_is_left_out() {
        let (text, _) = sample();
        let index = parse(&text, Path::new("/tape/20261120T030004Z.m4s"), 64_729);
        assert_eq!(index.entries.len(), 2);
    }
}
