//! A surveyor of tapes that are written here, with the real ffmpeg.

use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta};
use tempfile::TempDir;

use super::*;
use crate::account::testing::tone;
use crate::base::clock::Clock as _;
use crate::base::clock::simulated::SimulatedClock;
use crate::model::{Cause, CauseKind, Chunk, Container, Format, Levels, MediaEvent, Stretch};
use crate::tape::Seals;

/// A surveyor of the stations `always` and `seldom`, the first of which is always on tape.
struct Bench {
    surveyor: Surveyor,
    config: Config,
    clock: Arc<SimulatedClock>,
    folder: TempDir,
}

/// A configuration in which `more` are the other keys of the station `always`.
fn config(more: &str) -> Config {
    let text = format!(
        "timezone: UTC\ndead_air: {{ longer_than: 5s }}\nstations:\n  \
         always: {{ icecast: \"http://127.0.0.1:9/a\"{more} }}\n  \
         seldom: {{ icecast: \"http://127.0.0.1:9/s\" }}\nshows: []\n"
    );
    Config::parse(&text, Path::new("stations.yaml")).unwrap()
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = SimulatedClock::at(DateTime::UNIX_EPOCH + TimeDelta::days(20_000));
        let config = config(", tape: 42d");
        let environment = Environment { clock: clock.clone(), ..Environment::system() };
        let decks = Decks::new(environment, folder.path().to_owned());
        let surveyor = Surveyor { decks, clock: clock.clone(), stations: HashMap::new(), in_the_way: false };
        Self { surveyor, config, clock, folder }
    }

    async fn tape(&self, station: &str) -> Tape {
        self.surveyor.decks.tape(self.config.station(&StationId::new(station)).unwrap()).await.unwrap()
    }

    /// Puts a reel of `events` on the tape of `station`, which arrive now. Returns its sound file.
    async fn reel(&self, station: &str, events: Vec<MediaEvent>) -> PathBuf {
        let (tape, now) = (self.tape(station).await, self.clock.now());
        let format = Format { container: Container::Adts, detail: "aac".to_owned(), init: None };
        for event in std::iter::once(MediaEvent::Format(format)).chain(events) {
            self.surveyor.decks.write(&tape, event, now).await.unwrap();
        }
        tape.end_reel(None, now).unwrap();
        tape.ended_since(0).last().unwrap().path()
    }

    /// Four seconds of what is no sound.
    fn noise(&self) -> MediaEvent {
        MediaEvent::Chunk(Chunk::new(vec![7; 4_000], Duration::from_secs(4), self.clock.now()))
    }

    async fn look(&mut self) -> Option<Duration> {
        self.surveyor.look(&self.config).await
    }

    /// Looks until there is nothing to do.
    async fn rest(&mut self) -> Option<Duration> {
        for _ in 0..9 {
            let pause = self.look().await;
            if pause != Some(Duration::ZERO) {
                return pause;
            }
        }
        panic!("it never rests");
    }

    /// How many reels of `station` are sealed.
    fn sealed(&self, station: &str) -> usize {
        Seals::read(&self.folder.path().join(station)).unwrap().kept().count()
    }

    /// How many reels of `station` have levels.
    fn levels(&self, station: &str) -> usize {
        levels::present(&self.folder.path().join(station)).len()
    }
}

fn is_near(duration: Duration, seconds: f64) -> bool {
    (duration.as_secs_f64() - seconds).abs() < 0.1
}

#[tokio::test]
async fn a_reel_that_has_ended_gets_its_levels_and_dead_air_whatever_is_missing_in_it() {
    let mut bench = Bench::new();
    assert_eq!(bench.look().await, Some(LOOK_SOON), "the tape is not open yet");
    let mut events: Vec<_> = tone(bench.clock.now()).await.into_iter().map(MediaEvent::Chunk).collect();
    let (arrived, cause) = (bench.clock.now(), Cause::new(CauseKind::Segment, "lost"));
    if let MediaEvent::Chunk(chunk) = &mut events[10] {
        (chunk.discontinuity, chunk.follows) = (true, false);
    }
    let (duration, programme_time) = (Duration::from_secs(7), None);
    let lost = MediaEvent::Gap { duration, arrived, programme_time, discontinuity: false, follows: true, cause };
    events.insert(10, lost);
    let sound_file = bench.reel("always", events).await;
    bench.reel("seldom", vec![bench.noise()]).await;

    assert_eq!(bench.look().await, Some(Duration::ZERO));
    let Levels { length, peaks, loudness, silent, undecoded } = levels::read(&sound_file).unwrap();
    assert!(is_near(length, 30.0), "{length:?}");
    assert_eq!(peaks.len(), 31, "one for each second, and for the rest: {peaks:?}");
    let loud = |peaks: &[u8]| peaks.iter().all(|peak| (115..=140).contains(peak));
    assert!(loud(&peaks[..9]) && loud(&peaks[19..30]), "{peaks:?}");
    assert!(peaks[9..18].iter().all(|peak| *peak <= 1), "{peaks:?}");
    assert!(matches!(loudness[..], [Some(loudness)] if (-9.0..-5.0).contains(&loudness)), "{loudness:?}");
    let [Stretch { at, length }] = silent[..] else { panic!("{silent:?}") };
    assert!(is_near(at, 8.5) && is_near(length, 10.0), "{silent:?}");
    assert_eq!(undecoded, []);
    assert_eq!(bench.rest().await, Some(LOOK_EVERY));
    assert_eq!(bench.levels("seldom"), 0, "nobody has asked for those");
    assert_eq!((bench.sealed("always"), bench.sealed("seldom")), (1, 0));
}

#[tokio::test]
async fn the_newest_reel_comes_first_and_one_that_cannot_be_decoded_is_decoded_once() {
    let mut bench = Bench::new();
    let old = bench.reel("always", vec![bench.noise()]).await;
    bench.clock.advance(Duration::from_hours(1)).await;
    let new = bench.reel("always", vec![bench.noise(), bench.noise()]).await;
    assert_eq!(bench.look().await, Some(Duration::ZERO));
    assert_eq!(levels::read(&old), None, "it has to wait");
    let levels = levels::read(&new).unwrap();
    assert_eq!((levels.length, &levels.peaks[..], levels.silent), (Duration::from_secs(8), &[0; 8][..], Vec::new()));
    let [(lost, cause)] = &levels.undecoded[..] else { panic!("{:?}", levels.undecoded) };
    assert_eq!((*lost, cause.kind), (Stretch { at: Duration::ZERO, length: levels.length }, CauseKind::Decoding));
    assert_eq!(bench.look().await, Some(Duration::ZERO));
    assert!(levels::read(&old).is_some());
    assert_eq!(bench.rest().await, Some(LOOK_EVERY));

    // After a restart.
    bench.surveyor.stations.clear();
    bench.clock.advance(Duration::from_hours(1)).await;
    let newest = bench.reel("always", vec![bench.noise()]).await;
    assert_eq!(bench.look().await, Some(Duration::ZERO));
    assert!(levels::read(&newest).is_some());
    assert_eq!(bench.rest().await, Some(LOOK_EVERY), "the others have theirs");
    let (_, placed) = levels::read_placed(&newest).unwrap();
    assert_eq!(placed.map(|placed| (placed.runs.len(), placed.is_current(&newest))), Some((1, true)));
}

#[tokio::test]
async fn levels_that_cannot_be_kept_are_computed_again_later_and_a_reel_without_an_index_is_left_out() {
    let mut bench = Bench::new();
    let without_index = bench.reel("always", vec![bench.noise()]).await;
    bench.clock.advance(Duration::from_hours(1)).await;
    let refused = bench.reel("always", vec![bench.noise()]).await;
    std::fs::remove_file(without_index.with_extension("m3u8")).unwrap();
    // No file can be made under the name of a folder.
    let in_the_way = refused.with_extension(levels::UNFINISHED);
    std::fs::create_dir(&in_the_way).unwrap();
    assert_eq!(bench.look().await, Some(PAUSE));
    assert_eq!(bench.look().await, Some(PAUSE), "and nothing else is tried before");
    std::fs::remove_dir(&in_the_way).unwrap();
    assert_eq!(bench.look().await, Some(Duration::ZERO));
    assert!(levels::read(&refused).is_some());
    assert_eq!(bench.look().await, Some(Duration::ZERO));
    assert_eq!(bench.rest().await, Some(LOOK_EVERY));
    assert_eq!((bench.levels("always"), bench.sealed("always")), (1, 1));
}

#[tokio::test]
async fn nothing_is_done_if_no_station_is_always_on_tape() {
    let mut bench = Bench::new();
    bench.config = config("");
    bench.reel("always", vec![bench.noise()]).await;
    assert_eq!(bench.look().await, None);
    assert_eq!(bench.levels("always"), 0);
}
