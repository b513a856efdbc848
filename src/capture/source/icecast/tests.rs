//! Captures of a server that speaks as stations do, with real sound and simulated time.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::base::clock::SystemClock;
use crate::base::clock::simulated::SimulatedClock;
use crate::base::http::Reach;
use crate::base::process::Invocation;
use crate::capture::source::testing::Capture;
use crate::config::Address;

const HTTP: &str = "HTTP/1.1 200 OK\r\nContent-Type: audio/mpeg\r\n";
const ICY: &str = "ICY 200 OK\r\nicy-name: Radio\r\ncontent-type:audio/mpeg\r\n";

/// Ten seconds of sound.
async fn sound(options: &str) -> Vec<u8> {
    let line = format!("-nostdin -v error -f lavfi -i sine=duration=10:sample_rate=44100 -ac 2 {options} pipe:1");
    let mut running =
        Invocation::new("ffmpeg").args(line.split_whitespace()).with_stdout().spawn(&SystemClock::shared()).unwrap();
    let mut bytes = Vec::new();
    running.take_stdout().unwrap().read_to_end(&mut bytes).await.unwrap();
    bytes
}

async fn mp3() -> Vec<u8> {
    sound("-c:a libmp3lame -b:a 128k -write_xing 0 -id3v2_version 0 -f mp3").await
}

/// A station on a port of its own, with a clock of its own.
struct Station {
    listener: TcpListener,
    clock: Arc<SimulatedClock>,
}

impl Station {
    async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self { listener, clock: SimulatedClock::at(DateTime::UNIX_EPOCH) }
    }

    /// What a capture of it runs in.
    fn environment(&self) -> Environment {
        Environment { clock: self.clock.clone(), ..Environment::system() }
    }

    fn source(&self) -> Icecast {
        let url = format!("http://{}/live;?token=s3cret9", self.listener.local_addr().unwrap());
        let address = Address::Url(Url::parse(&url).unwrap());
        Icecast {
            address,
            headers: vec![("X-Station".into(), "yes".into())],
            accept_invalid: false,
            reach: Reach::Anywhere,
        }
    }

    fn capture(&self) -> Capture {
        let (source, environment) = (self.source(), self.environment());
        let capture = Capture::start(|events, stop| async move {
            let wrong_kind = run(&source, &environment, events, stop).await;
            assert!(wrong_kind.is_none(), "{wrong_kind:?}");
        });
        capture.passing(&self.clock)
    }

    /// Accepts the next listener and answers with `head` and `body`. Returns the request and the open connection.
    async fn serve(&self, head: &str, body: &[u8]) -> (String, TcpStream) {
        let (request, mut stream) = self.ask().await;
        stream.write_all(format!("{head}\r\n").as_bytes()).await.unwrap();
        stream.write_all(body).await.unwrap();
        (request, stream)
    }

    /// Accepts the next listener. Returns its request and the connection.
    async fn ask(&self) -> (String, TcpStream) {
        let (mut stream, _) = self.clock.pass_until(self.listener.accept()).await.unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            request.push(stream.read_u8().await.unwrap());
        }
        (String::from_utf8(request).unwrap().to_lowercase(), stream)
    }
}

/// `sound` with a title after every 4000 bytes.
fn with_titles(sound: &[u8], titles: &[&str]) -> Vec<u8> {
    let mut body = Vec::new();
    for (number, part) in sound.chunks(4000).enumerate() {
        body.extend_from_slice(part);
        let text = titles.get(number).map_or(String::new(), |title| format!("StreamTitle='{title}';"));
        let units = text.len().div_ceil(16);
        body.push(u8::try_from(units).unwrap());
        body.extend_from_slice(text.as_bytes());
        body.resize(body.len() + units * 16 - text.len(), 0);
    }
    body
}

async fn titles_leave_the_sound_untouched(head: &str) {
    let station = Station::open().await;
    let mut capture = station.capture();
    let mp3 = mp3().await;
    let body = with_titles(&mp3, &["하나", "하나", "둘"]);
    let (request, stream) = station.serve(&format!("{head}icy-metaint: 4000\r\n"), &body).await;
    assert!(request.contains("icy-metadata: 1") && request.contains("x-station: yes"), "{request}");
    drop(stream);
    let mut events = Vec::new();
    loop {
        match capture.next().await {
            MediaEvent::Trouble { cause, .. } => {
                assert!(cause.words.contains("closed the connection") && !cause.words.contains("s3cret9"), "{cause}");
                break;
            }
            event => events.push(event),
        }
    }
    let MediaEvent::Format(format) = events.iter().find(|event| !matches!(event, MediaEvent::Title { .. })).unwrap()
    else {
        panic!("sound before its format")
    };
    assert_eq!((format.container, format.detail.as_str()), (Container::Mp3, "mp3 44100 Hz 2 ch"));
    let mut titles = Vec::new();
    let (mut bytes, mut length, mut fresh) = (Vec::new(), Duration::ZERO, Vec::new());
    for event in &events {
        match event {
            MediaEvent::Title { text, .. } => titles.push(text.as_str()),
            MediaEvent::Chunk(chunk) => {
                bytes.extend_from_slice(&chunk.bytes);
                length += chunk.duration;
                fresh.push(chunk.discontinuity);
            }
            _ => {}
        }
    }
    assert!(bytes == mp3, "{} bytes of {}", bytes.len(), mp3.len());
    assert!(length.abs_diff(Duration::from_secs(10)) < Duration::from_millis(60), "{length:?}");
    // Two titles within one read count as one: the last.
    assert_eq!(titles.last(), Some(&"둘"));
    assert!(fresh[0] && fresh[1..].iter().all(|fresh| !fresh), "{fresh:?}");
    capture.finish().await;
}

#[tokio::test]
async fn icecast_with_titles() {
    titles_leave_the_sound_untouched(HTTP).await;
}

#[tokio::test]
async fn old_shoutcast_with_titles() {
    titles_leave_the_sound_untouched(ICY).await;
}

#[tokio::test]
async fn a_station_that_comes_back_goes_on_with_a_discontinuity() {
    let station = Station::open().await;
    let mut capture = station.capture();
    let mp3 = mp3().await;
    station.serve("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n", b"").await;
    let cause = capture.trouble().await;
    assert!(cause.kind == CauseKind::Refused && cause.words.contains("answered 503"), "{cause:?}");
    let page = b"<!DOCTYPE html><title>Come back later</title>";
    drop(station.serve("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n", page).await);
    let cause = capture.trouble().await;
    assert!(cause.words.contains("text/html") && cause.words.contains("<!DOCTYPE"), "{cause}");
    assert_eq!(cause.kind, CauseKind::Unusable);
    drop(station.serve("ICY 401 Full\r\n", b"").await);
    let cause = capture.trouble().await;
    assert!(cause.kind == CauseKind::Refused && cause.words.contains("answered 401"), "{cause:?}");
    // A listener joins in the middle of a frame.
    drop(station.serve(HTTP, &mp3[100_101..]).await);
    assert_eq!(capture.format().await.detail, "mp3 44100 Hz 2 ch");
    assert!(capture.chunk().await.discontinuity);
    let cause = capture.trouble().await;
    assert!(cause.kind == CauseKind::Connection && cause.words.contains("closed"), "{cause:?}");
    let aac = sound("-c:a aac -f adts").await;
    let (_, stream) = station.serve("HTTP/1.0 200 OK\r\nContent-Type: audio/aacp\r\n", &aac[..aac.len() / 2]).await;
    assert_eq!(capture.format().await.container, Container::Adts);
    assert!(capture.chunk().await.discontinuity);
    // Sound after the last whole second is not lost when the capture is stopped.
    let rest = capture.finish().await;
    let last = rest.iter().rev().find_map(|event| match event {
        MediaEvent::Chunk(chunk) => Some(chunk.duration),
        _ => None,
    });
    assert!(last.is_some_and(|last| last < Duration::from_secs(1)), "{rest:?}");
    drop(stream);
}

#[tokio::test]
async fn sound_in_another_codec_is_not_lost_if_all_of_it_comes_at_once() {
    let station = Station::open().await;
    let mut capture = station.capture();
    let (mp3, aac) = (mp3().await, sound("-c:a aac -b:a 256k -f adts").await);
    assert!(aac.len() > ANOTHER_BEYOND, "more than is needed to recognise it: {}", aac.len());
    for aac in [&aac[..], &aac[..60_000]] {
        let body = [&mp3[..], aac].concat();
        drop(station.serve(HTTP, &body).await);
        let mut bytes = [0, 0];
        let mut codec = 0;
        loop {
            match capture.next().await {
                MediaEvent::Format(format) => codec = usize::from(format.container == Container::Adts),
                MediaEvent::Chunk(chunk) => bytes[codec] += chunk.bytes.len(),
                MediaEvent::Trouble { .. } => break,
                _ => {}
            }
        }
        // A frame of either codec may be torn by the end of the other.
        let [lost_mp3, lost_aac] = [mp3.len() - bytes[0], aac.len() - bytes[1]];
        assert!(lost_mp3 < 500 && lost_aac < 2 * SLICE, "lost {lost_mp3} and {lost_aac} bytes");
    }
    capture.finish().await;
}

#[tokio::test]
async fn an_ogg_stream_carries_its_headers_in_the_format() {
    let station = Station::open().await;
    let mut capture = station.capture();
    let opus = sound("-c:a libopus -f ogg").await;
    drop(station.serve("HTTP/1.1 200 OK\r\nContent-Type: application/ogg\r\n", &opus).await);
    let format = capture.format().await;
    assert_eq!(format.detail, "opus 48000 Hz 2 ch");
    assert!(opus.starts_with(&format.init.unwrap()));
    assert!(capture.chunk().await.bytes.starts_with(b"OggS"));
    capture.finish().await;
}

#[tokio::test]
async fn a_station_that_falls_silent_is_left_and_tried_again() {
    let station = Station::open().await;
    let mut capture = station.capture();
    let mp3 = mp3().await;
    let (_, silent) = station.serve(HTTP, &mp3[..40_000]).await;
    let cause = capture.trouble().await;
    assert!(cause.words.contains("nothing for 10 s") || cause.words.contains("no sound for 10 s"), "{cause}");
    assert_eq!(cause.kind, CauseKind::Stalled);
    station.serve(HTTP, &mp3).await;
    // The whole stream again: what is on tape is dropped, what follows goes on without a seam.
    assert!(!capture.chunk().await.discontinuity);
    capture.finish().await;
    drop(silent);
}

#[tokio::test]
async fn an_entry_that_is_silent_from_the_beginning_is_left_for_the_next() {
    let station = Station::open().await;
    let mut capture = station.capture();
    let list = "HTTP/1.0 200 OK\r\nContent-Type: audio/x-scpls\r\n";
    let entries = b"[playlist]\nFile1=/first\nFile2=/second\n";
    drop(station.serve(list, entries).await);
    let (request, silent) = station.serve(HTTP, b"").await;
    assert!(request.starts_with("get /first "), "{request}");
    let cause = capture.trouble().await;
    assert!(cause.kind == CauseKind::Stalled && cause.words.contains("/first delivered no sound for 3 s"), "{cause:?}");
    drop(station.serve(list, entries).await);
    let (request, stream) = station.serve(HTTP, &mp3().await).await;
    assert!(request.starts_with("get /second "), "{request}");
    assert_eq!(capture.format().await.detail, "mp3 44100 Hz 2 ch");
    capture.finish().await;
    drop((silent, stream));
}

#[tokio::test]
async fn an_hls_playlist_is_passed_over_unless_the_list_has_nothing_else() {
    const PLAYLIST: &[u8] = b"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\na.aac\n";
    let station = Station::open().await;
    let mut capture = station.capture();
    let head = "HTTP/1.0 200 OK\r\n";
    let entries = b"#EXTM3U\nhls|User-Agent=Kodi%2F19&X-Station=no\nlive\n";
    drop(station.serve(head, entries).await);
    let (request, _) = station.serve(head, PLAYLIST).await;
    assert!(request.contains("user-agent: kodi/19") && request.contains("x-station: yes"), "{request}");
    let cause = capture.trouble().await;
    assert!(cause.words.contains("/hls is an HLS playlist: write `hls:` instead of `icecast:`"), "{cause}");
    drop(station.serve(head, entries).await);
    drop(station.serve(HTTP, &mp3().await).await);
    assert_eq!(capture.format().await.detail, "mp3 44100 Hz 2 ch");
    capture.finish().await;

    let source = station.source();
    let (events, _heard) = mpsc::channel(16);
    let environment = station.environment();
    let capture = run(&source, &environment, events, CancellationToken::new());
    let serve = async {
        drop(station.serve(head, b"[playlist]\nFile1=hls\nFile2=other\n").await);
        drop(station.serve(head, PLAYLIST).await);
        drop(station.serve(head, b"[playlist]\nFile1=hls\nFile2=other\n").await);
        drop(station.serve(head, PLAYLIST).await);
    };
    let WrongKind { cause, heard } = tokio::join!(capture, serve).0.expect("there is nothing else");
    assert!(cause.words.contains("/other is an HLS playlist") && !heard, "{cause}");
}

#[tokio::test]
async fn a_head_that_is_late_is_waited_for_beside_a_second_one() {
    let station = Station::open().await;
    let mut capture = station.capture();
    let mut first = station.ask().await.1;
    let cause = capture.trouble().await;
    assert!(cause.words.contains("sent nothing for 10 s"), "{cause}");
    // The second request gets no answer at all.
    let second = station.ask().await.1;
    first.write_all(format!("{HTTP}\r\n").as_bytes()).await.unwrap();
    first.write_all(&mp3().await).await.unwrap();
    assert_eq!(capture.format().await.detail, "mp3 44100 Hz 2 ch");
    capture.finish().await;
    drop((first, second));
}

#[tokio::test]
async fn a_stream_that_breaks_the_promise_of_its_head_is_named() {
    let station = Station::open().await;
    let mut capture = station.capture();
    let latm = [0x56, 0xe0, 0x01, 0xaa].repeat(ENOUGH_TO_TELL / 4 + 1);
    let open = station.serve("HTTP/1.0 200 OK\r\nContent-Type: audio/aac\r\n", &latm).await;
    let cause = capture.trouble().await;
    assert!(cause.kind == CauseKind::Unusable && cause.words.contains("AAC in LATM, which is not taken"), "{cause:?}");
    capture.finish().await;
    drop(open);
}
