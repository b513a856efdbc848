//! The files of the configuration for programs: read, checked, saved, with earlier versions of them.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::config::edit::{NewShow, Version};
use crate::language::Sentence;
use crate::web::Site;
use crate::web::answer::{Problem, language};
use crate::web::extract::{Body, Query};
use crate::web::site::editing::{self, Checked, Mistake, Opened};
use crate::web::wire::instant;

/// Which file.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// How the file is called, such as `stations.d/korea.yaml`; by default the one that names the others.
    #[serde(default)]
    name: String,
    /// The id of an earlier version of it.
    version: Option<String>,
}

/// A file of the configuration.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ConfigurationFile {
    /// How it is called.
    #[schema(example = "stations.yaml")]
    name: String,
    /// All files.
    files: Vec<String>,
    /// Its text.
    text: String,
    /// What it is known by when it is saved.
    digest: String,
    /// Why it cannot be saved, in words; null if it can.
    unwritable: Option<String>,
    /// Earlier versions of it, the newest first.
    versions: Vec<FileVersion>,
}

/// An earlier version of a file.
#[derive(Debug, Serialize, ToSchema)]
struct FileVersion {
    /// Its id.
    #[schema(example = "20261129T013000000")]
    id: String,
    /// Since when the file was so.
    #[schema(format = DateTime)]
    at: String,
}

/// A text that may become a file.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewText {
    /// How the file is called; by default the one that names the others.
    #[serde(default)]
    name: String,
    /// All of its text.
    text: String,
}

/// A text to save.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SavedText {
    /// How the file is called; by default the one that names the others.
    #[serde(default)]
    name: String,
    /// All of its text.
    text: String,
    /// The digest of what was read: the file is saved only if it is still that.
    digest: String,
}

/// A text to which an entry is to be added.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Added {
    /// How the file is called; by default the one that names the others.
    #[serde(default)]
    name: String,
    /// All of its text.
    text: String,
    /// A show.
    show: Option<AddedShow>,
    /// A station.
    station: Option<AddedStation>,
}

/// A show to add.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AddedShow {
    /// The id of its station.
    station: String,
    /// When it begins.
    #[schema(example = "0 14 * * *")]
    cron: String,
    /// How long it is on the air.
    #[schema(example = "1h")]
    length: String,
    /// Its title; by default the name of the station.
    title: Option<String>,
}

/// A station to add.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AddedStation {
    /// The address of its page, playlist or stream. How its sound is reached is found out, which takes up to 45 seconds.
    address: String,
    /// Its name; by default what it calls itself.
    title: Option<String>,
}

/// A text with an entry more; nothing is saved yet.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WithEntry {
    text: String,
}

/// What is said of a text.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CheckedText {
    /// What is wrong with it, in the order of the file; it cannot be saved then.
    problems: Vec<WrongPlace>,
    /// What is right and perhaps not meant, in English.
    warnings: Vec<String>,
    /// What it would change, a sentence each, in the language that `Accept-Language` asks for.
    changes: Vec<String>,
}

/// A mistake in a file.
#[derive(Debug, Serialize, ToSchema)]
struct WrongPlace {
    /// The file.
    file: String,
    /// The line, from 1; 0 if it has none.
    line: usize,
    /// The column in characters, from 1.
    column: usize,
    /// How many characters are meant.
    width: usize,
    /// What is wrong, in English.
    message: String,
    /// What to write instead, in English.
    hint: Option<String>,
}

/// Returns a file of the configuration, or an earlier version of it. It may hold secrets: the page must have a password, or the
/// file itself must allow it (`web: { edit: true }`).
#[utoipa::path(
    get, path = "/configuration/file", operation_id = "configuration_file", tag = "stations", params(Which),
    responses((status = 200, body = ConfigurationFile), Problem)
)]
pub(super) async fn read(
    State(site): State<Site>,
    Query(which): Query<Which>,
    headers: HeaderMap,
) -> Result<Json<ConfigurationFile>, Problem> {
    let opened = editing::open(&site, &which.name, which.version.as_deref()).await?;
    Ok(Json(written(opened, &headers)))
}

/// Saves a file of the configuration as a whole, if there is no mistake in it and nobody has changed it meanwhile. The service
/// takes it up by itself, within a few seconds.
#[utoipa::path(
    put, path = "/configuration/file", operation_id = "save_configuration_file", tag = "stations",
    request_body = SavedText, responses((status = 200, body = ConfigurationFile), Problem)
)]
pub(super) async fn save(
    State(site): State<Site>,
    headers: HeaderMap,
    Body(asked): Body<SavedText>,
) -> Result<Json<ConfigurationFile>, Problem> {
    let opened = editing::save(&site, &asked.name, &asked.text, &asked.digest).await?;
    Ok(Json(written(opened, &headers)))
}

/// Says what is wrong with a text, as `aircheck check` does, and what it would change. Nothing is saved.
#[utoipa::path(
    post, path = "/configuration/check", operation_id = "check_configuration_file", tag = "stations",
    request_body = NewText, responses((status = 200, body = CheckedText), Problem)
)]
pub(super) async fn check(
    State(site): State<Site>,
    headers: HeaderMap,
    Body(asked): Body<NewText>,
) -> Result<Json<CheckedText>, Problem> {
    let Checked { mistakes, warnings, changes } =
        editing::check(&site, &asked.name, &asked.text, language::of(&headers)).await?;
    Ok(Json(CheckedText { problems: mistakes.into_iter().map(WrongPlace::of).collect(), warnings, changes }))
}

/// Adds a show or a station to a text, as `aircheck add` does, and leaves the rest of it as it is. Nothing is saved.
#[utoipa::path(
    post, path = "/configuration/entry", operation_id = "add_to_configuration_file", tag = "stations",
    request_body = Added, responses((status = 200, body = WithEntry), Problem)
)]
pub(super) async fn add(
    State(site): State<Site>,
    Body(Added { name, text, show, station }): Body<Added>,
) -> Result<Json<WithEntry>, Problem> {
    let text = match (show, station) {
        (Some(AddedShow { station, cron, length, title }), None) => {
            let show = NewShow { station, cron, length, title, ..NewShow::default() };
            editing::with_show(&site, &name, &text, show).await?
        }
        (None, Some(AddedStation { address, title })) => {
            editing::with_station(&site, &name, &text, &address, title).await?
        }
        _ => {
            let status = axum::http::StatusCode::UNPROCESSABLE_ENTITY;
            return Err(Problem::new(status, Sentence::new("problem_edit_one")));
        }
    };
    Ok(Json(WithEntry { text }))
}

fn written(opened: Opened, headers: &HeaderMap) -> ConfigurationFile {
    let Opened { name, files, text, digest, unwritable, versions } = opened;
    let version = |Version { id, at }| FileVersion { id, at: instant(at) };
    ConfigurationFile {
        name,
        files,
        text,
        digest,
        unwritable: unwritable.map(|sentence| sentence.say(language::of(headers))),
        versions: versions.into_iter().map(version).collect(),
    }
}

impl WrongPlace {
    fn of(mistake: Mistake) -> Self {
        let Mistake { file, line, column, width, message, hint } = mistake;
        Self { file, line, column, width, message, hint }
    }
}
