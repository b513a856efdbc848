//! Feeds, playlists and calendars, over HTTP at the real service, with a library of real MP3s.

mod clients;

use std::time::Duration;

use aircheck::library::catalogue::Catalogue;
use aircheck::model::Verdict;
use chrono::{DateTime, TimeDelta, Utc};
use reqwest::header::{CONTENT_TYPE, ETAG, HOST, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED};
use reqwest::{Client, Response, StatusCode, Url};
use rss::Channel;
use rss::extension::Extension;
use serde_json::Value;

use crate::support::aircheck::{Aircheck, until};
use crate::support::collection::{Collection, SECONDS, kept};
use crate::support::ffmpeg;
use crate::support::library::{HOSTILE, address, record};

/// The keys of a page for everybody, also through a web server in front.
const OPEN: &str = "web: { listen: \"127.0.0.1:0\", auth: none }\n";

/// The path of the Korean show, in an address.
const KOREAN: &str = "shows/%EB%AA%85%EC%97%B0%EC%A3%BC-%EB%AA%85%EC%9D%8C%EB%B0%98";

async fn get(url: &Url) -> Response {
    Client::new().get(url.clone()).send().await.expect("an answer")
}

async fn ask(base: &Url, path: &str, headers: &[(&str, &str)]) -> Response {
    let request = Client::new().get(base.join(path).expect("a path"));
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    request.send().await.expect("an answer")
}

async fn text(base: &Url, path: &str) -> String {
    let response = ask(base, path, &[]).await;
    assert_eq!(response.status(), StatusCode::OK, "{path}");
    response.text().await.expect("text")
}

async fn channel(base: &Url, path: &str) -> Channel {
    Channel::read_from(text(base, path).await.as_bytes()).expect("RSS")
}

/// Returns the elements `prefix:name` of a feed.
fn elements<'a>(channel: &'a Channel, prefix: &str, name: &str) -> &'a [Extension] {
    channel.extensions().get(prefix).and_then(|elements| elements.get(name)).map_or(&[], Vec::as_slice)
}

/// Returns the links of a feed: their relation, and where they lead.
fn links(channel: &Channel) -> Vec<(&str, &str)> {
    let links = elements(channel, "atom", "link").iter();
    links.map(|link| (link.attrs()["rel"].as_str(), link.attrs()["href"].as_str())).collect()
}

#[tokio::test]
async fn a_feed_has_all_that_podcast_apps_read() {
    let library = Collection::usual("").await;
    let (_service, base) = library.serve().await;
    let path = format!("{KOREAN}/feed.xml");
    let feed = channel(&base, &path).await;
    let own = base.join(&path).expect("a path");
    assert_eq!((feed.title(), feed.language(), feed.ttl()), ("명연주 명음반", Some("ko"), Some("15")));
    assert_eq!(feed.link(), base.join(KOREAN).expect("a path").as_str());
    assert_eq!(links(&feed), [("self", own.as_str())]);
    let guid = elements(&feed, "podcast", "guid")[0].value().expect("a guid");
    assert_eq!((guid.len(), guid.as_bytes()[14]), (36, b'5'));
    assert_eq!(elements(&feed, "podcast", "locked")[0].value(), Some("yes"));
    assert_eq!(elements(&feed, "podcast", "medium")[0].value(), Some("podcast"));
    let raw = text(&base, &path).await;
    for empty in ["<podcast:transcript", "<title></title>", "<description></description>", "<podcast:person", "\"\""] {
        assert!(!raw.contains(empty), "{empty} in {raw}");
    }

    assert_eq!(feed.items().len(), 2);
    let newest = &feed.items()[0];
    assert_eq!(newest.title(), Some("명연주 명음반 2026-11-20 14:00"));
    assert_eq!(newest.pub_date(), Some("Fri, 20 Nov 2026 14:00:06 +0900"));
    let guid = newest.guid().expect("a guid");
    assert_eq!((guid.value(), guid.is_permalink()), ("명연주-명음반@20261120T0500Z", false));
    assert!(newest.description().is_some_and(|it| it.contains("&lt;b&gt;403")), "no HTML of others: {newest:?}");
    for item in feed.items() {
        let itunes = item.itunes_ext().expect("tags of Apple");
        assert_eq!(itunes.duration(), Some("0:06"), "silence in the place of a gap plays too");
        let enclosure = item.enclosure().expect("sound");
        let sound = get(&Url::parse(enclosure.url()).expect("a URL")).await;
        assert_eq!(sound.headers()[CONTENT_TYPE], enclosure.mime_type());
        assert_eq!(
            sound.bytes().await.expect("bytes").len().to_string(),
            enclosure.length(),
            "of the file, not the list"
        );
    }
}

#[tokio::test]
async fn chapters_are_at_their_positions_in_the_file() {
    let library = Collection::usual("").await;
    let (_service, base) = library.serve().await;
    let feed = channel(&base, "feed.xml").await;
    let chapters = async |item: &rss::Item| {
        let element = &item.extensions().get("podcast")?.get("chapters")?[0];
        assert_eq!(element.attrs()["type"], "application/json+chapters");
        let answer = get(&Url::parse(&element.attrs()["url"]).expect("a URL")).await;
        assert_eq!(answer.headers()[CONTENT_TYPE], "application/json+chapters");
        Some(answer.json::<Value>().await.expect("JSON"))
    };
    let by_guid = |guid: &str| feed.items().iter().find(|item| item.guid().is_some_and(|it| it.value() == guid));
    let left_out = chapters(by_guid("명연주-명음반@20261119T0500Z").expect("the first")).await.expect("chapters");
    assert_eq!(
        left_out,
        serde_json::json!({
            "version": "1.2.0",
            "title": "명연주 명음반",
            "chapters": [
                { "startTime": 0.0, "endTime": 2.0, "title": "14:00:00" },
                { "startTime": 2.0, "endTime": 6.0, "title": "14:00:06, after 4.0 s missing: it answered <b>403</b>" },
            ],
        })
    );
    let filled = chapters(by_guid("명연주-명음반@20261120T0500Z").expect("the second")).await.expect("chapters");
    assert_eq!(filled["chapters"][1]["startTime"], 3.0, "with silence the mark is where the sound is back: {filled}");
    let whole = by_guid("hostile@20261119T0700Z").expect("the third");
    assert_eq!(chapters(whole).await, None);
    for path in ["media/hostile@20261119T0700Z/chapters.json", "media/none@20261119T0700Z/chapters.json"] {
        assert_eq!(ask(&base, path, &[]).await.status(), StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn a_transcript_beside_a_recording_is_in_its_feed() {
    let library = Collection::usual("").await;
    let (_service, base) = library.serve().await;
    let path = format!("{KOREAN}/feed.xml");
    let newest = library.path(&kept("명연주-명음반", "명연주 명음반", 24));
    let before = ask(&base, &path, &[]).await.headers()[ETAG].to_str().expect("plain").to_owned();
    let words = "WEBVTT\n\n00:00.000 --> 00:02.000\n안녕하세요\n";
    std::fs::write(newest.with_extension("vtt"), words).expect("written");
    std::fs::write(newest.with_extension("json"), "{}").expect("written");
    // A transcript of another recording, which had this name before.
    let old = std::fs::File::create(newest.with_extension("srt")).expect("made");
    old.set_modified(std::time::SystemTime::UNIX_EPOCH).expect("an old file");
    assert_eq!(ask(&base, &path, &[(IF_NONE_MATCH.as_str(), &before)]).await.status(), StatusCode::OK, "it changed");
    let feed = channel(&base, &path).await;
    let transcripts = |item: &rss::Item| item.extensions()["podcast"].get("transcript").cloned().unwrap_or_default();
    assert_eq!(transcripts(&feed.items()[1]), []);
    let [transcript] = &transcripts(&feed.items()[0])[..] else { panic!("{feed}") };
    assert_eq!(transcript.attrs()["type"], "text/vtt");
    let answer = get(&Url::parse(&transcript.attrs()["url"]).expect("a URL")).await;
    assert_eq!(answer.headers()[CONTENT_TYPE], "text/vtt; charset=utf-8");
    assert_eq!(answer.text().await.expect("text"), words);
    let media = "media/%EB%AA%85%EC%97%B0%EC%A3%BC-%EB%AA%85%EC%9D%8C%EB%B0%98@20261120T0500Z";
    assert_eq!(ask(&base, &format!("{media}/transcript.vtt"), &[]).await.status(), StatusCode::OK);
    for none in ["transcript.srt", "transcript.json", "transcript.txt", "transcript.mp3", "..%2Fstations.yaml"] {
        assert_eq!(ask(&base, &format!("{media}/{none}"), &[]).await.status(), StatusCode::NOT_FOUND, "{none}");
    }
}

#[tokio::test]
async fn an_app_that_asks_again_gets_a_feed_only_if_it_has_changed_and_a_guid_never_changes() {
    let library = Collection::usual("").await;
    let (service, base) = library.serve().await;
    let guids = |channel: &Channel| -> Vec<String> {
        channel.items().iter().filter_map(|item| item.guid().map(|guid| guid.value().to_owned())).collect()
    };
    let before = channel(&base, "feed.xml").await;
    let first = ask(&base, "feed.xml", &[]).await;
    let (tag, date) = (first.headers()[ETAG].clone(), first.headers()[LAST_MODIFIED].clone());
    let (tag, date) = (tag.to_str().expect("plain"), date.to_str().expect("plain"));
    let again = async |name: &str, value: &str| {
        let answer = ask(&base, "feed.xml", &[(name, value)]).await;
        let status = answer.status();
        (status, answer.bytes().await.expect("bytes").len())
    };
    assert_eq!(again(IF_NONE_MATCH.as_str(), tag).await, (StatusCode::NOT_MODIFIED, 0));
    assert_eq!(again(IF_MODIFIED_SINCE.as_str(), date).await, (StatusCode::NOT_MODIFIED, 0));
    let head = Client::new().head(base.join("feed.xml").expect("a path")).send().await.expect("an answer");
    assert_eq!((head.status(), head.headers()[ETAG].to_str().expect("plain")), (StatusCode::OK, tag));

    // A person removes a file: the feed no longer has it, and apps get the new feed.
    let gone = kept("hostile", HOSTILE, 2);
    std::fs::remove_file(library.path(&gone)).expect("removed");
    assert_eq!(again(IF_NONE_MATCH.as_str(), tag).await.0, StatusCode::OK);
    let after = channel(&base, "feed.xml").await;
    let expected: Vec<String> =
        guids(&before).into_iter().filter(|guid| *guid != gone.airing().id.to_string()).collect();
    assert_eq!((guids(&before).len(), guids(&after)), (4, expected.clone()));

    // Other titles and another start change no guid.
    let yaml = std::fs::read_to_string(library.aircheck.path("stations.yaml")).expect("the YAML");
    let renamed = yaml.replace("title: Evening News", "title: Night News, id: evening-news");
    std::fs::write(library.aircheck.path("stations.yaml"), renamed).expect("written");
    service.signal(rustix::process::Signal::HUP);
    until("the new title", Duration::from_secs(60), async || text(&base, "feeds.opml").await.contains("Night News"))
        .await;
    assert_eq!(guids(&channel(&base, "feed.xml").await), expected);
    drop(service);
    let (_service, base) = library.serve().await;
    assert_eq!(guids(&channel(&base, "feed.xml").await), expected);
}

#[tokio::test]
async fn a_feed_leads_clients_to_this_machine_and_none_to_its_own() {
    let library = Collection::usual(OPEN).await;
    let (_service, base) = library.serve().await;
    let enclosure = async |headers: &[(&str, &str)]| {
        let answer = ask(&base, "feed.xml", headers).await;
        assert_eq!(answer.status(), StatusCode::OK, "{headers:?}");
        let feed = Channel::read_from(answer.text().await.expect("text").as_bytes()).expect("RSS");
        feed.items()[0].enclosure().expect("sound").url().to_owned()
    };
    let direct = enclosure(&[]).await;
    assert!(direct.starts_with(base.as_str()), "{direct}");
    let asked = enclosure(&[(HOST.as_str(), "192.0.2.7:8080")]).await;
    assert!(asked.starts_with("http://192.0.2.7:8080/media/"), "{asked}");
    let client = ("x-forwarded-for", "192.0.2.9");
    let proxied = [client, ("x-forwarded-host", "radio.example.org"), ("x-forwarded-proto", "https")];
    let asked = enclosure(&proxied).await;
    assert!(asked.starts_with("https://radio.example.org/media/"), "{asked}");
    for path in ["feed.xml", "feeds.opml", "recordings.m3u"] {
        let lost = ask(&base, path, &[client, (HOST.as_str(), "localhost:8080")]).await;
        assert_eq!(lost.status(), StatusCode::MISDIRECTED_REQUEST, "{path}");
        assert!(lost.text().await.expect("text").contains("base_url"), "{path}: it says what to do");
    }

    let based = OPEN.replace(" }", ", base_url: \"https://radio.example.org/air/\" }");
    let library = Collection::usual(&based).await;
    let (_service, base) = library.serve().await;
    let feed = text(&base, "feed.xml").await;
    assert!(feed.contains("https://radio.example.org/air/media/") && !feed.contains("127.0.0.1"), "{feed}");
}

#[tokio::test]
async fn thousands_of_recordings_come_in_pages() {
    let library = Collection::new("").await;
    let one = kept("evening-news", "Evening News", 0);
    library.keep(&one).await;
    let folder = library.aircheck.path("recordings");
    for hours in 1..=300 {
        let another = kept("evening-news", "Evening News", hours);
        std::fs::hard_link(folder.join(one.file()), folder.join(another.file())).expect("a link");
        library.list(&another, &another.file()).await;
    }
    let (_service, base) = library.serve().await;
    let address = |path: &str| base.join(path).expect("a path").to_string();
    let newest = channel(&base, "feed.xml").await;
    assert_eq!(newest.items().len(), 300);
    assert_eq!(links(&newest), [("self", address("feed.xml").as_str()), ("next", address("feed.xml?page=2").as_str())]);
    let oldest = channel(&base, "feed.xml?page=2").await;
    assert_eq!(oldest.items().len(), 1);
    assert_eq!(oldest.items()[0].guid().expect("a guid").value(), one.airing().id.as_str());
    let (own, first) = (address("feed.xml?page=2"), address("feed.xml"));
    assert_eq!(links(&oldest), [("self", own.as_str()), ("first", first.as_str()), ("previous", first.as_str())]);
    assert_eq!(elements(&newest, "podcast", "guid"), elements(&oldest, "podcast", "guid"));
    let list = text(&base, "recordings.m3u").await;
    assert_eq!(list.lines().filter(|line| line.starts_with("#EXTINF:")).count(), 301);
}

#[tokio::test]
async fn recordings_by_hand_within_one_minute_have_titles_of_their_own() {
    let aircheck = Aircheck::new("timezone: Asia/Seoul\nstations: { kbs: { hls: \"http://127.0.0.1:9/x\" } }\n");
    let catalogue = Catalogue::open(aircheck.path("state/catalogue.sqlite")).await.expect("a catalogue");
    for second in [0, 17, 42] {
        let start = "2026-11-20T05:00:00Z".parse::<DateTime<Utc>>().expect("a time") + TimeDelta::seconds(second);
        record(&aircheck, &catalogue, "by-hand", "KBS", start, Verdict::Complete, vec![]).await;
    }
    let service = aircheck.start("run", &["run"]);
    let base = address(&service).await;
    let feed = channel(&base, "feed.xml").await;
    let titles: Vec<_> = feed.items().iter().filter_map(rss::Item::title).collect();
    assert_eq!(titles, ["KBS 2026-11-20 14:00:42", "KBS 2026-11-20 14:00:17", "KBS 2026-11-20 14:00"]);
    let playlist = text(&base, "recordings.m3u").await;
    for title in titles {
        assert!(playlist.lines().any(|line| line.ends_with(title)), "{title}: {playlist}");
    }
}

#[tokio::test]
async fn playlists_have_one_entry_for_each_recording_whatever_its_title() {
    let library = Collection::usual("").await;
    let (_service, base) = library.serve().await;
    let answer = ask(&base, "recordings.m3u", &[]).await;
    assert_eq!(answer.headers()[CONTENT_TYPE], "audio/x-mpegurl; charset=utf-8");
    let list = answer.text().await.expect("text");
    let lines: Vec<&str> = list.lines().collect();
    assert_eq!(lines[..2], ["#EXTM3U", "#PLAYLIST:aircheck"]);
    assert_eq!(lines.len(), 2 + 4 * 2, "{list}");
    assert!(!list.contains(['\u{2028}', '\r']), "{list}");
    assert_eq!(lines[2], format!("#EXTINF:{SECONDS},KBS 1FM - 명연주 명음반 2026-11-20 14:00"));
    let evil = "Other <FM> - news, late #EXTINF:0,evil http://evil.example/x.mp3 END:VCALENDAR 2026-11-19 18:00";
    assert_eq!(lines[4], format!("#EXTINF:{SECONDS},{evil}"));
    for entry in lines[2..].chunks(2) {
        assert!(entry[0].starts_with("#EXTINF:") && entry[1].starts_with(base.as_str()), "{entry:?}");
        assert_eq!(get(&Url::parse(entry[1]).expect("a URL")).await.status(), StatusCode::OK);
    }
    let show = text(&base, &format!("{KOREAN}/recordings.m3u")).await;
    assert!(show.starts_with("#EXTM3U\n#PLAYLIST:명연주 명음반\n") && show.matches("#EXTINF").count() == 2, "{show}");
    assert_eq!(ask(&base, "shows/none/recordings.m3u", &[]).await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_calendar_is_valid_and_sent_again_only_if_it_has_changed() {
    let library = Collection::usual("").await;
    let (_service, base) = library.serve().await;
    let answer = ask(&base, "schedule.ics", &[]).await;
    assert_eq!(answer.headers()[CONTENT_TYPE], "text/calendar; charset=utf-8");
    let tag = answer.headers()[ETAG].to_str().expect("plain").to_owned();
    let calendar = answer.text().await.expect("text");
    // RFC 5545, section 3.1: a line has at most 75 octets, and goes on after a space.
    assert!(calendar.split("\r\n").all(|line| line.len() <= 75 && !line.contains('\n')), "{calendar}");
    let whole = calendar.replace("\r\n ", "");
    let lines: Vec<&str> = whole.split_terminator("\r\n").collect();
    for there in [
        "X-WR-CALNAME:aircheck",
        "REFRESH-INTERVAL;VALUE=DURATION:PT3600S",
        "SUMMARY:]]> <script>alert(1)</script> & \"x\"",
        "LOCATION:Other <FM>",
        &format!("URL:{}", base.join(KOREAN).expect("a path")),
    ] {
        assert!(lines.contains(&there), "{there} in {whole}");
    }
    let uids: Vec<&&str> = lines.iter().filter(|line| line.starts_with("UID:")).collect();
    assert!(uids.len() > 100 && uids.iter().any(|uid| uid.starts_with("UID:명연주-명음반@")), "{uids:?}");
    assert_eq!(ask(&base, "schedule.ics", &[(IF_NONE_MATCH.as_str(), &tag)]).await.status(), StatusCode::NOT_MODIFIED);
}

#[tokio::test]
async fn one_page_has_the_addresses_of_all_subscriptions() {
    let collection = Collection::usual(OPEN).await;
    let (_service, base) = collection.serve().await;
    let known = [(HOST.as_str(), "192.0.2.7:8080"), ("accept-language", "ko")];
    let page = ask(&base, "subscribe", &known).await.text().await.expect("text").replace("&#x2f;", "/");
    for there in [
        "<a class=\"feed\" href=\"http://192.0.2.7:8080/feed.xml\">",
        "<a href=\"podcast://192.0.2.7:8080/feed.xml\">",
        "href=\"http://192.0.2.7:8080/shows/evening-news/feed.xml\"",
        &format!("data-address=\"http://192.0.2.7:8080/{KOREAN}/feed.xml\""),
        "<a class=\"feed\" href=\"http://192.0.2.7:8080/schedule.ics\">",
        "<a href=\"webcal://192.0.2.7:8080/schedule.ics\">캘린더 앱에서 열기</a>",
        "href=\"/feeds.opml\"",
        "href=\"/recordings.m3u\"",
        "피드 주소 QR 코드",
    ] {
        assert!(page.contains(there), "{there} in {page}");
    }
    assert!(!page.contains("<script>alert"), "{page}");
    let lost = [("x-forwarded-for", "192.0.2.9"), (HOST.as_str(), "localhost:8080")];
    let page = ask(&base, "subscribe", &lost).await.text().await.expect("text");
    assert!(page.contains("base_url") && !page.contains("feed.xml\">http"), "{page}");
}

#[tokio::test]
async fn every_feed_has_a_picture_of_a_type_and_size_that_apps_accept() {
    let collection = Collection::usual("").await;
    let jpeg = ffmpeg::run(&["-f", "lavfi", "-i", "color=red:s=1500x1500", "-frames:v", "1", "-f", "mjpeg", "-"], &[]);
    std::fs::write(collection.aircheck.path("news.jpg"), &jpeg).expect("a picture");
    let yaml = std::fs::read_to_string(collection.aircheck.path("stations.yaml")).expect("the YAML");
    let with = yaml.replace("title: Evening News", "title: Evening News, artwork: news.jpg");
    std::fs::write(collection.aircheck.path("stations.yaml"), with).expect("written");
    let (_service, base) = collection.serve().await;
    let picture = async |url: &str| {
        let answer = get(&Url::parse(url).expect("a URL")).await;
        assert_eq!(answer.status(), StatusCode::OK, "{url}");
        let (kind, tag) = (answer.headers()[CONTENT_TYPE].clone(), answer.headers()[ETAG].clone());
        let known = Client::new().get(url).header(IF_NONE_MATCH, tag).send().await.expect("an answer");
        assert_eq!(known.status(), StatusCode::NOT_MODIFIED, "{url}");
        (kind.to_str().expect("plain").to_owned(), answer.bytes().await.expect("bytes"))
    };
    // Every PNG has its width and height there.
    let size = |png: &[u8]| (png[16..20].to_vec(), png[20..24].to_vec());
    let square = |side: u32| (side.to_be_bytes().to_vec(), side.to_be_bytes().to_vec());
    for path in ["feed.xml", &format!("{KOREAN}/feed.xml")] {
        let feed = channel(&base, path).await;
        let url = feed.itunes_ext().and_then(|itunes| itunes.image()).expect("a picture");
        assert_eq!(feed.image().map(rss::Image::url), Some(url));
        let (kind, png) = picture(url).await;
        assert_eq!((kind.as_str(), size(&png)), ("image/png", square(1400)), "{url}");
    }
    let feed = channel(&base, "feed.xml").await;
    let of = |title: &str| {
        let item = feed.items().iter().find(|item| item.title().is_some_and(|it| it.starts_with(title)));
        item.and_then(|item| item.itunes_ext()?.image().map(str::to_owned)).expect("a picture")
    };
    assert!(of("명연주").ends_with("/%EB%AA%85%EC%97%B0%EC%A3%BC-%EB%AA%85%EC%9D%8C%EB%B0%98.png"), "{}", of("명연주"));
    assert!(of("news").ends_with("/artwork/evening-news.jpg"), "{}", of("news"));
    assert_eq!(picture(&of("news")).await, ("image/jpeg".to_owned(), jpeg.into()), "as it is");

    let address = |path: &str| base.join(path).expect("a path").to_string();
    let (_, small) = picture(&address("artwork/small/hostile.png")).await;
    assert_eq!(size(&small), square(300));
    let (kind, _) = picture(&address("artwork/stations/kbs.png")).await;
    assert_eq!(kind, "image/png");
    for path in ["artwork/none.png", "artwork/hostile", "artwork/..%2Fnews.jpg", "artwork/stations/none.png"] {
        assert_eq!(ask(&base, path, &[]).await.status(), StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn the_page_of_a_show_says_how_to_subscribe_by_an_address_that_works_there() {
    let collection = Collection::usual("").await;
    let (_service, base) = collection.serve().await;
    let page = async |path: &str, headers: &[(&str, &str)]| ask(&base, path, headers).await.text().await.expect("text");
    let known = page(KOREAN, &[(HOST.as_str(), "192.0.2.7:8080"), ("accept-language", "ko")]).await;
    let bare = format!("192.0.2.7:8080/{KOREAN}/feed.xml");
    for there in [
        format!("<a class=\"feed\" href=\"http://{bare}\">"),
        format!("<a href=\"podcast://{bare}\">Apple Podcasts</a>"),
        format!("<a href=\"pktc://subscribe/{bare}\">Pocket Casts</a>"),
        format!("<a href=\"antennapod-subscribe://{bare}\">AntennaPod</a>"),
        "<a href=\"overcast://x-callback-url/add?url=http%3A%2F%2F192.0.2.7%3A8080%2Fshows%2F%25EB".to_owned(),
        "<title id=\"code-title\">피드 주소 QR 코드</title>".to_owned(),
        format!("/{KOREAN}/recordings.m3u"),
        format!("/artwork/small/{}.png", KOREAN.trim_start_matches("shows/")),
    ] {
        // Slashes in attributes are escaped.
        let there = there.replace('/', "&#x2f;");
        assert!(known.replace('/', "&#x2f;").contains(&there), "{there} in {known}");
    }
    let here = page("shows/hostile", &[]).await;
    assert!(here.contains("This address works on this computer only"), "{here}");
    assert!(!here.contains("code-title") && !here.contains("<script>alert"), "{here}");
    for (file, kind) in [("subscribe.js", "text/javascript"), ("subscribe.css", "text/css")] {
        let answer = ask(&base, &format!("static/{file}"), &[]).await;
        assert!(answer.headers()[CONTENT_TYPE].to_str().is_ok_and(|it| it.starts_with(kind)), "{file}");
    }
}
