//! Against a real nginx-rtmp that a real ffmpeg publishes a sine to.

use std::fs;
use std::net::{Ipv4Addr, TcpListener, TcpStream};

use tempfile::TempDir;

use super::*;
use crate::config::Address;
use crate::source::listening::{Capture, PATIENCE};

pub(super) fn source(port: u16) -> Rtmp {
    Rtmp {
        address: Address::Url(Url::parse(&format!("rtmp://127.0.0.1:{port}/live/radio")).unwrap()),
        headers: Vec::new(),
        app: None,
        playpath: None,
        swf: None,
        page: None,
        live: true,
        accept_invalid: false,
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
             error_log stderr; events {{}} rtmp {{ server {{ listen 127.0.0.1:{port}; \
             application live {{ live on; }} }} }}"
        );
        let file = folder.path().join("nginx.conf");
        fs::write(&file, config).unwrap();
        let path = |path: &std::path::Path| path.to_str().unwrap().to_owned();
        let arguments = ["-p".to_owned(), path(folder.path()), "-c".to_owned(), path(&file)];
        let process = Invocation::new("/usr/sbin/nginx").args(arguments).spawn().unwrap();
        tokio::time::timeout(PATIENCE, async {
            while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
                tokio::task::yield_now().await;
            }
        })
        .await
        .expect("nginx listens");
        Self { process, _folder: folder }
    }
}

fn publish(port: u16, codec: &str) -> Running {
    let pictures = if codec.contains("-c:v") { "-re -f lavfi -i testsrc=size=64x64:rate=10" } else { "" };
    let line = format!(
        "-nostdin -v error {pictures} -re -f lavfi -i sine=frequency=440:sample_rate=44100 -ac 2 {codec} -f flv \
         rtmp://127.0.0.1:{port}/live/radio"
    );
    Invocation::new("ffmpeg").args(line.split_whitespace()).spawn().unwrap()
}

fn capture(source: Rtmp) -> Capture {
    Capture::start(|events, stop| async move { run(&source, &Environment::system(), events, stop).await })
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
    // Once ffmpeg has looked for pictures, no chunk is late: its sound came in the second before it.
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
    let mut capture = capture(source(listener.local_addr().unwrap().port()));
    let (silent, _) = listener.accept().await.unwrap();
    let cause = capture.trouble().await;
    assert!(cause.words.contains("rtmp://127.0.0.1"), "{cause}");
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
    let url = Url::parse("rtmp://h/tradio/x").unwrap();
    let flags = "--rtmp rtmp://h/tradio/x --live --app tradio --playpath mp4:one_two --swfVfy http://h/p.swf --pageUrl \
                 http://h/ --timeout 10 --conn S:x --flv -";
    assert_eq!(rtmpdump_arguments(&source, &url).join(" "), flags.replace("one_two", "one two"));
    source.live = false;
    assert!(!rtmpdump_arguments(&source, &url).contains(&"--live".to_owned()));
}

#[test]
fn the_last_error_is_found_among_chatter() {
    let words = "RTMPDump v2.4; (c) 2010 Andrej; license: GPL; Connecting ...; \
                 ERROR: RTMP_Connect0, failed to connect socket. 111 (Connection refused)";
    assert_eq!(last_error(words).unwrap(), "RTMP_Connect0, failed to connect socket. 111 (Connection refused)");
    assert_eq!(last_error("INFO: Connected...; 12.3 kB / 1.02 sec\r13.4 kB / 1.10 sec"), None);
}
