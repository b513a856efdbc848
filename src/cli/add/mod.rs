//! `aircheck add`: adds a station or a show to the YAML, and leaves every other byte of it as it is.
//!
//! What is added is checked as `check` does before it is written; a station is also tried, by the very lines that are
//! written. The service reads the file again by itself.

mod arguments;
mod directory;
mod show;
mod station;
mod words;

use std::path::{Path, PathBuf};

pub(super) use arguments::AddArguments;

use super::exit::{DONE, USAGE};
use super::locate;
use super::print::print;
use crate::config::edit::{Addition, Editing};
use crate::config::{Config, SIDE_FOLDER};
use words::Added;

/// Adds. Exit code 2 if the file or the command line is wrong, 1 if the station cannot be reached.
pub(super) fn run(at: Option<PathBuf>, arguments: &AddArguments) -> anyhow::Result<u8> {
    let main = match locate::find(at) {
        Ok(file) => Some(file),
        // Lines can be printed for a file that is still to be written.
        Err(_) if arguments.print => None,
        Err(error) => {
            eprintln!("aircheck: {error}");
            return Ok(USAGE);
        }
    };
    // A file with mistakes is refused when the lines are in it; until then, what it says as far as it can be read will do.
    let known = main.as_deref().and_then(|main| Config::look(main).ok());
    let addition = match &arguments.station {
        Some(station) => show::addition(station, arguments, known.as_ref()),
        None => station::addition(arguments, known.as_ref())?,
    };
    let (addition, added) = match addition {
        Ok(addition) => addition,
        Err(code) => return Ok(code),
    };
    let Some(main) = main.filter(|_| !arguments.print) else {
        print(&addition.lines())?;
        return Ok(DONE);
    };
    write(&main, arguments.file.as_deref(), &addition, &added)
}

/// Adds `addition` to `main`, or to the file `named`, and says so.
fn write(main: &Path, named: Option<&Path>, addition: &Addition, added: &Added) -> anyhow::Result<u8> {
    let refuse = |reason: &dyn std::fmt::Display| -> anyhow::Result<u8> {
        eprintln!("aircheck: {reason}");
        Ok(USAGE)
    };
    let target = named.unwrap_or(main);
    if let Some(reason) = unread(main, target) {
        return refuse(&reason);
    }
    let editing = match Editing::open(target) {
        Ok(editing) => editing,
        Err(error) => return refuse(&error),
    };
    let after = match addition.added_to(editing.text()) {
        Ok(after) => after,
        Err(error) => {
            // A mistake of YAML says more than that nothing can be added.
            if let Err(errors) = Config::look(main) {
                eprintln!("{errors}\n");
            }
            eprintln!("aircheck: {}: {error}:\n\n{}", target.display(), addition.lines().trim_end());
            return Ok(USAGE);
        }
    };
    let before = Config::look(main).ok();
    let config = match Config::check_edited(main, target, &after) {
        Ok(config) => config,
        Err(errors) => {
            eprintln!("{errors}\n");
            return refuse(&"nothing was written: with the new lines the file would have these mistakes");
        }
    };
    if let Err(error) = editing.save(&after, main) {
        return refuse(&error);
    }
    print(&words::words(added, before.as_ref(), &config, target))?;
    Ok(DONE)
}

/// Says why what is written into `target` would never be read. `None` if it is.
fn unread(main: &Path, target: &Path) -> Option<String> {
    let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let (main, target) = (absolute(main), absolute(target));
    let sides = main.with_file_name(SIDE_FOLDER);
    if target == main {
        return None;
    }
    let hidden = target.file_name().is_none_or(|name| name.as_encoded_bytes().starts_with(b"."));
    let is_side = target.parent() == Some(&*sides) && target.extension().is_some_and(|it| it == "yaml") && !hidden;
    (!is_side).then(|| {
        format!(
            "{} is not read by aircheck: name {} itself, or a file in {} that ends in .yaml",
            target.display(),
            main.display(),
            sides.display()
        )
    })
}
