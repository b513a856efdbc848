//! The configuration says who may see the page, and nobody gets access by oversight.

use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use regex::Regex;
use reqwest::StatusCode;

use super::{Guarded, guarded};
use crate::support::aircheck::Aircheck;
use crate::support::ports;

const STATION: &str = "stations:\n  x: { hls: \"http://127.0.0.1:9/x\" }\n";

#[tokio::test]
async fn other_machines_get_access_only_with_a_password_or_by_an_explicit_key() {
    let hash = guarded("");
    let hash = hash.trim_start_matches("password: ").trim_matches('"').to_owned();
    let aircheck = Aircheck::new(STATION);
    std::fs::write(aircheck.path("page.password"), format!("{hash}\n")).expect("written");
    std::fs::write(aircheck.path("wrong.password"), "hunter2-hunter2\n").expect("written");
    for (web, told) in [
        ("listen: \"0.0.0.0:0\"", Some("there is no password")),
        ("listen: \"[::]:8080\"", Some("run `aircheck passwd`")),
        ("listen: \"192.168.1.5:8080\"", Some("`auth: none` lets everybody in")),
        ("listen: \"0.0.0.0:0\", password: hunter2-hunter2", Some("is not the hash of a password")),
        (
            "listen: \"0.0.0.0:0\", password: file:wrong.password",
            Some("the value of file:wrong.password is not the hash"),
        ),
        ("listen: \"0.0.0.0:0\", password: file:none", Some("cannot be read")),
        ("listen: \"0.0.0.0:0\", password: \"\"", Some("is not the hash")),
        ("listen: \"0.0.0.0:0\", auth: yes", Some("`auth`")),
        ("listen: \"0.0.0.0:0\", auth: basic", Some("`auth` can only be `none`")),
        ("listen: \"0.0.0.0:0\", auth: none, password: file:page.password", Some("take one of them out")),
        ("trusted_proxies: [172.18.0.5, proxy.example]", Some("write for example `172.18.0.5` or `172.18.0.0/16`")),
        ("trusted_proxies: [172.18.0.0/33]", Some("is not an address, and not a network")),
        ("trusted_proxies: [\"::/0\"]", Some("is everybody")),
        ("trusted_proxies: [172.18.0.5, \"fd00::/8\"]", None),
        ("base_url: \"https://radio.example.org/\"", Some("there is no password")),
        ("listen: \"off\", base_url: \"http://192.168.1.5:8080/\"", Some("`auth: none` lets everybody in")),
        ("base_url: \"http://localhost:8080/\"", None),
        ("base_url: \"http://[::1]:8080/radio/\"", None),
        ("base_url: \"https://radio.example.org/\", auth: none", None),
        ("listen: \"0.0.0.0:0\", auth: none", None),
        ("listen: \"0.0.0.0:0\", password: file:page.password", None),
        ("listen: \"127.0.0.1:0\", password: env:AIRCHECK_TEST_HASH", None),
        ("listen: \"[::1]:0\"", None),
    ] {
        aircheck.write(&format!("web: {{ {web} }}\n{STATION}"));
        let ran = aircheck.run_with(&["check"], &[("AIRCHECK_TEST_HASH", hash.as_ref())]).await;
        match told {
            Some(words) => {
                assert_eq!(ran.code, 2, "{web}: {ran}");
                assert!(ran.stderr.contains(words), "{web}: {ran}");
                assert!(ran.stderr.contains("stations.yaml:4:"), "{web}: {ran}");
            }
            None => assert_ne!(ran.code, 2, "{web}: {ran}"),
        }
        assert!(!ran.stderr.contains("hunter2"), "somebody may have written the password itself: {ran}");
    }
}

#[tokio::test]
async fn a_reload_moves_the_page_or_turns_it_off() {
    let page = Guarded::start("").await;
    let limit = Duration::from_secs(60);
    let free = ports::free();
    let write = |web: &str| page.aircheck.write(&format!("web: {{ {web} }}\n{STATION}"));
    let answers = async |port: u16| reqwest::get(format!("http://127.0.0.1:{port}/healthz")).await.is_ok();
    let before = page.base.port().expect("a port");
    assert!(answers(before).await);

    write(&format!("listen: \"127.0.0.1:{free}\""));
    page.service.says(&format!("the page is at http://127.0.0.1:{free}/"), limit).await;
    assert!(answers(free).await && !answers(before).await);

    // The same port on all interfaces, and back.
    write(&format!("listen: \"0.0.0.0:{free}\", auth: none"));
    page.service.says(&format!("the page is at http://0.0.0.0:{free}/"), limit).await;
    let known = reqwest::get(format!("http://127.0.0.1:{free}/")).await.expect("an answer").status();
    assert_eq!(known, StatusCode::OK);
    write("listen: off");
    page.service.says("the page is switched off", limit).await;
    assert!(!answers(free).await);
}

#[tokio::test]
async fn base_url_cannot_begin_with_an_address_of_the_page() {
    let route = Regex::new(r#"\.route\(\s*"/([^/"{]+)"#).expect("a pattern");
    let mut own: Vec<String> = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src/web")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(path).expect("a source");
                own.extend(route.captures_iter(&text).map(|found| found[1].to_owned()));
            }
        }
    }
    own.sort();
    own.dedup();
    assert!(own.len() > 20 && own.contains(&"live".to_owned()), "{own:?}");
    let aircheck = Aircheck::new(STATION);
    for (path, good) in own.iter().map(|own| (format!("{own}/"), false)).chain([
        ("live/x".to_owned(), false),
        ("radio/".to_owned(), true),
        ("radio/live/".to_owned(), true),
        ("lives/".to_owned(), true),
        (String::new(), true),
    ]) {
        let web = format!("web: {{ listen: \"127.0.0.1:0\", auth: none, base_url: \"https://example.org/{path}\" }}\n");
        aircheck.write(&format!("{web}{STATION}"));
        let ran = aircheck.run(&["check"]).await;
        assert_eq!(ran.code == 2, !good, "{path}: {ran}");
        let told = "is already an address of the page itself";
        assert_eq!(
            ran.stderr.contains(told) && ran.stderr.contains("write `https://example.org/radio/`"),
            !good,
            "{path}: {ran}"
        );
    }
}

#[test]
fn passwd_prints_the_line_for_the_file() {
    let passwd = |input: &str| {
        #[expect(clippy::disallowed_methods, reason = "the tests run the real binary as a user would")]
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_aircheck"));
        let command = command.arg("passwd").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("it starts");
        child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("written");
        let output = child.wait_with_output().expect("it ends");
        let text = |bytes| String::from_utf8(bytes).expect("text");
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    let (code, hash, words) = passwd("파란 고양이 열두 자전거\n");
    assert_eq!(code, Some(0), "{words}");
    assert!(words.contains(&format!("password: \"{}\"", hash.trim())) && !words.contains("weak"), "{words}");
    let hash = aircheck::base::password::PasswordHash::parse(&hash).expect("a hash");
    assert!(hash.is_of("파란 고양이 열두 자전거"));
    let (code, _, words) = passwd("radio\r\n");
    assert!(code == Some(0) && words.contains("this password is weak: it is short"), "{words}");
    for (input, told) in [("", "empty"), ("\n", "empty"), (&"x".repeat(2000), "longer than 1024 bytes")] {
        let (code, hash, words) = passwd(input);
        assert!(code == Some(1) && hash.is_empty() && words.contains(told), "{words}");
    }
}
