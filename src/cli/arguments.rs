//! The arguments of `aircheck`.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Parser, Subcommand};
use clap_complete::Shell;

use super::add::AddArguments;
use super::grab::GrabArguments;
use crate::config::parse_duration;
use crate::model::EncodingKind;

/// Records radio on a schedule: no second lost, a truthful verdict on every recording, cuts by programme time.
#[derive(Debug, Parser)]
#[command(name = "aircheck", version, arg_required_else_help = true)]
#[command(after_help = "Exit codes: 0 done, 1 failed, 2 usage or configuration, 3 recorded but incomplete.\n\
    Logs go to standard error; RUST_LOG=aircheck=debug says more.")]
pub(super) struct Arguments {
    /// The station YAML; else ./config/stations.yaml, the one in your configuration folder, or
    /// /etc/aircheck/stations.yaml
    #[arg(long, global = true, value_name = "FILE", env = "AIRCHECK_CONFIG")]
    pub(super) config: Option<PathBuf>,
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Write a first station YAML, with comments
    Init {
        /// The file to write; else the one in your configuration folder, or /etc/aircheck/stations.yaml for root
        file: Option<PathBuf>,
    },
    /// Add a station or a show to the station YAML, whose comments and layout stay
    Add(Box<AddArguments>),
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
    /// Record a station now, without the service; Ctrl-C ends it earlier
    Record {
        /// The station: its id in the YAML, or its name
        station: String,
        /// How long, such as 15s or 1h30m
        #[arg(long = "for", value_name = "LENGTH", value_parser = parse_duration)]
        length: Duration,
        /// The file to write (.mp3, .m4a, .opus), in a folder that is there; else one is named in the output folder
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
        /// How to encode it, or `original` to keep what the station sends; by default that if the YAML says so, else as `--output` ends
        #[arg(long, value_parser = encodings())]
        encoding: Option<EncodingKind>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show the coming airings, in their zones
    Next {
        /// How many
        #[arg(short = 'n', value_name = "COUNT", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
        count: u32,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List the recordings with their verdicts, newest first
    List {
        /// At most so many
        #[arg(short = 'n', value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..))]
        count: Option<u32>,
        /// Only of this show: its id, or its title
        #[arg(long)]
        show: Option<String>,
        /// Only of this station: its id, or its name
        #[arg(long)]
        station: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List what was played in the recordings, newest first: when did they last play …?
    Tracks {
        /// Only of this show: its id, or its title
        #[arg(long)]
        show: Option<String>,
        /// Only of this station: its id, or its name
        #[arg(long)]
        station: Option<String>,
        /// Only what was on the air after this time, by the station's clock, such as 2026-11-01 or "yesterday 22:15"
        #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
        from: Option<String>,
        /// Only what began before this time
        #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
        to: Option<String>,
        /// Only what has this in its text
        #[arg(long, value_name = "TEXT")]
        find: Option<String>,
        /// At most so many
        #[arg(short = 'n', value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..))]
        count: Option<u32>,
        /// Print CSV for a report, oldest first
        #[arg(long, conflicts_with = "json")]
        csv: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Cut an airing that failed, is partial or has lost its file again from its tape, or list those of which the tape holds more
    Recover {
        /// The airing, such as news@20261120T0300Z; without it, those that can be recovered are listed
        #[arg(value_name = "AIRING-ID")]
        airing: Option<String>,
        /// Put recordings on the list that lie in the output folder and that it has lost, as an older one has
        #[arg(long, conflicts_with = "airing")]
        files: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Compare the list, the output folder, the tapes and the store, and explain every difference
    Fsck {
        /// Mend the list: follow files that were moved, renamed or retagged, and put recordings on it that it has lost
        #[arg(long)]
        fix: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Delete the recordings that the rules of `keep` do not keep, as the service does by itself, and say why each goes
    Keep {
        /// Only say what would be deleted, and why
        #[arg(long)]
        dry_run: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Pin recordings, so that no rule deletes them
    Pin {
        /// The recordings, such as news@20261120T0300Z
        #[arg(value_name = "RECORDING-ID", required = true)]
        recordings: Vec<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Take the pin from recordings, so that the rules hold for them again
    Unpin {
        /// The recordings, such as news@20261120T0300Z
        #[arg(value_name = "RECORDING-ID", required = true)]
        recordings: Vec<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Keep a stretch of a station's tape until it is released, whatever `tape`, `keep` and `min_free` say; or list what is held
    Hold {
        /// The station: its id in the YAML, or its name; alone, or without any, what is held is listed
        station: Option<String>,
        /// When the stretch begins, by the station's clock: 22:15, "yesterday 22:15", "2026-11-20 22:15", -30m, or RFC 3339
        #[arg(long, value_name = "TIME", allow_hyphen_values = true, requires_all = ["station", "to", "why"])]
        from: Option<String>,
        /// When it ends; it may be still to come
        #[arg(long, value_name = "TIME", allow_hyphen_values = true, requires_all = ["station", "from", "why"])]
        to: Option<String>,
        /// Why, such as "complaint 114"
        #[arg(long, value_name = "REASON", requires_all = ["station", "from", "to"])]
        why: Option<String>,
        /// Release the hold of this number
        #[arg(long, value_name = "NUMBER", requires = "station", conflicts_with_all = ["from", "to", "why"])]
        release: Option<u32>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Account for a day of a station's tape: what is there, what is missing and why; or list all tapes
    Tape {
        /// The station: its id in the YAML, or its name; without it, all tapes are listed
        station: Option<String>,
        /// The day, such as 2026-11-20, yesterday or today, by the clock of the station
        #[arg(long, value_name = "DAY", requires = "station")]
        day: Option<String>,
        /// Also compare the reels with what they held when they were sealed
        #[arg(long, requires = "station")]
        verify: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Export a stretch of a station's tape into a new folder: MP3s by the hour, the account, checksums
    Export {
        /// The station: its id in the YAML, or its name
        station: String,
        /// When it begins, such as "yesterday 22:15", 2026-11-20 or -30m
        #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
        from: String,
        /// When it ends, such as "yesterday 22:30" or now
        #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
        to: String,
        /// The folder to make
        #[arg(long, short, value_name = "FOLDER")]
        output: PathBuf,
        /// Also copy the untouched reels and their seals
        #[arg(long)]
        reels: bool,
        /// Write one MP3 instead of one for each hour
        #[arg(long)]
        whole: bool,
        /// Print the account as JSON
        #[arg(long)]
        json: bool,
    },
    /// Cut a clip out of a station's tape or a recording, and put it into the library or a file
    Clip(ClipArguments),
    /// Download what is there, numbered segments or a playlist that has ended, and make a file of it
    Grab(Box<GrabArguments>),
    /// Make HLS of a recording in a new folder, in the renditions that `hls` names, for any web server to hand out
    Hls {
        /// The recording, such as news@20261120T0300Z
        #[arg(value_name = "RECORDING-ID")]
        recording: String,
        /// The folder to make
        #[arg(long, short, value_name = "FOLDER")]
        output: PathBuf,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Send a test message to the targets of `notify`, and print what each answers
    Notify {
        /// Send it now
        #[arg(long, required = true)]
        test: bool,
        /// Only to this target; by default to all
        #[arg(value_name = "TARGET")]
        target: Option<String>,
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
    /// Make the hash of a password for the page
    Passwd,
    /// Print the JSON Schema of the station YAML, for editors
    Schema,
    /// Print a completion script for a shell
    Completions {
        /// Which shell
        shell: Shell,
    },
    /// Write the manual pages into a folder
    #[command(hide = true)]
    Man {
        /// The folder; it is made if it is missing
        folder: PathBuf,
    },
}

/// The arguments of `aircheck clip`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    aircheck clip kbs-1fm --from \"yesterday 22:15\" --for 15m\n  \
    aircheck clip kbs-1fm --since -30m --output what-i-just-heard.mp3\n  \
    aircheck clip news@20261120T0300Z --piece 00:10:00-00:12:30 --piece 00:40:00-00:41:00 --bleep 00:11:05.2-00:11:06")]
pub(super) struct ClipArguments {
    /// The station, by its id or name, or the recording, by its id
    #[arg(value_name = "STATION|RECORDING-ID")]
    source: String,
    /// When it begins, by the station's clock: 22:15, "yesterday 22:15", "2026-11-20 22:15:30", -30m, or RFC 3339
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    from: Option<String>,
    /// When it ends, such as "yesterday 22:30" or now; exclusive
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, requires = "from", conflicts_with = "length")]
    to: Option<String>,
    /// From then until now, such as -30m, or for as long as `--for` says
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, conflicts_with_all = ["from", "to"])]
    since: Option<String>,
    /// How long, such as 15m or 1h30m
    #[arg(long = "for", value_name = "LENGTH", value_parser = parse_duration)]
    length: Option<Duration>,
    /// From where to where of a recording; again for each further piece, in the order in which they are heard
    #[arg(long = "piece", value_name = "FROM-TO")]
    pieces: Vec<String>,
    /// Cover that stretch of the recording, or of the tape (22:16:05..22:16:06.5), with a tone
    #[arg(long = "bleep", value_name = "FROM-TO")]
    bleeps: Vec<String>,
    /// Cover it with silence
    #[arg(long = "mute", value_name = "FROM-TO")]
    mutes: Vec<String>,
    /// What it is called
    #[arg(long)]
    title: Option<String>,
    /// The file to write (.mp3, .m4a, .opus), in a folder that is there; else the clip goes into the library
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// How to encode it, or `original` to keep it as it is; by default that if the YAML says so, else as `--output` ends
    #[arg(long, value_parser = encodings())]
    encoding: Option<EncodingKind>,
    /// Only say what would come of it
    #[arg(long)]
    dry_run: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// The words for how to encode.
fn encodings() -> impl TypedValueParser<Value = EncodingKind> {
    let words = PossibleValuesParser::new(EncodingKind::ALL.map(EncodingKind::word));
    // It takes no other word.
    words.map(|word| EncodingKind::of(&word).unwrap_or_default())
}

impl ClipArguments {
    /// Returns them as the command takes them.
    pub(super) fn options(self) -> super::clip::Options {
        let Self { source, from, to, since, length, pieces, bleeps, mutes, title, output, encoding, dry_run, json } =
            self;
        super::clip::Options {
            source,
            from,
            to,
            since,
            length,
            pieces,
            bleeps,
            mutes,
            title,
            output,
            encoding,
            dry_run,
            json,
        }
    }
}
