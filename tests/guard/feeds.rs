//! Tokens of feeds: what the address of a feed opens, and what it does not.

use reqwest::StatusCode;
use reqwest::header::REFERRER_POLICY;
use serde_json::Value;

use super::{Guarded, HTML, PASSWORD, accept, guarded, with};

/// Returns path and query of an address.
fn place(address: &str) -> String {
    let url = url::Url::parse(address).expect("a URL");
    format!("{}?{}", url.path(), url.query().unwrap_or_default())
}

#[tokio::test]
async fn the_address_of_a_feed_opens_it_and_its_sound_and_nothing_else_until_it_is_renewed() {
    let mut page = Guarded::start(&guarded("")).await;
    let session = page.session().await;
    let show = page.get("/shows/hostile", &[with(&session)]).await.text().await.expect("text");
    let feeds: Vec<Value> = page.get("/api/v1/feeds", &[with(&session)]).await.json().await.expect("JSON");
    let of = |show: Value| -> String {
        let feed = feeds.iter().find(|feed| feed["show"] == show).expect("a feed");
        place(feed["address"].as_str().expect("an address"))
    };
    let (all, hostile, other) = (of(Value::Null), of("hostile".into()), of("명연주".into()));
    assert!(hostile.starts_with("/shows/hostile/feed.xml?token="), "{hostile}");
    let token = hostile.split_once('?').expect("a token").1.to_owned();
    assert!(show.contains(&token), "the show's page shows it: {show}");
    assert_eq!(token.len(), "token=".len() + 43);

    let answer = page.get(&hostile, &[]).await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()[REFERRER_POLICY], "no-referrer");
    let feed = rss::Channel::read_from(answer.text().await.expect("text").as_bytes()).expect("RSS");
    assert!(!feed.link().contains("token"), "{}", feed.link());
    let sound = place(feed.items()[0].enclosure().expect("sound").url());
    assert!(sound.ends_with(&token), "{sound}");
    let part = page.get(&sound, &[("range", "bytes=0-3")]).await;
    assert_eq!(part.status(), StatusCode::PARTIAL_CONTENT);
    let of_all = page.get(&all, &[]).await.text().await.expect("text");
    let of_all = rss::Channel::read_from(of_all.as_bytes()).expect("RSS");
    assert_eq!(of_all.items().len(), 2);
    for item in of_all.items() {
        assert_eq!(page.status(&place(item.enclosure().expect("sound").url()), &[]).await, StatusCode::OK);
    }

    let all_token = all.split_once('?').expect("a token").1.to_owned();
    let other_sound = place(of_all.items()[1].enclosure().expect("sound").url()).replace(&all_token, &token);
    assert!(other_sound.contains(&token));
    for path in [
        other_sound.as_str(),
        &format!("/feed.xml?{token}"),
        &format!("/shows/%EB%AA%85%EC%97%B0%EC%A3%BC/feed.xml?{token}"),
        &format!("/shows/hostile/feed.xml?{all_token}"),
        &format!("/?{token}"),
        &format!("/shows/hostile?{token}"),
        &format!("/feeds.opml?{all_token}"),
        &format!("/schedule.ics?{all_token}"),
        &format!("/api/v1/feeds?{all_token}"),
        &format!("/api/v1/recordings?{all_token}"),
        &sound.replace("/media/", "/download/"),
        "/shows/hostile/feed.xml",
        "/shows/hostile/feed.xml?token=",
        &format!("/shows/hostile/feed.xml?{}x", &token[..token.len() - 1]),
    ] {
        let answer = page.get(path, &[]).await;
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{path}");
    }
    // A token changes nothing, and is not redirected to the form.
    let renew = page.post(&format!("/api/v1/shows/hostile/feed/renew?{token}"), &[], &[]).await;
    assert_eq!(renew.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(page.status(&format!("/?{token}"), &[accept(HTML)]).await, StatusCode::UNAUTHORIZED);

    page.restart().await;
    assert_eq!(page.status(&hostile, &[]).await, StatusCode::OK);
    let renewed = page.post("/api/v1/shows/hostile/feed/renew", &[], &[with(&session)]).await;
    let renewed: Value = renewed.json().await.expect("JSON");
    let renewed = place(renewed["address"].as_str().expect("an address"));
    for gone in [&hostile, &sound] {
        assert_eq!(page.status(gone, &[]).await, StatusCode::UNAUTHORIZED, "{gone}");
    }
    for good in [&renewed, &all, &other] {
        assert_eq!(page.status(good, &[]).await, StatusCode::OK, "{good}");
    }
    let form = page.post("/shows/%EB%AA%85%EC%97%B0%EC%A3%BC/feed/renew", &[], &[with(&session)]).await;
    assert_eq!(form.headers()["location"], "/shows/%EB%AA%85%EC%97%B0%EC%A3%BC");
    assert_eq!(page.status(&other, &[]).await, StatusCode::UNAUTHORIZED);
    page.restart().await;
    assert_eq!(page.status(&hostile, &[]).await, StatusCode::UNAUTHORIZED);
    assert_eq!(page.status(&renewed, &[]).await, StatusCode::OK);
    let none = page.post("/api/v1/shows/none/feed/renew", &[], &[with(&session)]).await;
    assert_eq!(none.status(), StatusCode::NOT_FOUND);

    for secret in [
        token.trim_start_matches("token="),
        all_token.trim_start_matches("token="),
        session.trim_start_matches("aircheck="),
        PASSWORD,
    ] {
        assert!(!page.service.log().contains(secret), "{}", page.service.log());
    }
}

#[tokio::test]
async fn the_address_of_the_calendar_opens_the_calendar_and_nothing_else_until_it_is_renewed() {
    let page = Guarded::start(&guarded("")).await;
    let session = page.session().await;
    let shown: Value = page.get("/api/v1/calendar", &[with(&session)]).await.json().await.expect("JSON");
    let calendar = place(shown["address"].as_str().expect("an address"));
    let token = calendar.strip_prefix("/schedule.ics?").expect("the calendar").to_owned();
    let subscribe = page.get("/subscribe", &[with(&session)]).await.text().await.expect("text");
    assert!(subscribe.contains(&token), "the page shows it: {subscribe}");
    let events = page.get(&calendar, &[]).await.text().await.expect("text");
    assert!(events.contains("BEGIN:VEVENT") && events.contains("URL:http://") && !events.contains("token"), "{events}");
    for path in ["/feed.xml", "/shows/hostile/feed.xml", "/subscribe", "/feeds.opml", "/api/v1/calendar"] {
        assert_eq!(page.status(&format!("{path}?{token}"), &[]).await, StatusCode::UNAUTHORIZED, "{path}");
    }
    assert_eq!(page.post(&format!("/calendar/renew?{token}"), &[], &[]).await.status(), StatusCode::UNAUTHORIZED);

    let form = page.post("/calendar/renew", &[], &[with(&session)]).await;
    assert_eq!(form.headers()["location"], "/subscribe#calendar");
    assert_eq!(page.status(&calendar, &[]).await, StatusCode::UNAUTHORIZED);
    let renewed: Value = page.get("/api/v1/calendar", &[with(&session)]).await.json().await.expect("JSON");
    let renewed = place(renewed["address"].as_str().expect("an address"));
    assert_eq!(page.status(&renewed, &[]).await, StatusCode::OK);
    let again: Value = page.post("/api/v1/calendar/renew", &[], &[with(&session)]).await.json().await.expect("JSON");
    assert_ne!(place(again["address"].as_str().expect("an address")), renewed);
    assert_eq!(page.status(&renewed, &[]).await, StatusCode::UNAUTHORIZED);

    let feeds: Vec<Value> = page.get("/api/v1/feeds", &[with(&session)]).await.json().await.expect("JSON");
    let all = place(feeds[0]["address"].as_str().expect("an address"));
    let form = page.post("/feed/renew", &[], &[with(&session)]).await;
    assert_eq!(form.headers()["location"], "/subscribe");
    assert_eq!(page.status(&all, &[]).await, StatusCode::UNAUTHORIZED, "the feed of everything too");
    assert!(!page.service.log().contains(token.trim_start_matches("token=")), "{}", page.service.log());
}

#[tokio::test]
async fn without_a_password_addresses_have_no_tokens() {
    let page = Guarded::start("auth: none").await;
    let feed = page.get("/feed.xml", &[]).await.text().await.expect("text");
    assert!(!feed.contains("token="), "{feed}");
    let feeds = page.get("/api/v1/feeds", &[]).await.text().await.expect("text");
    assert!(feeds.contains("/shows/hostile/feed.xml\"") && !feeds.contains("token="), "{feeds}");
    assert_eq!(page.post("/api/v1/feed/renew", &[], &[]).await.status(), StatusCode::CONFLICT);
    let show = page.get("/shows/hostile", &[]).await.text().await.expect("text");
    assert!(!show.contains("renew") && !show.contains("sign-out"), "{show}");
}
