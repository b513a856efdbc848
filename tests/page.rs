//! The page and the feeds, over HTTP at the real service, with a library of hostile and Korean titles.

use std::time::{Duration, SystemTime};

use reqwest::header::{
    CONTENT_DISPOSITION, CONTENT_RANGE, CONTENT_SECURITY_POLICY, ETAG, HOST, HeaderName, IF_MATCH, IF_MODIFIED_SINCE,
    IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE, LAST_MODIFIED, RANGE,
};
use reqwest::{Client, StatusCode};

use crate::support::aircheck::until;
use crate::support::library::{HOSTILE, ID, get, serving, text};

#[tokio::test]
async fn recordings_are_browsed_played_and_downloaded_without_scripts() {
    let (_aircheck, _service, base) = serving().await;
    let client = Client::new();
    let page = text(&client, &base, "/").await;
    assert!(page.contains("명연주 명음반") && page.contains("partial 99.1 %"), "{page}");
    assert!(page.contains("missing at 14:03:00: 60.0 s, it answered &lt;b&gt;403"), "{page}");
    assert!(!page.contains("class=\"words\""), "in English it is said once: {page}");
    assert!(!page.contains("<script>alert") && page.contains("&lt;script&gt;alert(1)"), "{page}");
    let media = page.split("src=\"/media/").nth(1).and_then(|rest| rest.split('"').next()).expect("a recording");
    let media = format!("/media/{media}");
    assert!(page.contains(&media.replace("/media/", "href=\"/download/")), "{page}");

    let whole = get(&client, &base, &media).await;
    assert_eq!(whole.headers()["content-type"], "audio/mpeg");
    assert_eq!(whole.headers()["content-length"], "10000");
    let modified = whole.headers()[LAST_MODIFIED].clone();
    let part = client.get(base.join(&media).expect("a path")).header(RANGE, "bytes=100-103").send().await.expect("it");
    assert_eq!(part.status(), StatusCode::PARTIAL_CONTENT);
    assert_eq!(part.headers()[CONTENT_RANGE], "bytes 100-103/10000");
    assert_eq!(part.bytes().await.expect("bytes").as_ref(), [100, 101, 102, 103]);
    let beyond = client.get(base.join(&media).expect("a path")).header(RANGE, "bytes=20000-").send().await.expect("it");
    assert_eq!(beyond.status(), StatusCode::RANGE_NOT_SATISFIABLE);
    let known = client.get(base.join(&media).expect("a path")).header(IF_MODIFIED_SINCE, modified).send().await;
    assert_eq!(known.expect("an answer").status(), StatusCode::NOT_MODIFIED);
    let head = client.head(base.join(&media).expect("a path")).send().await.expect("an answer");
    assert_eq!((head.status(), head.headers()["content-length"].to_str().ok()), (StatusCode::OK, Some("10000")));
    let kept = get(&client, &base, &media.replace("/media/", "/download/")).await;
    let disposition = kept.headers()[CONTENT_DISPOSITION].to_str().expect("plain").to_owned();
    assert!(disposition.starts_with("attachment; filename*=UTF-8''"), "{disposition}");

    for (query, there, gone) in [
        ("/?show=hostile", "alert(1)", "missing at"),
        ("/?verdict=partial", "missing at", "complete</span>"),
        ("/?q=%EB%AA%85%EC%97%B0%EC%A3%BC", "missing at", "complete</span>"),
        ("/?before=2026-11-20T06:00:00Z", "missing at", "complete</span>"),
        ("/?q=nothing-like-it", "No recording is like that.", "missing at"),
    ] {
        let page = text(&client, &base, query).await;
        assert!(page.contains(there) && !page.contains(gone), "{query}: {page}");
    }
    let korean = async |path: &str| {
        let request = client.get(base.join(path).expect("a path")).header("accept-language", "ko-KR,ko;q=0.9");
        request.send().await.expect("an answer").text().await.expect("text")
    };
    let page = korean("/").await;
    assert!(page.contains("<html lang=\"ko\">") && page.contains("내려받기"), "{page}");
    let why = "방송국 서버가 요청을 거부했습니다 <small class=\"words\" lang=\"en\">it answered &lt;b&gt;403&lt;";
    assert!(page.contains(&format!("14:03:00부터 60.0초 누락: {why}")), "{page}");
    let page = korean("/stations").await;
    assert!(page.contains(why), "{page}");
}

#[tokio::test]
async fn a_resumed_download_never_mixes_two_files() {
    let (aircheck, _service, base) = serving().await;
    let client = Client::new();
    let url = base.join(&format!("/media/{ID}.mp3")).expect("a path");
    let ask = async |pairs: &[(HeaderName, &str)]| {
        let request = pairs.iter().fold(client.get(url.clone()), |request, (name, value)| request.header(name, *value));
        request.send().await.expect("an answer")
    };
    let first = ask(&[]).await;
    let said = |name: HeaderName| first.headers()[name].to_str().expect("plain").to_owned();
    let (tag, date) = (said(ETAG), said(LAST_MODIFIED));
    assert!(tag.starts_with('"'), "a weak tag is good for no part: {tag}");
    for same in [&tag, &date] {
        let part = ask(&[(RANGE, "bytes=5000-"), (IF_RANGE, same)]).await;
        assert_eq!((part.status(), &part.headers()[ETAG]), (StatusCode::PARTIAL_CONTENT, &tag.parse().expect("plain")));
    }
    let weak = format!("W/{tag}");
    for other in [weak.as_str(), "\"other\"", "Fri, 20 Nov 2026 05:00:00 GMT", "yesterday"] {
        let whole = ask(&[(RANGE, "bytes=5000-"), (IF_RANGE, other)]).await;
        assert_eq!(whole.status(), StatusCode::OK, "{other}");
        assert_eq!(whole.bytes().await.expect("bytes").len(), 10_000, "{other}");
    }
    let known = ask(&[(IF_NONE_MATCH, &tag)]).await;
    assert_eq!((known.status(), &known.headers()[ETAG]), (StatusCode::NOT_MODIFIED, &tag.parse().expect("plain")));
    let date_before = "Thu, 19 Nov 1970 05:00:00 GMT";
    let wanted = ask(&[(IF_MATCH, &tag), (IF_UNMODIFIED_SINCE, date_before), (RANGE, "bytes=5000-")]).await;
    assert_eq!(wanted.status(), StatusCode::PARTIAL_CONTENT);
    assert_eq!(ask(&[(IF_MATCH, &weak), (RANGE, "bytes=5000-")]).await.status(), StatusCode::PRECONDITION_FAILED);
    let unknown = ask(&[(IF_NONE_MATCH, "\"other\""), (IF_MODIFIED_SINCE, &date)]).await;
    assert_eq!(unknown.status(), StatusCode::OK, "a tag says more than a date");

    // The recording is cut again, within the same second and with the same length.
    let file = aircheck.path("recordings").join(format!("{ID}.mp3"));
    let before = std::fs::metadata(&file).and_then(|metadata| metadata.modified()).expect("a date");
    let again = aircheck.path("recordings/again");
    std::fs::write(&again, [7; 10_000]).expect("a file");
    std::fs::File::options().write(true).open(&again).and_then(|file| file.set_modified(before)).expect("its date");
    std::fs::rename(&again, &file).expect("replaced");
    let whole = ask(&[(RANGE, "bytes=5000-"), (IF_RANGE, &tag)]).await;
    assert_eq!(whole.status(), StatusCode::OK);
    assert_eq!(whole.bytes().await.expect("bytes"), vec![7; 10_000]);
    assert_eq!(ask(&[(IF_NONE_MATCH, &tag)]).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_recording_whose_file_says_it_is_from_before_1970_is_played_like_any_other() {
    let (aircheck, _service, base) = serving().await;
    let file = std::fs::File::options().write(true).open(aircheck.path("recordings").join(format!("{ID}.mp3")));
    let landing = SystemTime::UNIX_EPOCH - Duration::from_secs(14_182_940);
    file.and_then(|file| file.set_modified(landing)).expect("its date");
    let url = base.join(&format!("/media/{ID}.mp3")).expect("a path");
    let part = Client::new().get(url).header(RANGE, "bytes=65-67").send().await.expect("an answer");
    assert_eq!(part.status(), StatusCode::PARTIAL_CONTENT);
    assert_eq!(part.headers()[LAST_MODIFIED], "Sun, 20 Jul 1969 20:17:40 GMT");
    assert_eq!(part.text().await.expect("text"), "ABC");
}

#[tokio::test]
async fn feeds_are_rss_with_exact_lengths_and_addresses_of_the_host_that_the_client_asked() {
    let (_aircheck, _service, base) = serving().await;
    let client = Client::new();
    let feed = text(&client, &base, "/feed.xml").await;
    let channel = rss::Channel::read_from(feed.as_bytes()).expect("RSS");
    assert_eq!(channel.items().len(), 2);
    let newest = &channel.items()[0];
    assert_eq!(newest.title(), Some(format!("{HOSTILE} 2026-11-20 16:00").as_str()));
    assert_eq!(newest.guid().map(rss::Guid::value), Some("hostile@20261120T0700Z"));
    let enclosure = newest.enclosure().expect("sound");
    assert_eq!((enclosure.length(), enclosure.mime_type()), ("10000", "audio/mpeg"));
    assert!(enclosure.url().starts_with(base.as_str()), "{}", enclosure.url());
    let sound = client.get(enclosure.url()).send().await.expect("an answer");
    assert_eq!(sound.bytes().await.expect("bytes").len(), 10_000);
    assert_eq!(newest.itunes_ext().and_then(|itunes| itunes.duration()), Some("59:00"));

    let show = text(&client, &base, "/shows/%EB%AA%85%EC%97%B0%EC%A3%BC-%EB%AA%85%EC%9D%8C%EB%B0%98/feed.xml").await;
    let show = rss::Channel::read_from(show.as_bytes()).expect("RSS");
    assert_eq!((show.title(), show.items().len()), ("명연주 명음반", 1));
    let list = text(&client, &base, "/feeds.opml").await;
    assert!(list.contains("/shows/hostile/feed.xml\"") && list.contains("]]&gt; &lt;script&gt;"), "{list}");
    let calendar = text(&client, &base, "/schedule.ics").await;
    assert!(calendar.contains("SUMMARY:명연주 명음반\r\n") && calendar.contains("LOCATION:KBS 1FM\r\n"), "{calendar}");
    let json: serde_json::Value = get(&client, &base, "/api/v1/recordings").await.json().await.expect("JSON");
    assert_eq!(json[1]["verdict"], "partial", "{json}");
    assert_eq!(text(&client, &base, "/healthz").await, "ok\n");
}

#[tokio::test]
async fn no_part_of_an_address_reaches_the_disk_and_requests_for_other_hosts_are_refused() {
    let (aircheck, _service, base) = serving().await;
    std::fs::write(aircheck.path("recordings/secret.mp3"), "secret").expect("a file");
    let client = Client::new();
    for path in [
        "/media/secret.mp3",
        "/media/..%2Fstations.yaml",
        "/media/%2Fetc%2Fpasswd.mp3",
        "/static/..%2Fmod.rs",
        "/shows/none/feed.xml",
        "/x",
    ] {
        assert_eq!(get(&client, &base, path).await.status(), StatusCode::NOT_FOUND, "{path}");
    }
    let rebound = client.get(base.clone()).header(HOST, "evil.example").send().await.expect("an answer");
    assert_eq!(rebound.status(), StatusCode::MISDIRECTED_REQUEST);
    let page = get(&client, &base, "/").await;
    let policy = page.headers()[CONTENT_SECURITY_POLICY].to_str().expect("plain");
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
}

#[tokio::test]
async fn a_recording_without_a_file_is_offered_nowhere() {
    let (aircheck, _service, base) = serving().await;
    let client = Client::new();
    let (file, away) = (aircheck.path("recordings").join(format!("{ID}.mp3")), aircheck.path("away.mp3"));
    std::fs::rename(&file, &away).expect("moved");
    let path = format!("api/v1/recordings/{ID}");
    let listed: serde_json::Value = get(&client, &base, &path).await.json().await.expect("JSON");
    assert_eq!((&listed["gone"], &listed["media"]), (&true.into(), &serde_json::Value::Null), "{listed}");
    let page = text(&client, &base, "?show=hostile").await;
    assert!(page.contains("its file is gone") && !page.contains("/media/hostile"), "{page}");
    std::fs::rename(&away, &file).expect("moved back");
    let listed: serde_json::Value = get(&client, &base, &path).await.json().await.expect("JSON");
    assert!(listed["gone"] == false && listed["media"].is_string(), "{listed}");
}

#[tokio::test]
async fn another_output_folder_counts_from_the_next_start_and_until_then_nothing_moves() {
    let (aircheck, service, base) = serving().await;
    let client = Client::new();
    let yaml = std::fs::read_to_string(aircheck.path("stations.yaml")).expect("the file");
    std::fs::write(aircheck.path("stations.yaml"), yaml.replace("output: recordings", "output: elsewhere"))
        .expect("edited");
    service.says("configuration read again", Duration::from_secs(60)).await;
    assert_eq!(get(&client, &base, &format!("media/{ID}.mp3")).await.status(), StatusCode::OK);
    assert!(text(&client, &base, "feed.xml").await.contains("<enclosure"));
    let listed = aircheck.run(&["list", "--json"]).await;
    let newest = &listed.json()[0];
    let file = aircheck.path("recordings").join(format!("{ID}.mp3"));
    assert_eq!((&newest["gone"], newest["file"].as_str()), (&false.into(), file.to_str()), "{listed}");
    assert!(listed.stderr.contains("until it is started again"), "{listed}");
    let checked = aircheck.run(&["check"]).await;
    assert!(checked.stdout.contains("note: the service that runs uses "), "{checked}");
    drop(service);
    let ended = async || aircheck.run(&["list", "--json"]).await.json()[0]["gone"] == true;
    until("the file to count", Duration::from_secs(20), ended).await;
}
