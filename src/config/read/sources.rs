//! The texts of a configuration: the file, and those in `stations.d` beside it, which add stations and shows.

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::base::zone;
use crate::config::yaml::ConfigErrors;

/// The folder beside the file whose files belong to it.
pub const SIDE_FOLDER: &str = "stations.d";
/// How the names of those files end.
const SIDE_EXTENSION: &str = "yaml";

/// The largest file that is read, in bytes. People write none that is larger.
const LARGEST: u64 = 4 << 20;
/// The most files beside the file: ten for each station of the largest services.
const MOST_SIDES: usize = 10_000;

/// A file and its text, without a byte order mark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    pub file: PathBuf,
    pub text: String,
}

impl Source {
    /// The text of a file that may not be on the disk.
    pub fn new(file: &Path, text: &str) -> Self {
        // Windows editors begin a file with a byte order mark.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text).to_owned();
        Self { file: std::path::absolute(file).unwrap_or_else(|_| file.to_owned()), text }
    }
}

/// Returns the files beside `main` that belong to it, in the order of their names. Hidden ones do not. Blocks on the disk.
///
/// # Errors
/// The folder is there and cannot be read.
pub fn side_files(main: &Path) -> std::io::Result<Vec<PathBuf>> {
    let folder = main.parent().unwrap_or(Path::new("/")).join(SIDE_FOLDER);
    let entries = match fs::read_dir(&folder) {
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(Vec::new()),
        entries => entries?,
    };
    let is_side = |file: &PathBuf| {
        let hidden = file.file_name().is_none_or(|name| name.as_encoded_bytes().starts_with(b"."));
        !hidden && file.extension().is_some_and(|extension| extension == SIDE_EXTENSION)
    };
    let mut files: Vec<PathBuf> =
        entries.flatten().map(|entry| entry.path()).filter(is_side).take(MOST_SIDES).collect();
    files.sort();
    Ok(files)
}

/// Reads `main` and the files beside it. Of `edited` counts the text that it has, whatever is on the disk. Blocks on the disk.
pub fn load(main: &Path, edited: Option<&Source>) -> Result<Vec<Source>, ConfigErrors> {
    // The machine's zones may have been updated since the file was read last.
    zone::reread();
    let absolute = std::path::absolute(main).unwrap_or_else(|_| main.to_owned());
    let as_edited = |file: &Path| edited.filter(|edited| edited.file == *file).cloned();
    let mut sources = vec![as_edited(&absolute).map_or_else(|| read(main), Ok)?];
    let main = absolute;
    let sides = side_files(&main).map_err(|error| {
        let folder = main.with_file_name(SIDE_FOLDER);
        ConfigErrors::unreadable(&folder, format!("the folder cannot be read: {error}"), None)
    })?;
    let mut sides: BTreeSet<PathBuf> = sides.into_iter().collect();
    // It may be about to be made.
    sides.extend(edited.map(|edited| edited.file.clone()).filter(|file| *file != main));
    for side in sides {
        sources.push(as_edited(&side).map_or_else(|| read(&side), Ok)?);
    }
    Ok(sources)
}

fn read(file: &Path) -> Result<Source, ConfigErrors> {
    let fail = |message: String, hint: Option<&str>| ConfigErrors::unreadable(file, message, hint.map(str::to_owned));
    let size = fs::metadata(file).map(|metadata| metadata.len());
    if size.is_ok_and(|size| size > LARGEST) {
        return Err(fail(format!("the file is larger than {} MiB", LARGEST >> 20), Some("is it the right file?")));
    }
    let bytes = fs::read(file).map_err(|error| match error.kind() {
        ErrorKind::NotFound => {
            fail("there is no such file".to_owned(), Some("name another with `--config FILE`, or write this one"))
        }
        ErrorKind::IsADirectory => {
            let hint = format!("name the file in it, such as `{}`", file.join("stations.yaml").display());
            fail("this is a folder, and no file".to_owned(), Some(&hint))
        }
        _ => fail(format!("the file cannot be read: {error}"), None),
    })?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let good = error.as_bytes().get(..error.utf8_error().valid_up_to()).unwrap_or_default();
        let line = good.split(|byte| *byte == b'\n').count();
        fail(format!("line {line} is not UTF-8 text"), Some("save the file as UTF-8 in your editor"))
    })?;
    Ok(Source::new(file, &text))
}
