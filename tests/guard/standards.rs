//! The standards of the web, as a table: a request as it is on the wire, and the head of the answer.

use tokio::io::AsyncWriteExt as _;

use super::bounds::{connect, rest};
use super::{Guarded, guarded};

/// A recording of 10,000 bytes.
const SOUND: &str = "/media/hostile@20261120T0700Z.mp3";

/// Returns the head and the body of the answer to a request that closes the connection.
async fn asked(page: &Guarded, request: &str) -> (String, String) {
    let (line, fields) = request.split_once('\n').unwrap_or((request, ""));
    let fields: String = fields.lines().map(|field| format!("{}\r\n", field.trim_start())).collect();
    let mut stream = connect(page).await;
    let request = format!("{line} HTTP/1.1\r\n{fields}Connection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("sent");
    let answer = rest(&mut stream).await.0;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    (head.to_owned(), body.to_owned())
}

/// Checks that each answer has this status, and all of these lines in its head; a line that begins with `!` must be
/// absent.
async fn all(page: &Guarded, table: &[(&str, u16, &[&str])]) {
    for (request, status, told) in table {
        let (head, _) = asked(page, request).await;
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{request}\n→ {status} and not\n{head}");
        for line in *told {
            let (line, wanted) = line.strip_prefix('!').map_or((*line, true), |line| (line, false));
            let has = head.to_lowercase().contains(&line.to_lowercase());
            assert_eq!(has, wanted, "{request}\n→ {line} in\n{head}");
        }
    }
}

#[tokio::test]
async fn hosts_are_compared_as_hosts() {
    let page = Guarded::start("auth: none, base_url: \"http://Nas.local:8080/\"").await;
    all(
        &page,
        &[
            // RFC 9110 section 4.2.3: a host has no case; RFC 3986 section 3.2.2: a dot may end it.
            ("GET /feed.xml\nHost: nas.local:8080", 200, &[]),
            ("GET /feed.xml\nHost: NAS.Local:8080", 200, &[]),
            ("GET /feed.xml\nHost: nas.local.", 200, &[]),
            ("GET /feed.xml\nHost: NAS.LOCAL.:8080", 200, &[]),
            ("GET /feed.xml\nHost: LOCALHOST.:8080", 200, &[]),
            ("GET /feed.xml\nhost:nas.local", 200, &[]),
            ("GET /feed.xml\nHost: other.local", 421, &[]),
            ("GET /feed.xml\nHost: nas.local.evil.example", 421, &[]),
            // RFC 9112 section 3.2: one valid `Host`; a whole address in the request line outweighs it.
            ("GET /feed.xml", 400, &[]),
            ("GET /feed.xml\nHost: nas.local\nHost: nas.local", 400, &[]),
            ("GET /feed.xml\nHost: nas.local\nHost: evil.example", 400, &[]),
            ("GET /feed.xml\nHost: nas.local/x", 400, &[]),
            ("GET /feed.xml\nHost: a b", 400, &[]),
            ("GET http://nas.local:8080/feed.xml\nHost: evil.example", 200, &[]),
            ("GET http://evil.example/feed.xml\nHost: nas.local", 421, &[]),
        ],
    )
    .await;
}

#[tokio::test]
async fn ranges_of_a_recording_follow_the_standard() {
    let page = Guarded::start("auth: none").await;
    let range = |range: &str| format!("GET {SOUND}\nHost: localhost\nRange: {range}");
    // RFC 9110 section 14.1.2: satisfiable.
    for (asked, told) in [
        ("bytes=0-99", "content-range: bytes 0-99/10000"),
        ("Bytes=0-10", "content-range: bytes 0-10/10000"),
        ("bytes=9990-", "content-range: bytes 9990-9999/10000"),
        ("bytes=-10", "content-range: bytes 9990-9999/10000"),
        ("bytes=-999999999", "content-range: bytes 0-9999/10000"),
        ("bytes=9990-999999999999999999999999999", "content-range: bytes 9990-9999/10000"),
        ("bytes=0-1,2-3", "content-range: bytes 0-3/10000"),
        ("bytes=20000-,0-1", "content-range: bytes 0-1/10000"),
    ] {
        all(&page, &[(&range(asked), 206, &[told, "accept-ranges: bytes", "etag: \""])]).await;
    }
    // Section 14.2: must or may be ignored.
    for asked in ["items=0-1", "bytes=5-2", "bytes=a-b", "bytes=", "bytes=0-1,5-6", "nonsense"] {
        all(&page, &[(&range(asked), 200, &["content-length: 10000", "!content-range"])]).await;
    }
    // Section 15.5.17: not satisfiable.
    for asked in ["bytes=10000-", "bytes=-0"] {
        all(&page, &[(&range(asked), 416, &["content-range: bytes */10000"])]).await;
    }
    let head = format!("HEAD {SOUND}\nHost: localhost\nRange: bytes=0-1");
    all(&page, &[(&head, 200, &["content-length: 10000", "!content-range"])]).await;
    let twice = format!("{}\nRange: bytes=5-6", range("bytes=0-1"));
    all(&page, &[(&twice, 200, &["content-length: 10000"])]).await;
    let (_, body) = asked(&page, &range("bytes=65-67")).await;
    assert_eq!(body, "ABC");
}

#[tokio::test]
async fn conditions_are_evaluated_in_their_order() {
    let page = Guarded::start("auth: none").await;
    let (head, _) = asked(&page, &format!("GET {SOUND}\nHost: localhost")).await;
    let field = |name: &str| {
        let line = head.lines().find(|line| line.to_lowercase().starts_with(name)).expect(name);
        line.split_once(": ").expect("a field").1.to_owned()
    };
    let (tag, modified) = (field("etag"), field("last-modified"));
    let with = |fields: &str| format!("GET {SOUND}\nHost: localhost\n{fields}");
    let old = "Fri, 20 Nov 1998 05:00:00 GMT";
    for (fields, status) in [
        // RFC 9110 section 13.1.2: weak comparison, lists, any.
        (format!("If-None-Match: {tag}"), 304),
        (format!("If-None-Match: W/{tag}"), 304),
        (format!("If-None-Match: \"x\", {tag}"), 304),
        (format!("If-None-Match: \"x\"\nIf-None-Match: {tag}"), 304),
        ("If-None-Match: *".to_owned(), 304),
        ("If-None-Match: \"x\"".to_owned(), 200),
        // Section 13.1.1: strong comparison.
        (format!("If-Match: {tag}"), 200),
        (format!("If-Match: W/{tag}"), 412),
        ("If-Match: *".to_owned(), 200),
        ("If-Match: \"x\"".to_owned(), 412),
        // Sections 13.1.3 and 13.1.4; 5.6.7: a date in any of its forms.
        (format!("If-Modified-Since: {modified}"), 304),
        (format!("If-Modified-Since: {old}"), 200),
        ("If-Modified-Since: Friday, 20-Nov-98 05:00:00 GMT".to_owned(), 200),
        ("If-Modified-Since: Sun Nov  6 08:49:37 2044".to_owned(), 304),
        ("If-Modified-Since: yesterday".to_owned(), 200),
        (format!("If-Unmodified-Since: {modified}"), 200),
        (format!("If-Unmodified-Since: {old}"), 412),
        // Section 13.2.2: a tag outweighs a date, and a condition a range.
        (format!("If-None-Match: \"x\"\nIf-Modified-Since: {modified}"), 200),
        (format!("If-None-Match: {tag}\nIf-Modified-Since: {old}"), 304),
        (format!("If-Match: {tag}\nIf-Unmodified-Since: {old}"), 200),
        (format!("If-None-Match: {tag}\nRange: bytes=0-1"), 304),
        (format!("If-None-Match: {tag}\nRange: bytes=99999-"), 304),
        ("If-Match: \"x\"\nRange: bytes=99999-".to_owned(), 412),
        // Section 13.1.5: a part only of the same content.
        (format!("If-Range: {tag}\nRange: bytes=0-1"), 206),
        (format!("If-Range: {modified}\nRange: bytes=0-1"), 206),
        (format!("If-Range: W/{tag}\nRange: bytes=0-1"), 200),
        ("If-Range: \"x\"\nRange: bytes=0-1".to_owned(), 200),
        ("If-Range: \"x\"\nRange: bytes=99999-".to_owned(), 200),
        (format!("If-Range: {old}\nRange: bytes=0-1"), 200),
    ] {
        all(&page, &[(&with(&fields), status, &[])]).await;
    }
    // Section 15.4.5: an answer without a body has the headers that a cache needs.
    all(&page, &[(&with(&format!("If-None-Match: {tag}")), 304, &["etag: ", "cache-control: "])]).await;
}

#[tokio::test]
async fn parts_of_the_page_are_served_and_cached_by_the_standard() {
    let page = Guarded::start("auth: none").await;
    let (head, _) = asked(&page, "GET /static/app.js\nHost: localhost").await;
    let tag = head.lines().find_map(|line| line.strip_prefix("etag: ")).expect("a tag");
    let known = |tags: &str| format!("GET /static/app.js\nHost: localhost\nIf-None-Match: {tags}");
    for tags in [tag.to_owned(), format!("W/{tag}"), format!("\"x\", {tag}"), "*".to_owned()] {
        all(&page, &[(&known(&tags), 304, &["etag: "])]).await;
    }
    all(
        &page,
        &[
            (&known("\"x\""), 200, &[]),
            // RFC 9110 section 9.3.2: HEAD; 15.5.6: allowed methods; 12.5.5: `Vary`.
            ("HEAD /\nHost: localhost", 200, &["vary: accept-language"]),
            ("HEAD /feed.xml\nHost: localhost", 200, &["content-type: application/rss+xml"]),
            ("DELETE /feed.xml\nHost: localhost", 405, &["allow: GET"]),
            ("GET /\nHost: localhost\nAccept-Language: fr, KO;q=0.5, en;q=0.1", 200, &["content-language: ko"]),
            ("GET /\nHost: localhost\nAccept-Language: ko;q=0.1, en;Q=0.9", 200, &["content-language: en"]),
            ("GET /\nHost: localhost\nAccept-Language: ko;q=0", 200, &["content-language: en"]),
        ],
    )
    .await;
    for path in ["/", "/feed.xml", SOUND, "/static/app.js", "/nothing"] {
        let (_, body) = asked(&page, &format!("HEAD {path}\nHost: localhost")).await;
        assert_eq!(body, "", "{path}");
    }
}

#[tokio::test]
async fn authentication_follows_the_standard() {
    use base64::Engine as _;
    let page = Guarded::start(&guarded("")).await;
    let pair = |pair: &str| base64::engine::general_purpose::STANDARD.encode(pair);
    let good = pair(&format!("anybody:{}", super::PASSWORD));
    let basic = |credentials: &str| format!("GET /feed.xml\nHost: localhost\nAuthorization: {credentials}");
    // RFC 7617 section 2 and RFC 9110 section 11.1: the scheme has no case; a name has no colon, and a password may.
    for scheme in ["Basic ", "basic ", "BASIC  "] {
        all(&page, &[(&basic(&format!("{scheme}{good}")), 200, &["cache-control: private"])]).await;
    }
    all(&page, &[(&basic(&format!("Basic {}", pair(&format!(":{}", super::PASSWORD)))), 200, &[])]).await;
    for bad in ["Basic", "Basic !", "Bearer x", ""] {
        let challenge = &["www-authenticate: Basic realm=\"aircheck\", charset=\"UTF-8\"", "cache-control: no-store"];
        all(&page, &[(&basic(bad), 401, challenge)]).await;
    }
    all(
        &page,
        &[
            // RFC 9110 section 15.4.4: a redirect with GET; media types have no case.
            ("GET /?q=1\nHost: localhost\nAccept: Text/HTML", 303, &["location: /sign-in?next=%2F%3Fq%3D1"]),
            // RFC 6265 section 4.1: a cookie without a valid session counts as none.
            ("GET /feed.xml\nHost: localhost\nCookie: aircheck=x; ; =; aircheck", 401, &["!set-cookie"]),
        ],
    )
    .await;
}
