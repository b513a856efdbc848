//! The interface for programs, over HTTP at the real service.

use aircheck::model::CauseKind;
use reqwest::header::{
    ACCEPT_LANGUAGE, ALLOW, CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_LENGTH, CONTENT_TYPE, ETAG, IF_NONE_MATCH, ORIGIN,
    VARY,
};
use reqwest::{Client, Method, StatusCode};
use serde_json::Value;

use crate::support::library::{get, serving};

#[tokio::test]
async fn recordings_are_found_by_filters_and_one_by_its_id() {
    let (_aircheck, _service, base) = serving().await;
    let client = Client::new();
    let ids = async |query: &str| -> Vec<String> {
        let answer = get(&client, &base, &format!("/api/v1/recordings{query}")).await;
        assert_eq!(answer.status(), StatusCode::OK, "{query}");
        let listed: Vec<Value> = answer.json().await.expect("a list");
        listed.iter().map(|it| it["show"].as_str().expect("a show").to_owned()).collect()
    };
    let (both, first, second) = (["hostile", "명연주-명음반"], ["hostile"], ["명연주-명음반"]);
    assert_eq!(ids("").await, both);
    assert_eq!(ids("?show=hostile").await, first);
    assert_eq!(ids("?station=kbs").await, both);
    assert_eq!(ids("?station=none").await, [""; 0]);
    assert_eq!(ids("?verdict=partial").await, second);
    assert_eq!(ids("?q=%EB%AA%85%EC%9D%8C").await, second);
    assert_eq!(ids("?before=2026-11-20T16:00:00%2B09:00").await, second);
    assert_eq!(ids("?since=2026-11-20T16:00:00%2B09:00").await, first);
    assert_eq!(ids("?limit=1").await, first);
    assert_eq!(ids("?limit=1&after=hostile@20261120T0700Z").await, second);

    let id = "%EB%AA%85%EC%97%B0%EC%A3%BC-%EB%AA%85%EC%9D%8C%EB%B0%98@20261120T0500Z";
    let one: Value = get(&client, &base, &format!("/api/v1/recordings/{id}")).await.json().await.expect("JSON");
    assert_eq!((&one["title"], &one["missing"][0]["seconds"]), (&"명연주 명음반".into(), &60.0.into()), "{one}");
    assert_eq!(one["missing"][0]["kind"], "refused", "{one}");
    assert!(
        !one["file"].as_str().expect("a file").starts_with('/'),
        "nobody far away needs to know our folders: {one}"
    );
    let media = one["media"].as_str().expect("sound");
    assert_eq!(get(&client, &base, &format!("/{media}")).await.bytes().await.expect("bytes").len(), 10_000);

    let peaks = get(&client, &base, &format!("/api/v1/recordings/{id}/peaks")).await;
    let (tag, kept) = (peaks.headers()[ETAG].clone(), peaks.headers()[CACHE_CONTROL].clone());
    assert!(kept.to_str().expect("plain").contains("max-age"), "{kept:?}");
    let picture: Value = peaks.json().await.expect("JSON");
    assert_eq!(picture, serde_json::json!({ "per_second": 20.0, "levels": [0, 128, 255] }));
    let url = base.join(&format!("/api/v1/recordings/{id}/peaks")).expect("a path");
    let again = client.get(url).header(IF_NONE_MATCH, tag).send().await.expect("an answer");
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
}

#[tokio::test]
async fn every_failure_is_answered_with_a_problem() {
    let (_aircheck, _service, base) = serving().await;
    let client = Client::new();
    for (method, path, status, words) in [
        (Method::GET, "/api", 404, "there is nothing at /api"),
        (Method::POST, "/api/v1/nothing/like/it", 404, "there is nothing at /api/v1/nothing/like/it"),
        (Method::GET, "/api/v1/recordings/none@20261120T0500Z", 404, "there is no recording none@20261120T0500Z"),
        (Method::GET, "/api/v1/recordings/none/peaks", 404, "there is no recording none"),
        (Method::GET, "/api/v1/recordings/none/tracks", 404, "there is no recording none"),
        (Method::GET, "/api/v1/tracks?q=x", 400, "unknown field `q`"),
        (Method::GET, "/api/v1/recordings/%FF", 400, "UTF-8"),
        (Method::GET, "/api/v1/recordings?limit=x", 400, "\"x\" is not a number from 1 to 500"),
        (Method::GET, "/api/v1/airings?limit=0", 400, "\"0\" is not a number from 1 to 500"),
        (
            Method::GET,
            "/api/v1/recordings?before=yesterday",
            400,
            "\"yesterday\" is not a time like 2026-11-20T05:00:00Z",
        ),
        (Method::GET, "/api/v1/recordings?verdict=good", 400, "`complete`, `partial`, `silent`, `failed`"),
        (Method::GET, "/api/v1/recordings?shows=x", 400, "unknown field `shows`"),
        (Method::PATCH, "/api/v1/airings", 405, "PATCH cannot be asked of /api/v1/airings"),
    ] {
        let answer = client.request(method, base.join(path).expect("a path")).send().await.expect("an answer");
        assert_eq!(answer.status(), status, "{path}");
        assert_eq!(answer.headers()[CONTENT_TYPE], "application/problem+json", "{path}");
        assert!(status != 405 || answer.headers().contains_key(ALLOW), "{path}");
        let problem: Value = answer.json().await.expect("JSON");
        assert_eq!(problem["status"], status, "{problem}");
        assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains(words)), "{problem}");
    }
}

#[tokio::test]
async fn a_person_reads_in_their_language_why_a_request_fails() {
    let (_aircheck, _service, base) = serving().await;
    let client = Client::new();
    let ask = |method: Method, path: &str, language: &str| {
        let request = client.request(method, base.join(path).expect("a path")).header(ACCEPT_LANGUAGE, language);
        async move { request.send().await.expect("an answer") }
    };
    let live = ask(Method::POST, "/api/v1/stations/kbs/record", "ko").await;
    let live = live.json::<Value>().await.expect("JSON")["id"].as_str().expect("an id").to_owned();
    let skip = format!("/api/v1/airings/{live}/skip");
    for (method, path, code, korean, english) in [
        (Method::POST, "/api/v1/airings/hostile@20261120T0700Z/stop", "over", "이미 끝난 방송입니다.", "is over"),
        (Method::POST, &skip, "recording", "지금 녹음 중입니다.", "is being recorded; stop it"),
        (Method::GET, "/api/v1/recordings/none", "no_recording", "그런 녹음이 없습니다.", "there is no recording none"),
        (
            Method::POST,
            "/api/v1/stations/none/probe",
            "no_station",
            "그런 방송국이 없습니다.",
            "there is no station none",
        ),
    ] {
        for (accepted, tag, words) in [("ko-KR,ko;q=0.9,en;q=0.8", "ko", korean), ("fr", "en", english)] {
            let answer = ask(method.clone(), path, accepted).await;
            assert_eq!(answer.headers()[CONTENT_TYPE], "application/problem+json", "{path}");
            assert_eq!(answer.headers()[CONTENT_LANGUAGE], tag, "{path}");
            assert_eq!(answer.headers()[VARY], "Accept-Language", "{path}");
            let problem: Value = answer.json().await.expect("JSON");
            assert_eq!(problem["code"], code, "{problem}");
            assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains(words)), "{problem}");
        }
    }
    // A mistake that only a program can make is explained to its programmer.
    let answer = ask(Method::GET, "/api/v1/recordings?limit=x", "ko").await;
    assert!(!answer.headers().contains_key(CONTENT_LANGUAGE));
    let problem: Value = answer.json().await.expect("JSON");
    assert!(problem["detail"].as_str().is_some_and(|it| it.contains("is not a number")), "{problem}");
    assert!(problem.get("code").is_none(), "{problem}");
    // HEAD gives the length of the answer to GET.
    let path = "/api/v1/recordings/none";
    let (head, whole) = (ask(Method::HEAD, path, "ko").await, ask(Method::GET, path, "ko").await);
    assert_eq!(head.headers()[CONTENT_LENGTH], whole.headers()[CONTENT_LENGTH]);
    assert_eq!(head.headers()[CONTENT_LANGUAGE], "ko");
}

#[tokio::test]
async fn guards_and_pages_speak_the_language_of_the_browser_too() {
    let (_aircheck, _service, base) = serving().await;
    let client = Client::new();
    let page = get(&client, &base, "/stations").await;
    assert_eq!(page.headers()[CONTENT_LANGUAGE], "en");
    assert_eq!(page.headers()[VARY], "Accept-Language");
    for path in ["/sign-out", "/api/v1/stations/kbs/record"] {
        let request = client.post(base.join(path).expect("a path")).header(ACCEPT_LANGUAGE, "ko");
        let answer = request.header(ORIGIN, "https://evil.example").send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{path}");
        assert_eq!(answer.headers()[CONTENT_LANGUAGE], "ko", "{path}");
        let words = answer.text().await.expect("text");
        assert!(words.contains("다른 사이트의 페이지에서 온 요청"), "{words}");
    }
}

#[tokio::test]
async fn the_interface_describes_itself() {
    let (_aircheck, _service, base) = serving().await;
    let client = Client::new();
    let document: Value = get(&client, &base, "/api/v1/openapi.json").await.json().await.expect("JSON");
    assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(document["servers"][0]["url"], "/");
    let paths = document["paths"].as_object().expect("paths");
    for path in [
        "/api/v1/recordings",
        "/api/v1/recordings/{id}/peaks",
        "/api/v1/recordings/{id}/tracks",
        "/api/v1/tracks",
        "/api/v1/recordings/{id}/links",
        "/api/v1/links",
        "/api/v1/airings",
        "/api/v1/stations",
        "/api/v1/stations/{id}/tape",
        "/api/v1/stations/{id}/tape/days",
    ] {
        let answers = &paths[path]["get"]["responses"];
        assert_eq!(
            answers["4XX"]["content"]["application/problem+json"]["schema"]["$ref"], "#/components/schemas/Problem",
            "{path}"
        );
    }
    let kinds = document["components"]["schemas"]["CauseKind"].to_string();
    assert!(CauseKind::ALL.iter().all(|kind| kinds.contains(&format!("\"{}\"", kind.name()))), "{kinds}");
    // Every reference in the document resolves.
    let text = document.to_string();
    for name in text.split("#/components/schemas/").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(document["components"]["schemas"][name].is_object(), "{name}");
    }
}
