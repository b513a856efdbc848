use super::*;

fn base() -> Url {
    Url::parse("http://h/live/list.m3u8?token=1").unwrap()
}

fn read(text: &str) -> Result<MediaPlaylist, PlaylistError> {
    match Playlist::read(text.as_bytes(), &base())? {
        Playlist::Media(media) => Ok(media),
        Playlist::Master(master) => panic!("a master: {master:?}"),
    }
}

fn media(text: &str) -> MediaPlaylist {
    read(&format!("#EXTM3U\n{text}")).unwrap()
}

fn second(segment: &Segment) -> Option<i64> {
    segment.programme_time.map(|time| time.timestamp() % 60)
}

#[test]
fn a_plain_list() {
    let list = media(
        "#EXT-X-TARGETDURATION:10\n#EXT-X-MEDIA-SEQUENCE:7\n#EXTINF:9.984,\na.aac\n#EXTINF:9.984,x\n//cdn/b.aac\n",
    );
    assert_eq!(list.target_duration, Duration::from_millis(9984));
    assert_eq!(list.segments.iter().map(|s| s.sequence).collect::<Vec<_>>(), [7, 8]);
    assert_eq!(list.segments[0].url.as_str(), "http://h/live/a.aac");
    assert_eq!(list.segments[1].url.as_str(), "http://cdn/b.aac");
    assert_eq!(list.segments[0].duration, Duration::from_millis(9984));
    assert!(!list.ended);
    assert!(media("#EXT-X-ENDLIST\n").ended);
}

#[test]
fn keys_hold_until_the_next_and_count_the_sequence_where_they_have_no_iv() {
    let list = media(
        "#EXT-X-MEDIA-SEQUENCE:258\n#EXTINF:1,\n0\n#EXT-X-KEY:METHOD=AES-128,URI=\"k1\"\n#EXTINF:1,\n1\n#EXTINF:1,\n2\n\
         #EXT-X-KEY:METHOD=AES-128,URI=\"k2\",IV=0xff\n#EXTINF:1,\n3\n#EXT-X-KEY:METHOD=NONE\n#EXTINF:1,\n4\n#EXTINF:1,\n5\n",
    );
    let key = |at: usize| list.segments[at].key.as_ref().map(|key| (key.url.path(), key.iv[14], key.iv[15]));
    assert_eq!((key(0), key(1), key(2)), (None, Some(("/live/k1", 1, 3)), Some(("/live/k1", 1, 4))));
    assert_eq!((key(3), key(4), key(5)), (Some(("/live/k2", 0, 255)), None, None));
}

#[test]
fn keys_we_cannot_use_are_named() {
    let refused = |key: &str| read(&format!("#EXTM3U\n#EXT-X-KEY:{key}\n#EXTINF:1,\na\n")).unwrap_err().to_string();
    let samples = refused("METHOD=SAMPLE-AES,URI=\"k\"\n#EXT-X-MAP:URI=\"i\"");
    assert!(samples.contains("SAMPLE-AES") && samples.contains("cannot decrypt") && !samples.contains("licensed"));
    assert!(samples.contains("another address"));
    assert!(refused("METHOD=SAMPLE-AES-CTR,URI=\"k\"").contains("cannot decrypt"));
    assert!(refused("METHOD=SAMPLE-AES,URI=\"k\",KEYFORMAT=\"com.apple\"").contains("licensed players only"));
    assert!(refused("METHOD=AES-128,URI=\"k\",KEYFORMAT=\"com.widevine\"").contains("com.widevine"));
    assert!(refused("METHOD=AES-128").contains("no URI"));
    assert!(refused("METHOD=AES-128,URI=\"k\",IV=0xzz").contains("IV"));
    assert!(refused("METHOD=AES-128,URI=\"file:///etc/passwd\"").contains("no http address"));
}

#[test]
fn keys_of_other_kinds_and_in_the_list_itself_are_read() {
    let list = media(
        "#EXT-X-KEY:METHOD=AES-256,URI=\"data:;base64,AAAA\"\n#EXT-X-MAP:URI=\"data:,x\"\n#EXTINF:1,\n0\n\
         #EXT-X-KEY:METHOD=AES-256-CTR,URI=\"k\",KEYFORMAT=\"identity\"\n#EXTINF:1,\n1\n",
    );
    let key = |at: usize| list.segments[at].key.as_ref().map(|key| (key.cipher, key.url.scheme()));
    assert_eq!((key(0), key(1)), (Some((Cipher::Aes256, "data")), Some((Cipher::Aes256Ctr, "http"))));
    assert_eq!(list.segments[0].map.as_ref().unwrap().url.as_str(), "data:,x");
    // A segment is never read from the list itself.
    let refused = read("#EXTM3U\n#EXTINF:1,\ndata:;base64,c2VjcmV0\n").unwrap_err().to_string();
    assert!(refused.contains("data:…") && !refused.contains("c2VjcmV0"), "{refused}");
}

#[test]
fn variables_of_the_master_are_imported() {
    let Ok(Playlist::Master(master)) = Playlist::read(
        b"#EXTM3U\n#EXT-X-DEFINE:NAME=\"d\",VALUE=\"low\"\n#EXT-X-STREAM-INF:BANDWIDTH=1\n{$d}\n",
        &base(),
    ) else {
        panic!("no master");
    };
    let list =
        b"#EXTM3U\n#EXT-X-DEFINE:IMPORT=\"d\"\n#EXT-X-DEFINE:QUERYPARAM=\"token\"\n#EXTINF:1,\n{$d}/{$token}.aac\n";
    let below = |variables| match Playlist::read_below(list, &base(), variables, KEPT) {
        Ok(Playlist::Media(list)) => list.segments[0].url.path().to_owned(),
        other => format!("{other:?}"),
    };
    assert_eq!(below(Some(&master.variables)), "/live/low/1.aac");
    assert!(below(None).contains("NotImported"));
}

#[test]
fn maps_hold_until_the_next() {
    let list = media(
        "#EXT-X-MAP:URI=\"i1\"\n#EXTINF:1,\n0\n#EXTINF:1,\n1\n#EXT-X-MAP:URI=\"i2\",BYTERANGE=\"20@5\"\n#EXTINF:1,\n2\n",
    );
    let map = |at: usize| list.segments[at].map.clone().unwrap();
    assert_eq!(map(1).url.path(), "/live/i1");
    assert_eq!((map(2).url.path(), map(2).byte_range), ("/live/i2", Some(ByteRange { offset: 5, length: 20 })));
}

#[test]
fn ranges_without_an_offset_follow_the_one_before() {
    let list = media(
        "#EXT-X-BYTERANGE:10@100\n#EXTINF:1,\na\n#EXT-X-BYTERANGE:20\n#EXTINF:1,\na\n#EXT-X-BYTERANGE:5\n#EXTINF:1,\nb\n",
    );
    let offsets: Vec<_> = list.segments.iter().map(|s| s.byte_range.unwrap().offset).collect();
    assert_eq!(offsets, [100, 110, 0]);
    assert!(list.segments.iter().all(|segment| !segment.repeat));
}

#[test]
fn dates_reach_forwards_and_backwards() {
    let list = media(
        "#EXTINF:2,\n0\n#EXTINF:2,\n1\n#EXT-X-PROGRAM-DATE-TIME:2026-11-20T12:00:10+0900\n#EXTINF:3,\n2\n#EXTINF:3,\n3\n\
         #EXT-X-PROGRAM-DATE-TIME:2026-11-20T03:00:30Z\n#EXTINF:3,\n4\n",
    );
    assert_eq!(list.segments.iter().map(second).collect::<Vec<_>>(), [Some(6), Some(8), Some(10), Some(13), Some(30)]);
    assert_eq!(list.end().unwrap().timestamp() % 60, 33);
    assert!(media("#EXTINF:2,\n0\n").end().is_none());
}

#[test]
fn a_segment_listed_twice_is_marked_and_takes_no_time() {
    let list = media(
        "#EXT-X-PROGRAM-DATE-TIME:2026-11-20T03:00:00Z\n#EXTINF:2,\n0?a\n#EXTINF:2,\n1\n#EXTINF:2,\n1?t=2\n#EXTINF:2,\n2\n",
    );
    assert_eq!(list.segments.iter().map(|s| s.repeat).collect::<Vec<_>>(), [false, false, true, false]);
    assert_eq!(second(&list.segments[3]), Some(4));
}

#[test]
fn segments_that_only_their_query_tells_apart_are_no_repeats() {
    let repeats = |list: &[&str]| {
        let text: String = list.iter().map(|address| format!("#EXTINF:2,\n{address}\n")).collect();
        media(&text).segments.iter().map(|segment| segment.repeat).collect::<Vec<_>>()
    };
    assert_eq!(repeats(&["s?n=1", "s?n=2", "s?n=3"]), [false; 3]);
    assert_eq!(repeats(&["s?n=1&t=7", "s?n=2&t=7", "s?n=2&t=7", "s?n=3&t=7"]), [false, false, true, false]);
    // Another folder every hour.
    assert_eq!(repeats(&["1/s?n=1", "1/s?n=2", "2/s?n=1", "2/s?n=2"]), [false; 4]);
    assert_eq!(repeats(&["1?t=1", "1?t=2", "2?t=2", "3?t=2"]), [false, true, false, false]);
}

#[test]
fn gaps_discontinuities_and_skipped_segments_are_read() {
    let list = media(
        "#EXT-X-MEDIA-SEQUENCE:5\n#EXT-X-SKIP:SKIPPED-SEGMENTS=3\n#EXT-X-GAP\n#EXTINF:1,\n0\n#EXT-X-DISCONTINUITY\n#EXTINF:1,\n1\n",
    );
    let marks: Vec<_> = list.segments.iter().map(|s| (s.sequence, s.gap, s.discontinuity)).collect();
    assert_eq!(marks, [(8, true, false), (9, false, true)]);
}

#[test]
fn the_pace_is_that_of_the_segments_and_never_a_hot_loop() {
    let target = |text: &str| media(text).target_duration.as_millis();
    assert_eq!(target("#EXT-X-TARGETDURATION:0\n#EXTINF:4,\na\n"), 4000);
    assert_eq!(target("#EXTINF:4,\na\n"), 4000);
    assert_eq!(target("#EXT-X-TARGETDURATION:600\n#EXTINF:2,\na\n"), 2000);
    assert_eq!(target("#EXT-X-TARGETDURATION:1\n#EXTINF:10,\na\n"), 1000);
    assert_eq!(target("#EXTINF:0.001,\na\n"), 500);
    assert_eq!(target(""), 5000);
}

#[test]
fn a_segment_of_unknown_length_counts_as_the_target() {
    let list = media("#EXT-X-TARGETDURATION:6\n#EXTINF:-1,\na\n");
    assert_eq!(list.segments[0].duration, Duration::from_secs(6));
}

#[test]
fn numbers_at_their_limits_do_not_overflow() {
    let list = media(&format!(
        "#EXT-X-MEDIA-SEQUENCE:{0}\n#EXT-X-SKIP:SKIPPED-SEGMENTS={0}\n#EXT-X-BYTERANGE:{0}@{0}\n#EXTINF:86400,\na\n\
         #EXT-X-BYTERANGE:1\n#EXTINF:1,\na\n",
        u64::MAX / 2 - 1
    ));
    assert_eq!(list.segments.len(), 2);
}
