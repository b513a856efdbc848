//! The file of the configuration over the interface: who may see it, what is said of a text, and how it is saved.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::time::Duration;

use reqwest::{Client, Method, Url};
use serde_json::{Value, json};

use crate::support::aircheck::{Aircheck, Service};
use crate::support::library::address;
use crate::support::origin::{Container, Origin, Setup};

/// Two shows of a station that does not answer; who reaches the page may edit.
const MINE: &str = "web: { listen: \"127.0.0.1:0\", edit: true }\ntimezone: Asia/Seoul   # here\nstations:\n  \
                    kbs:   { name: 'KBS 1FM', hls: \"http://127.0.0.1:9/x\" }   # the good one\nshows:\n  \
                    - { title: News, station: kbs, cron: \"0 9 * * *\", length: 1h }\n";

struct Editing {
    aircheck: Aircheck,
    service: Service,
    base: Url,
}

impl Editing {
    async fn start(yaml: &str) -> Self {
        let aircheck = Aircheck::new(yaml);
        let service = aircheck.start("run", &["run"]);
        let base = address(&service).await;
        Self { aircheck, service, base }
    }

    /// Asks the interface, in Korean; returns the status and the answer.
    async fn ask(&self, method: Method, path: &str, body: &Value) -> (u16, Value) {
        let path = self.base.join(&format!("/api/v1/configuration/{path}")).expect("a path");
        let asking = Client::new().request(method, path).header("Accept-Language", "ko");
        let asking = if body.is_null() { asking } else { asking.json(body) };
        let answer = asking.send().await.expect("an answer");
        (answer.status().as_u16(), answer.json().await.expect("JSON"))
    }

    async fn file(&self) -> Value {
        let (status, file) = self.ask(Method::GET, "file", &Value::Null).await;
        assert_eq!(status, 200, "{file}");
        file
    }

    fn on_disk(&self) -> String {
        std::fs::read_to_string(self.aircheck.path("stations.yaml")).expect("a file")
    }
}

fn text(file: &Value) -> String {
    file["text"].as_str().expect("a text").to_owned()
}

#[tokio::test]
async fn only_who_has_a_password_or_the_file_itself_allows_to_see_and_to_change_it() {
    let without = "timezone: UTC\nstations:\n  kbs: { hls: \"http://127.0.0.1:9/x?token=never-shown\" }\n";
    let forbids = format!("web: {{ listen: \"127.0.0.1:0\", edit: false }}\n{without}");
    for (yaml, code) in [(without.to_owned(), "edit_open"), (forbids, "edit_off")] {
        let editing = Editing::start(&yaml).await;
        let before = editing.on_disk();
        let save = json!({ "text": "stations: {}\n", "digest": "" });
        let asked = [
            (Method::GET, "file", Value::Null),
            (Method::PUT, "file", save.clone()),
            (Method::POST, "check", json!({ "text": "" })),
            (Method::POST, "entry", json!({ "text": "", "station": { "address": "http://127.0.0.1:9/" } })),
        ];
        for (method, path, body) in asked {
            let (status, answer) = editing.ask(method, path, &body).await;
            assert_eq!((status, answer["code"].as_str()), (403, Some(code)), "{path}: {answer}");
        }
        let page = editing.base.join("/configuration").expect("a path");
        let shown = Client::new().get(page).send().await.expect("an answer");
        assert_eq!(shown.status(), 403);
        assert!(!shown.text().await.expect("a page").contains("never-shown"));
        assert_eq!(editing.on_disk(), before);
    }
}

#[tokio::test]
async fn a_text_is_checked_told_in_words_and_saved_as_a_whole_with_owner_and_rights_kept() {
    let editing = Editing::start(MINE).await;
    let path = editing.aircheck.path("stations.yaml");
    let windows = editing.on_disk().replace('\n', "\r\n");
    std::fs::write(&path, &windows).expect("written");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).expect("set");
    let file = editing.file().await;
    assert_eq!(
        (&file["name"], &file["unwritable"], &file["versions"]),
        (&"stations.yaml".into(), &Value::Null, &json!([]))
    );
    let before = text(&file);
    assert!(!before.contains('\r'), "line ends are those of an editor");

    let wrong = before.replace("length: 1h", "lenght: 1h");
    let (_, checked) = editing.ask(Method::POST, "check", &json!({ "text": wrong })).await;
    let problem = &checked["problems"][0];
    let line = wrong.lines().position(|line| line.contains("lenght")).expect("a line") + 1;
    assert_eq!((&problem["line"], &problem["width"]), (&line.into(), &6.into()), "{checked}");
    assert!(problem["hint"].as_str().is_some_and(|hint| hint.contains("length")), "{checked}");
    let save = json!({ "text": wrong, "digest": file["digest"] });
    let (status, answer) = editing.ask(Method::PUT, "file", &save).await;
    assert_eq!((status, &answer["code"]), (422, &"edit_mistakes".into()), "{answer}");
    assert_eq!(editing.on_disk(), windows, "nothing was written");

    let right = before.replace("length: 1h", "length: 2h");
    let (_, checked) = editing.ask(Method::POST, "check", &json!({ "text": right })).await;
    assert_eq!(checked["changes"], json!(["News: 다음 방송부터 길이 1h → 2h"]), "{checked}");
    let save = json!({ "text": right, "digest": file["digest"] });
    let (status, saved) = editing.ask(Method::PUT, "file", &save).await;
    assert_eq!(status, 200, "{saved}");
    assert_eq!(editing.on_disk(), windows.replace("length: 1h", "length: 2h"), "no other byte changed");
    let data = std::fs::metadata(&path).expect("a file");
    assert_eq!((data.mode() & 0o777, data.uid()), (0o640, rustix::process::geteuid().as_raw()));
    editing.service.says("applied: News: length 1h → 2h from the next airing", Duration::from_secs(60)).await;

    // Twice is as good as once; and who read it before that does not overwrite it.
    assert_eq!(editing.ask(Method::PUT, "file", &save).await.0, 200);
    let late = json!({ "text": before.replace("length: 1h", "length: 3h"), "digest": file["digest"] });
    let (status, answer) = editing.ask(Method::PUT, "file", &late).await;
    assert_eq!((status, &answer["code"]), (409, &"edit_changed".into()), "{answer}");

    // Back to how it was.
    let versions = saved["versions"].as_array().expect("a list");
    assert_eq!(versions.len(), 2, "{saved}");
    let id = versions[1]["id"].as_str().expect("an id");
    let (_, old) = editing.ask(Method::GET, &format!("file?version={id}"), &Value::Null).await;
    assert_eq!(text(&old), before);
    let save = json!({ "text": text(&old), "digest": saved["digest"] });
    assert_eq!(editing.ask(Method::PUT, "file", &save).await.0, 200);
    assert_eq!(editing.on_disk(), windows);
    for name in ["../stations.yaml", "/etc/passwd", "stations.d/x.yaml"] {
        let (status, answer) = editing.ask(Method::GET, &format!("file?name={name}"), &Value::Null).await;
        assert_eq!((status, &answer["code"]), (404, &"edit_no_file".into()), "{name}: {answer}");
    }
    let (status, answer) = editing.ask(Method::GET, "file?version=..", &Value::Null).await;
    assert_eq!((status, &answer["code"]), (404, &"edit_no_version".into()), "{answer}");
}

#[tokio::test]
async fn a_show_and_a_station_are_put_into_the_text_and_nothing_is_saved_by_that() {
    let origin = Origin::start();
    let station = origin.station("radio-x", Setup { window: 4, ..Setup::of(Container::Adts) });
    let editing = Editing::start(MINE).await;
    let before = editing.on_disk();
    let show = json!({ "station": "kbs", "cron": "0 14 * * 1", "length": "1h30m", "title": "News" });
    let (status, with) = editing.ask(Method::POST, "entry", &json!({ "text": before, "show": show })).await;
    assert_eq!(status, 200, "{with}");
    let lines = "  - title: News\n    id: news-2\n    station: kbs\n    cron: \"0 14 * * 1\"\n    length: 1h30m\n";
    assert_eq!(text(&with), format!("{before}{lines}"));
    let asked = json!({ "text": text(&with), "station": { "address": station.live_url(), "title": "라디오 X" } });
    let (status, with) = editing.ask(Method::POST, "entry", &asked).await;
    assert_eq!(status, 200, "{with}");
    let added = format!("  라디오-x:\n    name: 라디오 X\n    icecast: {}\n", station.live_url());
    assert!(text(&with).contains(&added), "{with}");
    let (_, checked) = editing.ask(Method::POST, "check", &json!({ "text": text(&with) })).await;
    assert_eq!(checked["changes"], json!(["방송국 라디오-x 추가", "방송 News 추가"]), "{checked}");
    let nowhere = json!({ "text": before, "station": { "address": "radio" } });
    assert_eq!(editing.ask(Method::POST, "entry", &nowhere).await.1["code"], "edit_address");
    let away = json!({ "text": before, "station": { "address": "http://127.0.0.1:9/" } });
    assert_eq!(editing.ask(Method::POST, "entry", &away).await.1["code"], "edit_station");
    let none = json!({ "text": before, "show": { "station": "mbc", "cron": "0 1 * * *", "length": "1h" } });
    assert_eq!(editing.ask(Method::POST, "entry", &none).await.1["code"], "no_station");
    assert_eq!(editing.on_disk(), before);
}
