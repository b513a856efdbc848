//! Radio stations in the test process: live HLS, endless bodies and a page to scrape, by the wall clock, with timecode
//! audio, and a switch for every fault of real stations.
//!
//! The origin runs on its own threads, so a test may block while it serves. Dropping it ends all its connections.

mod bomb;
mod encrypt;
mod fault;
mod http;
mod live;
mod mix;
mod playlist;
mod programme;
mod samples;
mod setup;
mod spot;
mod station;
mod token;

pub use fault::{Fault, Kind, Part};
pub use mix::{Act, Mix};
pub use programme::{Codec, Container};
pub use setup::{
    ByQuery, Encryption, Gzip, KeyForm, Method, ProgrammeTime, Redirects, Redundant, SentAs, Setup, Titles, Token,
    Written,
};

use std::collections::HashMap;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aircheck::base::clock::{Clock, SharedClock, SystemClock};
use chrono::{DateTime, TimeDelta, Utc};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use http::{Reply, Request};
use station::Session;

use super::ports;

/// A request and its answer.
#[derive(Debug, Clone)]
pub struct Entry {
    /// When it was answered.
    pub at: DateTime<Utc>,
    /// The station that was asked.
    pub station: String,
    /// What was asked for.
    pub part: Part,
    /// The sequence number, for segments.
    pub sequence: Option<u64>,
    /// Path and query.
    pub target: String,
    /// The status; 0 if the connection was reset or there was no answer.
    pub status: u16,
}

/// The server.
pub struct Origin {
    shared: Arc<Shared>,
    runtime: Option<Runtime>,
    stop: CancellationToken,
    port_closed: watch::Sender<bool>,
}

struct Shared {
    clock: SharedClock,
    base: String,
    stations: Mutex<HashMap<String, Arc<station::Station>>>,
    log: Mutex<Vec<Entry>>,
}

impl Origin {
    /// Starts the server on a free port of 127.0.0.1.
    pub fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .thread_name("origin")
            .build()
            .expect("a runtime");
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, ports::free()));
        let shared = Arc::new(Shared {
            clock: SystemClock::shared(),
            base: format!("http://{address}"),
            stations: Mutex::default(),
            log: Mutex::default(),
        });
        let stop = CancellationToken::new();
        let (port_closed, closed) = watch::channel(false);
        let (ready, listening) = std::sync::mpsc::channel();
        runtime.spawn(listen(Arc::clone(&shared), address, closed, stop.clone(), ready));
        listening.recv().expect("the origin listens");
        Self { shared, runtime: Some(runtime), stop, port_closed }
    }

    /// Starts a server with one station, of which so many segments lie at `v/000000.ts` and so on, to be downloaded.
    pub async fn with_numbered(setup: Setup, segments: usize) -> (Self, StationHandle) {
        let start = move || {
            let origin = Self::start();
            let station = origin.station("x", setup);
            for (number, bytes) in station.first_segments(segments).into_iter().enumerate() {
                station.put_bytes(&format!("v/{number:06}.ts"), "video/mp2t", bytes);
            }
            (origin, station)
        };
        tokio::task::spawn_blocking(start).await.expect("no panic")
    }

    /// Puts a station on the air. Blocks for about a second when its codec is used for the first time.
    pub fn station(&self, name: &str, setup: Setup) -> StationHandle {
        let now = self.shared.clock.now();
        let sound = match &setup.mix {
            Some(mix) => mix::segments(mix, now),
            None => programme::segments(setup.container, setup.segment, now),
        };
        let station = Arc::new(station::Station::new(name, &self.shared.base, setup, sound));
        self.shared.stations.lock().expect("healthy").insert(name.to_owned(), Arc::clone(&station));
        StationHandle { station, shared: Arc::clone(&self.shared) }
    }

    /// Returns all requests so far.
    pub fn log(&self) -> Vec<Entry> {
        self.shared.log.lock().expect("healthy").clone()
    }

    /// Closes the port and all connections, or opens the port again.
    pub fn close_port(&self, closed: bool) {
        self.port_closed.send_replace(closed);
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// A station on the air.
pub struct StationHandle {
    station: Arc<station::Station>,
    shared: Arc<Shared>,
}

/// The programme in a format.
pub struct InFormat(Container, Arc<programme::Frames>);

impl StationHandle {
    /// Returns where a player starts: the master playlist if there is one, else the media playlist; signed if needed.
    pub fn url(&self) -> String {
        self.station.stream_url(self.shared.clock.now())
    }

    /// Returns a page in the shape of KBS, with the URL in escaped JSON.
    pub fn page_url(&self) -> String {
        self.station.url("page")
    }

    /// Returns a page that is only the URL.
    pub fn address_url(&self) -> String {
        self.station.url("address")
    }

    /// Returns the address that says what plays.
    pub fn now_url(&self) -> String {
        self.station.url("now.json")
    }

    /// Returns the URL of the endless body.
    pub fn live_url(&self) -> String {
        self.station.url("live")
    }

    /// Returns whether its playlist has dates.
    pub fn stamped(&self) -> bool {
        self.station.setup.programme_time != ProgrammeTime::No
    }

    /// Returns the length of its segments.
    pub fn segment(&self) -> Duration {
        self.station.setup.segment
    }

    /// Returns its requests so far.
    pub fn log(&self) -> Vec<Entry> {
        let log = self.shared.log.lock().expect("healthy");
        log.iter().filter(|entry| entry.station == self.station.name).cloned().collect()
    }

    /// Switches a fault on.
    pub fn fault(&self, fault: Fault) {
        self.station.state().faults.add(fault, self.shared.clock.now());
    }

    /// Switches all faults off.
    pub fn heal(&self) {
        self.station.state().faults.clear();
    }

    /// Returns the sequence number of the newest segment in the playlist.
    pub fn newest(&self) -> u64 {
        let view = self.station.view(self.shared.clock.now());
        view.sequence(view.window.end.saturating_sub(1).max(view.session.first))
    }

    /// Returns when the segments in the playlist were on the air: from the beginning of the first to the end of the
    /// last.
    pub fn window(&self) -> (DateTime<Utc>, DateTime<Utc>) {
        let segments = &self.station.sound.list[self.station.view(self.shared.clock.now()).window];
        let (first, last) = (segments.first().expect("a window"), segments.last().expect("a window"));
        (first.begins, last.ends())
    }

    /// Returns when the segment with this number of the first session was on the air.
    pub fn on_air(&self, sequence: u64) -> (DateTime<Utc>, DateTime<Utc>) {
        let index = usize::try_from(sequence - self.station.setup.first_sequence).expect("small");
        let segment = &self.station.sound.list[index];
        (segment.begins, segment.ends())
    }

    /// Marks a segment `EXT-X-GAP`; it answers 404.
    pub fn gap(&self, sequence: u64) {
        self.station.state().gaps.push(sequence);
    }

    /// Moves playlists and segments from now on.
    pub fn redirect(&self, redirects: Redirects) {
        self.station.state().redirects = Some(redirects);
    }

    /// Adds a file to the station: `text` as `content_type`; returns its URL.
    pub fn put(&self, file: &str, content_type: &str, text: &str) -> String {
        self.put_reply(file, Reply::ok(content_type, text.to_owned()))
    }

    /// Adds a file of `bytes` to the station; returns its URL.
    pub fn put_bytes(&self, file: &str, content_type: &str, bytes: Vec<u8>) -> String {
        self.put_reply(file, Reply::ok(content_type, bytes))
    }

    /// Returns the bytes of the first segments, as they are before they are encrypted.
    pub fn first_segments(&self, count: usize) -> Vec<Vec<u8>> {
        self.station.sound.list.iter().take(count).map(|segment| segment.bytes.to_vec()).collect()
    }

    /// Adds a file to the station that redirects to `target` (302); returns its URL.
    pub fn put_redirect(&self, file: &str, target: &str) -> String {
        self.put_reply(file, Reply { status: 302, ..Reply::ok("text/html", "") }.with("Location", target))
    }

    fn put_reply(&self, file: &str, reply: Reply) -> String {
        self.station.state().files.insert(format!("/{}/{file}", self.station.name), reply);
        self.station.url(file)
    }

    /// Returns the programme in another format, to go on with. Blocks until it is made, which takes long on a busy
    /// machine.
    pub fn in_format(&self, container: Container) -> InFormat {
        let segments = programme::segments(container, self.segment(), self.shared.clock.now());
        InFormat(container, Arc::clone(&segments.frames))
    }

    /// Continues the endless body in another format from now on, without a break.
    pub fn go_on_in(&self, InFormat(container, frames): InFormat) {
        self.station.state().live = Some((container, frames));
    }

    /// Lists a segment twice.
    pub fn list_twice(&self, sequence: u64) {
        self.station.state().twice.push(sequence);
    }

    /// Plays the advertisement in two segments from `sequence` on, between marks: the same bytes each time. Only in
    /// ADTS.
    pub fn advertise(&self, sequence: u64) {
        self.station.state().spots.extend([(sequence, 0), (sequence + 1, 1)]);
    }

    /// The encoder restarts without losing sound: its next segment has number `base`, with or without
    /// `EXT-X-DISCONTINUITY`, and the old segments are no longer listed once it is there.
    pub fn restart_encoder(&self, base: u64, discontinuity: bool) {
        self.session(base, discontinuity, false, Duration::ZERO);
    }

    /// The playlist ends with `EXT-X-ENDLIST`; after `pause` a new session stands there that begins with the next
    /// segment, numbered `base`.
    pub fn end_session(&self, base: u64, pause: Duration) {
        self.session(base, true, true, pause);
    }

    fn session(&self, base: u64, discontinuity: bool, end_list: bool, pause: Duration) {
        let now = self.shared.clock.now();
        let first = self.station.available(now);
        let mut state = self.station.state();
        if let Some(last) = state.sessions.last_mut() {
            (last.until, last.end_list) = (Some(first), end_list);
        }
        let visible = now + TimeDelta::from_std(pause).expect("short");
        state.sessions.push(Session { first, base, visible, until: None, end_list: false, discontinuity });
    }
}

/// Listens at `address`, which is ours. A child that another test starts may hold the old socket for a moment.
async fn bind(clock: &dyn Clock, address: SocketAddr) -> TcpListener {
    let mut tries = 500;
    loop {
        match TcpListener::bind(address).await {
            Err(error) if error.kind() == ErrorKind::AddrInUse && tries > 0 => tries -= 1,
            bound => return bound.expect("the port is ours"),
        }
        clock.sleep(Duration::from_millis(20)).await;
    }
}

async fn listen(
    shared: Arc<Shared>,
    address: SocketAddr,
    mut closed: watch::Receiver<bool>,
    stop: CancellationToken,
    ready: std::sync::mpsc::Sender<()>,
) {
    loop {
        let listener = bind(shared.clock.as_ref(), address).await;
        let _ = ready.send(());
        let connections = stop.child_token();
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = becomes(&mut closed, true) => break,
                accepted = listener.accept() => {
                    let Ok((stream, _)) = accepted else { continue };
                    let (shared, connections) = (Arc::clone(&shared), connections.clone());
                    tokio::spawn(async move { connections.run_until_cancelled(converse(&shared, stream)).await });
                }
            }
        }
        drop(listener);
        connections.cancel();
        becomes(&mut closed, false).await;
    }
}

async fn becomes(flag: &mut watch::Receiver<bool>, wanted: bool) {
    if flag.wait_for(|flag| *flag == wanted).await.is_err() {
        // The owner is gone, which alone could set it; the token ends the waiting.
        std::future::pending::<()>().await;
    }
}

/// Answers the requests of one connection, until it ends for whatever reason.
async fn converse(shared: &Shared, mut stream: TcpStream) -> Option<()> {
    while let Ok(Some(request)) = Request::read(&mut stream).await {
        let now = shared.clock.now();
        let name = request.path().split('/').nth(1).unwrap_or_default().to_owned();
        let station = shared.stations.lock().expect("healthy").get(&name).cloned();
        let log = |part, sequence, status| {
            let target = request.target.clone();
            let entry = Entry { at: now, station: name.clone(), part, sequence, target, status };
            shared.log.lock().expect("healthy").push(entry);
        };
        let Some(station) = station else {
            Reply::status(404).write(&mut stream, &*shared.clock).await.ok()?;
            continue;
        };
        if station::Station::part(request.path()).0 == Part::Live {
            let fault = station.state().faults.strike(Part::Live, (request.path(), ""), None, now);
            if let Some((Kind::Status(status), _)) = fault {
                log(Part::Live, None, status);
                Reply::status(status).write(&mut stream, &*shared.clock).await.ok()?;
                continue;
            }
            log(Part::Live, None, 200);
            return live::serve(&station, &request, fault, &mut stream, &*shared.clock).await.ok();
        }
        let (reply, part, sequence) = station.answer(&request, now);
        let silent = matches!(reply.manner, http::Manner::Reset | http::Manner::Silence);
        log(part, sequence, if silent { 0 } else { reply.status });
        if !reply.write(&mut stream, &*shared.clock).await.ok()? {
            return None;
        }
    }
    None
}
