//! Renditions of real sound by the real ffmpeg, as the service makes them.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::join_all;
use tempfile::TempDir;
use tokio::io::AsyncReadExt as _;
use tokio::sync::watch;

use super::encoder::{self, Encoder, Work};
use super::input::Input;
use super::layout::Layout;
use super::probe;
use super::shared::Renditions;
use crate::base::clock::SystemClock;
use crate::base::environment::Environment;
use crate::base::process::Invocation;
use crate::config::{Config, HlsRule};
use crate::copies::Copies;
use crate::library::catalogue::{Catalogue, Recording};
use crate::library::store::Store;
use crate::model::{Airing, AiringId, Measured, Outcome, ShowId, Span, StationId, Verdict};

/// How long the recordings are.
const LENGTH: Duration = Duration::from_millis(12_300);
/// Sound that is different everywhere: tones that rise and fall.
const SOUND: &str = "aevalsrc=0.2*sin(2*PI*(200+150*t)*t)+0.2*sin(2*PI*(900+310*t)*t)+0.1*sin(2*PI*(3000-100*t)*t)\
                     |0.3*sin(2*PI*(500+100*t)*t):d=12.3";
const BITS: u32 = 128_000;

async fn ffmpeg(args: &[&str]) -> Vec<u8> {
    let ffmpeg = Invocation::new("ffmpeg").args(["-nostdin", "-v", "error", "-y"]).args(args).with_stdout();
    let mut running = ffmpeg.spawn(&SystemClock::shared()).unwrap();
    let mut output = Vec::new();
    running.take_stdout().unwrap().read_to_end(&mut output).await.unwrap();
    assert!(running.wait().await.unwrap().success(), "{args:?}: {}", running.last_words());
    output
}

/// What ffmpeg plays of a file, the left channel at its own rate.
async fn played(file: &Path) -> Vec<f32> {
    let bytes = ffmpeg(&["-i", file.to_str().unwrap(), "-af", "pan=mono|c0=c0", "-f", "f32le", "pipe:1"]).await;
    bytes.as_chunks::<4>().0.iter().map(|four| f32::from_le_bytes(*four)).collect()
}

/// Encodes `layout` into one file by several encoders, each `until` this segment.
async fn encoded(file: &Path, layout: Layout, until: &[u32], target: &Path) {
    let mut bytes = encoder::initialisation(&layout, BITS);
    let mut first = 0;
    for end in until {
        let segments = std::mem::replace(&mut first, *end)..*end;
        let work = Work { input: Input::File(file.to_owned()), layout, bits: BITS, segments, behind_all: false };
        let mut encoder = Encoder::start(work, &SystemClock::shared()).unwrap();
        while let Some((_, segment)) = encoder.next().await.unwrap() {
            bytes.extend(segment);
        }
    }
    std::fs::write(target, bytes).unwrap();
}

/// The mean square of the difference of two stretches.
fn distance(one: &[f32], other: &[f32], stretch: std::ops::Range<usize>) -> f32 {
    let pairs = one[stretch.clone()].iter().zip(&other[stretch.clone()]);
    pairs.map(|(one, other)| (one - other).powi(2)).sum::<f32>() / stretch.len() as f32
}

#[tokio::test]
async fn a_part_from_the_middle_follows_the_one_before_it_as_if_one_encoder_had_made_both() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let clock = SystemClock::shared();
    let formats = [("48000", "a.mp3", "libmp3lame"), ("44100", "b.mp3", "libmp3lame"), ("48000", "c.ogg", "libvorbis")];
    for (rate, name, codec) in formats {
        let file = path(name);
        ffmpeg(&["-f", "lavfi", "-i", SOUND, "-ar", rate, "-c:a", codec, "-b:a", "192k", file.to_str().unwrap()]).await;
        let layout =
            probe::layout(&Input::File(file.clone()), Some(LENGTH), Duration::from_secs(2), &clock).await.unwrap();
        assert_eq!((layout.rate.to_string().as_str(), layout.channels), (rate, 2), "{name}");
        let (whole, parts, last) = (path("whole.mp4"), path("parts.mp4"), layout.segments());
        encoded(&file, layout, &[last], &whole).await;
        encoded(&file, layout, &[3, 4, last], &parts).await;
        let (original, whole, parts) = (played(&file).await, played(&whole).await, played(&parts).await);
        assert_eq!(whole.len(), parts.len(), "{name}");
        // ffmpeg also gives what the edit list says is not heard.
        let (whole, parts) = (&whole[1024..], &parts[1024..]);
        assert!(whole.len().abs_diff(original.len()) <= 1024, "{name}: {} of {}", whole.len(), original.len());
        // The first sample is where it was: another place would be another sound.
        let all = 0..original.len().min(whole.len());
        let usual = distance(&original, whole, all.clone());
        let shifted = distance(&original[1..], whole, 0..all.end - 1);
        assert!(usual * 2.0 < shifted, "{name}: {usual} beside {shifted} when shifted by one sample");
        for segment in [3, 4] {
            let seam = (0..segment).map(|before| layout.seconds_of(before)).sum::<f64>() * f64::from(layout.rate);
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few seconds of samples")]
            let around = seam as usize - 1024..seam as usize + 1024;
            let (one, other) = (distance(&original, whole, around.clone()), distance(&original, parts, around));
            // Without what comes before, it is a thousand times as much.
            assert!(other < one * 4.0, "{name}: {other} at the seam {segment}, and {one} without a seam");
        }
    }
}

/// A library with a recording for each of the names, and its renditions.
struct Library {
    folder: TempDir,
    catalogue: Catalogue,
    renditions: Renditions,
    environment: Environment,
    _config: watch::Sender<Arc<Config>>,
}

impl Library {
    /// `cache`: how many bytes are kept of renditions.
    async fn of(names: &[&str], cache: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("stations.yaml");
        let mut config =
            Config::parse("state: state\nstations:\n  s: { hls: 'http://127.0.0.1:9/' }\n", &file).unwrap();
        let rule = HlsRule { rates: vec![BITS, 64_000], segment: Duration::from_secs(2), cache, ahead: false };
        (config.hls, config.min_free) = (Some(rule), 1);
        std::fs::create_dir_all(&config.output).unwrap();
        let catalogue = Catalogue::open(config.state.join("catalogue.sqlite")).await.unwrap();
        for (hour, name) in names.iter().enumerate() {
            shelve(&catalogue, &config.output, name, i64::try_from(hour).unwrap()).await;
        }
        let store = Store::new(&config.output);
        let (told, heard) = watch::channel(Arc::new(config));
        let environment = Environment::system();
        let copies = Copies::new(environment.clone(), heard.clone(), catalogue.clone(), store.clone());
        let renditions = Renditions::open(environment.clone(), heard, (catalogue.clone(), store, copies)).await;
        Self { folder, catalogue, renditions, environment, _config: told }
    }

    async fn recording(&self, name: &str) -> Recording {
        let all = self.catalogue.list(&crate::library::catalogue::Filter::default()).await.unwrap();
        all.into_iter().find(|recording| recording.show.as_str() == name).unwrap()
    }

    fn kept(&self) -> PathBuf {
        self.folder.path().join("state/hls")
    }

    /// How many bytes of segments are on the disk.
    fn bytes(&self) -> u64 {
        fn of(folder: &Path) -> u64 {
            let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
            entries
                .map(|entry| match entry.metadata() {
                    Ok(file) if file.is_dir() => of(&entry.path()),
                    Ok(file) if entry.path().extension().is_some_and(|it| it == "m4s") => file.len(),
                    _ => 0,
                })
                .sum()
        }
        of(&self.kept())
    }

    /// Asks for a segment of `name`; returns its entity tag.
    async fn ask(&self, name: &str, bits: u32, number: u32) -> String {
        let rendered = self.renditions.of(&self.recording(name).await).await.unwrap().unwrap();
        rendered.segment(bits, number).await.unwrap().unwrap().etag().to_owned()
    }

    /// Waits until nothing is being made.
    async fn until_idle(&self) {
        while !self.renditions.shared.state().making.is_empty() {
            self.environment.clock.sleep(Duration::from_millis(10)).await;
        }
    }
}

async fn shelve(catalogue: &Catalogue, output: &Path, name: &str, hour: i64) {
    let file = output.join(format!("{name}.mp3"));
    ffmpeg(&["-f", "lavfi", "-i", SOUND, "-c:a", "libmp3lame", "-b:a", "128k", file.to_str().unwrap()]).await;
    let start = chrono::DateTime::UNIX_EPOCH + chrono::TimeDelta::hours(hour);
    let on_air = Span::new(start, start + chrono::TimeDelta::minutes(1));
    let airing = Airing {
        id: AiringId::derive(&ShowId::new(name), start),
        show: ShowId::new(name),
        station: StationId::new("s"),
        on_air,
        early: chrono::TimeDelta::zero(),
        late: chrono::TimeDelta::zero(),
        timezone: "UTC".parse().unwrap(),
    };
    let outcome = Outcome {
        verdict: Verdict::Complete,
        seconds: LENGTH.as_secs_f64(),
        file: Some(format!("{name}.mp3").into()),
        bytes: Some(1),
        gaps: vec![],
        measured: Measured { length: Some(LENGTH), ..Measured::default() },
        notes: vec![],
        tracks: None,
        at: on_air.end,
    };
    assert!(catalogue.claim(&airing, name, on_air.start).await.unwrap());
    catalogue.finish(&airing.id, &outcome).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_many_ask_for_at_once_is_made_once() {
    let library = Library::of(&["news"], 5 << 20).await;
    // All seven segments of one part, three times each.
    let asked = (0..21).map(|number| library.ask("news", BITS, number % 7));
    let tags = join_all(asked).await;
    for number in 0..7 {
        assert_eq!((&tags[number], &tags[number]), (&tags[number + 7], &tags[number + 14]), "{tags:?}");
    }
    library.until_idle().await;
    assert_eq!(library.ask("news", BITS, 3).await, tags[3], "it stays");
    let rendered = library.renditions.of(&library.recording("news").await).await.unwrap().unwrap();
    assert!(rendered.segment(BITS, 7).await.unwrap().is_none(), "there is no eighth");
    // Another process of the service finds it.
    let heard = library.renditions.shared.config.clone();
    let (store, copies) = (library.renditions.shared.store.clone(), library.renditions.shared.copies.clone());
    let again = Renditions::open(library.environment.clone(), heard, (library.catalogue.clone(), store, copies)).await;
    let again = again.of(&library.recording("news").await).await.unwrap().unwrap();
    assert_eq!(again.segment(BITS, 3).await.unwrap().unwrap().etag(), tags[3]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_cache_has_a_bound_and_what_was_heard_last_stays() {
    // One takes 200 kB, and room is made for more than it will take.
    let library = Library::of(&["a", "b", "c"], 600_000).await;
    let a = library.ask("a", BITS, 0).await;
    library.until_idle().await;
    let one = library.bytes();
    assert!((150_000..250_000).contains(&one), "{one}");
    let b = library.ask("b", BITS, 0).await;
    library.until_idle().await;
    assert_eq!(library.ask("a", BITS, 0).await, a, "it is heard again");
    for bits in [BITS, 64_000, BITS] {
        library.ask("c", bits, 6).await;
        library.until_idle().await;
        assert!(library.bytes() <= 600_000, "{}", library.bytes());
    }
    assert_eq!(library.ask("a", BITS, 0).await, a);
    assert_eq!(library.renditions.shared.state().cache.bytes(), library.bytes());
    assert_ne!(library.ask("b", BITS, 0).await, b, "it had to go, and is made again");
    library.until_idle().await;
    library.renditions.give_way(u64::MAX / 2).await;
    assert_eq!((library.bytes(), library.renditions.shared.state().cache.bytes()), (0, 0), "recordings go first");
    assert_eq!(library.renditions.shared.state().reserved, 0);
    library.ask("a", BITS, 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recording_that_is_deleted_or_replaced_takes_its_renditions_along() {
    let library = Library::of(&["a", "b", "c"], 5 << 20).await;
    for name in ["a", "b", "c"] {
        library.ask(name, BITS, 0).await;
    }
    library.until_idle().await;
    let all = library.bytes();
    library.renditions.clean().await;
    assert_eq!(library.bytes(), all, "nothing has changed");
    let (a, b) = (library.recording("a").await, library.recording("b").await);
    assert!(library.catalogue.begin_binning(&a.id, b.on_air.end).await.unwrap());
    // Cut again: another file has its name.
    let old = library.renditions.of(&b).await.unwrap().unwrap();
    let output = library.renditions.shared.config.borrow().output.clone();
    std::fs::copy(output.join("c.mp3"), output.join("b.new")).unwrap();
    std::fs::rename(output.join("b.new"), output.join("b.mp3")).unwrap();
    let new = library.renditions.of(&b).await.unwrap().unwrap();
    assert_ne!(old.version(), new.version());
    library.renditions.clean().await;
    let kept: Vec<_> = std::fs::read_dir(library.kept()).unwrap().flatten().collect();
    assert_eq!((kept.len(), library.bytes()), (1, all / 3), "{kept:?}");
    // Its file is moved away, or the share of the recordings: nobody can say whether it comes back.
    std::fs::rename(output.join("c.mp3"), output.join("away")).unwrap();
    library.renditions.clean().await;
    assert_eq!(library.bytes(), all / 3);
    assert!(library.renditions.of(&library.recording("c").await).await.unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_goes_away_before_it_is_begun_leaves_nothing_to_be_done() {
    let library = Library::of(&["news"], 5 << 20).await;
    let shared = Arc::clone(&library.renditions.shared);
    let turns = shared.asked.acquire_many(2).await.unwrap();
    let rendered = library.renditions.of(&library.recording("news").await).await.unwrap().unwrap();
    let mut asked = Box::pin(rendered.segment(BITS, 0));
    assert!(asked.as_mut().now_or_never().is_none());
    assert_eq!(shared.state().making.len(), 1);
    drop(asked);
    drop(turns);
    library.until_idle().await;
    assert_eq!((library.bytes(), shared.state().reserved), (0, 0));
    assert!(rendered.segment(BITS, 0).await.unwrap().is_some(), "it is made when somebody asks again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_lost_its_bytes_with_the_power_and_what_is_no_sound_are_not_handed_out() {
    let library = Library::of(&["news", "text"], 5 << 20).await;
    let whole = library.ask("news", BITS, 1).await;
    library.until_idle().await;
    let version = std::fs::read_dir(library.kept()).unwrap().flatten().next().unwrap().path();
    std::fs::write(version.join("128k/0/1.m4s"), "").unwrap();
    assert_ne!(library.ask("news", BITS, 1).await, whole);
    let output = library.renditions.shared.config.borrow().output.clone();
    std::fs::write(output.join("text.mp3"), "this is no sound").unwrap();
    let error = library.renditions.of(&library.recording("text").await).await.unwrap_err().to_string();
    assert!(error.contains("text.mp3 cannot be read as sound"), "{error}");
    // It says that it is long, and ends early.
    let source = output.join("news.mp3");
    let bytes = std::fs::read(&source).unwrap();
    std::fs::write(&source, &bytes[..bytes.len() / 3]).unwrap();
    let rendered = library.renditions.of(&library.recording("news").await).await.unwrap().unwrap();
    assert!(rendered.segment(BITS, 0).await.unwrap().is_some());
    let error = rendered.segment(BITS, 6).await.unwrap_err().to_string();
    assert!(error.contains("there is less sound in it than it says"), "{error}");
    library.until_idle().await;
    assert!(!library.kept().join(rendered.version()).join("128k/0").exists());
}
