//! Scripts and styles, part of the binary.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

const FILES: [(&str, &str, &str); 3] = [
    ("style.css", "text/css; charset=utf-8", include_str!("static/style.css")),
    ("player.js", "text/javascript; charset=utf-8", include_str!("static/player.js")),
    ("icon.svg", "image/svg+xml", include_str!("static/icon.svg")),
];

/// One of them.
pub(super) async fn get(Path(name): Path<String>) -> Response {
    FILES.iter().find(|(file, ..)| *file == name).map_or_else(
        || StatusCode::NOT_FOUND.into_response(),
        |(_, kind, text)| ([(CONTENT_TYPE, *kind), (CACHE_CONTROL, "max-age=300")], *text).into_response(),
    )
}
