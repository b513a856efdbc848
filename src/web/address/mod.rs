//! Where things are, for somebody who is not on the page. Where the address of the page has the token of a feed, so have
//! all that are made from it, but for pages.

pub mod base;

use url::Url;

use crate::base::image::ImageKind;
use crate::library::transcript::TranscriptKind;
use crate::model::{AiringId, Codec, ShowId};

/// A feed: of one show, or of everything.
pub fn feed(base: &Url, show: Option<&ShowId>) -> Url {
    below(base, &show.map_or(vec!["feed.xml"], |show| vec!["shows", show.as_str(), "feed.xml"]))
}

/// The calendar of the coming airings.
pub fn calendar(base: &Url) -> Url {
    below(base, &["schedule.ics"])
}

/// The page of a show, or of everything. It takes no token.
pub fn page(base: &Url, show: Option<&ShowId>) -> Url {
    let mut page = show.map_or_else(|| base.clone(), |show| below(base, &["shows", show.as_str()]));
    page.set_query(None);
    page
}

/// The picture of a show, or of everything.
pub fn artwork(base: &Url, show: Option<(&ShowId, ImageKind)>) -> Url {
    match show {
        Some((show, kind)) => below(base, &["artwork", &format!("{show}.{}", kind.extension())]),
        None => below(base, &["artwork.png"]),
    }
}

/// The id in the name of a picture.
pub fn pictured(file: &str) -> Option<&str> {
    file.strip_suffix(".png").or_else(|| file.strip_suffix(".jpg"))
}

/// The sound of a recording.
pub fn media(base: &Url, id: &AiringId, codec: Codec) -> Url {
    below(base, &["media", &codec.name(id)])
}

/// The chapters of a recording.
pub fn chapters(base: &Url, id: &AiringId) -> Url {
    below(base, &["media", id.as_str(), "chapters.json"])
}

/// A transcript of a recording.
pub fn transcript(base: &Url, id: &AiringId, kind: TranscriptKind) -> Url {
    below(base, &["media", id.as_str(), &format!("transcript.{}", kind.extension())])
}

/// An address without its scheme, for links that put another in its place.
pub fn bare(url: &Url) -> &str {
    url.as_str().split_once("://").map_or(url.as_str(), |(_, bare)| bare)
}

/// An address below `base`, its parts percent-encoded.
pub fn below(base: &Url, parts: &[&str]) -> Url {
    let mut url = base.clone();
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(parts);
    }
    url
}
