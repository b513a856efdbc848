//! The episodes of a feed.

use std::collections::HashMap;

use rss::extension::ExtensionMap;
use rss::extension::itunes::ITunesItemExtension;
use rss::{Category, Enclosure, Guid, Item};

use super::chapters;
use super::images::Context;
use super::names::{PODCAST, add};
use crate::base::readable::clock;
use crate::config::Config;
use crate::library::catalogue::Recording;
use crate::production::describe;
use crate::web::address;
use crate::web::feeds::episodes::Episode;
use crate::web::feeds::text::{html, line, moment};

/// Returns the items of a feed, with unique titles: several stations may have news at the same hour, and podcast apps
/// drop all but one item with the same title.
pub(super) fn items(episodes: &[Episode], context: &Context<'_>, with_image: bool) -> Vec<Item> {
    let mut items: Vec<Item> = episodes.iter().map(|episode| item(episode, context, with_image)).collect();
    make_titles_unique(&mut items);
    items
}

/// Appends the station to titles that several items have.
fn make_titles_unique(items: &mut [Item]) {
    let mut times: HashMap<String, usize> = HashMap::new();
    for title in items.iter().filter_map(|item| item.title.clone()) {
        *times.entry(title).or_default() += 1;
    }
    for item in items {
        let station = item.itunes_ext.as_ref().and_then(|itunes| itunes.author.as_deref());
        if let (Some(title), Some(station)) = (&item.title, station)
            && times.get(title).is_some_and(|times| *times > 1)
        {
            item.title = Some(format!("{title} ({station})"));
        }
    }
}

/// Returns the item of a recording; `with_image`, with the picture of its show.
fn item(episode: &Episode, context: &Context<'_>, with_image: bool) -> Item {
    let Context { base, config, images, .. } = context;
    let recording = &episode.recording;
    let station = config.station_name(&recording.station);
    let Recording { seconds, gaps, dead_air, timezone, .. } = recording;
    let words = recording.verdict.map(|verdict| describe(verdict, *seconds, gaps, dead_air, *timezone));
    let description = format!("{station}. {}", words.unwrap_or_default());
    // A one-time airing, or a show that is no longer in the YAML, has no page.
    let clips = Config::clips();
    let is_clip = recording.show == clips;
    let page = if is_clip { Some(&clips) } else { config.show(&recording.show).map(|show| &show.id) };
    Item {
        title: Some(title(recording)),
        link: Some(address::page(base, page).into()),
        description: Some(html(&description)),
        // An app shows what is new first, and a clip is new when it is made.
        pub_date: Some(
            recording
                .finished_at
                .filter(|_| is_clip)
                .unwrap_or(recording.on_air.end)
                .with_timezone(timezone)
                .to_rfc2822(),
        ),
        guid: Some(Guid { value: recording.id.to_string(), permalink: false }),
        categories: vec![Category { name: line(station), domain: None }],
        enclosure: Some(Enclosure {
            url: address::media(base, &recording.id, recording.codec()).into(),
            length: episode.bytes.to_string(),
            mime_type: recording.codec().media_type().to_owned(),
        }),
        itunes_ext: Some(ITunesItemExtension {
            duration: Some(clock(recording.plays_for().as_secs_f64())),
            image: with_image.then(|| images.of(Some(&recording.show)).to_string()),
            author: Some(line(station)),
            explicit: Some("false".to_owned()),
            episode_type: Some("full".to_owned()),
            ..ITunesItemExtension::default()
        }),
        extensions: extensions(episode, context),
        ..Item::default()
    }
}

/// Returns the title: the show, and when it was on the air by its own clock.
fn title(recording: &Recording) -> String {
    // The title of a clip is what a person called it.
    if recording.show == Config::clips() {
        return line(&recording.title);
    }
    line(&format!("{} {}", recording.title, moment(&recording.on_air.start.with_timezone(&recording.timezone))))
}

fn extensions(episode: &Episode, Context { base, with_tracks, .. }: &Context<'_>) -> ExtensionMap {
    let Episode { recording, transcripts, .. } = episode;
    let mut extensions = ExtensionMap::new();
    for kind in transcripts {
        let url = address::transcript(base, &recording.id, *kind);
        let attributes = [("url", url.as_str()), ("type", kind.mime())];
        add(&mut extensions, PODCAST, "transcript", &attributes, None);
    }
    if chapters::any(recording, with_tracks.contains(&recording.id)) {
        let url = address::chapters(base, &recording.id);
        let attributes = [("url", url.as_str()), ("type", chapters::KIND)];
        add(&mut extensions, PODCAST, "chapters", &attributes, None);
    }
    extensions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_news_of_two_stations_at_one_hour_have_titles_of_their_own() {
        let item = |title: &str, station: &str| {
            let itunes_ext = Some(ITunesItemExtension { author: Some(station.to_owned()), ..Default::default() });
            Item { title: Some(title.to_owned()), itunes_ext, ..Item::default() }
        };
        let mut items = [item("News 18:00", "KBS"), item("News 17:00", "KBS"), item("News 18:00", "MBC")];
        make_titles_unique(&mut items);
        let titles = items.map(|item| item.title.unwrap());
        assert_eq!(titles, ["News 18:00 (KBS)", "News 17:00", "News 18:00 (MBC)"]);
    }
}
