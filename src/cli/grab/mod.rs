//! `aircheck grab`: downloads what is there, segments with a number in their address or those of a playlist that has
//! ended, and makes a file of it. It needs no configuration and no service.

mod arguments;
mod place;
mod shown;

use std::path::Path;

pub(super) use arguments::GrabArguments;

use self::place::Place;
use self::shown::{Bar, Report, line, missing_lines};
use super::exit::{DONE, FAILED, INCOMPLETE, USAGE};
use super::print::{print, print_json};
use super::runtime::block_on;
use super::target::folder_of as folder_of_file;
use super::{logging, programs};
use crate::base::environment::Environment;
use crate::base::http::Reach;
use crate::base::process::Invocation;
use crate::base::signals::Signals;
use crate::config::{Config, parse_steps};
use crate::grabs::{Asked, Format, Outcome, Progress, folder_of, forget, grab, named_after};

/// Grabs. Exit code 3 if something is missing.
pub(super) fn run(arguments: GrabArguments) -> anyhow::Result<u8> {
    let address = arguments.address.clone().unwrap_or_default();
    let steps = if arguments.find.is_empty() {
        Ok(Vec::new())
    } else {
        parse_steps(address.trim(), &arguments.find).map_err(|reason| format!("`--find`: {reason}"))
    };
    let place = steps.map(|steps| Place { address, steps, ..Place::default() });
    begin(arguments, place)
}

/// Grabs what is at the address of a station of the file, found by its steps.
pub(super) fn of_station(config: &Config, arguments: GrabArguments) -> anyhow::Result<u8> {
    let place = Place::of_station(config, arguments.station.as_deref().unwrap_or_default());
    begin(arguments, place)
}

fn begin(arguments: GrabArguments, place: Result<Place, String>) -> anyhow::Result<u8> {
    logging::begin("off");
    let json = arguments.json;
    let asked = place.and_then(|place| {
        let named = || format!("{}.mp4", named_after(&place.address)).into();
        let file = arguments.output.clone().unwrap_or_else(named);
        let asked = asked(arguments, place, fit(&file)?);
        asked.check().map_err(|error| error.to_string())?;
        Ok((asked, file))
    });
    let (asked, file) = match asked {
        Ok(asked) => asked,
        Err(reason) => {
            eprintln!("aircheck: {reason}");
            return Ok(USAGE);
        }
    };
    if !programs::all_there(&[]) {
        return Ok(FAILED);
    }
    block_on(fetch(&asked, &file, json))?
}

async fn fetch(asked: &Asked, file: &Path, json: bool) -> anyhow::Result<u8> {
    let environment = Environment::system();
    let mut signals = Signals::listen()?;
    if let Some(encoder) = asked.format.encoder()
        && !has_encoder(encoder, &environment).await
    {
        let extension = asked.format.extension();
        eprintln!("aircheck: this ffmpeg has no {encoder}, which makes .{extension}: choose .m4a, which needs none");
        return Ok(FAILED);
    }
    let (folder, progress) = (folder_of(file), Progress::default());
    let outcome = {
        let bar = Bar::new(progress.clone(), environment.clock.clone(), !json);
        tokio::select! {
            outcome = Box::pin(grab(asked, file, &folder, &Reach::Anywhere, &progress, &environment)) => Some(outcome),
            () = bar.show() => None,
            () = signals.stop() => None,
        }
    };
    environment.stop.cancel();
    environment.tasks.close();
    environment.tasks.wait().await;
    let outcome = match outcome {
        Some(Ok(outcome)) => outcome,
        Some(Err(error)) => {
            eprintln!("aircheck: {error}");
            return Ok(if error.is_wrong() { USAGE } else { FAILED });
        }
        None => {
            let done = progress.standing().done;
            eprintln!("aircheck: stopped with {done} segments; run the same command again, and it goes on");
            return Ok(FAILED);
        }
    };
    report(&outcome, &folder, progress.standing().before, json)?;
    if outcome.missing.is_empty() {
        forget(&folder).await?;
        return Ok(DONE);
    }
    Ok(INCOMPLETE)
}

fn report(outcome: &Outcome, folder: &Path, resumed: usize, json: bool) -> anyhow::Result<()> {
    if json {
        return print_json(&Report::of(outcome, resumed));
    }
    print(&line(outcome))?;
    if outcome.missing.is_empty() {
        return Ok(());
    }
    eprint!("{}", missing_lines(&outcome.missing));
    let kept = folder.display();
    match &outcome.file {
        Some(file) => eprintln!(
            "what came stays in {kept}: to try the missing ones again, move {} away and run the same command; else remove \
             that folder",
            file.display()
        ),
        None => eprintln!("what came stays in {kept}: run the same command again to try the missing ones"),
    }
    Ok(())
}

/// Returns what is to be made of `file`, or says why nothing can be.
fn fit(file: &Path) -> Result<Format, String> {
    let Some(format) = Format::of_file(file) else {
        let all: Vec<String> = Format::ALL.iter().map(|format| format!(".{}", format.extension())).collect();
        return Err(format!("{}: the name has to end with {}", file.display(), all.join(", ")));
    };
    if file.symlink_metadata().is_ok() {
        return Err(format!("{} exists and is not replaced: choose another name or move it away", file.display()));
    }
    let folder = folder_of_file(file);
    if folder.is_dir() {
        Ok(format)
    } else {
        Err(format!("there is no folder {}: make it, or choose another", folder.display()))
    }
}

fn asked(arguments: GrabArguments, place: Place, format: Format) -> Asked {
    let GrabArguments { pad, from, count, length, segment, init, referer, headers: more, .. } = arguments;
    let Place { address, steps, mut headers, accept_invalid, .. } = place;
    headers.extend(more);
    headers.extend(referer.map(|referer| ("Referer".to_owned(), referer)));
    let (max_bitrate, language) = (arguments.max_bitrate.or(place.max_bitrate), arguments.language.or(place.language));
    let GrabArguments { parallel, largest, strict, .. } = arguments;
    Asked {
        address,
        steps,
        headers,
        accept_invalid,
        pad,
        from,
        count,
        length,
        segment,
        init,
        max_bitrate,
        language,
        format,
        parallel,
        largest,
        strict,
    }
}

/// Whether ffmpeg has the encoder.
async fn has_encoder(encoder: &str, environment: &Environment) -> bool {
    use tokio::io::AsyncReadExt as _;
    let Ok(mut ffmpeg) =
        Invocation::new("ffmpeg").args(["-hide_banner", "-encoders"]).with_stdout().spawn(&environment.clock)
    else {
        return false;
    };
    let mut text = String::new();
    if let Some(mut stdout) = ffmpeg.take_stdout() {
        let _ = stdout.read_to_string(&mut text).await;
    }
    text.split_whitespace().any(|word| word == encoder)
}
