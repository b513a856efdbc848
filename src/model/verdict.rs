//! How complete a recording is.

use std::fmt;

use serde::{Serialize, Serializer};

/// The judgement on a recording, computed from decoded samples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Verdict {
    /// Every second that was planned is in the file.
    Complete,
    /// Something is missing; the share that is there, in percent, below 100.
    Partial(f64),
    /// The planned time is there, but nothing in it is louder than the threshold of silence.
    Silent,
    /// There is no sound at all, and so no file.
    Failed,
}

impl Verdict {
    /// Less than this is not called missing, in seconds: two MP3 frames at the lowest rate that LAME writes for radio,
    /// below what anyone hears, and above the rounding of playlist durations.
    pub const TOLERANCE_SECONDS: f64 = 0.05;

    /// Judges `seconds` of decoded sound against the `planned` length.
    pub fn judge(planned: f64, seconds: f64, silent: bool) -> Self {
        // Sound too short to be called missing is too short to be called sound.
        if planned <= 0.0 || seconds <= Self::TOLERANCE_SECONDS.min(planned / 2.0) {
            Self::Failed
        } else if planned - seconds > Self::TOLERANCE_SECONDS {
            // Never rounded up to 100: a partial recording must not look whole.
            Self::Partial((seconds / planned * 1000.0).floor() / 10.0)
        } else if silent {
            Self::Silent
        } else {
            Self::Complete
        }
    }

    /// The word, as the catalogue and JSON store it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Partial(_) => "partial",
            Self::Silent => "silent",
            Self::Failed => "failed",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Partial(percent) => f.pad(&format!("partial ({percent:.1} %)")),
            other => f.pad(other.word()),
        }
    }
}

impl Serialize for Verdict {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_tenth_of_a_second_is_partial_and_never_shown_as_100_percent() {
        assert_eq!(Verdict::judge(7200.0, 7200.0, false), Verdict::Complete);
        assert_eq!(Verdict::judge(7200.0, 7199.9, false).to_string(), "partial (99.9 %)");
        assert_eq!(Verdict::judge(10.0, 0.0, false), Verdict::Failed);
        assert_eq!(Verdict::judge(10.0, 0.03, false), Verdict::Failed, "what rounding leaves is no sound");
        assert_eq!(Verdict::judge(0.04, 0.04, false), Verdict::Complete);
        assert_eq!(Verdict::judge(10.0, 10.0, true), Verdict::Silent);
    }
}
