//! Covers: where in a clip they lie, and what may be wrong with them.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::request::{AskedCover, Over};
use super::sources::Origin;
use crate::base::readable::clock;
use crate::base::zone::Zone;
use crate::config::parse_moment;
use crate::language::Sentence;
use crate::model::{Cover, Piece, Span, Stretch};

/// Returns the covers of a clip of `pieces`, in order.
///
/// # Errors
/// One ends before it begins, lies outside of the clip, or over another; the sentence says what to write.
pub(super) fn covers(
    asked: &[AskedCover],
    pieces: &[Piece],
    origins: &[Origin],
    now: DateTime<Utc>,
) -> Result<Vec<Cover>, Sentence> {
    let length: Duration = pieces.iter().map(Piece::length).sum();
    let mut covers = Vec::new();
    for AskedCover { over, with } in asked {
        let stretches = match over {
            Over::Clip(from, to) => {
                in_order(*from, *to)?;
                if *to > length {
                    let outside = Sentence::new("problem_clip_cover_outside").with("from", said(*from));
                    return Err(outside.with("to", said(*to)).with("length", said(length)));
                }
                vec![(*from, *to)]
            }
            Over::Recording(from, to) => {
                in_order(*from, *to)?;
                let found = of_recording(pieces, *from, *to);
                if found.is_empty() {
                    return Err(Sentence::new("problem_clip_cover_nowhere")
                        .with("from", said(*from))
                        .with("to", said(*to)));
                }
                found
            }
            Over::Tape(from, to) => of_tape(pieces, origins, (from, to), now)?,
        };
        covers.extend(
            stretches.into_iter().map(|(from, to)| Cover {
                stretch: Stretch { at: from, length: to.saturating_sub(from) },
                with: *with,
            }),
        );
    }
    covers.sort_by_key(|cover| cover.stretch.at);
    let overlap = covers.windows(2).find_map(|two| match two {
        [first, second] if second.stretch.at < first.stretch.at + first.stretch.length => Some(second.stretch.at),
        _ => None,
    });
    match overlap {
        Some(at) => Err(Sentence::new("problem_clip_cover_overlap").with("at", said(at))),
        None => Ok(covers),
    }
}

fn said(position: Duration) -> String {
    clock(position.as_secs_f64())
}

fn in_order(from: Duration, to: Duration) -> Result<(), Sentence> {
    if to > from {
        return Ok(());
    }
    Err(Sentence::new("problem_clip_cover_backwards").with("from", said(from)).with("to", said(to)))
}

/// Each piece with its position in the clip.
fn placed(pieces: &[Piece]) -> impl Iterator<Item = (Duration, &Piece)> {
    pieces.iter().scan(Duration::ZERO, |at, piece| {
        let begins = *at;
        *at += piece.length();
        Some((begins, piece))
    })
}

/// Where in the clip a stretch of its recording is.
fn of_recording(pieces: &[Piece], from: Duration, to: Duration) -> Vec<(Duration, Duration)> {
    let part = |(at, piece): (Duration, &Piece)| match piece {
        Piece::Recording { from: begins, to: ends, .. } | Piece::Object { from: begins, to: ends, .. } => {
            let (from, to) = (from.max(*begins), to.min(*ends));
            (from < to).then(|| (at + from.saturating_sub(*begins), at + to.saturating_sub(*begins)))
        }
        Piece::Tape { .. } => None,
    };
    placed(pieces).filter_map(part).collect()
}

/// Where in the clip a stretch of its tape is.
fn of_tape(
    pieces: &[Piece],
    origins: &[Origin],
    (from, to): (&str, &str),
    now: DateTime<Utc>,
) -> Result<Vec<(Duration, Duration)>, Sentence> {
    let mut found = Vec::new();
    for ((at, piece), origin) in placed(pieces).zip(origins) {
        let (Piece::Tape { span, .. }, Origin::Tape(station, _)) = (piece, origin) else { continue };
        let moment = |key: &'static str, text: &str| {
            moment_in(text, span, station.timezone, now)
                .map_err(|error| Sentence::new("problem_clip_moment").with("key", key).with("error", error))
        };
        let (start, end) = (moment("from", from)?, moment("to", to)?);
        if end <= start {
            return Err(Sentence::new("problem_clip_cover_backwards").with("from", from).with("to", to));
        }
        if let Some(part) = span.intersect(&Span::new(start, end)) {
            let after = |instant: DateTime<Utc>| at + (instant - span.start).to_std().unwrap_or_default();
            found.push((after(part.start), after(part.end)));
        }
    }
    if found.is_empty() {
        return Err(Sentence::new("problem_clip_cover_nowhere").with("from", from).with("to", to));
    }
    Ok(found)
}

/// Reads an instant in or near a stretch of tape. A time without a day is of a day of that stretch.
fn moment_in(
    text: &str,
    span: &Span,
    zone: Zone,
    now: DateTime<Utc>,
) -> Result<DateTime<Utc>, crate::config::MomentError> {
    let days = [span.start, span.end].map(|at| at.with_timezone(&zone).date_naive());
    let of_day = days.iter().filter_map(|day| parse_moment(&format!("{day} {}", text.trim()), zone, now).ok());
    match of_day.min_by_key(|at| (*at - span.start).abs().min((*at - span.end).abs())) {
        Some(at) => Ok(at),
        None => parse_moment(text, zone, now),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{AiringId, Covering};

    const fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn pieces() -> Vec<Piece> {
        let piece = |from, to| Piece::Recording { recording: AiringId::new("r"), from: at(from), to: at(to) };
        vec![piece(600, 750), piece(2_400, 2_460), piece(640, 680)]
    }

    fn placed_at(asked: &[Over]) -> Result<Vec<(u64, u64)>, String> {
        let asked: Vec<_> = asked.iter().map(|over| AskedCover { over: over.clone(), with: Covering::Tone }).collect();
        let covers = covers(&asked, &pieces(), &[], DateTime::UNIX_EPOCH).map_err(|wrong| wrong.to_string())?;
        let place = |cover: &Cover| (cover.stretch.at.as_secs(), (cover.stretch.at + cover.stretch.length).as_secs());
        Ok(covers.iter().map(place).collect())
    }

    #[test]
    fn a_cover_of_a_recording_lies_in_every_piece_that_has_some_of_it() {
        assert_eq!(placed_at(&[Over::Recording(at(670), at(690))]), Ok(vec![(70, 90), (240, 250)]));
        assert_eq!(placed_at(&[Over::Recording(at(2_000), at(2_410))]), Ok(vec![(150, 160)]), "the part that is heard");
        let message = placed_at(&[Over::Recording(at(800), at(900))]).unwrap_err();
        assert!(message.contains("13:20") && message.contains("15:00"), "{message}");
    }

    #[test]
    fn covers_that_cannot_be_meant_are_refused() {
        let refused = |asked: &[Over]| placed_at(asked).unwrap_err();
        assert!(refused(&[Over::Clip(at(5), at(5))]).contains("0:05"));
        assert!(refused(&[Over::Clip(at(5), at(251))]).contains("4:10"), "how long the clip plays");
        assert!(refused(&[Over::Clip(at(5), at(9)), Over::Clip(at(8), at(12))]).contains("0:08"));
        assert_eq!(placed_at(&[Over::Clip(at(9), at(12)), Over::Clip(at(5), at(9))]), Ok(vec![(5, 9), (9, 12)]));
    }

    #[test]
    fn a_time_without_a_day_is_of_a_day_of_the_piece() {
        let instant = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let span = Span::new(instant("2026-11-19T14:50:00Z"), instant("2026-11-19T15:20:00Z"));
        let zone: Zone = "Asia/Seoul".parse().unwrap();
        let read = |text: &str| moment_in(text, &span, zone, instant("2026-11-28T00:00:00Z")).unwrap();
        assert_eq!(read("23:55"), instant("2026-11-19T14:55:00Z"));
        assert_eq!(read("0:10:00.5"), instant("2026-11-19T15:10:00.5Z"));
        assert_eq!(read("2026-11-20 00:01"), instant("2026-11-19T15:01:00Z"));
    }
}
