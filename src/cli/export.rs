//! `aircheck export`: a stretch of tape for whoever asks for it, in a folder of its own: MP3s by the hour, the untouched
//! reels if they are wanted, the account as JSON and as text, and checksums. It only reads the tape, and needs neither the
//! service nor the catalogue.
//!
//! The folder appears when it is complete: until then it is a hidden one beside it. Silence stands for what is missing, so
//! that the position in a file is the time on the clock.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;

use super::exit::{DONE, FAILED, INCOMPLETE, USAGE};
use super::new_folder::{NewFolder, unfit};
use super::place::{self, Place};
use super::print::{print, print_json};
use super::runtime::block_on;
use super::{logging, programs};
use crate::account::{self, Account, ListedReel, Verified};
use crate::base::blocking::blocking;
use crate::base::clock::SharedClock;
use crate::base::environment::Environment;
use crate::base::hash::sha256_of_file;
use crate::base::signals::Signals;
use crate::config::{Config, GapPolicy};
use crate::encode::{self, Job};
use crate::library::store::Store;
use crate::model::Span;
use crate::production::{Draft, Subject, Texts, tagging};
use crate::tape::Tape;
use crate::web::wire::TapeAccount;

/// The name of the file of checksums, as `sha256sum` reads it.
const SUMS: &str = "SHA256SUMS";

/// What to export, and where to.
#[derive(Debug)]
pub(super) struct Options {
    /// The station's id or name.
    pub station: String,
    /// When it begins, as a person writes it.
    pub from: String,
    /// When it ends.
    pub to: String,
    /// The folder to make.
    pub output: PathBuf,
    /// Whether the untouched reels come along.
    pub reels: bool,
    /// Whether all of it is one MP3.
    pub whole: bool,
    /// Whether to print the account as JSON.
    pub json: bool,
}

/// Exports as the options say, at the instant `now`. Exit code 3 if something is missing.
pub(super) fn run(config: &Config, options: &Options, now: DateTime<Utc>) -> anyhow::Result<u8> {
    logging::begin("off");
    let places = place::all(config);
    let Some(place) = place::named(&places, &options.station) else { return Ok(USAGE) };
    let span = match checked(place, options, now) {
        Ok(span) => span,
        Err(reason) => {
            eprintln!("aircheck: {reason}");
            return Ok(USAGE);
        }
    };
    if !programs::all_there(&[]) {
        return Ok(FAILED);
    }
    let work = Workspace::new(&options.output)?;
    block_on(async {
        let mut signals = Signals::listen()?;
        tokio::select! {
            code = export(config, place, span, options, &work, now) => code,
            () = signals.stop() => {
                eprintln!("aircheck: nothing was exported");
                Ok(FAILED)
            }
        }
    })?
}

/// Returns the stretch that is to be exported, or says what is wrong with what was asked for.
fn checked(place: &Place, options: &Options, now: DateTime<Utc>) -> Result<Span, String> {
    let span = place.span(&options.from, &options.to, now).map_err(|error| error.to_string())?;
    if span.end > now {
        let end = place.clock(span.end);
        return Err(format!("`--to` ({end}) is still to come: write `--to now` for what is on tape by now"));
    }
    unfit(&options.output).map_or(Ok(span), Err)
}

async fn export(
    config: &Config,
    place: &Place,
    span: Span,
    options: &Options,
    work: &Workspace,
    now: DateTime<Utc>,
) -> anyhow::Result<u8> {
    let (folder, delay, rule) = (place.folder.clone(), place.delay, config.dead_air);
    let read = blocking(move || {
        let tape = Tape::read(&folder, delay)?;
        let account = account::account(&tape, span, rule, now);
        let verified = account::verify(&folder, span)?;
        Ok::<_, anyhow::Error>((tape, account, verified))
    });
    let (tape, account, verified) = read.await.with_context(|| format!("the tape of {} cannot be read", place.name))?;
    let account = account.filter(|account| !account.on_tape.is_zero());
    let Some(account) = account else {
        let (stretch, there) = (place.span_in_words(&span), place.extent_in_words()?);
        eprintln!("aircheck: nothing of {} is on tape from {stretch}; {there}", place.name);
        return Ok(FAILED);
    };
    let clock = Environment::system().clock;
    let pieces = if options.whole { vec![account.span] } else { account.span.hours(place.zone) };
    for piece in pieces {
        let written = encode_piece(config, place, &tape, piece, work, &clock).await?;
        match written {
            Some(file) if !options.json => print(&format!("{}\n", options.output.join(file).display()))?,
            Some(_) => {}
            None => eprintln!("aircheck: nothing is on tape from {}", place.span_in_words(&piece)),
        }
    }
    if options.reels {
        work.copy_reels(&tape, account.span).await?;
    }
    let reels = account::listed(&tape, account.span)?;
    work.write_accounts(place, &account, &reels, &verified, now)?;
    let folder = work.folder.clone();
    blocking(move || write_sums(&folder)).await?;
    work.new.publish(&options.output)?;
    if options.json {
        print_json(&TapeAccount::of(&place.id, &account, &reels, Some(&verified), place.zone))?;
    }
    for (reel, damage) in &verified.damaged {
        eprintln!("aircheck: {reel}: {damage}");
    }
    Ok(if account.holes.is_empty() && verified.damaged.is_empty() { DONE } else { INCOMPLETE })
}

/// Encodes `piece` into a tagged MP3. Returns its name; `None` if nothing of it is on tape.
async fn encode_piece(
    config: &Config,
    place: &Place,
    tape: &Tape,
    piece: Span,
    work: &Workspace,
    clock: &SharedClock,
) -> anyhow::Result<Option<PathBuf>> {
    let target = work.folder.join(".piece.part");
    let job = Job {
        cut: piece,
        encoding: config.encodings.wanted().anew(),
        gaps: GapPolicy::Silence,
        dead_air: config.dead_air,
        target: target.clone(),
        cover_space: 0,
    };
    let sealed = CancellationToken::new();
    sealed.cancel();
    let encoded = encode::encode(&job, tape, sealed, clock).await?;
    if encoded.seconds == 0.0 {
        tokio::fs::remove_file(&target).await?;
        return Ok(None);
    }
    let draft = Draft::new(&piece, encoded, target.clone());
    let local = piece.start.with_timezone(&place.zone);
    let texts = Texts {
        title: format!("{} {}", place.name, local.format("%Y-%m-%d %H:%M")),
        artist: place.name.clone(),
        album: place.name.clone(),
        genre: "Radio".to_owned(),
    };
    let (zone, station) = (place.zone, place.name.as_str());
    let subject = Subject { cut: piece, on_air: piece.start, zone, station, gaps: GapPolicy::Silence, id3: config.id3 };
    tagging::write(&target, &draft.tags(&subject, texts)).await?;
    let name = format!("{} {}", place.name.replace('/', "-"), local.format("%Y-%m-%d %H%M%S%z"));
    let store = Store::new(&work.folder);
    Ok(Some(store.shelve(&target, &name, draft.encoded.codec).await?))
}

/// Writes the checksums of all files in `folder`, as `sha256sum -c` reads them. Blocks.
fn write_sums(folder: &Path) -> anyhow::Result<()> {
    let mut names = Vec::new();
    for part in ["", "reels"] {
        for entry in fs::read_dir(folder.join(part)).into_iter().flatten() {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                names.push(Path::new(part).join(entry.file_name()));
            }
        }
    }
    names.sort();
    let mut sums = String::new();
    for name in names {
        let file = folder.join(&name);
        let sum = sha256_of_file(&file, fs::metadata(&file)?.len())?;
        let sum = sum.with_context(|| format!("{} changes while it is read", file.display()))?;
        let _ = writeln!(sums, "{sum}  {}", name.display());
    }
    write_new(&folder.join(SUMS), &sums)
}

fn write_new(file: &Path, text: &str) -> anyhow::Result<()> {
    let written = File::create_new(file).and_then(|mut new| {
        new.write_all(text.as_bytes())?;
        new.sync_all()
    });
    written.with_context(|| format!("{} cannot be written", file.display()))
}

/// The hidden folder that becomes the export.
struct Workspace {
    folder: PathBuf,
    new: NewFolder,
}

impl Workspace {
    fn new(output: &Path) -> anyhow::Result<Self> {
        let new = NewFolder::beside(output, "export")?;
        Ok(Self { folder: new.path().to_owned(), new })
    }

    /// Copies the reels on which sound of `span` may be, and their seals.
    async fn copy_reels(&self, tape: &Tape, span: Span) -> anyhow::Result<()> {
        let target = self.folder.join("reels");
        let (source, names) = (tape.folder().to_owned(), tape.reels_near(&span));
        blocking(move || {
            fs::create_dir(&target)?;
            for name in names {
                let index = Path::new(&name).with_extension("m3u8");
                // The index first: what it names is in the sound file, also if more comes meanwhile.
                for file in [&*index, Path::new(&name)] {
                    let copied = fs::copy(source.join(file), target.join(file));
                    copied.with_context(|| format!("{} cannot be copied", source.join(file).display()))?;
                }
            }
            let seals = source.join("seals");
            if seals.exists() {
                fs::copy(seals, target.join("seals"))?;
            }
            Ok(())
        })
        .await
    }

    /// Writes the account, for programs and for people.
    fn write_accounts(
        &self,
        place: &Place,
        account: &Account,
        reels: &[ListedReel],
        verified: &Verified,
        now: DateTime<Utc>,
    ) -> anyhow::Result<()> {
        let account_of = TapeAccount::of(&place.id, account, reels, Some(verified), place.zone);
        let json = serde_json::to_string_pretty(&account_of)?;
        write_new(&self.folder.join("account.json"), &(json + "\n"))?;
        let text = account::text(&place.name, place.zone, account, reels, Some(verified));
        let (version, at) = (env!("CARGO_PKG_VERSION"), place.clock(now));
        let head = format!(
            "Exported by aircheck {version} on {at}.\n\
             Each file of sound begins at the time in its name, by the clocks of {}. Silence stands for what is missing, so the \
             position in a file is the time on the clock.\n\
             `sha256sum -c {SUMS}` says whether a file was changed since.\n\n",
            place.zone
        );
        write_new(&self.folder.join("account.txt"), &(head + &text))
    }
}
