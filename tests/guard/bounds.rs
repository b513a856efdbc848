//! Slow and large requests end, and do not keep other clients from being answered.

use std::time::Duration;

use aircheck::base::clock::SystemClock;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{Guarded, guarded, with};

pub(super) async fn connect(page: &Guarded) -> TcpStream {
    let address = page.base.socket_addrs(|| None).expect("an address")[0];
    TcpStream::connect(address).await.expect("a connection")
}

/// Returns all that comes until the connection is closed, and how long that took.
pub(super) async fn rest(stream: &mut TcpStream) -> (String, Duration) {
    let clock = SystemClock::shared();
    let mut bytes = Vec::new();
    let read = SystemClock::shared().timeout(Duration::from_secs(40), stream.read_to_end(&mut bytes)).await;
    // A connection that is reset is closed too.
    assert!(read.is_ok(), "it stays open after {}", String::from_utf8_lossy(&bytes));
    (String::from_utf8_lossy(&bytes).into_owned(), clock.monotonic())
}

#[tokio::test]
async fn a_slow_request_is_cut_off() {
    let page = Guarded::start(&guarded("")).await;
    let session = page.session().await;
    let mut events = page.get("/api/v1/events", &[with(&session)]).await;
    let mut silent = connect(&page).await;
    let mut slow = connect(&page).await;
    slow.write_all(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ").await.expect("sent");
    let mut idle = connect(&page).await;
    idle.write_all(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").await.expect("sent");
    let mut half = connect(&page).await;
    half.write_all(b"POST /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\npassword=")
        .await
        .expect("sent");
    let dribble = async {
        // One byte a second makes no difference.
        while slow.write_all(b"a").await.is_ok() {
            SystemClock::shared().sleep(Duration::from_secs(1)).await;
        }
    };
    let answers = async { tokio::join!(rest(&mut silent), rest(&mut idle), rest(&mut half)) };
    let ((silent, idle, half), ()) = tokio::join!(answers, async {
        SystemClock::shared().timeout(Duration::from_secs(40), dribble).await.expect("it is closed");
    });
    for (what, (_, took)) in [("silent", &silent), ("idle", &idle), ("half", &half)] {
        assert!(took.as_secs() >= 8, "{what}: {took:?}");
    }
    assert!(silent.0.is_empty() && idle.0.starts_with("HTTP/1.1 200 "), "{silent:?} {idle:?}");
    assert!(half.0.starts_with("HTTP/1.1 408 "), "{half:?}");
    // A client that only listens outlasts all of them.
    let listening = async { while events.chunk().await.expect("it is open").is_some() {} };
    assert!(SystemClock::shared().timeout(Duration::from_millis(200), listening).await.is_err(), "it has ended");
}

#[tokio::test]
async fn who_asks_too_much_is_refused() {
    let page = Guarded::start(&guarded("")).await;
    let mut large = connect(&page).await;
    let head = "POST /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 70000\r\n\r\n";
    large.write_all(head.as_bytes()).await.expect("sent");
    let answer = rest(&mut large).await.0;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");

    let mut chunked = connect(&page).await;
    let head = "POST /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n";
    chunked.write_all(head.as_bytes()).await.expect("sent");
    let chunk = format!("1000\r\n{}\r\n", "a".repeat(0x1000));
    let mut sent = 0;
    while sent < 40 && chunked.write_all(chunk.as_bytes()).await.is_ok() {
        sent += 1;
    }
    let answer = rest(&mut chunked).await.0;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 413 "), "{answer}");

    let mut headers = connect(&page).await;
    let line = format!("X-Large: {}\r\n", "a".repeat(8000));
    headers.write_all(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n").await.expect("sent");
    for _ in 0..20 {
        if headers.write_all(line.as_bytes()).await.is_err() {
            break;
        }
    }
    let answer = rest(&mut headers).await.0;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431 "), "{answer}");
    assert_eq!(page.status("/healthz", &[]).await, 200);
}

#[tokio::test]
async fn a_client_that_does_not_read_its_answer_holds_little_memory() {
    let page = Guarded::start("auth: none").await;
    let sound = std::fs::File::options().write(true).open(page.aircheck.path("recordings/hostile@20261120T0700Z.mp3"));
    sound.expect("the recording").set_len(256 << 20).expect("a large one");
    let memory = || -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", page.service.id())).expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its memory");
        line.trim().trim_end_matches(" kB").parse().expect("a number")
    };
    assert_eq!(page.status("/media/hostile@20261120T0700Z.mp3", &[("range", "bytes=0-0")]).await, 206);
    let before = memory();
    let mut idle = Vec::new();
    for _ in 0..100 {
        let mut stream = connect(&page).await;
        let head = b"GET /media/hostile@20261120T0700Z.mp3 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
        stream.write_all(head).await.expect("sent");
        let mut first = [0; 64];
        stream.read_exact(&mut first).await.expect("the beginning of an answer");
        assert!(first.starts_with(b"HTTP/1.1 200 "));
        idle.push(stream);
    }
    assert_eq!(page.status("/", &[]).await, 200);
    let grown = memory().saturating_sub(before) / 1024;
    println!("100 of them hold {grown} MiB");
    assert!(grown < 48, "{grown} MiB");
}
