//! Deleting a recording and bringing it back, over HTTP at the real service.

use reqwest::{Client, StatusCode};
use rustix::process::Signal;
use serde_json::Value;

use crate::support::library::{ID, address, get, serving, text};

#[tokio::test]
async fn a_deleted_recording_is_gone_everywhere_and_can_be_brought_back_after_a_restart() {
    let (aircheck, mut service, base) = serving().await;
    let client = Client::new();
    let one = format!("/api/v1/recordings/{ID}");
    let media = format!("/media/{ID}.mp3");
    let file = aircheck.path(&format!("recordings/{ID}.mp3"));
    let before: Value = get(&client, &base, &one).await.json().await.expect("JSON");
    assert!(file.exists() && get(&client, &base, &media).await.status().is_success());

    let deleted = client.delete(base.join(&one).expect("a path")).send().await.expect("an answer");
    assert_eq!(deleted.status(), StatusCode::OK);
    let deleted: Value = deleted.json().await.expect("JSON");
    assert!(deleted["until"].as_str().is_some_and(|until| until.ends_with('Z')), "{deleted}");
    assert!(!file.exists(), "whoever looks into the folder sees what the list shows");
    for path in [one.clone(), format!("{one}/peaks"), media.clone(), media.replace("media", "download")] {
        assert_eq!(get(&client, &base, &path).await.status(), StatusCode::NOT_FOUND, "{path}");
    }
    for path in ["/", "/feed.xml", "/shows/hostile", "/shows/hostile/feed.xml", "/api/v1/recordings"] {
        let text = text(&client, &base, path).await;
        assert!(!text.contains("hostile@2026") && !text.contains("hostile%402026"), "{path}: {text}");
    }
    assert_eq!(aircheck.list().await.len(), 1);
    let again = client.delete(base.join(&one).expect("a path")).send().await.expect("an answer");
    assert_eq!(again.status(), StatusCode::NOT_FOUND);

    service.signal(Signal::TERM);
    service.end().await;
    let service = aircheck.start("again", &["run"]);
    let base = address(&service).await;
    let restore = base.join(&format!("{one}/restore")).expect("a path");
    let restored: Value = client.post(restore).send().await.expect("an answer").json().await.expect("JSON");
    assert_eq!(restored, before);
    assert!(file.exists() && get(&client, &base, &media).await.status().is_success());

    let unknown = base.join("/api/v1/recordings/none/restore").expect("a path");
    assert_eq!(client.post(unknown).send().await.expect("an answer").status(), StatusCode::NOT_FOUND);
}
