//! `aircheck clip`: cuts pieces of a station's tape or of a recording into a clip, beside the service or without it.
//!
//! With `--output` the clip is a file, and nothing else changes. Without it the clip is a recording of the library, like
//! those that the page makes.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use serde::Serialize;

use super::catalogue;
use super::exit::{DONE, FAILED, INCOMPLETE, USAGE};
use super::named::{self, Unknown};
use super::print::{print, print_json};
use super::runtime::block_on;
use super::target::{Target, encoding_of, fitting};
use super::{logging, programs};
use crate::base::clock::SharedClock;
use crate::base::environment::Environment;
use crate::base::readable::clock as played;
use crate::base::signals::Signals;
use crate::clips::{
    AskedCover, AskedPiece, At, Checked, ClipRequest, Made, Over, Preview, Sources, check, free_id, into_file,
    into_library, preview,
};
use crate::config::{Config, parse_position};
use crate::library::artwork::Pictures;
use crate::library::catalogue::Catalogue;
use crate::model::{AiringId, Cause, Covering, EncodingKind, ObjectName, Stretch, Verdict};
use crate::production::summary;

/// What to cut, and what to make of it.
#[derive(Debug, Default)]
pub(super) struct Options {
    /// A station's id or name, the id of a recording, or the name of a file in the object store.
    pub source: String,
    /// From when to when of a station's tape.
    pub from: Option<String>,
    pub to: Option<String>,
    pub since: Option<String>,
    /// How long.
    pub length: Option<Duration>,
    /// From where to where of a recording, `FROM-TO`.
    pub pieces: Vec<String>,
    /// What to cover with a tone, and what with silence.
    pub bleeps: Vec<String>,
    pub mutes: Vec<String>,
    /// Its title.
    pub title: Option<String>,
    /// The file to write. `None` if the clip goes into the library.
    pub output: Option<PathBuf>,
    /// How to encode it. `None` if as the name of the file or the YAML says.
    pub encoding: Option<EncodingKind>,
    /// Whether only to say what would come.
    pub dry_run: bool,
    /// Whether to print JSON.
    pub json: bool,
}

/// What a clip is, or would be, as scripts read it.
#[derive(Debug, Serialize)]
struct Report {
    /// The id in the library; null if it is a file of its own, or was not made.
    id: Option<String>,
    title: String,
    /// How long it plays, and how much of that is sound, in seconds.
    length: f64,
    seconds: f64,
    /// Null if it was not made.
    verdict: Option<String>,
    file: Option<PathBuf>,
    missing: Vec<Missing>,
}

/// What is missing: from where in the clip on, and how long, in seconds.
#[derive(Debug, Serialize)]
struct Missing {
    at: f64,
    seconds: f64,
    cause: String,
}

/// Makes the clip, at the instant `now`. Exit code 3 if something of it is missing.
pub(super) fn run(config: Config, options: &Options, now: DateTime<Utc>) -> anyhow::Result<u8> {
    logging::begin("off");
    let encoding = match encoding_of(options.output.as_deref(), options.encoding, config.encodings.kind) {
        // Without a name, the station may say how.
        Ok(kind) => Some(kind).filter(|_| options.output.is_some()).or(options.encoding),
        Err(reason) => {
            eprintln!("aircheck: {reason}");
            return Ok(USAGE);
        }
    };
    if !options.dry_run && !programs::all_there(&[]) {
        return Ok(FAILED);
    }
    let config = Arc::new(config);
    block_on(async {
        let mut signals = Signals::listen()?;
        tokio::select! {
            code = cut(&config, options, encoding, now) => code,
            () = signals.stop() => {
                eprintln!("aircheck: no clip was made");
                Ok(FAILED)
            }
        }
    })?
}

async fn cut(
    config: &Arc<Config>,
    options: &Options,
    encoding: Option<EncodingKind>,
    now: DateTime<Utc>,
) -> anyhow::Result<u8> {
    let path = config.state.join("catalogue.sqlite");
    let known = if options.output.is_none() && !options.dry_run {
        Some(Catalogue::open(path).await?)
    } else if path.exists() {
        catalogue::open(config).await?
    } else {
        // A station's tape can be cut without it.
        None
    };
    let store = catalogue::store(config).of_command(&config.state);
    let clock = Environment::system().clock;
    let sources = Sources::of_command(Arc::clone(config), known.clone(), store, Arc::clone(&clock));
    let request = match request(config, &sources, options).await? {
        Ok(request) => ClipRequest { encoding, ..request },
        Err(reason) => {
            eprintln!("aircheck: {reason}");
            return Ok(USAGE);
        }
    };
    let checked = match check(&request, &sources, now).await {
        Ok(checked) => checked,
        Err(error) if error.is_ours() => return Err(error.into()),
        Err(error) => {
            eprintln!("aircheck: {error}");
            return Ok(USAGE);
        }
    };
    if let Some(end) = checked.clip.ends().filter(|end| *end > now) {
        let end = end.with_timezone(&config.timezone).format("%H:%M:%S %Z");
        eprintln!(
            "aircheck: the clip ends at {end}, which is still to come: end it with `--to now`, or ask the service for it"
        );
        return Ok(USAGE);
    }
    let expected = preview(&checked, now).await;
    if options.dry_run {
        return told(&checked, &expected, options.json);
    }
    let pictures = Pictures::new(&config.state);
    let (id, made) = match (&options.output, &known) {
        (Some(output), _) => (None, as_file(&checked, &sources, &pictures, output, &clock).await?),
        (None, Some(catalogue)) => {
            let id = free_id(catalogue, now).await?;
            let made = into_library(&id, &checked, &sources, catalogue, &pictures, &clock).await;
            (Some(id), made.context("the clip cannot be made")?)
        }
        (None, None) => anyhow::bail!("the catalogue cannot be opened"),
    };
    let file =
        made.file.as_ref().map(|file| if options.output.is_some() { file.clone() } else { sources.store.shown(file) });
    report(&checked, &made, id, file, options.json)
}

/// Makes the clip beside `output`, and gives it that name when it is whole.
async fn as_file(
    checked: &Checked,
    sources: &Sources,
    pictures: &Pictures,
    output: &Path,
    clock: &SharedClock,
) -> anyhow::Result<Made> {
    let target = Target::beside(output)?;
    let made = into_file(checked, sources, pictures, target.path(), clock).await.context("the clip cannot be made")?;
    let file = match made.file {
        Some(_) => Some(target.publish(&fitting(output, made.draft.encoded.codec)).await?),
        None => None,
    };
    Ok(Made { file, ..made })
}

/// Returns what the options ask for, or says what is wrong with them.
async fn request(config: &Config, sources: &Sources, options: &Options) -> anyhow::Result<Result<ClipRequest, String>> {
    let stations = config.stations.iter().map(|station| (station.id.as_str(), station.name.as_str()));
    if let [station] = &named::ids(&options.source, stations)[..] {
        return Ok(of_station(station, options));
    }
    if options.source.trim().starts_with(ObjectName::SCHEME) {
        return Ok(of_object(options.source.trim(), options));
    }
    let recording = AiringId::new(options.source.trim());
    if sources.recording(&recording).await?.is_some() {
        return Ok(of_recording(&recording, options));
    }
    let ids = config.stations.iter().map(|station| station.id.to_string());
    let unknown = Unknown::new("station", &options.source, ids);
    Ok(Err(format!("{unknown}; nor is there such a recording: `aircheck list --json` has their ids")))
}

fn of_station(station: &str, options: &Options) -> Result<ClipRequest, String> {
    if !options.pieces.is_empty() {
        return Err(format!(
            "`--piece` cuts a recording, and {station} is a station: write `--from` with `--to` or `--for`"
        ));
    }
    let from = match (&options.from, &options.since) {
        (Some(from), None) => from,
        (None, Some(since)) => since,
        _ => return Err("say from when: `--from \"yesterday 22:15\" --for 15m`, or `--since -30m`".to_owned()),
    };
    let to = match (&options.to, options.length) {
        (Some(to), None) => At::Written(to.clone()),
        (None, Some(length)) => At::After(length),
        (None, None) if options.since.is_some() => At::Written("now".to_owned()),
        _ => return Err("say how long: `--for 15m`, or until when: `--to 22:30`".to_owned()),
    };
    let piece = AskedPiece::Tape { station: station.to_owned(), from: At::Written(from.clone()), to };
    let covers = covers(options, |text| {
        let (from, to) =
            halves(text).ok_or_else(|| format!("`{text}`: write from when to when, such as `22:16:05..22:16:06.5`"))?;
        Ok(Over::Tape(from.to_owned(), to.to_owned()))
    })?;
    Ok(ClipRequest { title: options.title.clone(), pieces: vec![piece], covers, encoding: None })
}

fn of_recording(id: &AiringId, options: &Options) -> Result<ClipRequest, String> {
    of_file((id.as_str(), "recording"), options, |from, to| AskedPiece::Recording {
        recording: id.to_string(),
        from,
        to,
    })
}

fn of_object(name: &str, options: &Options) -> Result<ClipRequest, String> {
    of_file((name, "file"), options, |from, to| AskedPiece::Object { object: name.to_owned(), from, to })
}

/// Returns the clip of positions in something that is a file. `what` it is, in a word.
fn of_file(
    (name, what): (&str, &str),
    options: &Options,
    piece: impl Fn(Option<Duration>, Option<Duration>) -> AskedPiece,
) -> Result<ClipRequest, String> {
    if options.from.is_some() || options.to.is_some() || options.since.is_some() || options.length.is_some() {
        return Err(format!(
            "{name} is a {what}: write from where to where with `--piece 00:10:00-00:12:30`, once for each piece"
        ));
    }
    let stretch = |text: &String| positions("--piece", text).map(|(from, to)| piece(Some(from), Some(to)));
    let mut pieces = options.pieces.iter().map(stretch).collect::<Result<Vec<_>, _>>()?;
    if pieces.is_empty() {
        pieces.push(piece(None, None));
    }
    let covers = covers(options, |text| {
        let (from, to) = positions("--bleep", text)?;
        Ok(Over::Recording(from, to))
    })?;
    Ok(ClipRequest { title: options.title.clone(), pieces, covers, encoding: None })
}

fn covers(options: &Options, over: impl Fn(&str) -> Result<Over, String>) -> Result<Vec<AskedCover>, String> {
    let of = |texts: &[String], with: Covering| {
        texts.iter().map(|text| Ok(AskedCover { over: over(text)?, with })).collect::<Result<Vec<_>, String>>()
    };
    let mut covers = of(&options.bleeps, Covering::Tone)?;
    covers.extend(of(&options.mutes, Covering::Silence)?);
    Ok(covers)
}

/// Reads `FROM-TO`, two positions.
fn positions(option: &str, text: &str) -> Result<(Duration, Duration), String> {
    let (from, to) = halves(text)
        .ok_or_else(|| format!("`{option} {text}`: write from where to where, such as `00:10:00-00:12:30`"))?;
    let read = |part: &str| parse_position(part).map_err(|error| format!("`{option}`: {error}"));
    Ok((read(from)?, read(to)?))
}

/// Divides `FROM..TO`, or `FROM-TO` if there is one hyphen.
fn halves(text: &str) -> Option<(&str, &str)> {
    let halves = text.split_once("..").or_else(|| {
        let halves = text.split_once('-')?;
        (!halves.1.contains('-')).then_some(halves)
    });
    halves.filter(|(from, to)| !from.trim().is_empty() && !to.trim().is_empty())
}

/// Says what would come of the clip.
fn told(checked: &Checked, preview: &Preview, json: bool) -> anyhow::Result<u8> {
    let length = checked.clip.length();
    let there: Duration = preview.pieces.iter().map(|piece| piece.there).sum();
    let missing = missing_of(preview);
    if json {
        let missing = missing.iter().map(|(stretch, cause)| Missing::of(*stretch, cause)).collect();
        let (length, seconds) = (length.as_secs_f64(), there.as_secs_f64());
        let title = checked.clip.title.clone();
        print_json(&Report { id: None, title, length, seconds, verdict: None, file: None, missing })?;
    } else {
        let (there, length) = (played(there.as_secs_f64()), played(length.as_secs_f64()));
        print(&format!("{}: {there} of {length} is there; nothing was made\n", checked.clip.title))?;
        say_missing(&missing);
    }
    Ok(if preview.is_whole() { DONE } else { INCOMPLETE })
}

/// Returns what is missing, at its positions in the clip.
fn missing_of(preview: &Preview) -> Vec<(Stretch, Cause)> {
    let mut at = Duration::ZERO;
    let mut missing = Vec::new();
    for piece in &preview.pieces {
        missing.extend(
            piece.missing.iter().map(|(stretch, cause)| (Stretch { at: at + stretch.at, ..*stretch }, cause.clone())),
        );
        at += piece.length;
    }
    missing
}

impl Missing {
    fn of(stretch: Stretch, cause: &Cause) -> Self {
        Self { at: stretch.at.as_secs_f64(), seconds: stretch.length.as_secs_f64(), cause: cause.words.clone() }
    }
}

fn say_missing(missing: &[(Stretch, Cause)]) {
    for (stretch, cause) in missing {
        eprintln!("missing {:.3} s at {}: {cause}", stretch.length.as_secs_f64(), played(stretch.at.as_secs_f64()));
    }
}

/// Says what was made.
fn report(
    checked: &Checked,
    made: &Made,
    id: Option<AiringId>,
    file: Option<PathBuf>,
    json: bool,
) -> anyhow::Result<u8> {
    let (draft, encoded) = (&made.draft, &made.draft.encoded);
    let missing: Vec<_> = encoded
        .gaps
        .iter()
        .map(|gap| {
            let at = (gap.start - made.cut.start).to_std().unwrap_or_default();
            (Stretch { at, length: gap.length }, gap.cause.clone())
        })
        .collect();
    if json {
        print_json(&Report {
            id: id.map(|id| id.to_string()),
            title: checked.clip.title.clone(),
            length: encoded.length.as_secs_f64(),
            seconds: encoded.seconds,
            verdict: Some(draft.verdict.word().to_owned()),
            file,
            missing: missing.iter().map(|(stretch, cause)| Missing::of(*stretch, cause)).collect(),
        })?;
    } else {
        let file = file.map(|file| format!(" — {}", file.display())).unwrap_or_default();
        print(&format!("{}{file}\n", summary(draft.verdict, encoded)))?;
        for note in &encoded.notes {
            eprintln!("{note}");
        }
        say_missing(&missing);
    }
    Ok(match draft.verdict {
        Verdict::Complete => DONE,
        Verdict::Failed => FAILED,
        _ => INCOMPLETE,
    })
}
