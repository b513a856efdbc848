//! `aircheck fsck`: compares the list, the output folder and the object store, and explains every difference. It changes
//! nothing, so it may run beside the service.

use std::fmt::Write as _;

use super::catalogue;
use super::exit::{DONE, FAILED};
use super::logging;
use super::print::{print, print_json};
use super::runtime::block_on;
use crate::base::clock::SystemClock;
use crate::config::Config;
use crate::copies::fsck::{Comparison, Finding, TapeObjects, compare};
use crate::library::remote::Remote;
use crate::tape_copies;

/// Compares and prints. Exit code 1 if there is any difference.
pub(super) fn run(config: &Config, json: bool) -> anyhow::Result<u8> {
    logging::begin("off");
    let comparison = block_on(compared(config))??;
    let Some(comparison) = comparison else { return Ok(DONE) };
    if json {
        print_json(&comparison)?;
    } else {
        print(&text(&comparison))?;
    }
    Ok(if comparison.findings.is_empty() { DONE } else { FAILED })
}

async fn compared(config: &Config) -> anyhow::Result<Option<Comparison>> {
    let Some(known) = catalogue::open(config).await? else { return Ok(None) };
    let (store, clock) = (catalogue::store(config).of_command(&config.state), SystemClock::shared());
    let remote = config.store.as_ref().map(|rule| Remote::new(rule, &clock)).transpose()?;
    let tapes = match &remote {
        Some(remote) => tape_copies::fsck::expected(config, &known, remote, &config.state.join("tape")).await?,
        None => TapeObjects::default(),
    };
    Ok(Some(compare(config, &known, &store, (remote.as_ref(), tapes), clock.now()).await?))
}

fn text(comparison: &Comparison) -> String {
    let Comparison { recordings, files, copies, of_tapes, objects, findings } = comparison;
    let mut text = format!("{recordings} recordings on the list, {files} in the folder");
    if let Some(objects) = objects {
        let _ = write!(text, ", {copies} copies by the list, {objects} objects in the store");
    }
    if *of_tapes > 0 {
        let _ = write!(text, ", of which {of_tapes} should be of tapes");
    }
    text.push('\n');
    for Finding { recording, name, words, .. } in findings {
        let recording = recording.as_deref().map(|id| format!("{id}: ")).unwrap_or_default();
        let _ = writeln!(text, "\n{recording}{name}\n  {words}");
    }
    if findings.is_empty() {
        text.push_str("There is no difference.\n");
    }
    text
}
