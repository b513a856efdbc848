//! The levels of a reel as a file beside it: `20261120T030004123Z.levels`, one JSON object.
//!
//! ```json
//! {"aircheck_levels":1,"seconds":3599.979,"peaks":"gIF…","loudness":[-23.1,null],"silent":[[12.3,31]],
//!  "undecoded":[{"at":60,"seconds":4,"kind":"decoding","cause":"the sound could not be decoded"}],
//!  "on_air":{"index":340112,"runs":[[0,3599.979,"2026-11-20T03:00:00.131Z",true]]}}
//! ```
//!
//! `on_air` says when the sound was on the air, so that a picture of weeks needs no index: the position of each stretch
//! without a hole, its length, its start, and whether the station's stamps say so ([`Placed`]). Older files do not have it.
//! `peaks` is base64 of a byte for each second, and everything else is as in [`Levels`]; lengths and positions are in
//! seconds. An hour takes about 5.5 KB. The file appears whole: it is written under another name, synchronised and
//! renamed. What a crash before that leaves is removed by [`present`]. A file that cannot be read as levels counts as none:
//! nothing depends on it, and it can be computed again.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::model::{Cause, CauseKind, Levels, Stretch};
use crate::tape::{LEVELS, Placed, SoundRun};

/// The form of the file. Another number is another form.
const VERSION: u32 = 1;
/// No file is larger, in bytes: a day of levels, and much that cannot be decoded.
const LARGEST: u64 = 1 << 20;
/// The extension under which a file is written.
pub(super) const UNFINISHED: &str = "levels-new";

/// The levels could not be written.
#[derive(Debug, Error)]
#[error("the levels {} cannot be written: {source}", path.display())]
pub struct LevelsError {
    path: PathBuf,
    source: io::Error,
}

/// The object in the file.
#[derive(Debug, Serialize, Deserialize)]
struct Form {
    #[serde(rename = "aircheck_levels")]
    version: u32,
    seconds: f64,
    peaks: String,
    loudness: Vec<Option<f64>>,
    silent: Vec<(f64, f64)>,
    undecoded: Vec<Undecoded>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    on_air: Option<OnAir>,
}

#[derive(Debug, Serialize, Deserialize)]
struct OnAir {
    index: u64,
    runs: Vec<(f64, f64, DateTime<Utc>, bool)>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Undecoded {
    at: f64,
    seconds: f64,
    kind: String,
    cause: String,
}

/// Reads the levels beside `sound_file`. `None` if there are none that can be read. Blocks.
pub fn read(sound_file: &Path) -> Option<Levels> {
    read_placed(sound_file).map(|(levels, _)| levels)
}

/// Reads the levels beside `sound_file`, and when its sound was on the air if they say so. `None` if there are none that
/// can be read. Blocks.
pub fn read_placed(sound_file: &Path) -> Option<(Levels, Option<Placed>)> {
    let mut bytes = Vec::new();
    File::open(sound_file.with_extension(LEVELS)).ok()?.take(LARGEST).read_to_end(&mut bytes).ok()?;
    parse(&bytes)
}

/// Writes the levels beside `sound_file` as [`write_placed`] does, without when it was on the air.
///
/// # Errors
/// As there.
pub fn write(sound_file: &Path, levels: &Levels) -> Result<(), LevelsError> {
    write_text(sound_file, &text(levels, None))
}

/// Writes the levels beside `sound_file`, and when its sound was on the air, unless that is gone. Blocks.
///
/// # Errors
/// The disk is full, or the system refuses.
pub fn write_placed(sound_file: &Path, levels: &Levels, placed: &Placed) -> Result<(), LevelsError> {
    write_text(sound_file, &text(levels, Some(placed)))
}

fn write_text(sound_file: &Path, text: &str) -> Result<(), LevelsError> {
    let (path, unfinished) = (sound_file.with_extension(LEVELS), sound_file.with_extension(UNFINISHED));
    let written = File::create(&unfinished).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&unfinished, &path)
    });
    if let Err(source) = written {
        let _ = fs::remove_file(&unfinished);
        return Err(LevelsError { path, source });
    }
    // Whoever has deleted the reel meanwhile may not have seen this file.
    if fs::metadata(sound_file).is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
        let _ = fs::remove_file(&path);
    }
    Ok(())
}

/// The names of the files of levels in the folder of a tape. Removes those that were never finished. Blocks.
pub fn present(folder: &Path) -> HashSet<OsString> {
    let mut present = HashSet::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.extension().is_some_and(|extension| extension == LEVELS) {
            present.insert(entry.file_name());
        } else if path.extension().is_some_and(|extension| extension == UNFINISHED) {
            let _ = fs::remove_file(path);
        }
    }
    present
}

fn text(levels: &Levels, placed: Option<&Placed>) -> String {
    let seconds = |duration: Duration| rounded(duration.as_secs_f64(), 1_000.0);
    let undecoded = |(lost, cause): &(Stretch, Cause)| Undecoded {
        at: seconds(lost.at),
        seconds: seconds(lost.length),
        kind: cause.kind.name().to_owned(),
        cause: cause.words.clone(),
    };
    let form = Form {
        version: VERSION,
        seconds: seconds(levels.length),
        peaks: STANDARD.encode(&levels.peaks),
        loudness: levels.loudness.iter().map(|minute| minute.map(|loudness| rounded(loudness, 10.0))).collect(),
        silent: levels.silent.iter().map(|silent| (seconds(silent.at), seconds(silent.length))).collect(),
        undecoded: levels.undecoded.iter().map(undecoded).collect(),
        on_air: placed.map(|placed| OnAir {
            index: placed.index,
            runs: placed.runs.iter().map(|it| (seconds(it.at), seconds(it.length), it.start, it.stamped)).collect(),
        }),
    };
    // Numbers and texts can always be written.
    serde_json::to_string(&form).unwrap_or_default()
}

fn parse(bytes: &[u8]) -> Option<(Levels, Option<Placed>)> {
    let form: Form = serde_json::from_slice(bytes).ok().filter(|form: &Form| form.version == VERSION)?;
    let seconds = |seconds: f64| Duration::try_from_secs_f64(seconds).ok();
    let stretch = |(at, length): (f64, f64)| Some(Stretch { at: seconds(at)?, length: seconds(length)? });
    let undecoded = |lost: Undecoded| {
        let kind = CauseKind::by_name(&lost.kind).unwrap_or_default();
        Some((stretch((lost.at, lost.seconds))?, Cause::new(kind, lost.cause)))
    };
    let run =
        |(at, length, start, stamped)| Some(SoundRun { at: seconds(at)?, length: seconds(length)?, start, stamped });
    let placed = form
        .on_air
        .and_then(|it| Some(Placed { index: it.index, runs: it.runs.into_iter().map(run).collect::<Option<_>>()? }));
    let levels = Levels {
        length: seconds(form.seconds)?,
        peaks: STANDARD.decode(form.peaks).ok()?,
        loudness: form.loudness,
        silent: form.silent.into_iter().map(stretch).collect::<Option<_>>()?,
        undecoded: form.undecoded.into_iter().map(undecoded).collect::<Option<_>>()?,
    };
    Some((levels, placed))
}

/// `value` with so many steps to the unit.
fn rounded(value: f64, steps: f64) -> f64 {
    (value * steps).round() / steps
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stretch(at: u64, length: u64) -> Stretch {
        Stretch { at: Duration::from_millis(at), length: Duration::from_millis(length) }
    }

    /// The levels of an hour.
    fn hour() -> Levels {
        Levels {
            length: Duration::from_millis(3_599_979),
            peaks: (0..3_600_u32).map(|second| second.to_le_bytes()[0]).collect(),
            loudness: (0..60).map(|minute| (minute != 7).then_some(-23.1 - f64::from(minute))).collect(),
            silent: vec![stretch(12_345, 31_000), stretch(3_590_000, 9_979)],
            undecoded: vec![(stretch(60_000, 4_000), Cause::new(CauseKind::Decoding, "it is \"no\" sound"))],
        }
    }

    fn placed() -> Placed {
        let run = |at, length, start: &str, stamped| {
            let Stretch { at, length } = stretch(at, length);
            SoundRun { at, length, start: start.parse().unwrap(), stamped }
        };
        let runs = vec![
            run(0, 1_200_000, "2026-11-20T03:00:00.131Z", true),
            run(1_200_000, 2_399_979, "2026-11-20T03:30:00.131Z", false),
        ];
        Placed { index: 340_112, runs }
    }

    #[test]
    fn levels_are_read_as_they_were_written_and_an_hour_is_small() {
        let folder = tempfile::tempdir().unwrap();
        let sound_file = folder.path().join("20261120T030004123Z.aac");
        assert_eq!(read(&sound_file), None);
        fs::write(&sound_file, "sound").unwrap();
        for levels in [hour(), Levels::default()] {
            write(&sound_file, &levels).unwrap();
            assert_eq!(read_placed(&sound_file), Some((levels.clone(), None)));
            write_placed(&sound_file, &levels, &placed()).unwrap();
            assert_eq!(read_placed(&sound_file), Some((levels, Some(placed()))));
        }
        write_placed(&sound_file, &hour(), &placed()).unwrap();
        let file = folder.path().join("20261120T030004123Z.levels");
        assert!(fs::metadata(&file).unwrap().len() < 6_000);
        fs::write(folder.path().join("20261120T040004123Z.levels-new"), "a crash").unwrap();
        assert_eq!(present(folder.path()), HashSet::from([file.file_name().unwrap().to_owned()]));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "what a crash left is gone");
    }

    #[test]
    fn a_reel_that_was_deleted_meanwhile_leaves_no_levels() {
        let folder = tempfile::tempdir().unwrap();
        write(&folder.path().join("20261120T030004123Z.aac"), &hour()).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_file_that_is_torn_foreign_or_of_another_version_counts_as_none() {
        let whole = text(&hour(), Some(&placed()));
        assert_eq!(parse(whole.as_bytes()), Some((hour(), Some(placed()))));
        for length in 0..whole.len() {
            assert_eq!(parse(&whole.as_bytes()[..length]), None, "torn at {length}");
        }
        for (from, to) in [
            ("\"aircheck_levels\":1", "\"aircheck_levels\":2"),
            ("\"aircheck_levels\":1", "\"levels\":1"),
            ("\"seconds\":3599.979", "\"seconds\":-1"),
            ("\"seconds\":3599.979", "\"seconds\":1e300"),
            ("\"peaks\":\"", "\"peaks\":\"%"),
            ("[12.345,31.0]", "[12.345,-31.0]"),
            ("\"at\":60.0", "\"at\":null"),
            ("\"index\":340112", "\"index\":-1"),
        ] {
            let changed = whole.replacen(from, to, 1);
            assert_ne!(changed, whole, "{from}");
            assert_eq!(parse(changed.as_bytes()), None, "{to}");
        }
        assert_eq!(parse(b"\xff\xd8\xff"), None);
    }
}
