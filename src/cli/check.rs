//! `aircheck check`: is the file right, and is everything there that it needs?
//!
//! It checks in three phases. Does the file say what it should? If not, it prints all mistakes and exits with 2. Are
//! the programs, the rights and the space there? If not, it exits with 1. Then it prints what will happen, and exits
//! with 0. It changes nothing, so it may run beside the service and as another user.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::catalogue::still_used;
use super::exit::{DONE, FAILED, USAGE};
use super::locate;
use super::next::rfc3339;
use super::print::{print, print_json, short, table};
use super::probe::{self, Probed};
use super::programs::{self, Missing};
use crate::airings::plan;
use crate::base::blocking::within;
use crate::base::clock::Clock;
use crate::base::process;
use crate::base::readable;
use crate::base::zone::{Release, Zone};
use crate::config::{Address, Config, ConfigErrors, SourceConfig, Station, Step, Unwritable, keep_text};
use crate::copies::probe::Probed as ProbedStore;
use crate::daemon::Lock;
use crate::housekeeping::outlook;
use crate::language::Language;
use crate::library::store::Store;

/// The result, as scripts read it.
#[derive(Debug, Default, Serialize)]
struct Report {
    file: String,
    ok: bool,
    /// The files beside it that were read as well.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    sides: Vec<String>,
    problems: Vec<Problem>,
    /// Sentences about what is right and perhaps not meant.
    warnings: Vec<String>,
    /// The release of the time zone database by which the zones go.
    #[serde(skip_serializing_if = "Option::is_none")]
    zones: Option<Release>,
    /// Programs that are not installed.
    missing: Vec<Missing>,
    /// Folders that this user may not write to.
    unwritable: Vec<Unwritable>,
    /// A sentence, if what the output folder lay on is not mounted any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    unmounted: Option<String>,
    /// The bytes free for recordings. `None` if the system does not say.
    free: Option<u64>,
    stations: Vec<StationRow>,
    shows: Vec<ShowRow>,
    /// What became of the stations. `None` if they were not probed.
    #[serde(skip_serializing_if = "Option::is_none")]
    probes: Option<Vec<Probed>>,
    /// What became of the object store. `None` if it was not probed, or there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    store: Option<ProbedStore>,
}

#[derive(Debug, Serialize)]
struct Problem {
    file: String,
    line: usize,
    column: usize,
    message: String,
    hint: Option<String>,
}

#[derive(Debug, Serialize)]
struct StationRow {
    id: String,
    name: String,
    kind: &'static str,
    timezone: &'static str,
}

#[derive(Debug, Serialize)]
struct ShowRow {
    id: String,
    title: String,
    station: String,
    schedule: String,
    next: Option<String>,
}

/// How long the folders may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Checks the file at `path` and prints the result; with `probe` it also reaches every station. Returns the exit code:
/// 0 if all is well, 1 if something is missing that the file needs, 2 if the file is wrong.
pub(super) fn run(path: &Path, probe: bool, json: bool, clock: &dyn Clock) -> anyhow::Result<u8> {
    match Config::check(path) {
        Ok(config) => {
            let (probes, store) = if probe { probe::run(&config)? } else { Default::default() };
            tell(&config, (probes, store), json, clock)
        }
        Err(errors) => refuse(&errors, json),
    }
}

/// Prints what is wrong with a file.
fn refuse(errors: &ConfigErrors, json: bool) -> anyhow::Result<u8> {
    if json {
        print_json(&refused(errors))?;
    } else {
        eprintln!("{errors}");
    }
    Ok(USAGE)
}

/// Prints what a right file will do, and what became of its stations if they were probed.
fn tell(
    config: &Config,
    (probes, store): (Option<Vec<Probed>>, Option<ProbedStore>),
    json: bool,
    clock: &dyn Clock,
) -> anyhow::Result<u8> {
    let installed = |program: &str| process::find(program).is_some();
    let mut report = report(config, clock.now(), &installed, free_space(&config.output));
    report.warnings.extend(old_rules(config, clock.now()));
    report.warnings.extend(too_much(config, report.free, clock.now()));
    report.unwritable = config.unwritable();
    report.unmounted = unmounted(config);
    report.ok &=
        report.unwritable.is_empty() && report.unmounted.is_none() && probes.iter().flatten().all(|probed| probed.ok);
    report.ok &= store.as_ref().is_none_or(|store| store.ok);
    (report.probes, report.store) = (probes, store);
    if json {
        print_json(&report)?;
    } else {
        print(&summary(config, &report, clock.now()))?;
        for need in needs(config, &report) {
            eprintln!("{need}");
        }
    }
    Ok(if report.ok { DONE } else { FAILED })
}

/// Warns of zones whose rules are newer than the machine's release has them.
fn old_rules(config: &Config, now: DateTime<Utc>) -> Vec<String> {
    let zones = config.shows.iter().map(|show| show.timezone).chain([config.timezone]);
    let zones: BTreeMap<&str, Zone> = zones.map(|zone| (zone.name(), zone)).collect();
    let warning = |zone: Zone| {
        let release = zone.newer_rules(now)?;
        let name = zone.name();
        Some(format!("`{name}` has other clocks by the rules of {release} than by this machine's; update its `tzdata`"))
    };
    zones.into_values().filter_map(warning).collect()
}

/// Warns if the recordings of the next day do not fit on the disk. Where there is too little room already, that is told.
fn too_much(config: &Config, free: Option<u64>, now: DateTime<Utc>) -> Option<String> {
    let room = free?.checked_sub(config.min_free)?;
    let planned = outlook::kept_for_good(config, now);
    let [planned_words, room_words] = [planned, room].map(readable::bytes);
    let words = format!(
        "the recordings of the next 24 hours take about {planned_words}, and {} has room for {room_words} above min_free; \
         make room, or have `keep` keep less",
        config.output.display()
    );
    (planned > room).then_some(words)
}

/// Returns what stands in the way of recording although the file is right, one sentence each, and whether nothing at
/// all can be recorded because of it. The service prints it when it starts. A missing output folder or ffmpeg is no
/// reason not to tape: recordings are finished when it is back.
pub(super) fn obstacles(config: &Config) -> (Vec<String>, bool) {
    let missing = programs::missing(&config.stations, &|program| process::find(program).is_some());
    let asked = config.clone();
    let folders = within(PATIENCE, move || (asked.unwritable(), unmounted(&asked), free_space(&asked.output)));
    let is_silent = folders.is_none();
    let (unwritable, unmounted, free) = folders.unwrap_or_default();
    let vital = unwritable.iter().any(|it| it.folder == config.state);
    let report = Report { missing, unwritable, unmounted, free, ..Report::default() };
    let mut needs = needs(config, &report);
    if is_silent {
        needs.push(format!("{} or {} does not answer", config.output.display(), config.state.display()));
    }
    (needs, vital)
}

fn refused(errors: &ConfigErrors) -> Report {
    let problems = errors.problems.iter().cloned();
    Report {
        file: errors.file.display().to_string(),
        problems: problems
            .map(|problem| Problem {
                file: problem.file.display().to_string(),
                line: problem.line,
                column: problem.column,
                message: problem.message,
                hint: problem.hint,
            })
            .collect(),
        ..Report::default()
    }
}

fn report(config: &Config, now: DateTime<Utc>, installed: &dyn Fn(&str) -> bool, free: Option<u64>) -> Report {
    let stations = config.stations.iter().map(|station| StationRow {
        id: station.id.to_string(),
        name: station.name.clone(),
        kind: station.source.kind(),
        timezone: station.timezone.name(),
    });
    let shows = config.shows.iter().map(|show| ShowRow {
        id: show.id.to_string(),
        title: show.title.clone(),
        station: show.station.to_string(),
        schedule: show.cron.describe(Language::english()),
        next: plan::coming(std::slice::from_ref(show), now, 1)
            .first()
            .map(|airing| rfc3339(airing.on_air.start, airing.timezone)),
    });
    let mut missing = programs::missing(&config.stations, installed);
    missing.extend(programs::of_targets(&config.notify, installed));
    Report {
        file: config.file.display().to_string(),
        ok: missing.is_empty() && !is_scarce(config, free),
        sides: config.sides.iter().map(|side| side.display().to_string()).collect(),
        problems: Vec::new(),
        warnings: config.warnings.clone(),
        zones: Some(Zone::release()),
        missing,
        unwritable: Vec::new(),
        unmounted: None,
        free,
        stations: stations.collect(),
        shows: shows.collect(),
        probes: None,
        store: None,
    }
}

fn needs(config: &Config, report: &Report) -> Vec<String> {
    let mut needs: Vec<String> = report.missing.iter().map(ToString::to_string).collect();
    needs.extend(report.unwritable.iter().map(ToString::to_string));
    needs.extend(report.unmounted.clone());
    if let Some(free) = report.free.filter(|_| is_scarce(config, report.free)) {
        needs.push(format!(
            "{} has only {} free, less than min_free ({}): nothing new is recorded until there is room",
            config.output.display(),
            readable::bytes(free),
            readable::bytes(config.min_free)
        ));
    }
    needs
}

/// Returns a sentence if what the output folder lay on is gone.
fn unmounted(config: &Config) -> Option<String> {
    Store::check_still_mounted(&config.output, &config.state).err().map(|error| error.to_string())
}

fn is_scarce(config: &Config, free: Option<u64>) -> bool {
    free.is_some_and(|free| free < config.min_free)
}

/// Returns the bytes that are free for us where `folder` is or will be.
fn free_space(folder: &Path) -> Option<u64> {
    let existing = folder.ancestors().find(|ancestor| ancestor.exists())?;
    let stat = rustix::fs::statvfs(existing).ok()?;
    stat.f_bavail.checked_mul(stat.f_frsize)
}

fn summary(config: &Config, report: &Report, now: DateTime<Utc>) -> String {
    let aircheck = locate::command(&config.file);
    let mut text = format!("{} is right.\n\n", config.file.display());
    let pair = |name: &str, value: String| [name.to_owned(), value];
    let free = report.free.map_or_else(String::new, |free| format!(" ({} free)", readable::bytes(free)));
    let release = report.zones.as_ref().map_or_else(String::new, Release::to_string);
    let mut rows = vec![
        pair("timezone", config.timezone.name().to_owned()),
        pair("zones", release),
        pair("recordings", format!("{}{free}", config.output.display())),
        pair("tape", config.state.display().to_string()),
    ];
    rows.extend(config.sides.iter().map(|side| pair("also", side.display().to_string())));
    rows.extend(config.store.as_ref().map(|store| pair("copies", store.place())));
    rows.extend(config.notify.iter().map(|target| pair("notify", format!("{} ({})", target.name, target.place()))));
    text.push_str(&table("", &rows));
    for warning in &report.warnings {
        let _ = writeln!(text, "note: {warning}");
    }
    if let Some(in_use) = Lock::output_in_use(&config.state).filter(|in_use| *in_use != config.output) {
        let _ = writeln!(text, "note: {}", still_used(config, &in_use));
    }
    let stations = config.stations.iter().map(|station| {
        let zone = station.timezone.name().to_owned();
        [short(station.id.as_str()), short(&station.name), short(&reached(station)), zone, taped(station)]
    });
    let _ = write!(text, "\nStations\n{}", table("  ", &stations.collect::<Vec<_>>()));
    if let Some(probes) = &report.probes {
        let rows: Vec<_> = probes.iter().map(Probed::row).collect();
        let _ = write!(text, "\nReached just now\n{}", table("  ", &rows));
    }
    if let Some(ProbedStore { place, ok, words, .. }) = &report.store {
        let words =
            if words.is_empty() { "written, read, not overwritten, deleted".to_owned() } else { words.join("; ") };
        let row = [place.clone(), if *ok { "ok" } else { "FAILED" }.to_owned(), words];
        let _ = write!(text, "\nStore tried just now\n{}", table("  ", &[row]));
    }
    if config.stations.is_empty() {
        let _ = writeln!(text, "  There are no stations yet: `{aircheck} add ADDRESS` adds one.");
    }
    if config.shows.is_empty() {
        let _ = writeln!(
            text,
            "\nThere are no shows yet: `{aircheck} add --station ID --cron \"0 14 * * *\" --length 1h` adds one."
        );
        return text;
    }
    let shows = config.shows.iter().map(|show| {
        let coming = plan::coming(std::slice::from_ref(show), now, 1);
        let next = coming.first().map_or_else(
            || "never".to_owned(),
            |airing| {
                let start = airing.on_air.start.with_timezone(&airing.timezone);
                format!("next {}", start.format("%a %Y-%m-%d %H:%M %Z"))
            },
        );
        let station = config.station(&show.station).map_or(show.station.as_str(), |station| &station.name);
        let length = length(show.length);
        [short(&show.title), short(station), format!("{} for {length}", show.cron.describe(Language::english())), next]
    });
    let _ = write!(text, "\nShows\n{}", table("  ", &shows.collect::<Vec<_>>()));
    text
}

/// Says for how long the tape of a station is kept that is always on tape.
fn taped(station: &Station) -> String {
    station.tape.as_ref().map(|rule| format!("on tape for {}", keep_text(rule.keep))).unwrap_or_default()
}

/// Says how a station is reached, without the parts of its URL that may be secret.
fn reached(station: &Station) -> String {
    let kind = match station.source {
        SourceConfig::Hls(_) => "HLS",
        SourceConfig::Rtmp(_) => "RTMP",
        SourceConfig::Icecast(_) => "Icecast",
    };
    match station.source.address() {
        Address::Url(url) => format!("{kind} from {}", url.host_str().unwrap_or("?")),
        Address::Find(steps) => {
            let page = steps.iter().find_map(|find| match &find.step {
                Step::Get { url: Some(url), .. } => url.host_str().map(|host| format!(" from {host}")),
                _ => None,
            });
            let plural = if steps.len() == 1 { "" } else { "s" };
            format!("{kind}, found in {} step{plural}{}", steps.len(), page.unwrap_or_default())
        }
    }
}

fn length(length: std::time::Duration) -> String {
    let seconds = length.as_secs();
    let parts = [(seconds / 3_600, "h"), (seconds / 60 % 60, " min"), (seconds % 60, " s")];
    let words: Vec<String> = parts.iter().filter(|(n, _)| *n > 0).map(|(n, unit)| format!("{n}{unit}")).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(more: &str) -> Config {
        let text = format!(
            "timezone: Asia/Seoul\nstations:\n  kbs: {{ name: KBS 1FM, hls: https://h.example/x?token=secret }}\n{more}"
        );
        Config::parse(&text, Path::new("/etc/aircheck/stations.yaml")).unwrap()
    }

    const NOW: &str = "2026-11-20T00:00:00Z";
    const SHOW: &str = "shows: [{ title: 명연주, station: kbs, cron: \"45 5 * * 5\", length: 1h30m }]\n";

    #[test]
    fn a_right_file_is_described_without_secrets() {
        let config = config(SHOW);
        let report = report(&config, NOW.parse().unwrap(), &|_| true, Some(5 << 30));
        assert!(report.ok);
        let text = summary(&config, &report, NOW.parse().unwrap());
        assert!(text.starts_with("/etc/aircheck/stations.yaml is right.\n"), "{text}");
        assert!(text.contains("/etc/aircheck/recordings (5.0 GiB free)"), "{text}");
        assert!(text.contains("kbs  KBS 1FM  HLS from h.example  Asia/Seoul"), "{text}");
        let line = "명연주  KBS 1FM  every Friday at 05:45 for 1h 30 min  next Fri 2026-11-27 05:45 KST";
        assert!(text.contains(line), "{text}");
        assert!(!text.contains("secret"), "{text}");
        let json = serde_json::to_value(&report).unwrap();
        assert_eq!(json["ok"], true);
        assert_eq!(json["shows"][0]["next"], "2026-11-27T05:45:00+09:00");
        assert_eq!(json["stations"][0]["kind"], "hls");
    }

    #[test]
    fn a_missing_program_is_reported_with_its_purpose_and_package() {
        let config = config(
            "  ebs: { name: EBS FM, rtmp: rtmp://h.example/x }\n  own: { hls: { find: [{ run: [yt-dlp, -g, x] }] } }\n",
        );
        let report = report(&config, NOW.parse().unwrap(), &|_| false, None);
        assert!(!report.ok);
        let needs = needs(&config, &report);
        assert_eq!(
            needs,
            [
                "ffmpeg is not installed, and it turns every recording into an MP3: install it with `apt-get install ffmpeg`",
                "rtmpdump is not installed, and it receives EBS FM: install it with `apt-get install rtmpdump`",
                "yt-dlp is not installed, or not in PATH, and step 1 of the station `own` runs it",
            ]
        );
        // rtmpdump is needed for RTMP stations only.
        let config = self::config("");
        let missing = programs::missing(&config.stations, &|program| program != "rtmpdump");
        assert_eq!(missing, []);
    }

    #[test]
    fn too_little_space_is_reported() {
        let config = config("min_free: 2 GiB\n");
        let report = report(&config, NOW.parse().unwrap(), &|_| true, Some(700 << 20));
        assert!(!report.ok);
        assert!(needs(&config, &report)[0].contains("only 700 MiB free, less than min_free (2.0 GiB)"));
        assert!(free_space(Path::new("/no/such/folder")).is_some_and(|free| free > 0));
    }

    #[test]
    fn scripts_get_mistakes_with_their_locations() {
        let errors = Config::parse("stations: {}\nshow: []\n", Path::new("/s.yaml")).unwrap_err();
        let json = serde_json::to_value(refused(&errors)).unwrap();
        assert_eq!(json["ok"], false);
        assert_eq!(json["problems"][0]["line"], 2);
        assert_eq!(json["problems"][0]["column"], 1);
        assert_eq!(json["problems"][0]["hint"], "write `shows`");
    }
}
