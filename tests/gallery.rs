//! Pictures of every page, with a library as people have one: `cargo test --test suite gallery:: -- --ignored`. They are put
//! into `target/gallery`. No part of CI: they are there to be looked at. Those in `docs/screenshots`
//! are some of them, made smaller by `pngquant --quality 60-90`.

use std::path::Path;
use std::time::Duration;

use aircheck::account::levels;
use aircheck::base::clock::SystemClock;
use aircheck::base::zone::Zone;
use aircheck::model::{Cause, CauseKind, Levels, Span, Verdict};
use aircheck::tape::holds;
use chrono::{DateTime, Datelike as _, NaiveTime, SubsecRound as _, TimeDelta, TimeZone as _, Utc};

use crate::support::aircheck::until;
use crate::support::browser::{Browser, Look, Page};
use crate::support::ffmpeg;
use crate::support::origin::{Container, Fault, Kind, Origin, Part, Setup, StationHandle};
use crate::support::shelved::{Library, Shelved};
use crate::support::taped;

const SEOUL: &str = "Asia/Seoul";
const LONDON: &str = "Europe/London";

/// Shows: id, title, station, cron, on the air from, for so many minutes, on weekdays only.
const SHOWS: [(&str, &str, &str, &str, u32, u32); 9] = [
    ("masters", "명연주 명음반", "kbs-1fm", "0 14 * * *", 1400, 120),
    ("world", "세상의 모든 음악", "kbs-1fm", "0 18 * * *", 1800, 120),
    ("gugak", "FM 풍류마을", "kbs-1fm", "0 17 * * *", 1700, 60),
    ("morning", "모닝 스페셜", "ebs-fm", "0 8 * * 1-6", 800, 120),
    ("english", "입이 트이는 영어", "ebs-fm", "40 6 * * 1-6", 640, 20),
    ("camp", "배철수의 음악캠프", "mbc-fm4u", "0 18 * * *", 1800, 120),
    ("night-tracks", "Night Tracks", "radio-3", "30 21 * * 1-5", 2130, 90),
    ("in-tune", "In Tune", "radio-3", "0 17 * * 1-5", 1700, 120),
    ("shipping", "Shipping Forecast", "radio-4", "20 5 * * *", 520, 15),
];

/// Stations: id, name, zone.
const STATIONS: [(&str, &str, &str); 5] = [
    ("kbs-1fm", "KBS 1FM", SEOUL),
    ("ebs-fm", "EBS FM", SEOUL),
    ("mbc-fm4u", "MBC FM4U", SEOUL),
    ("radio-3", "BBC Radio 3", LONDON),
    ("radio-4", "BBC Radio 4", LONDON),
];

/// What is played in an hour of music, again and again.
const MUSIC: [&str; 9] = [
    "Clara Schumann - Three Romances for Violin and Piano, op. 22: I. Andante molto",
    "조성진 - 쇼팽: 발라드 1번 G단조, 작품번호 23",
    "Wilhelm Kempff & Berliner Philharmoniker, Ferdinand Leitner - Beethoven: Klavierkonzert Nr. 5 Es-Dur op. 73",
    "정경화 - 브루흐: 스코틀랜드 환상곡",
    "뉴스",
    "Anne Sofie von Otter - Ständchen",
    "Glenn Gould - Bach: Goldberg-Variationen BWV 988",
    "임윤찬 - 리스트: 초절기교 연습곡 4번 '마제파'",
    "Nina Simone - Feeling Good",
];

/// Returns the tracks of a recording of so many seconds.
fn music(length: u32) -> Vec<(u32, u32, &'static str)> {
    let mut tracks = Vec::new();
    let mut at = 12;
    for (number, text) in (0_u32..).zip(MUSIC.into_iter().cycle()) {
        let seconds = 190 + number * 97 % 420;
        if at + seconds > length {
            break;
        }
        tracks.push((at, seconds, text));
        at += seconds + 9;
    }
    tracks
}

fn zone(name: &str) -> Zone {
    name.parse().expect("a zone")
}

/// Returns the YAML: every station is at `address`, and one more show has just begun.
fn yaml(address: &str, now: DateTime<Utc>) -> String {
    let stations =
        STATIONS.map(|(id, name, zone)| format!("  {id}: {{ name: {name}, timezone: {zone}, hls: \"{address}\" }}\n"));
    let shows = SHOWS.map(|(id, title, station, cron, _, minutes)| {
        format!("  - {{ title: {title}, id: {id}, station: {station}, cron: \"{cron}\", length: {minutes}m }}\n")
    });
    let begun = (now - TimeDelta::minutes(1)).with_timezone(&zone(SEOUL)).format("%M %H %d %m");
    format!(
        "web: {{ listen: \"127.0.0.1:0\", local_sources: [127.0.0.1] }}\ntimezone: Asia/Seoul\nstations:\n{}shows:\n{}  - {{ title: 정만섭의 특별한 음악회, id: special, station: kbs-1fm, \
         cron: \"{begun} *\", length: 90m }}\n",
        stations.concat(),
        shows.concat()
    )
}

/// Returns the recordings of the last days, some of them partial.
fn shelved(now: DateTime<Utc>) -> Vec<Shelved> {
    let today = now.with_timezone(&zone(SEOUL)).date_naive();
    let mut all = Vec::new();
    for back in 1..=6 {
        let day = today - TimeDelta::days(back);
        let weekend = day.weekday().number_from_monday() > 5;
        for (id, title, station, cron, clock, minutes) in SHOWS {
            if weekend && cron.ends_with("1-5") {
                continue;
            }
            let zone = zone(if station.starts_with("radio") { LONDON } else { SEOUL });
            let time = NaiveTime::from_hms_opt(clock / 100, clock % 100, 0).expect("a time");
            let start = zone.from_local_datetime(&day.and_time(time)).single().expect("a time").to_rfc3339();
            let length = minutes * 60;
            let tracks = if ["masters", "night-tracks"].contains(&id) { music(length) } else { vec![] };
            all.push(Shelved { length, zone, tracks, ..Shelved::new(id, title, station, &start) });
        }
    }
    let refused = "http://1fm.gscdn.kbs.co.kr/1fm_192_1.m3u8?Expires=… answered 403 Forbidden";
    all[1].gaps = vec![(1394, 64, Cause::new(CauseKind::Refused, refused))];
    all[1].verdict = Verdict::Partial(99.1);
    let broke = "http://stream.example.org/radio3.m3u8 stopped sending in the middle";
    all[6].gaps = vec![
        (610, 24, Cause::new(CauseKind::Connection, broke)),
        (3020, 180, Cause::new(CauseKind::Nothing, "nothing arrived from the station")),
    ];
    all[6].verdict = Verdict::Partial(96.2);
    all[3].dead_air = vec![(4300, 96)];
    let clipped = |title, station, hours| Shelved {
        length: 95,
        ..Shelved::new("clips", title, station, &(now - TimeDelta::hours(hours)).trunc_subsecs(0).to_rfc3339())
    };
    all.push(clipped("조성진, 앙코르", "kbs-1fm", 20));
    all.push(clipped("Thought for the Day, with the slip", "radio-4", 29));
    all[9].verdict = Verdict::Failed;
    all[9].gaps = vec![(0, all[9].length, Cause::new(CauseKind::NotRunning, "aircheck was not running"))];
    all
}

/// Writes two hours of hum in a small file.
fn two_hours() -> Vec<u8> {
    let hum = "aevalsrc=0.1*sin(220*2*PI*t):s=8000:d=7200";
    ffmpeg::run(&["-f", "lavfi", "-i", hum, "-ac", "1", "-b:a", "8k", "-f", "mp3", "-"], &[])
}

/// Puts the last forty hours of a station on tape that nobody has asked for yet, with a hole of four minutes.
fn tape_two_days(library: &Library, now: DateTime<Utc>) {
    let start = now - TimeDelta::hours(40);
    let tape = taped::open(&library.aircheck, "radio-4", start);
    taped::put(&tape, start, 20 * 60);
    taped::put(&tape, start + TimeDelta::minutes(20 * 60 + 4), 19 * 60);
    tape.end_reel(None, now).expect("ended");
    for (number, reel) in (0_u32..).zip(tape.ended_since(0)) {
        let peaks = (0..3600_u32).map(|second| loudest(number * 3600 + second));
        let levels = Levels { length: Duration::from_hours(1), peaks: peaks.collect(), ..Levels::default() };
        levels::write(&reel.path(), &levels).expect("written");
    }
}

/// How loud a second of a day is: pieces of music that swell and die away, and speech with pauses between them.
fn loudest(second: u32) -> u8 {
    // Any number for each, always the same.
    let dice = |number: u32| number.wrapping_mul(2_654_435_761).rotate_left(13).wrapping_mul(2_246_822_519) >> 16;
    let (scene, at) = (second / 210, second % 210);
    let loud = if dice(scene) % 3 == 0 {
        let pause = dice(second / 2) % 9 == 0;
        if pause { 20 + dice(second) % 30 } else { 110 + dice(second) % 70 }
    } else {
        let swell = at.min(210 - at).min(40);
        70 + swell * 3 + dice(second / 7) % 50 + dice(second) % 16
    };
    u8::try_from(loud.min(255)).unwrap_or(u8::MAX)
}

/// Holds two stretches of that tape.
fn hold(library: &Library, now: DateTime<Utc>) {
    let folder = library.aircheck.path("state/tape/radio-4");
    for (hours, minutes, why) in [(30, 75, "Complaint 114: Thought for the Day"), (38, 15, "민원 2026-88")] {
        let start = now - TimeDelta::hours(hours);
        holds::add(&folder, Span::new(start, start + TimeDelta::minutes(minutes)), why, now).expect("held");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "makes pictures to be looked at"]
async fn pictures_of_every_page() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/gallery");
    std::fs::create_dir_all(&folder).expect("a folder");
    let origin = Origin::start();
    let station = origin.station("live", Setup::of(Container::Ts));
    let now = SystemClock::shared().now();
    let sound = two_hours();
    let library = Library::of(&sound, &yaml(station.url().as_ref(), now), &shelved(now)).await;
    fill(&library, &station, now).await;
    let yesterday = (now - TimeDelta::days(1)).with_timezone(&zone(LONDON)).date_naive();
    let timeline = format!("/stations/radio-4?day={yesterday}");
    // One that lacks something.
    let shared = shelved(now).swap_remove(6).id();
    let editor = format!("/clips/new?recording={shared}&from=0:20:00&to=0:24:30");
    let begins = (now - TimeDelta::hours(30)).format("%Y-%m-%dT%H:%M:00Z");
    let editor_of_tape = format!("/clips/new?station=radio-4&from={begins}&to=-29h");
    let browser = Browser::start().await;
    let desk = Look { width: 1280, height: 860, ..Look::DESK };
    let phone = Look { width: 360, height: 780, ..Look::PHONE };
    let looks = [
        ("desk-light", desk),
        ("desk-dark", Look { dark: true, language: "ko-KR", ..desk }),
        ("phone-light", phone),
        ("phone-dark", Look { dark: true, language: "en-GB", ..phone }),
    ];
    for (name, look) in looks {
        let page = browser.page(&library.base, look).await;
        page.goto("/").await;
        settled(&page).await;
        page.picture(&folder.join(format!("recordings-{name}.png"))).await;
        page.eval("document.querySelectorAll('.row .play')[2].click()").await;
        page.is("document.querySelector('#player audio').currentTime > 0.2").await;
        page.eval("document.querySelector('#player audio').currentTime = 2174").await;
        page.eval("document.querySelector('.ledger').open = true").await;
        settled(&page).await;
        page.picture(&folder.join(format!("playing-{name}.png"))).await;
        page.goto("/").await;
        let tracks = ".row[data-id^=masters] .played";
        page.click(&format!("{tracks} summary")).await;
        page.is(&format!("document.querySelectorAll('{tracks} a').length > 9")).await;
        page.eval("document.querySelector('.row[data-id^=masters] .play').click()").await;
        page.is("document.querySelector('#player audio').currentTime > 0.2").await;
        page.eval("document.querySelector('#player audio').currentTime = 2174").await;
        page.eval("document.querySelector('.row[data-id^=masters]').scrollIntoView()").await;
        settled(&page).await;
        page.picture(&folder.join(format!("tracks-{name}.png"))).await;
        page.goto("/?q=schu").await;
        page.click(".found .track").await;
        page.is("document.querySelector('#player audio').currentTime > 0.2").await;
        page.eval("scrollTo(0, 0)").await;
        settled(&page).await;
        page.picture(&folder.join(format!("search-{name}.png"))).await;
        page.eval("document.querySelector('#player .played summary').click()").await;
        settled(&page).await;
        page.picture(&folder.join(format!("search-opened-{name}.png"))).await;
        for (path, file) in [
            ("/schedule", "schedule"),
            ("/stations", "stations"),
            (&timeline, "station"),
            (&editor, "clip"),
            (&editor_of_tape, "clip-tape"),
            ("/clips", "clips"),
            ("/grabs", "grabs"),
            ("/on-air", "on-air"),
            ("/subscribe", "subscribe"),
            ("/shows/masters", "show"),
        ] {
            page.goto(path).await;
            if path == "/schedule" && look.dark {
                page.eval("document.querySelector('.zones [value=mine]').click()").await;
                page.goto(path).await;
            }
            settled(&page).await;
            page.picture(&folder.join(format!("{file}-{name}.png"))).await;
            if file == "clip-tape" {
                two_pieces(&page).await;
                page.picture(&folder.join(format!("pieces-{name}.png"))).await;
            }
            if file == "station" {
                page.drag(".strip:not([hidden])", 35, 70).await;
                settled(&page).await;
                page.picture(&folder.join(format!("selection-{name}.png"))).await;
                page.click(".release summary").await;
                page.eval("document.getElementById('holds').scrollIntoView()").await;
                settled(&page).await;
                page.picture(&folder.join(format!("holds-{name}.png"))).await;
            }
        }
        let link = link(&library, shared.as_str()).await;
        page.goto("/").await;
        page.click(&format!("[data-id='{shared}'] [data-share]")).await;
        page.click("dialog button.first").await;
        page.is("document.querySelectorAll('.share .links li').length > 0").await;
        settled(&page).await;
        page.picture(&folder.join(format!("share-{name}.png"))).await;
        page.goto(&link).await;
        settled(&page).await;
        page.picture(&folder.join(format!("shared-{name}.png"))).await;
        page.goto("/s/nothing").await;
        page.expect("404");
        page.picture(&folder.join(format!("gone-{name}.png"))).await;
    }
}

/// Adds a second piece and a tone to the clip in the editor.
async fn two_pieces(page: &Page) {
    let write = |selector: &str, of_first: &str, seconds: u32| {
        format!(
            "(() => {{ const it = document.querySelector('{selector}'); \
             const [hours, minutes] = document.querySelector('{of_first}').value.split(':'); \
             it.value = `${{hours}}:${{minutes}}:{seconds}`; it.dispatchEvent(new Event('change', {{ bubbles: true }})); }})()"
        )
    };
    let begin = ".piece [data-edge=start]";
    page.eval(&write(".piece [data-edge=end]", begin, 59)).await;
    page.click(".piece [data-whole]").await;
    page.click_at(".piece .scope", 55).await;
    page.click("[data-cover=bleep]").await;
    page.eval(&write(".covers [data-edge=to]", begin, 48)).await;
    page.eval(&write(".covers [data-edge=from]", begin, 44)).await;
    page.eval(&write(".covers [data-edge=to]", begin, 48)).await;
    page.eval(
        "document.querySelector('.piece [data-whole]').click(); document.querySelector('[data-add-same]').click()",
    )
    .await;
    page.is("document.querySelectorAll('.piece').length === 2").await;
    page.is("document.querySelectorAll('.covers li').length === 1").await;
    page.eval("document.activeElement.blur(); scrollTo(0, 0)").await;
    settled(page).await;
}

/// Makes a link to a recording, and returns its path.
async fn link(library: &Library, recording: &str) -> String {
    let path = library.base.join(&format!("/api/v1/recordings/{recording}/links")).expect("a path");
    let made = reqwest::Client::new().post(path).send().await.expect("an answer");
    let made: serde_json::Value = made.json().await.expect("JSON");
    url::Url::parse(made["url"].as_str().expect("an address")).expect("a URL").path().to_owned()
}

/// Puts into the library what is no recording: tape, what is held of it, and downloads.
async fn fill(library: &Library, station: &StationHandle, now: DateTime<Utc>) {
    tape_two_days(library, now);
    hold(library, now);
    grab(library, station).await;
}

/// Has downloads in every state: whole, with a hole, failed, half there, and one that waits.
async fn grab(library: &Library, station: &StationHandle) {
    for folder in ["lecture", "forum", "film"] {
        for (number, bytes) in station.first_segments(40).into_iter().enumerate() {
            station.put_bytes(&format!("{folder}/{number:06}.ts"), "video/mp2t", bytes);
        }
    }
    station.fault(Fault::new(Part::Segment, Kind::Status(404)).path("forum/000017"));
    station.fault(Fault::new(Part::Segment, Kind::Status(404)).path("forum/000018"));
    station.fault(Fault::new(Part::Segment, Kind::Html).path("forum/000031"));
    station.fault(Fault::new(Part::Segment, Kind::Drip(3_000)).path("film/00002"));
    station.fault(Fault::new(Part::Segment, Kind::Drip(1_000)).path("film/00003"));
    let client = reqwest::Client::new();
    let path = library.base.join("/api/v1/grabs").expect("a path");
    let all = [
        ("lecture", "한국사 강의 12", "m4a"),
        ("forum", "Evening Forum", "mp4"),
        ("nothing", "lost", "mp3"),
        ("film", "지난 주말의 영화", "mp4"),
        ("lecture", "한국사 강의 13", "m4a"),
    ];
    for (folder, name, format) in all {
        let address = station.page_url().replace("page", &format!("{folder}/(*).ts"));
        let asked = serde_json::json!({ "address": address, "pad": 6, "count": 40, "name": name, "format": format });
        client.post(path.clone()).json(&asked).send().await.expect("an answer");
    }
    until("the film is half there", Duration::from_secs(120), async || {
        let grabs: serde_json::Value = client.get(path.clone()).send().await.expect("one").json().await.expect("JSON");
        grabs[1]["there"].as_u64() >= Some(18)
    })
    .await;
}

/// Waits until pictures are loaded, except those that a browser loads only after scrolling.
async fn settled(page: &Page) {
    page.is("[...document.images].every((image) => image.complete || image.loading === 'lazy')").await;
    page.eval("new Promise((done) => setTimeout(done, 600))").await;
}
