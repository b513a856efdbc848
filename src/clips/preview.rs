//! What would come of a clip: what of it is there, what is missing and why, what is still to come.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::check::Checked;
use super::known_gaps;
use super::sources::Origin;
use crate::account;
use crate::base::blocking::blocking;
use crate::model::{Cause, CauseKind, Gap, Piece, Span, Stretch};

/// What would come of a clip.
#[derive(Debug, Clone, PartialEq)]
pub struct Preview {
    /// Of each piece.
    pub pieces: Vec<PiecePreview>,
}

/// What would come of a piece.
#[derive(Debug, Clone, PartialEq)]
pub struct PiecePreview {
    /// How long it plays.
    pub length: Duration,
    /// How much of that is there.
    pub there: Duration,
    /// What is missing, at its position in the piece. A stretch of no length is missing and leaves no silence.
    pub missing: Vec<(Stretch, Cause)>,
    /// How much of it is still to come.
    pub to_come: Duration,
}

impl Preview {
    /// Whether all of it is there or still to come.
    pub fn is_whole(&self) -> bool {
        self.pieces.iter().all(|piece| piece.missing.is_empty())
    }
}

/// Returns what would come of a clip at the instant `now`.
pub async fn preview(checked: &Checked, now: DateTime<Utc>) -> Preview {
    let mut pieces = Vec::new();
    for (piece, origin) in checked.clip.pieces.iter().zip(&checked.origins) {
        pieces.push(match (piece, origin) {
            (Piece::Tape { span, .. }, Origin::Tape(_, Some(tape))) => {
                let (tape, span) = (tape.clone(), *span);
                blocking(move || of_tape(&tape, span, now)).await
            }
            (Piece::Recording { from, to, .. }, Origin::Recording(recording)) => {
                let missing = known_gaps::missing(recording, *from, *to);
                let silent: Duration = missing.iter().map(|(stretch, _)| stretch.length).sum();
                let length = piece.length();
                PiecePreview { length, there: length.saturating_sub(silent), missing, to_come: Duration::ZERO }
            }
            // What it lacks is known when it is fetched.
            (Piece::Object { .. }, _) => {
                let (length, missing) = (piece.length(), Vec::new());
                PiecePreview { length, there: length, missing, to_come: Duration::ZERO }
            }
            // Nothing is on tape yet.
            _ => PiecePreview {
                length: piece.length(),
                there: Duration::ZERO,
                missing: Vec::new(),
                to_come: piece.length(),
            },
        });
    }
    Preview { pieces }
}

/// What is on tape of `span`. Blocks.
fn of_tape(tape: &crate::tape::Tape, span: Span, now: DateTime<Utc>) -> PiecePreview {
    let length = span.length().to_std().unwrap_or_default();
    let account = account::account(tape, span, None, now);
    let Some(account) = account else {
        return PiecePreview { length, there: Duration::ZERO, missing: Vec::new(), to_come: length };
    };
    let to_come = (span.end - account.span.end.max(span.start)).to_std().unwrap_or_default();
    let mut gaps = Vec::new();
    if account.span.start > span.start {
        let before = (account.span.start - span.start).to_std().unwrap_or_default();
        let cause = tape.why_not_before(account.span.start);
        let cause = cause.unwrap_or_else(|| Cause::new(CauseKind::NotTaped, "it is not on tape"));
        gaps.push(Gap { start: span.start, length: before, cause });
    }
    gaps.extend(account.holes);
    let missing: Vec<_> = gaps
        .into_iter()
        .map(|gap| {
            let at = (gap.start - span.start).to_std().unwrap_or_default();
            (Stretch { at, length: gap.length }, gap.cause)
        })
        .collect();
    PiecePreview { length, there: account.on_tape.min(length), missing, to_come }
}
