//! Senders with a receiver in this process, on a clock that passes meanwhile.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use url::Url;

use super::sender::{Sender, Troubles};
use super::ways::Ways;
use crate::base::clock::Clock as _;
use crate::base::clock::simulated::SimulatedClock;
use crate::base::environment::Environment;
use crate::config::{Target, Way, Webhook};
use crate::library::catalogue::{Catalogue, MessageFilter, MessageState, NewMessage, Told};
use crate::model::Notice;

/// What a receiver does with a request.
#[derive(Clone, Copy)]
enum Does {
    Answers(StatusCode, Option<&'static str>),
    Hangs,
}

/// When a message came, and its id.
type Came = (DateTime<Utc>, String);

/// A receiver, and what came.
#[derive(Clone)]
struct Receiver {
    clock: Arc<SimulatedClock>,
    does: Arc<Mutex<VecDeque<Does>>>,
    came: Arc<Mutex<Vec<Came>>>,
}

impl Receiver {
    async fn start(clock: &Arc<SimulatedClock>, does: &[Does]) -> (Self, Url) {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
        let does = Arc::new(Mutex::new(does.iter().copied().collect()));
        let this = Self { clock: Arc::clone(clock), does, came: Arc::default() };
        let router = Router::new().fallback(Self::answer).with_state(this.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        (this, url)
    }

    async fn answer(State(this): State<Self>, headers: HeaderMap) -> (StatusCode, HeaderMap) {
        let id = headers["webhook-id"].to_str().unwrap().to_owned();
        this.came.lock().unwrap().push((this.clock.now(), id));
        let next = this.does.lock().unwrap().pop_front();
        match next {
            None => (StatusCode::OK, HeaderMap::new()),
            Some(Does::Hangs) => std::future::pending().await,
            Some(Does::Answers(status, after)) => {
                let after = after.map(|after| (reqwest::header::RETRY_AFTER, after.parse().unwrap()));
                (status, after.into_iter().collect())
            }
        }
    }

    /// The ids that came, each with the seconds since the first.
    fn came(&self) -> Vec<(i64, String)> {
        let came = self.came.lock().unwrap();
        came.iter().map(|(at, id)| ((*at - came[0].0).num_seconds(), id.clone())).collect()
    }
}

/// A catalogue with messages, and a clock that passes.
struct Scene {
    clock: Arc<SimulatedClock>,
    environment: Environment,
    catalogue: Catalogue,
    troubles: Troubles,
    _folder: tempfile::TempDir,
}

impl Scene {
    async fn new(messages: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = SimulatedClock::at("2026-11-20T05:00:00Z".parse().unwrap());
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let environment = Environment { clock: clock.clone(), tasks, stop, ..Environment::system() };
        let catalogue = Catalogue::open(folder.path().join("catalogue.sqlite")).await.unwrap();
        let message = |(id, target): &(&str, &str)| NewMessage {
            id: (*id).to_owned(),
            target: (*target).to_owned(),
            kind: "partial",
            matter: "m".to_owned(),
            body: serde_json::to_string(&Notice::example()).unwrap(),
        };
        let messages = messages.iter().map(message).collect();
        catalogue.tell(Told { messages, ..Told::default() }, clock.now()).await.unwrap();
        Self { clock, environment, catalogue, troubles: Troubles::default(), _folder: folder }
    }

    /// Sends what waits for a target at `url`.
    fn send(&self, name: &str, url: Url) {
        let way = Way::Webhook(Webhook { url, secret: None, headers: Vec::new(), template: None });
        let target = Target { name: name.to_owned(), on: Target::usual(), language: "en", way };
        let sender = Sender {
            environment: self.environment.clone(),
            catalogue: self.catalogue.clone(),
            ways: Ways::new(self.environment.clone()).unwrap(),
            troubles: self.troubles.clone(),
        };
        let written = watch::Sender::new(0);
        let (receiver, stop) = (written.subscribe(), self.environment.stop.clone());
        self.environment.spawn(async move {
            let _written = written;
            stop.run_until_cancelled(sender.send(Arc::new(target), receiver)).await;
        });
    }

    /// Lets time pass until nothing waits any more.
    async fn all_done(&self) {
        let done = async {
            while self.catalogue.message_totals().await.unwrap().waiting > 0 {
                self.clock.sleep(std::time::Duration::from_secs(1)).await;
            }
        };
        self.clock.pass_until(done).await;
        self.environment.stop.cancel();
    }

    /// The ids of the messages that are so far, the newest first.
    async fn those(&self, state: MessageState) -> Vec<String> {
        let filter = MessageFilter { state: Some(state), limit: 99, ..MessageFilter::default() };
        self.catalogue.messages(filter).await.unwrap().into_iter().map(|message| message.id).collect()
    }
}

fn fails(code: u16) -> Does {
    Does::Answers(StatusCode::from_u16(code).unwrap(), None)
}

#[tokio::test]
async fn a_target_that_fails_twice_and_hangs_once_gets_every_message_in_order_and_holds_up_nobody() {
    let scene = Scene::new(&[("a", "slow"), ("b", "slow"), ("c", "quick")]).await;
    let (slow, url) = Receiver::start(&scene.clock, &[fails(500), fails(503), Does::Hangs]).await;
    scene.send("slow", url);
    let (quick, url) = Receiver::start(&scene.clock, &[]).await;
    scene.send("quick", url);
    scene.all_done().await;
    let came = slow.came();
    let ids: Vec<&str> = came.iter().map(|(_, id)| id.as_str()).collect();
    assert_eq!(ids, ["a", "a", "a", "a", "b"], "{came:?}");
    // The pauses, and the 30 s for which one that hangs is waited for.
    for (number, second) in [(1, 5), (2, 35), (3, 35 + 30 + 120)] {
        assert!((came[number].0 - second).abs() <= 3, "{came:?}");
    }
    assert_eq!(quick.came(), [(0, "c".to_owned())]);
    let quick_at = quick.came.lock().unwrap()[0].0;
    assert!(quick_at - slow.came.lock().unwrap()[0].0 < TimeDelta::seconds(5), "it did not wait for the other");
    assert_eq!(scene.those(MessageState::Sent).await, ["c", "b", "a"]);
    assert!(scene.troubles.all().is_empty(), "{:?}", scene.troubles.all());
}

#[tokio::test]
async fn what_a_target_refuses_is_given_up_and_what_it_asks_for_is_kept() {
    let scene = Scene::new(&[("a", "t"), ("b", "t"), ("c", "t")]).await;
    let busy = Does::Answers(StatusCode::TOO_MANY_REQUESTS, Some("400"));
    let (receiver, url) = Receiver::start(&scene.clock, &[fails(422), busy]).await;
    scene.send("t", url);
    scene.all_done().await;
    let came = receiver.came();
    assert_eq!(came.iter().map(|(_, id)| id.as_str()).collect::<Vec<_>>(), ["a", "b", "b", "c"]);
    assert!((400..=405).contains(&(came[2].0 - came[1].0)), "{came:?}");
    assert_eq!(scene.those(MessageState::Dropped).await, ["a"]);
}

#[tokio::test]
async fn a_target_that_is_gone_is_told_nothing_any_more() {
    let scene = Scene::new(&[("a", "t"), ("b", "t")]).await;
    let known = vec![("t".to_owned(), "place".to_owned())];
    scene.catalogue.know_targets(known.clone(), scene.clock.now()).await.unwrap();
    let (receiver, url) = Receiver::start(&scene.clock, &[fails(410)]).await;
    scene.send("t", url);
    scene.all_done().await;
    assert_eq!(receiver.came().len(), 1);
    assert_eq!(scene.those(MessageState::Dropped).await, ["b", "a"]);
    assert!(scene.troubles.all()["t"].off);
    let known = scene.catalogue.know_targets(known, scene.clock.now()).await.unwrap();
    assert_eq!(known[0].off.as_deref(), Some("it answered 410 Gone"));
}

#[tokio::test]
async fn a_target_that_stays_away_is_given_up_after_three_days() {
    let scene = Scene::new(&[("a", "t")]).await;
    // Nobody listens there.
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
    drop(listener);
    scene.send("t", url);
    let began = scene.clock.now();
    let newest = async || {
        let filter = MessageFilter { limit: 1, ..MessageFilter::default() };
        scene.catalogue.messages(filter).await.unwrap().remove(0)
    };
    // The clock passes for two days at most in one go.
    for tries in [8, 13, 18] {
        let tried = async {
            while newest().await.tries < tries {
                scene.clock.sleep(std::time::Duration::from_mins(10)).await;
            }
        };
        scene.clock.pass_until(tried).await;
    }
    let lasted = scene.clock.now() - began;
    assert!((TimeDelta::hours(72)..TimeDelta::hours(76)).contains(&lasted), "{lasted}");
    let message = newest().await;
    assert_eq!((message.state, message.tries), (MessageState::Dropped, 18));
    assert!(message.last_error.as_deref().unwrap().starts_with("it cannot be reached"), "{message:?}");
}
