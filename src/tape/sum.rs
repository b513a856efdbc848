//! What is known of a reel without reading its index: its sum, which is the last line of the index once the reel has ended.
//!
//! ```text
//! #aircheck sum 900 entries 21600000 bytes begun 2026-11-20T03:00:04Z from 2026-11-20T03:00:04Z to 2026-11-20T04:00:02Z heard 2026-11-20T04:00:02Z
//! ```
//!
//! A sum counts only as the last line, and only where the sound file holds the bytes that it names: what is appended later is
//! followed by another one.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};

use super::index::{Index, instant, moved_by, stamp};

const SUM: &str = "#aircheck sum ";
/// No sum is longer than this many bytes.
const LONGEST: u64 = 320;

/// The sum of a reel that holds at least one entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sum {
    /// How many entries it has.
    pub entries: u64,
    /// When the first of them arrived.
    pub begun: DateTime<Utc>,
    /// When the earliest of its entries and troubles came.
    pub from: DateTime<Utc>,
    /// When the latest of them came.
    pub to: DateTime<Utc>,
    /// When its newest sound arrived.
    pub heard: Option<DateTime<Utc>>,
}

impl Sum {
    /// Of what `blocks` hold together; nothing where that is no entry.
    pub(super) fn of(blocks: &[&Index]) -> Option<Self> {
        let entries = || blocks.iter().flat_map(|block| &block.entries);
        let troubles = blocks.iter().flat_map(|block| &block.troubles).map(|trouble| trouble.at);
        let begun = entries().next()?.arrived;
        let came = entries().map(|entry| entry.arrived).chain(troubles);
        let (from, to) = came.fold((begun, begun), |(from, to), at| (from.min(at), to.max(at)));
        let heard = entries().rfind(|entry| entry.sound.is_ok()).map(|entry| entry.arrived);
        Some(Self { entries: entries().count() as u64, begun, from, to, heard })
    }

    /// After everything in it was moved by `by`.
    pub(super) fn moved(self, by: TimeDelta) -> Self {
        let moved = |at| moved_by(at, by);
        Self {
            begun: moved(self.begun),
            from: moved(self.from),
            to: moved(self.to),
            heard: self.heard.map(moved),
            ..self
        }
    }

    /// Whether anything in it came between `from` and `to`, as far as a sum can tell.
    pub(super) fn is_near(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> bool {
        self.to >= from && self.from <= to
    }

    /// As a line of the index beside a sound file of so many `bytes`.
    pub(super) fn line(&self, bytes: u64) -> String {
        let Self { entries, begun, from, to, heard } = self;
        let heard = heard.map_or_else(|| "nothing".to_owned(), stamp);
        let (begun, from, to) = (stamp(*begun), stamp(*from), stamp(*to));
        format!("{SUM}{entries} entries {bytes} bytes begun {begun} from {from} to {to} heard {heard}\n")
    }

    fn parse(line: &str, available: u64) -> Option<Self> {
        let words: Vec<&str> = line.strip_prefix(SUM)?.split(' ').collect();
        let [entries, "entries", bytes, "bytes", "begun", begun, "from", from, "to", to, "heard", heard] = words[..]
        else {
            return None;
        };
        let heard = if heard == "nothing" { None } else { Some(instant(heard)?) };
        let entries = entries.parse().ok().filter(|entries| (1..1 << 32).contains(entries))?;
        let whole = bytes.parse::<u64>().ok()? <= available;
        whole.then_some(Self { entries, begun: instant(begun)?, from: instant(from)?, to: instant(to)?, heard })
    }

    /// The sum at the end of the index at `path`, beside a sound file that holds `available` bytes. Blocks. Nothing where
    /// there is none that counts: then the index itself tells.
    pub(super) fn read(path: &Path, available: u64) -> Option<Self> {
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
            let sum = Sum { entries: 3, begun: at(2), from: at(1), to: at(10), heard };
            let line = sum.line(700);
            let read = |index: &str, available| {
                fs::write(&path, index).unwrap();
                Sum::read(&path, available)
            };
            assert_eq!(read(&format!("{}{line}", "#EXTM3U\n".repeat(100)), 700), Some(sum));
            assert_eq!(read(&line, 800), Some(sum));
            assert_eq!(read(&line, 699), None, "the end of the sound is gone");
            assert_eq!(read(&format!("{line}#aircheck undated\n"), 700), None, "something came after it");
            assert_eq!(read(line.trim_end(), 700), None, "torn");
            assert!((0..line.len()).all(|length| read(&line[..length], 700).is_none()), "torn");
        }
        assert_eq!(Sum::read(&folder.path().join("none.m3u8"), 0), None);
    }
}
