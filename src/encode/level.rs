//! The level meter: measures how loud a station is while somebody looks.
//!
//! One decoder gets the stretches of tape as they come, and returns samples.
//!
//! Invariants:
//! - a meter has at most one decoder, and starts at most one in [`PAUSE`]. While the sound stays in one format, it
//!   starts no further process;
//! - a decoder that dies or hangs is logged and replaced;
//! - stretches that come too fast for the decoder are skipped, so that a meter needs little memory and never lags far
//!   behind;
//! - dropping a meter ends its task and its decoder.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::DropGuard;
use tracing::{debug, warn};

use super::decoder::{Decoder, Input, Samples};
use super::error::EncodeError;
use super::feed::{frames_of, write};
use crate::base::blocking::blocking;
use crate::base::clock::SharedClock;
use crate::base::environment::Environment;
use crate::config::Encoding;
use crate::model::{AsCause as _, Cause, Codec, StationId};
use crate::tape::Sound;

/// The format of the samples: low, but good enough for a meter.
const COARSE: Encoding =
    Encoding { codec: Codec::Mp3, bitrate: 32_000, channels: 1, sample_rate: 8_000, quality: 9, original: false };
/// How many samples make one level: a tenth of a second.
const SAMPLES_PER_LEVEL: usize = 800;
/// The greatest number of levels that wait for somebody who looks: a minute.
const MOST_LEVELS: usize = 600;
/// The greatest number of stretches that wait for the decoder.
const QUEUE: usize = 16;
/// How long after it got sound a decoder that returns no samples counts as hanging.
const HANGS_AFTER: Duration = Duration::from_secs(20);
/// The least time between the starts of two decoders.
const PAUSE: Duration = Duration::from_secs(30);

/// The level meter of one station.
#[derive(Debug)]
pub struct LevelMeter {
    sounds: mpsc::Sender<Sound>,
    measured: Arc<Mutex<Measured>>,
    _stop: DropGuard,
}

/// The levels of the sound.
#[derive(Debug, Default)]
struct Measured {
    /// The levels since the last call of [`LevelMeter::look`].
    fresh: Vec<f32>,
    /// The levels that the last look found.
    shown: Vec<f32>,
    /// How many decoders have failed since the last level.
    failures: u32,
}

impl LevelMeter {
    /// Starts the meter of `station`. Its decoder starts with the first stretch.
    pub fn start(station: StationId, environment: &Environment) -> Self {
        let (sender, sounds) = mpsc::channel(QUEUE);
        let measured = Arc::<Mutex<Measured>>::default();
        let stop = environment.stop.child_token();
        let measuring = measure(station, sounds, Arc::clone(&measured), Arc::clone(&environment.clock));
        let ending = stop.clone();
        environment.spawn(async move { ending.run_until_cancelled(measuring).await });
        Self { sounds: sender, measured, _stop: stop.drop_guard() }
    }

    /// Measures the next stretch of tape. Skips it if too many wait already.
    pub fn push(&self, sound: Sound) {
        let _ = self.sounds.try_send(sound);
    }

    /// Takes what was decoded since the last look as the [`levels`](Self::levels). They stay if nothing was decoded.
    pub fn look(&self) {
        let mut measured = lock(&self.measured);
        if !measured.fresh.is_empty() {
            measured.shown = std::mem::take(&mut measured.fresh);
        }
    }

    /// Returns the loudest sample of each tenth of a second that the last [look](Self::look) found; 1.0 is full scale.
    /// Empty if nothing can be decoded.
    pub fn levels(&self) -> Vec<f32> {
        lock(&self.measured).shown.clone()
    }
}

fn lock(measured: &Mutex<Measured>) -> MutexGuard<'_, Measured> {
    measured.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Measures the stretches that come, by one decoder after another.
async fn measure(
    station: StationId,
    mut sounds: mpsc::Receiver<Sound>,
    measured: Arc<Mutex<Measured>>,
    clock: SharedClock,
) {
    let mut next = sounds.recv().await;
    while let Some(first) = next {
        let started = clock.monotonic();
        next = match decode(first, &mut sounds, &measured, &clock).await {
            Ok(next) => Some(next),
            Err(cause) => {
                let failures = lock(&measured).failures + 1;
                *lock(&measured) = Measured { failures, ..Measured::default() };
                if failures == 1 {
                    warn!(%station, %cause, "the level of a station cannot be measured; trying again");
                } else {
                    debug!(%station, %cause, failures, "the level of a station still cannot be measured");
                }
                None
            }
        };
        clock.sleep((started + PAUSE).saturating_sub(clock.monotonic())).await;
        while let Ok(newer) = sounds.try_recv() {
            next = Some(newer);
        }
        if next.is_none() {
            next = sounds.recv().await;
        }
    }
}

/// Decodes `first` and what follows. Returns the first stretch that needs another decoder.
async fn decode(
    first: Sound,
    sounds: &mut mpsc::Receiver<Sound>,
    measured: &Mutex<Measured>,
    clock: &SharedClock,
) -> Result<Sound, Cause> {
    let failed = |error: EncodeError| error.as_cause();
    let (mut decoder, input, mut samples) = Decoder::start_live(&first.reel, COARSE, clock).map_err(failed)?;
    let samples_due = AtomicBool::new(false);
    let ended = tokio::select! {
        poured = pour(first, sounds, input, &samples_due) => poured,
        read = read_levels(&mut samples, measured, &samples_due) => read.map(|()| None),
    };
    match ended {
        Ok(Some(next)) => {
            decoder.stop().await;
            Ok(next)
        }
        Ok(None) => Err(decoder.finish().await),
        Err(error) => {
            decoder.stop().await;
            Err(failed(error))
        }
    }
}

/// Pours `sound` and what follows into a decoder, and sets `samples_due` each time. Returns the first stretch that
/// needs another decoder; `None` if this decoder accepts no more.
async fn pour(
    mut sound: Sound,
    sounds: &mut mpsc::Receiver<Sound>,
    input: Option<Input>,
    samples_due: &AtomicBool,
) -> Result<Option<Sound>, EncodeError> {
    let Some(mut input) = input else { return Ok(None) };
    let reel = Arc::clone(&sound.reel);
    let init_reel = Arc::clone(&reel);
    let init = blocking(move || init_reel.read_init()).await?;
    let mut accepts = write(&mut input, &init).await?;
    while accepts {
        let bytes = blocking(move || sound.read()).await?;
        samples_due.store(true, Ordering::Relaxed);
        accepts = write(&mut input, frames_of(&bytes, reel.container)).await?;
        match sounds.recv().await {
            Some(next) if next.reel.continues(&reel) => sound = next,
            other => return Ok(other),
        }
    }
    Ok(None)
}

/// Measures the samples of a decoder until its end, and clears `samples_due`. Fails if samples are due for too long.
async fn read_levels(
    samples: &mut Samples,
    measured: &Mutex<Measured>,
    samples_due: &AtomicBool,
) -> Result<(), EncodeError> {
    let pulse = samples.pulse().clone();
    let mut unmeasured = Vec::new();
    loop {
        let Ok(more) = pulse.within(HANGS_AFTER, samples.next_frames(u64::MAX)).await else {
            if samples_due.load(Ordering::Relaxed) {
                return Err(EncodeError::DecoderHangs { seconds: HANGS_AFTER.as_secs() });
            }
            // No sound comes from the station.
            continue;
        };
        let Some(more) = more? else { return Ok(()) };
        samples_due.store(false, Ordering::Relaxed);
        let (samples, _) = more.as_chunks::<4>();
        unmeasured.extend(samples.iter().map(|sample| f32::from_le_bytes(*sample).abs()));
        let whole = unmeasured.len() - unmeasured.len() % SAMPLES_PER_LEVEL;
        let mut measured = lock(measured);
        measured.failures = 0;
        measured.fresh.extend(unmeasured.chunks_exact(SAMPLES_PER_LEVEL).map(loudest));
        unmeasured.drain(..whole);
        let surplus = measured.fresh.len().saturating_sub(MOST_LEVELS);
        measured.fresh.drain(..surplus);
    }
}

fn loudest(samples: &[f32]) -> f32 {
    samples.iter().copied().filter(|level| level.is_finite()).fold(0.0, f32::max).min(1.0)
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use tempfile::TempDir;
    use tokio::io::AsyncReadExt as _;

    use super::*;
    use crate::base::clock::SystemClock;
    use crate::base::clock::simulated::SimulatedClock;
    use crate::base::process::Invocation;
    use crate::model::Container;
    use crate::tape::Reel;

    /// The options of ffmpeg for two seconds at half of full scale and two seconds of silence.
    const SOUND: &str = "-nostdin -v error -f lavfi -i aevalsrc=0.5*sin(2*PI*440*t)*lt(t\\,2):d=4:s=48000 \
                         -c:a libmp3lame -b:a 128k -write_xing 0 -id3v2_version 0 -f mp3 pipe:1";
    /// How long the test waits before it fails.
    const PATIENCE: Duration = Duration::from_secs(60);

    /// A meter, its simulated clock, which stands still while the decoder works, and a folder for reels.
    struct Bench {
        clock: Arc<SimulatedClock>,
        environment: Environment,
        meter: LevelMeter,
        folder: TempDir,
    }

    impl Bench {
        fn new() -> Self {
            let clock = SimulatedClock::at(DateTime::UNIX_EPOCH);
            let environment = Environment { clock: clock.clone(), ..Environment::system() };
            let meter = LevelMeter::start(StationId::new("s"), &environment);
            Self { clock, environment, meter, folder: tempfile::tempdir().unwrap() }
        }

        /// Writes a reel of `bytes`. Returns all of it as one stretch.
        fn reel(&self, name: &str, container: Container, bytes: &[u8]) -> Sound {
            let path = self.folder.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            let reel = Arc::new(Reel { path, container, detail: String::new(), init: 0, head: None });
            Sound { reel, offset: 0, length: bytes.len() as u64 }
        }

        async fn until(&self, what: &str, condition: impl Fn(&Measured) -> bool) {
            let system = SystemClock::shared();
            while !condition(&lock(&self.meter.measured)) {
                assert!(system.monotonic() < PATIENCE, "{what}: {:?}", self.meter.measured);
                system.sleep(Duration::from_millis(10)).await;
            }
        }

        /// Drops the meter, and waits until everything that it has started ends.
        async fn end(self) {
            drop(self.meter);
            self.environment.tasks.close();
            self.environment.tasks.wait().await;
        }
    }

    async fn mp3() -> Vec<u8> {
        let clock = SystemClock::shared();
        let mut ffmpeg = Invocation::new("ffmpeg").args(SOUND.split_whitespace()).with_stdout().spawn(&clock).unwrap();
        let mut bytes = Vec::new();
        ffmpeg.take_stdout().unwrap().read_to_end(&mut bytes).await.unwrap();
        bytes
    }

    #[tokio::test]
    async fn a_meter_returns_the_levels_of_the_sound_that_it_gets() {
        let bench = Bench::new();
        let whole = bench.reel("a", Container::Mp3, &mp3().await);
        for part in 0..4 {
            bench.meter.push(Sound { offset: whole.length / 4 * part, length: whole.length / 4, ..whole.clone() });
        }
        // The decoder holds the last frames until more follow.
        bench.until("levels", |measured| measured.fresh.len() >= 37).await;
        assert_eq!(bench.meter.levels(), Vec::<f32>::new(), "nobody has looked yet");
        bench.meter.look();
        let levels = bench.meter.levels();
        assert!((37..=42).contains(&levels.len()), "{levels:?}");
        assert!(levels[1..19].iter().all(|level| (0.4..0.6).contains(level)), "{levels:?}");
        assert!(levels[22..37].iter().all(|level| *level < 0.01), "{levels:?}");
        bench.meter.look();
        assert_eq!(bench.meter.levels(), levels, "no sound has come since");
        bench.end().await;
    }

    #[tokio::test]
    async fn a_decoder_that_dies_or_hangs_is_followed_by_another_after_a_pause() {
        let bench = Bench::new();
        // ffmpeg rejects invalid WAV at once, and searches invalid MP3 for a frame without end.
        let fatal = bench.reel("dies", Container::Wav, &[7; 4096]);
        let endless = bench.reel("hangs", Container::Mp3, &[7; 4096]);
        bench.meter.push(fatal.clone());
        bench.until("one decoder died", |measured| measured.failures == 1).await;
        for _ in 0..2 * QUEUE {
            bench.meter.push(fatal.clone());
        }
        bench.clock.advance(PAUSE / 2).await;
        assert_eq!(bench.meter.sounds.capacity(), 0, "the meter pauses and reads nothing");
        bench.clock.advance(PAUSE / 2).await;
        bench.until("another decoder died", |measured| measured.failures == 2).await;

        bench.clock.advance(PAUSE).await;
        bench.meter.push(endless);
        let system = SystemClock::shared();
        while lock(&bench.meter.measured).failures < 3 {
            assert!(system.monotonic() < PATIENCE, "the decoder hangs and is not replaced");
            system.sleep(Duration::from_millis(10)).await;
            bench.clock.advance(Duration::from_secs(1)).await;
        }
        bench.meter.look();
        assert_eq!(bench.meter.levels(), Vec::<f32>::new());

        bench.clock.advance(PAUSE).await;
        bench.meter.push(bench.reel("good", Container::Mp3, &mp3().await));
        bench.until("levels", |measured| measured.fresh.len() >= 30 && measured.failures == 0).await;
        bench.end().await;
    }
}
