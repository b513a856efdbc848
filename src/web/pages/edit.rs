//! The page on which the file of the configuration is edited: its text, what is wrong with it, what it would change, earlier
//! versions, and forms that add a station or a show to it. All of it works without scripts.

use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::header::LOCATION;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use chrono::Timelike as _;
use minijinja::context;
use serde::{Deserialize, Serialize};
use url::form_urlencoded;

use super::form::field;
use super::render::{render, serde};
use super::shown::dates::short;
use crate::base::zone::Zone;
use crate::config::edit::{NewShow, Version};
use crate::language::{Language, Sentence};
use crate::web::Site;
use crate::web::answer::{Problem, language};
use crate::web::site::editing::{self, Checked, Opened};

/// Which file is shown.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    file: String,
    version: Option<String>,
    saved: Option<String>,
}

/// What the form sends.
#[derive(Debug, Default, Serialize)]
struct Sent {
    file: String,
    digest: String,
    /// The page has it from elsewhere.
    #[serde(skip)]
    text: String,
    action: String,
    address: String,
    name: String,
    station: String,
    title: String,
    cron: String,
    length: String,
    /// Whether a script asks, which replaces what is said of the text alone.
    part: bool,
}

/// A version, as it is listed.
#[derive(Debug, Serialize)]
struct Row {
    id: String,
    said: String,
}

/// What is said above the text.
#[derive(Debug, Default)]
struct Said {
    /// What went wrong.
    problem: Option<Problem>,
    /// That it was saved.
    saved: bool,
    /// That the text has an entry more than the form had.
    added: bool,
}

/// Returns the page.
pub(super) async fn page(State(site): State<Site>, Query(asked): Query<Asked>, headers: HeaderMap) -> Response {
    let opened = match editing::open(&site, &asked.file, asked.version.as_deref()).await {
        Ok(opened) => opened,
        Err(problem) => return refused(&site, &problem, &headers),
    };
    let said = Said { saved: asked.saved.is_some(), ..Said::default() };
    shown(&site, opened, &Sent::default(), said, &headers).await
}

/// Does what a button of the form asks for: checks the text, saves it, or adds an entry to it.
pub(super) async fn submit(State(site): State<Site>, headers: HeaderMap, body: Bytes) -> Response {
    let sent = Sent::of_form(&body);
    let mut opened = match editing::open(&site, &sent.file, None).await {
        Ok(opened) => opened,
        Err(problem) => return refused(&site, &problem, &headers),
    };
    let given = |text: &str| Some(text.trim()).filter(|text| !text.is_empty()).map(str::to_owned);
    let mut said = Said::default();
    let changed = match sent.action.as_str() {
        "save" => match editing::save(&site, &sent.file, &sent.text, &sent.digest).await {
            Ok(_) if !sent.part => return saved(&site, &sent.file),
            Ok(saved) => {
                said.saved = true;
                opened = saved;
                Ok(None)
            }
            Err(problem) => Err(problem),
        },
        "station" => {
            let (address, name) = (&sent.address, given(&sent.name));
            editing::with_station(&site, &sent.file, &sent.text, address, name).await.map(Some)
        }
        "show" => {
            let show = NewShow {
                station: sent.station.clone(),
                cron: sent.cron.trim().to_owned(),
                length: sent.length.trim().to_owned(),
                title: given(&sent.title),
                ..NewShow::default()
            };
            editing::with_show(&site, &sent.file, &sent.text, show).await.map(Some)
        }
        _ => Ok(None),
    };
    // What is written in the form stays there until it is saved, and so does what it was read as.
    if !said.saved {
        opened.digest.clone_from(&sent.digest);
        opened.text.clone_from(&sent.text);
    }
    let mut kept = sent;
    match changed {
        Ok(Some(text)) => {
            opened.text = text;
            said.added = true;
            kept = Sent { file: kept.file, part: kept.part, ..Sent::default() };
        }
        Ok(None) => {}
        Err(problem) => said.problem = Some(problem),
    }
    shown(&site, opened, &kept, said, &headers).await
}

fn saved(site: &Site, file: &str) -> Response {
    let query: String =
        form_urlencoded::Serializer::new(String::new()).append_pair("file", file).append_pair("saved", "1").finish();
    (StatusCode::SEE_OTHER, [(LOCATION, format!("{}/configuration?{query}", site.root()))]).into_response()
}

fn refused(site: &Site, problem: &Problem, headers: &HeaderMap) -> Response {
    let values = context! { here => "edit", refused => problem.said(language::of(headers)) };
    render("edit.html", site, headers, problem.status(), values)
}

async fn shown(site: &Site, opened: Opened, sent: &Sent, said: Said, headers: &HeaderMap) -> Response {
    let (config, language) = (site.config(), language::of(headers));
    let checked = match editing::check(site, &opened.name, &opened.text, language).await {
        Ok(checked) => checked,
        Err(problem) => return refused(site, &problem, headers),
    };
    let Checked { mistakes, warnings, changes } = checked;
    let zone = config.timezone;
    let versions = opened.versions.iter().map(|version| row(version, zone, language)).collect::<Vec<_>>();
    let stations = config.stations.iter().map(|station| (station.id.as_str(), station.name.as_str()));
    let mistakes: Vec<_> = mistakes
        .into_iter()
        .map(|mistake| {
            let place = if mistake.line == 0 {
                mistake.file.clone()
            } else {
                let (line, column) = (mistake.line, mistake.column);
                Sentence::new("edit_place").with("line", line).with("column", column).say(language)
            };
            context! {
                place => place,
                elsewhere => (mistake.file != opened.name).then_some(mistake.file),
                line => mistake.line,
                column => mistake.column,
                width => mistake.width,
                message => mistake.message,
                hint => mistake.hint,
            }
        })
        .collect();
    let values = context! {
        here => "edit",
        file => opened.name,
        files => opened.files,
        text => opened.text,
        digest => opened.digest,
        unwritable => opened.unwritable.map(|sentence| sentence.say(language)),
        versions => serde(versions),
        stations => serde(stations.collect::<Vec<_>>()),
        count => Sentence::new("edit_mistakes").with("n", mistakes.len()).say(language),
        mistakes => mistakes,
        warnings => warnings,
        changes => changes,
        problem => said.problem.as_ref().map(|problem| problem.said(language)),
        saved => said.saved,
        added => said.added,
        sent => serde(sent),
    };
    // A script shows what is said, whatever it is; browsers without go by it.
    let status = said.problem.filter(|_| !sent.part).map_or(StatusCode::OK, |problem| problem.status());
    render(if sent.part { "edited.html" } else { "edit.html" }, site, headers, status, values)
}

fn row(version: &Version, zone: Zone, language: &Language) -> Row {
    let at = version.at.with_timezone(&zone);
    let clock = format!("{:02}:{:02}:{:02}", at.hour(), at.minute(), at.second());
    Row { id: version.id.clone(), said: format!("{} {clock}", short(at.date_naive(), language)) }
}

impl Sent {
    fn of_form(body: &[u8]) -> Self {
        let of = |name: &str| field(body, name).unwrap_or_default();
        Self {
            file: of("file"),
            digest: of("digest"),
            text: of("text").replace("\r\n", "\n"),
            action: of("action"),
            address: of("address"),
            name: of("name"),
            station: of("station"),
            title: of("title"),
            cron: of("cron"),
            length: of("length"),
            part: field(body, "part").is_some(),
        }
    }
}
