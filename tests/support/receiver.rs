//! A receiver of webhooks in this process. It checks signatures as Standard Webhooks says, notes what comes, and answers
//! as it is told to: with an error, or not at all.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex};

use aws_lc_rs::hmac;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;
use tokio::task::JoinHandle;

/// The key of its signatures.
pub const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A request that came.
#[derive(Debug, Clone)]
pub struct Came {
    /// The path.
    pub path: String,
    /// The id of the message.
    pub id: String,
    /// Whether it is signed with [`SECRET`].
    pub signed: bool,
    /// The body.
    pub body: Value,
    /// Whether the file that it names was there when it came.
    pub file_was_there: bool,
    /// What was answered.
    pub answered: u16,
}

/// The receiver; it ends when it is dropped.
pub struct Receiver {
    shared: Arc<Mutex<Shared>>,
    serving: JoinHandle<()>,
    /// Its port.
    pub port: u16,
}

#[derive(Default)]
struct Shared {
    came: Vec<Came>,
    /// What is answered next; with nothing, 200.
    answers: VecDeque<(StatusCode, &'static str)>,
}

impl Receiver {
    /// Starts it.
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let shared = Arc::new(Mutex::new(Shared::default()));
        let router = Router::new().fallback(answer).with_state(Arc::clone(&shared));
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap_or_default() });
        Self { shared, serving, port }
    }

    /// Returns the address of a path.
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Answers the next requests with these statuses and words.
    pub fn answers(&self, answers: &[(u16, &'static str)]) {
        let answers = answers.iter().map(|(code, words)| (StatusCode::from_u16(*code).expect("a status"), *words));
        self.shared.lock().expect("no panic").answers.extend(answers);
    }

    /// Returns what came so far, in order.
    pub fn came(&self) -> Vec<Came> {
        self.shared.lock().expect("no panic").came.clone()
    }

    /// Returns what came and was taken, of this kind.
    pub fn taken(&self, kind: &str) -> Vec<Came> {
        let is_taken = |came: &Came| came.answered < 300 && came.body["type"] == kind;
        self.came().into_iter().filter(is_taken).collect()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn answer(State(shared): State<Arc<Mutex<Shared>>>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let (id, at) = (header("webhook-id"), header("webhook-timestamp"));
    let key = BASE64_STANDARD.decode(SECRET.trim_start_matches("whsec_")).expect("base64");
    let signed = [format!("{id}.{at}.").as_bytes(), &body].concat();
    let is_signature = |signature: &str| {
        let tag = signature.strip_prefix("v1,").and_then(|tag| BASE64_STANDARD.decode(tag).ok()).unwrap_or_default();
        hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, &key), &signed, &tag).is_ok()
    };
    let signed = header("webhook-signature").split(' ').any(is_signature);
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let file_was_there = body["data"]["recording"]["path"].as_str().is_some_and(|path| Path::new(path).is_file());
    let mut shared = shared.lock().expect("no panic");
    let (status, words) = shared.answers.pop_front().unwrap_or((StatusCode::OK, "thanks"));
    let (path, answered) = (uri.path().to_owned(), status.as_u16());
    shared.came.push(Came { path, id, signed, body, file_was_there, answered });
    (status, words).into_response()
}
