//! Captures of a real nginx-rtmp to which a real ffmpeg publishes a sine.

mod faulty_rtmpdump;

use std::fs;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;

use chrono::DateTime;
use futures::future::join_all;
use tempfile::TempDir;
use url::Url;

use super::*;
use crate::base::clock::fast::Fast;
use crate::base::clock::simulated::SimulatedClock;
use crate::base::clock::{Clock as _, SystemClock};
use crate::base::http::Reach;
use crate::base::process::{Invocation, Running};
use crate::capture::source::testing::{Capture, PATIENCE};
use crate::config::Address as Where;
use crate::model::Container;

pub(super) fn source(port: u16) -> Rtmp {
    Rtmp {
        address: Where::Url(Url::parse(&format!("rtmp://127.0.0.1:{port}/live/radio")).unwrap()),
        headers: Vec::new(),
        app: None,
        playpath: None,
        swf: None,
        page: None,
        live: true,
        accept_invalid: false,
        reach: Reach::Anywhere,
        args: Vec::new(),
    }
}

fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

struct Server {
    process: Running,
    _folder: TempDir,
}

impl Server {
    async fn start(port: u16) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = format!(
            "load_module /usr/lib/nginx/modules/ngx_rtmp_module.so;\ndaemon off; master_process off; pid nginx.pid;\n\
             error_log stderr; events {{}} rtmp {{ access_log off; server {{ listen 127.0.0.1:{port}; \
             application live {{ live on; }} application inner/live {{ live on; }} \
             application strict {{ live on; idle_streams off; }} }} }}"
        );
        let file = folder.path().join("nginx.conf");
        fs::write(&file, config).unwrap();
        let path = |path: &std::path::Path| path.to_str().unwrap().to_owned();
        let arguments = ["-p".to_owned(), path(folder.path()), "-c".to_owned(), path(&file)];
        let process = Invocation::new("/usr/sbin/nginx").args(arguments).spawn(&SystemClock::shared()).unwrap();
        let listens = async {
            while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
                tokio::task::yield_now().await;
            }
        };
        SystemClock::shared().timeout(PATIENCE, listens).await.expect("nginx listens");
        Self { process, _folder: folder }
    }
}

fn publish(port: u16, codec: &str) -> Running {
    publish_as(port, codec, "live", "radio")
}

fn publish_as(port: u16, codec: &str, app: &str, name: &str) -> Running {
    let pictures = if codec.contains("-c:v") { "-re -f lavfi -i testsrc=size=64x64:rate=10" } else { "" };
    let line = format!(
        "-nostdin -v error {pictures} -re -f lavfi -i sine=frequency=440:sample_rate=44100 -ac 2 {codec} -rtmp_app {app} \
         -rtmp_playpath {name} -f flv rtmp://127.0.0.1:{port}/"
    );
    Invocation::new("ffmpeg").args(line.split_whitespace()).spawn(&SystemClock::shared()).unwrap()
}

fn capture(source: Rtmp) -> Capture {
    capture_by(SystemClock::shared(), source)
}

fn capture_by(clock: SharedClock, source: Rtmp) -> Capture {
    let environment = Environment { clock, ..Environment::system() };
    Capture::start(|events, stop| async move { run(&source, &environment, events, stop).await })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_station_is_captured_across_a_restart_of_its_server() {
    let port = free_port();
    let mut server = Server::start(port).await;
    let mut publisher = publish(port, "-c:a aac -b:a 96k");
    let mut capture = capture(source(port));
    // rtmpdump may come before the publisher: then there is trouble first.
    let format = loop {
        match capture.next().await {
            MediaEvent::Trouble { .. } => {}
            MediaEvent::Format(format) => break format,
            other => panic!("{other:?} before any format"),
        }
    };
    assert_eq!((format.container, format.detail.as_str()), (Container::MpegTs, "aac 44100 Hz 2 ch"));
    let first = capture.chunk().await;
    assert!(first.discontinuity && first.programme_time.is_none());
    let second = capture.chunk().await;
    assert!(!second.discontinuity);
    assert!(second.duration >= Duration::from_secs(1) && second.duration < Duration::from_millis(1300));
    // Once ffmpeg has looked for pictures, no chunk is late: its sound arrived within the second before.
    capture.chunk().await;
    let third = capture.chunk().await;
    let fourth = capture.chunk().await;
    let apart = (fourth.arrived - third.arrived).to_std().unwrap();
    assert!(apart.abs_diff(fourth.duration) < Duration::from_millis(700), "{apart:?} for {:?}", fourth.duration);

    server.process.stop(Duration::ZERO).await;
    publisher.stop(Duration::ZERO).await;
    let cause = capture.trouble().await;
    assert!(cause.words.contains("127.0.0.1"), "{cause}");
    let server = Server::start(port).await;
    // This time with pictures beside the sound.
    let publisher = publish(port, "-c:v flv -c:a libmp3lame -b:a 96k");
    assert_eq!(capture.format().await.detail, "mp3 44100 Hz 2 ch");
    assert!(capture.chunk().await.discontinuity);
    let rest = capture.finish().await;
    assert!(
        rest.iter().any(|event| matches!(event, MediaEvent::Chunk(_))),
        "what was captured is handed over: {rest:?}"
    );
    drop((server, publisher));
}

#[tokio::test]
async fn trouble_says_what_rtmpdump_said() {
    let mut capture = capture(source(free_port()));
    let MediaEvent::Trouble { cause, .. } = capture.next().await else { panic!("no trouble") };
    assert!(cause.kind == CauseKind::Connection && cause.words.contains("Connection refused"), "{cause:?}");
    assert!(capture.finish().await.iter().all(|event| matches!(event, MediaEvent::Trouble { .. })));
}

#[tokio::test]
async fn a_server_that_says_nothing_is_left_and_tried_again() {
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let clock = SimulatedClock::at(DateTime::UNIX_EPOCH);
    let source = source(listener.local_addr().unwrap().port());
    let mut capture = capture_by(clock.clone(), source).passing(&clock);
    let (silent, _) = listener.accept().await.unwrap();
    let cause = capture.trouble().await;
    assert!(cause.words.contains("rtmp://127.0.0.1"), "{cause}");
    assert!(clock.monotonic() >= DEAD_AFTER, "it may be about to speak");
    clock.advance(Duration::from_secs(1)).await;
    listener.accept().await.unwrap();
    capture.finish().await;
    drop(silent);
}

#[test]
fn options_become_flags_and_the_sound_goes_to_us() {
    let mut source = source(1935);
    source.swf = Some("http://h/p.swf".into());
    source.page = Some("http://h/".into());
    source.app = Some("tradio".into());
    source.playpath = Some("mp4:one two".into());
    source.args = vec!["--conn".into(), "S:x".into()];
    let arguments = |source: &Rtmp| {
        let address = Address::of(source, &Url::parse("rtmp://h/tradio/x").unwrap());
        let arguments = rtmpdump_arguments(source, &address, &address.meanings[0]);
        arguments.iter().map(|argument| argument.to_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let flags = "--rtmp rtmp://h/ --live --app tradio --playpath mp4:one_two --swfVfy http://h/p.swf --pageUrl \
                 http://h/ --timeout 10 --conn S:x --flv -";
    assert_eq!(arguments(&source).join(" "), flags.replace("one_two", "one two"));
    source.live = false;
    assert!(!arguments(&source).contains(&"--live".to_owned()));
}

#[test]
fn a_pinned_server_is_asked_by_its_name_and_rtmpdump_fetches_nothing_else_for_others() {
    let source = Rtmp { reach: Reach::Public { except: Vec::new().into() }, ..source(1935) };
    let url = |text: &str| Url::parse(text).unwrap();
    let address = Address::of(&source, &url("rtmp://h/live/x swfUrl=http://h/p.swf swfVfy=1"));
    let address = address.at(&url("rtmp://203.0.113.9/live/x"));
    let arguments = rtmpdump_arguments(&source, &address, &address.meanings[0]);
    let arguments: Vec<_> = arguments.iter().map(|argument| argument.to_str().unwrap()).collect();
    let flags = "--rtmp rtmp://203.0.113.9/ --live --app live --playpath x --tcUrl rtmp://h/live --swfUrl http://h/p.swf \
                 --timeout 10 --flv -";
    assert_eq!(arguments.join(" "), flags);
}

fn at(port: u16, path: &str) -> Rtmp {
    Rtmp { address: Where::Url(Url::parse(&format!("rtmp://127.0.0.1:{port}/{path}")).unwrap()), ..source(port) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_an_address_may_mean_is_asked_for_until_sound_comes() {
    let port = free_port();
    let _server = Server::start(port).await;
    let _publishers = [
        publish_as(port, "-c:a aac", "live", "radio"),
        publish_as(port, "-c:a aac", "live", "a/b"),
        publish_as(port, "-c:a libmp3lame", "live", "x.mp3"),
        publish_as(port, "-c:a aac", "inner/live", "radio"),
    ];
    let paths = [
        "live/radio?token=a/b+c=/d",
        "live/a/b",
        "live/x.mp3",
        "inner/live/radio",
        "live playpath=radio swfUrl=http://127.0.0.1/p.swf live=1",
    ];
    let heard = paths.map(async |path| {
        let mut capture = capture(at(port, path));
        let detail = loop {
            match capture.next().await {
                MediaEvent::Format(format) => break format.detail,
                // The publisher may come later.
                MediaEvent::Trouble { cause, .. } => assert_ne!(cause.kind, CauseKind::Refused, "{path}: {cause}"),
                other => panic!("{path}: {other:?} before any format"),
            }
        };
        assert!(detail.starts_with(if path.contains("mp3") { "mp3 " } else { "aac " }), "{path}: {detail}");
        capture.finish().await;
    });
    join_all(heard).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_under_any_name_is_followed_and_its_next_entry_plays() {
    let port = free_port();
    let _server = Server::start(port).await;
    let _publisher = publish_as(port, "-c:a aac", "live", "radio");
    let list = format!("#EXTM3U\nrtmp://127.0.0.1:{}/live/radio\nrtmp://127.0.0.1:{port}/live/radio\n", free_port());
    let web = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("http://{}/tune?id=7", web.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(web, axum::Router::new().fallback(move || async move { list })).await });
    let mut capture = capture(Rtmp { address: Where::Url(Url::parse(&url).unwrap()), ..source(port) });
    // A name that is refused at once costs nothing.
    let MediaEvent::Format(format) = capture.next().await else { panic!("no sound at once") };
    assert!(format.detail.starts_with("aac "));
    capture.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_name_is_explained_without_its_token() {
    let port = free_port();
    let _server = Server::start(port).await;
    for (path, words) in [
        ("nowhere/radio?token=secret", "`radio` of the application `nowhere`: one of the names or a token is wrong"),
        ("strict/radio?token=secret", "has no stream `radio` in its application `strict`"),
    ] {
        let mut capture = capture(at(port, path));
        let cause = capture.trouble().await;
        assert!(cause.kind == CauseKind::Refused && cause.words.contains(words), "{cause:?}");
        assert!(!cause.words.contains("secret"), "{cause}");
        capture.finish().await;
    }
    // Sooner than rtmpdump itself has enough of it.
    let mut capture = capture_by(Arc::new(Fast::new(3)), at(port, "live/nobody"));
    let cause = capture.trouble().await;
    assert!(cause.kind == CauseKind::Stalled && cause.words.contains("perhaps nobody sends it"), "{cause:?}");
    capture.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sound_of_the_days_of_flash_is_decoded_and_kept() {
    let port = free_port();
    let _server = Server::start(port).await;
    let codecs = [
        ("speex", "-ar 16000 -ac 1 -c:a libspeex", "flac 16000 Hz 1 ch"),
        ("nelly", "-ar 22050 -ac 1 -c:a nellymoser", "flac 22050 Hz 1 ch"),
        ("pcm", "-ar 44100 -c:a pcm_s16le", "flac 44100 Hz 2 ch"),
    ];
    let _publishers = codecs.map(|(name, codec, _)| publish_as(port, codec, "live", name));
    let heard = codecs.map(async |(path, _, detail)| {
        let mut capture = capture(at(port, &format!("live/{path}")));
        let format = loop {
            match capture.next().await {
                MediaEvent::Format(format) => break format,
                // The publisher may come later. Its codec is no trouble.
                MediaEvent::Trouble { cause, .. } => assert_eq!(cause.kind, CauseKind::Stalled, "{cause}"),
                other => panic!("{path}: {other:?} before any format"),
            }
        };
        assert_eq!((format.container, format.detail.as_str()), (Container::Ogg, detail));
        assert!(capture.chunk().await.duration >= Duration::from_millis(900));
        capture.finish().await;
    });
    join_all(heard).await;
}
