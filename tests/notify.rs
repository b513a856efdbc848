//! What is told to whom, by the real service and the real command.

use std::collections::HashSet;
use std::time::Duration;

use reqwest::Client;
use rustix::process::Signal;
use serde_json::Value;

use crate::support::aircheck::{Aircheck, until};
use crate::support::library::{address, get, record_now, text};
use crate::support::origin::{Container, Origin, Setup};
use crate::support::receiver::{Receiver, SECRET};

/// How long something may take to be told.
const SOON: Duration = Duration::from_secs(60);

#[tokio::test]
async fn what_happens_is_told_once_signed_and_only_when_it_has_happened() {
    let origin = Origin::start();
    let station = origin.station("notified", Setup { window: 20, ..Setup::of(Container::Adts) });
    let (receiver, closed) = (Receiver::start().await, Receiver::start().await);
    receiver.answers(&[(500, "not now")]);
    closed.answers(&[(410, "nobody is here")]);
    let aircheck = Aircheck::new("stations: {}\n");
    let told = aircheck.path("told");
    let script = format!("cat > {0}.json; echo \"$AIRCHECK_KIND $AIRCHECK_FILE\" >> {0}", told.display());
    let yaml = format!(
        "timezone: Asia/Seoul\nstations:\n  s: {{ name: 라디오, hls: \"{}\" }}\nnotify:\n  \
         - {{ name: hook, webhook: {{ url: \"{}\", secret: {SECRET} }}, on: [recorded, partial, silent, failed, missed, \
         config_rejected, restarted] }}\n  - {{ name: closed, on: [recorded, partial, silent], webhook: \"{}\" }}\n  \
         - {{ name: script, on: [recorded, partial, silent], run: [sh, -c, '{script}'] }}\n",
        station.url(),
        receiver.url("/hook"),
        closed.url("/"),
    );
    aircheck.write(&yaml);
    let mut service = aircheck.start("run", &["run"]);
    record_now(&service, "s", 3).await;
    let recordings = || {
        let came = receiver.came().into_iter();
        came.filter(|came| came.body["data"]["recording"].is_object()).collect::<Vec<_>>()
    };
    until("the recording is told", SOON, async || recordings().iter().any(|came| came.answered == 200)).await;
    let came = recordings();
    assert!(came.iter().all(|came| came.signed && came.file_was_there && came.path == "/hook"), "{came:?}");
    assert_eq!(came.iter().map(|came| came.answered).collect::<Vec<_>>(), [500, 200], "{came:?}");
    assert_eq!(came[0].id, came[1].id, "it is the same message");
    assert_eq!(came[1].body["data"]["station"]["name"], "라디오", "{came:?}");
    until("the program is told", SOON, async || told.exists()).await;
    let line = std::fs::read_to_string(&told).expect("it is told");
    let file = line.trim().split_once(' ').expect("a kind and a file").1;
    assert!(std::path::Path::new(file).is_file(), "{line}");

    // Mistakes are told, without what may be secret, and that they are corrected.
    let misspelt = "notify:\n  - { ntfy: { url: https://ntfy.example/x, tokn: tk_hidden } }\n";
    aircheck.write(&yaml.replace("notify:\n", misspelt));
    until("the mistake is told", SOON, async || !receiver.taken("config_rejected").is_empty()).await;
    aircheck.write(&yaml);
    until("the end of it is told", SOON, async || receiver.taken("config_rejected").len() == 2).await;
    let states = receiver.taken("config_rejected").into_iter().map(|came| came.body["data"]["state"].clone());
    assert_eq!(states.collect::<Vec<_>>(), ["bad", "well"]);
    let mistake = receiver.taken("config_rejected").remove(0).body.to_string();
    assert!(mistake.contains("stations.yaml:") && mistake.contains("tokn"), "{mistake}");
    assert!(!mistake.contains("tk_hidden"), "{mistake}");

    // The page and the interface show what was told, and who does not want to be told any more.
    let (client, base) = (Client::new(), address(&service).await);
    let messages: Vec<Value> = get(&client, &base, "/api/v1/messages?limit=50").await.json().await.expect("a list");
    let of = |target: &str| messages.iter().filter(|one| one["target"] == target).collect::<Vec<_>>();
    assert!(of("hook").iter().all(|one| one["state"] == "sent"), "{messages:?}");
    assert_eq!(of("closed")[0]["state"], "dropped", "{messages:?}");
    let page = text(&client, &base, "/").await;
    assert!(page.contains("closed is not told anything any more: it answered 410 Gone: nobody is here"), "{page}");
    assert!(page.contains("was recorded"), "{page}");
    let metrics = text(&client, &base, "/metrics").await;
    assert!(metrics.contains("aircheck_messages{state=\"dropped\"} 1\n"), "{metrics}");
    assert!(metrics.contains("aircheck_targets_trouble 1.0\n"), "{metrics}");

    // A restart tells that it was one, and nothing else again.
    let before = receiver.came().len();
    service.signal(Signal::TERM);
    service.end().await;
    let service = aircheck.start("again", &["run"]);
    until("the restart is told", SOON, async || !receiver.taken("restarted").is_empty()).await;
    let restarted = receiver.taken("restarted");
    assert!(restarted[0].body["data"]["title"].as_str().expect("a title").contains("was stopped"), "{restarted:?}");
    assert_eq!(receiver.came().len(), before + 1, "{:?}", receiver.came());
    let ids: HashSet<String> = receiver.came().into_iter().map(|came| came.id).collect();
    assert_eq!(ids.len(), receiver.came().len() - 1, "only the one that was refused came twice");
    assert_eq!(closed.came().len(), 1, "it is still switched off");
    drop(service);
}

#[tokio::test]
async fn a_test_says_what_each_target_answers() {
    let receiver = Receiver::start().await;
    let aircheck = Aircheck::new(&format!(
        "stations:\n  s: {{ hls: \"http://127.0.0.1:9/x\" }}\nnotify:\n  \
         - {{ name: hook, webhook: {{ url: \"{}\", secret: {SECRET} }} }}\n  - {{ name: phone, ntfy: \"{}\" }}\n  \
         - {{ name: script, run: [sh, -c, 'exit 3'] }}\n",
        receiver.url("/hook"),
        receiver.url("/radio"),
    ));
    let ran = aircheck.run(&["notify", "--test", "hook"]).await;
    assert!(ran.code == 0 && ran.stdout.contains("ok  it answered 200 OK: thanks"), "{ran}");
    let ran = aircheck.run(&["notify", "--test", "--json"]).await;
    let rows = ran.json();
    let ok = rows.as_array().expect("a list").iter().map(|row| row["ok"].as_bool().expect("a word"));
    assert_eq!((ran.code, ok.collect::<Vec<_>>()), (1, vec![true, true, false]), "{ran}");
    assert!(rows[2]["answer"].as_str().expect("words").contains("exit status: 3"), "{ran}");
    let came = receiver.came();
    let ntfy = came.iter().find(|came| came.path == "/").expect("ntfy takes messages there");
    assert_eq!((&ntfy.body["topic"], &ntfy.body["title"]), (&"radio".into(), &"This is a test of aircheck".into()));
    assert!(came.iter().all(|came| came.path == "/" || came.signed && came.body["type"] == "test"), "{came:?}");

    receiver.answers(&[(404, "no such hook")]);
    let ran = aircheck.run(&["notify", "--test", "hook"]).await;
    assert!(ran.code == 1 && ran.stdout.contains("FAILED  it answered 404 Not Found: no such hook"), "{ran}");
    let ran = aircheck.run(&["notify", "--test", "hok"]).await;
    assert!(ran.code == 2 && ran.stderr.contains("no target `hok`; it can be hook, phone, script"), "{ran}");
}
