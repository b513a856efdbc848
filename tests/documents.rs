//! The documents are consistent: every relative link leads to an existing file, every anchor to a heading, and every
//! path of the repository that they name exists.
//!
//! The check takes the root as an argument, so that it is also shown to fail here.
#![expect(clippy::unwrap_used, reason = "a test that cannot read the documents should say so and end")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use regex::Regex;

#[test]
fn every_link_in_the_documents_leads_somewhere() {
    assert_eq!(dead_links(Path::new(env!("CARGO_MANIFEST_DIR"))), [""; 0]);
}

/// Returns the relative links and the paths in the documents of `root` that lead nowhere.
fn dead_links(root: &Path) -> Vec<String> {
    let mut dead = Vec::new();
    for document in documents(root) {
        let text = fs::read_to_string(&document).unwrap();
        let name = document.strip_prefix(root).unwrap().display();
        for link in links(&text) {
            let (path, anchor) = link.split_once('#').unwrap_or((link.as_str(), ""));
            let target = if path.is_empty() { document.clone() } else { document.parent().unwrap().join(path) };
            if !target.exists() {
                dead.push(format!("{name}: there is no file {link}"));
            } else if !anchor.is_empty() && !anchors(&fs::read_to_string(&target).unwrap()).contains(anchor) {
                dead.push(format!("{name}: there is no heading {link}"));
            }
        }
        for path in named_paths(&text) {
            if !root.join(path).exists() {
                dead.push(format!("{name}: there is no {path}"));
            }
        }
    }
    dead
}

/// Returns the Markdown files at the top of `root` and everywhere below `docs`, in order.
fn documents(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && path.starts_with(root.join("docs")) {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// Returns the targets of the relative links and pictures in `text`.
fn links(text: &str) -> Vec<String> {
    static LINK: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r#"\]\(([^()\s]+)\)|\b(?:src|href)="([^"]+)""#).unwrap());
    static IN_CODE: LazyLock<Regex> = LazyLock::new(|| Regex::new("`[^`]*`").unwrap());
    static SCHEME: LazyLock<Regex> = LazyLock::new(|| Regex::new("^[a-z][a-z0-9+.-]*:").unwrap());
    let mut found = Vec::new();
    for line in prose(text) {
        let line = IN_CODE.replace_all(line, "");
        for link in LINK.captures_iter(&line) {
            let target = link.get(1).or(link.get(2)).unwrap().as_str();
            if !SCHEME.is_match(target) {
                found.push(target.to_owned());
            }
        }
    }
    found
}

/// Returns the paths of the repository that `text` names, such as `src/lib.rs`, but no patterns.
fn named_paths(text: &str) -> Vec<&str> {
    static PATH: LazyLock<Regex> =
        LazyLock::new(|| Regex::new("`((?:config|docs|fuzz|src|systemd|tests)/[a-z0-9_./-]*)`").unwrap());
    PATH.captures_iter(text).map(|path| path.get(1).unwrap().as_str()).collect()
}

/// Returns the anchors that GitHub gives to the headings of `text`: letters, digits, `-` and `_` in small letters, and
/// `-` for each space.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for line in prose(text).filter(|line| line.starts_with('#')) {
        let title = line.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
        let anchor: String = title.chars().filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_')).collect();
        // If several headings have one title, the later ones get a number.
        let mut twins = (1_u32..1000).map(|number| format!("{anchor}-{number}"));
        let twin = if found.contains(&anchor) { twins.find(|twin| !found.contains(twin)) } else { None };
        found.insert(twin.unwrap_or(anchor));
    }
    found
}

/// Returns the lines of `text` outside code blocks.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut in_block = false;
    text.lines().filter(move |line| {
        let is_fence = line.trim_start().starts_with("```");
        in_block ^= is_fence;
        !in_block && !is_fence
    })
}

#[test]
fn a_broken_link_is_found_and_code_and_web_links_are_ignored() {
    let root = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = root.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write(
        "README.md",
        "# Radio: a `show`, twice?\n[a](docs/a.md#two) [b](#radio-a-show-twice) [c](docs/none.md)\n\
         `[code](none)` [web](https://example.org/none)\n```sh\n# [block](none)\n```\n<img src=\"none.png\">\n",
    );
    write("docs/a.md", "## Two\n## Two\n## 녹음 판정\n[up](../README.md) [x](#two-1) [y](#two-2) [z](#녹음-판정)\n");
    write("docs/guide/b.md", "[a](../a.md#three) [folder](../guide) `src/c.md` `src/none.rs` `src/*.rs`\n");
    write("src/c.md", "[no document](none)\n");
    assert_eq!(
        dead_links(root.path()),
        [
            "README.md: there is no file docs/none.md",
            "README.md: there is no file none.png",
            "docs/a.md: there is no heading #two-2",
            "docs/guide/b.md: there is no heading ../a.md#three",
            "docs/guide/b.md: there is no src/none.rs",
        ]
    );
}
