//! A library of recordings for the pages, and the real service on it.
//!
//! The sound is real and short; what the catalogue says about it (lengths, gaps, waveforms) is made up.

use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use aircheck::base::zone::Zone;
use aircheck::library::catalogue::Catalogue;
use aircheck::model::{
    Airing, AiringId, Cause, DeadAir, Gap, Measured, Outcome, Peaks, ShowId, Span, StationId, Track, Verdict,
};
use chrono::{DateTime, TimeDelta, Utc};
use reqwest::Url;

use super::aircheck::{Aircheck, Service};
use super::ffmpeg;
use super::library::address;

/// The length of the real sound, in seconds.
pub const SECONDS: u32 = 90;

/// A recording that is added to the library.
#[derive(Debug, Clone)]
pub struct Shelved {
    pub show: &'static str,
    pub title: &'static str,
    pub station: &'static str,
    pub start: DateTime<Utc>,
    /// How long it was on the air, in seconds.
    pub length: u32,
    pub zone: Zone,
    pub verdict: Verdict,
    /// The gaps: seconds after the start, length in seconds, and cause.
    pub gaps: Vec<(u32, u32, Cause)>,
    /// The dead air: seconds after the start, and length in seconds.
    pub dead_air: Vec<(u32, u32)>,
    /// What was played: where in the file, for so many seconds, and the station's words.
    pub tracks: Vec<(u32, u32, &'static str)>,
}

impl Shelved {
    /// Returns a complete recording of [`SECONDS`].
    pub fn new(show: &'static str, title: &'static str, station: &'static str, start: &str) -> Self {
        Self {
            show,
            title,
            station,
            start: start.parse().expect("a time"),
            length: SECONDS,
            zone: "Asia/Seoul".parse().expect("a zone"),
            verdict: Verdict::Complete,
            gaps: vec![],
            dead_air: vec![],
            tracks: vec![],
        }
    }

    /// Returns the id of its airing.
    pub fn id(&self) -> AiringId {
        AiringId::derive(&ShowId::new(self.show), self.start)
    }
}

/// The service on a library, and the address of its page.
pub struct Library {
    pub aircheck: Aircheck,
    pub service: Service,
    pub base: Url,
}

impl Library {
    /// Starts the service with these stations and shows, and these recordings in its library.
    pub async fn open(yaml: &str, shelved: &[Shelved]) -> Self {
        Self::of(sound(), yaml, shelved).await
    }

    /// Starts the service with `sound` for all recordings.
    pub async fn of(sound: &[u8], yaml: &str, shelved: &[Shelved]) -> Self {
        let aircheck = Aircheck::new(yaml);
        let catalogue = Catalogue::open(aircheck.path("state/catalogue.sqlite")).await.expect("a catalogue");
        let folder = aircheck.path("recordings");
        std::fs::create_dir_all(&folder).expect("a folder");
        let first = folder.join("sound.mp3");
        std::fs::write(&first, sound).expect("a file");
        // So old that a browser with heuristic caching would not ask again for days.
        let old = std::fs::File::options().write(true).open(&first).expect("the file");
        old.set_modified(SystemTime::UNIX_EPOCH).expect("an old file");
        for one in shelved {
            shelve(&catalogue, &folder, one).await;
        }
        drop(catalogue);
        let service = aircheck.start("run", &["run"]);
        let base = address(&service).await;
        Self { aircheck, service, base }
    }
}

async fn shelve(catalogue: &Catalogue, folder: &std::path::Path, one: &Shelved) {
    let on_air = Span::new(one.start, one.start + TimeDelta::seconds(one.length.into()));
    let airing = Airing {
        id: one.id(),
        show: ShowId::new(one.show),
        station: StationId::new(one.station),
        on_air,
        early: TimeDelta::zero(),
        late: TimeDelta::zero(),
        timezone: one.zone,
    };
    let at = |seconds: u32| on_air.start + TimeDelta::seconds(seconds.into());
    let missing: u32 = one.gaps.iter().map(|(_, length, _)| length).sum();
    let heard = f64::from(one.length.saturating_sub(missing));
    let failed = one.verdict == Verdict::Failed;
    let file = PathBuf::from(format!("{}.mp3", airing.id.as_str().replace(':', "-")));
    if !failed {
        // All recordings share one sound.
        std::fs::hard_link(folder.join("sound.mp3"), folder.join(&file)).expect("a link");
    }
    let outcome = Outcome {
        verdict: one.verdict,
        seconds: if failed { 0.0 } else { heard },
        file: (!failed).then_some(file),
        bytes: (!failed).then_some(u64::from(one.length) * 16_000),
        gaps: one
            .gaps
            .iter()
            .map(|(start, length, cause)| Gap {
                start: at(*start),
                length: Duration::from_secs((*length).into()),
                cause: cause.clone(),
            })
            .collect(),
        measured: Measured {
            dead_air: one
                .dead_air
                .iter()
                .map(|(start, length)| DeadAir { start: at(*start), length: Duration::from_secs((*length).into()) })
                .collect(),
            peaks: (!failed).then(|| peaks(heard, one.id().as_str())),
            length: (!failed).then(|| Duration::from_secs_f64(heard)),
            ..Measured::default()
        },
        notes: vec![],
        tracks: Some(one.tracks.iter().map(|track| played(one.start, *track)).collect()),
        at: on_air.end,
    };
    assert!(catalogue.claim(&airing, one.title, on_air.start).await.expect("a claim"), "{}", airing.id);
    catalogue.finish(&airing.id, &outcome).await.expect("finished");
}

/// Returns a track of a recording that begins at `start`.
fn played(start: DateTime<Utc>, (at, seconds, text): (u32, u32, &str)) -> Track {
    let begins = start + TimeDelta::seconds(at.into());
    let on_air = Span::new(begins, begins + TimeDelta::seconds(seconds.into()));
    let [at, length] = [at, seconds].map(|seconds| Duration::from_secs(seconds.into()));
    Track { on_air, at, length, text: text.to_owned() }
}

/// Returns a waveform like that of speech and music, different for every `name`.
fn peaks(seconds: f64, name: &str) -> Peaks {
    let mut state =
        name.bytes().fold(0x9E37_79B9_u32, |state, byte| (state ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        f64::from(state % 1000) / 1000.0
    };
    let per_second = if seconds > 600.0 { 1.0 } else { 20.0 };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few thousand")]
    let count = (seconds * per_second) as usize;
    let mut scene = 0.5;
    let levels = (0..count).map(|place| {
        // Another piece begins.
        if place % 97 == 0 {
            scene = 0.25 + 0.65 * random();
        }
        let pause = if random() < 0.05 { 0.15 } else { 1.0 };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 255")]
        let level = ((scene * (0.6 + 0.4 * random()) * pause).clamp(0.0, 1.0) * 255.0) as u8;
        level
    });
    Peaks { per_second, levels: levels.collect() }
}

/// Returns a chord, as MP3.
fn sound() -> &'static [u8] {
    static SOUND: OnceLock<Vec<u8>> = OnceLock::new();
    SOUND.get_or_init(|| {
        let chord = format!("aevalsrc=0.2*sin(440*2*PI*t)+0.2*sin(554*2*PI*t):s=32000:d={SECONDS}");
        ffmpeg::run(&["-f", "lavfi", "-i", &chord, "-ac", "1", "-b:a", "32k", "-f", "mp3", "-"], &[])
    })
}
