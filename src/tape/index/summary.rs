//! What is known of a reel without reading its index: its summary, which is the last line of the index of a reel that
//! has ended.
//!
//! ```text
//! #aircheck sum 900 entries 21600000 bytes begun 2026-11-20T03:00:04Z from 2026-11-20T03:00:04Z to 2026-11-20T04:00:02Z heard 2026-11-20T04:00:02Z
//! ```
//!
//! A summary counts only as the last line, and only if the sound file holds the bytes that it names. Whatever is
//! appended later is followed by another summary.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};

use super::{Index, instant, moved_by, stamp};

const TAG: &str = "#aircheck sum ";
/// No summary is longer than this many bytes.
const LONGEST: u64 = 320;

/// The summary of a reel that holds at least one entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Summary {
    /// How many entries it has.
    pub entries: u32,
    /// When the first of them arrived.
    pub begun: DateTime<Utc>,
    /// When the earliest of its entries and troubles arrived.
    pub from: DateTime<Utc>,
    /// When the latest of them arrived.
    pub to: DateTime<Utc>,
    /// When its newest sound arrived.
    pub heard: Option<DateTime<Utc>>,
}

impl Summary {
    /// The summary of what `blocks` hold together; `None` if they hold no entry.
    pub fn of(blocks: &[&Index]) -> Option<Self> {
        let entries = || blocks.iter().flat_map(|block| &block.entries);
        let troubles = blocks.iter().flat_map(|block| &block.troubles).map(|trouble| trouble.at);
        let begun = entries().next()?.arrived;
        let came = entries().map(|entry| entry.arrived).chain(troubles);
        let (from, to) = came.fold((begun, begun), |(from, to), at| (from.min(at), to.max(at)));
        let heard = entries().rfind(|entry| entry.sound.is_ok()).map(|entry| entry.arrived);
        Some(Self { entries: u32::try_from(entries().count()).unwrap_or(u32::MAX), begun, from, to, heard })
    }

    /// The summary after everything on the reel was moved by `by`.
    pub fn shifted(self, by: TimeDelta) -> Self {
        let moved = |at| moved_by(at, by);
        Self {
            begun: moved(self.begun),
            from: moved(self.from),
            to: moved(self.to),
            heard: self.heard.map(moved),
            ..self
        }
    }

    /// Whether anything on the reel may have arrived between `from` and `to`.
    pub fn is_near(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> bool {
        self.to >= from && self.from <= to
    }

    /// The summary as a line of the index beside a sound file of `bytes` bytes.
    pub fn line(&self, bytes: u64) -> String {
        let Self { entries, begun, from, to, heard } = self;
        let heard = heard.map_or_else(|| "nothing".to_owned(), stamp);
        let (begun, from, to) = (stamp(*begun), stamp(*from), stamp(*to));
        format!("{TAG}{entries} entries {bytes} bytes begun {begun} from {from} to {to} heard {heard}\n")
    }

    fn parse(line: &str, available: u64) -> Option<Self> {
        let words: Vec<&str> = line.strip_prefix(TAG)?.split(' ').collect();
        let [entries, "entries", bytes, "bytes", "begun", begun, "from", from, "to", to, "heard", heard] = words[..]
        else {
            return None;
        };
        let heard = if heard == "nothing" { None } else { Some(instant(heard)?) };
        let entries = entries.parse().ok().filter(|entries| *entries > 0)?;
        let whole = bytes.parse::<u64>().ok()? <= available;
        whole.then_some(Self { entries, begun: instant(begun)?, from: instant(from)?, to: instant(to)?, heard })
    }

    /// Reads the summary at the end of the index at `path`, beside a sound file that holds `available` bytes. `None` if
    /// there is none that counts: then the whole index must be read. Blocks.
    pub fn read(path: &Path, available: u64) -> Option<Self> {
        let mut file = File::open(path).ok()?;
        let length = file.metadata().ok()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(LONGEST))).ok()?;
        let mut end = Vec::new();
        file.take(LONGEST).read_to_end(&mut end).ok()?;
        let end = String::from_utf8_lossy(&end);
        Self::parse(end.strip_suffix('\n')?.rsplit('\n').next()?, available)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
    }

    #[test]
    fn a_sum_counts_as_the_last_line_of_an_index_whose_bytes_are_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("reel.m3u8");
        for heard in [None, Some(at(9))] {
            let summary = Summary { entries: 3, begun: at(2), from: at(1), to: at(10), heard };
            let line = summary.line(700);
            let read = |index: &str, available| {
                fs::write(&path, index).unwrap();
                Summary::read(&path, available)
            };
            assert_eq!(read(&format!("{}{line}", "#EXTM3U\n".repeat(100)), 700), Some(summary));
            assert_eq!(read(&line, 800), Some(summary));
            assert_eq!(read(&line, 699), None, "the end of the sound is gone");
            assert_eq!(read(&format!("{line}#aircheck undated\n"), 700), None, "something came after it");
            assert_eq!(read(line.trim_end(), 700), None, "torn");
            assert!((0..line.len()).all(|length| read(&line[..length], 700).is_none()), "torn");
        }
        assert_eq!(Summary::read(&folder.path().join("none.m3u8"), 0), None);
    }
}
