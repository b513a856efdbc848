//! The file as a whole: what people write, and what they are answered.

use std::path::Path;
use std::time::Duration;

use super::*;
use crate::model::{ShowId, StationId};

mod hints;
mod kept;
mod notify;
mod object_store;
mod origins;
mod suggestions;
mod titles;

fn parse(text: &str) -> Config {
    Config::parse(text, Path::new("/etc/aircheck/stations.yaml")).unwrap_or_else(|errors| panic!("{errors}"))
}

fn wrong(text: &str) -> ConfigErrors {
    Config::parse(text, Path::new("/etc/aircheck/stations.yaml")).expect_err("the text should be refused")
}

/// `text` with a station `s` before it.
fn with_station(text: &str) -> String {
    format!("stations:\n  s: {{ hls: https://h.example/x.m3u8 }}\n{text}")
}

/// The only problem of `text`: line, column, message and hint.
fn only(text: &str) -> (usize, usize, String, String) {
    let errors = wrong(text);
    assert_eq!(errors.problems.len(), 1, "{errors}");
    let problem = errors.problems.into_iter().next().unwrap();
    (problem.line, problem.column, problem.message, problem.hint.unwrap_or_default())
}

const DESIGN: &str = r#"
timezone: Asia/Seoul
output: recordings
stations:
  kbs-1fm:
    name: KBS 1FM
    delay: 15s
    hls:
      find:
        - get: http://onair.kbs.co.kr/index.html?sname=onair&stype=live&ch_code=24&ch_type=radioList
        - select: script
        - match: 'service_url\\":\\"(.*?)\\"'
  ebs-fm:
    name: EBS FM
    rtmp: rtmp://new_tradio.ebs.co.kr/tradio/tradio1live_m4a
  some-icecast:
    name: Some Station
    timezone: Europe/Paris
    icecast: https://stream.example.org/live.mp3
shows:
  - title: 명연주 명음반
    station: kbs-1fm
    cron: "0 14 * * *"
    length: 2h
    early: 30s
    late: 1m
    tags: { artist: KBS Classic FM, genre: Classical, album: "명연주 명음반", title: "{{ show }} {{ start | date('%Y-%m-%d') }}" }
    keep: { last: 30 }
  - id: jazz
    title: 1984
    station: some-icecast
    cron: 30 20 * * fri
    length: 1h30m
    mp3: { bitrate: 192k, channels: 1 }
    name: "jazz/{{ start | date('%Y') }}"
"#;

#[test]
fn the_file_of_the_design_is_read_whole() {
    let config = parse(DESIGN);
    assert_eq!(config.timezone, "Asia/Seoul".parse().unwrap());
    assert_eq!(config.output, Path::new("/etc/aircheck/recordings"));
    assert_eq!(config.min_free, 1 << 30);
    assert_eq!(config.stations.len(), 3);
    let kbs = config.station(&StationId::new("kbs-1fm")).unwrap();
    assert_eq!((kbs.name.as_str(), kbs.delay), ("KBS 1FM", Duration::from_secs(15)));
    let SourceConfig::Hls(Hls { address: Address::Find(steps), .. }) = &kbs.source else { panic!("{kbs:?}") };
    let [get, select, matching] = &steps[..] else { panic!("{steps:?}") };
    assert!(matches!(&get.step, Step::Get { url: Some(url), .. } if url.host_str() == Some("onair.kbs.co.kr")));
    assert!(matches!(&select.step, Step::Select { css, attribute: None } if css == "script"));
    let Step::Match { pattern } = &matching.step else { panic!("{matching:?}") };
    // The page holds JSON inside a string of JavaScript.
    let page = r#"\"service_url\":\"http:\/\/h\/x.m3u8\","#;
    assert_eq!(&pattern.captures(page).unwrap()[1], r"http:\/\/h\/x.m3u8");

    let show = config.show(&ShowId::new("명연주-명음반")).unwrap();
    assert_eq!((show.early, show.late), (Duration::from_secs(30), Duration::from_mins(1)));
    assert_eq!(show.keep, Keep { last: Some(30), ..Keep::default() });
    assert_eq!(show.tags.genre.source(), "Classical");
    assert_eq!(show.timezone, "Asia/Seoul".parse().unwrap());
    let jazz = config.show(&ShowId::new("jazz")).unwrap();
    assert_eq!(jazz.title, "1984");
    assert_eq!(jazz.timezone, "Europe/Paris".parse().unwrap());
    assert_eq!(jazz.encoding, Encoding { bitrate: 192_000, channels: 1, ..Encoding::default() });
    assert_eq!(jazz.tags.genre.source(), "Radio");
    assert_eq!(jazz.file.source(), "jazz/{{ start | date('%Y') }}");
}

#[test]
fn every_shape_of_a_real_station_can_be_written() {
    let config = parse(
        r#"
stations:
  kbs-api:
    hls:
      headers: { Referer: "https://onair.kbs.co.kr/" }
      find:
        - get: https://cfpwwwapi.kbs.co.kr/api/v1/landing/live/channel_code/24
        - json: $.channel_item[?@.media_type == 'radio'].service_url
  mbc:
    hls:
      max_bitrate: 192k
      language: ko
      find:
        - get: https://sminiplay.imbc.com/aacplay.ashx?agent=webapp&channel=sfm
          headers: { Referer: "http://mini.imbc.com/" }
  jsonp:
    hls:
      find:
        - get: https://sminiplay.imbc.com/aacplay.ashx?channel=sfm&callback=X
        - match: '"AACLiveURL":"(.*?)"'
  two-pages:
    icecast:
      find:
        - get: https://www.example.org/listen.html
        - select: "a.listen"
          attr: href
        - get:
        - match: 'File1=(\S+)'
  own:
    rtmp:
      find: [{ run: [streamlink, --stream-url, https://example.org, best] }]
  ebs:
    rtmp:
      url: rtmp://ebsandroid.ebs.co.kr:1935/fmradiofamilypc/familypc1m
      app: fmradiofamilypc
      playpath: familypc1m
      swf: https://example.org/p.swf
      page: https://example.org/
      live: false
      args: [--conn, "S:authMe", --timeout, 10]
"#,
    );
    assert_eq!(config.stations.len(), 6);
    let SourceConfig::Icecast(Icecast { address: Address::Find(steps), .. }) = &config.stations[3].source else {
        panic!("{:?}", config.stations[3]);
    };
    assert!(matches!(&steps[1].step, Step::Select { attribute: Some(attribute), .. } if attribute == "href"));
    assert!(matches!(&steps[2].step, Step::Get { url: None, .. }));
    assert_eq!(steps[3].number, 4);
    let SourceConfig::Rtmp(rtmp) = &config.stations[5].source else { panic!("{:?}", config.stations[5]) };
    assert!(!rtmp.live);
    assert_eq!(rtmp.args, ["--conn", "S:authMe", "--timeout", "10"]);
    let SourceConfig::Hls(mbc) = &config.stations[1].source else { panic!("{:?}", config.stations[1]) };
    assert_eq!((mbc.max_bitrate, mbc.language.as_deref()), (Some(192_000), Some("ko")));
}

/// A file with many mistakes, one of each kind.
const MISTAKES: &str = r#"timezone: Asia/Soul
outptu: recordings
min_free: 1
stations:
  kbs:
    name: 한국 방송
    hls: onair.kbs.co.kr/live.m3u8
  lost:
    name: Lost
  page:
    hls:
      find:
        - get: https://h.example/
        - select: "a[["
        - json: channel.url
        - match: '(url'
  kbs:
    icecast: https://h.example/
shows:
  - title: 아침 뉴스
    station: kbc
    cron: */10 2 * * *
    length: 90
  - title: 아침 뉴스
    station: page
    cron: "0 22-2 * * *"
    length: 0s
    lenght: 2h
  - title: { a: b }
    station: page
    cron: "0 0 31 2 *"
    length: 1h
    tags: { 제목: x, title: "{{ shwo }}" }
    keep: { last: many }
"#;

#[test]
fn every_mistake_of_a_file_is_reported_in_one_run_with_its_location() {
    let errors = wrong(MISTAKES);
    let reported: Vec<(usize, usize)> = errors.problems.iter().map(|problem| (problem.line, problem.column)).collect();
    let expected = [
        (1, 11, "not a time zone", "Asia/Seoul"),
        (2, 1, "not a key", "`output`"),
        (3, 11, "no unit", "1 GiB"),
        (7, 10, "beginning is missing", "https://onair.kbs.co.kr/live.m3u8"),
        (8, 3, "needs `hls`, `rtmp` or `icecast`", "hls:"),
        (14, 19, "not a CSS selector", "script"),
        (15, 17, "not a JSONPath", "$.channel.url"),
        (16, 18, "regular expression", "`(`"),
        (17, 3, "stands twice", "another name"),
        (21, 14, "no station `kbc`", "`kbs`"),
        (22, 11, "begins with `*`", "cron: \"*/10 2 * * *\""),
        (23, 13, "no unit", "`90m`"),
        (24, 12, "has the id `아침-뉴스` already", "id:"),
        (26, 11, "runs backwards", "22-23,0-2"),
        (27, 13, "zero", "1h"),
        (28, 5, "`lenght` is not a key", "`length`"),
        (29, 12, "must be a text", ""),
        (31, 11, "never comes", "29"),
        (33, 13, "`제목` is not a key", "title"),
        (33, 27, "`shwo`", "`{{ show }}`"),
        (34, 19, "whole number", ""),
    ];
    assert_eq!(reported, expected.map(|(line, column, ..)| (line, column)), "{errors}");
    for (problem, (line, _, message, hint)) in errors.problems.iter().zip(expected) {
        assert!(problem.message.contains(message), "line {line}: {}", problem.message);
        assert!(problem.hint.clone().unwrap_or_default().contains(hint), "line {line}: {:?}", problem.hint);
    }
    let text = errors.to_string();
    assert!(text.ends_with("21 problems in /etc/aircheck/stations.yaml"), "{text}");
    // Two Korean letters are four columns wide: the caret of `shwo` still stands under its opening quote.
    let lines: Vec<&str> = text.lines().collect();
    let at = lines.iter().position(|line| line.contains("stations.yaml:33:27:")).unwrap();
    assert_eq!(lines[at + 2], r#" 33 |     tags: { 제목: x, title: "{{ shwo }}" }"#);
    assert_eq!(lines[at + 3], format!("    | {}^^^^^^^^^^^^", " ".repeat(28)));
}

#[test]
fn a_mistake_of_yaml_itself_is_reported_with_what_to_write() {
    let hint = |line: &str| only(&with_station(&format!("shows:\n{line}\n"))).3;
    let show = "    station: s\n    cron: \"0 9 * * *\"\n    length: 1h\n";
    assert_eq!(hint(&format!("  - title: News: at nine\n{show}")), "put it in quotes: `title: \"News: at nine\"`");
    assert_eq!(hint(&format!("  - title: @home\n{show}")), "put it in quotes: `title: \"@home\"`");
    assert_eq!(hint(&format!("  - title: [News] at nine\n{show}")), "put it in quotes: `title: \"[News] at nine\"`");
    let (line, column, message, hint) = only("stations:\n  s:\n\thls: https://h.example/\n");
    assert_eq!((line, column), (3, 1));
    assert!(message.contains("tab") && hint.contains("spaces"), "{message} {hint}");
    let (line, column, _, hint) = only("stations:\n  s:\n    hls: \"https://h.example/\n");
    assert_eq!((line, column), (3, 10));
    assert!(hint.starts_with("end it with"), "{hint}");
    let (line, column, _, hint) = only(
        "stations:\n  s:\n    hls:\n      find:\n        - get: https://h.example/\n        - match: \"url=(\\S+)\"\n",
    );
    assert_eq!((line, column), (6, 18));
    assert_eq!(hint, "use single quotes: `match: 'url=(\\S+)'`");
    let (line, column, _, hint) = only(&with_station(&format!("shows:\n  - title: News\n{show}    early 1m\n")));
    assert_eq!((line, column, hint.as_str()), (8, 5, "write `early: 1m`"));
    let (line, _, message, _) = only("stations:\n  s:\n    hls: https://h/x\n   name: X\n");
    assert!(line == 4 && message.contains("indented"), "{message}");
    assert!(only("stations:\n  s: { hls: https://h/x\nshows:\n").2.contains("not closed"));
    assert_eq!(only("stations:\n  s:\n    hls:https://h/x\n").3, "put a space after the colon: `hls: https://h/x`");
    assert_eq!(only("stations:\n  s: https://h/x\n").3, "write for example `hls: https://…/playlist.m3u8`");
    assert_eq!(
        only(&with_station("shows:\n  title: News\n")).3,
        "begin each show with a dash: `- title: Evening News`"
    );
    assert!(only("stations:\n  - s:\n").3.contains("without a dash"));
    assert!(only("").2.contains("empty"));
    assert!(only("# nothing\n").2.contains("empty"));
    assert!(only("just words\n").2.contains("must be keys and values"));
    assert!(wrong("stations: {}\n---\nstations: {}\n").problems[0].message.contains("document"));
}

#[test]
fn single_mistakes_are_reported_where_they_are() {
    let show = |more: &str| {
        with_station(&format!(
            "shows:\n  - title: News\n    station: s\n    cron: \"0 9 * * *\"\n    length: 1h\n{more}\n"
        ))
    };
    parse(&show(""));
    let (line, column, message, hint) = only(&show("    length: 2h"));
    assert_eq!((line, column), (8, 5));
    assert!(message.contains("twice") && message.contains("line 7") && hint.contains("out"), "{message}");
    let (.., message, hint) = only(&show("    timezone: Seoul"));
    assert!(message.contains("not a time zone"), "{message}");
    assert_eq!(hint, "write `Asia/Seoul`");
    assert_eq!(only(&show("    mp3: { bitrate: 128 }")).3, "write `128k`");
    assert_eq!(only(&show("    mp3: { bitrate: 130k }")).3, "write `128k`");
    assert!(only(&show("    mp3: { sample_rate: 22050 }")).2.contains("`32000`, `44100` or `48000`"));
    assert_eq!(only(&show("    mp3: { channels: \"2\" }")).3, "leave the quotes out: `2`");
    assert_eq!(only(&show("    name: {{ show }}")).3, "put it in quotes: `name: \"{{ station }}/{{ show }}\"`");
    assert!(only(&show("    late: ")).2.contains("nothing is written"));
    assert!(
        only(&with_station("shows:\n  - title: \"?!\"\n    station: s\n    cron: \"0 9 * * *\"\n    length: 1h\n"))
            .3
            .contains("id:")
    );
    assert_eq!(
        only(&with_station("shows:\n  - title: News\n    station: s\n    length: 1h\n")).3,
        "add `cron: \"0 14 * * *\"`"
    );
    let station = |text: &str| only(&format!("stations:\n  s:\n    {text}\n"));
    assert_eq!(station("hls: rtmp://h.example/x").3, "put it under `rtmp:`");
    assert_eq!(station("hls: localhost:8000/x.m3u8").3, "write `https://localhost:8000/x.m3u8`");
    assert!(station("hls: { headers: { a: b } }").2.contains("needs `url` or `find`"));
    assert!(station("rtmp: { url: rtmp://h/x, live: yes }").3.contains("`true`"));
    assert!(station("hls: { url: https://h/x, headers: { \"a b\": c } }").2.contains("header `a b`"));
    assert!(station("hls: { find: [{ select: script }] }").2.contains("nothing to work on"));
    assert!(station("hls: { find: [{ get: https://h/, select: script }] }").3.contains("new step"));
    assert!(station("hls: { find: [{ get: https://h/, attr: src }] }").2.contains("belongs to a `select`"));
    assert!(station("hls: { find: [{ run: yt-dlp -g }] }").3.contains("[yt-dlp, -g]"));
    assert!(station("hls: { url: env:AIRCHECK_NOT_SET }").2.contains("AIRCHECK_NOT_SET"));
    assert!(only("stations:\n  a/b: { hls: https://h/x }\n").3.contains("`a-b`"));
}

#[test]
fn a_block_can_be_shared_by_an_anchor_and_its_mistakes_are_reported_once() {
    let text = |referer: &str| {
        format!(
            "stations:\n  a: {{ hls: {{ url: https://h/x, headers: &h {{ Referer: {referer} }} }} }}\n  \
             b: {{ hls: {{ url: https://h/y, headers: *h }} }}\n"
        )
    };
    let config = parse(&text("https://r/"));
    let SourceConfig::Hls(hls) = &config.stations[1].source else { panic!("{config:?}") };
    assert_eq!(hls.headers, [("Referer".to_owned(), "https://r/".to_owned())]);
    assert_eq!(only(&text("[]")).0, 2);
}

#[test]
fn secrets_reach_headers_urls_and_arguments() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("url"), "https://h.example/x.m3u8?token=1\n").unwrap();
    std::fs::write(folder.path().join("word"), "s3cret\n").unwrap();
    let file = folder.path().join("stations.yaml");
    let text = "stations:\n  a:\n    hls: { url: \"file:url\", headers: { Authorization: \"file:word\" } }\n  \
                b:\n    rtmp: { url: rtmp://h/x, playpath: file:word, args: [--token, file:word] }\n";
    let config = Config::parse(text, &file).unwrap();
    let SourceConfig::Hls(hls) = &config.stations[0].source else { panic!() };
    assert!(matches!(&hls.address, Address::Url(url) if url.query() == Some("token=1")));
    assert_eq!(hls.headers, [("Authorization".to_owned(), "s3cret".to_owned())]);
    let SourceConfig::Rtmp(rtmp) = &config.stations[1].source else { panic!() };
    assert_eq!((rtmp.playpath.as_deref(), rtmp.args[1].as_str()), (Some("s3cret"), "s3cret"));
    let errors = wrong("stations:\n  a:\n    hls: *https://h/x?token=abcdefghijkl\n").to_string();
    assert!(errors.contains("token=…") && !errors.contains("abcdefghijkl"), "{errors}");
    // A secret that is not a URL is reported without being shown.
    let errors = Config::parse("stations:\n  a:\n    hls: file:word\n", &file).unwrap_err().to_string();
    assert!(errors.contains("file:word") && !errors.contains("s3cret"), "{errors}");
}

#[test]
fn loading_checks_the_file_and_its_folders() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("stations.yaml");
    let errors = Config::load(&file).unwrap_err().to_string();
    assert!(errors.contains("no such file") && errors.contains("--config"), "{errors}");
    std::fs::write(folder.path().join("taken"), "").unwrap();
    std::fs::write(&file, with_station("output: taken/recordings\n")).unwrap();
    let errors = Config::load(&file).unwrap_err();
    assert_eq!((errors.problems[0].line, errors.problems[0].column), (3, 9), "{errors}");
    assert!(errors.problems[0].message.contains("is a file"), "{errors}");
    assert!(Config::check(&file).is_err(), "it can be a folder for nobody");
    // A command that only shows the plan needs no right to write.
    assert!(Config::look(&file).is_ok());
    std::fs::write(&file, format!("\u{feff}{}", with_station(""))).unwrap();
    let config = Config::load(&file).unwrap();
    assert_eq!(config.output, folder.path().join("recordings"));
    assert!(!config.output.exists(), "checking must not make folders");
    std::fs::write(&file, b"stations:\n  \xff\xfe\n").unwrap();
    assert!(Config::load(&file).unwrap_err().to_string().contains("line 2 is not UTF-8"));
}

#[test]
fn hostile_files_are_refused_without_harm() {
    let deep = "- ".repeat(100_000);
    assert_eq!(wrong(&deep).problems.len(), 1);
    let flow = "[".repeat(100_000);
    assert_eq!(wrong(&flow).problems.len(), 1);
    let mut bomb = String::from("a: &a [x,x,x,x,x,x,x,x,x,x]\n");
    for (one, next) in ["a", "b", "c", "d", "e", "f", "g", "h"].iter().zip(["b", "c", "d", "e", "f", "g", "h", "i"]) {
        bomb.extend([next, ": &", next, " [", &[*one; 10].map(|name| format!("*{name}")).join(","), "]\n"]);
    }
    assert!(!wrong(&bomb).problems.is_empty());
    assert!(!wrong("\u{0}\u{1}: \u{7f}").problems.is_empty());
}

#[test]
fn an_unquoted_cron_between_other_keys_is_reported_at_its_location_and_hides_nothing() {
    let errors = wrong(
        "stations: { s: { name: S, hls: \"http://h/\" } }\nshows:\n  \
         - { title: 재즈, station: s, cron: */10 2,3,4 5-6 * *, lenght: 1h, length: 1h }\n",
    );
    let reported: Vec<_> = errors.problems.iter().map(|problem| (problem.line, problem.column)).collect();
    assert_eq!(reported, [(3, 36), (3, 56)]);
    assert_eq!(errors.problems[0].hint.as_deref(), Some("put it in quotes: `cron: \"*/10 2,3,4 5-6 * *\"`"));
}

#[test]
fn gaps_dead_air_and_id3_are_those_of_the_file_unless_a_show_has_its_own() {
    type Policy = (GapPolicy, Option<DeadAirRule>, Id3);
    let show = |keys: &str| format!("  - {{ title: A, station: s, cron: \"0 1 * * *\", length: 1h{keys} }}\n");
    let read = |head: &str, keys: &str| -> (Policy, Policy) {
        let config = parse(&with_station(&format!("{head}shows:\n{}", show(keys))));
        let own = &config.shows[0];
        ((config.gaps, config.dead_air, config.id3), (own.gaps, own.dead_air, own.id3))
    };
    let usual = DeadAirRule { below: -60.0, longer_than: Duration::from_secs(30) };
    let (file, own) = read("", "");
    assert_eq!(file, (GapPolicy::Skip, Some(usual), Id3::V24));
    assert_eq!(own, file);
    let head = "gaps: silence\ndead_air: { below: -50.5 dB }\n";
    let (file, own) = read(head, ", dead_air: { longer_than: 5s }, gaps: skip");
    let below = DeadAirRule { below: -50.5, ..usual };
    assert_eq!(file, (GapPolicy::Silence, Some(below), Id3::V24));
    let five = DeadAirRule { below: -50.5, longer_than: Duration::from_secs(5) };
    assert_eq!(own, (GapPolicy::Skip, Some(five), Id3::V24));
    assert_eq!(read("id3: 2.3\n", "").1.2, Id3::V23);
    let (file, own) = read("id3: 2.4\n", ", id3: \"2.3\"");
    assert_eq!((file.2, own.2), (Id3::V24, Id3::V23));
    assert_eq!(read(head, ", dead_air: false").1.1, None);
    let forty = DeadAirRule { below: -40.0, ..usual };
    assert_eq!(read("dead_air: false\n", ", dead_air: { below: -40 }").1.1, Some(forty));
    assert_eq!(read("dead_air: false\n", ", dead_air: true").1.1, Some(usual));

    for (text, column, message, hint) in [
        ("gaps: fill\n", 7, "`gaps` cannot be `fill`", "write `skip` or `silence`"),
        ("id3: 2.2\n", 6, "`id3` cannot be `2.2`", "write `2.4` or `2.3`"),
        ("dead_air: 30s\n", 11, "`dead_air` must be keys", "below: -60 dB"),
        ("dead_air: { below: 60 }\n", 20, "`60` is louder than full scale", "write `-60 dB`"),
        ("dead_air: { below: low }\n", 20, "`low` is not a level", "-60 dB"),
        ("dead_air: { longer_than: 0s }\n", 26, "everything is longer", "longer_than: 30s"),
    ] {
        let (line, at, said, hinted) = only(&format!("{text}{}shows: []\n", with_station("")));
        assert_eq!((line, at), (1, column), "{text}: {said}");
        assert!(said.contains(message) && hinted.contains(hint), "{text}: {said} / {hinted}");
    }
}
