//! A live station for tests, with a clock of its own: its offer follows from the time since it began, its faults from a
//! script.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockModeEncrypt, KeyIvInit};
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, Response, StatusCode, header};
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use futures::StreamExt;
use url::Url;

use crate::base::clock::Clock as _;
use crate::base::clock::simulated::SimulatedClock;
use crate::base::environment::Environment;
use crate::capture::source::hls::crypt;

/// 24 frames of 1024 samples at 48 kHz.
pub const SEGMENT: Duration = Duration::from_millis(512);
pub const KEY: [u8; 16] = *b"a radio's secret";
const FRAMES: usize = 24;
pub const FRAME: usize = 100;
/// The largest frame there is.
pub const LARGEST: usize = 8191;
const LONG_FRAMES: usize = 128;
/// 128 frames; a mebibyte where they are the largest.
pub const LONG: Duration = Duration::from_micros(2_730_667);
/// The segments in the window; so many are there at the start.
const WINDOW: u32 = 6;
/// Segments in the list of [`live`] later on: six seconds, because a stall is known to be one after three.
const LISTED: u32 = 12;

/// One segment.
pub fn segment_bytes(number: u32) -> Vec<u8> {
    frames(number, FRAME, FRAMES)
}

/// ADTS frames (ISO/IEC 14496-3) of `size` bytes whose payload is `number`.
fn frames(number: u32, size: usize, count: usize) -> Vec<u8> {
    let mut frame = vec![
        0xff,
        0xf1,
        0x4c,
        0x80 | u8::try_from(size >> 11).unwrap(),
        u8::try_from(size >> 3 & 0xff).unwrap(),
        u8::try_from(size << 5 & 0xe0).unwrap() | 0x1f,
        0xfc,
    ];
    frame.extend(number.to_be_bytes());
    frame.resize(size, 0);
    frame.repeat(count)
}

pub fn number_in(bytes: &[u8]) -> u32 {
    u32::from_be_bytes(bytes[7..11].try_into().unwrap())
}

/// A request.
#[derive(Debug, Clone)]
pub struct Asked {
    pub path: String,
    pub query: String,
    /// How many requests came for this path before.
    pub nth: usize,
    pub elapsed: Duration,
    started: DateTime<Utc>,
    headers: HeaderMap,
}

impl Asked {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The time of the request.
    pub fn now(&self) -> DateTime<Utc> {
        self.started + TimeDelta::from_std(self.elapsed).unwrap()
    }

    /// The second in `?Expires=…`.
    pub fn expiry(&self) -> i64 {
        self.query.strip_prefix("Expires=").and_then(|second| second.parse().ok()).unwrap()
    }

    /// The number in `/…/7.aac` or `/…/x7.aac`.
    pub fn segment(&self) -> Option<u32> {
        let file = self.path.rsplit('/').next()?.strip_suffix(".aac")?;
        file.trim_start_matches('x').parse().ok()
    }

    /// This request, but `segments` segments ago.
    pub fn earlier(&self, segments: u32) -> Self {
        Self { elapsed: self.elapsed.saturating_sub(SEGMENT * segments), ..self.clone() }
    }

    /// How many segments there have been.
    fn edge(&self) -> u32 {
        WINDOW + u32::try_from(self.elapsed.as_millis() / SEGMENT.as_millis()).unwrap()
    }

    fn starts(&self, number: u32) -> DateTime<Utc> {
        self.started
            + (TimeDelta::from_std(SEGMENT).unwrap()
                * (i32::try_from(number).unwrap() - i32::try_from(WINDOW).unwrap()))
    }

    fn list(numbers: impl Iterator<Item = u32>, sequence: u32, entry: impl Fn(u32) -> String) -> Answer {
        let mut text =
            format!("#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:1\n#EXT-X-MEDIA-SEQUENCE:{sequence}\n");
        for number in numbers {
            text.push_str(&entry(number));
        }
        Answer::ok(text.into_bytes())
    }

    pub fn encrypted(&self) -> Answer {
        let number = self.segment().unwrap();
        let plain = segment_bytes(number);
        let mut buffer = vec![0; plain.len() + 16];
        let encryptor = cbc::Encryptor::<aes::Aes128>::new(&KEY.into(), &crypt::sequence_iv(u64::from(number)).into());
        Answer::ok(encryptor.encrypt_padded_b2b::<Pkcs7>(&plain, &mut buffer).unwrap().to_vec())
    }

    pub fn ranged_list(&self) -> Answer {
        let edge = self.edge();
        let length = FRAMES * FRAME;
        Self::list(edge - WINDOW..edge, edge - WINDOW, |number| {
            let offset = if number == edge - WINDOW { format!("@{}", length * number as usize) } else { String::new() };
            format!("#EXT-X-BYTERANGE:{length}{offset}\n#EXTINF:0.512,\nall.aac\n")
        })
    }

    /// A part of the one file of [`Asked::ranged_list`]; the 3rd answer is all of it, the 5th another part.
    pub fn ranged(&self) -> Answer {
        let whole: Vec<u8> = (0..self.edge()).flat_map(segment_bytes).collect();
        let (first, last) = self.header("range").strip_prefix("bytes=").unwrap().split_once('-').unwrap();
        let (first, last): (usize, usize) = (first.parse().unwrap(), last.parse().unwrap());
        match self.nth {
            2 => Answer::ok(whole),
            4 => Answer::part(&whole, 0, last - first),
            _ => Answer::part(&whole, first, last),
        }
    }

    /// A station whose encoder starts again at segment `at`: numbers from zero, other names, the old ones gone.
    pub fn restarted_at(&self, at: u32) -> Answer {
        let edge = self.edge();
        if self.segment().is_some() || edge <= at {
            return live(self);
        }
        let first = at.max(edge - WINDOW);
        Self::list(first..edge, first - at, |number| format!("#EXTINF:0.512,\nx{number}.aac\n"))
    }

    /// A station whose list has, from segment `at` on, other names and numbers for all that is in its window.
    pub fn renamed_at(&self, at: u32) -> Answer {
        let edge = self.edge();
        if self.segment().is_some() || edge <= at {
            return live(self);
        }
        let first = edge - WINDOW;
        Self::list(first..edge, first + WINDOW - at, |number| format!("#EXTINF:0.512,\nx{number}.aac\n"))
    }

    /// A sliding window without dates, each segment written by `entry`.
    pub fn undated(&self, entry: impl Fn(u32) -> String) -> Answer {
        let edge = self.edge();
        Self::list(edge - WINDOW..edge, edge - WINDOW, entry)
    }

    pub fn file(&self, folder: &Path) -> Answer {
        let whole = std::fs::read(folder.join(self.path.trim_start_matches('/'))).unwrap();
        match self.header("range").strip_prefix("bytes=").and_then(|range| range.split_once('-')) {
            Some((first, last)) => Answer::part(&whole, first.parse().unwrap(), last.parse().unwrap()),
            None => Answer::ok(whole),
        }
    }
}

/// The answers of a station without faults: a sliding window of dated segments, and the segments that exist.
pub fn live(asked: &Asked) -> Answer {
    let edge = asked.edge();
    let first = edge.saturating_sub(LISTED);
    match asked.segment() {
        Some(number) if number < edge && number + WINDOW >= first => Answer::ok(segment_bytes(number)),
        Some(_) => Answer::status(404),
        None => Asked::list(first..edge, first, |number| {
            let date = asked.starts(number).to_rfc3339();
            format!("#EXT-X-PROGRAM-DATE-TIME:{date}\n#EXTINF:0.512,Song, and singer\n{number}.aac\n")
        }),
    }
}

/// A station with a long window that stands still: segments of [`LONG`] in frames of `size` bytes, without dates.
pub fn standing(asked: &Asked, window: u32, size: usize) -> Answer {
    match asked.segment() {
        Some(number) => Answer::ok(frames(number, size, LONG_FRAMES)),
        None => Asked::list(0..window, 0, |number| format!("#EXTINF:2.731,\n{number}.aac\n")),
    }
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    status: u16,
    headers: Vec<(header::HeaderName, String)>,
    bytes: Vec<u8>,
    /// How the body ends: well, with half of it missing, or never after half of it.
    ending: Ending,
}

#[derive(Debug, PartialEq)]
enum Ending {
    Well,
    Torn,
    Never,
}

impl Answer {
    pub fn ok(bytes: Vec<u8>) -> Self {
        Self { status: 200, headers: Vec::new(), bytes, ending: Ending::Well }
    }

    pub fn status(status: u16) -> Self {
        Self { status, ..Self::ok(b"no".to_vec()) }
    }

    pub fn redirect(to: &str) -> Self {
        Self { headers: vec![(header::LOCATION, to.to_owned())], ..Self::status(302) }
    }

    /// A connection that breaks without a byte of the body.
    pub fn reset() -> Self {
        Self::ok(vec![b'#'; 4]).torn()
    }

    fn part(whole: &[u8], first: usize, last: usize) -> Self {
        let range = format!("bytes {first}-{last}/{}", whole.len());
        let bytes = whole[first..=last].to_vec();
        Self { status: 206, headers: vec![(header::CONTENT_RANGE, range)], ..Self::ok(bytes) }
    }

    pub fn torn(self) -> Self {
        Self { ending: Ending::Torn, ..self }
    }

    pub fn stalled(self) -> Self {
        Self { ending: Ending::Never, ..self }
    }

    pub fn map_text(self, change: impl Fn(String) -> String) -> Self {
        match String::from_utf8(self.bytes.clone()) {
            Ok(text) if text.starts_with("#EXTM3U") => Self { bytes: change(text).into_bytes(), ..self },
            _ => self,
        }
    }

    #[expect(clippy::disallowed_methods, reason = "a test's own tool, waited for on the spot")]
    pub fn gzip(self) -> Self {
        use std::io::Write as _;
        let mut gzip = std::process::Command::new("gzip")
            .arg("-c")
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        gzip.stdin.take().unwrap().write_all(&self.bytes).unwrap();
        let bytes = gzip.wait_with_output().unwrap().stdout;
        Self { bytes, headers: vec![(header::CONTENT_ENCODING, "gzip".to_owned())], ..self }
    }

    fn into_response(self) -> Response<Body> {
        let mut response = Response::builder().status(StatusCode::from_u16(self.status).unwrap());
        for (name, value) in self.headers {
            response = response.header(name, value);
        }
        if self.ending == Ending::Well {
            return response.body(Body::from(self.bytes)).unwrap();
        }
        let half = Bytes::copy_from_slice(&self.bytes[..self.bytes.len() / 2]);
        let begun = futures::stream::iter([Ok(half)]);
        let body = if self.ending == Ending::Torn {
            Body::from_stream(begun.chain(futures::stream::iter([Err(std::io::Error::other("torn"))])))
        } else {
            Body::from_stream(begun.chain(futures::stream::pending::<Result<Bytes, std::io::Error>>()))
        };
        response.header(header::CONTENT_LENGTH, self.bytes.len()).body(body).unwrap()
    }
}

/// A station that answers by `script` on a port of its own.
pub struct Station {
    pub url: Url,
    pub clock: Arc<SimulatedClock>,
    began: DateTime<Utc>,
    asked: Arc<Mutex<Vec<Asked>>>,
    server: tokio::task::JoinHandle<()>,
}

impl Station {
    /// A whole second, as some addresses say when they run out.
    const BEGAN: &str = "2026-11-20T03:00:00Z";

    pub async fn start(script: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
        let began = Self::BEGAN.parse().unwrap();
        let clock = SimulatedClock::at(began);
        let its_clock = Arc::clone(&clock);
        let log: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let asked = Arc::clone(&log);
        let counts: Arc<Mutex<HashMap<String, usize>>> = Arc::default();
        let script = Arc::new(script);
        let app = Router::new().fallback(move |request: Request| {
            let path = request.uri().path().to_owned();
            let mut counts = counts.lock().unwrap();
            let count = counts.entry(path.clone()).or_default();
            let nth = *count;
            *count += 1;
            let query = request.uri().query().unwrap_or_default().to_owned();
            let elapsed = (its_clock.now() - began).to_std().unwrap();
            let asked = Asked { path, query, nth, elapsed, started: began, headers: request.headers().clone() };
            log.lock().unwrap().push(asked.clone());
            let script = Arc::clone(&script);
            async move { script(&asked).into_response() }
        });
        let server = tokio::spawn(async move { drop(axum::serve(listener, app).await) });
        Self { url, clock, began, asked, server }
    }

    /// What a capture of it runs in.
    pub fn environment(&self) -> Environment {
        Environment { clock: self.clock.clone(), ..Environment::system() }
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    pub fn count(&self, path: &str) -> usize {
        self.asked().iter().filter(|asked| asked.path == path).count()
    }

    /// When segment `number` was whole, which is when it was offered.
    pub fn ended(&self, number: u32) -> DateTime<Utc> {
        let segments = i32::try_from(number).unwrap() - i32::try_from(WINDOW).unwrap() + 1;
        self.began + TimeDelta::from_std(SEGMENT).unwrap() * segments
    }
}

impl Drop for Station {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// A segment of half a second without sound, `pictures.ts`, made by ffmpeg.
pub fn pictures() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    ffmpeg(folder.path(), "-f lavfi -i testsrc=s=64x64:r=10 -t 0.5 -c:v mpeg2video -f mpegts pictures.ts");
    folder
}

/// Half a second of fragmented MP4 whose samples are encrypted, `sealed.mp4`, made by ffmpeg.
pub fn sealed() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let key = "000102030405060708090a0b0c0d0e0f";
    let scheme = format!("-encryption_scheme cenc-aes-ctr -encryption_key {key} -encryption_kid {key}");
    let fragments = "-movflags frag_keyframe+empty_moov+default_base_moof -f mp4 sealed.mp4";
    ffmpeg(folder.path(), &format!("-f lavfi -i sine=duration=0.5 -c:a aac {scheme} {fragments}"));
    std::fs::read(folder.path().join("sealed.mp4")).unwrap()
}

/// Four seconds of sound in four segments and their `list.m3u8`, made by ffmpeg.
pub fn encoded(options: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let sine = "-f lavfi -i sine=duration=4:sample_rate=48000 -c:a aac -f hls -hls_time 1 -hls_list_size 0";
    ffmpeg(folder.path(), &format!("{sine} {options} list.m3u8"));
    folder
}

#[expect(clippy::disallowed_methods, reason = "a test's own tool, waited for on the spot")]
fn ffmpeg(folder: &Path, arguments: &str) {
    let mut command = std::process::Command::new("ffmpeg");
    let made = command.args("-v error".split(' ')).args(arguments.split(' ')).current_dir(folder).status().unwrap();
    assert!(made.success());
}
