//! Links to share: what one opens to a stranger, and what it does not.

use reqwest::header::{
    ACCEPT_LANGUAGE, ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE,
    REFERRER_POLICY, RETRY_AFTER, SET_COOKIE, VARY,
};
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};

use super::{Guarded, HTML, accept, guarded};

/// The recording that is shared; the other one has a Korean title.
const SHARED: &str = "hostile@20261120T0700Z";
/// What only the rest of the site says.
const ELSE: [&str; 3] = ["명연주", "%EB%AA%85", "feed.xml"];

/// Makes a link to [`SHARED`]. Returns its number and the path of its address.
async fn link(page: &Guarded) -> (i64, String) {
    let session = page.session().await;
    let ask = page.client.post(page.url(&format!("/api/v1/recordings/{SHARED}/links")));
    let made: Value = ask.header("cookie", session).send().await.expect("an answer").json().await.expect("JSON");
    let url = made["url"].as_str().expect("an address");
    let path = url.strip_prefix(page.base.as_str().trim_end_matches('/')).expect("below the page");
    (made["id"].as_i64().expect("a number"), path.to_owned())
}

#[tokio::test]
async fn a_link_opens_its_recording_without_the_password_and_nothing_else() {
    let page = Guarded::start(&guarded("")).await;
    let (id, path) = link(&page).await;
    assert!(path.starts_with("/s/") && path.len() == "/s/".len() + 26, "{path}");

    let answer = page.get(&path, &[accept(HTML)]).await;
    assert_eq!(answer.status(), StatusCode::OK);
    let headers = answer.headers().clone();
    assert_eq!(headers[CACHE_CONTROL], "no-store");
    assert_eq!(headers[REFERRER_POLICY], "no-referrer");
    assert_eq!(headers["x-robots-tag"], "noindex, nofollow");
    assert!(headers[VARY].to_str().is_ok_and(|vary| vary.contains("Accept-Language")));
    assert!(!headers.contains_key(SET_COOKIE), "nothing is kept in the browser");
    let html = answer.text().await.expect("text");
    assert!(html.contains("KBS 1FM") && html.contains("alert(1)") && !html.contains("<script>alert"), "{html}");
    assert!(html.contains("Friday, 20 November 2026 · 16:00–17:00"), "{html}");
    assert!(html.contains("<audio controls") && html.contains("content=\"noindex"), "{html}");
    let address = page.url(&path).to_string();
    for (name, part) in [("og:url", ""), ("og:image", "/picture.png"), ("og:audio", "/sound.mp3")] {
        let tag = format!("<meta property=\"{name}\" content=\"{address}{part}\">").replace('/', "&#x2f;");
        assert!(html.replace('/', "&#x2f;").contains(&tag), "{tag} in {html}");
    }
    let korean = page.get(&path, &[("accept-language", "ko")]).await.text().await.expect("text");
    assert!(korean.contains("2026년 11월 20일 금요일") && korean.contains("내려받기"), "{korean}");

    // The sound, by parts and as a whole; its waveform and its picture.
    let sound = format!("{path}/sound.mp3");
    let part = page.get(&sound, &[("range", "bytes=2-5")]).await;
    assert_eq!(part.status(), StatusCode::PARTIAL_CONTENT);
    assert_eq!(part.headers()[CONTENT_RANGE], "bytes 2-5/10000");
    assert_eq!(part.bytes().await.expect("bytes")[..], [2, 3, 4, 5]);
    let head = page.client.head(page.url(&sound)).send().await.expect("an answer");
    assert_eq!(
        (&head.headers()[CONTENT_LENGTH], &head.headers()[ACCEPT_RANGES]),
        (&10_000.into(), &"bytes".parse().expect("plain"))
    );
    assert_eq!(head.headers()[REFERRER_POLICY], "no-referrer");
    assert!(head.headers()[CACHE_CONTROL].to_str().is_ok_and(|told| told.contains("private")), "{head:?}");
    let download = page.get(&format!("{path}/download.mp3"), &[]).await;
    assert!(download.headers()[CONTENT_DISPOSITION].to_str().is_ok_and(|told| told.starts_with("attachment")));
    assert_eq!(download.bytes().await.expect("bytes").len(), 10_000);
    for (part, kind) in [("waveform.svg?bars=240", "image/svg+xml"), ("picture.png", "image/png")] {
        let answer = page.get(&format!("{path}/{part}"), &[]).await;
        assert_eq!((answer.status(), &answer.headers()[CONTENT_TYPE]), (StatusCode::OK, &kind.parse().expect("plain")));
    }

    // Nothing else opens, with the token in whatever place, and nothing that does says a word about the rest.
    let token = path.trim_start_matches("/s/");
    for other in [
        "/".to_owned(),
        format!("/?token={token}"),
        format!("/media/{SHARED}.mp3?token={token}"),
        format!("/api/v1/links?token={token}"),
        format!("/share/{SHARED}?token={token}"),
        "/s".to_owned(),
        format!("/shows/{token}"),
    ] {
        assert_eq!(page.status(&other, &[]).await, StatusCode::UNAUTHORIZED, "{other}");
    }
    for other in [
        "/s/",
        "/s//",
        "/s//x",
        "/s/%2F",
        "/s/%FF",
        "/s/x/%FF",
        "/s/x/y/z",
        &format!("{path}/"),
        &format!("{path}//"),
        &format!("{path}x"),
        &format!("{path}/other.mp3"),
        &format!("{path}/sound.ogg"),
        &format!("{path}/sound.mp3/x"),
        &format!("{path}/%2e%2e/x"),
        &format!("{path}/feed.xml/.."),
    ] {
        let answer = page.get(other, &[accept(HTML)]).await;
        let (status, kept) = (answer.status(), answer.headers().get(SET_COOKIE).cloned());
        let text = answer.text().await.expect("text");
        assert!(matches!(status, StatusCode::NOT_FOUND | StatusCode::BAD_REQUEST), "{other}: {status}");
        assert!(kept.is_none() && ELSE.iter().all(|word| !text.contains(word)), "{other}: {text}");
    }
    for text in [&html, &korean] {
        assert!(ELSE.iter().all(|word| !text.contains(word)), "{text}");
        let leads: Vec<_> = text.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        let leads = leads.iter().map(|lead| lead.replace("&#x2f;", "/"));
        for lead in leads {
            assert!(lead.starts_with("/static/") || lead.starts_with(&path) || lead.starts_with("#i-"), "{lead}");
        }
    }
    for method in [Method::POST, Method::DELETE, Method::PUT] {
        let answer = page.client.request(method, page.url(&path)).send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED);
    }
    // To withdraw it needs the password.
    let withdraw = || page.client.delete(page.url(&format!("/api/v1/links/{id}")));
    assert_eq!(withdraw().send().await.expect("an answer").status(), StatusCode::UNAUTHORIZED);
    assert_eq!(page.status(&path, &[]).await, StatusCode::OK);
    let session = page.session().await;
    assert!(withdraw().header("cookie", &session).send().await.expect("an answer").status().is_success());
    assert_eq!(page.status(&path, &[]).await, StatusCode::NOT_FOUND);

    let log = page.service.log();
    assert!(!log.contains(token) && log.contains("a link to share was made"), "{log}");
    for file in ["catalogue.sqlite", "catalogue.sqlite-wal", "access.json"] {
        let kept = std::fs::read(page.aircheck.path("state").join(file)).unwrap_or_default();
        assert!(!kept.windows(token.len()).any(|part| part == token.as_bytes()), "{file} has the secret");
    }
}

#[tokio::test]
async fn nobody_learns_why_a_link_opens_nothing() {
    let page = Guarded::start(&guarded("")).await;
    let (id, path) = link(&page).await;
    let session = page.session().await;
    let gone = page.client.delete(page.url(&format!("/api/v1/links/{id}"))).header("cookie", &session);
    assert!(gone.send().await.expect("an answer").status().is_success());
    let answer = async |path: &str| {
        let answer = page.get(path, &[(ACCEPT_LANGUAGE.as_str(), "en")]).await;
        assert_eq!(answer.headers()[CACHE_CONTROL], "no-store", "{path}");
        (answer.status(), answer.text().await.expect("text"))
    };
    let withdrawn = answer(&path).await;
    assert_eq!(withdrawn.0, StatusCode::NOT_FOUND);
    assert!(withdrawn.1.contains("may have expired or been withdrawn"), "{}", withdrawn.1);
    for never in ["/s/00000000000000000000000000", "/s/x", "/s/nothing/like/it"] {
        assert_eq!(answer(never).await, withdrawn, "{never}");
    }
    let sound = answer(&format!("{path}/sound.mp3")).await;
    assert_eq!(answer("/s/00000000000000000000000000/sound.mp3").await, sound);
    assert_eq!(sound.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn going_through_links_is_stopped_for_its_address_and_for_nothing_else() {
    let page = Guarded::start(&guarded("")).await;
    let (_, path) = link(&page).await;
    let (guesser, other) = (("x-forwarded-for", "203.0.113.5"), ("x-forwarded-for", "203.0.113.6"));
    assert_eq!(page.status(&path, &[guesser]).await, StatusCode::OK);
    // A link that is over, handed around in a household, counts once.
    for _ in 0..40 {
        assert_eq!(page.status(&format!("/s/{:0>26}", 7), &[guesser]).await, StatusCode::NOT_FOUND);
    }
    let mut last = StatusCode::OK;
    for number in 100..140 {
        last = page.status(&format!("/s/{number:0>26}"), &[guesser]).await;
        if last == StatusCode::TOO_MANY_REQUESTS {
            break;
        }
        assert_eq!(last, StatusCode::NOT_FOUND);
    }
    assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
    let (_, unseen) = link(&page).await;
    for part in ["", "/sound.mp3"] {
        let stopped = page.get(&format!("{unseen}{part}"), &[guesser, ("accept-language", "ko")]).await;
        assert_eq!(stopped.status(), StatusCode::TOO_MANY_REQUESTS, "not even the right one is looked up");
        assert!(stopped.headers().contains_key(RETRY_AFTER));
        assert!(stopped.text().await.expect("text").contains("초 뒤에 다시 시도하세요"));
    }
    // Who listens goes on listening, others are not stopped, and the password has nothing to do with it.
    assert_eq!(
        page.status(&format!("{path}/sound.mp3"), &[guesser, ("range", "bytes=0-3")]).await,
        StatusCode::PARTIAL_CONTENT
    );
    assert_eq!(page.status(&unseen, &[other]).await, StatusCode::OK);
    assert_eq!(page.sign_in(super::PASSWORD, &[guesser]).await.status(), StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn links_are_made_below_the_address_of_the_page() {
    let page = Guarded::start("auth: none, base_url: \"https://radio.example.org/radio/\"").await;
    let ask =
        page.client.post(page.url(&format!("/radio/api/v1/recordings/{SHARED}/links"))).json(&json!({ "for": "1d" }));
    let made: Value = ask.send().await.expect("an answer").json().await.expect("JSON");
    let url = made["url"].as_str().expect("an address");
    let path = url.strip_prefix("https://radio.example.org").expect("the address that others use").to_owned();
    assert!(path.starts_with("/radio/s/"), "{url}");
    // The web server in front may take the path off.
    for path in [path.as_str(), path.trim_start_matches("/radio")] {
        let html = page.get(path, &[]).await.text().await.expect("text");
        let html = html.replace("&#x2f;", "/");
        assert!(html.contains(&format!("src=\"/radio/s/{}/sound.mp3\"", &path[path.len() - 26..])), "{html}");
    }
    // Without a password it opens as well, for a client that knows nothing of the site.
    assert_eq!(Client::new().get(page.url(&path)).send().await.expect("an answer").status(), StatusCode::OK);
}
