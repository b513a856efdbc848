//! The shape of the house: modules use only modules below them, files of a module form no circle, files are not too
//! long, and every dependency is used.
//!
//! The checks read the source as text. They get the root as an argument, so that tests also show each of them fail.
#![expect(clippy::unwrap_used, reason = "a test that cannot read its own sources should say so and end")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use regex::Regex;

/// The modules from the top down; each may use those after it.
const ORDER: &[&str] = &[
    "cli",
    "daemon",
    "web",
    "clips",
    "grabs",
    "notify",
    "recorder",
    "housekeeping",
    "checkups",
    "production",
    "renditions",
    "tape_copies",
    "airings",
    "account",
    "capture",
    "encode",
    "copies",
    "library",
    "events",
    "tape",
    "config",
    "model",
    "language",
    "base",
    "testing",
];
/// The rooms of a module from the top down, if they have an order; each may use those after it.
const ROOMS: &[(&str, &[&str])] = &[("config", &["edit", "read", "keys", "yaml", "values"])];
/// The most lines of a file; above 400 it is time to think about a second one.
const MOST_LINES: usize = 450;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn modules_use_only_what_stands_below_them() {
    assert_eq!(upward_uses(root()), [""; 0]);
}

#[test]
fn the_files_of_a_module_use_each_other_in_one_direction() {
    assert_eq!(circles(root()), [""; 0]);
}

#[test]
fn no_file_is_too_long_to_read() {
    assert_eq!(long_files(root()), [""; 0]);
}

#[test]
fn every_dependency_is_used() {
    assert_eq!(unused_dependencies(root()), [""; 0]);
}

fn upward_uses(root: &Path) -> Vec<String> {
    let crate_files = sources(&root.join("src"));
    let mut found = BTreeSet::new();
    for source in &crate_files {
        // lib.rs and main.rs stand above everything.
        let Some(from) = source.module.first() else { continue };
        let Some(place) = ORDER.iter().position(|module| module == from) else {
            found.insert(format!("{from} has no place in the order; give it one in tests/house.rs"));
            continue;
        };
        for path in source.paths(&source.code) {
            let Some(to) = path.first() else { continue };
            let above = ORDER.iter().position(|module| module == to).is_some_and(|other| other < place);
            if above || is_room_above(&path, &source.module) {
                found.insert(format!("{} uses {}, which stands above it", source.name, path.join("::")));
            }
        }
    }
    found.into_iter().collect()
}

/// Returns whether `path` leads to a room above that of `module`, in the same module.
fn is_room_above(path: &[String], module: &[String]) -> bool {
    let rooms = ROOMS.iter().filter(|(name, _)| [path, module].iter().all(|names| names.first().unwrap() == name));
    rooms.into_iter().any(|(_, rooms)| {
        let [to, from] =
            [path, module].map(|names| rooms.iter().position(|room| Some(*room) == names.get(1).map(String::as_str)));
        to.zip(from).is_some_and(|(to, from)| to < from)
    })
}

fn circles(root: &Path) -> Vec<String> {
    let sources = sources(&root.join("src"));
    let by_module: BTreeMap<&[String], &Source> = sources.iter().map(|source| (&source.module[..], source)).collect();
    let mut uses: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for source in sources.iter().filter(|source| !source.module.is_empty() && source.module.last().unwrap() != "tests")
    {
        let code = source.without_tests().without_doors();
        for path in source.paths(&code) {
            let Some(other) = resolve(&by_module, &path) else { continue };
            if other.module.first() == source.module.first() && other.name != source.name {
                uses.entry(&source.name).or_default().insert(&other.name);
            }
        }
    }
    let mut found = BTreeSet::new();
    for start in uses.keys() {
        if let Some(mut circle) = way_back(&uses, start) {
            // The same circle is found from each of its files.
            let first = circle.iter().enumerate().min_by_key(|(_, name)| **name).map_or(0, |(at, _)| at);
            circle.rotate_left(first);
            found.insert(circle.join(" → "));
        }
    }
    found.into_iter().collect()
}

/// Returns the shortest way from `start` back to itself.
fn way_back<'a>(uses: &BTreeMap<&'a str, BTreeSet<&'a str>>, start: &'a str) -> Option<Vec<&'a str>> {
    let mut ways = std::collections::VecDeque::from([vec![start]]);
    let mut seen = BTreeSet::new();
    while let Some(way) = ways.pop_front() {
        for next in uses.get(way.last()?).into_iter().flatten() {
            if *next == start {
                return Some(way);
            }
            if seen.insert(*next) {
                ways.push_back([&way[..], &[*next]].concat());
            }
        }
    }
    None
}

/// Returns the file that defines what `path` names: the deepest module on it, followed through re-exports.
fn resolve<'a>(by_module: &BTreeMap<&[String], &'a Source>, path: &[String]) -> Option<&'a Source> {
    let depth = (1..=path.len()).rev().find(|depth| by_module.contains_key(&path[..*depth]))?;
    let mut source = by_module[&path[..depth]];
    let Some(name) = path.get(depth) else { return Some(source) };
    while let Some(inner) = source.doors().get(name).and_then(|module| by_module.get(&module[..])) {
        source = inner;
    }
    Some(source)
}

fn long_files(root: &Path) -> Vec<String> {
    ["src", "tests"]
        .iter()
        .flat_map(|folder| sources(&root.join(folder)))
        .filter(|source| source.lines > MOST_LINES)
        .map(|source| format!("{} has {} lines; {MOST_LINES} are the most", source.name, source.lines))
        .collect()
}

fn unused_dependencies(root: &Path) -> Vec<String> {
    let manifest = fs::read_to_string(root.join("Cargo.toml")).unwrap();
    let code = |folder: &str| sources(&root.join(folder)).into_iter().map(|it| it.code).collect::<String>();
    let (own, all) = (code("src"), code("src") + &code("tests"));
    let mut section = "";
    let mut unused = Vec::new();
    for line in manifest.lines() {
        if line.starts_with('[') {
            section = line;
        }
        let Some((name, _)) = line.split_once('=') else { continue };
        let code = match section {
            "[dependencies]" => &own,
            "[dev-dependencies]" => &all,
            _ => continue,
        };
        let name = name.trim();
        if name.starts_with('#') {
            continue;
        }
        let used = Regex::new(&format!(r"\b{}(::|;)", name.replace('-', "_"))).unwrap();
        if !used.is_match(code) {
            unused.push(format!("{name} of {section} is named nowhere"));
        }
    }
    unused
}

/// A Rust file, as the checks see it.
struct Source {
    /// The path below the root, for messages.
    name: String,
    /// The module path; empty for `lib.rs` and `main.rs`.
    module: Vec<String>,
    lines: usize,
    /// The text without comments, strings and character literals.
    code: String,
}

impl Source {
    /// Returns every path in `code` that leads to a module of the crate, from the root of the crate.
    fn paths(&self, code: &str) -> Vec<Vec<String>> {
        static START: LazyLock<Regex> =
            LazyLock::new(|| Regex::new(r"\b(?:crate|self|(?:super::)*super)::|\bmod (\w+);").unwrap());
        let mut children = vec![];
        let mut paths = vec![];
        for found in START.captures_iter(code) {
            let whole = found.get(0).unwrap();
            if let Some(child) = found.get(1) {
                children.push(child.as_str());
                continue;
            }
            let base = match whole.as_str() {
                "crate::" => vec![],
                "self::" => self.module.clone(),
                supers => {
                    let up = supers.matches("super").count().min(self.module.len());
                    self.module[..self.module.len() - up].to_vec()
                }
            };
            expand(&base, &code[whole.end()..], &mut paths);
        }
        for child in children {
            let named = Regex::new(&format!(r"(?:^|[^:\w]){child}::")).unwrap();
            for found in named.find_iter(code) {
                expand(&[&self.module[..], &[child.to_owned()]].concat(), &code[found.end()..], &mut paths);
            }
        }
        paths
    }

    /// Returns the names that this file re-exports from its own submodules (`pub use inner::Name`), with the module of
    /// each.
    fn doors(&self) -> BTreeMap<String, Vec<String>> {
        let mut doors = BTreeMap::new();
        for found in door_lines().captures_iter(&self.code) {
            let mut paths = vec![];
            expand(&self.module, found.get(1).unwrap().as_str(), &mut paths);
            for mut path in paths {
                if let Some(name) = path.pop() {
                    doors.insert(name, path);
                }
            }
        }
        doors
    }

    /// Returns the code without a module of tests at the end of the file. One in another file is only a line.
    fn without_tests(&self) -> Code<'_> {
        Code(self.code.find("#[cfg(test)]\nmod tests {").map_or(&self.code, |end| &self.code[..end]))
    }
}

struct Code<'a>(&'a str);

impl Code<'_> {
    /// Returns the code without re-exports: a re-export does not count as a use.
    fn without_doors(&self) -> String {
        door_lines().replace_all(self.0, "").into_owned()
    }
}

fn door_lines() -> &'static Regex {
    static DOOR: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"pub(?:\([\w ]+\))? use (?:self::)?([^;]+);").unwrap());
    &DOOR
}

/// Adds the paths that `text` begins with, as `a::b`, `a::{b, c::{d}}` or `*`, to `paths`, below `base`. Returns what
/// follows them.
fn expand<'t>(base: &[String], text: &'t str, paths: &mut Vec<Vec<String>>) -> &'t str {
    let text = text.trim_start();
    if let Some(mut rest) = text.strip_prefix('{') {
        loop {
            rest = expand(base, rest, paths).trim_start();
            // `as Name`
            rest = rest.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_' || c == ' ');
            match rest.strip_prefix(',') {
                Some(next) if next.trim_start().starts_with('}') => return &next.trim_start()[1..],
                Some(next) => rest = next,
                None => return rest.strip_prefix('}').unwrap_or(rest),
            }
        }
    }
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let path = if matches!(name, "" | "self") { base.to_vec() } else { [base, &[name.to_owned()]].concat() };
    match rest.strip_prefix("::") {
        Some(deeper) if !name.is_empty() => expand(&path, deeper, paths),
        _ => {
            paths.push(path);
            rest.strip_prefix('*').unwrap_or(rest)
        }
    }
}

/// Returns the Rust files below `folder`, in order.
fn sources(folder: &Path) -> Vec<Source> {
    static NOT_CODE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r#"(?s)//[^\n]*|/\*.*?\*/|'\\?"'|\br"[^"]*"|\br[#]{1,2}".*?"[#]{1,2}|"(?:\\.|[^"\\])*""#).unwrap()
    });
    let mut files = vec![];
    collect(folder, &mut files);
    files.sort();
    files
        .into_iter()
        .map(|path| {
            let text = fs::read_to_string(&path).unwrap();
            let below = path.strip_prefix(folder).unwrap().with_extension("");
            let mut module: Vec<String> = below.iter().map(|part| part.to_str().unwrap().to_owned()).collect();
            if matches!(module.last().map(String::as_str), Some("mod" | "lib" | "main")) {
                module.pop();
            }
            Source {
                name: format!(
                    "{}/{}",
                    folder.file_name().unwrap().display(),
                    path.strip_prefix(folder).unwrap().display()
                ),
                module,
                lines: text.lines().count(),
                code: NOT_CODE.replace_all(&text, "").into_owned(),
            }
        })
        .collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// Writes a crate of these files in a temporary folder.
fn house(files: &[(&str, &str)]) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    root
}

#[test]
fn a_use_of_a_module_above_is_found_however_it_is_written() {
    let root = house(&[
        ("src/lib.rs", "pub mod tape; use crate::cli;"),
        (
            "src/model/mod.rs",
            "use crate::{base::clock, config::{Show, Keep}};\n// use crate::cli;\nconst A: &str = \"crate::web\";",
        ),
        ("src/tape/index.rs", "fn f() { super::super::web::run(); crate::base::now(); }"),
        ("src/config/yaml/node.rs", "use crate::config::{keys::{Key, Table}, values::Show, yaml::Node, Config};"),
        ("src/attic.rs", ""),
    ]);
    assert_eq!(
        upward_uses(root.path()),
        [
            "attic has no place in the order; give it one in tests/house.rs",
            "src/config/yaml/node.rs uses config::keys::Key, which stands above it",
            "src/config/yaml/node.rs uses config::keys::Table, which stands above it",
            "src/model/mod.rs uses config::Keep, which stands above it",
            "src/model/mod.rs uses config::Show, which stands above it",
            "src/tape/index.rs uses web::run, which stands above it",
        ]
    );
}

#[test]
fn a_circle_is_found_and_a_re_export_is_none() {
    let root = house(&[
        // The module re-exports names: no circle.
        ("src/model/mod.rs", "mod airing;\nmod id;\npub use airing::{Airing};\npub use id::Id;"),
        ("src/model/airing.rs", "use super::Id;\n#[cfg(test)]\nmod tests { use super::super::Airing; }"),
        ("src/model/id.rs", "pub struct Id;"),
        // A file that uses what its own parent module defines: a circle.
        ("src/tape/mod.rs", "mod reel;\npub struct Tape;\nfn f() { reel::open() }"),
        ("src/tape/reel.rs", "use super::{Tape};"),
        // Over three files.
        ("src/deck/mod.rs", "pub mod a;\npub mod b;\npub mod c;"),
        ("src/deck/a.rs", "use super::b::B;"),
        ("src/deck/b.rs", "fn f() { crate::deck::c::f() }"),
        ("src/deck/c.rs", "use crate::deck::{a::A as Other, b};"),
    ]);
    assert_eq!(
        circles(root.path()),
        [
            "src/deck/b.rs → src/deck/c.rs",
            "src/deck/a.rs → src/deck/b.rs → src/deck/c.rs",
            "src/tape/mod.rs → src/tape/reel.rs"
        ]
        .into_iter()
        .map(str::to_owned)
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect::<Vec<_>>()
    );
}

#[test]
fn a_long_file_and_a_dependency_that_only_a_comment_names_are_found() {
    let root = house(&[
        (
            "Cargo.toml",
            "[dependencies]\nserde-json = \"1\"\n# tokio = \"1\"\nurl = { version = \"2\" }\n[dev-dependencies]\nregex = \"1\"\nrstest = \"1\"\n",
        ),
        ("src/lib.rs", "// serde_json::Value\nfn f(url: url::Url) {}"),
        ("tests/long.rs", &"fn f() { regex::f() }\n".repeat(451)),
        ("src/base.rs", &"\n".repeat(450)),
    ]);
    assert_eq!(long_files(root.path()), ["tests/long.rs has 451 lines; 450 are the most"]);
    assert_eq!(
        unused_dependencies(root.path()),
        ["serde-json of [dependencies] is named nowhere", "rstest of [dev-dependencies] is named nowhere"]
    );
}
