//! `aircheck grab` of playlists that have ended: every way in which segments are packed and encrypted, the best of a
//! master, a page, and addresses that expire. Judged by the sound of the file.

use std::path::{Path, PathBuf};

use crate::support::aircheck::{Aircheck, ffprobe};
use crate::support::ffmpeg;
use crate::support::origin::{ByQuery, Container, Encryption, Fault, Kind, Origin, Part, Setup, StationHandle};
use crate::support::timecode::Report;

/// How many segments of 2 s a list has.
const SEGMENTS: usize = 12;

/// All that has been on the air is listed, and served.
fn setup(container: Container) -> Setup {
    Setup { window: 400, ..Setup::of(container) }
}

/// A playlist that ends after its first segments.
fn ended() -> Fault {
    Fault::edit_playlist(|text| {
        let mut segments = 0;
        let lines = text.lines().take_while(|line| {
            let more = segments < SEGMENTS;
            segments += usize::from(!line.starts_with('#'));
            more
        });
        lines.map(|line| format!("{line}\n")).collect::<String>() + "#EXT-X-ENDLIST\n"
    })
}

async fn on_air(setups: Vec<(&'static str, Setup)>) -> (Origin, Aircheck, Vec<StationHandle>) {
    tokio::task::spawn_blocking(move || {
        let origin = Origin::start();
        let put = |(name, setup): (&str, Setup)| {
            let station = origin.station(name, setup);
            station.fault(ended());
            station
        };
        let stations = setups.into_iter().map(put).collect();
        (origin, Aircheck::new("stations: {}\nshows: []\n"), stations)
    })
    .await
    .expect("no panic")
}

async fn heard(file: PathBuf) -> Report {
    tokio::task::spawn_blocking(move || Report::of_file(&file)).await.expect("no panic")
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_becomes_a_file_however_its_segments_are_packed_and_encrypted() {
    let sealed = |explicit_iv, rotate| Some(Encryption::usual(explicit_iv, rotate));
    let cases = [
        ("ts", "m4a", setup(Container::Ts)),
        ("sealed", "aac", Setup { encryption: sealed(false, 5), ..setup(Container::Adts) }),
        ("ranges", "mkv", Setup { byte_ranges: true, ..setup(Container::Ts) }),
        ("fragments", "mp4", Setup { encryption: sealed(true, 3), ..setup(Container::Fmp4) }),
        ("mp3", "mp3", setup(Container::Mp3)),
        ("query", "ts", Setup { by_query: Some(ByQuery::TokenEach), ..setup(Container::Ts) }),
    ];
    let setups = cases.iter().map(|(name, _, setup)| (*name, setup.clone())).collect();
    let (_origin, aircheck, stations) = on_air(setups).await;
    for ((name, extension, _), station) in cases.iter().zip(&stations) {
        let file = aircheck.path(&format!("{name}.{extension}"));
        let ran = aircheck.run(&["grab", &station.url(), "--json", "-o", text(&file)]).await;
        assert_eq!((ran.code, &ran.json()["there"]), (0, &SEGMENTS.into()), "{name}: {ran}");
        let report = heard(file).await;
        assert!(report.is_whole() && (report.length - 24.0).abs() < 0.08, "{name}: {report}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_best_of_a_master_behind_a_page_is_taken_and_found_anew_when_it_expires() {
    let variants = vec![64_000, 192_000, 128_000];
    let expiring = Setup { variants, by_query: Some(ByQuery::Token), ..setup(Container::Ts) };
    let (_origin, aircheck, stations) = on_air(vec![("x", expiring)]).await;
    let station = &stations[0];
    // The first addresses are no longer good when a third of it has come.
    station.fault(Fault::new(Part::Segment, Kind::Status(403)).every(5).times(2));
    let file = aircheck.path("best.m4a");
    let ran = aircheck.run(&["grab", &station.page_url(), "--parallel", "2", "-o", text(&file)]).await;
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{ran}");
    assert!(ran.stdout.contains("12 of 12 segments"), "one line where nobody looks at a bar: {ran}");
    assert!(heard(file).await.is_whole());
    let asked = |path: &str| station.log().iter().filter(|entry| entry.target.contains(path)).count();
    assert!(asked("v192000/playlist") > 1 && asked("v64000") + asked("v128000") == 0, "{:?}", station.log());
    assert!(asked("page") > 1, "the page is asked once more");

    let file = aircheck.path("small.m4a");
    let ran = aircheck.run(&["grab", &station.url(), "--max-bitrate", "130k", "-o", text(&file)]).await;
    assert!(ran.code == 0 && asked("v128000/playlist") == 1, "{ran}");
}

/// Makes 6 s of picture and sound in folders of their own, and a master that names both.
fn film(station: &StationHandle, folder: &Path) -> String {
    for (name, input, codec) in [
        ("picture", "testsrc=size=160x120:rate=25:duration=6", ["-c:v", "mpeg4", "-g", "25"]),
        ("sound", "sine=frequency=1000:sample_rate=48000:duration=6", ["-c:a", "aac", "-b:a", "64k"]),
    ] {
        let (list, segments) = (folder.join(format!("{name}.m3u8")), folder.join(format!("{name}-%d.m4s")));
        let init = format!("{name}-init.mp4");
        let hls = ["-f", "hls", "-hls_time", "1", "-hls_segment_type", "fmp4", "-hls_playlist_type", "vod"];
        let files = ["-hls_fmp4_init_filename", &init, "-hls_segment_filename", text(&segments), text(&list)];
        ffmpeg::run(&[&["-f", "lavfi", "-i", input][..], &codec, &hls, &files].concat(), &[]);
    }
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().and_then(|name| name.to_str()).expect("UTF-8").to_owned();
        station.put_bytes(&name, "application/octet-stream", std::fs::read(&path).expect("readable"));
    }
    let master = "#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"ko\",LANGUAGE=\"ko\",DEFAULT=YES,URI=\"sound.m3u8\"\n\
                  #EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"s\",NAME=\"ko\",URI=\"none.m3u8\"\n\
                  #EXT-X-STREAM-INF:BANDWIDTH=900000,RESOLUTION=160x120,CODECS=\"mp4v.20.9,mp4a.40.2\",AUDIO=\"a\",SUBTITLES=\"s\"\n\
                  picture.m3u8\n";
    station.put("film.m3u8", "application/vnd.apple.mpegurl", master)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn picture_and_a_sound_of_its_own_come_together_in_step() {
    let (_origin, aircheck, stations) = on_air(vec![("x", setup(Container::Ts))]).await;
    let station = stations.into_iter().next().expect("one");
    let temporary = tempfile::tempdir().expect("a folder");
    let folder = temporary.path().to_owned();
    let (url, station) =
        tokio::task::spawn_blocking(move || (film(&station, &folder), station)).await.expect("no panic");
    let file = aircheck.path("film.mp4");
    let ran = aircheck.run(&["grab", &url, "-o", text(&file)]).await;
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{ran}");
    let probed = ffprobe(&file);
    let streams = probed["streams"].as_array().expect("streams");
    let of = |name: &str, key: &str| {
        streams
            .iter()
            .find(|stream| stream["codec_type"] == name)
            .map(|stream| stream[key].as_str().expect("text").to_owned())
    };
    assert_eq!(
        (streams.len(), of("video", "codec_name"), of("audio", "codec_name")),
        (2, Some("mpeg4".into()), Some("aac".into())),
        "{probed}"
    );
    for kind in ["video", "audio"] {
        let seconds: f64 = of(kind, "duration").expect("a length").parse().expect("a number");
        assert!((seconds - 6.0).abs() < 0.1, "{kind}: {probed}");
    }

    // The first second of the picture is missing: the sound stays in step with what is left.
    station.fault(Fault::new(Part::Segment, Kind::Status(404)).path("picture-0"));
    let file = aircheck.path("holes.mkv");
    let ran = aircheck.run(&["grab", &url, "-o", text(&file)]).await;
    assert!(ran.code == 3 && ran.stderr.contains("missing 1.0 s at 0:00"), "{ran}");
    let begins = |kind: &str| -> f64 {
        let probed = ffprobe(&file);
        let stream =
            probed["streams"].as_array().expect("streams").iter().find(|stream| stream["codec_type"] == kind).cloned();
        stream.expect("there")["start_time"].as_str().expect("text").parse().expect("a number")
    };
    assert!((begins("video") - begins("audio") - 1.0).abs() < 0.1, "{} and {}", begins("video"), begins("audio"));

    // Who wants the sound alone is not sent the picture.
    let before = station.log().len();
    let file = aircheck.path("sound.m4a");
    let ran = aircheck.run(&["grab", &url, "-o", text(&file)]).await;
    assert_eq!(ran.code, 0, "{ran}");
    assert!(station.log()[before..].iter().all(|entry| !entry.target.contains("picture")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_that_steps_find_is_found_anew_when_it_is_refused_or_gone_in_the_middle() {
    let expiring = Setup { by_query: Some(ByQuery::Token), ..setup(Container::Ts) };
    let (_origin, aircheck, stations) = on_air(vec![("x", expiring)]).await;
    let station = &stations[0];
    let asked = || station.log().iter().filter(|entry| entry.part == Part::Page).count();
    let yaml = format!(
        "stations:\n  tv: {{ name: TV, hls: {{ find: [{{ get: \"{}\" }}, {{ match: \"(http.*)\" }}] }} }}\n  \
         radio: {{ name: R, icecast: \"http://127.0.0.1:9/\" }}\nshows: []\n",
        station.address_url()
    );
    aircheck.write(&yaml);
    let page = station.address_url();
    let by_steps = [&page, "--find", "match: \"(http.*)\""];
    let ways = [(403, &by_steps[..]), (410, &by_steps), (403, &["--station", "tv"])];
    for (number, (status, way)) in ways.into_iter().enumerate() {
        station.fault(Fault::new(Part::Segment, Kind::Status(status)).every(5).times(2));
        let (before, file) = (asked(), aircheck.path(&format!("{number}.m4a")));
        let ran = aircheck.run(&[&["grab"], way, &["--parallel", "2", "-o", text(&file)]].concat()).await;
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{way:?}: {ran}");
        assert!(heard(file).await.is_whole(), "{way:?}");
        assert!(asked() - before > 1, "{way:?}: the steps are taken once more");
    }
    for (arguments, words) in [
        (&["grab", &page, "--find", "mtach: x"][..], "write `match`"),
        (&["grab", &page, "--find", "match: \"(rtmp.*)\""], "the steps of `find` lead to no address"),
        (&["grab", "--station", "tw"], "tv"),
        (&["grab", "--station", "radio"], "only playlists (`hls`) can be downloaded"),
    ] {
        let ran = aircheck.run(arguments).await;
        assert!(ran.code != 0 && ran.stderr.contains(words), "{arguments:?} does not say {words}: {ran}");
    }
}
