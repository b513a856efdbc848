//! Seals: what the reels of a tape held when they had ended, so that a reel that was changed or is missing is noticed.
//!
//! The file `seals` beside the reels is only appended to. A line seals a reel, or says that housekeeping has deleted it:
//!
//! ```text
//! #aircheck seals after 0000000000000000000000000000000000000000000000000000000000000000
//! sealed 20261120T030004000Z.aac 57600000 9f86d0… 123456 60303a… fcde2b…
//! deleted 20261120T030004000Z.aac 2c26b4…
//! ```
//!
//! The numbers are the lengths of sound file and index in bytes, each followed by the SHA-256 (FIPS 180-4) of so many
//! bytes. The last word of a line is the SHA-256 of the last word of the line before and of the rest of this line. So no
//! line can be changed, taken out or moved without a change of all words that follow. The first line says what the
//! oldest line that is left goes on from.
//!
//! That tells mistakes, faulty disks and clumsy hands. Who can write to the folder can compute all lines anew: the
//! newest word, kept elsewhere, tells that as well.
//!
//! An index may get more lines after its reel was sealed: `moved`, `undated`, `trouble` and a new summary.

use std::collections::HashSet;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::error::TapeError;
use crate::base::hash::{sha256, sha256_of_file};

/// The name of the file.
const FILE: &str = "seals";
const HEADER: &str = "#aircheck seals after ";
/// What the first line of all goes on from.
const BEGIN: &str = "0000000000000000000000000000000000000000000000000000000000000000";
/// Lines about reels that are gone are dropped from the beginning of the file if they are so many.
const MOST_GONE: usize = 500;
/// What may be added to the index of a sealed reel.
const AMENDMENTS: [&str; 4] = ["#aircheck moved ", "#aircheck undated", "#aircheck trouble ", "#aircheck sum "];

/// What a reel held when it was sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seal {
    /// The file name of the reel.
    pub name: String,
    /// The length of the sound file in bytes.
    pub bytes: u64,
    /// The SHA-256 of the sound file, in hexadecimal digits.
    pub sound: String,
    index_bytes: u64,
    index: String,
}

/// What is wrong with a reel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Damage {
    /// Its sound file or its index is gone, and housekeeping has not deleted it.
    Missing,
    /// Its sound was changed.
    Sound,
    /// Its index was changed.
    Index,
    /// The seals themselves were changed before this one.
    Seals,
}

impl Damage {
    /// Its name, which never changes.
    pub fn name(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Sound => "sound",
            Self::Index => "index",
            Self::Seals => "seals",
        }
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "it is gone",
            Self::Sound => "its sound was changed",
            Self::Index => "its index was changed",
            Self::Seals => "the seals were changed here or right before",
        })
    }
}

/// The seals of a tape.
#[derive(Debug, Clone, Default)]
pub struct Seals {
    lines: Vec<Line>,
    /// What the next line goes on from; `None` if there is no first line yet.
    tip: Option<String>,
    /// How many bytes of the file are whole lines.
    whole: u64,
    /// The name in the first line that does not go on from the one before.
    broken: Option<String>,
}

/// A seal as it can be kept elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealLine {
    /// What the reel held.
    pub seal: Seal,
    /// A file of seals with this one alone, which says which line it goes on from.
    pub text: String,
    /// The word of its line, which no other has.
    pub word: String,
    /// Whether the reel was deleted since.
    pub is_deleted: bool,
}

#[derive(Debug, Clone)]
struct Line {
    /// The word of the line before.
    before: String,
    name: String,
    /// `None` if the reel was deleted.
    seal: Option<Seal>,
    word: String,
}

impl Seals {
    /// Reads the seals of the tape in `folder`. A torn last line does not count. Blocks.
    pub fn read(folder: &Path) -> Result<Self, TapeError> {
        let path = folder.join(FILE);
        match fs::read(&path) {
            Ok(text) => Ok(Self::parse(&String::from_utf8_lossy(&text))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(source) => Err(TapeError::Io { path, doing: "read", source }),
        }
    }

    fn parse(text: &str) -> Self {
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        let mut lines = text.get(..whole).unwrap_or_default().lines();
        let Some(first) = lines.next() else { return Self::default() };
        let mut seals = Self { whole: whole as u64, ..Self::default() };
        let mut tip = first.strip_prefix(HEADER).unwrap_or_default().to_owned();
        for text in lines {
            let (body, word) = text.rsplit_once(' ').unwrap_or((text, ""));
            let line = Line::parse(&tip, body, word);
            if chained(&tip, body) != word && seals.broken.is_none() {
                seals.broken = Some(line.as_ref().map_or_else(|| body.to_owned(), |line| line.name.clone()));
            }
            word.clone_into(&mut tip);
            seals.lines.extend(line);
        }
        Self { tip: Some(tip), ..seals }
    }

    /// The newest word: whoever keeps it elsewhere can tell later whether anything before it was changed.
    pub fn newest(&self) -> Option<&str> {
        self.tip.as_deref().filter(|_| !self.lines.is_empty())
    }

    /// The seals of the reels that housekeeping has not deleted, the oldest first.
    pub fn kept(&self) -> impl Iterator<Item = &Seal> {
        let deleted = self.deleted();
        self.lines.iter().filter_map(|line| line.seal.as_ref()).filter(move |seal| !deleted.contains(&*seal.name))
    }

    /// The seals behind the line with this `word`, the oldest first; all of them if it is `None`, or if that line is not there
    /// any more.
    pub fn after(&self, word: Option<&str>) -> impl Iterator<Item = SealLine> {
        let deleted = self.deleted();
        let at = word.and_then(|word| self.lines.iter().position(|line| line.word == word));
        self.lines.iter().skip(at.map_or(0, |at| at + 1)).filter_map(move |Line { before, seal, word, .. }| {
            let seal = seal.clone()?;
            let Seal { name, bytes, sound, index_bytes, index } = &seal;
            let text = format!("{HEADER}{before}\nsealed {name} {bytes} {sound} {index_bytes} {index} {word}\n");
            Some(SealLine { is_deleted: deleted.contains(&**name), text, word: word.clone(), seal })
        })
    }

    /// The length of the file of the seals of the tape in `folder`, by which it is seen that there are new ones. Blocks.
    pub fn length(folder: &Path) -> u64 {
        fs::metadata(folder.join(FILE)).map_or(0, |file| file.len())
    }

    /// The names of the reels that were sealed, also of those that were deleted.
    pub(super) fn names(&self) -> HashSet<&str> {
        self.lines.iter().map(|line| &*line.name).collect()
    }

    fn deleted(&self) -> HashSet<&str> {
        self.lines.iter().filter(|line| line.seal.is_none()).map(|line| &*line.name).collect()
    }

    /// Where the seals themselves were changed: the reel that the first line is about that does not follow from those
    /// before it.
    pub fn broken(&self) -> Option<&str> {
        self.broken.as_deref()
    }
}

impl Line {
    fn parse(before: &str, body: &str, word: &str) -> Option<Self> {
        let words: Vec<&str> = body.split(' ').collect();
        let (name, seal) = match words[..] {
            ["deleted", name] => (name, None),
            ["sealed", name, bytes, sound, index_bytes, index] => {
                let (sound, index) = (sound.to_owned(), index.to_owned());
                let (bytes, index_bytes) = (bytes.parse().ok()?, index_bytes.parse().ok()?);
                (name, Some(Seal { name: name.to_owned(), bytes, sound, index_bytes, index }))
            }
            _ => return None,
        };
        Some(Self { before: before.to_owned(), name: name.to_owned(), seal, word: word.to_owned() })
    }
}

/// The word of a line with this `body` after the word `before`.
fn chained(before: &str, body: &str) -> String {
    sha256(&[before.as_bytes(), b"\n", body.as_bytes()])
}

/// Seals the ended reel of `sound_file`, which `seals`, the seals of its tape, do not have. Blocks.
pub(super) fn seal(seals: &Seals, sound_file: &Path) -> Result<(), TapeError> {
    let Some((folder, name)) = sound_file.parent().zip(sound_file.file_name()) else { return Ok(()) };
    let (name, index_file) = (name.to_string_lossy(), sound_file.with_extension("m3u8"));
    let of = |file: &Path| {
        let length = fs::metadata(file)?.len();
        let sum = sha256_of_file(file, length)?.ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof))?;
        Ok(format!("{length} {sum}"))
    };
    let sound = of(sound_file).map_err(TapeError::io(sound_file, "read"))?;
    let index = of(&index_file).map_err(TapeError::io(&index_file, "read"))?;
    append(folder, seals, [format!("sealed {name} {sound} {index}")])
}

/// Notes that the reels `names` were deleted, if they were sealed. Blocks.
pub(super) fn forget(folder: &Path, names: impl Iterator<Item = String>) -> Result<(), TapeError> {
    let seals = Seals::read(folder)?;
    let sealed: HashSet<&str> = seals.kept().map(|seal| &*seal.name).collect();
    let gone: Vec<_> = names.filter(|name| sealed.contains(&**name)).map(|name| format!("deleted {name}")).collect();
    if gone.is_empty() {
        return Ok(());
    }
    append(folder, &seals, gone)?;
    drop_old(folder)
}

fn append(folder: &Path, seals: &Seals, bodies: impl IntoIterator<Item = String>) -> Result<(), TapeError> {
    let path = folder.join(FILE);
    let mut text = if seals.tip.is_none() { format!("{HEADER}{BEGIN}\n") } else { String::new() };
    let mut word = seals.tip.clone().unwrap_or_else(|| BEGIN.to_owned());
    for body in bodies {
        word = chained(&word, &body);
        for part in [&*body, " ", &*word, "\n"] {
            text.push_str(part);
        }
    }
    let appended = OpenOptions::new().append(true).create(true).open(&path).and_then(|mut file| {
        // A torn line would become a whole one.
        file.set_len(seals.whole)?;
        file.write_all(text.as_bytes())?;
        file.sync_data()
    });
    appended.map_err(TapeError::io(&path, "written"))
}

/// Drops the oldest lines, if many of them are about reels that are gone.
fn drop_old(folder: &Path) -> Result<(), TapeError> {
    let seals = Seals::read(folder)?;
    let deleted = seals.deleted();
    let gone = seals.lines.iter().take_while(|line| line.seal.is_none() || deleted.contains(&*line.name)).count();
    if gone < MOST_GONE || seals.broken.is_some() {
        return Ok(());
    }
    let path = folder.join(FILE);
    let text = fs::read_to_string(&path).map_err(TapeError::io(&path, "read"))?;
    let left: String = text.split_inclusive('\n').skip(1 + gone).collect();
    let word = seals.lines.get(gone - 1).map_or(BEGIN, |line| &*line.word);
    let new = path.with_extension("new");
    let written = File::create(&new).and_then(|mut file| {
        file.write_all(format!("{HEADER}{word}\n{left}").as_bytes())?;
        file.sync_all()
    });
    written.map_err(TapeError::io(&new, "written"))?;
    fs::rename(&new, &path).map_err(TapeError::io(&path, "written"))
}

impl Seal {
    /// Compares the reel in `folder` with its seal. Blocks: reads all of it.
    pub fn check(&self, folder: &Path) -> Result<Option<Damage>, TapeError> {
        let sound_file = folder.join(&self.name);
        let index_file = sound_file.with_extension("m3u8");
        let checked = self.check_files(&sound_file, &index_file);
        match checked {
            Err((_, error)) if error.kind() == io::ErrorKind::NotFound => Ok(Some(Damage::Missing)),
            Err((path, source)) => Err(TapeError::Io { path, doing: "read", source }),
            Ok(damage) => Ok(damage),
        }
    }

    fn check_files(&self, sound_file: &Path, index_file: &Path) -> Result<Option<Damage>, (PathBuf, io::Error)> {
        let of = |path: &Path| {
            let path = path.to_owned();
            move |error| (path, error)
        };
        let length = fs::metadata(sound_file).map_err(of(sound_file))?.len();
        let sound = sha256_of_file(sound_file, self.bytes).map_err(of(sound_file))?;
        if length != self.bytes || sound.as_ref() != Some(&self.sound) {
            return Ok(Some(Damage::Sound));
        }
        let index = fs::read(index_file).map_err(of(index_file))?;
        let sealed = usize::try_from(self.index_bytes).ok().and_then(|length| index.split_at_checked(length));
        let whole = sealed.is_some_and(|(sealed, added)| {
            let added = String::from_utf8_lossy(added);
            sha256(&[sealed]) == self.index
                && added.lines().all(|line| AMENDMENTS.iter().any(|amendment| line.starts_with(amendment)))
        });
        Ok((!whole).then_some(Damage::Index))
    }
}
