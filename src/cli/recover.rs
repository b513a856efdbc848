//! `aircheck recover`: cuts an airing again from its tape that failed, is partial or has lost its file; or puts recordings
//! on the list that the list has lost. It does not matter whether the service runs.

use std::sync::Arc;

use anyhow::Context as _;
use serde::Serialize;

use super::catalogue;
use super::exit::{DONE, FAILED, INCOMPLETE, USAGE};
use super::logging;
use super::print::{print, print_json, table};
use super::runtime::block_on;
use crate::base::environment::Environment;
use crate::base::signals::Signals;
use crate::config::Config;
use crate::library::catalogue::Recording;
use crate::library::store::Store;
use crate::library::strays;
use crate::model::{AiringId, Verdict};
use crate::recorder::{self, Recoverable, Recut, RecutError};
use crate::web::wire::Report;

/// What to recover, and how.
#[derive(Debug)]
pub(super) struct Options {
    /// The airing's id. `None` if those that can be recovered are to be listed.
    pub id: Option<String>,
    /// Whether to put files in the output folder on the list that it has lost.
    pub files: bool,
    /// Whether to print JSON.
    pub json: bool,
}

/// What can be recovered, as scripts read it.
#[derive(Debug, Serialize)]
struct Candidate {
    #[serde(flatten)]
    report: Report,
    /// The seconds of it that are on tape.
    on_tape: f64,
    /// Whether its file is no longer where it was put.
    gone: bool,
}

/// Lists what can be recovered, or recovers it.
pub(super) fn run(config: Config, options: Options) -> anyhow::Result<u8> {
    logging::begin("off");
    let config = Arc::new(config);
    match options.id {
        None if options.files => block_on(adopt(&config, options.json))?,
        Some(id) => block_on(recover(&config, AiringId::new(id), options.json))?,
        None => list(&config, options.json),
    }
}

fn list(config: &Arc<Config>, json: bool) -> anyhow::Result<u8> {
    let (store, found) = block_on(async {
        let catalogue = catalogue::open(config).await?;
        let store = catalogue::store(config).of_command(&config.state);
        let found = match catalogue {
            None => Vec::new(),
            Some(catalogue) => recorder::recoverable(&catalogue, &store, config).await?,
        };
        Ok::<_, anyhow::Error>((store, found))
    })?
    .context("what can be recovered cannot be listed")?;
    if json {
        let report = |it: &Recoverable| Candidate {
            report: Report::in_store(&it.recording, &store),
            on_tape: it.on_tape,
            gone: it.gone,
        };
        print_json(&found.iter().map(report).collect::<Vec<_>>())?;
    } else if found.is_empty() {
        print("nothing: no tape holds more of an airing than its recording does\n")?;
    } else {
        let rows: Vec<_> = found.iter().map(row).collect();
        print(&table("", &rows))?;
    }
    Ok(DONE)
}

fn row(found: &Recoverable) -> [String; 4] {
    let Recoverable { recording, on_tape, gone } = found;
    let planned = recording.cut.length().as_seconds_f64();
    [
        recording.id.to_string(),
        recording.verdict.map(|verdict| verdict.to_string()).unwrap_or_default()
            + if *gone { ", file gone" } else { "" },
        format!("{on_tape:.1} of {planned:.1} s on tape"),
        recording.title.clone(),
    ]
}

async fn adopt(config: &Config, json: bool) -> anyhow::Result<u8> {
    let Some(catalogue) = catalogue::open_writing(config).await? else { return Ok(FAILED) };
    let store = catalogue::store(config).of_command(&config.state);
    let now = Environment::system().clock.now();
    let adopted = strays::adopt(&catalogue, &store, now).await.context("what the list has lost cannot be put on it")?;
    if json {
        print_json(&adopted.iter().map(|it| Report::in_store(it, &store)).collect::<Vec<_>>())?;
    } else if adopted.is_empty() {
        print("nothing: the list has every recording in the output folder\n")?;
    } else {
        let rows: Vec<_> = adopted.iter().map(|it| back_on_list(it, &store)).collect();
        print(&table("", &rows))?;
    }
    Ok(DONE)
}

fn back_on_list(recording: &Recording, store: &Store) -> [String; 3] {
    [
        recording.id.to_string(),
        recording.verdict.map(|verdict| verdict.to_string()).unwrap_or_default(),
        file_of(recording, store),
    ]
}

/// Where the file of a recording is, for a person. Empty if it has none.
fn file_of(recording: &Recording, store: &Store) -> String {
    recording.file.as_ref().map(|file| store.shown(file).display().to_string()).unwrap_or_default()
}

async fn recover(config: &Arc<Config>, id: AiringId, json: bool) -> anyhow::Result<u8> {
    let mut signals = Signals::listen()?;
    let Some(catalogue) = catalogue::open_writing(config).await? else { return Ok(FAILED) };
    let store = catalogue::store(config).of_command(&config.state);
    let clock = Environment::system().clock;
    let recut = tokio::select! {
        recut = recorder::recut(&catalogue, &store, config, &id, &clock) => recut,
        () = signals.stop() => {
            eprintln!("aircheck: nothing was recovered");
            return Ok(FAILED);
        }
    };
    match recut {
        Ok(Recut { recording, gone }) => {
            if gone {
                eprintln!("aircheck: its file was gone; it was made again from its tape");
            }
            tell(&store, &recording, json)?;
            Ok(if recording.verdict == Some(Verdict::Complete) { DONE } else { INCOMPLETE })
        }
        Err(error) => {
            eprintln!("aircheck: {error}");
            Ok(if matches!(error, RecutError::Unknown { .. }) { USAGE } else { FAILED })
        }
    }
}

fn tell(store: &Store, recording: &Recording, json: bool) -> anyhow::Result<()> {
    if json {
        return print_json(&Report::in_store(recording, store));
    }
    let verdict = recording.verdict.map(|verdict| verdict.to_string()).unwrap_or_default();
    print(&format!("{verdict}, {:.3} s: {}\n", recording.seconds, file_of(recording, store)))?;
    for note in &recording.notes {
        eprintln!("{note}");
    }
    for gap in &recording.gaps {
        let at = gap.start.with_timezone(&recording.timezone).format("%H:%M:%S%.3f");
        eprintln!("missing {:.3} s at {at}: {}", gap.length.as_secs_f64(), gap.cause);
    }
    Ok(())
}
