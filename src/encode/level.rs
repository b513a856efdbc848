//! How loud a station is, for a meter that moves during the recording.
//!
//! One decoder gets the stretches of tape as they come and gives samples back for as long as somebody looks.
//!
//! Invariants:
//! - a meter has one decoder at most, and starts one at most every [`PAUSE`], whatever the sound is like. So while the
//!   sound stays in one format, a meter starts no process;
//! - a decoder that dies or hangs is told of, and followed by another one;
//! - what the decoder is too slow for is left out, so that a meter holds little and never lags far behind;
//! - a meter that is dropped leaves nothing.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::process::ChildStdin;
use tokio::sync::mpsc;
use tokio_util::sync::DropGuard;
use tracing::{debug, warn};

use super::decoder::{Decoder, Samples};
use super::error::EncodeError;
use super::feed::{frames_of, write};
use crate::base::blocking::blocking;
use crate::base::clock::SharedClock;
use crate::base::environment::Environment;
use crate::config::Encoding;
use crate::model::{AsCause as _, Cause, Codec, StationId};
use crate::tape::Sound;

/// The format that is decoded to: good enough for a meter.
const COARSE: Encoding = Encoding { codec: Codec::Mp3, bitrate: 32_000, channels: 1, sample_rate: 8_000, quality: 9 };
/// Samples of a level: a tenth of a second.
const TENTH: usize = 800;
/// The most levels that are held for whoever looks: a minute.
const MOST: usize = 600;
/// The most stretches that wait for the decoder.
const QUEUE: usize = 16;
/// A decoder that has got sound and gives nothing back for this long hangs.
const HANGS_AFTER: Duration = Duration::from_secs(20);
/// A decoder is started this long after the one before it, or later.
const PAUSE: Duration = Duration::from_secs(30);

/// A meter of one station.
#[derive(Debug)]
pub struct LevelMeter {
    sounds: mpsc::Sender<Sound>,
    measured: Arc<Mutex<Measured>>,
    _stop: DropGuard,
}

/// What is known of the sound.
#[derive(Debug, Default)]
struct Measured {
    /// What nobody has looked at yet.
    fresh: Vec<f32>,
    /// What was looked at last.
    shown: Vec<f32>,
    /// How many decoders have failed since there was a level.
    failures: u32,
}

impl LevelMeter {
    /// A meter of `station`, whose decoder starts with the first stretch.
    pub fn start(station: StationId, environment: &Environment) -> Self {
        let (sender, sounds) = mpsc::channel(QUEUE);
        let measured = Arc::<Mutex<Measured>>::default();
        let stop = environment.stop.child_token();
        let measuring = measure(station, sounds, Arc::clone(&measured), Arc::clone(&environment.clock));
        let ending = stop.clone();
        environment.tasks.spawn(async move { ending.run_until_cancelled(measuring).await });
        Self { sounds: sender, measured, _stop: stop.drop_guard() }
    }

    /// Hands on the next stretch of tape; too many at once are left out.
    pub fn hear(&self, sound: Sound) {
        let _ = self.sounds.try_send(sound);
    }

    /// The loudest sample of each tenth of a second that was decoded since the last call, 1.0 being full scale. If that
    /// is none, what the last call gave; empty if nothing can be decoded.
    pub fn levels(&self) -> Vec<f32> {
        let mut measured = lock(&self.measured);
        if !measured.fresh.is_empty() {
            measured.shown = std::mem::take(&mut measured.fresh);
        }
        measured.shown.clone()
    }
}

fn lock(measured: &Mutex<Measured>) -> MutexGuard<'_, Measured> {
    measured.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Measures what comes, by one decoder after another.
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
            Ok(other) => Some(other),
            Err(cause) => {
                let failures = lock(&measured).failures + 1;
                *lock(&measured) = Measured { failures, ..Measured::default() };
                if failures == 1 {
                    warn!(%station, %cause, "its level cannot be measured; trying again");
                } else {
                    debug!(%station, %cause, failures, "its level still cannot be measured");
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

/// Has `first` and what follows decoded. Returns the first stretch that takes another decoder.
async fn decode(
    first: Sound,
    sounds: &mut mpsc::Receiver<Sound>,
    measured: &Mutex<Measured>,
    clock: &SharedClock,
) -> Result<Sound, Cause> {
    let failed = |error: EncodeError| error.as_cause();
    let (mut decoder, input, mut samples) = Decoder::start_live(&first.reel, COARSE, clock).map_err(failed)?;
    let owes = AtomicBool::new(false);
    let ended = tokio::select! {
        poured = pour(first, sounds, input, &owes, clock) => poured,
        heard = hear(&mut samples, measured, &owes, clock) => heard.map(|()| None),
    };
    match ended {
        Ok(Some(other)) => {
            decoder.stop().await;
            Ok(other)
        }
        Ok(None) => Err(decoder.finish().await),
        Err(error) => {
            decoder.stop().await;
            Err(failed(error))
        }
    }
}

/// Pours `sound` and what follows into a decoder, which `owes` samples for it. Returns the first stretch that takes
/// another decoder; `None` if this one takes no more.
async fn pour(
    mut sound: Sound,
    sounds: &mut mpsc::Receiver<Sound>,
    input: Option<ChildStdin>,
    owes: &AtomicBool,
    clock: &SharedClock,
) -> Result<Option<Sound>, EncodeError> {
    let Some(mut input) = input else { return Ok(None) };
    let reel = Arc::clone(&sound.reel);
    let of_init = Arc::clone(&reel);
    let init = blocking(move || of_init.read_init()).await?;
    let mut takes = write(&mut input, &init, clock).await?;
    while takes {
        let bytes = blocking(move || sound.read()).await?;
        owes.store(true, Ordering::Relaxed);
        takes = write(&mut input, frames_of(&bytes, reel.container), clock).await?;
        match sounds.recv().await {
            Some(next) if next.reel.continues(&reel) => sound = next,
            other => return Ok(other),
        }
    }
    Ok(None)
}

/// Measures what a decoder gives back, until its end.
async fn hear(
    samples: &mut Samples,
    measured: &Mutex<Measured>,
    owes: &AtomicBool,
    clock: &SharedClock,
) -> Result<(), EncodeError> {
    let mut heard = Vec::new();
    loop {
        let Ok(more) = clock.timeout(HANGS_AFTER, samples.next_frames(u64::MAX)).await else {
            if owes.load(Ordering::Relaxed) {
                return Err(EncodeError::DecoderHangs { seconds: HANGS_AFTER.as_secs() });
            }
            // The station is silent.
            continue;
        };
        let Some(more) = more? else { return Ok(()) };
        owes.store(false, Ordering::Relaxed);
        let (samples, _) = more.as_chunks::<4>();
        heard.extend(samples.iter().map(|sample| f32::from_le_bytes(*sample).abs()));
        let whole = heard.len() - heard.len() % TENTH;
        let mut measured = lock(measured);
        measured.failures = 0;
        measured.fresh.extend(heard.chunks_exact(TENTH).map(loudest));
        heard.drain(..whole);
        let surplus = measured.fresh.len().saturating_sub(MOST);
        measured.fresh.drain(..surplus);
    }
}

fn loudest(part: &[f32]) -> f32 {
    part.iter().copied().filter(|level| level.is_finite()).fold(0.0, f32::max).min(1.0)
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

    /// Two seconds at half of full scale, two of silence.
    const SOUND: &str = "-nostdin -v error -f lavfi -i aevalsrc=0.5*sin(2*PI*440*t)*lt(t\\,2):d=4:s=48000 \
                         -c:a libmp3lame -b:a 128k -write_xing 0 -id3v2_version 0 -f mp3 pipe:1";
    /// More than any machine needs.
    const PATIENCE: Duration = Duration::from_secs(60);

    /// A meter, its clock, which stands still however long the decoder takes, and a folder for reels.
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

        /// A reel of `bytes`, as one stretch.
        fn reel(&self, name: &str, container: Container, bytes: &[u8]) -> Sound {
            let path = self.folder.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            let reel = Arc::new(Reel { path, container, detail: String::new(), init: 0 });
            Sound { reel, offset: 0, length: bytes.len() as u64 }
        }

        async fn until(&self, what: &str, condition: impl Fn(&Measured) -> bool) {
            let system = SystemClock::shared();
            while !condition(&lock(&self.meter.measured)) {
                assert!(system.monotonic() < PATIENCE, "{what}: {:?}", self.meter.measured);
                system.sleep(Duration::from_millis(10)).await;
            }
        }

        /// Drops the meter. All that it had started ends.
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
    async fn the_meter_shows_the_level_of_what_it_gets() {
        let bench = Bench::new();
        let whole = bench.reel("a", Container::Mp3, &mp3().await);
        for part in 0..4 {
            bench.meter.hear(Sound { offset: whole.length / 4 * part, length: whole.length / 4, ..whole.clone() });
        }
        // The last frames wait in the decoder for those that follow.
        bench.until("levels", |measured| measured.fresh.len() >= 37).await;
        let levels = bench.meter.levels();
        assert!((37..=42).contains(&levels.len()), "{levels:?}");
        assert!(levels[1..19].iter().all(|level| (0.4..0.6).contains(level)), "{levels:?}");
        assert!(levels[22..37].iter().all(|level| *level < 0.01), "{levels:?}");
        assert_eq!(bench.meter.levels(), levels, "nothing came since");
        bench.end().await;
    }

    #[tokio::test]
    async fn a_decoder_that_dies_or_hangs_is_followed_by_another_after_a_pause() {
        let bench = Bench::new();
        // ffmpeg gives this up at once, and looks for a frame in that for as long as it comes.
        let deadly = bench.reel("dies", Container::Wav, &[7; 4096]);
        let useless = bench.reel("hangs", Container::Mp3, &[7; 4096]);
        bench.meter.hear(deadly.clone());
        bench.until("one died", |measured| measured.failures == 1).await;
        for _ in 0..2 * QUEUE {
            bench.meter.hear(deadly.clone());
        }
        bench.clock.advance(PAUSE / 2).await;
        assert_eq!(bench.meter.sounds.capacity(), 0, "it pauses, and takes nothing");
        bench.clock.advance(PAUSE / 2).await;
        bench.until("another died", |measured| measured.failures == 2).await;

        bench.clock.advance(PAUSE).await;
        bench.meter.hear(useless);
        let system = SystemClock::shared();
        while lock(&bench.meter.measured).failures < 3 {
            assert!(system.monotonic() < PATIENCE, "one hangs for ever");
            system.sleep(Duration::from_millis(10)).await;
            bench.clock.advance(Duration::from_secs(1)).await;
        }
        assert_eq!(bench.meter.levels(), Vec::<f32>::new());

        bench.clock.advance(PAUSE).await;
        bench.meter.hear(bench.reel("good", Container::Mp3, &mp3().await));
        bench.until("levels", |measured| measured.fresh.len() >= 30 && measured.failures == 0).await;
        bench.end().await;
    }
}
