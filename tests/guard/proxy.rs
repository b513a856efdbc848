//! The page behind a real nginx as the guide says, below a path of its host: nginx passes that path on, or removes it.

use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

use aircheck::base::clock::SystemClock;
use aircheck::base::process::{Invocation, Running};
use reqwest::StatusCode;
use reqwest::header::{LOCATION, SET_COOKIE};
use tempfile::TempDir;
use url::Url;

use super::{Guarded, HTML, PASSWORD, accept, cookie, guarded, with};
use crate::support::aircheck::until;
use crate::support::ports;

/// A running nginx, which ends when it is dropped.
struct Nginx {
    _child: Running,
    _folder: TempDir,
    base: Url,
}

impl Nginx {
    /// Starts nginx, which passes on what is below `/radio/` as `location` says.
    async fn start(location: &str) -> Self {
        let (port, folder) = (ports::free(), tempfile::tempdir().expect("a folder"));
        // Relative to the folder that nginx is started with.
        let temporary =
            ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(|kind| format!("{kind}_temp_path temporary;\n"));
        let configuration = format!(
            "daemon off;\nmaster_process off;\npid nginx.pid;\nevents {{ worker_connections 64; }}\nhttp {{\n\
             access_log off;\n{}server {{\nlisten 127.0.0.1:{port};\n{location}\n}}\n}}\n",
            temporary.concat()
        );
        std::fs::write(folder.path().join("nginx.conf"), configuration).expect("written");
        let at = folder.path().to_str().expect("temp paths are UTF-8");
        let child = Invocation::new("/usr/sbin/nginx").args(["-p", at, "-c", "nginx.conf", "-e", "error.log"]);
        let child = child.spawn(&SystemClock::shared()).expect("nginx is installed");
        until("nginx", Duration::from_secs(60), async || TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()).await;
        let base = Url::parse(&format!("http://127.0.0.1:{port}/")).expect("a URL");
        Self { _child: child, _folder: folder, base }
    }
}

/// Returns the configuration of the guide for the page at `page`. Here nginx has no HTTPS, so it pretends to.
fn location(page: &Url, stripped: bool) -> String {
    let guide = include_str!("../../docs/guide/remote.md");
    let told = guide.split("```nginx\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a part about nginx");
    let at = format!("127.0.0.1:{}{}", page.port().expect("a port"), if stripped { "/" } else { "" });
    let written = told.replace("127.0.0.1:8080", &at).replace("$scheme", "https");
    assert_ne!(written, told);
    written
}

#[tokio::test]
async fn a_web_server_that_asks_for_a_password_itself_leaves_links_open() {
    let mut page = Guarded::start("auth: none, base_url: \"https://example.org/radio/\"").await;
    let made = page.client.post(page.url("/api/v1/recordings/hostile@20261120T0700Z/links")).send().await;
    let made: serde_json::Value = made.expect("an answer").json().await.expect("JSON");
    let link = made["url"].as_str().and_then(|url| url.strip_prefix("https://example.org")).expect("a link").to_owned();
    let users = page.aircheck.path("users");
    std::fs::write(&users, "me:{PLAIN}secret\n").expect("written");
    let guide = include_str!("../../docs/guide/remote.md");
    let told = guide.split("```nginx\n").nth(2).and_then(|rest| rest.split("```").next()).expect("a part about nginx");
    let at = format!("127.0.0.1:{}", page.base.port().expect("a port"));
    let rest = format!("proxy_pass http://{at};\nproxy_set_header Host $http_host;");
    let location = told
        .replace("127.0.0.1:8080", &at)
        .replace("/etc/nginx/radio", users.to_str().expect("UTF-8"))
        .replace("# … as above", &rest);
    let nginx = Nginx::start(&location).await;
    page.base = nginx.base.clone();
    let host = ("host", "example.org");
    for closed in ["/radio/", "/radio/api/v1/links", "/radio/share/hostile@20261120T0700Z", "/radio/s"] {
        assert_eq!(page.status(closed, &[host]).await, StatusCode::UNAUTHORIZED, "{closed}");
    }
    for open in [link.as_str(), &format!("{link}/sound.mp3"), "/radio/static/shared.css"] {
        assert_eq!(page.status(open, &[host]).await, StatusCode::OK, "{open}");
    }
}

/// Returns the text of a page, with slashes unescaped.
async fn slashed(page: reqwest::Response) -> String {
    page.text().await.expect("text").replace("&#x2f;", "/")
}

async fn works_below_a_path(stripped: bool) {
    let mut page = Guarded::start(&guarded(", base_url: \"https://example.org/radio/\"")).await;
    let nginx = Nginx::start(&location(&page.base, stripped)).await;
    // Whatever is asked from here on goes through nginx.
    page.base = nginx.base.clone();
    let host = ("host", "example.org");

    let bare = page.get("/radio", &[host, accept(HTML)]).await;
    let to = bare.headers()[LOCATION].to_str().expect("plain").to_owned();
    assert!(to.ends_with("/radio/") || to == "/radio/sign-in", "{to}");
    let asked = page.get("/radio/shows/hostile", &[host, accept(HTML)]).await;
    assert_eq!(asked.headers()[LOCATION], "/radio/sign-in?next=%2Fshows%2Fhostile");
    let form = page.get("/radio/sign-in?next=%2Fshows%2Fhostile", &[host]).await;
    let form = slashed(form).await;
    assert!(form.contains("action=\"/radio/sign-in\"") && form.contains("href=\"/radio/static/style.css\""), "{form}");
    assert_eq!(page.status("/radio/static/style.css", &[host]).await, StatusCode::OK);
    assert_eq!(page.status("/radio/healthz", &[host]).await, StatusCode::OK);
    assert_eq!(page.status("/healthz", &[host]).await, StatusCode::NOT_FOUND, "that is nginx's");

    let fields = [("password", PASSWORD), ("next", "/shows/hostile")];
    let foreign = page.post("/radio/sign-in", &fields, &[host, ("origin", "https://evil.example")]).await;
    assert_eq!(foreign.status(), StatusCode::FORBIDDEN);
    let right = page.post("/radio/sign-in", &fields, &[host, ("origin", "https://example.org")]).await;
    assert_eq!(right.status(), StatusCode::SEE_OTHER);
    assert_eq!(right.headers()[LOCATION], "/radio/shows/hostile");
    let set = right.headers()[SET_COOKIE].to_str().expect("plain").to_owned();
    assert!(
        set.starts_with("__Secure-aircheck=") && set.contains("; Path=/radio; ") && set.ends_with("; Secure"),
        "{set}"
    );
    let session = cookie(&right);
    let show = page.get("/radio/shows/hostile", &[host, with(&session)]).await;
    assert_eq!(show.status(), StatusCode::OK);
    let show = slashed(show).await;
    assert!(show.contains("https://example.org/radio/shows/hostile/feed.xml?token="), "{show}");
    for link in
        show.split(" href=\"").skip(1).filter_map(|rest| rest.split('"').next()).filter(|link| link.starts_with('/'))
    {
        assert!(link.starts_with("/radio/"), "{link}");
        assert_eq!(page.status(link, &[host, with(&session)]).await, StatusCode::OK, "{link}");
    }

    let feed =
        show.split("https://example.org").nth(1).and_then(|rest| rest.split(['<', '"']).next()).expect("an address");
    let feed = page.get(feed, &[host]).await;
    assert_eq!(feed.status(), StatusCode::OK);
    let feed = rss::Channel::read_from(feed.text().await.expect("text").as_bytes()).expect("RSS");
    let sound = Url::parse(feed.items()[0].enclosure().expect("sound").url()).expect("a URL");
    assert!(sound.as_str().starts_with("https://example.org/radio/media/"), "{sound}");
    let sound = format!("{}?{}", sound.path(), sound.query().expect("a token"));
    assert_eq!(page.status(&sound, &[host, ("range", "bytes=5-9")]).await, StatusCode::PARTIAL_CONTENT);

    let out = page.post("/radio/sign-out", &[], &[host, with(&session), ("sec-fetch-site", "same-origin")]).await;
    assert_eq!(out.headers()[LOCATION], "/radio/sign-in");
    assert_eq!(page.status("/radio/", &[host, with(&session)]).await, StatusCode::UNAUTHORIZED);

    // Guesses count for the address that nginx saw, not for what the client claims.
    for number in 0..5 {
        let said = format!("198.51.100.{number}");
        let wrong = format!("wrong {number}");
        page.post("/radio/sign-in", &[("password", &wrong)], &[host, ("x-forwarded-for", &said)]).await;
    }
    let stopped = page.post("/radio/sign-in", &fields, &[host, ("x-forwarded-for", "198.51.100.9")]).await;
    assert_eq!(stopped.status(), StatusCode::TOO_MANY_REQUESTS);
}

/// A web server in front connects from the same machine.
#[tokio::test]
async fn without_a_password_nobody_gets_access_through_a_web_server() {
    let page = Guarded::start("").await;
    let path = "/api/v1/recordings";
    for told in ["203.0.113.5", "127.0.0.1, 203.0.113.5", "2001:db8::1"] {
        let refused = page.get(path, &[("x-forwarded-for", told)]).await;
        assert_eq!(refused.status(), StatusCode::FORBIDDEN, "{told}");
        assert!(refused.text().await.expect("text").contains("`aircheck passwd` makes the line"), "{told}");
    }
    for told in ["127.0.0.1", "::1"] {
        assert_eq!(page.status(path, &[("x-forwarded-for", told)]).await, StatusCode::OK, "{told}");
    }
    let page = Guarded::start("auth: none").await;
    assert_eq!(page.status(path, &[("x-forwarded-for", "203.0.113.5")]).await, StatusCode::OK);
}

#[tokio::test]
async fn below_a_path_that_nginx_passes_on() {
    works_below_a_path(false).await;
}

#[tokio::test]
async fn below_a_path_that_nginx_removes() {
    works_below_a_path(true).await;
}
