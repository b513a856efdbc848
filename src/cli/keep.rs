//! `aircheck keep`: deletes what the rules of `keep` do not keep, as the service does every ten minutes; or only says what
//! would go, and why. It does not matter whether the service runs.

use std::fmt::Write as _;
use std::path::PathBuf;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::catalogue;
use super::exit::{DONE, FAILED};
use super::logging;
use super::print::{print, print_json, short, table};
use super::runtime::block_on;
use crate::base::readable;
use crate::config::Config;
use crate::housekeeping::{Fate, Going, Keeping, Run};
use crate::library::catalogue::{Catalogue, Kept};
use crate::library::store::Store;

/// Whether to delete, and how to tell.
#[derive(Debug)]
pub(super) struct Options {
    /// Whether only to say what would go.
    pub dry_run: bool,
    /// Whether to print JSON.
    pub json: bool,
}

/// What became of everything that a rule deletes, as scripts read it.
#[derive(Debug, Serialize)]
struct Told {
    /// Whether nothing was really deleted.
    dry_run: bool,
    /// What is deleted, or would be.
    deleted: Sum,
    /// What no rule deletes because it is pinned.
    pinned: Sum,
    /// What the rules do not keep, the oldest first.
    recordings: Vec<One>,
}

/// How many recordings, and the bytes that they take in the output folder.
#[derive(Debug, Default, Serialize)]
struct Sum {
    recordings: usize,
    bytes: u64,
}

impl Sum {
    fn of<'a>(recordings: impl Iterator<Item = &'a Kept>) -> Self {
        recordings.fold(Self::default(), |sum, one| Self {
            recordings: sum.recordings + 1,
            bytes: sum.bytes.saturating_add(one.bytes),
        })
    }

    fn words(&self) -> String {
        let noun = if self.recordings == 1 { "recording" } else { "recordings" };
        format!("{} {noun} ({})", self.recordings, readable::bytes(self.bytes))
    }
}

/// A recording that a rule does not keep.
#[derive(Debug, Serialize)]
struct One {
    id: String,
    show: String,
    station: String,
    title: String,
    /// When it went on the air.
    start: DateTime<Utc>,
    /// When it was heard.
    heard_at: Option<DateTime<Utc>>,
    file: Option<PathBuf>,
    bytes: u64,
    /// The rule: `show`, `show_size`, `station_size`, `total_size` or `clips`.
    rule: &'static str,
    /// The rule in words.
    why: String,
    /// `deleted`, also in a dry run; `changed`, `not_ours`, `retagged` or `failed`.
    fate: &'static str,
    /// Why it stays; null if it does not.
    stays: Option<String>,
}

/// Carries the rules out, or says what that would do. Exit code 1 if something could not be deleted or looked at.
pub(super) fn run(config: &Config, options: &Options, now: DateTime<Utc>) -> anyhow::Result<u8> {
    logging::begin("off");
    block_on(carried_out(config, options, now))?
}

async fn carried_out(config: &Config, options: &Options, now: DateTime<Utc>) -> anyhow::Result<u8> {
    let opened = if options.dry_run { catalogue::open(config).await? } else { catalogue::open_writing(config).await? };
    let Some(known) = opened else { return Ok(if options.dry_run { DONE } else { FAILED }) };
    let store = catalogue::store(config).of_command(&config.state);
    let keeping = Keeping::new(known.clone(), store.clone());
    let Some(going) = keeping.plan(config, now).await? else {
        let folder = store.shown_folder().display();
        eprintln!("aircheck: {folder} is empty or away, so nothing is known of the recordings, and nothing is deleted");
        return Ok(FAILED);
    };
    let run = if options.dry_run { Run::Dry } else { Run::Real };
    let done = keeping.carry_out(going, run, now).await?;
    let told = told(&done, &known, &store, options.dry_run).await?;
    if options.json {
        print_json(&told)?;
    } else {
        print(&text(&told, config, &done))?;
    }
    Ok(if done.iter().any(|(_, fate)| matches!(fate, Fate::Failed(_))) { FAILED } else { DONE })
}

async fn told(done: &[(Going, Fate)], catalogue: &Catalogue, store: &Store, dry_run: bool) -> anyhow::Result<Told> {
    let all = catalogue.kept(|_, _| true).await?;
    let deleted = done.iter().filter(|(_, fate)| *fate == Fate::Deleted).map(|(going, _)| &going.recording);
    let one = |(Going { recording, rule }, fate): &(Going, Fate)| One {
        id: recording.id.to_string(),
        show: recording.show.to_string(),
        station: recording.station.to_string(),
        title: recording.title.clone(),
        start: recording.on_air.start,
        heard_at: recording.heard_at,
        file: recording.file.as_deref().map(|file| store.shown(file)),
        bytes: recording.bytes,
        rule: rule.word(),
        why: rule.to_string(),
        fate: fate.word(),
        stays: fate.stays(),
    };
    Ok(Told {
        dry_run,
        deleted: Sum::of(deleted),
        pinned: Sum::of(all.iter().filter(|recording| recording.is_pinned)),
        recordings: done.iter().map(one).collect(),
    })
}

fn text(told: &Told, config: &Config, done: &[(Going, Fate)]) -> String {
    let mut text = String::new();
    for (one, (going, _)) in told.recordings.iter().zip(done) {
        let zone = config.shows.by_id(&one.show).map_or(config.timezone, |show| show.timezone);
        let at = going.recording.on_air.start.with_timezone(&zone).format("%Y-%m-%d %H:%M").to_string();
        let size = readable::bytes(one.bytes);
        text.push_str(&table("", &[[at, size, short(&one.title), one.id.clone()]]));
        let heard =
            one.heard_at.map(|at| format!(", and it was heard on {}", at.with_timezone(&zone).format("%Y-%m-%d")));
        let _ = writeln!(text, "    {}{}", one.why, heard.unwrap_or_default());
        if let Some(stays) = &one.stays {
            let _ = writeln!(text, "    it stays: {stays}");
        }
    }
    let (verb, none) =
        if told.dry_run { ("would be deleted", "nothing would be deleted") } else { ("deleted", "nothing to delete") };
    if told.deleted.recordings == 0 {
        text.push_str(none);
    } else {
        let _ = write!(text, "{}: {verb}", told.deleted.words());
    }
    if told.pinned.recordings > 0 {
        let _ = write!(text, "; pinned, so that no rule deletes them: {}", told.pinned.words());
    }
    text.push('\n');
    text
}
