//! `aircheck check --probe`: reaches every station, tapes 3 seconds of it, counts what can be decoded, and asks what plays;
//! and tries the object store.

use std::num::NonZero;
use std::time::Duration;

use serde::Serialize;
use tokio::sync::Semaphore;

use super::logging;
use super::runtime::block_on;
use crate::base::clock::SystemClock;
use crate::base::environment::Environment;
use crate::capture::deck::{self, Decks};
use crate::capture::titles;
use crate::config::{Config, Station};
use crate::copies;
use crate::library::remote::Remote;
use crate::production::{Heard, hear};

/// How much is taped.
const ENOUGH: Duration = Duration::from_secs(3);
/// How long a station may take to send that much.
const PATIENCE: Duration = Duration::from_secs(30);

/// What became of one station.
#[derive(Debug, Serialize)]
pub(super) struct Probed {
    /// The station.
    pub station: String,
    /// Whether it sent enough.
    pub ok: bool,
    /// Seconds of sound that were taped and can be decoded.
    pub seconds: f64,
    /// The format in words.
    pub format: Option<String>,
    /// Bits per second.
    pub bitrate: Option<f64>,
    /// What went wrong.
    pub trouble: Option<String>,
    /// What went wrong at first, if there was sound in the end: a key that should be another one, an address that is down.
    pub at_first: Option<String>,
    /// What plays, if titles are asked for at an address of the station.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Why that cannot be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title_trouble: Option<String>,
}

impl Probed {
    /// Returns the row of its table.
    pub(super) fn row(&self) -> [String; 3] {
        [self.station.clone(), if self.ok { "ok" } else { "FAILED" }.to_owned(), self.words()]
    }

    /// Says what came of it.
    pub(super) fn words(&self) -> String {
        let sound = self
            .format
            .as_ref()
            .zip(self.bitrate)
            .map(|(format, bits)| format!("{:.1} s of sound, {:.0} kbit/s {format}", self.seconds, bits / 1000.0));
        let words = match (&self.trouble, sound) {
            (None, Some(sound)) => match &self.at_first {
                Some(at_first) => format!("{sound}; at first: {at_first}"),
                None => sound,
            },
            (None, None) => String::new(),
            (Some(trouble), None) => trouble.clone(),
            (Some(trouble), Some(sound)) => format!("{sound}; {trouble}"),
        };
        let title = self.title.as_ref().map(|title| format!("plays {title}"));
        let title_trouble = self.title_trouble.as_ref().map(|trouble| format!("no title: {trouble}"));
        let all = Some(words).filter(|words| !words.is_empty()).into_iter().chain(title).chain(title_trouble);
        all.collect::<Vec<_>>().join("; ")
    }
}

/// What became of all stations, and of the object store if there is one.
pub(super) type All = (Option<Vec<Probed>>, Option<copies::probe::Probed>);

/// Reaches all stations and the object store at the same time.
pub(super) fn run(config: &Config) -> anyhow::Result<All> {
    logging::begin("off");
    block_on(async {
        let (stations, store) = tokio::join!(self::stations(config), probe_store(config));
        (Some(stations), store)
    })
}

/// Tries the object store. `None` if there is none.
async fn probe_store(config: &Config) -> Option<copies::probe::Probed> {
    let rule = config.store.as_ref()?;
    match Remote::new(rule, &SystemClock::shared()) {
        Ok(remote) => Some(copies::probe::probe(&remote).await),
        Err(error) => {
            let (place, words) = (rule.place(), vec![error.to_string()]);
            Some(copies::probe::Probed { place, ok: false, keeps_conditions: None, words })
        }
    }
}

/// Reaches all stations of `config` at the same time.
pub(super) async fn stations(config: &Config) -> Vec<Probed> {
    let environment = Environment::system();
    let work = std::env::temp_dir().join(format!("aircheck-probe-{}", std::process::id()));
    let decks = Decks::new(environment.clone(), work.clone());
    // Taping waits for stations, so all tape at once; decoding keeps a processor busy.
    let turns = Semaphore::new(std::thread::available_parallelism().map_or(1, NonZero::get));
    let probes = config.stations.iter().map(|station| async {
        let probing = deck::probe(station, &decks, environment.clock.as_ref(), ENOUGH, PATIENCE);
        let (probed, title) = tokio::join!(probing, titles::ask_once(station, &environment));
        let _turn = turns.acquire().await;
        let target = work.join(format!("{}.mp3", station.id));
        let heard = hear(&probed, ENOUGH, config.encodings.mp3, target, &environment.clock).await;
        report(station, probed, heard, title)
    });
    let probed = futures::future::join_all(probes).await;
    environment.stop.cancel();
    environment.tasks.close();
    environment.tasks.wait().await;
    // The system deletes what stays in its temporary folder.
    let _ = tokio::fs::remove_dir_all(&work).await;
    probed
}

fn report(station: &Station, probed: deck::Probed, heard: Heard, title: Option<Result<String, String>>) -> Probed {
    let (format, bitrate) = probed.rate.filter(|_| heard.seconds > 0.0).unzip();
    Probed {
        station: station.id.to_string(),
        ok: heard.trouble.is_none(),
        seconds: heard.seconds,
        format,
        bitrate,
        trouble: heard.trouble.map(|trouble| trouble.words),
        at_first: probed.at_first.map(|cause| cause.words),
        title_trouble: title.as_ref().and_then(|title| title.as_ref().err().cloned()),
        title: title.and_then(Result::ok),
    }
}
