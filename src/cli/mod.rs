//! The command line: one file per command.
//!
//! Exit codes, for scripts: 0 done, 1 failed, 2 usage or configuration, 3 recorded but incomplete. Results go to standard
//! output, and what people should know about them to standard error.

mod add;
mod arguments;
mod catalogue;
mod check;
mod chosen;
mod clip;
mod completions;
mod demo;
mod exit;
mod export;
mod fsck;
mod grab;
mod grab_object;
mod hls;
mod hold;
mod init;
mod journal;
mod keep;
mod list;
mod locate;
mod logging;
mod man;
mod named;
mod new_folder;
mod next;
mod notify;
mod passwd;
mod pin;
mod place;
mod print;
mod probe;
mod programs;
mod progress;
mod record;
mod recover;
mod run;
mod runtime;
mod schema;
mod tape;
mod target;
mod tracks;

use std::path::PathBuf;
use std::process::ExitCode;

use chrono::{DateTime, SubsecRound as _, Utc};
use clap::Parser as _;

use arguments::{Arguments, Command};
use exit::{FAILED, USAGE};

use crate::base::clock::SystemClock;
use crate::config::{Config, ConfigErrors};

/// Parses the arguments and runs the command.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let code = dispatch(arguments).unwrap_or_else(|error| {
        eprintln!("aircheck: {error:#}");
        FAILED
    });
    ExitCode::from(code)
}

fn dispatch(arguments: Arguments) -> anyhow::Result<u8> {
    let at = arguments.config;
    match arguments.command {
        Command::Init { file } => init::run(file.or(at)),
        Command::Add(arguments) => add::run(at, &arguments),
        Command::Run => located(at, |file| loaded(Config::serve(&file), run::run)),
        Command::Check { probe, json } => {
            located(at, |file| check::run(&file, probe, json, SystemClock::shared().as_ref()))
        }
        Command::Record { station, length, output, encoding, json } => {
            let options = record::Options { station, length, output, encoding, json };
            located(at, |file| loaded(Config::look(&file), |config| record::run(&config, &options)))
        }
        Command::Next { count, json } => {
            located(at, |file| next::run(&file, count, json, SystemClock::shared().as_ref()))
        }
        Command::List { count, show, station, json } => {
            let options = list::Options { count, show, station, json };
            located(at, |file| loaded(Config::look(&file), |config| list::run(&config, &options)))
        }
        Command::Tracks { show, station, from, to, find, count, csv, json } => {
            let form = match (csv, json) {
                (true, _) => tracks::Form::Csv,
                (_, true) => tracks::Form::Json,
                _ => tracks::Form::Table,
            };
            let options = tracks::Options { show, station, from, to, find, count, form };
            located(at, |file| loaded(Config::look(&file), |config| tracks::run(&config, &options, now())))
        }
        Command::Recover { airing, files, json } => {
            let options = recover::Options { id: airing, files, json };
            located(at, |file| loaded(Config::look(&file), |config| recover::run(config, options)))
        }
        Command::Fsck { fix, json } => {
            let options = fsck::Options { fix, json };
            located(at, |file| loaded(Config::look(&file), |config| fsck::run(config, options)))
        }
        Command::Keep { dry_run, json } => {
            let options = keep::Options { dry_run, json };
            located(at, |file| loaded(Config::look(&file), |config| keep::run(&config, &options, now())))
        }
        Command::Pin { recordings, json } => pinned(at, &pin::Options { ids: recordings, pins: true, json }),
        Command::Unpin { recordings, json } => pinned(at, &pin::Options { ids: recordings, pins: false, json }),
        Command::Hold { station, from, to, why, release, json } => {
            let stretch = from.zip(to).zip(why).map(|((from, to), why)| hold::Stretch { from, to, why });
            let options = hold::Options { station, stretch, release, json };
            located(at, |file| loaded(Config::look(&file), |config| hold::run(&config, &options, now())))
        }
        Command::Tape { station, day, verify, json } => {
            let options = tape::Options { station, day, verify, json };
            located(at, |file| loaded(Config::look(&file), |config| tape::run(&config, &options, now())))
        }
        Command::Export { station, from, to, output, reels, whole, json } => {
            let options = export::Options { station, from, to, output, reels, whole, json };
            located(at, |file| loaded(Config::look(&file), |config| export::run(&config, &options, now())))
        }
        Command::Clip(asked) => {
            let options = asked.options();
            located(at, |file| loaded(Config::look(&file), |config| clip::run(config, &options, now())))
        }
        Command::Grab(arguments) if arguments.station.is_some() => {
            located(at, |file| loaded(Config::look(&file), |config| grab::of_station(&config, *arguments)))
        }
        Command::Grab(arguments) if arguments.address.as_deref().is_some_and(grab_object::is_object) => {
            located(at, |file| loaded(Config::look(&file), |config| grab_object::run(&config, &arguments)))
        }
        Command::Grab(arguments) => grab::run(*arguments),
        Command::Hls { recording, output, json } => {
            let options = hls::Options { recording, output, json };
            located(at, |file| loaded(Config::look(&file), |config| hls::run(&config, &options)))
        }
        Command::Notify { test: _, target, json } => {
            located(at, |file| loaded(Config::look(&file), |config| notify::run(&config, target.as_deref(), json)))
        }
        Command::Demo { folder } => demo::run(folder),
        Command::Passwd => passwd::run(),
        Command::Schema => schema::run(),
        Command::Completions { shell } => completions::run(shell),
        Command::Man { folder } => man::run(&folder),
    }
}

fn pinned(at: Option<PathBuf>, options: &pin::Options) -> anyhow::Result<u8> {
    located(at, |file| loaded(Config::look(&file), |config| pin::run(&config, options, now())))
}

/// The present, to the millisecond, as it is printed.
fn now() -> DateTime<Utc> {
    SystemClock::shared().now().trunc_subsecs(3)
}

fn located(at: Option<PathBuf>, then: impl FnOnce(PathBuf) -> anyhow::Result<u8>) -> anyhow::Result<u8> {
    match locate::find(at) {
        Ok(file) => then(file),
        Err(error) => {
            eprintln!("aircheck: {error}");
            Ok(USAGE)
        }
    }
}

fn loaded(config: Result<Config, ConfigErrors>, then: impl FnOnce(Config) -> anyhow::Result<u8>) -> anyhow::Result<u8> {
    match config {
        Ok(config) => then(config),
        Err(errors) => {
            eprintln!("{errors}");
            Ok(USAGE)
        }
    }
}
