//! Transcripts: files that somebody, or their program, puts beside a recording under the same name.
//!
//! aircheck reads them and never writes, moves or removes one. One that is older than the recording beside it was made of
//! another recording, which had the same name before.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// How a transcript is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TranscriptKind {
    /// [WebVTT](https://www.w3.org/TR/webvtt1/).
    Vtt,
    /// SubRip.
    Srt,
    /// Plain text, without times.
    Text,
}

impl TranscriptKind {
    /// All of them, the one that players show best first.
    pub const ALL: [Self; 3] = [Self::Vtt, Self::Srt, Self::Text];

    /// The ending of its name.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Vtt => "vtt",
            Self::Srt => "srt",
            Self::Text => "txt",
        }
    }

    /// Its type, as the podcast namespace names it for `podcast:transcript`.
    pub fn mime(self) -> &'static str {
        match self {
            Self::Vtt => "text/vtt",
            Self::Srt => "application/x-subrip",
            Self::Text => "text/plain",
        }
    }

    /// The kind whose names end in `extension`.
    pub fn of(extension: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.extension() == extension)
    }
}

/// The transcripts of the recording at `path`. Blocks.
pub fn transcripts(path: &Path) -> Vec<TranscriptKind> {
    TranscriptKind::ALL.into_iter().filter(|kind| transcript(path, *kind).is_some()).collect()
}

/// The transcript of that kind of the recording at `path`, where there is one. Blocks.
pub fn transcript(path: &Path, kind: TranscriptKind) -> Option<PathBuf> {
    let beside = path.with_extension(kind.extension());
    let written = modified(&beside)?;
    (written >= modified(path)?).then_some(beside)
}

/// When a file was last changed; nothing where it is none.
fn modified(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file)?.modified().ok()
}

#[cfg(test)]
mod tests {
    use std::fs::{File, FileTimes};
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_transcript_is_beside_its_recording_and_no_older() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, after: u64| {
            let at = SystemTime::UNIX_EPOCH + Duration::from_secs(after);
            File::create(folder.path().join(name)).unwrap().set_times(FileTimes::new().set_modified(at)).unwrap();
        };
        put("뉴스 2026.11.mp3", 100);
        put("뉴스 2026.11.vtt", 100);
        put("뉴스 2026.11.srt", 99);
        put("뉴스 2026.txt", 101);
        std::fs::create_dir(folder.path().join("뉴스 2026.11.txt")).unwrap();
        let recording = folder.path().join("뉴스 2026.11.mp3");
        assert_eq!(transcripts(&recording), [TranscriptKind::Vtt]);
        assert_eq!(transcript(&recording, TranscriptKind::Vtt), Some(folder.path().join("뉴스 2026.11.vtt")));
        assert!(transcripts(&folder.path().join("none.mp3")).is_empty());
    }
}
