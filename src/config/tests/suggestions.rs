//! Every suggestion is accepted: what a hint says to write is put into the file, and the file is read again.

use super::*;
use crate::testing::Random;

/// A right file with one key a line: the key and a right value.
const LINES: &[(&str, &str)] = &[
    ("timezone: ", "Asia/Seoul"),
    ("min_free: ", "1 GiB"),
    ("output: ", "/srv/recordings"),
    ("gaps: ", "silence"),
    ("id3: ", "2.3"),
    ("name: ", "{{ station }}/{{ show }} {{ start | date('%Y') }}"),
    ("web:", ""),
    ("  listen: ", "127.0.0.1:8080"),
    ("  base_url: ", "http://localhost:8080/radio/"),
    ("dead_air:", ""),
    ("  below: ", "-60 dB"),
    ("  longer_than: ", "30s"),
    ("stations:", ""),
    ("  s:", ""),
    ("    delay: ", "15s"),
    ("    timezone: ", "Europe/Paris"),
    ("    titles:", ""),
    ("      delay: ", "-5s"),
    ("      every: ", "20s"),
    ("      find:", ""),
    ("        - get: ", "https://h.example/now"),
    ("    hls:", ""),
    ("      max_bitrate: ", "192k"),
    ("      find:", ""),
    ("        - get: ", "https://h.example/page"),
    ("        - json: ", "$.stream.url"),
    ("shows:", ""),
    ("  - title: ", "News"),
    ("    station: ", "s"),
    ("    cron: ", "30 9 * * 1-5"),
    ("    length: ", "1h30m"),
    ("    id: ", "the-news"),
    ("    mp3:", ""),
    ("      bitrate: ", "128k"),
    ("      channels: ", "2"),
    ("    keep:", ""),
    ("      last: ", "30"),
    ("  - title: ", "the news"),
    ("    station: ", "s"),
    ("    cron: ", "0 9 * * 5#2"),
    ("    length: ", "1h"),
    ("    id: ", "other"),
];

/// What people write instead, by key.
const WRONG: &[(&str, &[&str])] = &[
    (
        "cron",
        &[
            "0 9 * * 7-1",
            "0 9 * * 7-5/2",
            "0 22-2 * * *",
            "0 22-4/2 * * *",
            "0 9 * * FRI-MON",
            "0 9 * * * 2027",
            "0 9 * * MON *",
            "0 0 9 * * 1",
            "0 0 9 ? * MON 2027",
            "0 30 9 * * *",
            "5 0 9 * * *",
            "5/10 * * * *",
            "0 9 * * Monday",
            "0 9 * * 월",
            "0 9 * * 월요일-금요일",
            "0 9 * * 1–5",
            "０ ９ * * 1",
            "0 9 31 2 *",
            "0 9 31 4,6 *",
            "@Daily",
            "@reboot",
            "@every 5m",
            "@every 7h",
            "@dayly",
            "14:00",
            "25:00",
            "0 9 * 11-2 *",
            "0 9 28-3 * *",
            "50-10 9 * * *",
            "50-10/7 9 * * *",
            "0 9 * * L",
            "0 9 L-3 * *",
            "0 9 * * 5#6",
            "0 9 * *",
            "* *",
            "0 9 * * mon,,wed",
            "0 9 * * mon, wed",
            "0 9 * * 8",
            "0 24 * * *",
            "0 9 */20 * 5#2",
        ],
    ),
    (
        "length",
        &[
            "90",
            "900",
            "0",
            "1:30",
            "0:00",
            "200:00",
            "1h30",
            "90mins",
            "2 hrs",
            "1.5h",
            "1,5h",
            "PT1H30M",
            "1시간 30분",
            "１ｈ",
            "8d",
            "2 weeks",
            "1 week",
            "-5m",
            "h",
            "1h and 5m",
            "00:00:05",
            "99999999999h",
            "m5",
            "'1h'",
        ],
    ),
    ("every", &["15", "2s", "1h", "20 secs", "20초", "0:20", "２０ｓ"]),
    ("delay", &["15", "0", "0:00", "15 secs", "15초", "1m30", "-5", "-0:05:00", "−5s", "-5 secs"]),
    (
        "min_free",
        &["500", "0", "1073741824", "500mb", "1 gib", "1,5 GB", "2 gigabytes", "1G B", "-1 GiB", "５００ MB", "1e3 MB"],
    ),
    ("max_bitrate", &["128", "0", "0.5", "128 kbits", "128KBPS", "1,5M", "1.5mbps", "１２８ｋ", "192000bps", "999"]),
    ("bitrate", &["128", "5", "100k", "129k", "1M", "0", "128 Kbit/s", "33", "44.1k"]),
    ("below", &["60 dB", "60", "-60db", "−60 dB", "0", "-130 dB", "130", "loud", "+60 dB", "60dBFS"]),
    (
        "timezone",
        &[
            "KST",
            "seoul",
            "asia/seoul",
            "Asia/Soul",
            "UTC+9",
            "+09:00",
            "GMT+9",
            "Mars",
            "Asia／Seoul",
            "New York",
            "IST",
            "KST-9",
            "Europe/paris",
            "Calcutta",
        ],
    ),
    (
        "listen",
        &[
            "8080",
            ":8080",
            "127.0.0.1",
            "localhost",
            "http://127.0.0.1:8080/",
            "localhost:80800",
            "0.0.0.0",
            "*:8080",
            "127.0.0.1：8080",
        ],
    ),
    (
        "base_url",
        &[
            "radio",
            "localhost:8080",
            "http://me:secret@localhost:8080/",
            "http://localhost/?x=1",
            "http://localhost/#x",
            "htp://localhost/",
            "http:/localhost/",
            "https//localhost/",
            "http://localhost/api/",
            "rtmp://localhost/",
            "http://",
            "not a url",
        ],
    ),
    (
        "get",
        &[
            "h.example/x",
            "//h.example/x",
            "htps://h.example",
            "http:/h.example/",
            "https//h.example",
            "ftp://h.example",
            "https：//h.example/",
            "a b c",
        ],
    ),
    ("json", &["stream.url", ".stream.url", "[0].url", "$.", "stream..", "$[?"]),
    ("station", &["S", "ß", "t", "ｓ", "KBS"]),
    ("id", &["the news", "a/b", "../x", "?", "the@news", ".x", "other"]),
    ("title", &["?!", ""]),
    ("id3", &["2", "2.2", "v2.3", "ID3v2.4", "２.３", "1", "yes"]),
    ("gaps", &["silent", "none", "Silence", "ｓｉｌｅｎｃｅ"]),
    (
        "name",
        &[
            "{{ shwo }}/{{ shwo }}",
            "{{ show",
            "{{ start | dat('%Y') }}",
            "{{ start | date('%Q') }}",
            "{{ title }}",
            "",
            "{{ Show }} Show",
        ],
    ),
    ("output", &["~", "~/rec", "$HOME/rec", "smb://nas/rec", "C:\\rec", "env:OUT", "nas:/rec", ""]),
    ("channels", &["3", "mono", "２", "two"]),
    ("last", &["0", "-1", "１０", "1.5", "all"]),
];

fn file(changed: usize, line: &str) -> String {
    let line_of = |(number, (key, value)): (usize, &(&str, &str))| match (number == changed, *value) {
        (true, _) => format!("{line}\n"),
        (false, "") => format!("{key}\n"),
        (false, value) if value.chars().all(|c| c.is_ascii_digit()) => format!("{key}{value}\n"),
        (false, value) => format!("{key}'{}'\n", value.replace('\'', "''")),
    };
    LINES.iter().enumerate().map(line_of).collect()
}

/// What a hint proposes: everything in backticks, except commands and words that are to be found in the file.
fn proposals(hint: &str) -> Vec<String> {
    let parts: Vec<&str> = hint.split('`').collect();
    let quoted = parts.iter().zip(parts.iter().skip(1)).step_by(2);
    let elsewhere = ["put ", " with ", "under "];
    quoted
        .filter(|(before, part)| !part.starts_with("aircheck ") && !elsewhere.iter().any(|word| before.ends_with(word)))
        .filter(|(_, part)| **part != "auth: none")
        .map(|(_, part)| (*part).to_owned())
        .collect()
}

/// Line `number` with the proposal in the place of its value, or of key and value.
fn put(number: usize, proposal: &str) -> String {
    let (key, _) = LINES[number];
    let bare = key.trim_start_matches([' ', '-']).trim_end();
    let before = &key[..key.len() - key.trim_start_matches([' ', '-']).len()];
    if proposal.starts_with(bare) {
        return format!("{before}{proposal}");
    }
    if bare == "channels:" || bare == "last:" {
        return format!("{key}{proposal}");
    }
    format!("{key}'{}'", proposal.replace('\'', "''"))
}

/// How much was proposed, and which proposals were refused.
#[derive(Default)]
struct Fed {
    proposals: usize,
    refused: Vec<String>,
}

impl Fed {
    /// Reads the file with `line` in place of line `number`, puts every proposal in its place, and reads it again.
    fn back(&mut self, number: usize, line: &str) {
        let text = file(number, line);
        let Err(errors) = Config::parse(&text, Path::new("/etc/aircheck/stations.yaml")) else { return };
        for problem in errors.problems.iter().filter(|problem| problem.line == number + 1) {
            let hint = problem.hint.as_deref().unwrap_or_default();
            for proposal in proposals(hint) {
                self.proposals += 1;
                let better = put(number, &proposal);
                let text = file(number, &better);
                let Err(next) = Config::parse(&text, Path::new("/etc/aircheck/stations.yaml")) else { continue };
                // Another mistake may follow the first: it has a hint of its own, or the first was one of YAML.
                let of_yaml = ["YAML", "colon", "quotes"].iter().any(|word| problem.message.contains(word));
                let mut others = next.problems.iter().filter(|next| next.line == number + 1);
                let goes_on = others.all(|next| next.message != problem.message && (of_yaml || next.hint.is_some()));
                if goes_on && better != line {
                    self.back(number, &better);
                } else {
                    self.refused.push(format!("{line}\n{}\nhint: {hint}\n{next}\n", problem.message));
                }
            }
        }
    }

    fn is_right(&self, least: usize) {
        assert!(self.refused.is_empty(), "{} refused:\n{}", self.refused.len(), self.refused.join("\n"));
        assert!(self.proposals > least, "only {} proposals", self.proposals);
    }
}

fn quoted(key: &str, value: &str) -> String {
    format!("{key}'{}'", value.replace('\'', "''"))
}

#[test]
fn the_file_of_this_test_is_right() {
    parse(&file(usize::MAX, ""));
}

#[test]
fn every_suggestion_for_a_usual_mistake_is_accepted() {
    let mut fed = Fed::default();
    for (number, (key, _)) in LINES.iter().enumerate() {
        let bare = key.trim_start_matches([' ', '-']).trim_end().trim_end_matches(':');
        for (_, values) in WRONG.iter().filter(|(name, _)| *name == bare) {
            for value in *values {
                fed.back(number, &quoted(key, value));
                // Most people write it without quotes.
                fed.back(number, &format!("{key}{value}"));
            }
        }
    }
    fed.is_right(300);
}

#[test]
fn every_suggestion_for_a_random_mistake_is_accepted() {
    const LETTERS: [&str; 42] = [
        "0",
        "1",
        "5",
        "7",
        "9",
        "12",
        "24",
        "60",
        "-",
        "–",
        "~",
        "*",
        "/",
        ",",
        ".",
        ":",
        "：",
        " ",
        "#",
        "L",
        "l",
        "?",
        "@",
        "%",
        "$",
        "h",
        "m",
        "s",
        "k",
        "M",
        "G",
        "B",
        "dB",
        "월",
        "금요일",
        "MON",
        "FRI",
        "１",
        "'",
        "\"",
        "{",
        "\t",
    ];
    let mut random = Random::new(7);
    let values: Vec<(usize, &str, &str)> = LINES
        .iter()
        .enumerate()
        .filter(|(_, (_, value))| !value.is_empty())
        .map(|(number, (key, value))| (number, *key, *value))
        .collect();
    let mut fed = Fed::default();
    for round in 0..800 {
        let (number, key, value) = values[random.below(values.len())];
        let wrong = WRONG.iter().find(|(name, _)| key.contains(name)).map_or(&[][..], |(_, values)| values);
        let begin = if wrong.is_empty() || random.below(2) == 0 { value } else { wrong[random.below(wrong.len())] };
        let mut letters: Vec<String> = begin.chars().map(String::from).collect();
        for _ in 0..=random.below(3) {
            let at = random.below(letters.len() + 1);
            match random.below(3) {
                0 if at < letters.len() => {
                    letters.remove(at);
                }
                1 if at < letters.len() => letters[at] = LETTERS[random.below(LETTERS.len())].to_owned(),
                _ => letters.insert(at, LETTERS[random.below(LETTERS.len())].to_owned()),
            }
        }
        let line = if round % 3 == 0 { format!("{key}{}", letters.concat()) } else { quoted(key, &letters.concat()) };
        fed.back(number, &line);
    }
    fed.is_right(200);
}

#[test]
fn every_key_that_is_suggested_is_accepted() {
    let mut random = Random::new(11);
    let mut fed = 0;
    for _ in 0..600 {
        let number = random.below(LINES.len());
        let (key, value) = LINES[number];
        let bare = key.trim_start_matches([' ', '-']).trim_end().trim_end_matches(':');
        let mut letters: Vec<char> = bare.chars().collect();
        let at = random.below(letters.len());
        match random.below(4) {
            0 => drop(letters.remove(at)),
            1 => letters.insert(at, 'e'),
            2 => letters[at] = letters[at].to_ascii_uppercase(),
            _ => letters[at] = char::from_u32(u32::from(letters[at]) + 0xfee0).unwrap_or('x'),
        }
        let wrong: String = letters.iter().collect();
        let with = |word: &str| {
            let value = if value.is_empty() || value.chars().all(|c| c.is_ascii_digit()) {
                value.to_owned()
            } else {
                quoted("", value)
            };
            format!("{}{}", key.replacen(bare, word, 1), value)
        };
        let Err(errors) = Config::parse(&file(number, &with(&wrong)), Path::new("/s.yaml")) else { continue };
        let of_line = errors.problems.iter().filter(|it| it.line == number + 1 && it.message.contains("is not a key"));
        for hint in of_line.filter_map(|problem| problem.hint.as_deref()).filter(|hint| hint.starts_with("write `")) {
            for proposal in proposals(hint) {
                fed += 1;
                let next = file(number, &with(&proposal));
                if let Err(next) = Config::parse(&next, Path::new("/s.yaml")) {
                    panic!("{wrong}\nproposal: {proposal}\n\n{next}");
                }
            }
        }
    }
    assert!(fed > 150, "only {fed} proposals");
}
