use std::fs;
use std::io;

use super::*;

const RESERVED: usize = 65_536;

#[expect(clippy::disallowed_methods, reason = "a test waits for it at once")]
fn run(program: &str, args: &[&str], file: &Path) -> Vec<u8> {
    let output = std::process::Command::new(program).args(args).arg(file).output().unwrap();
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// Writes two seconds of sound as the encoder does.
fn recording(folder: &tempfile::TempDir) -> PathBuf {
    let path = folder.path().join("x.mp3.part");
    let input = ["-v", "error", "-f", "lavfi", "-i", "sine=440:duration=2", "-c:a", "libmp3lame", "-b:a", "128k"];
    let output = ["-id3v2_version", "4", "-metadata_header_padding", "65536", "-f", "mp3"];
    run("ffmpeg", &[&input[..], &output].concat(), &path);
    path
}

fn probed(path: &Path) -> serde_json::Value {
    let asked = ["-v", "error", "-of", "json", "-show_entries", "format=duration,size:format_tags"];
    serde_json::from_slice::<serde_json::Value>(&run("ffprobe", &asked, path)).unwrap()["format"].clone()
}

fn korean() -> Tags {
    Tags {
        version: Id3::V24,
        title: "명연주 명음반 2026-11-20 🎻".into(),
        artist: "KBS Classic FM".into(),
        album: "명연주\n명음반\0zwei".into(),
        genre: "Classical".into(),
        recorded: Some("2026-11-20T14:00:05".parse().unwrap()),
        station: "KBS 1FM".into(),
        comment: "partial (98.7 %): 3.8 s missing at 14:10:00 (403)".into(),
        encoded_by: "aircheck 0.1.0".into(),
        length: Some(Duration::from_millis(7_196_250)),
        extra: vec![
            ("REPLAYGAIN_TRACK_GAIN".into(), "-6.20 dB".into()),
            ("REPLAYGAIN_TRACK_PEAK".into(), "0.98".into()),
        ],
        chapters: Vec::new(),
        cover: None,
    }
}

#[tokio::test]
async fn tags_are_read_back_by_ffprobe_and_no_byte_of_sound_moves() {
    let folder = tempfile::tempdir().unwrap();
    let path = recording(&folder);
    let (before, probed_before) = (fs::read(&path).unwrap(), probed(&path));
    write(&path, &korean()).unwrap();

    let (after, format) = (fs::read(&path).unwrap(), probed(&path));
    assert_eq!(after.len(), before.len());
    let sound = before.windows(2).skip(RESERVED).position(|bytes| bytes == [0xFF, 0xFB]).unwrap() + RESERVED;
    assert!(after[sound..] == before[sound..], "the sound has changed");
    assert_eq!(format["duration"], probed_before["duration"]);
    assert_eq!(
        format["tags"],
        serde_json::json!({
            "title": "명연주 명음반 2026-11-20 🎻",
            "artist": "KBS Classic FM",
            "album": "명연주 명음반zwei",
            "genre": "Classical",
            "date": "2026-11-20T14:00:05",
            "TRSN": "KBS 1FM",
            "publisher": "KBS 1FM",
            "comment": "partial (98.7 %): 3.8 s missing at 14:10:00 (403)",
            "encoded_by": "aircheck 0.1.0",
            "TLEN": "7196250",
            "REPLAYGAIN_TRACK_GAIN": "-6.20 dB",
            "REPLAYGAIN_TRACK_PEAK": "0.98",
        })
    );
    let comment = Tag::read_from_path(&path).unwrap().comments().next().cloned().unwrap();
    assert_eq!((comment.lang.as_str(), comment.description.as_str()), ("eng", ""));
}

/// Returns the frames of an ID3v2.3 tag, name and content (ID3v2.3.0, 3.3).
fn frames_of_v23(bytes: &[u8]) -> Vec<(&str, &[u8])> {
    let mut rest = &bytes[10..];
    let mut frames = Vec::new();
    while rest[0] != 0 {
        let length = u32::from_be_bytes(rest[4..8].try_into().unwrap()) as usize;
        frames.push((std::str::from_utf8(&rest[..4]).unwrap(), &rest[10..10 + length]));
        rest = &rest[10 + length..];
    }
    frames
}

#[tokio::test]
async fn version_2_3_is_read_by_cars_and_windows() {
    let folder = tempfile::tempdir().unwrap();
    let path = recording(&folder);
    let before = fs::read(&path).unwrap();
    write(&path, &Tags { version: Id3::V23, ..korean() }).unwrap();
    let after = fs::read(&path).unwrap();
    assert_eq!((after.len(), &after[..5]), (before.len(), &b"ID3\x03\0"[..]));
    assert!(after[RESERVED + 200..] == before[RESERVED + 200..], "the sound has changed");

    let frames = frames_of_v23(&after);
    let frame = |name: &str| frames.iter().find(|(it, _)| *it == name).map(|(_, content)| *content);
    // Encoding 1 is UTF-16 with a byte order mark; 0 is ISO 8859-1.
    let title = frame("TIT2").unwrap();
    assert_eq!(title[..3], [1, 0xFF, 0xFE]);
    let units =
        title[3..].chunks_exact(2).map(|two| u16::from_le_bytes([two[0], two[1]])).take_while(|unit| *unit != 0);
    assert_eq!(String::from_utf16(&units.collect::<Vec<_>>()).unwrap(), "명연주 명음반 2026-11-20 🎻");
    assert_eq!(frame("TPE1"), Some(&b"\0KBS Classic FM"[..]));
    assert_eq!(
        (frame("TYER"), frame("TDAT"), frame("TIME")),
        (Some(&b"\x002026"[..]), Some(&b"\x002011"[..]), Some(&b"\x001400"[..]))
    );
    assert_eq!(frame("TDRC"), None);
    assert!(frames.iter().all(|(_, content)| content[0] < 2), "no other encoding is known: {frames:?}");

    let mut tags = probed(&path)["tags"].clone();
    assert_eq!(tags["date"].take(), "2026-11-20 14:00");
    assert_eq!((&tags["title"], &tags["comment"]), (&"명연주 명음반 2026-11-20 🎻".into(), &korean().comment.into()));
    // Version 2.4 again, as when a recording is cut again.
    write(&path, &korean()).unwrap();
    assert_eq!((&fs::read(&path).unwrap()[3], &probed(&path)["tags"]["date"]), (&4, &"2026-11-20T14:00:05".into()));
}

#[tokio::test]
async fn chapters_are_read_back_by_ffprobe_and_even_the_most_of_them_fit() {
    for version in [Id3::V24, Id3::V23] {
        chapters_are_read_back(version);
    }
}

fn chapters_are_read_back(version: Id3) {
    let korean = || Tags { version, ..korean() };
    let folder = tempfile::tempdir().unwrap();
    let path = recording(&folder);
    let chapter = |number: u64, title: &str| Chapter {
        start: Duration::from_millis(number * 10),
        end: Duration::from_millis(number * 10 + 10),
        title: title.to_owned(),
    };
    let chapters = vec![chapter(0, "14:00:00"), chapter(1, "14:03:16, after 4.0 s missing: 끊김")];
    write(&path, &Tags { chapters, ..korean() }).unwrap();
    let shown = |path: &Path| {
        let said = run("ffprobe", &["-v", "error", "-of", "json", "-show_chapters"], path);
        serde_json::from_slice::<serde_json::Value>(&said).unwrap()["chapters"].as_array().unwrap().clone()
    };
    let read = shown(&path);
    assert_eq!(read.len(), 2);
    assert_eq!((&read[1]["start_time"], &read[1]["end_time"]), (&"0.010000".into(), &"0.020000".into()));
    assert_eq!(read[1]["tags"]["title"], "14:03:16, after 4.0 s missing: 끊김");
    let tag = Tag::read_from_path(&path).unwrap();
    let contents = tag.tables_of_contents().next().unwrap();
    assert_eq!(contents.elements, ["chp0", "chp1"]);
    assert!(contents.top_level && contents.ordered);

    let long = "긴 제목 ".repeat(10_000);
    let most = (0..10_000).map(|number| chapter(number, &long)).collect();
    let texts = || long.clone();
    let full = Tags {
        title: texts(),
        artist: texts(),
        album: texts(),
        genre: texts(),
        station: texts(),
        comment: texts(),
        encoded_by: texts(),
        chapters: most,
        ..korean()
    };
    write(&path, &full).unwrap();
    assert_eq!(shown(&path).len(), MOST_CHAPTERS);
}

#[tokio::test]
async fn tagging_again_replaces_everything_and_texts_without_end_are_cut() {
    let folder = tempfile::tempdir().unwrap();
    let path = recording(&folder);
    let size = fs::metadata(&path).unwrap().len();
    let long = "긴 제목 ".repeat(100_000);
    let endless = Tags {
        title: long.clone(),
        artist: long.clone(),
        album: long.clone(),
        genre: long.clone(),
        station: long.clone(),
        comment: long.clone(),
        encoded_by: long.clone(),
        ..korean()
    };
    write(&path, &endless).unwrap();
    let title = probed(&path)["tags"]["title"].as_str().unwrap().to_owned();
    assert!(title.len() > 3_000 && long.starts_with(&title));
    write(&path, &Tags { title: "only this".into(), ..Tags::default() }).unwrap();
    assert_eq!(probed(&path)["tags"], serde_json::json!({"title": "only this"}));
    assert_eq!(fs::metadata(&path).unwrap().len(), size);
}

#[tokio::test]
async fn a_file_without_reserved_space_is_left_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let good = fs::read(recording(&folder)).unwrap();
    let spoiled = |at: usize, with: &[u8]| {
        let mut bytes = good.clone();
        bytes[at..at + with.len()].copy_from_slice(with);
        bytes
    };
    let cases: [(&str, Vec<u8>); 6] = [
        ("no tag", good[RESERVED + 100..].to_vec()),
        ("another version", spoiled(3, &[2])),
        ("a size that ends in the sound", spoiled(6, &[0, 4, 0, 24])),
        ("a size beyond the end", spoiled(6, &[0x7F; 4])),
        ("a size that is not a number", spoiled(6, &[0xFF; 4])),
        ("a tag and no sound", good[..RESERVED + 35].to_vec()),
    ];
    for (what, bytes) in cases {
        let path = folder.path().join("bad.mp3");
        fs::write(&path, &bytes).unwrap();
        let error = write(&path, &korean()).unwrap_err();
        assert!(matches!(error, TagError::NoSpace { .. }), "{what}: {error}");
        assert!(fs::read(&path).unwrap() == bytes, "{what}: the file was touched");
    }
    let path = folder.path().join("small.mp3");
    let small = [&b"ID3\x04\0\0\0\0\0\x20"[..], &[0; 32], &[0xFF, 0xFB, 0x90, 0]].concat();
    fs::write(&path, &small).unwrap();
    assert!(matches!(write(&path, &korean()), Err(TagError::TooLarge { reserved: 42, .. })));
    assert_eq!(fs::read(&path).unwrap(), small);
    fs::write(&path, "").unwrap();
    let error = write(&path, &korean()).unwrap_err();
    assert!(matches!(error, TagError::File { source, .. } if source.kind() == io::ErrorKind::UnexpectedEof));
}

/// Returns the streams of a file, and its decoded sound.
fn streams_and_sound(path: &Path) -> (serde_json::Value, Vec<u8>) {
    let shown = run("ffprobe", &["-v", "error", "-of", "json", "-show_streams"], path);
    let path = path.to_str().unwrap();
    let sound = run("ffmpeg", &["-v", "error", "-i", path, "-map", "0:a", "-f", "s16le"], Path::new("-"));
    (serde_json::from_slice(&shown).unwrap(), sound)
}

#[tokio::test]
async fn a_cover_is_shown_by_players_and_changes_neither_sound_nor_length() {
    let folder = tempfile::tempdir().unwrap();
    let picture = folder.path().join("cover.png");
    run("ffmpeg", &["-v", "error", "-f", "lavfi", "-i", "testsrc2=size=600x600", "-frames:v", "1"], &picture);
    let bytes = fs::read(&picture).unwrap();
    let cover = Picture { kind: crate::base::image::ImageKind::Png, bytes: bytes.clone().into() };
    let path = recording(&folder);
    let full = Tags { cover: Some(Picture { bytes: vec![0; 70_000].into(), ..cover.clone() }), ..korean() };
    let before = fs::read(&path).unwrap();
    assert!(matches!(write(&path, &full), Err(TagError::TooLarge { .. })), "a tag is never written over the sound");
    assert!(fs::read(&path).unwrap() == before);

    // With the space that the encoder reserves.
    let path = folder.path().join("y.mp3.part");
    let space = (65_536 + space_for(&cover)).to_string();
    let input = ["-v", "error", "-f", "lavfi", "-i", "sine=440:duration=2", "-c:a", "libmp3lame", "-b:a", "128k"];
    let output = ["-id3v2_version", "4", "-metadata_header_padding", &space, "-f", "mp3"];
    run("ffmpeg", &[&input[..], &output].concat(), &path);
    let (plain, sound) = streams_and_sound(&path);
    let size = fs::metadata(&path).unwrap().len();
    let long = "긴 제목 ".repeat(10_000);
    let chapter = |_| Chapter { start: Duration::ZERO, end: Duration::from_secs(1), title: long.clone() };
    let texts = Tags { title: long.clone(), album: long.clone(), comment: long.clone(), ..korean() };
    let tags = Tags { cover: Some(cover), chapters: (0..MOST_CHAPTERS).map(chapter).collect(), ..texts };
    write(&path, &tags).unwrap();
    let (shown, same) = streams_and_sound(&path);
    assert!(same == sound && fs::metadata(&path).unwrap().len() == size);
    let stream = |kind: &str| {
        let streams = shown["streams"].as_array().unwrap();
        streams.iter().find(|stream| stream["codec_type"] == kind).unwrap().clone()
    };
    assert_eq!(stream("audio")["duration"], plain["streams"][0]["duration"]);
    let video = stream("video");
    assert_eq!((&video["codec_name"], &video["width"]), (&"png".into(), &600.into()));
    assert_eq!(video["disposition"]["attached_pic"], 1, "{video}");
    assert_eq!(video["tags"]["comment"], "Cover (front)", "{video}");
}
