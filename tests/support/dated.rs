//! A station whose answers have a `Date`, on a host of its own: what it answers is that of another station.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aircheck::base::clock::SystemClock;
use axum::Router;
use axum::http::header::{CONTENT_TYPE, DATE};
use axum::http::{HeaderValue, Uri};
use axum::response::IntoResponse as _;
use chrono::TimeDelta;
use tokio::task::JoinHandle;

/// The server; it ends when it is dropped.
pub struct Dated {
    address: std::net::SocketAddr,
    path: String,
    asked: Arc<AtomicUsize>,
    serving: JoinHandle<()>,
}

impl Dated {
    /// Serves what the station with the playlist at `list` serves on `127.0.0.number`, by a clock that is `ahead` of the
    /// machine's.
    pub async fn start(number: u8, list: &str, ahead: TimeDelta) -> Self {
        let list = reqwest::Url::parse(list).expect("an address");
        let path = list.path().to_owned();
        let listener =
            tokio::net::TcpListener::bind((std::net::Ipv4Addr::new(127, 0, 0, number), 0)).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        let answer = move |uri: Uri| {
            let mut from = list.clone();
            from.set_path(uri.path());
            from.set_query(uri.query());
            count.fetch_add(1, Ordering::SeqCst);
            async move {
                let answer = reqwest::get(from).await.expect("an answer");
                let (status, kind) = (answer.status(), answer.headers().get(CONTENT_TYPE).cloned());
                let body = answer.bytes().await.expect("a body");
                let date = httpdate::fmt_http_date((SystemClock::shared().now() + ahead).into());
                let kind = kind.unwrap_or(HeaderValue::from_static("audio/aac"));
                (status, [(CONTENT_TYPE, kind), (DATE, HeaderValue::try_from(date).expect("a date"))], body)
                    .into_response()
            }
        };
        let router = Router::new().fallback(answer);
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap_or_default() });
        Self { address, path, asked, serving }
    }

    /// Returns the address of its playlist.
    pub fn url(&self) -> String {
        format!("http://{}{}", self.address, self.path)
    }

    /// Returns how often it was asked.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

impl Drop for Dated {
    fn drop(&mut self) {
        self.serving.abort();
    }
}
