//! What a station may send if a list is expected.

use super::*;

const ENDLESS: &str = "is no HLS playlist but sound itself (aac 48000 Hz 2 ch): write `icecast:` instead of `hls:`";

/// The first trouble of `station`.
async fn first_trouble(station: &Station, path: &str) -> String {
    let told = |taped: &Taped| !taped.troubles().is_empty();
    capture_with(station, hls(station, path), long_ago(station), told).await.troubles()[0].words.clone()
}

#[tokio::test]
async fn a_stream_under_hls_is_recognised_directly_and_behind_a_list() {
    let station = Station::start(|asked| match asked.path.as_str() {
        "/list.pls" => Answer::ok(b"[playlist]\nFile1=/stream\n".to_vec()),
        "/radio.m3u8" => Answer::ok(b"#EXTM3U\n#EXTINF:-1,Radio\n/stream\n".to_vec()),
        // A body that never ends.
        _ => Answer::ok(station::segment_bytes(1).repeat(2)).stalled(),
    })
    .await;
    for path in ["stream", "list.pls", "radio.m3u8"] {
        let (sender, _events) = mpsc::channel(16);
        let (environment, stop) = (station.environment(), CancellationToken::new());
        let hls = hls(&station, path);
        let wrong_kind = run(&hls, long_ago(&station), &environment, sender, stop);
        let wrong_kind = station.clock.pass_until(wrong_kind).await;
        let WrongKind { cause, heard } = wrong_kind.expect("it is no list");
        assert!(cause.words.contains(ENDLESS) && cause.words.contains("/stream") && !heard, "{path}: {cause}");
    }
}

#[tokio::test]
async fn of_several_lists_in_a_file_the_next_is_played_where_one_is_down() {
    let station = Station::start(|asked| match asked.path.as_str() {
        "/radio" => Answer::ok(b"[playlist]\nFile1=/down.m3u8\nFile2=/list.m3u8\n".to_vec()),
        "/down.m3u8" => Answer::status(503),
        _ => live(asked),
    })
    .await;
    capture(&station, "radio", 9).await.assert_whole();
}

#[tokio::test]
async fn an_entry_that_leads_to_a_list_that_is_down_is_left_for_the_next() {
    let station = Station::start(|asked| match asked.path.as_str() {
        "/tune" => Answer::ok(b"#EXTM3U\nfirst\nsecond\n".to_vec()),
        "/first" => Answer::ok(b"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\ngone.m3u8\n".to_vec()),
        "/second" => Answer::ok(b"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nlist.m3u8\n".to_vec()),
        "/gone.m3u8" => Answer::status(404),
        _ => live(asked),
    })
    .await;
    capture(&station, "tune", 9).await.assert_whole();
    // Steps that end at the list.
    let step = Step::Get { url: Some(station.url.join("tune").unwrap()), headers: Vec::new() };
    let found = Hls { address: Address::Find(vec![Find { number: 1, step }]), ..hls(&station, "") };
    capture_with(&station, found, long_ago(&station), |taped| taped.chunks().len() > 8).await.assert_whole();
}

#[tokio::test]
async fn a_key_in_the_list_is_never_shown() {
    let station = Station::start(|asked| match asked.path.as_str() {
        "/list.m3u8" => live(asked).map_text(|text| {
            text.replace("#EXT-X-VERSION:3", "#EXT-X-KEY:METHOD=AES-128,URI=\"data:;base64,c2VjcmV0LWtleQ==\"")
        }),
        _ => asked.encrypted(),
    })
    .await;
    let lost = |taped: &Taped| !taped.gaps().is_empty();
    let taped = capture_with(&station, hls(&station, "list.m3u8"), long_ago(&station), lost).await;
    let (_, cause) = taped.gaps()[0];
    assert_eq!(cause.kind, CauseKind::Encrypted);
    assert!(cause.words.contains("data:…") && cause.words.contains("16 bytes"), "{cause}");
    assert!(!format!("{taped:?}").contains("c2VjcmV0"));
    // Segments that cannot be decrypted are not fetched.
    assert!(station.asked().iter().all(|asked| asked.segment().is_none()));
}

#[tokio::test]
async fn an_undefined_variable_is_named() {
    let station = Station::start(|asked| live(asked).map_text(|text| text.replace(".aac", ".aac?auth={$token}"))).await;
    let words = first_trouble(&station, "list.m3u8").await;
    assert!(words.contains("{$token}") && words.contains("EXT-X-DEFINE"), "{words}");
}

#[tokio::test]
async fn a_list_without_segments_is_named_in_the_trouble() {
    let station = Station::start(|_| Answer::ok(b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n".to_vec())).await;
    let words = first_trouble(&station, "list.m3u8").await;
    assert!(words.contains("names no segments"), "{words}");
}

#[tokio::test]
async fn segments_of_pictures_are_reported_and_their_variant_is_left() {
    let folder = station::pictures();
    let path = folder.path().to_owned();
    let station = Station::start(move |asked| match asked.path.as_str() {
        "/master.m3u8" => Answer::ok(
            b"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=2\npictures.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=1\nlist.m3u8\n"
                .to_vec(),
        ),
        "/pictures.m3u8" => live(asked).map_text(|text| text.replace(".aac", ".ts")),
        picture if picture.contains(".ts") => Answer::ok(std::fs::read(path.join("pictures.ts")).unwrap()),
        _ => live(asked),
    })
    .await;
    let taped =
        capture_with(&station, hls(&station, "pictures.m3u8"), long_ago(&station), |taped| !taped.gaps().is_empty())
            .await;
    assert!(taped.chunks().is_empty() && taped.gaps()[0].1.words.contains("hold no sound"), "{taped:?}");
    // Without a second list there is nothing to wait for.
    assert_eq!(station.count("/0.ts"), 1);
    let taped =
        capture_with(&station, hls(&station, "master.m3u8"), long_ago(&station), |taped| taped.chunks().len() > 6)
            .await;
    assert!(station.count("/list.m3u8") > 0);
    assert!(taped.numbers().windows(2).all(|pair| pair[1] == pair[0] + 1), "{taped:?}");
}

#[tokio::test]
async fn headers_of_a_list_go_with_its_entry_and_the_users_headers_win() {
    let station = Station::start(|asked| match asked.path.as_str() {
        "/tune" => Answer::ok(
            b"#EXTM3U\n#EXTINF:-1,Radio\nmaster.m3u8|User-Agent=Kodi%2F19&X-Station=no&Range=bytes%3D0-9&verifypeer=false\n"
                .to_vec(),
        ),
        "/master.m3u8" => Answer::ok(b"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nlist.m3u8\n".to_vec()),
        "/list.m3u8" => {
            live(asked).map_text(|text| text.replace("#EXT-X-VERSION:3", "#EXT-X-KEY:METHOD=AES-128,URI=\"key\""))
        }
        "/key" => Answer::ok(station::KEY.to_vec()),
        _ => asked.encrypted(),
    })
    .await;
    capture(&station, "tune", 3).await.assert_whole();
    for asked in station.asked().iter().filter(|asked| asked.path != "/tune") {
        let sent = ["user-agent", "x-station", "range", "verifypeer"].map(|name| asked.header(name));
        assert_eq!(sent, ["Kodi/19", "yes", "", ""], "{}", asked.path);
    }
}
