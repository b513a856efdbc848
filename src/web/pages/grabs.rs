//! The page of grabs: a form for a new one, how far those are that are made, and what came of the others.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::header::LOCATION;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use minijinja::context;
use serde::Serialize;

use super::form::field;
use super::render::{render, serde};
use super::shown::grabs::{Around, row};
use crate::grabs::{Format, LISTED, Wanted, Wrong, seconds_of};
use crate::language::Sentence;
use crate::library::catalogue::JobFilter;
use crate::model::JobKind;
use crate::web::Site;
use crate::web::answer::{Problem, broken, language};
use crate::web::api::grabs::{problem, unknown};

/// How many are shown.
const SHOWN: u32 = 100;
/// Bit rates that are offered, in bits per second and in millions of them.
const RATES: [(&str, &str); 5] =
    [("8000000", "8"), ("5000000", "5"), ("3000000", "3"), ("1500000", "1.5"), ("700000", "0.7")];

/// What is written in the form.
#[derive(Debug, Default, Serialize)]
struct Written {
    address: String,
    name: String,
    format: String,
    pad: String,
    from: String,
    count: String,
    length: String,
    segment: String,
    init: String,
    max_bitrate: String,
    language: String,
    referer: String,
    strict: bool,
}

/// Returns the page.
pub(super) async fn page(State(site): State<Site>, headers: HeaderMap) -> Response {
    shown(&site, &Written::default(), None, &headers).await
}

/// Takes on what the form asks for, and returns to the page. If that cannot be meant, the page says why at the form.
pub(super) async fn make(State(site): State<Site>, headers: HeaderMap, body: Bytes) -> Response {
    let written = Written::of_form(&body);
    let made = match written.wanted() {
        Ok(wanted) => site.grabs.add(wanted).await.map_err(|error| problem(&error)),
        Err(wrong) => Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, wrong)),
    };
    match made {
        Ok(_) => back(&site),
        Err(problem) => shown(&site, &written, Some(problem), &headers).await,
    }
}

/// Tries once more what is missing of a grab, and returns to the page.
pub(super) async fn retry(State(site): State<Site>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    let retried = match site.grabs.retry(&id).await {
        Ok(Some(_)) => Ok(()),
        Ok(None) => Err(unknown(&id)),
        Err(error) => Err(problem(&error)),
    };
    done(&site, retried, &headers).await
}

/// Cancels a grab, or removes one that is over from the list, and returns to the page.
pub(super) async fn remove(State(site): State<Site>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    let removed = match site.grabs.cancel(&id).await {
        Ok(true) => Ok(()),
        Ok(false) => Err(unknown(&id)),
        Err(error) => Err(error.into()),
    };
    done(&site, removed, &headers).await
}

async fn done(site: &Site, done: Result<(), Problem>, headers: &HeaderMap) -> Response {
    match done {
        Ok(()) => back(site),
        Err(problem) => shown(site, &Written::default(), Some(problem), headers).await,
    }
}

fn back(site: &Site) -> Response {
    (StatusCode::SEE_OTHER, [(LOCATION, format!("{}/grabs", site.root()))]).into_response()
}

async fn shown(site: &Site, written: &Written, problem: Option<Problem>, headers: &HeaderMap) -> Response {
    let (config, language) = (site.config(), language::of(headers));
    // One more than is shown says whether there are more.
    let mut grabs = match site.grabs.newest(SHOWN + 1).await {
        Ok(grabs) => grabs,
        Err(error) => return broken(&error),
    };
    let has_more = grabs.len() > SHOWN as usize;
    grabs.truncate(SHOWN as usize);
    let filter = JobFilter { kind: Some(JobKind::Grab), state: None, before: None, limit: LISTED };
    let jobs = match site.catalogue.jobs(filter).await {
        Ok(jobs) => jobs,
        Err(error) => return broken(&error),
    };
    let reason = |job: crate::library::catalogue::Job| {
        let transition = job.newest.transition;
        Some((transition.job.id, transition.reason?))
    };
    let reasons = jobs.into_iter().filter_map(reason).collect();
    // A disk that does not answer has not lost them.
    let files = grabs.iter().filter_map(|kept| kept.file.clone()).collect();
    let gone = site.store.gone(files).await.unwrap_or_default();
    let around = Around { language, zone: config.timezone, gone: &gone, reasons: &reasons };
    let formats = Format::ALL.map(|format| (format.extension(), format!("grab_format_{}", format.extension())));
    let status = problem.as_ref().map_or(StatusCode::OK, Problem::status);
    let values = context! {
        here => "grabs",
        grabs => serde(grabs.iter().map(|kept| row(kept, &around)).collect::<Vec<_>>()),
        has_more => has_more,
        formats => serde(formats),
        rates => serde(RATES),
        written => serde(written),
        problem => problem.map(|problem| problem.said(language)),
    };
    render("grabs.html", site, headers, status, values)
}

impl Written {
    /// Reads the body of a form.
    fn of_form(body: &[u8]) -> Self {
        let of = |name: &str| field(body, name).unwrap_or_default();
        Self {
            address: of("address"),
            name: of("name"),
            format: of("format"),
            pad: of("pad"),
            from: of("from"),
            count: of("count"),
            length: of("length"),
            segment: of("segment"),
            init: of("init"),
            max_bitrate: of("max_bitrate"),
            language: of("language"),
            referer: of("referer"),
            strict: field(body, "strict").is_some(),
        }
    }

    /// What it asks for.
    fn wanted(&self) -> Result<Wanted, Sentence> {
        let text = |text: &str| Some(text.trim()).filter(|text| !text.is_empty()).map(str::to_owned);
        let number = |written: &str| -> Result<Option<u64>, Sentence> {
            let wrong = |text: &String| Sentence::new("problem_grab_number").with("text", text);
            text(written).map(|text| text.parse().map_err(|_| wrong(&text))).transpose()
        };
        let seconds = |name: &'static str, written: &str| -> Result<Option<f64>, Sentence> {
            let read = |text: String| seconds_of(&text).ok_or_else(|| Wrong::Length(name).sentence());
            text(written).map(read).transpose()
        };
        Ok(Wanted {
            address: self.address.trim().to_owned(),
            name: text(&self.name),
            format: text(&self.format),
            headers: text(&self.referer).map(|referer| ("Referer".to_owned(), referer)).into_iter().collect(),
            pad: number(&self.pad)?.map(|pad| usize::try_from(pad).unwrap_or(usize::MAX)),
            from: number(&self.from)?,
            count: number(&self.count)?,
            length: seconds("length", &self.length)?,
            segment: seconds("segment", &self.segment)?,
            init: text(&self.init),
            max_bitrate: number(&self.max_bitrate)?,
            language: text(&self.language),
            strict: self.strict,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_in_the_form_is_what_is_wanted_and_what_is_empty_is_found_out() {
        let body = "address=+https%3A%2F%2Fh%2F(*).ts&name=%EC%98%81%ED%99%94&format=m4a&pad=6&from=&count=&length=00:30:00&\
                    segment=4s&max_bitrate=&language=&referer=https%3A%2F%2Ftv.example%2F&strict=on";
        let wanted = Written::of_form(body.as_bytes()).wanted().unwrap();
        assert_eq!((wanted.address.as_str(), wanted.name.as_deref()), ("https://h/(*).ts", Some("영화")));
        assert_eq!((wanted.pad, wanted.from, wanted.length, wanted.segment), (Some(6), None, Some(1800.0), Some(4.0)));
        assert_eq!(wanted.headers, [("Referer".to_owned(), "https://tv.example/".to_owned())]);
        assert!(wanted.strict && wanted.language.is_none());
        let refused = |body: &str| Written::of_form(body.as_bytes()).wanted().unwrap_err().key();
        assert_eq!(refused("count=six"), "problem_grab_number");
        assert_eq!(refused("length=long"), "problem_grab_length");
    }
}
