//! What can be heard in what was taped on trial: decoded and counted, as in a recording.

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

/// What was taped on trial is shorter.
const LONGEST: TimeDelta = TimeDelta::minutes(10);

/// What can be heard.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Heard {
    /// Decoded sound, in seconds.
    pub seconds: f64,
    /// Whether nothing is loud enough to be heard.
    pub silent: bool,
    /// Why it is less than it should be, where it is.
    pub trouble: Option<Cause>,
}

/// Decodes `enough` of what was `probed` into an MP3 at `target`, and counts it.
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
    let take = async |length: TimeDelta| {
        let sealed = CancellationToken::new();
        sealed.cancel();
        let (cut, target) = (Span::new(start, start + length), target.clone());
        let job = Job { cut, encoding, gaps: GapPolicy::default(), dead_air: None, target, cover_space: 0 };
        encode::encode(&job, tape, sealed, clock).await
    };
    let lacks = |encoded: &Encoded| encoded.seconds + Verdict::TOLERANCE_SECONDS < enough.as_secs_f64();
    let mut taken = take(TimeDelta::from_std(enough).unwrap_or(LONGEST)).await;
    if taken.as_ref().is_ok_and(&lacks) {
        // There may be enough of it, with something missing in between.
        taken = take(LONGEST).await;
    }
    let encoded = match taken {
        Ok(encoded) => encoded,
        Err(error) => return Heard { trouble: Some(error.as_cause()), ..Heard::default() },
    };
    let seconds = if encoded.seconds > Verdict::TOLERANCE_SECONDS { encoded.seconds } else { 0.0 };
    // Beyond the end of what was taped nothing is missing.
    let why = encoded.gaps.iter().map(|gap| &gap.cause).find(|cause| cause.kind != CauseKind::Nothing);
    let why = || why.cloned().unwrap_or_else(|| Cause::new(CauseKind::Decoding, "the sound could not be decoded"));
    let trouble = trouble.or_else(|| lacks(&encoded).then(why));
    Heard { seconds, silent: seconds > 0.0 && encoded.peak < SILENCE, trouble }
}
