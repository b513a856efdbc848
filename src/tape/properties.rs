//! What holds for every index and every tape, as checks that panic if it does not.
#![expect(clippy::missing_panics_doc, reason = "to panic is all they do")]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use arbitrary::{Result, Unstructured};
use chrono::{DateTime, TimeDelta, Utc};

use super::cut::{Step, Walker, progress};
use super::index;
use super::index::entry::{Entry, Reel, Sound, Trouble};
use super::view::View;
use crate::model::{Cause, CauseKind, Container, Span};
use crate::testing::seldom;

/// Holes shorter than 50 ms are rounding and no gaps: one may lie before a run, and one after it.
const ROUNDING: Duration = Duration::from_millis(100);

fn noon() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000)
}

/// Any text can be read as an index and walked through without harm. And an index as we write it, cut at any byte,
/// beside a sound file cut at any byte, gives every entry that is whole in both, unchanged.
pub fn index(bytes: &[u8]) {
    let path = Path::new("/tape/20261120T030004Z.aac");
    let read = index::parse(&String::from_utf8_lossy(bytes), path, 1 << 40);
    for entry in &read.entries {
        let end = entry.sound.as_ref().ok().map(|sound| sound.offset.checked_add(sound.length));
        assert!(end.is_none_or(|end| end.is_some_and(|end| end <= 1 << 40)));
    }
    let around = read.entries.first().map_or(noon(), |entry| entry.programme_time.unwrap_or(entry.arrived));
    let view = View::new(0, read.entries, read.troubles, TimeDelta::zero());
    if let Some(cut) =
        around.checked_sub_signed(TimeDelta::hours(1)).zip(around.checked_add_signed(TimeDelta::hours(2)))
    {
        follow(&view, Span::new(cut.0, cut.1));
    }
    let _ = torn(Unstructured::new(bytes));
}

fn torn(mut choices: Unstructured<'_>) -> Result<()> {
    let init = u64::from(choices.int_in_range(0..=2_u8)?) * 100;
    let reel = Reel {
        path: "/tape/20261120T030004Z-1.m4s".into(),
        container: Container::Fmp4,
        detail: "aac 48000 Hz 2 ch".into(),
        init,
        head: None,
    };
    let mut text = index::header(&reel, 6, None).into_bytes();
    let reel = Arc::new(reel);
    // Each entry with the length of the index and of the sound file that it needs.
    let (mut written, mut troubles) = (Vec::new(), Vec::new());
    let mut offset = init;
    let cut_index = usize::from(choices.arbitrary::<u8>()?) << 8 | usize::from(choices.arbitrary::<u8>()?);
    let cut_sound = u64::from(choices.arbitrary::<u32>()? >> 8);
    while !choices.is_empty() && written.len() < 100 {
        if seldom(&mut choices, 30)? {
            let cause = any_cause(&mut choices)?;
            text.extend_from_slice(index::trouble_line(&Trouble { at: noon(), cause: cause.clone() }).as_bytes());
            troubles.push((cause, text.len()));
        }
        let entry = any_entry(&mut choices, &reel, &mut offset)?;
        text.extend_from_slice(index::entry_line(&entry, &reel, noon()).as_bytes());
        written.push((entry, text.len(), offset));
    }
    let (cut_index, cut_sound) = (cut_index % (text.len() + 1), init + cut_sound % (offset - init + 1));
    let left = String::from_utf8_lossy(text.get(..cut_index).unwrap_or_default()).into_owned();
    let expected: Vec<&Entry> = written
        .iter()
        .filter(|(entry, line, sound)| *line <= cut_index && (*sound <= cut_sound || entry.sound.is_err()))
        .map(|(entry, ..)| entry)
        .collect();
    let read = index::parse(&left, &reel.path, cut_sound);
    let whole: Vec<&Cause> = troubles.iter().filter(|(_, line)| *line <= cut_index).map(|(cause, _)| cause).collect();
    assert_eq!(read.troubles.iter().map(|trouble| &trouble.cause).collect::<Vec<_>>(), whole);
    assert_eq!(read.entries.iter().collect::<Vec<_>>(), expected, "the index cut at {cut_index}, sound at {cut_sound}");
    Ok(())
}

fn any_cause(choices: &mut Unstructured<'_>) -> Result<Cause> {
    let kind = *choices.choose(&CauseKind::ALL)?;
    Ok(Cause::new(kind, "the segment answered 503 §".repeat(1 + usize::from(choices.int_in_range(0..=2_u8)?))))
}

fn any_entry(choices: &mut Unstructured<'_>, reel: &Arc<Reel>, offset: &mut u64) -> Result<Entry> {
    let micros = |word: u32| TimeDelta::microseconds(i64::from(word));
    let sound = if seldom(choices, 40)? {
        Err(any_cause(choices)?)
    } else {
        let length = u64::from(choices.arbitrary::<u32>()? >> 12);
        *offset += length;
        Ok(Sound { reel: Arc::clone(reel), offset: *offset - length, length })
    };
    let discontinuity = seldom(choices, 40)?;
    Ok(Entry {
        duration: Duration::from_micros(u64::from(choices.arbitrary::<u32>()? >> 8)),
        arrived: noon() + micros(choices.arbitrary()?),
        programme_time: if seldom(choices, 100)? { Some(noon() + micros(choices.arbitrary()?)) } else { None },
        discontinuity,
        follows: !discontinuity || seldom(choices, 100)?,
        sequence: if seldom(choices, 100)? { Some(choices.arbitrary::<u32>()?.into()) } else { None },
        sound,
    })
}

/// Any list of entries, walked through, gives runs and gaps that lie one after another and add up to the cut.
pub fn walk(bytes: &[u8]) {
    let _ = walk_any(Unstructured::new(bytes));
}

fn walk_any(mut choices: Unstructured<'_>) -> Result<()> {
    let reels: Vec<Arc<Reel>> = [("a", "aac", 0), ("b", "aac", 0), ("c", "mp3", 0), ("d", "mp3", 9)]
        .map(|(path, detail, init)| {
            let detail = detail.to_owned();
            Arc::new(Reel { path: path.into(), container: Container::Adts, detail, init, head: None })
        })
        .into();
    let from = noon() + TimeDelta::milliseconds(i64::from(choices.arbitrary::<u8>()?) * 40);
    let cut = Span::new(from, from + TimeDelta::milliseconds(i64::from(choices.arbitrary::<u32>()? >> 12) / 16));
    let delay = TimeDelta::seconds(i64::from(choices.int_in_range(0..=3_u8)?) * 5);
    let sealed = choices.arbitrary::<u8>()? & 1 == 0;
    let mut offset = 0;
    let mut reel = 0;
    let mut media = noon();
    let mut entries = Vec::new();
    while !choices.is_empty() && entries.len() < 200 {
        if seldom(&mut choices, 30)? {
            reel = usize::from(choices.int_in_range(0..=3_u8)?);
        }
        let Some(of) = reels.get(reel) else { return Ok(()) };
        let mut entry = any_entry(&mut choices, of, &mut offset)?;
        // Mostly of lengths up to 5 s; a few of any length stay.
        if !seldom(&mut choices, 60)? {
            entry.duration = Duration::from_millis(u64::from(choices.arbitrary::<u8>()?) * 20);
        }
        if !seldom(&mut choices, 30)? {
            let off = TimeDelta::milliseconds((i64::from(choices.arbitrary::<u8>()?) - 128) * 5);
            media += TimeDelta::from_std(entry.duration).unwrap_or_default();
            entry.arrived = media + off;
            entry.programme_time =
                entry.programme_time.map(|_| media - TimeDelta::from_std(entry.duration).unwrap_or_default() + off);
        }
        entries.push(entry);
    }
    let whole = View::new(3, entries.clone(), Vec::new(), delay);
    follow(&whole, cut);
    // A tape that grows while it is walked ends too, and its steps are as sound.
    let mut walker = Walker::new(cut);
    for length in 0..=entries.len() {
        let Some(known) = entries.get(..length) else { return Ok(()) };
        let view = View::new(3, known.to_vec(), Vec::new(), delay);
        let last = sealed && length == entries.len();
        for steps in 0.. {
            assert!(steps < 1000, "the walk goes nowhere");
            if matches!(walker.step(&view, last), Step::Wait | Step::End) {
                break;
            }
        }
    }
    Ok(())
}

/// Walks `cut` through a sealed view, and adds up.
fn follow(view: &View, cut: Span) {
    let _ = (view.start(), view.sound());
    let (had, missing) = progress(view, cut);
    let length = cut.length().to_std().unwrap_or_default();
    assert!(had.checked_add(missing).is_some_and(|both| both <= length), "{had:?} and {missing:?} of {length:?}");

    let mut walker = Walker::new(cut);
    // The position of each run, and where it ends by the lengths of what it is fed.
    let mut runs: Vec<(Duration, Duration)> = Vec::new();
    let mut skip = Duration::ZERO;
    let mut fed = Duration::ZERO;
    for steps in 0.. {
        assert!(steps < 1_000_000, "the walk goes nowhere");
        match walker.step(view, true) {
            Step::Run(run) => {
                assert!(run.at < length, "a run at {:?} of {length:?}", run.at);
                runs.push((run.at, run.at));
                (skip, fed) = (run.skip, Duration::ZERO);
            }
            Step::Feed { duration, .. } => {
                let Some(run) = runs.last_mut() else { panic!("sound without a run") };
                fed = fed.saturating_add(duration);
                run.1 = run.0.saturating_add(fed.saturating_sub(skip)).min(length);
            }
            Step::Wait => panic!("a sealed tape never waits"),
            Step::End => break,
        }
    }
    let mut pieces = runs;
    for gap in walker.into_gaps() {
        assert!(gap.start >= cut.start && !gap.length.is_zero());
        let at = (gap.start - cut.start).to_std().unwrap_or_default();
        pieces.push((at, at.saturating_add(gap.length)));
    }
    pieces.sort();
    let mut end = Duration::ZERO;
    for (start, until) in pieces {
        assert!(start.abs_diff(end) <= ROUNDING, "{start:?} follows {end:?} in a cut of {length:?}");
        end = until;
    }
    assert!(end.abs_diff(length) <= ROUNDING, "the pieces end at {end:?}, the cut at {length:?}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::corpus;

    #[test]
    fn an_index_cut_at_any_byte_gives_every_whole_entry() {
        corpus::check("index", 3000, index);
    }

    #[test]
    fn runs_and_gaps_add_up_to_the_cut_whatever_is_on_tape() {
        corpus::check("walk", 5000, walk);
    }
}
