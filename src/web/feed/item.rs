//! An episode of a feed.

use rss::extension::ExtensionMap;
use rss::extension::itunes::ITunesItemExtension;
use rss::{Category, Enclosure, Guid, Item};
use url::Url;

use super::super::address;
use super::super::episodes::Episode;
use super::super::text::{html, line, moment};
use super::chapters;
use super::images::Place;
use super::names::{PODCAST, add};
use crate::base::spoken::clock;
use crate::library::catalogue::Recording;
use crate::recorder::ledger;

/// The episode of a recording; with the picture of its show, where the feed has another.
pub(super) fn item(episode: &Episode, place: &Place<'_>, with_image: bool) -> Item {
    let Place { base, config, images } = place;
    let recording = &episode.recording;
    let station = config.station_name(&recording.station);
    let Recording { seconds, gaps, dead_air, timezone, .. } = recording;
    let words = recording.verdict.map(|verdict| ledger(verdict, *seconds, gaps, dead_air, *timezone));
    let description = format!("{station}. {}", words.unwrap_or_default());
    // One that aired once, or is no longer in the YAML, has no page.
    let page = config.show(&recording.show).map(|show| &show.id);
    Item {
        title: Some(title(recording)),
        link: Some(address::page(base, page).into()),
        description: Some(html(&description)),
        pub_date: Some(recording.on_air.end.with_timezone(timezone).to_rfc2822()),
        guid: Some(Guid { value: recording.id.to_string(), permalink: false }),
        categories: vec![Category { name: line(station), domain: None }],
        enclosure: Some(Enclosure {
            url: address::media(base, &recording.id).into(),
            length: episode.bytes.to_string(),
            mime_type: "audio/mpeg".to_owned(),
        }),
        itunes_ext: Some(ITunesItemExtension {
            duration: Some(clock(recording.plays_for().as_secs_f64())),
            image: with_image.then(|| images.of(Some(&recording.show)).to_string()),
            author: Some(line(station)),
            explicit: Some("false".to_owned()),
            episode_type: Some("full".to_owned()),
            ..ITunesItemExtension::default()
        }),
        extensions: extensions(episode, base),
        ..Item::default()
    }
}

/// What an episode is called: its show, and when that was on the air by its own clock.
fn title(recording: &Recording) -> String {
    line(&format!("{} {}", recording.title, moment(&recording.on_air.start.with_timezone(&recording.timezone))))
}

fn extensions(Episode { recording, transcripts, .. }: &Episode, base: &Url) -> ExtensionMap {
    let mut extensions = ExtensionMap::new();
    for kind in transcripts {
        let url = address::transcript(base, &recording.id, *kind);
        let attributes = [("url", url.as_str()), ("type", kind.mime())];
        add(&mut extensions, PODCAST, "transcript", &attributes, None);
    }
    if !chapters::of(recording).is_empty() {
        let url = address::chapters(base, &recording.id);
        let attributes = [("url", url.as_str()), ("type", chapters::KIND)];
        add(&mut extensions, PODCAST, "chapters", &attributes, None);
    }
    extensions
}
