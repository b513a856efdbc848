//! Sound whose samples are encrypted one by one within MP4.

use super::station::{Answer, Station, sealed};
use super::*;

#[tokio::test]
async fn encrypted_samples_in_mp4_are_reported_with_advice() {
    let segment = sealed();
    let keys = ["", "#EXT-X-KEY:METHOD=SAMPLE-AES,URI=\"key.bin\"\n"];
    for key in keys {
        let segment = segment.clone();
        let station = Station::start(move |asked| match asked.path.as_str() {
            "/key.bin" => Answer::ok(vec![7; 16]),
            path if path.contains(".m4s") => Answer::ok(segment.clone()),
            _ => asked.undated(|number| format!("{key}#EXTINF:0.512,\n{number}.m4s\n")),
        })
        .await;
        let taped = capture(&station, "list.m3u8", 3).await;
        assert!(taped.chunks().is_empty(), "{taped:?}");
        for (_, cause) in taped.gaps() {
            let told = ["encrypted (cenc, Common Encryption)", "cannot decrypt", "another address"];
            let told = told.iter().all(|words| cause.words.contains(words));
            assert!(cause.kind == CauseKind::Encrypted && told, "{cause:?}");
        }
        // A second try could bring no more.
        assert_eq!(station.count("/0.m4s"), 1);
    }
}
