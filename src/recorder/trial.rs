//! What can be heard in what was taped on trial: decoded and counted, as in a recording.

use std::path::PathBuf;

use chrono::TimeDelta;
use tokio_util::sync::CancellationToken;

use super::verdict::SILENCE;
use crate::config::{Mp3, Treatment};
use crate::deck::Probed;
use crate::encode::{self, Job};
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

/// Decodes what was `probed` into an MP3 at `target`, and counts it: `enough` seconds should be there.
pub async fn hear(probed: &Probed, enough: f64, mp3: Mp3, target: PathBuf) -> Heard {
    let trouble = probed.trouble.clone();
    let Some((tape, start)) = probed.tape.as_ref().zip(probed.start) else {
        return Heard { trouble, ..Heard::default() };
    };
    let sealed = CancellationToken::new();
    sealed.cancel();
    let cut = Span::new(start, start + LONGEST);
    let job = Job { cut, mp3, treatment: Treatment::default(), target, cover_space: 0 };
    let encoded = match encode::encode(&job, tape, sealed).await {
        Ok(encoded) => encoded,
        Err(error) => return Heard { trouble: Some(error.as_cause()), ..Heard::default() },
    };
    let seconds = if encoded.seconds > Verdict::TOLERANCE_SECONDS { encoded.seconds } else { 0.0 };
    // Beyond the end of what was taped nothing is missing.
    let why = encoded.gaps.iter().map(|gap| &gap.cause).find(|cause| cause.kind != CauseKind::Nothing);
    let why = || why.cloned().unwrap_or_else(|| Cause::new(CauseKind::Decoding, "the sound could not be decoded"));
    let lacks = seconds + Verdict::TOLERANCE_SECONDS < enough;
    let trouble = trouble.or_else(|| lacks.then(why));
    Heard { seconds, silent: seconds > 0.0 && encoded.peak < SILENCE, trouble }
}
