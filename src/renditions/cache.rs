//! What is kept of renditions, in a folder of the state folder, and what goes when that is too much.
//!
//! ```text
//! hls/VERSION/source.json         of which recording, and how it is divided
//! hls/VERSION/128k/3/180.m4s …    the segments of part 3
//! hls/VERSION/128k/3/whole        the size of each of them, written when all are there
//! ```
//!
//! A version is one file of one recording: if it is cut again, another file has its name, and this is another version. A part
//! without the file `whole` was interrupted by a crash, and is deleted at the next start; one whose segments have other
//! sizes than it says lost them with the power, and is made again. When somebody asks for a segment of a part, the date of
//! `whole` is set, so that a restart knows what was used last. Who reads a segment that is deleted reads it to its end.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::layout::Layout;
use super::playlist::{Rates, name_of, segment_name};
use crate::base::hash::sha256;
use crate::model::AiringId;

/// The file that says of which recording a version is.
const SOURCE: &str = "source.json";
/// The file that says that a part is whole.
const WHOLE: &str = "whole";
/// How often at most it is written down that a part is used.
const NOTED_EVERY: TimeDelta = TimeDelta::minutes(1);
/// How many versions are known before those are forgotten of which nothing is kept.
const REMEMBERED: usize = 2_000;
/// How many digits a version has: 64 bits.
const DIGITS: usize = 16;

/// One file of one recording.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Source {
    /// The recording.
    pub recording: String,
    /// The entity tag of its file.
    pub etag: String,
    /// How it is divided.
    pub layout: Layout,
}

impl Source {
    /// Returns the version of what has this id, entity tag and length of segments: its name in addresses and on the disk.
    pub(super) fn version(recording: &AiringId, etag: &str, segment_seconds: u64) -> String {
        let segment = segment_seconds.to_string();
        let hash = sha256(&[recording.as_str().as_bytes(), b"\0", etag.as_bytes(), b"\0", segment.as_bytes()]);
        hash.get(..DIGITS).unwrap_or(&hash).to_owned()
    }

    /// Returns the id of the recording.
    pub(super) fn id(&self) -> AiringId {
        AiringId::new(&self.recording)
    }
}

/// A part of a rendition.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Place {
    /// Of which version.
    pub version: Arc<str>,
    /// The rendition, by its bits per second.
    pub bits: u32,
    /// The number of the part.
    pub part: u32,
}

impl Place {
    /// Returns the folder of the part in the folder of all renditions.
    pub(super) fn folder(&self, all: &Path) -> PathBuf {
        all.join(&*self.version).join(name_of(self.bits)).join(self.part.to_string())
    }

    /// Returns the file of a segment.
    pub(super) fn segment(&self, all: &Path, number: u32) -> PathBuf {
        self.folder(all).join(segment_name(number))
    }
}

/// A part that is kept.
#[derive(Debug)]
struct Kept {
    sizes: Arc<[u32]>,
    bytes: u64,
    used: DateTime<Utc>,
    /// When its use was last written down.
    noted: DateTime<Utc>,
}

/// What is kept. It knows what is on the disk without asking it.
#[derive(Debug, Default)]
pub(super) struct Cache {
    sources: HashMap<Arc<str>, Arc<Source>>,
    parts: HashMap<Place, Kept>,
    bytes: u64,
}

/// A part that is whole, and whether its use is to be written down.
#[derive(Debug)]
pub(super) struct Used {
    /// The sizes of its segments.
    pub sizes: Arc<[u32]>,
    /// Whether [`note_use`] is due.
    pub note: bool,
}

impl Cache {
    /// Reads what is kept in the folder `all`, and deletes what was interrupted. Blocks.
    pub(super) fn read(all: &Path) -> Self {
        let mut cache = Self::default();
        for version in folders(all) {
            let name: Arc<str> = file_name(&version).into();
            let source = fs::read(version.join(SOURCE)).ok().and_then(|text| serde_json::from_slice(&text).ok());
            let Some(source) = source else {
                remove(&version);
                continue;
            };
            cache.sources.insert(Arc::clone(&name), Arc::new(source));
            for rendition in folders(&version) {
                for part in folders(&rendition) {
                    if cache.take_in(&name, &rendition, &part).is_none() {
                        remove(&part);
                    }
                }
            }
        }
        cache
    }

    /// Takes in a part on the disk. `None` if it is not whole.
    fn take_in(&mut self, version: &Arc<str>, rendition: &Path, part: &Path) -> Option<()> {
        let number = file_name(part).parse().ok()?;
        let kilo: u32 = file_name(rendition).strip_suffix('k')?.parse().ok()?;
        let place = Place { version: Arc::clone(version), bits: kilo.checked_mul(1_000)?, part: number };
        let whole = part.join(WHOLE);
        let used = DateTime::from(fs::metadata(&whole).and_then(|whole| whole.modified()).ok()?);
        let sizes: Vec<u32> = serde_json::from_slice(&fs::read(&whole).ok()?).ok()?;
        self.insert(place, &sizes, used);
        Some(())
    }

    /// Adds a part that is whole.
    pub(super) fn insert(&mut self, place: Place, sizes: &[u32], used: DateTime<Utc>) {
        let bytes = sizes.iter().map(|size| u64::from(*size)).sum();
        self.forget(&place);
        self.bytes += bytes;
        self.parts.insert(place, Kept { sizes: sizes.into(), bytes, used, noted: used });
    }

    /// Returns a part that is kept, and marks it as used.
    pub(super) fn used(&mut self, place: &Place, now: DateTime<Utc>) -> Option<Used> {
        let kept = self.parts.get_mut(place)?;
        // A clock that is set back makes nothing older than it is.
        kept.used = kept.used.max(now);
        let note = now - kept.noted >= NOTED_EVERY;
        if note {
            kept.noted = now;
        }
        Some(Used { sizes: Arc::clone(&kept.sizes), note })
    }

    /// Returns whether a part is kept.
    pub(super) fn has(&self, place: &Place) -> bool {
        self.parts.contains_key(place)
    }

    /// Forgets a part. Returns whether it was kept.
    pub(super) fn forget(&mut self, place: &Place) -> bool {
        let Some(kept) = self.parts.remove(place) else { return false };
        self.bytes -= kept.bytes;
        true
    }

    /// Returns how many bytes are kept.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Forgets and returns the parts that were used longest ago, until no more than `most` bytes are kept.
    pub(super) fn shrink(&mut self, most: u64) -> Vec<Place> {
        if self.bytes <= most {
            return Vec::new();
        }
        let mut oldest: Vec<_> = self.parts.iter().map(|(place, kept)| (kept.used, place.clone())).collect();
        oldest.sort();
        let mut gone = Vec::new();
        for (_, place) in oldest {
            if self.bytes <= most {
                break;
            }
            self.forget(&place);
            gone.push(place);
        }
        gone
    }

    /// Returns what is known of a version.
    pub(super) fn source(&self, version: &str) -> Option<Arc<Source>> {
        self.sources.get(version).cloned()
    }

    /// Returns all versions, also those of which nothing is kept.
    pub(super) fn sources(&self) -> Vec<(Arc<str>, Arc<Source>)> {
        self.sources.iter().map(|(version, source)| (Arc::clone(version), Arc::clone(source))).collect()
    }

    /// Adds a version. Of versions of which nothing is kept, some are remembered, so that their files need not be looked into
    /// again.
    pub(super) fn add_source(&mut self, version: &Arc<str>, source: &Arc<Source>) {
        if self.sources.len() >= REMEMBERED {
            self.forget_idle(|_| false);
        }
        self.sources.insert(Arc::clone(version), Arc::clone(source));
    }

    /// Forgets a version and all parts of it.
    pub(super) fn forget_version(&mut self, version: &str) {
        self.sources.remove(version);
        let parts: Vec<_> = self.parts.keys().filter(|place| &*place.version == version).cloned().collect();
        for place in parts {
            self.forget(&place);
        }
    }

    /// Forgets the versions of which no part is kept.
    pub(super) fn forget_idle(&mut self, is_made: impl Fn(&str) -> bool) -> Vec<Arc<str>> {
        let in_use: HashSet<&str> = self.parts.keys().map(|place| &*place.version).collect();
        let idle = self.sources.keys().filter(|version| !in_use.contains(&***version) && !is_made(version));
        let idle: Vec<_> = idle.cloned().collect();
        for version in &idle {
            self.sources.remove(version);
        }
        idle
    }

    /// Returns what a rendition takes, if all parts of it are kept.
    pub(super) fn measured(&self, version: &Arc<str>, bits: u32, layout: &Layout) -> Option<Rates> {
        let of = |part| self.parts.get(&Place { version: Arc::clone(version), bits, part });
        let mut sizes = Vec::new();
        for part in 0..layout.parts() {
            sizes.extend_from_slice(&of(part)?.sizes);
        }
        Some(Rates::measured(layout, &sizes))
    }
}

/// Writes down of which recording a version is, if that is not on the disk. Blocks.
pub(super) fn write_source(all: &Path, version: &str, source: &Source) -> io::Result<()> {
    let folder = all.join(version);
    fs::create_dir_all(&folder)?;
    let file = folder.join(SOURCE);
    if file.exists() {
        return Ok(());
    }
    // It appears whole: a crash must not leave half of it under its name.
    let part = folder.join(format!("{SOURCE}.part"));
    fs::write(&part, serde_json::to_vec(source)?)?;
    fs::rename(part, file)
}

/// Makes the empty folder of a part. Blocks.
pub(super) fn begin(all: &Path, place: &Place) -> io::Result<()> {
    let folder = place.folder(all);
    remove(&folder);
    fs::create_dir_all(folder)
}

/// Writes down that a part is whole. Blocks.
pub(super) fn finish(all: &Path, place: &Place, sizes: &[u32]) -> io::Result<()> {
    let folder = place.folder(all);
    let part = folder.join(format!("{WHOLE}.part"));
    fs::write(&part, serde_json::to_vec(sizes)?)?;
    fs::rename(part, folder.join(WHOLE))
}

/// Writes down that a part was used. Blocks.
pub(super) fn note_use(all: &Path, place: &Place, now: DateTime<Utc>) {
    // If that fails, it may go sooner than another after a restart.
    let whole = fs::File::options().write(true).open(place.folder(all).join(WHOLE));
    let _ = whole.and_then(|whole| whole.set_modified(SystemTime::from(now)));
}

/// Removes a folder with everything in it. What cannot be removed is tried again at the next start. Blocks.
pub(super) fn remove(folder: &Path) {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::warn!(folder = %folder.display(), %error, "an old rendition could not be deleted");
        }
        _ => {}
    }
}

/// Returns the folders in `folder`.
fn folders(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect()
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minute)
    }

    fn place(version: &str, part: u32) -> Place {
        Place { version: version.into(), bits: 64_000, part }
    }

    fn source() -> Source {
        let layout = Layout::new(48_000, 2, Duration::from_secs(1_500), Duration::from_secs(10));
        Source { recording: "뉴스@20261120T0500Z".to_owned(), etag: "\"1-2\"".to_owned(), layout }
    }

    /// Puts a part with two segments on the disk.
    fn put(all: &Path, place: &Place, used: DateTime<Utc>) {
        write_source(all, &place.version, &source()).unwrap();
        begin(all, place).unwrap();
        for (number, size) in [(0, 10), (1, 20)] {
            fs::write(place.segment(all, number), vec![0; size]).unwrap();
        }
        finish(all, place, &[10, 20]).unwrap();
        note_use(all, place, used);
    }

    #[test]
    fn what_was_not_used_for_longest_goes_first_also_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let all = folder.path();
        for (part, used) in [(0, 3), (1, 1), (2, 2)] {
            put(all, &place("a", part), at(used));
        }
        let mut cache = Cache::read(all);
        assert_eq!((cache.bytes(), cache.shrink(90)), (90, vec![]));
        // Part 1 is heard again.
        assert!(cache.used(&place("a", 1), at(4)).is_some_and(|used| used.note && used.sizes[..] == [10, 20]));
        assert!(cache.used(&place("a", 1), at(4)).is_some_and(|used| !used.note), "once a minute is enough");
        note_use(all, &place("a", 1), at(4));
        assert_eq!(Cache::read(all).shrink(89), [place("a", 2)]);
        assert_eq!(cache.shrink(59), [place("a", 2), place("a", 0)]);
        assert_eq!((cache.bytes(), cache.shrink(0), cache.bytes()), (30, vec![place("a", 1)], 0));
        assert!(cache.used(&place("a", 1), at(5)).is_none());
    }

    #[test]
    fn what_a_crash_has_left_is_deleted_and_what_is_whole_stays() {
        let folder = tempfile::tempdir().unwrap();
        let all = folder.path();
        put(all, &place("a", 0), at(1));
        // The encoder was in the middle of these.
        begin(all, &place("a", 1)).unwrap();
        fs::write(place("a", 1).segment(all, 60), b"sound").unwrap();
        begin(all, &place("b", 0)).unwrap();
        fs::write(all.join("a/source.json.part"), b"{").unwrap();
        let cache = Cache::read(all);
        assert!(cache.has(&place("a", 0)) && !cache.has(&place("a", 1)));
        assert!(!place("a", 1).folder(all).exists() && !all.join("b").exists());
        assert_eq!(cache.source("a").as_deref(), Some(&source()));
        assert_eq!((Cache::read(&all.join("none")).bytes(), cache.sources().len()), (0, 1));
    }

    #[test]
    fn a_version_goes_with_all_that_is_kept_of_it() {
        let folder = tempfile::tempdir().unwrap();
        put(folder.path(), &place("a", 0), at(1));
        put(folder.path(), &place("b", 0), at(1));
        let mut cache = Cache::read(folder.path());
        cache.forget_version("a");
        assert!(cache.source("a").is_none() && !cache.has(&place("a", 0)) && cache.has(&place("b", 0)));
        assert_eq!(cache.bytes(), 30);
        cache.shrink(0);
        assert_eq!((cache.forget_idle(|version| version == "b").len(), cache.forget_idle(|_| false).len()), (0, 1));
    }

    #[test]
    fn a_version_is_another_if_the_file_is_or_the_segments_are() {
        let id = AiringId::new("news@20261120T0500Z");
        let version = Source::version(&id, "\"1\"", 10);
        assert_eq!(version.len(), 16);
        for (id, etag, segment) in
            [("news@20261121T0500Z", "\"1\"", 10), (id.as_str(), "\"2\"", 10), (id.as_str(), "\"1\"", 6)]
        {
            assert_ne!(version, Source::version(&AiringId::new(id), etag, segment));
        }
    }

    #[test]
    fn what_a_rendition_takes_is_known_when_all_of_it_is_there() {
        let (mut cache, layout) = (Cache::default(), source().layout);
        assert_eq!(layout.parts(), 3);
        let version: Arc<str> = "a".into();
        for part in [0, 2, 1] {
            assert_eq!(cache.measured(&version, 64_000, &layout), None);
            let sizes = vec![100_000; layout.segments_of(part).len()];
            cache.insert(place("a", part), &sizes, at(1));
        }
        let rates = cache.measured(&version, 64_000, &layout).unwrap();
        assert!(rates.average > 80_000 && rates.peak >= rates.average, "{rates:?}");
        assert_eq!(cache.measured(&version, 128_000, &layout), None);
    }
}
