//! Reels that are sealed, changed, deleted and checked.

use super::weeks::{HOUR, at, indexes, tape};
use super::*;
use crate::tape::{Damage, Seals};

/// A tape of so many hours, each of which is sealed.
fn sealed(folder: &Path, hours: i64) -> Tape {
    let tape = tape(folder, hours, true);
    tape.end_reel(None, at(hours * HOUR)).unwrap();
    while tape.seal_next().unwrap() {}
    tape
}

/// What is wrong with each of the sealed reels, and where the seals themselves are broken.
fn checked(folder: &Path) -> (Vec<Option<Damage>>, Option<String>) {
    let seals = Seals::read(folder).unwrap();
    let damage = seals.kept().map(|seal| seal.check(folder).unwrap()).collect();
    (damage, seals.broken().map(str::to_owned))
}

/// Puts `new` in the place of the only `old` in `file`.
fn change(file: &Path, old: &str, new: &str) {
    let text = fs::read_to_string(file).unwrap();
    assert_eq!(text.matches(old).count(), 1, "{old} in {text}");
    fs::write(file, text.replace(old, new)).unwrap();
}

#[test]
fn a_reel_that_was_changed_cut_or_removed_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let tape = sealed(folder.path(), 6);
    assert_eq!(checked(folder.path()), (vec![None; 6], None));
    let reels = indexes(folder.path());
    let sound = |at: usize| reels[at].with_extension("aac");
    change(&sound(0), "0000006000000120", "0000006100000120");
    fs::write(sound(1), &fs::read(sound(1)).unwrap()[..479]).unwrap();
    fs::write(sound(2), [fs::read(sound(2)).unwrap(), vec![0]].concat()).unwrap();
    change(&reels[3], "BYTERANGE:8@0\n", "BYTERANGE:8@8\n");
    fs::remove_file(sound(4)).unwrap();
    // What aircheck itself adds later is no change.
    tape.clock_was_wrong(TimeDelta::seconds(1), at(6 * HOUR));
    let (damage, broken) = checked(folder.path());
    let found = [
        Some(Damage::Sound),
        Some(Damage::Sound),
        Some(Damage::Sound),
        Some(Damage::Index),
        Some(Damage::Missing),
        None,
    ];
    assert_eq!((damage.as_slice(), broken), (found.as_slice(), None));
}

#[test]
fn seals_that_were_changed_taken_out_or_moved_are_found() {
    let folder = tempfile::tempdir().unwrap();
    sealed(folder.path(), 4);
    let file = folder.path().join("seals");
    let whole = fs::read_to_string(&file).unwrap();
    let lines: Vec<&str> = whole.lines().collect();
    let name = |line: usize| lines[line].split(' ').nth(1).unwrap().to_owned();
    for (kept, broken) in [(vec![0, 1, 3, 4], 3), (vec![0, 2, 1, 3, 4], 2), (vec![0, 2, 3, 4], 2)] {
        let changed: Vec<&str> = kept.iter().map(|line| lines[*line]).collect();
        fs::write(&file, changed.join("\n") + "\n").unwrap();
        assert_eq!(checked(folder.path()).1, Some(name(broken)), "{kept:?}");
    }
    fs::write(&file, whole.replacen(" 480 ", " 481 ", 1)).unwrap();
    assert_eq!(checked(folder.path()).1, Some(name(1)));
    // A torn line does not count, and is written again.
    let tape = Tape::read(folder.path(), Duration::ZERO).unwrap();
    for length in (0..whole.len()).filter(|length| length % 7 == 0 || *length > whole.len() - lines[4].len()) {
        fs::write(&file, &whole[..length]).unwrap();
        assert_eq!(checked(folder.path()).1, None);
        while tape.seal_next().unwrap() {}
        assert_eq!(fs::read_to_string(&file).unwrap(), whole, "torn at {length}");
    }
}

#[test]
fn what_housekeeping_deletes_is_not_missing_and_its_seals_go_in_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let tape = sealed(folder.path(), 8);
    let newest = tape.seals().unwrap().newest().map(str::to_owned);
    let held = Span::new(at(3 * HOUR + 600), at(3 * HOUR + 1200));
    holds::add(folder.path(), held, "complaint 114", at(12 * HOUR)).unwrap();
    tape.forget_before(at(7 * HOUR + 1)).unwrap();
    assert_eq!(checked(folder.path()), (vec![None; 4], None));
    assert!(tape.seals().unwrap().newest().map(str::to_owned) != newest);
    let text = fs::read_to_string(folder.path().join("seals")).unwrap();
    assert!(text.contains(&newest.unwrap()), "what somebody has noted elsewhere is still there");
}

#[test]
fn a_seal_that_is_kept_elsewhere_says_what_it_goes_on_from_and_what_came_behind_it() {
    let folder = tempfile::tempdir().unwrap();
    let tape = sealed(folder.path(), 3);
    let all: Vec<_> = Seals::read(folder.path()).unwrap().after(None).collect();
    assert_eq!(all.len(), 3);
    for line in &all {
        let alone = tempfile::tempdir().unwrap();
        fs::write(alone.path().join("seals"), &line.text).unwrap();
        let read = Seals::read(alone.path()).unwrap();
        assert_eq!((read.kept().next(), read.newest(), read.broken()), (Some(&line.seal), Some(&*line.word), None));
    }
    tape.forget_before(at(HOUR + 60)).unwrap();
    let seals = Seals::read(folder.path()).unwrap();
    let behind = |word: Option<&str>| seals.after(word).map(|line| line.is_deleted).collect::<Vec<_>>();
    assert_eq!(behind(None), [true, false, false]);
    assert_eq!(behind(Some(&all[0].word)), [false, false]);
    assert_eq!(behind(Some(&all[2].word)), [false; 0]);
    assert_eq!(behind(Some("of another file")).len(), 3);
    let before = Seals::length(folder.path());
    fs::remove_file(folder.path().join("seals")).unwrap();
    assert!(before > 0 && Seals::length(folder.path()) == 0);
}
