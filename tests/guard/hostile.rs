//! Hostile host names, paths and titles.

use reqwest::StatusCode;
use reqwest::header::HOST;

use tokio::io::AsyncWriteExt as _;

use super::bounds::{connect, rest};
use super::{Guarded, guarded, with};

/// Returns all addresses with a variable part.
const VARIABLE: [&str; 22] = [
    "/media/{}.mp3",
    "/media/{}",
    "/download/{}.mp3",
    "/download/{}",
    "/static/{}",
    "/shows/{}",
    "/shows/{}/feed.xml",
    "/api/v1/recordings/{}",
    "/api/v1/recordings/{}/peaks",
    "/api/v1/{}",
    "/shows/{}/recordings.m3u",
    "/media/{}/chapters.json",
    "/waveforms/{}",
    "/artwork/{}",
    "/artwork/small/{}.png",
    "/live/{}",
    "/live/{}/{}",
    "/s/{}",
    "/s/{}/{}",
    "/s/00000000000000000000000000/{}",
    "/share/{}",
    "/{}",
];

#[tokio::test]
async fn no_path_leads_to_the_disk() {
    let page = Guarded::start("auth: none").await;
    std::fs::write(page.aircheck.path("recordings/secret.mp3"), "a-secret-file").expect("a file");
    for part in [
        "secret",
        "secret.mp3",
        "..%2Fstations.yaml",
        "..%2frecordings%2fsecret",
        "%2e%2e%2fstations.yaml",
        "..%5Cstations.yaml",
        "%2Fetc%2Fpasswd",
        "....%2F%2Fstations.yaml",
        "..%252Fstations.yaml",
        "secret%00.mp3",
        "%FF%FE",
        "hostile@20261120T0700Z%2F..%2Fsecret",
    ] {
        for address in VARIABLE {
            let path = address.replace("{}", part);
            let answer = page.get(&path, &[]).await;
            let status = answer.status();
            let text = answer.text().await.unwrap_or_default();
            assert!(status == StatusCode::NOT_FOUND || status == StatusCode::BAD_REQUEST, "{path}: {status} {text}");
            assert!(
                !text.contains("a-secret-file") && !text.contains("timezone") && !text.contains("root:"),
                "{path}: {text}"
            );
        }
    }
    // Most clients resolve dots before they ask; not all do.
    for path in ["/media/../stations.yaml", "/static/../../stations.yaml", "/%2e%2e/stations.yaml", "/../../etc/passwd"]
    {
        let mut stream = connect(&page).await;
        let head = format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).await.expect("sent");
        let answer = rest(&mut stream).await.0;
        assert!(answer.starts_with("HTTP/1.1 404 ") && !answer.contains("timezone"), "{path}: {answer}");
    }
}

#[tokio::test]
async fn a_foreign_page_whose_name_points_here_reads_nothing() {
    // Without a password, the host name gives it away.
    let page = Guarded::start("auth: none, base_url: \"https://radio.example.org/\"").await;
    let known = async |host: &str| page.status("/api/v1/recordings", &[(HOST.as_str(), host)]).await;
    for host in ["127.0.0.1", "localhost:8080", "[::1]:8080", "radio.example.org", "radio.example.org:8443"] {
        assert_eq!(known(host).await, StatusCode::OK, "{host}");
    }
    for host in ["evil.example", "evil.example:8080", "radio.example.org.evil.example", "127.0.0.1.evil.example"] {
        assert_eq!(known(host).await, StatusCode::MISDIRECTED_REQUEST, "{host}");
        // Scripts of a page can pretend to come through a web server.
        for name in ["x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"] {
            let answer = page.status("/api/v1/recordings", &[(HOST.as_str(), host), (name, "127.0.0.1")]).await;
            assert_eq!(answer, StatusCode::MISDIRECTED_REQUEST, "{host} {name}");
        }
    }
    // With a password, the foreign page does not know it.
    let page = Guarded::start(&guarded("")).await;
    let asked = |host: &'static str| (HOST.as_str(), host);
    assert_eq!(page.status("/api/v1/recordings", &[asked("radio.local")]).await, StatusCode::UNAUTHORIZED);
    let session = page.session().await;
    assert_eq!(page.status("/api/v1/recordings", &[asked("radio.local"), with(&session)]).await, StatusCode::OK);
}

#[tokio::test]
async fn titles_are_text_in_every_output() {
    let page = Guarded::start(&guarded("")).await;
    let session = page.session().await;
    for path in [
        "/",
        "/schedule",
        "/shows/hostile",
        "/subscribe",
        "/nothing",
        "/sign-in?next=%22%3E%3Cscript%3Ealert(1)%3C/script%3E",
    ] {
        let html = page.get(path, &[with(&session)]).await.text().await.expect("text");
        assert!(!html.contains("<script>alert") && !html.contains("\"x\"\""), "{path}: {html}");
        assert!(html.contains("aircheck"), "{path}: {html}");
    }
    for path in ["/feed.xml", "/shows/hostile/feed.xml", "/feeds.opml"] {
        let xml = page.get(path, &[with(&session)]).await.text().await.expect("text");
        assert!(!xml.contains("<script>alert") || xml.contains("<![CDATA["), "{path}: {xml}");
        let words = xml.matches("alert(1)").count();
        assert!(words > 0, "{path}: {xml}");
    }
    let calendar = page.get("/schedule.ics", &[with(&session)]).await.text().await.expect("text");
    assert!(calendar.contains("SUMMARY:]]> <script>alert(1)</script> & \"x\"\r\n"), "{calendar}");
    let playlist = page.get("/recordings.m3u", &[with(&session)]).await.text().await.expect("text");
    assert!(playlist.lines().all(|line| line.starts_with('#') || line.starts_with("http://")), "{playlist}");
    let download = page.get("/download/hostile@20261120T0700Z.mp3", &[with(&session)]).await;
    assert_eq!(download.headers()["x-content-type-options"], "nosniff");
    let next = page.post("/sign-in", &[("password", super::PASSWORD), ("next", "//evil.example/")], &[]).await;
    assert_eq!(next.headers()["location"], "/");
}
