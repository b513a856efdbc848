//! The programs that must be installed. They are looked for before a show, not in the middle of it.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use crate::base::process;
use crate::config::{Address, SourceConfig, Station, Step, Target, Way};

const FFMPEG: &str = "ffmpeg";

/// A program that is not installed.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Missing {
    program: String,
    purpose: String,
    /// The Debian package that has it. `None` for programs of the user's own.
    package: Option<String>,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { program, purpose, package } = self;
        match package {
            Some(package) => {
                write!(f, "{program} is not installed, and {purpose}: install it with `apt-get install {package}`")
            }
            None => write!(f, "{program} is not installed, or not in PATH, and {purpose}"),
        }
    }
}

/// Returns whether all programs are installed that `stations` need, and says on standard error which are not.
pub(super) fn all_there(stations: &[Arc<Station>]) -> bool {
    let missing = missing(stations, &|program| process::find(program).is_some());
    for program in &missing {
        eprintln!("aircheck: {program}");
    }
    missing.is_empty()
}

/// Returns the programs by which `targets` are told what happens and that are not `installed`.
pub(super) fn of_targets(targets: &[Arc<Target>], installed: &dyn Fn(&str) -> bool) -> Vec<Missing> {
    let program = |target: &Arc<Target>| match &target.way {
        Way::Run(command) => Some((command.first()?.clone(), target.name.clone())),
        _ => None,
    };
    let needed = targets.iter().filter_map(program).filter(|(program, _)| !installed(program));
    let missing = needed.map(|(program, name)| Missing {
        program,
        purpose: format!("the target `{name}` of `notify` runs it"),
        package: None,
    });
    missing.collect()
}

/// Returns the programs that `stations` need and that are not `installed`.
pub(super) fn missing(stations: &[Arc<Station>], installed: &dyn Fn(&str) -> bool) -> Vec<Missing> {
    let mut needed = vec![(FFMPEG, "it turns every recording into an MP3".to_owned(), true)];
    let rtmp: Vec<&str> = stations
        .iter()
        .filter(|station| matches!(station.source, SourceConfig::Rtmp(_)))
        .map(|station| station.name.as_str())
        .collect();
    if !rtmp.is_empty() {
        needed.push(("rtmpdump", format!("it receives {}", rtmp.join(", ")), true));
    }
    for station in stations {
        let stream = match station.source.address() {
            Address::Find(steps) => &steps[..],
            Address::Url(_) => &[],
        };
        let titles = station.titles.asked.as_ref().map_or(&[][..], |asked| &asked.steps);
        let (stream, titles) =
            (stream.iter().map(|find| (find, "")), titles.iter().map(|find| (find, "the titles of ")));
        for (find, of) in stream.chain(titles) {
            if let Step::Run { command } = &find.step
                && let Some(program) = command.first()
            {
                let purpose = format!("step {} of {of}the station `{}` runs it", find.number, station.id);
                needed.push((program, purpose, false));
            }
        }
    }
    needed.retain(|(program, ..)| !installed(program));
    let missing = needed.into_iter().map(|(program, purpose, ours)| Missing {
        program: program.to_owned(),
        purpose,
        package: ours.then(|| process::package_of(program)),
    });
    missing.collect()
}
