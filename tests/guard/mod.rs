//! The page behind its password, over HTTP at the real service: who gets access, and how much a client may ask.

mod bounds;
mod configuration;
mod feeds;
mod hostile;
mod links;
mod proxy;
mod sessions;
mod standards;

use aircheck::base::password::PasswordHash;
use aircheck::library::catalogue::Catalogue;
use aircheck::model::Verdict;
use chrono::{DateTime, TimeDelta, Utc};
use reqwest::header::SET_COOKIE;
use reqwest::{Client, Response, StatusCode, Url};

use crate::support::aircheck::{Aircheck, Service};
use crate::support::airing::quiet;
use crate::support::library::{HOSTILE, address, record};

const PASSWORD: &str = "파란 고양이 & 12%";
const HTML: &str = "text/html,application/xhtml+xml,*/*;q=0.8";

/// Returns the keys of `web` with our password, and `more`.
fn guarded(more: &str) -> String {
    let hash = PasswordHash::of(PASSWORD).expect("a hash");
    format!("password: \"{}\"{more}", hash.as_str())
}

/// Starts the service on a library of two recordings, with these keys under `web`.
struct Guarded {
    aircheck: Aircheck,
    service: Service,
    base: Url,
    client: Client,
}

impl Guarded {
    async fn start(web: &str) -> Self {
        let aircheck = Aircheck::new(&yaml(web));
        let catalogue = Catalogue::open(aircheck.path("state/catalogue.sqlite")).await.expect("a catalogue");
        let start: DateTime<Utc> = "2026-11-20T05:00:00Z".parse().expect("a time");
        record(&aircheck, &catalogue, "명연주", "명연주 명음반", start, Verdict::Complete, vec![]).await;
        record(&aircheck, &catalogue, "hostile", HOSTILE, start + TimeDelta::hours(2), Verdict::Complete, vec![]).await;
        let service = aircheck.start("run", &["run"]);
        let base = address(&service).await;
        let client = Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
        Self { aircheck, service, base, client }
    }

    /// Stops the service and starts it again.
    async fn restart(&mut self) {
        self.service.signal(rustix::process::Signal::TERM);
        assert!(self.service.end().await.success());
        std::fs::remove_file(self.aircheck.path("run.log")).expect("removed");
        self.service = self.aircheck.start("run", &["run"]);
        self.base = address(&self.service).await;
    }

    fn url(&self, path: &str) -> Url {
        self.base.join(path).expect("a path")
    }

    async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Response {
        let request = headers
            .iter()
            .fold(self.client.get(self.url(path)), |request, (name, value)| request.header(*name, *value));
        request.send().await.expect("an answer")
    }

    async fn status(&self, path: &str, headers: &[(&str, &str)]) -> StatusCode {
        self.get(path, headers).await.status()
    }

    async fn post(&self, path: &str, form: &[(&str, &str)], headers: &[(&str, &str)]) -> Response {
        let body: String = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let request = self.client.post(self.url(path)).header("content-type", "application/x-www-form-urlencoded");
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        request.body(body).send().await.expect("an answer")
    }

    /// Signs in with `password`, and returns the answer.
    async fn sign_in(&self, password: &str, headers: &[(&str, &str)]) -> Response {
        self.post("/sign-in", &[("password", password)], headers).await
    }

    /// Signs in with the right password, and returns the cookie as a browser sends it.
    async fn session(&self) -> String {
        let answer = self.sign_in(PASSWORD, &[]).await;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
        cookie(&answer)
    }
}

/// Returns the YAML with these keys of `web`, and two shows.
fn yaml(web: &str) -> String {
    format!(
        "web: {{ listen: \"127.0.0.1:0\", {web} }}\ntimezone: Asia/Seoul\nstations:\n  kbs: {{ name: KBS 1FM, hls: \
         \"http://127.0.0.1:9/x\" }}\nshows:\n  - {{ title: 명연주 명음반, id: 명연주, station: kbs, cron: \"{quiet}\", \
         length: 2h }}\n  - {{ title: '{HOSTILE}', id: hostile, station: kbs, cron: \"{quiet}\", length: 1h }}\n",
        quiet = quiet()
    )
}

/// Returns `name=value` of the cookie that an answer sets.
fn cookie(answer: &Response) -> String {
    let set = answer.headers()[SET_COOKIE].to_str().expect("plain");
    set.split(';').next().expect("a pair").to_owned()
}

fn accept(kind: &str) -> (&str, &str) {
    ("accept", kind)
}

fn with(cookie: &str) -> (&str, &str) {
    ("cookie", cookie)
}
