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
