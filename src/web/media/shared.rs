//! What belongs to the page of a link to share: the sound, the waveform and the picture of its recording, below the address
//! of the link.

use axum::extract::{Path, Query, Request, State};
use axum::http::HeaderMap;
use axum::response::Response;

use super::waveform::Size as Bars;
use super::{artwork, recordings, waveform};
use crate::library::artwork::Size;
use crate::library::catalogue::Recording;
use crate::model::Codec;
use crate::web::Site;
use crate::web::answer::conditional::ASK_AGAIN;
use crate::web::site::links::{self, follower};

/// Sends `sound.mp3` to be heard, `download.mp3` to be kept, `picture.png` or `waveform.svg`.
pub(super) async fn part(
    State(site): State<Site>,
    Path((token, file)): Path<(String, String)>,
    Query(bars): Query<Bars>,
    request: Request,
) -> Response {
    let client = follower(&site, request.extensions(), request.headers());
    let recording = match links::open(&site, client, &token).await {
        Ok(opened) => opened.recording,
        Err(closed) => return closed.answer(),
    };
    match file.as_str() {
        // A link may be withdrawn at any time, so no browser keeps what it opens without asking.
        "waveform.svg" => waveform::of(&site.catalogue, &recording.id, &bars, ASK_AGAIN).await,
        // A picture that the YAML names may be of another type.
        "picture.png" => picture(&site, &recording, request.headers()).await,
        name => sound(&site, &recording, name, request).await,
    }
}

async fn sound(site: &Site, recording: &Recording, name: &str, request: Request) -> Response {
    let disposition = match Codec::split(name) {
        Some(("sound", codec)) if codec == recording.codec() => "inline",
        Some(("download", codec)) if codec == recording.codec() => "attachment",
        _ => return links::Closed::Gone.answer(),
    };
    recordings::sound(site, recording, recording.codec(), disposition, request).await
}

/// Sends the picture of the show, else of the station, else one that stands for all.
async fn picture(site: &Site, recording: &Recording, asked: &HeaderMap) -> Response {
    let config = site.config();
    let picture = if let Some(show) = config.show(&recording.show) {
        site.pictures.of_show(show, &config, Size::Cover).await
    } else if let Some(station) = config.station(&recording.station) {
        site.pictures.of_station(station, Size::Cover).await
    } else {
        site.pictures.of_all(Size::Cover).await
    };
    artwork::sent(picture, asked, ASK_AGAIN)
}
