use super::*;

fn normalise(bytes: &[u8]) -> Result<Normal, NormaliseError> {
    super::normalise(bytes, Given::default())
}

fn normal(text: impl AsRef<[u8]>) -> String {
    normalise(text.as_ref()).unwrap().text
}

/// The lines after the first.
fn body(text: impl AsRef<[u8]>) -> Vec<String> {
    normal(text).lines().skip(1).map(str::to_owned).collect()
}

#[test]
fn titles_go_whatever_is_in_them() {
    assert_eq!(body("#EXTM3U\n#EXTINF:10,Title, with comma\na.aac\n"), ["#EXTINF:10.000000,", "a.aac"]);
    assert_eq!(body(b"#EXTM3U\n#EXTINF:10,\xb0\xa1\xff\na.aac\n"), ["#EXTINF:10.000000,", "a.aac"]);
}

#[test]
fn bytes_that_are_no_text_lose_only_their_line() {
    assert_eq!(body(b"#EXTM3U\n#EXTINF:1,\n\xff.aac\n#EXTINF:2,\nb.aac\n").len(), 4);
}

#[test]
fn names_that_are_no_utf_8_are_asked_for_as_they_stand() {
    // Latin-1, EUC-KR, and UTF-8 beside them.
    let names = body(b"#EXTM3U\n#EXTINF:1,\nd\xe9j\xe0.aac?t=\xff%20\n#EXTINF:2,\n\xb9\xe6\xbc\xdb.aac\n#EXTINF:3,\n\xeb\xb0\xa9.aac\n");
    assert_eq!([&names[1], &names[3], &names[5]], ["d%E9j%E0.aac?t=%FF%20", "%B9%E6%BC%DB.aac", "\u{bc29}.aac"]);
    let list = body(b"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nd\xe9j\xe0.m3u8\n");
    assert_eq!(list[1], "d%E9j%E0.m3u8");
    let key = body(b"#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI=\"cl\xe9\"\n#EXTINF:1,\na.aac\n");
    assert!(key[0].contains("URI=\"cl%E9\""), "{key:?}");
    let url = super::super::address::absolute(&"http://h/\u{bc29}/x".parse().unwrap(), &names[1]).unwrap();
    assert_eq!(url.as_str(), "http://h/%EB%B0%A9/d%E9j%E0.aac?t=%FF%20");
}

#[test]
fn a_bom_and_leading_blank_lines_are_nothing() {
    assert_eq!(normal("\u{feff}\r\n \n#EXTM3U\r\n"), "#EXTM3U\n");
}

#[test]
fn all_line_ends_are_line_ends() {
    for end in ["\n", "\r\n", "\r", "\n\n"] {
        let text = ["#EXTM3U", "#EXTINF:1,", "a.aac", ""].join(end);
        assert_eq!(body(text), ["#EXTINF:1.000000,", "a.aac"], "{end:?}");
    }
}

#[test]
fn attributes_on_the_first_line_are_no_address() {
    assert_eq!(normal("#EXTM3U url-tvg=\"x\" cache=1\n#EXT-X-ENDLIST\n"), "#EXTM3U\n#EXT-X-ENDLIST\n");
}

#[test]
fn dates_in_every_common_spelling_become_one() {
    let date = |text: &str| body(format!("#EXTM3U\n#EXT-X-PROGRAM-DATE-TIME:{text}\n")).join("");
    let want = "#EXT-X-PROGRAM-DATE-TIME:2026-11-20T12:00:00.500+09:00";
    assert_eq!(date("2026-11-20T12:00:00.500+0900"), want);
    assert_eq!(date("2026-11-20T12:00:00.500+09:00"), want);
    assert_eq!(date("2026-11-20T12:00:00.500+09"), want);
    assert_eq!(date("2026-11-20T03:00:00Z"), "#EXT-X-PROGRAM-DATE-TIME:2026-11-20T03:00:00+00:00");
    assert_eq!(date("2026-11-20T03:00:00"), "#EXT-X-PROGRAM-DATE-TIME:2026-11-20T03:00:00+00:00");
    assert_eq!(date("yesterday"), "");
}

#[test]
fn a_torn_end_makes_nothing_up() {
    let whole = "#EXTM3U\n#EXTINF:10,\nseg1.aac\n";
    for torn in ["#EXTI", "#EXTINF:1", "#EXTINF:10,\nseg2.a", "#EXTINF:10,\nseg", "#EXT-X-KEY:METHOD=AES-1"] {
        assert_eq!(body(format!("{whole}{torn}")), body(whole), "{torn:?}");
    }
    // A list whose author does not end the last line is not torn.
    assert_eq!(body(format!("{whole}#EXTINF:9,\nseg2.aac?t=1")).len(), 4);
    assert_eq!(body(format!("{whole}#EXT-X-ENDLIST")).last().unwrap(), "#EXT-X-ENDLIST");
}

#[test]
fn bad_lengths_become_zero_and_targets_whole_seconds() {
    assert_eq!(body("#EXTM3U\n#EXTINF:-1,Radio\na.aac\n"), ["#EXTINF:0.000000,", "a.aac"]);
    assert_eq!(body("#EXTM3U\n#EXTINF:nan,\na.aac\n"), ["#EXTINF:0.000000,", "a.aac"]);
    assert_eq!(body("#EXTM3U\n#EXT-X-TARGETDURATION:10.5\n"), ["#EXT-X-TARGETDURATION:11"]);
    for none in ["0", "-3", "", "1e99", "x"] {
        assert!(body(format!("#EXTM3U\n#EXT-X-TARGETDURATION:{none}\n")).is_empty(), "{none}");
    }
}

#[test]
fn a_sequence_that_is_no_number_is_not_half_a_discontinuity() {
    assert!(body("#EXTM3U\n#EXT-X-DISCONTINUITY-SEQUENCE:x\n#EXT-X-MEDIA-SEQUENCE:99999999999999999999\n").is_empty());
}

#[test]
fn addresses_need_their_tag() {
    assert!(body("#EXTM3U\n<html>\n<p>Sorry</p>\n").is_empty());
    assert_eq!(body("#EXTM3U\n#EXTINF:1,\na.aac\nb.aac\n"), ["#EXTINF:1.000000,", "a.aac"]);
}

#[test]
fn the_key_we_can_use_is_the_one_that_is_kept() {
    let list = "#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI=\"k\",IV=0x1,X=2\n\
                #EXT-X-KEY:METHOD=SAMPLE-AES,URI=\"skd://x\",KEYFORMAT=\"com.apple.streamingkeydelivery\"\n#EXTINF:1,\na.aac\n";
    assert_eq!(body(list)[0], "#EXT-X-KEY:METHOD=AES-128,URI=\"k\",IV=0x1");
    assert_eq!(body("#EXTM3U\n#EXT-X-KEY:METHOD=NONE,IV=0x0\n#EXTINF:1,\na\n")[0], "#EXT-X-KEY:METHOD=NONE");
}

#[test]
fn broken_attributes_do_not_eat_the_next_lines() {
    let list = "#EXTM3U\n#EXT-X-MAP:URI\n#EXT-X-KEY:METHOD\n#EXT-X-BYTERANGE:x@y\n#EXTINF:1,\na?b=\"c\"\n";
    assert_eq!(body(list), ["#EXTINF:1.000000,", "a?b=\"c\""]);
}

#[test]
fn a_variant_without_its_bandwidth_keeps_its_address() {
    let list = "#EXTM3U\n#EXT-X-STREAM-INF:CODECS=\"mp4a.40.2\",RESOLUTION=big\nlow.m3u8\n";
    assert_eq!(body(list), ["#EXT-X-STREAM-INF:CODECS=\"mp4a.40.2\",BANDWIDTH=0", "low.m3u8"]);
    assert!(normalise(list.as_bytes()).unwrap().master);
}

#[test]
fn an_answer_that_is_no_playlist_is_shown_without_its_secrets() {
    let error = normalise(b"<html>see http://h/x?token=abcdefgh</html>").unwrap_err().to_string();
    assert!(error.contains("<html>see") && !error.contains("abcdefgh"), "{error}");
    assert!(normalise(b"").is_err());
    assert!(normalise(&[0xff; 4096]).is_err());
}

#[test]
fn endless_lists_are_refused() {
    let list = format!("#EXTM3U\n{}", "#EXTINF:1,\na\n".repeat(MAX_SEGMENTS + 1));
    assert_eq!(normalise(list.as_bytes()), Err(NormaliseError::TooLong));
}

#[test]
fn a_comma_at_the_beginning_of_an_address_is_not_lost() {
    let list = normalise(b"#EXTM3U\n#EXTINF:1,\n,a.aac\n").unwrap().text;
    let parsed = m3u8_rs::parse_media_playlist_res(list.as_bytes()).unwrap();
    assert_eq!(parsed.segments[0].uri, "./,a.aac");
}

#[test]
fn a_stray_quote_does_not_spoil_the_line() {
    let list = "#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI=key\"\n#EXTINF:1,\na\n";
    assert_eq!(body(list)[0], "#EXT-X-KEY:METHOD=AES-128,URI=\"key\"");
}

#[test]
fn an_unknown_method_is_not_taken_for_no_encryption() {
    let list = "#EXTM3U\n#EXT-X-KEY:METHOD=AES-1 28,URI=\"key\"\n#EXTINF:1,\na\n";
    assert_eq!(body(list)[0], "#EXT-X-KEY:URI=\"key\",METHOD=UNKNOWN");
}

#[test]
fn a_leap_second_is_the_first_of_the_next_minute() {
    let list = "#EXTM3U\n#EXT-X-PROGRAM-DATE-TIME:2026-12-31T23:59:60.250Z\n#EXTINF:1,\na\n";
    assert_eq!(body(list)[0], "#EXT-X-PROGRAM-DATE-TIME:2027-01-01T00:00:00.250+00:00");
}

#[test]
fn comments_before_the_first_line_are_nothing() {
    assert_eq!(normal("# made by hand\r\n\r\n#and again\n#EXTM3U\n#EXT-X-ENDLIST\n"), "#EXTM3U\n#EXT-X-ENDLIST\n");
    assert!(normalise(b"# a script\necho\n#EXTM3U\n").is_err());
    assert!(normalise(b"#EXTINF:1,\n#EXTM3U\n").is_err());
}

#[test]
fn variables_are_filled_in_and_leave_no_trace() {
    let list = "#EXTM3U\n#EXT-X-DEFINE:NAME=\"k\",VALUE=\"keys/1\"\n#EXT-X-DEFINE:NAME=\"iv\",VALUE=\"0x0F\"\n\
                #EXT-X-DEFINE:NAME=\"hash\",VALUE=\"#EXT-X-ENDLIST\"\n#EXT-X-DEFINE:NAME=\"none\",VALUE=\"\"\n\
                #EXT-X-KEY:METHOD=AES-128,URI=\"{$k}.bin\",IV={$iv}\n#EXTINF:1,\n{$k}.aac\n#EXTINF:1,\n{$hash}\n\
                #EXTINF:1,\n{$none}\n";
    let want = [
        "#EXT-X-KEY:METHOD=AES-128,URI=\"keys/1.bin\",IV=0x0F",
        "#EXTINF:1.000000,",
        "keys/1.aac",
        "#EXTINF:1.000000,",
        "./#EXT-X-ENDLIST",
    ];
    assert_eq!(body(list), want);
    let unknown = normalise(b"#EXTM3U\n#EXTINF:1,\n{$host}/a.aac\n").unwrap_err().to_string();
    assert!(unknown.contains("{$host}"), "{unknown}");
    // A variable that makes no address makes nothing.
    assert!(body("#EXTM3U\n{$host}/a.aac\n#EXT-X-DATERANGE:ID=\"{$host}\"\n").is_empty());
}

#[test]
fn renditions_without_variants_are_a_master() {
    let media = "#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"x\",URI=\"a.m3u8\"\n";
    assert!(normalise(media.as_bytes()).unwrap().master);
    assert!(!normalise(format!("{media}#EXTINF:1,\na.aac\n").as_bytes()).unwrap().master);
    assert!(!normalise(media.replace(",URI=\"a.m3u8\"", "").as_bytes()).unwrap().master);
}
