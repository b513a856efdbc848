//! Podcast feeds: RSS 2.0 with the iTunes tags that apps read, one for everything and one for each show, and an OPML
//! list of them.
//!
//! An episode's `guid` is the id of its airing and never changes; length and duration are those of the file. Addresses
//! are absolute: `base_url`, else the host that was asked.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use rss::extension::itunes::{ITunesChannelExtension, ITunesItemExtension};
use rss::{Category, Channel, Enclosure, Guid, Item};
use url::Url;

use super::Site;
use super::failure::broken;
use crate::base::spoken::clock;
use crate::config::{Config, Show};
use crate::library::catalogue::{Filter, Recording};
use crate::model::{AiringId, ShowId};
use crate::recorder::ledger;

/// Episodes in a feed.
const MOST: u32 = 300;

/// The addresses of the feeds.
pub(super) fn router() -> Router<Site> {
    Router::new()
        .route("/feed.xml", get(all))
        .route("/shows/{show}/feed.xml", get(show))
        .route("/feeds.opml", get(list))
}

/// The feed of everything.
async fn all(State(site): State<Site>, headers: HeaderMap) -> Response {
    feed(&site, &headers, None).await
}

/// The feed of one show.
async fn show(State(site): State<Site>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    let config = site.config();
    match config.show(&ShowId::new(&id)) {
        Some(show) => feed(&site, &headers, Some(show)).await,
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// The feeds of all shows, for apps that take OPML 2.0.
async fn list(State(site): State<Site>, headers: HeaderMap) -> Response {
    let Some(base) = site.base_url(&headers) else { return StatusCode::BAD_REQUEST.into_response() };
    let signed = |show| site.signed(base.clone(), Some(show));
    let outlines: String = site
        .config()
        .shows
        .iter()
        .map(|show| {
            let (title, url) = (escaped(&show.title), escaped(address(&signed(&show.id), Some(&show.id)).as_str()));
            format!("    <outline type=\"rss\" text=\"{title}\" title=\"{title}\" xmlUrl=\"{url}\"/>\n")
        })
        .collect::<Vec<_>>()
        .concat();
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<opml version=\"2.0\">\n  <head><title>aircheck</title></head>\n  \
         <body>\n{outlines}  </body>\n</opml>\n"
    );
    ([(CONTENT_TYPE, "text/x-opml; charset=utf-8")], text).into_response()
}

/// The address of a feed.
pub(super) fn address(base: &Url, show: Option<&ShowId>) -> Url {
    below(base, &show.map_or(vec!["feed.xml"], |show| vec!["shows", show.as_str(), "feed.xml"]))
}

/// The page of a show, or of everything; it takes no token.
fn page(base: &Url, show: Option<&ShowId>) -> Url {
    let mut url = show.map_or_else(|| base.clone(), |show| below(base, &["shows", show.as_str()]));
    url.set_query(None);
    url
}

/// An address below `base`, its parts percent-encoded, with the token of `base` if there is one.
fn below(base: &Url, parts: &[&str]) -> Url {
    let mut url = base.clone();
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(parts);
    }
    url
}

async fn feed(site: &Site, headers: &HeaderMap, show: Option<&Show>) -> Response {
    let Some(base) = site.base_url(headers) else { return StatusCode::BAD_REQUEST.into_response() };
    let base = site.signed(base, show.map(|show| &show.id));
    let filter = Filter { show: show.map(|show| show.id.clone()), limit: Some(MOST), ..Filter::default() };
    let listed = match site.catalogue.list(&filter).await {
        Ok(listed) => listed,
        Err(error) => return broken(&error),
    };
    let channel = channel(&listed, &site.config(), &base, show);
    let kind = "application/rss+xml; charset=utf-8";
    ([(CONTENT_TYPE, kind)], channel.to_string()).into_response()
}

fn channel(recordings: &[Recording], config: &Config, base: &Url, show: Option<&Show>) -> Channel {
    let station = show.map(|show| config.station_name(&show.station));
    let title = show.map_or("aircheck", |show| show.title.as_str());
    let description = match &station {
        Some(station) => format!("{title}, recorded from {station}"),
        None => "All recordings".to_owned(),
    };
    let link = page(base, show.map(|show| &show.id));
    Channel {
        title: plain(title),
        link: link.to_string(),
        description: plain(&description),
        generator: Some(concat!("aircheck ", env!("CARGO_PKG_VERSION")).to_owned()),
        last_build_date: recordings.iter().filter_map(|r| r.finished_at).max().map(|at| at.to_rfc2822()),
        items: recordings.iter().filter_map(|recording| item(recording, config, base)).collect(),
        itunes_ext: Some(ITunesChannelExtension {
            author: station.map(plain),
            summary: Some(plain(&description)),
            explicit: Some("false".to_owned()),
            // Private recordings do not belong into a directory.
            block: Some("Yes".to_owned()),
            ..ITunesChannelExtension::default()
        }),
        ..Channel::default()
    }
}

/// One episode; `None` where there is no file.
fn item(recording: &Recording, config: &Config, base: &Url) -> Option<Item> {
    recording.file.as_ref()?;
    let start = recording.on_air.start.with_timezone(&recording.timezone);
    let station = config.station_name(&recording.station);
    let Recording { seconds, gaps, dead_air, timezone, .. } = recording;
    let description = ledger(recording.verdict?, *seconds, gaps, dead_air, *timezone);
    Some(Item {
        title: Some(plain(&format!("{} {}", recording.title, start.format("%Y-%m-%d %H:%M")))),
        link: Some(page(base, Some(&recording.show)).to_string()),
        description: Some(plain(&format!("{station}. {description}"))),
        pub_date: Some(recording.on_air.end.to_rfc2822()),
        guid: Some(Guid { value: recording.id.to_string(), permalink: false }),
        categories: vec![Category { name: plain(station), domain: None }],
        enclosure: Some(Enclosure {
            url: media(base, &recording.id).to_string(),
            length: recording.bytes.unwrap_or_default().to_string(),
            mime_type: "audio/mpeg".to_owned(),
        }),
        itunes_ext: Some(ITunesItemExtension {
            duration: Some(clock(recording.seconds)),
            author: Some(plain(station)),
            explicit: Some("false".to_owned()),
            ..ITunesItemExtension::default()
        }),
        ..Item::default()
    })
}

/// Where an episode's sound is.
fn media(base: &Url, id: &AiringId) -> Url {
    below(base, &["media", &format!("{id}.mp3")])
}

/// Text that XML 1.0 can hold at all: without control characters.
fn plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() || *c == '\n').collect()
}

/// `text` for an attribute of XML.
fn escaped(text: &str) -> String {
    let plain = plain(text);
    plain.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
