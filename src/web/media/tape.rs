//! Listening to the tape of a station, from any instant that is on it: starting over, pausing, rewinding.
//!
//! HLS players get the sound as it came. The playlist grows while the station is taped and the end of the stretch is
//! still to come; a stretch that has passed is whole. Others get an MP3. A stretch costs the indexes of its hours, once for
//! those who follow it, and a segment costs that of its reel.

use std::sync::{Arc, PoisonError};

use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{CACHE_CONTROL, RETRY_AFTER};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde::Deserialize;
use url::form_urlencoded;

use super::mp3::{self, LONGEST, LOOK_EVERY};
use super::playlist::{self, Course, Sent};
use super::segment;
use crate::base::duration::delta;
use crate::model::Span;
use crate::tape::{Tape, listing};
use crate::web::Site;
use crate::web::answer::Problem;
use crate::web::extract::{Instant, Path, Query};
use crate::web::site::tapes::Taped;

/// The folder of the segments, relative to the playlist.
const FOLDER: &str = "tape";

/// Returns the router for listening to a tape.
pub(super) fn router() -> Router<Site> {
    Router::new()
        .route("/live/{station}/playlist.m3u8", get(whole_playlist))
        .route("/live/{station}/tape/{segment}", get(one_segment))
        .route("/live/{station}/sound.mp3", get(sound))
}

/// The stretch that a client wants to hear.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default)]
struct Params {
    /// By default the beginning of what is on tape of the last 24 hours.
    start: Option<Instant>,
    /// By default it goes on, for 24 hours at most.
    end: Option<Instant>,
    /// `YES` of a player that wants only what is new of a playlist that it has (RFC 8216bis section 6.2.5.1); `v2` of one
    /// that takes something more.
    #[serde(rename = "_HLS_skip")]
    skip: Option<Skip>,
}

/// What a player wants to be left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
enum Skip {
    #[serde(rename = "YES")]
    Yes,
    #[serde(rename = "v2")]
    Second,
    #[serde(other)]
    Unknown,
}

impl Params {
    /// Returns the stretch at the instant `now`, of a tape that begins at `begins`.
    fn stretch(&self, begins: DateTime<Utc>, now: DateTime<Utc>) -> (DateTime<Utc>, DateTime<Utc>) {
        let before = self.end.map_or(now, |end| end.0.min(now)) - delta(LONGEST);
        let start = self.start.map_or_else(|| before.max(begins), |start| start.0);
        (start, self.end.map_or_else(|| start + delta(LONGEST), |end| end.0))
    }

    fn of(&self, taped: &Taped, now: DateTime<Utc>) -> Result<Span, Problem> {
        let (start, end) = self.stretch(taped.reaches.start, now);
        taped.stretch(start, end, delta(LONGEST))
    }
}

/// Returns the playlist of a stretch.
async fn whole_playlist(
    State(site): State<Site>,
    Path(station): Path<String>,
    Query(asked): Query<Params>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let taped = Taped::of(&site, &station).await?;
    let span = asked.of(&taped, site.now())?;
    if asked.start.is_none() {
        // A player asks for the playlist again and again, and its beginning must not move.
        return Ok(([(CACHE_CONTROL, "no-store")], Redirect::temporary(&address_of(span, asked))).into_response());
    }
    let (tape, over, has_no_end) = (taped.tape.clone(), taped.is_over(&site, span.end), asked.end.is_none());
    let (followed, id) = (site.followed.clone(), taped.station.id.clone());
    let new = matches!(asked.skip, Some(Skip::Yes | Skip::Second));
    let gzip = playlist::takes_gzip(&headers);
    let written = site.readers.run(move || {
        let playlist = followed.get(&id, span, FOLDER);
        // Only who asks for the same playlist waits here.
        let mut growing = playlist.lock().unwrap_or_else(PoisonError::into_inner);
        let ended = growing.grow(&tape) || over;
        let course = match () {
            () if !ended => Course::Grows,
            () if has_no_end => Course::Ended,
            () => Course::Whole,
        };
        if growing.is_empty() {
            return None;
        }
        let text = growing.text(course, new);
        drop(growing);
        if !ended {
            followed.keep(&id, span, playlist);
        }
        Some(Sent::of(text, gzip))
    });
    match written.await {
        Some(sent) => Ok(playlist::answer_sent(sent)),
        None => nothing(&taped, over),
    }
}

/// Returns where the playlist of `span` is, beside itself. Its end is named only if it was `asked` for.
fn address_of(span: Span, asked: Params) -> String {
    let text = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::AutoSi, true);
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("start", &text(span.start));
    query.extend_pairs(asked.end.map(|end| ("end", text(end.0))));
    format!("playlist.m3u8?{}", query.finish())
}

/// Answers that nothing of the stretch is on tape; `over` says whether it may still come.
fn nothing(taped: &Taped, over: bool) -> Result<Response, Problem> {
    if over { Err(taped.not_there()) } else { Ok(([(RETRY_AFTER, "1")], taped.not_there()).into_response()) }
}

/// Returns one segment, or an initialisation section.
async fn one_segment(
    State(site): State<Site>,
    Path((station, name)): Path<(String, String)>,
) -> Result<Response, Problem> {
    Ok(segment::answer(Taped::of(&site, &station).await?.tape, name).await)
}

/// Returns the MP3 of a stretch, which follows the tape if the end of the stretch is still to come.
async fn sound(
    State(site): State<Site>,
    Path(station): Path<String>,
    Query(asked): Query<Params>,
) -> Result<Response, Problem> {
    let taped = Taped::of(&site, &station).await?;
    let span = asked.of(&taped, site.now())?;
    let tape = taped.tape.clone();
    if !site.readers.run(move || is_any_there(&tape, span)).await {
        return nothing(&taped, taped.is_over(&site, span.end));
    }
    let (tape, of_site, clock) = (taped.tape.clone(), site.clone(), Arc::clone(&site.environment.clock));
    let over = async move {
        while !taped.is_over(&of_site, span.end) {
            clock.sleep(LOOK_EVERY).await;
        }
    };
    Ok(mp3::answer(&site, tape, span, over))
}

/// Whether any sound of `span` is on `tape`. Blocks.
fn is_any_there(tape: &Tape, span: Span) -> bool {
    // Mostly its first hour tells, whose indexes the sound needs first.
    let hour = Span::new(span.start, span.end.min(span.start + TimeDelta::hours(1)));
    [hour, span].iter().any(|part| !listing(&tape.blocking_view(part), *part).is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hour: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::hours(hour)
    }

    #[test]
    fn a_stretch_begins_with_what_is_there_of_a_day_and_goes_on_for_a_day() {
        let now = at(100);
        for (start, end, begins, from, to) in [
            (None, None, 10, 76, 100),
            (None, None, 90, 90, 114),
            (None, Some(50), 10, 26, 50),
            (None, Some(50), 40, 40, 50),
            (None, Some(110), 10, 76, 110),
            (Some(20), None, 10, 20, 44),
            (Some(5), Some(7), 10, 5, 7),
            (Some(99), Some(3), 10, 99, 3),
        ] {
            let instant = |hour: Option<i64>| hour.map(|hour| Instant(at(hour)));
            let asked = Params { start: instant(start), end: instant(end), skip: None };
            assert_eq!(asked.stretch(at(begins), now), (at(from), at(to)), "{start:?} to {end:?}");
        }
    }

    #[test]
    fn the_beginning_of_a_playlist_is_fixed_by_its_address() {
        let span = Span::new(at(1), at(25));
        let asked = Params { start: None, end: Some(Instant(at(25))), skip: None };
        assert_eq!(address_of(span, Params::default()), "playlist.m3u8?start=2024-10-04T01%3A00%3A00Z");
        let both = "playlist.m3u8?start=2024-10-04T01%3A00%3A00Z&end=2024-10-05T01%3A00%3A00Z";
        assert_eq!(address_of(span, asked), both);
    }
}
