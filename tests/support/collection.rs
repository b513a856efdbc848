//! The real service on a library of real MP3s, with titles in Korean and hostile ones.

use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aircheck::library::catalogue::Catalogue;
use aircheck::model::{Airing, AiringId, Cause, CauseKind, Gap, Measured, Outcome, ShowId, Span, StationId, Verdict};
use chrono::{DateTime, TimeDelta, Utc};
use reqwest::Url;

use super::aircheck::{Aircheck, Service};
use super::airing::quiet;
use super::ffmpeg;
use super::library::{HOSTILE, address};

/// A title with line breaks, as an older YAML may have had it.
pub const LINES: &str = "news, late\r\n#EXTINF:0,evil\nhttp://evil.example/x.mp3\u{2028}END:VCALENDAR";
/// How long every file plays.
pub const SECONDS: u64 = 6;

/// Returns the YAML of two stations and three shows at a later hour.
const YAML: &str = "timezone: Asia/Seoul
stations:
  kbs: { name: KBS 1FM, hls: \"http://127.0.0.1:9/x\" }
  other: { name: \"Other <FM>\", timezone: UTC, hls: \"http://127.0.0.1:9/y\" }
shows:
  - { title: 명연주 명음반, station: kbs, cron: \"QUIET\", length: 2h }
  - { title: ']]> <script>alert(1)</script> & \"x\"', id: hostile, station: other, cron: \"QUIET\", length: 1h }
  - { title: Evening News, station: other, cron: \"QUIET\", length: 1h }
";

/// A folder with a catalogue and files.
pub struct Collection {
    pub aircheck: Aircheck,
    catalogue: Catalogue,
    starts: AtomicU32,
}

/// A recording that is added to the library.
#[derive(Debug, Clone)]
pub struct Kept {
    pub show: &'static str,
    pub title: String,
    pub start: DateTime<Utc>,
    /// The gaps: seconds from the start of the airing, and length in seconds.
    pub gaps: Vec<(u32, u32)>,
    /// Whether the file has silence in place of gaps.
    pub filled: bool,
}

/// Returns the start of the first airing in a library.
pub fn first() -> DateTime<Utc> {
    "2026-11-19T05:00:00Z".parse().expect("a time")
}

/// Returns the recording of `show` that was on the air `hours` after [`first`].
pub fn kept(show: &'static str, title: &str, hours: i64) -> Kept {
    let start = first() + TimeDelta::hours(hours);
    Kept { show, title: title.to_owned(), start, gaps: Vec::new(), filled: false }
}

impl Kept {
    /// Returns its airing, which is as long as its file would be without gaps.
    pub fn airing(&self) -> Airing {
        let show = ShowId::new(self.show);
        let missing: u32 = self.gaps.iter().map(|gap| gap.1).sum();
        let missing = if self.filled { 0 } else { missing };
        let length = TimeDelta::seconds(SECONDS.cast_signed() + i64::from(missing));
        Airing {
            id: AiringId::derive(&show, self.start),
            show,
            station: StationId::new(if self.show == "명연주-명음반" { "kbs" } else { "other" }),
            on_air: Span::new(self.start, self.start + length),
            early: TimeDelta::zero(),
            late: TimeDelta::zero(),
            timezone: "Asia/Seoul".parse().expect("a zone"),
        }
    }

    /// Returns the name of its file in the folder of recordings.
    pub fn file(&self) -> String {
        format!("{}.mp3", self.airing().id)
    }
}

impl Collection {
    /// Returns an empty library with two stations and three shows, and `more` keys of the YAML before them.
    pub async fn new(more: &str) -> Self {
        let aircheck = Aircheck::new(&format!("{more}{}", YAML.replace("QUIET", &quiet())));
        std::fs::create_dir_all(aircheck.path("recordings")).expect("a folder");
        let catalogue = Catalogue::open(aircheck.path("state/catalogue.sqlite")).await.expect("a catalogue");
        Self { aircheck, catalogue, starts: AtomicU32::new(0) }
    }

    /// Returns the library of most tests: four recordings, one with a gap, one with silence in place of a gap, and one
    /// with line breaks in its title.
    pub async fn usual(more: &str) -> Self {
        let library = Self::new(more).await;
        let gap = Kept { gaps: vec![(2, 4)], ..kept("명연주-명음반", "명연주 명음반", 0) };
        let filled =
            Kept { gaps: vec![(1, 2)], filled: true, ..kept("명연주-명음반", "명연주 명음반", 24) };
        for kept in [gap, filled, kept("hostile", HOSTILE, 2), kept("evening-news", LINES, 4)] {
            library.keep(&kept).await;
        }
        library
    }

    /// Adds a recording with a file.
    pub async fn keep(&self, kept: &Kept) {
        std::fs::write(self.aircheck.path("recordings").join(kept.file()), sound()).expect("a file");
        self.list(kept, &kept.file()).await;
    }

    /// Adds a recording to the list, with `file` as its file.
    pub async fn list(&self, kept: &Kept, file: &str) {
        let airing = kept.airing();
        let gap = |(from, length): &(u32, u32)| Gap {
            start: kept.start + TimeDelta::seconds((*from).into()),
            length: Duration::from_secs((*length).into()),
            cause: Cause::new(CauseKind::Refused, "it answered <b>403</b>"),
        };
        let missing: u64 = kept.gaps.iter().map(|gap| u64::from(gap.1)).sum();
        let heard = if kept.filled { SECONDS - missing } else { SECONDS };
        let outcome = Outcome {
            verdict: if kept.gaps.is_empty() { Verdict::Complete } else { Verdict::Partial(60.0) },
            seconds: Duration::from_secs(heard).as_secs_f64(),
            file: Some(file.into()),
            bytes: Some(1),
            gaps: kept.gaps.iter().map(gap).collect(),
            measured: Measured { length: Some(Duration::from_secs(SECONDS)), ..Measured::default() },
            notes: vec![],
            tracks: None,
            at: airing.on_air.end,
        };
        assert!(self.catalogue.claim(&airing, &kept.title, airing.on_air.start).await.expect("a claim"));
        self.catalogue.finish(&airing.id, &outcome).await.expect("finished");
    }

    /// Starts the service; also returns the address of its page.
    pub async fn serve(&self) -> (Service, Url) {
        // Each start has its own log, because the port changes.
        let name = format!("run-{}", self.starts.fetch_add(1, Ordering::Relaxed));
        let service = self.aircheck.start(&name, &["run"]);
        let url = address(&service).await;
        (service, url)
    }

    /// Returns the file of a recording.
    pub fn path(&self, kept: &Kept) -> std::path::PathBuf {
        self.aircheck.path("recordings").join(kept.file())
    }
}

/// Returns an MP3 of [`SECONDS`], with the space for tags that a recording has.
pub fn sound() -> &'static [u8] {
    static SOUND: OnceLock<Vec<u8>> = OnceLock::new();
    SOUND.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("sound.mp3");
        let path = file.to_str().expect("test paths are UTF-8");
        let input = ["-f", "lavfi", "-i", "sine=440:sample_rate=48000:duration=6", "-c:a", "libmp3lame", "-b:a", "64k"];
        let output = ["-id3v2_version", "4", "-write_xing", "1", "-f", "mp3", path];
        ffmpeg::run(&[&input[..], &output].concat(), &[]);
        read(&file)
    })
}

fn read(file: &Path) -> Vec<u8> {
    std::fs::read(file).expect("a file")
}
