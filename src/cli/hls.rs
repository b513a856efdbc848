//! `aircheck hls`: a recording as HLS in a folder, for any web server to hand out. It reads the list and the recording, and
//! needs no service.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::Serialize;

use super::catalogue;
use super::exit::{DONE, FAILED, USAGE};
use super::new_folder::{NewFolder, unfit};
use super::print::{print, print_json, table};
use super::runtime::block_on;
use super::{logging, programs};
use crate::base::environment::Environment;
use crate::base::readable;
use crate::base::signals::Signals;
use crate::config::Config;
use crate::copies::only_there;
use crate::library::catalogue::Recording;
use crate::model::AiringId;
use crate::renditions::{Exported, MASTER, export, name_of};

/// What to hand out, and where to.
#[derive(Debug)]
pub(super) struct Options {
    /// The id of the recording.
    pub recording: String,
    /// The folder to make.
    pub output: PathBuf,
    /// Whether to print JSON.
    pub json: bool,
}

/// What was made, as scripts read it.
#[derive(Debug, Serialize)]
struct Report {
    /// The id of the recording.
    id: String,
    /// The master playlist.
    playlist: PathBuf,
    renditions: Vec<Rendition>,
}

/// A rendition; rates are bits per second.
#[derive(Debug, Serialize)]
struct Rendition {
    name: String,
    bandwidth: u64,
    average_bandwidth: u64,
    segments: u32,
    bytes: u64,
}

/// Makes the folder.
pub(super) fn run(config: &Config, options: &Options) -> anyhow::Result<u8> {
    logging::begin("off");
    if let Some(reason) = unfit(&options.output) {
        eprintln!("aircheck: {reason}");
        return Ok(USAGE);
    }
    if !programs::all_there(&[]) {
        return Ok(FAILED);
    }
    block_on(async {
        let mut signals = Signals::listen()?;
        tokio::select! {
            code = make(config, options) => code,
            () = signals.stop() => {
                eprintln!("aircheck: nothing was made");
                Ok(FAILED)
            }
        }
    })?
}

async fn make(config: &Config, options: &Options) -> anyhow::Result<u8> {
    let id = AiringId::new(options.recording.trim());
    let (recording, file) = match find(config, &id).await? {
        Ok(found) => found,
        Err(reason) => {
            eprintln!("aircheck: {reason}");
            return Ok(USAGE);
        }
    };
    let rule = config.hls.clone().unwrap_or_default();
    let folder = NewFolder::beside(&options.output, "hls")?;
    let clock = Environment::system().clock;
    let exported = export(&file, recording.length, &rule, folder.path(), &clock).await;
    let exported = exported.with_context(|| format!("{id} cannot be made HLS"))?;
    folder.publish(&options.output)?;
    report(&id, &options.output, &exported, options.json)?;
    Ok(DONE)
}

/// Returns the recording and its file, or says why there is none.
async fn find(config: &Config, id: &AiringId) -> anyhow::Result<Result<(Recording, PathBuf), String>> {
    let Some(catalogue) = catalogue::open(config).await? else {
        return Ok(Err(format!("there is no recording {id}")));
    };
    let found = catalogue.get(id).await?.filter(|recording| recording.deleted_at.is_none());
    let Some(recording) = found else {
        return Ok(Err(format!("there is no recording {id}: `aircheck list --json` has their ids")));
    };
    if recording.finished_at.is_none() {
        return Ok(Err(format!("{id} is still being recorded")));
    }
    let Some(file) = &recording.file else {
        return Ok(Err(format!("{id} has no file: it failed, or is in the bin")));
    };
    let store = catalogue::store(config);
    let own = store.sound_of(file);
    let clock = Environment::system().clock;
    let sound = only_there::sound_of(&recording, config, Some(&catalogue), &store, &clock).await;
    let sound = sound.with_context(|| format!("the sound of {id} cannot be had"))?;
    if !sound.is_file() {
        return Ok(Err(format!("{} is gone: it was moved or deleted", own.display())));
    }
    Ok(Ok((recording, sound)))
}

fn report(id: &AiringId, output: &Path, exported: &[Exported], json: bool) -> anyhow::Result<()> {
    let playlist = std::path::absolute(output)?.join(MASTER);
    if json {
        let renditions = exported.iter().map(|exported| Rendition {
            name: name_of(exported.bits),
            bandwidth: exported.rates.peak,
            average_bandwidth: exported.rates.average,
            segments: exported.segments,
            bytes: exported.bytes,
        });
        return print_json(&Report { id: id.to_string(), playlist, renditions: renditions.collect() });
    }
    let rows: Vec<_> = exported
        .iter()
        .map(|exported| {
            let segments = format!("{} segments", exported.segments);
            [name_of(exported.bits), segments, readable::bytes(exported.bytes)]
        })
        .collect();
    print(&format!("{}\n{}", playlist.display(), table("  ", &rows)))?;
    Ok(())
}
