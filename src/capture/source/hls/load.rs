//! One request for a playlist, and what its answer turns out to be.
//!
//! An answer that breaks off is used as far as its lines are whole, if that brings anything new: some relays always
//! leave out the last chunk, or promise more bytes than they have. A file that names streams (M3U, PLS) is read as a
//! choice among them. Sound is no playlist: it may have no end, and is recognised early.

use std::time::Duration;

use thiserror::Error;
use url::Url;

use super::playlist::{MediaPlaylist, Playlist, PlaylistError};
use super::variables::Variables;
use super::variants::Master;
use crate::base::blocking::heavy;
use crate::base::http::{self, Body, Client, HttpError, Partial};
use crate::base::redact;
use crate::capture::source::media;
use crate::capture::source::resolve::{self, Entry, Listed};
use crate::model::{AsCause, Cause, CauseKind};

/// The most bytes of a playlist.
const PLAYLIST_CAP: usize = 8 << 20;
/// A playlist of this many bytes takes a moment to read.
const LARGE: usize = 256 << 10;

/// Why there is no list to play.
#[derive(Debug, Error)]
pub enum LoadError {
    /// The request failed.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The answer is no playlist that can be played.
    #[error(transparent)]
    Playlist(#[from] PlaylistError),
    /// The answer is sound.
    #[error("{url} is no HLS playlist but sound itself ({detail}): write `icecast:` instead of `hls:` at the station")]
    Sound {
        /// Whose, redacted.
        url: String,
        /// What is in it.
        detail: String,
    },
    /// There is no variant to choose.
    #[error("the master playlist names no variant that can be played")]
    NoVariant,
    /// Master playlists lead to master playlists.
    #[error("master playlists name each other without an end")]
    OnlyMasters,
}

impl AsCause for LoadError {
    fn cause_kind(&self) -> CauseKind {
        match self {
            Self::Http(error) => error.cause_kind(),
            Self::Playlist(error) => error.cause_kind(),
            Self::Sound { .. } | Self::NoVariant | Self::OnlyMasters => CauseKind::Playlist,
        }
    }
}

/// What is needed to read a list.
#[derive(Debug, Clone, Copy)]
pub struct Asking<'a> {
    /// How long the answer may take.
    pub limit: Duration,
    /// The variables of the master playlist that named it.
    pub variables: Option<&'a Variables>,
    /// The number of the newest segment that was ever listed.
    pub newest: Option<u64>,
    /// How many segments of a list are kept at most, the newest.
    pub kept: usize,
}

/// Asks for the playlist at `url`.
pub async fn load(client: &Client, url: &Url, asking: Asking<'_>) -> Result<Playlist, LoadError> {
    let Partial { mut body, cut } =
        http::read_partial(client.get(url.clone()), url, PLAYLIST_CAP, asking.limit, media::shows_sound).await?;
    if let Some((container, beginning)) = media::sound_in(&body.bytes) {
        let detail = media::probe(container, beginning, None).detail;
        let detail = if detail.is_empty() { format!("{container:?}") } else { detail };
        return Err(LoadError::Sound { url: redact::url(&body.url), detail });
    }
    let Some(cut) = cut else { return Ok(whole(body, asking).await?) };
    // The bytes after the last line end may be half of anything.
    let lines = body.bytes.iter().rposition(|byte| matches!(byte, b'\n' | b'\r')).map_or(0, |last| last + 1);
    body.bytes.truncate(lines);
    match whole(body, asking).await {
        Ok(Playlist::Media(list)) if brings_more(&list, asking.newest) => Ok(Playlist::Media(list)),
        Ok(Playlist::Master(master)) => Ok(Playlist::Master(master)),
        _ => Err(cut.into()),
    }
}

/// Whether a list that may lack its end is of use. It is not if it could be taken for an older one.
fn brings_more(list: &MediaPlaylist, newest: Option<u64>) -> bool {
    list.segments.last().is_some_and(|last| newest.is_none_or(|newest| last.sequence > newest))
}

/// Reads a whole body. A large one is read beside the runtime, whose other tasks it would hold up, and one after
/// another: it takes many times its size for a moment.
async fn whole(body: Body, asking: Asking<'_>) -> Result<Playlist, PlaylistError> {
    if body.bytes.len() < LARGE {
        return read(&body, asking.variables, asking.kept);
    }
    let (variables, kept) = (asking.variables.cloned(), asking.kept);
    heavy(move || read(&body, variables.as_ref(), kept)).await
}

fn read(body: &Body, variables: Option<&Variables>, kept: usize) -> Result<Playlist, PlaylistError> {
    let read = Playlist::read_below(&body.bytes, &body.url, variables, kept);
    let names_streams = match &read {
        Err(PlaylistError::Normalise(error)) => error.is_no_playlist(),
        // HLS always has a tag of its own.
        Ok(Playlist::Media(list)) => {
            list.segments.iter().all(|segment| segment.claimed.is_none())
                && !body.bytes.windows(7).any(|bytes| bytes == b"#EXT-X-")
        }
        _ => false,
    };
    match names_streams.then(|| resolve::listed(&body.bytes, &body.content_type, &body.url)) {
        Some(Listed::Streams(streams)) => Ok(Playlist::Master(Master::of_equals(playable(streams)))),
        _ => read,
    }
}

/// Those of `streams` that can be requested over HTTP.
pub fn playable(mut streams: Vec<Entry>) -> Vec<Entry> {
    streams.retain(|entry| matches!(entry.url.scheme(), "http" | "https"));
    streams
}

/// Why `list` brings nothing new.
pub fn standing_still(list: &MediaPlaylist) -> Cause {
    if list.ended {
        Cause::new(CauseKind::OffAir, "the station has ended its stream (EXT-X-ENDLIST) and not begun another")
    } else if list.segments.is_empty() {
        Cause::new(CauseKind::Stalled, "the station's playlist names no segments: there is nothing to play in it")
    } else {
        Cause::new(CauseKind::Stalled, "the station's playlist has had nothing new for a while")
    }
}

#[cfg(test)]
mod tests {
    use super::super::playlist::KEPT;
    use super::*;

    fn body(text: &str) -> Body {
        let url = Url::parse("http://h/l.m3u8").unwrap();
        Body { url, content_type: String::new(), bytes: text.to_owned().into() }
    }

    #[test]
    fn stream_lists_are_told_apart_from_lists_of_segments() {
        let streams = |text: &str| match read(&body(text), None, KEPT) {
            Ok(Playlist::Master(master)) => master.ranked(super::super::variants::Wish::default()).len(),
            _ => 0,
        };
        assert_eq!(streams("#EXTM3U\n#EXTINF:-1,Radio\nhttp://h/live\n#EXTINF:-1,Radio 2\n/b\n"), 2);
        assert_eq!(streams("#EXTM3U\nhttp://h/live.m3u8\n"), 1);
        assert_eq!(streams("#EXTM3U\nlive/radio\nstream\n"), 2);
        assert_eq!(streams("[playlist]\nFile1=http://h/live\nFile2=rtmp://h/live/radio\n"), 1);
        for list in ["#EXTINF:2,\na.aac\n", "#EXT-X-VERSION:3\n#EXTINF:0,\na.aac\n", ""] {
            assert_eq!(streams(&format!("#EXTM3U\n{list}")), 0, "{list}");
        }
    }

    #[test]
    fn a_list_that_may_lack_its_end_must_bring_more_than_those_before() {
        let Ok(Playlist::Media(list)) = read(&body("#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:7\n#EXTINF:2,\na\n"), None, KEPT)
        else {
            panic!("no list");
        };
        assert!(brings_more(&list, None) && brings_more(&list, Some(6)) && !brings_more(&list, Some(7)));
    }
}
