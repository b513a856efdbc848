//! Playlists of the recordings for music players: extended M3U in UTF-8.

use std::fmt::Write as _;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use url::Url;

use super::episodes::{self, Episode};
use super::text::{line, moment};
use crate::config::{Config, Show};
use crate::model::ShowId;
use crate::web::address::base::{Base, unknown};
use crate::web::answer::conditional::{ASK_AGAIN, Sent, answer};
use crate::web::{Site, address};

/// How many recordings a playlist has.
const MOST: u32 = 1_000;

/// Returns the router of the playlists.
pub(super) fn router() -> Router<Site> {
    Router::new()
        .route("/recordings.m3u", get(all))
        .route("/clips/recordings.m3u", get(clips))
        .route("/shows/{show}/recordings.m3u", get(show))
}

/// Returns the playlist of all recordings.
async fn all(State(site): State<Site>, base: Base, headers: HeaderMap) -> Response {
    playlist(&site, base, &headers, None).await
}

/// Returns the playlist of one show.
async fn show(State(site): State<Site>, Path(id): Path<String>, base: Base, headers: HeaderMap) -> Response {
    let config = site.config();
    match config.show(&ShowId::new(&id)) {
        Some(show) => playlist(&site, base, &headers, Some(show)).await,
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Returns the playlist of clips.
async fn clips(State(site): State<Site>, base: Base, headers: HeaderMap) -> Response {
    let show = site.config().show_of_clips();
    playlist(&site, base, &headers, Some(&show)).await
}

async fn playlist(site: &Site, base: Base, headers: &HeaderMap, show: Option<&Show>) -> Response {
    let Base(Some(base)) = base else { return unknown() };
    let listed = match episodes::list(site, show.map(|show| &show.id), 0, MOST).await {
        Ok(listed) => listed,
        Err(refusal) => return refusal,
    };
    let base = site.signed(base, show.map(|show| &show.id).into());
    let title = show.map_or("aircheck", |show| show.title.as_str());
    let body = written(&listed.episodes, title, &site.config(), &base).into();
    answer(headers, Sent { kind: "audio/x-mpegurl; charset=utf-8", body, modified: None, cache_control: ASK_AGAIN })
}

fn written(episodes: &[Episode], title: &str, config: &Config, base: &Url) -> String {
    let mut text = format!("#EXTM3U\n#PLAYLIST:{}\n", line(title));
    for Episode { recording, .. } in episodes {
        let start = recording.on_air.start.with_timezone(&recording.timezone);
        let station = config.station_name(&recording.station);
        let words = line(&format!("{station} - {} {}", recording.title, moment(&start)));
        let seconds = recording.plays_for().as_secs_f64().round();
        let _ = write!(text, "#EXTINF:{seconds},{words}\n{}\n", address::media(base, &recording.id, recording.codec()));
    }
    text
}
