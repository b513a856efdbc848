//! `aircheck list`: the recordings with their verdicts.

use std::fmt::Write as _;

use anyhow::Context as _;

use super::exit::DONE;
use super::print::{print, print_json, table};
use super::runtime::block_on;
use crate::base::spoken::clock;
use crate::config::Config;
use crate::library::catalogue::{Catalogue, CatalogueError, Filter, Recording};
use crate::model::{ShowId, StationId};

/// Which to list, and for whom.
#[derive(Debug)]
pub(super) struct Wish {
    /// At most so many.
    pub count: Option<u32>,
    /// Only of this show.
    pub show: Option<String>,
    /// Only of this station.
    pub station: Option<String>,
    /// Whether a script reads.
    pub json: bool,
}

/// Prints them, newest first.
pub(super) fn run(config: &Config, wish: Wish) -> anyhow::Result<u8> {
    let path = config.state.join("catalogue.sqlite");
    let filter = Filter {
        show: wish.show.map(ShowId::new),
        station: wish.station.map(StationId::new),
        limit: wish.count,
        ..Filter::default()
    };
    let listed = block_on(async { Catalogue::open_read_only(path).await?.list(&filter).await })?;
    let recordings = match listed {
        // Before the service has ever run there is no catalogue, and so no recording.
        Err(CatalogueError::Missing { .. }) => Vec::new(),
        listed => listed.context("the recordings cannot be listed")?,
    };
    if wish.json {
        let reports: Vec<_> = recordings.iter().map(|recording| recording.report(&config.output)).collect();
        print_json(&reports)?;
    } else if recordings.is_empty() {
        print("no recordings yet; `aircheck next` shows what is planned\n")?;
    } else {
        print(&recordings.iter().map(|recording| words(recording, config)).collect::<String>())?;
    }
    Ok(DONE)
}

fn words(recording: &Recording, config: &Config) -> String {
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
        let _ = writeln!(text, "    {}", config.output.join(file).display());
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
