//! Finds the feed to which an address belongs: the token of a feed opens only that.

use percent_encoding::percent_decode_str;

use crate::config::Config;
use crate::model::{Codec, ShowId};
use crate::web::address::artwork_id;

/// The feed to which an address belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reach {
    /// The feed of all shows, for podcast apps or music players.
    FeedOfAll,
    /// The feed of one show.
    FeedOf(ShowId),
    /// The calendar.
    Calendar,
    /// A part of an episode or of a show: sound, a picture, chapters. It belongs to the feed of all shows, too.
    PartOf(ShowId),
}

/// Returns to which feed `path` belongs. `None` if it belongs to none.
pub(super) fn of(path: &str) -> Option<Reach> {
    let parts: Vec<String> = path
        .strip_prefix('/')?
        .split('/')
        .map(|part| percent_decode_str(part).decode_utf8().map(std::borrow::Cow::into_owned).ok())
        .collect::<Option<_>>()?;
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    match parts[..] {
        ["feed.xml" | "recordings.m3u" | "artwork.png"] => Some(Reach::FeedOfAll),
        ["clips", "feed.xml" | "recordings.m3u"] => Some(Reach::FeedOf(Config::clips())),
        ["schedule.ics"] => Some(Reach::Calendar),
        ["shows", show, "feed.xml" | "recordings.m3u"] => Some(Reach::FeedOf(ShowId::new(show))),
        ["artwork", file] => artwork_id(file).map(|show| Reach::PartOf(ShowId::new(show))),
        ["media", airing, "chapters.json" | "transcript.vtt" | "transcript.srt" | "transcript.txt"] => {
            show_of(airing).map(Reach::PartOf)
        }
        ["recordings", airing, "hls", _] | ["recordings", airing, "hls", _, _, _] => show_of(airing).map(Reach::PartOf),
        ["media", file] => show_of(Codec::split(file)?.0).map(Reach::PartOf),
        _ => None,
    }
}

/// Returns the show of an airing: its id begins with that of the show, which has no `@`.
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
        assert_eq!(of("/clips/feed.xml"), Some(Reach::FeedOf(Config::clips())));
        assert_eq!(of("/media/clips~@20261120T0300Z.mp3"), Some(Reach::PartOf(Config::clips())));
        assert_eq!(of("/recordings/news@1/hls/master.m3u8"), Some(Reach::PartOf(show("news"))));
        assert_eq!(of("/recordings/news%401/hls/64k/0123/7.m4s"), Some(Reach::PartOf(show("news"))));
        assert_eq!(of("/artwork.png"), Some(Reach::FeedOfAll));
        assert_eq!(of("/schedule.ics"), Some(Reach::Calendar));
        assert_eq!(of("/shows/news/recordings.m3u"), Some(Reach::FeedOf(show("news"))));
        for no in [
            "/",
            "/schedule",
            "/shows/news",
            "/clips",
            "/artwork/stations/kbs.png",
            "/feeds.opml",
            "/api/v1/recordings",
            "/download/news@1.mp3",
            "/recordings/news@1/hls",
            "/recordings/news@1/other/master.m3u8",
            "/recordings/x/hls/master.m3u8",
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
