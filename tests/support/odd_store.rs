//! An object store in this process that does what a real one of the tests cannot be made to do: it ignores conditions,
//! refuses with any word, or says another checksum. It checks no signature. It also has the keys of an instance.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use aircheck::base::clock::SystemClock;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use chrono::TimeDelta;
use tokio::task::JoinHandle;

/// What the store does with whoever asks.
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
#[derive(Debug, Clone, Default)]
pub struct Oddity {
    /// Refuses everything with a status and a word, and what follows in the answer.
    pub refuses: Option<(u16, &'static str, &'static str)>,
    /// Ignores `If-None-Match`.
    pub overwrites: bool,
    /// Says a checksum that is not that of the bytes.
    pub lies: bool,
    /// Knows no checksums, and refuses requests that have some.
    pub refuses_checksums: bool,
    /// Knows no conditions, and refuses requests that have some.
    pub refuses_conditions: bool,
    /// Says no checksum, and damages what is written.
    pub damages: bool,
}

/// The store; it ends when it is dropped.
pub struct OddStore {
    shared: Arc<Mutex<Shared>>,
    serving: JoinHandle<()>,
    /// The port of its S3.
    pub port: u16,
}

#[derive(Default)]
struct Shared {
    oddity: Oddity,
    objects: HashMap<String, Bytes>,
    requests: usize,
    /// The token of the keys with which it was asked last.
    token: Option<String>,
}

impl OddStore {
    /// Starts it.
    pub async fn start(oddity: Oddity) -> Self {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let shared = Arc::new(Mutex::new(Shared { oddity, ..Shared::default() }));
        let router = Router::new().fallback(answer).with_state(Arc::clone(&shared));
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap_or_default() });
        Self { shared, serving, port }
    }

    /// Does something else from now on.
    pub fn becomes(&self, oddity: Oddity) {
        self.shared.lock().expect("no panic").oddity = oddity;
    }

    /// Returns how often it was asked.
    pub fn requests(&self) -> usize {
        self.shared.lock().expect("no panic").requests
    }

    /// Returns the token of the keys with which it was asked last.
    pub fn token(&self) -> Option<String> {
        self.shared.lock().expect("no panic").token.clone()
    }

    /// Returns an object, by its path as it is asked for. `None` if there is none.
    pub fn object(&self, path: &str) -> Option<Bytes> {
        self.shared.lock().expect("no panic").objects.get(path).cloned()
    }

    /// Returns the names of its objects, with the bucket.
    pub fn names(&self) -> Vec<String> {
        self.shared.lock().expect("no panic").objects.keys().cloned().collect()
    }
}

impl Drop for OddStore {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Answers as the data of an instance does, whose keys hold for an hour.
fn instance(asked: &str, headers: &HeaderMap) -> Response {
    let knows = headers.get("x-aws-ec2-metadata-token").is_some_and(|token| token == "session");
    match asked {
        "api/token" => "session".into_response(),
        _ if !knows => StatusCode::UNAUTHORIZED.into_response(),
        "meta-data/iam/security-credentials/" => "recorder".into_response(),
        "meta-data/iam/security-credentials/recorder" => {
            let ends = SystemClock::shared().now() + TimeDelta::hours(1);
            let keys = serde_json::json!({ "Code": "Success", "AccessKeyId": "lent", "SecretAccessKey": "lent too",
                "Token": "of the instance", "Expiration": ends.to_rfc3339() });
            keys.to_string().into_response()
        }
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn answer(
    State(shared): State<Arc<Mutex<Shared>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut shared = shared.lock().expect("no panic");
    if let Some(asked) = uri.path().strip_prefix("/latest/") {
        return instance(asked, &headers);
    }
    shared.requests += 1;
    shared.token = headers.get("x-amz-security-token").and_then(|token| Some(token.to_str().ok()?.to_owned()));
    if let Some((status, code, more)) = shared.oddity.refuses {
        let status = StatusCode::from_u16(status).expect("a status");
        return (status, format!("<Error><Code>{code}</Code><Message>words</Message>{more}</Error>")).into_response();
    }
    if uri.query().is_some_and(|query| query.contains("list-type=2")) {
        return "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>".into_response();
    }
    let has_checksum = headers.keys().any(|name| name.as_str().starts_with("x-amz-checksum"));
    let has_condition = method == Method::PUT && headers.contains_key("if-none-match");
    if shared.oddity.refuses_checksums && has_checksum || shared.oddity.refuses_conditions && has_condition {
        let words = "<Error><Code>NotImplemented</Code><Message>A header you provided implies functionality that is not \
                     implemented</Message></Error>";
        return (StatusCode::NOT_IMPLEMENTED, words).into_response();
    }
    let name = uri.path().to_owned();
    let is_there = shared.objects.contains_key(&name);
    match method {
        Method::PUT if is_there && headers.contains_key("if-none-match") && !shared.oddity.overwrites => {
            (StatusCode::PRECONDITION_FAILED, "<Error><Code>PreconditionFailed</Code></Error>").into_response()
        }
        Method::PUT => {
            let damaged: Bytes = body.iter().map(|byte| byte ^ 1).collect::<Vec<_>>().into();
            let says_none = shared.oddity.damages || !has_checksum;
            let body = if shared.oddity.damages { damaged } else { body };
            shared.objects.insert(name, body);
            if says_none {
                return StatusCode::OK.into_response();
            }
            let lie = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
            let ours = headers.get("x-amz-checksum-sha256").and_then(|sum| sum.to_str().ok()).unwrap_or_default();
            [("x-amz-checksum-sha256", if shared.oddity.lies { lie } else { ours })].into_response()
        }
        Method::GET | Method::HEAD if is_there => shared.objects[&name].clone().into_response(),
        Method::DELETE => {
            shared.objects.remove(&name);
            StatusCode::NO_CONTENT.into_response()
        }
        _ => (StatusCode::NOT_FOUND, "<Error><Code>NoSuchKey</Code></Error>").into_response(),
    }
}
