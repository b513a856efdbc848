//! Index and bytes of the folder of a grab: reading back what is whole, and writing. Blocks.

use std::collections::hash_map::Entry as Slot;
use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;

use super::entry::{
    Entry, FolderError, Init, Kept, Kind, Line, Place, SegmentId, SegmentLine, failed, file_name, hash, known,
};
use crate::base::lock;

/// The name of the index.
const INDEX: &str = "index";
/// The version of the lines.
const VERSION: u32 = 1;

/// What is in the folder.
#[derive(Debug)]
pub(super) struct Contents {
    path: PathBuf,
    index: File,
    /// Where the index ends.
    index_end: u64,
    /// The files of bytes, by track and kind, and where each ends.
    files: HashMap<(u8, Kind), (File, u64)>,
    pub entries: BTreeMap<SegmentId, Entry>,
    pub inits: Vec<Init>,
    /// The bytes of all segments.
    pub bytes: u64,
    /// How often the index was written to.
    #[cfg(test)]
    pub writes: usize,
}

impl Contents {
    /// Reads what is at `path`, or begins it.
    pub fn open(path: &Path, of: &str) -> Result<Self, FolderError> {
        fs::create_dir_all(path).map_err(failed("made", path))?;
        let at = path.join(INDEX);
        let mut index =
            OpenOptions::new().read(true).append(true).create(true).open(&at).map_err(failed("written", &at))?;
        // An error means that the file system has no locks.
        if !lock::take(&index).unwrap_or(true) {
            return Err(FolderError::InUse(path.to_owned()));
        }
        let mut text = Vec::new();
        index.read_to_end(&mut text).map_err(failed("read", &at))?;
        // The last line may be torn.
        let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
        index.set_len(whole as u64).map_err(failed("written", &at))?;
        text.truncate(whole);
        let (files, entries, inits) = (HashMap::new(), BTreeMap::new(), Vec::new());
        let mut contents = Self {
            path: path.to_owned(),
            index,
            index_end: whole as u64,
            files,
            entries,
            inits,
            bytes: 0,
            #[cfg(test)]
            writes: 0,
        };
        let mut lines = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        match lines.next().map(serde_json::from_slice::<Line>) {
            Some(Ok(Line::Grab { version, .. })) if version > VERSION => {
                return Err(FolderError::Newer(path.to_owned()));
            }
            Some(Ok(Line::Grab { of: other, .. })) if other != of => {
                return Err(FolderError::Other { path: path.to_owned(), of: other });
            }
            Some(_) => {}
            None => contents.write_lines(&[Line::Grab { version: VERSION, of: of.to_owned() }])?,
        }
        for line in lines {
            match serde_json::from_slice(line) {
                Ok(Line::Init { track, kind, place, hash }) => contents.read_init(track, &kind, place, hash)?,
                Ok(Line::Segment(line)) => contents.read_segment(&line)?,
                _ => {}
            }
        }
        contents.end_files()?;
        contents.bytes = contents.entries.values().map(|entry| entry.place.bytes).sum();
        Ok(contents)
    }

    /// Takes an initialisation section that a line names. Without its bytes, the segments that need it do not count.
    fn read_init(&mut self, track: u8, kind: &str, place: Place, hash: u64) -> Result<(), FolderError> {
        let kind = known(kind).unwrap_or(Kind(""));
        let there = !kind.0.is_empty() && self.is_there(track, kind, place, hash)?;
        let place = if there { place } else { Place::default() };
        // Its number is its place in the index.
        self.inits.push(Init { track, kind, place, hash });
        Ok(())
    }

    fn read_segment(&mut self, line: &SegmentLine) -> Result<(), FolderError> {
        let Some(kind) = known(&line.kind) else { return Ok(()) };
        let init_is_there = |number: usize| self.inits.get(number).is_some_and(|init| init.place.bytes > 0);
        if !line.init.is_none_or(init_is_there) || !self.is_there(line.track, kind, line.place, line.hash)? {
            return Ok(());
        }
        let SegmentLine { track, number, name, place, hash, init, is_timed, .. } = *line;
        let plays = line.plays_ms.map(Duration::from_millis);
        let lacks = line.lacks_ms.map_or(Duration::MAX, Duration::from_millis);
        self.entries.insert((track, number), Entry { name, hash, place, kind, plays, lacks, init, is_timed });
        Ok(())
    }

    /// Whether these bytes are in the file as they were written.
    fn is_there(&mut self, track: u8, kind: Kind, place: Place, wanted: u64) -> Result<bool, FolderError> {
        let at = self.path.join(file_name(track, kind));
        let failed = failed("read", &at);
        let (file, end) = self.file(track, kind)?;
        if place.at.checked_add(place.bytes).is_none_or(|last| last > *end) {
            return Ok(false);
        }
        let mut bytes = vec![0; usize::try_from(place.bytes).unwrap_or_default()];
        file.read_exact_at(&mut bytes, place.at).map_err(failed)?;
        Ok(hash(&bytes) == wanted)
    }

    /// Returns the file of a track and a kind, and where it ends.
    fn file(&mut self, track: u8, kind: Kind) -> Result<&mut (File, u64), FolderError> {
        let at = self.path.join(file_name(track, kind));
        match self.files.entry((track, kind)) {
            Slot::Occupied(there) => Ok(there.into_mut()),
            Slot::Vacant(none) => {
                let open = || {
                    let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&at)?;
                    let end = file.metadata()?.len();
                    io::Result::Ok((file, end))
                };
                Ok(none.insert(open().map_err(failed("written", &at))?))
            }
        }
    }

    /// Ends every file behind the last bytes that count: what follows was on its way when the process ended.
    fn end_files(&mut self) -> Result<(), FolderError> {
        let ends = |(track, kind): (u8, Kind)| {
            let entries = self.entries.iter().filter(|((of, _), entry)| (*of, entry.kind) == (track, kind));
            let inits = self.inits.iter().filter(|init| (init.track, init.kind) == (track, kind));
            let places = entries.map(|(_, entry)| entry.place).chain(inits.map(|init| init.place));
            places.map(|place| place.at + place.bytes).max()
        };
        let ends: Vec<_> = self.files.keys().map(|key| (*key, ends(*key).unwrap_or_default())).collect();
        for (key, end) in ends {
            let at = self.path.join(file_name(key.0, key.1));
            if let Some((file, length)) = self.files.get_mut(&key).filter(|(_, length)| *length > end) {
                file.set_len(end).map_err(failed("written", &at))?;
                *length = end;
            }
        }
        Ok(())
    }

    /// Writes segments down: the bytes of each, then the lines of all. Returns for each whether it is there.
    pub fn keep_all(&mut self, all: &[Kept]) -> Vec<Result<(), FolderError>> {
        let (mut lines, inits) = (Vec::with_capacity(all.len()), self.inits.len());
        let placed: Vec<_> = all.iter().map(|kept| self.place(kept, &mut lines)).collect();
        let named = self.write_lines(&lines);
        if named.is_err() {
            // Their numbers are their places in the index.
            self.inits.truncate(inits);
        }
        let keep = |(kept, placed): (&Kept, Result<Entry, FolderError>)| {
            let entry = placed?;
            named.as_ref().map_err(FolderError::again)?;
            self.bytes += entry.place.bytes;
            if let Some(former) = self.entries.insert(kept.id, entry) {
                self.bytes = self.bytes.saturating_sub(former.place.bytes);
            }
            Ok(())
        };
        all.iter().zip(placed).map(keep).collect()
    }

    /// Writes the bytes of a segment, and adds what the index is to say of it to `lines`.
    fn place(&mut self, kept: &Kept, lines: &mut Vec<Line>) -> Result<Entry, FolderError> {
        let (track, number) = kept.id;
        let init = match &kept.init {
            Some(init) => Some(self.keep_init(track, kept.kind, init, lines)?),
            None => None,
        };
        let place = self.append(track, kept.kind, &kept.bytes)?;
        let &Kept { name, hash, kind, plays, lacks, is_timed, .. } = kept;
        let millis = |duration: Duration| u64::try_from(duration.as_millis()).ok();
        lines.push(Line::Segment(SegmentLine {
            track,
            number,
            name,
            kind: kind.0.to_owned(),
            place,
            hash,
            plays_ms: plays.and_then(millis),
            lacks_ms: millis(lacks).filter(|_| lacks != Duration::MAX),
            init,
            is_timed,
        }));
        Ok(Entry { name, hash, place, kind, plays, lacks, init, is_timed })
    }

    /// Returns the number of an initialisation section.
    fn keep_init(&mut self, track: u8, kind: Kind, init: &Bytes, lines: &mut Vec<Line>) -> Result<usize, FolderError> {
        let hash = hash(init);
        let same = |had: &Init| (had.track, had.kind, had.hash) == (track, kind, hash) && had.place.bytes > 0;
        if let Some(number) = self.inits.iter().position(same) {
            return Ok(number);
        }
        let place = self.append(track, kind, init)?;
        lines.push(Line::Init { track, kind: kind.0.to_owned(), place, hash });
        self.inits.push(Init { track, kind, place, hash });
        Ok(self.inits.len() - 1)
    }

    /// Writes bytes, and returns where.
    fn append(&mut self, track: u8, kind: Kind, bytes: &[u8]) -> Result<Place, FolderError> {
        let failed = failed("written", &self.path.join(file_name(track, kind)));
        let (file, end) = self.file(track, kind)?;
        // Whatever a failed write has left is written over.
        file.write_all_at(bytes, *end).map_err(failed)?;
        let place = Place { at: *end, bytes: bytes.len() as u64 };
        *end += place.bytes;
        Ok(place)
    }

    /// Appends lines to the index, all at once.
    fn write_lines(&mut self, lines: &[Line]) -> Result<(), FolderError> {
        let failed = failed("written", &self.path.join(INDEX));
        let mut text = Vec::new();
        for line in lines {
            serde_json::to_writer(&mut text, line).map_err(|error| failed(error.into()))?;
            text.push(b'\n');
        }
        if text.is_empty() {
            return Ok(());
        }
        #[cfg(test)]
        {
            self.writes += 1;
        }
        self.index.write_all(&text).map_err(|error| {
            // A torn line would swallow the next one.
            let _ = self.index.set_len(self.index_end);
            failed(error)
        })?;
        self.index_end += text.len() as u64;
        Ok(())
    }
}
