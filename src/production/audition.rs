//! The audition of a trial: what was taped is decoded and counted, as in a recording.

use std::path::PathBuf;
use std::time::Duration;

use chrono::TimeDelta;
use tokio_util::sync::CancellationToken;

use super::judge::SILENCE;
use crate::base::clock::SharedClock;
use crate::capture::deck::Probed;
use crate::config::{Encoding, GapPolicy};
use crate::encode::{self, Encoded, Job};
use crate::model::{AsCause as _, Cause, CauseKind, Span, Verdict};

/// Longer than any trial.
const LONGEST: TimeDelta = TimeDelta::minutes(10);

/// What can be heard in the tape of a trial.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Heard {
    /// Decoded sound, in seconds.
    pub seconds: f64,
    /// Whether nothing is loud enough to be heard.
    pub silent: bool,
    /// Why there is too little sound. `None` if there is enough.
    pub trouble: Option<Cause>,
}

/// Encodes `enough` of what was `probed` into an MP3 at `target`, and counts its sound.
pub async fn hear(
    probed: &Probed,
    enough: Duration,
    encoding: Encoding,
    target: PathBuf,
    clock: &SharedClock,
) -> Heard {
    let trouble = probed.trouble.clone();
    let Some((tape, start)) = probed.tape.as_ref().zip(probed.start) else {
        return Heard { trouble, ..Heard::default() };
    };
    let encode_first = async |length: TimeDelta| {
        let sealed = CancellationToken::new();
        sealed.cancel();
        let (cut, target) = (Span::new(start, start + length), target.clone());
        let job = Job { cut, encoding, gaps: GapPolicy::default(), dead_air: None, target, cover_space: 0 };
        encode::encode(&job, tape, sealed, clock).await
    };
    let lacks = |encoded: &Encoded| encoded.seconds + Verdict::TOLERANCE_SECONDS < enough.as_secs_f64();
    let mut result = encode_first(TimeDelta::from_std(enough).unwrap_or(LONGEST)).await;
    if result.as_ref().is_ok_and(&lacks) {
        // There may be enough sound, with a gap in between.
        result = encode_first(LONGEST).await;
    }
    let encoded = match result {
        Ok(encoded) => encoded,
        Err(error) => return Heard { trouble: Some(error.as_cause()), ..Heard::default() },
    };
    let seconds = if encoded.seconds > Verdict::TOLERANCE_SECONDS { encoded.seconds } else { 0.0 };
    // What lies beyond the end of the tape is not missing.
    let why = encoded.gaps.iter().map(|gap| &gap.cause).find(|cause| cause.kind != CauseKind::Nothing);
    let why = || why.cloned().unwrap_or_else(|| Cause::new(CauseKind::Decoding, "the sound could not be decoded"));
    let trouble = trouble.or_else(|| lacks(&encoded).then(why));
    Heard { seconds, silent: seconds > 0.0 && encoded.peak < SILENCE, trouble }
}
