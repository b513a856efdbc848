//! `aircheck grab` of numbered segments: found by number, with holes and everything that servers send in place of one, and
//! killed again and again. Judged by the sound of the file.

use std::path::Path;
use std::time::Duration;

use aircheck::base::clock::SystemClock;
use chrono::TimeDelta;
use rustix::process::Signal;
use serde_json::Value;

use crate::support::aircheck::{Aircheck, Ran, ffprobe, until};
use crate::support::ffmpeg;
use crate::support::origin::{Container, Fault, Kind, Origin, Part, Setup, StationHandle};
use crate::support::timecode::Report;

const LIMIT: Duration = Duration::from_secs(60);

/// A folder to work in, and a station of which `count` segments of 2 s lie at `v/000000.ts` and so on.
struct Numbered {
    aircheck: Aircheck,
    _origin: Origin,
    station: StationHandle,
}

impl Numbered {
    async fn of(count: usize, setup: Setup) -> Self {
        let (origin, station) = Origin::with_numbered(setup, count).await;
        Self { aircheck: Aircheck::new("stations: {}\nshows: []\n"), _origin: origin, station }
    }

    /// The address of `file` of the station.
    fn url(&self, file: &str) -> String {
        self.station.page_url().replace("page", file)
    }

    fn out(&self, name: &str) -> String {
        self.aircheck.path(name).to_str().expect("UTF-8").to_owned()
    }

    async fn grab(&self, file: &str, more: &[&str]) -> Ran {
        self.aircheck.run(&[&["grab", &self.url(file)][..], more].concat()).await
    }
}

fn ts() -> Setup {
    Setup::of(Container::Ts)
}

async fn heard(file: &Path) -> Report {
    let file = file.to_owned();
    tokio::task::spawn_blocking(move || Report::of_file(&file)).await.expect("no panic")
}

fn is_whole(report: &Report, seconds: f64) {
    assert!(report.is_whole() && (report.length - seconds).abs() < 0.06, "{report} is not {seconds} s");
}

/// What ffmpeg has to say against a file.
async fn complaints(file: &Path) -> String {
    #[expect(clippy::disallowed_methods, reason = "a test may start a program by itself")]
    let mut ffmpeg = tokio::process::Command::new("ffmpeg");
    let ffmpeg = ffmpeg.args(["-v", "warning", "-i"]).arg(file).args(["-f", "null", "-"]);
    let output = ffmpeg.stdin(std::process::Stdio::null()).output().await.expect("ffmpeg runs");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn numbered_segments_become_a_file_however_they_are_counted() {
    let setup = Setup { header: Some(("Referer", "https://tv.example/")), ..ts() };
    let numbered = Numbered::of(12, setup).await;
    let referer = ["--referer", "https://tv.example/", "--json", "-o"];
    let all = ["--pad", "6", "--count", "12"];
    let ran = numbered.grab("v/(*).ts", &[&all[..], &referer, &[&numbered.out("a.m4a")]].concat()).await;
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{ran}");
    let told = ran.json();
    let counts = (&told["segments"], &told["there"], &told["first"], &told["last"], &told["missing"]);
    assert_eq!(counts, (&12.into(), &12.into(), &"000000".into(), &"000011".into(), &Value::Array(vec![])), "{told}");
    assert!((told["seconds"].as_f64().expect("a number") - 24.0).abs() < 0.1, "{told}");
    is_whole(&heard(&numbered.aircheck.path("a.m4a")).await, 24.0);
    assert!(!numbered.aircheck.path(".a.m4a.grab").exists(), "nothing is left beside the file");
    let probed = ffprobe(&numbered.aircheck.path("a.m4a"));
    assert_eq!((&probed["streams"][0]["codec_name"], &probed["streams"][1]), (&"aac".into(), &Value::Null), "copied");

    // By its length, as the document counts: one more, which may be absent.
    let length = ["--from", "0", "--length", "00:00:24", "--segment", "2s"];
    let ran = numbered.grab("v/(*).ts", &[&length[..], &referer, &[&numbered.out("b.aac")]].concat()).await;
    assert_eq!((ran.code, &ran.json()["segments"]), (0, &12.into()), "{ran}");

    // By nothing: from one address.
    let ran = numbered.grab("v/000007.ts", &[&referer[..], &[&numbered.out("c.mp3")]].concat()).await;
    let told = ran.json();
    assert_eq!((ran.code, &told["first"], &told["last"]), (0, &"000000".into(), &"000011".into()), "{ran}");
    is_whole(&heard(&numbered.aircheck.path("c.mp3")).await, 24.0);

    // Segments of one clock need no ffmpeg to become one: not a byte of their sound changes, and no player sees a seam.
    let path = numbered.aircheck.put_program("ffmpeg", "#!/bin/sh\nexit 9\n");
    let (url, out) = (numbered.url("v/(*).ts"), numbered.out("e.ts"));
    let joined = [&["grab", &url][..], &all, &referer, &[&out]].concat();
    let ran = numbered.aircheck.run_with(&joined, &[("PATH", &path)]).await;
    assert_eq!((ran.code, &ran.json()["segments"]), (0, &12.into()), "{ran}");
    assert!((ran.json()["seconds"].as_f64().expect("a number") - 24.0).abs() < 0.1, "{ran}");
    is_whole(&heard(&numbered.aircheck.path("e.ts")).await, 24.0);
    assert_eq!(complaints(&numbered.aircheck.path("e.ts")).await, "");

    // Nothing is replaced, and without the header nothing is to be had.
    let ran = numbered.grab("v/(*).ts", &[&referer[..], &[&numbered.out("a.m4a")]].concat()).await;
    assert!(ran.code == 2 && ran.stderr.contains("exists and is not replaced"), "{ran}");
    let ran = numbered.grab("v/(*).ts", &["-o", &numbered.out("d.m4a")]).await;
    assert!(ran.code == 2 && ran.stderr.contains("perhaps it wants `--referer`"), "{ran}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_segment_is_missing_with_its_cause_and_a_slip_is_not() {
    let numbered = Numbered::of(14, ts()).await;
    let station = &numbered.station;
    station.fault(Fault::new(Part::Segment, Kind::Status(404)).sequence(3));
    station.fault(Fault::new(Part::Segment, Kind::Html).sequence(4));
    station.fault(Fault::new(Part::Segment, Kind::Empty).sequence(7));
    let fifth = station.first_segments(6).pop().expect("six");
    station.put_bytes("v/000009.ts", "video/mp2t", fifth);
    // Slips: once only.
    for (sequence, kind) in [(1, Kind::Truncated), (2, Kind::Status(503)), (5, Kind::Html), (6, Kind::ResetMidway)] {
        station.fault(Fault::new(Part::Segment, kind).sequence(sequence).times(1));
    }
    let options = ["--pad", "6", "--from", "0", "--count", "14", "--json", "-o"];
    let ran = numbered.grab("v/(*).ts", &[&options[..], &[&numbered.out("a.m4a")]].concat()).await;
    let told = ran.json();
    let missing: Vec<(u64, f64, &str)> = told["missing"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| {
            (
                one["number"].as_u64().expect("a number"),
                one["at"].as_f64().expect("a time").round(),
                one["kind"].as_str().expect("a kind"),
            )
        })
        .collect();
    let wanted = [(3, 6.0, "refused"), (4, 8.0, "unusable"), (7, 14.0, "stalled"), (9, 18.0, "unusable")];
    assert_eq!((ran.code, missing), (3, wanted.to_vec()), "{ran}");
    assert!(told["missing"][1]["cause"].as_str().expect("words").contains("is not sound, but"), "{told}");
    assert!(told["missing"][3]["cause"].as_str().expect("words").contains("segment 000005"), "{told}");
    let report = heard(&numbered.aircheck.path("a.m4a")).await;
    // 28 s, of which 8 are missing; none is there twice.
    assert!((report.length + report.missing - 28.0).abs() < 0.1 && report.doubled < 0.1, "{report}");

    // What came is kept: the same command tries the missing ones anew, and no other.
    std::fs::remove_file(numbered.aircheck.path("a.m4a")).expect("it is there");
    let before = station.log().len();
    station.heal();
    let right = station.first_segments(10).pop().expect("ten");
    station.put_bytes("v/000009.ts", "video/mp2t", right);
    let ran = numbered.grab("v/(*).ts", &[&options[..], &[&numbered.out("a.m4a")]].concat()).await;
    assert_eq!((ran.code, &ran.json()["resumed"]), (0, &10.into()), "{ran}");
    assert_eq!(station.log().len() - before, 4);
    is_whole(&heard(&numbered.aircheck.path("a.m4a")).await, 28.0);

    // Whoever wants all gets nothing else. The last one is found across the hole.
    station.fault(Fault::new(Part::Segment, Kind::Status(404)).sequence(3));
    let strict = ["--strict", "-o", &numbered.out("b.m4a")];
    let ran = numbered.grab("v/(*).ts", &strict).await;
    assert!(
        ran.code == 3 && ran.stdout.contains("13 of 14 segments") && ran.stdout.contains("no file was made"),
        "{ran}"
    );
    assert!(ran.stderr.contains("(segment 000003)") && !numbered.aircheck.path("b.m4a").exists(), "{ran}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_grab_that_is_killed_again_and_again_is_whole_in_the_end() {
    const SEGMENTS: usize = 24;
    let numbered = Numbered::of(SEGMENTS, ts()).await;
    // A segment takes a quarter of a second or so.
    numbered.station.fault(Fault::new(Part::Segment, Kind::Drip(100_000)));
    let url = numbered.url("v/(*).ts");
    let out = numbered.out("film.mp4");
    let options = ["grab", &url, "--pad", "6", "--from", "0", "--count", "24", "--parallel", "4", "-o", &out];
    let index = numbered.aircheck.path(".film.mp4.grab/index");
    let lines = || std::fs::read_to_string(&index).unwrap_or_default().lines().count();
    for kill in 1..=5 {
        let before = lines();
        let mut running = numbered.aircheck.start(&format!("run-{kill}"), &options);
        until("more segments", LIMIT, async || lines() >= before + 3).await;
        running.signal(Signal::KILL);
        running.end().await;
        assert!(!numbered.aircheck.path("film.mp4").exists(), "a file appears when it is whole");
    }
    numbered.station.heal();
    let ran = numbered.aircheck.run(&[&options[..], &["--json"]].concat()).await;
    assert_eq!((ran.code, &ran.json()["there"]), (0, &SEGMENTS.into()), "{ran}");
    assert!(ran.json()["resumed"].as_u64() >= Some(15), "{ran}");
    is_whole(&heard(&numbered.aircheck.path("film.mp4")).await, 48.0);
    // At most those that were on their way are asked for twice.
    let asked = numbered.station.log().iter().filter(|entry| entry.part == Part::Segment).count();
    assert!(asked <= SEGMENTS + 5 * 4, "{asked} requests");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_busy_server_is_left_alone_for_as_long_as_it_asks() {
    let numbered = Numbered::of(8, ts()).await;
    let station = &numbered.station;
    station.fault(Fault::new(Part::Segment, Kind::Busy(429, "2".to_owned())).sequence(2).times(1));
    let later = (SystemClock::shared().now() + TimeDelta::seconds(3)).format("%a, %d %b %Y %H:%M:%S GMT");
    station.fault(Fault::new(Part::Segment, Kind::Busy(503, later.to_string())).sequence(5).times(1));
    let options = ["--pad", "6", "--from", "0", "--count", "8", "--parallel", "1", "-o"];
    let ran = numbered.grab("v/(*).ts", &[&options[..], &[&numbered.out("a.m4a")]].concat()).await;
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{ran}");
    is_whole(&heard(&numbered.aircheck.path("a.m4a")).await, 16.0);
    let log = station.log();
    let busy = log.iter().position(|entry| entry.status == 429).expect("it was busy");
    let quiet = log[busy + 1].at - log[busy].at;
    assert!(quiet >= TimeDelta::milliseconds(1_950), "asked again after {quiet}");
    assert_eq!(log.len(), 10, "each of the others once");
}

/// Makes four fragments of an MP4 of a second each, and their beginning.
async fn fragments() -> (Vec<Vec<u8>>, Vec<u8>) {
    tokio::task::spawn_blocking(|| {
        let temporary = tempfile::tempdir().expect("a folder");
        let path = |name: &str| temporary.path().join(name).to_str().expect("UTF-8").to_owned();
        let (list, segments) = (path("x.m3u8"), path("seg-%d.m4s"));
        let input = ["-f", "lavfi", "-i", "sine=frequency=500:sample_rate=48000:duration=4", "-c:a", "aac"];
        let hls = ["-f", "hls", "-hls_time", "1", "-hls_segment_type", "fmp4", "-hls_playlist_type", "vod"];
        let files = ["-hls_fmp4_init_filename", "init.mp4", "-hls_segment_filename", &segments, &list];
        ffmpeg::run(&[&input[..], &hls, &files].concat(), &[]);
        let read = |name: &str| std::fs::read(path(name)).expect("made");
        ((0..4).map(|number| read(&format!("seg-{number}.m4s"))).collect(), read("init.mp4"))
    })
    .await
    .expect("no panic")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fragments_of_an_mp4_come_with_their_beginning_where_it_usually_is_or_where_it_is_said_to_be() {
    let numbered = Numbered::of(0, ts()).await;
    let (segments, beginning) = fragments().await;
    for (number, bytes) in segments.into_iter().enumerate() {
        numbered.station.put_bytes(&format!("m/seg-{number}.m4s"), "video/iso.segment", bytes);
    }
    numbered.station.put_bytes("m/begin/x.mp4", "video/mp4", beginning.clone());
    let out = numbered.out("a.m4a");
    let ran = numbered.grab("m/seg-(*).m4s", &["-o", &out]).await;
    assert!(ran.code == 2 && ran.stderr.contains("its beginning is not under a usual name (seg-init.m4s"), "{ran}");
    assert!(ran.stderr.contains("say where it is with `--init`"), "{ran}");
    let init = numbered.url("m/begin/x.mp4");
    let ran = numbered.grab("m/seg-(*).m4s", &["--init", &init, "--json", "-o", &out]).await;
    assert_eq!((ran.code, &ran.json()["there"]), (0, &4.into()), "{ran}");

    numbered.station.put_bytes("m/init.mp4", "video/mp4", beginning);
    let out = numbered.out("b.mp4");
    let ran = numbered.grab("m/seg-2.m4s", &["--json", "-o", &out]).await;
    let (told, seconds) = (ran.json(), ran.json()["seconds"].as_f64().expect("a number"));
    assert_eq!((ran.code, &told["there"], &told["first"]), (0, &4.into(), &"0".into()), "from one address: {ran}");
    assert!((seconds - 4.0).abs() < 0.2, "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_grabbed_is_refused_in_words() {
    let numbered = Numbered::of(2, Setup { window: 5, ..ts() }).await;
    let live = numbered.station.url();
    numbered.station.put("page.html", "text/html", "<html><body>Nothing here.</body></html>");
    let (page, none) = (numbered.url("page.html"), numbered.url("none/(*).ts"));
    for (arguments, code, words) in [
        (&["grab", &live][..], 2, "is live: its playlist has no end"),
        (&["grab", &live], 2, "aircheck record STATION --for 1h"),
        (&["grab", "film.m3u8"], 2, "is no http address"),
        (&["grab", &live, "--count", "3"], 2, "write (*) in the address"),
        (&["grab", &live, "-o", "film.avi"], 2, "the name has to end with .mp4"),
        (&["grab", &live, "-o", "none/film.mp4"], 2, "there is no folder none"),
        (&["grab", &live, "--parallel", "0"], 2, "write 1 to 100"),
        (&["grab", &page], 1, "no address of a playlist (.m3u8) was found in it"),
        (&["grab", &none], 2, "say the first number with `--from`"),
        (&["grab", "http://127.0.0.1:1/a.m3u8"], 1, "cannot be reached"),
    ] {
        let ran = numbered.aircheck.run(arguments).await;
        assert!(ran.code == code && ran.stderr.contains(words), "{arguments:?} does not say {words}: {ran}");
    }
}
