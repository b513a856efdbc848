//! `aircheck pin` and `aircheck unpin`: which recordings no rule deletes. It does not matter whether the service runs.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::catalogue;
use super::exit::{DONE, FAILED, USAGE};
use super::logging;
use super::print::{print, print_json, table};
use super::runtime::block_on;
use crate::config::Config;
use crate::library::catalogue::Mark;
use crate::model::AiringId;

/// Which recordings to pin, or to take the pin from.
#[derive(Debug)]
pub(super) struct Options {
    /// Their ids.
    pub ids: Vec<String>,
    /// Whether they are to be pinned.
    pub pins: bool,
    /// Whether to print JSON.
    pub json: bool,
}

/// A recording whose pin was set or taken, as scripts read it.
#[derive(Debug, Serialize)]
struct Told {
    id: String,
    title: String,
    pinned_at: Option<DateTime<Utc>>,
}

/// Pins or unpins. Exit code 2 if there is no such recording; then the others are done all the same.
pub(super) fn run(config: &Config, options: &Options, now: DateTime<Utc>) -> anyhow::Result<u8> {
    logging::begin("off");
    let done = block_on(marked(config, options, now))??;
    let Some((marked, unknown)) = done else { return Ok(FAILED) };
    for id in &unknown {
        eprintln!("aircheck: there is no recording `{id}`: `aircheck list --json` and the page have the ids");
    }
    if options.json {
        print_json(&marked)?;
    } else {
        let words = if options.pins { "pinned: no rule deletes it" } else { "not pinned: the rules of `keep` hold" };
        let rows: Vec<_> = marked.into_iter().map(|it| [it.id, it.title, words.to_owned()]).collect();
        print(&table("", &rows))?;
    }
    Ok(if unknown.is_empty() { DONE } else { USAGE })
}

/// Returns what was done, and the ids that no recording has. `None` if there is no catalogue, which is printed.
async fn marked(
    config: &Config,
    options: &Options,
    now: DateTime<Utc>,
) -> anyhow::Result<Option<(Vec<Told>, Vec<String>)>> {
    let Some(catalogue) = catalogue::open_writing(config).await? else { return Ok(None) };
    let (mut marked, mut unknown) = (Vec::new(), Vec::new());
    for id in &options.ids {
        let airing = AiringId::new(id.as_str());
        let known = catalogue.mark(&airing, Mark::Pinned, options.pins.then_some(now)).await?;
        match catalogue.get(&airing).await?.filter(|_| known) {
            Some(recording) => {
                let marks = catalogue.marks(vec![airing.clone()]).await?.remove(&airing).unwrap_or_default();
                marked.push(Told { id: id.clone(), title: recording.title, pinned_at: marks.pinned_at });
            }
            None => unknown.push(id.clone()),
        }
    }
    Ok(Some((marked, unknown)))
}
