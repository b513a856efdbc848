//! `aircheck init`: writes a first station YAML, with comments, and its JSON Schema for editors beside it.

use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use super::exit::{DONE, FAILED, USAGE};
use super::locate;
use super::print::print;
use crate::base::zone;
use crate::config::Config;

/// The name of the schema, as the first line of the file says it.
const SCHEMA: &str = "stations.schema.json";
/// The folder of services, and where what they record goes.
const SERVICE: (&str, &str) = ("/etc", "/var/lib/aircheck");

/// Writes the file `named`, else the one that is usual for this user. Never over one that is there.
pub(super) fn run(named: Option<PathBuf>) -> anyhow::Result<u8> {
    let Some(file) = named.or_else(usual) else {
        eprintln!("aircheck: this user has no home folder; name the file: `aircheck init stations.yaml`");
        return Ok(USAGE);
    };
    let file = std::path::absolute(file)?;
    let text = text(&file);
    if let Err(error) = written(&file, &text) {
        let shown = file.display();
        eprintln!(
            "aircheck: {}",
            match error.kind() {
                ErrorKind::AlreadyExists => {
                    format!(
                        "{shown} is there already, and stays as it is; `aircheck add` adds to it, and any editor changes it"
                    )
                }
                _ => format!("{shown} cannot be written: {error}; name another with `aircheck init FILE`"),
            }
        );
        return Ok(FAILED);
    }
    // The file is right without it, and one that is there may be newer.
    let schema = serde_json::to_string_pretty(&Config::schema())? + "\n";
    let _ = written(&file.with_file_name(SCHEMA), &schema);
    print(&next_steps(&file))?;
    Ok(DONE)
}

/// The file that commands of this user find by themselves.
fn usual() -> Option<PathBuf> {
    if rustix::process::geteuid().is_root() {
        return Some(Path::new(SERVICE.0).join("aircheck/stations.yaml"));
    }
    locate::personal()
}

/// Writes a new file, and the folder that it is in.
fn written(file: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut new = OpenOptions::new().write(true).create_new(true).open(file)?;
    new.write_all(text.as_bytes()).and_then(|()| new.sync_all()).inspect_err(|_| {
        // Half a file would be in the way of the next attempt.
        let _ = fs::remove_file(file);
    })
}

/// The lines about folders: where recordings go, and for a service where the tape is.
fn folders(file: &Path) -> String {
    let quoted = |folder: &Path| serde_json::Value::from(folder.to_string_lossy()).to_string();
    let (system, state) = SERVICE;
    if file.starts_with(system) {
        let recordings = Path::new(state).join("recordings");
        return format!(
            "output: {}   # where recordings go\nstate: {}   # where tape and catalogue are\n",
            quoted(&recordings),
            quoted(Path::new(state))
        );
    }
    let is_personal = locate::personal().is_some_and(|personal| personal.parent() == file.parent());
    match std::env::home_dir().filter(|_| is_personal) {
        Some(home) => format!("output: {}   # where recordings go\n", quoted(&home.join("Radio"))),
        None => "output: recordings   # where recordings go; relative to this file, or absolute\n".to_owned(),
    }
}

fn timezone() -> String {
    match zone::machine() {
        Ok(machine) => format!(
            "# timezone: {}   # of the crons below; without it, the one of this machine, which is this\n",
            machine.zone
        ),
        Err(_) => "timezone: UTC   # of the crons below; this machine does not say which is yours\n".to_owned(),
    }
}

fn text(file: &Path) -> String {
    format!(
        "# yaml-language-server: $schema={SCHEMA}
#
# What aircheck records. Edit it, or let `aircheck add` do it. Then ask:
#
#   aircheck check            is it right, and what airs next?
#   aircheck check --probe    do the stations answer? (tapes three seconds of each)
#   aircheck run              record
#
# An editor that knows YAML completes and explains all keys, by the first line. Further files can stand in stations.d/
# beside this one, each with `stations:` and `shows:`.

{}{}
stations:
  # A station, under an id of your choice. Without the `# `, and with its real address, it is one:
  #
  # kbs-1fm:
  #   name: KBS 1FM
  #   hls: https://radio.example.org/1fm/playlist.m3u8     # or `icecast:`, or `rtmp:`

shows:
  # A show: what to record of a station, and when.
  #
  # - title: Morning News
  #   station: kbs-1fm
  #   cron: \"0 7 * * 1-5\"       # minute, hour, day of the month, month, day of the week: at 7:00 from Monday to Friday
  #   length: 1h
  #   late: 1m                  # how much to record after it
",
        timezone(),
        folders(file)
    )
}

fn next_steps(file: &Path) -> String {
    let aircheck = locate::command(file);
    let mut text = format!("{} is written. It has no station yet.\n\nNext:\n", file.display());
    for (command, what) in [
        ("add ADDRESS", "add a station: the address of its page, playlist or stream, or its name"),
        ("add --station ID --cron \"0 14 * * *\" --length 1h", "add a show of it"),
        ("check", "see what airs next"),
        ("run", "record"),
    ] {
        let _ = writeln!(text, "  {aircheck} {command}\n      {what}");
    }
    text
}
