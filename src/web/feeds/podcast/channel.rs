//! The channel of a feed: everything except its episodes.

use chrono::{DateTime, Utc};
use rss::extension::ExtensionMap;
use rss::extension::itunes::ITunesChannelExtension;
use rss::{Channel, Image};
use url::Url;
use uuid::{Uuid, uuid};

use super::images::Context;
use super::item;
use super::names::{ATOM, PODCAST, add, declared};
use crate::config::{Config, Show};
use crate::model::ShowId;
use crate::web::address;
use crate::web::feeds::episodes::Episode;
use crate::web::feeds::text::{html, language, line};

/// After how many minutes an app should ask again: recordings are ready seconds after a show.
const LOOK_AGAIN: u32 = 15;
/// The UUID namespace of `podcast:guid`, from the documents of the podcast namespace.
const FEEDS: Uuid = uuid!("ead4c236-bf58-58c6-a2c6-a6b28d128cb6");

/// One page of a feed (RFC 5005, section 3).
#[derive(Debug, Clone, Copy)]
pub(super) struct Page {
    /// The number, from 1, the newest page.
    pub number: u32,
    /// Whether another page follows.
    pub more: bool,
}

/// Returns the feed of `show`, or of all shows; `changed` is when its recordings last changed.
pub(super) fn channel(
    episodes: &[Episode],
    context: &Context<'_>,
    show: Option<&Show>,
    page: Page,
    changed: Option<DateTime<Utc>>,
) -> Channel {
    let Context { base, config, images, .. } = context;
    // Clips are of all stations.
    let station = show.filter(|show| show.id != Config::clips()).map(|show| config.station_name(&show.station));
    let title = show.map_or("aircheck", |show| show.title.as_str());
    let description = match (show, station) {
        (_, Some(station)) => format!("{title}, recorded from {station}"),
        (Some(_), None) => "What was cut from recordings and tape".to_owned(),
        (None, None) => "All recordings".to_owned(),
    };
    let id = show.map(|show| &show.id);
    let link = address::page(base, id).to_string();
    let image = images.of(id).to_string();
    let titles = config.shows.iter().map(|show| show.title.as_str()).filter(|_| show.is_none());
    Channel {
        title: line(title),
        link: link.clone(),
        image: Some(Image { url: image.clone(), title: line(title), link, ..Image::default() }),
        description: html(&description),
        language: Some(language([title].into_iter().chain(station).chain(titles)).to_owned()),
        generator: Some(concat!("aircheck ", env!("CARGO_PKG_VERSION")).to_owned()),
        last_build_date: changed.map(|at| at.to_rfc2822()),
        ttl: Some(LOOK_AGAIN.to_string()),
        items: item::items(episodes, context, id.is_none()),
        itunes_ext: Some(ITunesChannelExtension {
            image: Some(image),
            author: Some(line(station.unwrap_or("aircheck"))),
            explicit: Some("false".to_owned()),
            r#type: Some("episodic".to_owned()),
            // Private recordings do not belong in a directory.
            block: Some("Yes".to_owned()),
            ..ITunesChannelExtension::default()
        }),
        namespaces: declared(),
        extensions: extensions(base, id, page),
        ..Channel::default()
    }
}

fn extensions(base: &Url, show: Option<&ShowId>, page: Page) -> ExtensionMap {
    let feed = address::feed(base, show);
    let numbered = |number: u32| {
        let mut url = feed.clone();
        if number > 1 {
            url.query_pairs_mut().append_pair("page", &number.to_string());
        }
        url
    };
    let mut extensions = ExtensionMap::new();
    let mut link = |rel: &str, url: Url| {
        let attributes = [("rel", rel), ("href", url.as_str()), ("type", "application/rss+xml")];
        add(&mut extensions, ATOM, "link", &attributes, None);
    };
    link("self", numbered(page.number));
    if page.number > 1 {
        link("first", numbered(1));
        link("previous", numbered(page.number - 1));
    }
    if page.more {
        link("next", numbered(page.number.saturating_add(1)));
    }
    add(&mut extensions, PODCAST, "guid", &[], Some(&guid(&feed).to_string()));
    // No other service may import the feed, and no directory list it.
    add(&mut extensions, PODCAST, "locked", &[], Some("yes"));
    add(&mut extensions, PODCAST, "block", &[], Some("yes"));
    add(&mut extensions, PODCAST, "medium", &[], Some("podcast"));
    extensions
}

/// Returns the permanent id of a feed: the UUID of its address without the scheme and slashes at the end.
fn guid(feed: &Url) -> Uuid {
    // The token in the address may be renewed.
    let address = feed.as_str().split('?').next().unwrap_or_default();
    let bare = address.split_once("://").map_or(address, |(_, bare)| bare).trim_end_matches('/');
    Uuid::new_v5(&FEEDS, bare.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_guid_of_a_feed_is_that_of_the_documents_of_the_podcast_namespace() {
        let feed = Url::parse("https://mp3s.nashownotes.com/pc20rss.xml").unwrap();
        assert_eq!(guid(&feed).to_string(), "917393e3-1b1e-5cef-ace4-edaa54e1f810");
        assert_eq!(guid(&Url::parse("http://mp3s.nashownotes.com/pc20rss.xml").unwrap()), guid(&feed));
    }
}
