//! Signing in and out, and guessing.

use std::time::Duration;

use aircheck::base::clock::SystemClock;
use reqwest::StatusCode;
use reqwest::header::{AUTHORIZATION, LOCATION, RETRY_AFTER, SET_COOKIE, WWW_AUTHENTICATE};

use super::{Guarded, HTML, PASSWORD, accept, cookie, guarded, with, yaml};
use crate::support::aircheck::until;

#[tokio::test]
async fn a_session_begins_by_a_form_survives_a_restart_and_ends_by_signing_out() {
    let mut page = Guarded::start(&guarded("")).await;
    let asked = page.get("/shows/hostile?q=a%20b", &[accept(HTML)]).await;
    assert_eq!(asked.status(), StatusCode::SEE_OTHER);
    assert_eq!(asked.headers()[LOCATION], "/sign-in?next=%2Fshows%2Fhostile%3Fq%3Da%2520b");
    let form = page.get("/sign-in?next=%2Fshows%2Fhostile%3Fq%3Da%2520b", &[("accept-language", "ko")]).await;
    let form = form.text().await.expect("text");
    assert!(form.contains("value=\"/shows/hostile?q=a%20b\"") || form.contains("&#x2f;shows&#x2f;hostile"), "{form}");
    assert!(form.contains("로그인") && form.contains("autocomplete=\"current-password\""), "{form}");
    assert!(!form.contains("<script") && !form.contains(" style="), "{form}");

    let wrong = page.sign_in("wrong", &[]).await;
    assert_eq!(wrong.status(), StatusCode::UNAUTHORIZED);
    assert!(!wrong.headers().contains_key(SET_COOKIE));
    assert!(wrong.text().await.expect("text").contains("The password is wrong."));

    let right = page.post("/sign-in", &[("password", PASSWORD), ("next", "/shows/hostile?q=a%20b")], &[]).await;
    assert_eq!(
        (right.status(), &right.headers()[LOCATION]),
        (StatusCode::SEE_OTHER, &"/shows/hostile?q=a%20b".parse().expect("plain"))
    );
    let set = right.headers()[SET_COOKIE].to_str().expect("plain").to_owned();
    assert!(
        set.starts_with("aircheck=") && set.ends_with("; Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax"),
        "{set}"
    );
    let session = cookie(&right);
    assert_eq!(session.len(), "aircheck=".len() + 43);
    let seen = page.get("/", &[with(&session), accept(HTML)]).await;
    assert_eq!(seen.status(), StatusCode::OK);
    assert_eq!(seen.headers()["cache-control"], "no-store");
    assert!(seen.text().await.expect("text").contains("Sign out"));
    assert_eq!(page.status("/", &[with(&format!("{session}x"))]).await, StatusCode::UNAUTHORIZED);

    let kept = std::fs::read_to_string(page.aircheck.path("state/access.json")).expect("kept");
    assert!(!kept.contains(session.trim_start_matches("aircheck=")) && !kept.contains("argon2"), "{kept}");
    page.restart().await;
    assert_eq!(page.status("/", &[with(&session)]).await, StatusCode::OK);

    let out = page.post("/sign-out", &[], &[with(&session)]).await;
    assert_eq!((out.status(), &out.headers()[LOCATION]), (StatusCode::SEE_OTHER, &"/sign-in".parse().expect("plain")));
    assert!(out.headers()[SET_COOKIE].to_str().expect("plain").starts_with("aircheck=; Path=/; Max-Age=0;"));
    assert_eq!(page.status("/", &[with(&session)]).await, StatusCode::UNAUTHORIZED);
    page.restart().await;
    assert_eq!(page.status("/", &[with(&session)]).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn shared_caches_store_nothing_behind_the_password_and_browsers_no_page() {
    let page = Guarded::start(&guarded("")).await;
    let session = page.session().await;
    let share = "/share/hostile@20261120T0700Z";
    for path in [
        "/",
        "/on-air",
        "/schedule",
        "/stations",
        "/clips",
        "/clips/new",
        "/grabs",
        "/subscribe",
        "/shows/hostile",
        share,
        "/nothing",
        "/static/a/b",
    ] {
        let answer = page.get(path, &[with(&session), accept(HTML)]).await;
        assert!(answer.headers()["content-type"].to_str().is_ok_and(|kind| kind.starts_with("text/html")), "{path}");
        assert_eq!(answer.headers()["cache-control"], "no-store", "{path}");
    }
    for path in [
        "/feed.xml",
        "/shows/hostile/feed.xml",
        "/recordings.m3u",
        "/feeds.opml",
        "/schedule.ics",
        "/artwork.png",
        "/artwork/hostile.png",
        "/media/hostile@20261120T0700Z.mp3",
        "/media/hostile@20261120T0700Z/chapters.json",
        "/download/hostile@20261120T0700Z.mp3",
        "/waveforms/hostile@20261120T0700Z.svg",
        "/api/v1/feeds",
        "/api/v1/recordings",
        "/api/v1/recordings/hostile@20261120T0700Z/peaks",
        "/live/hostile@20261120T0700Z.m3u8",
        "/metrics",
    ] {
        let answer = page.get(path, &[with(&session)]).await;
        let told = answer.headers()["cache-control"].to_str().expect("plain");
        assert!(told.contains("private") || told.contains("no-store"), "{path}: {told}");
    }
}

#[tokio::test]
async fn over_https_the_cookie_is_bound_to_https() {
    let page = Guarded::start(&guarded("")).await;
    let https = ("x-forwarded-proto", "https");
    let answer = page.sign_in(PASSWORD, &[https]).await;
    let set = answer.headers()[SET_COOKIE].to_str().expect("plain").to_owned();
    assert!(set.starts_with("__Host-aircheck="), "{set}");
    assert!(set.ends_with("; Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax; Secure"), "{set}");
    let session = cookie(&answer);
    assert_eq!(page.status("/", &[https, with(&session)]).await, StatusCode::OK);
    // A cookie that an attacker has planted over plain HTTP does not count over HTTPS.
    let plain = session.replace("__Host-", "");
    assert_eq!(page.status("/", &[https, with(&plain)]).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn another_password_ends_every_session() {
    let page = Guarded::start(&guarded("")).await;
    let session = page.session().await;
    assert_eq!(page.status("/", &[with(&session)]).await, StatusCode::OK);
    // Another salt already makes another hash.
    page.aircheck.write(&yaml(&guarded("")));
    until("the session is over", Duration::from_secs(60), async || {
        page.status("/", &[with(&session)]).await == StatusCode::UNAUTHORIZED
    })
    .await;
    page.session().await;
}

#[tokio::test]
async fn signing_out_ends_the_stream_of_events() {
    let page = Guarded::start(&guarded("")).await;
    let (first, second) = (page.session().await, page.session().await);
    let mut ears = Vec::new();
    for key in [with(&first), with(&second)] {
        let mut ear = page.get("/api/v1/events", &[key]).await;
        assert_eq!(ear.status(), StatusCode::OK);
        assert!(ear.chunk().await.expect("open").is_some(), "what is on the air is told at the beginning");
        ears.push(ear);
    }
    let by_password = page.client.get(page.url("/api/v1/events")).basic_auth("", Some(PASSWORD)).send();
    ears.push(by_password.await.expect("an answer"));
    let mut ear = ears.remove(0);
    page.post("/sign-out", &[], &[with(&first)]).await;
    let end = async { while ear.chunk().await.is_ok_and(|chunk| chunk.is_some()) {} };
    SystemClock::shared().timeout(Duration::from_secs(60), end).await.expect("it ends");
    for ear in &mut ears {
        let more = SystemClock::shared().timeout(Duration::from_millis(300), ear.chunk()).await;
        assert!(!matches!(more, Ok(Ok(None) | Err(_))), "the others go on: {more:?}");
    }
    page.aircheck.write(&yaml(&guarded("")));
    for mut ear in ears {
        let end = async { while ear.chunk().await.is_ok_and(|chunk| chunk.is_some()) {} };
        SystemClock::shared().timeout(Duration::from_secs(60), end).await.expect("another password ends them");
    }
}

#[tokio::test]
async fn programs_send_the_password_with_every_request() {
    let page = Guarded::start(&guarded("")).await;
    let without = page.get("/api/v1/recordings", &[]).await;
    assert_eq!(without.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(without.headers()["content-type"], "application/problem+json");
    assert_eq!(without.headers()[WWW_AUTHENTICATE], "Basic realm=\"aircheck\", charset=\"UTF-8\"");
    // A script of the page must not make the browser open a window for the password.
    let script = page.get("/api/v1/recordings", &[("sec-fetch-mode", "cors"), accept(HTML)]).await;
    assert_eq!(script.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(script.headers()[WWW_AUTHENTICATE], "Session realm=\"aircheck\"");

    for path in ["/", "/feed.xml", "/api/v1/recordings", "/schedule.ics", "/media/hostile@20261120T0700Z.mp3"] {
        let url = page.url(path);
        let asked = async |password: &str| {
            let request = page.client.get(url.clone()).basic_auth("anybody", Some(password));
            request.send().await.expect("an answer").status()
        };
        assert_eq!(asked(PASSWORD).await, StatusCode::OK, "{path}");
        // The same wrong password each time counts once.
        assert_eq!(asked("wrong").await, StatusCode::UNAUTHORIZED, "{path}");
    }
    for broken in ["Basic", "Basic !!!", "Basic YQ==", "Bearer x", "Basic /w=="] {
        assert_eq!(page.status("/", &[(AUTHORIZATION.as_str(), broken)]).await, StatusCode::UNAUTHORIZED, "{broken}");
    }
    // A right password costs no attempt, so a hundred are quick.
    for _ in 0..100 {
        let request = page.client.get(page.url("/healthz")).basic_auth("", Some(PASSWORD));
        assert_eq!(request.send().await.expect("an answer").status(), StatusCode::OK);
    }
    assert_eq!(page.status("/healthz", &[]).await, StatusCode::OK);
    assert_eq!(page.status("/static/style.css", &[]).await, StatusCode::OK);
    for closed in ["/static/a/b", "/static/../", "/static", "/sign-in/", "/sign-out", "/healthz/", "/metrics", "/x"] {
        let answer = page.get(closed, &[]).await;
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{closed}");
        assert!(!answer.text().await.expect("text").contains("명연주"), "{closed}");
    }
    assert!(!page.service.log().contains(PASSWORD));
}

#[tokio::test]
async fn guessing_is_stopped_for_its_address_and_for_no_other() {
    let page = Guarded::start(&guarded("")).await;
    let (guesser, other) = (("x-forwarded-for", "203.0.113.5"), ("x-forwarded-for", "203.0.113.6"));
    let session = page.session().await;
    for number in 0..5 {
        assert_eq!(page.sign_in(&format!("guess {number}"), &[guesser]).await.status(), StatusCode::UNAUTHORIZED);
    }
    // Neither wrong passwords nor the right one are tried, in whatever way they come.
    let stopped = page.sign_in(PASSWORD, &[guesser, ("accept-language", "ko")]).await;
    assert_eq!(stopped.status(), StatusCode::TOO_MANY_REQUESTS);
    let seconds: u64 = stopped.headers()[RETRY_AFTER].to_str().expect("plain").parse().expect("seconds");
    assert!((10..=21).contains(&seconds), "{seconds}");
    assert!(stopped.text().await.expect("text").contains("초 뒤에 다시 시도하세요"));
    let request = page.client.get(page.url("/api/v1/stations")).basic_auth("x", Some(PASSWORD));
    let stopped = request.header(guesser.0, guesser.1).send().await.expect("an answer");
    assert_eq!(stopped.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(stopped.headers().contains_key(RETRY_AFTER));
    // Sessions are not stopped, nor are other addresses; a forged header changes no address.
    assert_eq!(page.status("/", &[guesser, with(&session)]).await, StatusCode::OK);
    assert_eq!(page.sign_in(PASSWORD, &[other]).await.status(), StatusCode::SEE_OTHER);
    let pretended = page.sign_in(PASSWORD, &[("x-forwarded-for", "198.51.100.1, 203.0.113.5")]).await;
    assert_eq!(pretended.status(), StatusCode::TOO_MANY_REQUESTS);

    // Many addresses together are stopped, too, except those from which somebody is signed in.
    let mut last = StatusCode::OK;
    for number in 0..60 {
        last =
            page.sign_in(&format!("more {number}"), &[("x-forwarded-for", &format!("10.0.0.{number}"))]).await.status();
        if last == StatusCode::TOO_MANY_REQUESTS {
            break;
        }
    }
    assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(
        page.sign_in(PASSWORD, &[("x-forwarded-for", "10.1.1.1")]).await.status(),
        StatusCode::TOO_MANY_REQUESTS
    );
    assert_eq!(page.sign_in(PASSWORD, &[other]).await.status(), StatusCode::SEE_OTHER);
    assert_eq!(page.sign_in("wrong", &[other]).await.status(), StatusCode::UNAUTHORIZED);
    assert!(page.service.log().contains("a wrong password for the page"));
}

#[tokio::test]
async fn a_page_of_another_site_can_change_nothing() {
    let page = Guarded::start(&guarded("")).await;
    let session = page.session().await;
    let own = page.base.origin().ascii_serialization();
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("referer", "https://evil.example/"),
    ] {
        for path in ["/sign-out", "/sign-in", "/api/v1/feed/renew", "/shows/hostile/feed/renew", "/nothing"] {
            let answer = page.post(path, &[("password", PASSWORD)], &[with(&session), (name, value)]).await;
            assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{path} {name}: {value}");
        }
    }
    assert_eq!(page.status("/", &[with(&session), ("sec-fetch-site", "cross-site")]).await, StatusCode::OK);
    for own in [("sec-fetch-site", "same-origin"), ("origin", own.as_str()), ("referer", page.base.as_str())] {
        let answer = page.post("/api/v1/feed/renew", &[], &[with(&session), own]).await;
        assert_eq!(answer.status(), StatusCode::OK, "{own:?}");
    }
    let options = page.client.request(reqwest::Method::OPTIONS, page.url("/")).header("origin", "https://evil.example");
    let options = options.send().await.expect("an answer");
    assert_eq!(options.status(), StatusCode::FORBIDDEN);
    assert!(options.headers().keys().all(|name| !name.as_str().starts_with("access-control")), "{options:?}");
}
