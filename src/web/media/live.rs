//! Listening to an airing from its beginning while it is still being recorded.
//!
//! Chromium and Safari play its tape as an HLS EVENT playlist (RFC 8216 section 4.3.3.5) of the sound as it came. Other
//! players get one MP3 that lasts as long as the airing.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use chrono::TimeDelta;
use serde::Deserialize;

use super::mp3::{self, LONGEST, LOOK_EVERY};
use super::playlist::{self, Course, Playlist};
use super::segment;
use crate::base::duration::delta;
use crate::model::{AiringId, Span};
use crate::tape::{Listed, Tape, listing};
use crate::web::Site;

/// Returns the router for listening live.
pub(super) fn router() -> Router<Site> {
    Router::new().route("/live/{file}", get(whole)).route("/live/{airing}/{segment}", get(one_segment))
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
    let (skipped, folder) = (asked.skips(&listed), folder_of(&on_tape.airing));
    let course = if on_tape.over { Course::Ended } else { Course::Grows };
    playlist::answer(Playlist { listed: &listed, skipped, folder: &folder, course }.text())
}

/// Returns the folder of the segments, relative to the playlist.
fn folder_of(airing: &AiringId) -> String {
    percent_encoding::utf8_percent_encode(airing.as_str(), percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// Returns one segment, or an initialisation section.
async fn one_segment(State(site): State<Site>, Path((airing, name)): Path<(String, String)>) -> Response {
    match OnTape::of(&site, &airing).await {
        Some(on_tape) => segment::answer(on_tape.tape, name).await,
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Returns the MP3, which ends with the airing.
fn progressive(site: &Site, on_tape: OnTape) -> Response {
    let OnTape { airing, cut, tape, over } = on_tape;
    let until = if over { cut } else { Span::new(cut.start, cut.start + delta(LONGEST)) };
    let (airings, clock) = (site.airings.clone(), Arc::clone(&site.environment.clock));
    mp3::answer(site, tape, until, async move {
        while !over && airings.running().iter().any(|running| running.airing.id == airing) {
            clock.sleep(LOOK_EVERY).await;
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Container;
    use crate::tape::{Reel, Sound};

    #[test]
    fn a_client_may_begin_anywhere_within_the_cut() {
        let at = |seconds: i64| chrono::DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds);
        let cut = Span::new(at(100), at(200));
        let reel =
            Arc::new(Reel { path: "r".into(), container: Container::Adts, detail: String::new(), init: 0, head: None });
        let listed: Vec<_> = (0..4)
            .map(|number| Listed {
                sound: Sound { reel: Arc::clone(&reel), offset: number * 100, length: 100 },
                duration: Duration::from_secs(2),
                at: Duration::from_secs(2 * number),
                // 30 seconds are missing before the third.
                in_cut: Duration::from_secs(2 * number + if number < 2 { 0 } else { 30 }),
                on_air: at(100),
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
    }
}
