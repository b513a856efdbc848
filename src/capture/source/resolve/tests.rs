//! Pages, lists and commands against a server on this machine, also when they are not as expected.

mod examples;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};

use super::*;
use crate::base::clock::SystemClock;
use crate::config::{Config, Find, SourceConfig, Step};
use crate::model::StationId;

/// The header that says which host a redirected request was meant for.
const MEANT_FOR: &str = "x-meant-for";

/// A server on this machine that stands for all hosts.
struct Web {
    at: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

/// The answer of a server at one path.
#[derive(Clone)]
enum Page {
    Body(&'static str, Vec<u8>),
    To(&'static str),
    /// Sets a cookie on the way.
    ToWithCookie(&'static str),
    /// Only with that cookie.
    ForCookie(Vec<u8>),
    Status(u16),
    /// Only with this `Referer`.
    For(&'static str, Vec<u8>),
}

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)).unwrap()
}

fn body(text: impl Into<Vec<u8>>) -> Page {
    Page::Body("text/html", text.into())
}

impl Web {
    /// Serves `pages` by host, path and query: `host/path?query`, or `/path` for any host.
    async fn serve(pages: impl IntoIterator<Item = (&'static str, Page)>) -> Self {
        let pages: HashMap<String, Page> = pages.into_iter().map(|(place, page)| (place.to_owned(), page)).collect();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&asked);
        let answer = move |request: Request| {
            let place = request.uri().path_and_query().map_or("/", |place| place.as_str()).to_owned();
            let text =
                |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
            let host = text(MEANT_FOR).to_owned();
            let page = pages.get(&format!("{host}{place}")).or_else(|| pages.get(&place)).cloned();
            log.lock().unwrap().push(format!("{host}{place}"));
            let (referer, cookie) = (text("referer").to_owned(), text("cookie").to_owned());
            async move { Self::answer(page, &referer, &cookie) }
        };
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let at = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await });
        Self { at, asked }
    }

    fn answer(page: Option<Page>, referer: &str, cookie: &str) -> Response {
        match page {
            Some(Page::Body(kind, bytes)) => ([(header::CONTENT_TYPE, kind)], bytes).into_response(),
            Some(Page::For(wanted, bytes)) if wanted == referer => bytes.into_response(),
            Some(Page::ForCookie(bytes)) if cookie == "ticket=7" => bytes.into_response(),
            Some(Page::ToWithCookie(place)) => {
                ([(header::SET_COOKIE, "ticket=7; Path=/")], Redirect::temporary(place)).into_response()
            }
            Some(Page::For(..) | Page::ForCookie(_)) => StatusCode::FORBIDDEN.into_response(),
            Some(Page::To(place)) => Redirect::temporary(place).into_response(),
            Some(Page::Status(code)) => StatusCode::from_u16(code).unwrap().into_response(),
            None => StatusCode::NOT_FOUND.into_response(),
        }
    }

    fn url(&self, place: &str) -> Url {
        Url::parse(&format!("http://{}{place}", self.at)).unwrap()
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    /// `find` with every page fetched from here instead of from its host.
    fn redirect(&self, find: &Find) -> Find {
        let Step::Get { url: Some(url), headers } = &find.step else { return find.clone() };
        let mut headers = headers.clone();
        headers.push((MEANT_FOR.to_owned(), url.host_str().unwrap().to_owned()));
        let place = &url[url::Position::BeforePath..];
        Find { number: find.number, step: Step::Get { url: Some(self.url(place)), headers } }
    }

    /// The first URL that `address` leads to; lists by these names are followed.
    async fn resolve(&self, address: &Address) -> Result<Resolved, ResolveError> {
        let found = self.streams(address, |url| !is_called_a_list(url)).await?;
        let url = found[0].clone();
        Ok(Resolved { expires: expires(&url, Environment::system().clock.now()), url })
    }

    async fn streams(&self, address: &Address, wanted: fn(&Url) -> bool) -> Result<Vec<Url>, ResolveError> {
        let client = http::client(http::Manner::default(), &SystemClock::shared()).unwrap();
        streams(address, &client, &Environment::system(), wanted).await
    }

    /// Runs the steps in `yaml`, in which `HERE` stands for this server.
    async fn find(&self, yaml: &str) -> Result<String, String> {
        let yaml = yaml.replace("HERE", &format!("http://{}", self.at));
        let steps: Vec<&str> = yaml.lines().map(str::trim).collect();
        let text = format!("stations:\n  x:\n    hls:\n      find:\n        {}\n", steps.join("\n        "));
        let config = Config::parse(&text, Path::new("stations.yaml")).unwrap_or_else(|errors| panic!("{errors}"));
        let resolved = self.resolve(address_of(&config, "x")).await;
        resolved.map(|resolved| resolved.url.to_string()).map_err(|error| error.to_string())
    }
}

/// The stream to play.
#[derive(Debug, PartialEq)]
struct Resolved {
    url: Url,
    expires: Option<DateTime<Utc>>,
}

fn is_called_a_list(url: &Url) -> bool {
    url.path().rsplit_once('.').is_some_and(|(_, extension)| matches!(extension, "pls" | "m3u"))
}

fn address_of<'a>(config: &'a Config, station: &str) -> &'a Address {
    match &config.station(&StationId::new(station)).unwrap_or_else(|| panic!("no station {station}")).source {
        SourceConfig::Hls(hls) => &hls.address,
        SourceConfig::Rtmp(rtmp) => &rtmp.address,
        SourceConfig::Icecast(icecast) => &icecast.address,
    }
}

#[tokio::test]
async fn a_body_may_be_a_url_a_pls_an_xspf_or_the_playlist_itself() {
    let hls = "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\na.aac\n";
    let web = Web::serve([
        ("/pls", body(fixture("sbs.pls"))),
        ("/hls", body(hls)),
        ("/signed", Page::To("/a/live.m3u8?Expires=1795186800")),
        ("/a/live.m3u8?Expires=1795186800", body(hls)),
        ("/m3u", body("#EXTM3U\n#EXTINF:-1,x\nlive/stream.mp3\n")),
    ])
    .await;
    let powerfm = web.find("- get: HERE/pls").await.unwrap();
    assert!(powerfm.starts_with("https://radiolive.sbs.co.kr/powerpc/"), "{powerfm}");
    assert_eq!(web.find("- get: HERE/hls").await.unwrap(), web.url("/hls").as_str());
    assert_eq!(web.find("- get: HERE/signed").await.unwrap(), web.url("/a/live.m3u8?Expires=1795186800").as_str());
    assert_eq!(web.find("- get: HERE/m3u").await.unwrap(), web.url("/live/stream.mp3").as_str());
}

#[tokio::test]
async fn playlist_files_are_followed_and_streams_are_not_touched() {
    let web = Web::serve([
        ("/listen.pls", body("[playlist]\nFile1=/next.m3u\n")),
        ("/next.m3u", body("live.mp3\nhttp://no.example/\n")),
        ("/other.m3u", body("#EXTM3U\nlive.mp3\nhttp://no.example/\n")),
        ("/more.pls", body("[playlist]\nFile1=other.m3u\n")),
        ("/page.pls", body("<html>gone")),
        ("/a.pls", body("[playlist]\nFile1=b.m3u\n")),
        ("/b.m3u", body("#EXTM3U\na.pls")),
    ])
    .await;
    let follow = async |place: &str| web.resolve(&Address::Url(web.url(place))).await.map(|found| found.url);
    assert_eq!(follow("/more.pls").await.unwrap(), web.url("/live.mp3"));
    let before = web.asked().len();
    assert_eq!(follow("/live.mp3").await.unwrap(), web.url("/live.mp3"));
    assert_eq!(follow("/live.m3u8").await.unwrap(), web.url("/live.m3u8"));
    assert_eq!(web.asked().len(), before, "a stream was fetched");

    let looped = follow("/a.pls").await.unwrap_err().to_string();
    assert!(looped.contains("/a.pls leads back to itself"), "{looped}");
    let page = follow("/page.pls").await.unwrap_err().to_string();
    assert!(page.contains("/page.pls names no stream; it is a text that begins: <html>gone"), "{page}");
    // Without a header a relative line could be any text.
    assert!(follow("/listen.pls").await.is_err());
    let missing = follow("/missing.pls").await.unwrap_err();
    assert_eq!(missing.status(), Some(StatusCode::NOT_FOUND));
    assert!(missing.to_string().contains("answered 404"), "{missing}");
}

#[tokio::test]
async fn all_that_the_first_list_with_streams_names_is_handed_on_in_its_order() {
    let web = Web::serve([
        ("/tune?id=7", body("#EXTM3U\nrtmp://a/live/radio\nhttp://a/live.mp3\nrtmp://b/live/radio live=1\n")),
        ("/lists", body("[playlist]\nFile1=gone\nFile2=list/none\nFile3=/tune?id=7\n")),
        ("/list/none", body("<html>no list")),
        ("/none", body("#EXTM3U\ngone\n")),
        ("/hls", body("#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\na.aac\n")),
        ("/sound", body([&[0xff, 0xf1, 0x4c, 0x40, 0x02, 0x1f, 0xfc][..], &[0; 9]].concat().repeat(100))),
    ])
    .await;
    let urls = |found: Vec<Url>| found.into_iter().map(String::from).collect::<Vec<_>>();
    let rtmp = async |place: &str| {
        web.streams(&Address::Url(web.url(place)), |url| url.scheme().starts_with("rtmp")).await.map(urls)
    };
    let expected = ["rtmp://a/live/radio", "rtmp://b/live/radio%20live=1"];
    assert_eq!(rtmp("/tune?id=7").await.unwrap(), expected);
    assert_eq!(rtmp("/lists").await.unwrap(), expected, "lists that are none are passed over");
    assert!(rtmp("/hls").await.unwrap_err().to_string().contains("/hls is an HLS playlist: that stands under `hls:`"));
    assert!(
        rtmp("/sound").await.unwrap_err().to_string().contains("/sound is sound itself: that stands under `icecast:`")
    );
    assert!(rtmp("/none").await.unwrap_err().to_string().contains("/gone answered 404"));
    // A step that ends at a list hands on all of it.
    let steps = vec![Find { number: 1, step: Step::Get { url: Some(web.url("/tune?id=7")), headers: Vec::new() } }];
    let client = http::client(http::Manner::default(), &SystemClock::shared()).unwrap();
    let found = find(&Address::Find(steps), &client, &Environment::system()).await.unwrap();
    assert_eq!(found.len(), 3);
}

#[tokio::test]
async fn a_chain_of_pages_is_walked_with_relative_addresses_and_cookies() {
    let web = Web::serve([
        ("/radio/", body(r#"<iframe id="other" src="/no"></iframe><iframe id="player" src="frame?ch=1&amp;t=2">"#)),
        ("/radio/frame?ch=1&t=2", Page::ToWithCookie("/player/v2/frame")),
        ("/player/v2/frame", body(r#"<script>var c = {"api":"api.js?x=1\u0026y=2"}</script>"#)),
        (
            "/player/v2/api.js?x=1&y=2",
            Page::ForCookie(br#"cb({"streams":[{"u":null},{"u":"../hls/a.m3u8"}]});"#.to_vec()),
        ),
    ])
    .await;
    let found = web
        .find(
            r#"- get: HERE/radio/
               - { select: "iframe#player", attr: src }
               - get:
               - match: '"api":"(.*?)"'
               - get:
               - json: "$.streams[*].u""#,
        )
        .await;
    assert_eq!(found.unwrap(), web.url("/player/hls/a.m3u8").as_str());
}

#[tokio::test]
async fn each_step_takes_the_first_text_that_suits_it() {
    let page = r#"<script>first</script><script>{"no":1}</script><script>{"u":"N/A"}</script>
                  <a href="javascript:void(0)">x</a><a href="/live.m3u8">y</a>"#;
    let web = Web::serve([("/", body(page))]).await;
    assert_eq!(
        web.find("- get: HERE/\n- { select: a, attr: href }").await.unwrap(),
        web.url("/live.m3u8").as_str(),
        "the first link is no address"
    );
    let found = web.find("- get: HERE/\n- select: script\n- json: $.u").await.unwrap_err();
    assert!(found.contains("after step 3 (`json: $.u`) there is a text that begins: N/A"), "{found}");
}

#[tokio::test]
async fn a_page_in_euc_kr_is_matched_in_its_own_words() {
    let (page, _, _) = encoding_rs::EUC_KR.encode("<meta charset=euc-kr><b>음악 FM</b> http://a.example/fm.m3u8 ");
    let web = Web::serve([("/", body(page.into_owned()))]).await;
    assert_eq!(
        web.find(
            r"- { get: HERE/ }
                          - match: '음악 FM</b>\s+(\S+)'"
        )
        .await
        .unwrap(),
        "http://a.example/fm.m3u8"
    );
}

#[tokio::test]
async fn an_error_of_a_changed_page_names_the_step_and_quotes_the_page() {
    let page =
        "<!doctype html>\n\n<title>공사중</title><script>var u='http://h/a.m3u8?Policy=eyJTdGF0ZW1lbnQ'</script>";
    let web = Web::serve([("/", body(page)), ("/gone", Page::Status(410)), ("/empty", body(""))]).await;
    for (steps, said) in [
        (
            "- get: HERE/\n- match: 'service_url\\\\\":\\\\\"(.*?)\\\\\"'",
            "step 2 (`match: service_url\\\\\":\\\\\"(.*?)\\\\\"`) found nothing in a text that begins: \
             <!doctype html> <title>공사중</title>",
        ),
        ("- get: HERE/\n- select: audio", "step 2 (`select: audio`) found nothing in a text that begins: <!doctype"),
        ("- get: HERE/\n- json: $.x", "step 2 (`json: $.x`) needs JSON but was given a text that begins: <!doctype"),
        (
            "- get: HERE/\n- select: title\n- get:",
            "step 3 (`get`) has no URL of its own and found none to fetch in a text",
        ),
        ("- get: HERE/", "the steps found no URL of a stream: after step 1 (`get: http://127.0.0.1"),
        ("- get: HERE/empty\n- match: x", "step 2 (`match: x`) found nothing in an empty text"),
        ("- get: HERE/gone?token=secret99", "answered 404"),
        ("- get: HERE/gone", "answered 410"),
    ] {
        let told = web.find(steps).await.unwrap_err();
        assert!(told.contains(said), "{told}");
        assert!(!told.contains("eyJTdGF0ZW1lbnQ") && !told.contains("secret99"), "{told}");
    }
}

#[tokio::test]
async fn a_page_too_large_to_be_one_is_refused() {
    let web = Web::serve([("/", body(vec![b' '; BODY_CAP + 1]))]).await;
    assert!(web.find("- get: HERE/").await.unwrap_err().contains("sent more than 4194304 bytes"));
}

#[tokio::test]
async fn a_command_of_the_users_own_gets_the_text_and_hands_on_what_it_prints() {
    let web = Web::serve([("/", body(r#"<script>u = "http:\/\/a.example\/x\u0026y"</script>"#))]).await;
    let found = web.find(
        r#"- get: HERE/
           - match: 'u = "(.*?)"'
           - run: [sed, "s/^/seen: /"]
           - match: '^seen: (.*)$'"#,
    );
    assert_eq!(found.await.unwrap(), "http://a.example/x&y");
    let alone = web.find(r#"- run: [printf, "http://a.example/live.m3u8\nhttp://b.example/\n"]"#);
    assert_eq!(alone.await.unwrap(), "http://a.example/live.m3u8");
}

#[tokio::test]
async fn a_command_that_fails_says_so_in_its_own_words() {
    let web = Web::serve([]).await;
    for (command, said) in [
        ("[sh, -c, 'echo no such channel >&2; exit 3']", "the command failed (exit status: 3): no such channel"),
        ("['true']", "step 1 (`run: true`): the command printed nothing"),
        ("[aircheck-no-such-program]", "aircheck-no-such-program is not installed"),
        ("[head, -c, 5000000, /dev/zero]", "the command printed more than 4 MiB"),
    ] {
        let told = web.find(&format!("- run: {command}")).await.unwrap_err();
        assert!(told.contains(said), "{told}");
    }
}

#[tokio::test]
async fn a_command_that_does_not_end_is_ended_with_all_it_started() {
    let folder = tempfile::tempdir().unwrap();
    let note = folder.path().join("pid");
    let command = ["sh", "-c", "sleep 600 & echo $! > \"$0\"; wait", note.to_str().unwrap()].map(str::to_owned);
    let ended = command::run(&command, String::new(), Duration::from_secs(1), &Environment::system()).await;
    assert!(matches!(ended, Err(CommandError::TooSlow(_))), "{ended:?}");
    let child: i32 = std::fs::read_to_string(note).unwrap().trim().parse().unwrap();
    let is_gone = || match std::fs::read_to_string(format!("/proc/{child}/stat")) {
        Ok(stat) => stat.contains(") Z "),
        Err(_) => true,
    };
    let gone = async {
        while !is_gone() {
            tokio::task::yield_now().await;
        }
    };
    let in_time = SystemClock::shared().timeout(Duration::from_secs(5), gone).await;
    assert!(in_time.is_ok(), "sleep {child} still runs");
}
