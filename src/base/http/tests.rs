//! Requests to servers that answer as they please.

use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::Mutex as AsyncMutex;

use super::*;
use crate::base::clock::SystemClock;

/// A server that gives `answer` to every request, and records the requests.
async fn serve(answer: &'static [u8]) -> (Url, Arc<AsyncMutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Url::parse(&format!("http://user:pass@{}/a%20b?x=1", listener.local_addr().unwrap())).unwrap();
    let asked = Arc::new(AsyncMutex::new(Vec::new()));
    let log = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut question = Vec::new();
            while !question.ends_with(b"\r\n\r\n") {
                let Ok(byte) = stream.read_u8().await else { break };
                question.push(byte);
            }
            let question = String::from_utf8_lossy(&question).to_lowercase();
            let there = question.starts_with("get /there");
            log.lock().await.push(question);
            let _ = stream.write_all(if there { b"HTTP/1.0  200  OK\r\n\r\nsound" } else { answer }).await;
        }
    });
    (url, asked)
}

async fn get(url: &Url) -> Result<Bytes, HttpError> {
    let headers = [("X-Own".to_owned(), "yes".to_owned())];
    let client = client(Manner { headers: &headers, ..Manner::default() }, &SystemClock::shared())?;
    Ok(read_whole(client.get(url.clone()), url, 100, Duration::from_secs(5)).await?.bytes)
}

#[tokio::test]
async fn odd_answers_are_read_where_the_body_is_sound() {
    for answer in [
        &b"HTTP/1.0 200 OK\r\nContent-Length: -1\r\n\r\nsound"[..],
        b"HTTP/1.0  200  OK\r\n\r\nsound",
        b"HTTP 200 OK\r\nContent-Length: 5\r\n\r\nsound and more",
        b"icy 200 ok\r\n\r\nsound",
        b"sound",
        b"HTTP/1.0 200 OK\r\nno colon\r\nodd name: x\r\nx: one\x01two\r\n\r\nsound",
        b"HTTP/1.1  200  OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nsound\r\n0\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: /there-\xe9\r\nContent-Length: 0\r\n\r\n",
        b"ICY 302 Found\r\nLocation: /there\r\n\r\n",
    ] {
        let (url, asked) = serve(answer).await;
        let body = get(&url).await.unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(answer)));
        assert_eq!(body, b"sound"[..], "{}", String::from_utf8_lossy(answer));
        for question in asked.lock().await.iter() {
            // After a redirect to another host the password is not sent.
            let login = question.contains("authorization: basic dxnlcjpwyxnz");
            assert!(question.contains("x-own: yes") && login != question.starts_with("get /there"), "{question}");
        }
    }
}

#[tokio::test]
async fn a_server_that_was_reached_is_not_called_unreachable() {
    let (url, _) = serve(b"").await;
    let error = get(&url).await.unwrap_err();
    assert!(!error.to_string().contains("user") && !error.to_string().contains("pass"), "{error}");
    let (url, _) = serve(b"HTTP/1.1  200  OK\r\nContent-Length: 50\r\n\r\nsound").await;
    assert!(matches!(get(&url).await, Err(HttpError::Broken { .. })));
    let (url, _) = serve(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n").await;
    assert_eq!(get(&url).await.unwrap_err().status().unwrap(), 404);
    let gone = Url::parse("http://127.0.0.1:1/").unwrap();
    assert!(matches!(get(&gone).await, Err(HttpError::Unreachable { .. })));
}

/// Asks for `url` with a client that reaches only the network `except` of this machine.
async fn guarded(url: &Url, except: &str) -> Result<Bytes, HttpError> {
    let reach = Reach::Public { except: vec![except.parse().unwrap()].into() };
    let client = client(Manner { reach: &reach, ..Manner::default() }, &SystemClock::shared())?;
    Ok(read_whole(client.get(url.clone()), url, 100, Duration::from_secs(5)).await?.bytes)
}

#[tokio::test]
async fn what_is_asked_for_by_others_is_fetched_from_no_address_of_this_machine() {
    // The second is asked with the lenient reader.
    for answer in [&b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nsound"[..], b"HTTP/1.0  200  OK\r\n\r\nsound"] {
        let (url, asked) = serve(answer).await;
        let mut by_name = url.clone();
        by_name.set_host(Some("localhost")).unwrap();
        for url in [&url, &by_name] {
            let error = guarded(url, "127.0.0.2/32").await.unwrap_err();
            assert!(matches!(error, HttpError::OutOfReach { .. }), "{error}");
            assert!(error.to_string().contains("is an address of this machine"), "{error}");
        }
        assert_eq!(asked.lock().await.len(), 0, "nobody was asked");
        assert_eq!(guarded(&by_name, "127.0.0.0/8").await.unwrap(), b"sound"[..]);
    }
}

#[tokio::test]
async fn a_redirect_leads_to_no_address_of_this_machine_either() {
    let (target, asked) = serve(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nsound").await;
    let port = target.port().unwrap();
    // The second and the fourth are followed by the lenient reader.
    for (status, host) in [
        ("HTTP/1.1 302 Found", "127.0.0.1"),
        ("HTTP/1.1  302  Found", "127.0.0.1"),
        ("HTTP/1.1 302 Found", "localhost"),
        ("ICY 302 Found", "localhost"),
    ] {
        let answer = format!("{status}\r\nLocation: http://{host}:{port}/x\r\nContent-Length: 0\r\n\r\n");
        let listener = TcpListener::bind("127.0.0.2:0").await.unwrap();
        let url = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
        let server = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut question = [0; 4096];
                let _ = stream.read(&mut question).await;
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        let error = guarded(&url, "127.0.0.2/32").await.unwrap_err();
        assert!(matches!(error, HttpError::OutOfReach { .. }), "{status} {host}: {error}");
        server.abort();
    }
    assert_eq!(asked.lock().await.len(), 0, "nobody was asked");
}
