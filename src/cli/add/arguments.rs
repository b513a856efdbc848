//! The arguments of `aircheck add`.

use std::path::PathBuf;

use crate::config::parse_duration;

/// The public directory of stations. One name stands for all its servers.
const DIRECTORY: &str = "https://all.api.radio-browser.info";

/// How adding ends if nothing is added: the exit code. Why is on standard error by then.
pub type Refused = u8;

/// The arguments of `aircheck add`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    aircheck add https://radio.example/listen.pls\n  \
    aircheck add https://radio.example/ --name \"Radio Example\"\n  \
    aircheck add FIP --choose 2\n  \
    aircheck add --station fip --cron \"0 14 * * 1-5\" --length 1h30m --title \"Club Jazzafip\"")]
pub struct AddArguments {
    /// A station: the address of its page, playlist or stream, a list of streams that you have as a file, or its name
    #[arg(value_name = "ADDRESS|NAME", required_unless_present = "station", conflicts_with = "station")]
    pub what: Option<String>,
    /// Add a show of this station instead: its id in the YAML, or its name
    #[arg(long, requires = "cron", requires = "length")]
    pub station: Option<String>,
    /// When the show begins, in quotes: minute, hour, day of the month, month, day of the week
    #[arg(long, requires = "station")]
    pub cron: Option<String>,
    /// How long the show is on the air, such as 1h30m
    #[arg(long, value_name = "LENGTH", value_parser = length, requires = "station")]
    pub length: Option<String>,
    /// The title of the show; else the name of its station
    #[arg(long, requires = "station")]
    pub title: Option<String>,
    /// How much to record before the show, such as 30s
    #[arg(long, value_name = "LENGTH", value_parser = length, requires = "station")]
    pub early: Option<String>,
    /// How much to record after the show, such as 1m
    #[arg(long, value_name = "LENGTH", value_parser = length, requires = "station")]
    pub late: Option<String>,
    /// The name of the station for people; else what the station calls itself
    #[arg(long, requires = "what")]
    pub name: Option<String>,
    /// The id of the station or show; else one is made from its name or title
    #[arg(long)]
    pub id: Option<String>,
    /// The page that the station's servers expect to be linked from
    #[arg(long, value_name = "ADDRESS", requires = "what")]
    pub referer: Option<String>,
    /// Which of the stations of that name, by its number in the list
    #[arg(long, value_name = "NUMBER", requires = "what", value_parser = clap::value_parser!(u32).range(1..))]
    pub choose: Option<u32>,
    /// The directory in which a name is looked up
    #[arg(long, value_name = "ADDRESS", default_value = DIRECTORY)]
    pub directory: String,
    /// Add the station although its sound was not tried
    #[arg(long, requires = "what")]
    pub untested: bool,
    /// Print the lines instead of adding them
    #[arg(long)]
    pub print: bool,
    /// Add to this file, the station YAML itself or one in `stations.d` beside it, which is made if it is missing
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
}

/// Checks a length and returns it as it is written.
fn length(text: &str) -> Result<String, String> {
    parse_duration(text).map(|_| text.trim().to_owned())
}
