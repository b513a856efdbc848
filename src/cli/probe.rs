//! `aircheck check --probe`: reach every station and tape 3 seconds of it.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use serde::Serialize;

use super::logging;
use super::runtime::block_on;
use crate::base::clock::Clock;
use crate::base::environment::Environment;
use crate::config::{Config, Station};
use crate::deck::Decks;
use crate::model::Span;
use crate::tape::Tape;

/// How much is taped.
const ENOUGH: Duration = Duration::from_secs(3);
/// How long a station may take to give it.
const PATIENCE: Duration = Duration::from_secs(30);

/// What became of one station.
#[derive(Debug, Serialize)]
pub(super) struct Probed {
    /// The station.
    pub station: String,
    /// Whether it gave enough.
    pub ok: bool,
    /// Seconds on tape.
    pub seconds: f64,
    /// The format in words.
    pub format: Option<String>,
    /// Bits per second.
    pub bitrate: Option<f64>,
    /// What went wrong.
    pub trouble: Option<String>,
}

impl Probed {
    /// The result for people.
    pub(super) fn row(&self) -> [String; 3] {
        let sound = self
            .format
            .as_ref()
            .zip(self.bitrate)
            .map(|(format, bits)| format!("{:.1} s on tape, {:.0} kbit/s {format}", self.seconds, bits / 1000.0));
        let words = match (&self.trouble, sound) {
            (None, sound) => sound.unwrap_or_default(),
            (Some(trouble), None) => trouble.clone(),
            (Some(trouble), Some(sound)) => format!("{sound}; {trouble}"),
        };
        [self.station.clone(), if self.ok { "ok" } else { "FAILED" }.to_owned(), words]
    }
}

/// Reaches all stations at the same time.
pub(super) fn run(config: &Config) -> anyhow::Result<Vec<Probed>> {
    logging::begin("off");
    block_on(probe_all(config))
}

async fn probe_all(config: &Config) -> Vec<Probed> {
    let environment = Environment::system();
    let work = std::env::temp_dir().join(format!("aircheck-probe-{}", std::process::id()));
    let decks = Decks::new(environment.clone(), work.clone());
    let probes = config.stations.iter().map(|station| probe(station, &decks, &environment));
    let probed = futures::future::join_all(probes).await;
    environment.stop.cancel();
    environment.tasks.close();
    environment.tasks.wait().await;
    // Hidden in the system's folder for what may go; nothing depends on it.
    let _ = tokio::fs::remove_dir_all(&work).await;
    probed
}

async fn probe(station: &Arc<Station>, decks: &Decks, environment: &Environment) -> Probed {
    let now = environment.clock.now();
    let mut probed =
        Probed { station: station.id.to_string(), ok: false, seconds: 0.0, format: None, bitrate: None, trouble: None };
    let lease = match decks.lease(station, now).await {
        Ok(lease) => lease,
        Err(error) => {
            probed.trouble = Some(error.to_string());
            return probed;
        }
    };
    // Whatever arrives counts, also what was on the air before.
    let span = Span::new(now - TimeDelta::hours(1), now + TimeDelta::hours(1));
    let seconds = until_enough(lease.tape(), span, environment.clock.as_ref()).await;
    probed.seconds = seconds.as_secs_f64();
    probed.ok = seconds >= ENOUGH;
    if let Some((format, bits)) = lease.tape().rate() {
        probed.format = Some(format);
        probed.bitrate = Some(bits);
    }
    if !probed.ok {
        let trouble = lease.tape().trouble().map(|trouble| trouble.cause);
        probed.trouble = Some(trouble.unwrap_or_else(|| format!("no sound within {} s", PATIENCE.as_secs())));
    }
    probed
}

async fn until_enough(tape: &Tape, span: Span, clock: &dyn Clock) -> Duration {
    let mut grown = tape.grown();
    let deadline = clock.monotonic() + PATIENCE;
    loop {
        let on_tape = tape.view(&span).sound();
        let left = deadline.saturating_sub(clock.monotonic());
        if on_tape >= ENOUGH || left.is_zero() {
            return on_tape;
        }
        tokio::select! {
            _ = grown.changed() => {}
            () = clock.sleep(left) => {}
        }
    }
}
