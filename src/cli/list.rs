//! `aircheck list`: the recordings with their verdicts.

use std::collections::HashMap;
use std::fmt::Write as _;

use anyhow::Context as _;
use serde::Serialize;

use super::catalogue;
use super::chosen;
use super::exit::{DONE, USAGE};
use super::named::Unknown;
use super::print::{print, print_json, table};
use super::runtime::block_on;
use crate::base::readable::clock;
use crate::config::Config;
use crate::library::catalogue::{Catalogue, CatalogueError, Filter, Marks, Recording};
use crate::library::store::Store;
use crate::web::wire::{self, Report};

/// Which recordings to list, and how.
#[derive(Debug)]
pub(super) struct Options {
    /// The most to list.
    pub count: Option<u32>,
    /// The id or title of the only show.
    pub show: Option<String>,
    /// The id or name of the only station.
    pub station: Option<String>,
    /// Whether to print JSON.
    pub json: bool,
}

/// A recording as scripts read it.
#[derive(Debug, Serialize)]
struct Listed {
    #[serde(flatten)]
    report: Report,
    /// Whether its file is no longer where it was put.
    gone: bool,
    #[serde(flatten)]
    marks: wire::Marks,
}

/// Prints the recordings, newest first. Exit code 2 if no show or station is called as asked.
pub(super) fn run(config: &Config, options: &Options) -> anyhow::Result<u8> {
    let found = block_on(async {
        let (recordings, catalogue) = match find(config, options).await? {
            Ok(found) => found,
            Err(unknown) => return Ok(Err(unknown)),
        };
        let store = catalogue::store(config);
        let files = recordings.iter().filter_map(|it| it.file.clone()).collect();
        // What nobody can say is not gone.
        let gone = store.gone_without_timeout(files).await.unwrap_or_default();
        let marks = match catalogue {
            Some(catalogue) => catalogue.marks(recordings.iter().map(|it| it.id.clone()).collect()).await?,
            None => HashMap::new(),
        };
        Ok::<_, CatalogueError>(Ok((recordings, store, gone, marks)))
    });
    let (recordings, store, gone, marks) = match found?.context("the recordings cannot be listed")? {
        Ok(found) => found,
        Err(unknown) => {
            eprintln!("aircheck: {unknown}");
            return Ok(USAGE);
        }
    };
    let is_gone = |it: &Recording| it.file.as_ref().is_some_and(|file| gone.contains(file));
    let marks_of = |it: &Recording| marks.get(&it.id).copied().unwrap_or_default();
    if options.json {
        let listed = |it: &Recording| Listed {
            report: Report::in_store(it, &store),
            gone: is_gone(it),
            marks: marks_of(it).into(),
        };
        print_json(&recordings.iter().map(listed).collect::<Vec<_>>())?;
    } else if recordings.is_empty() {
        print(&format!("no recordings{} yet; `aircheck next` shows what is planned\n", of_what(options)))?;
    } else {
        print(&recordings.iter().map(|it| words(it, &store, is_gone(it), marks_of(it))).collect::<String>())?;
    }
    Ok(DONE)
}

fn of_what(options: &Options) -> String {
    let show = options.show.as_ref().map_or_else(String::new, |show| format!(" of the show `{show}`"));
    let station = options.station.as_ref().map_or_else(String::new, |station| format!(" of the station `{station}`"));
    show + &station
}

/// Returns the recordings, and the catalogue if there is one.
async fn find(
    config: &Config,
    options: &Options,
) -> Result<Result<(Vec<Recording>, Option<Catalogue>), Unknown>, CatalogueError> {
    let catalogue = catalogue::open(config).await?;
    let (show, station) = (options.show.as_deref(), options.station.as_deref());
    let (shows, stations) = match chosen::ids(config, catalogue.as_ref(), show, station).await? {
        Ok(chosen) => chosen,
        Err(unknown) => return Ok(Err(unknown)),
    };
    let mut recordings = Vec::new();
    for (show, station) in chosen::pairs(&shows, &stations) {
        let filter = Filter { show, station, limit: options.count, ..Filter::default() };
        if let Some(catalogue) = &catalogue {
            recordings.extend(catalogue.list(&filter).await?);
        }
    }
    recordings.sort_by(|one, other| (other.on_air.start, &one.id).cmp(&(one.on_air.start, &other.id)));
    recordings.truncate(options.count.map_or(usize::MAX, |count| usize::try_from(count).unwrap_or(usize::MAX)));
    Ok(Ok((recordings, catalogue)))
}

fn words(recording: &Recording, store: &Store, is_gone: bool, marks: Marks) -> String {
    let zone = recording.timezone;
    let mut text = table(
        "",
        &[[
            recording.on_air.start.with_timezone(&zone).format("%Y-%m-%d %H:%M").to_string(),
            clock(recording.seconds),
            match recording.verdict {
                Some(verdict) if recording.finished_at.is_some() => verdict.to_string(),
                _ => "not finished".to_owned(),
            },
            recording.title.clone(),
        ]],
    );
    if let Some(file) = &recording.file {
        let gone = if is_gone { " (its file is gone)" } else { "" };
        let _ = writeln!(text, "    {}{gone}", store.shown(file).display());
    }
    if marks.pinned_at.is_some() {
        text.push_str("    pinned: no rule deletes it\n");
    }
    if let Some(heard) = marks.heard_at {
        let _ = writeln!(text, "    heard on {}", heard.with_timezone(&zone).format("%Y-%m-%d"));
    }
    for note in &recording.notes {
        let _ = writeln!(text, "    {note}");
    }
    for gap in &recording.gaps {
        let at = gap.start.with_timezone(&zone).format("%H:%M:%S");
        let _ = writeln!(text, "    missing {:.1} s at {at}: {}", gap.length.as_secs_f64(), gap.cause);
    }
    for dead in &recording.dead_air {
        let at = dead.start.with_timezone(&zone).format("%H:%M:%S");
        let _ = writeln!(text, "    dead air for {:.1} s at {at}", dead.length.as_secs_f64());
    }
    text
}
