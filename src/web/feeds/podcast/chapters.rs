//! The chapters of a recording as a JSON document (JSON Chapters 1.2, of the podcast namespace). They are the same as
//! in the MP3, which may have no room for all.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::library::catalogue::Recording;
use crate::model::{AiringId, Track};
use crate::production::tags::Chapter;
use crate::production::{Content, chapters};
use crate::web::Site;
use crate::web::answer::broken;
use crate::web::answer::conditional::{ASK_AGAIN, Sent, answer};

/// The media type.
pub(super) const KIND: &str = "application/json+chapters";
/// The most chapters of a document.
const MOST: usize = 2_000;
/// If a recording plays this many seconds longer than its decoded sound, its gaps are filled with silence.
const SILENCE_FROM: f64 = 0.001;

#[derive(Serialize)]
struct Document {
    version: &'static str,
    title: String,
    chapters: Vec<Mark>,
}

/// A chapter; times are seconds from the beginning of the file.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Mark {
    start_time: f64,
    end_time: f64,
    title: String,
}

/// Returns the document of one recording.
pub(super) async fn get(State(site): State<Site>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    let recording = match site.catalogue.get(&AiringId::new(id)).await {
        Ok(recording) => recording.filter(|recording| recording.file.is_some()),
        Err(error) => return broken(&error),
    };
    let Some(recording) = recording else { return StatusCode::NOT_FOUND.into_response() };
    let tracks = match site.catalogue.tracks(&recording.id).await {
        Ok(tracks) => tracks,
        Err(error) => return broken(&error),
    };
    let chapters = of(&recording, &tracks);
    if chapters.is_empty() {
        return StatusCode::NOT_FOUND.into_response();
    }
    let mark = |chapter: Chapter| Mark {
        start_time: chapter.start.as_secs_f64(),
        end_time: chapter.end.as_secs_f64(),
        title: chapter.title,
    };
    let marks = chapters.into_iter().map(mark).collect();
    let document = Document { version: "1.2.0", title: recording.title, chapters: marks };
    match serde_json::to_vec(&document) {
        Ok(body) => answer(
            &headers,
            Sent { kind: KIND, body: body.into(), modified: recording.finished_at, cache_control: ASK_AGAIN },
        ),
        Err(error) => {
            tracing::error!(%error, "chapters could not be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// Returns the chapters of a recording with these tracks; empty if there are none and nothing is missing.
fn of(recording: &Recording, tracks: &[Track]) -> Vec<Chapter> {
    let length = recording.plays_for();
    let filled = length.as_secs_f64() - recording.seconds > SILENCE_FROM;
    let content = Content { cut: recording.cut, gaps: &recording.gaps, tracks, length, filled };
    chapters(&content, recording.timezone, MOST)
}

/// Whether a recording has chapters; `has_tracks` says whether it has tracks.
pub(super) fn any(recording: &Recording, has_tracks: bool) -> bool {
    has_tracks || !of(recording, &[]).is_empty()
}
