//! Sound is conserved, from the offer of a station to the tape, as a check that panics if it is not.
#![expect(clippy::missing_panics_doc, clippy::expect_used, reason = "to panic is all it does")]

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use arbitrary::Unstructured;

use crate::capture::source::hls::properties::station::{Captured, LENGTH, Labels, ONCE, Taken, captured};
use crate::tape::Tape;

/// A temporary folder, in memory if the machine has such a file system.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let memory = Path::new("/dev/shm");
        let parent = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        Self(parent.join(format!("aircheck-conserved-{}-{number}", std::process::id())))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Whatever a station does, each segment that was taken is on tape, is a repeat of one that is, or is reported as lost,
/// and the tally of the tape says so. Sound that is on the air again is there again. If the station does nothing odd,
/// everything is there once, in order.
///
/// Sound on both sides of an interruption under one date is one sound, and a station with wrong dates claims that of an
/// advertisement that it sends again. Of such a station each capture is checked alone; if its names are worthless, too,
/// only what it sends once is checked.
pub fn conserved(bytes: &[u8]) {
    let Ok(Captured { captures, fair, labels }) = captured(Unstructured::new(bytes)) else { return };
    let folder = Folder::new();
    let (mut taken, mut of_each, mut counted) = (Vec::new(), Vec::new(), [Duration::ZERO; 2]);
    let single = captures.len() == 1;
    let mut told = String::new();
    for capture in captures {
        let begins = capture.events.first().map_or_else(Default::default, |(_, now)| *now);
        let tape = Tape::open(&folder.0, Duration::ZERO, begins).expect("a tape");
        let mut ends = begins;
        for (event, now) in capture.events {
            let _ = writeln!(told, "{event:?}");
            tape.write(event, now).expect("on tape");
            ends = now;
        }
        tape.end_reel(None, ends).expect("on tape");
        let tally = tape.tally();
        assert_eq!(tally.taken, tally.taped + tally.repeated + tally.lost, "{tally:?}");
        counted[0] += tally.taken;
        counted[1] += LENGTH * u32::try_from(capture.taken.len()).expect("few");
        taken.extend_from_slice(&capture.taken);
        of_each.push(capture.taken);
    }
    assert_eq!(counted[0], counted[1], "all that was taken is counted");
    let heard = heard(&folder.0);
    match labels {
        Labels::Worthless => {
            let once: Vec<Taken> = taken.iter().copied().filter(|taken| taken.sound >= ONCE).collect();
            assert_conserved(&once, &heard, &told);
        }
        Labels::Lying if !single => of_each.iter().for_each(|taken| assert_conserved(taken, &heard, &told)),
        _ => assert_conserved(&taken, &heard, &told),
    }
    if fair && single && taken.iter().all(|taken| taken.came) {
        let once: BTreeMap<usize, u32> = taken.iter().map(|taken| (taken.position, taken.sound)).collect();
        assert_eq!(heard, once.into_values().collect::<Vec<_>>(), "each once, in order\n{told}");
    }
}

fn assert_conserved(taken: &[Taken], heard: &[u32], told: &str) {
    let mut positions: HashMap<u32, HashSet<usize>> = HashMap::new();
    for taken in taken.iter().filter(|taken| taken.came) {
        positions.entry(taken.sound).or_default().insert(taken.position);
    }
    for (sound, positions) in positions {
        let times = heard.iter().filter(|heard| **heard == sound).count();
        assert!(times >= positions.len(), "{sound} at {positions:?} is {times} times on tape: {heard:?}\n{told}");
    }
}

/// What is on tape, in order: every segment is its own number in eight digits.
fn heard(folder: &Path) -> Vec<u32> {
    let files = std::fs::read_dir(folder).map(|files| files.flatten().map(|file| file.path()).collect());
    let mut files: Vec<PathBuf> = files.unwrap_or_default();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "aac"));
    files.sort();
    let bytes: Vec<u8> = files.iter().flat_map(|path| std::fs::read(path).expect("read")).collect();
    let number = |digits: &[u8]| std::str::from_utf8(digits).expect("digits").parse().expect("a number");
    bytes.chunks(8).map(number).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::corpus;

    #[test]
    fn all_sound_that_was_taken_is_accounted_for() {
        corpus::check("conserved", 1500, conserved);
    }
}
