//! Mail, from the real service and the real command to a real mail server.

use std::ffi::OsStr;
use std::time::Duration;

use serde_json::json;

use crate::support::aircheck::{Aircheck, until};
use crate::support::library::{address, get, record_now};
use crate::support::mail::{MailServer, certificate};
use crate::support::origin::{Container, Origin, Setup};

/// How long something may take to be told.
const SOON: Duration = Duration::from_secs(60);

fn yaml(email: &str) -> String {
    format!(
        "stations:\n  s: {{ hls: \"http://127.0.0.1:9/x\" }}\nnotify:\n  \
         - {{ name: mail, language: ko, email: {{ from: radio@example.org, {email} }} }}\n"
    )
}

#[tokio::test]
async fn a_recording_comes_as_mail_in_korean_and_nobody_gets_it_twice_who_has_it() {
    let origin = Origin::start();
    let station = origin.station("mailed", Setup { window: 20, ..Setup::of(Container::Adts) });
    let busy = json!([{ "to": "RCPT", "address": "ben@example.org", "says": "451 4.7.1 greylisted, try again" }]);
    let server = MailServer::start(json!({ "answers": busy })).await;
    let aircheck = Aircheck::new(&format!(
        "timezone: Asia/Seoul\nstations:\n  s: {{ name: \"라디오 <하나>\", hls: \"{}\" }}\nnotify:\n  \
         - {{ name: mail, on: [recorded, partial, silent], language: ko, email: {{ server: \"localhost:{}\", to: [김민수 \
         <minsu@example.kr>, ben@example.org], from: radio@example.org }} }}\n",
        station.url(),
        server.port,
    ));
    let service = aircheck.start("run", &["run"]);
    record_now(&service, "s", 3).await;
    let base = address(&service).await;
    let client = reqwest::Client::new();
    let newest = async || -> serde_json::Value {
        let list: serde_json::Value = get(&client, &base, "/api/v1/messages").await.json().await.expect("a list");
        list[0].clone()
    };
    until("both have it", SOON, async || newest().await["state"] == "sent").await;
    let mails = server.mails();
    let to: Vec<_> = mails.iter().map(|mail| mail.to.join(" ")).collect();
    assert_eq!(to, ["minsu@example.kr", "ben@example.org"], "nobody gets it twice");
    assert_eq!(server.asked(), ["minsu@example.kr", "ben@example.org", "ben@example.org"]);
    let (head, id) = (|name| mails[0].heads[name].as_str(), newest().await["id"].as_str().expect("an id").to_owned());
    assert_eq!(head("Message-ID"), format!("<{id}@example.org>"));
    assert_eq!(mails[1].heads["Message-ID"], head("Message-ID"), "it is the same mail");
    assert_eq!(head("Auto-Submitted"), "auto-generated");
    assert_eq!(head("To"), "김민수 <minsu@example.kr>, ben@example.org");
    assert_eq!(head("From"), "aircheck <radio@example.org>");
    assert!(head("Date").ends_with("+0000"), "{}", mails[0].bytes);
    assert!(
        head("Subject").starts_with("라디오 <하나>") && head("Subject").ends_with("녹음 완료"),
        "{}",
        head("Subject")
    );
    let (text, html) = (&mails[0].text, &mails[0].html);
    assert!(text.contains("방송국: 라디오 <하나>") && text.contains("파일: "), "{text}");
    assert!(html.contains(">라디오 &lt;하나&gt;</td>") && html.contains("lang=\"ko\""), "{html}");
}

#[tokio::test]
async fn a_test_mail_goes_over_starttls_or_tls_with_a_login_and_what_is_wrong_is_told_in_words() {
    let aircheck = Aircheck::new("stations: {}\n");
    let file = aircheck.path("certificate.pem");
    certificate(&file);
    let (trusts, knows) = ([("SSL_CERT_FILE", file.as_os_str())], [("SECRET", OsStr::new("geheim"))]);
    let all = [trusts[0], knows[0]];
    let how = |at_once: bool| json!({ "certificate": file, "at_once": at_once, "login": ["radio", "geheim"] });
    let (starttls, tls) = (MailServer::start(how(false)).await, MailServer::start(how(true)).await);
    let login = "user: radio, password: env:SECRET";
    let test = async |email: &str, variables: &[(&str, &OsStr)]| {
        aircheck.write(&yaml(&format!("to: anna@example.org, {email}")));
        let ran = aircheck.run_with(&["notify", "--test"], variables).await;
        assert!(!format!("{ran}").contains("geheim"), "{ran}");
        ran
    };
    let by_starttls = format!("server: \"smtp://localhost:{}\", plain: false", starttls.port);
    let by_tls = format!("server: \"smtps://localhost:{}\"", tls.port);
    for email in [&by_starttls, &by_tls] {
        let ran = test(&format!("{email}, {login}"), &all).await;
        assert!(ran.code == 0 && ran.stdout.contains("ok  it answered 250 2.0.0 OK: queued as 4711"), "{ran}");
    }
    for server in [&starttls, &tls] {
        let mails = server.mails();
        assert!(mails.len() == 1 && mails[0].tls && mails[0].login, "{mails:?}");
    }
    let clear = MailServer::start(json!({})).await;
    let no_tls = format!("server: \"smtp://localhost:{}\", plain: false", clear.port);
    let in_the_clear = format!("server: \"smtps://localhost:{}\"", clear.port);
    let relay = json!([{ "to": "RCPT", "says": "554 5.7.1 <anna@example.org>: Relay access denied", "always": true }]);
    let relay = MailServer::start(json!({ "answers": relay })).await;
    let relayed = format!("server: \"localhost:{}\"", relay.port);
    let (wrong, unknown) = (format!("{by_starttls}, user: radio, password: falsch"), format!("{by_starttls}, {login}"));
    let nowhere = "server: \"localhost:9\"".to_owned();
    for (email, variables, words) in [
        (&wrong, &all[..], "it answered 535 5.7.8 Authentication credentials invalid; it does not take this `user`"),
        (&by_starttls, &all[..], "it answered 530 5.7.0 Authentication required; it wants a login"),
        (&unknown, &knows[..], "its certificate is self-signed"),
        (&no_tls, &all[..], "it offers no STARTTLS, and nothing is sent to it in the clear"),
        (&in_the_clear, &all[..], "what it answers is no TLS"),
        (&relayed, &all[..], "Relay access denied; it passes mail on only for those who log in"),
        (&nowhere, &all[..], "it cannot be reached, or the connection broke: Connection refused"),
    ] {
        let ran = test(email, variables).await;
        assert!(ran.code == 1 && ran.stdout.contains("FAILED") && ran.stdout.contains(words), "{words}: {ran}");
    }
    assert!(clear.mails().is_empty(), "nothing was sent in the clear");
}

#[tokio::test]
async fn one_address_that_is_refused_is_told_and_keeps_the_mail_from_nobody() {
    let gone =
        json!([{ "to": "RCPT", "address": "gone@example.org", "says": "550 5.1.1 no such user", "always": true }]);
    let server = MailServer::start(json!({ "answers": gone })).await;
    let test = async |to: &str| {
        let aircheck = Aircheck::new(&yaml(&format!("to: {to}, server: \"localhost:{}\"", server.port)));
        aircheck.run(&["notify", "--test"]).await
    };
    let ran = test("[gone@example.org, ben@example.org]").await;
    let words = "ben@example.org: it answered 250 2.0.0 OK: queued as 4711; gone@example.org: it answered 550 5.1.1 no such user";
    assert!(ran.code == 1 && ran.stdout.contains(words), "{ran}");
    assert_eq!(server.mails()[0].to, ["ben@example.org"]);
    let ran = test("gone@example.org").await;
    assert!(ran.code == 1 && ran.stdout.contains("FAILED  it answered 550 5.1.1 no such user"), "{ran}");
    assert_eq!(server.mails().len(), 1);
}
