//! What belongs to which feed, by its address: so far reaches the token of a feed.

use percent_encoding::percent_decode_str;

use crate::model::{Codec, ShowId};
use crate::web::address::pictured;

/// To which feed an address belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reach {
    /// It is the feed of all shows, for podcast apps or music players.
    FeedOfAll,
    /// It is the feed of one show.
    FeedOf(ShowId),
    /// It is the calendar.
    Calendar,
    /// It is a part of an episode or of a show: sound, a picture, chapters. The feed of all shows has it too.
    PartOf(ShowId),
}

/// To which feed `path` belongs; `None` if no feed leads there.
pub(super) fn of(path: &str) -> Option<Reach> {
    let parts: Vec<String> = path
        .strip_prefix('/')?
        .split('/')
        .map(|part| percent_decode_str(part).decode_utf8().map(std::borrow::Cow::into_owned).ok())
        .collect::<Option<_>>()?;
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    match parts[..] {
        ["feed.xml" | "recordings.m3u" | "artwork.png"] => Some(Reach::FeedOfAll),
        ["schedule.ics"] => Some(Reach::Calendar),
        ["shows", show, "feed.xml" | "recordings.m3u"] => Some(Reach::FeedOf(ShowId::new(show))),
        ["artwork", file] => pictured(file).map(|show| Reach::PartOf(ShowId::new(show))),
        ["media", airing, "chapters.json" | "transcript.vtt" | "transcript.srt" | "transcript.txt"] => {
            show_of(airing).map(Reach::PartOf)
        }
        ["media", file] => show_of(Codec::split(file)?.0).map(Reach::PartOf),
        _ => None,
    }
}

/// The show of an airing, which its id begins with. The ids of shows have no `@`.
fn show_of(airing: &str) -> Option<ShowId> {
    airing.rsplit_once('@').map(|(show, _)| ShowId::new(show))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feed_reaches_its_episodes_and_nothing_else() {
        let show = |id: &str| ShowId::new(id);
        assert_eq!(of("/feed.xml"), Some(Reach::FeedOfAll));
        assert_eq!(of("/shows/%EB%AA%85/feed.xml"), Some(Reach::FeedOf(show("명"))));
        assert_eq!(of("/media/news@20261120T0300Z.mp3"), Some(Reach::PartOf(show("news"))));
        assert_eq!(of("/media/news%4020261120T0300Z.mp3"), Some(Reach::PartOf(show("news"))));
        assert_eq!(of("/media/news@1/chapters.json"), Some(Reach::PartOf(show("news"))));
        assert_eq!(of("/media/news@1/transcript.vtt"), Some(Reach::PartOf(show("news"))));
        assert_eq!(of("/artwork/%EB%AA%85.png"), Some(Reach::PartOf(show("명"))));
        assert_eq!(of("/artwork.png"), Some(Reach::FeedOfAll));
        assert_eq!(of("/schedule.ics"), Some(Reach::Calendar));
        assert_eq!(of("/shows/news/recordings.m3u"), Some(Reach::FeedOf(show("news"))));
        for no in [
            "/",
            "/schedule",
            "/shows/news",
            "/artwork/stations/kbs.png",
            "/feeds.opml",
            "/api/v1/recordings",
            "/download/news@1.mp3",
            "/media/x.mp3",
            "/media/news@1/other.vtt",
            "/media/news@1.mp3/../../feeds.opml",
            "//feed.xml",
            "/feed.xml/",
            "/media/%FF@1.mp3",
            "",
        ] {
            assert_eq!(of(no), None, "{no}");
        }
    }
}
