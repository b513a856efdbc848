//! Absolute addresses, for apps outside the page. If the base address has the token of a feed, all addresses made from
//! it have the token too, except those of pages.

pub mod base;

use url::Url;

use crate::base::image::ImageKind;
use crate::config::Config;
use crate::library::transcript::TranscriptKind;
use crate::model::{AiringId, Codec, ShowId};
use crate::renditions::MASTER;

/// Returns the address of a feed: of one show, of clips, or of all.
pub fn feed(base: &Url, show: Option<&ShowId>) -> Url {
    match show {
        None => below(base, &["feed.xml"]),
        Some(show) if *show == Config::clips() => below(base, &["clips", "feed.xml"]),
        Some(show) => below(base, &["shows", show.as_str(), "feed.xml"]),
    }
}

/// Returns the address of the calendar of the coming airings.
pub fn calendar(base: &Url) -> Url {
    below(base, &["schedule.ics"])
}

/// Returns the address of the page of a show, of clips, or of the first page; without a token.
pub fn page(base: &Url, show: Option<&ShowId>) -> Url {
    let mut page = match show {
        None => base.clone(),
        Some(show) if *show == Config::clips() => below(base, &["clips"]),
        Some(show) => below(base, &["shows", show.as_str()]),
    };
    page.set_query(None);
    page
}

/// Returns the address of the picture of a show, or of all shows.
pub fn artwork(base: &Url, show: Option<(&ShowId, ImageKind)>) -> Url {
    match show {
        Some((show, kind)) => below(base, &["artwork", &format!("{show}.{}", kind.extension())]),
        None => below(base, &["artwork.png"]),
    }
}

/// Returns the id in the file name of a picture.
pub fn artwork_id(file: &str) -> Option<&str> {
    file.strip_suffix(".png").or_else(|| file.strip_suffix(".jpg"))
}

/// Returns the address of the sound of a recording.
pub fn media(base: &Url, id: &AiringId, codec: Codec) -> Url {
    below(base, &["media", &codec.name(id)])
}

/// Returns the address of a recording as HLS.
pub fn hls(base: &Url, id: &AiringId) -> Url {
    below(base, &["recordings", id.as_str(), "hls", MASTER])
}

/// Returns the address of the chapters of a recording.
pub fn chapters(base: &Url, id: &AiringId) -> Url {
    below(base, &["media", id.as_str(), "chapters.json"])
}

/// Returns the address of a transcript of a recording.
pub fn transcript(base: &Url, id: &AiringId, kind: TranscriptKind) -> Url {
    below(base, &["media", id.as_str(), &format!("transcript.{}", kind.extension())])
}

/// Returns the address of a link to share with this token.
pub fn link(base: &Url, token: &str) -> Url {
    below(base, &["s", token])
}

/// Returns whether `path` is that of a link to share, or would be if something were there.
pub fn is_link(path: &str) -> bool {
    path.starts_with("/s/")
}

/// Returns an address without its scheme, for links that put another scheme in front.
pub fn bare(url: &Url) -> &str {
    url.as_str().split_once("://").map_or(url.as_str(), |(_, bare)| bare)
}

/// Returns an address below `base`, with its parts percent-encoded.
pub fn below(base: &Url, parts: &[&str]) -> Url {
    let mut url = base.clone();
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(parts);
    }
    url
}
