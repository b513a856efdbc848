//! A draft of a clip: pieces of tape and of recordings, encoded one after another.
//!
//! The time line of a clip begins with its first piece and goes on without jumps between pieces, so a gap's start says
//! where in the file it is. What is missing of a piece is silence of the same length.

use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::draft::Draft;
use super::error::ProductionError;
use super::tags;
use super::tracks::tracks;
use crate::airings::order::Order;
use crate::base::clock::SharedClock;
use crate::base::duration::delta;
use crate::config::TitleRule;
use crate::encode::{self, ClipJob, ClipSource};
use crate::library::artwork::Pictures;
use crate::model::{Cause, Cover, Gap, Span, Stretch, Track};
use crate::tape::Tape;

/// A piece of a clip, ready to be encoded.
#[derive(Debug)]
pub struct ClipPiece {
    /// Its sound.
    pub source: ClipSource,
    /// How long it plays.
    pub length: Duration,
    /// What is known to be missing in it: a recording has silence there, or plays on as if nothing were missing, which is
    /// a stretch of no length.
    pub missing: Vec<(Stretch, Cause)>,
    /// What was played in it, at its position in the piece. Of a piece of tape, the titles on the tape say that.
    pub tracks: Vec<Track>,
    /// What to make of the titles on the tape.
    pub titles: TitleRule,
}

impl Draft {
    /// Encodes `pieces` into the clip whose airing and show `order` has, with `covers` over them.
    pub async fn of_clip(
        order: &Order,
        pieces: Vec<ClipPiece>,
        covers: Vec<Cover>,
        pictures: &Pictures,
        file: &Path,
        clock: &SharedClock,
    ) -> Result<Self, ProductionError> {
        let cut = order.airing.cut();
        let cover = Box::pin(pictures.cover(&order.show, &order.config)).await;
        let job = ClipJob {
            encoding: order.show.encoding,
            dead_air: order.show.dead_air,
            target: file.to_owned(),
            cover_space: cover.as_ref().map(tags::space_for).unwrap_or_default(),
            start: cut.start,
            covers,
        };
        let (sources, rest): (Vec<_>, Vec<_>) = pieces
            .into_iter()
            .map(|piece| (piece.source, (piece.length, piece.missing, piece.tracks, piece.titles)))
            .unzip();
        let mut encoded = Box::pin(encode::encode_clip(&job, &sources, clock)).await?.encoded;
        let (mut at, mut all) = (Duration::ZERO, Vec::new());
        let mut missing = Vec::new();
        for (source, (length, known, played, rule)) in sources.iter().zip(rest) {
            missing.extend(known.into_iter().map(|(stretch, cause)| {
                let start = cut.start + delta(at + stretch.at);
                Gap { start, length: stretch.length, cause }
            }));
            let played = match source {
                ClipSource::Tape { tape, span } => {
                    let gaps = within(
                        &encoded.gaps,
                        &Span::new(cut.start + delta(at), cut.start + delta(at + length)),
                        span.start,
                    );
                    of_tape(tape, span, &gaps, &rule).await
                }
                ClipSource::File { .. } => played,
            };
            all.extend(played.into_iter().map(|track| Track { at: track.at + at, ..track }));
            at += length;
        }
        let silent: Duration = missing.iter().map(|gap| gap.length).sum();
        encoded.seconds = (encoded.seconds - silent.as_secs_f64()).max(0.0);
        encoded.gaps.extend(missing);
        encoded.gaps.sort_by_key(|gap| gap.start);
        Ok(Self { tracks: all, cover, ..Self::new(&cut, encoded, file.to_owned()) })
    }
}

/// Returns the gaps in `piece`, a stretch of the time line of the clip, as gaps of a stretch that begins at `start`.
fn within(gaps: &[Gap], piece: &Span, start: DateTime<Utc>) -> Vec<Gap> {
    let inside = gaps.iter().filter(|gap| piece.contains(gap.start));
    inside.map(|gap| Gap { start: start + (gap.start - piece.start), ..gap.clone() }).collect()
}

/// Returns what was played in `span` of `tape`, of which `gaps` are missing.
async fn of_tape(tape: &Tape, span: &Span, gaps: &[Gap], rule: &TitleRule) -> Vec<Track> {
    let view = tape.view(span).await;
    tracks(view.titles_on_air(), rule, (span, gaps), span.length().to_std().unwrap_or_default(), true)
}
