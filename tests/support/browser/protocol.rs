//! The Chrome DevTools Protocol: calls with their answers, and events that a test must see.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aircheck::base::clock::SystemClock;
use futures::{SinkExt as _, StreamExt as _};
use reqwest::Url;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio_tungstenite::tungstenite::Message;

/// A connection to a browser, for all its pages.
pub struct Connection {
    next: AtomicU64,
    requests: mpsc::UnboundedSender<(u64, String, oneshot::Sender<Value>)>,
    /// Events that may be a complaint.
    events: Arc<Mutex<Vec<Value>>>,
}

impl Connection {
    /// Connects to the browser that listens at `port`.
    pub async fn open(port: u16, path: &str) -> Arc<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await.expect("a listening browser");
        let url = format!("ws://127.0.0.1:{port}{path}");
        let (socket, _) = tokio_tungstenite::client_async(url, stream).await.expect("a WebSocket");
        let (mut write, mut read) = socket.split();
        let (requests, mut asked) = mpsc::unbounded_channel::<(u64, String, oneshot::Sender<Value>)>();
        let events = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&events);
        // The task ends with the browser, or with the test.
        tokio::spawn(async move {
            let mut waiting: HashMap<u64, oneshot::Sender<Value>> = HashMap::new();
            loop {
                tokio::select! {
                    request = asked.recv() => {
                        let Some((id, text, answer)) = request else { return };
                        waiting.insert(id, answer);
                        if write.send(Message::text(text)).await.is_err() { return }
                    }
                    message = read.next() => {
                        let Some(Ok(message)) = message else { return };
                        let Ok(message) = serde_json::from_slice::<Value>(&message.into_data()) else { continue };
                        match message["id"].as_u64() {
                            Some(id) => drop(waiting.remove(&id).map(|answer| answer.send(message))),
                            None => seen.lock().expect("not poisoned").push(message),
                        }
                    }
                }
            }
        });
        Arc::new(Self { next: AtomicU64::new(1), requests, events })
    }

    /// Calls a method of a page, or of the browser, and returns its result.
    pub async fn call(&self, session: Option<&str>, method: &str, parameters: Value) -> Value {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let mut request = json!({ "id": id, "method": method, "params": parameters });
        if let Some(session) = session {
            request["sessionId"] = session.into();
        }
        let (answer, answered) = oneshot::channel();
        self.requests.send((id, request.to_string(), answer)).expect("the browser runs");
        let answer = SystemClock::shared().timeout(Duration::from_secs(60), answered).await;
        let mut answer = answer.unwrap_or_else(|_| panic!("{method}: no answer")).expect("the browser runs");
        assert!(answer["error"].is_null(), "{request}: {answer}");
        answer["result"].take()
    }

    /// Returns what the browser complained about on a page of the site at `base`.
    pub fn complaints(&self, session: &str, base: &Url) -> Vec<String> {
        let events = self.events.lock().expect("not poisoned");
        events.iter().filter(|event| event["sessionId"] == session).filter_map(|event| complaint(event, base)).collect()
    }
}

fn complaint(event: &Value, base: &Url) -> Option<String> {
    let parameters = &event["params"];
    match event["method"].as_str()? {
        "Runtime.exceptionThrown" => Some(parameters["exceptionDetails"].to_string()),
        "Runtime.consoleAPICalled" if ["error", "assert", "warning"].contains(&parameters["type"].as_str()?) => {
            Some(parameters["args"].to_string())
        }
        "Log.entryAdded" if parameters["entry"]["level"] == "error" => Some(parameters["entry"].to_string()),
        "Network.requestWillBeSent" => {
            let url = Url::parse(parameters["request"]["url"].as_str()?).ok()?;
            let own = url.host_str() == base.host_str() && url.port() == base.port();
            let inside = ["data", "blob", "about"].contains(&url.scheme());
            (!own && !inside).then(|| format!("a request to another host: {url}"))
        }
        _ => None,
    }
}
