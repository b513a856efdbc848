//! Playlists that grow while players follow them.
//!
//! A player asks for such a playlist again every few seconds, and one that began a day ago has megabytes. What that costs
//! does not depend on when it began:
//!
//! - It is listed once, and goes on from where it was when somebody last asked for it. That takes the index of the newest
//!   hour. So nothing that was listed changes either, which RFC 8216 section 6.2.1 asks for.
//! - hls.js and the players of Apple ask for what is new (`_HLS_skip`, RFC 8216bis section 6.2.5.1), because the playlist
//!   offers that (`CAN-SKIP-UNTIL`, section 4.4.3.8). They get its last minute: some kilobytes.
//! - All others, such as ffmpeg and Chromium, do not know that tag, ignore it, and get all of it; compressed if they take
//!   that, as browsers do.
//!
//! To leave out its beginning instead would take from players what they may want to go back to, and RFC 8216 section 4.3.3.5
//! forbids it for one that only grows.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::playlist::{Course, END, add, head, map_line, target_of};
use crate::base::environment::Environment;
use crate::model::{Span, StationId};
use crate::tape::{Listed, Lister, Reel, Tape};

/// How many playlists are kept. One of a whole day takes about 5 MB.
const KEPT: usize = 4;
/// One that nobody has asked for in this time is dropped. Players ask every few seconds.
const IDLE: Duration = Duration::from_secs(60);
/// Players that know the rest get so much of the end. They know it for sure if they asked in the last half of this.
const BOUNDARY: Duration = Duration::from_secs(60);
/// The boundary is this many target durations at least.
const LEAST_BOUNDARY: u64 = 6;

/// Where a segment begins that is near the end.
#[derive(Debug)]
struct Mark {
    /// In the text.
    offset: usize,
    /// What plays before it.
    at: Duration,
    reel: Arc<Reel>,
}

/// A playlist of the tape of one station.
#[derive(Debug)]
pub struct Growing {
    lister: Lister,
    folder: &'static str,
    /// The segments, as they are written.
    text: String,
    count: usize,
    target: u64,
    /// The reel whose initialisation section counts.
    map: Option<Arc<Reel>>,
    /// The segments within the boundary.
    newest: VecDeque<Mark>,
}

impl Growing {
    /// The playlist of `span` with segments in `folder`; nothing is on it yet.
    pub(super) fn new(span: Span, folder: &'static str) -> Self {
        let (lister, newest) = (Lister::new(span), VecDeque::new());
        Self { lister, folder, text: String::new(), count: 0, target: 1, map: None, newest }
    }

    /// Adds what is new on `tape`. Returns whether it has come to its end. Blocks.
    pub(super) fn grow(&mut self, tape: &Tape) -> bool {
        let (more, ended) = self.lister.more(&tape.blocking_view(&self.lister.rest()));
        for listed in &more {
            self.push(listed);
        }
        ended
    }

    fn push(&mut self, listed: &Listed) {
        let reel = Arc::clone(&listed.sound.reel);
        self.newest.push_back(Mark { offset: self.text.len(), at: listed.at, reel });
        add(&mut self.text, listed, self.folder, &mut self.map);
        self.count += 1;
        self.target = self.target.max(target_of(listed));
        let (end, boundary) = (listed.at + listed.duration, self.boundary());
        while self.newest.get(1).is_some_and(|next| next.at + boundary <= end) {
            self.newest.pop_front();
        }
    }

    fn boundary(&self) -> Duration {
        BOUNDARY.max(Duration::from_secs(LEAST_BOUNDARY * self.target))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Writes it; only its end for a player that asks for what is `new`.
    pub(super) fn text(&self, course: Course, new: bool) -> String {
        let offers = course != Course::Whole;
        let mut text = head(if offers { 9 } else { 7 }, self.target, 0, course);
        if offers {
            let boundary = self.boundary().as_secs_f64();
            let _ = writeln!(text, "#EXT-X-SERVER-CONTROL:CAN-SKIP-UNTIL={boundary:.1}");
        }
        let skipped = self.count - self.newest.len();
        match self.newest.front().filter(|_| offers && new && skipped > 0) {
            Some(first) => {
                let _ = writeln!(text, "#EXT-X-SKIP:SKIPPED-SEGMENTS={skipped}");
                let rest = self.text.get(first.offset..).unwrap_or_default();
                if !rest.starts_with("#EXT-X-MAP") && !rest.starts_with("#EXT-X-DISCONTINUITY\n#EXT-X-MAP") {
                    text.push_str(&map_line(&first.reel, self.folder));
                }
                text.push_str(rest);
            }
            None => text.push_str(&self.text),
        }
        if course != Course::Grows {
            text.push_str(END);
        }
        text
    }
}

/// Which playlist it is: the station, and from when to when.
type Key = (StationId, DateTime<Utc>, DateTime<Utc>);

#[derive(Debug)]
struct Kept {
    key: Key,
    playlist: Arc<Mutex<Growing>>,
    /// When somebody last asked for it, on the monotonic clock.
    used: Duration,
}

/// The playlists that players follow now; the one that was asked for last is at the end.
#[derive(Debug, Clone)]
pub struct Followed {
    kept: Arc<Mutex<VecDeque<Kept>>>,
    environment: Environment,
}

impl Followed {
    /// None yet.
    pub fn new(environment: Environment) -> Self {
        Self { kept: Arc::default(), environment }
    }

    /// The playlist of `span` of a station, as it was when somebody last asked for it; a new one if nobody has.
    pub(super) fn get(&self, station: &StationId, span: Span, folder: &'static str) -> Arc<Mutex<Growing>> {
        let key = (station.clone(), span.start, span.end);
        let known = self.lock().iter().find(|kept| kept.key == key).map(|kept| Arc::clone(&kept.playlist));
        known.unwrap_or_else(|| Arc::new(Mutex::new(Growing::new(span, folder))))
    }

    /// Keeps `playlist`, which somebody has asked for now, until nobody does any more.
    pub(super) fn keep(&self, station: &StationId, span: Span, playlist: Arc<Mutex<Growing>>) {
        let (key, used) = ((station.clone(), span.start, span.end), self.environment.clock.monotonic());
        let mut kept = self.lock();
        let is_first = kept.is_empty();
        kept.retain(|other| other.key != key);
        kept.push_back(Kept { key, playlist, used });
        let over = kept.len().saturating_sub(KEPT);
        kept.drain(..over);
        drop(kept);
        if is_first {
            let (followed, stop) = (self.clone(), self.environment.stop.clone());
            self.environment.spawn(async move { stop.run_until_cancelled(followed.drop_idle()).await });
        }
    }

    /// Drops what nobody asks for any more, until nothing is left.
    async fn drop_idle(&self) {
        loop {
            self.environment.clock.sleep(IDLE).await;
            let now = self.environment.clock.monotonic();
            let mut kept = self.lock();
            kept.retain(|it| now.saturating_sub(it.used) < IDLE);
            if kept.is_empty() {
                return;
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Kept>> {
        // A panic while it is held leaves it as it was.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
