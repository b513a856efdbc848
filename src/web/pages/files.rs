//! Scripts and styles, which are part of the binary.

use std::hash::{DefaultHasher, Hash, Hasher};

use axum::extract::Path;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::web::answer::conditional;

const CSS: &str = "text/css; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

macro_rules! files {
    ($($name:literal $kind:ident),+ $(,)?) => {
        &[$(($name, $kind, include_str!(concat!("static/", $name)))),+]
    };
}

const FILES: &[(&str, &str, &str)] = files![
    "act.js" JS,
    "api.js" JS,
    "cause.js" JS,
    "app.js" JS,
    "chevron.svg" SVG,
    "clip-covers.js" JS,
    "clip-piece.js" JS,
    "clip-sound.js" JS,
    "clip.css" CSS,
    "clip.js" JS,
    "edit.css" CSS,
    "edit.js" JS,
    "filter.js" JS,
    "go.js" JS,
    "grabs.css" CSS,
    "grabs.js" JS,
    "heard.js" JS,
    "hold.js" JS,
    "icon.svg" SVG,
    "library.css" CSS,
    "live.js" JS,
    "noscript.css" CSS,
    "on-air.css" CSS,
    "on-air.js" JS,
    "player.css" CSS,
    "player.js" JS,
    "ready.js" JS,
    "remove.js" JS,
    "rows.js" JS,
    "schedule.css" CSS,
    "selection.js" JS,
    "share.css" CSS,
    "share.js" JS,
    "shared.css" CSS,
    "shared.js" JS,
    "sign-in.css" CSS,
    "stations.css" CSS,
    "style.css" CSS,
    "subscribe.css" CSS,
    "subscribe.js" JS,
    "tape.js" JS,
    "time.js" JS,
    "timeline.css" CSS,
    "timeline.js" JS,
    "toast.js" JS,
    "tracks.css" CSS,
    "tracks.js" JS,
    "try.js" JS,
    "wave.js" JS,
    "zone.js" JS,
    "week.js" JS,
    "yaml.js" JS,
];

/// Returns one file. Browsers ask each time whether theirs is current: scripts of two releases do not work together.
pub(super) async fn get(Path(name): Path<String>, headers: HeaderMap) -> Response {
    let Some((_, kind, text)) = FILES.iter().find(|(file, ..)| *file == name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    let tag = format!("\"{:016x}\"", hasher.finish());
    let known = conditional::client_has(&headers, &tag, None);
    let fields = [(CONTENT_TYPE, *kind), (CACHE_CONTROL, "no-cache"), (ETAG, tag.as_str())];
    if known { (StatusCode::NOT_MODIFIED, fields).into_response() } else { (fields, *text).into_response() }
}
