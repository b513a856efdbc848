//! Listening to an airing from its beginning while it is still being recorded.
//!
//! Chromium and Safari play its tape as an HLS EVENT playlist (RFC 8216 section 4.3.3.5) of the sound as it came. Other
//! players get one MP3 that lasts as long as the airing. Segments are found through the tape, by the name of their reel
//! and their offset in it: nothing of an address reaches the disk.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use chrono::TimeDelta;
use futures::stream;
use serde::Deserialize;
use tokio_util::sync::CancellationToken;
use tracing::{debug, error};

use crate::base::blocking::blocking;
use crate::base::id3v2::timestamp_tag;
use crate::config::Encoding;
use crate::encode::{self, frames_of};
use crate::model::{AiringId, Span};
use crate::tape::{Listed, Reel, Sound, Tape, listing};
use crate::web::Site;

/// How often the MP3 checks whether the airing is over.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// The longest that a client may listen, however often the airing is extended.
const LONGEST: Duration = Duration::from_hours(24);
/// `Cache-Control` of a segment: it never changes, but a shared cache must not give it to clients without a key.
const FOR_A_DAY: HeaderValue = HeaderValue::from_static("private, max-age=86400, immutable");

/// Returns the router for listening live.
pub(super) fn router() -> Router<Site> {
    Router::new().route("/live/{file}", get(whole)).route("/live/{airing}/{segment}", get(segment))
}

/// An airing and its tape.
struct OnTape {
    airing: AiringId,
    cut: Span,
    tape: Tape,
    /// Whether the airing is over, so that nothing more comes.
    over: bool,
}

impl OnTape {
    /// Finds an airing that is being recorded, or was until a short while ago.
    async fn of(site: &Site, id: &str) -> Option<Self> {
        let airing = AiringId::new(id);
        let current = site.airings.running().into_iter().find(|current| current.airing.id == airing);
        let (station, cut, over) = if let Some(current) = current {
            (current.airing.station.clone(), current.airing.cut(), false)
        } else {
            let known = site.catalogue.get(&airing).await.ok()??;
            (known.station, known.cut, true)
        };
        let config = site.config();
        let tape = site.decks.tape(config.station(&station)?).await.ok()?;
        Some(Self { airing, cut, tape, over })
    }

    async fn listed(&self) -> Vec<Listed> {
        listing(&self.tape.view(&self.cut).await, self.cut)
    }
}

/// Where the client wants to begin.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Params {
    /// Seconds of sound after the beginning, not counting gaps. Chromium does not seek in a playlist that grows, and no
    /// player does in an MP3 that grows.
    from: f64,
}

impl Params {
    fn from(&self) -> Duration {
        Duration::try_from_secs_f64(self.from).unwrap_or_default().min(LONGEST)
    }

    /// Returns how many of `listed` to skip: never all, so that a client that asks for the future hears the newest.
    fn skips(&self, listed: &[Listed]) -> usize {
        let before = listed.iter().take_while(|listed| listed.at + listed.duration <= self.from()).count();
        before.min(listed.len().saturating_sub(1))
    }

    /// Returns the rest of `cut`, whose segments are `listed`.
    fn of(&self, cut: Span, listed: &[Listed]) -> Span {
        let begins = listed
            .get(self.skips(listed))
            .map_or(Duration::ZERO, |first| first.in_cut + self.from().saturating_sub(first.at).min(first.duration));
        let from = TimeDelta::from_std(begins).unwrap_or_default();
        Span::new((cut.start + from).min(cut.end), cut.end)
    }
}

/// Returns the playlist, as `ID.m3u8`, or the MP3, as `ID.mp3`.
async fn whole(State(site): State<Site>, Path(file): Path<String>, Query(asked): Query<Params>) -> Response {
    let (id, playlist) = match (file.strip_suffix(".m3u8"), file.strip_suffix(".mp3")) {
        (Some(id), _) => (id, true),
        (_, Some(id)) => (id, false),
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    let Some(on_tape) = OnTape::of(&site, id).await else { return StatusCode::NOT_FOUND.into_response() };
    let listed = on_tape.listed().await;
    if !playlist {
        return progressive(&site, OnTape { cut: asked.of(on_tape.cut, &listed), ..on_tape });
    }
    if listed.is_empty() {
        let words = "nothing of it is on tape yet";
        return (StatusCode::NOT_FOUND, [(RETRY_AFTER, "1")], words).into_response();
    }
    let head = [(CONTENT_TYPE, "application/vnd.apple.mpegurl"), (CACHE_CONTROL, "no-store")];
    (head, written(&listed, asked.skips(&listed), on_tape.over, &folder_of(&on_tape.airing))).into_response()
}

/// Returns the folder of the segments, relative to the playlist.
fn folder_of(airing: &AiringId) -> String {
    percent_encoding::utf8_percent_encode(airing.as_str(), percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// Writes `listed`, without the first `skipped`, as an EVENT playlist of segments in `folder`.
fn written(listed: &[Listed], skipped: usize, over: bool, folder: &str) -> String {
    let target = listed.iter().map(|listed| listed.duration.as_secs_f64().ceil()).fold(1.0, f64::max);
    let mut text = format!(
        "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:{target}\n#EXT-X-MEDIA-SEQUENCE:{skipped}\n\
         #EXT-X-PLAYLIST-TYPE:EVENT\n#EXT-X-START:TIME-OFFSET=0\n"
    );
    let mut map: Option<&Arc<Reel>> = None;
    for Listed { sound, duration, seam, .. } in listed.iter().skip(skipped) {
        if *seam {
            text.push_str("#EXT-X-DISCONTINUITY\n");
        }
        if sound.reel.init > 0 && map.is_none_or(|map| **map != *sound.reel) {
            let _ = writeln!(text, "#EXT-X-MAP:URI=\"{folder}/{}\"", name_of(&sound.reel, None));
            map = Some(&sound.reel);
        }
        let name = name_of(&sound.reel, Some(sound.offset));
        let _ = write!(text, "#EXTINF:{:.6},\n{folder}/{name}\n", duration.as_secs_f64());
    }
    if over {
        text.push_str("#EXT-X-ENDLIST\n");
    }
    text
}

/// Returns the name of a segment: its reel and its `offset` in it. `None` names the initialisation section.
fn name_of(reel: &Reel, offset: Option<u64>) -> String {
    let stem = reel.path.file_stem().map(|stem| stem.to_string_lossy()).unwrap_or_default();
    let plain: String = stem.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let part = offset.map_or_else(|| "init".to_owned(), |offset| offset.to_string());
    let extension = reel.container.live_extension();
    format!("{plain}-{part}.{extension}")
}

/// Returns one segment, or an initialisation section.
async fn segment(State(site): State<Site>, Path((airing, name)): Path<(String, String)>) -> Response {
    let Some(on_tape) = OnTape::of(&site, &airing).await else { return StatusCode::NOT_FOUND.into_response() };
    let listed = on_tape.listed().await;
    let wanted = listed.iter().find_map(|listed| {
        let reel = &listed.sound.reel;
        if name_of(reel, Some(listed.sound.offset)) == name {
            Some((listed.sound.clone(), Some(listed.at)))
        } else if reel.init > 0 && name_of(reel, None) == name {
            Some((Sound { reel: Arc::clone(reel), offset: 0, length: reel.init }, None))
        } else {
            None
        }
    });
    let Some((sound, at)) = wanted else { return StatusCode::NOT_FOUND.into_response() };
    let container = sound.reel.container;
    match blocking(move || sound.read()).await {
        Ok(bytes) => {
            let kind = container.media_type();
            let head = [(CONTENT_TYPE, HeaderValue::from_static(kind)), (CACHE_CONTROL, FOR_A_DAY)];
            let bytes = match (container, at) {
                (packed, Some(at)) if packed.is_packed() => [&stamp(at), frames_of(&bytes, container)].concat(),
                _ => bytes,
            };
            (head, bytes).into_response()
        }
        Err(error) => {
            error!(%error, "a segment could not be read");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// Returns the tag that says when packed audio is to be played.
fn stamp(at: Duration) -> Vec<u8> {
    timestamp_tag(u64::try_from((at.as_micros() * 9 / 100) & 0x1_ffff_ffff).unwrap_or_default())
}

/// Returns the MP3, which ends with the airing.
fn progressive(site: &Site, on_tape: OnTape) -> Response {
    let Ok(slot) = Arc::clone(&site.listeners).try_acquire_owned() else {
        let words = "too many people listen while it is being recorded; try again later, or in Chromium or Safari";
        return (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "30")], words).into_response();
    };
    let OnTape { airing, cut, tape, over } = on_tape;
    let (listener, parts) = encode::queue();
    let sealed = CancellationToken::new();
    let until =
        if over { cut } else { Span::new(cut.start, cut.start + TimeDelta::from_std(LONGEST).unwrap_or_default()) };
    let (airings, clock) = (site.airings.clone(), Arc::clone(&site.environment.clock));
    let (ended, waited_by) = (sealed.clone(), Arc::clone(&clock));
    let watch = async move {
        while !over && airings.running().iter().any(|running| running.airing.id == airing) {
            clock.sleep(LOOK_EVERY).await;
        }
        ended.cancel();
        std::future::pending::<()>().await;
    };
    let stop = site.environment.stop.clone();
    site.environment.spawn(async move {
        let _slot = slot;
        tokio::select! {
            done = encode::listen(tape, until, Encoding::default(), sealed, listener, &waited_by) => {
                if let Err(error) = done {
                    debug!(%error, "the MP3 of a listener broke off");
                }
            }
            () = watch => {}
            () = stop.cancelled() => {}
        }
    });
    let body = stream::unfold(parts, |mut parts| async {
        parts.recv().await.map(|part: Bytes| (Ok::<_, std::convert::Infallible>(part), parts))
    });
    let head = [(CONTENT_TYPE, "audio/mpeg"), (CACHE_CONTROL, "no-store")];
    (head, Body::from_stream(body)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Container;

    #[test]
    fn packed_sound_is_stamped_as_players_want_it() {
        let stamp = stamp(Duration::from_secs(10));
        assert_eq!(stamp.len(), 73);
        assert_eq!(&stamp[..20], b"ID3\x04\0\0\0\0\0\x3fPRIV\0\0\0\x35\0\0");
        assert_eq!(&stamp[65..], 900_000_u64.to_be_bytes());
        let week = Duration::from_secs(7 * 86_400);
        assert_eq!(super::stamp(week)[65..68], [0, 0, 0], "33 bits are all there is");
    }

    #[test]
    fn a_client_may_begin_anywhere_within_the_cut() {
        let at = |seconds: i64| chrono::DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds);
        let cut = Span::new(at(100), at(200));
        let reel = Arc::new(Reel { path: "r".into(), container: Container::Adts, detail: String::new(), init: 0 });
        let listed: Vec<_> = (0..4)
            .map(|number| Listed {
                sound: Sound { reel: Arc::clone(&reel), offset: number * 100, length: 100 },
                duration: Duration::from_secs(2),
                at: Duration::from_secs(2 * number),
                // 30 seconds are missing before the third.
                in_cut: Duration::from_secs(2 * number + if number < 2 { 0 } else { 30 }),
                seam: false,
            })
            .collect();
        for (from, skipped) in [(0.0, 0), (1.9, 0), (2.0, 1), (7.0, 3), (8.0, 3), (1e9, 3), (-1.0, 0)] {
            assert_eq!(Params { from }.skips(&listed), skipped, "{from}");
        }
        for (from, start) in [(0.0, 100), (3.0, 103), (5.0, 135), (7.0, 137), (1e9, 138), (-5.0, 100), (f64::NAN, 100)]
        {
            assert_eq!(Params { from }.of(cut, &listed), Span::new(at(start), at(200)), "{from}");
            assert_eq!(Params { from }.of(cut, &[]), cut, "{from}");
        }
        let text = written(&listed, 3, false, "x");
        assert!(
            text.contains("#EXT-X-MEDIA-SEQUENCE:3\n") && text.ends_with("#EXTINF:2.000000,\nx/r-300.aac\n"),
            "{text}"
        );
    }

    #[test]
    fn names_of_segments_are_plain() {
        let reel = |path: &str, container| Reel { path: path.into(), container, detail: String::new(), init: 0 };
        assert_eq!(name_of(&reel("/tape/s/20261120T0300Z.bin", Container::Adts), Some(17)), "20261120T0300Z-17.aac");
        assert_eq!(name_of(&reel("/tape/명/a b\"<.bin", Container::Fmp4), None), "a-b---init.mp4");
    }
}
