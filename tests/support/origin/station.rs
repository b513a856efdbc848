//! One station: what it offers at a moment, and its answer to a request.

use std::collections::HashMap;
use std::io::Write;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};

use super::bomb::bomb;
use super::fault::{Faults, Kind, Part};
use super::http::{Manner, Reply, Request};
use super::playlist;
use super::programme::{Container, Frames, Segment, Segments};
use super::setup::{Gzip, Redirects, Setup};
use super::spot;
use super::token;

/// How many segments are still served after they have left the playlist.
const GRACE: usize = 3;

/// A station of the origin.
#[derive(Debug)]
pub(super) struct Station {
    pub name: String,
    /// `http://127.0.0.1:port`.
    pub base: String,
    pub setup: Setup,
    pub sound: Arc<Segments>,
    state: Mutex<State>,
}

/// The state that changes while the station runs.
#[derive(Debug, Default)]
pub(super) struct State {
    pub faults: Faults,
    pub sessions: Vec<Session>,
    /// Sequence numbers with `EXT-X-GAP`, whose segments are missing.
    pub gaps: Vec<u64>,
    /// Sequence numbers that are listed twice.
    pub twice: Vec<u64>,
    /// Segments with an advertisement, and which.
    pub spots: HashMap<u64, usize>,
    /// Where playlists and segments have moved, if they have.
    pub redirects: Option<Redirects>,
    /// Further files, by path.
    pub files: HashMap<String, Reply>,
    /// How an endless body goes on, if that has changed.
    pub live: Option<(Container, Arc<Frames>)>,
}

/// One run of the encoder, with its own sequence numbers.
#[derive(Debug, Clone)]
pub(super) struct Session {
    /// Its first segment, as an index into the programme, and that one's number.
    pub first: usize,
    pub base: u64,
    /// When its playlist appears.
    pub visible: DateTime<Utc>,
    /// The index after its last segment, once that is known …
    pub until: Option<usize>,
    /// … and whether the playlist then says so (`EXT-X-ENDLIST`).
    pub end_list: bool,
    /// Whether it begins with `EXT-X-DISCONTINUITY`.
    pub discontinuity: bool,
}

/// What is offered at a moment.
#[derive(Debug)]
pub(super) struct View {
    /// The number of the session and the session.
    pub number: usize,
    pub session: Session,
    /// The segments in the playlist, as indexes.
    pub window: Range<usize>,
    pub ended: bool,
}

impl View {
    pub fn sequence(&self, index: usize) -> u64 {
        self.session.base + (index - self.session.first) as u64
    }
}

impl Station {
    pub fn new(name: &str, base: &str, setup: Setup, sound: Arc<Segments>) -> Self {
        assert!(!(setup.byte_ranges && setup.encryption.is_some()), "ranges of encrypted segments are not offered");
        let first = Session {
            first: 0,
            base: setup.first_sequence,
            visible: DateTime::UNIX_EPOCH,
            until: None,
            end_list: false,
            discontinuity: false,
        };
        let state = State { sessions: vec![first], ..State::default() };
        Self { name: name.to_owned(), base: base.to_owned(), setup, sound, state: Mutex::new(state) }
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no request panics while it holds the state")
    }

    /// Returns how many segments exist at `now`.
    pub fn available(&self, now: DateTime<Utc>) -> usize {
        let lag = TimeDelta::from_std(self.setup.lag).expect("short");
        self.sound.list.partition_point(|segment| segment.ends() + lag <= now)
    }

    /// Returns what the playlist shows at `now`.
    pub fn view(&self, now: DateTime<Utc>) -> View {
        let available = self.available(now);
        let state = self.state();
        let begun = |session: &Session| session.visible <= now && session.first < available;
        let number = state.sessions.iter().rposition(begun).unwrap_or(0);
        let session = state.sessions[number].clone();
        let end = session.until.map_or(available, |until| until.min(available));
        let start = end.saturating_sub(self.setup.window).max(session.first.min(end));
        let ended = session.end_list && session.until == Some(end);
        View { number, session, window: start..end, ended }
    }

    /// Returns a URL below this station.
    pub fn url(&self, file: &str) -> String {
        format!("{}/{}/{file}", self.base, self.name)
    }

    /// Returns where a player starts, signed at `now` if that is needed.
    pub fn stream_url(&self, now: DateTime<Utc>) -> String {
        let file = if self.setup.variants.is_empty() { "playlist.m3u8" } else { "master.m3u8" };
        self.url(&(file.to_owned() + &self.signature(now)))
    }

    /// Returns the query that makes a playlist URL valid, with its question mark.
    pub fn signature(&self, now: DateTime<Utc>) -> String {
        self.setup.token.map_or_else(String::new, |token| token::signature(token, &self.name, now))
    }

    /// Returns which part a path is, and of which sequence number.
    pub fn part(path: &str) -> (Part, Option<u64>) {
        let file = path.rsplit('/').next().unwrap_or_default();
        let part = match file {
            "page" | "address" => Part::Page,
            "master.m3u8" => Part::Master,
            "playlist.m3u8" => Part::Playlist,
            "live" => Part::Live,
            "now.json" => Part::Now,
            _ if file.starts_with("init-") => Part::Map,
            _ if file.starts_with("key-") => Part::Key,
            _ => Part::Segment,
        };
        let name = file.split_once('.').map_or(file, |(name, _)| name);
        let sequence = name.rsplit('-').next().and_then(|number| number.parse().ok());
        (part, sequence.filter(|_| part == Part::Segment))
    }

    /// Answers a request for anything but the endless body. The second value is the sequence number asked for.
    pub fn answer(&self, request: &Request, now: DateTime<Utc>) -> (Reply, Part, Option<u64>) {
        let path = Self::named(request);
        let (part, mut sequence) = Self::part(&path);
        if self.setup.byte_ranges && part == Part::Segment {
            sequence = Self::range(request).and_then(|range| self.sequence_at(range.start, now));
        }
        let query = request.target.split_once('?').map_or("", |(_, query)| query);
        let fault = self.state().faults.strike(part, (&path, query), sequence, now);
        let as_of = match &fault {
            Some((Kind::Frozen, since)) => *since,
            Some((Kind::Stale(back), _)) => now - TimeDelta::from_std(*back).expect("short"),
            _ => now,
        };
        let reply = self.truth(part, request, now, as_of).unwrap_or_else(Reply::status);
        let reply = fault.map_or(reply.clone(), |(kind, _)| strike(kind, reply));
        let Setup { status_line, odd_lines, .. } = self.setup;
        (Reply { status_line, odd_lines, ..reply }, part, sequence)
    }

    /// Returns the path of a request, with the name of a segment from the query.
    fn named(request: &Request) -> String {
        match (request.path().rsplit_once('/'), request.query("name")) {
            (Some((folder, "segment")), Some(name)) => format!("{folder}/{name}"),
            _ => request.path().to_owned(),
        }
    }

    /// Returns the answer of a healthy server, or the status of a refusal.
    fn truth(&self, part: Part, request: &Request, now: DateTime<Utc>, as_of: DateTime<Utc>) -> Result<Reply, u16> {
        if self.setup.header.is_some_and(|(name, value)| request.header(name) != Some(value)) {
            return Err(403);
        }
        if let Some(reply) = self.state().files.get(request.path()) {
            return Ok(reply.clone());
        }
        let visitor = || {
            let (_, until) = request.header("Cookie")?.split_once("visitor=")?;
            let until: i64 = until.split(';').next()?.parse().ok()?;
            (now.timestamp() < until).then_some(())
        };
        if self.setup.cookies && part != Part::Page && visitor().is_none() {
            return Err(403);
        }
        if matches!(part, Part::Master | Part::Playlist) {
            self.setup.token.map_or(Ok(()), |token| token::check(token, &self.name, request, now))?;
        }
        if let Some(there) = self.moved(part, request) {
            return Ok(Reply { status: 302, ..Reply::ok("text/html", "") }.with("Location", &there));
        }
        match part {
            Part::Page => Ok(self.page(request, now)),
            Part::Master => Ok(self.text(request, playlist::master(self, now))),
            Part::Playlist => Ok(self.text(request, playlist::media(self, &self.view(as_of), now))),
            Part::Map => self.init(request.path()).map(|init| Reply::ok("video/mp4", init)).ok_or(404),
            Part::Key => {
                let number =
                    request.path().rsplit_once("key-").and_then(|(_, rest)| rest.split_once('.')?.0.parse().ok());
                let file = number.zip(self.setup.encryption).map(|(number, encryption)| encryption.key_file(number));
                file.map(|file| Reply::ok("application/octet-stream", file)).ok_or(404)
            }
            Part::Segment if self.setup.byte_ranges => self.piece(request, now).ok_or(416),
            Part::Segment => {
                let bytes = self.segment(&Self::named(request), now).ok_or(404_u16)?;
                Ok(Reply::ok(self.setup.container.content_type(), bytes))
            }
            Part::Now => self.setup.now.map(|says| Self::onair_now(says(now))).ok_or(404),
            Part::Live => Err(404),
        }
    }

    /// Returns what plays, in the shape of KBS's `onair_now`.
    fn onair_now(title: &str) -> Reply {
        let title = Some(title).filter(|title| !title.is_empty());
        let now = serde_json::json!([{ "channel_code": "24", "schedules": [{ "program_title": title }] }]);
        Reply::ok("application/json; charset=utf-8", now.to_string())
    }

    /// Returns the initialisation section of a path like `…/init-0.mp4`.
    fn init(&self, path: &str) -> Option<Bytes> {
        let number: usize = path.rsplit_once("init-")?.1.split_once('.')?.0.parse().ok()?;
        self.sound.acts.get(number)?.1.clone()
    }

    fn moved(&self, part: Part, request: &Request) -> Option<String> {
        let moves = matches!(part, Part::Playlist | Part::Segment) && !request.path().contains("/moved-");
        let (folder, file) = request.target.rsplit_once('/')?;
        let there = format!("{folder}/moved-{part:?}/{file}");
        match self.state().redirects.unwrap_or(self.setup.redirects) {
            Redirects::SameHost if moves => Some(there),
            Redirects::OtherHost if moves => Some(format!("{}{there}", self.base.replace("127.0.0.1", "localhost"))),
            _ => None,
        }
    }

    /// Returns the page in the shape of KBS: JSON in a JavaScript string; or, as `address`, the bare URL.
    fn page(&self, request: &Request, now: DateTime<Utc>) -> Reply {
        let url = self.stream_url(now);
        let reply = if request.path().ends_with("address") {
            Reply::ok("text/plain", url)
        } else {
            let escaped = url.replace('/', r"\/");
            let html = format!(
                r#"<!DOCTYPE html><html><head><title>On air</title><script src="player.js"></script></head><body>
<script>var ready = false;</script><script type="text/javascript">
var channel = JSON.parse('{{\"channel_item\":[{{\"media_type\":\"radio\",\"bitrate\":\"96Kbps\",\"service_url\":\"{escaped}\"}}]}}');
</script></body></html>"#
            );
            Reply::ok("text/html; charset=utf-8", html)
        };
        if !self.setup.cookies {
            return reply;
        }
        // A cookie expires at the server; the client does not know when.
        let until = self.setup.cookie_lifetime.map_or(i64::MAX, |life| now.timestamp() + life.as_secs().cast_signed());
        reply.with("Set-Cookie", &format!("visitor={until}; Path=/"))
    }

    fn text(&self, request: &Request, text: String) -> Reply {
        let reply = Reply::ok("application/vnd.apple.mpegurl", text);
        let allowed = request.header("Accept-Encoding").is_some_and(|all| all.contains("gzip"));
        match self.setup.gzip {
            Gzip::OnlySaid => return reply.with("Content-Encoding", "gzip"),
            Gzip::Yes if allowed => {}
            Gzip::Unsaid => {}
            _ => return reply,
        }
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(&reply.body).expect("memory can be written to");
        let body = encoder.finish().expect("memory can be written to").into();
        let reply = Reply { body, ..reply };
        if self.setup.gzip == Gzip::Unsaid { reply } else { reply.with("Content-Encoding", "gzip") }
    }

    /// Returns the segment of a path like `…/0-1234.ts`, encrypted as its position in the playlist demands.
    fn segment(&self, path: &str, now: DateTime<Utc>) -> Option<Bytes> {
        let (name, _) = path.rsplit('/').next()?.split_once('.')?;
        let (number, sequence) = match name.split_once('-') {
            Some((number, sequence)) => (number.parse().ok()?, sequence.parse::<u64>().ok()?),
            // One name for several segments: the newest counts.
            None => (self.view(now).number, name.parse().ok()?),
        };
        let session = self.state().sessions.get::<usize>(number)?.clone();
        let index = session.first + usize::try_from(sequence.checked_sub(session.base)?).ok()?;
        let segment = self.offered(index, now)?;
        if self.state().gaps.contains(&sequence) {
            return None;
        }
        if let Some(number) = self.state().spots.get(&sequence) {
            return Some(spot::adts(*number, spot::frames(segment.duration.as_seconds_f64())));
        }
        if let Some(sent_as) = self.setup.sent_as {
            return Some(sent_as(index as u64, &segment.bytes).into());
        }
        let Some(encryption) = self.setup.encryption else { return Some(segment.bytes.clone()) };
        Some(encryption.seal(sequence, &segment.bytes))
    }

    fn offered(&self, index: usize, now: DateTime<Utc>) -> Option<&Segment> {
        let available = self.available(now);
        let oldest = available.saturating_sub(self.setup.window + GRACE);
        self.sound.list.get(index).filter(|_| (oldest..available).contains(&index))
    }

    /// Returns where segment `index` lies in the file of all segments.
    pub fn place(&self, index: usize) -> Range<usize> {
        let start = self.sound.list.iter().take(index).map(|segment| segment.bytes.len()).sum();
        start..start + self.sound.list[index].bytes.len()
    }

    fn range(request: &Request) -> Option<Range<usize>> {
        let (first, last) = request.header("Range")?.strip_prefix("bytes=")?.split_once('-')?;
        Some(first.parse().ok()?..last.parse::<usize>().ok()? + 1)
    }

    fn sequence_at(&self, byte: usize, now: DateTime<Utc>) -> Option<u64> {
        let view = self.view(now);
        (view.session.first..self.available(now))
            .find(|index| self.place(*index).contains(&byte))
            .map(|i| view.sequence(i))
    }

    fn piece(&self, request: &Request, now: DateTime<Utc>) -> Option<Reply> {
        let range = Self::range(request)?;
        let mut body = Vec::with_capacity(range.len());
        let mut start = 0;
        for segment in self.sound.list.iter().take(self.available(now)) {
            let inside = |place: usize| place.clamp(start, start + segment.bytes.len()) - start;
            body.extend_from_slice(&segment.bytes[inside(range.start)..inside(range.end)]);
            start += segment.bytes.len();
        }
        if body.len() < range.len() {
            return None;
        }
        let said = format!("bytes {}-{}/*", range.start, range.end - 1);
        let reply = Reply { status: 206, ..Reply::ok(self.setup.container.content_type(), body) };
        Some(reply.with("Content-Range", &said))
    }
}

fn strike(kind: Kind, reply: Reply) -> Reply {
    let manner = |manner| Reply { manner, ..reply.clone() };
    match kind {
        Kind::Status(status) => Reply::status(status),
        Kind::Busy(status, said) => Reply::status(status).with("Retry-After", &said),
        Kind::Reset => manner(Manner::Reset),
        Kind::ResetMidway => manner(Manner::ResetMidway),
        Kind::Truncated => manner(Manner::Truncated),
        Kind::Stall => manner(Manner::Stall),
        Kind::Unended => manner(Manner::Unended),
        Kind::Silence => manner(Manner::Silence),
        Kind::Drip(rate) => manner(Manner::Drip(rate)),
        Kind::Html => Reply::ok("text/html", "<!DOCTYPE html><html><body>We will be back soon.</body></html>"),
        Kind::Empty => Reply { body: Bytes::new(), ..reply },
        Kind::Garbage => Reply { body: (0..5_000_u32).map(|n| (n * n / 7 % 251) as u8).collect(), ..reply },
        Kind::Huge(size) => manner(Manner::Huge(size)),
        Kind::Endless => manner(Manner::Endless),
        Kind::Edit(edit) => Reply { body: edit(reply.body.to_vec()).into(), ..reply },
        Kind::OtherRange => {
            let mut body = reply.body.to_vec();
            body.rotate_left(188 * 3);
            let said = format!("bytes 0-{}/*", body.len().saturating_sub(1));
            let headers = reply.headers.into_iter().filter(|(name, _)| name != "Content-Range").collect();
            Reply { headers, body: body.into(), ..reply }.with("Content-Range", &said)
        }
        Kind::Maze => {
            let deeper =
                if reply.headers.iter().any(|(_, value)| value.contains("mpegurl")) { "playlist.m3u8" } else { "1.ts" };
            Reply { status: 302, ..Reply::ok("text/html", "") }.with("Location", &format!("deeper/{deeper}"))
        }
        Kind::Bomb(blocks) => Reply { body: bomb(blocks).into(), ..reply }.with("Content-Encoding", "gzip"),
        Kind::Stale(_) | Kind::Frozen | Kind::Hang => reply,
    }
}

/// Returns the target duration, rounded up to whole seconds (RFC 8216 section 4.3.3.1).
pub(super) fn target_duration(longest: TimeDelta) -> u64 {
    let longest = longest.to_std().unwrap_or_default();
    longest.as_secs() + u64::from(longest.subsec_nanos() > Duration::from_millis(500).subsec_nanos())
}
