//! The readers: from the file to [`Config`], or to all that is wrong with it.
//!
//! One file for each section or group of keys. A reader reports every mistake to `Problems` and goes on, so that all
//! mistakes of a file are reported in one run.

mod ad_hoc;
mod artwork;
mod checks;
mod encoding;
mod entries;
mod file;
mod find;
mod gaps;
mod grab;
mod hls;
mod mail;
mod notify;
mod object_store;
mod origins;
mod show;
mod sources;
mod station;
mod steps;
mod template;
mod timezone;
mod titles;
mod web;

pub use sources::{SIDE_FOLDER, side_files};

use std::path::Path;
use std::time::Duration;

pub use steps::parse_steps;

use super::keys;
use super::values::Config;
use super::values::folders::FolderCheck;
use super::yaml::ConfigErrors;
use crate::base::blocking::within;
use sources::Source;

/// How long the folders of the file may take to answer the service.
const PATIENCE: Duration = Duration::from_secs(5);

impl Config {
    /// Reads and checks the file at `path` and the folders that it names: this user must be able to write to them. Blocks on
    /// the disk.
    ///
    /// # Errors
    /// Every mistake of the file at once.
    pub fn load(path: &Path) -> Result<Self, ConfigErrors> {
        file::read(&sources::load(path, None)?, FolderCheck::Writable)
    }

    /// Reads and checks the file at `path`, whichever user asks: [`Self::unwritable`] says which folders this user may not
    /// write to. Blocks on the disk.
    ///
    /// # Errors
    /// Every mistake of the file at once.
    pub fn check(path: &Path) -> Result<Self, ConfigErrors> {
        file::read(&sources::load(path, None)?, FolderCheck::Possible)
    }

    /// Reads and checks the file at `path` as [`Self::check`] does, as if `text` stood in `edited`: the file itself, or one
    /// beside it. Blocks on the disk.
    ///
    /// # Errors
    /// Every mistake of the files at once.
    pub fn check_edited(path: &Path, edited: &Path, text: &str) -> Result<Self, ConfigErrors> {
        file::read(&sources::load(path, Some(&Source::new(edited, text)))?, FolderCheck::Possible)
    }

    /// Reads and checks the file at `path` as [`Self::check`] does, for the service: folders that do not answer, as on a
    /// share that hangs, are not checked. Blocks on the disk.
    ///
    /// # Errors
    /// Every mistake of the file at once.
    pub fn serve(path: &Path) -> Result<Self, ConfigErrors> {
        let file = path.to_owned();
        within(PATIENCE, move || Self::check(&file)).unwrap_or_else(|| Self::look(path))
    }

    /// Reads and checks as [`Self::check_edited`] does, for the service: folders that do not answer are not checked. Blocks on
    /// the disk.
    ///
    /// # Errors
    /// Every mistake of the files at once.
    pub fn serve_edited(path: &Path, edited: &Path, text: &str) -> Result<Self, ConfigErrors> {
        let (file, side, words) = (path.to_owned(), edited.to_owned(), text.to_owned());
        within(PATIENCE, move || Self::check_edited(&file, &side, &words))
            .unwrap_or_else(|| file::read(&sources::load(path, Some(&Source::new(edited, text)))?, FolderCheck::Skip))
    }

    /// Reads and checks the file at `path`, but not the folders that it names, for commands that do not need them. Blocks on
    /// the disk.
    ///
    /// # Errors
    /// Every mistake of the file at once.
    pub fn look(path: &Path) -> Result<Self, ConfigErrors> {
        file::read(&sources::load(path, None)?, FolderCheck::Skip)
    }

    /// Reads and checks `text` as if it stood in the file `path` with none beside it: relative folders and secrets are looked up beside it. The
    /// folders are not checked.
    ///
    /// # Errors
    /// Every mistake of the text at once.
    pub fn parse(text: &str, path: &Path) -> Result<Self, ConfigErrors> {
        file::read(&[Source::new(path, text)], FolderCheck::Skip)
    }

    /// Makes the JSON Schema of the file (draft 2020-12).
    pub fn schema() -> serde_json::Value {
        keys::schema()
    }
}
