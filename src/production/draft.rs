//! A draft: a cut that is encoded into a temporary file and judged, and has neither tags nor a name.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;

use super::error::ProductionError;
use super::following::{self, EncodingSlots, Ending};
use super::judge::judge;
use super::tags;
use super::tracks::tracks;
use crate::airings::order::Order;
use crate::base::clock::SharedClock;
use crate::base::environment::Environment;
use crate::config::{GapPolicy, Show, TitleRule};
use crate::encode::{self, Encoded, Job};
use crate::library::artwork::{Picture, Pictures};
use crate::model::{Note, Outcome, Span, Track, Verdict};
use crate::tape::Tape;

/// Holds a cut that is encoded into a temporary file and judged.
#[derive(Debug)]
pub struct Draft {
    /// What the encoding counted and measured.
    pub encoded: Encoded,
    /// The verdict.
    pub verdict: Verdict,
    /// The temporary file.
    pub file: PathBuf,
    /// What was played, in order.
    pub tracks: Vec<Track>,
    /// The picture for which the file has reserved space.
    pub(super) cover: Option<Picture>,
}

impl Draft {
    /// Returns the draft of what was encoded of `cut` into `file`, and judges it. It knows of no tracks yet.
    pub fn new(cut: &Span, encoded: Encoded, file: PathBuf) -> Self {
        Self { verdict: judge(cut, &encoded), encoded, file, tracks: Vec::new(), cover: None }
    }

    /// Encodes `cut` as `order` says, from what is on `tape` at this moment.
    pub async fn of_tape(
        order: &Order,
        cut: Span,
        tape: &Tape,
        pictures: &Pictures,
        file: &Path,
        clock: &SharedClock,
    ) -> Result<Self, ProductionError> {
        let cover = pictures.cover(&order.show, &order.config).await;
        let sealed = CancellationToken::new();
        sealed.cancel();
        let encoded = encode::encode(&job(cut, &order.show, file, cover.as_ref()), tape, sealed, clock).await?;
        let draft = Self { cover, ..Self::new(&cut, encoded, file.to_owned()) };
        Ok(draft.with_tracks(tape, &cut, &order.station.titles, order.show.gaps).await)
    }

    /// Waits until the airing of `order` is nearly over, and encodes it while the rest comes on `tape`. It ends when
    /// the tape covers the cut, when nothing more can come, or when `ending` says so.
    pub async fn following(
        order: &Order,
        tape: &Tape,
        (pictures, slots): (&Pictures, &EncodingSlots),
        file: &Path,
        environment: &Environment,
        ending: &Ending,
    ) -> Result<Self, ProductionError> {
        let cut = order.airing.cut();
        following::until_near_its_end(&cut, environment, ending).await?;
        let cover = Box::pin(pictures.cover(&order.show, &order.config)).await;
        let job = job(cut, &order.show, file, cover.as_ref());
        let encoded = following::encode(&job, tape, order.station.delay, environment, slots, ending).await?;
        let draft = Self { cover, ..Self::new(&cut, encoded, file.to_owned()) };
        Ok(draft.with_tracks(tape, &cut, &order.station.titles, order.show.gaps).await)
    }

    /// Adds what was played in `cut`, as far as `tape` says so by now. The file has in place of gaps what `gaps` says.
    #[must_use]
    pub async fn with_tracks(self, tape: &Tape, cut: &Span, rule: &TitleRule, gaps: GapPolicy) -> Self {
        let view = tape.view(cut).await;
        let Encoded { gaps: missing, length, .. } = &self.encoded;
        let tracks = tracks(view.titles_on_air(), rule, (cut, missing), *length, gaps == GapPolicy::Silence);
        Self { tracks, ..self }
    }

    /// Returns the outcome for the catalogue, known since `at`; the file has no name yet.
    pub fn outcome(&self, notes: Vec<Note>, at: DateTime<Utc>) -> Outcome {
        Outcome {
            verdict: self.verdict,
            seconds: self.encoded.seconds,
            file: None,
            bytes: None,
            gaps: self.encoded.gaps.clone(),
            notes,
            measured: self.encoded.measured.clone(),
            tracks: Some(self.tracks.clone()),
            at,
        }
    }
}

/// Returns the job for the encoder, with space for `cover` in the tags.
fn job(cut: Span, show: &Show, target: &Path, cover: Option<&Picture>) -> Job {
    let cover_space = cover.map(tags::space_for).unwrap_or_default();
    let Show { encoding, gaps, dead_air, .. } = *show;
    Job { cut, encoding, gaps, dead_air, target: target.to_owned(), cover_space }
}
