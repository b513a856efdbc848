use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use super::*;
use crate::config::Config;
use crate::testing::corpus;

fn station() -> Addition {
    let step = |key: &str, value: Written| vec![(key.to_owned(), value)];
    let find = vec![
        step("get", Written::text("https://r.example/")),
        step("match", Written::Text(r#"url\":\"(.*?)\""#.to_owned(), Quotes::Single)),
    ];
    Addition::station(
        "new",
        vec![
            ("name".to_owned(), Written::text("New: FM")),
            ("hls".to_owned(), Written::Map(vec![("find".to_owned(), Written::List(find))])),
        ],
    )
}

fn show() -> Addition {
    Addition::show(vec![
        ("title".to_owned(), Written::text("명연주")),
        ("station".to_owned(), Written::text("kbs")),
        ("cron".to_owned(), Written::Text("0 14 * * *".to_owned(), Quotes::Double)),
        ("length".to_owned(), Written::text("1h")),
    ])
}

/// The lines that `addition` puts into `text`, whose own bytes all stay in their order.
fn put(addition: &Addition, text: &str) -> String {
    let after = addition.added_to(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let same = text.bytes().zip(after.bytes()).take_while(|(one, other)| one == other).count();
    let rest = &text.as_bytes()[same..];
    assert!(after.as_bytes().ends_with(rest), "more was changed:\n{text}\n---\n{after}");
    after[same..after.len() - rest.len()].to_owned()
}

const LINES: &str = "  new:
    name: 'New: FM'
    hls:
      find:
        - get: https://r.example/
        - match: 'url\\\":\\\"(.*?)\\\"'
";

#[test]
fn a_station_comes_behind_the_last_one_and_no_other_byte_changes() {
    let text = "# mine\nstations:   # all\n  kbs:  { hls: 'https://h.example/x' }   # good\n\n# the rest\nshows: []\n";
    assert_eq!(put(&station(), text).trim_start_matches('\n').trim_end_matches('\n'), LINES.trim_end_matches('\n'));
    let after = station().added_to(text).unwrap();
    assert!(after.contains("# good\n  new:\n") && after.ends_with("\"'\n\n# the rest\nshows: []\n"), "{after}");
    assert!(Config::parse(&after, Path::new("/s.yaml")).is_ok());
}

#[test]
fn the_indentation_the_line_ends_and_the_blank_lines_are_those_of_the_file() {
    let text = "stations:\n    kbs:\n        hls: https://h.example/x\n        # delay: 3s\n\n    mbc:\n        hls: https://h.example/y\n        # delay: 5s\n    # end\n";
    let after = station().added_to(text).unwrap();
    let wanted = "        # delay: 5s\n\n    new:\n        name: 'New: FM'\n        hls:\n            find:\n                - get: https://r.example/\n                - match: 'url\\\":\\\"(.*?)\\\"'\n    # end\n";
    assert!(after.ends_with(wanted), "{after}");
    let after = station().added_to("\u{feff}stations:\r\n  a: { hls: 'https://h/x' }\r\nshows:\r\n").unwrap();
    assert!(after.starts_with("\u{feff}stations:\r\n  a:") && after.ends_with("\"'\r\nshows:\r\n"), "{after:?}");
    assert_eq!(after.matches('\n').count(), after.matches("\r\n").count());
    let after = station().added_to("stations:\n  a: { hls: 'https://h/x' }").unwrap();
    assert!(after.starts_with("stations:\n  a: { hls: 'https://h/x' }\n  new:") && after.ends_with("\"'"), "{after}");
}

#[test]
fn a_section_that_is_empty_or_missing_gets_its_first_entry() {
    for (text, wanted) in [
        ("stations:\nshows: []\n", format!("stations:\n{LINES}shows: []\n")),
        ("stations: {}  # none\nshows: []\n", format!("stations:  # none\n{LINES}shows: []\n")),
        ("stations: ~\n", format!("stations:\n{LINES}")),
        (
            "stations:\n  # kbs:\n  #   hls: x\n\nshows:\n",
            format!("stations:\n  # kbs:\n  #   hls: x\n\n{LINES}\nshows:\n"),
        ),
        ("shows: []\n", format!("shows: []\n\nstations:\n{LINES}")),
        ("timezone: UTC", format!("timezone: UTC\n\nstations:\n{LINES}")),
        ("", format!("stations:\n{LINES}")),
        ("# only a note\n", format!("# only a note\n\nstations:\n{LINES}")),
    ] {
        assert_eq!(station().added_to(text).unwrap(), wanted, "{text}");
    }
}

#[test]
fn braces_stay_braces() {
    let new =
        "new: { name: 'New: FM', hls: { find: [{ get: https://r.example/ }, { match: 'url\\\":\\\"(.*?)\\\"' }] } }";
    for (text, wanted) in [
        ("stations: { a: { hls: x } }\n", format!("stations: {{ a: {{ hls: x }}, {new} }}\n")),
        ("stations: { a: { hls: x }, }\n", format!("stations: {{ a: {{ hls: x }}, {new}, }}\n")),
        (
            "stations: {\n  a: { hls: x }, # one\n  b: { hls: y } # two, too\n}\n",
            format!("stations: {{\n  a: {{ hls: x }}, # one\n  b: {{ hls: y }}, # two, too\n  {new}\n}}\n"),
        ),
        ("stations: { a: {\n  hls: x } }\n", format!("stations: {{ a: {{\n  hls: x }}, {new} }}\n")),
        ("{\"stations\": {}, \"shows\": []}", format!("{{\"stations\": {{ {new} }}, \"shows\": []}}")),
    ] {
        assert_eq!(station().added_to(text).unwrap(), wanted, "{text}");
    }
}

#[test]
fn a_show_is_added_to_a_list_in_every_style() {
    let lines = |margin: &str| {
        format!(
            "{margin}- title: 명연주\n{margin}  station: kbs\n{margin}  cron: \"0 14 * * *\"\n{margin}  length: 1h\n"
        )
    };
    let braces = "{ title: 명연주, station: kbs, cron: \"0 14 * * *\", length: 1h }";
    for (text, wanted) in [
        ("shows:\n- title: x\n  a: b\n", format!("shows:\n- title: x\n  a: b\n{}", lines(""))),
        ("shows:\n  - { title: x }\nx-a: 1\n", format!("shows:\n  - {{ title: x }}\n{}x-a: 1\n", lines("  "))),
        ("shows: []\n", format!("shows:\n{}", lines("  "))),
        ("stations: {}\n", format!("stations: {{}}\n\nshows:\n{}", lines("  "))),
        ("shows: [{ title: x }]\n", format!("shows: [{{ title: x }}, {braces}]\n")),
    ] {
        assert_eq!(show().added_to(text).unwrap(), wanted, "{text}");
    }
    let wide = show().added_to("shows:\n  -   title: x\n").unwrap();
    assert!(
        wide.ends_with("  -   title: 명연주\n      station: kbs\n      cron: \"0 14 * * *\"\n      length: 1h\n"),
        "{wide}"
    );
}

#[test]
fn what_cannot_be_added_to_is_left_alone() {
    for text in [
        "x-a: &a { k: { hls: x } }\nstations: *a\n",
        "stations: text\n",
        "- a\n",
        "stations:\n  new: { hls: x }\n",
        "shows: []\n...\n",
    ] {
        assert!(matches!(station().added_to(text), Err(EditError::Layout { section: "stations" })), "{text}");
    }
    for text in ["stations: [\n", "stations: {}\n\tx: 1\n", "stations: {  # a note\n}\n", "a: {}\n...\n---\nb: 1\n"] {
        assert!(matches!(station().added_to(text), Err(EditError::NotYaml)), "{text}");
    }
}

#[test]
fn a_file_keeps_its_rights_and_its_link_and_is_refused_if_somebody_else_changed_it() {
    let folder = tempfile::tempdir().unwrap();
    let (file, link) = (folder.path().join("real.yaml"), folder.path().join("stations.yaml"));
    fs::write(&file, "stations:\n").unwrap();
    fs::set_permissions(&file, Permissions::from_mode(0o640)).unwrap();
    std::os::unix::fs::symlink("real.yaml", &link).unwrap();
    let first = Editing::open(&link).unwrap();
    let second = Editing::open(&link).unwrap();
    first.save("stations: {}\n", &link).unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::metadata(&file).unwrap().mode() & 0o7777, 0o640);
    assert_eq!(fs::read_to_string(&file).unwrap(), "stations: {}\n");
    assert!(matches!(second.save("shows: []\n", &link), Err(EditError::Changed { .. })));
    assert_eq!(fs::read_to_string(&file).unwrap(), "stations: {}\n");

    let new = folder.path().join("stations.d/more.yaml");
    let (one, other) = (Editing::open(&new).unwrap(), Editing::open(&new).unwrap());
    one.save("shows: []\n", &link).unwrap();
    assert_eq!(fs::metadata(&new).unwrap().mode() & 0o7777, 0o640);
    assert!(other.save("shows:\n", &link).is_err());
    assert_eq!(fs::read_dir(folder.path().join("stations.d")).unwrap().count(), 1, "nothing stays behind");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3);
}

/// Text without what an empty section is written with: that gives way to lines.
fn without_empty(text: &str) -> Vec<char> {
    text.chars().filter(|c| !"{}[]~nul \n".contains(*c)).collect()
}

fn nothing_is_taken_away(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for addition in [station(), show()] {
        let Ok(after) = addition.added_to(&text) else { continue };
        let all = without_empty(&after);
        let mut left = all.iter();
        assert!(without_empty(&text).iter().all(|c| left.any(|other| other == c)), "{text}\n---\n{after}");
    }
}

#[test]
fn whatever_the_file_is_an_edit_takes_nothing_away() {
    corpus::check("config", 300, nothing_is_taken_away);
}
