//! `aircheck grab s3://…`: a file of the object store that the YAML names, as it is. It needs no service.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

use super::exit::{DONE, FAILED, USAGE};
use super::grab::GrabArguments;
use super::logging;
use super::print::{print, print_json};
use super::runtime::block_on;
use super::target::folder_of;
use crate::base::blocking::blocking;
use crate::base::clock::SharedClock;
use crate::base::environment::Environment;
use crate::base::hash::sha256;
use crate::base::readable;
use crate::base::signals::Signals;
use crate::config::{Config, ObjectStore};
use crate::copies::fetch::{Came, Object, fetch, look};
use crate::library::remote::Remote;
use crate::library::store::{free_space, give_name};
use crate::model::ObjectName;

/// How often the bar is drawn.
const EVERY: std::time::Duration = std::time::Duration::from_millis(200);

/// What was fetched, as scripts read it.
#[derive(Debug, Serialize)]
struct Report {
    file: PathBuf,
    bytes: u64,
    /// How many of them had come before.
    resumed: u64,
    sha256: String,
    /// Whether the store says the same SHA-256; null if it says none.
    compared: Option<bool>,
}

/// Whether this is the name of an object.
pub(super) fn is_object(address: &str) -> bool {
    address.trim().starts_with(ObjectName::SCHEME)
}

/// Fetches an object. Exit code 2 if it cannot be meant.
pub(super) fn run(config: &Config, arguments: &GrabArguments) -> anyhow::Result<u8> {
    logging::begin("off");
    let (object, file, rule) = match asked(config, arguments) {
        Ok(asked) => asked,
        Err(reason) => {
            eprintln!("aircheck: {reason}");
            return Ok(USAGE);
        }
    };
    let clock = Environment::system().clock;
    let remote = Remote::new(rule, &clock)?;
    block_on(async {
        let (mut signals, came) = (Signals::listen()?, Came::default());
        tokio::select! {
            code = fetched(&remote, &object, &file, &came, arguments.json, &clock) => code,
            () = signals.stop() => {
                let came = readable::bytes(came.bytes());
                eprintln!("aircheck: stopped with {came}; run the same command again, and it goes on");
                Ok(FAILED)
            }
        }
    })?
}

/// Returns what is asked for, and the file that it becomes, or says what is wrong.
fn asked<'a>(
    config: &'a Config,
    arguments: &GrabArguments,
) -> Result<(ObjectName, PathBuf, &'a std::sync::Arc<ObjectStore>), String> {
    let address = arguments.address.as_deref().unwrap_or_default();
    let GrabArguments { output, pad, from, count, length, segment, max_bitrate, language, .. } = arguments;
    let object = ObjectName::parse(address).ok_or_else(|| {
        format!("`{address}` is no object: write its bucket and its name, such as s3://my-radio/news.mp3")
    })?;
    let options = [
        ("--find", !arguments.find.is_empty()),
        ("--init", arguments.init.is_some()),
        ("--pad", pad.is_some()),
        ("--from", from.is_some()),
        ("--count", count.is_some()),
        ("--length", length.is_some()),
        ("--segment", segment.is_some()),
        ("--max-bitrate", max_bitrate.is_some()),
        ("--language", language.is_some()),
        ("--referer", arguments.referer.is_some()),
        ("--header", !arguments.headers.is_empty()),
    ];
    if let Some((option, _)) = options.iter().find(|(_, is_there)| *is_there) {
        return Err(format!(
            "`{option}` says nothing about an object of a store, which is fetched as it is: leave it out"
        ));
    }
    let rule = config.store.as_ref().filter(|rule| rule.bucket == object.bucket).ok_or_else(|| {
        let bucket = &object.bucket;
        match &config.store {
            None => format!("the YAML names no object store: write `store: {{ bucket: {bucket} }}` with its keys"),
            Some(rule) => {
                format!("the keys of `store` in the YAML are for its `bucket: {}`, not for {bucket}", rule.bucket)
            }
        }
    })?;
    let file = output.clone().unwrap_or_else(|| object.file_name().into());
    if file.symlink_metadata().is_ok() {
        return Err(format!("{} exists and is not replaced: choose another name or move it away", file.display()));
    }
    let folder = folder_of(&file);
    if !folder.is_dir() {
        return Err(format!("there is no folder {}: make it, or choose another", folder.display()));
    }
    Ok((object, file, rule))
}

async fn fetched(
    remote: &Remote,
    object: &ObjectName,
    file: &Path,
    came: &Came,
    json: bool,
    clock: &SharedClock,
) -> anyhow::Result<u8> {
    let Some(found) = look(remote, &object.name).await? else {
        eprintln!("aircheck: there is no {object} in the store");
        return Ok(USAGE);
    };
    let part = part_of(file, &found, &remote.rule().place());
    let there = part.metadata().map_or(0, |part| part.len());
    let (room, wanted) = (free_space(file).await?, found.bytes.saturating_sub(there));
    if room < wanted {
        eprintln!(
            "aircheck: {object} has {}, and there is room for {}: delete something, or choose another disk",
            readable::bytes(found.bytes),
            readable::bytes(room)
        );
        return Ok(FAILED);
    }
    let fetching = fetch(remote, &found, &part, came);
    let sha256 = tokio::select! {
        sum = fetching => sum.with_context(|| format!("{object} cannot be fetched; what came stays beside the file"))?,
        () = show(found.bytes, came, !json, clock) => anyhow::bail!("the bar ended"),
    };
    give_name(&part, file).await?;
    let file = {
        let file = file.to_owned();
        blocking(move || std::path::absolute(file)).await?
    };
    let resumed = there.min(found.bytes);
    let compared = found.sha256.map(|said| said == sha256);
    if json {
        print_json(&Report { file, bytes: found.bytes, resumed, sha256, compared })?;
        return Ok(DONE);
    }
    print(&format!("{}: {}\n", file.display(), readable::bytes(found.bytes)))?;
    if compared.is_none() {
        eprintln!("the store says no SHA-256 of it: only its size was compared");
    }
    Ok(DONE)
}

/// Returns the hidden file of what has come: another one for each object, so that none goes on with what is of another.
fn part_of(file: &Path, object: &Object, place: &str) -> PathBuf {
    let etag = object.etag.clone().unwrap_or_default();
    let identity = [place, &object.name, &etag, &object.bytes.to_string()].join("\n");
    let hash = sha256(&[identity.as_bytes()]);
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    folder_of(file).join(format!(".{name}.{}.part", hash.get(..16).unwrap_or_default()))
}

/// Draws a bar until the future is dropped, if standard error is a terminal.
async fn show(bytes: u64, came: &Came, visible: bool, clock: &SharedClock) {
    use std::io::IsTerminal as _;
    let visible = visible && std::io::stderr().is_terminal();
    let target = if visible { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let bar = Cleared(ProgressBar::with_draw_target(Some(bytes.max(1)), target));
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {bytes} of {total_bytes}  {bytes_per_sec}  {eta} left") {
        bar.0.set_style(style.progress_chars("━╸ "));
    }
    loop {
        bar.0.set_position(came.bytes());
        clock.sleep(EVERY).await;
    }
}

/// A bar that goes when it is dropped.
struct Cleared(ProgressBar);

impl Drop for Cleared {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
