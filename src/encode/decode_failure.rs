//! Why sound could not be decoded, in words for a person.
//!
//! ffmpeg speaks of its own streams, maps and addresses in memory. If the meaning is known, it is said here; else
//! ffmpeg's words are quoted without those.

use std::process::ExitStatus;

use crate::base::process;
use crate::model::{Cause, CauseKind};

/// Why a decoder gave back less than it got: it wrote `lines` and ended with `status`, if that is known.
pub(super) fn cause(status: Option<ExitStatus>, lines: &[String]) -> Cause {
    if let Some(killed) = status.and_then(process::killed) {
        // Hostile sound may bring a decoder down. Only the machine or a person ends one from outside.
        let from_outside = killed.contains("SIGKILL") || killed.contains("SIGTERM");
        let kind = if from_outside { CauseKind::Internal } else { CauseKind::Decoding };
        return Cause::new(kind, format!("the sound could not be decoded: ffmpeg {killed}"));
    }
    let said = |part: &str| lines.iter().any(|line| line.contains(part));
    if said("matches no streams") || said("does not contain any stream") {
        return Cause::new(CauseKind::Unusable, "the segments hold no sound");
    }
    if said("no decoder found") || said("(codec none)") || said("Decoder not found") {
        let words = "the sound could not be decoded: the ffmpeg that is installed knows no decoder for it";
        return Cause::new(CauseKind::Decoding, words);
    }
    let words = lines.iter().rev().map(|line| plain(line)).find(|line| !line.is_empty());
    let words = words.map_or_else(
        || "the sound could not be decoded".to_owned(),
        |words| format!("the sound could not be decoded: ffmpeg says {words:?}"),
    );
    Cause::new(CauseKind::Decoding, words)
}

/// A line of ffmpeg without its source (`[aac @ 0x55f0]`) and its stream; empty if nothing is left.
fn plain(mut line: &str) -> &str {
    while let Some((_, rest)) = line.strip_prefix('[').and_then(|line| line.split_once(']')) {
        line = rest.trim_start();
    }
    let line = line.strip_prefix("Error while decoding stream #0:0: ").unwrap_or(line).trim();
    let aside = ["Last message repeated", "To ignore this"].iter().any(|start| line.starts_with(start));
    if aside { "" } else { line.trim_start_matches("pipe:0: ") }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt as _;

    use super::*;

    #[test]
    fn a_decode_failure_is_explained_and_ffmpeg_is_quoted_as_ffmpeg() {
        let told = |status: Option<i32>, lines: &[&str]| {
            let lines: Vec<_> = lines.iter().map(|line| (*line).to_owned()).collect();
            let cause = cause(status.map(ExitStatus::from_raw), &lines);
            (cause.kind, cause.words)
        };
        let decoding = |words: &str| (CauseKind::Decoding, format!("the sound could not be decoded{words}"));
        assert_eq!(told(Some(0), &[]), decoding(""));
        assert_eq!(
            told(
                Some(0),
                &[
                    "[aac @ 0x55f0c2a4] Number of bands (16) exceeds limit (12).",
                    "Error while decoding stream #0:0: Invalid data found when processing input",
                    "    Last message repeated 3 times",
                ]
            ),
            decoding(": ffmpeg says \"Invalid data found when processing input\"")
        );
        assert_eq!(
            told(
                Some(1 << 8),
                &["Stream map '0:a:0' matches no streams.", "To ignore this, add a trailing '?' to the map."]
            ),
            (CauseKind::Unusable, "the segments hold no sound".to_owned())
        );
        assert_eq!(
            told(Some(11), &["x"]),
            decoding(": ffmpeg was killed by signal 11 (SIGSEGV); that is a fault of its own: try another build of it")
        );
        assert_eq!(
            told(Some(0x80 | 6), &[]),
            decoding(": ffmpeg was killed by signal 6 (SIGABRT); that is a fault of its own: try another build of it")
        );
        let (kind, words) = told(Some(9), &[]);
        assert_eq!(kind, CauseKind::Internal);
        assert!(words.ends_with("signal 9 (SIGKILL); the system does that where memory runs out"), "{words}");
        assert!(told(Some(15), &[]).1.ends_with("signal 15 (SIGTERM)"));
    }
}
