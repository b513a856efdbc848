//! What a recording is known to lack, at its positions in the file.

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::base::duration::delta;
use crate::library::catalogue::Recording;
use crate::model::{Cause, Gap, Stretch};

/// Returns what is missing of `recording` between two positions of its file, at positions from `from` on. Where the file
/// plays on as if nothing were missing, the stretch has no length.
pub(super) fn missing(recording: &Recording, from: Duration, to: Duration) -> Vec<(Stretch, Cause)> {
    let mut found = Vec::new();
    for (at, gap) in placed(recording) {
        let end = if is_filled(recording) { at + gap.length } else { at };
        let (begins, ends) = (at.max(from), end.min(to));
        if begins < ends || at == end && from <= at && at < to {
            let stretch = Stretch { at: begins.saturating_sub(from), length: ends.saturating_sub(begins) };
            found.push((stretch, gap.cause.clone()));
        }
    }
    found
}

/// Returns when the sound at a position of the file was on the air.
pub(super) fn on_air(recording: &Recording, position: Duration) -> DateTime<Utc> {
    let skipped: Duration = if is_filled(recording) {
        Duration::ZERO
    } else {
        placed(recording).take_while(|(at, _)| *at <= position).map(|(_, gap)| gap.length).sum()
    };
    recording.cut.start + delta(position + skipped)
}

/// Each gap, and where in the file it begins.
fn placed(recording: &Recording) -> impl Iterator<Item = (Duration, &Gap)> {
    let filled = is_filled(recording);
    recording.gaps.iter().scan(Duration::ZERO, move |skipped, gap| {
        let begins = (gap.start - recording.cut.start).to_std().unwrap_or_default();
        let at = begins.saturating_sub(*skipped);
        if !filled {
            *skipped += gap.length;
        }
        Some((at, gap))
    })
}

/// Whether the file has silence in place of gaps: then it plays for longer than its sound. The rule of its show may have
/// changed since.
fn is_filled(recording: &Recording) -> bool {
    let missing: Duration = recording.gaps.iter().map(|gap| gap.length).sum();
    recording.plays_for().as_secs_f64() > recording.seconds + missing.as_secs_f64() / 2.0
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::base::zone::Zone;
    use crate::model::{AiringId, CauseKind, ShowId, Span, StationId, Verdict};

    const fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// A recording of a minute that lacks the seconds from 10 to 15 and from 40 to 42.
    fn recording(filled: bool) -> Recording {
        let start = DateTime::UNIX_EPOCH;
        let on_air = Span::new(start, start + TimeDelta::seconds(60));
        let gap = |from: i64, length| {
            let cause = Cause::new(CauseKind::Nothing, "nothing came");
            Gap { start: start + TimeDelta::seconds(from), length: at(length), cause }
        };
        Recording {
            id: AiringId::new("r"),
            show: ShowId::new("show"),
            station: StationId::new("s"),
            title: "R".into(),
            timezone: Zone::utc(),
            on_air,
            cut: on_air,
            verdict: Some(Verdict::Partial(88.3)),
            seconds: 53.0,
            length: Some(at(if filled { 60 } else { 53 })),
            gaps: vec![gap(10, 5), gap(40, 2)],
            dead_air: vec![],
            notes: vec![],
            loudness: None,
            file: Some("r.mp3".into()),
            bytes: None,
            claimed_at: start,
            finished_at: Some(on_air.end),
            deleted_at: None,
            binned: None,
        }
    }

    fn stretches(filled: bool, from: u64, to: u64) -> Vec<(u64, u64)> {
        let found = missing(&recording(filled), at(from), at(to));
        found.iter().map(|(stretch, _)| (stretch.at.as_secs(), stretch.length.as_secs())).collect()
    }

    #[test]
    fn a_piece_lacks_what_its_recording_lacks_there() {
        assert_eq!(stretches(true, 5, 60), [(5, 5), (35, 2)]);
        assert_eq!(stretches(true, 12, 41), [(0, 3), (28, 1)], "the part within it");
        assert_eq!(stretches(true, 15, 40), []);
        // The sound plays on at second 10, and at second 35, where five are left out before.
        assert_eq!(stretches(false, 5, 53), [(5, 0), (30, 0)]);
        assert_eq!(stretches(false, 11, 35), []);
    }

    #[test]
    fn a_position_was_on_the_air_later_by_what_is_left_out_before_it() {
        let second = |filled, position| on_air(&recording(filled), at(position)).timestamp();
        assert_eq!([second(true, 5), second(true, 20), second(true, 50)], [5, 20, 50]);
        assert_eq!([second(false, 5), second(false, 20), second(false, 50)], [5, 25, 57]);
    }
}
