//! The command line: one file per command.
//!
//! Exit codes, for scripts: 0 done, 1 failed, 2 usage or configuration, 3 recorded but incomplete. What a script would
//! read goes to standard output, everything for people about it to standard error.

mod check;
mod completions;
mod demo;
mod list;
mod locate;
mod logging;
mod next;
mod print;
mod probe;
mod programs;
mod progress;
mod record;
mod run;
mod schema;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};
use clap_complete::Shell;

use crate::base::clock::SystemClock;
use crate::config::{Config, ConfigErrors, parse_duration};

/// Done.
const DONE: u8 = 0;
/// Failed.
const FAILED: u8 = 1;
/// Wrong usage or configuration.
const USAGE: u8 = 2;
/// Recorded, but incomplete.
const INCOMPLETE: u8 = 3;

/// Records radio on a schedule: no second lost, a truthful verdict on every recording, cuts by programme time.
#[derive(Debug, Parser)]
#[command(name = "aircheck", version, arg_required_else_help = true)]
#[command(after_help = "Exit codes: 0 done, 1 failed, 2 usage or configuration, 3 recorded but incomplete.\n\
    Logs go to standard error; RUST_LOG=aircheck=debug says more.")]
struct Arguments {
    /// The station YAML; else ./config/stations.yaml, the one in your configuration folder, or
    /// /etc/aircheck/stations.yaml
    #[arg(long, global = true, value_name = "FILE", env = "AIRCHECK_CONFIG")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the service in the foreground
    Run,
    /// Say whether the file is right, and what airs next
    Check {
        /// Also reach every station and tape 3 seconds of it
        #[arg(long)]
        probe: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Record a station now, without the service
    Record {
        /// The station, as it is called in the YAML
        station: String,
        /// How long, such as 15s or 1h30m
        #[arg(long = "for", value_name = "LENGTH", value_parser = parse_duration)]
        length: Duration,
        /// The MP3 to write; else one is named in the output folder
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show the coming airings, in their zones
    Next {
        /// How many
        #[arg(short = 'n', value_name = "COUNT", default_value_t = 10)]
        count: usize,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List the recordings with their verdicts, newest first
    List {
        /// At most so many
        #[arg(short = 'n', value_name = "COUNT")]
        count: Option<u32>,
        /// Only of this show
        #[arg(long)]
        show: Option<String>,
        /// Only of this station
        #[arg(long)]
        station: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Try everything at once on this machine, with a built-in station; needs no internet
    Demo {
        /// Where everything of it goes
        #[arg(long, value_name = "FOLDER", default_value = "aircheck-demo")]
        folder: PathBuf,
    },
    /// Print the JSON Schema of the station YAML, for editors
    Schema,
    /// Print a completion script for a shell
    Completions {
        /// Which shell
        shell: Shell,
    },
}

/// Reads the arguments and does what they say.
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
        Command::Run => with_config(at, run::run),
        Command::Check { probe: false, json } => {
            located(at, |file| check::run(&file, json, SystemClock::shared().as_ref()))
        }
        Command::Check { probe: true, json } => {
            located(at, |file| probe::run(&file, json, SystemClock::shared().as_ref()))
        }
        Command::Record { station, length, output, json } => {
            with_config(at, |config| record::run(&config, &record::Wish { station, length, output, json }))
        }
        Command::Next { count, json } => {
            located(at, |file| next::run(&file, count, json, SystemClock::shared().as_ref()))
        }
        Command::List { count, show, station, json } => {
            let wish = list::Wish { count, show, station, json };
            located(at, |file| loaded(Config::look(&file), |config| list::run(&config, wish)))
        }
        Command::Demo { folder } => demo::run(folder),
        Command::Schema => schema::run(),
        Command::Completions { shell } => {
            completions::run(shell);
            Ok(DONE)
        }
    }
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

fn with_config(at: Option<PathBuf>, then: impl FnOnce(Config) -> anyhow::Result<u8>) -> anyhow::Result<u8> {
    located(at, |file| loaded(Config::load(&file), then))
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

/// Runs `work` to its end on a runtime of its own.
fn block_on<T>(work: impl Future<Output = T>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let value = runtime.block_on(work);
    // What still blocks (a disk that hangs) must not hold the process.
    runtime.shutdown_timeout(Duration::from_secs(1));
    Ok(value)
}
