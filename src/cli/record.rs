//! `aircheck record`: records a station now, without the service.
//!
//! It needs no lock, and touches neither the catalogue nor the tapes of the service: its own tape is in a hidden folder
//! beside the file that it makes, and is deleted when the file is done.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use chrono::{SubsecRound as _, TimeDelta};
use tokio_util::sync::CancellationToken;

use super::exit::{DONE, FAILED, INCOMPLETE, USAGE};
use super::named::{self, Unknown};
use super::print::{print, print_json};
use super::progress::Progress;
use super::runtime::block_on;
use super::target::{encoding_of, fitting, folder_of};
use super::{logging, programs};
use crate::base::environment::Environment;
use crate::base::signals::Signals;
use crate::capture::deck::Decks;
use crate::capture::{CONNECTING, first_sound};
use crate::config::{Config, Encoding, Id3, Station};
use crate::encode::{Encoded, Job};
use crate::library::store::{self, Store};
use crate::model::{AiringId, Cause, CauseKind, Codec, EncodingKind, ShowId, Span, StationId, Verdict};
use crate::production::following::{self, EncodingSlots, Ending};
use crate::production::{Draft, Subject, Texts, summary, tagging};
use crate::tape::Tape;
use crate::web::wire::{Missing, Note, Report, Silent, stamp};

/// What to record, and how.
#[derive(Debug, Clone)]
pub(super) struct Options {
    /// The station's id or name.
    pub station: String,
    /// How long.
    pub length: Duration,
    /// The file to write. `None` if one is named in the output folder.
    pub output: Option<PathBuf>,
    /// How to encode it. `None` if as the name of the file or the YAML says.
    pub encoding: Option<EncodingKind>,
    /// Whether to print JSON.
    pub json: bool,
}

/// Records as the options say. The exit code says how complete the recording is.
pub(super) fn run(config: &Config, options: &Options) -> anyhow::Result<u8> {
    logging::begin("off");
    let stations = config.stations.iter().map(|station| (station.id.as_str(), station.name.as_str()));
    // A name of several stations says as little as one of none.
    let called = match &named::ids(&options.station, stations)[..] {
        [id] => config.station(&StationId::new(id)),
        _ => None,
    };
    let Some(station) = called else {
        let ids = config.stations.iter().map(|station| station.id.to_string());
        eprintln!("aircheck: {}", Unknown::new("station", &options.station, ids));
        return Ok(USAGE);
    };
    if options.length.is_zero() {
        eprintln!("aircheck: `--for` must be longer than 0 s");
        return Ok(USAGE);
    }
    let usual = station.encoding.unwrap_or(config.encodings.kind);
    let encoding = match encoding_of(options.output.as_deref(), options.encoding, usual) {
        Ok(kind) => config.encodings.of(kind),
        Err(reason) => {
            eprintln!("aircheck: {reason}");
            return Ok(USAGE);
        }
    };
    if !programs::all_there(std::slice::from_ref(station)) {
        return Ok(FAILED);
    }
    block_on(record(config, station, encoding, options))?
}

async fn record(config: &Config, station: &Arc<Station>, encoding: Encoding, options: &Options) -> anyhow::Result<u8> {
    let environment = Environment::system();
    let mut signals = Signals::listen()?;
    let asked = environment.clock.now();
    let work = Workspace::new(config, options.output.as_deref())?;
    let decks = Decks::new(environment.clone(), work.folder.join("tape"));
    let lease = decks.lease(station, asked).await?;
    let tape = lease.tape().clone();
    let start = tokio::select! {
        start = first_sound(&tape, asked, asked + CONNECTING, environment.clock.as_ref()) => start,
        () = signals.stop() => {
            eprintln!("aircheck: stopped before anything came of {}", station.name);
            return Ok(FAILED);
        }
    };
    let cut = Span::new(start, start + TimeDelta::from_std(options.length)?);
    let target = work.folder.join("take.mp3.part");
    let mut job = Job { cut, encoding, gaps: config.gaps, dead_air: config.dead_air, target, cover_space: 0 };
    let taken = take_until_stopped(&tape, &mut job, station, &environment, &mut signals, !options.json).await;
    let cut = job.cut;
    drop(lease);
    let trouble = tape.trouble();
    environment.stop.cancel();
    environment.tasks.close();
    environment.tasks.wait().await;
    let draft = Draft::new(&cut, taken?, job.target.clone());
    let draft = draft.with_tracks(&tape, &cut, &station.titles, job.gaps).await;
    let (verdict, taken) = (draft.verdict, &draft.encoded);
    let file = if verdict == Verdict::Failed {
        None
    } else {
        tagging::write(&draft.file, &draft.tags(&subject(station, &job, config.id3), texts(station, &job))).await?;
        Some(
            work.publish(
                (&draft.file, draft.encoded.codec),
                &station.name,
                start.with_timezone(&station.timezone).naive_local(),
            )
            .await?,
        )
    };
    if options.json {
        print_json(&report(station, cut, verdict, taken, file.as_deref()).await?)?;
    } else if let Some(file) = &file {
        print(&format!("{} — {}\n", summary(verdict, taken), file.display()))?;
        for note in &taken.notes {
            eprintln!("{note}");
        }
        for gap in &taken.gaps {
            let at = gap.start.with_timezone(&station.timezone).format("%H:%M:%S%.3f");
            eprintln!("missing {:.3} s at {at}: {}", gap.length.as_secs_f64(), gap.cause);
        }
        for dead in &taken.measured.dead_air {
            let at = dead.start.with_timezone(&station.timezone).format("%H:%M:%S%.3f");
            eprintln!("dead air for {:.3} s at {at}", dead.length.as_secs_f64());
        }
    }
    if file.is_none() {
        let why = trouble.map(|trouble| trouble.cause).or_else(|| longest(taken));
        eprintln!("aircheck: nothing of {} could be recorded: {}", station.name, why.unwrap_or_default());
    }
    Ok(match verdict {
        Verdict::Complete => DONE,
        Verdict::Partial(_) | Verdict::Silent => INCOMPLETE,
        Verdict::Failed => FAILED,
    })
}

/// Returns the cause of the longest gap.
fn longest(taken: &Encoded) -> Option<Cause> {
    Some(taken.gaps.iter().max_by_key(|gap| gap.length)?.cause.clone())
}

/// Takes `job`. The first request to stop moves its end to that moment, as in the service. A request after its end
/// takes what is on tape by then, and one more gives the recording up.
async fn take_until_stopped(
    tape: &Tape,
    job: &mut Job,
    station: &Station,
    environment: &Environment,
    signals: &mut Signals,
    visible: bool,
) -> anyhow::Result<Encoded> {
    let slots = EncodingSlots::new(1);
    let ending = Ending::new(environment.stop.clone());
    loop {
        // Its end is another each time.
        let ending = Ending { taped: CancellationToken::new(), ..ending.clone() };
        let stopped = {
            let progress = Progress::new(tape.clone(), job.cut, Arc::clone(&environment.clock), visible);
            let taking = async {
                following::until_near_its_end(&job.cut, environment, &ending).await?;
                following::encode(job, tape, station.delay, environment, &slots, &ending).await
            };
            let showing = progress.show(&station.name);
            tokio::pin!(taking, showing);
            loop {
                tokio::select! {
                    taken = &mut taking => {
                        let mut taken = taken.context("the recording failed")?;
                        if ending.early.is_cancelled() {
                            excuse_station(&job.cut, &mut taken);
                        }
                        return Ok(taken);
                    }
                    () = &mut showing => continue,
                    () = signals.stop() => {}
                }
                let now = environment.clock.now().trunc_subsecs(3);
                if job.cut.start < now && now < job.cut.end {
                    break now;
                }
                if ending.early.is_cancelled() { ending.abandon.cancel() } else { ending.early.cancel() }
            }
        };
        eprintln!("aircheck: stopped; the last seconds are on their way, another Ctrl-C does not wait for them");
        job.cut = Span::new(job.cut.start, stopped);
        // An encoder that was given up may still have written.
        let _ = tokio::fs::remove_file(&job.target).await;
    }
}

/// Gives a last gap without a known cause the cause that a person did not wait for it: the station is not to blame.
fn excuse_station(cut: &Span, taken: &mut Encoded) {
    if let Some(last) = taken.gaps.last_mut()
        && last.start + last.length >= cut.end
        && last.cause.kind == CauseKind::Nothing
    {
        last.cause = Cause::new(CauseKind::Stopped, "the recording was stopped before it came");
    }
}

/// The hidden folder of one recording, beside the file that it will become. It is removed with everything in it.
struct Workspace {
    folder: PathBuf,
    output: PathBuf,
    /// Whether the output folder did not exist before.
    made_output: bool,
    file: Option<PathBuf>,
}

impl Workspace {
    fn new(config: &Config, file: Option<&Path>) -> anyhow::Result<Self> {
        let output = file.map_or(config.output.as_path(), folder_of).to_owned();
        let made_output = !output.exists();
        let folder = std::path::absolute(output.join(format!(".aircheck-record-{}", std::process::id())))?;
        std::fs::create_dir_all(&folder).with_context(|| format!("{} cannot be written to", output.display()))?;
        Ok(Self { folder, output, made_output, file: file.map(Path::to_owned) })
    }

    /// Gives the finished file its name, and returns its path.
    async fn publish(
        &self,
        (finished, codec): (&Path, Codec),
        station: &str,
        start: chrono::NaiveDateTime,
    ) -> anyhow::Result<PathBuf> {
        if let Some(file) = &self.file {
            let file = fitting(file, codec);
            store::give_name(finished, &file).await?;
            return Ok(std::path::absolute(file)?);
        }
        let name = format!("{0}/{1} {0}", station.replace('/', "-"), start.format("%Y-%m-%d %H%M%S"));
        let store = Store::new(&self.output);
        Ok(store.shown(&store.shelve(finished, &name, codec).await?))
    }
}

impl Drop for Workspace {
    fn drop(&mut self) {
        // A folder that cannot be removed is hidden, and its name says whose it is.
        let _ = std::fs::remove_dir_all(&self.folder);
        if self.made_output {
            // Fails if a recording is in it.
            let _ = std::fs::remove_dir(&self.output);
        }
    }
}

fn subject<'a>(station: &'a Station, job: &Job, id3: Id3) -> Subject<'a> {
    let (zone, station) = (station.timezone, station.name.as_str());
    Subject { cut: job.cut, on_air: job.cut.start, zone, station, gaps: job.gaps, id3 }
}

fn texts(station: &Station, job: &Job) -> Texts {
    let local = job.cut.start.with_timezone(&station.timezone);
    Texts {
        title: format!("{} {}", station.name, local.format("%Y-%m-%d %H:%M")),
        artist: station.name.clone(),
        album: station.name.clone(),
        genre: "Radio".to_owned(),
    }
}

async fn report(
    station: &Station,
    cut: Span,
    verdict: Verdict,
    taken: &Encoded,
    file: Option<&Path>,
) -> anyhow::Result<Report> {
    let zone = station.timezone;
    let bytes = match file {
        Some(file) => Some(store::size(file).await?),
        None => None,
    };
    Ok(Report {
        id: AiringId::derive(&ShowId::new(station.id.as_str()), cut.start).to_string(),
        show: station.id.to_string(),
        title: station.name.clone(),
        station: station.id.to_string(),
        start: stamp(cut.start, zone),
        end: stamp(cut.end, zone),
        verdict: Some(verdict.word()),
        seconds: taken.seconds,
        missing: taken.gaps.iter().map(|gap| Missing::of(gap, zone)).collect(),
        silent: taken.measured.dead_air.iter().map(|dead| Silent::of(dead, zone)).collect(),
        notes: taken.notes.iter().cloned().map(Note::from).collect(),
        loudness: taken.measured.loudness.map(|loudness| loudness.integrated),
        file: file.map(Path::to_owned),
        bytes,
    })
}
