//! The file of the configuration, edited over the page: read, checked as `aircheck check` does, saved as a whole.
//!
//! A file can have programs run (`run:` in the steps of a `find`) and says where secrets are. So the page shows and changes it
//! only to who has the password, or if the file itself says `web: { edit: true }`.

use std::fmt::Display;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use url::Url;

use crate::base::blocking::blocking;
use crate::base::http::{self, Manner};
use crate::base::{redact, user};
use crate::capture::source::resolve::discover::discover;
use crate::config::edit::{
    Addition, EditError, Editing, NewShow, Obstacle, Version, Versions, changes, digest, station_id,
};
use crate::config::{Config, ConfigErrors, SIDE_FOLDER, side_files};
use crate::language::{Language, Sentence};
use crate::web::Site;
use crate::web::answer::Problem;

/// How long it may take to find out how a station is reached.
const DISCOVERY: Duration = Duration::from_secs(45);

/// A file as it is now.
#[derive(Debug)]
pub struct Opened {
    /// How it is called, from the folder of the configuration on.
    pub name: String,
    /// All files, the one that names the others first.
    pub files: Vec<String>,
    /// Its text, with line feeds alone, or that of an earlier version of it.
    pub text: String,
    /// What its bytes are known by.
    pub digest: String,
    /// Why it cannot be saved. `None` if it can.
    pub unwritable: Option<Sentence>,
    /// Earlier versions, the newest first.
    pub versions: Vec<Version>,
}

/// What is said of a text that may become a file.
#[derive(Debug, Default)]
pub struct Checked {
    /// What is wrong with it; it cannot be saved then.
    pub mistakes: Vec<Mistake>,
    /// What is right and perhaps not meant, in English.
    pub warnings: Vec<String>,
    /// What it would change for the service, in the language of who asks.
    pub changes: Vec<String>,
}

/// Something that is wrong.
#[derive(Debug)]
pub struct Mistake {
    /// The file.
    pub file: String,
    /// The line, from 1; 0 if it has none.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// How many characters are meant.
    pub width: usize,
    /// What is wrong, in English.
    pub message: String,
    /// What to write instead, in English.
    pub hint: Option<String>,
}

/// Where a file of the configuration is.
#[derive(Debug, Clone)]
struct Place {
    main: PathBuf,
    file: PathBuf,
    name: String,
    state: PathBuf,
}

impl Place {
    fn versions(&self) -> Versions {
        Versions::new(&self.state, &self.name)
    }
}

/// Returns the file that is called `name`, or the main one if that is empty, as it is now or as its version `version` was.
///
/// # Errors
/// Who asks may not see it, there is none, or it cannot be read.
pub async fn open(site: &Site, name: &str, version: Option<&str>) -> Result<Opened, Problem> {
    let (config, name, version) = (allowed(site)?, name.to_owned(), version.map(str::to_owned));
    blocking(move || {
        let (place, files) = found(&config, &name)?;
        let editing = Editing::open(&place.file).map_err(|error| unusable(&error))?;
        let versions = place.versions();
        let text = match &version {
            None => editing.text().to_owned(),
            Some(id) => match versions.text(id) {
                Ok(Some(text)) => text,
                Ok(None) => return Err(Problem::not_found(Sentence::new("problem_edit_no_version"))),
                Err(error) => return Err(unreadable(&error)),
            },
        };
        let list = versions.list().map_err(|error| unreadable(&error))?;
        let opened = Opened {
            digest: digest(editing.text()),
            unwritable: editing.obstacle().map(|obstacle| obstructed(&obstacle)),
            versions: list,
            text: plain(&text),
            name: place.name,
            files,
        };
        Ok(opened)
    })
    .await
}

/// Says what is wrong with `text` in the place of the file `name`, or what it would change.
///
/// # Errors
/// Who asks may not see the file, or there is none.
pub async fn check(site: &Site, name: &str, text: &str, language: &'static Language) -> Result<Checked, Problem> {
    let (config, name, text) = (allowed(site)?, name.to_owned(), plain(text));
    blocking(move || Ok(checked(&config, &place(&config, &name)?, &text, language))).await
}

fn checked(served: &Config, place: &Place, text: &str, language: &'static Language) -> Checked {
    match Config::serve_edited(&place.main, &place.file, text) {
        Ok(config) => {
            let changes = changes(served, &config, language);
            Checked { mistakes: Vec::new(), warnings: config.warnings, changes }
        }
        Err(errors) => Checked { mistakes: mistakes(errors, place), ..Checked::default() },
    }
}

/// Gives the file `name` the text `text`, if it still is what `digest` says.
///
/// # Errors
/// Who asks may not, there are mistakes in it, somebody else changed it meanwhile, or it cannot be written.
pub async fn save(site: &Site, name: &str, text: &str, known: &str) -> Result<Opened, Problem> {
    let (config, name) = (allowed(site)?, name.to_owned());
    let (text, known, now) = (plain(text), known.to_owned(), site.now());
    let kept = blocking(move || {
        let place = place(&config, &name)?;
        let checked = checked(&config, &place, &text, Language::english());
        if let Some(first) = checked.mistakes.first() {
            return Err(mistaken(first, checked.mistakes.len()));
        }
        let editing = Editing::open(&place.file).map_err(|error| unusable(&error))?;
        let before = editing.text();
        if plain(before) == text {
            // Saved already, as by whoever presses the button twice.
            return Ok(place.name);
        }
        if digest(before) != known {
            return Err(Problem::new(StatusCode::CONFLICT, Sentence::new("problem_edit_changed")));
        }
        let (before, after) = (before.to_owned(), as_before(&text, before));
        let keep = |text: &str, at: DateTime<Utc>| {
            // Whoever saves wants it saved; without the version before it is as with any editor.
            if let Err(error) = place.versions().keep(text, at) {
                tracing::warn!(%error, "a version of the configuration could not be kept");
            }
        };
        keep(&before, since(&place.file).unwrap_or(now));
        editing.save(&after, &place.main).map_err(|error| unusable(&error))?;
        keep(&after, now);
        tracing::info!(file = %place.file.display(), "the configuration was saved over the page");
        Ok(place.name)
    });
    let name = kept.await?;
    open(site, &name, None).await
}

/// Returns `text` with a show more.
///
/// # Errors
/// Who asks may not see the file, or the layout of `text` does not allow it.
pub async fn with_show(site: &Site, name: &str, text: &str, show: NewShow) -> Result<String, Problem> {
    let (config, name, text) = (allowed(site)?, name.to_owned(), plain(text));
    blocking(move || {
        let place = place(&config, &name)?;
        let known = Config::serve_edited(&place.main, &place.file, &text).ok();
        let known = known.as_ref().unwrap_or(&config);
        if known.stations.by_id(&show.station).is_none() {
            let sentence = Sentence::new("problem_no_station").with("station", &show.station);
            return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, sentence));
        }
        added(&show.addition(Some(known)), &text)
    })
    .await
}

/// Returns `text` with a station more, of which `address` is known: how it is reached is found out.
///
/// # Errors
/// Who asks may not see the file, nothing leads to sound, or the layout of `text` does not allow it.
pub async fn with_station(
    site: &Site,
    name: &str,
    text: &str,
    address: &str,
    called: Option<String>,
) -> Result<String, Problem> {
    let (config, name, text) = (allowed(site)?, name.to_owned(), plain(text));
    let wrong = |reason: String| {
        let sentence = Sentence::new("problem_edit_station").with("reason", reason);
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, sentence)
    };
    let no_address = || Problem::new(StatusCode::UNPROCESSABLE_ENTITY, Sentence::new("problem_edit_address"));
    let url = Url::parse(address.trim()).ok().filter(Url::has_host);
    let is_ours = |url: &Url| matches!(url.scheme(), "http" | "https") || url.scheme().starts_with("rtmp");
    let url = url.filter(is_ours).ok_or_else(no_address)?;
    let environment = site.environment.clone();
    let client = http::client(Manner::default(), &environment.clock).map_err(|error| wrong(error.to_string()))?;
    let finding = Box::pin(discover(&url, &client, &environment));
    let found = environment.clock.timeout(DISCOVERY, finding).await;
    let found = found.map_err(|_| wrong(format!("{} took too long", redact::url(&url))))?;
    let found = found.map_err(|error| wrong(error.to_string()))?;
    let host = url.host_str().unwrap_or("station").trim_start_matches("www.").to_owned();
    let called = called.or(found.name).unwrap_or(host);
    let Some(way) = found.ways.into_iter().next() else { return Err(no_address()) };
    blocking(move || {
        let place = place(&config, &name)?;
        let known = Config::serve_edited(&place.main, &place.file, &text).ok();
        let id = station_id(&called, Some(known.as_ref().unwrap_or(&config)));
        added(&Addition::station(&id, way.keys(&called, &[])), &text)
    })
    .await
}

fn added(addition: &Addition, text: &str) -> Result<String, Problem> {
    addition.added_to(text).map_err(|error| unusable(&error))
}

/// Returns the configuration if its file may be seen and changed over the page.
fn allowed(site: &Site) -> Result<Arc<Config>, Problem> {
    let config = site.config();
    if config.web.may_edit() {
        return Ok(config);
    }
    let sentence = match config.web.edit {
        Some(false) => Sentence::new("problem_edit_off"),
        _ => Sentence::new("problem_edit_open"),
    };
    Err(Problem::new(StatusCode::FORBIDDEN, sentence))
}

/// All files of the configuration, by what they are called. Also those that are new, and have mistakes yet. Blocks on the
/// disk.
fn names(main: &Path) -> Vec<(String, PathBuf)> {
    let name = |file: &Path| file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let sides = side_files(main).unwrap_or_default().into_iter();
    let sides = sides.map(|side| (format!("{SIDE_FOLDER}/{}", name(&side)), side));
    std::iter::once((name(main), main.to_owned())).chain(sides).collect()
}

/// Only files that the configuration has are found: no name leads elsewhere.
fn place(config: &Config, name: &str) -> Result<Place, Problem> {
    found(config, name).map(|(place, _)| place)
}

/// As [`place()`], with what all files are called.
fn found(config: &Config, name: &str) -> Result<(Place, Vec<String>), Problem> {
    let all = names(&config.file);
    let found = all.iter().find(|(known, _)| name.is_empty() || known == name).cloned();
    let (name, file) =
        found.ok_or_else(|| Problem::not_found(Sentence::new("problem_edit_no_file").with("file", name)))?;
    let place = Place { main: config.file.clone(), file, name, state: config.state.clone() };
    Ok((place, all.into_iter().map(|(name, _)| name).collect()))
}

fn mistakes(errors: ConfigErrors, place: &Place) -> Vec<Mistake> {
    let folder = place.main.parent().unwrap_or(Path::new("/")).to_owned();
    let mistake = |problem: crate::config::Problem| Mistake {
        file: problem.file.strip_prefix(&folder).unwrap_or(&problem.file).display().to_string(),
        line: problem.line,
        column: problem.column,
        width: problem.width,
        message: problem.message,
        hint: problem.hint,
    };
    errors.problems.into_iter().map(mistake).collect()
}

fn mistaken(first: &Mistake, count: usize) -> Problem {
    let sentence = Sentence::new("problem_edit_mistakes")
        .with("n", count)
        .with("place", format!("{}:{}:{}", first.file, first.line, first.column))
        .with("mistake", &first.message);
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, sentence)
}

fn obstructed(obstacle: &Obstacle) -> Sentence {
    match obstacle {
        Obstacle::Folder(folder) => unwritable(&folder.folder, &folder.reason),
        Obstacle::Owner { file, owner } => Sentence::new("problem_edit_owner")
            .with("file", file.display())
            .with("owner", owner)
            .with("user", user::current()),
    }
}

/// Says that the service may not save in `folder`, and what to do.
fn unwritable(folder: &Path, reason: &impl Display) -> Sentence {
    Sentence::new("problem_edit_unwritable")
        .with("folder", folder.display())
        .with("user", user::current())
        .with("reason", reason)
}

fn unusable(error: &EditError) -> Problem {
    tracing::warn!(%error, "the configuration could not be edited over the page");
    match error {
        EditError::Changed { .. } => Problem::new(StatusCode::CONFLICT, Sentence::new("problem_edit_changed")),
        EditError::NotYaml => Problem::new(StatusCode::UNPROCESSABLE_ENTITY, Sentence::new("problem_edit_not_yaml")),
        EditError::Layout { section } => {
            let sentence = Sentence::new("problem_edit_layout").with("section", section);
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, sentence)
        }
        EditError::Unwritable { file, source, .. } => {
            Problem::new(StatusCode::CONFLICT, unwritable(file.parent().unwrap_or(file), source))
        }
        EditError::Unreadable { source, .. } => unreadable(source),
        EditError::NotText { .. } => Problem::new(StatusCode::CONFLICT, Sentence::new("problem_edit_no_text")),
    }
}

fn unreadable(error: &std::io::Error) -> Problem {
    let sentence = Sentence::new("problem_edit_unreadable").with("reason", error);
    Problem::new(StatusCode::CONFLICT, sentence)
}

fn since(file: &Path) -> Option<DateTime<Utc>> {
    let data = std::fs::metadata(file).ok()?;
    DateTime::from_timestamp(data.mtime(), u32::try_from(data.mtime_nsec()).ok()?)
}

/// `text` as an editor shows it: forms send other line ends than they got, and a byte order mark is no part of it.
fn plain(text: &str) -> String {
    text.strip_prefix('\u{feff}').unwrap_or(text).replace("\r\n", "\n")
}

/// `text` with the line ends and the byte order mark that the file has.
fn as_before(text: &str, before: &str) -> String {
    let mark = if before.starts_with('\u{feff}') { "\u{feff}" } else { "" };
    let is_of_windows = 2 * before.matches("\r\n").count() > before.matches('\n').count();
    let ends = if is_of_windows { text.replace('\n', "\r\n") } else { text.to_owned() };
    format!("{mark}{ends}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_save_leaves_the_line_ends_and_the_mark_of_the_file() {
        assert_eq!(as_before("a: 1\nb: 2\nc: 3\n", "a: 1\r\nb: 2\nc: 3\n"), "a: 1\nb: 2\nc: 3\n", "most lines end so");
        for before in ["a: 1\nb: 2\n", "a: 1\r\nb: 2\r\n", "\u{feff}a: 1\r\n"] {
            assert_eq!(as_before(&plain(before), before), before);
            // As a form sends it.
            assert_eq!(as_before(&plain(&plain(before).replace('\n', "\r\n")), before), before);
        }
    }
}
